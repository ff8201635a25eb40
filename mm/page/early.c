/*
 * Memory before the page allocator: two sorted lists of physical ranges (see include/mm/early.h).
 * The lists are
 * fixed: they hold what firmware and boot loader report, and are given up when page_init has run.
 */
#include <mm/early.h>

#include <arch/mmu.h>
#include <kernel/boot.h>
#include <kernel/panic.h>

#define EARLY_RANGES (BOOT_MAX_REGIONS + 64)

typedef struct range_list {
	early_range_t r[EARLY_RANGES]; /* sorted, disjoint */
	u32 count;
} range_list_t;

static range_list_t ram __initbss, reserved __initbss;

static __init void insert_at(range_list_t *l, u32 i, early_range_t r)
{
	if (l->count == EARLY_RANGES)
		panic("The memory map has more than %u ranges", EARLY_RANGES);
	for (u32 k = l->count++; k > i; k--)
		l->r[k] = l->r[k - 1];
	l->r[i] = r;
}

static __init void remove_at(range_list_t *l, u32 i)
{
	l->count--;
	for (; i < l->count; i++)
		l->r[i] = l->r[i + 1];
}

/* Adds a range; what overlaps or touches it on the same node becomes one with it. */
static __init void merge(range_list_t *l, early_range_t r)
{
	u32 i = 0;

	if (r.start >= r.end)
		return;
	while (i < l->count && l->r[i].end < r.start)
		i++;
	while (i < l->count && l->r[i].start <= r.end && l->r[i].node == r.node) {
		r.start = MIN(r.start, l->r[i].start);
		r.end = MAX(r.end, l->r[i].end);
		remove_at(l, i);
	}
	insert_at(l, i, r);
}

__init void early_add_ram(phys_addr_t start, phys_addr_t end)
{
	merge(&ram, (early_range_t){ .start = start, .end = end });
}

__init void early_reserve(phys_addr_t start, phys_addr_t end)
{
	merge(&reserved, (early_range_t){ .start = ALIGN_DOWN(start, PAGE_SIZE),
					  .end = ALIGN_UP(end, PAGE_SIZE) });
}

__init void early_set_node(phys_addr_t start, phys_addr_t end, u32 node)
{
	for (u32 i = 0; i < ram.count; i++) {
		early_range_t *r = &ram.r[i];

		if (r->end <= start || r->start >= end || r->node == node)
			continue;
		if (r->start < start) { /* the part before keeps its node */
			early_range_t tail = { start, r->end, r->node };

			r->end = start;
			insert_at(&ram, i + 1, tail);
			continue;
		}
		if (r->end > end) {
			early_range_t tail = { end, r->end, r->node };

			r->end = end;
			insert_at(&ram, i + 1, tail);
			r = &ram.r[i];
		}
		r->node = node;
	}
}

__init bool early_ram_range(u32 index, early_range_t *out)
{
	if (index >= ram.count)
		return false;
	*out = ram.r[index];
	return true;
}

__init phys_addr_t early_ram_end(void)
{
	return ram.count ? ram.r[ram.count - 1].end : 0;
}

/* The index-th stretch of RAM without reserved parts, whole pages. */
__init bool early_free_range(u32 index, early_range_t *out)
{
	for (u32 i = 0; i < ram.count; i++) {
		phys_addr_t at = ALIGN_UP(ram.r[i].start, PAGE_SIZE);
		phys_addr_t end = ALIGN_DOWN(ram.r[i].end, PAGE_SIZE);

		for (u32 k = 0; at < end; k++) {
			phys_addr_t stop = k < reserved.count ? reserved.r[k].start : end;
			phys_addr_t next = k < reserved.count ? reserved.r[k].end : end;

			stop = MIN(stop, end);
			if (stop > at && index-- == 0) {
				*out = (early_range_t){ at, stop, ram.r[i].node };
				return true;
			}
			at = MAX(at, next);
			if (k >= reserved.count)
				break;
		}
	}
	return false;
}

__init phys_addr_t early_alloc(size_t size, size_t align, phys_addr_t max_addr)
{
	early_range_t r;
	phys_addr_t best = 0;

	if (!max_addr)
		max_addr = ~0UL;
	align = MAX(align, (size_t)PAGE_SIZE);
	size = ALIGN_UP(size, PAGE_SIZE);
	/* From the top, so that the scarce low memory stays whole. */
	for (u32 i = 0; early_free_range(i, &r); i++) {
		phys_addr_t top = MIN(r.end, max_addr);

		if (top < size)
			continue;
		top = ALIGN_DOWN(top - size, align);
		if (top >= r.start && top > best && top)
			best = top;
	}
	if (best)
		early_reserve(best, best + size);
	return best;
}

__init phys_addr_t pmem_prim_alloc_pages(u32 order)
{
	return early_alloc(PAGE_SIZE << order, PAGE_SIZE << order, 1UL << 32);
}

__init phys_addr_t pmem_prim_alloc_superpages(u32 order)
{
	return early_alloc(HUGE_SIZE << order, HUGE_SIZE << order, 1UL << 32);
}
