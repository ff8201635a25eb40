/*
 * Sleepers that are served: of System V IPC and of POSIX message queues.
 *
 * A waiter is on the stack of who sleeps and in a list of the object that it waits for. Whoever can serve it does so,
 * takes it off and sets the status (ipc_finish), after which the waiter may be gone. All of this under
 * the object's lock; the status is read without it.
 *
 *	ipc_waiter_init(&w.wait);			lock held
 *	list_add_tail(&w.wait.link, &object->waiters);
 *	unlock; r = ipc_sleep(&w.wait, deadline);
 *	if (r == -EINTR || r == -EAGAIN)		nobody did it yet
 *		r = ipc_give_up(&object->lock, &w.wait, r);
 */
#ifndef IPC_WAITER_H
#define IPC_WAITER_H

#include <kernel/lib/list.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>

#define IPC_WAITING 1 /* the status before; no errno */

typedef struct ipc_waiter {
	list_t link;	  /* object's lock */
	thread_t *thread; /* (c) */
	int status;	  /* object's lock to set; read with acquire */
} ipc_waiter_t;

void ipc_waiter_init(ipc_waiter_t *w);
void ipc_finish(ipc_waiter_t *w, int status); /* object locked */
/* Sleeps until the status is set (it is returned), a signal (-EINTR) or the deadline (-EAGAIN). */
int ipc_sleep(ipc_waiter_t *w, nsec_t deadline);
/*
 * The status, if there is one by now, or the reason, and w is off its list. The object may have been freed after its
 * waiters were finished, if it is freed by RCU: its lock is taken only when w says that it still waits.
 */
int ipc_give_up(spinlock_t *lock, ipc_waiter_t *w, int reason);

#endif
