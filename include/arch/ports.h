/*
 * Which I/O ports a thread may use from user mode: ioperm(2), iopl(2). Both are the running thread's own; a
 * new thread begins with its maker's.
 */
#ifndef ARCH_PORTS_H
#define ARCH_PORTS_H

#include <kernel/types.h>

#define ARCH_IO_PORTS 65536

/* Allows or refuses [from, from + num), within ARCH_IO_PORTS. 0 or -ENOMEM. May sleep. */
int arch_ports_set(u32 from, u32 num, bool allow);
/*
 * Level 3 allows every port. Nothing else comes with it: CLI and STI do nothing (arch_ports_set is not changed by
 * it). The level before.
 */
u32 arch_iopl(void);
void arch_iopl_set(u32 level);

#endif
