/*
 * Waking threads, and where they go.
 *
 * A thread goes back to the CPU it last ran on when that idles, else to the waker's if that idles
 * (it needs no interrupt), else to any idle CPU, of its own node first; when none idles, to
 * whichever of its last CPU and the waker's it would get at once, by level, else to the one with
 * less to do. A real-time thread goes where the least urgent thread runs.
 */
#include "sched_internal.h"

#include <arch/time.h>
#include <kernel/time/clock.h>

/* sched_wait_inactive: a thread that is about to leave another CPU does so within so many looks. */
#define INACTIVE_SPINS 200
#define INACTIVE_POLL_USEC 20

static bool allowed(const thread_t *t, u32 cpu)
{
	return cpu_set_test(&t->sched.affinity, cpu) && cpu_set_test(&sched_cpus, cpu);
}

static u32 load_of(u32 cpu)
{
	const run_queue_t *rq = cpu_rq(cpu);

	return READ_ONCE(rq->nr_queued) + (READ_ONCE(rq->current_level) != SCHED_LEVELS);
}

/* Nothing to do and nothing coming; also while its idle thread looks after softirqs. */
static bool is_free(u32 cpu)
{
	const run_queue_t *rq = cpu_rq(cpu);

	return READ_ONCE(rq->current_level) == SCHED_LEVELS && !READ_ONCE(rq->nr_queued);
}

static u64 usable_cpus(const thread_t *t)
{
	return READ_ONCE(t->sched.affinity.bits[0]) & READ_ONCE(sched_cpus.bits[0]);
}
_Static_assert(NR_CPUS == 64, "one word of CPUs");

/* NR_CPUS when none idles. */
static u32 find_idle(u64 cpus, u32 near)
{
	u64 idle = cpus & READ_ONCE(sched_idle_cpus.bits[0]);

	if (!idle)
		return NR_CPUS;
	if (node_count > 1)
		for (u64 set = idle; set; set &= set - 1)
			if (cpu_node((u32)__builtin_ctzl(set)) == cpu_node(near))
				return (u32)__builtin_ctzl(set);
	return (u32)__builtin_ctzl(idle);
}

static u32 least_urgent(u64 cpus)
{
	u32 best = (u32)__builtin_ctzl(cpus);

	for (; cpus; cpus &= cpus - 1) {
		u32 cpu = (u32)__builtin_ctzl(cpus);

		if (READ_ONCE(cpu_rq(cpu)->current_level) > READ_ONCE(cpu_rq(best)->current_level))
			best = cpu;
	}
	return best;
}

static u32 least_loaded(u64 cpus)
{
	u32 best = (u32)__builtin_ctzl(cpus);

	for (; cpus; cpus &= cpus - 1)
		if (load_of((u32)__builtin_ctzl(cpus)) < load_of(best))
			best = (u32)__builtin_ctzl(cpus);
	return best;
}

u32 select_cpu(const thread_t *t)
{
	u32 last = t->sched.last_cpu, here = this_cpu(), idle;
	u64 cpus = usable_cpus(t);

	if (!(cpus & (cpus - 1)))
		return cpus ? (u32)__builtin_ctzl(cpus) : last;
	if (allowed(t, last) && is_free(last))
		return last;
	if (allowed(t, here) && is_free(here))
		return here;
	idle = find_idle(cpus, last);
	if (idle != NR_CPUS)
		return idle;
	if (t->sched.level == LEVEL_REALTIME)
		return least_urgent(cpus);
	if (!allowed(t, last))
		return least_loaded(cpus);
	if (!allowed(t, here) || t->sched.level < READ_ONCE(cpu_rq(last)->current_level))
		return last;
	return load_of(here) < load_of(last) ? here : last;
}

void rq_activate(run_queue_t *rq, thread_t *t, nsec_t now)
{
	t->sched.active = true;
	rq_enqueue(rq, t, false, now);
	if (rq_preempts(rq, t)) {
		cpu_set_remove(&sched_idle_cpus, rq->cpu); /* the next waker looks elsewhere */
		resched_current(rq);
	} else if (rq->nr_queued == 1 && rq == this_rq()) {
		arm_tick(rq, now); /* the current thread's slice counts now */
	}
}

void place_thread(run_queue_t *rq, thread_t *t, nsec_t now) __releases(rq)
{
	u32 cpu = select_cpu(t);

	while (cpu != rq->cpu) {
		WRITE_ONCE(t->sched.cpu, cpu);
		spin_unlock(&rq->lock);
		rq = cpu_rq(cpu);
		spin_lock(&rq->lock);
		if (likely(cpu_set_test(&t->sched.affinity, cpu)))
			break;
		cpu = select_cpu(t); /* its affinity was changed meanwhile */
	}
	rq_activate(rq, t, now);
	spin_unlock(&rq->lock);
}

bool wake_up_thread(thread_t *t, u32 states)
{
	unsigned long flags;
	run_queue_t *rq;
	nsec_t now;
	u32 state;

	smp_mb(); /* what the sleeper waits for was stored before its state is read */
	if (!(READ_ONCE(t->state) & states))
		return false;
	rq = thread_rq_lock(t, &flags);
	state = t->state;
	if (!(state & states)) {
		spin_unlock_irqrestore(&rq->lock, flags);
		return false;
	}
	WRITE_ONCE(t->state, THREAD_RUNNING);
	if (t->sched.active) { /* it had not left yet */
		spin_unlock_irqrestore(&rq->lock, flags);
		return true;
	}
	if (state & (THREAD_UNINTERRUPTIBLE | THREAD_KILLABLE))
		rq->uninterruptible--;
	now = arch_clock_read();
	level_woken(t, now - t->sleep_start);
	preempt_disable();
	place_thread(rq, t, now);
	arch_irq_restore(flags);
	preempt_enable();
	return true;
}

bool sched_wait_inactive(thread_t *t, u32 states)
{
	for (u32 looks = 0;; looks++) {
		unsigned long flags;
		run_queue_t *rq = thread_rq_lock(t, &flags);
		bool right = t->state & states, runs = t->sched.on_cpu;
		bool left = !t->sched.active && !runs;

		spin_unlock_irqrestore(&rq->lock, flags);
		if (!right || left)
			return right;
		if (runs && looks < INACTIVE_SPINS)
			cpu_relax();
		else
			usleep(INACTIVE_POLL_USEC);
	}
}

void sched_start_thread(thread_t *t)
{
	unsigned long flags;
	run_queue_t *rq = thread_rq_lock(t, &flags);

	ASSERT(t->state == THREAD_NEW);
	WRITE_ONCE(t->state, THREAD_RUNNING);
	preempt_disable();
	place_thread(rq, t, arch_clock_read());
	arch_irq_restore(flags);
	preempt_enable();
}
