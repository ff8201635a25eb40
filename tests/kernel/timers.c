/* Timers under fire, sleeps, work items, softirqs. */
#include "kernel_tests.h"

#include <kernel/softirq.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

#define TIMERS 24
#define WORKS 10

static timer_t timers[TIMERS];
static u32 running[TIMERS]; /* atomic */
static u64 fired;

static void on_timer(timer_t *timer, void *data)
{
	u32 i = (u32)(unsigned long)data;

	kt_check(__atomic_fetch_add(&running[i], 1, __ATOMIC_SEQ_CST) == 0);
	if (__atomic_add_fetch(&fired, 1, __ATOMIC_RELAXED) & 1)
		mod_timer(timer, (u64)clock_monotonic() + 100000);
	__atomic_fetch_sub(&running[i], 1, __ATOMIC_SEQ_CST);
}

static void timer_thread(u32 number)
{
	while (!kt_stopping()) {
		u64 r = kt_random();
		u32 i = (u32)(r % TIMERS);

		if (r % 4 == 0)
			del_timer(&timers[i]);
		else
			mod_timer(&timers[i], (u64)clock_monotonic() + r % 3000000);
		if (r % 16 == 0)
			usleep((u32)(r % 500));
	}
}

void kt_timers(void)
{
	fired = 0;
	for (u32 i = 0; i < TIMERS; i++)
		timer_init_flags(&timers[i], on_timer, (void *)(unsigned long)i,
				 i % 2 ? TIMER_HARDIRQ : 0);
	kt_start("timer", timer_thread, 8);
	kt_end(800);
	for (u32 i = 0; i < TIMERS; i++) {
		del_timer(&timers[i]); /* also while it arms itself */
		kt_check(!timer_pending(&timers[i]) && !running[i]);
	}
	kt_check(fired > 100);
}

void kt_sleep(void)
{
	wait_queue_head_t never;
	nsec_t start;

	init_waitqueue_head(&never);
	for (u32 i = 0; i < 100; i++) {
		start = clock_monotonic();
		usleep(200);
		kt_check(clock_monotonic() - start >= 200 * NSEC_PER_USEC);
	}
	start = clock_monotonic();
	msleep(20);
	kt_check(clock_monotonic() - start >= 20 * NSEC_PER_MSEC);
	kt_check(sleep_on_timeout(&never, 5 * NSEC_PER_MSEC) == -ETIMEDOUT);
	kt_check(wait_event_deadline(&never, false, THREAD_UNINTERRUPTIBLE,
				     clock_monotonic() - 1) == -ETIMEDOUT);
	kt_check(wait_event_deadline(&never, true, THREAD_UNINTERRUPTIBLE, 0) == 0);
}

static work_t works[WORKS];
static u32 at_work[WORKS]; /* atomic */
static u64 worked;

static void on_work(work_t *work)
{
	u32 i = (u32)(work - works);

	kt_check(__atomic_fetch_add(&at_work[i], 1, __ATOMIC_SEQ_CST) ==
		 0); /* never beside itself */
	if (__atomic_fetch_add(&worked, 1, __ATOMIC_RELAXED) % 7 == 0)
		msleep(1);
	__atomic_fetch_sub(&at_work[i], 1, __ATOMIC_SEQ_CST);
}

static void work_thread(u32 number)
{
	while (!kt_stopping()) {
		work_t *work = &works[kt_random() % WORKS];

		schedule_work(work);
		if (kt_random() % 5 == 0)
			flush_work(work);
		if (kt_random() % 3 == 0)
			usleep(50);
	}
}

void kt_work(void)
{
	worked = 0;
	for (u32 i = 0; i < WORKS; i++)
		work_init(&works[i], on_work);
	kt_start("work", work_thread, 8);
	kt_end(800);
	for (u32 i = 0; i < WORKS; i++) {
		flush_work(&works[i]);
		kt_check(!at_work[i] && !works[i].pending);
	}
	kt_check(worked > 100);
}

static bool ran;

static void on_softirq(void)
{
	kt_check(in_interrupt() && !in_hardirq() && arch_irqs_enabled());
	WRITE_ONCE(ran, true);
}

static void wait_ran(void)
{
	for (u32 i = 0; i < 100 && !READ_ONCE(ran); i++)
		msleep(1);
	kt_check(READ_ONCE(ran));
	ran = false;
}

void kt_softirq(void)
{
	softirq_register(SOFTIRQ_NET_TX, on_softirq); /* a kind that nobody has yet */
	schedule_softirq(SOFTIRQ_NET_TX);
	kt_check(READ_ONCE(ran)); /* at once, from a thread */
	ran = false;
	local_bh_disable();
	schedule_softirq(SOFTIRQ_NET_TX);
	kt_check(!READ_ONCE(ran));
	local_bh_enable();
	kt_check(READ_ONCE(ran));
	ran = false;
	arch_irq_disable();
	schedule_softirq(SOFTIRQ_NET_TX);
	kt_check(!READ_ONCE(ran));
	arch_irq_enable();
	wait_ran();
	schedule_softirq_later(SOFTIRQ_NET_TX);
	wait_ran();
}
