/*
 * Who used the CPU, and for what.
 *
 * Precise, by clock readings at every switch and tick: CPU time of each thread, idle time. Precise,
 * by cycle counts around them: a CPU's time in interrupts and softirqs; threads are charged for
 * those that hit them, so that their CPU clocks never step back. Sampled: how a thread's time
 * divides into user and system. What passed since the last reading is charged to the mode that the
 * timer interrupt finds; at a switch, where there is nothing to find, by the share that the latest
 * samples of the thread gave. A system call needs no clock readings that way, and user + system is
 * exactly the CPU time.
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

/* What a running thread has used since it was last charged; its queue locked. */
static nsec_t not_charged(const run_queue_t *rq, const thread_t *t)
{
	return t == rq->current ? MAX(arch_clock_read() - t->sched.exec_start, (nsec_t)0) : 0;
}

nsec_t sched_thread_runtime(thread_t *t)
{
	unsigned long flags;
	run_queue_t *rq = thread_rq_lock(t, &flags);
	nsec_t n = t->sched.runtime + not_charged(rq, t);

	spin_unlock_irqrestore(&rq->lock, flags);
	return n;
}

nsec_t sched_thread_waited(thread_t *t)
{
	unsigned long flags;
	run_queue_t *rq = thread_rq_lock(t, &flags);
	nsec_t n = t->sched.waited;

	spin_unlock_irqrestore(&rq->lock, flags);
	return n;
}

/*
 * The running thread brings its own account up to date, so that what it is told later is never
 * less; of one that runs elsewhere what is charged is told.
 */
void sched_thread_times(thread_t *t, nsec_t *user, nsec_t *system)
{
	unsigned long flags;
	run_queue_t *rq = thread_rq_lock(t, &flags);

	if (t == current())
		charge_current(rq, arch_clock_read());
	*user = t->user_time;
	*system = t->system_time;
	spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_cpu_times(u32 cpu, cpu_times_t *out)
{
	run_queue_t *rq = cpu_rq(cpu);
	unsigned long flags;

	spin_lock_irqsave(&rq->lock, &flags);
	*out = rq->times;
	if (rq->idle)
		out->idle += not_charged(rq, rq->idle);
	spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_switch_latency(latency_t *out)
{
	*out = (latency_t){};
	for_each_cpu(cpu)
		latency_merge(out, &cpu_rq(cpu)->switch_latency);
}

u64 sched_context_switches(void)
{
	u64 n = 0;

	for_each_cpu(cpu)
		n += READ_ONCE(cpu_rq(cpu)->switches);
	return n;
}

u32 sched_nr_running(void)
{
	u32 n = 0;

	for_each_cpu(cpu) {
		const run_queue_t *rq = cpu_rq(cpu);

		n += READ_ONCE(rq->nr_queued) + (READ_ONCE(rq->current) != READ_ONCE(rq->idle));
	}
	return n;
}
