/*
 * Robust mutexes: the list of locks that a thread holds, kept in user memory by libc, walked when
 * the thread ends (set_robust_list(2)). Nothing there can be trusted: every access may fail, and
 * the walk ends after so many.
 */
#include "futex_internal.h"

#include <arch/uaccess.h>
#include <kernel/thread.h>
#include <uapi/errno.h>

/* Next element and its priority-inheriting mark, which is bit 0 of the pointer. */
static int fetch(u64 *entry, bool *pi, u64 from)
{
	u64 value;

	if (get_user_u64(&value, (const u64 __user *)from))
		return -EFAULT;
	*entry = value & ~1UL;
	*pi = value & 1;
	return 0;
}

/* The owner of the mutex at uaddr is ending. pending: it was about to take or release it. */
static void handle_death(thread_t *t, u32 __user *uaddr, bool pi, bool pending)
{
	u32 old, seen;

	if ((unsigned long)uaddr % sizeof(u32) || get_user_u32(&old, uaddr))
		return;
	/* Released already, but whoever waits may not have been woken. */
	if (pending && !pi && !(old & FUTEX_TID_MASK)) {
		futex_wake_address(uaddr, 1);
		return;
	}
	for (;;) {
		if ((old & FUTEX_TID_MASK) != (u32)t->tid)
			return;
		if (cmpxchg_user_u32(uaddr, old, (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen))
			return;
		if (seen == old)
			break;
		old = seen;
	}
	if (!pi && (old & FUTEX_WAITERS))
		futex_wake_address(uaddr, 1);
}

static void walk_robust_list(thread_t *t)
{
	struct robust_list_head head;
	u64 start = (u64)t->robust_list, entry, pending, next;
	bool pi, pending_pi, next_pi;

	if (copy_from_user(&head, t->robust_list, sizeof(head)))
		return;
	entry = head.list.next & ~1UL;
	pi = head.list.next & 1;
	pending = head.list_op_pending & ~1UL;
	pending_pi = head.list_op_pending & 1;
	for (int i = 0; entry != start && i < ROBUST_LIST_LIMIT; i++) {
		int failed = fetch(&next, &next_pi, entry); /* before the mutex may be gone */

		if (entry != pending)
			handle_death(t, (u32 __user *)(entry + (u64)head.futex_offset), pi, false);
		if (failed)
			return;
		entry = next;
		pi = next_pi;
	}
	if (pending)
		handle_death(t, (u32 __user *)(pending + (u64)head.futex_offset), pending_pi, true);
}

void futex_leave(thread_t *t)
{
	if (t->robust_list) {
		walk_robust_list(t);
		t->robust_list = NULL;
	}
	futex_close_pi(t);
}
