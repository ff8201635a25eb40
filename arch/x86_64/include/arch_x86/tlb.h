/*
 * TLB state of the running CPU; the theory is in arch/x86_64/mmu/tlb.c.
 */
#ifndef ARCH_X86_TLB_H
#define ARCH_X86_TLB_H

#include <arch/mmu.h>

struct thread;

/* Thread switch: a kernel thread leaves the user tables loaded and unused. Interrupts off. */
void tlb_thread_switch(const struct thread *next);

#endif
