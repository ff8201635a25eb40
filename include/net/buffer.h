/*
 * Socket buffers: a message, or a piece of a stream, on its way.
 *
 *	skb = skb_alloc_sized(len, GFP_KERNEL);
 *	skb_copy_from_iter(skb, it);			len bytes, or -EFAULT
 *	skb_copy_to_iter(skb, offset, n, it);
 *	free_skb(skb);
 *
 * A buffer has one linear run of bytes [data, data + len - paged) in [head, end), in the very
 * object when it is small, and behind it page fragments when it is large. A buffer has one owner at a
 * time: whoever allocated it, then the queue that it stands in, then whoever took it off. What it
 * holds of its sender's budget (charge) is given back when it is freed.
 */
#ifndef NET_BUFFER_H
#define NET_BUFFER_H

#include <kernel/lib/list.h>
#include <mm/iter.h>
#include <mm/page.h>

struct socket;
struct socket_buffer;

/* Bytes of a family's own in each buffer. */
#define SKB_CONTROL_SIZE 48
#define SKB_FRAGS_INLINE 4

/* A run of 1 << order pages, freed as one; of order 0, a reference. */
typedef struct skb_frag {
	page_t *page;
	u32 len; /* valid bytes, from offset */
	u16 offset, order;
} skb_frag_t;

typedef struct socket_buffer {
	list_t link; /* queue's owner */
	u8 *head, *data, *end;
	u32 len;   /* all bytes */
	u32 paged; /* those in fragments */
	u32 charge;
	u16 nr_frags, max_frags;
	u8 tag; /* family's */
	bool inline_head;
	struct socket *owner;			     /* pays the charge; NULL: nobody */
	u64 control[SKB_CONTROL_SIZE / sizeof(u64)]; /* family's; undefined at first */
	skb_frag_t *frags;			     /* nr_frags; small_frags or allocated */
	skb_frag_t small_frags[SKB_FRAGS_INLINE];
} sk_buff_t; /* API's name */

/*
 * A buffer of exactly len bytes, their contents undefined: the first ones linear, the rest in pages.
 * skb->charge is what it counts against a socket's budget. NULL when out of memory.
 */
sk_buff_t *skb_alloc_sized(u32 len, gfp_flags_t flags);
/* What a buffer of len bytes, of which `paged` stand in pages, counts: as on Linux, since programs see it. */
u32 skb_charge_of(u32 len, u32 paged);
/* Fills all skb->len bytes. 0 or -EFAULT (contents undefined, the iterator advanced). May sleep. */
int skb_copy_from_iter(sk_buff_t *skb, iter_t *it);
/* Bytes [offset, offset + n), which exist. 0 or -EFAULT. May sleep. */
int skb_copy_to_iter(const sk_buff_t *skb, u32 offset, u32 n, iter_t *it);
void free_skb(sk_buff_t *skb); /* API: the owner gets the charge back; NULL is ignored */
void skb_init(void);

/* A queue of buffers, under a lock of its owner's. */
typedef struct skb_queue {
	list_t list;
	u32 count;
} skb_queue_t;

static inline void skb_queue_init(skb_queue_t *q)
{
	list_init(&q->list);
	q->count = 0;
}
static inline bool skb_queue_empty(const skb_queue_t *q) /* racy without the lock */
{
	return list_empty(&q->list);
}
static inline sk_buff_t *skb_queue_first(const skb_queue_t *q)
{
	return list_empty(&q->list) ? NULL : list_first_entry(&q->list, sk_buff_t, link);
}
static inline sk_buff_t *skb_queue_next(const skb_queue_t *q, sk_buff_t *skb)
{
	return list_is_last(&skb->link, &q->list) ? NULL : list_next_entry(skb, link);
}
static inline void skb_queue_tail(skb_queue_t *q, sk_buff_t *skb)
{
	list_add_tail(&skb->link, &q->list);
	WRITE_ONCE(q->count, q->count + 1);
}
static inline void skb_unlink(skb_queue_t *q, sk_buff_t *skb)
{
	list_del(&skb->link);
	WRITE_ONCE(q->count, q->count - 1);
}
static inline u32 skb_queue_len(const skb_queue_t *q) /* racy without the lock */
{
	return READ_ONCE(q->count);
}

#endif
