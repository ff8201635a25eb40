/*
 * What a program wishes for itself by prctl(2), and the clocks that would wake a machine.
 */
#include <linux/perf_event.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>

#include "row.h"

#define PR_SET_VMA_ 0x53564d41
#define PR_SPEC_L1D_FLUSH_ 2
#define PAGE_FAULTS 16
#define ALARM_MS 20

#define PRCTL(...) sys(SYS_prctl, __VA_ARGS__)

static void group_machine_check(void)
{
	ROW("first", PRCTL(PR_MCE_KILL_GET), PR_MCE_KILL_DEFAULT);
	ROW("early", PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY), 0);
	ROW("early_get", PRCTL(PR_MCE_KILL_GET), PR_MCE_KILL_EARLY);
	CHILD(ROW("child", PRCTL(PR_MCE_KILL_GET), PR_MCE_KILL_EARLY));
	ROW("late", PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE), 0);
	ROW("late_get", PRCTL(PR_MCE_KILL_GET), PR_MCE_KILL_LATE);
	ROW("default", PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_DEFAULT), 0);
	ROW("default_get", PRCTL(PR_MCE_KILL_GET), PR_MCE_KILL_DEFAULT);
	ROW("clear", PRCTL(PR_MCE_KILL, PR_MCE_KILL_CLEAR), 0);
	ROW("clear_more", PRCTL(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1), -EINVAL);
	ROW("policy", PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, 3), -EINVAL);
	ROW("what", PRCTL(PR_MCE_KILL, 2, 0), -EINVAL);
	ROW("fourth", PRCTL(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 1), -EINVAL);
	ROW("get_second", PRCTL(PR_MCE_KILL_GET, 1), -EINVAL);
}

static void group_huge_pages(void)
{
	ROW("first", PRCTL(PR_GET_THP_DISABLE), 0);
	ROW("set", PRCTL(PR_SET_THP_DISABLE, 1), 0);
	ROW("get", PRCTL(PR_GET_THP_DISABLE), 1);
	CHILD(ROW("child", PRCTL(PR_GET_THP_DISABLE), 1));
	ROW("third", PRCTL(PR_SET_THP_DISABLE, 0, 1), -EINVAL);
	ROW("fifth", PRCTL(PR_SET_THP_DISABLE, 0, 0, 0, 1), -EINVAL);
	ROW("back", PRCTL(PR_SET_THP_DISABLE, 0), 0);
	ROW("back_get", PRCTL(PR_GET_THP_DISABLE), 0);
	ROW("get_second", PRCTL(PR_GET_THP_DISABLE, 1), -EINVAL);
}

static void group_io_flusher(void)
{
	ROW("first", PRCTL(PR_GET_IO_FLUSHER), 0);
	ROW("set", PRCTL(PR_SET_IO_FLUSHER, 1), 0);
	ROW("get", PRCTL(PR_GET_IO_FLUSHER), 1);
	CHILD(ROW("child", PRCTL(PR_GET_IO_FLUSHER), 1));
	ROW("value", PRCTL(PR_SET_IO_FLUSHER, 2), -EINVAL);
	ROW("third", PRCTL(PR_SET_IO_FLUSHER, 0, 1), -EINVAL);
	ROW("back", PRCTL(PR_SET_IO_FLUSHER, 0), 0);
	ROW("back_get", PRCTL(PR_GET_IO_FLUSHER), 0);
	ROW("get_second", PRCTL(PR_GET_IO_FLUSHER, 1), -EINVAL);
	ROW_AS(USER, "user", PRCTL(PR_SET_IO_FLUSHER, 2), -EPERM);
	ROW_AS(USER, "user_get", PRCTL(PR_GET_IO_FLUSHER, 1), -EPERM);
}

/* What is said of a weakness: "Vulnerable", "Not affected". */
static bool says(const char *weakness, const char *what)
{
	char text[128];
	const char *path = named("/sys/devices/system/cpu/vulnerabilities/%s", weakness);

	return slurp(path, text, sizeof(text)) > 0 && !strncmp(text, what, strlen(what));
}

static void group_speculation(void)
{
	bool safe = says("spec_store_bypass", "Not affected");

	ROW_TRUE("known", safe || says("spec_store_bypass", "Vulnerable"));
	ROW("store", PRCTL(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS),
	    safe ? PR_SPEC_NOT_AFFECTED : PR_SPEC_ENABLE);
	ROW("store_set", PRCTL(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE),
	    -ENXIO);
	ROW("branch", PRCTL(PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH), PR_SPEC_ENABLE);
	ROW("branch_enable",
	    PRCTL(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_ENABLE), 0);
	ROW("branch_disable",
	    PRCTL(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_DISABLE), -EPERM);
	ROW("branch_value", PRCTL(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, 3), -ERANGE);
	ROW("cache", PRCTL(PR_GET_SPECULATION_CTRL, PR_SPEC_L1D_FLUSH_), PR_SPEC_FORCE_DISABLE);
	ROW("cache_set", PRCTL(PR_SET_SPECULATION_CTRL, PR_SPEC_L1D_FLUSH_, PR_SPEC_ENABLE),
	    -EPERM);
	ROW("which", PRCTL(PR_GET_SPECULATION_CTRL, 3), -ENODEV);
	ROW("which_set", PRCTL(PR_SET_SPECULATION_CTRL, 3, PR_SPEC_ENABLE), -ENODEV);
	ROW("third", PRCTL(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 1), -EINVAL);
	ROW("fourth", PRCTL(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 2, 1), -EINVAL);
}

/* Debian's kernel has no names of mappings. */
static void group_names(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ROW("mapping", PRCTL(PR_SET_VMA_, 0, page, PAGE, "name"), -EINVAL);
}

static uint64_t count_of(int fd)
{
	uint64_t value = 0;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : UINT64_MAX;
}

static void touch_pages(void)
{
	char *at = mmap(NULL, PAGE_FAULTS * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(at, PAGE_FAULTS * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGE_FAULTS; i++)
		at[i * PAGE] = 1;
	munmap(at, PAGE_FAULTS * PAGE);
}

/* By this thread made, whomever they are about; not those of others. */
static void group_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_PAGE_FAULTS };
	int fd = MUST(sys(SYS_perf_event_open, &attr, 0, -1, -1, 0));
	uint64_t before;

	ROW("disable", PRCTL(PR_TASK_PERF_EVENTS_DISABLE), 0);
	before = count_of(fd);
	touch_pages();
	ROW("disabled", count_of(fd), before);
	CHILD(PRCTL(PR_TASK_PERF_EVENTS_ENABLE));
	touch_pages();
	ROW("not_by_child", count_of(fd), before);
	ROW("enable", PRCTL(PR_TASK_PERF_EVENTS_ENABLE), 0);
	touch_pages();
	ROW_TRUE("enabled", count_of(fd) >= before + PAGE_FAULTS);
	CHILD(PRCTL(PR_TASK_PERF_EVENTS_DISABLE));
	before = count_of(fd);
	touch_pages();
	ROW_TRUE("still", count_of(fd) >= before + PAGE_FAULTS);
}

static const struct timespec soon = { 0, ALARM_MS * 1000000 }, wrong = { 0, -1 }, past = { 1, 0 };

static long sleep_on(int clock, int flags, const void *time)
{
	return sys(SYS_clock_nanosleep, clock, flags, time, NULL);
}

static void group_alarm_sleep(void)
{
	struct timespec ts;
	int64_t from;

	for (int clock = CLOCK_REALTIME_ALARM; clock <= CLOCK_BOOTTIME_ALARM; clock++) {
		ROW(named("%d_resolution", clock), sys(SYS_clock_getres, clock, &ts), 0);
		ROW(named("%d_nanosecond", clock), ts.tv_nsec, 1);
		ROW(named("%d_time", clock), sys(SYS_clock_gettime, clock, &ts), 0);
		ROW(named("%d_set", clock), sys(SYS_clock_settime, clock, &ts), -EINVAL);
		from = now_ns(CLOCK_MONOTONIC);
		ROW(named("%d_sleep", clock), sleep_on(clock, 0, &soon), 0);
		ROW_TRUE(named("%d_slept", clock),
			 now_ns(CLOCK_MONOTONIC) - from >= ALARM_MS * 1000000);
		ROW(named("%d_past", clock), sleep_on(clock, TIMER_ABSTIME, &past), 0);
		ROW(named("%d_flags", clock), sleep_on(clock, 2, &soon), -EINVAL);
		ROW(named("%d_invalid", clock), sleep_on(clock, 0, &wrong), -EINVAL);
		ROW(named("%d_pointer", clock), sleep_on(clock, 0, edge), -EFAULT);
		ROW_AS(USER, named("%d_user", clock), sleep_on(clock, 0, &soon), -EPERM);
		ROW_AS(USER, named("%d_user_invalid", clock), sleep_on(clock, 0, &wrong), -EINVAL);
		ROW_AS(USER, named("%d_user_flags", clock), sleep_on(clock, 2, &soon), -EINVAL);
	}
}

static bool ran_out(int timer)
{
	struct itimerspec left = { .it_value = { 9, 9 } };

	return !sys(SYS_timer_gettime, timer, &left) && !left.it_value.tv_sec &&
	       !left.it_value.tv_nsec;
}

static void group_alarm_timer(void)
{
	struct sigevent silent = { .sigev_notify = SIGEV_NONE }, odd = { .sigev_notify = 77 };
	struct itimerspec its = { .it_value = soon }, none = { 0 };
	sigset_t set;
	int timer;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int clock = CLOCK_REALTIME_ALARM; clock <= CLOCK_BOOTTIME_ALARM; clock++) {
		ROW(named("%d_create", clock), sys(SYS_timer_create, clock, NULL, &timer), 0);
		ROW(named("%d_set", clock), sys(SYS_timer_settime, timer, 0, &its, NULL), 0);
		ROW(named("%d_signal", clock), sigwaitinfo(&set, NULL), SIGALRM);
		ROW_TRUE(named("%d_ran_out", clock), ran_out(timer));
		its.it_value = past;
		ROW(named("%d_set_past", clock),
		    sys(SYS_timer_settime, timer, TIMER_ABSTIME, &its, NULL), 0);
		ROW(named("%d_signal_past", clock), sigwaitinfo(&set, NULL), SIGALRM);
		its.it_value = soon;
		ROW(named("%d_disarm", clock), sys(SYS_timer_settime, timer, 0, &none, NULL), 0);
		ROW(named("%d_delete", clock), sys(SYS_timer_delete, timer), 0);
		ROW(named("%d_silent", clock), sys(SYS_timer_create, clock, &silent, &timer), 0);
		ROW(named("%d_silent_set", clock), sys(SYS_timer_settime, timer, 0, &its, NULL), 0);
		ROW_TRUE(named("%d_silent_ran_out", clock), EVENTUALLY(ran_out(timer)));
		ROW_AS(USER, named("%d_user", clock), sys(SYS_timer_create, clock, NULL, &timer),
		       -EPERM);
		ROW_AS(USER, named("%d_user_event", clock),
		       sys(SYS_timer_create, clock, &odd, &timer), -EINVAL);
	}
}

static void group_alarm_file(void)
{
	struct itimerspec its = { .it_value = soon };
	uint64_t times;

	for (int clock = CLOCK_REALTIME_ALARM; clock <= CLOCK_BOOTTIME_ALARM; clock++) {
		int fd = MUST(sys(SYS_timerfd_create, clock, 0));

		ROW(named("%d_set", clock), sys(SYS_timerfd_settime, fd, 0, &its, NULL), 0);
		ROW(named("%d_read", clock), read(fd, &times, 8), 8);
		ROW(named("%d_once", clock), times, 1);
		its.it_value = past;
		ROW(named("%d_set_past", clock),
		    sys(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, &its, NULL), 0);
		ROW(named("%d_read_past", clock), read(fd, &times, 8), 8);
		its.it_value = soon;
		ROW_AS(USER, named("%d_user_set", clock),
		       sys(SYS_timerfd_settime, fd, 0, &its, NULL), -EPERM);
		ROW_AS(USER, named("%d_user_create", clock), sys(SYS_timerfd_create, clock, 0),
		       -EPERM);
	}
}

int main(int argc, char **argv)
{
	begin(argc, argv, "wishes");
	GROUP(group_machine_check);
	GROUP(group_huge_pages);
	GROUP(group_io_flusher);
	GROUP(group_speculation);
	GROUP(group_names);
	GROUP(group_perf);
	GROUP(group_alarm_sleep);
	GROUP(group_alarm_timer);
	GROUP(group_alarm_file);
	return finish();
}
