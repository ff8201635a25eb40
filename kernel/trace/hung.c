/*
 * Threads that hang: a kernel thread looks now and then for those which sleep uninterruptibly for longer than they should
 * (Linux, Documentation/admin-guide/sysctl/kernel.rst, hung_task_*). Each is reported with a backtrace. One that begins to
 * hang just after a look is found by the one after the next at the latest.
 */
#include <fs/procfs.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <kernel/softirq.h>
#include <kernel/sync/wait.h>
#include <kernel/sysrq.h>
#include <kernel/time/clock.h>

#define LOOKED_AT_MOST (4 << 20) /* the highest number that a thread can have */
#define SECONDS_MAX (NSEC_MAX / NSEC_PER_SEC / 2)

static u64 timeout_seconds = 120, interval_seconds; /* no interval: as long as the timeout */
static int looked_at_most = LOOKED_AT_MOST;	    /* threads in one look */
static int reports_left = 10;			    /* -1: as many as there are */
static int panics, shows_cpus;

static u32 settings; /* atomic: rises as the times change */
static wait_queue_head_t settings_wait = WAIT_QUEUE_INIT(settings_wait);

/* Whether there was a report. */
static bool report(thread_t *t, nsec_t slept)
{
	int left = READ_ONCE(reports_left);

	if (!left)
		return false;
	if (left > 0)
		WRITE_ONCE(reports_left, left - 1);
	printk(KERN_ERR "hung: thread %d (%s) has slept for %ld s\n", t->tid, t->name,
	       slept / NSEC_PER_SEC);
	sysrq_print_thread(t);
	return true;
}

static void look(nsec_t limit)
{
	bool hangs = false, reported = false;
	int left = READ_ONCE(looked_at_most);
	pid_t nr = 1;
	thread_t *t;

	for (; left-- && (t = thread_next(&nr)); nr++) {
		nsec_t slept = 0;

		if (READ_ONCE(t->state) == THREAD_UNINTERRUPTIBLE)
			slept = sched_slept(t, THREAD_UNINTERRUPTIBLE);
		if (slept >= limit) {
			hangs = true;
			reported |= report(t, slept);
		}
		thread_put(t);
	}
	if (reported && READ_ONCE(shows_cpus))
		smp_print_all();
	if (hangs && READ_ONCE(panics))
		panic("Threads hang");
}

static void watch(void *arg)
{
	nsec_t last = clock_monotonic();

	for (;;) {
		u32 seen = __atomic_load_n(&settings, __ATOMIC_ACQUIRE);
		nsec_t limit = (nsec_t)READ_ONCE(timeout_seconds) * NSEC_PER_SEC;
		nsec_t every = (nsec_t)READ_ONCE(interval_seconds) * NSEC_PER_SEC;

		every = every && every < limit ? every : limit;
		if (wait_event_deadline(&settings_wait, READ_ONCE(settings) != seen,
					THREAD_INTERRUPTIBLE,
					every ? last + every : NSEC_MAX) != -ETIMEDOUT)
			continue;
		look(limit);
		last = clock_monotonic();
	}
}

static int set_seconds(u64 *what, u64 seconds)
{
	WRITE_ONCE(*what, seconds);
	__atomic_add_fetch(&settings, 1, __ATOMIC_RELEASE);
	wake_up_all(&settings_wait);
	return 0;
}

static int set_timeout(u64 seconds)
{
	return set_seconds(&timeout_seconds, seconds);
}

static int set_interval(u64 seconds)
{
	return set_seconds(&interval_seconds, seconds);
}

__init void hung_init(void)
{
	int r = 0;

	r |= proc_sysctl_changed("kernel/hung_task_timeout_secs", 0644, &timeout_seconds,
				 SECONDS_MAX, set_timeout);
	r |= proc_sysctl_changed("kernel/hung_task_check_interval_secs", 0644, &interval_seconds,
				 SECONDS_MAX, set_interval);
	r |= proc_sysctl_int("kernel/hung_task_check_count", 0644, &looked_at_most, 0, INT32_MAX);
	r |= proc_sysctl_int("kernel/hung_task_warnings", 0644, &reports_left, -1, INT32_MAX);
	r |= proc_sysctl_int("kernel/hung_task_panic", 0644, &panics, 0, 1);
	r |= proc_sysctl_int("kernel/hung_task_all_cpu_backtrace", 0644, &shows_cpus, 0, 1);
	if (r || IS_ERR(kthread_create("khungtaskd", watch, NULL)))
		panic("No memory to look for threads that hang");
}
