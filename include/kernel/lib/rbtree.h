/*
 * Red-black trees, intrusive, with optional augmentation: a value in each node that is computed
 * from the node and its children, kept right through every change by the caller's update function.
 *
 *	rb_node_t **link = &root->node, *parent = NULL;
 *	while (*link) { parent = *link; link = less ? &parent->left : &parent->right; }
 *	rb_insert(&obj->node, parent, link, root);
 *
 * O(log n). No locks. kernel/lib/rbtree.c draws the rotations.
 */
#ifndef KERNEL_LIB_RBTREE_H
#define KERNEL_LIB_RBTREE_H

#include <kernel/compiler.h>

typedef struct rb_node {
	unsigned long parent_color; /* parent | 1 when black */
	struct rb_node *left, *right;
} rb_node_t;

typedef struct rb_root {
	rb_node_t *node;
} rb_root_t;
#define RB_ROOT                                                                                    \
	(rb_root_t)                                                                                \
	{                                                                                          \
		NULL                                                                               \
	}

/* Recomputes the augmented value of one node from its own data and its children's values: did it change? */
typedef bool (*rb_update_t)(rb_node_t *node);

static inline bool rb_empty(const rb_root_t *root)
{
	return !root->node;
}
static inline rb_node_t *rb_parent(const rb_node_t *n)
{
	return (rb_node_t *)(n->parent_color & ~1UL);
}

#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_or_null(ptr, type, member)                                                        \
	({                                                                                         \
		rb_node_t *_rb = (ptr);                                                            \
		_rb ? container_of(_rb, type, member) : NULL;                                      \
	})

/*
 * The node's own data changed: its value is computed again, and its ancestors' as far as they change.
 * Before the next change of the tree, which takes for granted that all values are right.
 */
static inline void rb_propagate(rb_node_t *node, rb_update_t update)
{
	while (node && update(node))
		node = rb_parent(node);
}

/* An insertion's two halves: between them the values of node and of those above are made right. */
static inline void rb_link(rb_node_t *node, rb_node_t *parent, rb_node_t **link)
{
	node->left = node->right = NULL;
	node->parent_color = (unsigned long)parent; /* red */
	WRITE_ONCE(*link, node);
}
void rb_balance(rb_node_t *node, rb_root_t *root, rb_update_t update);

/* node becomes the child at *link of parent (NULL: the root); update may be NULL in the plain
 * forms. */
static inline void rb_insert_augmented(rb_node_t *node, rb_node_t *parent, rb_node_t **link,
				       rb_root_t *root, rb_update_t update)
{
	rb_link(node, parent, link);
	if (update) {
		update(node); /* whatever was there before: its parent does not know it yet */
		rb_propagate(parent, update);
	}
	rb_balance(node, root, update);
}
void rb_erase_augmented(rb_node_t *node, rb_root_t *root, rb_update_t update);
static inline void rb_insert(rb_node_t *node, rb_node_t *parent, rb_node_t **link, rb_root_t *root)
{
	rb_insert_augmented(node, parent, link, root, NULL);
}
static inline void rb_erase(rb_node_t *node, rb_root_t *root)
{
	rb_erase_augmented(node, root, NULL);
}

rb_node_t *rb_first(const rb_root_t *root);
rb_node_t *rb_last(const rb_root_t *root);
rb_node_t *rb_next(const rb_node_t *node);
rb_node_t *rb_prev(const rb_node_t *node);

/* With the leftmost node at hand, for queues. */
typedef struct rb_root_cached {
	rb_root_t root;
	rb_node_t *leftmost;
} rb_root_cached_t;
static inline void rb_insert_cached(rb_node_t *node, rb_node_t *parent, rb_node_t **link,
				    rb_root_cached_t *root, bool leftmost)
{
	if (leftmost)
		root->leftmost = node;
	rb_insert(node, parent, link, &root->root);
}
static inline void rb_erase_cached(rb_node_t *node, rb_root_cached_t *root)
{
	if (root->leftmost == node)
		root->leftmost = rb_next(node);
	rb_erase(node, &root->root);
}

#endif
