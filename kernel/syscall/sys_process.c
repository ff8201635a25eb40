/*
 * fork, clone, exit, wait, and the numbers of processes.
 */
#include <arch/uaccess.h>
#include <fs/vfs.h>
#include <ipc/sysv.h>
#include <kernel/lib/string.h>
#include <kernel/pidfd.h>
#include <kernel/proc.h>
#include <kernel/ptrace.h>
#include <kernel/rseq.h>
#include <syscall_protos.h>
#include <uapi/clone.h>
#include <uapi/errno.h>
#include <uapi/fcntl.h>
#include <uapi/futex.h>
#include <uapi/wait.h>

/* ---- making ---- */

long sys_fork(void)
{
	return create_process(current_process(), true);
}

long sys_vfork(void)
{
	return create_process(current_process(), false);
}

long sys_clone(unsigned long flags, unsigned long sp, int __user *ptid, int __user *ctid,
	       unsigned long tls)
{
	clone_args_t args = {
		.flags = (u32)flags & ~CSIGNAL,
		.exit_signal = (int)(flags & CSIGNAL),
		.stack = sp,
		.tls = tls,
		.pidfd = ptid,
		.parent_tid = ptid,
		.child_tid = ctid,
	};

	return clone_and_start(&args);
}

/*
 * A structure that may be longer than ours if what we do not know is zero (copy_struct_from_user's
 * rule).
 */
static int copy_clone_args(struct clone_args *to, const void __user *from, size_t size)
{
	u8 rest[64];

	if (size > 4096)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(to, 0, sizeof(*to));
	for (size_t at = sizeof(*to); at < size; at += sizeof(rest)) {
		size_t n = MIN(size - at, sizeof(rest));

		if (copy_from_user(rest, (const u8 __user *)from + at, n))
			return -EFAULT;
		for (size_t i = 0; i < n; i++)
			if (rest[i])
				return -E2BIG;
	}
	return copy_from_user(to, from, MIN(size, sizeof(*to))) ? -EFAULT : 0;
}

static int check_clone_args(const struct clone_args *a)
{
	const u64 known = 0xffffffffUL | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP;

	if ((a->set_tid_size && !a->set_tid) || (a->set_tid && !a->set_tid_size) ||
	    a->set_tid_size > 32)
		return -EINVAL;
	if ((a->exit_signal & ~CSIGNAL) || a->exit_signal > SIGRTMAX)
		return -EINVAL;
	if (a->flags & CLONE_INTO_CGROUP) /* there are none */
		return -EINVAL;
	if ((a->flags & ~known) || (a->flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME))))
		return -EINVAL;
	if ((a->flags & CLONE_SIGHAND) && (a->flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((a->flags & (CLONE_THREAD | CLONE_PARENT)) && a->exit_signal)
		return -EINVAL;
	if (!a->stack != !a->stack_size)
		return -EINVAL;
	if (a->stack && !access_ok((const void __user *)a->stack, a->stack_size))
		return -EINVAL;
	return 0;
}

/* The number asked for: there is one namespace, so one number. */
static int get_set_tid(const struct clone_args *a, pid_t *tid)
{
	u32 value;

	if (!a->set_tid_size)
		return 0;
	if (a->set_tid_size > 1)
		return -EINVAL;
	if (get_user_u32(&value, (const u32 __user *)a->set_tid))
		return -EFAULT;
	if ((s32)value < 1 || value >= pid_max)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	*tid = (pid_t)value;
	return 0;
}

long sys_clone3(const void __user *uargs, size_t size)
{
	struct clone_args a;
	clone_args_t args = { 0 };
	int r = copy_clone_args(&a, uargs, size);

	if (!r)
		r = check_clone_args(&a);
	if (!r)
		r = get_set_tid(&a, &args.set_tid);
	if (r)
		return r;
	args.flags = a.flags;
	args.exit_signal = (int)a.exit_signal;
	args.stack = a.stack ? a.stack + a.stack_size : 0;
	args.tls = a.tls;
	args.pidfd = (int __user *)a.pidfd;
	args.parent_tid = (int __user *)a.parent_tid;
	args.child_tid = (int __user *)a.child_tid;
	return clone_and_start(&args);
}

static int unshare_fs(thread_t *t)
{
	fs_context_t *old = t->fs, *fresh;
	unsigned long flags;

	if (refcount_read(&old->refs) == 1)
		return 0;
	fresh = fs_context_copy(old);
	if (!fresh)
		return -ENOMEM;
	if (process_lock_sighand(t->process, &flags)) {
		t->fs = fresh;
		process_unlock_sighand(t->process, flags);
	}
	fs_context_put(old);
	return 0;
}

long sys_unshare(unsigned long flags)
{
	const unsigned long namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
					 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
					 CLONE_NEWNET | CLONE_NEWTIME;
	const unsigned long known = CLONE_THREAD | CLONE_FS | CLONE_SIGHAND | CLONE_VM |
				    CLONE_FILES | CLONE_SYSVSEM | namespaces;
	thread_t *t = current();
	int r = 0;

	if (flags & ~known)
		return -EINVAL;
	/* These cannot be undone; asking is fine where nothing is shared. */
	if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && t->process->thread_count > 1)
		return -EINVAL;
	if ((flags & (CLONE_SIGHAND | CLONE_VM)) && refcount_read(&t->process->sighand->refs) > 1)
		return -EINVAL;
	if (flags & namespaces)
		return (flags & CLONE_NEWUSER) || capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (flags & CLONE_SYSVSEM)
		sem_undo_leave(t);
	if (flags & CLONE_FS)
		r = unshare_fs(t);
	if (!r && (flags & CLONE_FILES) && !files_unshare_if_needed(t))
		r = -ENOMEM;
	return r;
}

/* ---- ending and waiting ---- */

long sys_exit(int status)
{
	exit_thread(WAIT_STATUS_EXITED(status));
}

long sys_exit_group(int status)
{
	exit_group(WAIT_STATUS_EXITED(status));
}

long sys_wait4(pid_t pid, int __user *status, int options, struct rusage __user *ru)
{
	wait_request_t req = { .options = options | WEXITED };
	pid_t r;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	req.which = pid == -1 ? P_ALL : pid <= 0 ? P_PGID : P_PID;
	req.id = pid < 0 ? -pid : pid;
	r = wait_for_child(&req);
	if (r <= 0)
		return r;
	if (status && put_user_u32((u32)req.status, (u32 __user *)status))
		return -EFAULT;
	if (ru && copy_to_user(ru, &req.usage, sizeof(req.usage)))
		return -EFAULT;
	return r;
}

/* Only the fields that wait fills, as Linux: the rest of the user's structure stays. */
static int put_wait_info(siginfo_t __user *info, int signo, const wait_request_t *req, pid_t pid)
{
	int status = req->status;

	if (signo) {
		if (req->code == CLD_CONTINUED)
			status = SIGCONT;
		else if (req->code == CLD_EXITED || req->code == CLD_STOPPED)
			status = (status >> 8) & 0xff;
		else if (req->code == CLD_TRAPPED) /* with the event */
			status >>= 8;
		else
			status &= 0x7f;
	}
	if (put_user_u32((u32)signo, (u32 __user *)&info->si_signo) ||
	    put_user_u32(0, (u32 __user *)&info->si_errno) ||
	    put_user_u32((u32)req->code, (u32 __user *)&info->si_code) ||
	    put_user_u32((u32)pid, (u32 __user *)&info->child.pid) ||
	    put_user_u32(req->uid, &info->child.uid) ||
	    put_user_u32((u32)status, (u32 __user *)&info->child.status))
		return -EFAULT;
	return 0;
}

static long do_waitid(int which, pid_t id, int options, wait_request_t *req)
{
	u32 file_flags = 0;
	long r;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			__WCLONE | __WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	switch (which) {
	case P_ALL:
		break;
	case P_PID:
		if (id <= 0)
			return -EINVAL;
		break;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		break;
	case P_PIDFD:
		if (id < 0)
			return -EINVAL;
		req->pid = pidfd_get_pid(id, &file_flags);
		if (IS_ERR(req->pid))
			return PTR_ERR(req->pid);
		break;
	default:
		return -EINVAL;
	}
	req->which = which;
	req->id = id;
	req->options = options | (file_flags & O_NONBLOCK ? WNOHANG : 0);
	r = wait_for_child(req);
	if (req->pid)
		pid_put(req->pid);
	/* What would have waited, but for the descriptor. */
	return !r && !(options & WNOHANG) && (file_flags & O_NONBLOCK) ? -EAGAIN : r;
}

long sys_waitid(int which, pid_t id, siginfo_t __user *info, int options, struct rusage __user *ru)
{
	wait_request_t req = { 0 };
	long pid = do_waitid(which, id, options, &req);

	if (pid > 0 && ru && copy_to_user(ru, &req.usage, sizeof(req.usage)))
		return -EFAULT;
	if (info && put_wait_info(info, pid > 0 ? SIGCHLD : 0, &req, pid > 0 ? (pid_t)pid : 0))
		return -EFAULT;
	return MIN(pid, 0L);
}

/* ---- numbers ---- */

long sys_getpid(void)
{
	return current_process()->pid;
}

long sys_gettid(void)
{
	return current()->tid;
}

long sys_getppid(void)
{
	pid_t pid;

	rcu_read_lock();
	pid = rcu_dereference(current_process()->parent)->pid;
	rcu_read_unlock();
	return pid;
}

/* Group or session of a process; 0: one's own. */
static long get_id(pid_t pid, bool session)
{
	unsigned long flags;
	process_t *p = current_process();
	long r = -ESRCH;

	read_lock_irqsave(&process_tree_lock, &flags);
	if (pid) {
		thread_t *t = find_thread(pid);

		p = t ? t->process : find_process(pid);
	}
	if (p)
		r = session ? p->session->nr : p->group->nr;
	read_unlock_irqrestore(&process_tree_lock, flags);
	return r;
}

long sys_getpgid(pid_t pid)
{
	return get_id(pid, false);
}

long sys_getpgrp(void)
{
	return get_id(0, false);
}

long sys_getsid(pid_t pid)
{
	return get_id(pid, true);
}

long sys_setpgid(pid_t pid, pid_t pgid)
{
	return process_setpgid(pid, pgid);
}

long sys_setsid(void)
{
	return process_setsid();
}

long sys_set_tid_address(int __user *tidptr)
{
	current()->clear_child_tid = tidptr;
	return current()->tid;
}

long sys_rseq(struct rseq __user *area, u32 size, int flags, u32 signature)
{
	return rseq_register(area, size, flags, signature);
}

/* ---- robust mutexes ---- */

long sys_set_robust_list(void __user *head, size_t len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	current()->robust_list = head;
	current()->robust_list_size = len;
	return 0;
}

long sys_get_robust_list(pid_t pid, void __user *__user *head, size_t __user *len)
{
	thread_t *t = pid ? thread_get_by_tid(pid) : current();
	void __user *list;
	bool allowed;

	if (!t)
		return -ESRCH;
	allowed = !ptrace_may_access(t, PTRACE_ACCESS_REAL);
	list = READ_ONCE(t->robust_list);
	if (pid)
		thread_put(t);
	if (!allowed)
		return -EPERM;
	if (put_user_u64(sizeof(struct robust_list_head), (u64 __user *)len))
		return -EFAULT;
	return put_user_u64((u64)list, (u64 __user *)head);
}
