/*
 * Sleeping and waking on sockets, and the budget for buffers that a socket sends.
 *
 * One wait queue a socket: sleepers and pollers name the events they wait for, wakers the events that came, and
 * nobody is woken by what does not concern it. A budget may be exceeded by one buffer: whoever finds
 * room may send, however much.
 */
#include <net/socket.h>

#include <fs/poll.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>

#include "socket_internal.h"

#define WRITE_EVENTS (POLLOUT | POLLWRNORM | POLLWRBAND)

bool socket_wake_function(wait_queue_entry_t *entry, u64 key)
{
	if (key && !(key & (u64)(unsigned long)entry->data))
		return false;
	return autoremove_wake_function(entry, key);
}

nsec_t socket_deadline(nsec_t timeout, bool nonblock)
{
	nsec_t now;

	if (nonblock || !timeout)
		return 0;
	if (timeout == NSEC_MAX)
		return NSEC_MAX;
	now = clock_monotonic();
	return timeout > NSEC_MAX - 1 - now ? NSEC_MAX - 1 : now + timeout;
}

void socket_wake(socket_t *s, u32 events, int band)
{
	/* Hang-ups and errors concern everybody, an event only one of those that take turns. */
	int nr = events & (POLLHUP | POLLRDHUP | POLLERR) ? INT32_MAX : 1;

	if (waitqueue_active(&s->wait))
		wake_up_key(&s->wait, nr, events);
	if (unlikely(READ_ONCE(s->fasync.first)) && band)
		fasync_signal(&s->fasync, band);
}

void socket_uncharge(sk_buff_t *skb)
{
	socket_t *s = skb->owner;

	/* The last byte is kept until nobody needs to be woken: it keeps the socket in memory. */
	if (skb->charge > 1)
		atomic_sub_return(&s->wmem, (int)skb->charge - 1);
	if (socket_writable(s))
		socket_wake(s, WRITE_EVENTS, POLL_OUT);
	socket_drop_memory(s, 1);
}

static bool has_budget(const socket_t *s)
{
	return atomic_read(&s->wmem) - 1 < READ_ONCE(s->send_budget);
}

/* 0, or why s may not send at all. */
static int cannot_send(socket_t *s)
{
	int r = socket_take_error(s);

	if (r)
		return r;
	return READ_ONCE(s->shutdown) & SHUTDOWN_SEND ? -EPIPE : 0;
}

sk_buff_t *socket_alloc_buffer(socket_t *s, u32 len, bool nonblock)
{
	nsec_t deadline = -1;
	sk_buff_t *skb;
	int r;

	for (;;) {
		r = cannot_send(s);
		if (r)
			return ERR_PTR(r);
		if (likely(has_budget(s)))
			break;
		if (deadline < 0)
			deadline = socket_deadline(READ_ONCE(s->send_timeout), nonblock);
		if (!deadline)
			return ERR_PTR(-EAGAIN);
		r = socket_wait(&s->wait, WRITE_EVENTS | POLLERR | POLLHUP, 0, deadline,
				has_budget(s) || READ_ONCE(s->error) ||
					(READ_ONCE(s->shutdown) & SHUTDOWN_SEND));
		if (r)
			return ERR_PTR(r);
	}
	skb = skb_alloc_sized(len, GFP_KERNEL);
	if (!skb)
		return ERR_PTR(-ENOBUFS);
	atomic_add(&s->wmem, (int)skb->charge);
	skb->owner = s;
	return skb;
}
