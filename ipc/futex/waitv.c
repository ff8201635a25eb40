/*
 * Waiting for several futexes at once (futex_waitv(2)): a waiter for each, of one thread; the first
 * that is woken ends the wait of all.
 */
#include "futex_internal.h"

#include <arch/uaccess.h>
#include <kernel/process.h>
#include <kernel/sync/wait.h>
#include <mm/slab.h>
#include <uapi/errno.h>

/* Takes the first n off their queues: the greatest index that was woken, or -1. */
static long dequeue_all(futex_waiter_t *w, u32 n)
{
	long woken = -1;

	for (u32 i = 0; i < n; i++)
		if (!futex_dequeue(&w[i]))
			woken = i;
	return woken;
}

static bool any_woken(const futex_waiter_t *w, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (smp_load_acquire(&w[i].state) != WAITER_QUEUED)
			return true;
	return false;
}

#define ALL_QUEUED (-EBUSY)

/* Queues all (ALL_QUEUED), or none: then a woken one's index, or why not. */
static long enqueue_all(futex_waiter_t *w, const struct futex_waitv *vec, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		bool shared = !(vec[i].flags & FUTEX_PRIVATE_FLAG);
		long r = futex_enqueue(&w[i], (u32 __user *)vec[i].uaddr, shared, (u32)vec[i].val);

		if (r) {
			long woken;

			set_current_state(THREAD_RUNNING);
			woken = dequeue_all(w, i);
			return woken >= 0 ? woken : r;
		}
		/* Bringing the next word in may sleep, as someone who is awake. */
		set_current_state(THREAD_RUNNING);
	}
	return ALL_QUEUED;
}

static long wait_all(futex_waiter_t *w, const struct futex_waitv *vec, u32 n, nsec_t deadline)
{
	thread_t *t = current();
	bool expired = false;
	long r = enqueue_all(w, vec, n);

	if (r != ALL_QUEUED)
		return r;
	for (;;) {
		set_current_state(THREAD_INTERRUPTIBLE);
		if (any_woken(w, n) || signal_pending(t) || expired)
			break;
		expired = schedule_deadline(deadline);
	}
	set_current_state(THREAD_RUNNING);
	r = dequeue_all(w, n);
	if (r >= 0)
		return r;
	return expired ? -ETIMEDOUT : -ERESTARTSYS;
}

static int check(const struct futex_waitv *vec, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if ((vec[i].flags & ~(FUTEX_32 | FUTEX_PRIVATE_FLAG)) || vec[i].reserved ||
		    !(vec[i].flags & FUTEX_32))
			return -EINVAL;
	return 0;
}

long futex_wait_many(const struct futex_waitv __user *uvec, u32 n, nsec_t deadline)
{
	struct futex_waitv *vec = kmalloc(n * sizeof(*vec), GFP_KERNEL);
	futex_waiter_t *w = kzalloc(n * sizeof(*w), GFP_KERNEL);
	long r = -ENOMEM;

	if (!vec || !w)
		goto out;
	r = -EFAULT;
	if (copy_from_user(vec, uvec, n * sizeof(*vec)))
		goto out;
	r = check(vec, n);
	if (r)
		goto out;
	for (u32 i = 0; i < n; i++) {
		w[i].thread = current();
		w[i].bitset = FUTEX_BITSET_MATCH_ANY;
	}
	r = wait_all(w, vec, n, deadline);
out:
	kfree(w);
	kfree(vec);
	return r;
}
