/*
 * Calls on processes by descriptor: pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2),
 * process_madvise(2), process_mrelease(2).
 */
#include <arch/uaccess.h>
#include <fs/procfs.h>
#include <fs/vfs.h>
#include <kernel/pidfd.h>
#include <kernel/proc.h>
#include <kernel/ptrace.h>
#include <mm/advice.h>
#include <mm/iter.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/mman.h>

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

/* ---- memory of others ---- */

/* The thread that the descriptor stands for: referenced, or ERR_PTR. */
static thread_t *get_thread(int pidfd)
{
	struct pid *pid = pidfd_get_pid(pidfd, NULL);
	thread_t *t;

	if (IS_ERR(pid))
		return (thread_t *)pid;
	t = pid_get_thread(pid);
	pid_put(pid);
	return t ? t : ERR_PTR(-ESRCH);
}

/* process_madvise(2): what loses nothing but time. */
static bool is_harmless(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

/* The bytes advised; an error only when there were none. */
static ssize_t advise_all(vm_space_t *s, const iter_t *ranges, int advice)
{
	ssize_t done = 0;

	for (u32 i = 0; i < ranges->nr_segs; i++) {
		const iovec_t *v = &ranges->iov[i];
		int r = vm_advise(s, (unsigned long)v->base, v->len, advice);

		if (r)
			return done ? done : r;
		done += (ssize_t)v->len;
	}
	return done;
}

static ssize_t advise_thread(thread_t *t, const iter_t *ranges, int advice)
{
	vm_space_t *s;
	ssize_t r;

	if (!is_harmless(advice))
		return -EINVAL;
	if (ptrace_space(t, PTRACE_ACCESS_FS, &s))
		return -EACCES;
	if (!s)
		return -ESRCH;
	r = capable(CAP_SYS_NICE) ? advise_all(s, ranges, advice) : -EPERM;
	vm_space_put(s);
	return r;
}

long sys_process_madvise(int pidfd, const struct iovec __user *vec, size_t n, int advice, u32 flags)
{
	iovec_t fast[UIO_FASTIOV], *heap;
	iter_t ranges;
	thread_t *t;
	ssize_t r;

	if (flags)
		return -EINVAL;
	r = iter_import(&ranges, false, vec, n, fast, &heap);
	if (r)
		return r;
	t = get_thread(pidfd);
	if (IS_ERR(t)) {
		r = PTR_ERR(t);
		goto out;
	}
	r = advise_thread(t, &ranges, advice);
	thread_put(t);
out:
	kfree(heap);
	return r;
}

long sys_process_mrelease(int pidfd, u32 flags)
{
	vm_space_t *s;
	thread_t *t;
	long r = -EINVAL;

	if (flags)
		return -EINVAL;
	t = get_thread(pidfd);
	if (IS_ERR(t))
		return PTR_ERR(t);
	s = vm_space_of(t->process);
	if (!s) {
		r = -ESRCH;
	} else {
		if (process_memory_ends(t->process, s)) {
			vm_space_reap(s);
			r = 0;
		}
		vm_space_put(s);
	}
	thread_put(t);
	return r;
}
