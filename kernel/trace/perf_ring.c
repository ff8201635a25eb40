/*
 * The ring of performance events: pages that a reader maps. The kernel writes whole records at data_head, the
 * reader moves data_tail behind what it has read; what does not fit is counted, and told by a record as
 * soon as there is room.
 *
 * A ring that is mapped read-only has no tail: there the newest records replace the oldest, and attr may ask for
 * records from the end backwards, so that the newest is always found at data_head.
 *
 * The first page is the reader's to write: its tail is used as a distance only, and where the kernel writes is
 * kept outside of it.
 */
#include "perf_internal.h"

#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>

perf_ring_t *perf_ring_create(u32 pages, bool overwrite)
{
	perf_ring_t *r = kzalloc(sizeof(*r) + (pages + 1) * sizeof(r->page[0]), GFP_KERNEL);
	struct perf_event_mmap_page *control;

	if (!r)
		return NULL;
	refcount_set(&r->refs, 1);
	spinlock_init(&r->lock);
	init_waitqueue_head(&r->wait);
	r->pages = pages;
	r->overwrite = overwrite;
	for (u32 i = 0; i <= pages; i++) {
		r->page[i] = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0);
		if (!r->page[i]) {
			perf_ring_put(r);
			return NULL;
		}
	}
	control = page_to_virt(r->page[0]);
	control->capabilities = PERF_CAP_BIT0_IS_DEPRECATED;
	control->size = offsetof(struct perf_event_mmap_page, reserved);
	control->data_offset = PAGE_SIZE;
	control->data_size = (u64)pages << PAGE_SHIFT;
	return r;
}

void perf_ring_put(perf_ring_t *r)
{
	if (!refcount_put(&r->refs))
		return;
	for (u32 i = 0; i <= r->pages; i++)
		if (r->page[i])
			page_put(r->page[i]);
	perf_uncharge(r);
	kfree(r);
}

perf_ring_t *perf_event_ring(perf_event_t *e)
{
	unsigned long flags;
	perf_ring_t *r;

	spin_lock_irqsave(&e->lock, &flags);
	r = e->ring;
	if (r)
		refcount_get(&r->refs);
	spin_unlock_irqrestore(&e->lock, flags);
	return r;
}

static void put_bytes(perf_ring_t *r, const void *from, size_t len)
{
	while (len) {
		u64 at = r->head & (((u64)r->pages << PAGE_SHIFT) - 1);
		size_t n = MIN(len, PAGE_SIZE - (at & ~PAGE_MASK));
		char *page = page_to_virt(r->page[1 + (at >> PAGE_SHIFT)]);

		memcpy(page + (at & ~PAGE_MASK), from, n);
		from = (const char *)from + n;
		r->head += n;
		len -= n;
	}
}

/* A dump of a program's stack, and how much of it could be read. */
static void put_stack(perf_ring_t *r, unsigned long from, size_t len)
{
	u64 end = r->head + len, left = len;

	pagefault_disable();
	while (left) {
		u64 at = r->head & (((u64)r->pages << PAGE_SHIFT) - 1);
		size_t n = MIN(left, PAGE_SIZE - (at & ~PAGE_MASK)), not_read;
		char *page = page_to_virt(r->page[1 + (at >> PAGE_SHIFT)]);

		not_read = copy_from_user(page + (at & ~PAGE_MASK), (const char __user *)from, n);
		from += n - not_read;
		r->head += n - not_read;
		left -= n - not_read;
		if (not_read)
			break;
	}
	pagefault_enable();
	r->head = end;
	len -= left;
	put_bytes(r, &(u64){ len }, sizeof(u64));
}

static u64 room(const perf_ring_t *r, const struct perf_event_mmap_page *control, bool backward)
{
	u64 size = (u64)r->pages << PAGE_SHIFT;
	u64 used = r->head - smp_load_acquire(&control->data_tail);

	if (r->overwrite)
		return size;
	if (backward)
		used = -used;
	return used > size ? 0 : size - used;
}

/* Readers are woken for so much: bytes, or samples. */
static bool enough(const perf_event_t *e, perf_ring_t *r, size_t len, bool sample)
{
	u64 wanted = e->attr.wakeup_events;

	if (e->attr.flags & PERF_ATTR_WATERMARK) {
		r->unseen += len;
		wanted = MIN(wanted ? wanted : ~0ul, (u64)r->pages << PAGE_SHIFT >> 1);
	} else {
		if (!wanted) { /* half of it is full */
			r->unseen += len;
			wanted = (u64)r->pages << PAGE_SHIFT >> 1;
		} else {
			r->unseen += sample;
		}
	}
	if (r->unseen < wanted)
		return false;
	r->unseen = 0;
	return true;
}

static bool backward(const perf_event_t *e)
{
	return e->attr.flags & PERF_ATTR_WRITE_BACKWARD;
}

/* Around the writing of so many bytes. */
static u64 begin(const perf_event_t *e, perf_ring_t *r, size_t len)
{
	if (backward(e))
		r->head -= len;
	return r->head;
}

static void end(const perf_event_t *e, perf_ring_t *r, u64 at)
{
	if (backward(e))
		r->head = at;
}

static bool tell_lost(perf_event_t *e, perf_ring_t *r, struct perf_event_mmap_page *control,
		      size_t len)
{
	u64 fields[PERF_ID_WORDS];
	size_t words = e->attr.flags & PERF_ATTR_SAMPLE_ID_ALL
			       ? perf_id_fields(e, perf_who(current()), fields)
			       : 0;
	struct {
		struct perf_event_header header;
		u64 id, lost;
	} record = { .header = { .type = PERF_RECORD_LOST,
				 .size = (u16)(sizeof(record) + words * sizeof(u64)) },
		     .id = e->id,
		     .lost = r->lost };

	if (room(r, control, backward(e)) < record.header.size + len)
		return false;
	u64 at = begin(e, r, record.header.size);
	put_bytes(r, &record, sizeof(record));
	put_bytes(r, fields, words * sizeof(u64));
	end(e, r, at);
	r->lost = 0;
	return true;
}

bool perf_ring_write(perf_event_t *e, perf_ring_t *r, const perf_record_t *record, bool sample)
{
	size_t len = ((const struct perf_event_header *)record->words)->size;
	size_t first = record->stack_len ? record->stack_at : record->count;
	struct perf_event_mmap_page *control = page_to_virt(r->page[0]);
	unsigned long flags;
	bool written, wake = false;

	spin_lock_irqsave(&r->lock, &flags);
	written = !READ_ONCE(r->paused) && (!r->lost || tell_lost(e, r, control, len)) &&
		  room(r, control, backward(e)) >= len;
	if (written) {
		u64 at = begin(e, r, len);

		put_bytes(r, record->words, first * sizeof(u64));
		if (record->stack_len)
			put_stack(r, record->stack, record->stack_len);
		put_bytes(r, record->words + first, (record->count - first) * sizeof(u64));
		end(e, r, at);
		smp_store_release(&control->data_head, r->head);
		wake = enough(e, r, len, sample);
	} else {
		r->lost++;
		atomic64_add(&e->lost, 1);
	}
	spin_unlock_irqrestore(&r->lock, flags);
	if (wake) {
		WRITE_ONCE(r->news, true);
		wake_up_all(&r->wait);
	}
	return written;
}
