/*
 * What travels beside the data: descriptors (SCM_RIGHTS) and credentials (SCM_CREDENTIALS), unix(7).
 */
#include "unix_internal.h"

#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define OVERFLOW_ID 65534 /* of a sender that nobody asked for */
int unix_overflow_uid = OVERFLOW_ID, unix_overflow_gid = OVERFLOW_ID;

/* ---- sending ---- */

static int add_files(unix_passing_t *p, const control_message_t *c)
{
	u32 n = (u32)(c->len / sizeof(int)), had = p->files ? p->files->count : 0;
	unix_files_t *f;
	int fd;

	if (!n)
		return 0;
	if (n > SCM_MAX_FD || had + n > SCM_MAX_FD)
		return -EINVAL;
	f = krealloc(p->files, sizeof(*f) + (had + n) * sizeof(file_t *));
	if (!f)
		return -ENOMEM;
	if (!p->files) {
		f->count = 0;
		f->user = NULL;
		f->in_flight = f->has_sockets = false;
	}
	p->files = f;
	for (u32 i = 0; i < n; i++) {
		file_t *file;

		memcpy(&fd, c->data + i * sizeof(fd), sizeof(fd));
		file = fd < 0 ? NULL : fd_get_raw(fd);
		if (!file)
			return -EBADF;
		f->files[f->count++] = file;
		f->has_sockets |= unix_file_socket(file) != NULL;
	}
	return 0;
}

/* May the running thread say that it is this one? */
static bool may_claim(const struct ucred *u)
{
	const cred_t *c = current_cred();

	return (u->pid == current_process()->pid || capable(CAP_SYS_ADMIN)) &&
	       (u->uid == c->uid || u->uid == c->euid || u->uid == c->suid ||
		capable(CAP_SETUID)) &&
	       (u->gid == c->gid || u->gid == c->egid || u->gid == c->sgid || capable(CAP_SETGID));
}

static int set_credentials(unix_passing_t *p, const control_message_t *c)
{
	struct ucred u;
	struct pid *pid;

	if (c->len != sizeof(u))
		return -EINVAL;
	memcpy(&u, c->data, sizeof(u));
	if (!may_claim(&u))
		return -EPERM;
	pid = pid_find_get(u.pid);
	if (!pid)
		return -ESRCH;
	if (p->pid)
		pid_put(p->pid);
	p->pid = pid;
	if (u.uid == ~0u || u.gid == ~0u)
		return -EINVAL;
	p->uid = u.uid;
	p->gid = u.gid;
	return 0;
}

int unix_passing_begin(socket_message_t *m, unix_passing_t *p)
{
	control_message_t c;
	size_t at = 0;
	int r;

	*p = (unix_passing_t){ .uid = ~0u, .gid = ~0u };
	while ((r = socket_next_control(m, &at, &c)) > 0) {
		if (c.level != SOL_SOCKET)
			continue;
		r = c.type == SCM_RIGHTS	? add_files(p, &c)
		    : c.type == SCM_CREDENTIALS ? set_credentials(p, &c)
						: -EINVAL;
		if (r)
			break;
	}
	if (r)
		unix_passing_end(p);
	return r;
}

void unix_passing_end(unix_passing_t *p)
{
	unix_drop_files(p->files);
	if (p->pid)
		pid_put(p->pid);
}

int unix_passing_attach(unix_passing_t *p, sk_buff_t *skb)
{
	unix_control_t *c = unix_control(skb);
	int r;

	if (p->pid)
		c->pid = pid_get(p->pid);
	c->uid = p->uid;
	c->gid = p->gid;
	if (!p->files)
		return 0;
	r = unix_enter_flight(p->files);
	if (r)
		return r;
	c->files = p->files;
	p->files = NULL;
	return 0;
}

void unix_add_credentials(sk_buff_t *skb)
{
	unix_control_t *c = unix_control(skb);

	if (c->pid)
		return;
	c->pid = pid_get(current_process()->pid_obj);
	c->uid = current_cred()->uid;
	c->gid = current_cred()->gid;
}

void unix_drop_files(unix_files_t *f)
{
	if (!f)
		return;
	if (f->in_flight)
		unix_leave_flight(f);
	for (u32 i = 0; i < f->count; i++)
		file_put(f->files[i]);
	kfree(f);
}

/* ---- receiving ---- */

u32 unix_files_queued(unix_socket_t *u)
{
	sk_buff_t *skb;
	u32 n = 0;

	spin_lock(&u->socket.lock);
	list_for_each_entry(skb, &u->queue.list, link) {
		unix_files_t *f = unix_control(skb)->files;

		n += f ? f->count : 0;
	}
	spin_unlock(&u->socket.lock);
	return n;
}

int unix_take_files(unix_socket_t *u, sk_buff_t *skb, bool peek, unix_files_t **out)
{
	unix_control_t *c = unix_control(skb);
	unix_files_t *f = c->files, *copy;

	if (!peek) {
		spin_lock(&u->socket.lock);
		c->files = NULL;
		spin_unlock(&u->socket.lock);
		unix_leave_flight(f);
		*out = f;
		return 0;
	}
	copy = kmalloc(sizeof(*copy) + f->count * sizeof(file_t *), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	copy->count = f->count;
	copy->user = NULL;
	copy->in_flight = false;
	copy->has_sockets = f->has_sockets;
	if (f->has_sockets)
		unix_lock_flight();
	for (u32 i = 0; i < f->count; i++) {
		file_get(f->files[i]);
		copy->files[i] = f->files[i];
	}
	if (f->has_sockets)
		unix_unlock_flight();
	*out = copy;
	return 0;
}

bool unix_same_sender(const unix_control_t *a, const unix_control_t *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

void unix_sender_name(const sk_buff_t *skb, socket_address_t *addr)
{
	unix_address_t *a = unix_address_of(unix_of(skb->owner));

	if (!a)
		return;
	addr->len = a->len;
	memcpy(&addr->storage, &a->name, a->len);
}

static int give_credentials(socket_message_t *m, const unix_control_t *c)
{
	struct ucred u = { 0 }; /* the end of a stream has no sender */

	if (c) {
		u.pid = c->pid ? c->pid->nr : 0;
		u.uid = c->uid != ~0u ? c->uid : (u32)READ_ONCE(unix_overflow_uid);
		u.gid = c->uid != ~0u ? c->gid : (u32)READ_ONCE(unix_overflow_gid);
	}
	return socket_put_control(m, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u));
}

/* One descriptor for the receiver, its number at *to. 0 or errno. */
static int install_file(file_t *f, int __user *to, bool cloexec)
{
	int fd = fd_reserve(0, cloexec);

	if (fd < 0)
		return fd;
	if (put_user_u32((u32)fd, (u32 __user *)to)) {
		fd_unreserve(fd);
		return -EFAULT;
	}
	file_get(f);
	fd_install(fd, f);
	return 0;
}

static void give_files(socket_message_t *m, const unix_files_t *f)
{
	size_t room = m->control_len > sizeof(struct cmsghdr)
			      ? (m->control_len - sizeof(struct cmsghdr)) / sizeof(int)
			      : 0;
	struct cmsghdr h = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	struct cmsghdr __user *at = m->control_out;
	size_t step;
	u32 n = 0;

	while (n < f->count && n < room &&
	       !install_file(f->files[n], (int __user *)(at + 1) + n, m->flags & MSG_CMSG_CLOEXEC))
		n++;
	if (n < f->count)
		m->out_flags |= MSG_CTRUNC;
	if (!n)
		return;
	h.cmsg_len = CMSG_LEN(n * sizeof(int));
	if (copy_to_user(at, &h, sizeof(h)))
		return;
	step = MIN((size_t)CMSG_SPACE(n * sizeof(int)), m->control_len);
	m->control_out = (u8 __user *)m->control_out + step;
	m->control_len -= step;
}

void unix_give_control(socket_t *s, socket_message_t *m, const unix_control_t *c,
		       unix_files_t *files)
{
	bool credentials = socket_option(s, SOCKET_PASS_CREDENTIALS);

	if (!m->control_out) {
		if (credentials || files)
			m->out_flags |= MSG_CTRUNC;
	} else {
		/* As on Linux, a bad buffer costs the message its company, not the call its success. */
		if (credentials && give_credentials(m, c))
			m->out_flags |= MSG_CTRUNC;
		if (files)
			give_files(m, files);
	}
	unix_drop_files(files);
}
