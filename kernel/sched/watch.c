/*
 * A detector of debug builds: a CPU that was asked to reschedule and does not (a loop with preemption
 * off). It reports once per case and goes on; `panic_on_warn` ends there. Threads that hang are
 * kernel/trace/hung.c's.
 */
#ifdef CONFIG_DEBUG
#include "sched_internal.h"

#include <kernel/printk.h>

#define LOCKUP_TIME (20 * NSEC_PER_SEC)

void watch_tick(run_queue_t *rq, nsec_t now)
{
	if (!this_cpu_read(need_resched) || rq->current == rq->idle) {
		rq->asked_since = 0;
		return;
	}
	if (!rq->asked_since) {
		rq->asked_since = now;
	} else if (now - rq->asked_since > LOCKUP_TIME) {
		rq->asked_since = now;
		printk(KERN_ERR "lock-up: CPU %u has not switched threads for %ld s\n", rq->cpu,
		       LOCKUP_TIME / NSEC_PER_SEC);
		dump_stack();
		lockdep_print_held();
	}
}
#else
#include <kernel/types.h>
#endif
