/*
 * What the scheduler has counted, for those who ask: CPU times of threads and CPUs, switches, queues.
 */
#include "../sched/sched_internal.h"

#include <arch/time.h>
#include <kernel/printk.h>

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

nsec_t sched_slept(thread_t *t, u32 state)
{
	unsigned long flags;
	run_queue_t *rq = thread_rq_lock(t, &flags);
	nsec_t n = 0;

	/* One that is about to sleep shows its state already. */
	if (!t->sched.active && READ_ONCE(t->state) == state)
		n = arch_clock_read() - t->sleep_start;
	spin_unlock_irqrestore(&rq->lock, flags);
	return n;
}

nsec_t sched_rr_interval(thread_t *t)
{
	unsigned long flags;
	run_queue_t *rq = thread_rq_lock(t, &flags);
	nsec_t slice = has_slice(t) ? level_slice(t) : 0;

	spin_unlock_irqrestore(&rq->lock, flags);
	return slice;
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

static void print_queue(const run_queue_t *rq)
{
	const thread_t *t;

	for (u32 level = 0; level < SCHED_LEVELS; level++)
		list_for_each_entry(t, &rq->level[level], sched.run_link)
			printk(KERN_INFO "  level %u: %d (%s), nice %d, %ld ms used\n", level,
			       t->tid, t->name, t->sched.nice, t->sched.runtime / NSEC_PER_MSEC);
}

__cold void sched_print_all(void)
{
	for_each_cpu(cpu) {
		run_queue_t *rq = cpu_rq(cpu);
		unsigned long flags = arch_irq_save();

		printk(KERN_INFO "CPU %u: %d (%s), %u waiting, %lu switches\n", cpu,
		       rq->current->tid, rq->current->name, rq->nr_queued, rq->switches);
		if (spin_trylock(&rq->lock)) {
			print_queue(rq);
			spin_unlock(&rq->lock);
		}
		arch_irq_restore(flags);
	}
}
