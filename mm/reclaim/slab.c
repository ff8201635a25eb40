/*
 * What the slab caches can spare: full magazines in their depots, and slabs that are empty then.
 */
#include "../slab/slab_internal.h"

/* Empties the depot: its objects go back to their slabs, full ones and empties alike are freed. */
static u64 cache_reap(kmem_cache_t *cache)
{
	magazine_t *full, *empty;
	unsigned long irq;
	u64 before = cache->slab_count;

	spin_lock_irqsave(&cache->lock, &irq);
	full = cache->full;
	empty = cache->empty;
	cache->full = cache->empty = NULL;
	cache->full_count = cache->empty_count = 0;
	spin_unlock_irqrestore(&cache->lock, irq);
	while (full) {
		magazine_t *m = full;

		full = m->next;
		slab_objects_free(cache, m->objects, m->rounds);
		kfree(m);
	}
	while (empty) {
		magazine_t *m = empty;

		empty = m->next;
		kfree(m);
	}
	return (before - MIN(before, READ_ONCE(cache->slab_count))) << cache->order;
}

__cold u64 kmem_reclaim(void)
{
	u64 freed = 0;
	kmem_cache_t *cache;

	list_for_each_entry_rcu(cache, &slab_caches, link)
		freed += cache_reap(cache);
	/* Then only: magazines were given back to their cache. */
	list_for_each_entry_rcu(cache, &slab_caches, link)
		freed += slab_drop_empty(cache);
	return freed;
}
