/*
 * The page allocator's front: which zone, the per-CPU stacks, and what to do when memory is short.
 *
 * Concepts. A request names the highest zone it can use (NUMA(n) unless GFP_LOWMEM or GFP_DMA) and
 * a node. Zones are tried from the highest type down, each type on the nearest node first, so that
 * the scarce low zones go last. Each zone has three watermarks: below `low` the caller reclaims
 * before it goes on, below `min` only GFP_HIGH and threads that free memory (reclaimers, victims of
 * the OOM killer) are served.
 *
 * Order-0 pages pass through a per-CPU stack in front of each zone, refilled and drained in
 * batches: the common allocation and free take no lock and touch no other page_t.
 *
 * Locking. A pcp belongs to its CPU with preemption off (see page_pcp_t). The zone lock is a leaf,
 * taken with interrupts off. Reclaim runs with no lock held.
 */
#include "page_internal.h"

#include <kernel/printk.h>
#include <kernel/sync/rcu.h>
#include <kernel/thread.h>
#include <mm/kasan.h>

zone_t *zones __ro_after_init;
u32 zone_count __ro_after_init;

__init void zone_init(zone_t *zone, u32 node, zone_type_t type)
{
	static const char *const names[ZONE_TYPES] = { "DMA", "LOWMEM", "NUMA" };

	spinlock_init(&zone->lock);
	zone->name = names[type];
	zone->node = node;
	zone->type = type;
	zone->index = node * ZONE_TYPES + type;
	for (u32 i = 0; i <= MAX_ORDER; i++)
		list_init(&zone->blocks[i]);
}

/* A fifth of a percent is kept for interrupts and for those that free memory; on large machines, 16 MiB. */
__init void zone_set_watermarks(zone_t *zone)
{
	zone->min = MIN(MAX(zone->present / 512, 16UL), 4096UL);
	zone->low = zone->min + zone->min / 2;
	zone->high = zone->min * 2;
	zone->lowmem_reserve = zone->type == ZONE_DMA ? zone->present / 32 : 0;
	if (!zone->present)
		zone->min = zone->low = zone->high = 0;
}

static void pcp_push(page_pcp_t *pcp, page_t *page)
{
	page->link.next = pcp->top;
	pcp->top = &page->link;
	pcp->count++;
}

static page_t *pcp_pop(page_pcp_t *pcp)
{
	page_t *page = container_of(pcp->top, page_t, link);

	pcp->top = page->link.next;
	pcp->count--;
	return page;
}

static void pcp_refill(zone_t *zone, page_pcp_t *pcp)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, &flags);
	for (u32 i = 0; i < pcp->batch; i++) {
		page_t *page = buddy_take(zone, 0);

		if (!page)
			break;
		pcp_push(pcp, page);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

static void pcp_drain(zone_t *zone, page_pcp_t *pcp, u32 keep)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, &flags);
	while (pcp->count > keep)
		buddy_give(zone, pcp_pop(pcp), 0);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/*
 * The running CPU's stack of the zone, marked busy with preemption off; NULL when it may not be
 * used.
 */
static __always_inline page_pcp_t *pcp_enter_inline(zone_t *zone)
{
	page_pcp_t *pcp;

	preempt_disable();
	pcp = zone->pcp[this_cpu()];
	if (likely(pcp && !pcp->busy)) {
		pcp->busy = true;
		compiler_barrier();
		return pcp;
	}
	preempt_enable();
	return NULL;
}

static page_pcp_t *pcp_enter(zone_t *zone)
{
	return pcp_enter_inline(zone);
}

static void pcp_leave(page_pcp_t *pcp)
{
	compiler_barrier();
	pcp->busy = false;
	preempt_enable();
}

static page_t *zone_take_locked(zone_t *zone, u32 order)
{
	unsigned long flags;
	page_t *page;

	spin_lock_irqsave(&zone->lock, &flags);
	page = buddy_take(zone, order);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

static page_t *zone_take(zone_t *zone, u32 order)
{
	page_pcp_t *pcp = order == 0 ? pcp_enter(zone) : NULL;
	page_t *page = NULL;

	if (!pcp)
		return zone_take_locked(zone, order);
	if (unlikely(pcp->count == 0))
		pcp_refill(zone, pcp);
	if (likely(pcp->count != 0))
		page = pcp_pop(pcp);
	pcp_leave(pcp);
	return page;
}

static void zone_give(zone_t *zone, page_t *page, u32 order)
{
	page_pcp_t *pcp = order == 0 ? pcp_enter_inline(zone) : NULL;
	unsigned long flags;

	if (!pcp) {
		spin_lock_irqsave(&zone->lock, &flags);
		buddy_give(zone, page, order);
		spin_unlock_irqrestore(&zone->lock, flags);
		return;
	}
	if (unlikely(pcp->count >= pcp->high))
		pcp_drain(zone, pcp, pcp->high - pcp->batch);
	pcp_push(pcp, page);
	pcp_leave(pcp);
}

static zone_type_t highest_zone(gfp_flags_t flags)
{
	if (flags & GFP_DMA)
		return ZONE_DMA;
	return flags & GFP_LOWMEM ? ZONE_LOWMEM : ZONE_NUMA;
}

/* What a request may be served from: the nodes of the set, the nearest to `node` first. */
typedef struct where {
	u32 node;
	u64 nodes;
} where_t;

#define ALL_NODES (~0ul)

/* One pass over the zones in order of preference, leaving `mark_shift` halvings of min in each. */
static page_t *try_zones(where_t w, gfp_flags_t flags, u32 order, bool above_low, u32 mark_shift)
{
	int top = highest_zone(flags);

	for (int type = top; type >= 0; type--) {
		for (u32 i = 0; i < node_count; i++) {
			/* Nearest first: the node itself, then the others in turn. */
			u32 n = w.node + i < node_count ? w.node + i : w.node + i - node_count;
			zone_t *zone = &zones[n * ZONE_TYPES + (u32)type];
			u64 mark = above_low ? zone->low : zone->min >> mark_shift;
			page_t *page = NULL;

			if (!zone->present || !(w.nodes & BIT(n)))
				continue;
			if (type < top)
				mark += zone->lowmem_reserve;
			do
				if (READ_ONCE(zone->free) >= mark + (1UL << order))
					page = zone_take(zone, order);
			while (unlikely(!page) && READ_ONCE(zone->dormant) && zone_wake(zone));
			if (page)
				return page;
		}
	}
	return NULL;
}

/* Memory is short: reclaim, and at last let the OOM killer end a program. */
static __noinline page_t *alloc_slow(where_t where, gfp_flags_t flags, u32 order)
{
	bool may_wait = (flags & GFP_WAIT) && !in_interrupt();

	for (u32 attempt = 0;; attempt++) {
		u32 shift = flags & GFP_HIGH ? 1 : 0;
		page_t *page;

		/* Looked at each time: the OOM killer may have chosen this very thread. */
		if (current()->alloc_context & ALLOC_RESERVES)
			shift = 31;
		page = try_zones(where, flags, order, false, shift);
		if (page)
			return page;
		/* Inside reclaim itself nothing more can be freed from here. */
		if (!may_wait || (current()->alloc_context & ALLOC_RECLAIMING))
			break;
		if (attempt == 0)
			page_drain_local();
		if (reclaim_pages(MAX(64UL, 1UL << order), flags))
			continue;
		if (attempt < 2) {
			rcu_barrier(); /* what waits for a grace period to be free */
			page_drain_all();
			continue;
		}
		if ((flags & GFP_NORETRY) || order > 3 || !out_of_memory(flags, order))
			break;
	}
	if (!(flags & (GFP_NOWARN | GFP_NORETRY)))
		pr_ratelimited(KERN_WARNING "%s: page allocation failure: order:%u, flags:0x%x\n",
			       current()->name, order, flags);
	return NULL;
}

/* What is common to all that is handed out; NULL remains NULL. */
static page_t *page_prepare(page_t *page, u32 order, gfp_flags_t flags)
{
	if (unlikely(!page))
		return NULL;
	mm_count(MM_ALLOCATIONS, 1);
	refcount_set(&page->refs, 1);
	page->mapping = NULL;
	page->order = 0; /* and map_count, pins */
	kasan_unpoison(page_to_virt(page), PAGE_SIZE << order);
	if (flags & GFP_ZERO) {
		char *va = page_to_virt(page);

		for (u32 i = 0; i < 1u << order; i++)
			arch_clear_page(va + i * PAGE_SIZE);
	}
	return page;
}

static page_t *alloc_where(where_t where, gfp_flags_t flags, u32 order)
{
	page_t *page = try_zones(where, flags, order, true, 0);

	return page_prepare(page ? page : alloc_slow(where, flags, order), order, flags);
}

/*
 * A page of the running CPU's stack of the zone that is tried first, or NULL. The watermarks were looked at when it
 * was filled.
 */
static __always_inline page_t *pcp_take(u32 node, gfp_flags_t flags)
{
	zone_t *zone = &zones[node * ZONE_TYPES + highest_zone(flags)];
	page_t *page = NULL;
	page_pcp_t *pcp;

	while (!zone->present && zone->type != ZONE_DMA)
		zone--;
	pcp = pcp_enter_inline(zone);
	if (unlikely(!pcp))
		return NULL;
	if (likely(pcp->count))
		page = pcp_pop(pcp);
	pcp_leave(pcp);
	return page;
}

u32 page_node(const page_t *p)
{
	return page_zone(p)->node;
}

page_t *alloc_pages_node(u32 node, gfp_flags_t flags, u32 order)
{
	page_t *page;

	if (order > MAX_ORDER)
		return NULL;
	page = order == 0 ? pcp_take(node, flags) : NULL;
	return likely(page) ? page_prepare(page, 0, flags)
			    : alloc_where((where_t){ node, ALL_NODES }, flags, order);
}

page_t *alloc_page_among(u32 node, u64 nodes, gfp_flags_t flags)
{
	return alloc_where((where_t){ node, nodes }, flags, 0);
}

page_t *alloc_pages_gfp(gfp_flags_t flags, u32 order)
{
	return alloc_pages_node(cpu_node(this_cpu()), flags, order);
}

page_t *pgalloc(u32 order, gfp_flags_t flags)
{
	return alloc_pages_gfp(flags, order);
}

page_t *alloc_pages(uint32_t order)
{
	return alloc_pages_gfp(GFP_KERNEL, order);
}

page_t *page_alloc(void)
{
	return alloc_pages_gfp(GFP_KERNEL, 0);
}

void free_pages(page_t *pages, uint32_t order)
{
	ASSERT(!page_flag(pages, PG_FREE | PG_SLAB | PG_CACHE | PG_RESERVED));
	/* What the last user left behind; the zone bits stay. */
	page_clear_flag(pages, (1u << PG_ZONE_SHIFT) - 1);
	kasan_poison(page_to_virt(pages), PAGE_SIZE << order, KASAN_FREE_PAGE);
	mm_count(MM_FREES, 1);
	zone_give(page_zone(pages), pages, order);
}

void page_free(page_t *page)
{
	free_pages(page, 0);
}

void page_release(page_t *page)
{
	free_pages(page, 0);
}

u32 alloc_pages_bulk(gfp_flags_t flags, u32 count, page_t **out)
{
	u32 n = 0;

	while (n < count && (out[n] = alloc_pages_gfp(flags, 0)) != NULL)
		n++;
	return n;
}

void free_pages_bulk(page_t **pages, u32 count)
{
	for (u32 i = 0; i < count; i++)
		free_pages(pages[i], 0);
}

void page_drain_local(void)
{
	for (u32 i = 0; i < zone_count; i++) {
		page_pcp_t *pcp = pcp_enter(&zones[i]);

		if (!pcp)
			continue;
		pcp_drain(&zones[i], pcp, 0);
		pcp_leave(pcp);
	}
}

static void drain_here(void *arg)
{
	page_drain_local();
}

void page_drain_all(void)
{
	smp_call_all(drain_here, NULL);
}
