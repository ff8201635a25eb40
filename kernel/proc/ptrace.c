/*
 * ptrace(2): requests to a traced thread. All but a few want it trapped and off its CPU.
 */
#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <mm/space.h>

#include "ptrace_internal.h"

#define PEEK_INFO_BATCH 8u

/*
 * The thread is referenced, and was found to be ours; but it may be killed at any time, and another
 * thread of ours may then have waited for its end: its process has no sig_lock any more.
 */

/* ---- memory ---- */

static long peek(thread_t *t, unsigned long addr, u64 __user *out)
{
	vm_space_t *s = vm_space_of(t->process);
	u64 word;
	bool whole;

	if (!s)
		return -EIO;
	whole = vm_access(s, addr, &word, sizeof(word), false, true) == sizeof(word);
	vm_space_put(s);
	return whole ? put_user_u64(word, out) : -EIO;
}

static long poke(thread_t *t, unsigned long addr, u64 word)
{
	vm_space_t *s = vm_space_of(t->process);
	bool whole;

	if (!s)
		return -EIO;
	whole = vm_access(s, addr, &word, sizeof(word), true, true) == sizeof(word);
	vm_space_put(s);
	return whole ? 0 : -EIO;
}

/* ---- going on ---- */

static u32 modes_of(long request)
{
	switch (request) {
	case PTRACE_SYSCALL:
		return TRACE_SYSCALLS;
	case PTRACE_SINGLESTEP:
		return TRACE_STEP;
	case PTRACE_SYSEMU:
		return TRACE_EMULATE;
	case PTRACE_SYSEMU_SINGLESTEP:
		return TRACE_EMULATE | TRACE_STEP;
	default:
		return 0;
	}
}

static long resume(thread_t *t, long request, unsigned long sig)
{
	unsigned long flags;
	u32 modes = modes_of(request);

	if (sig > SIGRTMAX)
		return -EIO;
	arch_single_step(t, modes & TRACE_STEP);
	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	if (t->trace) {
		t->trace = (t->trace & ~TRACE_MODES) | modes;
		if (modes)
			thread_set_flag(t, TF_TRACE);
		else
			thread_clear_flag(t, TF_TRACE);
	}
	if (READ_ONCE(t->state) & THREAD_TRACED) {
		t->stop_code = (int)sig;
		wake_up_thread(t, THREAD_TRACED);
	}
	process_unlock_sighand(t->process, flags);
	return 0;
}

/* A seized thread traps as soon as it can. */
static long interrupt(thread_t *t)
{
	unsigned long flags;
	long r = -EIO;

	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	if (t->trace & TRACE_SEIZED) {
		if (trace_set_job(t, JOB_TRAP_STOP))
			trace_wake(t, t->job_ctl & JOB_LISTENING);
		r = 0;
	}
	process_unlock_sighand(t->process, flags);
	return r;
}

/* It stays where it is, but its next event is reported. */
static long listen(thread_t *t)
{
	unsigned long flags;
	long r = -EIO;

	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	if ((t->trace & TRACE_SEIZED) && t->stop_info &&
	    t->stop_info->si_code >> 8 == PTRACE_EVENT_STOP) {
		t->job_ctl |= JOB_LISTENING;
		if (t->job_ctl & JOB_TRAP_NOTIFY)
			trace_wake(t, true);
		r = 0;
	}
	process_unlock_sighand(t->process, flags);
	return r;
}

/* ---- signals ---- */

static long get_info(thread_t *t, siginfo_t __user *out)
{
	unsigned long flags;
	siginfo_t info;
	long r = -EINVAL;

	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	if (t->stop_info) {
		info = *t->stop_info;
		r = 0;
	}
	process_unlock_sighand(t->process, flags);
	return r ? r : copy_to_user(out, &info, sizeof(info)) ? -EFAULT : 0;
}

static long set_info(thread_t *t, const siginfo_t __user *in)
{
	unsigned long flags;
	siginfo_t info;
	long r = -EINVAL;

	if (copy_from_user(&info, in, sizeof(info)))
		return -EFAULT;
	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	if (t->stop_info) {
		*t->stop_info = info;
		r = 0;
	}
	process_unlock_sighand(t->process, flags);
	return r;
}

/* Up to a batch of queued entries from place `from` on, copied out of the queue. */
static u32 read_queue(thread_t *t, bool shared, u64 from, siginfo_t *out, u32 max)
{
	unsigned long flags;
	signal_queue_t *q = shared ? &t->process->pending : &t->pending;
	signal_entry_t *e;
	u64 at = 0;
	u32 n = 0;

	if (!process_lock_sighand(t->process, &flags))
		return 0;
	list_for_each_entry(e, &q->entries, link) {
		if (n == max)
			break;
		if (at++ >= from)
			out[n++] = e->info;
	}
	process_unlock_sighand(t->process, flags);
	return n;
}

static long peek_info(thread_t *t, const void __user *uargs, siginfo_t __user *out)
{
	struct ptrace_peeksiginfo_args args;
	siginfo_t batch[PEEK_INFO_BATCH];
	s32 done = 0;

	if (copy_from_user(&args, uargs, sizeof(args)))
		return -EFAULT;
	if ((args.flags & ~PTRACE_PEEKSIGINFO_SHARED) || args.nr < 0)
		return -EINVAL;
	while (done < args.nr) {
		u32 n = read_queue(t, args.flags & PTRACE_PEEKSIGINFO_SHARED, args.off + (u64)done,
				   batch, MIN((u32)(args.nr - done), PEEK_INFO_BATCH));

		for (u32 i = 0; i < n; i++, done++)
			if (copy_to_user(&out[done], &batch[i], sizeof(batch[i])))
				return done ? done : -EFAULT;
		if (n < PEEK_INFO_BATCH || signal_pending(current()))
			break;
	}
	return done;
}

static long get_mask(thread_t *t, unsigned long size, u64 __user *out)
{
	if (size != sizeof(sigset_t))
		return -EINVAL;
	return put_user_u64(thread_test_flag(t, TF_RESTORE_MASK) ? t->saved_mask : t->blocked, out);
}

static long set_mask(thread_t *t, unsigned long size, const u64 __user *in)
{
	unsigned long flags;
	u64 mask;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (get_user_u64(&mask, in))
		return -EFAULT;
	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	t->blocked = mask & ~SIG_KERNEL_ONLY_MASK;
	thread_clear_flag(t, TF_RESTORE_MASK);
	thread_set_flag(t, TF_SIGPENDING); /* it looks for itself */
	process_unlock_sighand(t->process, flags);
	return 0;
}

/* ---- options ---- */

int ptrace_check_options(unsigned long options)
{
	if (options & ~(unsigned long)PTRACE_O_MASK)
		return -EINVAL;
	/* There is no seccomp to suspend. */
	if (options & PTRACE_O_SUSPEND_SECCOMP)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	return 0;
}

static long set_options(thread_t *t, unsigned long options)
{
	unsigned long flags;
	int r = ptrace_check_options(options);

	if (r)
		return r;
	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	if (t->trace)
		t->trace = (t->trace & ~PTRACE_O_MASK) | (u32)options;
	process_unlock_sighand(t->process, flags);
	return 0;
}

/* ---- the call ---- */

/* Is t ours, and in a state for the request? 0 or -ESRCH. */
static int check_traced(thread_t *t, bool any_state)
{
	unsigned long flags;
	bool ours;

	if (!process_lock_sighand(t->process, &flags))
		return -ESRCH;
	ours = t->tracer == current() && !t->exiting;
	if (ours && !any_state)
		ours = (READ_ONCE(t->state) & THREAD_TRACED) && !(t->job_ctl & JOB_LISTENING);
	process_unlock_sighand(t->process, flags);
	if (!ours)
		return -ESRCH;
	if (any_state || sched_wait_inactive(t, THREAD_TRACED))
		return 0;
	return -ESRCH;
}

static long request_trapped(thread_t *t, long request, unsigned long addr, unsigned long data)
{
	void __user *user = (void __user *)data;

	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		return peek(t, addr, user);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return poke(t, addr, data);
	case PTRACE_PEEKUSER:
		return ptrace_peek_user(t, addr, user);
	case PTRACE_POKEUSER:
		return ptrace_poke_user(t, addr, data);
	case PTRACE_GETREGS:
		return ptrace_get_set(t, NT_PRSTATUS, user);
	case PTRACE_SETREGS:
		return ptrace_set_set(t, NT_PRSTATUS, user);
	case PTRACE_GETFPREGS:
		return ptrace_get_set(t, NT_FPREGSET, user);
	case PTRACE_SETFPREGS:
		return ptrace_set_set(t, NT_FPREGSET, user);
	case PTRACE_GETREGSET:
	case PTRACE_SETREGSET:
		return ptrace_regset(t, addr, user, request == PTRACE_SETREGSET);
	case PTRACE_GET_SYSCALL_INFO:
		return ptrace_syscall_info(t, addr, user);
	case PTRACE_ARCH_PRCTL:
		return arch_prctl(t, (int)data, addr);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_SINGLESTEP:
	case PTRACE_SYSEMU:
	case PTRACE_SYSEMU_SINGLESTEP:
		return resume(t, request, data);
	case PTRACE_DETACH:
		return ptrace_detach(t, data);
	case PTRACE_LISTEN:
		return listen(t);
	case PTRACE_SETOPTIONS:
	case PTRACE_OLDSETOPTIONS:
		return set_options(t, data);
	case PTRACE_GETEVENTMSG:
		return put_user_u64(t->trace_message, user);
	case PTRACE_GETSIGINFO:
		return get_info(t, user);
	case PTRACE_SETSIGINFO:
		return set_info(t, user);
	case PTRACE_PEEKSIGINFO:
		return peek_info(t, (const void __user *)addr, user);
	case PTRACE_GETSIGMASK:
		return get_mask(t, addr, user);
	case PTRACE_SETSIGMASK:
		return set_mask(t, addr, user);
	default:
		return -EIO;
	}
}

static long request_thread(thread_t *t, long request, unsigned long addr, unsigned long data)
{
	int r;

	if (request == PTRACE_ATTACH || request == PTRACE_SEIZE)
		return ptrace_attach(t, request == PTRACE_SEIZE, addr, data);
	r = check_traced(t, request == PTRACE_KILL || request == PTRACE_INTERRUPT);
	if (r)
		return r;
	if (request == PTRACE_INTERRUPT)
		return interrupt(t);
	if (request == PTRACE_KILL) {
		send_signal_thread(t, SIGKILL, SEND_SIG_NOINFO);
		return 0;
	}
	return request_trapped(t, request, addr, data);
}

long ptrace_request(long request, pid_t tid, unsigned long addr, unsigned long data)
{
	thread_t *t;
	long r;

	if (request == PTRACE_TRACEME)
		return ptrace_traceme();
	t = thread_get_by_tid(tid);
	if (!t)
		return -ESRCH;
	r = request_thread(t, request, addr, data);
	thread_put(t);
	return r;
}
