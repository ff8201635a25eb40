/*
 * Sleepers that are served (waiter.h).
 */
#include "waiter.h"

#include <kernel/signal.h>
#include <uapi/errno.h>

void ipc_waiter_init(ipc_waiter_t *w)
{
	w->thread = current();
	w->status = IPC_WAITING;
}

void ipc_finish(ipc_waiter_t *w, int status)
{
	thread_t *t = w->thread;

	list_del(&w->link);
	rcu_read_lock(); /* threads are freed by RCU: it may end as soon as it sees the status */
	smp_store_release(&w->status, status);
	wake_up_thread(t, THREAD_INTERRUPTIBLE);
	rcu_read_unlock();
}

int __sched ipc_sleep(ipc_waiter_t *w, nsec_t deadline)
{
	int status;

	for (;;) {
		set_current_state(THREAD_INTERRUPTIBLE);
		status = smp_load_acquire(&w->status);
		if (status != IPC_WAITING)
			break;
		if (signal_pending(current())) {
			status = -EINTR;
			break;
		}
		if (schedule_deadline(deadline)) {
			status = -EAGAIN;
			break;
		}
	}
	set_current_state(THREAD_RUNNING);
	return status;
}

int ipc_give_up(spinlock_t *lock, ipc_waiter_t *w, int reason)
{
	int status;

	rcu_read_lock();
	status = smp_load_acquire(&w->status);
	if (status == IPC_WAITING) {
		spin_lock(lock);
		status = w->status;
		if (status == IPC_WAITING) {
			list_del(&w->link);
			status = reason;
		}
		spin_unlock(lock);
	}
	rcu_read_unlock();
	return status;
}
