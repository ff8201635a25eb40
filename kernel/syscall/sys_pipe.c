/*
 * pipe(2), pipe2(2).
 */
#include <arch/uaccess.h>
#include <ipc/pipe.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

/* A pipe for keys' and mounts' notifications, which are not configured. */
#define O_NOTIFICATION_PIPE O_EXCL

long sys_pipe2(int __user *fds, int flags)
{
	bool cloexec = flags & O_CLOEXEC;
	file_t *ends[2];
	int fd[2], r;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_NOTIFICATION_PIPE))
		return -EINVAL;
	if (flags & O_NOTIFICATION_PIPE)
		return -ENOPKG;
	r = pipe_create(ends, flags);
	if (r)
		return r;
	fd[0] = fd_reserve(0, cloexec);
	if (fd[0] < 0) {
		r = fd[0];
		goto out_put;
	}
	fd[1] = fd_reserve(0, cloexec);
	if (fd[1] < 0) {
		r = fd[1];
		goto out_unreserve_0;
	}
	if (copy_to_user(fds, fd, sizeof(fd))) {
		r = -EFAULT;
		goto out_unreserve_1;
	}
	fd_install(fd[0], ends[0]);
	fd_install(fd[1], ends[1]);
	return 0;
out_unreserve_1:
	fd_unreserve(fd[1]);
out_unreserve_0:
	fd_unreserve(fd[0]);
out_put:
	file_put(ends[0]);
	file_put(ends[1]);
	return r;
}

long sys_pipe(int __user *fds)
{
	return sys_pipe2(fds, 0);
}
