/*
 * I/O priorities of threads (ioprio_set(2)), and threads that share one (CLONE_IO).
 *
 * A thread has its own number until it makes another that is to share it: then the number moves into an object
 * of both. As on Linux there is something to share only once a priority has been chosen. ioprio_lock guards the numbers
 * and who has which object; it is innermost.
 */
#include "proc_internal.h"

#include <uapi/errno.h>

#define IOPRIO_CLASS_SHIFT 13

typedef struct io_share {
	u32 threads; /* ioprio_lock */
	u16 ioprio;  /* ioprio_lock */
} io_share_t;

static spinlock_t ioprio_lock = SPINLOCK_INIT("ioprio");

u16 thread_ioprio(thread_t *t)
{
	unsigned long flags;
	u16 ioprio;

	spin_lock_irqsave(&ioprio_lock, &flags);
	ioprio = t->io_share ? t->io_share->ioprio : t->ioprio;
	spin_unlock_irqrestore(&ioprio_lock, flags);
	return ioprio;
}

void thread_set_ioprio(thread_t *t, u16 ioprio)
{
	unsigned long flags;

	spin_lock_irqsave(&ioprio_lock, &flags);
	if (t->io_share)
		t->io_share->ioprio = ioprio;
	else
		t->ioprio = ioprio;
	t->ioprio_chosen = true;
	spin_unlock_irqrestore(&ioprio_lock, flags);
}

int ioprio_clone(thread_t *t, bool share)
{
	thread_t *from = current();
	io_share_t *fresh = NULL;
	unsigned long flags;

	if (share && !from->io_share && READ_ONCE(from->ioprio_chosen)) {
		fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
	}
	spin_lock_irqsave(&ioprio_lock, &flags);
	if (fresh) {
		*fresh = (io_share_t){ .threads = 1, .ioprio = from->ioprio };
		from->io_share = fresh;
	}
	if (share && from->io_share) {
		t->io_share = from->io_share;
		t->io_share->threads++;
		t->ioprio_chosen = true;
	} else {
		t->ioprio = from->io_share ? from->io_share->ioprio : from->ioprio;
		t->ioprio_chosen = t->ioprio >> IOPRIO_CLASS_SHIFT;
	}
	spin_unlock_irqrestore(&ioprio_lock, flags);
	return 0;
}

void ioprio_leave(thread_t *t)
{
	io_share_t *s;
	unsigned long flags;

	spin_lock_irqsave(&ioprio_lock, &flags);
	s = t->io_share;
	if (s) {
		t->ioprio = s->ioprio;
		t->io_share = NULL;
		if (--s->threads)
			s = NULL;
	}
	spin_unlock_irqrestore(&ioprio_lock, flags);
	kfree(s);
}
