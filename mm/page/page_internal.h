/*
 * Zones and their lists, shared by the files of mm/page.
 */
#ifndef MM_PAGE_INTERNAL_H
#define MM_PAGE_INTERNAL_H

#include <mm/page.h>

/*
 * A per-CPU stack of order-0 pages, chained by link.next. Touched by its own CPU with preemption off; `busy`
 * keeps an interrupt that allocates in the middle away from it (it goes to the zone instead), so that
 * the fast path needs no CLI.
 */
typedef struct page_pcp {
	bool busy;
	u32 count, high, batch;
	list_t *top;
} __cacheline_aligned page_pcp_t;

typedef struct zone {
	spinlock_t lock;  /* guards all below up to the constants; interrupts off */
	u64 free;	  /* pages on the free lists */
	u64 dormant;	  /* pages that are free but not on them yet (zone_wake) */
	u64 next_dormant; /* section: no dormant one of this zone before it */
	u32 nonempty;	  /* bit per order */
	list_t blocks[MAX_ORDER + 1];
	u64 block_count[MAX_ORDER + 1];

	/* constant after boot */
	page_pcp_t *pcp[NR_CPUS]; /* set when the CPU comes up */
	const char *name;
	u32 node, index;
	zone_type_t type;
	u64 start_pfn, end_pfn, present, reserved;
	u64 lowmem_reserve; /* kept from requests that could use a higher zone */

	u64 min, low, high; /* watermarks, pages: mm/info/pages.c changes them; read racily */
} __cacheline_aligned zone_t;

extern zone_t *zones; /* node_count * ZONE_TYPES, node-major */
extern u32 zone_count;

static inline zone_t *page_zone(const page_t *p)
{
	return &zones[READ_ONCE(p->flags) >> PG_ZONE_SHIFT];
}

/*
 * Frames of one 256 MiB section whose page_t are filled in; first > last when none. Boot sets them; of
 * a dormant section they change under its zone's lock and are read without.
 */
#define SECTION_SHIFT 16
typedef struct page_section {
	u32 first, last;  /* pfn within the section */
	u32 dormant_zone; /* index + 1: all that is not filled in is free memory of this zone */
} page_section_t;
extern page_section_t *page_sections;
extern u64 page_section_count;

static inline bool section_has(u64 section, u32 within)
{
	const page_section_t *s = &page_sections[section];

	return within >= __atomic_load_n(&s->first, __ATOMIC_ACQUIRE) &&
	       within <= __atomic_load_n(&s->last, __ATOMIC_ACQUIRE);
}

/*
 * init.c: fills in the page_t of the next dormant pages of a zone and gives them to its lists; false
 * when it has none.
 */
bool zone_wake(zone_t *zone);

/* buddy.c; zone lock held. take returns NULL when no block is large enough. */
page_t *buddy_take(zone_t *zone, u32 order);
void buddy_give(zone_t *zone, page_t *page, u32 order);

/* alloc.c: boot hands over free memory. */
void zone_init(zone_t *zone, u32 node, zone_type_t type);
void zone_set_watermarks(zone_t *zone);

#endif
