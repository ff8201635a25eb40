/*
 * Ranges of kernel virtual addresses, shared by the files of mm/kmap.
 */
#ifndef MM_KMAP_INTERNAL_H
#define MM_KMAP_INTERNAL_H

#include <kernel/lib/rbtree.h>
#include <kernel/sync/mutex.h>
#include <mm/vmalloc.h>

/*
 * A used range, guard pages included. The set is a tree by address; each node knows the gap between
 * it and its predecessor and the largest such gap in its subtree, so that first fit is one descent.
 */
typedef struct vrange {
	rb_node_t node;
	unsigned long start, end;  /* end exclusive */
	unsigned long gap;	   /* free bytes just before start */
	unsigned long largest_gap; /* in this subtree */
} vrange_t;

typedef struct vrange_set {
	rb_root_t root;
	unsigned long start;
	vrange_t limit; /* empty range at the end of the set: owns the last gap */
} vrange_set_t;

typedef struct kmap_area {
	vrange_t range;	    /* kmap_lock */
	unsigned long base; /* first usable address */
	size_t size;	    /* usable bytes */
	page_t **pages;	    /* owned, or NULL for device mappings */
	u32 page_count;
	struct kmap_area *next_lazy; /* kmap_lock */
} kmap_area_t;

extern mutex_t kmap_lock;
extern vrange_set_t kmap_ranges;

void vrange_init(vrange_set_t *set, unsigned long start, unsigned long end);
/* Places `range` in the lowest gap of len bytes (a multiple of the page size). False: no room. */
bool vrange_take(vrange_set_t *set, vrange_t *range, size_t len);
void vrange_release(vrange_set_t *set, vrange_t *range);
vrange_t *vrange_find(vrange_set_t *set, unsigned long addr); /* the used range that holds addr */

#endif
