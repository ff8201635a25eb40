/*
 * POSIX message queues: mq_open(2), mq_unlink(2), mq_timedsend(2), mq_timedreceive(2), mq_notify(2), mq_getsetattr(2).
 */
#include <arch/uaccess.h>
#include <ipc/mqueue.h>
#include <kernel/signal.h>
#include <kernel/sync/wait.h>
#include <kernel/time/convert.h>
#include <net/socket.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

long sys_mq_open(const char __user *uname, int flags, mode_t mode,
		 const struct mq_attr __user *uattr)
{
	struct mq_attr attr;
	file_t *f;
	char *name;
	int fd;

	if (uattr && copy_from_user(&attr, uattr, sizeof(attr)))
		return -EFAULT;
	name = getname(uname, false);
	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = fd_reserve(0, true); /* no queue is made for want of a number */
	if (fd < 0)
		goto out_put;
	f = mqueue_open(name, flags, mode, uattr ? &attr : NULL);
	if (IS_ERR(f)) {
		fd_unreserve(fd);
		fd = (int)PTR_ERR(f);
	} else {
		fd_install(fd, f);
	}
out_put:
	putname(name);
	return fd;
}

long sys_mq_unlink(const char __user *uname)
{
	char *name = getname(uname, false);
	long r;

	if (IS_ERR(name))
		return PTR_ERR(name);
	r = mqueue_unlink(name);
	putname(name);
	return r;
}

/* An absolute time of the realtime clock; NULL: no end. */
static int get_deadline(const struct timespec __user *timeout, nsec_t *deadline)
{
	struct timespec ts;
	nsec_t t;

	*deadline = NSEC_MAX;
	if (!timeout)
		return 0;
	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	t = timespec_to_ns(&ts);
	if (t != NSEC_MAX)
		*deadline = REALTIME_DEADLINE(t);
	return 0;
}

long sys_mq_timedsend(int fd, const char __user *text, size_t len, unsigned priority,
		      const struct timespec __user *timeout)
{
	nsec_t deadline;
	file_t *f;
	long r = get_deadline(timeout, &deadline);

	if (r)
		return r;
	if (priority >= MQ_PRIO_MAX)
		return -EINVAL;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	r = mqueue_send(f, text, len, priority, deadline);
	file_put(f);
	return r;
}

long sys_mq_timedreceive(int fd, char __user *text, size_t room, unsigned __user *upriority,
			 const struct timespec __user *timeout)
{
	nsec_t deadline;
	u32 priority;
	file_t *f;
	long r = get_deadline(timeout, &deadline);

	if (r)
		return r;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	r = mqueue_receive(f, text, room, &priority, deadline);
	file_put(f);
	if (r >= 0 && upriority && put_user_u32(priority, upriority))
		return -EFAULT;
	return r;
}

/* SIGEV_THREAD is told through a netlink socket, of which there are none: the errors of what else it may be. */
static int check_thread_event(const struct sigevent *e)
{
	u8 cookie[NOTIFY_COOKIE_LEN];
	file_t *f;
	int r;

	if (copy_from_user(cookie, (const void __user *)e->sigev_value.sival_ptr, sizeof(cookie)))
		return -EFAULT;
	f = fd_get(e->sigev_signo);
	if (!f)
		return -EBADF;
	r = file_socket(f) ? -EINVAL : -ENOTSOCK;
	file_put(f);
	return r;
}

static int check_event(const struct sigevent *e)
{
	switch (e->sigev_notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL:
		return e->sigev_signo < 0 || e->sigev_signo > SIGRTMAX ? -EINVAL : 0;
	case SIGEV_THREAD:
		return check_thread_event(e);
	default:
		return -EINVAL;
	}
}

long sys_mq_notify(int fd, const struct sigevent __user *uevent)
{
	struct sigevent event;
	file_t *f;
	long r;

	if (uevent) {
		if (copy_from_user(&event, uevent, sizeof(event)))
			return -EFAULT;
		r = check_event(&event);
		if (r)
			return r;
	}
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	r = mqueue_notify(f, uevent ? &event : NULL);
	file_put(f);
	return r;
}

long sys_mq_getsetattr(int fd, const struct mq_attr __user *unext, struct mq_attr __user *uold)
{
	struct mq_attr next, old;
	file_t *f;
	long r;

	if (unext && copy_from_user(&next, unext, sizeof(next)))
		return -EFAULT;
	if (unext && (next.mq_flags & ~(s64)O_NONBLOCK))
		return -EINVAL;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	r = mqueue_set_attr(f, unext ? &next : NULL, &old);
	file_put(f);
	if (!r && uold && copy_to_user(uold, &old, sizeof(old)))
		return -EFAULT;
	return r;
}
