/*
 * What a thread does before it goes to user mode: rescheduling, deferred work, and its signals.
 *
 * A signal is taken off the queue under sig_lock and then acted on: ignored, stops the process,
 * ends it, or enters its handler through a frame that the architecture builds on the user stack.
 *
 * Group stop. The first thread that takes a stop signal marks every thread (JOB_STOP_PENDING,
 * counted in stop_count) and wakes them; each stops in the kernel on its way to user mode, the last
 * one tells the parent. SIGCONT, or a fatal signal, undoes all of it at the moment it is sent
 * (kernel/signal/send.c); whoever runs on first then tells the parent that the process continued. A
 * stop signal that was taken but not yet acted on when SIGCONT came is dropped: JOB_STOP_TAKEN is
 * gone.
 *
 * Interrupted system calls. A call that a signal cut short returned one of the internal errors of
 * uapi/errno.h: it is made again, turned into EINTR, or made again as restart_syscall(2), according
 * to what is delivered (signal(7), "Interruption of system calls").
 */
#include <arch/trace.h>
#include <arch/uaccess.h>
#include <kernel/printk.h>
#include <kernel/rseq.h>
#include <syscall_numbers.h>
#include <uapi/wait.h>

#include "trace_internal.h"

/* ---- stopping ---- */

bool group_stop_participate(thread_t *t)
{
	process_t *p = t->process;
	bool counted = t->job_ctl & JOB_STOP_COUNTED;

	t->job_ctl &= ~(JOB_STOP_PENDING | JOB_STOP_COUNTED);
	if (!counted || !p->stop_count || --p->stop_count)
		return false;
	p->stop_flags = STOP_STOPPED;
	set_process_state(p, PROCESS_STOPPED);
	return true;
}

/* Marks all threads for a stop because of sig. sig_lock held. */
static void begin_group_stop(process_t *p, int sig)
{
	thread_t *t;

	if (!(p->stop_flags & STOP_STOPPED))
		p->stop_signal = sig;
	p->stop_count = 0;
	list_for_each_entry(t, &p->threads, process_link) {
		if (t->exiting || (t->job_ctl & JOB_STOPPED))
			continue;
		t->job_ctl |= JOB_STOP_PENDING | JOB_STOP_COUNTED;
		t->job_signal = sig;
		p->stop_count++;
		if (t->trace & TRACE_SEIZED) {
			t->job_ctl |= JOB_TRAP_NOTIFY;
			trace_wake(t, t->job_ctl & JOB_LISTENING);
		} else if (t != current()) {
			signal_wake_thread(t, false);
		}
	}
}

/*
 * Stops the running thread until SIGCONT or a fatal signal. sig_lock held; released. A wake-up is
 * never lost: both the state and what it waits for change under the lock.
 */
static void stop_here(thread_t *t) __releases(sig_lock)
{
	process_t *p = t->process;
	bool last;

	if (t->trace) { /* it stops in a trap */
		t->job_ctl |= JOB_TRAP_STOP;
		trace_trap(t);
		return;
	}
	t->job_ctl |= JOB_STOPPED;
	set_current_state(THREAD_STOPPED);
	last = group_stop_participate(t);
	spin_unlock_irq(sig_lock(p));
	if (last)
		notify_parent_stop(p, CLD_STOPPED);
	schedule();
	set_current_state(THREAD_RUNNING);
	spin_lock_irq(sig_lock(p));
	t->job_ctl &= ~JOB_STOPPED;
	signal_recalc_pending(t);
	spin_unlock_irq(sig_lock(p));
}

/* The default action of a stop signal just taken. Called without locks. */
static void do_stop_signal(thread_t *t, int sig)
{
	process_t *p = t->process;
	bool orphaned = false;
	unsigned long flags;

	if (sig != SIGSTOP) {
		read_lock_irqsave(&process_tree_lock, &flags);
		orphaned = pgrp_is_orphaned(p->group);
		read_unlock_irqrestore(&process_tree_lock, flags);
	}
	spin_lock_irq(sig_lock(p));
	/* Nobody could continue a stopped member of an orphaned group (POSIX.1-2017 2.4.3). */
	if (orphaned || !(t->job_ctl & JOB_STOP_TAKEN) || p->group_exit || p->exec_thread) {
		spin_unlock_irq(sig_lock(p));
		return;
	}
	if (!(t->job_ctl & JOB_STOP_PENDING))
		begin_group_stop(p, sig);
	stop_here(t);
}

/* ---- taking signals ---- */

/* What stopping or continuing left to be told to the parent. sig_lock held. */
static u32 take_stop_notice(process_t *p)
{
	u32 notice = p->stop_flags & (STOP_NOTIFY_STOPPED | STOP_NOTIFY_CONTINUED);

	p->stop_flags &= ~notice;
	return notice;
}

static void __noreturn end_by_signal(const siginfo_t *info, int sig)
{
	if (info && (sigmask(sig) & SIG_CORE_MASK))
		core_dump(info);
	exit_group(sig);
}

/*
 * Next signal that has a handler, with the action as of now; default actions happen inside. 0: none
 * left. A fatal one does not return.
 */
static int get_signal(thread_t *t, ksignal_info_t *info, k_sigaction_t *action)
{
	process_t *p = t->process;
	k_sigaction_t *act;
	bool unkillable;
	u32 notice;
	int sig;

again:
	spin_lock_irq(sig_lock(p));
	notice = take_stop_notice(p);
	if (unlikely(notice)) {
		spin_unlock_irq(sig_lock(p));
		notify_parent_stop(p, notice & STOP_NOTIFY_CONTINUED ? CLD_CONTINUED : CLD_STOPPED);
		goto again;
	}
	if (p->group_exit || p->exec_thread) {
		/*
		 * exec_thread itself never comes here: it does not return to user mode meanwhile.
		 */
		spin_unlock_irq(sig_lock(p));
		end_by_signal(NULL, SIGKILL);
	}
	if (t->job_ctl & JOB_STOP_PENDING) {
		stop_here(t);
		goto again;
	}
	if (t->job_ctl & JOB_TRAP_MASK) {
		trace_trap(t);
		goto again;
	}
	sig = signal_dequeue(t, t->blocked, &info->info);
	if (!sig) {
		spin_unlock_irq(sig_lock(p));
		return 0;
	}
	if (unlikely(t->trace) && sig != SIGKILL) {
		sig = trace_signal(t, sig, &info->info);
		if (!sig) {
			spin_unlock_irq(sig_lock(p));
			goto again;
		}
	}
	act = &p->sighand->action[sig - 1];
	*action = *act;
	if (unlikely(act->flags & SA_RESETHAND) && act->handler != SIG_DFL_PTR &&
	    act->handler != SIG_IGN_PTR)
		act->handler = SIG_DFL_PTR;
	unkillable = p->unkillable;
	spin_unlock_irq(sig_lock(p));

	if (action->handler == SIG_IGN_PTR)
		goto again;
	if (action->handler != SIG_DFL_PTR)
		return sig;
	if ((sigmask(sig) & SIG_IGNORED_MASK) ||
	    (unkillable && !(sigmask(sig) & SIG_KERNEL_ONLY_MASK)))
		goto again;
	if (sigmask(sig) & SIG_STOP_MASK) {
		do_stop_signal(t, sig);
		goto again;
	}
	end_by_signal(&info->info, sig);
}

/* ---- system calls ---- */

/* A handler is about to run. */
static void fix_call_for_handler(trap_frame_t *frame, const k_sigaction_t *action)
{
	long result = arch_syscall_result(frame);

	if (arch_syscall_nr(frame) < 0 || !result_is_restart(result))
		return;
	if (result == -ERESTARTNOINTR || (result == -ERESTARTSYS && (action->flags & SA_RESTART)))
		arch_syscall_restart(frame);
	else
		arch_syscall_set_result(frame, -EINTR);
}

/* No handler runs after all. */
static void fix_call_without_handler(trap_frame_t *frame)
{
	long result = arch_syscall_result(frame);

	if (arch_syscall_nr(frame) < 0 || !result_is_restart(result))
		return;
	if (result == -ERESTART_RESTARTBLOCK)
		arch_syscall_restart_as(frame, __NR_restart_syscall);
	else
		arch_syscall_restart(frame);
}

/* ---- handlers ---- */

/* The stack has no room for a frame, or the action no restorer. */
static void fail_delivery(thread_t *t, int sig)
{
	siginfo_t info;

	if (sig == SIGSEGV) { /* its handler would be next: that cannot work either */
		spin_lock_irq(sig_lock(t->process));
		t->process->sighand->action[SIGSEGV - 1].handler = SIG_DFL_PTR;
		spin_unlock_irq(sig_lock(t->process));
	}
	siginfo_init(&info, SIGSEGV, SI_KERNEL);
	force_signal(SIGSEGV, &info);
}

static void enter_handler(trap_frame_t *frame, thread_t *t, int sig, const ksignal_info_t *info,
			  const k_sigaction_t *action)
{
	bool restore = thread_test_flag(t, TF_RESTORE_MASK);
	bool stepping = READ_ONCE(t->trace) & TRACE_STEP;
	sigset_t blocked = t->blocked | action->mask;

	fix_call_for_handler(frame, action);
	if (t->rseq && !rseq_resume(frame)) {
		fail_delivery(t, sig);
		return;
	}
	if (stepping) /* the handler returns to where it was, not to another step */
		arch_single_step(t, false);
	if (arch_signal_setup(frame, info, action, restore ? t->saved_mask : t->blocked)) {
		fail_delivery(t, sig);
		return;
	}
	if (restore)
		thread_clear_flag(t, TF_RESTORE_MASK);
	if (!(action->flags & SA_NODEFER))
		blocked |= sigmask(sig);
	signal_set_blocked(blocked);
	if (stepping)
		trace_report_step();
}

static void deliver_signals(trap_frame_t *frame)
{
	thread_t *t = current();
	ksignal_info_t info;
	k_sigaction_t action;
	int sig = get_signal(t, &info, &action);

	if (sig) {
		enter_handler(frame, t, sig, &info, &action);
		return;
	}
	fix_call_without_handler(frame);
	if (thread_test_flag(t, TF_RESTORE_MASK)) {
		thread_clear_flag(t, TF_RESTORE_MASK);
		signal_set_blocked(t->saved_mask);
	}
}

/* Of rseq(2): as if it had touched what is not there. */
static void refuse_area(void)
{
	siginfo_t info;

	siginfo_init(&info, SIGSEGV, SI_KERNEL);
	force_signal(SIGSEGV, &info);
}

void exit_to_user_work(trap_frame_t *frame)
{
	thread_t *t = current();

	if (thread_test_flag(t, TF_NEED_RESCHED))
		schedule();
	if (thread_test_flag(t, TF_NOTIFY)) {
		thread_clear_flag(t, TF_NOTIFY);
		if (t->set_child_tid) {
			(void)put_user_u32((u32)t->tid, (u32 __user *)t->set_child_tid);
			t->set_child_tid = NULL;
		}
		thread_work_run();
		cpu_timers_check();
	}
	if (thread_test_flag(t, TF_RSEQ)) {
		thread_clear_flag(t, TF_RSEQ);
		if (t->rseq && !rseq_resume(frame))
			refuse_area();
	}
	/* One round a call: the architecture calls again as long as a flag is up. */
	if (thread_test_flag(t, TF_SIGPENDING | TF_RESTORE_MASK))
		deliver_signals(frame);
}
