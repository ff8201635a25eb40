/*
 * First-fit allocation of address ranges in O(log n). The caller locks.
 */
#include "kmap_internal.h"

static vrange_t *of(rb_node_t *n)
{
	return rb_entry_or_null(n, vrange_t, node);
}

static bool update(rb_node_t *rb)
{
	vrange_t *r = of(rb);
	unsigned long largest = r->gap, before = r->largest_gap;

	if (rb->left)
		largest = MAX(largest, of(rb->left)->largest_gap);
	if (rb->right)
		largest = MAX(largest, of(rb->right)->largest_gap);
	r->largest_gap = largest;
	return largest != before;
}

static void insert(vrange_set_t *set, vrange_t *range)
{
	rb_node_t **link = &set->root.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = range->start < of(parent)->start ? &parent->left : &parent->right;
	}
	rb_insert_augmented(&range->node, parent, link, &set->root, update);
}

__init void vrange_init(vrange_set_t *set, unsigned long start, unsigned long end)
{
	set->root = RB_ROOT;
	set->start = start;
	set->limit = (vrange_t){ .start = end, .end = end, .gap = end - start };
	insert(set, &set->limit);
}

bool vrange_take(vrange_set_t *set, vrange_t *range, size_t len)
{
	vrange_t *r = of(set->root.node);

	if (r->largest_gap < len)
		return false;
	for (;;) {
		vrange_t *left = of(r->node.left);

		if (left && left->largest_gap >= len)
			r = left;
		else if (r->gap >= len)
			break;
		else
			r = of(r->node.right);
	}
	range->start = r->start - r->gap;
	range->end = range->start + len;
	range->gap = 0;
	r->gap -= len;
	rb_propagate(&r->node, update);
	insert(set, range);
	return true;
}

void vrange_release(vrange_set_t *set, vrange_t *range)
{
	vrange_t *next = of(rb_next(&range->node)); /* exists: the limit is last */

	next->gap += range->end - range->start + range->gap;
	rb_propagate(&next->node, update);
	rb_erase_augmented(&range->node, &set->root, update);
}

vrange_t *vrange_find(vrange_set_t *set, unsigned long addr)
{
	vrange_t *r = of(set->root.node);

	while (r) {
		if (addr < r->start)
			r = of(r->node.left);
		else if (addr >= r->end)
			r = of(r->node.right);
		else
			return r;
	}
	return NULL;
}
