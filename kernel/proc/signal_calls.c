/*
 * What programs ask about signals: actions, alternate stacks, waiting, permission to send.
 */
#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <kernel/proc.h>
#include <kernel/time/clock.h>

#include "proc_internal.h"

/* Pending signals that the new action ignores are forgotten (POSIX.1-2017 2.4.1). sig_lock held. */
static void forget_ignored(process_t *p, int sig)
{
	thread_t *t;

	signal_discard(&p->pending, sigmask(sig));
	list_for_each_entry(t, &p->threads, process_link)
		signal_discard(&t->pending, sigmask(sig));
}

int signal_set_action(int sig, const k_sigaction_t *action, k_sigaction_t *old)
{
	process_t *p = current_process();
	k_sigaction_t *slot;

	if (sig < 1 || sig > SIGRTMAX || (action && (sigmask(sig) & SIG_KERNEL_ONLY_MASK)))
		return -EINVAL;
	slot = &p->sighand->action[sig - 1];
	spin_lock_irq(sig_lock(p));
	if (old)
		*old = *slot;
	if (action) {
		*slot = *action;
		slot->mask &= ~SIG_KERNEL_ONLY_MASK;
		if (slot->handler == SIG_IGN_PTR ||
		    (slot->handler == SIG_DFL_PTR && (sigmask(sig) & SIG_IGNORED_MASK)))
			forget_ignored(p, sig);
	}
	spin_unlock_irq(sig_lock(p));
	return 0;
}

static bool on_stack(const thread_t *t, unsigned long sp)
{
	return !(t->altstack_flags & SS_AUTODISARM) && sp > t->altstack_sp &&
	       sp - t->altstack_sp <= t->altstack_size;
}

static u32 stack_state(const thread_t *t, unsigned long sp)
{
	if (!t->altstack_size)
		return SS_DISABLE;
	return on_stack(t, sp) ? SS_ONSTACK : 0;
}

int signal_alternate_stack(const stack_t *ss, stack_t *old, unsigned long sp)
{
	thread_t *t = current();
	u32 mode;

	if (old) {
		old->ss_sp = (void *)t->altstack_sp;
		old->ss_size = t->altstack_size;
		old->ss_flags = (s32)(stack_state(t, sp) | (t->altstack_flags & SS_AUTODISARM));
		old->pad = 0;
	}
	if (!ss)
		return 0;
	if (on_stack(t, sp))
		return -EPERM;
	mode = (u32)ss->ss_flags & ~SS_AUTODISARM;
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		t->altstack_sp = t->altstack_size = 0;
	} else {
		if (ss->ss_size < MINSIGSTKSZ)
			return -ENOMEM;
		t->altstack_sp = (unsigned long)ss->ss_sp;
		t->altstack_size = ss->ss_size;
	}
	t->altstack_flags = (u32)ss->ss_flags;
	return 0;
}

static int take_one(thread_t *t, sigset_t set, siginfo_t *info)
{
	int sig;

	spin_lock_irq(sig_lock(t->process));
	sig = signal_dequeue(t, ~set, info);
	spin_unlock_irq(sig_lock(t->process));
	return sig;
}

/* While it waits the thread does not block the signals, so that sending one wakes it. */
static void await(thread_t *t, sigset_t set, bool begin)
{
	static const sigset_t none;

	spin_lock_irq(sig_lock(t->process));
	if (begin) {
		t->awaited = t->blocked & set;
		t->blocked &= ~set;
	} else {
		t->blocked |= t->awaited;
		t->awaited = none;
	}
	signal_recalc_pending(t);
	spin_unlock_irq(sig_lock(t->process));
}

int signal_wait(sigset_t set, siginfo_t *info, nsec_t deadline)
{
	thread_t *t = current();
	bool expired = false;
	int sig;

	set &= ~SIG_KERNEL_ONLY_MASK;
	sig = take_one(t, set, info);
	if (sig)
		return sig;
	if (deadline <= clock_monotonic())
		return -EAGAIN;
	await(t, set, true);
	while (!expired) {
		set_current_state(THREAD_INTERRUPTIBLE);
		if (signal_pending(t))
			break;
		expired = schedule_deadline(deadline);
	}
	set_current_state(THREAD_RUNNING);
	await(t, set, false);
	sig = take_one(t, set, info);
	if (sig)
		return sig;
	return expired ? -EAGAIN : -EINTR;
}

/* Of siginfo_t's 128 bytes all known kinds use the first 48. */
#define SIGINFO_USED 48

static bool is_known_code(int code)
{
	return code >= SI_DETHREAD || code == SI_ASYNCNL;
}

int siginfo_from_user(siginfo_t *to, const siginfo_t __user *from)
{
	u8 rest[sizeof(*to) - SIGINFO_USED];

	memset(to, 0, sizeof(*to));
	if (copy_from_user(to, from, SIGINFO_USED))
		return -EFAULT;
	if (is_known_code(to->si_code))
		return 0;
	if (copy_from_user(rest, (const u8 __user *)from + SIGINFO_USED, sizeof(rest)))
		return -EFAULT;
	for (size_t i = 0; i < sizeof(rest); i++)
		if (rest[i])
			return -E2BIG;
	return 0;
}

int signal_permission_locked(process_t *p, int sig)
{
	const cred_t *c = current_cred(), *target;
	bool same;

	if (p == current_process())
		return 0;
	if (!READ_ONCE(p->sighand)) /* released, and its leader with it */
		return -ESRCH;
	rcu_read_lock();
	target = rcu_dereference(p->leader->cred);
	same = c->euid == target->suid || c->euid == target->uid || c->uid == target->suid ||
	       c->uid == target->uid;
	rcu_read_unlock();
	if (same || capable(CAP_KILL))
		return 0;
	/* Job control reaches everything in the session. */
	return sig == SIGCONT && p->session == current_process()->session ? 0 : -EPERM;
}

int signal_permission(process_t *p, int sig)
{
	unsigned long flags;
	int r;

	read_lock_irqsave(&process_tree_lock, &flags);
	r = signal_permission_locked(p, sig);
	read_unlock_irqrestore(&process_tree_lock, flags);
	return r;
}
