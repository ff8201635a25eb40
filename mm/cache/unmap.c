/*
 * Taking a file's pages out of all mappings, as truncation does.
 */
#include "../space/space_internal.h"

void file_map_unmap(file_map_t *map, u64 first, u64 last, bool even_private)
{
	interval_node_t *n;

	rwsem_read_lock(&map->map_lock);
	for (n = interval_first(&map->mappings, first, last); n;
	     n = interval_next(n, first, last)) {
		vm_area_t *v = container_of(n, vm_area_t, map_node);
		u64 from = MAX(first, n->start) - n->start, to = MIN(last, n->last) - n->start + 1;
		gather_t g;

		gather_init(&g, v->space);
		zap_range(&g, v->start + (from << PAGE_SHIFT), v->start + (to << PAGE_SHIFT),
			  even_private);
		gather_finish(&g);
	}
	rwsem_read_unlock(&map->map_lock);
}
