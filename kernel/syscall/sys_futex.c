/*
 * futex(2), futex_waitv(2).
 */
#include <arch/uaccess.h>
#include <ipc/futex.h>
#include <kernel/sync/wait.h>
#include <kernel/time/clock.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/futex.h>
#include <uapi/time.h>

/* FUTEX_WAIT's timeout is a length, that of others a moment of a clock, CLOCK_REALTIME by op. */
static int get_deadline(int op, const struct timespec __user *timeout, nsec_t *deadline)
{
	struct timespec ts;

	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (ts.tv_sec >= NSEC_MAX / NSEC_PER_SEC / 2)
		return 0;
	*deadline = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
		*deadline += clock_monotonic();
	else if ((op & FUTEX_CLOCK_REALTIME) || (op & FUTEX_CMD_MASK) == FUTEX_LOCK_PI)
		*deadline = REALTIME_DEADLINE(*deadline);
	return 0;
}

/* The other commands have a count in the timeout's place. */
static bool takes_timeout(int command)
{
	return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
	       command == FUTEX_LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI;
}

static __noinline long futex_until(u32 __user *uaddr, int op, u32 val,
				   const struct timespec __user *timeout, u32 __user *uaddr2,
				   u32 val3)
{
	nsec_t deadline = NSEC_MAX;
	int r = get_deadline(op, timeout, &deadline);

	return r ? r : do_futex(uaddr, op, val, deadline, uaddr2, val3);
}

long sys_futex(u32 __user *uaddr, int op, u32 val, const struct timespec __user *timeout,
	       u32 __user *uaddr2, u32 val3)
{
	if (!takes_timeout(op & FUTEX_CMD_MASK))
		return do_futex(uaddr, op, val, (u32)(unsigned long)timeout, uaddr2, val3);
	if (!timeout)
		return do_futex(uaddr, op, val, NSEC_MAX, uaddr2, val3);
	return futex_until(uaddr, op, val, timeout, uaddr2, val3);
}

long sys_futex_waitv(const struct futex_waitv __user *waiters, u32 n, u32 flags,
		     const struct timespec __user *timeout, int clock)
{
	nsec_t deadline = NSEC_MAX;
	int r;

	if (flags || !n || n > FUTEX_WAITV_MAX || !waiters)
		return -EINVAL;
	if (timeout) {
		if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
			return -EINVAL;
		r = get_deadline(FUTEX_WAIT_BITSET |
					 (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0),
				 timeout, &deadline);
		if (r)
			return r;
	}
	return futex_wait_many(waiters, n, deadline);
}
