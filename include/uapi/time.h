/* Time structures of the Linux x86_64 ABI: clock_gettime(2), setitimer(2), times(2). */
#ifndef UAPI_TIME_H
#define UAPI_TIME_H

#include <stdint.h>

struct timespec {
	int64_t tv_sec, tv_nsec;
};
struct timeval {
	int64_t tv_sec, tv_usec;
};
struct timezone {
	int32_t tz_minuteswest, tz_dsttime;
};
struct itimerval {
	struct timeval it_interval, it_value;
};
struct itimerspec {
	struct timespec it_interval, it_value;
};
struct tms {
	int64_t tms_utime, tms_stime, tms_cutime, tms_cstime;
};

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
#define CLOCK_TAI 11
/* CPU clocks by number: kind | thread or process | complement of the number << 3 */
#define CPU_CLOCK_VIRTUAL 1
#define CPU_CLOCK_PRECISE 2
#define CPU_CLOCK_KINDS 3 /* 3 would be a descriptor's clock */
#define CPU_CLOCK_THREAD 4
#define TIMER_ABSTIME 1

#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2

_Static_assert(sizeof(struct timespec) == 16, "timespec");
_Static_assert(sizeof(struct itimerval) == 32, "itimerval");

#endif
