/*
 * The binary buddy allocator of one zone (Knuth, TAOCP 1, 2.5).
 *
 * Concepts. A free block of order k is 2^k frames, aligned to its size. Its buddy is the other half
 * of the order k+1 block that holds both: pfn ^ 2^k. Allocation splits the smallest block that is
 * large enough; freeing joins a block with its buddy as long as that is free, of the same order and
 * of the same zone.
 *
 * Implementation. Only the first page_t of a free block carries PG_FREE and the order; `nonempty`
 * has a bit for each order with blocks, so that the search is one instruction. A buddy may have no
 * page_t at all (a hole of the machine): page_sections says where page_t exist. Blocks are given to
 * and taken from the front of their list, so that what was touched last is used first.
 *
 * Locking. Everything here runs under the zone's lock. Cost: O(MAX_ORDER) for both directions.
 */
#include "page_internal.h"

#include <kernel/panic.h>

static inline void block_insert(zone_t *zone, page_t *page, u32 order)
{
	page->order = order;
	page_set_flag(page, PG_FREE);
	list_add(&page->link, &zone->blocks[order]);
	zone->block_count[order]++;
	zone->nonempty |= 1u << order;
}

static void block_remove(zone_t *zone, page_t *page, u32 order)
{
	list_del(&page->link);
	page_clear_flag(page, PG_FREE);
	zone->block_count[order]--;
	if (list_empty(&zone->blocks[order]))
		zone->nonempty &= ~(1u << order);
}

page_t *buddy_take(zone_t *zone, u32 order)
{
	u32 candidates = zone->nonempty >> order;
	page_t *page;
	u32 have;

	assert_held(&zone->lock);
	if (!candidates)
		return NULL;
	have = order + (u32)__builtin_ctz(candidates);
	page = list_first_entry(&zone->blocks[have], page_t, link);
	block_remove(zone, page, have);
	while (have > order) {
		have--;
		block_insert(zone, page + (1UL << have), have);
	}
	zone->free -= 1UL << order;
	return page;
}

/* The free buddy of a block, or NULL when it cannot be joined. */
static page_t *free_buddy(zone_t *zone, pfn_t pfn, u32 order)
{
	pfn_t other = pfn ^ (1UL << order);
	pfn_t section = other >> SECTION_SHIFT;
	u32 within = other & ((1u << SECTION_SHIFT) - 1);
	page_t *page;

	if (section >= page_section_count || !section_has(section, within))
		return NULL;
	page = pfn_to_page(other);
	if (!page_flag(page, PG_FREE) || page->order != order || page_zone(page) != zone)
		return NULL;
	return page;
}

void buddy_give(zone_t *zone, page_t *page, u32 order)
{
	pfn_t pfn = page_to_pfn(page);

	assert_held(&zone->lock);
	ASSERT(IS_ALIGNED(pfn, 1UL << order));
	ASSERT(!page_flag(page, PG_FREE));
	zone->free += 1UL << order;
	while (order < MAX_ORDER) {
		page_t *buddy = free_buddy(zone, pfn, order);

		if (!buddy)
			break;
		block_remove(zone, buddy, order);
		pfn &= ~(1UL << order);
		order++;
	}
	block_insert(zone, pfn_to_page(pfn), order);
}
