/*
 * The receiving side of inter-processor requests (arch/cpu.h has the sending side).
 */
#ifndef ARCH_X86_SMP_H
#define ARCH_X86_SMP_H

#include <arch/thread.h>

void smp_call_interrupt(void);
/*
 * In every NMI: tells where this CPU is if another asked; when a panic stops the machine, keeps the
 * frame for its report and halts for good.
 */
void smp_stop_check(trap_frame_t *frame);

#endif
