/*
 * What the files of net/unix share.
 *
 * Lock order: bind_mutex > name bucket. read_mutex > collect_mutex > socket.lock (two by address) > peer_wait.lock
 * > socket.wait.lock.
 */
#ifndef NET_UNIX_INTERNAL_H
#define NET_UNIX_INTERNAL_H

#include <kernel/sync/mutex.h>
#include <net/socket.h>

#include "cycles.h"

extern int unix_overflow_uid,
	unix_overflow_gid; /* sysctl kernel.overflowuid, overflowgid: of unknown senders */
#define OVERFLOW_MAX 65535

struct unix_files;

/* An address: constant once made, shared by a listener and its connections. */
typedef struct unix_address {
	refcount_t refs;
	u32 len;		 /* of name */
	u32 hash;		 /* in the table of names */
	struct sockaddr_un name; /* len bytes of it are allocated */
} unix_address_t;
#define UNIX_PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

static inline bool unix_address_abstract(const unix_address_t *a)
{
	return !a->name.sun_path[0];
}

typedef struct unix_socket {
	socket_t socket;
	/*
	 * socket.lock; own reference. Of a stream or packet socket it is set once and stays until the socket
	 * is closed, so that its users need neither lock nor reference.
	 */
	struct unix_socket *peer;
	skb_queue_t queue;   /* socket.lock: received, not read yet */
	u32 arrivals;	     /* socket.lock: counts what came into queue of a stream */
	sk_buff_t *urgent;   /* socket.lock: the last MSG_OOB byte, in queue */
	list_t pending;	     /* socket.lock: of a listener, connections not accepted yet */
	u32 nr_pending;	     /* socket.lock */
	list_t pending_link; /* listener's socket.lock */
	u32 queue_limit;     /* (c) of datagrams */
	mutex_t read_mutex;  /* stream readers take turns; socket.peek_offset */
	wait_queue_head_t
		peer_wait; /* senders that wait for room in queue, or for a place in pending */
	/* Of pollers that wait for room at the peer: stands on peer->peer_wait, whose lock guards it. */
	wait_queue_entry_t peer_wake;

	mutex_t bind_mutex;	 /* address and path are made once */
	unix_address_t *address; /* bind_mutex to set, published with release; then constant */
	path_t path;		 /* likewise, of a pathname socket */
	hlist_node_t name_link;	 /* bucket of names */
	hlist_node_t all_link;	 /* bucket of all */
	bool hashed;		 /* in names: bucket's lock */

	/* descriptors of this socket in messages (collect.c) */
	cycle_node_t cycle;	    /* collect_mutex; held also read racily */
	thread_work_t collect_work; /* after a close: collect_queued says it is under way */
	bool collect_queued;	    /* atomic */
} unix_socket_t;

static inline unix_socket_t *unix_of(socket_t *s)
{
	return container_of(s, unix_socket_t, socket);
}

/* skb->control of a message. */
typedef struct unix_control {
	struct pid *pid; /* sender, own reference; NULL: nobody asked */
	uid_t uid;
	gid_t gid;
	struct unix_files *files; /* own; NULL: none */
	nsec_t stamp;		  /* when it was sent, where the receiver wants to know */
	u32 consumed;		  /* bytes already read */
	bool peeked;		  /* reader's socket.lock: an empty message that a peek has seen */
} unix_control_t;
_Static_assert(sizeof(unix_control_t) <= SKB_CONTROL_SIZE, "unix_control");

static inline unix_control_t *unix_control(sk_buff_t *skb)
{
	return (unix_control_t *)skb->control;
}
static inline u32 unix_left(sk_buff_t *skb)
{
	return skb->len - unix_control(skb)->consumed;
}

/* Room for another message or connection. Racy without the lock. */
static inline bool unix_queue_full(const unix_socket_t *u)
{
	return skb_queue_len(&u->queue) > READ_ONCE(u->queue_limit);
}
static inline bool unix_backlog_full(const unix_socket_t *u)
{
	return READ_ONCE(u->nr_pending) > (u32)READ_ONCE(u->socket.backlog);
}

/* unix.c */
extern const socket_ops_t unix_stream_ops, unix_datagram_ops, unix_packet_ops;
unix_socket_t *unix_alloc(int type);
unix_socket_t *unix_peer_get(unix_socket_t *u); /* referenced, or NULL */
/* Nobody has a descriptor any more; never_accepted: nobody ever had one. May sleep. */
void unix_close(unix_socket_t *u, bool never_accepted);
/* Everybody looks again: state or shutdown changed. */
void unix_state_changed(unix_socket_t *u);
sk_buff_t *unix_alloc_buffer(unix_socket_t *u, u32 len, bool nonblock); /* control cleared */
void unix_free_buffer(sk_buff_t *skb);
#define UNIX_READ_EVENTS (POLLIN | POLLRDNORM | POLLRDBAND)
#define UNIX_WRITE_EVENTS (POLLOUT | POLLWRNORM | POLLWRBAND)

/* connect.c */
int unix_stream_connect(socket_t *s, const socket_address_t *addr, bool nonblock);
int unix_listen(socket_t *s, int backlog);
socket_t *unix_accept(socket_t *s, bool nonblock);
void unix_release_pending(unix_socket_t *u); /* a listener goes */

/* stream.c */
ssize_t unix_stream_send(socket_t *s, socket_message_t *m);
ssize_t unix_stream_receive(socket_t *s, socket_message_t *m);
u32 unix_stream_poll(file_t *f, socket_t *s, struct poll_table *pt);
bool unix_at_mark(unix_socket_t *u);

/* datagram.c */
int unix_datagram_connect(socket_t *s, const socket_address_t *addr, bool nonblock);
ssize_t unix_datagram_send(socket_t *s, socket_message_t *m);
ssize_t unix_datagram_receive(socket_t *s, socket_message_t *m);
ssize_t unix_packet_send(socket_t *s, socket_message_t *m);
ssize_t unix_packet_receive(socket_t *s, socket_message_t *m);
u32 unix_datagram_poll(file_t *f, socket_t *s, struct poll_table *pt);
/* Ends the wait for room at `peer` that a poll began; peer is held by the caller. */
void unix_stop_peer_wake(unix_socket_t *u, unix_socket_t *peer);
bool unix_peer_wake_function(wait_queue_entry_t *entry, u64 key);

/* name.c */
int unix_check_address(const socket_address_t *addr); /* 0 or -EINVAL */
int unix_bind(socket_t *s, const socket_address_t *addr);
int unix_autobind(unix_socket_t *u);
int unix_name(socket_t *s, bool peer, socket_address_t *addr);
void unix_put_address(unix_address_t *a); /* any context */
void unix_unbind(unix_socket_t *u);	  /* nobody finds it any more */
/*
 * Who listens at the address: referenced, or ERR_PTR(-ECONNREFUSED, -EPROTOTYPE for another type, -EACCES and what
 * looking up names can say).
 */
unix_socket_t *unix_find(const socket_address_t *addr, int type);
static inline unix_address_t *unix_address_of(const unix_socket_t *u)
{
	return __atomic_load_n(&u->address, __ATOMIC_ACQUIRE);
}
void unix_names_init(void);

/* passing.c */
/* Credentials and descriptors that a sender passes, before they are in a buffer. */
typedef struct unix_passing {
	struct pid *pid; /* own reference; NULL: none given */
	uid_t uid;
	gid_t gid;
	struct unix_files *files;
} unix_passing_t;
/* From the control messages. 0 (unix_passing_end is due) or errno. */
int unix_passing_begin(socket_message_t *m, unix_passing_t *p);
void unix_passing_end(unix_passing_t *p);
/* Into the buffer: p keeps its credentials for further buffers, but no files. 0 or -ETOOMANYREFS. */
int unix_passing_attach(unix_passing_t *p, sk_buff_t *skb);
/* The sender's own credentials, if none were given. */
void unix_add_credentials(sk_buff_t *skb);
/* Takes the files out of a buffer that u received, or (peek) makes references. 0 or -ENOMEM. */
int unix_take_files(unix_socket_t *u, sk_buff_t *skb, bool peek, struct unix_files **out);
void unix_drop_files(struct unix_files *f); /* not in flight any more; may sleep; NULL is fine */
/* Hands over what came with a message, as much as there is room for; files is consumed; c may be NULL. */
void unix_give_control(socket_t *s, socket_message_t *m, const unix_control_t *c,
		       struct unix_files *files);
/* The address of who sent the buffer; len 0: none. */
void unix_sender_name(const sk_buff_t *skb, socket_address_t *addr);
/* SO_PEEK_OFF, if on, after n bytes were peeked at or taken; read_mutex held. */
static inline void unix_move_peek_offset(unix_socket_t *u, bool peek, u32 n)
{
	s32 at = READ_ONCE(u->socket.peek_offset);

	if (unlikely(at >= 0))
		WRITE_ONCE(u->socket.peek_offset, peek ? at + (s32)n : MAX(at - (s32)n, 0));
}
u32 unix_files_queued(unix_socket_t *u); /* descriptors in its queue */
bool unix_same_sender(const unix_control_t *a, const unix_control_t *b);

/* collect.c */
typedef struct unix_files {
	u32 count, room;
	user_t *user; /* who pays while they are in flight: own reference */
	bool in_flight;
	bool has_sockets; /* of this family: they may form cycles */
	file_t *files[];
} unix_files_t;
int unix_enter_flight(unix_files_t *f); /* 0 or -ETOOMANYREFS */
void unix_leave_flight(unix_files_t *f);
void unix_lock_flight(void); /* no search for cycles while references are made */
void unix_unlock_flight(void);
void unix_collect_later(void); /* a search is worth it */
void unix_flush(socket_t *s);  /* a descriptor of it is being closed */
void unix_collect_init(void);
unix_socket_t *unix_file_socket(file_t *f); /* NULL: no socket of this family */

/* show.c: all sockets of the family */
void unix_all_add(unix_socket_t *u);
void unix_all_remove(unix_socket_t *u);
void unix_show_init(void);

#endif
