/*
 * What the slab caches hold.
 */
#include "../slab/slab_internal.h"

__cold bool slab_info(u32 index, slab_info_t *out)
{
	kmem_cache_t *cache;

	list_for_each_entry_rcu(cache, &slab_caches, link) {
		u64 cached = 0;

		if (index--)
			continue;
		for_each_cpu(cpu) {
			cpu_magazines_t *cc = cache->cpu[cpu];
			magazine_t *loaded = cc ? READ_ONCE(cc->loaded) : NULL;
			magazine_t *previous = cc ? READ_ONCE(cc->previous) : NULL;

			cached += (loaded ? loaded->rounds : 0) + (previous ? previous->rounds : 0);
		}
		cached += (u64)cache->full_count * MAGAZINE_ROUNDS;
		*out = (slab_info_t){
			.name = cache->name,
			.active_objs = cache->in_use - MIN(cached, cache->in_use),
			.total_objs = cache->slab_count * cache->per_slab,
			.slabs = cache->slab_count,
			.pages = cache->slab_count << cache->order,
			.object_size = cache->object_size,
			.objects_per_slab = cache->per_slab,
			.pages_per_slab = 1u << cache->order,
		};
		return true;
	}
	return false;
}
