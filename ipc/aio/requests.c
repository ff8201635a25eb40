/*
 * Requests: what an iocb asks for. Reading, writing and syncing are done at once, with the very
 * operations that read(2) uses; a poll waits on the file's queues.
 *
 * A poll is completed by a work item, for polling a file may sleep. A wake-up schedules the work;
 * one that comes while it runs makes it run again. The work that finds the file ready or the
 * request cancelled leaves the queues; from then on nothing schedules it, so it completes the
 * request unless it is to run once more, and then does so there.
 */
#include "aio_internal.h"

#include <arch/uaccess.h>
#include <ipc/eventfd.h>
#include <kernel/cred.h>
#include <mm/slab.h>

/* ioprio_set(2): the class stands above the level. */
#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_LEVELS 8

void aio_free_request(aio_request_t *r)
{
	if (r->eventfd)
		file_put(r->eventfd);
	if (r->file)
		file_put(r->file);
	aio_put(r->ctx);
	kfree(r);
}

/* ---- reading and writing ---- */

static int check_priority(const struct iocb *cb)
{
	u32 level = (u16)cb->aio_reqprio & ((1u << IOPRIO_CLASS_SHIFT) - 1);

	if (!(cb->aio_flags & IOCB_FLAG_IOPRIO))
		return 0;
	switch ((u16)cb->aio_reqprio >> IOPRIO_CLASS_SHIFT) {
	case 0: /* none */
		return level ? -EINVAL : 0;
	case 1: /* real time */
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		return level < IOPRIO_LEVELS ? 0 : -EINVAL;
	case 2: /* best effort */
		return level < IOPRIO_LEVELS ? 0 : -EINVAL;
	case 3: /* idle */
		return 0;
	}
	return -EINVAL;
}

/* 0 and io_flags, or errno. */
static int check_transfer(const file_t *f, const struct iocb *cb, bool reading, u8 *io_flags)
{
	int io, r = check_priority(cb);

	if (r)
		return r;
	io = file_io_flags(cb->aio_rw_flags, reading);
	if (io < 0)
		return io;
	if ((io & IO_NOWAIT) && !(f->mode & FMODE_NOWAIT))
		return -EOPNOTSUPP;
	if (!(f->mode & (reading ? FMODE_READ : FMODE_WRITE)))
		return -EBADF;
	if (S_ISDIR(f->node->mode) || !(reading ? f->ops->read_iter : f->ops->write_iter))
		return -EINVAL;
	*io_flags = (u8)io;
	return 0;
}

static int start_transfer(aio_request_t *r, const struct iocb *cb, bool reading, bool vector)
{
	iovec_t fast[UIO_FASTIOV], *heap = NULL;
	off_t pos = cb->aio_offset;
	file_t *f = r->file;
	u8 io_flags;
	iter_t it;
	s64 res;
	int err = check_transfer(f, cb, reading, &io_flags);

	if (err)
		return err;
	if (vector)
		err = iter_import(&it, reading, (const iovec_t __user *)cb->aio_buf, cb->aio_nbytes,
				  fast, &heap);
	else
		err = iter_user(&it, reading, (void __user *)cb->aio_buf, cb->aio_nbytes);
	if (!err && pos < 0)
		err = -EINVAL;
	if (err) {
		kfree(heap);
		return err;
	}
	it.io_flags = io_flags;
	res = reading ? file_read_iter(f, &it, &pos) : file_write_iter(f, &it, &pos);
	kfree(heap);
	/* There is no call that could be restarted. */
	aio_complete(r, res == -ERESTARTSYS ? -EINTR : res);
	return 0;
}

static int start_sync(aio_request_t *r, const struct iocb *cb, bool data_only)
{
	file_t *f = r->file;

	if (cb->aio_buf || cb->aio_offset || cb->aio_nbytes || cb->aio_rw_flags || !f->ops->fsync)
		return -EINVAL;
	aio_complete(r, f->ops->fsync(f, 0, INT64_MAX, data_only));
	return 0;
}

/* ---- polling ---- */

typedef struct request_table {
	poll_table_t table;
	aio_request_t *request;
} request_table_t;

/* A queue's lock is held, interrupts are off. */
static bool poll_wake(wait_queue_entry_t *entry, u64 key)
{
	struct aio_wait *w = container_of(entry, struct aio_wait, entry);
	aio_request_t *r = w->request;

	if (key && !(key & (r->events | WAKE_QUEUE_ENDS)))
		return false;
	/* Either this sees that it is armed, or who arms it sees this. */
	__atomic_store_n(&r->woken, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->armed, __ATOMIC_SEQ_CST))
		schedule_work(&r->work);
	/* Last: who leaves the queues does not wait for this any more once it sees none. */
	if (key & WAKE_QUEUE_ENDS) {
		list_del_init(&entry->link);
		__atomic_store_n(&w->queue, NULL, __ATOMIC_RELEASE);
	}
	return true;
}

static void queue_request(file_t *f, wait_queue_head_t *queue, poll_table_t *table)
{
	aio_request_t *r = container_of(table, request_table_t, table)->request;
	struct aio_wait *w;

	if (r->queue_count == AIO_QUEUES) {
		r->failed = true;
		return;
	}
	w = &r->waits[r->queue_count++];
	w->request = r;
	w->queue = queue;
	init_wait_callback(&w->entry, poll_wake);
	add_wait_queue(queue, &w->entry);
}

static void leave_queues(aio_request_t *r)
{
	for (u32 i = 0; i < r->queue_count; i++) {
		wait_queue_head_t *queue;

		/* A queue that announces its end stays in memory for a grace period. */
		rcu_read_lock();
		queue = __atomic_load_n(&r->waits[i].queue, __ATOMIC_ACQUIRE);
		if (queue)
			remove_wait_queue(queue, &r->waits[i].entry);
		rcu_read_unlock();
	}
}

static void poll_work(work_t *work)
{
	aio_request_t *r = container_of(work, aio_request_t, work);
	bool over;
	u32 mask;

	if (!r->finished) {
		mask = file_poll(r->file, NULL) & r->events;
		spin_lock(&r->ctx->lock);
		if (r->cancelled)
			mask = 0;
		over = r->cancelled || mask;
		if (over)
			list_del_init(&r->link);
		spin_unlock(&r->ctx->lock);
		if (!over)
			return;
		leave_queues(r);
		r->event.res = mask;
		r->finished = true;
		if (READ_ONCE(work->pending))
			return;
	}
	aio_complete(r, r->event.res);
}

void aio_cancel_locked(aio_request_t *r)
{
	list_del_init(&r->link);
	r->cancelled = true;
	schedule_work(&r->work);
}

static int start_poll(aio_request_t *r, const struct iocb *cb)
{
	request_table_t table = { .table = { .queue = queue_request }, .request = r };
	aio_context_t *ctx = r->ctx;
	bool dead;
	u32 mask;

	if (cb->aio_buf != (u16)cb->aio_buf || cb->aio_offset || cb->aio_nbytes || cb->aio_rw_flags)
		return -EINVAL;
	r->events = (u32)cb->aio_buf | POLLERR | POLLHUP;
	table.table.events = r->events;
	work_init(&r->work, poll_work);
	mask = file_poll(r->file, &table.table) & r->events;
	if (mask || r->failed || !r->queue_count) {
		leave_queues(r);
		if (!mask)
			return -EINVAL;
		aio_complete(r, mask);
		return 0;
	}
	spin_lock(&ctx->lock);
	dead = ctx->dead;
	if (!dead)
		list_add_tail(&r->link, &ctx->polls);
	else
		r->cancelled = true;
	/* From here on the work may complete it at any moment; the lock keeps it till we are done. */
	__atomic_store_n(&r->armed, true, __ATOMIC_SEQ_CST);
	if (dead || __atomic_load_n(&r->woken, __ATOMIC_SEQ_CST))
		schedule_work(&r->work);
	spin_unlock(&ctx->lock);
	return 0;
}

int aio_cancel(aio_context_t *ctx, struct iocb __user *user)
{
	aio_request_t *r;
	int err = -EINVAL;

	spin_lock(&ctx->lock);
	list_for_each_entry(r, &ctx->polls, link)
		if (r->event.obj == (u64)user) {
			aio_cancel_locked(r);
			err = -EINPROGRESS;
			break;
		}
	spin_unlock(&ctx->lock);
	return err;
}

/* ---- submitting ---- */

static int start(aio_request_t *r, const struct iocb *cb)
{
	switch (cb->aio_lio_opcode) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PREADV:
		return start_transfer(r, cb, true, cb->aio_lio_opcode == IOCB_CMD_PREADV);
	case IOCB_CMD_PWRITE:
	case IOCB_CMD_PWRITEV:
		return start_transfer(r, cb, false, cb->aio_lio_opcode == IOCB_CMD_PWRITEV);
	case IOCB_CMD_FSYNC:
	case IOCB_CMD_FDSYNC:
		return start_sync(r, cb, cb->aio_lio_opcode == IOCB_CMD_FDSYNC);
	case IOCB_CMD_POLL:
		return start_poll(r, cb);
	default:
		return -EINVAL;
	}
}

static int prepare(aio_request_t *r, const struct iocb *cb, struct iocb __user *user)
{
	r->event.data = cb->aio_data;
	r->event.obj = (u64)user;
	list_init(&r->link);
	r->file = fd_get((int)cb->aio_fildes);
	if (!r->file)
		return -EBADF;
	if (cb->aio_flags & IOCB_FLAG_RESFD) {
		r->eventfd = fd_get((int)cb->aio_resfd);
		if (!r->eventfd)
			return -EBADF;
		if (!file_is_eventfd(r->eventfd))
			return -EINVAL;
	}
	return put_user_u32(KIOCB_KEY, &user->aio_key) ? -EFAULT : 0;
}

int aio_submit(aio_context_t *ctx, const struct iocb *cb, struct iocb __user *user)
{
	aio_request_t *r;
	int err;

	if (cb->aio_reserved2 || (s64)cb->aio_nbytes < 0)
		return -EINVAL;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -EAGAIN;
	if (!aio_take_slot(ctx)) {
		kfree(r);
		return -EAGAIN;
	}
	refcount_get(&ctx->refs);
	r->ctx = ctx;
	err = prepare(r, cb, user);
	if (!err)
		err = start(r, cb);
	if (err) {
		aio_free_request(r);
		aio_give_slot(ctx);
	}
	return err;
}
