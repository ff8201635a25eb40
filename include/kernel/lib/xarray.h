/*
 * Radix tree from u64 index to pointer: 64-way nodes, depth grows with the largest index. Readers may walk without
 * the writers' lock under RCU: nodes are handed to ops->free_node, which must wait for readers.
 * Three marks (0..2) a stored entry, searchable. NULL cannot be stored (storing it erases).
 *
 * Writers are serialised by the caller. xa_store may allocate through ops; where it must not fail, reserve the path
 * first with xa_reserve (outside the spinlock), or use xa_store with an alloc_node that does not sleep.
 */
#ifndef KERNEL_LIB_XARRAY_H
#define KERNEL_LIB_XARRAY_H

#include <kernel/compiler.h>

#define XA_SHIFT 6
#define XA_SLOTS 64
#define XA_MARKS 3

struct xa_node;
typedef struct xa_ops {
	struct xa_node *(*alloc_node)(void);	/* zeroed sizeof(xa_node_t), or NULL */
	void (*free_node)(struct xa_node *node); /* after RCU readers */
} xa_ops_t;

typedef struct xa_node {
	void *slots[XA_SLOTS];
	struct xa_node *parent;
	u64 marks[XA_MARKS];	/* bit per slot: an entry below has the mark */
	u8 shift;		/* index bits below this level */
	u8 offset;		/* slot in the parent */
	u8 count;		/* used slots */
	u64 rcu[2];		/* the owner's rcu_head_t, for free_node */
} xa_node_t;

typedef struct xarray {
	xa_node_t *root;
	const xa_ops_t *ops;
} xarray_t;

void xa_init(xarray_t *xa, const xa_ops_t *ops);
void *xa_load(const xarray_t *xa, u64 index);
/* Stores entry (not NULL); *old (may be NULL pointer) gets what was there. 0 or -ENOMEM. Marks are cleared. */
int xa_store(xarray_t *xa, u64 index, void *entry, void **old);
void *xa_erase(xarray_t *xa, u64 index);	/* returns what was there */
/* Makes the path to index exist, so that the next store there cannot fail. 0 or -ENOMEM. */
int xa_reserve(xarray_t *xa, u64 index);
/* First entry at or after *index (at most last); *index is moved to it. NULL when there is none. */
void *xa_find(const xarray_t *xa, u64 *index, u64 last);
void *xa_find_marked(const xarray_t *xa, u64 *index, u64 last, unsigned mark);
void xa_set_mark(xarray_t *xa, u64 index, unsigned mark);
void xa_clear_mark(xarray_t *xa, u64 index, unsigned mark);
bool xa_get_mark(const xarray_t *xa, u64 index, unsigned mark);
/* Lowest index in [min, max] without an entry; false when all are used. */
bool xa_find_free(const xarray_t *xa, u64 min, u64 max, u64 *index);
bool xa_empty(const xarray_t *xa);
void xa_destroy(xarray_t *xa); /* frees the nodes, not what the entries point to */

#define xa_for_each(xa, index, entry)                                                              \
	for ((index) = 0, (entry) = xa_find(xa, &(index), ~0UL); (entry);                          \
	     (entry) = (index) == ~0UL ? NULL : ((index)++, xa_find(xa, &(index), ~0UL)))

#endif
