/*
 * Interval timers: getitimer(2), setitimer(2), alarm(2). The state is the process's; kernel/proc
 * fires them.
 */
#include <arch/uaccess.h>
#include <kernel/process.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/time.h>

typedef struct interval {
	nsec_t value, interval; /* value: from now; 0: not armed */
} interval_t;

/* Time that the CPU timers of the process measure by. */
static nsec_t cpu_now(process_t *p, int which)
{
	nsec_t user, system;

	process_cpu_times(p, &user, &system);
	return which == ITIMER_VIRTUAL ? user : user + system;
}

/* An armed timer never reads as 0, though its time may have come a moment ago. */
static nsec_t left_until(nsec_t when, nsec_t now)
{
	return MAX(when - now, (nsec_t)NSEC_PER_USEC);
}

/* sig_lock held; now: of the timer's clock. */
static interval_t get_locked(process_t *p, int which, nsec_t now)
{
	interval_t i = { 0, 0 };

	if (which == ITIMER_REAL) {
		if (timer_pending(&p->real_timer))
			i.value = left_until(p->real_timer.expires, now);
		i.interval = p->real_interval;
	} else {
		if (p->cpu_timer_value[which - 1])
			i.value = left_until(p->cpu_timer_value[which - 1], now);
		i.interval = p->cpu_timer_interval[which - 1];
	}
	return i;
}

static nsec_t now_of(process_t *p, int which)
{
	return which == ITIMER_REAL ? clock_monotonic() : cpu_now(p, which);
}

/*
 * sig_lock held. False: the timer's function waits for the lock on another CPU; it must have it
 * first, since the timer may not be armed under it.
 */
static bool set_locked(process_t *p, int which, nsec_t now, interval_t i)
{
	nsec_t when = i.value ? (i.value > NSEC_MAX - now ? NSEC_MAX : now + i.value) : 0;

	if (which == ITIMER_REAL) {
		if (try_del_timer(&p->real_timer) == -EAGAIN)
			return false;
		p->real_interval = when ? i.interval : 0;
		if (when)
			mod_timer(&p->real_timer, (u64)when);
	} else {
		p->cpu_timer_value[which - 1] = when;
		p->cpu_timer_interval[which - 1] = i.interval;
		process_update_cpu_timers(p);
	}
	return true;
}

static interval_t exchange(int which, interval_t next)
{
	process_t *p = current_process();
	interval_t old;
	nsec_t now;
	bool done;

	do {
		now = now_of(p, which);
		spin_lock_irq(sig_lock(p));
		old = get_locked(p, which, now);
		done = set_locked(p, which, now, next);
		spin_unlock_irq(sig_lock(p));
	} while (!done);
	return old;
}

static int put_interval(interval_t i, struct itimerval __user *to)
{
	struct itimerval v = { ns_to_timeval(i.interval), ns_to_timeval(i.value) };

	return copy_to_user(to, &v, sizeof(v)) ? -EFAULT : 0;
}

long sys_getitimer(int which, struct itimerval __user *value)
{
	process_t *p = current_process();
	interval_t i;
	nsec_t now;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	now = now_of(p, which);
	spin_lock_irq(sig_lock(p));
	i = get_locked(p, which, now);
	spin_unlock_irq(sig_lock(p));
	return put_interval(i, value);
}

long sys_setitimer(int which, const struct itimerval __user *value, struct itimerval __user *old)
{
	struct itimerval v = { { 0, 0 }, { 0, 0 } };
	interval_t i;

	if (value && copy_from_user(&v, value, sizeof(v)))
		return -EFAULT;
	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	if (!timeval_valid(&v.it_value) || !timeval_valid(&v.it_interval))
		return -EINVAL;
	i = exchange(which,
		     (interval_t){ timeval_to_ns(&v.it_value), timeval_to_ns(&v.it_interval) });
	return old ? put_interval(i, old) : 0;
}

long sys_alarm(u32 seconds)
{
	interval_t old;

	old = exchange(ITIMER_REAL,
		       (interval_t){ (nsec_t)MIN(seconds, (u32)INT32_MAX) * NSEC_PER_SEC, 0 });
	/* Rounded, but what is armed is at least a second away. */
	if (old.value && old.value < NSEC_PER_SEC)
		return 1;
	return (old.value + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
}
