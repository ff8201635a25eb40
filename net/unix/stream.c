/*
 * Streams: bytes in buffers, in the reader's queue.
 *
 * A reader copies out of the first buffer while it stands in the queue, and takes it off once it is used up;
 * read_mutex keeps a second reader away. Messages of different senders, as far as credentials are
 * asked for, and descriptors are never glued together in one read. The last byte sent with MSG_OOB is a mark
 * in the queue (urgent): a read stops before it, and the next skips it, unless SO_OOBINLINE is set.
 */
#include "unix_internal.h"

#include <fs/poll.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <uapi/errno.h>

/*
 * Linux's sizes of a buffer: half of the budget less the head; at most a page with its structure and 32
 * KiB in further pages.
 */
#define BUFFER_HEAD 64
#define BUFFER_MAX (4096 - 320 + 32768)

/* ---- sending ---- */

/* Puts the buffer into the peer's queue, which owns it then. 0 or -EPIPE. */
static int deliver(unix_socket_t *u, unix_socket_t *peer, sk_buff_t *skb, bool urgent)
{
	if (unlikely(socket_option(&u->socket, SOCKET_PASS_CREDENTIALS) ||
		     socket_option(&peer->socket, SOCKET_PASS_CREDENTIALS) ||
		     !READ_ONCE(peer->socket.file)))
		unix_add_credentials(skb);
	spin_lock(&peer->socket.lock);
	if (unlikely(peer->socket.dead || (peer->socket.shutdown & SHUTDOWN_RECEIVE))) {
		spin_unlock(&peer->socket.lock);
		return -EPIPE;
	}
	skb_queue_tail(&peer->queue, skb);
	WRITE_ONCE(peer->arrivals, peer->arrivals + 1);
	if (unlikely(urgent))
		peer->urgent = skb;
	spin_unlock(&peer->socket.lock);
	socket_wake(&peer->socket, UNIX_READ_EVENTS | (urgent ? POLLPRI : 0), POLL_IN);
	return 0;
}

/* One buffer of n bytes of the message. 0 or errno. */
static int send_piece(unix_socket_t *u, unix_socket_t *peer, socket_message_t *m, u32 n,
		      unix_passing_t *p, bool urgent)
{
	sk_buff_t *skb = unix_alloc_buffer(u, n, m->flags & MSG_DONTWAIT);
	int r = 0;

	if (IS_ERR(skb))
		return (int)PTR_ERR(skb);
	if (p)
		r = unix_passing_attach(p, skb);
	if (!r)
		r = skb_copy_from_iter(skb, &m->iter);
	if (!r)
		r = deliver(u, peer, skb, urgent);
	if (unlikely(r))
		unix_free_buffer(skb);
	return r;
}

/* SIGURG for the owner of the receiver's file. */
static void signal_urgent(unix_socket_t *peer)
{
	spin_lock(&peer->socket.lock);
	if (peer->socket.file)
		file_signal_urgent(peer->socket.file);
	spin_unlock(&peer->socket.lock);
}

static ssize_t send_all(unix_socket_t *u, unix_socket_t *peer, socket_message_t *m,
			unix_passing_t *p)
{
	size_t len = m->iter.count;
	bool urgent = m->flags & MSG_OOB;
	u32 most = MIN((u32)READ_ONCE(u->socket.send_budget) / 2 - BUFFER_HEAD, (u32)BUFFER_MAX);
	ssize_t sent = 0;
	int r = 0;

	if (READ_ONCE(u->socket.shutdown) & SHUTDOWN_SEND)
		r = -EPIPE; /* even without a byte to send */
	len -= urgent;	    /* the last byte goes by itself */
	while ((size_t)sent < len && !r) {
		u32 n = (u32)MIN(len - (size_t)sent, (size_t)most);

		r = send_piece(u, peer, m, n, p, false);
		if (!r)
			sent += n;
	}
	if (urgent && !r) {
		r = send_piece(u, peer, m, 1, p, true);
		if (!r) {
			sent++;
			signal_urgent(peer);
		}
	}
	if (r == -EPIPE && !sent && !(m->flags & MSG_NOSIGNAL))
		send_signal_thread(current(), SIGPIPE, SEND_SIG_NOINFO);
	return sent ? sent : r;
}

ssize_t unix_stream_send(socket_t *s, socket_message_t *m)
{
	unix_socket_t *u = unix_of(s), *peer;
	unix_passing_t passing;
	ssize_t r;

	if (unlikely(m->control_len)) {
		r = unix_passing_begin(m, &passing);
		if (r)
			return r;
	}
	peer = READ_ONCE(u->peer);
	if ((m->flags & MSG_OOB) && !m->iter.count)
		r = -EOPNOTSUPP;
	else if (m->name)
		r = READ_ONCE(s->state) == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	else if (!peer)
		r = -ENOTCONN;
	else
		r = send_all(u, peer, m, m->control_len ? &passing : NULL);
	if (unlikely(m->control_len))
		unix_passing_end(&passing);
	return r;
}

/* ---- receiving ---- */

/* What a read has found so far. */
typedef struct reading {
	socket_message_t *m;
	size_t target; /* bytes it would wait for */
	ssize_t copied;
	nsec_t deadline; /* -1: not looked at the clock yet */
	u32 seen;	 /* queue's arrivals when there was nothing more */
	u32 skip;	 /* SO_PEEK_OFF: bytes to pass over */
	bool peek, named;
	bool have_control;
	unix_control_t
		control; /* who sent what is read, when that is asked for; own reference of pid */
	unix_files_t *files;
} reading_t;

/*
 * With the queue locked: the read stands at the urgent byte, or where one was; others may follow. Where it goes on,
 * or NULL. dropped: what left the queue.
 */
static sk_buff_t *pass_marks_locked(unix_socket_t *u, sk_buff_t *skb, reading_t *r, list_t *dropped)
{
	while (skb && (skb == u->urgent || !unix_left(skb))) {
		bool used = !unix_left(skb);
		sk_buff_t *mark = skb;

		if (!used && r->copied)
			return NULL;
		if (!used && socket_option(&u->socket, SOCKET_OOB_INLINE)) {
			if (!r->peek)
				u->urgent = NULL;
			return skb;
		}
		skb = r->copied && !r->peek ? NULL : skb_queue_next(&u->queue, skb);
		if (r->peek)
			continue;
		if (u->urgent == mark)
			u->urgent = NULL;
		skb_unlink(&u->queue, mark);
		list_add_tail(&mark->link, dropped);
	}
	return skb;
}

/*
 * The buffer to read from next, after `last` of a peek (NULL: the first); read_mutex keeps it in
 * place. NULL: nothing more, or (*end) the read stops here.
 */
static sk_buff_t *next_buffer(unix_socket_t *u, sk_buff_t *last, reading_t *r, bool *end)
{
	list_t dropped = LIST_INIT(dropped);
	sk_buff_t *skb;

	*end = false;
	spin_lock(&u->socket.lock);
	r->seen = u->arrivals;
	skb = last ? skb_queue_next(&u->queue, last) : skb_queue_first(&u->queue);
	while (skb && unlikely(r->skip) && r->skip >= unix_left(skb)) {
		r->skip -= unix_left(skb);
		skb = skb_queue_next(&u->queue, skb);
	}
	if (skb && unlikely(skb == u->urgent || !unix_left(skb))) {
		skb = pass_marks_locked(u, skb, r, &dropped);
		*end = !skb && r->copied;
	}
	spin_unlock(&u->socket.lock);
	while (unlikely(!list_empty(&dropped))) {
		sk_buff_t *mark = list_first_entry(&dropped, sk_buff_t, link);

		list_del(&mark->link);
		unix_free_buffer(mark);
	}
	return skb;
}

/* Nothing is there. 1: look again; 0: the read ends with what it has; or errno. */
static int wait_for_data(unix_socket_t *u, reading_t *r)
{
	socket_t *s = &u->socket;
	bool more, over;
	int e;

	if ((size_t)r->copied >= r->target)
		return 0;
	/* What was sent before the other end was closed is read before its end is. */
	spin_lock(&s->lock);
	more = u->arrivals != r->seen;
	over = s->shutdown & SHUTDOWN_RECEIVE;
	e = more ? 0 : socket_take_error(s);
	spin_unlock(&s->lock);
	if (e || more || over)
		return e ? e : more;
	if (r->deadline < 0)
		r->deadline =
			socket_deadline(READ_ONCE(s->recv_timeout), r->m->flags & MSG_DONTWAIT);
	if (!r->deadline)
		return -EAGAIN;
	mutex_unlock(&u->read_mutex);
	e = socket_wait(&s->wait, UNIX_READ_EVENTS | POLLHUP | POLLERR, 0, r->deadline,
			READ_ONCE(u->arrivals) != r->seen || READ_ONCE(s->error) ||
				(READ_ONCE(s->shutdown) & SHUTDOWN_RECEIVE));
	mutex_lock(&u->read_mutex);
	return e ? e : 1;
}

/* Descriptors and senders are not glued together. False: the read ends before this buffer. */
static bool take_sender(unix_socket_t *u, sk_buff_t *skb, reading_t *r)
{
	unix_control_t *c = unix_control(skb);

	if (unlikely(socket_option(&u->socket, SOCKET_PASS_CREDENTIALS))) {
		if (r->have_control)
			return unix_same_sender(&r->control, c);
		r->control = *c;
		if (c->pid)
			pid_get(c->pid);
		r->have_control = true;
	}
	if (r->m->name && !r->named) {
		unix_sender_name(skb, r->m->name);
		r->named = true;
	}
	return true;
}

/* Copies from a buffer and takes off what is used up. 1: go on; 0: the read ends; or errno. */
static int read_buffer(unix_socket_t *u, sk_buff_t *skb, reading_t *r)
{
	unix_control_t *c = unix_control(skb);
	u32 n = (u32)MIN((size_t)(unix_left(skb) - r->skip), r->m->iter.count);
	int e;

	if (!take_sender(u, skb, r))
		return 0;
	if (skb_copy_to_iter(skb, c->consumed + r->skip, n, &r->m->iter))
		return -EFAULT;
	r->copied += n;
	r->skip = 0;
	if (unlikely(c->files)) {
		e = unix_take_files(u, skb, r->peek, &r->files);
		if (e)
			return e;
	}
	unix_move_peek_offset(u, r->peek, n);
	if (r->peek)
		return !r->files && r->m->iter.count;
	c->consumed += n;
	if (unix_left(skb))
		return 0;
	spin_lock(&u->socket.lock);
	skb_unlink(&u->queue, skb);
	spin_unlock(&u->socket.lock);
	unix_free_buffer(skb);
	return !r->files && r->m->iter.count;
}

/* With read_mutex, which may be dropped meanwhile. 0, or why nothing more came. */
static int read_stream(unix_socket_t *u, reading_t *r)
{
	sk_buff_t *skb, *last = NULL;
	bool end;
	int e;

	do {
		if (!last && unlikely(r->peek))
			r->skip = (u32)MAX(READ_ONCE(u->socket.peek_offset), 0);
		skb = next_buffer(u, last, r, &end);
		if (skb)
			e = read_buffer(u, skb, r);
		else
			e = end ? 0 : wait_for_data(u, r);
		last = r->peek ? skb : NULL;
	} while (e > 0);
	return e;
}

/* MSG_OOB: the urgent byte, wherever it stands in the queue. */
static ssize_t receive_urgent(unix_socket_t *u, socket_message_t *m)
{
	bool peek = m->flags & MSG_PEEK;
	ssize_t r = 1;
	sk_buff_t *skb;

	mutex_lock(&u->read_mutex);
	spin_lock(&u->socket.lock);
	skb = socket_option(&u->socket, SOCKET_OOB_INLINE) ? NULL : u->urgent;
	if (skb && !peek)
		u->urgent = NULL;
	spin_unlock(&u->socket.lock);
	if (!skb)
		r = -EINVAL;
	else if (skb_copy_to_iter(skb, 0, (u32)MIN(m->iter.count, (size_t)1), &m->iter))
		r = -EFAULT;
	else
		m->out_flags |= MSG_OOB;
	/* It stays as an empty buffer, where the next read stops. */
	if (skb && !peek)
		unix_control(skb)->consumed = 1;
	mutex_unlock(&u->read_mutex);
	return r;
}

ssize_t unix_stream_receive(socket_t *s, socket_message_t *m)
{
	unix_socket_t *u = unix_of(s);
	reading_t r;
	int e;

	if (unlikely(READ_ONCE(s->state) != SOCKET_CONNECTED))
		return -EINVAL;
	if (unlikely(m->flags & MSG_OOB))
		return receive_urgent(u, m);
	r.m = m;
	r.peek = m->flags & MSG_PEEK;
	r.target = m->flags & MSG_WAITALL && !r.peek
			   ? m->iter.count
			   : MIN(m->iter.count, (size_t)READ_ONCE(s->recv_low_water));
	r.target = r.peek ? 1 : MAX(r.target, (size_t)1);
	r.copied = 0;
	r.deadline = -1;
	r.skip = 0;
	r.named = r.have_control = false;
	r.files = NULL;
	mutex_lock(&u->read_mutex);
	e = read_stream(u, &r);
	mutex_unlock(&u->read_mutex);
	if (unlikely(r.files || r.have_control || socket_option(s, SOCKET_PASS_CREDENTIALS))) {
		if (r.copied || !e)
			unix_give_control(s, m, r.have_control ? &r.control : NULL, r.files);
		else
			unix_drop_files(r.files);
		if (r.have_control && r.control.pid)
			pid_put(r.control.pid);
	}
	return r.copied ? r.copied : e;
}

/* ---- poll ---- */

bool unix_at_mark(unix_socket_t *u)
{
	sk_buff_t *skb;
	bool at;

	spin_lock(&u->socket.lock);
	skb = skb_queue_first(&u->queue);
	at = skb && skb == u->urgent;
	spin_unlock(&u->socket.lock);
	return at;
}

u32 unix_stream_poll(file_t *f, socket_t *s, poll_table_t *pt)
{
	unix_socket_t *u = unix_of(s);
	u32 mask = 0, shutdown, state;

	poll_wait(f, &s->wait, pt);
	shutdown = READ_ONCE(s->shutdown);
	state = READ_ONCE(s->state);
	if (READ_ONCE(s->error))
		mask |= POLLERR;
	if (shutdown == SHUTDOWN_BOTH || state == SOCKET_CLOSED)
		mask |= POLLHUP;
	if (shutdown & SHUTDOWN_RECEIVE)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (!skb_queue_empty(&u->queue) || READ_ONCE(u->nr_pending))
		mask |= POLLIN | POLLRDNORM;
	if (READ_ONCE(u->urgent))
		mask |= POLLPRI;
	if (state != SOCKET_LISTENING && socket_writable(s))
		mask |= UNIX_WRITE_EVENTS;
	return mask;
}
