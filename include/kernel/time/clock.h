/*
 * Clocks. All inside the kernel is signed nanoseconds. monotonic starts at 0 at boot; boottime
 * equals monotonic until suspend exists; realtime = monotonic + offset, set from the RTC at boot.
 */
#ifndef KERNEL_TIME_CLOCK_H
#define KERNEL_TIME_CLOCK_H

#include <kernel/types.h>

nsec_t clock_monotonic(void);	  /* lock-free, any context */
nsec_t clock_monotonic_raw(void); /* by the counter's own rate, whatever clock_steer says */
nsec_t clock_realtime(void);
nsec_t clock_realtime_coarse(void); /* for timestamps of files */
nsec_t clock_realtime_offset(void); /* realtime - monotonic, as of now */
void clock_set_realtime(nsec_t t);  /* wakes clock_set_wait; adjust.h for what programs ask for */
nsec_t clock_tai_offset(void);	    /* international atomic time - realtime */
void clock_set_tai_offset(nsec_t offset); /* wakes clock_set_wait */
/*
 * From now on monotonic and realtime gain per_second / 2^32 nanoseconds in each second of the
 * machine's counter. Any context. Timers notice with arch_timer_kick(). more: another rate will follow, and
 * none of them needs a kick from now on.
 */
void clock_steer(s64 per_second, bool more);
/* From now on the clocks' parameters stand in this page, which programs read (arch/vdso.h). */
void clock_share(void *page);
/* Who waits for an absolute realtime waits here, until the monotonic time that it is now. */
struct wait_queue_head;
extern struct wait_queue_head clock_set_wait;
/*
 * The machine has a clock of the day, which could wake it: CLOCK_REALTIME_ALARM and CLOCK_BOOTTIME_ALARM are there. As it
 * never sleeps, they are as the clocks without that end, for those who may wake it (CAP_WAKE_ALARM).
 */
bool clock_has_alarms(void);
uint64_t get_system_time(void);	   /* realtime, nanoseconds */
uint64_t get_monotonic_time(void); /* nanoseconds */
#define HZ 100			   /* USER_HZ: clock_t of times(2) and /proc */
u64 jiffies(void);		   /* monotonic / (1/HZ), derived when read */
void msleep(uint32_t msecs);	   /* uninterruptible */
void usleep(uint32_t usecs);
/* Interruptible, until an absolute time of the clock: 0, or -ERESTARTSYS. */
int sleep_until_monotonic(nsec_t when);
int sleep_until_wall(nsec_t when, bool tai); /* realtime, or atomic time */
void time_init(void); /* boot CPU, once the machine's counter and timer work */

#endif
