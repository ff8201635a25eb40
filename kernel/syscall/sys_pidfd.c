/*
 * Calls on processes by descriptor: pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2).
 */
#include <arch/uaccess.h>
#include <fs/procfs.h>
#include <fs/vfs.h>
#include <kernel/pidfd.h>
#include <kernel/proc.h>
#include <kernel/ptrace.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#define PIDFD_NONBLOCK O_NONBLOCK

/* True while the number is a process's, a zombie's included. */
static bool has_process(struct pid *pid)
{
	bool r;

	rcu_read_lock();
	r = rcu_dereference(pid->process) != NULL;
	rcu_read_unlock();
	return r;
}

long sys_pidfd_open(pid_t nr, u32 flags)
{
	struct pid *pid;
	long r = -EINVAL;

	if ((flags & ~PIDFD_NONBLOCK) || nr <= 0)
		return -EINVAL;
	pid = pid_find_get(nr);
	if (!pid)
		return -ESRCH;
	if (has_process(pid)) /* no other thread's number */
		r = fd_give(pidfd_create(pid, flags), true);
	pid_put(pid);
	return r;
}

/* A directory /proc/PID serves as well. Referenced, or ERR_PTR. */
static struct pid *get_target(int fd)
{
	fd_light_t l = fd_get_light(fd);
	struct pid *pid;

	if (!l.file)
		return ERR_PTR(-EBADF);
	pid = pidfd_file_pid(l.file);
	if (!pid)
		pid = proc_file_pid(l.file);
	if (pid)
		pid_get(pid);
	fd_put_light(l);
	return pid ? pid : ERR_PTR(-EBADF);
}

/* Nobody may pretend to be the kernel, or kill(2), to others. */
static int get_info(siginfo_t *to, const siginfo_t __user *from, int sig, const struct pid *target)
{
	int r;

	if (!from) {
		siginfo_init(to, sig, SI_USER);
		to->rt.pid = current_process()->pid;
		to->rt.uid = current_cred()->uid;
		return 0;
	}
	r = siginfo_from_user(to, from);
	if (r)
		return r;
	if (to->si_signo != sig)
		return -EINVAL;
	if ((to->si_code >= 0 || to->si_code == SI_TKILL) && target != current()->pid)
		return -EPERM;
	return 0;
}

static int send(struct pid *target, int sig, const siginfo_t *info)
{
	thread_t *t = pid_get_thread(target);
	int r;

	if (!t)
		return -ESRCH;
	if (sig < 0 || sig > SIGRTMAX)
		r = -EINVAL;
	else if (t->process->kernel)
		r = -EPERM;
	else
		r = signal_permission(t->process, sig);
	if (!r)
		r = send_signal_process(t->process, sig, info);
	thread_put(t);
	return r;
}

long sys_pidfd_send_signal(int pidfd, int sig, const siginfo_t __user *uinfo, u32 flags)
{
	struct pid *target;
	siginfo_t info;
	int r;

	if (flags)
		return -EINVAL;
	target = get_target(pidfd);
	if (IS_ERR(target))
		return PTR_ERR(target);
	r = get_info(&info, uinfo, sig, target);
	if (!r)
		r = send(target, sig, &info);
	pid_put(target);
	return r;
}

/* The file under a number of another thread, referenced. */
static file_t *get_file_of(thread_t *t, int fd)
{
	file_t *f = ERR_PTR(-EPERM);
	int at = fd;
	bool cloexec;

	/* No set-user-ID program may come between the look and the taking. */
	if (mutex_lock_killable(&t->process->exec_guard))
		return ERR_PTR(-EINTR);
	if (!ptrace_may_access(t, PTRACE_ACCESS_REAL)) {
		files_t *files = thread_files_get(t);

		f = files && fd >= 0 ? files_next(files, &at, &cloexec) : NULL;
		if (files)
			files_put(files);
		if (f && at != fd) {
			file_put(f);
			f = NULL;
		}
		if (!f)
			f = ERR_PTR(READ_ONCE(t->exiting) ? -ESRCH : -EBADF);
	}
	mutex_unlock(&t->process->exec_guard);
	return f;
}

long sys_pidfd_getfd(int pidfd, int fd, u32 flags)
{
	struct pid *pid;
	thread_t *t;
	file_t *f;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid(pidfd, NULL);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	t = pid_get_thread(pid);
	pid_put(pid);
	if (!t)
		return -ESRCH;
	f = get_file_of(t, fd);
	thread_put(t);
	return fd_give(f, true);
}
