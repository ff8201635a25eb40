/*
 * Slabs: runs of 2^order pages cut into equal objects.
 *
 * The description of a slab lives in the page_t of its first page: `free_objects` heads a list
 * threaded through the free objects themselves (behind them where they stay constructed), `refs`
 * counts objects in use (low half) of the total (high half), next_slab/prev_slab chain it by frame
 * number into the cache's list of partial slabs. Every page of a slab knows its cache, and slabs
 * are aligned to their size, so an object finds its slab by arithmetic.
 *
 * A full slab is on no list (debug builds: full_slabs). An empty one goes back to the page
 * allocator unless it is the cache's only partial slab, so an empty slab is always the first of the
 * list. All under cache->lock.
 */
#include "slab_internal.h"

#include <kernel/cfi.h>
#include <kernel/panic.h>
#include <mm/kasan.h>

static u32 slab_used(const page_t *slab)
{
	return slab->refs.value & 0xffff;
}

static u32 slab_total(const page_t *slab)
{
	return slab->refs.value >> 16;
}

kmem_cache_t *slab_cache_of(const void *object)
{
	page_t *page = virt_to_page(object);

	BUG_ON(!page_flag(page, PG_SLAB));
	return page->cache;
}

page_t *slab_head(kmem_cache_t *cache, const void *object)
{
	pfn_t pfn = page_to_pfn(virt_to_page(object));

	return pfn_to_page(pfn & ~((1UL << cache->order) - 1));
}

static void chain_insert(u32 *head, page_t *slab)
{
	u32 pfn = (u32)page_to_pfn(slab);

	slab->prev_slab = 0;
	slab->next_slab = *head;
	if (*head)
		pfn_to_page(*head)->prev_slab = pfn;
	*head = pfn;
}

static void chain_remove(u32 *head, page_t *slab)
{
	if (slab->prev_slab)
		pfn_to_page(slab->prev_slab)->next_slab = slab->next_slab;
	else
		*head = slab->next_slab;
	if (slab->next_slab)
		pfn_to_page(slab->next_slab)->prev_slab = slab->prev_slab;
}

static void **link_of(const kmem_cache_t *cache, void *object)
{
	return (void **)((char *)object + cache->link_offset);
}

/* Takes the empty slab out that `slab`, newly inserted, has displaced from the front; 0: none. */
static u32 take_displaced(kmem_cache_t *cache, page_t *slab)
{
	u32 pfn = slab->next_slab;

	if (!pfn || slab_used(pfn_to_page(pfn)) != 0)
		return 0;
	chain_remove(&cache->partial_slabs, pfn_to_page(pfn));
	cache->slab_count--;
	return pfn;
}

/* A new slab, on no list; called without the lock because the page allocator may sleep. */
static page_t *slab_create(kmem_cache_t *cache, gfp_flags_t flags)
{
	page_t *slab = alloc_pages_gfp(flags & ~(GFP_ZERO | GFP_USERPAGE), cache->order);
	char *base;

	if (!slab)
		return NULL;
	mm_count(MM_SLAB, 1L << cache->order);
	for (u32 i = 0; i < 1u << cache->order; i++) {
		slab[i].cache = cache;
		page_set_flag(&slab[i], PG_SLAB);
	}
	refcount_set(&slab->refs, cache->per_slab << 16);
	slab->free_objects = NULL;
	base = page_to_virt(slab);
	for (u32 i = cache->per_slab; i-- > 0;) {
		void *object = base + (size_t)i * cache->stride;

		slab_debug_fresh(cache, object);
		if (cache->ctor) {
			CODE_CHECK(cache->ctor, cache->ctor_hash);
			cache->ctor(object);
		}
		*link_of(cache, object) = slab->free_objects;
		slab->free_objects = object;
		kasan_poison(object, cache->stride, KASAN_FREE_OBJECT);
	}
	return slab;
}

static void slab_destroy(kmem_cache_t *cache, page_t *slab)
{
	for (u32 i = 0; i < 1u << cache->order; i++)
		page_clear_flag(&slab[i], PG_SLAB);
	mm_count(MM_SLAB, -(1L << cache->order));
	free_pages(slab, cache->order);
}

/* Link words of free objects are read and written by the allocator alone, whatever the shadow says.
 */
static __no_sanitize void *take_object(kmem_cache_t *cache, page_t *slab)
{
	void *object = slab->free_objects;

	slab->free_objects = *link_of(cache, object);
	slab->refs.value++;
	return object;
}

static __no_sanitize void give_object(kmem_cache_t *cache, page_t *slab, void *object)
{
	*link_of(cache, object) = slab->free_objects;
	slab->free_objects = object;
	slab->refs.value--;
}

static u32 take_locked(kmem_cache_t *cache, void **out, u32 count)
{
	u32 n = 0;

	while (n < count && cache->partial_slabs) {
		page_t *slab = pfn_to_page(cache->partial_slabs);

		while (n < count && slab->free_objects)
			out[n++] = take_object(cache, slab);
		if (!slab->free_objects) {
			chain_remove(&cache->partial_slabs, slab);
#ifdef CONFIG_DEBUG
			chain_insert(&cache->full_slabs, slab);
#endif
		}
	}
	cache->in_use += n;
	return n;
}

u32 slab_objects_alloc(kmem_cache_t *cache, gfp_flags_t flags, void **out, u32 count)
{
	unsigned long irq;
	page_t *slab;
	u32 n, displaced;

	spin_lock_irqsave(&cache->lock, &irq);
	n = take_locked(cache, out, count);
	spin_unlock_irqrestore(&cache->lock, irq);
	if (n)
		return n;
	slab = slab_create(cache, flags);
	if (!slab)
		return 0;
	spin_lock_irqsave(&cache->lock, &irq);
	cache->slab_count++;
	chain_insert(&cache->partial_slabs, slab);
	displaced = take_displaced(cache, slab);
	n = take_locked(cache, out, count);
	spin_unlock_irqrestore(&cache->lock, irq);
	if (displaced) /* what others gave back meanwhile */
		slab_destroy(cache, pfn_to_page(displaced));
	return n;
}

void *slab_object_alloc(kmem_cache_t *cache, gfp_flags_t flags)
{
	void *object;

	return slab_objects_alloc(cache, flags, &object, 1) ? object : NULL;
}

void slab_objects_free(kmem_cache_t *cache, void **objects, u32 count)
{
	u32 doomed = 0; /* chain of empty slabs */
	unsigned long irq;

	spin_lock_irqsave(&cache->lock, &irq);
	cache->in_use -= count;
	for (u32 i = 0; i < count; i++) {
		page_t *slab = slab_head(cache, objects[i]);
		bool was_full = !slab->free_objects;
		u32 empty = 0;

		give_object(cache, slab, objects[i]);
		if (was_full) {
#ifdef CONFIG_DEBUG
			chain_remove(&cache->full_slabs, slab);
#endif
			chain_insert(&cache->partial_slabs, slab);
			empty = take_displaced(cache, slab);
		}
		if (slab_used(slab) == 0 && (slab->next_slab || slab->prev_slab)) {
			chain_remove(&cache->partial_slabs, slab);
			cache->slab_count--;
			empty = (u32)page_to_pfn(slab);
		}
		if (empty) {
			pfn_to_page(empty)->next_slab = doomed;
			doomed = empty;
		}
		ASSERT(slab_used(slab) <= slab_total(slab));
	}
	spin_unlock_irqrestore(&cache->lock, irq);
	while (doomed) {
		page_t *slab = pfn_to_page(doomed);

		doomed = slab->next_slab;
		slab_destroy(cache, slab);
	}
}

void slab_object_free(kmem_cache_t *cache, void *object)
{
	slab_objects_free(cache, &object, 1);
}

u64 slab_drop_empty(kmem_cache_t *cache)
{
	unsigned long irq;
	page_t *slab = NULL;

	spin_lock_irqsave(&cache->lock, &irq);
	if (cache->partial_slabs && slab_used(pfn_to_page(cache->partial_slabs)) == 0) {
		slab = pfn_to_page(cache->partial_slabs);
		chain_remove(&cache->partial_slabs, slab);
		cache->slab_count--;
	}
	spin_unlock_irqrestore(&cache->lock, irq);
	if (!slab)
		return 0;
	slab_destroy(cache, slab);
	return 1UL << cache->order;
}
