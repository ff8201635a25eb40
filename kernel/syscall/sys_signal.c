/*
 * Signals: sigaction(2) to sigqueue(3).
 */
#include <arch/thread.h>
#include <arch/uaccess.h>
#include <kernel/cfi.h>
#include <kernel/proc.h>
#include <kernel/time/clock.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/time.h>

#define SA_KNOWN                                                                                   \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS | SA_RESTORER | SA_ONSTACK | \
	 SA_RESTART | SA_NODEFER | SA_RESETHAND)

/* ---- actions and masks ---- */

long sys_rt_sigaction(int sig, const struct linux_sigaction __user *act,
		      struct linux_sigaction __user *old, size_t size)
{
	struct linux_sigaction user;
	k_sigaction_t next, was;
	int r;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (act) {
		if (copy_from_user(&user, act, sizeof(user)))
			return -EFAULT;
		next = (k_sigaction_t){ .handler = (void __user *)user.handler,
					.flags = user.flags & SA_KNOWN,
					.restorer = (void __user *)user.restorer,
					.mask = user.mask };
	}
	r = signal_set_action(sig, act ? &next : NULL, &was);
	if (r || !old)
		return r;
	user = (struct linux_sigaction){ .handler = (u64)was.handler,
					 .flags = was.flags,
					 .restorer = (u64)was.restorer,
					 .mask = was.mask };
	return copy_to_user(old, &user, sizeof(user)) ? -EFAULT : 0;
}

long sys_rt_sigprocmask(int how, const u64 __user *set, u64 __user *old, size_t size)
{
	sigset_t was = current()->blocked, value;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (set) {
		if (get_user_u64(&value, set))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			value |= was;
			break;
		case SIG_UNBLOCK:
			value = was & ~value;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		signal_set_blocked(value);
	}
	return old ? put_user_u64(was, old) : 0;
}

long sys_rt_sigpending(u64 __user *set, size_t size)
{
	thread_t *t = current();
	sigset_t pending;

	if (size > sizeof(pending))
		return -EINVAL;
	spin_lock_irq(sig_lock(t->process));
	pending = (t->pending.set | t->process->pending.set) & t->blocked;
	spin_unlock_irq(sig_lock(t->process));
	return copy_to_user(set, &pending, size) ? -EFAULT : 0;
}

long sys_sigaltstack(const stack_t __user *ss, stack_t __user *old)
{
	unsigned long sp = arch_frame_sp(arch_user_frame(current()));
	stack_t next, was;
	int r;

	if (ss && copy_from_user(&next, ss, sizeof(next)))
		return -EFAULT;
	r = signal_alternate_stack(ss ? &next : NULL, &was, sp);
	if (!r && old && copy_to_user(old, &was, sizeof(was)))
		r = -EFAULT;
	return r;
}

long sys_rt_sigreturn(void)
{
	trap_frame_t *frame = arch_user_frame(current());
	siginfo_t info;
	u64 mask;

	if (arch_signal_return(frame, &mask)) {
		siginfo_init(&info, SIGSEGV, SI_KERNEL);
		force_signal(SIGSEGV, &info);
		return 0;
	}
	signal_set_blocked(mask);
	current()->restart.function = NULL; /* the interrupted call has ended */
	return arch_syscall_result(frame);
}

/* ---- waiting ---- */

static void __sched sleep_for_signal(void)
{
	thread_t *t = current();

	for (;;) {
		set_current_state(THREAD_INTERRUPTIBLE);
		if (signal_pending(t))
			break;
		schedule();
	}
	set_current_state(THREAD_RUNNING);
}

long sys_pause(void)
{
	sleep_for_signal();
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const u64 __user *set, size_t size)
{
	thread_t *t = current();
	sigset_t value;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (get_user_u64(&value, set))
		return -EFAULT;
	t->saved_mask = t->blocked;
	signal_set_blocked(value);
	sleep_for_signal();
	/* The handler runs with the set given; its frame holds the mask that was. */
	thread_set_flag(t, TF_RESTORE_MASK);
	return -ERESTARTNOHAND;
}

long sys_rt_sigtimedwait(const u64 __user *set, siginfo_t __user *info,
			 const struct timespec __user *timeout, size_t size)
{
	nsec_t deadline = NSEC_MAX;
	struct timespec ts;
	siginfo_t found;
	sigset_t value;
	int sig;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (get_user_u64(&value, set))
		return -EFAULT;
	if (timeout) {
		if (copy_from_user(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
			return -EINVAL;
		if (ts.tv_sec < NSEC_MAX / NSEC_PER_SEC / 2)
			deadline = clock_monotonic() + ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	}
	sig = signal_wait(value, &found, deadline);
	if (sig > 0 && info && copy_to_user(info, &found, sizeof(found)))
		return -EFAULT;
	return sig;
}

/* Called by what a signal interrupted, through the program counter that delivery set back. */
long sys_restart_syscall(void)
{
	restart_block_t *rb = &current()->restart;
	long (*function)(restart_block_t *) = rb->function;

	if (!function)
		return -EINTR;
	rb->function = NULL;
	CODE_CHECK(function, rb->hash);
	return function(rb);
}

/* ---- sending ---- */

static void own_info(siginfo_t *info, int sig, int code)
{
	siginfo_init(info, sig, code);
	info->rt.pid = current_process()->pid;
	info->rt.uid = current_cred()->uid;
}

/* A number that is no signal's is told to those who named a process that there is. */
static bool is_signal(int sig)
{
	return sig >= 0 && sig <= SIGRTMAX;
}

static int send_checked(process_t *p, int sig, const siginfo_t *info)
{
	int r = is_signal(sig) ? signal_permission(p, sig) : -EINVAL;

	return r ? r : send_signal_process(p, sig, info);
}

static int kill_process(pid_t pid, int sig, const siginfo_t *info)
{
	process_t *p = process_get_by_pid(pid);
	int r;

	if (!p) { /* a thread's number serves as well */
		thread_t *t = thread_get_by_tid(pid);

		if (!t)
			return -ESRCH;
		p = t->process;
		process_get(p);
		thread_put(t);
	}
	r = send_checked(p, sig, info); /* the kernel's own take no notice */
	process_put(p);
	return r;
}

static int send_locked(process_t *p, int sig, const siginfo_t *info)
{
	int r = is_signal(sig) ? signal_permission_locked(p, sig) : -EINVAL;

	return r ? r : send_signal_process(p, sig, info);
}

/* 0 when one got it. Under the tree lock: a process that forks meanwhile cannot slip through. */
static int kill_group(struct pid *group, int sig, const siginfo_t *info)
{
	unsigned long flags;
	process_t *p;
	int r = -ESRCH;
	bool any = false;

	read_lock_irqsave(&process_tree_lock, &flags);
	list_for_each_entry(p, &group->members[PID_GROUP], group_link) {
		r = send_locked(p, sig, info);
		any |= !r;
	}
	read_unlock_irqrestore(&process_tree_lock, flags);
	return any ? 0 : r;
}

/* All but init and the caller. Those that may not be signalled are passed over, but they count. */
static int kill_all(int sig, const siginfo_t *info)
{
	unsigned long flags;
	process_t *p;
	int r = -ESRCH;

	read_lock_irqsave(&process_tree_lock, &flags);
	list_for_each_entry(p, &all_processes, all_link) {
		int sent;

		if (p->is_init || p == current_process())
			continue;
		sent = send_locked(p, sig, info);
		if (r == -ESRCH)
			r = 0;
		if (sent != -EPERM)
			r = sent;
	}
	read_unlock_irqrestore(&process_tree_lock, flags);
	return r;
}

long sys_kill(pid_t pid, int sig)
{
	struct pid *group;
	siginfo_t info;
	int r;

	if (pid == INT32_MIN)
		return -ESRCH;
	own_info(&info, sig, SI_USER);
	if (pid > 0)
		return kill_process(pid, sig, &info);
	if (pid == -1)
		return kill_all(sig, &info);
	group = pid ? pid_find_get(-pid) : pid_get(current_process()->group);
	if (!group)
		return -ESRCH;
	r = kill_group(group, sig, &info);
	pid_put(group);
	return r;
}

/* tgid 0: any. */
static int send_to_thread(pid_t tgid, pid_t tid, int sig, const siginfo_t *info)
{
	thread_t *t = thread_get_by_tid(tid);
	int r = -ESRCH;

	if (!t)
		return -ESRCH;
	if (!tgid || (t->process->kernel ? tid : t->process->pid) == tgid)
		r = is_signal(sig) ? signal_permission(t->process, sig) : -EINVAL;
	if (!r && sig) {
		r = send_signal_thread(t, sig, info);
		if (r == -ESRCH) /* it ends right now: as if it had got the signal before */
			r = 0;
	}
	thread_put(t);
	return r;
}

long sys_tkill(pid_t tid, int sig)
{
	siginfo_t info;

	if (tid <= 0)
		return -EINVAL;
	own_info(&info, sig, SI_TKILL);
	return send_to_thread(0, tid, sig, &info);
}

long sys_tgkill(pid_t tgid, pid_t tid, int sig)
{
	siginfo_t info;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	own_info(&info, sig, SI_TKILL);
	return send_to_thread(tgid, tid, sig, &info);
}

/* Nobody may pretend to be the kernel, or kill(2), to others. */
static int get_queue_info(siginfo_t *to, const siginfo_t __user *from, int sig, pid_t target)
{
	int r = siginfo_from_user(to, from);

	if (r)
		return r;
	to->si_signo = sig;
	if ((to->si_code >= 0 || to->si_code == SI_TKILL) && target != current()->tid)
		return -EPERM;
	return 0;
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, const siginfo_t __user *uinfo)
{
	siginfo_t info;
	int r = get_queue_info(&info, uinfo, sig, pid);

	if (r)
		return r;
	if (pid <= 0)
		return -ESRCH;
	return kill_process(pid, sig, &info);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, const siginfo_t __user *uinfo)
{
	siginfo_t info;
	int r = siginfo_from_user(&info, uinfo);

	if (r)
		return r;
	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	r = get_queue_info(&info, uinfo, sig, tid);
	return r ? r : send_to_thread(tgid, tid, sig, &info);
}
