/*
 * Who may look into a process, for /proc, ptrace(2), process_vm_readv(2) and others (ptrace(2),
 * "Ptrace access mode checking").
 */
#ifndef KERNEL_PTRACE_H
#define KERNEL_PTRACE_H

#include <kernel/types.h>

struct thread;
struct vm_space;

#define PTRACE_ACCESS_FS 2u   /* by file-system ids and effective capabilities: /proc */
#define PTRACE_ACCESS_REAL 4u /* by real ids and permitted capabilities: system calls */

/* 0 or -EPERM. Any context in which RCU may be read. */
int ptrace_may_access(struct thread *t, u32 mode);
/*
 * The space of the thread's process, with a user reference, if it may be looked into, whatever program the process
 * executes meanwhile; NULL: it has none. 0 or -EPERM. May sleep.
 */
int ptrace_space(struct thread *t, u32 mode, struct vm_space **out);

#endif
