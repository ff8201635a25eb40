/*
 * Becoming a tracer, and ceasing to be one (ptrace(2): TRACEME, ATTACH, SEIZE, DETACH).
 */
#include <kernel/ptrace.h>
#include <uapi/wait.h>

#include "ptrace_internal.h"

int ptrace_traceme(void)
{
	thread_t *t = current(), *parent;
	process_t *p = t->process;
	int r = -EPERM;

	write_lock_irq(&process_tree_lock);
	parent = p->parent_thread;
	if (t->trace || p->parent->kernel)
		goto out;
	/* As if the parent attached: its rights must cover ours (capabilities(7)). */
	rcu_read_lock();
	if (!(t->cred->cap_permitted & ~rcu_dereference(parent->cred)->cap_permitted) ||
	    cred_capable(rcu_dereference(parent->cred), CAP_SYS_PTRACE))
		r = 0;
	rcu_read_unlock();
	if (!r && !parent->exiting)
		trace_link(t, parent, TRACE_ATTACHED);
out:
	write_unlock_irq(&process_tree_lock);
	return r;
}

/* A thread that has stopped goes on to a trap; the attacher waits for that. */
static void take_over_stop(thread_t *t)
{
	spin_lock_irq(sig_lock(t->process));
	if ((t->job_ctl & JOB_STOPPED) && trace_set_job(t, JOB_TRAP_STOP | JOB_TRAPPING)) {
		t->job_ctl &= ~JOB_STOPPED;
		thread_set_flag(t, TF_SIGPENDING);
		wake_up_thread(t, THREAD_STOPPED);
	}
	spin_unlock_irq(sig_lock(t->process));
}

static bool is_trapping(thread_t *t)
{
	return READ_ONCE(t->job_ctl) & JOB_TRAPPING;
}

/* exec_guard of t's process held. */
static int attach(thread_t *t, u32 trace)
{
	int r = ptrace_may_access(t, PTRACE_ACCESS_REAL);

	if (r)
		return r;
	write_lock_irq(&process_tree_lock);
	if (t->exiting || t->trace) {
		write_unlock_irq(&process_tree_lock);
		return -EPERM;
	}
	trace_link(t, current(), trace);
	if (!(trace & TRACE_SEIZED))
		send_signal_thread(t, SIGSTOP, SEND_SIG_PRIV);
	take_over_stop(t);
	write_unlock_irq(&process_tree_lock);
	return 0;
}

int ptrace_attach(thread_t *t, bool seize, unsigned long addr, unsigned long options)
{
	process_t *p = t->process;
	u32 trace = TRACE_ATTACHED;
	int r;

	if (seize) {
		if (addr || (options & ~(unsigned long)PTRACE_O_MASK))
			return -EIO;
		r = ptrace_check_options(options);
		if (r)
			return r;
		trace |= TRACE_SEIZED | (u32)options;
	}
	if (p->kernel || p == current_process())
		return -EPERM;
	if (mutex_lock_interruptible(&p->exec_guard))
		return -ERESTARTNOINTR;
	r = attach(t, trace);
	mutex_unlock(&p->exec_guard);
	if (!r)
		wait_event(&p->wait_exit, !is_trapping(t));
	return r;
}

int ptrace_detach(thread_t *t, unsigned long sig)
{
	ended_t ended = ENDED_INIT(ended);

	if (sig > SIGRTMAX)
		return -EIO;
	arch_single_step(t, false);
	write_lock_irq(&process_tree_lock);
	if (t->tracer == current()) {
		spin_lock(sig_lock(t->process));
		t->stop_code = (int)sig;
		spin_unlock(sig_lock(t->process));
		trace_detach(t, &ended);
	}
	write_unlock_irq(&process_tree_lock);
	ended_release(&ended);
	return 0;
}
