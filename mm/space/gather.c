/*
 * Unmapping: entries are cleared first, pages and tables gathered, and freed only after every CPU
 * that may hold a stale translation has acknowledged the flush (architecture.md 9.2).
 */
#include "space_internal.h"

/* A space is at its largest just before something is taken from it. */
static void note_peak(vm_space_t *s)
{
	u64 now = vm_resident(s);

	if (now > READ_ONCE(s->max_resident))
		WRITE_ONCE(s->max_resident, now);
}

static void begin(gather_t *g, vm_space_t *s)
{
	g->space = s;
	g->start = ~0UL;
	g->end = 0;
	g->tables = false;
	g->count = 0;
}

void gather_init(gather_t *g, vm_space_t *s)
{
	note_peak(s);
	begin(g, s);
}

void gather_finish(gather_t *g)
{
	if (g->end > g->start)
		arch_tlb_flush_range(&g->space->arch, g->start, g->end, g->tables);
	for (u32 i = 0; i < g->count; i++)
		page_put(g->pages[i]);
	begin(g, g->space);
}

static void gather_page(gather_t *g, page_t *page)
{
	g->pages[g->count++] = page;
}

static void cover(gather_t *g, unsigned long start, unsigned long end)
{
	g->start = MIN(g->start, start);
	g->end = MAX(g->end, end);
}

/*
 * One table of level 0: clears [start, end) of an area in it, but for pages with `spared` flags. Returns where
 * it stopped because the batch is full.
 */
static unsigned long zap_table(gather_t *g, pte_t *table, unsigned long start, unsigned long end,
			       u32 spared)
{
	page_t **out = &g->pages[g->count], **full = &g->pages[GATHER_PAGES];
	unsigned long addr = start, low = end, high = start;
	s64 pages, anon = 0, anon_gone = 0, file_gone = 0;
	pte_t *p = &table[pt_index(start, 0)];
	spinlock_t *lock = pte_lock(table);
	vm_space_t *s = g->space;
	u32 file_flags = 0; /* of any page of the area's file: they are all of a kind */

	spin_lock(lock);
	for (; addr < end && out < full; addr += PAGE_SIZE, p++) {
		pte_t pte = pte_get(p);
		page_t *page;
		bool last;
		u32 flags;

		if (!pte)
			continue;
		page = pfn_to_page(pte_pfn(pte));
		flags = pte & PTE_SOFT_SPECIAL ? 0 : READ_ONCE(page->flags);
		if (flags & spared)
			continue;
		pte = pte_exchange(p, 0);
		low = MIN(low, addr);
		high = addr + PAGE_SIZE;
		if (pte & PTE_SOFT_SPECIAL)
			continue;
		*out++ = page;
		last = __atomic_sub_fetch(&page->map_count, 1, __ATOMIC_RELAXED) == 0;
		if (flags & PG_ANON) {
			anon++;
			anon_gone += last;
			continue;
		}
		file_flags = flags;
		file_gone += last;
		if ((pte & PTE_ACCESSED) && !(flags & PG_ACCESSED))
			page_set_flag(page, PG_ACCESSED);
	}
	pages = out - &g->pages[g->count];
	if (pages) {
		mm_count(MM_ANON, -anon_gone);
		mm_count(MM_MAPPED, -file_gone);
		atomic64_sub(&s->anon_pages, anon);
		atomic64_sub(file_flags & PG_MEMORY_FILE ? &s->shmem_pages : &s->file_pages,
			     pages - anon);
	}
	spin_unlock(lock);
	g->count += (u32)pages;
	if (low < high)
		cover(g, low, high);
	return addr;
}

void zap_range(gather_t *g, unsigned long start, unsigned long end, bool even_anon)
{
	pte_t *table = g->space->root;
	unsigned long addr = start;
	int level = PT_LEVELS - 1;

	while (addr < end) {
		unsigned long span, next;

		/* Down to level 0, or over the whole of what has no table. */
		table = g->space->root;
		for (level = PT_LEVELS - 1; level > 0; level--) {
			pte_t entry = pte_get(&table[pt_index(addr, level)]);

			if (!entry)
				break;
			table = phys_to_virt(pte_pfn(entry) << PAGE_SHIFT);
		}
		span = 1UL << PT_LEVEL_SHIFT(MAX(level, 1));
		next = MIN((addr & ~(span - 1)) + span, end);
		if (level > 0) {
			addr = next;
			continue;
		}
		addr = zap_table(g, table, addr, next, even_anon ? 0 : PG_ANON);
		if (g->count == GATHER_PAGES)
			gather_finish(g);
	}
}

/*
 * Of the tables below `table` (of `level`) that cover part of [start, end), which has been unmapped,
 * frees those whose whole span lies in [floor, ceiling), where there are no areas. What else was
 * there has lost its tables when it was unmapped itself.
 */
static void free_below(gather_t *g, pte_t *table, int level, unsigned long start, unsigned long end,
		       unsigned long floor, unsigned long ceiling)
{
	unsigned long size = 1UL << PT_LEVEL_SHIFT(level), at, next;

	for (at = start & ~(size - 1); at < end; at = next) {
		pte_t *p = &table[pt_index(at, level)], entry = pte_get(p);

		next = at + size;
		if (!entry)
			continue;
		if (level > 1)
			free_below(g, phys_to_virt(pte_pfn(entry) << PAGE_SHIFT), level - 1,
				   MAX(at, start), MIN(next, end), floor, ceiling);
		if (at < floor || next > ceiling)
			continue; /* serves others too */
		if (level == PT_LEVELS - 1)
			mmu_root_set(p, 0);
		else
			pte_set(p, 0);
		mm_count(MM_TABLE, -1);
		atomic64_dec(&g->space->table_pages);
		g->tables = true;
		cover(g, at, next);
		gather_page(g, pfn_to_page(pte_pfn(entry)));
		if (g->count == GATHER_PAGES)
			gather_finish(g);
	}
}

void free_tables(gather_t *g, unsigned long start, unsigned long end, unsigned long floor,
		 unsigned long ceiling)
{
	/* Tables of the end of the lower half go too: above USER_MAX it holds nothing. */
	if (ceiling == USER_MAX)
		ceiling = (unsigned long)(PT_ENTRIES / 2) << PT_LEVEL_SHIFT(PT_LEVELS - 1);
	free_below(g, g->space->root, PT_LEVELS - 1, start, end, floor, ceiling);
}

void vm_remove_areas(vm_space_t *s, unsigned long start, unsigned long end)
{
	vm_area_t *v = vm_find(s, start), *next, *prev;
	unsigned long floor;
	rb_node_t *gone = NULL; /* chained by `left` */
	gather_t g;

	prev = v ? area_of(rb_prev(&v->node)) : NULL;
	floor = prev ? prev->end : 0;
	gather_init(&g, s);
	for (; v && v->start < end; v = next) {
		next = vm_next(v);
		zap_range(&g, v->start, v->end, true);
		area_remove(s, v);
		/*
		 * Not among its file's mappings any more: nobody walks tables that are about to go. It is
		 * freed after the flush: the file's pages may still be reached until then.
		 */
		free_tables(&g, v->start, v->end, floor, next ? next->start : USER_MAX);
		v->node.left = gone;
		gone = &v->node;
	}
	gather_finish(&g);
	while (gone) {
		vm_area_t *dead = area_of(gone);

		gone = gone->left;
		area_free(dead);
	}
}

int vm_unmap_locked(vm_space_t *s, unsigned long addr, size_t len)
{
	vm_area_t *v = vm_find(s, addr);
	int r;

	if (!v || v->start >= addr + len)
		return 0;
	r = area_isolate(s, addr, addr + len);
	if (!r)
		vm_remove_areas(s, addr, addr + len);
	return r;
}
