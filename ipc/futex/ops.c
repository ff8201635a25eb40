/*
 * The operations on two words, and futex(2)'s dispatch.
 */
#include "futex_internal.h"

#include <arch/uaccess.h>
#include <uapi/errno.h>

int futex_two_keys(u32 __user *uaddr, u32 __user *uaddr2, bool shared, futex_key_t *key,
		   futex_key_t *key2)
{
	int r = futex_get_key(uaddr, shared, key);

	return r ? r : futex_get_key(uaddr2, shared, key2);
}

static void move_waiter(futex_waiter_t *w, const futex_key_t *key, futex_bucket_t *to)
{
	w->key = *key;
	if (w->bucket == to)
		return;
	list_del(&w->link);
	futex_queue(w, to);
}

/* Both buckets locked. How many were woken or moved. */
static long requeue_locked(const futex_key_t *key, const futex_key_t *key2, int wake, int requeue)
{
	futex_bucket_t *from = futex_bucket(key), *to = futex_bucket(key2);
	futex_waiter_t *w, *next;
	long done = 0;

	if (futex_has_pi(from, key))
		return -EINVAL;
	list_for_each_entry_safe(w, next, &from->waiters, link) {
		if (!futex_key_equal(&w->key, key))
			continue;
		if (!futex_is_plain(w))
			return -EINVAL;
		if (done < wake)
			futex_wake_waiter(w);
		else if (done - wake < requeue)
			move_waiter(w, key2, to);
		else
			break;
		done++;
	}
	return done;
}

int futex_check_word(u32 __user *uaddr, u32 expected)
{
	u32 now;
	int r = get_user_u32_resident(&now, uaddr);

	return r ? r : now != expected ? -EAGAIN : 0;
}

long futex_requeue(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int wake, int requeue,
		   const u32 *expected)
{
	if (wake < 0 || requeue < 0)
		return -EINVAL;
	for (;;) {
		futex_key_t key, key2;
		long r = futex_two_keys(uaddr, uaddr2, shared, &key, &key2);
		u32 now;

		if (r)
			return r;
		spin_lock_two(&futex_bucket(&key)->lock, &futex_bucket(&key2)->lock);
		if (expected)
			r = futex_check_word(uaddr, *expected);
		if (!r)
			r = requeue_locked(&key, &key2, wake, requeue);
		spin_unlock_two(&futex_bucket(&key)->lock, &futex_bucket(&key2)->lock);
		if (r != -EFAULT)
			return r;
		if (get_user_u32(&now, uaddr))
			return -EFAULT;
	}
}

/* ---- FUTEX_WAKE_OP: op | cmp | oparg | cmparg in 4, 4, 12, 12 bits ---- */

static s32 sign_extend_12(u32 v)
{
	return (s32)(v << 20) >> 20;
}

static int apply(u32 op, u32 old, u32 *next)
{
	u32 arg = (u32)sign_extend_12(op >> 12), kind = (op >> 28) & 0xf;

	if (kind & FUTEX_OP_ARG_SHIFT)
		arg = 1u << (arg & 31);
	switch (kind & 7) {
	case FUTEX_OP_SET:
		*next = arg;
		return 0;
	case FUTEX_OP_ADD:
		*next = old + arg;
		return 0;
	case FUTEX_OP_OR:
		*next = old | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*next = old & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*next = old ^ arg;
		return 0;
	}
	return -ENOSYS;
}

static int compare(u32 op, u32 old)
{
	s32 value = (s32)old, arg = sign_extend_12(op);

	switch ((op >> 24) & 0xf) {
	case FUTEX_OP_CMP_EQ:
		return value == arg;
	case FUTEX_OP_CMP_NE:
		return value != arg;
	case FUTEX_OP_CMP_LT:
		return value < arg;
	case FUTEX_OP_CMP_LE:
		return value <= arg;
	case FUTEX_OP_CMP_GT:
		return value > arg;
	case FUTEX_OP_CMP_GE:
		return value >= arg;
	}
	return -ENOSYS;
}

/* Atomically, with page faults off: the old value. */
static int change_word(u32 __user *uaddr, u32 op, u32 *old)
{
	int r = get_user_u32(old, uaddr);

	while (!r) {
		u32 next, seen;

		r = apply(op, *old, &next);
		if (!r)
			r = cmpxchg_user_u32(uaddr, *old, next, &seen);
		if (!r && seen == *old)
			return 0;
		*old = seen;
	}
	return r;
}

static long wake_both(const futex_key_t *key, int n, const futex_key_t *key2, int n2)
{
	int r = futex_wake_queued(futex_bucket(key), key, n, FUTEX_BITSET_MATCH_ANY), r2;

	if (r < 0)
		return r;
	r2 = futex_wake_queued(futex_bucket(key2), key2, n2, FUTEX_BITSET_MATCH_ANY);
	return r2 < 0 ? r2 : r + r2;
}

long futex_wake_op(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int n, int n2, u32 op)
{
	for (;;) {
		futex_key_t key, key2;
		long r = futex_two_keys(uaddr, uaddr2, shared, &key, &key2);
		u32 old;

		if (r)
			return r;
		spin_lock_two(&futex_bucket(&key)->lock, &futex_bucket(&key2)->lock);
		pagefault_disable();
		r = change_word(uaddr2, op, &old);
		pagefault_enable();
		if (!r) {
			r = compare(op, old);
			if (r > 0)
				r = wake_both(&key, n, &key2, n2);
			else if (!r)
				r = futex_wake_queued(futex_bucket(&key), &key, n,
						      FUTEX_BITSET_MATCH_ANY);
		}
		spin_unlock_two(&futex_bucket(&key)->lock, &futex_bucket(&key2)->lock);
		if (r != -EFAULT)
			return r;
		if (fault_in_writeable(uaddr2, sizeof(u32)))
			return -EFAULT;
	}
}

static __noinline long cmp_requeue(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int wake,
				   int requeue, u32 expected)
{
	return futex_requeue(uaddr, uaddr2, shared, wake, requeue, &expected);
}

long do_futex(u32 __user *uaddr, int op, u32 val, nsec_t until, u32 __user *uaddr2, u32 val3)
{
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	int command = op & FUTEX_CMD_MASK, val2 = (int)until;

	if (unlikely(op & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT_BITSET &&
	    command != FUTEX_WAIT_REQUEUE_PI && command != FUTEX_LOCK_PI2)
		return -ENOSYS;
	/* The two that are called all the time. */
	if (command == FUTEX_WAKE)
		return futex_wake(uaddr, shared, (int)val, FUTEX_BITSET_MATCH_ANY);
	if (command == FUTEX_WAIT)
		return futex_wait(uaddr, shared, val, until, FUTEX_BITSET_MATCH_ANY);
	switch (command) {
	case FUTEX_WAIT_BITSET:
		return futex_wait(uaddr, shared, val, until, val3);
	case FUTEX_WAKE_BITSET:
		return futex_wake(uaddr, shared, (int)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(uaddr, uaddr2, shared, (int)val, val2, NULL);
	case FUTEX_CMP_REQUEUE:
		return cmp_requeue(uaddr, uaddr2, shared, (int)val, val2, val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, uaddr2, shared, (int)val, val2, val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(uaddr, shared, until, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(uaddr, shared, NSEC_MAX, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(uaddr, shared);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_wait_requeue_pi(uaddr, shared, val, until, FUTEX_BITSET_MATCH_ANY,
					     uaddr2);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_requeue_pi(uaddr, uaddr2, shared, (int)val, val2, val3);
	}
	return -ENOSYS;
}
