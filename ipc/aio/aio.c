/*
 * Asynchronous input and output as Linux has it (io_submit(2)): contexts and their rings.
 *
 * Concepts. A context is a ring of events in memory that the program maps too, and what was
 * submitted and has no event yet. Reading and writing happen while they are submitted, since
 * everything here is in memory or waits as it would in read(2); only polls stay. The kernel owns
 * the ring's tail, the program and the kernel the head: a program may take events without a call.
 * What it writes there can only harm itself: indices are taken modulo the ring, sizes and the tail
 * are the kernel's own copies.
 *
 * Room. A request is taken only if its event will fit: requests in flight and events not taken are
 * fewer than the ring's events. The system's limit (fs.aio-max-nr) counts what was asked for.
 *
 * Life. A space holds its contexts by number. They end with io_destroy or with the last user of the
 * space, when polls are cancelled and waited for.
 *
 * Locking. table->lock (rwsem): the contexts of a space. ctx->read_lock (mutex) > ctx->lock
 * (spinlock): see aio_internal.h. limit_lock: the count of the system.
 */
#include "aio_internal.h"

#include <arch/uaccess.h>
#include <fs/memfd.h>
#include <fs/procfs.h>
#include <ipc/eventfd.h>
#include <kernel/lib/xarray.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/mman.h>

#define RING_BYTES_MAX 0x10000000u

struct aio_table {
	rwsem_t lock;
	xarray_t contexts; /* lock: by page of the ring; a reference each */
	u32 last_id;	   /* lock */
};

static spinlock_t limit_lock = SPINLOCK_INIT("aio_limit");
static u64 requests_total;	   /* limit_lock: fs.aio-nr */
static u64 requests_max = 1 << 16; /* fs.aio-max-nr */

/* ---- the contexts of a space ---- */

static xa_node_t *alloc_node(void)
{
	return kzalloc(sizeof(xa_node_t), GFP_KERNEL);
}

static void free_node(xa_node_t *node)
{
	kfree(node);
}

/* Nobody walks the tree without the lock. */
static const xa_ops_t tree_operations = { alloc_node, free_node };

static struct aio_table *table_of(vm_space_t *s)
{
	return __atomic_load_n(&s->aio, __ATOMIC_ACQUIRE);
}

static struct aio_table *make_table(vm_space_t *s)
{
	struct aio_table *t = table_of(s), *none = NULL;

	if (t)
		return t;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return NULL;
	rwsem_init(&t->lock);
	xa_init(&t->contexts, &tree_operations);
	if (!__atomic_compare_exchange_n(&s->aio, &none, t, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		kfree(t);
		t = none;
	}
	return t;
}

aio_context_t *aio_find(unsigned long number)
{
	struct aio_table *t = table_of(current()->space);
	aio_context_t *ctx;

	if (!t || (number & ~PAGE_MASK))
		return NULL;
	rwsem_read_lock(&t->lock);
	ctx = xa_load(&t->contexts, number >> PAGE_SHIFT);
	if (ctx)
		refcount_get(&ctx->refs);
	rwsem_read_unlock(&t->lock);
	return ctx;
}

static bool take_limit(u32 count)
{
	bool fits;

	spin_lock(&limit_lock);
	fits = count <= requests_max && requests_total <= requests_max - count;
	if (fits)
		requests_total += count;
	spin_unlock(&limit_lock);
	return fits;
}

static void give_limit(u32 count)
{
	spin_lock(&limit_lock);
	requests_total -= count;
	spin_unlock(&limit_lock);
}

static void free_context(aio_context_t *ctx)
{
	for (u32 i = 0; i < ctx->page_count; i++)
		page_put(ctx->pages[i]);
	kvfree(ctx->pages);
	kfree(ctx);
}

void aio_put(aio_context_t *ctx)
{
	if (refcount_put(&ctx->refs))
		free_context(ctx);
}

/* ---- the ring ---- */

static struct aio_ring *ring_of(const aio_context_t *ctx)
{
	return page_to_virt(ctx->pages[0]);
}

static struct io_event *event_at(const aio_context_t *ctx, u32 index)
{
	size_t at = sizeof(struct aio_ring) + index * sizeof(struct io_event);

	return (struct io_event *)((char *)page_to_virt(ctx->pages[at >> PAGE_SHIFT]) +
				   (at & ~PAGE_MASK));
}

static u32 ring_head(const aio_context_t *ctx)
{
	return READ_ONCE(ring_of(ctx)->head) % ctx->nr;
}

/* Maps the ring of `size` bytes and holds its pages. The address or errno. */
static long map_ring(aio_context_t *ctx, size_t size)
{
	file_t *f = memory_file_create("[aio]", size, 0600);
	long r = 0;

	if (IS_ERR(f))
		return PTR_ERR(f);
	for (u32 i = 0; i < size >> PAGE_SHIFT && !r; i++) {
		page_t *page = file_map_grab(f->node->data, i, false);

		if (IS_ERR(page)) {
			r = PTR_ERR(page);
		} else {
			page_unlock(page);
			ctx->pages[ctx->page_count++] = page;
		}
	}
	if (!r)
		r = vm_map(ctx->space, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	file_put(f);
	return r;
}

/* Enters it in the table and writes the ring's header. */
static int publish(aio_context_t *ctx)
{
	struct aio_table *t = make_table(ctx->space);
	int r;

	if (!t)
		return -ENOMEM;
	rwsem_write_lock(&t->lock);
	r = xa_reserve(&t->contexts, ctx->number >> PAGE_SHIFT);
	/* The mapping of one whose number is still known was taken away under it. */
	if (!r && xa_load(&t->contexts, ctx->number >> PAGE_SHIFT))
		r = -ENOMEM;
	if (!r) {
		*ring_of(ctx) = (struct aio_ring){
			.id = t->last_id++,
			.nr = ctx->nr,
			.magic = AIO_RING_MAGIC,
			.compat_features = AIO_RING_COMPAT_FEATURES,
			.incompat_features = AIO_RING_INCOMPAT_FEATURES,
			.header_length = sizeof(struct aio_ring),
		};
		r = xa_store(&t->contexts, ctx->number >> PAGE_SHIFT, ctx, NULL);
		ASSERT(!r);
	}
	rwsem_write_unlock(&t->lock);
	return r;
}

static aio_context_t *alloc_context(u32 max_requests, size_t size)
{
	aio_context_t *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return NULL;
	ctx->pages = kvmalloc((size >> PAGE_SHIFT) * sizeof(page_t *), GFP_KERNEL);
	if (!ctx->pages) {
		kfree(ctx);
		return NULL;
	}
	refcount_set(&ctx->refs, 1);
	ctx->space = current()->space;
	ctx->max_requests = max_requests;
	ctx->nr = (u32)((size - sizeof(struct aio_ring)) / sizeof(struct io_event));
	spinlock_init(&ctx->lock);
	list_init(&ctx->polls);
	mutex_init(&ctx->read_lock);
	init_waitqueue_head(&ctx->wait);
	return ctx;
}

long aio_create(u32 events)
{
	/* Twice what was asked for, and two: how many fit is Linux's, since programs see it. */
	u64 want = (u64)MAX(events, cpu_count * 4) * 2;
	aio_context_t *ctx;
	size_t size;
	long r;

	if (!events || want > RING_BYTES_MAX / sizeof(struct io_event))
		return -EINVAL;
	if (!take_limit(events))
		return -EAGAIN;
	size = ALIGN_UP(sizeof(struct aio_ring) + (want + 2) * sizeof(struct io_event), PAGE_SIZE);
	ctx = alloc_context(events, size);
	if (!ctx) {
		give_limit(events);
		return -ENOMEM;
	}
	r = map_ring(ctx, size);
	if (r < 0)
		goto out_free;
	ctx->number = (unsigned long)r;
	r = publish(ctx);
	if (!r)
		return (long)ctx->number;
	vm_unmap(ctx->space, ctx->number, size);
out_free:
	give_limit(events);
	free_context(ctx);
	return r;
}

/* ---- the end ---- */

/* False: somebody else is at it. The context leaves the table first. */
static bool kill_context(aio_context_t *ctx)
{
	aio_request_t *r;
	bool mine;

	spin_lock(&ctx->lock);
	mine = !ctx->dead;
	ctx->dead = true;
	while (mine && !list_empty(&ctx->polls)) {
		r = list_first_entry(&ctx->polls, aio_request_t, link);
		aio_cancel_locked(r);
	}
	spin_unlock(&ctx->lock);
	if (!mine)
		return false;
	wake_up_all(&ctx->wait);
	wait_event(&ctx->wait, !READ_ONCE(ctx->inflight));
	give_limit(ctx->max_requests);
	return true;
}

int aio_destroy(aio_context_t *ctx)
{
	struct aio_table *t = table_of(ctx->space);
	bool known;

	rwsem_write_lock(&t->lock);
	known = xa_load(&t->contexts, ctx->number >> PAGE_SHIFT) == ctx;
	if (known)
		xa_erase(&t->contexts, ctx->number >> PAGE_SHIFT);
	rwsem_write_unlock(&t->lock);
	if (!known || !kill_context(ctx))
		return -EINVAL;
	vm_unmap(ctx->space, ctx->number, (size_t)ctx->page_count << PAGE_SHIFT);
	aio_put(ctx);
	return 0;
}

/* The last user of the space is gone: nobody submits or looks up any more. */
static void space_ends(vm_space_t *s)
{
	struct aio_table *t = s->aio;
	aio_context_t *ctx;
	u64 index;

	xa_for_each(&t->contexts, index, ctx) {
		kill_context(ctx);
		aio_put(ctx);
	}
	xa_destroy(&t->contexts);
	kfree(t);
	s->aio = NULL;
}

/* ---- requests: coming and going ---- */

u32 aio_room(const aio_context_t *ctx)
{
	return ctx->nr;
}

bool aio_take_slot(aio_context_t *ctx)
{
	bool room;
	u32 used;

	spin_lock(&ctx->lock);
	used = (ctx->tail + ctx->nr - ring_head(ctx)) % ctx->nr;
	room = !ctx->dead && ctx->inflight + used < ctx->nr - 1;
	if (room)
		ctx->inflight++;
	spin_unlock(&ctx->lock);
	return room;
}

void aio_give_slot(aio_context_t *ctx)
{
	bool last;

	spin_lock(&ctx->lock);
	last = !--ctx->inflight;
	spin_unlock(&ctx->lock);
	if (last)
		wake_up_all(&ctx->wait);
}

void aio_complete(aio_request_t *r, s64 res)
{
	aio_context_t *ctx = r->ctx;

	r->event.res = res;
	spin_lock(&ctx->lock);
	*event_at(ctx, ctx->tail) = r->event;
	ctx->tail = (ctx->tail + 1) % ctx->nr;
	/* The program reads the event after it saw the tail. */
	__atomic_store_n(&ring_of(ctx)->tail, ctx->tail, __ATOMIC_RELEASE);
	ctx->inflight--;
	spin_unlock(&ctx->lock);
	if (r->eventfd)
		eventfd_signal(r->eventfd, 1);
	wake_up_all(&ctx->wait);
	aio_free_request(r);
}

/* ---- taking events ---- */

static bool has_events(const aio_context_t *ctx)
{
	return ring_head(ctx) != READ_ONCE(ctx->tail);
}

/* What is there, at most nr: their number, or -EFAULT. */
static long take_events(aio_context_t *ctx, struct io_event __user *to, long nr)
{
	u32 head, tail;
	long n = 0;

	mutex_lock(&ctx->read_lock);
	head = ring_head(ctx);
	tail = __atomic_load_n(&ctx->tail, __ATOMIC_ACQUIRE);
	while (n < nr && head != tail) {
		struct io_event e = *event_at(ctx, head);

		if (copy_to_user(&to[n], &e, sizeof(e))) {
			n = -EFAULT;
			break;
		}
		head = (head + 1) % ctx->nr;
		n++;
	}
	if (n > 0)
		WRITE_ONCE(ring_of(ctx)->head, head);
	mutex_unlock(&ctx->read_lock);
	return n;
}

long aio_get_events(aio_context_t *ctx, long min, long nr, struct io_event __user *events,
		    nsec_t deadline)
{
	long done = 0;
	int r = deadline ? 0 : -ETIMEDOUT;

	for (;;) {
		long n = take_events(ctx, events + done, nr - done);

		if (n < 0)
			return done ? done : n;
		done += n;
		if (done >= min || r)
			break;
		if (READ_ONCE(ctx->dead))
			return done ? done : -EINVAL;
		r = wait_event_deadline(&ctx->wait, has_events(ctx) || READ_ONCE(ctx->dead),
					THREAD_INTERRUPTIBLE, deadline);
	}
	return !done && r == -ERESTARTSYS ? -EINTR : done;
}

__init void aio_init(void)
{
	vm_space_end_hook = space_ends;
	if (proc_sysctl_u64("fs/aio-max-nr", 0644, &requests_max, 0, UINT64_MAX) ||
	    proc_sysctl_u64("fs/aio-nr", 0444, &requests_total, 0, 0))
		panic("No memory for /proc/sys/fs");
}
