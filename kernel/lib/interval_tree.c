/*
 * Interval trees over augmented red-black trees.
 */
#include <kernel/lib/interval_tree.h>

static interval_node_t *of(rb_node_t *n)
{
	return rb_entry_or_null(n, interval_node_t, node);
}

static bool update(rb_node_t *rb)
{
	interval_node_t *n = of(rb);
	u64 last = n->last, before = n->subtree_last;

	if (rb->left)
		last = MAX(last, of(rb->left)->subtree_last);
	if (rb->right)
		last = MAX(last, of(rb->right)->subtree_last);
	n->subtree_last = last;
	return last != before;
}

void interval_insert(rb_root_t *root, interval_node_t *n)
{
	rb_node_t **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = n->start < of(parent)->start ? &parent->left : &parent->right;
	}
	rb_insert_augmented(&n->node, parent, link, root, update);
}

void interval_remove(rb_root_t *root, interval_node_t *n)
{
	rb_erase_augmented(&n->node, root, update);
}

/* Leftmost node of the subtree that meets [start, last]. */
static interval_node_t *leftmost(interval_node_t *n, u64 start, u64 last)
{
	for (;;) {
		interval_node_t *left = of(n->node.left);

		if (left && left->subtree_last >= start) {
			n = left; /* if any node there does not begin too late, the first match is
				     there */
			continue;
		}
		if (n->start > last)
			return NULL;
		if (n->last >= start)
			return n;
		n = of(n->node.right);
		if (!n || n->subtree_last < start)
			return NULL;
	}
}

interval_node_t *interval_first(rb_root_t *root, u64 start, u64 last)
{
	interval_node_t *n = of(root->node);

	return n && n->subtree_last >= start ? leftmost(n, start, last) : NULL;
}

interval_node_t *interval_next(interval_node_t *n, u64 start, u64 last)
{
	for (;;) {
		interval_node_t *right = of(n->node.right);
		rb_node_t *parent, *child;

		if (right && right->subtree_last >= start)
			return leftmost(right, start, last);
		/* Up to the first ancestor that we stand to the left of. */
		child = &n->node;
		while ((parent = rb_parent(child)) && parent->right == child)
			child = parent;
		if (!parent)
			return NULL;
		n = of(parent);
		if (n->start > last)
			return NULL;
		if (n->last >= start)
			return n;
	}
}
