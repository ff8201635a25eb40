/*
 * How long real-time threads may keep all others waiting (sched(7), "Limiting the CPU usage of real-time
 * and deadline processes").
 */
#include "../sched/sched_internal.h"

#include <kernel/sched.h>
#include <kernel/sync/mutex.h>
#include <uapi/errno.h>

static mutex_t limits_lock = MUTEX_INIT(limits_lock); /* both, and what follows from them */
int sched_rt_period_us = 1000000, sched_rt_runtime_us = 950000;

/* One of them is asked to change: both are checked, and count, together. */
static int change(int period, int runtime)
{
	bool limited = runtime >= 0;

	if (period <= 0 || runtime < -1 || runtime > period)
		return -EINVAL;
	WRITE_ONCE(sched_rt_period_us, period);
	WRITE_ONCE(sched_rt_runtime_us, runtime);
	WRITE_ONCE(realtime_limit, limited ? runtime * NSEC_PER_USEC : NSEC_MAX);
	WRITE_ONCE(realtime_pause, limited ? (period - runtime) * NSEC_PER_USEC : 0);
	return 0;
}

int sched_set_rt_period(u64 us)
{
	int r;

	mutex_lock(&limits_lock);
	r = change((int)us, sched_rt_runtime_us);
	mutex_unlock(&limits_lock);
	return r;
}

int sched_set_rt_runtime(u64 us)
{
	int r;

	mutex_lock(&limits_lock);
	r = change(sched_rt_period_us, (int)us);
	mutex_unlock(&limits_lock);
	return r;
}
