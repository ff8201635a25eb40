/*
 * Stack canaries (CORE, "Stack Canaries"). The compiler puts the word below each frame that holds
 * an array or a variable whose address is taken, and compares it before the function returns; a
 * difference ends in __stack_chk_fail, which panics. Each thread has its own, made at random for
 * this boot; the switch copies the next thread's to where the compiled code reads it.
 *
 * What runs before GS has a base (arch/x86_64/boot), and what changes the canary under its own
 * feet, is compiled without.
 */
#ifndef ARCH_X86_CANARY_H
#define ARCH_X86_CANARY_H

#include <arch/percpu.h>

struct thread;

DECLARE_PERCPU(u64, stack_canary); /* the running thread's; the Makefile names it to the compiler */

u64 canary_new(const struct thread *t);
/* The CPU, which runs no guarded function, is to start with this thread, which gets one. */
void canary_start_cpu(u32 cpu, struct thread *t);

#endif
