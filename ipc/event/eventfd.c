/*
 * Event counters (eventfd(2)): a 64-bit count that writes add to and a read takes, all of it or, as
 * a semaphore, one. A read of nothing and a write that would overflow wait.
 *
 * The lock is held for a few instructions, also in interrupts (eventfd_signal); sleepers are woken
 * after it is released. A write wakes readers even if there was something to read already:
 * edge-triggered pollers want to hear of each.
 */
#include <ipc/eventfd.h>

#include <fs/poll.h>
#include <fs/seq_file.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/eventpoll.h>

/* eventfd(2): the greatest count that write can make; one more is an overflow by the kernel. */
#define COUNT_OVERFLOWN (~0ull)
#define COUNT_MAX (COUNT_OVERFLOWN - 1)

typedef struct eventfd {
	spinlock_t lock; /* taken with interrupts off */
	u64 count;	 /* lock; read racily by poll */
	bool semaphore;	 /* (c) */
	u32 id;		 /* (c) for fdinfo */
	wait_queue_head_t wait;
} eventfd_t;

static atomic_t last_id;

/* The value of a read; 0: nothing there yet. */
static u64 take(eventfd_t *e)
{
	unsigned long flags;
	u64 value;

	spin_lock_irqsave(&e->lock, &flags);
	value = e->semaphore && e->count ? 1 : e->count;
	e->count -= value;
	spin_unlock_irqrestore(&e->lock, flags);
	return value;
}

static bool give(eventfd_t *e, u64 value)
{
	unsigned long flags;
	bool fits;

	spin_lock_irqsave(&e->lock, &flags);
	fits = value <= COUNT_MAX - MIN(e->count, COUNT_MAX);
	if (fits)
		e->count += value;
	spin_unlock_irqrestore(&e->lock, flags);
	return fits;
}

static bool may_wait(const file_t *f, const iter_t *it)
{
	return !(READ_ONCE(f->flags) & O_NONBLOCK) && !(it->io_flags & IO_NOWAIT);
}

static ssize_t eventfd_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	eventfd_t *e = f->private_data;
	u64 value;
	int r;

	if (it->count < sizeof(value))
		return -EINVAL;
	value = take(e);
	if (!value) {
		if (!may_wait(f, it))
			return -EAGAIN;
		r = wait_event_interruptible(&e->wait, (value = take(e)) != 0);
		if (r)
			return r;
	}
	wake_up_key(&e->wait, 1, POLLOUT);
	return copy_to_iter(&value, sizeof(value), it) == sizeof(value) ? (ssize_t)sizeof(value)
									: -EFAULT;
}

static ssize_t eventfd_write_iter(file_t *f, iter_t *it, off_t *pos)
{
	eventfd_t *e = f->private_data;
	u64 value;
	int r;

	if (it->count < sizeof(value))
		return -EINVAL;
	if (copy_from_iter(&value, sizeof(value), it) != sizeof(value))
		return -EFAULT;
	if (value == COUNT_OVERFLOWN)
		return -EINVAL;
	if (!give(e, value)) {
		if (!may_wait(f, it))
			return -EAGAIN;
		r = wait_event_interruptible(&e->wait, give(e, value));
		if (r)
			return r;
	}
	wake_up_key(&e->wait, 1, POLLIN);
	return (ssize_t)sizeof(value);
}

static u32 eventfd_poll(file_t *f, poll_table_t *pt)
{
	eventfd_t *e = f->private_data;
	u32 mask = 0;
	u64 count;

	poll_wait(f, &e->wait, pt);
	count = READ_ONCE(e->count);
	if (count)
		mask |= POLLIN;
	if (count == COUNT_OVERFLOWN)
		mask |= POLLERR;
	if (count < COUNT_MAX)
		mask |= POLLOUT;
	return mask;
}

static void eventfd_release(file_t *f)
{
	kfree(f->private_data);
}

static void eventfd_show(file_t *f, struct seq_file *m)
{
	eventfd_t *e = f->private_data;

	seq_printf(m, "eventfd-count: %16lx\neventfd-id: %u\n", READ_ONCE(e->count), e->id);
}

static const file_operations_t eventfd_operations = {
	.read_iter = eventfd_read_iter,
	.write_iter = eventfd_write_iter,
	.llseek = noop_llseek,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.show_fdinfo = eventfd_show,
	.kind = "anon_inode:[eventfd]",
};

bool file_is_eventfd(const file_t *f)
{
	return f->ops == &eventfd_operations;
}

void eventfd_signal(file_t *f, u64 n)
{
	eventfd_t *e = f->private_data;
	unsigned long flags;

	spin_lock_irqsave(&e->lock, &flags);
	e->count += MIN(n, COUNT_OVERFLOWN - e->count);
	spin_unlock_irqrestore(&e->lock, flags);
	wake_up_key(&e->wait, 1, POLLIN);
}

file_t *eventfd_create(u32 count, int flags)
{
	eventfd_t *e;
	file_t *f;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return ERR_PTR(-EINVAL);
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return ERR_PTR(-ENOMEM);
	spinlock_init(&e->lock);
	init_waitqueue_head(&e->wait);
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	e->id = (u32)atomic_add_return(&last_id, 1) - 1;
	f = file_create_anon(eventfd_operations.kind, &eventfd_operations, e,
			     O_RDWR | (u32)(flags & EFD_NONBLOCK));
	if (IS_ERR(f))
		kfree(e);
	else
		f->mode |= FMODE_NOWAIT;
	return f;
}
