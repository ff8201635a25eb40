/*
 * Interval trees: closed intervals [start, last] of u64, several may be equal. An augmented
 * red-black tree ordered by start; each node knows the largest `last` below it (Cormen et al.,
 * 14.3).
 *
 *	for (n = interval_first(&root, a, b); n; n = interval_next(n, a, b))
 *		every interval that meets [a, b], by ascending start
 */
#ifndef KERNEL_LIB_INTERVAL_TREE_H
#define KERNEL_LIB_INTERVAL_TREE_H

#include <kernel/lib/rbtree.h>

typedef struct interval_node {
	rb_node_t node;
	u64 start, last;
	u64 subtree_last;
} interval_node_t;

void interval_insert(rb_root_t *root, interval_node_t *n); /* start and last are set */
void interval_remove(rb_root_t *root, interval_node_t *n);
interval_node_t *interval_first(rb_root_t *root, u64 start, u64 last);
interval_node_t *interval_next(interval_node_t *n, u64 start, u64 last);

#endif
