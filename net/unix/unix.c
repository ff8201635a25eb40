/*
 * AF_UNIX (unix(7)): sockets between programs of this machine.
 *
 * Concepts. A message is one buffer, put straight into the queue of the socket that it is for; the
 * sender pays for it with its send budget until it is read. So a stream is a list of buffers at the reader's end, and
 * nothing is copied but into and out of the buffer. A datagram socket also limits how many messages strangers
 * may leave (queue_limit). A connection of streams or packets is two sockets that refer to each other (peer); connect
 * makes the far one and leaves it with the listener (pending) until accept gives it a file.
 *
 * Names. A pathname socket is found by the node of its name, an abstract one by the name: one table, a
 * lock a bucket (name.c).
 *
 * Life. Closing (unix_release) takes the socket out of the tables, tells the peer, and frees what
 * was not read. The structure stays while a peer or a sender's buffer still refers to it (net/socket). Sockets
 * whose descriptors lie only in each other's queues are found by collect.c.
 *
 * Locking. Data: the sender takes the receiver's socket.lock to append, the reader its own to take
 * off, and nothing global. Streams are read under read_mutex, because bytes are copied with the buffer still
 * queued; datagrams are taken off first. The order of locks is in unix_internal.h.
 */
#include "unix_internal.h"

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <fs/seq_file.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define SIOCUNIXFILE 0x89e0 /* a descriptor of the bound name: SIOCPROTOPRIVATE */

static kmem_cache_t *unix_cache;
static int max_dgram_qlen = 10; /* net.unix.max_dgram_qlen */

/* ---- life ---- */

static const socket_ops_t *ops_of(int type)
{
	return type == SOCK_STREAM  ? &unix_stream_ops
	       : type == SOCK_DGRAM ? &unix_datagram_ops
				    : &unix_packet_ops;
}

unix_socket_t *unix_alloc(int type)
{
	unix_socket_t *u = kmem_cache_alloc(unix_cache, GFP_KERNEL | GFP_ZERO);

	if (!u)
		return NULL;
	socket_setup(&u->socket, AF_UNIX, type, 0, ops_of(type));
	u->queue_limit = (u32)READ_ONCE(max_dgram_qlen);
	u->socket.backlog = (s32)u->queue_limit;
	skb_queue_init(&u->queue);
	list_init(&u->pending);
	list_init(&u->pending_link);
	mutex_init(&u->read_mutex);
	mutex_init(&u->bind_mutex);
	init_waitqueue_head(&u->peer_wait);
	spinlock_init(
		&u->peer_wait.lock); /* a class of its own: taken before other queues' locks */
	init_wait_callback(&u->peer_wake, unix_peer_wake_function);
	list_init(&u->cycle.link);
	unix_all_add(u);
	return u;
}

static socket_t *unix_create(int type, int protocol)
{
	unix_socket_t *u;

	if (protocol && protocol != AF_UNIX)
		return ERR_PTR(-EPROTONOSUPPORT);
	switch (type) {
	case SOCK_STREAM:
	case SOCK_DGRAM:
	case SOCK_SEQPACKET:
		break;
	case SOCK_RAW: /* as 4.2BSD had it: datagrams */
		type = SOCK_DGRAM;
		break;
	default:
		return ERR_PTR(-ESOCKTNOSUPPORT);
	}
	u = unix_alloc(type);
	return u ? &u->socket : ERR_PTR(-ENOMEM);
}

static void unix_free(socket_t *s)
{
	unix_socket_t *u = unix_of(s);

	if (u->address)
		unix_put_address(u->address);
	kmem_cache_free(unix_cache, u);
}

unix_socket_t *unix_peer_get(unix_socket_t *u)
{
	unix_socket_t *peer;

	spin_lock(&u->socket.lock);
	peer = u->peer;
	if (peer)
		socket_get(&peer->socket);
	spin_unlock(&u->socket.lock);
	return peer;
}

void unix_state_changed(unix_socket_t *u)
{
	wake_up_all(&u->socket.wait);
}

/* What was not read. u is closed: nobody appends any more. */
static void drop_queue(unix_socket_t *u)
{
	skb_queue_t old;
	sk_buff_t *skb;

	skb_queue_init(&old);
	spin_lock(&u->socket.lock);
	list_splice_tail_init(&u->queue.list, &old.list);
	u->queue.count = 0;
	u->urgent = NULL;
	spin_unlock(&u->socket.lock);
	while ((skb = skb_queue_first(&old)) != NULL) {
		list_del(&skb->link);
		unix_free_buffer(skb);
	}
}

/* The other end of a connection learns that this one is closed. */
static void tell_peer(unix_socket_t *peer, bool lost)
{
	spin_lock(&peer->socket.lock);
	peer->socket.shutdown = SHUTDOWN_BOTH;
	if (lost)
		peer->socket.error = ECONNRESET;
	spin_unlock(&peer->socket.lock);
	unix_state_changed(peer);
	if (unlikely(READ_ONCE(peer->socket.fasync.first)))
		fasync_signal(&peer->socket.fasync, POLL_HUP);
}

void unix_close(unix_socket_t *u, bool never_accepted)
{
	socket_t *s = &u->socket;
	path_t path = u->path;
	unix_socket_t *peer;
	bool listening;

	unix_unbind(u);
	unix_all_remove(u);
	spin_lock(&s->lock);
	s->dead = true;
	s->shutdown = SHUTDOWN_BOTH;
	listening = s->state == SOCKET_LISTENING;
	s->state = SOCKET_CLOSED;
	peer = u->peer;
	u->peer = NULL;
	u->path = (path_t){ 0 };
	spin_unlock(&s->lock);
	wake_up_all(&u->peer_wait);
	if (peer) {
		if (s->type != SOCK_DGRAM)
			tell_peer(peer, never_accepted || !skb_queue_empty(&u->queue));
		unix_stop_peer_wake(u, peer);
		socket_put(&peer->socket);
	}
	if (listening)
		unix_release_pending(u);
	drop_queue(u);
	if (path.dentry)
		path_put(&path);
	unix_collect_later();
}

static void unix_release(socket_t *s)
{
	unix_close(unix_of(s), false);
}

static int unix_pair(socket_t *a, socket_t *b)
{
	unix_socket_t *ua = unix_of(a), *ub = unix_of(b);

	socket_set_peer_cred(a);
	socket_set_peer_cred(b);
	socket_get(a);
	socket_get(b);
	ua->peer = ub;
	ub->peer = ua;
	a->state = b->state = SOCKET_CONNECTED;
	return 0;
}

/* ---- what the three kinds have in common ---- */

sk_buff_t *unix_alloc_buffer(unix_socket_t *u, u32 len, bool nonblock)
{
	sk_buff_t *skb = socket_alloc_buffer(&u->socket, len, nonblock);
	unix_control_t *c;

	if (IS_ERR(skb))
		return skb;
	c = unix_control(skb);
	c->pid = NULL;
	c->uid = c->gid = ~0u;
	c->files = NULL;
	c->stamp = 0;
	c->consumed = 0;
	c->peeked = false;
	return skb;
}

void unix_free_buffer(sk_buff_t *skb)
{
	unix_control_t *c = unix_control(skb);

	if (unlikely(c->files))
		unix_drop_files(c->files);
	if (unlikely(c->pid))
		pid_put(c->pid);
	free_skb(skb);
}

static int unix_shutdown(socket_t *s, int how)
{
	unix_socket_t *u = unix_of(s), *peer;
	u32 mine = (u32)how + 1, theirs; /* SHUT_RD, _WR, _RDWR: SHUTDOWN_* */
	u32 now;

	spin_lock(&s->lock);
	s->shutdown |= (u8)mine;
	peer = u->peer;
	if (peer)
		socket_get(&peer->socket);
	spin_unlock(&s->lock);
	unix_state_changed(u);
	wake_up_all(&u->peer_wait); /* who waited for room learns that there will be none */
	if (!peer)
		return 0;
	if (s->type != SOCK_DGRAM) {
		/* What one end does not read, the other cannot send, and the other way round. */
		theirs = (mine & SHUTDOWN_RECEIVE ? SHUTDOWN_SEND : 0) |
			 (mine & SHUTDOWN_SEND ? SHUTDOWN_RECEIVE : 0);
		spin_lock(&peer->socket.lock);
		peer->socket.shutdown |= (u8)theirs;
		now = peer->socket.shutdown;
		spin_unlock(&peer->socket.lock);
		unix_state_changed(peer);
		if (unlikely(READ_ONCE(peer->socket.fasync.first)))
			fasync_signal(&peer->socket.fasync,
				      now == SHUTDOWN_BOTH ? POLL_HUP : POLL_IN);
	}
	socket_put(&peer->socket);
	return 0;
}

static int unix_set_peek_offset(socket_t *s, int offset)
{
	unix_socket_t *u = unix_of(s);

	if (mutex_lock_interruptible(&u->read_mutex))
		return -EINTR;
	WRITE_ONCE(s->peek_offset, offset);
	mutex_unlock(&u->read_mutex);
	return 0;
}

/* ---- ioctl ---- */

/* Bytes to be read: all of a stream or of packets, the next datagram's. -EINVAL: a listener. */
static long queued_bytes(unix_socket_t *u)
{
	sk_buff_t *skb;
	long bytes = 0;

	if (READ_ONCE(u->socket.state) == SOCKET_LISTENING)
		return -EINVAL;
	spin_lock(&u->socket.lock);
	if (u->socket.type == SOCK_DGRAM) {
		skb = skb_queue_first(&u->queue);
		bytes = skb ? skb->len : 0;
	} else {
		list_for_each_entry(skb, &u->queue.list, link)
			bytes += unix_left(skb);
	}
	spin_unlock(&u->socket.lock);
	return bytes;
}

/* A descriptor like one of open(2) with O_PATH, of the name that the socket is bound to. */
static long open_name(unix_socket_t *u)
{
	path_t path = { 0 };
	file_t *f;
	int fd;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (!unix_address_of(u))
		return -ENOENT;
	spin_lock(&u->socket.lock);
	if (u->path.dentry) {
		path = u->path;
		path_get(&path);
	}
	spin_unlock(&u->socket.lock);
	if (!path.dentry)
		return -ENOENT;
	fd = fd_reserve(0, true);
	if (fd < 0)
		goto out_put;
	f = file_open_path(&path, O_PATH, current_cred());
	if (IS_ERR(f)) {
		fd_unreserve(fd);
		fd = (int)PTR_ERR(f);
		goto out_put;
	}
	fd_install(fd, f);
out_put:
	path_put(&path);
	return fd;
}

static long unix_ioctl(socket_t *s, u32 cmd, unsigned long arg)
{
	unix_socket_t *u = unix_of(s);
	long n;

	switch (cmd) {
	case SIOCINQ:
		n = queued_bytes(u);
		return n < 0 ? n : put_user_u32((u32)n, (u32 __user *)arg);
	case SIOCOUTQ:
		return put_user_u32((u32)atomic_read(&s->wmem) - 1, (u32 __user *)arg);
	case SIOCATMARK:
		if (s->type != SOCK_STREAM)
			return -EOPNOTSUPP;
		return put_user_u32(unix_at_mark(u), (u32 __user *)arg);
	case SIOCUNIXFILE:
		return open_name(u);
	default:
		return -ENOIOCTLCMD;
	}
}

static void unix_show_fdinfo(socket_t *s, struct seq_file *m)
{
	unix_socket_t *u = unix_of(s);

	seq_printf(m, "scm_fds: %u\n", unix_files_queued(u));
}

/* ---- the three kinds ---- */

#define UNIX_COMMON_OPS                                                                            \
	.release = unix_release, .free = unix_free, .bind = unix_bind, .pair = unix_pair,          \
	.name = unix_name, .shutdown = unix_shutdown, .ioctl = unix_ioctl,                         \
	.set_peek_offset = unix_set_peek_offset, .show_fdinfo = unix_show_fdinfo,                  \
	.flush = unix_flush

const socket_ops_t unix_stream_ops = {
	.protocol = "UNIX-STREAM",
	UNIX_COMMON_OPS,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.poll = unix_stream_poll,
	.send = unix_stream_send,
	.receive = unix_stream_receive,
};

const socket_ops_t unix_datagram_ops = {
	.protocol = "UNIX",
	UNIX_COMMON_OPS,
	.connect = unix_datagram_connect,
	.poll = unix_datagram_poll,
	.send = unix_datagram_send,
	.receive = unix_datagram_receive,
};

const socket_ops_t unix_packet_ops = {
	.protocol = "UNIX",
	UNIX_COMMON_OPS,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.poll = unix_datagram_poll,
	.send = unix_packet_send,
	.receive = unix_packet_receive,
};

static const socket_family_t unix_family = { .family = AF_UNIX, .create = unix_create };

void __init unix_init(void)
{
	unix_cache =
		kmem_cache_create("unix_socket", sizeof(unix_socket_t), 0, SLAB_CACHE_ALIGN, NULL);
	unix_names_init();
	unix_collect_init();
	unix_show_init();
	if (register_socket_family(&unix_family) ||
	    proc_sysctl_int("kernel/overflowuid", 0644, &unix_overflow_uid, 0, OVERFLOW_MAX) ||
	    proc_sysctl_int("kernel/overflowgid", 0644, &unix_overflow_gid, 0, OVERFLOW_MAX) ||
	    proc_sysctl_int("net/unix/max_dgram_qlen", 0644, &max_dgram_qlen, 0, INT32_MAX))
		panic("AF_UNIX cannot be set up");
}
