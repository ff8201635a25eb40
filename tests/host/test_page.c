// sources: mm/page/alloc.c mm/page/buddy.c mm/page/early.c mm/page/init.c mm/info/pages.c
// sources: kernel/sync/spinlock.c kernel/lib/string.c
/*
 * The page allocator from boot memory to the per-CPU lists: a machine with holes, reserved parts,
 * two nodes and four CPUs; random allocation against a map of who owns which frame; the buddy lists
 * checked as a whole.
 */
#include <string.h>

#include <host.h>

#include <fake/fake.h>
#include <kernel/thread.h>
#include <mm/early.h>
#include <mm/page/page_internal.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define MIB (1UL << 20)
#define GIB (1UL << 30)
#define CPUS 4

static const early_range_t machine_ram[] = {
	{ 0x1000, 0x9f000, 0 },
	{ 1 * MIB, 200 * MIB, 0 },
	{ 200 * MIB + 0x3800, 300 * MIB, 0 },
	{ 1 * GIB, 3 * GIB + 5 * MIB, 0 },
	{ 4 * GIB, 6 * GIB + 3 * MIB, 1 },
};
static const early_range_t machine_reserved[] = {
	{ 0x8000, 0x9000, 0 },
	{ 2 * MIB + 123, 9 * MIB + 17, 0 },
	{ 1 * GIB + 100, 1 * GIB + 200, 0 },
	{ 5 * GIB, 5 * GIB + 64 * MIB, 0 },
	{ 299 * MIB, 1 * GIB, 0 },
};
#define MACHINE_PAGES (7 * GIB >> PAGE_SHIFT)

static u32 *owner; /* of each frame: 0 nobody, NOT_RAM, else number of the allocation */
#define NOT_RAM 0xffffffffu

static u64 reclaim_calls, reclaim_gives;
static u32 oom_calls;
static bool oom_helps;
static page_t *victim[1000];
static u32 victims;

u64 reclaim_pages(u64 target, gfp_flags_t flags)
{
	u64 freed = 0;

	reclaim_calls++;
	while (reclaim_gives && victims && freed < target) {
		page_free(victim[--victims]);
		freed++;
		reclaim_gives--;
	}
	return freed;
}

bool out_of_memory(gfp_flags_t flags, u32 order)
{
	oom_calls++;
	if (oom_helps)
		current()->alloc_context |= ALLOC_RESERVES;
	return oom_helps;
}

static bool in_ranges(const early_range_t *r, size_t n, u64 pfn, bool whole)
{
	for (size_t i = 0; i < n; i++) {
		u64 start = r[i].start, end = r[i].end;

		if (whole && pfn << PAGE_SHIFT >= start && (pfn + 1) << PAGE_SHIFT <= end)
			return true;
		if (!whole && (pfn + 1) << PAGE_SHIFT > start && pfn << PAGE_SHIFT < end)
			return true;
	}
	return false;
}

static bool frame_is_ram(u64 pfn)
{
	return in_ranges(machine_ram, ARRAY_SIZE(machine_ram), pfn, true);
}

static int setup(void **state)
{
	fake_cpus(CPUS);
	fake_memory(7 * GIB);
	node_count = 2;
	/* In an order that makes the lists insert, append and merge. */
	early_add_ram(machine_ram[1].start, machine_ram[1].end - MIB);
	early_add_ram(machine_ram[4].start, machine_ram[4].end);
	early_add_ram(machine_ram[1].end - MIB, machine_ram[1].end);
	early_add_ram(machine_ram[0].start, machine_ram[0].end);
	early_add_ram(machine_ram[3].start, machine_ram[3].end);
	early_add_ram(machine_ram[2].start, machine_ram[2].end);
	early_add_ram(machine_ram[3].start + MIB, machine_ram[3].end - MIB);
	early_add_ram(5, 5);
	early_set_node(4 * GIB, 7 * GIB, 1);
	for (size_t i = 0; i < ARRAY_SIZE(machine_reserved); i++)
		early_reserve(machine_reserved[i].start, machine_reserved[i].end);
	return 0;
}

static void test_early(void **state)
{
	early_range_t r;
	u32 i;
	phys_addr_t pa, low, huge;

	for (i = 0; early_ram_range(i, &r); i++) {
		assert_int_equal(r.start, machine_ram[i].start);
		assert_int_equal(r.end, machine_ram[i].end);
		assert_int_equal(r.node, machine_ram[i].node);
	}
	assert_int_equal(i, ARRAY_SIZE(machine_ram));
	assert_int_equal(early_ram_end(), 6 * GIB + 3 * MIB);
	for (i = 0; early_free_range(i, &r); i++)
		for (u64 pfn = r.start >> PAGE_SHIFT; pfn < r.end >> PAGE_SHIFT; pfn++)
			assert_true(frame_is_ram(pfn) &&
				    !in_ranges(machine_reserved, ARRAY_SIZE(machine_reserved), pfn,
					       false));
	/* From the top; below a limit; aligned. Each is reserved from then on. */
	pa = early_alloc(10000, 0, 0);
	assert_int_equal(pa, 6 * GIB + 3 * MIB - 3 * PAGE_SIZE);
	low = early_alloc(PAGE_SIZE, PAGE_SIZE, MIB);
	assert_int_equal(low, 0x9e000);
	huge = early_alloc(HUGE_SIZE, HUGE_SIZE, 4 * GIB);
	assert_int_equal(huge, 3 * GIB + 2 * MIB);
	assert_int_equal(early_alloc(100 * GIB, 0, 0), 0);
	assert_int_equal(early_alloc(PAGE_SIZE, PAGE_SIZE, 0x1000), 0);
	assert_int_equal(pmem_prim_alloc_pages(2) % (4 * PAGE_SIZE), 0);
	assert_int_equal(pmem_prim_alloc_superpages(1) % (2 * HUGE_SIZE), 0);
	/* Splitting a range in the middle gives the parts their nodes. */
	early_set_node(1 * GIB + 512 * MIB, 2 * GIB, 1);
	for (i = 0; early_ram_range(i, &r); i++)
		assert_int_equal(r.node, r.start >= 4 * GIB || (r.start >= 1 * GIB + 512 * MIB &&
								r.end <= 2 * GIB));
	early_set_node(1 * GIB + 512 * MIB, 2 * GIB, 0);
}

static u64 initial_free;
static u64 initial_blocks[6][MAX_ORDER + 1];

static void check_lists(void)
{
	for (u32 z = 0; z < zone_count; z++) {
		zone_t *zone = &zones[z];
		u64 pages = 0;

		for (u32 order = 0; order <= MAX_ORDER; order++) {
			u64 blocks = 0;
			page_t *p;

			list_for_each_entry(p, &zone->blocks[order], link) {
				u64 pfn = page_to_pfn(p);
				page_t *buddy = pfn_to_page(pfn ^ 1UL << order);

				assert_int_equal(pfn % (1UL << order), 0);
				assert_true(page_flag(p, PG_FREE));
				assert_ptr_equal(page_zone(p), zone);
				assert_true(pfn >= zone->start_pfn &&
					    pfn + (1UL << order) <= zone->end_pfn);
				/* Two free buddies would have been joined. */
				if (order < MAX_ORDER && pfn_valid(page_to_pfn(buddy)))
					assert_false(page_flag(buddy, PG_FREE) &&
						     buddy->order == order &&
						     page_zone(buddy) == zone);
				if (owner)
					for (u64 i = pfn; i < pfn + (1UL << order); i++)
						if (owner[i])
							fail_msg("frame %lx is free and owned", i);
				blocks++;
				pages += 1UL << order;
			}
			assert_int_equal(blocks, zone->block_count[order]);
			assert_int_equal(zone->nonempty >> order & 1, blocks != 0);
		}
		assert_int_equal(pages, zone->free);
	}
}

static void test_init(void **state)
{
	memory_statistics_t stats;
	zone_info_t info;
	u64 free = 0, total = 0;
	early_range_t r;

	page_init();
	for (u32 cpu = 1; cpu < CPUS; cpu++)
		assert_int_equal(page_init_cpu(cpu), 0);
	fake_allocations_left = 0;
	assert_int_equal(page_init_cpu(1), -ENOMEM);
	fake_allocations_left = -1;
	for (u32 i = 0; early_free_range(i, &r); i++)
		free += (r.end - r.start) >> PAGE_SHIFT;
	/* What page_init took for itself is reserved now and no longer in the free ranges. */
	assert_int_equal(free_page_count(), free);
	assert_int_equal(total_page_count(), free);
	assert_int_equal(node_free_pages(0) + node_free_pages(1), free);
	assert_int_equal(node_total_pages(0) + node_total_pages(1), free);
	/* Of what is dormant nothing has been filled in; waking it changes no count. */
	assert_false(pfn_valid(2 * GIB >> PAGE_SHIFT));
	assert_true(zones[1].dormant && zones[5].dormant && !zones[0].dormant);
	for (u32 z = 0; z < zone_count; z++) {
		u64 woken = 0, asleep = zones[z].dormant;

		for (; zone_wake(&zones[z]); woken++) {
			assert_int_equal(free_page_count(), free);
			check_lists();
		}
		assert_int_equal(woken * 8192, asleep);
		assert_int_equal(zones[z].dormant, 0);
	}
	assert_int_equal(free_page_count(), free);
	initial_free = free;
	for (u64 pfn = 0; pfn < MACHINE_PAGES; pfn++) {
		if (!frame_is_ram(pfn))
			continue;
		assert_true(pfn_valid(pfn));
		zone_t *zone = page_zone(pfn_to_page(pfn));

		assert_int_equal(zone->node, pfn << PAGE_SHIFT >= 4 * GIB);
		assert_int_equal(zone->type, pfn < 0x1000     ? ZONE_DMA
					     : pfn < 0x100000 ? ZONE_LOWMEM
							      : ZONE_NUMA);
	}
	assert_false(pfn_valid(MACHINE_PAGES));
	check_lists();
	for (u32 i = 0; zone_info(i, &info); i++) {
		total += info.free;
		assert_true(info.min <= info.low && info.low <= info.high);
		memcpy(initial_blocks[i], info.free_blocks, sizeof(info.free_blocks));
	}
	assert_int_equal(total, free);
	mm_count(MM_ANON, 5);
	fake_become_cpu(2);
	mm_count(MM_ANON, -2);
	mm_count(MM_SLAB, -9); /* seen by one reader before the addition on another CPU */
	fake_become_cpu(0);
	memory_stats(&stats);
	assert_int_equal(stats.anon_pages, 3);
	assert_int_equal(stats.slab_pages, 0);
	assert_int_equal(stats.free_pages, free);
	mm_count(MM_ANON, -3);
	mm_count(MM_SLAB, 9);
	dump_memory_stats();
	assert_non_null(strstr(fake_last_line, "Zone NUMA of node 1"));
	owner = calloc(MACHINE_PAGES, sizeof(u32));
	for (u64 pfn = 0; pfn < MACHINE_PAGES; pfn++)
		if (!pfn_valid(pfn) || page_flag(pfn_to_page(pfn), PG_RESERVED))
			owner[pfn] = NOT_RAM;
}

typedef struct allocation {
	page_t *page;
	u32 order;
} allocation_t;

#define ALLOCATIONS 3000
static allocation_t held[ALLOCATIONS];
static u64 held_pages;

static void take(u32 i, page_t *page, u32 order, gfp_flags_t flags)
{
	u64 pfn = page_to_pfn(page);

	assert_int_equal(pfn % (1UL << order), 0);
	if (flags & GFP_DMA)
		assert_true(pfn + (1UL << order) <= 16 * MIB >> PAGE_SHIFT);
	if (flags & GFP_LOWMEM)
		assert_true(pfn + (1UL << order) <= 4 * GIB >> PAGE_SHIFT);
	for (u64 f = pfn; f < pfn + (1UL << order); f++) {
		if (owner[f])
			fail_msg("frame %lx given out twice (%x)", f, owner[f]);
		owner[f] = i + 1;
	}
	assert_int_equal(refcount_read(&page->refs), 1);
	assert_false(page_flag(page, PG_FREE));
	held[i] = (allocation_t){ page, order };
	held_pages += 1UL << order;
}

static void give(u32 i)
{
	page_t *page = held[i].page;
	u64 pfn = page_to_pfn(page);

	for (u64 f = pfn; f < pfn + (1UL << held[i].order); f++) {
		assert_int_equal(owner[f], i + 1);
		owner[f] = 0;
	}
	held_pages -= 1UL << held[i].order;
	page_set_flag(page, PG_DIRTY | PG_UPTODATE); /* what a user leaves behind */
	if (held[i].order)
		free_pages(page, held[i].order);
	else if (test_random_below(2))
		page_put(page);
	else
		page_free(page);
	held[i].page = NULL;
}

static gfp_flags_t random_flags(void)
{
	static const gfp_flags_t zones_wanted[] = { 0, 0, GFP_LOWMEM, GFP_DMA };

	return zones_wanted[test_random_below(4)] |
	       (test_random_below(2) ? GFP_KERNEL : GFP_ATOMIC) | GFP_NORETRY | GFP_NOWARN;
}

static void test_model(void **state)
{
	for (u32 step = 0; step < 2000000; step++) {
		u32 i = (u32)test_random_below(ALLOCATIONS);
		u32 order = (u32)__builtin_ctzl(test_random() | 1UL << 18);
		gfp_flags_t flags = random_flags();
		bool fill = step / 20000 % 2 == 0;
		page_t *page;

		if (step % 8 == 0)
			fake_become_cpu((u32)test_random_below(CPUS));
		if (held[i].page) {
			if (!fill || test_random_below(4) == 0)
				give(i);
			continue;
		}
		if (!fill && test_random_below(4))
			continue;
		page = test_random_below(2)
			       ? alloc_pages_node((u32)test_random_below(2), flags, order)
			       : alloc_pages_gfp(flags, order);
		if (page)
			take(i, page, order, flags);
		assert_int_equal(free_page_count(), initial_free - held_pages);
		if (step % 50000 == 0)
			check_lists();
	}
	for (u32 i = 0; i < ALLOCATIONS; i++)
		if (held[i].page)
			give(i);
	assert_int_equal(free_page_count(), initial_free);
	fake_become_cpu(0);
	page_drain_all();
	check_lists();
	/* Everything has come together again. */
	for (u32 z = 0; z < zone_count; z++)
		assert_memory_equal(zones[z].block_count, initial_blocks[z],
				    sizeof(initial_blocks[z]));
	assert_int_equal(this_cpu_read(preempt_count), 0);
}

static void test_interfaces(void **state)
{
	page_t *pages[50], *p = page_alloc();

	assert_non_null(p);
	page_get(p);
	page_put(p);
	assert_int_equal(refcount_read(&p->refs), 1);
	memset(page_to_virt(p), 0xff, PAGE_SIZE);
	assert_ptr_equal(virt_to_page(page_to_virt(p)), p);
	page_free(p);
	p = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0);
	for (u32 i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((u8 *)page_to_virt(p))[i], 0);
	page_free(p);
	p = pgalloc(3, GFP_KERNEL | GFP_ZERO);
	assert_int_equal(((u8 *)page_to_virt(p))[8 * PAGE_SIZE - 1], 0);
	free_pages(p, 3);
	p = alloc_pages(MAX_ORDER);
	assert_non_null(p);
	free_pages(p, MAX_ORDER);
	assert_null(alloc_pages_gfp(GFP_KERNEL, MAX_ORDER + 1));
	assert_null(alloc_pages_gfp(GFP_KERNEL | GFP_DMA | GFP_NOWARN | GFP_NORETRY, 15));
	assert_int_equal(alloc_pages_bulk(GFP_KERNEL, 50, pages), 50);
	free_pages_bulk(pages, 50);
	/* From its own node first. */
	p = alloc_pages_node(1, GFP_KERNEL, 0);
	assert_int_equal(page_zone(p)->node, 1);
	page_free(p);
	assert_int_equal(free_page_count(), initial_free);
}

/* An interrupt in the middle of the fast path goes to the zone. */
static void test_busy_stack(void **state)
{
	page_pcp_t *pcp = zones[ZONE_LOWMEM].pcp[0];
	u16 count;
	page_t *p;

	page_drain_local();
	count = pcp->count;
	pcp->busy = true;
	p = alloc_pages_gfp(GFP_ATOMIC | GFP_LOWMEM, 0);
	assert_non_null(p);
	page_drain_local(); /* leaves it alone too */
	page_free(p);
	assert_int_equal(pcp->count, count);
	pcp->busy = false;
	assert_int_equal(free_page_count(), initial_free);
}

static u32 allocate_all(gfp_flags_t flags, list_t *list)
{
	u32 n = 0;
	page_t *p;

	while ((p = alloc_pages_gfp(flags, 0)) != NULL) {
		list_add_tail(&p->link, list);
		n++;
	}
	return n;
}

static void test_exhaustion(void **state)
{
	list_t list = LIST_INIT(list);
	u64 min = 0, n, left;
	page_t *p, *tmp;

	for (u32 z = 0; z < zone_count; z++)
		min += zones[z].min;
	n = allocate_all(GFP_KERNEL | GFP_NORETRY | GFP_NOWARN, &list);
	left = initial_free - n;
	assert_int_equal(free_page_count(), left);
	assert_in_range(left, min, min + zones[ZONE_DMA].lowmem_reserve + 500);
	assert_true(reclaim_calls > 0);
	assert_int_equal(oom_calls, 0);
	/* Interrupts get half of what is left, those who free memory all of it. */
	n = allocate_all(GFP_ATOMIC | GFP_NOWARN, &list);
	assert_in_range(n, min / 2 - 200, min / 2 + 200);
	current()->alloc_context = ALLOC_RESERVES | ALLOC_RECLAIMING;
	allocate_all(GFP_KERNEL | GFP_NOWARN, &list);
	assert_true(free_page_count() <= zones[ZONE_DMA].lowmem_reserve + CPUS * 62 * 6);
	current()->alloc_context = 0;

	/* Reclaim that finds something lets the allocation go on. */
	list_for_each_entry_safe(p, tmp, &list, link) {
		if (victims == ARRAY_SIZE(victim))
			break;
		list_del(&p->link);
		victim[victims++] = p;
	}
	reclaim_gives = ~0UL;
	u64 calls = reclaim_calls;

	assert_null(alloc_pages_gfp(GFP_NOWAIT | GFP_NOWARN, 0)); /* may not sleep */
	assert_int_equal(reclaim_calls, calls);
	fake_last_line[0] = 0;
	assert_null(alloc_pages_gfp(GFP_NOWAIT, 0));
	assert_non_null(strstr(fake_last_line, "page allocation failure: order:0"));
	/* Order above 3: no program dies for it. */
	reclaim_gives = 0;
	assert_null(alloc_pages_gfp(GFP_KERNEL | GFP_NOWARN, 4));
	assert_int_equal(oom_calls, 0);
	/* The killer is asked, cannot help; then helps by letting the victim into the reserves. */
	assert_null(alloc_pages_gfp(GFP_KERNEL | GFP_NOWARN, 0));
	assert_int_equal(oom_calls, 1);
	for (u32 i = 0; i < 200; i++)
		page_free(victim[--victims]);
	oom_helps = true;
	p = alloc_pages_gfp(GFP_KERNEL, 0);
	if (p)
		page_free(p);
	current()->alloc_context = 0;

	while (victims)
		page_free(victim[--victims]);
	list_for_each_entry_safe(p, tmp, &list, link)
		page_free(p);
	assert_int_equal(free_page_count(), initial_free);
	page_drain_all();
	check_lists();
}

static void test_free_reserved(void **state)
{
	u64 total = total_page_count();

	/*
	 * A reserved stretch within RAM, as an initramfs that was unpacked: whole frames of it
	 * only.
	 */
	page_free_reserved(5 * GIB + 5, 5 * GIB + 64 * MIB - 5);
	assert_int_equal(free_page_count(), initial_free + 64 * 256 - 2);
	assert_int_equal(total_page_count(), total + 64 * 256 - 2);
	page_free_reserved(5 * GIB, 5 * GIB + 64 * MIB); /* only the two that were left */
	assert_int_equal(free_page_count(), initial_free + 64 * 256);
	page_free_reserved(300 * MIB, 310 * MIB); /* no frames at all */
	assert_int_equal(free_page_count(), initial_free + 64 * 256);
	page_drain_all();
	for (u64 pfn = 5 * GIB >> PAGE_SHIFT; pfn < (5 * GIB + 64 * MIB) >> PAGE_SHIFT; pfn++)
		owner[pfn] = 0;
	check_lists();
}

static void test_misuse(void **state)
{
	page_t *p = alloc_pages(2);

	free_pages(p, 2);
	assert_panics("Assertion failed", free_pages(p, 2));
	p = alloc_pages(2);
	assert_panics("Assertion failed", free_pages(p + 1, 1)); /* no such block */
}

static int teardown(void **state)
{
	for (u32 cpu = 1; cpu < CPUS; cpu++) /* one block each, which begins with zone 0's */
		kfree(zones[0].pcp[cpu]);
	free(owner);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_early),	      cmocka_unit_test(test_init),
		cmocka_unit_test(test_model),	      cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_busy_stack),    cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_free_reserved), cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
