/*
 * Local descriptor tables on the running CPU; the theory is in arch/x86_64/program/ldt.c. Interrupts off.
 */
#ifndef ARCH_X86_LDT_H
#define ARCH_X86_LDT_H

#include <kernel/types.h>

struct thread;

/* The switch, where one of both threads has RARE_LDT: next's table is loaded, or none. */
void ldt_switch(const struct thread *next);
/* The selector if it can be loaded for data, or is not of the loaded table; else 0. */
u16 ldt_selector(u16 selector);
void ldt_init_window(u32 cpu); /* boot, before the CPU runs programs; panics without memory */

#endif
