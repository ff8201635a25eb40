/*
 * Policies, nice values and affinity (sched(7)). Permission is the caller's business.
 */
#include "sched_internal.h"

#include <arch/time.h>
#include <kernel/process.h>

/* Makes changed parameters count. rq locked; t was taken out of the queue if `queued`. */
static void apply(run_queue_t *rq, thread_t *t, bool queued)
{
	sched_set_effective(t);
	if (queued) {
		rq_enqueue(rq, t, false, arch_clock_read());
		if (rq_preempts(rq, t))
			resched_current(rq);
	} else if (t == rq->current && t != rq->idle) {
		rq->current_level = t->sched.level;
		resched_current(rq);
	}
}

static bool take_out(run_queue_t *rq, thread_t *t)
{
	bool queued = t->sched.queued;

	if (queued)
		rq_dequeue(rq, t);
	return queued;
}

int sched_set_policy(thread_t *t, int policy, int rt_priority, bool reset_on_fork)
{
	bool realtime = policy == SCHED_FIFO || policy == SCHED_RR, queued;
	unsigned long flags;
	run_queue_t *rq;

	if (!realtime && policy != SCHED_NORMAL && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return -EINVAL;
	if (realtime ? rt_priority < 1 || rt_priority > RT_PRIO_MAX : rt_priority != 0)
		return -EINVAL;
	rq = thread_rq_lock(t, &flags);
	queued = take_out(rq, t);
	t->sched.policy = (u8)policy;
	t->sched.rt_priority = (u8)rt_priority;
	t->sched.reset_on_fork = reset_on_fork;
	apply(rq, t, queued);
	spin_unlock_irqrestore(&rq->lock, flags);
	return 0;
}

void sched_set_inherited(thread_t *t, u8 rt_priority)
{
	unsigned long flags;
	run_queue_t *rq = thread_rq_lock(t, &flags);
	bool queued;

	if (t->sched.inherited_rt != rt_priority) {
		queued = take_out(rq, t);
		t->sched.inherited_rt = rt_priority;
		apply(rq, t, queued);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

int sched_set_nice(thread_t *t, int nice)
{
	unsigned long flags;
	run_queue_t *rq;
	bool queued;

	if (nice < NICE_MIN || nice > NICE_MAX)
		return -EINVAL;
	rq = thread_rq_lock(t, &flags);
	if (t->sched.effective_rt) { /* counts when it leaves that policy */
		t->sched.nice = (s8)nice;
	} else {
		queued = take_out(rq, t);
		t->sched.nice = (s8)nice;
		apply(rq, t, queued);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return 0;
}

int sched_set_affinity(thread_t *t, const cpu_set_t *set)
{
	unsigned long flags;
	run_queue_t *rq;
	cpu_set_t usable;

	bitmap_and(usable.bits, set->bits, sched_cpus.bits, NR_CPUS);
	if (bitmap_empty(usable.bits, NR_CPUS))
		return -EINVAL;
	rq = thread_rq_lock(t, &flags);
	t->sched.affinity = usable;
	if (!cpu_set_test(&usable, rq->cpu)) {
		if (take_out(rq, t)) {
			preempt_disable();
			place_thread(rq, t, arch_clock_read());
			arch_irq_restore(flags);
			preempt_enable();
			return 0;
		}
		if (t == rq->current)
			resched_current(rq); /* requeue sends it away */
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return 0;
}

void sched_fork(thread_t *child, thread_t *parent)
{
	const sched_entity_t *from = &parent->sched;
	bool reset = from->reset_on_fork, normal = reset && from->base_level == LEVEL_REALTIME;

	child->sched = (sched_entity_t){
		.policy = normal ? SCHED_NORMAL : from->policy,
		.nice = normal	? 0
			: reset ? MAX(from->nice, (s8)0)
				: from->nice,
		.rt_priority = reset ? 0 : from->rt_priority,
		.cpu = this_cpu(),
		.last_cpu = this_cpu(),
		.affinity = from->affinity,
	};
	if (parent == &init_thread) /* bound to its CPU because it becomes the idle thread */
		child->sched.affinity.bits[0] = ~0UL;
	sched_set_effective(child);
	child->saved_preempt_count = PREEMPT_ONE; /* the queue's lock: thread_start_hook */
	child->state = THREAD_NEW;
}
