/*
 * Bringing up CPUs.
 */
#ifndef ARCH_X86_BRING_UP_H
#define ARCH_X86_BRING_UP_H

#include <arch/cpu.h>
#include <arch_x86/segments.h>

/* Allocates the IST stacks of a CPU; panics without memory. */
void cpu_setup_entry_stacks(u32 cpu, unsigned long tops[IST_COUNT]);

extern phys_addr_t trampoline_root; /* early.c: below 4 GiB, maps the image low and high */

#endif
