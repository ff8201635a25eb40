/*
 * Sockets: what all address families share. A family is one static record, registered at boot; it makes
 * sockets of its own structure, which begins with a socket_t, and gives them constant operations. The layer
 * above copies addresses, messages and options from and to programs and keeps the generic options; the
 * family moves data.
 *
 * Lifetime. A socket is counted (refs): its file, its peer, whoever found it. When the last reference goes,
 * ops->destroy gives back what the family holds; the memory itself stays until the last buffer that the socket
 * has sent is freed, too (wmem, which starts at 1).
 *
 * Locks. sock->lock: state, shutdown, error, peer and the queues of the family. No user memory is touched under
 * it. Two sockets are locked by address (spin_lock_two). Options are words that are read racily.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <fs/vfs.h>
#include <kernel/cred.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <net/buffer.h>
#include <uapi/socket.h>

struct poll_table;
struct pid;
struct socket;

typedef u32 socklen_t;

/* An address on its way: whatever a family's sockaddr is. */
typedef struct socket_address {
	struct sockaddr_storage storage;
	u32 len;
} socket_address_t;

/*
 * sendmsg and recvmsg inside the kernel. A sender's name is NULL or len bytes; a receiver's is NULL or room for an
 * address, whose len the family sets (0: none).
 */
typedef struct socket_message {
	iter_t iter;
	u32 flags;     /* MSG_* of the call; MSG_DONTWAIT also for O_NONBLOCK */
	u32 out_flags; /* receiving: what msg_flags is to say */
	socket_address_t *name;
	bool from_kernel;	  /* sending: control is a kernel buffer */
	const u8 *control;	  /* sending: kernel copy of the control messages */
	void __user *control_out; /* receiving: where the next one goes; NULL: nowhere */
	size_t control_len;	  /* sending: bytes; receiving: room left */
} socket_message_t;

typedef struct socket_ops {
	const char *protocol; /* as the attribute "system.sockprotoname" of its file tells it */
	/* The file is closed: unbind, disconnect. May sleep. NULL: nothing. */
	void (*release)(struct socket *s);
	/* The last reference went: give back everything but the memory. May sleep. */
	void (*destroy)(struct socket *s);
	/* The memory, in any context. */
	void (*free)(struct socket *s);
	int (*bind)(struct socket *s, const socket_address_t *addr);
	int (*connect)(struct socket *s, const socket_address_t *addr, bool nonblock);
	int (*pair)(struct socket *a, struct socket *b); /* NULL: -EOPNOTSUPP */
	int (*listen)(struct socket *s, int backlog);	 /* NULL: -EOPNOTSUPP */
	/* A referenced connected socket, or ERR_PTR. NULL: -EOPNOTSUPP */
	struct socket *(*accept)(struct socket *s, bool nonblock);
	int (*name)(struct socket *s, bool peer, socket_address_t *addr); /* 0 or errno */
	u32 (*poll)(file_t *f, struct socket *s, struct poll_table *pt);
	int (*shutdown)(struct socket *s, int how); /* SHUT_*, checked */
	ssize_t (*send)(struct socket *s, socket_message_t *m);
	ssize_t (*receive)(struct socket *s, socket_message_t *m);
	long (*ioctl)(struct socket *s, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD: unknown */
	/* Levels beside SOL_SOCKET; NULL: -EOPNOTSUPP. Kernel buffers. */
	int (*set_option)(struct socket *s, int level, int name, const void *value, u32 len);
	int (*get_option)(struct socket *s, int level, int name, void *value, u32 *len);
	int (*set_peek_offset)(struct socket *s, int offset); /* SO_PEEK_OFF; NULL: -EOPNOTSUPP */
	void (*show_fdinfo)(struct socket *s, struct seq_file *m); /* NULL: nothing */
	void (*flush)(struct socket *s); /* a descriptor of it is closed; NULL: nothing */
} socket_ops_t;

/* A family: one constant record. */
typedef struct socket_family {
	int family; /* AF_* */
	/*
	 * A new socket of this type, which may be changed, and protocol: socket_setup done, one reference; or
	 * ERR_PTR (-ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -EPERM, -ENOMEM).
	 */
	struct socket *(*create)(int type, int protocol);
} socket_family_t;

typedef enum socket_state {
	SOCKET_CLOSED, /* not connected */
	SOCKET_LISTENING,
	SOCKET_CONNECTED,
} socket_state_t;

/* socket->shutdown */
#define SHUTDOWN_RECEIVE 1u
#define SHUTDOWN_SEND 2u
#define SHUTDOWN_BOTH 3u

/* socket->options: flags that SO_* options switch. */
#define SOCKET_DEBUG BIT(0)
#define SOCKET_REUSE_ADDRESS BIT(1)
#define SOCKET_DONT_ROUTE BIT(2)
#define SOCKET_BROADCAST BIT(3)
#define SOCKET_KEEP_ALIVE BIT(4)
#define SOCKET_OOB_INLINE BIT(5)
#define SOCKET_REUSE_PORT BIT(6)
#define SOCKET_PASS_CREDENTIALS BIT(7)
#define SOCKET_TIMESTAMP BIT(8)
#define SOCKET_TIMESTAMP_NS BIT(9)
#define SOCKET_LINGER BIT(10)
#define SOCKET_NO_CHECK BIT(11)
#define SOCKET_RXQ_OVERFLOW BIT(12)
#define SOCKET_NO_FCS BIT(13)
#define SOCKET_SELECT_ERROR_QUEUE BIT(14)
#define SOCKET_SNDBUF_LOCKED BIT(15) /* the program chose the size */
#define SOCKET_RCVBUF_LOCKED BIT(16)
#define SOCKET_PASS_SECURITY BIT(17)

typedef struct socket {
	refcount_t refs;
	u16 family, type, protocol; /* (c) */
	u8 state;		    /* lock: socket_state_t */
	u8 shutdown;		    /* lock: SHUTDOWN_*; read racily */
	const socket_ops_t *ops;    /* (c) */
	spinlock_t lock;
	u32 options;		/* (a) SOCKET_* */
	int error;		/* (a) pending, positive: SO_ERROR, or the next call */
	s32 send_budget;	/* SO_SNDBUF */
	s32 recv_budget;	/* SO_RCVBUF */
	bool dead;		/* lock: its file is closed */
	wait_queue_head_t wait; /* readers, writers, pollers: woken with the POLL* that came */
	__cacheline_aligned atomic_t wmem; /* 1 + charges of buffers sent and not freed yet */
	nsec_t recv_timeout, send_timeout; /* NSEC_MAX: none */
	s32 recv_low_water;
	s32 peek_offset; /* lock to move; -1: off */
	u32 priority, mark;
	s32 linger_seconds;
	s32 backlog;	      /* lock: of listen */
	struct pid *peer_pid; /* lock: SO_PEERCRED; own reference, or NULL */
	cred_t *peer_cred;    /* lock: own reference, or NULL */
	file_t *file;	      /* lock: no reference; NULL before accept and after close */
	fasync_list_t fasync;
	u64 cookie; /* (a) SO_COOKIE: 0 until asked for */
} socket_t;

/* ---- API document ---- */
socket_t *socket_create(int family, int type,
			int protocol); /* referenced, or ERR_PTR; type without flags */
int socket_bind(socket_t *sock, const struct sockaddr *addr, socklen_t len);
int socket_listen(socket_t *sock, int backlog);
/* A connected socket, referenced, or ERR_PTR; addr (of *len bytes, NULL: not wanted) gets the peer's. */
socket_t *socket_accept(socket_t *sock, struct sockaddr *addr, socklen_t *len);
int socket_connect(socket_t *sock, const struct sockaddr *addr, socklen_t len);
/* Kernel buffers; bytes, or negative errno. May sleep. */
ssize_t socket_send(socket_t *sock, const void *buf, size_t len, int flags);
ssize_t socket_recv(socket_t *sock, void *buf, size_t len, int flags);
ssize_t socket_sendto(socket_t *sock, const void *buf, size_t len, int flags,
		      const struct sockaddr *addr, socklen_t addrlen);
ssize_t socket_recvfrom(socket_t *sock, void *buf, size_t len, int flags, struct sockaddr *addr,
			socklen_t *addrlen);
/* Kernel buffers, of any length; *len is cut to what there is. 0 or errno. */
int socket_setsockopt(socket_t *sock, int level, int optname, const void *optval, socklen_t len);
int socket_getsockopt(socket_t *sock, int level, int optname, void *optval, socklen_t *len);
int socket_shutdown(socket_t *sock, int how);
int socket_close(socket_t *sock); /* drops a reference of a socket without a file; 0 */

/* ---- richer primitives ---- */
int register_socket_family(const socket_family_t *f); /* boot: 0 or -EEXIST */
/* Common part of a zeroed socket: locks, sizes, one reference. */
void socket_setup(socket_t *s, int family, int type, int protocol, const socket_ops_t *ops);
static inline void socket_get(socket_t *s)
{
	refcount_get(&s->refs);
}
void socket_put(socket_t *s); /* may sleep when it is the last */

/* A file for a socket that is still to be made; flags: O_NONBLOCK. ERR_PTR. */
file_t *socket_file(u32 flags);
void socket_attach(file_t *f, socket_t *s); /* the file takes over the reference of the socket */
socket_t *file_socket(const file_t *f);	    /* NULL: no socket */
int socket_pair(socket_t *a, socket_t *b);
socket_t *socket_accept_connection(socket_t *s, bool nonblock); /* referenced, or ERR_PTR */
int socket_bind_address(socket_t *s, const socket_address_t *addr);
int socket_connect_address(socket_t *s, const socket_address_t *addr, bool nonblock);
int socket_name(socket_t *s, bool peer, socket_address_t *addr);
ssize_t socket_send_message(socket_t *s, socket_message_t *m);
ssize_t socket_receive_message(socket_t *s, socket_message_t *m);

/* Control messages for the receiver (net/socket/control.c). */
typedef struct control_message {
	int level, type;
	const u8 *data;
	size_t len;
} control_message_t;
/* The control message at *at: 1 and *at moved behind it; 0: no more; -EINVAL. */
int socket_next_control(const socket_message_t *m, size_t *at, control_message_t *out);
/*
 * Hands one over; what does not fit is cut and MSG_CTRUNC set. 0 or -EFAULT. May sleep.
 */
int socket_put_control(socket_message_t *m, int level, int type, const void *data, size_t len);

/* Both locks, in order of address; a and b may be the same. */

/*
 * Credentials shown by SO_PEERCRED of s: those of the running thread, or of another socket. lock of s
 * not held; the other's may not be, either.
 */
void socket_set_peer_cred(socket_t *s);
void socket_copy_peer_cred(socket_t *to, socket_t *from);

/* The pending error as a negative errno, which is then no longer pending; 0: none. */
static inline int socket_take_error(socket_t *s)
{
	if (likely(!READ_ONCE(s->error)))
		return 0;
	return -__atomic_exchange_n(&s->error, 0, __ATOMIC_SEQ_CST);
}
static inline bool socket_option(const socket_t *s, u32 option)
{
	return READ_ONCE(s->options) & option;
}

/*
 * Memory. A buffer that s pays for until it is freed; sleeps while the budget is used up: -EAGAIN (nonblock,
 * or the time is over), -EPIPE (shut down), the pending error, a signal's. len bytes, undefined contents.
 */
sk_buff_t *socket_alloc_buffer(socket_t *s, u32 len, bool nonblock);
/* Room enough that pollers are told: three quarters of the budget. */
static inline bool socket_writable(const socket_t *s)
{
	return (s64)(atomic_read(&s->wmem) - 1) * 4 <= READ_ONCE(s->send_budget);
}

/* ---- waiting ---- */

bool socket_wake_function(wait_queue_entry_t *entry, u64 key);
/* When a call that starts now gives up: absolute, or NSEC_MAX. 0: at once. */
nsec_t socket_deadline(nsec_t timeout, bool nonblock);
/* What a signal turns into: calls with a time limit are not restarted. */
static inline int socket_interrupted(nsec_t deadline)
{
	return deadline == NSEC_MAX ? -ERESTARTSYS : -EINTR;
}
/*
 * Sleeps until cond, evaluated without locks, is true; looks again when one of the events (POLL*) comes. 0, -EAGAIN
 * at the deadline, or socket_interrupted.
 */
#define socket_wait(wq, events, wflags, deadline, cond)                                            \
	({                                                                                         \
		wait_queue_entry_t _entry;                                                         \
		nsec_t _until = (deadline);                                                        \
		int _ret = 0;                                                                      \
		might_sleep();                                                                     \
		init_wait_callback(&_entry, socket_wake_function);                                 \
		_entry.thread = current();                                                         \
		_entry.flags = (wflags);                                                           \
		_entry.data = (void *)(unsigned long)(events);                                     \
		for (;;) {                                                                         \
			int _sig = prepare_to_wait(wq, &_entry, THREAD_INTERRUPTIBLE);             \
			if (cond)                                                                  \
				break;                                                             \
			if (_sig) {                                                                \
				_ret = socket_interrupted(_until);                                 \
				break;                                                             \
			}                                                                          \
			if (schedule_deadline(_until)) {                                           \
				if (!(cond))                                                       \
					_ret = -EAGAIN;                                            \
				break;                                                             \
			}                                                                          \
		}                                                                                  \
		finish_wait(wq, &_entry);                                                          \
		_ret;                                                                              \
	})

/* Wakes those who wait for `events` and signals the owner of the file; band: POLL_* of siginfo, 0: none. */
void socket_wake(socket_t *s, u32 events, int band);

/* Limits (/proc/sys/net/core), in bytes but for somaxconn. */
extern int socket_wmem_max, socket_rmem_max, socket_wmem_default, socket_rmem_default;
extern int socket_optmem_max, socket_somaxconn;

void socket_init(void); /* boot, after procfs */
void unix_init(void);	/* boot: AF_UNIX */

#endif
