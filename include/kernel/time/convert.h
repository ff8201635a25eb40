/*
 * Between the kernel's nanoseconds and the ABI's pairs. Times of programs saturate at NSEC_MAX (292
 * years).
 */
#ifndef KERNEL_TIME_CONVERT_H
#define KERNEL_TIME_CONVERT_H

#include <kernel/types.h>
#include <uapi/time.h>

static inline bool timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < NSEC_PER_SEC;
}

static inline bool timeval_valid(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < NSEC_PER_SEC / NSEC_PER_USEC;
}

/* Of valid ones. */
static inline nsec_t timespec_to_ns(const struct timespec *ts)
{
	if (ts->tv_sec >= NSEC_MAX / NSEC_PER_SEC)
		return NSEC_MAX;
	return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static inline nsec_t timeval_to_ns(const struct timeval *tv)
{
	if (tv->tv_sec >= NSEC_MAX / NSEC_PER_SEC)
		return NSEC_MAX;
	return tv->tv_sec * NSEC_PER_SEC + tv->tv_usec * NSEC_PER_USEC;
}

/* Of times that are not negative. */
static inline struct timespec ns_to_timespec(nsec_t ns)
{
	return (struct timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
}

static inline struct timeval ns_to_timeval(nsec_t ns)
{
	return (struct timeval){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC };
}

#endif
