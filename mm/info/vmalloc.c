/*
 * What is mapped in the vmalloc region, for those who ask.
 */
#include "../kmap/kmap_internal.h"

#include <kernel/lib/string.h>

/* The first used range that begins at or above an address; kmap_lock held. */
static vrange_t *first_range(unsigned long from)
{
	vrange_t *found = NULL, *r = rb_entry_or_null(kmap_ranges.root.node, vrange_t, node);

	while (r) {
		if (r->start >= from) {
			found = r;
			r = rb_entry_or_null(r->node.left, vrange_t, node);
		} else {
			r = rb_entry_or_null(r->node.right, vrange_t, node);
		}
	}
	return found == &kmap_ranges.limit ? NULL : found;
}

bool kmap_next(unsigned long from, kmap_info_t *out)
{
	const kmap_area_t *area;
	vrange_t *r;

	mutex_lock(&kmap_lock);
	r = first_range(from);
	if (r) {
		area = container_of(r, kmap_area_t, range);
		out->start = r->start;
		out->end = r->end;
		out->pages = area->page_count;
		if (!area->pages)
			out->phys = vmm_virt_to_phys(kernel_pml4, area->base);
		for (u32 i = 0; out->node_pages && i < node_count; i++)
			out->node_pages[i] = 0;
		for (u32 i = 0; out->node_pages && i < area->page_count; i++)
			out->node_pages[page_node(area->pages[i])]++;
	}
	mutex_unlock(&kmap_lock);
	return r != NULL;
}

u64 kmap_pages(void)
{
	rb_node_t *n;
	u64 pages = 0;

	mutex_lock(&kmap_lock);
	for (n = rb_first(&kmap_ranges.root); n; n = rb_next(n)) {
		vrange_t *r = rb_entry(n, vrange_t, node);

		if (r != &kmap_ranges.limit)
			pages += container_of(r, kmap_area_t, range)->page_count;
	}
	mutex_unlock(&kmap_lock);
	return pages;
}
