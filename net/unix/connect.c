/*
 * Connections of streams and packets: connect, listen, accept.
 *
 * connect makes the far end itself, links the two, and leaves the far end with the listener: both
 * can be written to at once. Until it is accepted it has no file; closing the listener closes it.
 */
#include "unix_internal.h"

#include <fs/poll.h>
#include <kernel/process.h>
#include <uapi/errno.h>

int unix_listen(socket_t *s, int backlog)
{
	unix_socket_t *u = unix_of(s);
	int r = 0;

	if (!unix_address_of(u) || READ_ONCE(s->state) == SOCKET_CONNECTED)
		return -EINVAL;
	socket_set_peer_cred(s);
	spin_lock(&s->lock);
	if (s->state == SOCKET_CONNECTED) {
		r = -EINVAL;
	} else {
		WRITE_ONCE(s->backlog, backlog);
		s->state = SOCKET_LISTENING;
	}
	spin_unlock(&s->lock);
	if (r)
		return r;
	wake_up_all(&u->peer_wait);
	return 0;
}

/* ---- connect ---- */

/* The listener, locked with room for a connection; or ERR_PTR. */
static unix_socket_t *lock_listener(unix_socket_t *u, const socket_address_t *addr, nsec_t deadline)
{
	unix_socket_t *waited = NULL;

	for (;;) {
		unix_socket_t *l = unix_find(addr, u->socket.type);
		int r;

		/* The place that it was woken for is another's when the name leads elsewhere now. */
		if (waited && waited != l)
			wake_up(&waited->peer_wait);
		if (waited)
			socket_put(&waited->socket);
		waited = NULL;
		if (IS_ERR(l))
			return l;
		spin_lock_two(&u->socket.lock, &l->socket.lock);
		if (l->socket.dead) {
			/* Closed since it was found: perhaps another has the name by now. */
			spin_unlock_two(&u->socket.lock, &l->socket.lock);
			socket_put(&l->socket);
			continue;
		}
		if (l->socket.state != SOCKET_LISTENING || (l->socket.shutdown & SHUTDOWN_RECEIVE))
			r = -ECONNREFUSED;
		else if (!unix_backlog_full(l)) {
			/* For sparse, which cannot know that an ERR_PTR holds none. */
			__release(&u->socket.lock);
			__release(&l->socket.lock);
			return l;
		} else
			r = -EAGAIN;
		spin_unlock_two(&u->socket.lock, &l->socket.lock);
		if (r == -EAGAIN && deadline)
			r = socket_wait(&l->peer_wait, 0, WAIT_EXCLUSIVE, deadline,
					READ_ONCE(l->socket.dead) ||
						READ_ONCE(l->socket.state) != SOCKET_LISTENING ||
						(READ_ONCE(l->socket.shutdown) &
						 SHUTDOWN_RECEIVE) ||
						!unix_backlog_full(l));
		if (r) {
			socket_put(&l->socket);
			return ERR_PTR(r);
		}
		waited = l;
	}
}

/* Both locked: u and made become the ends of a connection, made waits to be accepted. */
static void join_locked(unix_socket_t *u, unix_socket_t *l, unix_socket_t *made)
{
	unix_address_t *address = unix_address_of(l);

	socket_get(&u->socket);
	made->peer = u;
	made->socket.state = SOCKET_CONNECTED;
	if (address) {
		refcount_get(&address->refs);
		made->address = address;
	}
	if (l->path.dentry) {
		made->path = l->path;
		path_get(&made->path);
	}
	if (socket_option(&l->socket, SOCKET_PASS_CREDENTIALS))
		made->socket.options |= SOCKET_PASS_CREDENTIALS;
	if (socket_option(&l->socket, SOCKET_PASS_SECURITY))
		made->socket.options |= SOCKET_PASS_SECURITY;
	/* The reference of its making goes to the listener, then to the file. */
	socket_get(&made->socket);
	u->peer = made;
	u->socket.state = SOCKET_CONNECTED;
	list_add_tail(&made->pending_link, &l->pending);
	l->nr_pending++;
}

int unix_stream_connect(socket_t *s, const socket_address_t *addr, bool nonblock)
{
	unix_socket_t *u = unix_of(s), *l, *made;
	int r = unix_check_address(addr);

	if (r)
		return r;
	if (socket_option(s, SOCKET_PASS_CREDENTIALS) && !unix_address_of(u)) {
		r = unix_autobind(u);
		if (r)
			return r;
	}
	made = unix_alloc(s->type);
	if (!made)
		return -ENOMEM;
	/* Who connects is who the other side will see. */
	socket_set_peer_cred(&made->socket);
	l = lock_listener(u, addr, socket_deadline(READ_ONCE(s->send_timeout), nonblock));
	if (IS_ERR(l)) {
		r = (int)PTR_ERR(l);
		goto out_close;
	}
	__acquire(&s->lock);
	__acquire(&l->socket.lock);
	r = s->state == SOCKET_CONNECTED ? -EISCONN : s->state == SOCKET_LISTENING ? -EINVAL : 0;
	if (!r)
		join_locked(u, l, made);
	spin_unlock_two(&s->lock, &l->socket.lock);
	if (r) {
		if (waitqueue_active(&l->peer_wait))
			wake_up(&l->peer_wait); /* the place is still there */
		socket_put(&l->socket);
		goto out_close;
	}
	socket_copy_peer_cred(s, &l->socket);
	socket_wake(&l->socket, UNIX_READ_EVENTS, POLL_IN);
	socket_put(&l->socket);
	return 0;
out_close:
	socket_close(&made->socket);
	return r;
}

/* ---- accept ---- */

static unix_socket_t *take_pending(unix_socket_t *l)
{
	unix_socket_t *made = NULL;

	spin_lock(&l->socket.lock);
	if (!list_empty(&l->pending)) {
		made = list_first_entry(&l->pending, unix_socket_t, pending_link);
		list_del_init(&made->pending_link);
		WRITE_ONCE(l->nr_pending, l->nr_pending - 1);
	}
	spin_unlock(&l->socket.lock);
	return made;
}

socket_t *unix_accept(socket_t *s, bool nonblock)
{
	unix_socket_t *l = unix_of(s), *made;
	nsec_t deadline = socket_deadline(READ_ONCE(s->recv_timeout), nonblock);
	int r;

	if (READ_ONCE(s->state) != SOCKET_LISTENING)
		return ERR_PTR(-EINVAL);
	while (!(made = take_pending(l))) {
		if (!deadline)
			return ERR_PTR(-EAGAIN);
		if (READ_ONCE(s->shutdown) & SHUTDOWN_RECEIVE)
			return ERR_PTR(-EINVAL);
		r = socket_wait(&s->wait, UNIX_READ_EVENTS, WAIT_EXCLUSIVE, deadline,
				READ_ONCE(l->nr_pending) ||
					(READ_ONCE(s->shutdown) & SHUTDOWN_RECEIVE));
		if (r)
			return ERR_PTR(r);
	}
	if (waitqueue_active(&l->peer_wait))
		wake_up(&l->peer_wait);
	return &made->socket;
}

void unix_release_pending(unix_socket_t *l)
{
	unix_socket_t *made;

	while ((made = take_pending(l)) != NULL) {
		unix_close(made, true);
		socket_put(&made->socket);
	}
}
