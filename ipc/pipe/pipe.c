/*
 * Pipes (pipe(7)).
 *
 * Concepts. A ring of slots, each a page with a run of valid bytes; head and tail run freely.
 * Writers append: a write that fits into the last page's rest goes there, other bytes take new
 * pages. A write of at most PIPE_BUF (4096) bytes is never split around another writer's, because
 * it needs at most one slot and the lock is held from the check to the copy. In packet mode
 * (O_DIRECT) each write makes its own slots and each read takes one.
 *
 * Locking. pipe->lock (a mutex: user copies fault under it) guards the ring and the counts of ends.
 * Sleepers wait on two queues, exclusively; a sleeper that leaves data or room behind passes its
 * wake-up on. Constant cost per page moved.
 *
 * Lifetime. A pipe is referenced by its open files (pipe->files, under node_lock for FIFOs); the
 * last one frees it.
 */
#include "pipe_internal.h"

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/termios.h>

#define PIPE_DEFAULT_SLOTS 16
#define PIPE_SMALL_SLOTS 2 /* of who has too many */
#define PIPE_BUF 4096

u64 pipe_max_size = 1 << 20;
/*
 * Pages that all pipes of a user may have room for (pipe(7)): beyond the first its pipes are small, beyond the other
 * there are no more. 0: no limit.
 */
static u64 user_pages_soft = PIPE_DEFAULT_SLOTS * 1024, user_pages_hard;

/* Guards node->pipe and pipe->files. */
static mutex_t fifo_mutex = MUTEX_INIT(fifo_mutex);

/* ---- what a user may have ---- */

static bool privileged(void)
{
	return capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN);
}

static bool above(const user_t *u, u64 limit)
{
	return limit && (u64)atomic64_read(&u->pipe_pages) > limit && !privileged();
}

/* The room of a new pipe, counted as its user's; 0: it may have none. */
static u32 count_slots(user_t *u)
{
	u32 slots = PIPE_DEFAULT_SLOTS;

	if (slots * PAGE_SIZE > READ_ONCE(pipe_max_size) && !capable(CAP_SYS_RESOURCE))
		slots = (u32)(READ_ONCE(pipe_max_size) >> PAGE_SHIFT);
	atomic64_add(&u->pipe_pages, slots);
	if (above(u, READ_ONCE(user_pages_soft))) {
		atomic64_sub(&u->pipe_pages, (s64)slots - PIPE_SMALL_SLOTS);
		slots = PIPE_SMALL_SLOTS;
	}
	if (!above(u, READ_ONCE(user_pages_hard)))
		return slots;
	atomic64_sub(&u->pipe_pages, slots);
	return 0;
}

/* -ENOMEM, -ENFILE. */
static pipe_t *pipe_alloc(void)
{
	user_t *u = current_cred()->user;
	u32 slots = count_slots(u);
	pipe_t *p;

	if (!slots)
		return ERR_PTR(-ENFILE);
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (p)
		p->slots = kcalloc(slots, sizeof(pipe_slot_t));
	if (!p || !p->slots) {
		atomic64_sub(&u->pipe_pages, slots);
		kfree(p);
		return ERR_PTR(-ENOMEM);
	}
	refcount_get(&u->refs);
	p->user = u;
	p->size = slots;
	mutex_init(&p->lock);
	init_waitqueue_head(&p->read_wait);
	init_waitqueue_head(&p->write_wait);
	spinlock_init(&p->read_async.lock);
	spinlock_init(&p->write_async.lock);
	return p;
}

static void pipe_free(pipe_t *p)
{
	while (p->tail != p->head)
		page_put(slot_at(p, p->tail++)->page);
	if (p->spare)
		page_put(p->spare);
	kfree(p->slots);
	atomic64_sub(&p->user->pipe_pages, p->size);
	user_put(p->user);
	kfree(p);
}

/* ---- waiting for each other ---- */

int pipe_await_data(pipe_t *p, bool may_wait, pipe_visit_t *v)
{
	while (pipe_empty(p)) {
		int r;

		if (!p->writers)
			return 1;
		if (!may_wait)
			return -EAGAIN;
		mutex_unlock(&p->lock);
		r = wait_event_interruptible_exclusive(&p->read_wait,
						       !pipe_empty(p) || !READ_ONCE(p->writers));
		mutex_lock(&p->lock);
		if (r)
			return r;
		v->slept = true;
	}
	v->edge |= pipe_full(p);
	return 0;
}

int pipe_await_room(pipe_t *p, bool may_wait, pipe_visit_t *v)
{
	for (;;) {
		int r;

		if (!p->readers) {
			send_signal_thread(current(), SIGPIPE, SEND_SIG_NOINFO);
			return -EPIPE;
		}
		if (!pipe_full(p))
			break;
		if (!may_wait)
			return -EAGAIN;
		mutex_unlock(&p->lock);
		if (v->edge)
			wake_up_key(&p->read_wait, 1, POLLIN | POLLRDNORM);
		r = wait_event_interruptible_exclusive(&p->write_wait,
						       !pipe_full(p) || !READ_ONCE(p->readers));
		mutex_lock(&p->lock);
		v->edge = false;
		if (r)
			return r;
		v->slept = true;
	}
	v->edge |= pipe_empty(p);
	return 0;
}

void pipe_read_done(pipe_t *p, const pipe_visit_t *v)
{
	bool room = v->edge && !pipe_full(p);
	bool left = v->slept && (!pipe_empty(p) || !p->writers);

	mutex_unlock(&p->lock);
	if (room)
		wake_up_key(&p->write_wait, 1, POLLOUT | POLLWRNORM);
	if (left && waitqueue_active(&p->read_wait))
		wake_up_key(&p->read_wait, 1, POLLIN | POLLRDNORM);
	if (unlikely(READ_ONCE(p->write_async.first)))
		fasync_signal(&p->write_async, POLL_OUT);
}

void pipe_write_done(pipe_t *p, const pipe_visit_t *v, bool wrote)
{
	bool left = v->slept && !pipe_full(p);

	mutex_unlock(&p->lock);
	if (wrote && (v->edge || READ_ONCE(p->polled)))
		wake_up_key(&p->read_wait, 1, POLLIN | POLLRDNORM);
	if (left && waitqueue_active(&p->write_wait))
		wake_up_key(&p->write_wait, 1, POLLOUT | POLLWRNORM);
	if (unlikely(READ_ONCE(p->read_async.first)))
		fasync_signal(&p->read_async, POLL_IN);
}

static int pipe_fasync(file_t *f, bool on)
{
	pipe_t *p = f->private_data;
	int r = 0;

	mutex_lock(&p->lock); /* both lists as one: the file's flag says whether it is in any */
	if (f->mode & FMODE_READ)
		r = fasync_set(f, &p->read_async, on);
	if (!r && (f->mode & FMODE_WRITE)) {
		r = fasync_set(f, &p->write_async, on);
		if (r && (f->mode & FMODE_READ))
			fasync_set(f, &p->read_async, false);
	}
	mutex_unlock(&p->lock);
	return r;
}

/* ---- data ---- */

void pipe_push(pipe_t *p, pipe_slot_t slot)
{
	*slot_at(p, p->head) = slot;
	p->head++;
}

static void consume_slot(pipe_t *p, size_t n)
{
	pipe_slot_t *s = slot_at(p, p->tail);

	s->offset += (u32)n;
	s->len -= (u32)n;
	if (s->len)
		return;
	if (!p->spare && (s->flags & SLOT_OWN) && refcount_read(&s->page->refs) == 1)
		p->spare = s->page;
	else
		page_put(s->page);
	s->page = NULL;
	p->tail++;
}

void pipe_consume(pipe_t *p, size_t n)
{
	while (n) {
		size_t step = MIN(n, (size_t)slot_at(p, p->tail)->len);

		consume_slot(p, step);
		n -= step;
	}
}

ssize_t pipe_read_locked(pipe_t *p, iter_t *it, bool may_wait, pipe_visit_t *v)
{
	int r = pipe_await_data(p, may_wait, v);
	ssize_t total = 0;

	if (r)
		return r < 0 ? r : 0;
	while (it->count && !pipe_empty(p)) {
		pipe_slot_t *s = slot_at(p, p->tail);
		size_t want = MIN((size_t)s->len, it->count);
		bool packet = s->flags & SLOT_PACKET;

		if (copy_page_to_iter(s->page, s->offset, want, it) < want)
			return total ? total : -EFAULT;
		/* What a packet's reader has no room for is lost, as pipe(2) says. */
		consume_slot(p, packet ? s->len : want);
		total += (ssize_t)want;
		if (packet)
			break;
	}
	return total;
}

static ssize_t pipe_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	pipe_t *p = f->private_data;
	pipe_visit_t v = { 0 };
	ssize_t r;

	if (!it->count)
		return 0;
	mutex_lock(&p->lock);
	r = pipe_read_locked(p, it, !(f->flags & O_NONBLOCK), &v);
	pipe_read_done(p, &v);
	return r;
}

/* Appends to the last page when all of the odd bytes fit there. Bytes, 0, or -EFAULT. */
static ssize_t merge_into_last(pipe_t *p, iter_t *it)
{
	size_t odd = it->count & (PAGE_SIZE - 1);
	pipe_slot_t *s;

	if (!odd || pipe_empty(p))
		return 0;
	s = slot_at(p, p->head - 1);
	if (s->flags != SLOT_OWN || s->offset + s->len + odd > PAGE_SIZE ||
	    refcount_read(&s->page->refs) != 1)
		return 0;
	if (copy_from_iter((char *)page_to_virt(s->page) + s->offset + s->len, odd, it) != odd)
		return -EFAULT;
	s->len += (u32)odd;
	return (ssize_t)odd;
}

static ssize_t add_slot(pipe_t *p, iter_t *it, u32 flags)
{
	size_t want = MIN(it->count, (size_t)PAGE_SIZE);
	page_t *page = p->spare;
	size_t n;

	if (!page) {
		page = alloc_pages_gfp(GFP_USER, 0);
		if (!page)
			return -ENOMEM;
	}
	p->spare = NULL;
	n = copy_from_iter(page_to_virt(page), want, it);
	if (n < want && !n) {
		p->spare = page;
		return -EFAULT;
	}
	pipe_push(p, (pipe_slot_t){ .page = page, .len = (u32)n, .flags = flags | SLOT_OWN });
	return (ssize_t)n;
}

static ssize_t pipe_write_iter(file_t *f, iter_t *it, off_t *pos)
{
	pipe_t *p = f->private_data;
	u32 flags = f->flags & O_DIRECT ? SLOT_PACKET : 0;
	pipe_visit_t v = { 0 };
	ssize_t total = 0, n = 0;

	if (!it->count)
		return 0;
	mutex_lock(&p->lock);
	v.edge = pipe_empty(p);
	if (p->readers && !flags)
		n = merge_into_last(p, it);
	while (n >= 0) {
		total += n;
		if (!it->count)
			break;
		n = pipe_await_room(p, !(f->flags & O_NONBLOCK), &v);
		if (!n)
			n = add_slot(p, it, flags);
	}
	pipe_write_done(p, &v, total > 0);
	return total ? total : n;
}

static inline u32 pipe_ready(const file_t *f, const pipe_t *p)
{
	u32 mask = 0;

	if (f->mode & FMODE_READ) {
		/*
		 * A FIFO that no writer has opened since this end was opened is not hung up. Looked at first: the
		 * end is never told without what was written before it.
		 */
		if (!READ_ONCE(p->writers) &&
		    (u32)(unsigned long)f->poll_private != READ_ONCE(p->writer_opens))
			mask |= POLLHUP;
		smp_rmb();
		if (!pipe_empty(p))
			mask |= POLLIN | POLLRDNORM;
	}
	if (f->mode & FMODE_WRITE) {
		if (!pipe_full(p))
			mask |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(p->readers))
			mask |= POLLERR;
	}
	return mask;
}

static __noinline u32 pipe_poll_queue(file_t *f, pipe_t *p, poll_table_t *pt)
{
	if (f->mode & FMODE_READ)
		poll_wait(f, &p->read_wait, pt);
	if (f->mode & FMODE_WRITE)
		poll_wait(f, &p->write_wait, pt);
	return pipe_ready(f, p);
}

static u32 pipe_poll(file_t *f, poll_table_t *pt)
{
	pipe_t *p = f->private_data;

	if (!READ_ONCE(p->polled))
		WRITE_ONCE(p->polled, true);
	return pt && pt->queue ? pipe_poll_queue(f, p, pt) : pipe_ready(f, p);
}

static long pipe_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	pipe_t *p = f->private_data;
	u32 bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	for (u32 i = p->tail; i != p->head; i++)
		bytes += slot_at(p, i)->len;
	mutex_unlock(&p->lock);
	return put_user_u32(bytes, (u32 __user *)arg);
}

static void pipe_release(file_t *f)
{
	pipe_t *p = f->private_data;
	bool last, alone;

	mutex_lock(&p->lock);
	if (f->mode & FMODE_READ)
		p->readers--;
	if (f->mode & FMODE_WRITE)
		p->writers--;
	alone = !p->readers != !p->writers;
	mutex_unlock(&p->lock);
	if (alone) {
		/* The other side looks again: end of file for readers, a broken pipe for writers. */
		wake_up_all(&p->read_wait);
		wake_up_all(&p->write_wait);
		fasync_signal(&p->read_async, POLL_IN);
		fasync_signal(&p->write_async, POLL_OUT);
	}
	mutex_lock(&fifo_mutex);
	last = --p->files == 0;
	if (last)
		f->node->pipe = NULL;
	mutex_unlock(&fifo_mutex);
	if (last)
		pipe_free(p);
}

static const file_operations_t pipe_operations = {
	.read_iter = pipe_read_iter,
	.write_iter = pipe_write_iter,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fasync = pipe_fasync,
	.release = pipe_release,
	.kind = "pipe",
};

/* ---- opening ---- */

/* The node's pipe with one more file, made if there is none; or ERR_PTR. */
static pipe_t *pipe_join(vfs_node_t *node)
{
	pipe_t *p;

	mutex_lock(&fifo_mutex);
	p = node->pipe;
	if (!p) {
		p = pipe_alloc();
		if (!IS_ERR(p))
			node->pipe = p;
	}
	if (!IS_ERR(p))
		p->files++;
	mutex_unlock(&fifo_mutex);
	return p;
}

/* open(2) of a FIFO waits for the other end (fifo(7)). */
static int fifo_open(vfs_node_t *node, file_t *f)
{
	pipe_t *p = pipe_join(node);
	bool block = !(f->flags & O_NONBLOCK);
	u32 mode = f->mode & (FMODE_READ | FMODE_WRITE);
	int r = 0;

	if (IS_ERR(p))
		return -ENOMEM;
	f->private_data = p;
	f->ops = &pipe_operations;
	file_make_stream(f);
	mutex_lock(&p->lock);
	if (mode == FMODE_WRITE && !block && !p->readers && !p->nameless) {
		mutex_unlock(&p->lock);
		r = -ENXIO;
		goto out_leave;
	}
	if (mode & FMODE_READ) {
		p->reader_opens++;
		p->readers++;
	}
	if (mode & FMODE_WRITE) {
		p->writer_opens++;
		p->writers++;
	}
	u32 seen_writers = p->writer_opens, seen_readers = p->reader_opens;
	bool have_writer = p->writers || p->nameless, have_reader = p->readers || p->nameless;

	bool first = ((mode & FMODE_READ) && p->readers == 1) ||
		     ((mode & FMODE_WRITE) && p->writers == 1);

	f->poll_private = (void *)(unsigned long)(have_writer ? ~0u : seen_writers);
	mutex_unlock(&p->lock);
	/* Only for the first of its kind can anybody have waited. */
	if (first) {
		wake_up_all(&p->read_wait);
		wake_up_all(&p->write_wait);
	}
	if (mode == FMODE_READ && block && !have_writer) {
		r = wait_event_interruptible(&p->read_wait,
					     READ_ONCE(p->writer_opens) != seen_writers);
		f->poll_private = (void *)(unsigned long)~0u;
	} else if (mode == FMODE_WRITE && !have_reader) {
		r = wait_event_interruptible(&p->write_wait,
					     READ_ONCE(p->reader_opens) != seen_readers);
	}
	if (!r)
		return 0;
	pipe_release(f);
	f->ops = &fifo_operations;
	f->private_data = NULL;
	return r;

out_leave:
	mutex_lock(&fifo_mutex);
	bool last = --p->files == 0;

	if (last)
		node->pipe = NULL;
	mutex_unlock(&fifo_mutex);
	if (last)
		pipe_free(p);
	f->ops = &fifo_operations;
	f->private_data = NULL;
	return r;
}

const file_operations_t fifo_operations = { .open = fifo_open };

int pipe_create(file_t *ends[2], int flags)
{
	pipe_t *p = pipe_alloc();
	int r;

	if (IS_ERR(p))
		return (int)PTR_ERR(p);
	p->files = 2;
	p->readers = p->writers = p->reader_opens = p->writer_opens = 1;
	r = file_create_pipe_pair(&pipe_operations, p, flags & (O_NONBLOCK | O_DIRECT), ends);
	if (r) {
		pipe_free(p);
		return r;
	}
	p->nameless = true;
	ends[0]->node->pipe = p;
	ends[0]->node->fops = &fifo_operations;
	ends[0]->poll_private = ends[1]->poll_private = (void *)(unsigned long)~0u;
	return 0;
}

/* ---- size ---- */

/* May it have room for so much, by what its user has without it? p->lock held. */
static bool may_grow(const pipe_t *p, u32 slots)
{
	if (slots <= p->size)
		return true;
	if (slots * PAGE_SIZE > READ_ONCE(pipe_max_size) && !capable(CAP_SYS_RESOURCE))
		return false;
	return !above(p->user, READ_ONCE(user_pages_soft)) &&
	       !above(p->user, READ_ONCE(user_pages_hard));
}

/* p->lock held. 0, -EPERM, -EBUSY. */
static int give_ring(pipe_t *p, pipe_slot_t *ring, u32 slots)
{
	u32 used = p->head - p->tail;
	s64 more = (s64)slots - p->size;

	atomic64_add(&p->user->pipe_pages, more);
	if (!may_grow(p, slots) || used > slots) {
		atomic64_sub(&p->user->pipe_pages, more);
		return used > slots ? -EBUSY : -EPERM;
	}
	for (u32 i = 0; i < used; i++)
		ring[i] = *slot_at(p, p->tail + i);
	kfree(p->slots);
	p->slots = ring;
	p->size = slots;
	p->tail = 0;
	p->head = used;
	return 0;
}

static long set_size(pipe_t *p, unsigned long bytes)
{
	pipe_slot_t *ring;
	u32 slots = 1;
	int r;

	if (bytes > PIPE_LARGEST)
		return -EINVAL;
	while ((u64)slots * PAGE_SIZE < bytes)
		slots *= 2;
	/* Told before memory is asked for; what counts is the answer under the lock. */
	if (slots > READ_ONCE(p->size) && bytes > READ_ONCE(pipe_max_size) &&
	    !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	ring = kcalloc(slots, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	mutex_lock(&p->lock);
	r = give_ring(p, ring, slots);
	mutex_unlock(&p->lock);
	if (r) {
		kfree(ring);
		return r;
	}
	wake_up_all(&p->write_wait);
	return (long)(slots * PAGE_SIZE);
}

bool file_is_pipe(const file_t *f)
{
	return f->ops == &pipe_operations;
}

pipe_t *file_pipe(const file_t *f)
{
	return file_is_pipe(f) ? f->private_data : NULL;
}

long pipe_fcntl(file_t *f, u32 cmd, unsigned long arg)
{
	pipe_t *p = f->private_data;

	if (f->ops != &pipe_operations)
		return -EBADF;
	return cmd == F_GETPIPE_SZ ? (long)(p->size * PAGE_SIZE) : set_size(p, arg);
}

/* Pipes grow by powers of two, from a page. */
static int set_pipe_max(u64 value)
{
	u64 size = PAGE_SIZE;

	while (size < value)
		size *= 2;
	WRITE_ONCE(pipe_max_size, size);
	return 0;
}

void __init pipe_init(void)
{
	if (proc_sysctl_changed("fs/pipe-max-size", 0644, &pipe_max_size, PIPE_LARGEST,
				set_pipe_max) ||
	    proc_sysctl_u64("fs/pipe-user-pages-soft", 0644, &user_pages_soft, 0, INT64_MAX) ||
	    proc_sysctl_u64("fs/pipe-user-pages-hard", 0644, &user_pages_hard, 0, INT64_MAX))
		panic("No memory for /proc/sys/fs");
}
