/*
 * The parts of ptrace(2).
 */
#ifndef KERNEL_PTRACE_INTERNAL_H
#define KERNEL_PTRACE_INTERNAL_H

#include <arch/trace.h>

#include "trace_internal.h"

/* ---- ptrace_attach.c ---- */
int ptrace_traceme(void);
int ptrace_attach(thread_t *t, bool seize, unsigned long addr, unsigned long options);
int ptrace_detach(thread_t *t, unsigned long sig); /* t is trapped, or about to die */
int ptrace_check_options(unsigned long options);

/* ---- ptrace_regs.c: registers of a trapped thread; user pointers as in ptrace(2) ---- */
long ptrace_peek_user(thread_t *t, unsigned long addr, u64 __user *out);
long ptrace_poke_user(thread_t *t, unsigned long addr, unsigned long value);
/* A whole set of the type, in a buffer of its size. */
long ptrace_get_set(thread_t *t, u32 note, void __user *out);
long ptrace_set_set(thread_t *t, u32 note, const void __user *in);
/* With an iovec: any part from the start. */
long ptrace_regset(thread_t *t, unsigned long note, void __user *uiov, bool write);
long ptrace_syscall_info(thread_t *t, size_t size, void __user *out);

#endif
