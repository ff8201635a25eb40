/*
 * What the architecture sets up, in the order of kernel/init/main.c.
 */
#ifndef ARCH_INIT_H
#define ARCH_INIT_H

/* Descriptor tables, exception entry, control registers of the boot CPU. Needs only the current thread. */
void arch_init_early(void);
/* With memory allocation: extended-state areas, guarded entry stacks, local and I/O APIC, clock and timer. */
void arch_init_devices(void);
/* In a thread, all CPUs running: checks clocks across them, makes constant data read-only, frees boot code. */
void arch_init_late(void);

#endif
