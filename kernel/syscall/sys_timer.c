/*
 * POSIX timers: timer_create(2) and its kin.
 */
#include <arch/uaccess.h>
#include <kernel/posix_timers.h>
#include <kernel/time/convert.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/time.h>

long sys_timer_create(int clock, struct sigevent __user *uevent, int __user *uid)
{
	struct sigevent event;
	int id;

	if (uevent && copy_from_user(&event, uevent, sizeof(event)))
		return -EFAULT;
	id = posix_timer_create(clock, uevent ? &event : NULL);
	if (id < 0)
		return id;
	if (put_user_u32((u32)id, (u32 __user *)uid)) {
		posix_timer_delete(id);
		return -EFAULT;
	}
	return 0;
}

static int put_setting(timer_setting_t s, struct itimerspec __user *to)
{
	struct itimerspec v = { ns_to_timespec(s.interval), ns_to_timespec(s.value) };

	return copy_to_user(to, &v, sizeof(v)) ? -EFAULT : 0;
}

long sys_timer_settime(int id, int flags, const struct itimerspec __user *value,
		       struct itimerspec __user *old)
{
	timer_setting_t next, was;
	struct itimerspec v;
	int r;

	if (!value)
		return -EINVAL;
	if (copy_from_user(&v, value, sizeof(v)))
		return -EFAULT;
	if (!timespec_valid(&v.it_value) || !timespec_valid(&v.it_interval))
		return -EINVAL;
	next = (timer_setting_t){ timespec_to_ns(&v.it_value), timespec_to_ns(&v.it_interval) };
	r = posix_timer_set(id, flags & TIMER_ABSTIME, next, &was);
	return r || !old ? r : put_setting(was, old);
}

long sys_timer_gettime(int id, struct itimerspec __user *value)
{
	timer_setting_t s;
	int r = posix_timer_get(id, &s);

	return r ? r : put_setting(s, value);
}

long sys_timer_getoverrun(int id)
{
	return posix_timer_overrun(id);
}

long sys_timer_delete(int id)
{
	return posix_timer_delete(id);
}
