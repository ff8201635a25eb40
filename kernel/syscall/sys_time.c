/*
 * Clocks and sleeping: clock_gettime(2) and its kin, nanosleep(2), clock_nanosleep(2), times(2).
 *
 * Clock ids above 0 are the fixed ones; negative ones name the CPU clock of a process or thread:
 * ~id << 3 | 4 for a thread | what is counted (0 all as ticks would, 1 user time, 2 precise).
 */
#include <arch/uaccess.h>
#include <kernel/process.h>
#include <kernel/time/adjust.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/time.h>

#define COARSE_RESOLUTION 4000000 /* Linux's with 250 ticks a second */
#define CPU_POLL (NSEC_PER_MSEC)

static struct timezone system_zone; /* kept for programs; the kernel does not use it */

/* ---- what clocks say ---- */

static nsec_t process_runtime(process_t *p)
{
	nsec_t sum = p->dead_user + p->dead_system;
	unsigned long flags;
	thread_t *t;

	if (!process_lock_sighand(p, &flags))
		return sum;
	sum = p->dead_user + p->dead_system;
	list_for_each_entry(t, &p->threads, process_link)
		sum += sched_thread_runtime(t);
	process_unlock_sighand(p, flags);
	return sum;
}

static int thread_cpu_clock(pid_t tid, bool virtual, nsec_t *out)
{
	thread_t *t = tid ? thread_get_by_tid(tid) : current();
	nsec_t user, system;
	int r = -EINVAL;

	if (!t)
		return r;
	if (t->process == current_process()) {
		r = 0;
		sched_thread_times(t, &user, &system);
		*out = virtual ? user : sched_thread_runtime(t);
	}
	if (tid)
		thread_put(t);
	return r;
}

/* The running thread's own number stands for its process, too. */
static int process_cpu_clock(pid_t pid, bool virtual, nsec_t *out)
{
	nsec_t user, system;
	process_t *p;

	if (pid == current()->tid)
		pid = 0;
	p = pid ? process_get_by_pid(pid) : current_process();
	if (!p)
		return -EINVAL;
	if (virtual) {
		process_cpu_times(p, &user, &system);
		*out = user;
	} else {
		*out = process_runtime(p);
	}
	if (pid)
		process_put(p);
	return 0;
}

/* Of another or the own process or thread; negative ones may also stand for a descriptor of a clock. */
static bool is_cpu_clock(int clock)
{
	return clock < 0 && (clock & (CPU_CLOCK_THREAD | CPU_CLOCK_KINDS)) != CPU_CLOCK_KINDS;
}

static bool is_alarm(int clock)
{
	return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

static int read_clock(int clock, nsec_t *out)
{
	if (is_alarm(clock) && !clock_has_alarms())
		return -EINVAL;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		*out = clock_realtime();
		return 0;
	case CLOCK_TAI:
		*out = clock_realtime() + clock_tai_offset();
		return 0;
	case CLOCK_REALTIME_COARSE:
		*out = clock_realtime_coarse();
		return 0;
	case CLOCK_MONOTONIC_RAW:
		*out = clock_monotonic_raw();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*out = clock_monotonic();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		return process_cpu_clock(0, false, out);
	case CLOCK_THREAD_CPUTIME_ID:
		return thread_cpu_clock(0, false, out);
	}
	if (clock >= 0 || (clock & 3) == CPU_CLOCK_KINDS)
		return -EINVAL;
	if (clock & CPU_CLOCK_THREAD)
		return thread_cpu_clock(~(clock >> 3), (clock & 3) == CPU_CLOCK_VIRTUAL, out);
	return process_cpu_clock(~(clock >> 3), (clock & 3) == CPU_CLOCK_VIRTUAL, out);
}

static int put_timespec(nsec_t ns, struct timespec __user *to)
{
	struct timespec ts = ns_to_timespec(ns);

	return copy_to_user(to, &ts, sizeof(ts)) ? -EFAULT : 0;
}

long sys_clock_gettime(int clock, struct timespec __user *tp)
{
	nsec_t now;
	int r = read_clock(clock, &now);

	return r ? r : put_timespec(now, tp);
}

long sys_clock_getres(int clock, struct timespec __user *tp)
{
	/* Also what user and system time are counted by, which is not the precise CPU time. */
	bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
		      (is_cpu_clock(clock) && (clock & CPU_CLOCK_KINDS) < CPU_CLOCK_PRECISE);
	nsec_t now;
	int r = read_clock(clock, &now);

	if (r || !tp)
		return r;
	return put_timespec(coarse ? COARSE_RESOLUTION : 1, tp);
}

static int set_realtime(const struct timespec *ts)
{
	nsec_t t;

	t = timespec_to_ns(ts);
	if (!timespec_valid(ts) || !clock_may_show(t))
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (t < clock_monotonic())
		return -EINVAL;
	clock_set_time(t);
	return 0;
}

long sys_clock_settime(int clock, const struct timespec __user *tp)
{
	struct timespec ts;
	nsec_t now;
	int r;

	if (clock != CLOCK_REALTIME && !is_cpu_clock(clock))
		return -EINVAL;
	if (copy_from_user(&ts, tp, sizeof(ts)))
		return -EFAULT;
	if (clock == CLOCK_REALTIME)
		return set_realtime(&ts);
	/* What a CPU was used for is not changed by anybody. */
	r = read_clock(clock, &now);
	return r ? r : -EPERM;
}

long sys_gettimeofday(struct timeval __user *tv, struct timezone __user *tz)
{
	struct timeval now = ns_to_timeval(clock_realtime());

	if (tv && copy_to_user(tv, &now, sizeof(now)))
		return -EFAULT;
	if (tz && copy_to_user(tz, &system_zone, sizeof(system_zone)))
		return -EFAULT;
	return 0;
}

long sys_settimeofday(const struct timeval __user *tv, const struct timezone __user *tz)
{
	struct timezone zone;
	struct timespec ts;
	struct timeval v;
	int r;

	if (tv) {
		if (copy_from_user(&v, tv, sizeof(v)))
			return -EFAULT;
		if (v.tv_usec < 0 || v.tv_usec >= 1000000)
			return -EINVAL;
		ts = (struct timespec){ v.tv_sec, v.tv_usec * NSEC_PER_USEC };
	}
	if (tz && copy_from_user(&zone, tz, sizeof(zone)))
		return -EFAULT;
	if (tv && !timespec_valid(&ts))
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (tz) {
		if (zone.tz_minuteswest > 15 * 60 || zone.tz_minuteswest < -15 * 60)
			return -EINVAL;
		system_zone = zone;
	}
	r = tv ? set_realtime(&ts) : 0;
	return r;
}

long sys_time(s64 __user *t)
{
	s64 now = clock_realtime() / NSEC_PER_SEC;

	if (t && put_user_u64((u64)now, (u64 __user *)t))
		return -EFAULT;
	return now;
}

static s64 to_ticks(nsec_t ns)
{
	return ns / (NSEC_PER_SEC / HZ);
}

long sys_times(struct tms __user *buf)
{
	process_t *p = current_process();
	nsec_t user, system;
	struct tms tms;

	if (buf) {
		sched_thread_times(current(), &user,
				   &system); /* brings the running thread up to date */
		process_cpu_times(p, &user, &system);
		tms.tms_utime = to_ticks(user);
		tms.tms_stime = to_ticks(system);
		spin_lock_irq(sig_lock(p));
		tms.tms_cutime = to_ticks(p->children_user);
		tms.tms_cstime = to_ticks(p->children_system);
		spin_unlock_irq(sig_lock(p));
		if (copy_to_user(buf, &tms, sizeof(tms)))
			return -EFAULT;
	}
	return (long)jiffies();
}

/* ---- sleeping ---- */

static bool can_sleep(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return true;
	case CLOCK_THREAD_CPUTIME_ID:
		return false;
	default: /* a thread's own CPU clock does not move while it sleeps */
		return clock < 0 && (!(clock & CPU_CLOCK_THREAD) ||
				     (~(clock >> 3) && ~(clock >> 3) != current()->tid));
	}
}

/* CPU clocks are looked at again when they could have reached the time at the earliest. */
static int sleep_on_cpu_clock(int clock, nsec_t when)
{
	nsec_t now;
	int r;

	for (;;) {
		r = read_clock(clock, &now);
		if (r || now >= when)
			return r;
		r = sleep_until_monotonic(clock_monotonic() +
					  MAX((when - now) / (nsec_t)cpu_count, (nsec_t)CPU_POLL));
		if (r)
			return r;
	}
}

/* 0, -ERESTARTSYS when a signal came first. */
static int sleep_until(int clock, nsec_t when)
{
	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return sleep_until_monotonic(when);
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		return sleep_until_wall(when, clock == CLOCK_TAI);
	}
	return sleep_on_cpu_clock(clock, when);
}

/* A relative sleep: to `when` on `clock`, with what is left told at `rem` if a signal ends it. */
static long sleep_relative(int clock, nsec_t when, struct timespec __user *rem);

static long restart_sleep(restart_block_t *rb)
{
	return sleep_relative((int)rb->args[0], rb->deadline,
			      (struct timespec __user *)rb->args[1]);
}

static long sleep_relative(int clock, nsec_t when, struct timespec __user *rem)
{
	restart_block_t *rb = &current()->restart;
	nsec_t now;
	int r = sleep_until(clock, when);

	if (r != -ERESTARTSYS)
		return r;
	r = read_clock(clock, &now);
	if (r || now >= when)
		return r;
	if (rem && put_timespec(when - now, rem))
		return -EFAULT;
	restart_set(rb, restart_sleep);
	rb->args[0] = (u64)clock;
	rb->args[1] = (u64)rem;
	rb->deadline = when;
	return -ERESTART_RESTARTBLOCK;
}

static nsec_t deadline_after(nsec_t now, nsec_t delay)
{
	return delay > NSEC_MAX - now ? NSEC_MAX : now + delay;
}

static long sleep_for(int clock, int flags, const struct timespec __user *req,
		      struct timespec __user *rem)
{
	struct timespec ts;
	nsec_t now;
	int r;

	if (copy_from_user(&ts, req, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	if (flags & TIMER_ABSTIME) {
		r = sleep_until(clock, timespec_to_ns(&ts));
		return r == -ERESTARTSYS ? -ERESTARTNOHAND : r;
	}
	if (clock == CLOCK_REALTIME || clock == CLOCK_TAI)
		clock = CLOCK_MONOTONIC; /* setting the clock does not touch relative sleeps */
	r = read_clock(clock, &now);
	return r ? r : sleep_relative(clock, deadline_after(now, timespec_to_ns(&ts)), rem);
}

long sys_nanosleep(const struct timespec __user *req, struct timespec __user *rem)
{
	return sleep_for(CLOCK_MONOTONIC, 0, req, rem);
}

/* Who may sleep until a clock that wakes the machine, once the time makes sense. */
static int check_alarm(int flags, const struct timespec __user *req)
{
	struct timespec ts;

	if (copy_from_user(&ts, req, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	if (!clock_has_alarms())
		return -EOPNOTSUPP;
	if (flags & ~TIMER_ABSTIME)
		return -EINVAL;
	return capable(CAP_WAKE_ALARM) ? 0 : -EPERM;
}

long sys_clock_nanosleep(int clock, int flags, const struct timespec __user *req,
			 struct timespec __user *rem)
{
	struct timespec ts;
	nsec_t now;
	int r;

	/* Whose CPU clock it is matters only once there is something to wait for. */
	if (clock < 0 && !is_cpu_clock(clock))
		return -EOPNOTSUPP;
	if (is_cpu_clock(clock) && copy_from_user(&ts, req, sizeof(ts)))
		return -EFAULT;
	r = is_alarm(clock) ? check_alarm(flags, req) : read_clock(clock, &now);
	if (r)
		return r;
	if (!can_sleep(clock))
		return clock < 0 ? -EINVAL : -EOPNOTSUPP;
	return sleep_for(clock, flags, req, rem);
}

/* ---- adjusting ---- */

static long adjust(int clock, struct timex __user *utx)
{
	struct timex tx;
	nsec_t now;
	int r;

	if (copy_from_user(&tx, utx, sizeof(tx)))
		return -EFAULT;
	if (is_cpu_clock(clock))
		return -EOPNOTSUPP;
	if (clock != CLOCK_REALTIME) {
		r = read_clock(clock, &now);
		return r ? r : -EOPNOTSUPP;
	}
	r = clock_adjust(&tx);
	if (r >= 0 && copy_to_user(utx, &tx, sizeof(tx)))
		r = -EFAULT;
	return r;
}

long sys_adjtimex(struct timex __user *tx)
{
	return adjust(CLOCK_REALTIME, tx);
}

long sys_clock_adjtime(int clock, struct timex __user *tx)
{
	return adjust(clock, tx);
}
