/*
 * Sleeping on a wait queue until it is woken or a time has passed, as the API document has it.
 */
#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>
#include <uapi/errno.h>

static int __sched sleep_once(wait_queue_head_t *wq, u32 state, nsec_t deadline)
{
	wait_queue_entry_t entry;
	int r;

	might_sleep();
	init_wait_entry(&entry, 0);
	r = prepare_to_wait(wq, &entry, state);
	if (!r && schedule_deadline(deadline))
		r = -ETIMEDOUT;
	finish_wait(wq, &entry);
	if (!r && signal_pending_state(state, current()))
		r = -ERESTARTSYS;
	return r;
}

int __sched sleep_on(wait_queue_head_t *wq)
{
	return sleep_once(wq, THREAD_INTERRUPTIBLE, NSEC_MAX);
}

int __sched sleep_on_timeout(wait_queue_head_t *wq, uint64_t timeout)
{
	nsec_t now = clock_monotonic();

	return sleep_once(wq, THREAD_INTERRUPTIBLE,
			  timeout > (u64)(NSEC_MAX - now) ? NSEC_MAX : now + (nsec_t)timeout);
}

void __sched sleep_on_condition(wait_queue_head_t *wq, condition_t condition)
{
	wait_event(wq, condition.test(condition.arg));
}
