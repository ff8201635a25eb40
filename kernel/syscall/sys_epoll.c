/*
 * epoll(7).
 */
#include "wait_calls.h"

#include <arch/uaccess.h>
#include <fs/epoll.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

long sys_epoll_create1(int flags)
{
	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	return fd_give(epoll_create_file(), flags & EPOLL_CLOEXEC);
}

long sys_epoll_create(int size)
{
	return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

long sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event __user *uevent)
{
	struct epoll_event event;
	bool has_event = op != EPOLL_CTL_DEL;
	file_t *target;
	fd_light_t l;
	long r = -EBADF;

	if (has_event && copy_from_user(&event, uevent, sizeof(event)))
		return -EFAULT;
	l = fd_get_light(epfd);
	if (!l.file)
		return r;
	target = fd_get(fd);
	if (target) {
		r = epoll_control(l.file, op, fd, target, has_event ? &event : NULL);
		file_put(target);
	}
	fd_put_light(l);
	return r;
}

static long do_wait(int epfd, struct epoll_event __user *events, int max, nsec_t deadline)
{
	fd_light_t l;
	long r;

	if (max <= 0 || max > (int)(INT32_MAX / sizeof(*events)))
		return -EINVAL;
	if (!access_ok(events, (size_t)max * sizeof(*events)))
		return -EFAULT;
	l = fd_get_light(epfd);
	if (!l.file)
		return -EBADF;
	r = epoll_wait_events(l.file, events, max, deadline);
	fd_put_light(l);
	return r;
}

static nsec_t deadline_of(int timeout)
{
	return timeout < 0 ? NSEC_MAX : wait_deadline_in(timeout * NSEC_PER_MSEC);
}

long sys_epoll_wait(int epfd, struct epoll_event __user *events, int max, int timeout)
{
	return do_wait(epfd, events, max, deadline_of(timeout));
}

static long wait_masked(int epfd, struct epoll_event __user *events, int max, nsec_t deadline,
			const u64 __user *mask, size_t size)
{
	long r = wait_mask_set(mask, size);

	if (r)
		return r;
	r = do_wait(epfd, events, max, deadline);
	wait_mask_restore(mask, r == -EINTR);
	return r;
}

long sys_epoll_pwait(int epfd, struct epoll_event __user *events, int max, int timeout,
		     const u64 __user *mask, size_t size)
{
	return wait_masked(epfd, events, max, deadline_of(timeout), mask, size);
}

long sys_epoll_pwait2(int epfd, struct epoll_event __user *events, int max,
		      const struct timespec __user *timeout, const u64 __user *mask, size_t size)
{
	nsec_t deadline;
	int r = wait_deadline_get(timeout, &deadline);

	return r ? r : wait_masked(epfd, events, max, deadline, mask, size);
}
