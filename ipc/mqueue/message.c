/*
 * Sending and receiving: mq_send(3), mq_receive(3).
 *
 * Messages stand in a tree by priority and arrival. A waiting receiver gets a message straight from its
 * sender; a message taken from a full queue lets the first waiting sender's in. Messages are copied
 * from and to the program without the lock.
 */
#include "mqueue_internal.h"

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <kernel/time/clock.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

typedef struct mq_sleeper {
	ipc_waiter_t wait;
	mq_message_t *message; /* sender's; or the receiver's, set before its status */
} mq_sleeper_t;

static mq_sleeper_t *first_sleeper(list_t *l)
{
	return list_empty(l) ? NULL : list_first_entry(l, mq_sleeper_t, wait.link);
}

/* ---- the queue; locked ---- */

static void insert(mqueue_t *q, mq_message_t *m)
{
	rb_node_t **link = &q->messages.root.node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (m->priority > rb_entry(parent, mq_message_t, node)->priority) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	rb_insert_cached(&m->node, parent, link, &q->messages, first);
	q->count++;
	q->bytes += m->len;
}

static mq_message_t *take_first(mqueue_t *q)
{
	mq_message_t *m = rb_entry(q->messages.leftmost, mq_message_t, node);

	rb_erase_cached(&m->node, &q->messages);
	q->count--;
	q->bytes -= m->len;
	return m;
}

static void put_message(mqueue_t *q, mq_message_t *m)
{
	mq_sleeper_t *r = first_sleeper(&q->receivers);

	if (r) {
		r->message = m;
		ipc_finish(&r->wait, 0);
		return;
	}
	insert(q, m);
	if (q->count == 1)
		mqueue_tell(q);
	if (waitqueue_active(&q->poll))
		wake_up_key(&q->poll, INT32_MAX, POLLIN | POLLRDNORM);
}

static mq_message_t *take_message(mqueue_t *q)
{
	mq_message_t *m = take_first(q);
	mq_sleeper_t *s = first_sleeper(&q->senders);

	if (s) {
		insert(q, s->message);
		ipc_finish(&s->wait, 0);
	} else if (waitqueue_active(&q->poll)) {
		wake_up_key(&q->poll, INT32_MAX, POLLOUT | POLLWRNORM);
	}
	return m;
}

void mqueue_drop_messages(mqueue_t *q)
{
	while (!rb_empty(&q->messages.root))
		kvfree(take_first(q));
}

/* ---- calls ---- */

/* Real-time priority first, then the nice value; read racily where another changes it. */
static int rank(const thread_t *t)
{
	u8 rt = READ_ONCE(t->sched.effective_rt);

	return rt ? rt : -READ_ONCE(t->sched.nice) - NICE_MAX - 1;
}

/* mq_receive(3): of those who wait the one of the highest priority, and of these who waits longest. */
static void stand_in_line(list_t *sleepers, ipc_waiter_t *w)
{
	ipc_waiter_t *before;
	int own = rank(w->thread);

	list_for_each_entry(before, sleepers, link)
		if (rank(before->thread) < own)
			break;
	list_add_tail(&w->link, &before->link);
}

/* locked: stands in the list of those who wait, or -EAGAIN. */
static int begin_wait(file_t *f, mq_sleeper_t *s, list_t *sleepers)
{
	if (READ_ONCE(f->flags) & O_NONBLOCK)
		return -EAGAIN;
	ipc_waiter_init(&s->wait);
	stand_in_line(sleepers, &s->wait);
	return IPC_WAITING;
}

static int end_wait(mqueue_t *q, mq_sleeper_t *s, nsec_t deadline)
{
	int r = ipc_sleep(&s->wait, deadline);

	if (r == -EINTR)
		return ipc_give_up(&q->lock, &s->wait, -ERESTARTSYS);
	if (r == -EAGAIN)
		return ipc_give_up(&q->lock, &s->wait, -ETIMEDOUT);
	return r;
}

static mq_message_t *message_from_user(const char __user *text, size_t len, u32 priority)
{
	mq_message_t *m = kvmalloc(sizeof(*m) + len, GFP_KERNEL);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->priority = priority;
	m->len = (u32)len;
	if (!copy_from_user(m->text, text, len))
		return m;
	kvfree(m);
	return ERR_PTR(-EFAULT);
}

long mqueue_send(file_t *f, const char __user *text, size_t len, u32 priority, nsec_t deadline)
{
	mqueue_t *q = is_mqueue(f) ? mqueue_of(f->node) : NULL;
	mq_sleeper_t s;
	int r = 0;

	if (!q || !(f->mode & FMODE_WRITE))
		return -EBADF;
	if (len > q->size)
		return -EMSGSIZE;
	s.message = message_from_user(text, len, priority);
	if (IS_ERR(s.message))
		return PTR_ERR(s.message);
	spin_lock(&q->lock);
	if (q->count < q->most)
		put_message(q, s.message);
	else
		r = begin_wait(f, &s, &q->senders);
	spin_unlock(&q->lock);
	if (r == IPC_WAITING)
		r = end_wait(q, &s, deadline);
	if (r)
		kvfree(s.message);
	return r;
}

long mqueue_receive(file_t *f, char __user *text, size_t room, u32 *priority, nsec_t deadline)
{
	mqueue_t *q = is_mqueue(f) ? mqueue_of(f->node) : NULL;
	mq_sleeper_t s = { .message = NULL };
	long r = 0;

	if (!q || !(f->mode & FMODE_READ))
		return -EBADF;
	if (room < q->size)
		return -EMSGSIZE;
	spin_lock(&q->lock);
	if (q->count)
		s.message = take_message(q);
	else
		r = begin_wait(f, &s, &q->receivers);
	spin_unlock(&q->lock);
	if (r == IPC_WAITING)
		r = end_wait(q, &s, deadline);
	if (r)
		return r;
	r = s.message->len;
	*priority = s.message->priority;
	if (copy_to_user(text, s.message->text, s.message->len))
		r = -EFAULT;
	kvfree(s.message);
	return r;
}

int mqueue_set_attr(file_t *f, const struct mq_attr *next, struct mq_attr *old)
{
	mqueue_t *q;

	if (next && (next->mq_flags & ~(s64)O_NONBLOCK))
		return -EINVAL;
	if (!is_mqueue(f))
		return -EBADF;
	q = mqueue_of(f->node);
	*old = (struct mq_attr){ .mq_maxmsg = q->most, .mq_msgsize = q->size };
	spin_lock(&q->lock);
	old->mq_curmsgs = q->count;
	spin_unlock(&q->lock);
	spin_lock_irq(&f->lock);
	old->mq_flags = f->flags & O_NONBLOCK;
	if (next)
		WRITE_ONCE(f->flags, (f->flags & ~(u32)O_NONBLOCK) | (u32)next->mq_flags);
	spin_unlock_irq(&f->lock);
	return 0;
}

u32 mqueue_poll(file_t *f, poll_table_t *pt)
{
	mqueue_t *q = mqueue_of(f->node);
	u32 mask = 0;

	poll_wait(f, &q->poll, pt);
	spin_lock(&q->lock);
	if (q->count)
		mask |= POLLIN | POLLRDNORM;
	if (q->count < q->most)
		mask |= POLLOUT | POLLWRNORM;
	spin_unlock(&q->lock);
	return mask;
}
