/*
 * What the page allocator and its users count.
 */
#include "../page/page_internal.h"

#include <kernel/printk.h>
#include <kernel/sync/mutex.h>

DEFINE_PERCPU(s64, mm_counters[MM_COUNTERS]);

s64 mm_counter(mm_counter_t which)
{
	s64 sum = 0;

	for_each_cpu(cpu)
		sum += READ_ONCE(per_cpu(mm_counters[which], cpu));
	return MAX(sum, (s64)0);
}

static u64 zone_free_pages(const zone_t *zone)
{
	u64 n = READ_ONCE(zone->free) + READ_ONCE(zone->dormant);

	for_each_cpu(cpu)
		if (zone->pcp[cpu])
			n += READ_ONCE(zone->pcp[cpu]->count);
	return n;
}

u64 free_page_count(void)
{
	u64 n = 0;

	for (u32 i = 0; i < zone_count; i++)
		n += zone_free_pages(&zones[i]);
	return n;
}

u64 total_page_count(void)
{
	u64 n = 0;

	for (u32 i = 0; i < zone_count; i++)
		n += zones[i].present - zones[i].reserved;
	return n;
}

u64 node_total_pages(u32 node)
{
	u64 n = 0;

	for (u32 t = 0; t < ZONE_TYPES; t++)
		n += zones[node * ZONE_TYPES + t].present - zones[node * ZONE_TYPES + t].reserved;
	return n;
}

u64 node_free_pages(u32 node)
{
	u64 n = 0;

	for (u32 t = 0; t < ZONE_TYPES; t++)
		n += zone_free_pages(&zones[node * ZONE_TYPES + t]);
	return n;
}

/* ---- vm.min_free_kbytes ---- */

u64 vm_min_free_kbytes;
static mutex_t marks_lock = MUTEX_INIT(marks_lock); /* that, and the zones' watermarks */

__init void vm_min_free_init(void)
{
	for (u32 i = 0; i < zone_count; i++)
		vm_min_free_kbytes += zones[i].min << (PAGE_SHIFT - 10);
}

int vm_set_min_free(u64 kib)
{
	u64 pages = kib >> (PAGE_SHIFT - 10), total = MAX(total_page_count(), 1UL);

	mutex_lock(&marks_lock);
	WRITE_ONCE(vm_min_free_kbytes, kib);
	for (u32 i = 0; i < zone_count; i++) {
		zone_t *zone = &zones[i];
		u64 min = pages * (zone->present - zone->reserved) / total;

		WRITE_ONCE(zone->min, min);
		WRITE_ONCE(zone->low, min + min / 2);
		WRITE_ONCE(zone->high, min * 2);
	}
	mutex_unlock(&marks_lock);
	return 0;
}

__cold bool zone_info(u32 index, zone_info_t *out)
{
	zone_t *zone;

	if (index >= zone_count)
		return false;
	zone = &zones[index];
	*out = (zone_info_t){
		.name = zone->name,
		.node = zone->node,
		.start_pfn = zone->start_pfn,
		.spanned = zone->end_pfn - zone->start_pfn,
		.present = zone->present,
		.free = zone_free_pages(zone),
		.min = zone->min,
		.low = zone->low,
		.high = zone->high,
	};
	for (u32 i = 0; i <= MAX_ORDER; i++)
		out->free_blocks[i] = READ_ONCE(zone->block_count[i]);
	return true;
}

__cold void memory_stats(memory_statistics_t *out)
{
	*out = (memory_statistics_t){
		.total_pages = total_page_count(),
		.free_pages = free_page_count(),
		.cached_pages = (u64)mm_counter(MM_CACHED),
		.anon_pages = (u64)mm_counter(MM_ANON),
		.slab_pages = (u64)mm_counter(MM_SLAB),
		.table_pages = (u64)mm_counter(MM_TABLE),
		.stack_pages = (u64)mm_counter(MM_STACK),
		.shmem_pages = (u64)mm_counter(MM_SHMEM),
		.dirty_pages = (u64)mm_counter(MM_DIRTY),
		.mapped_pages = (u64)mm_counter(MM_MAPPED),
		.mlocked_pages = (u64)mm_counter(MM_MLOCKED),
	};
	for (u32 i = 0; i < zone_count; i++)
		out->reserved_pages += zones[i].reserved;
}

__cold void dump_memory_stats(void)
{
	memory_statistics_t m;

	memory_stats(&m);
	printk(KERN_INFO "Memory: %lu KiB, %lu free, %lu cached, %lu anonymous, %lu slab, "
			 "%lu tables\n",
	       m.total_pages * 4, m.free_pages * 4, m.cached_pages * 4, m.anon_pages * 4,
	       m.slab_pages * 4, m.table_pages * 4);
	for (u32 i = 0; i < zone_count; i++) {
		const zone_t *z = &zones[i];

		if (z->present)
			printk(KERN_INFO "Zone %s of node %u: %lu KiB free, min %lu, low %lu\n",
			       z->name, z->node, zone_free_pages(z) * 4, z->min * 4, z->low * 4);
	}
}
