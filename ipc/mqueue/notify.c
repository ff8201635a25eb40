/*
 * mq_notify(3): one process is told, once, that a message came to an empty queue while nobody waited for one.
 */
#include "mqueue_internal.h"

#include <kernel/signal.h>
#include <uapi/errno.h>

void mqueue_forget(mqueue_t *q)
{
	if (!q->notified)
		return;
	pid_put(q->notified);
	q->notified = NULL;
}

void mqueue_tell(mqueue_t *q)
{
	process_t *p;
	siginfo_t info;

	if (!q->notified)
		return;
	if (q->event.sigev_notify == SIGEV_SIGNAL && q->event.sigev_signo) {
		siginfo_init(&info, q->event.sigev_signo, SI_MESGQ);
		info.rt.pid = current_process()->pid;
		info.rt.uid = current_cred()->uid;
		info.rt.value = q->event.sigev_value;
		rcu_read_lock();
		p = rcu_dereference(q->notified->process);
		if (p)
			send_signal_process(p, q->event.sigev_signo, &info);
		rcu_read_unlock();
	}
	mqueue_forget(q);
}

static bool is_mine(const mqueue_t *q)
{
	return q->notified == current_process()->pid_obj;
}

int mqueue_flush(file_t *f)
{
	mqueue_t *q = mqueue_of(f->node);

	spin_lock(&q->lock);
	if (is_mine(q))
		mqueue_forget(q);
	spin_unlock(&q->lock);
	return 0;
}

int mqueue_notify(file_t *f, const struct sigevent *event)
{
	mqueue_t *q;
	int r = 0;

	if (!is_mqueue(f))
		return -EBADF;
	q = mqueue_of(f->node);
	spin_lock(&q->lock);
	if (!event) {
		if (is_mine(q))
			mqueue_forget(q);
	} else if (q->notified) {
		r = -EBUSY;
	} else {
		q->event = *event;
		q->notified = pid_get(current_process()->pid_obj);
	}
	spin_unlock(&q->lock);
	return r;
}
