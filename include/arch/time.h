/*
 * Time sources of the machine: one monotonic counter and one one-shot per-CPU timer.
 */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <kernel/types.h>

/* Nanoseconds since boot from the chosen counter (TSC when invariant and equal across CPUs, else
 * HPET, else PIT); monotonic across CPUs; callable anywhere, NMI included. */
nsec_t arch_clock_read(void);
/* The same by the counter's own rate, which nobody steers. */
nsec_t arch_clock_read_raw(void);
/*
 * From now on the clock gains per_second / 2^32 nanoseconds (by far less than a second) in each second of
 * the counter, without a step. Interrupts off; callers exclude each other. Timers that are armed
 * keep their counter value: arch_timer_kick(). more: other rates will follow, and what is armed from
 * now on must stand that without a kick.
 */
void arch_clock_steer(s64 per_second, bool more);
const char *arch_clock_name(void); /* "tsc", "hpet", "pit" */
/* Arms this CPU's timer for the absolute clock time, interrupts off; past times fire at once. */
void arch_timer_arm(nsec_t when);
void arch_timer_stop(void);
/* Every CPU's timer fires, so that it is armed anew. Interrupts on. */
void arch_timer_kick(void);
/* Wall clock of the battery-backed clock, seconds since 1970; 0 when there is none. */
s64 arch_rtc_read(void);
void arch_delay_ns(u64 ns); /* busy wait */
u64 arch_cycles_per_msec(void);

#endif
