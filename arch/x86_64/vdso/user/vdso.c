/*
 * What programs call instead of the kernel: vdso(7), "x86-64 functions". This file runs in user mode, as part of
 * every program; it is linked alone into a small shared object.
 *
 * A clock is read as the kernel reads it: time = offset + (TSC - base) * multiplier, all of one
 * version of the data page, which lies in the page before the image. What the page cannot answer is asked of
 * the kernel, which also knows the errors.
 */
#include <arch_x86/segments.h>
#include <arch_x86/vdso_data.h>
#include <uapi/time.h>

#define NANOSECONDS 1000000000
#define COARSE_NANOSECONDS 4000000 /* what clock_getres(2) says of the coarse clocks */
#define NODE_SHIFT 12		   /* of the limit of SEL_CPU_NODE */
#define CPU_MASK 0xfff

#define SYS_gettimeofday 96
#define SYS_clock_gettime 228
#define SYS_clock_getres 229

#define EXPORT __attribute__((visibility("default")))
#define ALIAS(name) EXPORT __attribute__((weak, alias(#name)))

/* The linker script places it. Not const: the kernel changes it. */
extern vdso_data_t vdso_data __attribute__((visibility("hidden")));

static long kernel(long number, long a, long b)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return ret;
}

/* Intel SDM 2B, RDTSC: LFENCE keeps it behind what was done before. */
static unsigned long read_tsc(void)
{
	unsigned long low, high; /* RDTSC clears the upper halves */

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return high << 32 | low;
}

/* The clocks that run with the TSC. */
#define CLOCKS                                                                                     \
	(1u << CLOCK_REALTIME | 1u << CLOCK_REALTIME_COARSE | 1u << CLOCK_MONOTONIC |              \
	 1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_MONOTONIC_COARSE | 1u << CLOCK_BOOTTIME)

/*
 * Nanoseconds of one of CLOCKS: false when the kernel must be asked. It is also when it writes just
 * now, which is rare. No clock is ever negative.
 */
static inline int read_clock(int clock, unsigned long *now)
{
	const vdso_data_t *d = &vdso_data;
	unsigned int sequence = __atomic_load_n(&d->sequence, __ATOMIC_ACQUIRE);
	unsigned long cycles, multiplier;

	if (sequence & 1)
		return 0;
	cycles = read_tsc() - d->tsc_base;
	if ((long)cycles < 0) /* a CPU may lag the base a little */
		cycles = 0;
	multiplier = clock == CLOCK_MONOTONIC_RAW ? d->raw_multiplier : d->multiplier;
	*now = (unsigned long)d->base[clock] +
	       (unsigned long)((unsigned __int128)cycles * multiplier >> 32);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&d->sequence, __ATOMIC_RELAXED) == sequence;
}

EXPORT int __vdso_clock_gettime(int clock, struct timespec *ts)
{
	unsigned long now;

	if ((unsigned int)clock < VDSO_CLOCKS && (CLOCKS >> clock & 1) && read_clock(clock, &now)) {
		ts->tv_sec = (long)(now / NANOSECONDS);
		ts->tv_nsec = (long)(now % NANOSECONDS);
		return 0;
	}
	return (int)kernel(SYS_clock_gettime, clock, (long)ts);
}

EXPORT int __vdso_clock_getres(int clock, struct timespec *res)
{
	long resolution = 1;

	switch (clock) {
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		resolution = COARSE_NANOSECONDS;
		break;
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		break;
	default:
		return (int)kernel(SYS_clock_getres, clock, (long)res);
	}
	if (res) {
		res->tv_sec = 0;
		res->tv_nsec = resolution;
	}
	return 0;
}

EXPORT int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	unsigned long now;

	if (tz || !read_clock(CLOCK_REALTIME, &now)) /* the kernel keeps the zone */
		return (int)kernel(SYS_gettimeofday, (long)tv, (long)tz);
	if (tv) {
		tv->tv_sec = (long)(now / NANOSECONDS);
		tv->tv_usec = (long)(now % NANOSECONDS / 1000);
	}
	return 0;
}

EXPORT long __vdso_time(long *t)
{
	struct timespec ts = { 0 };

	if (__vdso_clock_gettime(CLOCK_REALTIME, &ts))
		return -1;
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

EXPORT long __vdso_getcpu(unsigned int *cpu, unsigned int *node, void *unused)
{
	unsigned int limit;

	__asm__("lsl %1, %0" : "=r"(limit) : "r"(SEL_CPU_NODE));
	if (cpu)
		*cpu = limit & CPU_MASK;
	if (node)
		*node = limit >> NODE_SHIFT;
	return 0;
}

/* The names without prefix, weak, as vdso(7) has them. */
ALIAS(__vdso_clock_gettime) int clock_gettime(int clock, struct timespec *ts);
ALIAS(__vdso_clock_getres) int clock_getres(int clock, struct timespec *res);
ALIAS(__vdso_gettimeofday) int gettimeofday(struct timeval *tv, struct timezone *tz);
ALIAS(__vdso_time) long time(long *t);
ALIAS(__vdso_getcpu) long getcpu(unsigned int *cpu, unsigned int *node, void *unused);
