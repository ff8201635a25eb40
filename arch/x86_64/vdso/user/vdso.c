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

/* The linker script places it. */
extern const volatile vdso_data_t vdso_data __attribute__((visibility("hidden")));

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
	unsigned int low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (unsigned long)high << 32 | low;
}

/* Nanoseconds of the monotonic clock, or of realtime; 0 when the kernel must be asked. */
static int read_clock(int realtime, long *out)
{
	const volatile vdso_data_t *d = &vdso_data;
	unsigned int sequence;
	long now, cycles;

	do {
		while ((sequence = __atomic_load_n(&d->sequence, __ATOMIC_ACQUIRE)) & 1)
			__asm__ volatile("pause");
		if (!d->usable)
			return 0;
		cycles = (long)(read_tsc() - d->tsc_base);
		now = d->offset;
		if (cycles > 0) /* a CPU may lag the base a little */
			now += (long)((unsigned __int128)(unsigned long)cycles * d->multiplier >>
				      32);
		if (realtime)
			now += d->realtime;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (d->sequence != sequence);
	*out = now;
	return 1;
}

EXPORT int __vdso_clock_gettime(int clock, struct timespec *ts)
{
	long now;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		if (!read_clock(1, &now))
			break;
		ts->tv_sec = now / NANOSECONDS;
		ts->tv_nsec = now % NANOSECONDS;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		if (!read_clock(0, &now))
			break;
		ts->tv_sec = now / NANOSECONDS;
		ts->tv_nsec = now % NANOSECONDS;
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
	long now;

	if (tz || !read_clock(1, &now)) /* the kernel keeps the zone */
		return (int)kernel(SYS_gettimeofday, (long)tv, (long)tz);
	if (tv) {
		tv->tv_sec = now / NANOSECONDS;
		tv->tv_usec = now % NANOSECONDS / 1000;
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
