/*
 * Load averages: every 5 seconds the number of threads that run, wait for a CPU or sleep
 * uninterruptibly, damped exponentially over 1, 5 and 15 minutes, with 11 bits of fraction (the
 * format of getloadavg(3) and sysinfo(2)). The boot CPU's timer takes the samples; it is the one
 * thing that wakes an otherwise idle machine.
 */
#include "../sched/sched_internal.h"

#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

#define LOAD_SHIFT 11
#define LOAD_ONE (1ul << LOAD_SHIFT)
#define LOAD_PERIOD (5 * NSEC_PER_SEC)

static const u64 decay[3] = { 1884, 2014, 2037 }; /* 2^11 * e^(-5 s / 1, 5, 15 min) */
static u64 load[3];				  /* written by the timer alone */
static timer_t load_timer;

static void take_sample(timer_t *timer, void *data)
{
	s64 active = sched_nr_running();

	for_each_cpu(cpu)
		active += READ_ONCE(cpu_rq(cpu)->uninterruptible);
	active = MAX(active, (s64)0) << LOAD_SHIFT;
	for (u32 i = 0; i < ARRAY_SIZE(load); i++) {
		u64 next = load[i] * decay[i] + (u64)active * (LOAD_ONE - decay[i]);

		if ((u64)active >= load[i])
			next += LOAD_ONE - 1; /* rounds towards what is true now */
		WRITE_ONCE(load[i], next >> LOAD_SHIFT);
	}
	mod_timer(timer, (u64)(timer->expires + LOAD_PERIOD));
}

void sched_loadavg(u64 out[3])
{
	for (u32 i = 0; i < ARRAY_SIZE(load); i++)
		out[i] = READ_ONCE(load[i]);
}

void load_init(void)
{
	timer_init(&load_timer, take_sample, NULL);
	mod_timer(&load_timer, (u64)(clock_monotonic() + LOAD_PERIOD));
}
