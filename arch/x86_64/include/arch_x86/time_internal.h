/*
 * Between the files of arch/x86_64/time only.
 */
#ifndef ARCH_X86_TIME_INTERNAL_H
#define ARCH_X86_TIME_INTERNAL_H

#include <arch/cpu.h>

/* a * b / c with a product of 128 bits; the quotient must fit in 64. */
static inline u64 mul_div(u64 a, u64 b, u64 c)
{
	u64 quotient, high;

	__asm__("mulq %3; divq %4" : "=&a"(quotient), "=&d"(high) : "0"(a), "rm"(b), "rm"(c));
	return quotient;
}

/*
 * TSC frequency in Hz; 0 when rounds disagree: then it does not count time. Panics where there is
 * nothing to measure it against and it was not told.
 */
u64 tsc_calibrate(void);
bool clock_fall_back(void); /* from the TSC to the best of the others; false: there is none */
bool clock_is_tsc(void);
bool clock_is_steered(void); /* its rate is not the counter's, and may be another soon */
u64 clock_ns_to_tsc(nsec_t when);
void timer_calibrate(void);
void timer_leave_deadline_mode(void); /* every CPU, when the TSC turned out unusable */

/* Before calibration, when nothing else may use the port. */
bool pit_present(void);
bool rtc_present(void);
u64 rtc_wait_second(void); /* the TSC where a second of the date ends; rtc_present() only */

#endif
