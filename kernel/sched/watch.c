/*
 * Detectors of debug builds: a CPU that was asked to reschedule and does not (a loop with
 * preemption off), and a thread that sleeps uninterruptibly for minutes. Both report once per case
 * and go on; `panic_on_warn` ends there.
 */
#ifdef CONFIG_DEBUG
#include "sched_internal.h"

#include <kernel/printk.h>
#include <kernel/process.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

#define LOCKUP_TIME (20 * NSEC_PER_SEC)
#define HUNG_TIME (120 * NSEC_PER_SEC)
#define HUNG_PERIOD (30 * NSEC_PER_SEC)
#define REPORTS_MAX 10
#define BACKTRACE_MAX 16

static timer_t hung_timer;
static u32 reports; /* atomic */

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

static void report(thread_t *t, nsec_t slept)
{
	unsigned long ips[BACKTRACE_MAX], offset;
	int n = arch_backtrace(t, ips, BACKTRACE_MAX);

	printk(KERN_ERR "hung: thread %d (%s) has slept for %ld s\n", t->tid, t->name,
	       slept / NSEC_PER_SEC);
	for (int i = 0; i < n; i++) {
		const char *name = symbol_lookup(ips[i], &offset);

		printk(KERN_ERR "  [%016lx] %s+0x%lx\n", ips[i], name ? name : "?",
		       name ? offset : 0);
	}
}

static void check_process(process_t *p, nsec_t now)
{
	unsigned long flags;
	thread_t *t;

	if (!process_lock_sighand(p, &flags))
		return;
	list_for_each_entry(t, &p->threads, process_link) {
		nsec_t slept = now - READ_ONCE(t->sleep_start);

		if (READ_ONCE(t->state) != THREAD_UNINTERRUPTIBLE || slept < HUNG_TIME ||
		    slept > HUNG_TIME + HUNG_PERIOD)
			continue;
		if (__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED) < REPORTS_MAX)
			report(t, slept);
	}
	process_unlock_sighand(p, flags);
}

static void check_all(timer_t *timer, void *data)
{
	nsec_t now = clock_monotonic();
	process_t *p;

	rcu_read_lock();
	check_process(&kernel_process, now);
	list_for_each_entry_rcu(p, &all_processes, all_link)
		check_process(p, now);
	rcu_read_unlock();
	mod_timer(timer, (u64)(now + HUNG_PERIOD));
}

void watch_init(void)
{
	timer_init(&hung_timer, check_all, NULL);
	mod_timer(&hung_timer, (u64)(clock_monotonic() + HUNG_PERIOD));
}
#else
#include <kernel/types.h>
#endif
