/*
 * Condition variables with priority inheritance: FUTEX_WAIT_REQUEUE_PI sleeps on one word and is
 * moved by FUTEX_CMP_REQUEUE_PI to a priority-inheriting futex, as whose owner it returns. The two
 * go together: neither works with the plain operations, and the waiter names its goal beforehand.
 */
#include "pi_internal.h"

#include <arch/uaccess.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/errno.h>

long futex_wait_requeue_pi(u32 __user *uaddr, bool shared, u32 val, nsec_t deadline, u32 bitset,
			   u32 __user *uaddr2)
{
	futex_key_t key, goal;
	futex_waiter_t w = { .bitset = bitset, .thread = current(), .requeue_key = &goal };
	bool expired;
	int r;

	if (uaddr == uaddr2 || !bitset)
		return -EINVAL;
	r = futex_two_keys(uaddr2, uaddr, shared, &goal, &key);
	if (!r && futex_key_equal(&key, &goal))
		r = -EINVAL;
	if (!r)
		r = futex_enqueue(&w, uaddr, shared, val);
	if (r)
		return r;
	expired = pi_sleep(&w, deadline);
	if (futex_dequeue(&w))
		return expired ? -ETIMEDOUT : -ERESTARTNOINTR;
	r = pi_finish(&w, uaddr2, expired);
	/* It cannot go on from where it began: libc takes the mutex by itself. */
	return r == -EINTR ? -EAGAIN : r;
}

/* ---- moving; both buckets locked ---- */

/* 0: w has been moved or owns the goal. */
static int move(futex_waiter_t *w, const futex_key_t *goal, u32 __user *uaddr2, bool mark_waiters,
		futex_pi_t **spare)
{
	futex_bucket_t *from = w->bucket, *to = futex_bucket(goal);
	futex_pi_t *pi;
	int r;

	if (!w->requeue_key || !futex_key_equal(w->requeue_key, goal))
		return -EINVAL;
	r = pi_claim(to, goal, uaddr2, w->thread, mark_waiters, spare, &pi);
	if (r < 0)
		return r;
	list_del(&w->link);
	if (r) {
		w->key = *goal;
		WRITE_ONCE(w->bucket, to);
		smp_store_release(&w->state, WAITER_GRANTED);
		wake_up_thread(w->thread, THREAD_INTERRUPTIBLE);
		return 0;
	}
	r = pi_join(pi, to, w);
	if (r) {
		futex_queue(w, from);
		pi_discard_if_idle(pi);
	}
	return r;
}

/* Up to max of the key's waiters; *done counts on. */
static int move_all(const futex_key_t *key, const futex_key_t *goal, u32 __user *uaddr2, long max,
		    long *done, futex_pi_t **spare)
{
	futex_bucket_t *from = futex_bucket(key);
	futex_waiter_t *w, *next;
	int r = 0;

	if (futex_has_pi(from, key))
		return -EINVAL;
	list_for_each_entry_safe(w, next, &from->waiters, link) {
		if (!futex_key_equal(&w->key, key))
			continue;
		if (*done >= max)
			break;
		r = move(w, goal, uaddr2, max > 1, spare);
		if (r)
			break;
		++*done;
	}
	return r;
}

long futex_requeue_pi(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int wake, int requeue,
		      u32 expected)
{
	futex_key_t key, goal;
	futex_pi_t *spare = NULL;
	u32 goal_word;
	long done = 0;
	int r;

	if (uaddr == uaddr2 || wake != 1 || requeue < 0)
		return -EINVAL;
	do {
		/* Each round may need one: what the last one made may have gone by now. */
		if (!spare)
			spare = pi_alloc();
		r = -ENOMEM;
		if (!spare)
			break;
		r = futex_two_keys(uaddr, uaddr2, shared, &key, &goal);
		if (!r && futex_key_equal(&key, &goal))
			r = -EINVAL;
		if (r)
			break;
		spin_lock_two(&futex_bucket(&key)->lock, &futex_bucket(&goal)->lock);
		r = futex_check_word(uaddr, expected);
		if (!r)
			r = get_user_u32_resident(&goal_word, uaddr2); /* also when nobody waits */
		if (!r)
			r = move_all(&key, &goal, uaddr2, wake + (long)requeue, &done, &spare);
		spin_unlock_two(&futex_bucket(&key)->lock, &futex_bucket(&goal)->lock);
	} while (r == PI_AGAIN || (r == -EFAULT && !fault_in_writeable(uaddr2, sizeof(u32)) &&
				   !fault_in_readable(uaddr, sizeof(u32))));
	kfree(spare);
	return r && !done ? r : r == -EDEADLK ? r : done;
}
