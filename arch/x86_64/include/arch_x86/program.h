/*
 * Between the switch (trap/thread.c) and what programs ask of the CPU (program/).
 */
#ifndef ARCH_X86_PROGRAM_H
#define ARCH_X86_PROGRAM_H

struct thread;

/* One of both threads has RARE_NO_TSC: whether next may read the cycle counter. Interrupts off. */
void tsc_switch(const struct thread *next);
/* The running thread's selectors and segment bases: from the registers into arch_thread_t. */
void segments_sync_current(void);
/* The other way, for who has changed them since. Interrupts off from before the former on. */
void segments_load_current(void);
/* A new thread's first switch returns to user mode, by the frame at the top of its stack. */
void thread_enter_user(struct thread *t);

#endif
