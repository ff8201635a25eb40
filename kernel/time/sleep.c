/*
 * Sleeping for a time.
 */
#include <arch/time.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

/* Below this a sleep costs more than it gives away. */
#define SPIN_BELOW (5 * NSEC_PER_USEC)

static void wake_sleeper(timer_t *timer, void *data)
{
	wake_up_thread(data, THREAD_SLEEPING);
}

/* The timer is on this stack, and deleted before the frame goes. */
static bool __sched schedule_monotonic(nsec_t deadline)
{
	timer_t timer;

	if (clock_monotonic() >= deadline) {
		set_current_state(THREAD_RUNNING);
		return true;
	}
	timer_init_flags(&timer, wake_sleeper, current(), TIMER_HARDIRQ);
	mod_timer(&timer, (u64)deadline);
	schedule();
	del_timer(&timer);
	return clock_monotonic() >= deadline;
}

/* Who sets the clock wakes the sleeper, whose caller comes back with the same deadline. */
static bool __sched schedule_realtime(nsec_t when)
{
	wait_queue_entry_t entry;

	init_wait_entry(&entry, 0);
	add_wait_queue(&clock_set_wait, &entry);
	schedule_monotonic(when - clock_realtime_offset());
	remove_wait_queue(&clock_set_wait, &entry);
	return clock_realtime() >= when;
}

bool __sched schedule_deadline(s64 deadline)
{
	if (deadline == NSEC_MAX) {
		schedule();
		return false;
	}
	return deadline < 0 ? schedule_realtime(REALTIME_DEADLINE(deadline))
			    : schedule_monotonic(deadline);
}

int __sched sleep_until_monotonic(nsec_t when)
{
	might_sleep();
	for (;;) {
		set_current_state(THREAD_INTERRUPTIBLE);
		if (signal_pending(current())) {
			set_current_state(THREAD_RUNNING);
			return -ERESTARTSYS;
		}
		if (schedule_deadline(when))
			return 0;
	}
}

static nsec_t wall_offset(bool tai)
{
	return clock_realtime_offset() + (tai ? clock_tai_offset() : 0);
}

int __sched sleep_until_wall(nsec_t when, bool tai)
{
	for (;;) {
		nsec_t offset = wall_offset(tai);
		int r = wait_event_deadline(&clock_set_wait, wall_offset(tai) != offset,
					    THREAD_INTERRUPTIBLE,
					    when == NSEC_MAX ? NSEC_MAX : MAX(when - offset, 0L));

		if (r)
			return r == -ETIMEDOUT ? 0 : r;
	}
}

static void sleep_until(nsec_t deadline)
{
	might_sleep();
	do
		set_current_state(THREAD_UNINTERRUPTIBLE);
	while (!schedule_deadline(deadline));
}

void msleep(uint32_t msecs)
{
	sleep_until(clock_monotonic() + msecs * NSEC_PER_MSEC);
}

void usleep(uint32_t usecs)
{
	if (usecs * NSEC_PER_USEC < SPIN_BELOW)
		arch_delay_ns(usecs * NSEC_PER_USEC);
	else
		sleep_until(clock_monotonic() + usecs * NSEC_PER_USEC);
}

void sched_set_slack(thread_t *t, u64 ns)
{
	u8 policy = READ_ONCE(t->sched.policy);

	if (policy == SCHED_FIFO || policy == SCHED_RR)
		ns = 0;
	else if (!ns)
		ns = READ_ONCE(t->default_slack_ns);
	WRITE_ONCE(t->timer_slack_ns, ns);
}
