/*
 * What the calls that wait for events have in common: their deadline and their signal mask
 * (kernel/syscall/sys_select.c).
 */
#ifndef SYSCALL_WAIT_CALLS_H
#define SYSCALL_WAIT_CALLS_H

#include <kernel/compiler.h>
#include <kernel/types.h>
#include <uapi/time.h>

/* Absolute monotonic; 0 for no delay at all, NSEC_MAX for more than the clock can count. */
nsec_t wait_deadline_in(nsec_t delay);
/* NULL: no end. 0, -EFAULT, -EINVAL. */
int wait_deadline_get(const struct timespec __user *ts, nsec_t *deadline);
/* The mask of the p-forms, NULL: none. 0, -EINVAL (size), -EFAULT. */
int wait_mask_set(const u64 __user *mask, size_t size);
/* The old mask comes back at once, or after the handler when a signal ended the wait. */
void wait_mask_restore(const u64 __user *mask, bool interrupted);

#endif
