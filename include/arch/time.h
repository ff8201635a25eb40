/*
 * Time sources of the machine: one monotonic counter and one one-shot per-CPU timer.
 */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <kernel/types.h>

/* Nanoseconds since boot from the chosen counter (TSC when invariant and equal across CPUs, else
 * HPET, else PIT); monotonic across CPUs; callable anywhere, NMI included. */
nsec_t arch_clock_read(void);
const char *arch_clock_name(void); /* "tsc", "hpet", "pit" */
/* Arms this CPU's timer for the absolute clock time, interrupts off; past times fire at once. */
void arch_timer_arm(nsec_t when);
void arch_timer_stop(void);
/* Wall clock of the battery-backed clock, seconds since 1970; 0 when there is none. */
s64 arch_rtc_read(void);
void arch_delay_ns(u64 ns); /* busy wait */
u64 arch_cycles_per_msec(void);

#endif
