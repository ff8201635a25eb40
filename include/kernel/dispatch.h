/*
 * System calls that a program handles itself (prctl(2), PR_SET_SYSCALL_USER_DISPATCH): a thread that
 * asked for it gets SIGSYS for each call made outside a range of its code, while a byte of its own
 * says so. kernel/proc/dispatch.c.
 */
#ifndef KERNEL_DISPATCH_H
#define KERNEL_DISPATCH_H

#include <kernel/compiler.h>
#include <kernel/types.h>

struct thread;

typedef struct syscall_dispatch {
	unsigned long start, length; /* of the code whose calls are made; length 0: of none */
	const u8 __user *selector;   /* SYSCALL_DISPATCH_FILTER_*, or NULL: as if it said BLOCK */
	bool taken;		     /* the call under way was not made */
} syscall_dispatch_t;

/* The prctl of the running thread. 0; -EINVAL (mode, range), -EFAULT (selector). */
long syscall_dispatch_set(unsigned long mode, unsigned long start, unsigned long length,
			  const u8 __user *selector);
void syscall_dispatch_clear(struct thread *t); /* the running thread, or one not started */

#endif
