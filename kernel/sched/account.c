/*
 * Who used the CPU, and for what.
 *
 * Precise, by clock readings at every switch and tick: CPU time of each thread, idle time. Precise,
 * by cycle counts around them: a CPU's time in interrupts and softirqs; threads are charged for
 * those that hit them, so that their CPU clocks never step back. Sampled: how a thread's time
 * divides into user and system. What passed since the last reading is charged to the mode that the
 * timer interrupt finds; at a switch, where there is nothing to find, by the share that the latest
 * samples of the thread gave. A system call needs no clock readings that way, and user + system is
 * exactly the CPU time. What was charged is told by kernel/load/times.c.
 */
#include "sched_internal.h"

#include <arch/time.h>
#include <kernel/process.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

#define SHARE_ALL 256
#define SHARE_DECAY 8 /* weight of the past: 7 of 8 */

/* Nanoseconds of a per-CPU cycle count since the last call. */
static nsec_t take_cycles(u64 count, u64 *seen)
{
	u64 cycles = count - *seen;

	if (!cycles)
		return 0;
	*seen = count;
	return (nsec_t)(cycles * (NSEC_PER_SEC / 1000) / MAX(arch_cycles_per_msec(), 1ul));
}

static void charge(run_queue_t *rq, nsec_t now, u32 user_share)
{
	thread_t *t = rq->current;
	nsec_t used = MAX(now - t->sched.exec_start, (nsec_t)0), irq, softirq, user;

	t->sched.exec_start = now;
	irq = MIN(take_cycles(this_cpu_read(irq_cycles), &rq->irq_seen), used);
	softirq = MIN(take_cycles(this_cpu_read(softirq_cycles), &rq->softirq_seen), used - irq);
	rq->times.irq += irq;
	rq->times.softirq += softirq;
	if (t == rq->idle) {
		rq->times.idle += used - irq - softirq;
		return;
	}
	t->sched.runtime += used;
	level_charge(t, used);
	user = used * user_share / SHARE_ALL;
	t->user_time += user;
	t->system_time += used - user;
	/* The CPU's own figures know better. */
	used -= irq + softirq;
	user = MIN(user, used);
	rq->times.system += used - user;
	if (t->sched.nice > 0)
		rq->times.nice += user;
	else
		rq->times.user += user;
}

void charge_current(run_queue_t *rq, nsec_t now)
{
	charge(rq, now, rq->current->sched.user_share);
}

void sched_account_user(bool user)
{
	run_queue_t *rq = this_rq();
	thread_t *t = rq->current;
	nsec_t more_user, more_system;

	if (t == rq->idle)
		return;
	spin_lock(&rq->lock);
	charge(rq, arch_clock_read(), user ? SHARE_ALL : 0);
	t->sched.user_share = (u16)((t->sched.user_share * (SHARE_DECAY - 1) +
				     (user ? SHARE_ALL + SHARE_DECAY - 1 : 0)) /
				    SHARE_DECAY);
	spin_unlock(&rq->lock);
	if (!t->space)
		return;
	more_user = t->user_time - t->sched.reported_user;
	more_system = t->system_time - t->sched.reported_system;
	t->sched.reported_user += more_user;
	t->sched.reported_system += more_system;
	proc_account_time(t, more_user, more_system);
}
