/*
 * The end of threads and processes.
 *
 * A thread that ends gives back, in this order: its claim on signals, memory (telling those who
 * wait: robust futexes, clear_child_tid, the vfork parent), files, directories, the terminal if it
 * led the session, deferred work. Then, under the tree lock, its children get a new parent, and its
 * own parent is told if it was the last of its process. What is left is the number and the usage,
 * until someone waits for it; a thread that was not the last, or whose parent does not care,
 * releases itself.
 *
 * The leader's number is the process's: a leader that ends before the other threads stays listed
 * until all have.
 */
#include <arch/uaccess.h>
#include <drivers/tty.h>
#include <fs/vfs.h>
#include <ipc/futex.h>
#include <ipc/sysv.h>
#include <kernel/posix_timers.h>
#include <kernel/printk.h>
#include <kernel/sync/mutex.h>
#include <kernel/time/clock.h>
#include <mm/space.h>
#include <uapi/wait.h>
#include <kernel/perf.h>

#include "trace_internal.h"

/* ---- telling the parent ---- */

static void child_info(process_t *p, siginfo_t *info, int code, int status)
{
	nsec_t user, system;

	siginfo_init(info, SIGCHLD, code);
	info->child.pid = p->pid;
	rcu_read_lock();
	info->child.uid = rcu_dereference(p->leader->cred)->uid;
	rcu_read_unlock();
	info->child.status = status;
	process_cpu_times(p, &user, &system);
	info->child.utime = user / (NSEC_PER_SEC / HZ);
	info->child.stime = system / (NSEC_PER_SEC / HZ);
}

static void exit_info(thread_t *t, siginfo_t *info)
{
	process_t *p = t->process;
	int status = thread_exit_status(t);

	if (status & WAIT_STATUS_CORE)
		child_info(p, info, CLD_DUMPED, status & 0x7f);
	else if (status & 0x7f)
		child_info(p, info, CLD_KILLED, status & 0x7f);
	else
		child_info(p, info, CLD_EXITED, status >> 8);
	info->child.pid = t->tid;
}

int thread_exit_status(const thread_t *t)
{
	const process_t *p = t->process;

	return p->group_exit || t == p->leader ? p->exit_code : t->stop_code;
}

bool notify_parent_exit(thread_t *t, int sig)
{
	process_t *p = t->process, *parent = t->trace ? t->tracer->process : p->parent;
	const k_sigaction_t *act;
	bool autoreap = false;
	siginfo_t info;

	if (t != p->leader || p->state != PROCESS_ZOMBIE || trace_is_foreign(t))
		sig = SIGCHLD;
	exit_info(t, &info);
	info.si_signo = sig;
	spin_lock(sig_lock(parent));
	act = &parent->sighand->action[SIGCHLD - 1];
	if (sig == SIGCHLD && !t->trace) {
		/* POSIX.1-2017 2.4.3: such a parent never sees its children again. */
		if (act->handler == SIG_IGN_PTR)
			sig = 0;
		autoreap = !sig || (act->flags & SA_NOCLDWAIT);
	}
	if (sig && sig <= SIGRTMAX) /* clone(2) takes any number */
		send_signal_locked(parent->leader, sig, &info, true);
	spin_unlock(sig_lock(parent));
	wake_up_all(&parent->wait_children);
	if (p->state == PROCESS_ZOMBIE)
		wake_up_all(&p->pid_obj->wait);
	return autoreap;
}

void notify_parent_stop_locked(process_t *p, int code)
{
	process_t *parent = p->parent;
	const k_sigaction_t *act;
	siginfo_t info;

	child_info(p, &info, code, code == CLD_CONTINUED ? SIGCONT : p->stop_signal & 0x7f);
	spin_lock(sig_lock(parent));
	act = &parent->sighand->action[SIGCHLD - 1];
	if (act->handler != SIG_IGN_PTR && !(act->flags & SA_NOCLDSTOP))
		send_signal_locked(parent->leader, SIGCHLD, &info, true);
	spin_unlock(sig_lock(parent));
	/* Also without a signal: wait4 may be under way. */
	wake_up_all(&parent->wait_children);
}

void notify_parent_stop(process_t *p, int code)
{
	unsigned long flags;

	read_lock_irqsave(&process_tree_lock, &flags);
	notify_parent_stop_locked(p, code);
	read_unlock_irqrestore(&process_tree_lock, flags);
}

/* ---- children; tree lock held for writing ---- */

static process_t *find_reaper(process_t *p)
{
	for (process_t *a = p->parent; a != &kernel_process; a = a->parent)
		if (a->is_subreaper &&
		    READ_ONCE(a->thread_count)) /* else its children leave it too */
			return a;
	return init_process;
}

static thread_t *living_thread(process_t *p)
{
	thread_t *t;

	list_for_each_entry(t, &p->threads, process_link)
		if (!t->exiting)
			return t;
	return p->leader;
}

static void signal_parent_death(process_t *child)
{
	if (child->death_signal)
		send_signal_process(child, (int)child->death_signal, SEND_SIG_NOINFO);
}

/* Children that the thread made are from now on another's of the same process. */
static void hand_over_children(thread_t *t)
{
	process_t *child;

	list_for_each_entry(child, &t->process->children, sibling) {
		if (child->parent_thread != t)
			continue;
		child->parent_thread = living_thread(t->process);
		signal_parent_death(child);
	}
}

static void reparent_children(process_t *p, ended_t *ended)
{
	process_t *reaper, *child, *next;

	if (list_empty(&p->children))
		return;
	reaper = find_reaper(p);
	list_for_each_entry_safe(child, next, &p->children, sibling) {
		rcu_assign_pointer(child->parent, reaper);
		child->parent_thread = living_thread(reaper);
		child->exit_signal = SIGCHLD;
		list_move_tail(&child->sibling, &reaper->children);
		signal_parent_death(child);
		if (child->state == PROCESS_ZOMBIE && !child->leader->trace &&
		    notify_parent_exit(child->leader, SIGCHLD))
			process_end(child, ended);
		pgrp_hangup_if_orphaned(child, p);
	}
}

/* ---- the thread ---- */

static void complete_vfork(thread_t *t)
{
	process_t *p = t->process;
	unsigned long flags;

	/* The parent may stop waiting, and its completion be gone, at any time outside the lock. */
	spin_lock_irqsave(sig_lock(p), &flags);
	if (t->vfork_done) {
		complete(t->vfork_done);
		t->vfork_done = NULL;
	}
	spin_unlock_irqrestore(sig_lock(p), flags);
}

void thread_leave_memory(thread_t *t)
{
	futex_leave(t);
	/* Someone who could look at the word must be left. */
	if (t->clear_child_tid && t->space && refcount_read(&t->space->users) > 1) {
		if (!put_user_u32(0, (u32 __user *)t->clear_child_tid))
			futex_wake_address((u32 __user *)t->clear_child_tid, 1);
	}
	t->clear_child_tid = NULL;
	complete_vfork(t);
}

static void drop_memory(thread_t *t, bool last)
{
	process_t *p = t->process;
	vm_space_t *space = t->space;

	thread_leave_memory(t);
	if (!space)
		return;
	if (last) {
		u64 resident = MAX(READ_ONCE(space->max_resident), vm_resident(space));

		spin_lock_irq(sig_lock(p));
		p->max_rss = MAX(p->max_rss, resident);
		p->space = NULL;
		spin_unlock_irq(sig_lock(p));
	}
	vm_space_activate(NULL);
}

static void drop_files(thread_t *t)
{
	files_t *files = t->files;
	fs_context_t *fs = t->fs;

	spin_lock_irq(sig_lock(t->process));
	t->files = NULL;
	t->fs = NULL;
	spin_unlock_irq(sig_lock(t->process));
	if (files)
		files_put_now(files);
	if (fs)
		fs_context_put(fs);
}

/* What belongs to the process: its last thread drops it. */
static void drop_process_parts(process_t *p)
{
	struct file *exe;
	struct tty *tty;

	del_timer(&p->real_timer);
	posix_timers_clear(p);
	session_leader_hangup(p);
	spin_lock_irq(sig_lock(p));
	exe = p->exe;
	p->exe = NULL;
	tty = p->tty;
	p->tty = NULL;
	spin_unlock_irq(sig_lock(p));
	if (exe)
		file_put(exe);
	if (tty)
		tty_put(tty);
	if (refcount_put(&p->ns->refs))
		panic("The initial namespaces lost their last reference");
}

/* Lets go of signals. True when t is the last living thread of its process. */
static bool leave_signals(thread_t *t, int status)
{
	process_t *p = t->process;
	bool last, stopped = false;

	spin_lock_irq(sig_lock(p));
	core_park(t);
	last = --p->thread_count == 0;
	if (t == p->leader && !p->group_exit)
		p->exit_code = status;
	t->exiting = true;
	t->stop_code = status;
	if (!p->group_exit && !last) {
		signal_retarget_exiting(t);
		if (t->job_ctl & JOB_STOP_PENDING)
			stopped = group_stop_participate(t);
	}
	job_clear(t, ~0u);
	spin_unlock_irq(sig_lock(p));
	if (last && p->is_init)
		panic("Attempted to kill init! exitcode=0x%08x",
		      (unsigned)(p->group_exit ? p->exit_code : status));
	if (stopped)
		notify_parent_stop(p, CLD_STOPPED);
	return last;
}

void process_end(process_t *p, ended_t *ended)
{
	set_process_state(p, PROCESS_DEAD);
	/* Its parent no longer knows it and may be gone before it is released; others may still look. */
	rcu_assign_pointer(p->parent, init_process);
	list_move_tail(&p->sibling, &ended->processes);
}

/* The leader has ended: every other thread may have left the tree, so that the process ends now. */
static void check_end(process_t *p, ended_t *ended)
{
	if (!p->leader->exited || !list_is_singular(&p->threads))
		return;
	pgrp_hangup_if_orphaned(p, NULL);
	set_process_state(p, PROCESS_ZOMBIE);
	if (notify_parent_exit(p->leader, p->exit_signal))
		process_end(p, ended);
}

void thread_release(thread_t *t, ended_t *ended)
{
	process_t *p = t->process;

	thread_unlist(t);
	list_add_tail(&t->traced_link, &ended->threads);
	check_end(p, ended);
	if (p->exec_thread)
		wake_up_all(&p->wait_exit);
}

void ended_release(ended_t *ended)
{
	process_t *p, *next_process;
	thread_t *t, *next_thread;

	list_for_each_entry_safe(t, next_thread, &ended->threads, traced_link) {
		list_del_init(&t->traced_link);
		thread_drop_listed(t);
	}
	list_for_each_entry_safe(p, next_process, &ended->processes, sibling)
		process_release(p);
}

static void leave_tree(thread_t *t, bool last, ended_t *ended)
{
	process_t *p = t->process;

	write_lock_irq(&process_tree_lock);
	trace_exit(t, ended);
	if (last)
		reparent_children(p, ended);
	else
		hand_over_children(t);
	t->exited = true;
	/* The last to come here need not be the last that was alive. */
	if (t != p->leader && !t->trace) {
		thread_release(t, ended);
	} else {
		if (t->trace && (t != p->leader || !list_is_singular(&p->threads)))
			(void)notify_parent_exit(t, SIGCHLD);
		check_end(p, ended);
		smp_mb(); /* exec says that it waits, then looks whether the leader has ended */
		if (READ_ONCE(p->exec_thread))
			wake_up_all(&p->wait_exit);
	}
	write_unlock_irq(&process_tree_lock);
}

/* The tracer may look at the thread once more, also when it was SIGKILL that brought it here. */
static void report_end(thread_t *t, int status)
{
	process_t *p = t->process;

	if (!trace_event_enabled(PTRACE_EVENT_EXIT))
		return;
	spin_lock_irq(sig_lock(p));
	if (p->group_exit)
		status = p->exit_code;
	core_park(t);
	t->pending.set &= ~sigmask(SIGKILL);
	signal_recalc_pending(t);
	spin_unlock_irq(sig_lock(p));
	trace_event(PTRACE_EVENT_EXIT, (u64)status);
}

void exit_thread(int status)
{
	thread_t *t = current();
	process_t *p = t->process;
	ended_t ended = ENDED_INIT(ended);
	bool last;

	if (p->kernel)
		panic("A kernel thread ended as a program does");
	report_end(t, status);
	last = leave_signals(t, status);
	drop_memory(t, last);
	sem_undo_leave(t);
	shm_leave(t);
	drop_files(t);
	if (last)
		drop_process_parts(p);
	thread_work_close(); /* files are let go of before the parent can know */
	if (perf_used())
		perf_exit(t);
	leave_tree(t, last, &ended);
	ended_release(&ended);
	thread_vanish();
}

void exit_group(int status)
{
	process_t *p = current_process();

	spin_lock_irq(sig_lock(p));
	if (p->group_exit)
		status = p->exit_code;
	else if (p->exec_thread)
		status = 0; /* the program goes on without this thread */
	else
		process_kill_threads(p, status);
	spin_unlock_irq(sig_lock(p));
	exit_thread(status);
}

int terminate_process(process_t *proc, int exit_code)
{
	unsigned long flags;

	if (proc->kernel)
		return -EPERM;
	if (!process_lock_sighand(proc, &flags))
		return -ESRCH;
	process_kill_threads(proc, exit_code);
	process_unlock_sighand(proc, flags);
	return 0;
}
