/*
 * The handler of every number that is not built.
 */
#include <kernel/syscall.h>
#include <uapi/errno.h>

long sys_ni_syscall(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long a3,
		    unsigned long a4, unsigned long a5)
{
	return -ENOSYS;
}
