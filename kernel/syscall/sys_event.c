/*
 * eventfd(2), timerfd_create(2), signalfd(2).
 */
#include <arch/uaccess.h>
#include <ipc/eventfd.h>
#include <ipc/timerfd.h>
#include <kernel/time/convert.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/eventpoll.h>
#include <uapi/timerfd.h>

long sys_eventfd2(u32 count, int flags)
{
	return fd_give(eventfd_create(count, flags), flags & EFD_CLOEXEC);
}

long sys_eventfd(u32 count)
{
	return sys_eventfd2(count, 0);
}

/* ---- timers ---- */

long sys_timerfd_create(int clock, int flags)
{
	return fd_give(timerfd_create_file(clock, flags), flags & TFD_CLOEXEC);
}

static int put_setting(struct itimerspec __user *to, timerfd_setting_t s)
{
	struct itimerspec out = { .it_value = ns_to_timespec(s.value),
				  .it_interval = ns_to_timespec(s.interval) };

	return copy_to_user(to, &out, sizeof(out)) ? -EFAULT : 0;
}

long sys_timerfd_settime(int fd, int flags, const struct itimerspec __user *uvalue,
			 struct itimerspec __user *uold)
{
	timerfd_setting_t next, old;
	struct itimerspec value;
	fd_light_t l;
	long r;

	if (copy_from_user(&value, uvalue, sizeof(value)))
		return -EFAULT;
	if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
	    !timespec_valid(&value.it_value) || !timespec_valid(&value.it_interval))
		return -EINVAL;
	next.value = timespec_to_ns(&value.it_value);
	next.interval = timespec_to_ns(&value.it_interval);
	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	r = timerfd_set(l.file, flags, next, &old);
	fd_put_light(l);
	if (!r && uold)
		r = put_setting(uold, old);
	return r;
}

long sys_timerfd_gettime(int fd, struct itimerspec __user *uvalue)
{
	fd_light_t l = fd_get_light(fd);
	timerfd_setting_t now;
	long r;

	if (!l.file)
		return -EBADF;
	r = timerfd_get(l.file, &now);
	fd_put_light(l);
	return r ? r : put_setting(uvalue, now);
}

/* ---- signals ---- */

long sys_signalfd4(int fd, const u64 __user *uset, size_t size, int flags)
{
	fd_light_t l;
	u64 set;
	long r;

	if (size != sizeof(set))
		return -EINVAL;
	if (get_user_u64(&set, uset))
		return -EFAULT;
	if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
		return -EINVAL;
	set &= ~SIG_KERNEL_ONLY_MASK;
	if (fd == -1)
		return fd_give(signalfd_create_file(set, flags), flags & SFD_CLOEXEC);
	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	r = signalfd_set(l.file, set);
	fd_put_light(l);
	return r ? r : fd;
}

long sys_signalfd(int fd, const u64 __user *set, size_t size)
{
	return sys_signalfd4(fd, set, size, 0);
}
