/*
 * What the switch, exceptions and exec have to do with tracing: debug registers and steps.
 */
#ifndef ARCH_X86_TRACE_H
#define ARCH_X86_TRACE_H

#include <arch/thread.h>

#define DR6_STEP BIT(14)
#define DR6_BREAKPOINTS 0xful
#define DR6_RESET 0xffff0ff0ul /* with no condition set (Intel SDM 3B 17.2.3) */

/* Both have or had breakpoints: what the CPU watches becomes next's. Interrupts off. */
void debug_switch(struct thread *prev, struct thread *next);
/* #DB in user mode: notes the conditions where the tracer reads them. */
void debug_note(struct thread *t, trap_frame_t *frame, u64 dr6);
/* The running thread watches nothing any more (exec); or one that never runs again. */
void debug_clear(struct thread *t);

#endif
