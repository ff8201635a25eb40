/*
 * Slab caches with per-CPU magazines (Bonwick & Adams, "Magazines and Vmem", USENIX 2001).
 *
 * Concepts. A magazine is a stack of objects ready for use. Each CPU holds two of each cache: it
 * allocates from `loaded`; when that is empty and `previous` is full the two change places. Only
 * when both are of no use does it go to the depot, the cache's store of full and empty magazines,
 * and exchange one. So a CPU that allocates and frees in turn touches nothing but its own lines,
 * and objects freed on another CPU than the one that needs them travel a magazine at a time. The
 * slabs beneath (slabs.c) are seen when the depot has nothing.
 *
 * Implementation. The fast path is guarded by preemption alone and a busy mark: an interrupt that
 * hits a busy CPU goes straight to the slabs, which need the cache's lock. Magazines come from a
 * cache without magazines. A CPU's pair is made when the CPU first frees or allocates there. Slabs
 * are not kept by
 * node: the page allocator takes the pages of a new slab from the CPU's own node.
 *
 * Locking. cache->lock (a leaf but for the zone lock, interrupts off) guards depot and slabs. The
 * list of caches only grows (slab_list_lock) and is walked without a lock. Constant cost per call,
 * but for one slab's construction.
 */
#include "slab_internal.h"

#include <kernel/cfi.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/kasan.h>

list_t slab_caches = LIST_INIT(slab_caches);
spinlock_t slab_list_lock = SPINLOCK_INIT("slab_list");

static kmem_cache_t cache_cache, magazine_cache, cpu_cache;

/*
 * Smallest order that wastes at most an eighth and holds eight objects, as long as it is at most 3.
 */
static u32 choose_order(size_t stride)
{
	for (u32 order = 0; order < 3; order++) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / stride >= 8 && bytes % stride <= bytes / 8)
			return order;
	}
	return stride > 2 * PAGE_SIZE ? 3 : 2 + (stride > PAGE_SIZE);
}

__init void kmem_cache_setup(kmem_cache_t *cache, const char *name, size_t size, size_t align,
			     u32 flags, void (*ctor)(void *))
{
	if (!align)
		align = size >= 16 ? 16 : 8;
	if (flags & SLAB_CACHE_ALIGN)
		align = MAX(align, (size_t)CACHE_LINE_SIZE);
	memset(cache, 0, sizeof(*cache));
	spinlock_init(&cache->lock);
	strscpy(cache->name, name, sizeof(cache->name));
	cache->object_size = (u32)size;
	cache->link_offset = ctor ? (u32)ALIGN_UP(size, sizeof(void *)) : 0;
	cache->body = (u32)ALIGN_UP(MAX(size, cache->link_offset + sizeof(void *)), sizeof(void *));
	cache->stride = (u32)ALIGN_UP(cache->body + SLAB_DEBUG_SIZE, align);
	cache->align = (u32)align;
	cache->flags = flags;
	cache->ctor = ctor;
	cache->ctor_hash = CODE_HASH(ctor);
	cache->order = choose_order(cache->stride);
	cache->per_slab = (u32)((PAGE_SIZE << cache->order) / cache->stride);
	spin_lock(&slab_list_lock);
	list_add_tail_rcu(&cache->link, &slab_caches);
	spin_unlock(&slab_list_lock);
}

__init void slab_base_init(void)
{
	kmem_cache_setup(&cache_cache, "kmem_cache", sizeof(kmem_cache_t), 0, 0, NULL);
	kmem_cache_setup(&magazine_cache, "magazine", sizeof(magazine_t), 0, 0, NULL);
	kmem_cache_setup(&cpu_cache, "cpu_magazines", sizeof(cpu_magazines_t), 0, SLAB_CACHE_ALIGN,
			 NULL);
	cache_cache.no_magazines = magazine_cache.no_magazines = cpu_cache.no_magazines = true;
}

/* An object put through the slab layer only: for the allocator's own structures. */
static void *base_alloc(kmem_cache_t *cache)
{
	void *object = slab_object_alloc(cache, GFP_NOWAIT | GFP_NOWARN);

	if (object) {
		kasan_unpoison(object, cache->object_size);
		slab_debug_alloc(cache, object, (unsigned long)__builtin_return_address(0));
	}
	return object;
}

__init kmem_cache_t *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags,
				       void (*ctor)(void *))
{
	kmem_cache_t *cache = kmem_cache_alloc(&cache_cache, GFP_KERNEL);

	if (!cache)
		return NULL;
	kmem_cache_setup(cache, name, size, align, flags, ctor);
	return cache;
}

/*
 * Exchanges the CPU's magazines so that `loaded` has an object. False when only the slabs can help.
 */
static bool reload(kmem_cache_t *cache, cpu_magazines_t *cc)
{
	unsigned long irq;
	magazine_t *full;

	if (cc->previous && cc->previous->rounds) {
		magazine_t *m = cc->loaded;

		cc->loaded = cc->previous;
		cc->previous = m;
		return true;
	}
	if (!READ_ONCE(cache->full))
		return false;
	spin_lock_irqsave(&cache->lock, &irq);
	full = cache->full;
	if (full) {
		cache->full = full->next;
		cache->full_count--;
		if (cc->previous) {
			cc->previous->next = cache->empty;
			cache->empty = cc->previous;
			cache->empty_count++;
		}
		cc->previous = cc->loaded;
		cc->loaded = full;
	}
	spin_unlock_irqrestore(&cache->lock, irq);
	return full != NULL;
}

/* Makes room in `loaded` for one more object. False when there is no empty magazine to be had. */
static bool unload(kmem_cache_t *cache, cpu_magazines_t *cc)
{
	unsigned long irq;
	magazine_t *empty;

	if (cc->previous && cc->previous->rounds < MAGAZINE_ROUNDS) {
		magazine_t *m = cc->loaded;

		cc->loaded = cc->previous;
		cc->previous = m;
		return true;
	}
	spin_lock_irqsave(&cache->lock, &irq);
	empty = cache->empty;
	if (empty) {
		cache->empty = empty->next;
		cache->empty_count--;
	}
	spin_unlock_irqrestore(&cache->lock, irq);
	if (!empty) {
		empty = base_alloc(&magazine_cache);
		if (!empty)
			return false;
		empty->rounds = 0;
	}
	if (cc->previous) {
		spin_lock_irqsave(&cache->lock, &irq);
		cc->previous->next = cache->full;
		cache->full = cc->previous;
		cache->full_count++;
		spin_unlock_irqrestore(&cache->lock, irq);
	}
	cc->previous = cc->loaded;
	cc->loaded = empty;
	return true;
}

/* Called by the first use on a CPU; with preemption off. */
static cpu_magazines_t *make_cpu(kmem_cache_t *cache)
{
	cpu_magazines_t *cc;

	if (cache->no_magazines)
		return NULL;
	cc = base_alloc(&cpu_cache);
	if (!cc)
		return NULL;
	memset(cc, 0, sizeof(*cc));
	/* An interrupt on this CPU may have been first. */
	if (!__sync_bool_compare_and_swap(&cache->cpu[this_cpu()], NULL, cc)) {
		kfree(cc);
		cc = cache->cpu[this_cpu()];
	}
	return cc;
}

static cpu_magazines_t *enter(kmem_cache_t *cache)
{
	cpu_magazines_t *cc;

	preempt_disable();
	cc = cache->cpu[this_cpu()];
	if (unlikely(!cc))
		cc = make_cpu(cache);
	if (likely(cc && !cc->busy)) {
		cc->busy = true;
		compiler_barrier();
		return cc;
	}
	preempt_enable();
	return NULL;
}

static void leave(cpu_magazines_t *cc)
{
	compiler_barrier();
	cc->busy = false;
	preempt_enable();
}

/*
 * Both magazines and the depot are empty: takes a batch from the slabs, keeps all but one in
 * `loaded`.
 */
static __noinline void *alloc_slow(kmem_cache_t *cache, gfp_flags_t flags)
{
	void *batch[MAGAZINE_ROUNDS];
	cpu_magazines_t *cc;
	u32 n;

	if (cache->no_magazines)
		return slab_object_alloc(cache, flags);
	n = slab_objects_alloc(cache, flags, batch, MAGAZINE_ROUNDS / 2);
	if (n <= 1)
		return n ? batch[0] : NULL;
	cc = enter(cache);
	if (cc) {
		if (!cc->loaded)
			unload(cache, cc);
		while (n > 1 && cc->loaded && cc->loaded->rounds < MAGAZINE_ROUNDS)
			cc->loaded->objects[cc->loaded->rounds++] = batch[--n];
		leave(cc);
	}
	if (n > 1)
		slab_objects_free(cache, batch + 1, n - 1);
	return batch[0];
}

static __always_inline void *cache_alloc(kmem_cache_t *cache, gfp_flags_t flags,
					 unsigned long caller)
{
	cpu_magazines_t *cc = enter(cache);
	void *object = NULL;

	if (likely(cc)) {
		if (likely(cc->loaded && cc->loaded->rounds) || reload(cache, cc)) {
			object = cc->loaded->objects[--cc->loaded->rounds];
			cc->allocations++;
		}
		leave(cc);
	}
	if (unlikely(!object)) {
		object = alloc_slow(cache, flags);
		if (!object)
			return NULL;
	}
	kasan_unpoison(object, cache->object_size);
	slab_debug_alloc(cache, object, caller);
	if (flags & GFP_ZERO)
		memset(object, 0, cache->object_size);
	return object;
}

void *kmem_cache_alloc(kmem_cache_t *cache, gfp_flags_t flags)
{
	if (flags & GFP_WAIT)
		might_sleep();
	return cache_alloc(cache, flags, (unsigned long)__builtin_return_address(0));
}

void kmem_cache_free(kmem_cache_t *cache, void *object)
{
	cpu_magazines_t *cc;
	bool done = false;

	ASSERT(slab_cache_of(object) == cache);
	slab_debug_free(cache, object);
	kasan_poison(object, cache->stride, KASAN_FREE_OBJECT);
	cc = enter(cache);
	if (likely(cc)) {
		if (likely(cc->loaded && cc->loaded->rounds < MAGAZINE_ROUNDS) ||
		    unload(cache, cc)) {
			cc->loaded->objects[cc->loaded->rounds++] = object;
			cc->frees++;
			done = true;
		}
		leave(cc);
	}
	if (unlikely(!done))
		slab_object_free(cache, object);
}

/* The running CPU's magazines of a cache are dissolved, their objects go back to the slabs. */
static void flush_cpu(kmem_cache_t *cache)
{
	cpu_magazines_t *cc = enter(cache);
	magazine_t *magazines[2];

	if (!cc)
		return;
	magazines[0] = cc->loaded;
	magazines[1] = cc->previous;
	cc->loaded = cc->previous = NULL;
	leave(cc);
	for (int i = 0; i < 2; i++) {
		if (!magazines[i])
			continue;
		slab_objects_free(cache, magazines[i]->objects, magazines[i]->rounds);
		kfree(magazines[i]);
	}
}

static void flush_cpu_all_caches(void *arg)
{
	kmem_cache_t *cache;

	list_for_each_entry_rcu(cache, &slab_caches, link)
		flush_cpu(cache);
}

void kmem_flush_magazines(void)
{
	smp_call_all(flush_cpu_all_caches, NULL);
}
