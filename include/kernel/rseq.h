/*
 * Restartable sequences (rseq(2)): user code that must not be interrupted between two points is
 * continued at its abort handler when it was. kernel/proc/rseq.c.
 */
#ifndef KERNEL_RSEQ_H
#define KERNEL_RSEQ_H

#include <arch/thread.h>
#include <kernel/compiler.h>

struct rseq;

/* rseq(2) for the running thread. 0, -EINVAL, -EPERM, -EBUSY, -EFAULT. */
int rseq_register(struct rseq __user *area, u32 size, int flags, u32 signature);
/*
 * Before the running thread goes on in user mode after it was off the CPU, or enters a handler: a
 * section that it was in is aborted, its CPU's number stored. False: the area makes no sense; the
 * program is to get SIGSEGV.
 */
bool rseq_resume(trap_frame_t *frame);
/* With preemption off: is there nothing to do? No section, and its number stands. */
bool rseq_is_settled(void);

#endif
