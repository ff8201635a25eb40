/*
 * How long real-time threads may keep all others waiting (sched(7), "Limiting the CPU usage of real-time
 * and deadline processes").
 */
#include "../sched/sched_internal.h"

#include <kernel/sched.h>
#include <uapi/errno.h>

int sched_rt_period_us = 1000000, sched_rt_runtime_us = 950000;

static void apply(void)
{
	bool limited = sched_rt_runtime_us >= 0;

	WRITE_ONCE(realtime_limit, limited ? sched_rt_runtime_us * NSEC_PER_USEC : NSEC_MAX);
	WRITE_ONCE(realtime_pause,
		   limited ? (sched_rt_period_us - sched_rt_runtime_us) * NSEC_PER_USEC : 0);
}

int sched_set_rt_period(u64 us)
{
	int period = (int)us;

	if (period <= 0 || sched_rt_runtime_us > period)
		return -EINVAL;
	sched_rt_period_us = period;
	apply();
	return 0;
}

int sched_set_rt_runtime(u64 us)
{
	int runtime = (int)us;

	if (runtime < -1 || runtime > sched_rt_period_us)
		return -EINVAL;
	sched_rt_runtime_us = runtime;
	apply();
	return 0;
}
