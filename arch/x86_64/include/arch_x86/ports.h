/*
 * I/O ports for programs, as the switch, fork and exceptions see them; the theory is in arch/x86_64/program/ports.c.
 */
#ifndef ARCH_X86_PORTS_H
#define ARCH_X86_PORTS_H

#include <arch/thread.h>

/* The switch, where one of both threads has RARE_PORTS. Interrupts off. */
void ports_switch(const struct thread *next);
void ports_inherit(struct thread *child); /* its arch_thread_t is a copy: takes a reference */
void ports_free(struct thread *t);	  /* never runs again */
/* #GP in user mode: true when it was CLI or STI of a thread with level 3, which is passed over. */
bool ports_pass_over(trap_frame_t *frame);

#endif
