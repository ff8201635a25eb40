/*
 * Descriptors in flight: sent, but not received yet; and the collection of cycles among them.
 *
 * A socket whose descriptor lies in a message is kept open by it. When the message lies in the
 * socket's own queue, directly or by way of others, and nobody else has a descriptor of any of them, they would
 * stay for ever. A worker finds such sets (cycles.c) and drops their messages; closing is then the
 * consequence.
 *
 * A search is asked for when something may have become unreachable: a descriptor of a socket in flight was closed, or a
 * socket was. Messages without sockets in them take no part, and no lock.
 *
 * Why a search sees enough. collect_mutex is held while descriptors of sockets enter or leave a message, and
 * throughout a search. A candidate has no references but those of messages, so nobody can receive from it, or
 * peek, before a message with it has been received, which waits for the mutex. A message that is appended to a
 * candidate meanwhile was counted before: its sockets have a reference more than the search found
 * and live. At worst something is found only next time.
 */
#include "unix_internal.h"

#include <kernel/process.h>
#include <kernel/softirq.h>
#include <uapi/errno.h>

/* So many sockets in flight are worth a search, whatever was closed. */
#define MANY_IN_FLIGHT 16000

static mutex_t collect_mutex = MUTEX_INIT(collect_mutex);
static list_t in_flight = LIST_INIT(in_flight); /* collect_mutex: by cycle.link */
static u32 nr_in_flight;			/* collect_mutex; read racily */
static work_t collect_work;

unix_socket_t *unix_file_socket(file_t *f)
{
	socket_t *s = file_socket(f);

	return s && s->family == AF_UNIX ? unix_of(s) : NULL;
}

void unix_lock_flight(void)
{
	mutex_lock(&collect_mutex);
}

void unix_unlock_flight(void)
{
	mutex_unlock(&collect_mutex);
}

/* ---- entering and leaving ---- */

/* collect_mutex held. */
static void count_sockets(unix_files_t *f, bool enter)
{
	for (u32 i = 0; i < f->count; i++) {
		unix_socket_t *u = unix_file_socket(f->files[i]);

		if (!u)
			continue;
		if (enter && !u->cycle.held++) {
			list_add_tail(&u->cycle.link, &in_flight);
			WRITE_ONCE(nr_in_flight, nr_in_flight + 1);
		} else if (!enter && !--u->cycle.held) {
			list_del_init(&u->cycle.link);
			WRITE_ONCE(nr_in_flight, nr_in_flight - 1);
		}
	}
}

int unix_enter_flight(unix_files_t *f)
{
	user_t *user = current_cred()->user;

	if ((u64)atomic_read(&user->files_in_flight) > rlimit(RLIMIT_NOFILE) &&
	    !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	refcount_get(&user->refs);
	f->user = user;
	atomic_add(&user->files_in_flight, (int)f->count);
	f->in_flight = true;
	if (!f->has_sockets)
		return 0;
	mutex_lock(&collect_mutex);
	count_sockets(f, true);
	mutex_unlock(&collect_mutex);
	if (READ_ONCE(nr_in_flight) > MANY_IN_FLIGHT)
		schedule_work(&collect_work);
	return 0;
}

void unix_leave_flight(unix_files_t *f)
{
	atomic_sub(&f->user->files_in_flight, (int)f->count);
	user_put(f->user);
	f->user = NULL;
	f->in_flight = false;
	if (!f->has_sockets)
		return;
	mutex_lock(&collect_mutex);
	count_sockets(f, false);
	mutex_unlock(&collect_mutex);
}

/* ---- searching ---- */

static unix_socket_t *socket_of_node(cycle_node_t *n)
{
	return container_of(n, unix_socket_t, cycle);
}

/* With the queue's owner locked. */
static void visit_queue(cycle_search_t *search, unix_socket_t *u)
{
	sk_buff_t *skb;

	list_for_each_entry(skb, &u->queue.list, link) {
		unix_files_t *f = unix_control(skb)->files;

		if (!f || !f->has_sockets)
			continue;
		for (u32 i = 0; i < f->count; i++) {
			unix_socket_t *child = unix_file_socket(f->files[i]);

			if (child)
				cycle_visit(search, &child->cycle);
		}
	}
}

/* A listener also holds what was sent to the connections that it has not accepted. */
static void visit_socket(cycle_search_t *search, cycle_node_t *n)
{
	unix_socket_t *u = socket_of_node(n), *waiting;

	spin_lock(&u->socket.lock);
	visit_queue(search, u);
	list_for_each_entry(waiting, &u->pending, pending_link) {
		spin_lock_nested(&waiting->socket.lock);
		visit_queue(search, waiting);
		spin_unlock(&waiting->socket.lock);
	}
	spin_unlock(&u->socket.lock);
}

static const cycle_ops_t search_ops = { .visit_children = visit_socket };

/* u locked: messages with sockets in them go to `out`. */
static void take_messages(unix_socket_t *u, list_t *out)
{
	sk_buff_t *skb, *next;

	list_for_each_entry_safe(skb, next, &u->queue.list, link) {
		unix_files_t *f = unix_control(skb)->files;

		if (!f || !f->has_sockets)
			continue;
		if (u->urgent == skb)
			u->urgent = NULL;
		skb_unlink(&u->queue, skb);
		list_add_tail(&skb->link, out);
	}
}

static void empty_garbage(unix_socket_t *u, list_t *out)
{
	unix_socket_t *waiting;

	spin_lock(&u->socket.lock);
	take_messages(u, out);
	list_for_each_entry(waiting, &u->pending, pending_link) {
		spin_lock_nested(&waiting->socket.lock);
		take_messages(waiting, out);
		spin_unlock(&waiting->socket.lock);
	}
	spin_unlock(&u->socket.lock);
}

/* Nobody has it open but messages? Its file stays as long as it is in flight. */
static bool only_in_flight(unix_socket_t *u)
{
	file_t *f = READ_ONCE(u->socket.file);

	return f && refcount_read(&f->refs) == u->cycle.held;
}

static void collect(work_t *work)
{
	list_t set = LIST_INIT(set), living = LIST_INIT(living), messages = LIST_INIT(messages);
	cycle_node_t *n, *next;
	sk_buff_t *skb;

	mutex_lock(&collect_mutex);
	list_for_each_entry_safe(n, next, &in_flight, link)
		if (only_in_flight(socket_of_node(n)))
			list_move_tail(&n->link, &set);
	cycles_find(&search_ops, &set, &living);
	list_for_each_entry(n, &set, link)
		empty_garbage(socket_of_node(n), &messages);
	list_splice_tail_init(&living, &in_flight);
	list_splice_tail_init(&set, &in_flight);
	mutex_unlock(&collect_mutex);
	while (!list_empty(&messages)) {
		skb = list_first_entry(&messages, sk_buff_t, link);
		list_del(&skb->link);
		unix_free_buffer(skb);
	}
}

void unix_collect_later(void)
{
	if (unlikely(READ_ONCE(nr_in_flight)))
		schedule_work(&collect_work);
}

/* ---- after a close ---- */

static void after_close(thread_work_t *work)
{
	unix_socket_t *u = container_of(work, unix_socket_t, collect_work);

	__atomic_store_n(&u->collect_queued, false, __ATOMIC_SEQ_CST);
	schedule_work(&collect_work);
	socket_put(&u->socket);
}

/*
 * The descriptor's reference is still there: the search is asked for when the thread is about to go
 * back to its program.
 */
void unix_flush(socket_t *s)
{
	unix_socket_t *u = unix_of(s);

	if (likely(!READ_ONCE(u->cycle.held)) ||
	    __atomic_exchange_n(&u->collect_queued, true, __ATOMIC_SEQ_CST))
		return;
	socket_get(s);
	thread_work_init(&u->collect_work, after_close);
	if (!thread_work_add(current(), &u->collect_work))
		after_close(&u->collect_work);
}

void __init unix_collect_init(void)
{
	work_init(&collect_work, collect);
}
