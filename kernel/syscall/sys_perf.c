/* perf_event_open(2). */
#include <arch/uaccess.h>
#include <fs/vfs.h>
#include <kernel/perf.h>
#include <mm/page.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/perf_event.h>

/* A structure of another version than ours: what we do not know must be zero; or its size is told. */
static int copy_attr(struct perf_event_attr *attr, struct perf_event_attr __user *from)
{
	u32 size;

	if (get_user_u32(&size, (const u32 __user *)from + 1))
		return -EFAULT;
	if (!size)
		size = PERF_ATTR_SIZE_VER0;
	if (size < PERF_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		goto too_big;
	for (u32 i = sizeof(*attr); i < size; i++) {
		u8 byte;

		if (get_user_u8(&byte, (const u8 __user *)from + i))
			return -EFAULT;
		if (byte)
			goto too_big;
	}
	if (copy_from_user(attr, from, MIN(size, (u32)sizeof(*attr))))
		return -EFAULT;
	attr->size = size;
	return 0;

too_big:
	return put_user_u32(sizeof(*attr), (u32 __user *)from + 1) ? -EFAULT : -E2BIG;
}

long sys_perf_event_open(struct perf_event_attr __user *uattr, pid_t pid, int cpu, int group,
			 unsigned long flags)
{
	struct perf_event_attr attr = { 0 };
	int r;

	if (flags & ~(unsigned long)PERF_FLAG_ALL)
		return -EINVAL;
	r = copy_attr(&attr, uattr);
	if (r)
		return r;
	return fd_give(perf_event_create(&attr, pid, cpu, group, (u32)flags),
		       flags & PERF_FLAG_FD_CLOEXEC);
}
