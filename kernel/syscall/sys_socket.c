/*
 * Sockets: making, naming, connecting, options. Data: sys_socket_data.c.
 */
#include <arch/uaccess.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

#include "socket_calls.h"

#define TYPE_FLAGS (SOCK_CLOEXEC | SOCK_NONBLOCK)

int socket_from_fd(int fd, fd_light_t *l, socket_t **s)
{
	*l = fd_get_light(fd);
	if (!l->file)
		return -EBADF;
	*s = file_socket(l->file);
	if (likely(*s))
		return 0;
	fd_put_light(*l);
	return -ENOTSOCK;
}

int address_from_user(socket_address_t *a, const void __user *addr, int len)
{
	if (len < 0 || len > SOCKADDR_MAX)
		return -EINVAL;
	a->len = (u32)len;
	return copy_from_user(&a->storage, addr, (size_t)len) ? -EFAULT : 0;
}

int address_to_user(const socket_address_t *a, void __user *addr, int __user *len)
{
	u32 room;

	if (get_user_u32(&room, (u32 __user *)len))
		return -EFAULT;
	room = (s32)room > (s32)a->len ? a->len : room;
	if ((s32)room < 0)
		return -EINVAL;
	if (copy_to_user(addr, &a->storage, room))
		return -EFAULT;
	return put_user_u32(a->len, (u32 __user *)len);
}

/* ---- making ---- */

/* Without a socket yet, for socket_attach. */
static file_t *file_for(int type)
{
	return socket_file(type & SOCK_NONBLOCK ? O_NONBLOCK : 0);
}

long sys_socket(int family, int type, int protocol)
{
	socket_t *s;
	file_t *f;
	int fd;

	if (type & ~(SOCK_TYPE_MASK | TYPE_FLAGS))
		return -EINVAL;
	s = socket_create(family, type & SOCK_TYPE_MASK, protocol);
	if (IS_ERR(s))
		return PTR_ERR(s);
	fd = fd_reserve(0, type & SOCK_CLOEXEC);
	if (fd < 0)
		goto out_close;
	f = file_for(type);
	if (IS_ERR(f)) {
		fd_unreserve(fd);
		fd = (int)PTR_ERR(f);
		goto out_close;
	}
	socket_attach(f, s);
	fd_install(fd, f);
	return fd;
out_close:
	socket_close(s);
	return fd;
}

/* Two connected sockets with their files. 0 or errno. */
static int make_pair(int family, int type, int protocol, file_t *files[2])
{
	socket_t *s[2];
	int r;

	for (int i = 0; i < 2; i++) {
		s[i] = socket_create(family, type & SOCK_TYPE_MASK, protocol);
		if (IS_ERR(s[i])) {
			r = (int)PTR_ERR(s[i]);
			if (i)
				socket_close(s[0]);
			return r;
		}
	}
	r = socket_pair(s[0], s[1]);
	if (r)
		goto out_close;
	for (int i = 0; i < 2; i++) {
		files[i] = file_for(type);
		if (IS_ERR(files[i])) {
			r = (int)PTR_ERR(files[i]);
			if (i)
				file_put(files[0]);
			goto out_close;
		}
	}
	socket_attach(files[0], s[0]);
	socket_attach(files[1], s[1]);
	return 0;
out_close:
	socket_close(s[0]);
	socket_close(s[1]);
	return r;
}

long sys_socketpair(int family, int type, int protocol, int __user *fds)
{
	bool cloexec = type & SOCK_CLOEXEC;
	file_t *files[2] = { NULL, NULL };
	int fd[2], r;

	if (type & ~(SOCK_TYPE_MASK | TYPE_FLAGS))
		return -EINVAL;
	fd[0] = fd_reserve(0, cloexec);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = fd_reserve(0, cloexec);
	if (fd[1] < 0) {
		r = fd[1];
		goto out_unreserve;
	}
	r = copy_to_user(fds, fd, sizeof(fd)) ? -EFAULT : make_pair(family, type, protocol, files);
	if (r) {
		fd_unreserve(fd[1]);
		goto out_unreserve;
	}
	fd_install(fd[0], files[0]);
	fd_install(fd[1], files[1]);
	return 0;
out_unreserve:
	fd_unreserve(fd[0]);
	return r;
}

/* ---- names and connections ---- */

long sys_bind(int fd, const struct sockaddr __user *addr, int len)
{
	socket_address_t a;
	fd_light_t l;
	socket_t *s;
	int r = socket_from_fd(fd, &l, &s);

	if (r)
		return r;
	r = address_from_user(&a, addr, len);
	if (!r)
		r = socket_bind_address(s, &a);
	fd_put_light(l);
	return r;
}

/* A call with one number on a socket. */
static long socket_call(int fd, int (*call)(socket_t *s, int value), int value)
{
	fd_light_t l;
	socket_t *s;
	int r = socket_from_fd(fd, &l, &s);

	if (r)
		return r;
	r = call(s, value);
	fd_put_light(l);
	return r;
}

long sys_listen(int fd, int backlog)
{
	return socket_call(fd, socket_listen, backlog);
}

long sys_connect(int fd, const struct sockaddr __user *addr, int len)
{
	socket_address_t a;
	fd_light_t l = fd_get_light(fd);
	socket_t *s;
	int r;

	if (!l.file)
		return -EBADF;
	r = address_from_user(&a, addr, len);
	if (!r) {
		s = file_socket(l.file);
		r = s ? socket_connect_address(s, &a, file_nonblock(l.file)) : -ENOTSOCK;
	}
	fd_put_light(l);
	return r;
}

/* Takes a connection of l's socket into f. 0 or errno. */
static int accept_into(file_t *f, file_t *listener, struct sockaddr __user *addr, int __user *len)
{
	socket_t *s = file_socket(listener), *made;
	socket_address_t a;

	if (!s)
		return -ENOTSOCK;
	made = socket_accept_connection(s, file_nonblock(listener));
	if (IS_ERR(made))
		return (int)PTR_ERR(made);
	socket_attach(f, made);
	if (!addr)
		return 0;
	if (socket_name(made, true, &a))
		return -ECONNABORTED;
	return address_to_user(&a, addr, len);
}

long sys_accept4(int fd, struct sockaddr __user *addr, int __user *len, int flags)
{
	fd_light_t l;
	file_t *f;
	int got, r;

	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	r = -EINVAL;
	if (flags & ~TYPE_FLAGS)
		goto out_put;
	got = fd_reserve(0, flags & SOCK_CLOEXEC);
	if (got < 0) {
		r = got;
		goto out_put;
	}
	f = file_for(flags);
	if (IS_ERR(f)) {
		r = (int)PTR_ERR(f);
		goto out_unreserve;
	}
	r = accept_into(f, l.file, addr, len);
	if (r) {
		file_put(f);
		goto out_unreserve;
	}
	fd_install(got, f);
	fd_put_light(l);
	return got;
out_unreserve:
	fd_unreserve(got);
out_put:
	fd_put_light(l);
	return r;
}

long sys_accept(int fd, struct sockaddr __user *addr, int __user *len)
{
	return sys_accept4(fd, addr, len, 0);
}

static long name_of(int fd, bool peer, struct sockaddr __user *addr, int __user *len)
{
	socket_address_t a;
	fd_light_t l;
	socket_t *s;
	int r = socket_from_fd(fd, &l, &s);

	if (r)
		return r;
	r = socket_name(s, peer, &a);
	fd_put_light(l);
	return r ? r : address_to_user(&a, addr, len);
}

long sys_getsockname(int fd, struct sockaddr __user *addr, int __user *len)
{
	return name_of(fd, false, addr, len);
}

long sys_getpeername(int fd, struct sockaddr __user *addr, int __user *len)
{
	return name_of(fd, true, addr, len);
}

long sys_shutdown(int fd, int how)
{
	return socket_call(fd, socket_shutdown, how);
}

/* ---- options ---- */

#define OPTION_FAST 128
#define OPTION_MAX (64 * 1024)

/* How much of a SOL_SOCKET option's value is looked at. */
static size_t socket_option_size(int name)
{
	switch (name) {
	case SO_LINGER:
		return sizeof(struct linger);
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return 2 * sizeof(u64);
	default:
		return sizeof(u32);
	}
}

static int set_option(socket_t *s, int level, int name, const void __user *value, size_t len)
{
	u8 fast[OPTION_FAST], *buf = fast;
	int r;

	if (level == SOL_SOCKET)
		len = MIN(len, socket_option_size(name));
	if (len > sizeof(fast)) {
		if (len > OPTION_MAX)
			return -ENOBUFS;
		buf = kmalloc(len, GFP_KERNEL);
		if (!buf)
			return -ENOMEM;
	}
	if (copy_from_user(buf, value, len))
		r = -EFAULT;
	else
		r = socket_setsockopt(s, level, name, buf, (socklen_t)len);
	if (buf != fast)
		kfree(buf);
	return r;
}

long sys_setsockopt(int fd, int level, int name, const void __user *value, int len)
{
	fd_light_t l;
	socket_t *s;
	int r;

	if (len < 0)
		return -EINVAL;
	r = socket_from_fd(fd, &l, &s);
	if (r)
		return r;
	if (level != SOL_SOCKET && !s->ops->set_option)
		r = -EOPNOTSUPP;
	else if (level == SOL_SOCKET && (size_t)len < sizeof(u32))
		r = -EINVAL;
	else
		r = set_option(s, level, name, value, (size_t)len);
	fd_put_light(l);
	return r;
}

static int get_option(socket_t *s, int level, int name, void __user *value, int __user *user_len)
{
	u8 fast[OPTION_FAST], *buf = fast;
	u32 len;
	int r;

	if (get_user_u32(&len, (u32 __user *)user_len))
		return -EFAULT;
	if ((s32)len < 0)
		return -EINVAL;
	len = MIN(len, (u32)OPTION_MAX * 4);
	if (len > sizeof(fast)) {
		buf = kmalloc(len, GFP_KERNEL);
		if (!buf)
			return -ENOMEM;
	}
	r = socket_getsockopt(s, level, name, buf, &len);
	if (!r && copy_to_user(value, buf, len))
		r = -EFAULT;
	/* -ERANGE says how much room it would take. */
	if ((!r || r == -ERANGE) && put_user_u32(len, (u32 __user *)user_len))
		r = -EFAULT;
	if (buf != fast)
		kfree(buf);
	return r;
}

long sys_getsockopt(int fd, int level, int name, void __user *value, int __user *len)
{
	fd_light_t l;
	socket_t *s;
	int r = socket_from_fd(fd, &l, &s);

	if (r)
		return r;
	if (level != SOL_SOCKET && !s->ops->get_option)
		r = -EOPNOTSUPP;
	else
		r = get_option(s, level, name, value, len);
	fd_put_light(l);
	return r;
}
