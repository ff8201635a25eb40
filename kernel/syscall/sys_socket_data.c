/*
 * Data of sockets: sendto, recvfrom, sendmsg, recvmsg and the calls for many messages.
 */
#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/time.h>

#include "socket_calls.h"

#define CONTROL_FAST 64

/* ---- one buffer ---- */

long sys_sendto(int fd, const void __user *buf, size_t len, u32 flags,
		const struct sockaddr __user *addr, int addr_len)
{
	socket_message_t m;
	socket_address_t a;
	fd_light_t l;
	socket_t *s;
	long r = iter_user(&m.iter, false, (void __user *)buf, MIN(len, MAX_RW_COUNT));

	if (r)
		return r;
	r = socket_from_fd(fd, &l, &s);
	if (r)
		return r;
	m.name = NULL;
	if (addr) {
		r = address_from_user(&a, addr, addr_len);
		if (r)
			goto out_put;
		/* Without a single byte it is no address. */
		if (a.len)
			m.name = &a;
	}
	m.flags = flags | (file_nonblock(l.file) ? MSG_DONTWAIT : 0);
	m.control = NULL;
	m.control_len = 0;
	r = socket_send_message(s, &m);
out_put:
	fd_put_light(l);
	return r;
}

long sys_recvfrom(int fd, void __user *buf, size_t len, u32 flags, struct sockaddr __user *addr,
		  int __user *addr_len)
{
	socket_message_t m;
	socket_address_t a;
	fd_light_t l;
	socket_t *s;
	long r = iter_user(&m.iter, true, buf, MIN(len, MAX_RW_COUNT)), e;

	if (r)
		return r;
	r = socket_from_fd(fd, &l, &s);
	if (r)
		return r;
	m.name = addr ? &a : NULL;
	m.flags = flags | (file_nonblock(l.file) ? MSG_DONTWAIT : 0);
	m.control_out = NULL;
	m.control_len = 0;
	r = socket_receive_message(s, &m);
	if (r >= 0 && addr) {
		e = address_to_user(&a, addr, addr_len);
		if (e)
			r = e;
	}
	fd_put_light(l);
	return r;
}

/* ---- messages ---- */

/* A program's msghdr and what it leads to. */
typedef struct imported {
	struct user_msghdr h;
	socket_message_t m;
	socket_address_t address;
	iovec_t fast[UIO_FASTIOV], *heap;
	u8 control_fast[CONTROL_FAST], *control; /* sending; control_fast or allocated */
} imported_t;

/* Header and vector. 0 (import_end is due) or errno. */
static int import_header(imported_t *i, bool receive, const struct user_msghdr __user *msg)
{
	if (copy_from_user(&i->h, msg, sizeof(i->h)))
		return -EFAULT;
	if (!i->h.msg_name)
		i->h.msg_namelen = 0;
	if (i->h.msg_namelen < 0)
		return -EINVAL;
	i->h.msg_namelen = MIN(i->h.msg_namelen, SOCKADDR_MAX);
	i->m.name = NULL;
	if (!receive && i->h.msg_namelen) {
		int r = address_from_user(&i->address, (void __user *)i->h.msg_name,
					  i->h.msg_namelen);

		if (r)
			return r;
		i->m.name = &i->address;
	} else if (receive && i->h.msg_name) {
		i->m.name = &i->address;
	}
	if (i->h.msg_iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	i->control = NULL;
	return iter_import(&i->m.iter, receive, (const iovec_t __user *)i->h.msg_iov,
			   i->h.msg_iovlen, i->fast, &i->heap);
}

static int import_control(imported_t *i)
{
	size_t len = i->h.msg_controllen;

	i->m.control = NULL;
	i->m.control_len = len;
	if (!len)
		return 0;
	if (len > INT32_MAX)
		return -ENOBUFS;
	i->control = i->control_fast;
	if (len > sizeof(i->control_fast)) {
		i->control = len <= (size_t)READ_ONCE(socket_optmem_max) ? kmalloc(len, GFP_KERNEL)
									 : NULL;
		if (!i->control)
			return -ENOBUFS;
	}
	i->m.control = i->control;
	return copy_from_user(i->control, (void __user *)i->h.msg_control, len) ? -EFAULT : 0;
}

static void import_end(imported_t *i)
{
	kfree(i->heap);
	if (i->control != i->control_fast)
		kfree(i->control);
}

static long send_one(socket_t *s, const struct user_msghdr __user *msg, u32 flags, size_t *left)
{
	imported_t i;
	long r = import_header(&i, false, msg);

	if (r)
		return r;
	r = import_control(&i);
	if (!r) {
		i.m.flags = flags;
		r = socket_send_message(s, &i.m);
	}
	*left = i.m.iter.count;
	import_end(&i);
	return r;
}

static long receive_one(socket_t *s, struct user_msghdr __user *msg, u32 flags, u32 *out_flags)
{
	imported_t i;
	long r = import_header(&i, true, msg);
	size_t used;

	if (r)
		return r;
	i.m.flags = flags;
	i.m.control_out = (void __user *)i.h.msg_control;
	i.m.control_len = i.h.msg_controllen;
	r = socket_receive_message(s, &i.m);
	import_end(&i);
	if (r < 0)
		return r;
	if (i.m.name && (address_to_user(&i.address, (void __user *)i.h.msg_name,
					 (int __user *)&msg->msg_namelen)))
		return -EFAULT;
	*out_flags = i.m.out_flags;
	used = (size_t)((u8 __user *)i.m.control_out - (u8 __user *)i.h.msg_control);
	if (put_user_u32(i.m.out_flags, &msg->msg_flags) ||
	    put_user_u64(used, &msg->msg_controllen))
		return -EFAULT;
	return r;
}

long sys_sendmsg(int fd, const struct user_msghdr __user *msg, u32 flags)
{
	fd_light_t l;
	socket_t *s;
	size_t left;
	long r;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	r = socket_from_fd(fd, &l, &s);
	if (r)
		return r;
	r = send_one(s, msg, flags | (file_nonblock(l.file) ? MSG_DONTWAIT : 0), &left);
	fd_put_light(l);
	return r;
}

long sys_recvmsg(int fd, struct user_msghdr __user *msg, u32 flags)
{
	fd_light_t l;
	socket_t *s;
	u32 ignored;
	long r;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	r = socket_from_fd(fd, &l, &s);
	if (r)
		return r;
	r = receive_one(s, msg, flags | (file_nonblock(l.file) ? MSG_DONTWAIT : 0), &ignored);
	fd_put_light(l);
	return r;
}

/* ---- many messages ---- */

long sys_sendmmsg(int fd, struct mmsghdr __user *msgs, u32 count, u32 flags)
{
	fd_light_t l;
	socket_t *s;
	u32 sent = 0;
	long r;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	count = MIN(count, (u32)UIO_MAXIOV);
	r = socket_from_fd(fd, &l, &s);
	if (r)
		return r;
	if (file_nonblock(l.file))
		flags |= MSG_DONTWAIT;
	while (sent < count) {
		size_t left = 0;

		r = send_one(s, &msgs[sent].msg_hdr, flags, &left);
		if (r < 0)
			break;
		r = put_user_u32((u32)r, &msgs[sent].msg_len);
		if (r)
			break;
		sent++;
		if (left)
			break;
	}
	fd_put_light(l);
	return sent ? sent : r;
}

/* Messages until one of the reasons to stop; *received counts them. The last error, or 0. */
static long receive_many(socket_t *s, struct mmsghdr __user *msgs, u32 count, u32 flags,
			 nsec_t deadline, u32 *received)
{
	long r = 0;

	while (*received < count) {
		u32 out_flags = 0;

		r = receive_one(s, &msgs[*received].msg_hdr, flags & ~MSG_WAITFORONE, &out_flags);
		if (r < 0)
			return r;
		r = put_user_u32((u32)r, &msgs[*received].msg_len);
		if (r)
			return r;
		++*received;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		/* The time is only looked at between two messages. */
		if (deadline != NSEC_MAX && clock_monotonic() >= deadline)
			break;
		if (out_flags & MSG_OOB)
			break;
	}
	return r;
}

/* The end of a relative time; 0, -EFAULT, -EINVAL. */
static int deadline_of(const struct timespec __user *timeout, nsec_t *deadline)
{
	struct timespec ts;
	nsec_t now = clock_monotonic(), delay;

	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	delay = timespec_to_ns(&ts);
	*deadline = delay > NSEC_MAX - 1 - now ? NSEC_MAX - 1 : now + delay;
	return 0;
}

static int put_remaining(struct timespec __user *timeout, nsec_t deadline)
{
	nsec_t left = deadline - clock_monotonic();
	struct timespec ts = ns_to_timespec(MAX(left, (nsec_t)0));

	return copy_to_user(timeout, &ts, sizeof(ts)) ? -EFAULT : 0;
}

long sys_recvmmsg(int fd, struct mmsghdr __user *msgs, u32 count, u32 flags,
		  struct timespec __user *timeout)
{
	nsec_t deadline = NSEC_MAX;
	u32 received = 0;
	fd_light_t l;
	socket_t *s;
	long r;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	r = timeout ? deadline_of(timeout, &deadline) : 0;
	if (r)
		return r;
	r = socket_from_fd(fd, &l, &s);
	if (r)
		return r;
	r = flags & MSG_ERRQUEUE ? 0 : socket_take_error(s);
	if (!r)
		r = receive_many(s, msgs, count, flags | (file_nonblock(l.file) ? MSG_DONTWAIT : 0),
				 deadline, &received);
	/* What came after the first message is reported by the next call. */
	if (received && r < 0 && r != -EAGAIN)
		__atomic_store_n(&s->error, (int)-r, __ATOMIC_SEQ_CST);
	fd_put_light(l);
	if (received && timeout && put_remaining(timeout, deadline))
		return -EFAULT;
	return received ? received : r;
}
