/*
 * Message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2).
 *
 * Concepts. A message is copied in before the queue is locked, and out after it has left the queue. What can be done
 * for a sleeper is done by whoever makes it possible: a message that a waiting receiver wants goes to it and never
 * into the queue; a message taken out lets waiting senders' messages in, in their order, as far as they fit. IPC_SET
 * has every sleeper begin again, since permissions may have changed.
 *
 * Locking. The queue's lock, found under RCU (ids.c). A message belongs to its sender, then to the queue or to the one
 * receiver, whose `message` is set before its status.
 */
#include "sysv_internal.h"

#include <arch/uaccess.h>
#include <fs/procfs.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define BEGIN_AGAIN 2 /* a status, no errno */

/* What IPC_INFO says of limits that Linux does not have either. */
#define MSGPOOL 512000
#define MSGMAP 16384
#define MSGTQL 16384
#define MSGSSZ 16
#define MSGSEG 0xffff

typedef struct message {
	list_t link; /* queue's lock */
	s64 type;
	size_t len;
	u8 text[];
} message_t;

typedef struct msg_queue {
	ipc_object_t ipc;
	/* all by ipc.lock */
	nsec_t stime, rtime, ctime;
	u64 bytes, count, most_bytes;
	pid_t last_sender, last_receiver;
	list_t messages;
	list_t receivers, senders; /* sleepers, in order of arrival */
} msg_queue_t;

typedef enum search { SEARCH_ANY, SEARCH_EQUAL, SEARCH_NOT, SEARCH_LOWEST, SEARCH_NUMBER } search_t;

typedef struct receiver {
	ipc_waiter_t wait;
	search_t search;
	s64 type; /* SEARCH_NUMBER: place in the queue */
	size_t room;
	pid_t pid;
	message_t *message; /* set before the status 0 */
} receiver_t;

typedef struct sender {
	ipc_waiter_t wait;
	message_t *message;
	pid_t pid;
} sender_t;

static msg_queue_t *queue_of(ipc_object_t *o)
{
	return container_of(o, msg_queue_t, ipc);
}

/* ---- messages ---- */

static message_t *message_alloc(size_t len)
{
	message_t *m = kvmalloc(sizeof(*m) + len, GFP_KERNEL);

	if (m)
		m->len = len;
	return m;
}

static message_t *message_from_user(s64 type, const void __user *text, size_t len)
{
	message_t *m = message_alloc(len);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->type = type;
	if (!copy_from_user(m->text, text, len))
		return m;
	kvfree(m);
	return ERR_PTR(-EFAULT);
}

static void count_message(msg_queue_t *q, const message_t *m, int sign)
{
	s64 bytes = sign * (s64)m->len;

	q->bytes += (u64)bytes;
	q->count += (u64)(s64)sign;
	atomic64_add(&init_ipc.msg_bytes, bytes);
	atomic64_add(&init_ipc.msg_count, sign);
}

/* ---- matching; queue locked ---- */

static bool wants(const receiver_t *r, const message_t *m)
{
	switch (r->search) {
	case SEARCH_EQUAL:
		return m->type == r->type;
	case SEARCH_NOT:
		return m->type != r->type;
	case SEARCH_LOWEST:
		return m->type <= r->type;
	default:
		return true;
	}
}

static message_t *find_message(msg_queue_t *q, const receiver_t *r)
{
	message_t *m, *best = NULL;
	s64 place = 0;

	list_for_each_entry(m, &q->messages, link) {
		if (r->search == SEARCH_NUMBER) {
			if (place++ == r->type)
				return m;
		} else if (wants(r, m)) {
			if (r->search != SEARCH_LOWEST)
				return m;
			if (!best || m->type < best->type)
				best = m;
		}
	}
	return best;
}

/* To the first receiver that wants it; those whose buffer is too small learn that. */
static bool give_to_receiver(msg_queue_t *q, message_t *m)
{
	ipc_waiter_t *w, *next;

	list_for_each_entry_safe(w, next, &q->receivers, link) {
		receiver_t *r = container_of(w, receiver_t, wait);

		if (!wants(r, m))
			continue;
		if (r->room < m->len) {
			ipc_finish(w, -E2BIG);
			continue;
		}
		q->last_receiver = r->pid;
		q->rtime = clock_realtime_coarse();
		r->message = m;
		ipc_finish(w, 0);
		return true;
	}
	return false;
}

static bool fits(const msg_queue_t *q, const message_t *m)
{
	return q->bytes + m->len <= q->most_bytes && q->count + 1 <= q->most_bytes;
}

static void put_message(msg_queue_t *q, message_t *m, pid_t from)
{
	q->last_sender = from;
	q->stime = clock_realtime_coarse();
	if (give_to_receiver(q, m))
		return;
	list_add_tail(&m->link, &q->messages);
	count_message(q, m, 1);
}

/* There is more room: senders' messages go in. */
static void let_in(msg_queue_t *q)
{
	ipc_waiter_t *w, *next;

	list_for_each_entry_safe(w, next, &q->senders, link) {
		sender_t *s = container_of(w, sender_t, wait);

		if (!fits(q, s->message))
			continue;
		put_message(q, s->message, s->pid);
		ipc_finish(w, 0);
	}
}

static void finish_all(list_t *waiters, int status)
{
	while (!list_empty(waiters))
		ipc_finish(list_first_entry(waiters, ipc_waiter_t, link), status);
}

/* Under RCU: a queue with this access; or ERR_PTR. */
static msg_queue_t *find_allowed(int id, u32 access)
{
	ipc_object_t *o = ipc_find(&ipc_ns()->msg, id);
	int r = IS_ERR(o) ? (int)PTR_ERR(o) : ipc_permission(o, access);

	return r ? ERR_PTR(r) : queue_of(o);
}

/* What a sleeper got, once it is certain. */
static int wait_in_queue(msg_queue_t *q, ipc_waiter_t *w)
{
	int r = ipc_sleep(w, NSEC_MAX);

	if (r == -EINTR)
		r = ipc_give_up(&q->ipc.lock, w, -ERESTARTNOHAND);
	return r;
}

/* ---- sending ---- */

/* queue locked. 0: the queue has it; IPC_WAITING: it is queued to wait; or errno. */
static int try_send(msg_queue_t *q, sender_t *s, int flags)
{
	if (q->ipc.removed)
		return -EIDRM;
	if (fits(q, s->message)) {
		put_message(q, s->message, s->pid);
		return 0;
	}
	if (flags & IPC_NOWAIT)
		return -EAGAIN;
	ipc_waiter_init(&s->wait);
	list_add_tail(&s->wait.link, &q->senders);
	return IPC_WAITING;
}

static int send_message(int id, sender_t *s, int flags)
{
	msg_queue_t *q;
	int r;

	do {
		rcu_read_lock();
		q = find_allowed(id, 0222);
		if (IS_ERR(q)) {
			rcu_read_unlock();
			return (int)PTR_ERR(q);
		}
		spin_lock(&q->ipc.lock);
		r = try_send(q, s, flags);
		spin_unlock(&q->ipc.lock);
		rcu_read_unlock();
		if (r == IPC_WAITING)
			r = wait_in_queue(q, &s->wait);
	} while (r == BEGIN_AGAIN);
	return r;
}

long sysv_msgsnd(int id, s64 type, const void __user *text, size_t len, int flags)
{
	sender_t s = { .pid = current_process()->pid };
	int r;

	if (len > (size_t)READ_ONCE(ipc_ns()->msgmax) || id < 0 || type < 1)
		return -EINVAL;
	s.message = message_from_user(type, text, len);
	if (IS_ERR(s.message))
		return PTR_ERR(s.message);
	r = send_message(id, &s, flags);
	if (r)
		kvfree(s.message);
	return r;
}

/* ---- receiving ---- */

/*
 * queue locked. 0: r->message is there, taken off the queue unless it is to be copied; IPC_WAITING: it is queued to
 * wait; or errno.
 */
static int try_receive(msg_queue_t *q, receiver_t *r, int flags)
{
	message_t *m;

	if (q->ipc.removed)
		return -EIDRM;
	m = find_message(q, r);
	if (m) {
		if (r->room < m->len)
			return -E2BIG;
		r->message = m;
		if (flags & MSG_COPY)
			return 0;
		list_del(&m->link);
		count_message(q, m, -1);
		q->last_receiver = r->pid;
		q->rtime = clock_realtime_coarse();
		let_in(q);
		return 0;
	}
	if (flags & IPC_NOWAIT)
		return -ENOMSG;
	ipc_waiter_init(&r->wait);
	list_add_tail(&r->wait.link, &q->receivers);
	return IPC_WAITING;
}

/* queue locked, r->message in it. */
static int copy_message(const receiver_t *r, message_t *copy)
{
	const message_t *m = r->message;

	if (m->len > copy->len)
		return -EINVAL;
	copy->type = m->type;
	copy->len = m->len;
	__builtin_memcpy(copy->text, m->text, m->len);
	return 0;
}

/* copy: room for one, with MSG_COPY; else NULL. */
static int receive_message(int id, receiver_t *r, int flags, message_t *copy)
{
	msg_queue_t *q;
	int e;

	do {
		rcu_read_lock();
		q = find_allowed(id, 0444);
		if (IS_ERR(q)) {
			rcu_read_unlock();
			return (int)PTR_ERR(q);
		}
		spin_lock(&q->ipc.lock);
		e = try_receive(q, r, flags);
		if (!e && copy)
			e = copy_message(r, copy);
		spin_unlock(&q->ipc.lock);
		rcu_read_unlock();
		if (e == IPC_WAITING)
			e = wait_in_queue(q, &r->wait);
	} while (e == BEGIN_AGAIN);
	if (!e && copy)
		r->message = copy;
	return e;
}

static void choose_search(receiver_t *r, s64 wanted, int flags)
{
	r->type = wanted;
	if (flags & MSG_COPY)
		r->search = SEARCH_NUMBER;
	else if (!wanted)
		r->search = SEARCH_ANY;
	else if (wanted > 0)
		r->search = flags & MSG_EXCEPT ? SEARCH_NOT : SEARCH_EQUAL;
	else
		r->search = SEARCH_LOWEST;
	if (r->search == SEARCH_LOWEST)
		r->type = wanted == INT64_MIN ? INT64_MAX : -wanted;
}

long sysv_msgrcv(int id, s64 *type, void __user *text, size_t len, s64 wanted, int flags)
{
	receiver_t r = { .pid = current_process()->pid };
	message_t *copy = NULL;
	long e;

	if (id < 0 || (ssize_t)len < 0)
		return -EINVAL;
	if (flags & MSG_COPY) {
		if ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT))
			return -EINVAL;
		copy = message_alloc(MIN(len, (size_t)READ_ONCE(ipc_ns()->msgmax)));
		if (!copy)
			return -ENOMEM;
	}
	choose_search(&r, wanted, flags);
	r.room = flags & MSG_NOERROR ? SIZE_MAX : len;
	e = receive_message(id, &r, flags, copy);
	if (e) {
		kvfree(copy);
		return e;
	}
	e = (long)MIN(len, r.message->len);
	*type = r.message->type;
	if (copy_to_user(text, r.message->text, (size_t)e))
		e = -EFAULT;
	kvfree(r.message);
	return e;
}

/* ---- making and removing ---- */

static int make_queue(ipc_namespace_t *ns, const ipc_get_t *g)
{
	msg_queue_t *q = kzalloc(sizeof(*q), GFP_KERNEL);
	int r;

	if (!q)
		return -ENOMEM;
	q->ctime = clock_realtime_coarse();
	q->most_bytes = (u64)READ_ONCE(ns->msgmnb);
	list_init(&q->messages);
	list_init(&q->receivers);
	list_init(&q->senders);
	r = ipc_add(&ns->msg, &q->ipc, g, READ_ONCE(ns->msgmni));
	if (!r)
		return q->ipc.id;
	kfree(q);
	return r;
}

long sysv_msgget(int key, int flags)
{
	ipc_get_t g = { .ids = &ipc_ns()->msg, .key = key, .flags = flags, .make = make_queue };

	return ipc_get_id(&g);
}

/* For IPC_RMID and IPC_SET; ids->lock held, so that it stays. */
static msg_queue_t *find_own(ipc_namespace_t *ns, int id)
{
	ipc_object_t *o;
	int r;

	rcu_read_lock();
	o = ipc_find(&ns->msg, id);
	r = IS_ERR(o) ? (int)PTR_ERR(o) : ipc_may_control(o);
	rcu_read_unlock();
	return r ? ERR_PTR(r) : queue_of(o);
}

static void free_queue_rcu(rcu_head_t *head)
{
	kfree(container_of(head, msg_queue_t, ipc.rcu));
}

static long remove_queue(int id)
{
	ipc_namespace_t *ns = ipc_ns();
	list_t dropped = LIST_INIT(dropped);
	message_t *m, *next;
	msg_queue_t *q;

	rwsem_write_lock(&ns->msg.lock);
	q = find_own(ns, id);
	if (IS_ERR(q)) {
		rwsem_write_unlock(&ns->msg.lock);
		return PTR_ERR(q);
	}
	rcu_read_lock();
	spin_lock(&q->ipc.lock);
	ipc_remove(&ns->msg, &q->ipc);
	finish_all(&q->receivers, -EIDRM);
	finish_all(&q->senders, -EIDRM);
	list_splice_tail_init(&q->messages, &dropped);
	atomic64_sub(&ns->msg_bytes, (s64)q->bytes);
	atomic64_sub(&ns->msg_count, (s64)q->count);
	spin_unlock(&q->ipc.lock);
	rcu_read_unlock();
	rwsem_write_unlock(&ns->msg.lock);
	list_for_each_entry_safe(m, next, &dropped, link)
		kvfree(m);
	call_rcu(&q->ipc.rcu, free_queue_rcu);
	return 0;
}

/* ---- msgctl ---- */

/* queue locked, under RCU. */
static int change_queue(ipc_namespace_t *ns, msg_queue_t *q, const struct msqid64_ds *ds)
{
	int r;

	if (ds->msg_qbytes > (u64)READ_ONCE(ns->msgmnb) && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	r = ipc_set_perm(&q->ipc, &ds->msg_perm);
	if (r)
		return r;
	q->most_bytes = ds->msg_qbytes;
	q->ctime = clock_realtime_coarse();
	finish_all(&q->receivers, BEGIN_AGAIN);
	finish_all(&q->senders, BEGIN_AGAIN);
	return 0;
}

static long set_queue(int id, const struct msqid64_ds __user *buf)
{
	ipc_namespace_t *ns = ipc_ns();
	struct msqid64_ds ds;
	msg_queue_t *q;
	long r;

	if (copy_from_user(&ds, buf, sizeof(ds)))
		return -EFAULT;
	rwsem_write_lock(&ns->msg.lock);
	q = find_own(ns, id);
	r = IS_ERR(q) ? PTR_ERR(q) : 0;
	if (!r) {
		rcu_read_lock();
		spin_lock(&q->ipc.lock);
		r = change_queue(ns, q, &ds);
		spin_unlock(&q->ipc.lock);
		rcu_read_unlock();
	}
	rwsem_write_unlock(&ns->msg.lock);
	return r;
}

static long show_limits(int cmd, struct msginfo __user *buf)
{
	ipc_namespace_t *ns = ipc_ns();
	struct msginfo info = {
		.msgpool = MSGPOOL,
		.msgmap = MSGMAP,
		.msgmax = READ_ONCE(ns->msgmax),
		.msgmnb = READ_ONCE(ns->msgmnb),
		.msgmni = READ_ONCE(ns->msgmni),
		.msgssz = MSGSSZ,
		.msgtql = MSGTQL,
		.msgseg = MSGSEG,
	};
	int last;

	rwsem_read_lock(&ns->msg.lock);
	if (cmd == MSG_INFO) {
		info.msgpool = (int)ns->msg.count;
		info.msgmap = (int)atomic64_read(&ns->msg_count);
		info.msgtql = (int)atomic64_read(&ns->msg_bytes);
	}
	last = ipc_max_index(&ns->msg);
	rwsem_read_unlock(&ns->msg.lock);
	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : last;
}

static void fill_state(const msg_queue_t *q, struct msqid64_ds *ds)
{
	ipc_fill_perm(&q->ipc, &ds->msg_perm);
	ds->msg_stime = ipc_seconds(q->stime);
	ds->msg_rtime = ipc_seconds(q->rtime);
	ds->msg_ctime = ipc_seconds(q->ctime);
	ds->msg_cbytes = q->bytes;
	ds->msg_qnum = q->count;
	ds->msg_qbytes = q->most_bytes;
	ds->msg_lspid = q->last_sender;
	ds->msg_lrpid = q->last_receiver;
}

static long show_state(int id, int cmd, struct msqid64_ds __user *buf)
{
	struct msqid64_ds ds = { 0 };
	bool by_index = cmd != IPC_STAT;
	ipc_object_t *o;
	long r;

	rcu_read_lock();
	o = ipc_find_stat(&ipc_ns()->msg, id, by_index, cmd == MSG_STAT_ANY);
	if (IS_ERR(o)) {
		rcu_read_unlock();
		return PTR_ERR(o);
	}
	spin_lock(&o->lock);
	r = o->removed ? -EIDRM : by_index ? o->id : 0;
	fill_state(queue_of(o), &ds);
	spin_unlock(&o->lock);
	rcu_read_unlock();
	if (r >= 0 && copy_to_user(buf, &ds, sizeof(ds)))
		return -EFAULT;
	return r;
}

long sysv_msgctl(int id, int cmd, void __user *buf)
{
	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return show_limits(cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return show_state(id, cmd, buf);
	case IPC_SET:
		return set_queue(id, buf);
	case IPC_RMID:
		return remove_queue(id);
	default:
		return -EINVAL;
	}
}

/* ---- boot ---- */

static void show_queue(seq_file_t *m, ipc_object_t *o)
{
	const msg_queue_t *q = queue_of(o);

	seq_printf(m, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10ld %10ld %10ld\n",
		   o->key, o->id, o->mode, q->bytes, q->count, q->last_sender, q->last_receiver,
		   o->uid, o->gid, o->cuid, o->cgid, ipc_seconds(q->stime), ipc_seconds(q->rtime),
		   ipc_seconds(q->ctime));
}

void __init msg_init(void)
{
	static const ipc_show_t show = {
		.ids = &init_ipc.msg,
		.heading = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   "
			   "gid  cuid  cgid      stime      rtime      ctime\n",
		.row = show_queue,
	};

	ipc_ids_init(&init_ipc.msg);
	if (proc_create_single("sysvipc/msg", 0444, ipc_show, (void *)&show))
		panic("No memory for /proc/sysvipc");
}
