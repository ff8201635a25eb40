/*
 * Timers on CPU time: ITIMER_VIRTUAL, ITIMER_PROF, RLIMIT_CPU, RLIMIT_RTTIME; and what ITIMER_REAL does when it
 * fires. That one rests while its signal is pending, and when it is ignored: intervals may be as short as a
 * microsecond, and nobody may keep a CPU busy with signals that are not taken.
 *
 * The scheduler charges time with its own locks held, so it only marks the thread; the thread
 * itself compares on its way to user mode. Nothing happens at all for processes without such
 * timers.
 */
#include <kernel/time/clock.h>

#include "proc_internal.h"

enum { TIMER_VIRTUAL, TIMER_PROF };

static void real_timer_fired(timer_t *timer, void *data)
{
	process_t *p = data;
	unsigned long flags;

	if (!process_lock_sighand(p, &flags))
		return;
	send_signal_locked(p->leader, SIGALRM, SEND_SIG_PRIV, true);
	process_unlock_sighand(p, flags);
}

void process_alarm_taken(process_t *p)
{
	nsec_t now = clock_monotonic(), interval = p->real_interval, was = p->real_timer.expires,
	       next;

	if (!interval || timer_pending(&p->real_timer))
		return;
	next = interval > NSEC_MAX - was ? NSEC_MAX : was + interval;
	/* Periods that went by unnoticed are lost: the signal cannot be pending twice. */
	if (next <= now)
		next = interval > NSEC_MAX - now ? NSEC_MAX
						 : now + interval - (now - next) % interval;
	mod_timer(&p->real_timer, (u64)next);
}

void process_init_timers(process_t *p)
{
	timer_init(&p->real_timer, real_timer_fired, p);
}

void process_update_cpu_timers(process_t *p)
{
	bool armed = p->cpu_timer_value[TIMER_VIRTUAL] || p->cpu_timer_value[TIMER_PROF] ||
		     p->rlimits[RLIMIT_CPU].rlim_cur != RLIM_INFINITY ||
		     p->rlimits[RLIMIT_RTTIME].rlim_cur != RLIM_INFINITY;

	WRITE_ONCE(p->cpu_timers_armed, armed);
}

/* Since it last slept; a part in which it slept does not count. */
static void count_realtime(thread_t *t, nsec_t used)
{
	u8 policy = READ_ONCE(t->sched.policy);

	if ((policy != SCHED_FIFO && policy != SCHED_RR) ||
	    t->realtime_sleeps != t->voluntary_switches)
		used = -t->realtime_used;
	t->realtime_used += used;
	t->realtime_sleeps = t->voluntary_switches;
}

void proc_account_time(thread_t *t, nsec_t user, nsec_t system)
{
	if (likely(!READ_ONCE(t->process->cpu_timers_armed)))
		return;
	count_realtime(t, user + system);
	thread_set_flag(t, TF_NOTIFY);
}

static void check_timer(process_t *p, int which, nsec_t now, int sig)
{
	nsec_t *value = &p->cpu_timer_value[which], interval = p->cpu_timer_interval[which];

	if (!*value || now < *value)
		return;
	if (interval > NSEC_MAX - now)
		*value = NSEC_MAX;
	else if (interval)
		*value = now + interval - (now - *value) % interval;
	else
		*value = 0;
	send_signal_locked(p->leader, sig, SEND_SIG_PRIV, true);
}

/* At the soft limit SIGXCPU, again each second after; at the hard one SIGKILL (setrlimit(2)). */
static void check_limit(process_t *p, nsec_t now)
{
	struct rlimit64 *limit = &p->rlimits[RLIMIT_CPU];
	u64 seconds = (u64)(now / NSEC_PER_SEC);

	if (limit->rlim_cur == RLIM_INFINITY)
		return;
	if (limit->rlim_max != RLIM_INFINITY && seconds >= limit->rlim_max) {
		send_signal_locked(p->leader, SIGKILL, SEND_SIG_PRIV, true);
		return;
	}
	if (seconds < limit->rlim_cur)
		return;
	send_signal_locked(p->leader, SIGXCPU, SEND_SIG_PRIV, true);
	if (limit->rlim_cur < limit->rlim_max)
		limit->rlim_cur++;
}

/* The same for a thread that does not sleep while it has a real-time policy, in microseconds. */
static void check_realtime_limit(process_t *p)
{
	struct rlimit64 *limit = &p->rlimits[RLIMIT_RTTIME];
	u64 used = (u64)(current()->realtime_used / NSEC_PER_USEC);

	if (!used || used < limit->rlim_cur)
		return;
	if (used >= limit->rlim_max) {
		send_signal_locked(p->leader, SIGKILL, SEND_SIG_PRIV, true);
		return;
	}
	send_signal_locked(p->leader, SIGXCPU, SEND_SIG_PRIV, true);
	limit->rlim_cur += NSEC_PER_SEC / NSEC_PER_USEC;
}

void cpu_timers_check(void)
{
	process_t *p = current_process();
	nsec_t user, system;

	if (likely(!READ_ONCE(p->cpu_timers_armed)))
		return;
	process_cpu_times(p, &user, &system);
	spin_lock_irq(sig_lock(p));
	check_timer(p, TIMER_VIRTUAL, user, SIGVTALRM);
	check_timer(p, TIMER_PROF, user + system, SIGPROF);
	check_limit(p, user + system);
	check_realtime_limit(p);
	process_update_cpu_timers(p);
	spin_unlock_irq(sig_lock(p));
}
