/*
 * Socket buffers (include/net/buffer.h).
 *
 * Small ones live in one slab object, structure and bytes together: one allocation for a message,
 * which is most of what a local round trip costs. Larger linear runs come from kmalloc; what is
 * beyond a page goes to fragments of up to eight pages each, smaller ones when memory is
 * fragmented.
 */
#include <net/buffer.h>

#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#include "socket_internal.h"

/* Object of the cache, and the bytes in it behind the structure. */
#define SKB_OBJECT 512
#define SKB_INLINE_BYTES (SKB_OBJECT - sizeof(sk_buff_t))
#define FRAG_ORDER_MAX 3
/*
 * Linux's accounting: a buffer counts its structure (256 bytes) and its linear run with the shared
 * part at its end (320), rounded up to a slab size, and whole pages. At most a page of data is
 * linear.
 */
#define CHARGE_STRUCT 256
#define CHARGE_SHARED 320
#define LINEAR_MAX (PAGE_SIZE - CHARGE_SHARED)

static kmem_cache_t *skb_cache;

_Static_assert(sizeof(sk_buff_t) <= SKB_OBJECT / 2, "room for small messages");

static sk_buff_t *new_buffer(u32 linear, gfp_flags_t flags)
{
	sk_buff_t *skb = kmem_cache_alloc(skb_cache, flags);

	if (!skb)
		return NULL;
	skb->inline_head = linear <= SKB_INLINE_BYTES;
	if (skb->inline_head) {
		skb->head = (u8 *)(skb + 1);
		skb->end = skb->head + SKB_INLINE_BYTES;
	} else {
		skb->head = kmalloc(linear, flags);
		if (!skb->head) {
			kmem_cache_free(skb_cache, skb);
			return NULL;
		}
		skb->end = skb->head + linear;
	}
	skb->data = skb->head;
	skb->len = skb->paged = skb->charge = 0;
	skb->nr_frags = 0;
	skb->max_frags = SKB_FRAGS_INLINE;
	skb->tag = 0;
	skb->owner = NULL;
	skb->frags = skb->small_frags;
	return skb;
}

static u32 order_of(u32 len)
{
	return len <= PAGE_SIZE ? 0 : 32 - (u32)__builtin_clz((len - 1) >> PAGE_SHIFT);
}

static void free_frags(sk_buff_t *skb)
{
	for (u32 i = 0; i < skb->nr_frags; i++) {
		skb_frag_t *f = &skb->frags[i];

		if (f->order)
			free_pages(f->page, f->order);
		else
			page_put(f->page);
	}
	if (skb->frags != skb->small_frags)
		kfree(skb->frags);
}

void free_skb(sk_buff_t *skb)
{
	if (!skb)
		return;
	if (skb->owner)
		socket_uncharge(skb);
	if (unlikely(skb->nr_frags))
		free_frags(skb);
	if (!skb->inline_head)
		kfree(skb->head);
	kmem_cache_free(skb_cache, skb);
}

/* ---- large ones ---- */

static bool grow_frags(sk_buff_t *skb, gfp_flags_t flags)
{
	u32 more = skb->max_frags * 4u;
	skb_frag_t *frags;

	if (more > UINT16_MAX) /* max_frags; a budget that only the administrator can set */
		return false;
	frags = kmalloc(more * sizeof(*frags), flags);
	if (!frags)
		return false;
	memcpy(frags, skb->frags, skb->nr_frags * sizeof(*frags));
	if (skb->frags != skb->small_frags)
		kfree(skb->frags);
	skb->frags = frags;
	skb->max_frags = (u16)more;
	return true;
}

/* One run of at most `want` bytes, rounded up to pages; a smaller one where memory is fragmented. */
static bool add_frag(sk_buff_t *skb, u32 want, gfp_flags_t flags)
{
	u32 order = MIN(order_of(want), (u32)FRAG_ORDER_MAX);
	page_t *page = NULL;

	/* Never a larger run than what is to go into it. */
	if (order && (PAGE_SIZE << order) > ALIGN_UP(want, (u32)PAGE_SIZE))
		order--;
	if (skb->nr_frags == skb->max_frags && !grow_frags(skb, flags))
		return false;
	for (; order && !page; order -= !page)
		page = alloc_pages_gfp((flags & ~GFP_WAIT) | GFP_NOWARN | GFP_NORETRY, order);
	if (!page)
		page = alloc_pages_gfp(flags, 0);
	if (!page)
		return false;
	skb->frags[skb->nr_frags++] = (skb_frag_t){ .page = page,
						    .len = MIN(want, (u32)PAGE_SIZE << order),
						    .order = (u16)order };
	return true;
}

u32 skb_charge_of(u32 len, u32 paged)
{
	u32 linear = len - paged + CHARGE_SHARED, room = 64;

	while (room < linear)
		room *= 2;
	return CHARGE_STRUCT + room + (u32)ALIGN_UP(paged, (u32)PAGE_SIZE);
}

sk_buff_t *skb_alloc_sized(u32 len, gfp_flags_t flags)
{
	u32 paged =
		len > LINEAR_MAX ? MIN(len, (u32)ALIGN_UP(len - LINEAR_MAX, (u32)PAGE_SIZE)) : 0;
	sk_buff_t *skb = new_buffer(len - paged, flags);

	if (!skb)
		return NULL;
	skb->len = len;
	skb->paged = paged;
	skb->charge = skb_charge_of(len, paged);
	for (u32 left = paged; left; left -= skb->frags[skb->nr_frags - 1].len)
		if (!add_frag(skb, left, flags)) {
			free_skb(skb);
			return NULL;
		}
	return skb;
}

/* ---- contents ---- */

int skb_copy_from_iter(sk_buff_t *skb, iter_t *it)
{
	u32 linear = skb->len - skb->paged;

	if (linear && copy_from_iter(skb->data, linear, it) != linear)
		return -EFAULT;
	for (u32 i = 0; i < skb->nr_frags; i++) {
		skb_frag_t *f = &skb->frags[i];

		if (copy_from_iter((u8 *)page_to_virt(f->page) + f->offset, f->len, it) != f->len)
			return -EFAULT;
	}
	return 0;
}

int skb_copy_to_iter(const sk_buff_t *skb, u32 offset, u32 n, iter_t *it)
{
	u32 linear = skb->len - skb->paged;

	if (offset < linear) {
		u32 step = MIN(n, linear - offset);

		if (copy_to_iter(skb->data + offset, step, it) != step)
			return -EFAULT;
		n -= step;
		offset = 0;
	} else {
		offset -= linear;
	}
	for (u32 i = 0; n && i < skb->nr_frags; i++) {
		skb_frag_t *f = &skb->frags[i];
		u32 step;

		if (offset >= f->len) {
			offset -= f->len;
			continue;
		}
		step = MIN(n, f->len - offset);
		if (copy_to_iter((u8 *)page_to_virt(f->page) + f->offset + offset, step, it) !=
		    step)
			return -EFAULT;
		n -= step;
		offset = 0;
	}
	return 0;
}

__init void skb_init(void)
{
	skb_cache = kmem_cache_create("socket_buffer", SKB_OBJECT, 0, SLAB_CACHE_ALIGN, NULL);
}
