/*
 * The socket layer: families, lifetime, and the calls that every socket has.
 *
 * Concepts. socket(2) finds the record of the address family and lets it make a socket of its own
 * kind; from then on the constant operations of the socket lead to the family. What is the same everywhere is
 * done here, once: generic options (options.c), control messages (control.c), the budget for
 * buffers and sleeping (wait.c), the file (file.c). Addresses and messages arrive in kernel
 * memory: the system calls copy them (kernel/syscall/sys_socket*.c).
 *
 * Lifetime. The file of a socket holds one reference, a connection others. A buffer does not hold its sender by a
 * reference but by its charge: wmem begins with 1, which goes with the last reference, and the
 * memory is freed by whoever brings wmem to 0. So sending costs no second counter.
 *
 * Locking. sock->lock is a leaf but for wait queues. Where a family needs two sockets, the lower
 * address comes first. The list of families is written at boot only.
 */
#include <net/socket.h>

#include <fs/procfs.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <uapi/errno.h>

#include "socket_internal.h"

/* Linux's: 256 buffers that each count 832 bytes. */
#define BUDGET_DEFAULT 212992

int socket_wmem_max = BUDGET_DEFAULT, socket_rmem_max = BUDGET_DEFAULT;
int socket_wmem_default = BUDGET_DEFAULT, socket_rmem_default = BUDGET_DEFAULT;
int socket_optmem_max = 20480, socket_somaxconn = SOMAXCONN;

static const socket_family_t *families[AF_MAX] __ro_after_init; /* by AF_* */

int __init register_socket_family(const socket_family_t *f)
{
	if (families[f->family])
		return -EEXIST;
	families[f->family] = f;
	return 0;
}

/* ---- life ---- */

void socket_setup(socket_t *s, int family, int type, int protocol, const socket_ops_t *ops)
{
	refcount_set(&s->refs, 1);
	s->family = (u16)family;
	s->type = (u16)type;
	s->protocol = (u16)protocol;
	s->ops = ops;
	spinlock_init(&s->lock);
	init_waitqueue_head(&s->wait);
	spinlock_init(&s->fasync.lock);
	atomic_set(&s->wmem, 1);
	s->send_budget = READ_ONCE(socket_wmem_default);
	s->recv_budget = READ_ONCE(socket_rmem_default);
	s->recv_timeout = s->send_timeout = NSEC_MAX;
	s->recv_low_water = 1;
	s->peek_offset = -1;
}

void socket_drop_memory(socket_t *s, int bytes)
{
	if (atomic_sub_return(&s->wmem, bytes) == 0)
		s->ops->free(s);
}

void socket_put(socket_t *s)
{
	if (!refcount_put(&s->refs))
		return;
	if (s->ops->destroy)
		s->ops->destroy(s);
	if (s->peer_pid)
		pid_put(s->peer_pid);
	if (s->peer_cred)
		cred_put(s->peer_cred);
	s->peer_pid = NULL;
	s->peer_cred = NULL;
	socket_drop_memory(s, 1);
}

socket_t *socket_create(int family, int type, int protocol)
{
	if (family < 0 || family >= AF_MAX)
		return ERR_PTR(-EAFNOSUPPORT);
	if (type < 0 || type >= SOCK_MAX)
		return ERR_PTR(-EINVAL);
	if (!families[family])
		return ERR_PTR(-EAFNOSUPPORT);
	return families[family]->create(type, protocol);
}

int socket_close(socket_t *sock)
{
	if (sock->ops->release)
		sock->ops->release(sock);
	socket_put(sock);
	return 0;
}

/* ---- credentials of the peer ---- */

static void store_peer(socket_t *s, struct pid *pid, cred_t *cred)
{
	struct pid *old_pid;
	cred_t *old_cred;

	spin_lock(&s->lock);
	old_pid = s->peer_pid;
	old_cred = s->peer_cred;
	s->peer_pid = pid;
	s->peer_cred = cred;
	spin_unlock(&s->lock);
	if (old_pid)
		pid_put(old_pid);
	if (old_cred)
		cred_put(old_cred);
}

void socket_set_peer_cred(socket_t *s)
{
	store_peer(s, pid_get(current_process()->pid_obj), cred_get(current_cred()));
}

void socket_copy_peer_cred(socket_t *to, socket_t *from)
{
	struct pid *pid = NULL;
	cred_t *cred = NULL;

	spin_lock(&from->lock);
	if (from->peer_pid)
		pid = pid_get(from->peer_pid);
	if (from->peer_cred)
		cred = cred_get(from->peer_cred);
	spin_unlock(&from->lock);
	store_peer(to, pid, cred);
}

/* ---- calls ---- */

/* A kernel address as a socket_address_t; -EINVAL when it is longer than any. */
static int take_address(socket_address_t *to, const struct sockaddr *addr, socklen_t len)
{
	if (len > sizeof(to->storage))
		return -EINVAL;
	memcpy(&to->storage, addr, len);
	to->len = len;
	return 0;
}

/* Into a buffer of *len bytes; *len becomes the address's own length. */
static void give_address(const socket_address_t *from, struct sockaddr *addr, socklen_t *len)
{
	memcpy(addr, &from->storage, MIN(*len, from->len));
	*len = from->len;
}

int socket_bind_address(socket_t *s, const socket_address_t *addr)
{
	return s->ops->bind(s, addr);
}

int socket_bind(socket_t *sock, const struct sockaddr *addr, socklen_t len)
{
	socket_address_t a;
	int r = take_address(&a, addr, len);

	return r ? r : sock->ops->bind(sock, &a);
}

int socket_listen(socket_t *sock, int backlog)
{
	int most = READ_ONCE(socket_somaxconn);

	if (!sock->ops->listen)
		return -EOPNOTSUPP;
	return sock->ops->listen(sock, (u32)backlog > (u32)most ? most : backlog);
}

socket_t *socket_accept_connection(socket_t *s, bool nonblock)
{
	return s->ops->accept ? s->ops->accept(s, nonblock) : ERR_PTR(-EOPNOTSUPP);
}

socket_t *socket_accept(socket_t *sock, struct sockaddr *addr, socklen_t *len)
{
	socket_address_t a;
	socket_t *made;
	int r;

	made = socket_accept_connection(sock, false);
	if (IS_ERR(made) || !addr)
		return made;
	r = made->ops->name(made, true, &a);
	if (r) {
		socket_close(made);
		return ERR_PTR(-ECONNABORTED);
	}
	give_address(&a, addr, len);
	return made;
}

int socket_connect_address(socket_t *s, const socket_address_t *addr, bool nonblock)
{
	return s->ops->connect(s, addr, nonblock);
}

int socket_connect(socket_t *sock, const struct sockaddr *addr, socklen_t len)
{
	socket_address_t a;
	int r = take_address(&a, addr, len);

	return r ? r : sock->ops->connect(sock, &a, false);
}

int socket_pair(socket_t *a, socket_t *b)
{
	return a->ops->pair ? a->ops->pair(a, b) : -EOPNOTSUPP;
}

int socket_name(socket_t *s, bool peer, socket_address_t *addr)
{
	return s->ops->name(s, peer, addr);
}

int socket_shutdown(socket_t *sock, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	return sock->ops->shutdown(sock, how);
}

/* ---- data ---- */

ssize_t socket_send_message(socket_t *s, socket_message_t *m)
{
	return s->ops->send(s, m);
}

ssize_t socket_receive_message(socket_t *s, socket_message_t *m)
{
	m->out_flags = m->flags & MSG_CMSG_CLOEXEC;
	if (m->name)
		m->name->len = 0;
	return s->ops->receive(s, m);
}

ssize_t socket_sendto(socket_t *sock, const void *buf, size_t len, int flags,
		      const struct sockaddr *addr, socklen_t addrlen)
{
	socket_message_t m = { .flags = (u32)flags };
	socket_address_t a;
	int r;

	if (addr) {
		r = take_address(&a, addr, addrlen);
		if (r)
			return r;
		m.name = &a;
	}
	iter_kernel(&m.iter, false, (void *)buf, len);
	return socket_send_message(sock, &m);
}

ssize_t socket_send(socket_t *sock, const void *buf, size_t len, int flags)
{
	return socket_sendto(sock, buf, len, flags, NULL, 0);
}

ssize_t socket_recvfrom(socket_t *sock, void *buf, size_t len, int flags, struct sockaddr *addr,
			socklen_t *addrlen)
{
	socket_message_t m = { .flags = (u32)flags };
	socket_address_t a;
	ssize_t r;

	m.name = addr ? &a : NULL;
	iter_kernel(&m.iter, true, buf, len);
	r = socket_receive_message(sock, &m);
	if (r >= 0 && addr)
		give_address(&a, addr, addrlen);
	return r;
}

ssize_t socket_recv(socket_t *sock, void *buf, size_t len, int flags)
{
	return socket_recvfrom(sock, buf, len, flags, NULL, NULL);
}

/* ---- boot ---- */

void __init socket_init(void)
{
	static const struct {
		const char *name;
		int *value;
		int min;
	} limits[] = {
		{ "net/core/wmem_max", &socket_wmem_max, SEND_BUDGET_MIN },
		{ "net/core/rmem_max", &socket_rmem_max, RECEIVE_BUDGET_MIN },
		{ "net/core/wmem_default", &socket_wmem_default, SEND_BUDGET_MIN },
		{ "net/core/rmem_default", &socket_rmem_default, RECEIVE_BUDGET_MIN },
		{ "net/core/optmem_max", &socket_optmem_max, 0 },
		{ "net/core/somaxconn", &socket_somaxconn, 0 },
	};

	skb_init();
	for (u32 i = 0; i < ARRAY_SIZE(limits); i++)
		if (proc_sysctl_int(limits[i].name, 0644, limits[i].value, limits[i].min,
				    INT32_MAX))
			panic("No memory for /proc/sys/net");
}
