/*
 * What the switch does for a program that asked for something unusual of the CPU (program/program.c).
 */
#ifndef ARCH_X86_PROGRAM_H
#define ARCH_X86_PROGRAM_H

struct thread;

/* One of both threads has RARE_NO_TSC: whether next may read the cycle counter. Interrupts off. */
void tsc_switch(const struct thread *next);

#endif
