/*
 * Clocks and sleeping: clock_gettime and its kin, nanosleep, POSIX timers, times, the vDSO against
 * the calls.
 */
#include <pthread.h>
#include <sys/times.h>

#include "row.h"

static long get(clockid_t clock, struct timespec *ts)
{
	return sys(SYS_clock_gettime, clock, ts);
}

static int64_t raw_ns(clockid_t clock)
{
	struct timespec ts = { 0, 0 };

	get(clock, &ts);
	return ts.tv_sec * 1000000000l + ts.tv_nsec;
}

static void group_clocks(void)
{
	static const struct {
		const char *name;
		int clock;
	} clocks[] = { { "realtime", 0 },	  { "monotonic", 1 },	  { "process", 2 },
		       { "thread", 3 },		  { "monotonic_raw", 4 }, { "realtime_coarse", 5 },
		       { "monotonic_coarse", 6 }, { "boottime", 7 },	  { "tai", 11 } };
	struct timespec ts, before;

	ROWS_POINTER("gettime", sizeof(ts), sys(SYS_clock_gettime, 0, p), 0);
	ROWS_POINTER("getres", sizeof(ts), sys(SYS_clock_getres, 0, p), 0);
	for (unsigned i = 0; i < LENGTH(clocks); i++) {
		ROW(named("get_%s", clocks[i].name), get(clocks[i].clock, &ts), 0);
		ROW_TRUE(named("nsec_%s", clocks[i].name),
			 ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
		ROW(named("res_%s", clocks[i].name), sys(SYS_clock_getres, clocks[i].clock, &ts),
		    0);
		ROW_TRUE(named("res_value_%s", clocks[i].name),
			 ts.tv_sec == 0 &&
				 (ts.tv_nsec == 1 || clocks[i].clock == 5 || clocks[i].clock == 6));
		int64_t last = raw_ns(clocks[i].clock), back = 0;
		for (int turn = 0; turn < 1000; turn++) {
			int64_t now = raw_ns(clocks[i].clock);
			back += now < last;
			last = now;
		}
		ROW(named("never_back_%s", clocks[i].name), back, 0);
	}
	ROW("res_null", sys(SYS_clock_getres, 0, NULL), 0);
	ROW("get_bad", get(10, &ts), -EINVAL);
	ROW("get_bad_16", get(16, &ts), -EINVAL);
	ROW("res_bad", sys(SYS_clock_getres, 16, &ts), -EINVAL);
	get(CLOCK_REALTIME, &ts);
	ROW_TRUE("realtime_is_today", ts.tv_sec > 1600000000 && ts.tv_sec < 4000000000);
	get(CLOCK_MONOTONIC, &before);
	sleep_ms(30);
	ROW_TRUE("monotonic_moves",
		 raw_ns(CLOCK_MONOTONIC) - (before.tv_sec * 1000000000l + before.tv_nsec) >=
			 30000000);
	int64_t mono = raw_ns(CLOCK_MONOTONIC);
	ROW_TRUE("boottime_not_behind", raw_ns(CLOCK_BOOTTIME) >= mono);
	int64_t cpu = raw_ns(CLOCK_PROCESS_CPUTIME_ID);
	sleep_ms(50);
	ROW_TRUE("cpu_time_not_in_sleep", raw_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu < 40000000);
	/* Another process's CPU clock: ~pid << 3 | 2. */
	pid_t pid = SPAWN(for (;;));
	clockid_t other = ~pid << 3 | 2;
	ROW_TRUE("other_process_clock",
		 EVENTUALLY(get(other, &ts) == 0 && ts.tv_nsec + ts.tv_sec > 0));
	kill(pid, SIGKILL);
	wait_status(pid);
	ROW("other_process_gone", get(other, &ts), -EINVAL);
	ROW("settime_bad", sys(SYS_clock_settime, CLOCK_MONOTONIC, &ts), -EINVAL);
	ROWS_EFAULT("settime", sizeof(ts), sys(SYS_clock_settime, CLOCK_REALTIME, p));
	ts.tv_nsec = -1;
	ROW("settime_nsec", sys(SYS_clock_settime, CLOCK_REALTIME, &ts), -EINVAL);
}

static void group_settime(void)
{
	struct timespec now, set = { 1000000000, 5 };
	int64_t mono = raw_ns(CLOCK_MONOTONIC);

	get(CLOCK_REALTIME, &now);
	long ret = sys(SYS_clock_settime, CLOCK_REALTIME, &set);
	ROW("set", ret, 0);
	struct timespec got;
	get(CLOCK_REALTIME, &got);
	ROW_TRUE("set_get", got.tv_sec - 1000000000 < 5);
	ROW_TRUE("monotonic_unmoved", raw_ns(CLOCK_MONOTONIC) - mono < 5000000000l);
	struct timespec lib;
	clock_gettime(CLOCK_REALTIME, &lib);
	ROW_TRUE("vdso_follows", lib.tv_sec - 1000000000 < 5);
	sys(SYS_clock_settime, CLOCK_REALTIME, &now);
	struct timeval tv = { now.tv_sec, 0 };
	ROW("settimeofday", sys(SYS_settimeofday, &tv, NULL), 0);
	tv.tv_usec = 1000000;
	ROW("settimeofday_usec", sys(SYS_settimeofday, &tv, NULL), -EINVAL);
	ROWS_EFAULT("settimeofday", sizeof(tv), sys(SYS_settimeofday, p, NULL));
}

/* Setting the clock moves absolute times of it, and no others. */
static void group_timers_and_settime(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec value = { { 0, 0 }, { 3600, 0 } };
	struct timespec now, there, limit = { 10, 0 };
	int absolute, relative;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	MUST(sys(SYS_timer_create, CLOCK_REALTIME, &event, &absolute));
	event.sigev_signo = SIGUSR2;
	MUST(sys(SYS_timer_create, CLOCK_REALTIME, &event, &relative));
	ROW("relative", sys(SYS_timer_settime, relative, 0, &value, NULL), 0);
	get(CLOCK_REALTIME, &now);
	there = (struct timespec){ now.tv_sec + 7200, 0 };
	value.it_value.tv_sec = now.tv_sec + 3600;
	ROW("absolute", sys(SYS_timer_settime, absolute, TIMER_ABSTIME, &value, NULL), 0);
	sys(SYS_clock_settime, CLOCK_REALTIME, &there);
	ROW("absolute_fires", sigtimedwait(&set, NULL, &limit), SIGUSR1);
	sys(SYS_timer_gettime, relative, &value);
	ROW_TRUE("relative_left", value.it_value.tv_sec > 3000 && value.it_value.tv_sec <= 3600);
	value.it_value.tv_sec = now.tv_sec + 7200 + 3600;
	sys(SYS_timer_settime, absolute, TIMER_ABSTIME, &value, NULL);
	sys(SYS_clock_settime, CLOCK_REALTIME, &now);
	sys(SYS_timer_gettime, absolute, &value);
	ROW_TRUE("absolute_left",
		 value.it_value.tv_sec > 7200 + 3000 && value.it_value.tv_sec <= 7200 + 3600);
	sys(SYS_timer_gettime, relative, &value);
	ROW_TRUE("relative_left_still",
		 value.it_value.tv_sec > 3000 && value.it_value.tv_sec <= 3600);
	sys(SYS_timer_delete, absolute);
	sys(SYS_timer_delete, relative);
}

static void group_old_calls(void)
{
	struct timeval tv;
	struct timezone tz;
	struct tms tms;
	long t = 0;

	ROWS_POINTER("gettimeofday", sizeof(tv), sys(SYS_gettimeofday, p, NULL), 0);
	ROWS_EFAULT("gettimeofday_zone", sizeof(tz), sys(SYS_gettimeofday, NULL, p));
	ROW("gettimeofday", sys(SYS_gettimeofday, &tv, &tz), 0);
	ROW_TRUE("gettimeofday_sane", tv.tv_sec > 1600000000 && tv.tv_usec < 1000000);
	ROW("gettimeofday_null", sys(SYS_gettimeofday, NULL, NULL), 0);
	ROWS_EFAULT("time", 8, sys(SYS_time, p));
	ROW_TRUE("time", sys(SYS_time, &t) == t && t >= tv.tv_sec && t <= tv.tv_sec + 2);
	ROW_TRUE("time_null", sys(SYS_time, NULL) >= t);
	ROWS_EFAULT("times", sizeof(tms), sys(SYS_times, p));
	long ticks = ROW_OK("times", sys(SYS_times, &tms));
	int64_t end = now_ns(CLOCK_PROCESS_CPUTIME_ID) + 100000000;
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < end)
		;
	struct tms after;
	ROW_TRUE("times_ticks", sys(SYS_times, &after) - ticks >= 9);
	ROW_TRUE("times_user",
		 after.tms_utime + after.tms_stime - tms.tms_utime - tms.tms_stime >= 5);
	CHILD(end = now_ns(CLOCK_PROCESS_CPUTIME_ID) + 100000000;
	      while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < end));
	sys(SYS_times, &after);
	ROW_TRUE("times_children", after.tms_cutime + after.tms_cstime >= 5);
	/* The library's functions, through the vDSO where there is one, agree with the calls. */
	struct timespec a, b, c;
	get(CLOCK_MONOTONIC, &a);
	clock_gettime(CLOCK_MONOTONIC, &b);
	get(CLOCK_MONOTONIC, &c);
	ROW_TRUE("vdso_between",
		 (a.tv_sec * 1000000000l + a.tv_nsec <= b.tv_sec * 1000000000l + b.tv_nsec) &&
			 (b.tv_sec * 1000000000l + b.tv_nsec <=
			  c.tv_sec * 1000000000l + c.tv_nsec));
	gettimeofday(&tv, NULL);
	get(CLOCK_REALTIME, &a);
	ROW_TRUE("vdso_gettimeofday", a.tv_sec - tv.tv_sec <= 1);
	ROW_TRUE("vdso_time", time(NULL) - a.tv_sec <= 1);
}

static void group_sleep(void)
{
	struct timespec ts = { 0, 30000000 }, left = { 9, 9 }, bad = { 0, 1000000000 },
			negative = { -1, 0 };
	struct timespec past = { 1, 0 };

	ROWS_EFAULT("nanosleep", sizeof(ts), sys(SYS_nanosleep, p, NULL));
	ROWS_EFAULT("clock_nanosleep", sizeof(ts), sys(SYS_clock_nanosleep, 1, 0, p, NULL));
	int64_t start = raw_ns(CLOCK_MONOTONIC);
	ROW("nanosleep", sys(SYS_nanosleep, &ts, &left), 0);
	ROW_TRUE("nanosleep_long_enough", raw_ns(CLOCK_MONOTONIC) - start >= 30000000);
	ROW_TRUE("left_untouched", left.tv_sec == 9 && left.tv_nsec == 9);
	ROW("nsec", sys(SYS_nanosleep, &bad, NULL), -EINVAL);
	ROW("negative", sys(SYS_nanosleep, &negative, NULL), -EINVAL);
	bad = (struct timespec){ 0, 0 };
	ROW("zero", sys(SYS_nanosleep, &bad, NULL), 0);
	ROW("clock_bad", sys(SYS_clock_nanosleep, 99, 0, &ts, NULL), -EINVAL);
	ROW("clock_thread", sys(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL),
	    -EOPNOTSUPP);
	ROW("clock_raw", sys(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &ts, NULL), -EOPNOTSUPP);
	ROW("absolute_past", sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL),
	    0);
	get(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	ROW("absolute", sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	ROW_TRUE("absolute_reached",
		 raw_ns(CLOCK_MONOTONIC) >= ts.tv_sec * 1000000000l + ts.tv_nsec);
	ts = (struct timespec){ 0, 10000000 };
	ROW("realtime", sys(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &ts, NULL), 0);
	ROW("boottime", sys(SYS_clock_nanosleep, CLOCK_BOOTTIME, 0, &ts, NULL), 0);
	/* Short sleeps do not add up to long ones. */
	start = raw_ns(CLOCK_MONOTONIC);
	ts = (struct timespec){ 0, 100000 };
	for (int i = 0; i < 50; i++)
		sys(SYS_nanosleep, &ts, NULL);
	int64_t took = raw_ns(CLOCK_MONOTONIC) - start;
	ROW_TRUE("fifty_of_100us_least", took >= 5000000);
	ROW_TRUE("fifty_of_100us_most", took < 5000000000);
}

static volatile sig_atomic_t fired;
static volatile int fired_value, fired_code;

static void on_timer(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fired = sig;
	fired_value = info->si_value.sival_int;
	fired_code = info->si_code;
}

static void group_posix_timers(void)
{
	struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1,
				  .sigev_value.sival_int = 77 };
	struct itimerspec value = { { 0, 0 }, { 0, 20000000 } }, got;
	int id = -1;

	sigaction(SIGUSR1, &action, NULL);
	ROWS_EFAULT("create_event", sizeof(event), sys(SYS_timer_create, CLOCK_MONOTONIC, p, &id));
	ROWS_EFAULT("create_id", 4, sys(SYS_timer_create, CLOCK_MONOTONIC, &event, p));
	ROW("create_clock", sys(SYS_timer_create, 99, &event, &id), -EINVAL);
	event.sigev_signo = 99;
	ROW("create_signal", sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), -EINVAL);
	event.sigev_signo = SIGUSR1;
	event.sigev_notify = 77;
	ROW("create_notify", sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), -EINVAL);
	event.sigev_notify = SIGEV_SIGNAL;
	ROW("create", sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), 0);
	ROWS_EFAULT("settime", sizeof(value), sys(SYS_timer_settime, id, 0, p, NULL));
	ROWS_POINTER("gettime", sizeof(value), sys(SYS_timer_gettime, id, p), 0);
	ROW("settime", sys(SYS_timer_settime, id, 0, &value, &got), 0);
	ROW("old_zero", got.it_value.tv_nsec + got.it_value.tv_sec, 0);
	ROW_TRUE("fires", EVENTUALLY(fired == SIGUSR1));
	ROW("value", fired_value, 77);
	ROW("code", fired_code, SI_TIMER);
	value.it_value.tv_sec = 100;
	sys(SYS_timer_settime, id, 0, &value, NULL);
	ROW("gettime", sys(SYS_timer_gettime, id, &got), 0);
	ROW_TRUE("gettime_left", got.it_value.tv_sec >= 98 && got.it_value.tv_sec <= 100);
	value.it_value.tv_nsec = -1;
	ROW("nsec", sys(SYS_timer_settime, id, 0, &value, NULL), -EINVAL);
	ROW("overrun", sys(SYS_timer_getoverrun, id), 0);
	value = (struct itimerspec){ { INT64_MAX, 0 }, { 0, 1000000 } };
	fired = 0;
	sys(SYS_timer_settime, id, 0, &value, NULL);
	ROW_TRUE("huge_interval", EVENTUALLY(fired == SIGUSR1));
	sys(SYS_timer_gettime, id, &got);
	ROW_TRUE("huge_interval_left", got.it_value.tv_sec > 1000000);
	ROW("delete", sys(SYS_timer_delete, id), 0);
	ROW("deleted", sys(SYS_timer_gettime, id, &got), -EINVAL);
	ROW("delete_bad", sys(SYS_timer_delete, 12345), -EINVAL);
	ROW("overrun_bad", sys(SYS_timer_getoverrun, 12345), -EINVAL);
	/* While the signal is blocked, the times it would have come are counted. */
	sigset_t set;
	siginfo_t info;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
	value = (struct itimerspec){ { 0, 2000000 }, { 0, 2000000 } };
	sys(SYS_timer_settime, id, 0, &value, NULL);
	sleep_ms(60);
	ROW("periodic", sigwaitinfo(&set, &info), SIGUSR1);
	ROW_TRUE("overrun_in_info", info.si_overrun >= 10);
	ROW("overrun_call", sys(SYS_timer_getoverrun, id), info.si_overrun);
	sys(SYS_timer_delete, id);
	ROW("default_event", sys(SYS_timer_create, CLOCK_REALTIME, NULL, &id), 0);
	CHILD(ROW("not_inherited", sys(SYS_timer_gettime, id, &got), -EINVAL));
}

/* A timer that is switched off keeps an interval only if it counts CPU time. */
static void group_timer_off(void)
{
	static const struct {
		const char *name;
		int clock, left;
	} clocks[] = { { "monotonic", CLOCK_MONOTONIC, 0 },
		       { "realtime", CLOCK_REALTIME, 0 },
		       { "process", CLOCK_PROCESS_CPUTIME_ID, 5 } };

	for (unsigned i = 0; i < LENGTH(clocks); i++) {
		struct itimerspec value = { { 5, 0 }, { 100, 0 } }, got;
		int id;

		MUST(sys(SYS_timer_create, clocks[i].clock, NULL, &id));
		MUST(sys(SYS_timer_settime, id, 0, &value, NULL));
		value.it_value.tv_sec = 0;
		ROW(named("%s", clocks[i].name), sys(SYS_timer_settime, id, 0, &value, &got), 0);
		ROW(named("%s_was", clocks[i].name), got.it_interval.tv_sec, 5);
		sys(SYS_timer_gettime, id, &got);
		ROW(named("%s_interval", clocks[i].name), got.it_interval.tv_sec, clocks[i].left);
		ROW(named("%s_value", clocks[i].name), got.it_value.tv_sec + got.it_value.tv_nsec,
		    0);
	}
}

/* Work that a CPU which does nothing but serve timers would not come to an end of. */
static void work(void)
{
	for (volatile int i = 0; i < 30000000; i++)
		;
}

static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Intervals of a nanosecond whose signals nobody takes keep no CPU busy. */
static void group_timer_storms(void)
{
	struct itimerspec value = { { 0, 1 }, { 0, 1 } }, got;
	struct itimerval wait = { { 0, 1 }, { 0, 1 } };

	ROW("none", CHILD({
		    struct sigevent event = { .sigev_notify = SIGEV_NONE };
		    int id;
		    stay_here();
		    MUST(sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
		    MUST(sys(SYS_timer_settime, id, 0, &value, NULL));
		    work();
		    MUST(sys(SYS_timer_gettime, id, &got));
		    _exit(got.it_interval.tv_nsec);
	    }),
	    EXITED(1));
	ROW("ignored", CHILD({
		    int id;
		    stay_here();
		    signal(SIGALRM, SIG_IGN);
		    MUST(sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
		    MUST(sys(SYS_timer_settime, id, 0, &value, NULL));
		    work();
		    MUST(sys(SYS_timer_gettime, id, &got));
		    _exit(got.it_interval.tv_nsec);
	    }),
	    EXITED(1));
	/* One that goes on firing is heard of once it is no longer ignored. */
	ROW("ignored_goes_on", CHILD({
		    int id;
		    signal(SIGALRM, SIG_IGN);
		    MUST(sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
		    MUST(sys(SYS_timer_settime, id, 0, &value, NULL));
		    sleep_ms(20);
		    signal(SIGALRM, SIG_DFL);
		    for (;;)
			    pause();
	    }),
	    KILLED(SIGALRM));
	ROW("itimer", CHILD({
		    stay_here();
		    signal(SIGALRM, SIG_IGN);
		    MUST(setitimer(ITIMER_REAL, &wait, NULL));
		    work();
	    }),
	    EXITED(0));
}

static volatile pid_t spinner;
static volatile bool spin_on;

static void *spin(void *unused)
{
	spinner = sys(SYS_gettid);
	while (spin_on)
		;
	return unused;
}

static void *ask_own(void *to)
{
	struct timespec ts;

	*(long *)to = get(~(int)sys(SYS_gettid) << 3 | 2, &ts);
	return NULL;
}

/* CPU clocks of threads, by number. */
static void group_thread_clocks(void)
{
	struct timespec little = { 0, 1000000 }, ts;
	pthread_t thread;
	long r = 1;

	spin_on = true;
	pthread_create(&thread, NULL, spin, NULL);
	while (!spinner)
		sleep_ms(1);
	int clock = ~spinner << 3 | 6, own = ~(int)sys(SYS_gettid) << 3 | 6;
	ROW("get", get(clock, &ts), 0);
	ROW("sleep", sys(SYS_clock_nanosleep, clock, 0, &little, NULL), 0);
	ROW("sleep_past", sys(SYS_clock_nanosleep, clock, TIMER_ABSTIME, &little, NULL), 0);
	ROW("sleep_own", sys(SYS_clock_nanosleep, own, 0, &little, NULL), -EINVAL);
	ROW("sleep_own_0", sys(SYS_clock_nanosleep, -2, 0, &little, NULL), -EINVAL);
	ROW("as_process", get(~spinner << 3 | 2, &ts), -EINVAL);
	spin_on = false;
	pthread_join(thread, NULL);
	/* It can be joined before it has quite ended. */
	ROW_TRUE("gone", EVENTUALLY(get(clock, &ts) == -EINVAL));
	/* A thread's own number stands for its process, too. */
	pthread_create(&thread, NULL, ask_own, &r);
	pthread_join(thread, NULL);
	ROW("own_as_process", r, 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "time");
	GROUP(group_clocks);
	GROUP_ALONE(group_settime);
	GROUP_ALONE(group_timers_and_settime);
	GROUP(group_old_calls);
	GROUP(group_sleep);
	GROUP(group_posix_timers);
	GROUP(group_timer_off);
	GROUP(group_timer_storms);
	GROUP(group_thread_clocks);
	return finish();
}
