/*
 * Slab checks of debug builds: state and owner record behind each object, patterns in free ones,
 * and a report of who owns what is still allocated.
 */
#include "slab_internal.h"

#ifdef CONFIG_DEBUG

#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>

#define MARK_USED 0x600dc0de1a110c8dUL
#define MARK_FREE 0xf4eedf4eedf4eed0UL
#define FILL_FREE 0x6b	/* after free */
#define FILL_FRESH 0x5a /* allocated, not yet written */

typedef struct slab_record {
	u64 mark;
	u64 caller;
} slab_record_t;
_Static_assert(sizeof(slab_record_t) == SLAB_DEBUG_SIZE, "slab debug record");

static slab_record_t *record_of(kmem_cache_t *cache, void *object)
{
	return (slab_record_t *)((char *)object + cache->body);
}

/* The first word of a free object links it to the next one, so the pattern starts behind it. */
static __no_sanitize bool pattern_intact(kmem_cache_t *cache, void *object)
{
	const u8 *p = object;

	for (u32 i = sizeof(void *); i < cache->object_size; i++)
		if (p[i] != FILL_FREE)
			return false;
	return true;
}

static __no_sanitize void fill(void *object, u8 byte, u32 from, u32 to)
{
	volatile u8 *p = object;

	for (u32 i = from; i < to; i++)
		p[i] = byte;
}

__no_sanitize void slab_debug_fresh(kmem_cache_t *cache, void *object)
{
	slab_record_t *r = record_of(cache, object);

	r->mark = MARK_FREE;
	r->caller = 0;
	if (!cache->ctor)
		fill(object, FILL_FREE, 0, cache->object_size);
}

__no_sanitize void slab_debug_alloc(kmem_cache_t *cache, void *object, unsigned long caller)
{
	slab_record_t *r = record_of(cache, object);

	if (r->mark != MARK_FREE)
		panic("slab %s: object %p handed out twice or overrun from before it (mark %lx)",
		      cache->name, object, r->mark);
	if (!cache->ctor && !pattern_intact(cache, object))
		panic("slab %s: object %p written after it was freed (last owner %lx)", cache->name,
		      object, r->caller);
	r->mark = MARK_USED;
	r->caller = caller;
	if (!cache->ctor)
		fill(object, FILL_FRESH, 0, cache->object_size);
}

__no_sanitize void slab_debug_free(kmem_cache_t *cache, void *object)
{
	slab_record_t *r = record_of(cache, object);
	unsigned long base = (unsigned long)page_to_virt(slab_head(cache, object));

	if (((unsigned long)object - base) % cache->stride)
		panic("slab %s: free of %p, which is no object's start", cache->name, object);
	if (r->mark == MARK_FREE)
		panic("slab %s: object %p freed twice (owner was %lx)", cache->name, object,
		      r->caller);
	if (r->mark != MARK_USED)
		panic("slab %s: object %p overrun (mark %lx)", cache->name, object, r->mark);
	r->mark = MARK_FREE;
	if (!cache->ctor)
		fill(object, FILL_FREE, 0, cache->object_size);
}

__no_sanitize unsigned long slab_debug_owner(kmem_cache_t *cache, void *object)
{
	slab_record_t *r = record_of(cache, object);

	return r->mark == MARK_USED ? r->caller : 0;
}

#define OWNERS 64 /* callers told apart in one cache's report; the rest is summed */
typedef struct owner_count {
	unsigned long caller;
	u64 objects;
} owner_count_t;

static void count_slabs(kmem_cache_t *cache, u32 first, owner_count_t *owners)
{
	for (u32 pfn = first; pfn; pfn = pfn_to_page(pfn)->next_slab) {
		char *base = page_to_virt(pfn_to_page(pfn));

		for (u32 i = 0; i < cache->per_slab; i++) {
			unsigned long caller =
				slab_debug_owner(cache, base + (size_t)i * cache->stride);
			u32 slot = 0;

			if (!caller)
				continue;
			while (slot < OWNERS - 1 && owners[slot].caller &&
			       owners[slot].caller != caller)
				slot++;
			owners[slot].caller = slot == OWNERS - 1 ? 0 : caller;
			owners[slot].objects++;
		}
	}
}

void slab_report_leaks(void)
{
	static owner_count_t owners[OWNERS]; /* slab_list_lock */
	kmem_cache_t *cache;

	spin_lock(&slab_list_lock);
	list_for_each_entry(cache, &slab_caches, link) {
		unsigned long irq;

		memset(owners, 0, sizeof(owners));
		spin_lock_irqsave(&cache->lock, &irq);
		count_slabs(cache, cache->partial_slabs, owners);
		count_slabs(cache, cache->full_slabs, owners);
		spin_unlock_irqrestore(&cache->lock, irq);
		for (u32 i = 0; i < OWNERS; i++) {
			unsigned long offset = 0;
			const char *name = symbol_lookup(owners[i].caller, &offset);

			if (owners[i].objects)
				printk(KERN_INFO "slab %s: %lu objects of %s+0x%lx\n", cache->name,
				       owners[i].objects, name ? name : "others", offset);
		}
	}
	spin_unlock(&slab_list_lock);
}

#endif
