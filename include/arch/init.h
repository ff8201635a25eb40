/*
 * What the architecture sets up, in the order of kernel/init/main.c.
 */
#ifndef ARCH_INIT_H
#define ARCH_INIT_H

#include <kernel/types.h>

/*
 * Descriptor tables, exception entry, control registers of the boot CPU. Needs only the current
 * thread.
 */
void arch_init_early(void);
/*
 * With memory allocation: extended-state areas, guarded entry stacks, local and I/O APIC, clock and
 * timer.
 */
void arch_init_devices(void);
/* In a thread, all CPUs running: checks clocks across them. */
void arch_init_late(void);
/* After the last __init function: makes constant data read-only, frees boot-time code and data. */
void arch_seal(void);
#ifdef CONFIG_DEBUG
/* How many kernel mappings break W^X or its like, after arch_seal; the log tells which. */
u32 arch_check_mappings(void);
#endif
/*
 * Before page_init: makes firmware's memory (ACPI tables in what the memory map calls reserved)
 * readable for good. NULL for an impossible range.
 */
const void *arch_map_firmware(phys_addr_t pa, size_t len);

#endif
