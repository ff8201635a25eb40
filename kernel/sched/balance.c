/*
 * Balance between CPUs. Wake-ups spread threads (wake.c); what is left is done by those with less
 * to do: a CPU that runs out of threads takes one from the longest queue, a busy one every 80 ms
 * from a queue that is longer by two. A CPU where threads wait while another sleeps tells that one
 * to look. Nobody waits for a second queue's lock: whoever holds it is about to change that queue
 * anyway, and the next tick tries again.
 */
#include "sched_internal.h"

#define SCAN_MAX 16 /* threads of a level that are looked at under two locks */

static run_queue_t *busiest(const run_queue_t *self, u32 excess)
{
	u32 most = self->nr_queued + excess - 1;
	run_queue_t *best = NULL;

	for (u64 cpus = READ_ONCE(sched_cpus.bits[0]); cpus; cpus &= cpus - 1) {
		run_queue_t *rq = cpu_rq((u32)__builtin_ctzl(cpus));
		u32 n = READ_ONCE(rq->nr_queued);

		if (rq != self && n > most) {
			most = n;
			best = rq;
		}
	}
	return best;
}

/* The thread that has waited longest in the best level and may run on `cpu`. */
static thread_t *find_movable(run_queue_t *from, u32 cpu)
{
	thread_t *t;

	for (u32 levels = from->levels; levels; levels &= levels - 1) {
		u32 scanned = 0;

		list_for_each_entry(t, &from->level[__builtin_ctz(levels)], sched.run_link) {
			if (cpu_set_test(&t->sched.affinity, cpu))
				return t;
			if (++scanned == SCAN_MAX)
				break;
		}
	}
	return NULL;
}

bool steal_thread(run_queue_t *rq, u32 excess, nsec_t now)
{
	run_queue_t *from = busiest(rq, excess);
	nsec_t since;
	thread_t *t;

	if (!from || !spin_trylock(&from->lock))
		return false;
	t = find_movable(from, rq->cpu);
	if (t) {
		since = t->sched.queued_since;
		rq_dequeue(from, t);
		WRITE_ONCE(t->sched.cpu, rq->cpu); /* both locks held */
		rq_enqueue(rq, t, false, now);
		t->sched.queued_since = since;
		t->sched.stolen++;
	}
	spin_unlock(&from->lock);
	return t != NULL;
}

void kick_idle_cpu(run_queue_t *rq)
{
	u64 idle = READ_ONCE(sched_idle_cpus.bits[0]);

	for (; idle; idle &= idle - 1) {
		u32 cpu = (u32)__builtin_ctzl(idle);

		if (find_movable(rq, cpu)) {
			smp_send_reschedule(
				cpu); /* its idle loop looks for threads after every interrupt */
			return;
		}
	}
}
