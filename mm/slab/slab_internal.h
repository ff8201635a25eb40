/*
 * The inside of a slab cache, shared by the files of mm/slab.
 */
#ifndef MM_SLAB_INTERNAL_H
#define MM_SLAB_INTERNAL_H

#include <mm/slab.h>

#define MAGAZINE_ROUNDS 30

typedef struct magazine {
	struct magazine *next; /* depot: cache lock */
	u32 rounds;	       /* owner CPU; depot: constant */
	void *objects[MAGAZINE_ROUNDS];
} magazine_t;

/*
 * Used by its own CPU with preemption off; `busy` sends interrupts that come between to the slabs.
 */
typedef struct cpu_magazines {
	magazine_t *loaded, *previous; /* NULL or a magazine */
	bool busy;
	u64 allocations, frees;
} __cacheline_aligned cpu_magazines_t;

struct kmem_cache {
	cpu_magazines_t *cpu[NR_CPUS]; /* made by each CPU at its first use */

	spinlock_t lock; /* depot and slabs; interrupts off */
	magazine_t *full, *empty;
	u32 full_count, empty_count;
	u32 partial_slabs; /* pfn of the first slab with free objects, 0: none */
	u32 full_slabs;	   /* debug builds keep the others too, to report leaks */
	u64 slab_count;
	u64 in_use; /* objects out of slabs: handed out or in magazines */

	/* constant */
	char name[24];
	u32 object_size, stride, align, flags;
	u32 link_offset; /* of a free object's link: behind what a constructor made */
	u32 body;	 /* object and link; the record of debug builds follows */
	u32 order, per_slab;
	void (*ctor)(void *);
	u64 ctor_hash;	   /* kernel/cfi.h */
	bool no_magazines; /* the caches that magazines themselves come from */
	list_t link;	   /* slab_list_lock to add; caches are never removed */
};

#define CLASS_MAX 8192 /* kmalloc: the largest size that has a cache */

void kmem_cache_setup(kmem_cache_t *cache, const char *name, size_t size, size_t align, u32 flags,
		      void (*ctor)(void *));

/* slabs.c: the layer under the magazines. */
void *slab_object_alloc(kmem_cache_t *cache, gfp_flags_t flags);
u32 slab_objects_alloc(kmem_cache_t *cache, gfp_flags_t flags, void **out, u32 count);
void slab_objects_free(kmem_cache_t *cache, void **objects, u32 count);
void slab_object_free(kmem_cache_t *cache, void *object);
u64 slab_drop_empty(kmem_cache_t *cache); /* gives the last empty slab back as well: pages */
kmem_cache_t *slab_cache_of(const void *object);
page_t *slab_head(kmem_cache_t *cache, const void *object);

/*
 * Debug builds: behind each object stands a record of its state and owner, checked at each
 * allocation and free; free objects are filled with a pattern.
 */
#ifdef CONFIG_DEBUG
#define SLAB_DEBUG_SIZE 16
void slab_debug_fresh(kmem_cache_t *cache, void *object);
void slab_debug_alloc(kmem_cache_t *cache, void *object, unsigned long caller);
void slab_debug_free(kmem_cache_t *cache, void *object);
unsigned long slab_debug_owner(kmem_cache_t *cache, void *object); /* 0: free */
#else
#define SLAB_DEBUG_SIZE 0
static inline void slab_debug_fresh(kmem_cache_t *cache, void *object)
{
}
static inline void slab_debug_alloc(kmem_cache_t *cache, void *object, unsigned long caller)
{
}
static inline void slab_debug_free(kmem_cache_t *cache, void *object)
{
}
#endif

void slab_base_init(void); /* cache.c: the caches that caches are made of */

extern list_t slab_caches; /* slab_list_lock */
extern spinlock_t slab_list_lock;

#endif
