/*
 * Sending signals, and what is pending.
 *
 * Concepts. A signal is pending for a thread or for a process as a bit in a set and, memory and
 * limits allowing, as an entry with its information: at most one entry for a classical signal, a
 * queue in order of sending for a real-time one. Sending decides at once what can be decided: an
 * ignored signal leaves no trace; a fatal one (default action, not blocked, no core file) makes the
 * whole process end, by a SIGKILL pending in each thread; SIGCONT removes pending stop signals and
 * sets stopped threads going, and the reverse. Else one thread that does not block the signal is
 * chosen and told (TF_SIGPENDING, and a wake-up out of an interruptible sleep); it takes the signal
 * off the queue on its way to user mode (kernel/proc/signal_deliver.c).
 *
 * TF_SIGPENDING is set by anybody under sig_lock and cleared only by the thread itself, when
 * nothing is left.
 */
#include <kernel/lib/string.h>
#include <kernel/process.h>

#include <kernel/task/task_internal.h>

void siginfo_init(siginfo_t *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
}

static bool is_special(const siginfo_t *info)
{
	return info == SEND_SIG_NOINFO || info == SEND_SIG_PRIV;
}

static void fill_info(siginfo_t *to, int sig, const siginfo_t *info)
{
	if (info == SEND_SIG_PRIV) {
		siginfo_init(to, sig, SI_KERNEL);
	} else if (info == SEND_SIG_NOINFO) {
		siginfo_init(to, sig, SI_USER);
		to->rt.pid = current_process()->pid;
		to->rt.uid = current_cred()->uid;
	} else {
		*to = *info;
	}
}

bool signal_pending(thread_t *t)
{
	return thread_test_flag(t, TF_SIGPENDING);
}

bool fatal_signal_pending(thread_t *t)
{
	return signal_pending(t) && (READ_ONCE(t->pending.set) & sigmask(SIGKILL));
}

bool signal_pending_state(u32 state, thread_t *t)
{
	if (!(state & (THREAD_INTERRUPTIBLE | THREAD_KILLABLE)) || likely(!signal_pending(t)))
		return false;
	return (state & THREAD_INTERRUPTIBLE) || fatal_signal_pending(t);
}

bool signal_has_pending(const thread_t *t)
{
	return ((t->pending.set | t->process->pending.set) & ~t->blocked) ||
	       (t->job_ctl & (JOB_STOP_PENDING | JOB_TRAP_MASK));
}

void signal_recalc_pending(thread_t *t)
{
	if (signal_has_pending(t))
		thread_set_flag(t, TF_SIGPENDING);
	else if (t == current())
		thread_clear_flag(t, TF_SIGPENDING);
}

void signal_wake_thread(thread_t *t, bool fatal)
{
	u32 states = THREAD_INTERRUPTIBLE;

	if (fatal)
		states |= THREAD_KILLABLE | THREAD_STOPPED | THREAD_TRACED;
	thread_set_flag(t, TF_SIGPENDING);
	/* One that runs in user mode on another CPU must come into the kernel to see it. */
	if (!wake_up_thread(t, states) && t != current() && READ_ONCE(t->sched.on_cpu))
		smp_send_reschedule(READ_ONCE(t->sched.cpu));
}

void signal_discard(signal_queue_t *q, sigset_t set)
{
	signal_entry_t *e, *next;

	if (!(q->set & set))
		return;
	q->set &= ~set;
	list_for_each_entry_safe(e, next, &q->entries, link) {
		if (!(sigmask(e->info.si_signo) & set))
			continue;
		list_del(&e->link);
		signal_entry_taken(e, NULL);
	}
}

void signal_queue_flush(signal_queue_t *q)
{
	signal_discard(q, ~0UL);
}

static void discard_everywhere(process_t *p, sigset_t set)
{
	thread_t *t;

	signal_discard(&p->pending, set);
	list_for_each_entry(t, &p->threads, process_link)
		signal_discard(&t->pending, set);
}

static bool is_ignored(const thread_t *t, int sig, bool by_kernel)
{
	const process_t *p = t->process;
	const void __user *handler = p->sighand->action[sig - 1].handler;

	if ((t->blocked | t->awaited) & sigmask(sig))
		return false;
	if (t->trace && sig != SIGKILL) /* its tracer decides */
		return false;
	if (p->unkillable && handler == SIG_DFL_PTR &&
	    !(by_kernel && (sigmask(sig) & SIG_KERNEL_ONLY_MASK)))
		return true;
	return handler == SIG_IGN_PTR ||
	       (handler == SIG_DFL_PTR && (sigmask(sig) & SIG_IGNORED_MASK));
}

void job_clear(thread_t *t, u32 bits)
{
	bool trapping = t->job_ctl & bits & JOB_TRAPPING;

	t->job_ctl &= ~bits;
	if (trapping)
		wake_up_all(&t->process->wait_exit);
}

static void continue_thread(thread_t *t)
{
	job_clear(t, JOB_STOP_MASK);
	if (!(t->trace & TRACE_SEIZED)) {
		wake_up_thread(t, THREAD_STOPPED);
		return;
	}
	if (t->exiting)
		return;
	t->job_ctl |= JOB_TRAP_NOTIFY;
	signal_wake_thread(t, false);
	if (t->job_ctl & JOB_LISTENING)
		wake_up_thread(t, THREAD_TRACED);
}

static void continue_process(process_t *p)
{
	thread_t *t;
	u32 notify = 0;

	discard_everywhere(p, SIG_STOP_MASK);
	list_for_each_entry(t, &p->threads, process_link)
		continue_thread(t);
	if (p->stop_flags & STOP_STOPPED)
		notify = STOP_NOTIFY_CONTINUED;
	else if (p->stop_count)
		notify = STOP_NOTIFY_STOPPED;
	if (!notify)
		return;
	p->stop_flags = notify | STOP_CONTINUED;
	p->stop_count = 0;
	p->stop_signal = 0;
	set_process_state(p, PROCESS_RUNNING);
}

/* What sending does whoever gets the signal; false when nobody need get it. */
static bool prepare(thread_t *t, int sig, bool by_kernel)
{
	process_t *p = t->process;

	if (p->group_exit)
		return p->core && sig == SIGKILL;
	if (sigmask(sig) & SIG_STOP_MASK)
		discard_everywhere(p, sigmask(SIGCONT));
	else if (sig == SIGCONT)
		continue_process(p);
	return !is_ignored(t, sig, by_kernel);
}

static bool wants_signal(thread_t *t, int sig)
{
	if ((t->blocked & sigmask(sig)) || t->exiting)
		return false;
	if (sig == SIGKILL)
		return true;
	if (READ_ONCE(t->state) & (THREAD_STOPPED | THREAD_TRACED))
		return false;
	return READ_ONCE(t->sched.on_cpu) || !signal_pending(t);
}

static thread_t *choose_thread(thread_t *first, int sig, bool to_process)
{
	thread_t *t;

	if (wants_signal(first, sig))
		return first;
	if (!to_process || list_is_singular(&first->process->threads))
		return NULL;
	list_for_each_entry(t, &first->process->threads, process_link)
		if (wants_signal(t, sig))
			return t;
	return NULL; /* who unblocks it first takes it */
}

static bool is_fatal(const process_t *p, int sig)
{
	return !(sigmask(sig) & (SIG_IGNORED_MASK | SIG_STOP_MASK)) &&
	       p->sighand->action[sig - 1].handler == SIG_DFL_PTR;
}

void process_kill_threads(process_t *p, int status)
{
	thread_t *t;

	if (!p->group_exit) {
		p->group_exit = true;
		p->exit_code = status;
	}
	p->stop_count = 0;
	p->stop_flags = 0;
	list_for_each_entry(t, &p->threads, process_link) {
		if (t->exiting)
			continue;
		job_clear(t, ~0u);
		t->pending.set |= sigmask(SIGKILL);
		signal_wake_thread(t, true);
	}
}

static void tell(thread_t *first, int sig, bool to_process)
{
	thread_t *t = choose_thread(first, sig, to_process);
	process_t *p = first->process;

	/* Who reads signals looks at what is pending under the lock that we hold. */
	if (!list_empty(&p->sighand->signalfd_wait.entries))
		wake_up_key(&p->sighand->signalfd_wait, INT32_MAX, 0);
	if (!t)
		return;
	/* Signals that leave a core file are acted on by the thread itself. */
	if (is_fatal(p, sig) && !(sigmask(sig) & SIG_CORE_MASK) && !(t->awaited & sigmask(sig)) &&
	    (sig == SIGKILL || !first->trace)) {
		process_kill_threads(p, sig);
		return;
	}
	signal_wake_thread(t, sig == SIGKILL);
}

int send_signal_locked(thread_t *t, int sig, const siginfo_t *info, bool to_process)
{
	signal_queue_t *q = to_process ? &t->process->pending : &t->pending;
	bool special = is_special(info);
	signal_entry_t *e = NULL;

	if (t->process->kernel || !prepare(t, sig, info == SEND_SIG_PRIV))
		return 0;
	if (sig < SIGRTMIN && (q->set & sigmask(sig)))
		return 0;
	if (sig != SIGKILL)
		e = signal_entry_alloc(t, sig < SIGRTMIN && (special || info->si_code >= 0));
	if (e) {
		fill_info(&e->info, sig, info);
		list_add_tail(&e->link, &q->entries);
	} else if (sig >= SIGRTMIN && !special && info->si_code != SI_USER) {
		return -EAGAIN; /* sigqueue(3) promises the value or an error */
	}
	q->set |= sigmask(sig);
	tell(t, sig, to_process);
	return 0;
}

bool send_entry_locked(thread_t *t, signal_entry_t *e, bool to_process)
{
	signal_queue_t *q = to_process ? &t->process->pending : &t->pending;
	int sig = e->info.si_signo;

	if (!prepare(t, sig, false))
		return false;
	list_add_tail(&e->link, &q->entries);
	q->set |= sigmask(sig);
	tell(t, sig, to_process);
	return true;
}

static bool valid_signal(int sig)
{
	return sig >= 0 && sig <= SIGRTMAX;
}

int send_signal_thread(thread_t *t, int sig, const siginfo_t *info)
{
	process_t *p = t->process;
	unsigned long flags;
	int r = 0;

	if (!valid_signal(sig))
		return -EINVAL;
	if (!process_lock_sighand(p, &flags))
		return -ESRCH;
	if (list_empty(&t->process_link)) /* released already */
		r = -ESRCH;
	else if (sig)
		r = send_signal_locked(t, sig, info, false);
	process_unlock_sighand(p, flags);
	return r;
}

int send_signal_process(process_t *p, int sig, const siginfo_t *info)
{
	unsigned long flags;
	int r = 0;

	if (!valid_signal(sig))
		return -EINVAL;
	if (!process_lock_sighand(p, &flags))
		return -ESRCH;
	if (sig)
		r = send_signal_locked(p->leader, sig, info, true);
	process_unlock_sighand(p, flags);
	return r;
}

int send_signal_group(struct pid *pgrp, int sig, const siginfo_t *info)
{
	unsigned long flags;
	process_t *p;
	int r = -ESRCH;

	read_lock_irqsave(&process_tree_lock, &flags);
	list_for_each_entry(p, &pgrp->members[PID_GROUP], group_link) {
		int sent = send_signal_process(p, sig, info);

		if (r)
			r = sent;
	}
	read_unlock_irqrestore(&process_tree_lock, flags);
	return r;
}

void force_signal(int sig, const siginfo_t *info)
{
	thread_t *t = current();
	process_t *p = t->process;
	k_sigaction_t *act;
	unsigned long flags;

	spin_lock_irqsave(sig_lock(p), &flags);
	act = &p->sighand->action[sig - 1];
	if ((t->blocked & sigmask(sig)) || act->handler == SIG_IGN_PTR) {
		act->handler = SIG_DFL_PTR;
		t->blocked &= ~sigmask(sig);
	}
	if (act->handler == SIG_DFL_PTR && !t->trace)
		p->unkillable =
			false; /* a fault of init cannot be passed over: it would fault again */
	send_signal_locked(t, sig, info, false);
	signal_recalc_pending(t);
	spin_unlock_irqrestore(sig_lock(p), flags);
}

/* A fault's signal comes first: its information is about the very instruction interrupted. */
static int next_signal(sigset_t ready)
{
	if (!ready)
		return 0;
	if (ready & SIG_FAULT_MASK)
		ready &= SIG_FAULT_MASK;
	return __builtin_ctzl(ready) + 1;
}

static void take(signal_queue_t *q, int sig, siginfo_t *info)
{
	signal_entry_t *e, *found = NULL;
	bool more = false;

	list_for_each_entry(e, &q->entries, link) {
		if (e->info.si_signo != sig)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = e;
	}
	if (!more)
		q->set &= ~sigmask(sig);
	if (!found) { /* there was no memory for the information, or SIGKILL */
		siginfo_init(info, sig, SI_USER);
		return;
	}
	list_del(&found->link);
	*info = found->info;
	signal_entry_taken(found, info);
}

int signal_dequeue(thread_t *t, sigset_t mask, siginfo_t *info)
{
	signal_queue_t *q = &t->pending;
	int sig = next_signal(q->set & ~mask);

	if (!sig) {
		q = &t->process->pending;
		sig = next_signal(q->set & ~mask);
	}
	if (!sig) {
		signal_recalc_pending(t);
		return 0;
	}
	take(q, sig, info);
	if (sig == SIGALRM && q == &t->process->pending)
		process_alarm_taken(t->process);
	signal_recalc_pending(t);
	if (sigmask(sig) & SIG_STOP_MASK)
		t->job_ctl |= JOB_STOP_TAKEN;
	return sig;
}

/* Signals of the process that the running thread no longer takes: others may have to be told. */
static void retarget(thread_t *t, sigset_t which)
{
	process_t *p = t->process;
	thread_t *other;

	which &= p->pending.set;
	if (!which || list_is_singular(&p->threads))
		return;
	list_for_each_entry(other, &p->threads, process_link) {
		if (other == t || other->exiting || !(which & ~other->blocked))
			continue;
		which &= other->blocked;
		if (!signal_pending(other))
			signal_wake_thread(other, false);
		if (!which)
			return;
	}
}

void signal_retarget_exiting(thread_t *t)
{
	retarget(t, ~t->blocked);
}

void signal_set_blocked(sigset_t set)
{
	thread_t *t = current();
	process_t *p = t->process;
	unsigned long flags;

	set &= ~SIG_KERNEL_ONLY_MASK;
	if (set == t->blocked)
		return;
	spin_lock_irqsave(sig_lock(p), &flags);
	retarget(t, set & ~t->blocked);
	t->blocked = set;
	signal_recalc_pending(t);
	spin_unlock_irqrestore(sig_lock(p), flags);
}
