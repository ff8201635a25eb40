/*
 * Radix tree from u64 index to pointer: 64-way nodes, depth grows with the largest index. Readers
 * may walk without the writers' lock under RCU: nodes are handed to ops->free_node, which must wait
 * for readers. Three marks (0..2) a stored entry, searchable. NULL cannot be stored (storing it
 * erases).
 *
 * Writers (all that take a non-const xarray) are serialised by the caller. xa_store allocates
 * through ops. Where that lock is a spinlock and alloc_node sleeps, nodes are got ready before it:
 *
 *	xa_preload_t spare = { 0 };
 *	for (;;) {
 *		lock; r = xa_store_preloaded(&xa, index, entry, NULL, &spare); unlock;
 *		if (r != -ENOMEM || (r = xa_preload(&xa, index, &spare)))
 *			break;			round again: rarely more than once
 *	}
 *	xa_preload_end(&xa, &spare);
 */
#ifndef KERNEL_LIB_XARRAY_H
#define KERNEL_LIB_XARRAY_H

#include <kernel/compiler.h>

#define XA_SHIFT 6
#define XA_SLOTS 64
#define XA_MARKS 3

struct xa_node;
typedef struct xa_ops {
	struct xa_node *(*alloc_node)(void);	 /* zeroed sizeof(xa_node_t), or NULL */
	void (*free_node)(struct xa_node *node); /* after RCU readers */
} xa_ops_t;

typedef struct xa_node {
	void *slots[XA_SLOTS];
	struct xa_node *parent;
	u64 marks[XA_MARKS]; /* bit per slot: an entry below has the mark */
	u8 shift;	     /* index bits below this level */
	u8 offset;	     /* slot in the parent */
	u8 count;	     /* used slots */
	u64 rcu[3];	     /* the owner's rcu_head_t, for free_node */
} xa_node_t;

typedef struct xarray {
	xa_node_t *root;
	const xa_ops_t *ops;
} xarray_t;

void xa_init(xarray_t *xa, const xa_ops_t *ops);
void *xa_load(const xarray_t *xa, u64 index);
/*
 * The slots of index and of what follows it, *count of them or as many as lie in one node, which *count then
 * tells; NULL: there is nothing stored in all these. For readers.
 */
void *const *xa_slots(const xarray_t *xa, u64 index, u32 *count);
/* Stores entry (not NULL); *old (may be NULL pointer) gets what was there. 0 or -ENOMEM. Marks are
 * cleared. */
int xa_store(xarray_t *xa, u64 index, void *entry, void **old);
typedef struct xa_preload {
	xa_node_t *nodes; /* chained through slots[0] */
	u32 count;
} xa_preload_t;
/* Fills up to what a store at index needs as the tree stands now: 0 or -ENOMEM. */
int xa_preload(const xarray_t *xa, u64 index, xa_preload_t *spare);
/* As xa_store, but takes nodes from spare only; -ENOMEM when they do not suffice. */
int xa_store_preloaded(xarray_t *xa, u64 index, void *entry, void **old, xa_preload_t *spare);
void xa_preload_end(const xarray_t *xa, xa_preload_t *spare); /* frees what is left */
void *xa_erase(xarray_t *xa, u64 index);		      /* returns what was there */
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

/* Small numbers stored in place of pointers: what is odd is a value. */
static inline void *xa_mk_value(u64 value) /* below 2^63 */
{
	return (void *)(value << 1 | 1);
}
static inline bool xa_is_value(const void *entry)
{
	return (u64)entry & 1;
}
static inline u64 xa_to_value(const void *entry)
{
	return (u64)entry >> 1;
}

#define xa_for_each(xa, index, entry)                                                              \
	for ((index) = 0, (entry) = xa_find(xa, &(index), ~0UL); (entry);                          \
	     (entry) = (index) == ~0UL ? NULL : ((index)++, xa_find(xa, &(index), ~0UL)))

#endif
