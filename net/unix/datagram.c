/*
 * Datagrams and packets: whole messages, in the receiver's queue.
 *
 * A datagram goes to the address in the call or to the peer. Strangers wait while the receiver's
 * queue is full (queue_limit); two sockets that are each other's peers are limited by their budgets alone. A
 * packet socket is a connection (connect.c) that keeps messages apart.
 */
#include "unix_internal.h"

#include <fs/poll.h>
#include <kernel/process.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <uapi/errno.h>
#include <uapi/time.h>

/* Of the budget, for the structure: a message must be smaller by it. */
#define MESSAGE_HEAD 32

/* Why deliver_locked did not. */
#define RECEIVER_GONE 1
#define RECEIVER_FULL 2

/* ---- waiting for room at the peer ---- */

bool unix_peer_wake_function(wait_queue_entry_t *entry, u64 key)
{
	unix_socket_t *u = container_of(entry, unix_socket_t, peer_wake);

	list_del_init(&entry->link);
	wake_up_key(&u->socket.wait, INT32_MAX, UNIX_WRITE_EVENTS);
	return true;
}

static bool full_for(const unix_socket_t *u, const unix_socket_t *peer)
{
	return peer != u && READ_ONCE(peer->peer) != u && unix_queue_full(peer);
}

/* u's pollers will be woken when its peer has room. True: it is full, still. */
static bool watch_peer(unix_socket_t *u, unix_socket_t *peer)
{
	unsigned long flags;
	bool full = false;

	spin_lock(&u->socket.lock);
	if (u->peer == peer) {
		spin_lock_irqsave(&peer->peer_wait.lock, &flags);
		if (list_empty(&u->peer_wake.link))
			list_add(&u->peer_wake.link, &peer->peer_wait.entries);
		spin_unlock_irqrestore(&peer->peer_wait.lock, flags);
		smp_mb(); /* with take_message: it sees the entry, or we see the room */
		full = full_for(u, peer);
	}
	spin_unlock(&u->socket.lock);
	return full;
}

void unix_stop_peer_wake(unix_socket_t *u, unix_socket_t *peer)
{
	remove_wait_queue(&peer->peer_wait, &u->peer_wake);
}

/* ---- connecting ---- */

/* u no longer has `old` as its peer: what came from it is dropped, and it is told. */
static void disconnected(unix_socket_t *u, unix_socket_t *old)
{
	skb_queue_t dropped;
	sk_buff_t *skb;
	bool tell;

	skb_queue_init(&dropped);
	mutex_lock(&u->read_mutex);
	spin_lock(&u->socket.lock);
	list_splice_tail_init(&u->queue.list, &dropped.list);
	u->queue.count = 0;
	spin_unlock(&u->socket.lock);
	mutex_unlock(&u->read_mutex);
	if (skb_queue_empty(&dropped))
		return;
	wake_up_all(&u->peer_wait);
	while ((skb = skb_queue_first(&dropped)) != NULL) {
		list_del(&skb->link);
		unix_free_buffer(skb);
	}
	spin_lock(&old->socket.lock);
	tell = !old->socket.dead && old->peer == u;
	if (tell)
		old->socket.error = ECONNRESET;
	spin_unlock(&old->socket.lock);
	if (tell)
		socket_wake(&old->socket, POLLERR, POLL_ERR);
}

/*
 * Both locked (peer may be NULL). The former peer, whose reference is the caller's now. u's pollers
 * stop to wait for it here, before another poll has them wait for the new one.
 */
static unix_socket_t *set_peer_locked(unix_socket_t *u, unix_socket_t *peer)
{
	unix_socket_t *old = u->peer;

	if (old)
		unix_stop_peer_wake(u, old);
	if (peer)
		socket_get(&peer->socket);
	WRITE_ONCE(u->peer, peer);
	u->socket.state = peer ? SOCKET_CONNECTED : SOCKET_CLOSED;
	return old;
}

static void leave_old_peer(unix_socket_t *u, unix_socket_t *old, unix_socket_t *peer)
{
	if (!old)
		return;
	if (old != peer)
		disconnected(u, old);
	socket_put(&old->socket);
	wake_up_key(&u->socket.wait, INT32_MAX, UNIX_WRITE_EVENTS);
}

static bool may_send(const unix_socket_t *u, const unix_socket_t *peer)
{
	return !peer->peer || peer->peer == u;
}

static int connect_to(unix_socket_t *u, const socket_address_t *addr)
{
	unix_socket_t *peer, *old = NULL;
	bool dead;
	int r = 0;

	do {
		peer = unix_find(addr, u->socket.type);
		if (IS_ERR(peer))
			return (int)PTR_ERR(peer);
		spin_lock_two(&u->socket.lock, &peer->socket.lock);
		dead = peer->socket.dead;
		if (!dead && !may_send(u, peer))
			r = -EPERM;
		else if (!dead)
			old = set_peer_locked(u, peer);
		spin_unlock_two(&u->socket.lock, &peer->socket.lock);
		if (!dead)
			leave_old_peer(u, old, peer);
		socket_put(&peer->socket);
	} while (dead);
	/* For the peer's own messages u has room now, and for those of others never. */
	if (!r)
		wake_up_all(&u->peer_wait);
	return r;
}

int unix_datagram_connect(socket_t *s, const socket_address_t *addr, bool nonblock)
{
	unix_socket_t *u = unix_of(s), *old;
	int r;

	if (addr->len < sizeof(addr->storage.ss_family))
		return -EINVAL;
	if (addr->storage.ss_family == AF_UNSPEC) {
		spin_lock(&s->lock);
		old = set_peer_locked(u, NULL);
		spin_unlock(&s->lock);
		leave_old_peer(u, old, NULL);
		return 0;
	}
	r = unix_check_address(addr);
	if (!r && socket_option(s, SOCKET_PASS_CREDENTIALS) && !unix_address_of(u))
		r = unix_autobind(u);
	return r ? r : connect_to(u, addr);
}

/* ---- sending ---- */

/* peer locked. 0: the queue owns the buffer; RECEIVER_*, or errno. */
static int deliver_locked(unix_socket_t *u, unix_socket_t *peer, sk_buff_t *skb)
{
	if (!may_send(u, peer))
		return -EPERM;
	if (peer->socket.dead)
		return RECEIVER_GONE;
	if (peer->socket.shutdown & SHUTDOWN_RECEIVE)
		return -EPIPE;
	if (unlikely(full_for(u, peer)))
		return RECEIVER_FULL;
	skb_queue_tail(&peer->queue, skb);
	return 0;
}

/* The peer was closed. */
static int lose_peer(unix_socket_t *u, unix_socket_t *peer)
{
	bool was_peer;

	if (u->socket.type != SOCK_DGRAM)
		return -EPIPE;
	spin_lock(&u->socket.lock);
	was_peer = u->peer == peer;
	if (was_peer)
		set_peer_locked(u, NULL);
	spin_unlock(&u->socket.lock);
	if (was_peer)
		leave_old_peer(u, peer, NULL);
	return -ECONNREFUSED;
}

/* 0: try again; or errno. */
static int wait_for_room(unix_socket_t *u, unix_socket_t *peer, socket_message_t *m,
			 nsec_t *deadline)
{
	if (*deadline < 0)
		*deadline =
			socket_deadline(READ_ONCE(u->socket.send_timeout), m->flags & MSG_DONTWAIT);
	if (!*deadline)
		return READ_ONCE(u->peer) != peer || watch_peer(u, peer) ? -EAGAIN : 0;
	return socket_wait(&peer->peer_wait, UNIX_WRITE_EVENTS, WAIT_EXCLUSIVE, *deadline,
			   READ_ONCE(peer->socket.dead) || !may_send(u, peer) ||
				   (READ_ONCE(peer->socket.shutdown) & SHUTDOWN_RECEIVE) ||
				   !full_for(u, peer));
}

/* peer is referenced. 0, RECEIVER_GONE, or errno. */
static int deliver(unix_socket_t *u, unix_socket_t *peer, socket_message_t *m, sk_buff_t *skb)
{
	nsec_t deadline = -1;
	int r;

	if (socket_option(&u->socket, SOCKET_PASS_CREDENTIALS) ||
	    socket_option(&peer->socket, SOCKET_PASS_CREDENTIALS) || !READ_ONCE(peer->socket.file))
		unix_add_credentials(skb);
	if (socket_option(&peer->socket, SOCKET_TIMESTAMP | SOCKET_TIMESTAMP_NS))
		unix_control(skb)->stamp = clock_realtime();
	for (;;) {
		spin_lock(&peer->socket.lock);
		r = deliver_locked(u, peer, skb);
		spin_unlock(&peer->socket.lock);
		if (likely(r != RECEIVER_FULL))
			break;
		r = wait_for_room(u, peer, m, &deadline);
		if (r)
			return r;
	}
	if (!r)
		socket_wake(&peer->socket, UNIX_READ_EVENTS, POLL_IN);
	return r;
}

/* To the address, or to the peer. 0 or errno. */
static int deliver_message(unix_socket_t *u, socket_message_t *m, sk_buff_t *skb)
{
	unix_socket_t *peer;
	int r;

	do {
		peer = m->name ? unix_find(m->name, u->socket.type) : unix_peer_get(u);
		if (IS_ERR(peer))
			return (int)PTR_ERR(peer);
		if (!peer)
			return -ECONNRESET;
		r = deliver(u, peer, m, skb);
		if (r == RECEIVER_GONE && !m->name)
			r = lose_peer(u, peer);
		socket_put(&peer->socket);
	} while (r == RECEIVER_GONE);
	return r;
}

static ssize_t send_message(unix_socket_t *u, socket_message_t *m, unix_passing_t *p)
{
	size_t len = m->iter.count;
	sk_buff_t *skb;
	int r = 0;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name)
		r = unix_check_address(m->name);
	else if (!READ_ONCE(u->peer))
		r = -ENOTCONN;
	if (!r && socket_option(&u->socket, SOCKET_PASS_CREDENTIALS) && !unix_address_of(u))
		r = unix_autobind(u);
	if (r)
		return r;
	if (len > (size_t)READ_ONCE(u->socket.send_budget) - MESSAGE_HEAD)
		return -EMSGSIZE;
	skb = unix_alloc_buffer(u, (u32)len, m->flags & MSG_DONTWAIT);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	if (p)
		r = unix_passing_attach(p, skb);
	if (!r)
		r = skb_copy_from_iter(skb, &m->iter);
	if (!r)
		r = deliver_message(u, m, skb);
	if (!r)
		return (ssize_t)len;
	unix_free_buffer(skb);
	return r;
}

ssize_t unix_datagram_send(socket_t *s, socket_message_t *m)
{
	unix_passing_t p;
	ssize_t r;

	if (likely(!m->control_len))
		return send_message(unix_of(s), m, NULL);
	r = unix_passing_begin(m, &p);
	if (r)
		return r;
	r = send_message(unix_of(s), m, &p);
	unix_passing_end(&p);
	return r;
}

ssize_t unix_packet_send(socket_t *s, socket_message_t *m)
{
	int r = socket_take_error(s);

	if (r)
		return r;
	if (READ_ONCE(s->state) != SOCKET_CONNECTED)
		return -ENOTCONN;
	m->name = NULL; /* there is only one who can be meant */
	return unix_datagram_send(s, m);
}

/* ---- receiving ---- */

/* With the queue locked: the message to read, and where in it a peek begins. NULL: none. */
static sk_buff_t *find_message_locked(unix_socket_t *u, bool peek, u32 *skip)
{
	sk_buff_t *skb = skb_queue_first(&u->queue);
	s32 offset = peek ? READ_ONCE(u->socket.peek_offset) : 0;

	*skip = 0;
	while (peek && skb && offset >= 0 && (u32)offset >= skb->len &&
	       (skb->len || offset || unix_control(skb)->peeked)) {
		offset -= (s32)skb->len;
		skb = skb_queue_next(&u->queue, skb);
	}
	*skip = (u32)MAX(offset, 0);
	/* An empty one does not move the offset on: the next peek knows it by this. */
	if (peek && skb && !skb->len)
		unix_control(skb)->peeked = true;
	return skb;
}

/* A message, with read_mutex held; taken off unless peeking. NULL: none. */
static sk_buff_t *take_message(unix_socket_t *u, bool peek, u32 *skip)
{
	sk_buff_t *skb;

	mutex_lock(&u->read_mutex);
	spin_lock(&u->socket.lock);
	skb = find_message_locked(u, peek, skip);
	if (skb && !peek)
		skb_unlink(&u->queue, skb);
	spin_unlock(&u->socket.lock);
	if (!skb)
		mutex_unlock(&u->read_mutex);
	else if (!peek && waitqueue_active(&u->peer_wait))
		wake_up(&u->peer_wait);
	return skb;
}

/*
 * Nothing is there; over: it was shut down already before that was seen. 0: look again; -ESHUTDOWN: nothing will be;
 * or errno.
 */
static int wait_for_message(unix_socket_t *u, socket_message_t *m, nsec_t *deadline, bool over)
{
	socket_t *s = &u->socket;
	bool peek = m->flags & MSG_PEEK;
	u32 seen;

	if (*deadline < 0)
		*deadline = socket_deadline(READ_ONCE(s->recv_timeout), m->flags & MSG_DONTWAIT);
	if (over)
		return !*deadline && s->type == SOCK_DGRAM ? -EAGAIN : -ESHUTDOWN;
	if (!*deadline)
		return -EAGAIN;
	if (s->type == SOCK_SEQPACKET && READ_ONCE(s->state) == SOCKET_CLOSED)
		return -ENOTCONN;
	/* A peek past what is there waits for more; a read for anything. */
	seen = peek ? skb_queue_len(&u->queue) : 0;
	return socket_wait(&s->wait, UNIX_READ_EVENTS | POLLHUP | POLLERR,
			   peek ? 0 : WAIT_EXCLUSIVE, /* a peek leaves the message to a reader */
			   *deadline,
			   skb_queue_len(&u->queue) != seen || READ_ONCE(s->error) ||
				   (READ_ONCE(s->shutdown) & SHUTDOWN_RECEIVE));
}

static void give_timestamp(socket_t *s, socket_message_t *m, const unix_control_t *c)
{
	nsec_t stamp = c->stamp ? c->stamp : clock_realtime();

	if (socket_option(s, SOCKET_TIMESTAMP_NS)) {
		struct timespec ts = ns_to_timespec(stamp);

		socket_put_control(m, SOL_SOCKET, SO_TIMESTAMPNS_OLD, &ts, sizeof(ts));
	} else {
		struct timeval tv = ns_to_timeval(stamp);

		socket_put_control(m, SOL_SOCKET, SO_TIMESTAMP_OLD, &tv, sizeof(tv));
	}
}

/* Copies a message out with what came with it. Bytes, or errno. */
static ssize_t read_message(unix_socket_t *u, socket_message_t *m, sk_buff_t *skb, u32 skip)
{
	bool peek = m->flags & MSG_PEEK;
	u32 there = skb->len - skip, n = (u32)MIN(m->iter.count, (size_t)there);
	unix_control_t *c = unix_control(skb);
	unix_files_t *files = NULL;
	int r;

	if (m->name)
		unix_sender_name(skb, m->name);
	if (n < there)
		m->out_flags |= MSG_TRUNC;
	r = skb_copy_to_iter(skb, skip, n, &m->iter);
	if (r)
		return r;
	if (unlikely(socket_option(&u->socket, SOCKET_TIMESTAMP | SOCKET_TIMESTAMP_NS)))
		give_timestamp(&u->socket, m, c);
	unix_move_peek_offset(u, peek, peek ? n : skb->len);
	if (unlikely(c->files)) {
		r = unix_take_files(u, skb, peek, &files);
		if (r)
			return r;
	}
	if (unlikely(files || socket_option(&u->socket, SOCKET_PASS_CREDENTIALS)))
		unix_give_control(&u->socket, m, c, files);
	return m->flags & MSG_TRUNC ? there : n;
}

ssize_t unix_datagram_receive(socket_t *s, socket_message_t *m)
{
	unix_socket_t *u = unix_of(s);
	bool peek = m->flags & MSG_PEEK;
	nsec_t deadline = -1;
	sk_buff_t *skb;
	ssize_t r;
	bool over;
	u32 skip;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	for (;;) {
		r = socket_take_error(s);
		if (r)
			return r;
		over = READ_ONCE(s->shutdown) & SHUTDOWN_RECEIVE;
		skb = take_message(u, peek, &skip);
		if (likely(skb))
			break;
		r = wait_for_message(u, m, &deadline, over);
		if (r)
			return r == -ESHUTDOWN ? 0 : r;
	}
	if (peek) {
		r = read_message(u, m, skb, skip);
		mutex_unlock(&u->read_mutex);
		return r;
	}
	mutex_unlock(&u->read_mutex);
	r = read_message(u, m, skb, skip);
	unix_free_buffer(skb);
	return r;
}

ssize_t unix_packet_receive(socket_t *s, socket_message_t *m)
{
	if (READ_ONCE(s->state) != SOCKET_CONNECTED)
		return -ENOTCONN;
	return unix_datagram_receive(s, m);
}

/* ---- poll ---- */

/* Could u send to its peer now? If not, its pollers are woken when it can. */
static bool peer_has_room(unix_socket_t *u)
{
	unix_socket_t *peer = unix_peer_get(u);
	bool room;

	if (!peer)
		return true;
	room = !full_for(u, peer) || !watch_peer(u, peer);
	socket_put(&peer->socket);
	return room;
}

u32 unix_datagram_poll(file_t *f, socket_t *s, poll_table_t *pt)
{
	unix_socket_t *u = unix_of(s);
	u32 mask = 0, shutdown, state;

	poll_wait(f, &s->wait, pt);
	shutdown = READ_ONCE(s->shutdown);
	state = READ_ONCE(s->state);
	if (READ_ONCE(s->error))
		mask |= POLLERR;
	if (shutdown & SHUTDOWN_RECEIVE)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (shutdown == SHUTDOWN_BOTH || (s->type == SOCK_SEQPACKET && state == SOCKET_CLOSED))
		mask |= POLLHUP;
	if (!skb_queue_empty(&u->queue) || READ_ONCE(u->nr_pending))
		mask |= POLLIN | POLLRDNORM;
	if (pt && !(pt->events & UNIX_WRITE_EVENTS))
		return mask;
	if (state != SOCKET_LISTENING && socket_writable(s) && peer_has_room(u))
		mask |= UNIX_WRITE_EVENTS;
	return mask;
}
