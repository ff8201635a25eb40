/*
 * Tracing: the stops of a thread that another one traces (ptrace(2)).
 *
 * Concepts. A tracer is a thread; what it traces are threads, each attached by itself, at most one
 * tracer for each. A traced thread traps: it sleeps in THREAD_TRACED with a code that wait4 reports
 * to the tracer's process, and goes on when the tracer says so, with the signal that the tracer
 * names. It traps
 *
 *	before a signal is acted on		trace_signal	code = signal
 *	at a group stop, and other changes
 *	of it when seized			trace_trap	code = signal (| PTRACE_EVENT_STOP << 8)
 *	at system calls, single steps		trace_syscall_*	code = SIGTRAP (| 0x80)
 *	at events that were asked for		trace_event	code = SIGTRAP | event << 8
 *
 * A group stop stops a traced thread in a trap instead of THREAD_STOPPED; it takes part in the count
 * like the others. A thread that is stopped when it is attached goes over into a trap
 * (JOB_TRAPPING), which the attacher waits for. Seized threads are told of later changes of the
 * group stop by another trap (JOB_TRAP_NOTIFY), at once when they listen.
 *
 *	running --trace_stop--> TRACED --resume, detach, tracer's end, SIGKILL--> running
 *
 * While it is trapped and off its CPU the thread's registers are its user frame and its extended
 * state in memory: the tracer reads and writes them there; all are loaded anew on the way out.
 *
 * A traced thread that ends stays listed until its tracer has waited for it, also one that is not
 * the leader; a leader whose tracer is not in the parent's process is shown to the parent
 * afterwards.
 *
 * Locking. t->tracer and t->trace change under the tree lock (writing) and sig_lock; the list of a
 * tracer under the tree lock. The state changes to TRACED under sig_lock, under which resuming
 * happens, too, so no resumption is lost.
 */
#include <arch/trace.h>
#include <kernel/time/clock.h>
#include <uapi/wait.h>

#include "trace_internal.h"

/* ---- telling ---- */

/* The tracer's process hears of a stop: SIGCHLD and a wake-up. Tree lock held. */
static void tell_tracer(thread_t *t, int why)
{
	process_t *p = t->process, *to = t->tracer->process;
	const k_sigaction_t *act;
	nsec_t user, system;
	siginfo_t info;

	siginfo_init(&info, SIGCHLD, why);
	info.child.pid = t->tid;
	rcu_read_lock();
	info.child.uid = rcu_dereference(t->cred)->uid;
	rcu_read_unlock();
	info.child.status = (why == CLD_STOPPED ? p->stop_signal : t->stop_code) & 0x7f;
	sched_thread_times(t, &user, &system);
	info.child.utime = user / (NSEC_PER_SEC / HZ);
	info.child.stime = system / (NSEC_PER_SEC / HZ);
	spin_lock(sig_lock(to));
	act = &to->sighand->action[SIGCHLD - 1];
	if (act->handler != SIG_IGN_PTR && !(act->flags & SA_NOCLDSTOP))
		send_signal_locked(to->leader, SIGCHLD, &info, true);
	spin_unlock(sig_lock(to));
	wake_up_all(&to->wait_children);
}

/* last: the process is stopped as a whole with this thread. */
static void tell_stop(thread_t *t, int why, bool last)
{
	unsigned long flags;

	read_lock_irqsave(&process_tree_lock, &flags);
	if (t->trace)
		tell_tracer(t, why);
	if (last && (!t->trace || trace_is_foreign(t)))
		notify_parent_stop_locked(t->process, CLD_STOPPED);
	read_unlock_irqrestore(&process_tree_lock, flags);
}

/* ---- stopping ---- */

static bool is_killed(const thread_t *t)
{
	return t->pending.set & sigmask(SIGKILL);
}

bool trace_set_job(thread_t *t, u32 bits)
{
	if (is_killed(t) || t->exiting)
		return false;
	t->job_ctl |= bits;
	return true;
}

void trace_wake(thread_t *t, bool resume)
{
	signal_wake_thread(t, false);
	if (resume)
		wake_up_thread(t, THREAD_TRACED);
}

int trace_stop(thread_t *t, int code, int why, u64 message, siginfo_t *info)
{
	process_t *p = t->process;
	bool last = false;

	assert_held(sig_lock(p));
	if (!t->trace || is_killed(t))
		return code;
	arch_trace_stop();
	set_current_state(THREAD_TRACED);
	t->trace_message = message;
	t->stop_info = info;
	t->stop_code = code;
	if (why == CLD_STOPPED && (t->job_ctl & JOB_STOP_PENDING))
		last = group_stop_participate(t);
	t->job_ctl &= ~JOB_TRAP_STOP;
	if (info && info->si_code >> 8 == PTRACE_EVENT_STOP)
		t->job_ctl &= ~JOB_TRAP_NOTIFY;
	job_clear(t, JOB_TRAPPING);
	spin_unlock_irq(sig_lock(p));
	tell_stop(t, why, last);
	schedule();
	set_current_state(THREAD_RUNNING);
	thread_set_flag(t, TF_FULL_RETURN); /* any register may have changed */
	spin_lock_irq(sig_lock(p));
	code = t->stop_code;
	t->stop_code = 0;
	t->stop_info = NULL;
	t->trace_message = 0;
	t->job_ctl &= ~JOB_LISTENING;
	/* Told only of more: a call that what is over now has interrupted is still to be begun again. */
	if (signal_has_pending(t))
		thread_set_flag(t, TF_SIGPENDING);
	return code;
}

/* A stop that no signal caused; sig_lock held. */
static int notify(thread_t *t, int sig, int code, int why, u64 message)
{
	siginfo_t info;

	siginfo_init(&info, sig, code);
	info.rt.pid = t->tid;
	info.rt.uid = t->cred->uid;
	return trace_stop(t, code, why, message, &info);
}

static int notify_unlocked(int code, u64 message)
{
	thread_t *t = current();

	thread_work_run(); /* files that it closed are closed when the tracer looks */
	spin_lock_irq(sig_lock(t->process));
	code = notify(t, SIGTRAP, code, CLD_TRAPPED, message);
	spin_unlock_irq(sig_lock(t->process));
	return code;
}

void trace_trap(thread_t *t) __releases(sig_lock)
{
	process_t *p = t->process;
	int sig = t->job_signal;

	if (t->trace & TRACE_SEIZED) {
		if (!sig || (!p->stop_count && !(p->stop_flags & STOP_STOPPED)))
			sig = SIGTRAP;
		notify(t, sig, sig | PTRACE_EVENT_STOP << 8, CLD_STOPPED, 0);
	} else {
		trace_stop(t, sig, CLD_STOPPED, 0, NULL);
	}
	spin_unlock_irq(sig_lock(p));
}

int trace_signal(thread_t *t, int sig, siginfo_t *info)
{
	process_t *parent;

	t->job_ctl |= JOB_STOP_TAKEN; /* SIGCONT from here on cancels a stop signal */
	sig = trace_stop(t, sig, CLD_TRAPPED, 0, info);
	if (!sig)
		return 0;
	if (sig != info->si_signo) {
		siginfo_init(info, sig, SI_USER);
		rcu_read_lock();
		parent = t->tracer ? t->tracer->process : rcu_dereference(t->process->parent);
		info->rt.pid = parent->pid;
		info->rt.uid = rcu_dereference(parent->leader->cred)->uid;
		rcu_read_unlock();
	}
	if ((t->blocked & sigmask(sig)) || is_killed(t)) {
		send_signal_locked(t, sig, info, false);
		return 0;
	}
	return sig;
}

bool trace_event_enabled(u32 event)
{
	return READ_ONCE(current()->trace) & BIT(event);
}

void trace_event(u32 event, u64 message)
{
	u32 trace = READ_ONCE(current()->trace);

	if (likely(!trace))
		return;
	if (trace & BIT(event))
		notify_unlocked((int)(SIGTRAP | event << 8), message);
	else if (event == PTRACE_EVENT_EXEC && !(trace & TRACE_SEIZED))
		send_signal_thread(current(), SIGTRAP, SEND_SIG_NOINFO);
}

void trace_report_step(void)
{
	notify_unlocked(SIGTRAP, 0);
}

/* ---- system calls ---- */

static void report_call(thread_t *t, u64 message)
{
	u32 trace = READ_ONCE(t->trace);
	int sig = notify_unlocked(SIGTRAP | (trace & PTRACE_O_TRACESYSGOOD ? 0x80 : 0), message);

	if (sig && READ_ONCE(t->trace))
		send_signal_thread(t, sig, SEND_SIG_PRIV);
}

long trace_syscall_enter(trap_frame_t *frame)
{
	thread_t *t = current();
	u32 trace = READ_ONCE(t->trace);

	if (!(trace & (TRACE_SYSCALLS | TRACE_EMULATE)))
		return arch_syscall_nr(frame);
	report_call(t, PTRACE_EVENTMSG_SYSCALL_ENTRY);
	if ((trace & TRACE_EMULATE) || fatal_signal_pending(t))
		return -1;
	return arch_syscall_nr(frame);
}

void trace_syscall_exit(trap_frame_t *frame)
{
	thread_t *t = current();
	u32 trace = READ_ONCE(t->trace);
	siginfo_t info;

	if (trace & TRACE_EMULATE)
		return;
	if (trace & TRACE_STEP) { /* the call was the one instruction */
		siginfo_init(&info, SIGTRAP, TRAP_BRKPT);
		info.fault.addr = (void *)arch_frame_ip(frame);
		force_signal(SIGTRAP, &info);
	} else if (trace & TRACE_SYSCALLS) {
		report_call(t, PTRACE_EVENTMSG_SYSCALL_EXIT);
	}
}

/* ---- who traces whom ---- */

void trace_link(thread_t *t, thread_t *tracer, u32 trace)
{
	spin_lock(sig_lock(t->process));
	t->tracer = tracer;
	t->trace = trace;
	spin_unlock(sig_lock(t->process));
	list_add_tail(&t->traced_link, &tracer->traced);
}

void trace_unlink(thread_t *t)
{
	process_t *p = t->process;

	list_del_init(&t->traced_link);
	spin_lock(sig_lock(p));
	t->tracer = NULL;
	t->trace = 0;
	thread_clear_flag(t, TF_TRACE);
	t->job_ctl &= ~(JOB_TRAP_MASK | JOB_LISTENING);
	job_clear(t, JOB_TRAPPING);
	/* What stopped the process stops this thread, too, now without a trap. */
	if (!t->exiting && ((p->stop_flags & STOP_STOPPED) || p->stop_count)) {
		t->job_ctl |= JOB_STOP_PENDING;
		if (!t->job_signal)
			t->job_signal = SIGSTOP;
	}
	if (!t->exiting && ((t->job_ctl & JOB_STOP_PENDING) || (t->state & THREAD_TRACED)))
		trace_wake(t, true);
	spin_unlock(sig_lock(p));
}

void trace_inherit(thread_t *t, thread_t *maker)
{
	if (!maker->trace)
		return;
	t->tracer = maker->tracer;
	t->trace = maker->trace & ~TRACE_MODES;
	list_add_tail(&t->traced_link, &t->tracer->traced);
	if (t->trace & TRACE_SEIZED)
		t->job_ctl |= JOB_TRAP_STOP;
	else
		t->pending.set |= sigmask(SIGSTOP);
	thread_set_flag(t, TF_SIGPENDING);
}

/* Such a process wants to know nothing of its children (POSIX.1-2017 2.4.3). Tree lock held. */
static bool ignores_children(process_t *p)
{
	const k_sigaction_t *act;
	bool ignores;

	spin_lock(sig_lock(p));
	act = &p->sighand->action[SIGCHLD - 1];
	ignores = act->handler == SIG_IGN_PTR || (act->flags & SA_NOCLDWAIT);
	spin_unlock(sig_lock(p));
	return ignores;
}

void trace_detach(thread_t *t, ended_t *ended)
{
	process_t *p = t->process, *tracer = t->tracer->process;
	bool gone = false;

	trace_unlink(t);
	if (!t->exited)
		return;
	if (t != p->leader) {
		thread_release(t, ended);
		return;
	}
	if (p->state != PROCESS_ZOMBIE)
		return;
	if (p->parent != tracer)
		gone = notify_parent_exit(t, p->exit_signal);
	else
		gone = ignores_children(tracer);
	if (gone)
		process_end(p, ended);
}

void trace_exit(thread_t *tracer, ended_t *ended)
{
	thread_t *t, *next;

	list_for_each_entry_safe(t, next, &tracer->traced, traced_link) {
		if (t->trace & PTRACE_O_EXITKILL)
			send_signal_thread(t, SIGKILL, SEND_SIG_PRIV);
		trace_detach(t, ended);
	}
}
