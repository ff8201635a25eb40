/*
 * Red-black trees (Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", chapter 13).
 *
 * Invariants: 1. a red node has no red child; 2. every path from a node down to a missing child
 * passes the same number of black nodes; 3. the root is black; missing children count as black.
 *
 *	      x                     y
 *	     / \    rotate left    / \
 *	    a   y   ----------->  x   c	   order of a x b y c is unchanged;
 *	       / \  <-----------  / \	   only x and y get new children, so only their
 *	      b   c rotate right a   b	   augmented values are computed anew
 */
#include <kernel/lib/rbtree.h>

static bool is_black(const rb_node_t *n)
{
	return !n || (n->parent_color & 1);
}

static void set_black(rb_node_t *n, bool black)
{
	n->parent_color = (n->parent_color & ~1UL) | black;
}

static void set_parent(rb_node_t *n, rb_node_t *parent)
{
	n->parent_color = (unsigned long)parent | (n->parent_color & 1);
}

/* Whatever pointed to `old` under `parent` (or the root) points to `fresh`. */
static void replace_child(rb_root_t *root, rb_node_t *parent, rb_node_t *old, rb_node_t *fresh)
{
	if (!parent)
		WRITE_ONCE(root->node, fresh);
	else if (parent->left == old)
		WRITE_ONCE(parent->left, fresh);
	else
		WRITE_ONCE(parent->right, fresh);
}

/* x's right child comes up in its place. */
static void rotate_left(rb_root_t *root, rb_node_t *x, rb_update_t update)
{
	rb_node_t *y = x->right, *parent = rb_parent(x);

	x->right = y->left;
	if (y->left)
		set_parent(y->left, x);
	y->left = x;
	set_parent(x, y);
	set_parent(y, parent);
	replace_child(root, parent, x, y);
	if (update) {
		update(x);
		update(y);
	}
}

static void rotate_right(rb_root_t *root, rb_node_t *y, rb_update_t update)
{
	rb_node_t *x = y->left, *parent = rb_parent(y);

	y->left = x->right;
	if (x->right)
		set_parent(x->right, y);
	x->right = y;
	set_parent(y, x);
	set_parent(x, parent);
	replace_child(root, parent, y, x);
	if (update) {
		update(y);
		update(x);
	}
}

void rb_balance(rb_node_t *node, rb_root_t *root, rb_update_t update)
{
	rb_node_t *parent;

	/* node is red: only invariant 1 can be broken, between it and its parent. */
	while ((parent = rb_parent(node)) && !is_black(parent)) {
		rb_node_t *grand = rb_parent(parent); /* exists: the root is black */
		bool left = grand->left == parent;
		rb_node_t *uncle = left ? grand->right : grand->left;

		if (!is_black(uncle)) {
			set_black(parent, true);
			set_black(uncle, true);
			set_black(grand, false);
			node = grand;
			continue;
		}
		if (left) {
			if (parent->right == node) {
				rotate_left(root, parent, update);
				parent = node;
			}
			rotate_right(root, grand, update);
		} else {
			if (parent->left == node) {
				rotate_right(root, parent, update);
				parent = node;
			}
			rotate_left(root, grand, update);
		}
		set_black(parent, true);
		set_black(grand, false);
		break;
	}
	set_black(root->node, true);
}

/* The paths through `node` (may be NULL) below `parent` lack one black node. */
static void repair_erase(rb_root_t *root, rb_node_t *node, rb_node_t *parent, rb_update_t update)
{
	while (parent && is_black(node)) {
		bool left = parent->left == node;
		rb_node_t *sibling = left ? parent->right : parent->left;
		rb_node_t *near, *far;

		if (!is_black(sibling)) {
			set_black(sibling, true);
			set_black(parent, false);
			if (left)
				rotate_left(root, parent, update);
			else
				rotate_right(root, parent, update);
			sibling = left ? parent->right : parent->left;
		}
		near = left ? sibling->left : sibling->right;
		far = left ? sibling->right : sibling->left;
		if (is_black(near) && is_black(far)) {
			set_black(sibling, false);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (is_black(far)) {
			set_black(near, true);
			set_black(sibling, false);
			if (left)
				rotate_right(root, sibling, update);
			else
				rotate_left(root, sibling, update);
			far = sibling;
			sibling = near;
		}
		set_black(sibling, is_black(parent));
		set_black(parent, true);
		set_black(far, true);
		if (left)
			rotate_left(root, parent, update);
		else
			rotate_right(root, parent, update);
		return;
	}
	if (node)
		set_black(node, true);
}

void rb_erase_augmented(rb_node_t *node, rb_root_t *root, rb_update_t update)
{
	rb_node_t *parent, *child, *heir = NULL;
	bool black;

	if (node->left && node->right) {
		/* The next node in order, which has no left child, takes node's place and colour. */
		heir = node->right;
		while (heir->left)
			heir = heir->left;
		child = heir->right;
		parent = rb_parent(heir);
		black = is_black(heir);
		if (parent == node) {
			parent = heir;
		} else {
			parent->left = child;
			if (child)
				set_parent(child, parent);
			heir->right = node->right;
			set_parent(heir->right, heir);
		}
		heir->left = node->left;
		set_parent(heir->left, heir);
		heir->parent_color = node->parent_color;
		replace_child(root, rb_parent(node), node, heir);
	} else {
		child = node->left ? node->left : node->right;
		parent = rb_parent(node);
		black = is_black(node);
		if (child)
			set_parent(child, parent);
		replace_child(root, parent, node, child);
	}
	if (update)
		rb_propagate(parent, update);
	if (update && heir) {
		update(heir); /* its parent knows node's value: goes on whether this one changed or not */
		rb_propagate(rb_parent(heir), update);
	}
	if (black)
		repair_erase(root, child, parent, update);
}

rb_node_t *rb_first(const rb_root_t *root)
{
	rb_node_t *n = root->node;

	while (n && n->left)
		n = n->left;
	return n;
}

rb_node_t *rb_last(const rb_root_t *root)
{
	rb_node_t *n = root->node;

	while (n && n->right)
		n = n->right;
	return n;
}

rb_node_t *rb_next(const rb_node_t *node)
{
	rb_node_t *n, *parent;

	if (node->right) {
		for (n = node->right; n->left; n = n->left)
			;
		return n;
	}
	for (n = (rb_node_t *)node; (parent = rb_parent(n)) && parent->right == n; n = parent)
		;
	return parent;
}

rb_node_t *rb_prev(const rb_node_t *node)
{
	rb_node_t *n, *parent;

	if (node->left) {
		for (n = node->left; n->right; n = n->right)
			;
		return n;
	}
	for (n = (rb_node_t *)node; (parent = rb_parent(n)) && parent->left == n; n = parent)
		;
	return parent;
}
