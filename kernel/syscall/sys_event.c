/*
 * eventfd(2).
 */
#include <ipc/eventfd.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/eventpoll.h>

long sys_eventfd2(u32 count, int flags)
{
	return fd_give(eventfd_create(count, flags), flags & EFD_CLOEXEC);
}

long sys_eventfd(u32 count)
{
	return sys_eventfd2(count, 0);
}
