/*
 * The kernel heap. Slab caches of equal objects with per-CPU magazines in front (Bonwick & Adams,
 * "Magazines and Vmem", USENIX 2001), kmalloc size classes on top, whole pages above 8 KiB.
 *
 *	cache = kmem_cache_create("dentry", sizeof(dentry_t), 0, 0, NULL);
 *	d = kmem_cache_alloc(cache, GFP_KERNEL);	uninitialised unless GFP_ZERO
 *	kmem_cache_free(cache, d);
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <mm/page.h>

typedef struct kmem_cache kmem_cache_t;

#define SLAB_CACHE_ALIGN 1u /* objects start on cache lines */

/* align 0: 8 bytes (16 from 16 up). Never fails at boot (panics); NULL later. */
kmem_cache_t *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags,
				void (*ctor)(void *));
void *kmem_cache_alloc(kmem_cache_t *cache, gfp_flags_t flags) __attribute__((malloc));
void kmem_cache_free(kmem_cache_t *cache, void *obj);

/* API. Sizes up to KMALLOC_MAX; NULL on failure. kmalloc(0) returns a unique freeable pointer. */
#define KMALLOC_MAX (4UL << 20)
void *kmalloc(size_t size, gfp_flags_t flags) __attribute__((malloc));
void *kzalloc(size_t size, gfp_flags_t flags) __attribute__((malloc));
void kfree(void *ptr);			    /* NULL is ignored */
void *kcalloc(size_t nmemb, size_t size);   /* checked for overflow; GFP_KERNEL */
void *krealloc(void *ptr, size_t new_size); /* on failure NULL, ptr stays valid */
size_t ksize(const void *ptr);		    /* usable bytes */
char *kstrdup(const char *s, gfp_flags_t flags);
char *strdup(const char *s); /* API: GFP_KERNEL */

void slab_init(void);
typedef struct slab_info {
	const char *name;
	u64 active_objs, total_objs, slabs, pages;
	u32 object_size, objects_per_slab, pages_per_slab;
} slab_info_t;
bool slab_info(u32 index, slab_info_t *out); /* false past the last */
/*
 * Every CPU's magazines go back to the slabs (drop_caches, leak checks); may wait for other CPUs.
 */
void kmem_flush_magazines(void);
#ifdef CONFIG_DEBUG
void slab_report_leaks(void); /* prints who owns what is allocated, by caller */
#endif

#endif
