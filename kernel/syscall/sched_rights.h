/*
 * Who may change the scheduling of whom: shared by the calls that do.
 */
#ifndef KERNEL_SYSCALL_SCHED_RIGHTS_H
#define KERNEL_SYSCALL_SCHED_RIGHTS_H

#include <kernel/process.h>

/* The caller's effective user is the thread's real or effective one. */
bool sched_same_owner(thread_t *t);
/* RLIMIT_NICE lets the thread have this nice value. */
bool sched_nice_allowed(thread_t *t, int nice);

#endif
