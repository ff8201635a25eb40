/*
 * Registers of a traced thread, and of core files. But for arch_trace_stop the thread is trapped and
 * off its CPU (sched_wait_inactive), or is the running one.
 */
#ifndef ARCH_TRACE_H
#define ARCH_TRACE_H

#include <arch/thread.h>

struct user_regs_struct;

/* The running thread is about to trap: all its registers are in memory from here on. */
void arch_trace_stop(void);

void arch_regs_get(struct thread *t, struct user_regs_struct *out);
/* -EIO where a value cannot be loaded; nothing is changed then. */
int arch_regs_set(struct thread *t, const struct user_regs_struct *in);

/* Extended state by note type: bytes of the set, 0 when there is none of that type. */
size_t arch_fpregs_size(u32 note);
/* The whole set, of that size, which is not 0. Setting: -EINVAL for what the CPU would refuse. */
void arch_fpregs_get(struct thread *t, u32 note, void *out);
int arch_fpregs_set(struct thread *t, u32 note, const void *from);

/* Debug registers, 0..7. Errors: -EIO, -EINVAL, -ENOMEM. */
u64 arch_debug_get(struct thread *t, u32 n);
int arch_debug_set(struct thread *t, u32 n, u64 value);

/* One instruction in user mode and then SIGTRAP; off again. */
void arch_single_step(struct thread *t, bool on);

/* Number and arguments of the system call that the thread is in. */
long arch_syscall_arguments(struct thread *t, u64 args[6]);

#endif
