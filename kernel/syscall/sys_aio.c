/*
 * Asynchronous input and output: io_setup(2) and its kin.
 */
#include <arch/uaccess.h>
#include <ipc/aio.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

#include "wait_calls.h"

long sys_io_setup(u32 events, u64 __user *unumber)
{
	aio_context_t *ctx;
	u64 number;
	long r;

	if (get_user_u64(&number, unumber))
		return -EFAULT;
	if (number)
		return -EINVAL;
	r = aio_create(events);
	if (r < 0)
		return r;
	if (!put_user_u64((u64)r, unumber))
		return 0;
	ctx = aio_find((unsigned long)r);
	if (ctx) {
		aio_destroy(ctx);
		aio_put(ctx);
	}
	return -EFAULT;
}

long sys_io_destroy(unsigned long number)
{
	aio_context_t *ctx = aio_find(number);
	long r;

	if (!ctx)
		return -EINVAL;
	r = aio_destroy(ctx);
	aio_put(ctx);
	return r;
}

static int submit_one(aio_context_t *ctx, struct iocb __user *const __user *at)
{
	struct iocb cb;
	u64 user;

	if (get_user_u64(&user, (const u64 __user *)at))
		return -EFAULT;
	if (copy_from_user(&cb, (struct iocb __user *)user, sizeof(cb)))
		return -EFAULT;
	return aio_submit(ctx, &cb, (struct iocb __user *)user);
}

long sys_io_submit(unsigned long number, long n, struct iocb __user *const __user *list)
{
	aio_context_t *ctx;
	long i = 0, r = 0;

	if (n < 0)
		return -EINVAL;
	ctx = aio_find(number);
	if (!ctx)
		return -EINVAL;
	n = MIN(n, (long)aio_room(ctx));
	for (; i < n; i++) {
		r = submit_one(ctx, &list[i]);
		if (r)
			break;
	}
	aio_put(ctx);
	return i ? i : r;
}

long sys_io_cancel(unsigned long number, struct iocb __user *user, struct io_event __user *result)
{
	aio_context_t *ctx;
	u32 key;
	long r;

	if (get_user_u32(&key, &user->aio_key))
		return -EFAULT;
	if (key != KIOCB_KEY)
		return -EINVAL;
	ctx = aio_find(number);
	if (!ctx)
		return -EINVAL;
	r = aio_cancel(ctx, user);
	aio_put(ctx);
	return r;
}

static long get_events(unsigned long number, long min, long n, struct io_event __user *events,
		       nsec_t deadline)
{
	aio_context_t *ctx = aio_find(number);
	long r = -EINVAL;

	if (!ctx)
		return r;
	if (min >= 0 && min <= n)
		r = aio_get_events(ctx, min, n, events, deadline);
	aio_put(ctx);
	return r;
}

/* A time that is no time ends at once, as on Linux. 0 or -EFAULT. */
static int deadline_get(const struct timespec __user *timeout, nsec_t *deadline)
{
	struct timespec ts;
	nsec_t ns;

	*deadline = NSEC_MAX;
	if (!timeout)
		return 0;
	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	ns = timespec_valid(&ts) ? timespec_to_ns(&ts) : 0;
	*deadline = wait_deadline_in(ns);
	return 0;
}

long sys_io_getevents(unsigned long number, long min, long n, struct io_event __user *events,
		      const struct timespec __user *timeout)
{
	nsec_t deadline;
	int r = deadline_get(timeout, &deadline);

	return r ? r : get_events(number, min, n, events, deadline);
}

/* What io_pgetevents(2) points to: a mask and its size. */
struct aio_sigset {
	const u64 __user *mask;
	size_t size;
};

long sys_io_pgetevents(unsigned long number, long min, long n, struct io_event __user *events,
		       const struct timespec __user *timeout, const struct aio_sigset __user *usig)
{
	struct aio_sigset sig = { 0 };
	nsec_t deadline;
	long r = deadline_get(timeout, &deadline);

	if (r)
		return r;
	if (usig && copy_from_user(&sig, usig, sizeof(sig)))
		return -EFAULT;
	r = wait_mask_set(sig.mask, sig.size);
	if (r)
		return r;
	r = get_events(number, min, n, events, deadline);
	wait_mask_restore(sig.mask, r == -EINTR);
	return r;
}
