/*
 * Start of the page allocator: builds the page array over the RAM that there is, the zones of each
 * node, and hands every free range to the buddy lists.
 *
 * The page array is virtually contiguous; only the parts that describe RAM are backed. It is
 * described in sections of 256 MiB: page_sections tells which frames of a section have a page_t.
 * A section that is RAM throughout has its part of the array, 2 MiB, in one large page.
 *
 * A section whose memory is all free at boot, of one zone, stays dormant: its part of the array has
 * memory but is not filled in, and a zone that runs short wakes it, a stretch at a time. So a boot
 * takes as long with a terabyte as with a gigabyte, and touches as little.
 */
#include "page_internal.h"

#include <kernel/boot.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <mm/early.h>
#include <mm/slab.h>
#include <uapi/errno.h>

page_section_t *page_sections __ro_after_init;
u64 page_section_count __ro_after_init;

#define DMA_END_PFN ((16UL << 20) >> PAGE_SHIFT)
#define LOWMEM_END_PFN ((4UL << 30) >> PAGE_SHIFT)
#define SECTION_PAGES (1UL << SECTION_SHIFT)

static void *__init early_zalloc(size_t size)
{
	phys_addr_t pa = early_alloc(size, PAGE_SIZE, 0);

	if (!pa)
		panic("Too little memory for the page allocator's tables (%zu bytes)", size);
	return memset(phys_to_virt(pa), 0, size);
}

bool pfn_valid(pfn_t pfn)
{
	pfn_t section = pfn >> SECTION_SHIFT;

	return section < page_section_count && section_has(section, pfn & (SECTION_PAGES - 1));
}

static zone_type_t __init zone_of_pfn(pfn_t pfn)
{
	if (pfn < DMA_END_PFN)
		return ZONE_DMA;
	return pfn < LOWMEM_END_PFN ? ZONE_LOWMEM : ZONE_NUMA;
}

/* The entry of a level that maps a part of the page array; tables above it are made. */
static pte_t *__init array_entry(unsigned long va, int level)
{
	pte_t *table = kernel_pml4;

	for (int l = PT_LEVELS - 1; l > level; l--) {
		pte_t *entry = &table[pt_index(va, l)];

		if (!pte_present(*entry)) {
			void *next = early_zalloc(PAGE_SIZE);

			pte_set(entry, virt_to_phys(next) | PTE_PRESENT | PTE_WRITE);
		}
		table = phys_to_virt(pte_pfn(*entry) << PAGE_SHIFT);
	}
	return &table[pt_index(va, level)];
}

#define ARRAY_BITS (PTE_PRESENT | PTE_WRITE | pte_global | PTE_NX)

/* Backs a part of the page array by one large page that nobody has touched, if that can be. */
static bool __init map_array_huge(unsigned long va, unsigned long end)
{
	phys_addr_t pa;

	if (!IS_ALIGNED(va, HUGE_SIZE) || end - va != HUGE_SIZE)
		return false;
	pa = early_alloc(HUGE_SIZE, HUGE_SIZE, 0);
	if (pa)
		pte_set(array_entry(va, 1), pa | ARRAY_BITS | PTE_LEAF);
	return pa != 0;
}

/* Backs one 4 KiB piece of the page array, unless it is. */
static void __init map_array_page(unsigned long va)
{
	pte_t *entry = array_entry(va, 0);

	if (!pte_present(*entry))
		pte_set(entry, virt_to_phys(early_zalloc(PAGE_SIZE)) | ARRAY_BITS);
}

static void __init note_section(pfn_t first, pfn_t last)
{
	for (pfn_t s = first >> SECTION_SHIFT; s <= last >> SECTION_SHIFT; s++) {
		pfn_t base = s << SECTION_SHIFT;
		u32 from = MAX(first, base) - base;
		u32 to = MIN(last, base + SECTION_PAGES - 1) - base;

		page_sections[s].first = MIN(page_sections[s].first, from);
		page_sections[s].last = MAX(page_sections[s].last, to);
	}
}

static void __init map_page_array(void)
{
	early_range_t r;

	page_section_count = (early_ram_end() >> PAGE_SHIFT >> SECTION_SHIFT) + 1;
	page_sections = early_zalloc(page_section_count * sizeof(*page_sections));
	for (u64 i = 0; i < page_section_count; i++)
		page_sections[i] = (page_section_t){ .first = SECTION_PAGES, .last = 0 };
	for (u32 i = 0; early_ram_range(i, &r); i++)
		if (r.end - r.start >= PAGE_SIZE)
			note_section(r.start >> PAGE_SHIFT, (r.end - 1) >> PAGE_SHIFT);
	for (u64 s = 0; s < page_section_count; s++) {
		if (page_sections[s].first > page_sections[s].last)
			continue;
		page_t *first = pfn_to_page((s << SECTION_SHIFT) + page_sections[s].first);
		page_t *end = pfn_to_page((s << SECTION_SHIFT) + page_sections[s].last) + 1;
		unsigned long va = ALIGN_DOWN((unsigned long)first, PAGE_SIZE);

		if (map_array_huge(va, (unsigned long)end))
			continue;
		for (; va < (unsigned long)end; va += PAGE_SIZE)
			map_array_page(va);
	}
}

static const pfn_t zone_ends[ZONE_TYPES] = { DMA_END_PFN, LOWMEM_END_PFN, ~0UL };

/* Widens the zones of a node by the frames of a range that lie in them. */
static void __init grow_zones(const early_range_t *r)
{
	pfn_t from = DIV_ROUND_UP(r->start, PAGE_SIZE), end = r->end >> PAGE_SHIFT;

	for (u32 type = 0; type < ZONE_TYPES && from < end; type++) {
		pfn_t to = MIN(end, zone_ends[type]);
		zone_t *zone = &zones[r->node * ZONE_TYPES + type];

		if (from >= to)
			continue;
		if (!zone->present || from < zone->start_pfn)
			zone->start_pfn = from;
		zone->end_pfn = MAX(zone->end_pfn, to);
		zone->present += to - from;
		from = to;
	}
}

/* The sections that a range of free memory covers, but not the one that is in two zones. */
static void __init put_to_sleep(const early_range_t *r)
{
	u64 first = MAX(DIV_ROUND_UP(r->start >> PAGE_SHIFT, SECTION_PAGES), 1UL);
	u64 end = r->end >> PAGE_SHIFT >> SECTION_SHIFT;

	for (u64 s = first; s < end; s++) {
		zone_type_t type = zone_of_pfn(s << SECTION_SHIFT);
		zone_t *zone = &zones[r->node * ZONE_TYPES + type];

		page_sections[s] = (page_section_t){ .first = SECTION_PAGES,
						     .last = 0,
						     .dormant_zone = zone->index + 1 };
		zone->dormant += SECTION_PAGES;
	}
}

/* page_t of the frames of sections that are awake: reserved until handed over. */
static void __init fill_page_array(void)
{
	early_range_t r;

	for (u64 s = 0; s < page_section_count; s++) {
		pfn_t base = s << SECTION_SHIFT;

		for (u32 i = page_sections[s].first; i <= page_sections[s].last; i++)
			*pfn_to_page(base + i) =
				(page_t){ .flags = PG_RESERVED | (u32)zone_of_pfn(base + i)
									 << PG_ZONE_SHIFT };
	}
	for (u32 i = 0; early_ram_range(i, &r); i++)
		for (pfn_t pfn = DIV_ROUND_UP(r.start, PAGE_SIZE); pfn < r.end >> PAGE_SHIFT;
		     pfn++) {
			if (page_sections[pfn >> SECTION_SHIFT].dormant_zone)
				pfn |= SECTION_PAGES - 1;
			else if (r.node)
				pfn_to_page(pfn)->flags += r.node * ZONE_TYPES << PG_ZONE_SHIFT;
		}
}

#define WAKE_ORDER 13u /* 32 MiB: so much is filled in with interrupts off */

bool zone_wake(zone_t *zone)
{
	page_section_t *s;
	unsigned long flags;
	page_t *pages;
	u32 from;

	spin_lock_irqsave(&zone->lock, &flags);
	if (!zone->dormant) {
		spin_unlock_irqrestore(&zone->lock, flags);
		return false;
	}
	while (page_sections[zone->next_dormant].dormant_zone != zone->index + 1)
		zone->next_dormant++;
	s = &page_sections[zone->next_dormant];
	from = s->first > s->last ? 0 : s->last + 1;
	pages = pfn_to_page((zone->next_dormant << SECTION_SHIFT) + from);
	for (u32 i = 0; i < 1u << WAKE_ORDER; i++)
		pages[i] = (page_t){ .flags = zone->index << PG_ZONE_SHIFT };
	/* Other zones look at neighbours without this lock. */
	__atomic_store_n(&s->last, from + (1u << WAKE_ORDER) - 1, __ATOMIC_RELEASE);
	__atomic_store_n(&s->first, 0, __ATOMIC_RELEASE);
	if (s->last == SECTION_PAGES - 1)
		s->dormant_zone = 0;
	zone->dormant -= 1UL << WAKE_ORDER;
	buddy_give(zone, pages, WAKE_ORDER);
	spin_unlock_irqrestore(&zone->lock, flags);
	return true;
}

/*
 * Gives [from, end) to the buddy lists in the largest aligned blocks that fit and stay in their
 * zone.
 */
static void __init release_range(pfn_t from, pfn_t end)
{
	while (from < end) {
		u32 order = from ? MIN((u32)__builtin_ctzl(from), (u32)MAX_ORDER) : MAX_ORDER;
		zone_t *zone;

		if (page_sections[from >> SECTION_SHIFT].dormant_zone) {
			from = (from | (SECTION_PAGES - 1)) + 1;
			continue;
		}
		zone = page_zone(pfn_to_page(from));
		while (from + (1UL << order) > MIN(end, zone->end_pfn))
			order--;
		for (pfn_t pfn = from; pfn < from + (1UL << order); pfn++)
			pfn_to_page(pfn)->flags &= ~(u32)PG_RESERVED;
		spin_lock(&zone->lock);
		buddy_give(zone, pfn_to_page(from), order);
		spin_unlock(&zone->lock);
		from += 1UL << order;
	}
}

/*
 * A CPU's page stacks; for the boot CPU from early memory, later through page_init_cpu. The more CPUs were there
 * before, the less it keeps: a twelfth of the zone is the most that 64 of them have together.
 */
static __init void pcp_setup(zone_t *zone, page_pcp_t *pcp, u32 cpu)
{
	u32 share = (u32)(zone->present / 64 / (cpu + 1));

	pcp->batch = MIN(MAX(zone->present / 4096, 1UL), 31UL);
	pcp->high = MAX(pcp->batch * 2, MIN(pcp->batch * 32, share));
	zone->pcp[cpu] = pcp;
}

void __init page_init(void)
{
	early_range_t r;
	page_pcp_t *pcps;

	map_page_array();
	zone_count = node_count * ZONE_TYPES;
	zones = early_zalloc(zone_count * sizeof(zone_t));
	pcps = early_zalloc(zone_count * sizeof(page_pcp_t));
	for (u32 i = 0; i < zone_count; i++)
		zone_init(&zones[i], i / ZONE_TYPES, i % ZONE_TYPES);
	for (u32 i = 0; early_ram_range(i, &r); i++)
		grow_zones(&r);
	for (u32 i = 0; early_free_range(i, &r); i++)
		put_to_sleep(&r);
	fill_page_array();
	for (u32 i = 0; early_free_range(i, &r); i++)
		release_range(r.start >> PAGE_SHIFT, r.end >> PAGE_SHIFT);
	for (u32 i = 0; i < zone_count; i++) {
		zone_t *zone = &zones[i];

		zone_set_watermarks(zone);
		zone->reserved = zone->present - zone->free - zone->dormant;
		if (!zone->present)
			continue;
		pcp_setup(zone, &pcps[i], 0);
		pr_info("Zone %s of node %u: 0x%lx-0x%lx, %lu KiB, %lu KiB free\n", zone->name,
			zone->node, zone->start_pfn << PAGE_SHIFT, zone->end_pfn << PAGE_SHIFT,
			zone->present * 4, (zone->free + zone->dormant) * 4);
	}
}

__init int page_init_cpu(u32 cpu)
{
	page_pcp_t *pcps = kcalloc(zone_count, sizeof(page_pcp_t));

	if (!pcps)
		return -ENOMEM;
	for (u32 i = 0; i < zone_count; i++)
		if (zones[i].present)
			pcp_setup(&zones[i], &pcps[i], cpu);
	return 0;
}

void page_free_reserved(phys_addr_t start, phys_addr_t end)
{
	for (pfn_t pfn = DIV_ROUND_UP(start, PAGE_SIZE); pfn < end >> PAGE_SHIFT; pfn++) {
		page_t *page = pfn_to_page(pfn);

		if (!pfn_valid(pfn) || !page_flag(page, PG_RESERVED))
			continue;
		page_clear_flag(page, PG_RESERVED);
		__atomic_fetch_sub(&page_zone(page)->reserved, 1, __ATOMIC_RELAXED);
		free_pages(page, 0);
	}
}
