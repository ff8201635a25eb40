/*
 * Address spaces: what mm/space offers the folders that stand on it (map, advice, policy).
 */
#ifndef MM_SPACE_INTERNAL_H
#define MM_SPACE_INTERNAL_H

#include <mm/space.h>

#include <arch/entry.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/mman.h>

#define STACK_GUARD_GAP (256 * PAGE_SIZE)
#define VM_ACCESS (VM_READ | VM_WRITE | VM_EXEC)
extern pfn_t zero_page_pfn;
extern kmem_cache_t *area_cache, *anon_root_cache;
page_t *table_page_alloc(vm_space_t *s, u32 order); /* zeroed and charged to s; NULL: no memory */

static inline vm_area_t *area_of(rb_node_t *n)
{
	return rb_entry_or_null(n, vm_area_t, node);
}
static inline u64 area_pages(const vm_area_t *v)
{
	return (v->end - v->start) >> PAGE_SHIFT;
}
static inline u64 area_offset(const vm_area_t *v, unsigned long addr) /* page offset of addr */
{
	return v->page_offset + ((addr - v->start) >> PAGE_SHIFT);
}
static inline bool area_private(const vm_area_t *v)
{
	return !(v->flags & VM_SHARED);
}

static inline bool area_allows(const vm_area_t *v, u32 access) /* FAULT_* */
{
	if (access & FAULT_WRITE)
		return v->flags & VM_WRITE;
	if (access & FAULT_EXEC)
		return v->flags & VM_EXEC;
	return v->flags & VM_ACCESS;
}

/* area.c: the set of areas; s->lock exclusive for changes */
#define GAP_CAP (1UL << 40) /* bytes; see there */
vm_area_t *area_alloc(vm_space_t *s, unsigned long start, unsigned long end, u32 flags);
/* An area whose fields are another's takes references of its own to what they name; area_free drops them. */
void area_share(vm_area_t *copy);
void area_free(vm_area_t *v);		      /* not in any set; drops its file */
int area_insert(vm_space_t *s, vm_area_t *v); /* joins the set and its file's mappings */
void area_remove(vm_space_t *s, vm_area_t *v);
void area_resize(vm_space_t *s, vm_area_t *v, unsigned long start, unsigned long end);
int area_split(vm_space_t *s, vm_area_t *v, unsigned long at); /* v keeps the lower part */
void area_try_merge(vm_space_t *s, vm_area_t *v);
/* b goes on where a ends, in memory and in what it maps: they differ in flags at most. */
bool area_continues(const vm_area_t *a, const vm_area_t *b);
/* Borders at start and end, so that whole areas make up the range. */
int area_isolate(vm_space_t *s, unsigned long start, unsigned long end);
unsigned long area_find_gap(vm_space_t *s, size_t len, unsigned long low, unsigned long high);
/* Nobody finds the area's entries through its pages until area_unpin. s->lock held. */
void area_pin(vm_area_t *v);
void area_unpin(vm_area_t *v);
void area_account(vm_space_t *s, const vm_area_t *v, s64 pages);

/* table.c: page tables */
pte_t *pte_find(vm_space_t *s, unsigned long addr);	 /* NULL: no table */
pte_t *pte_make_path(vm_space_t *s, unsigned long addr); /* NULL: no memory */
spinlock_t *pte_lock(pte_t *pte);
u64 area_pte_bits(const vm_area_t *v, bool writable);

/* anon.c: reverse mapping; the first six do nothing for an area without a root */
void anon_init(void);
void anon_hold(vm_area_t *v); /* the area's reference of its root, copied from another area */
void anon_drop(vm_area_t *v);
void anon_insert(vm_area_t *v); /* joins the root's areas */
void anon_remove(vm_area_t *v);
void anon_insert_locked(vm_area_t *v); /* root->lock held, exclusive */
void anon_remove_locked(vm_area_t *v);
bool anon_prepare_slow(vm_area_t *v);
/* The area has a root from now on; s->lock held. False: no memory. */
static inline bool anon_prepare(vm_area_t *v)
{
	return likely(__atomic_load_n(&v->anon, __ATOMIC_ACQUIRE)) || anon_prepare_slow(v);
}
/*
 * The areas where an anonymous page may be mapped, and at which addresses: the first (v NULL), the next;
 * NULL after the last. Parents come before the copies that fork made. root->lock held.
 */
vm_area_t *anon_next(anon_root_t *root, vm_area_t *v, const page_t *page, unsigned long *addr);

/* gather.c: unmapping; pages are freed after the flush */
#define GATHER_PAGES 120
typedef struct gather {
	vm_space_t *space;
	unsigned long start, end; /* to flush */
	bool tables;		  /* page tables are among the pages */
	u32 count;
	page_t *pages[GATHER_PAGES];
} gather_t;
void gather_init(gather_t *g, vm_space_t *s);
void gather_finish(gather_t *g); /* flushes and frees */
/* Unmaps the pages of [start, end), which lie in areas; even_anon false leaves private copies. */
void zap_range(gather_t *g, unsigned long start, unsigned long end, bool even_anon);
/* Frees the tables of [start, end) that serve only [floor, ceiling), a range without areas. */
void free_tables(gather_t *g, unsigned long start, unsigned long end, unsigned long floor,
		 unsigned long ceiling);
/* Unmaps [start, end), whose borders are areas', and frees the tables around; s->lock exclusive. */
void vm_remove_areas(vm_space_t *s, unsigned long start, unsigned long end);
int vm_unmap_locked(vm_space_t *s, unsigned long addr, size_t len);

/* fault.c */
typedef enum fault_result { FAULT_OK, FAULT_SEGV, FAULT_BUS, FAULT_OOM } fault_result_t;
fault_result_t fault_handle(vm_area_t *v, unsigned long addr, u32 access);
/* Grows the stack area above addr to hold it; lock exclusive. The area, or NULL. */
vm_area_t *stack_grow(vm_space_t *s, unsigned long addr);

/* mm/map */
int fault_populate(vm_space_t *s, unsigned long start, unsigned long end); /* lock shared */
bool vm_may_lock(vm_space_t *s, u64 pages);

#endif
