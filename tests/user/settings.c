/*
 * Settings of the whole machine under /proc/sys: what they are at first, what they take, and what some of
 * them do. All are undone.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "row.h"

static long set(const char *name, const char *value)
{
	int fd = open(named("/proc/sys/%s", name), O_WRONLY);
	long r = fd < 0 ? -errno : sys(SYS_write, fd, value, strlen(value));

	close(fd);
	return r < 0 ? r : 0;
}

static long get(const char *name)
{
	char text[64];

	return slurp(named("/proc/sys/%s", name), text, sizeof(text)) > 0 ? atol(text) : -1;
}

/* Takes a value and gives it back. */
static bool takes(const char *name, const char *value)
{
	return set(name, value) == 0 && get(name) == atol(value);
}

static void group_panic(void)
{
	long before = get("kernel/panic");

	ROW_TRUE("seconds", takes("kernel/panic", "5"));
	ROW_TRUE("at_once", takes("kernel/panic", "-1"));
	ROW("word", set("kernel/panic", "soon"), -EINVAL);
	/* What is written behind a number is taken and left. */
	int fd = MUST(open("/proc/sys/kernel/panic", O_WRONLY));
	ROW("first_write", sys(SYS_write, fd, "6\n", 2), 2);
	ROW("second_write", sys(SYS_write, fd, "7\n", 2), 2);
	ROW("second_counts_not", get("kernel/panic"), 6);
	ROW("written_at_0", sys(SYS_pwrite64, fd, "8\n", 2, 0), 2);
	ROW("at_0_counts", get("kernel/panic"), 8);
	close(fd);
	set("kernel/panic", named("%ld", before));
	ROW("warning", get("kernel/panic_on_warn"), 0);
	ROW_TRUE("warning_set", takes("kernel/panic_on_warn", "1"));
	ROW("warning_above", set("kernel/panic_on_warn", "2"), -EINVAL);
	ROW_TRUE("warning_back", takes("kernel/panic_on_warn", "0"));
	ROW("warnings", get("kernel/warn_limit"), 0);
	ROW_TRUE("warnings_set", takes("kernel/warn_limit", "1000"));
	ROW_TRUE("warnings_back", takes("kernel/warn_limit", "0"));
	ROW("oom", get("vm/panic_on_oom"), 0);
	ROW("oom_above", set("vm/panic_on_oom", "3"), -EINVAL);
	ROW("oom_below", set("vm/panic_on_oom", "-1"), -EINVAL);
	ROW("allocating", get("vm/oom_kill_allocating_task"), 0);
	ROW_TRUE("allocating_set", takes("vm/oom_kill_allocating_task", "1"));
	ROW_TRUE("allocating_back", takes("vm/oom_kill_allocating_task", "0"));
	CHILD(become(USER); ROW("user", set("kernel/panic", "5"), -EACCES));
}

static void group_taints(void)
{
	long before = get("kernel/tainted");

	ROW_TRUE("there", before >= 0);
	ROW("add", set("kernel/tainted", "64"), 0);
	ROW("added", get("kernel/tainted"), before | 64);
	ROW("not_taken_back", set("kernel/tainted", "0"), 0);
	ROW("still", get("kernel/tainted"), before | 64);
}

static void group_last_pid(void)
{
	ROW_TRUE("there", get("kernel/ns_last_pid") >= getpid());
	ROW("set", set("kernel/ns_last_pid", "20000"), 0);
	pid_t pid = SPAWN(_exit(0));
	ROW_TRUE("next", pid > 20000 && pid < 20100);
	wait_status(pid);
	ROW("negative", set("kernel/ns_last_pid", "-1"), -EINVAL);
	CHILD(become(USER); ROW("user", set("kernel/ns_last_pid", "30000"), -EPERM));
}

static void group_realtime(void)
{
	ROW("period", get("kernel/sched_rt_period_us"), 1000000);
	ROW("runtime", get("kernel/sched_rt_runtime_us"), 950000);
	ROW("runtime_above", set("kernel/sched_rt_runtime_us", "1000001"), -EINVAL);
	ROW("runtime_below", set("kernel/sched_rt_runtime_us", "-2"), -EINVAL);
	ROW("period_below", set("kernel/sched_rt_period_us", "900000"), -EINVAL);
	ROW("period_none", set("kernel/sched_rt_period_us", "0"), -EINVAL);
	ROW_TRUE("runtime_all", takes("kernel/sched_rt_runtime_us", "-1"));
	ROW_TRUE("period_short", takes("kernel/sched_rt_period_us", "900000"));
	ROW_TRUE("period_back", takes("kernel/sched_rt_period_us", "1000000"));
	ROW_TRUE("runtime_back", takes("kernel/sched_rt_runtime_us", "950000"));
}

static mode_t mode_of(const char *path)
{
	struct stat st = { 0 };

	stat(path, &st);
	return st.st_mode & 07777;
}

/* Of a child that gave its rights away: whether it may be looked into, and whose its files are. */
static void look_at_dumpable(int value)
{
	struct stat st = { 0 };
	int status = CHILD(become(USER); _exit(prctl(PR_GET_DUMPABLE)));

	ROW(named("%d_given_away", value), status, EXITED(value));
	pid_t pid = SPAWN(become(USER); pause());
	until_state(pid, 'S');
	stat(named("/proc/%d/stat", pid), &st);
	ROW(named("%d_owner", value), st.st_uid, value == 1 ? USER : 0);
	kill(pid, SIGKILL);
	wait_status(pid);
}

static int crash_as_user(void)
{
	return CHILD(setrlimit(RLIMIT_CORE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
		     become(USER); raise(SIGQUIT));
}

static void group_dumpable(void)
{
	char before[128], here[256];
	struct stat st = { 0 };

	ROW("first", get("fs/suid_dumpable"), 0);
	look_at_dumpable(0);
	ROW_TRUE("one", takes("fs/suid_dumpable", "1"));
	look_at_dumpable(1);
	ROW_TRUE("two", takes("fs/suid_dumpable", "2"));
	look_at_dumpable(2);
	ROW("above", set("fs/suid_dumpable", "3"), -EINVAL);
	ROW("below", set("fs/suid_dumpable", "-1"), -EINVAL);
	/* Root's, and only under a whole path; where the user could not write. */
	MUST(slurp("/proc/sys/kernel/core_pattern", before, sizeof(before)));
	MUST(set("kernel/core_pattern", "core"));
	ROW("relative", crash_as_user(), KILLED(SIGQUIT));
	ROW("relative_none", access("core", F_OK), -1);
	MUST(set("kernel/core_pattern", named("%s/core", getcwd(here, sizeof(here)))));
	ROW("whole", crash_as_user(), KILLED(SIGQUIT) | 0x80);
	stat("core", &st);
	ROW("whole_owner", st.st_uid, 0);
	ROW("whole_mode", st.st_mode, S_IFREG | 0600);
	ROW_TRUE("zero", takes("fs/suid_dumpable", "0"));
	unlink("core");
	ROW("none", crash_as_user(), KILLED(SIGQUIT));
	set("kernel/core_pattern", before);
}

/* How many lines with this mark are in the log from here on. */
static int count_lines(int log, const char *mark)
{
	char line[1024];
	int found = 0;
	ssize_t n;

	while ((n = read(log, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[n > 0 ? n : 0] = 0;
		found += strstr(line, mark) != NULL;
	}
	return found;
}

static void write_to(int fd, int count, const char *mark)
{
	for (int i = 0; i < count; i++)
		if (write(fd, mark, strlen(mark)) != (ssize_t)strlen(mark))
			row("write", -errno, 0);
}

static void write_lines(int count, const char *mark)
{
	int fd = MUST(open("/dev/kmsg", O_WRONLY));

	write_to(fd, count, mark);
	close(fd);
}

static void group_log(void)
{
	int log = MUST(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
	char text[32], mark[64];
	int limited;

	snprintf(mark, sizeof(mark), "mark of %d\n", getpid());
	ROW("seconds", get("kernel/printk_ratelimit"), 5);
	ROW("burst", get("kernel/printk_ratelimit_burst"), 10);
	ROW_TRUE("burst_set", takes("kernel/printk_ratelimit_burst", "20"));
	ROW_TRUE("burst_back", takes("kernel/printk_ratelimit_burst", "10"));
	slurp("/proc/sys/kernel/printk_devkmsg", text, sizeof(text));
	ROW("programs", strcmp(text, "ratelimit\n"), 0);
	lseek(log, 0, SEEK_END);
	write_lines(30, mark);
	/* Ten in five seconds, however slow the machine is. */
	limited = count_lines(log, mark);
	ROW_TRUE("limited", limited >= 10 && limited < 30);
	ROW("word", set("kernel/printk_devkmsg", "some\n"), -EINVAL);
	ROW("no_newline", set("kernel/printk_devkmsg", "on"), -EINVAL);
	ROW("on", set("kernel/printk_devkmsg", "on\n"), 0);
	write_lines(30, mark);
	ROW("all", count_lines(log, mark), 30);
	int fd = MUST(open("/dev/kmsg", O_WRONLY));
	ROW("off", set("kernel/printk_devkmsg", "off\n"), 0);
	ROW("off_open", sys(SYS_open, "/dev/kmsg", O_WRONLY), -EPERM);
	write_to(fd, 3, mark);
	ROW("nothing", count_lines(log, mark), 0);
	ROW("back", set("kernel/printk_devkmsg", "ratelimit\n"), 0);
	ROW("delay", get("kernel/printk_delay"), 0);
	ROW("delay_above", set("kernel/printk_delay", "10001"), -EINVAL);
	MUST(set("kernel/printk_delay", "50"));
	int64_t from = now_ns(CLOCK_MONOTONIC);
	write_lines(2, mark);
	ROW_TRUE("delayed", now_ns(CLOCK_MONOTONIC) - from >= 2 * 50 * 1000000);
	ROW_TRUE("delay_back", takes("kernel/printk_delay", "0"));
}

#define CRASHES 15
#define CRASH_NAME "ratelimited"

static int reported_crashes(int log)
{
	lseek(log, 0, SEEK_END);
	for (int i = 0; i < CRASHES; i++)
		CHILD(prctl(PR_SET_NAME, CRASH_NAME); *(volatile char *)edge = 1);
	return count_lines(log, CRASH_NAME "[");
}

/* The kernel reports so many ends of programs in a time; the window may have begun before. */
static void group_reports(void)
{
	int log = MUST(open("/dev/kmsg", O_RDONLY | O_NONBLOCK)), reports;

	ROW_TRUE("long", takes("kernel/printk_ratelimit", "600"));
	reports = reported_crashes(log);
	ROW_TRUE("limited", reports <= 10);
	ROW("full", reported_crashes(log), 0);
	ROW_TRUE("no_limit", takes("kernel/printk_ratelimit", "0"));
	ROW("all", reported_crashes(log), CRASHES);
	ROW_TRUE("back", takes("kernel/printk_ratelimit", "5"));
}

/* Where the kernel's text begins, as the reader is told. */
static unsigned long told_address(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	unsigned long address = 1;
	char line[512];

	while (symbols && fgets(line, sizeof(line), symbols))
		if (strstr(line, " T _stext\n")) {
			sscanf(line, "%lx", &address);
			break;
		}
	if (symbols)
		fclose(symbols);
	return address;
}

static void group_addresses(void)
{
	ROW("first", get("kernel/kptr_restrict"), 0);
	ROW_TRUE("one", takes("kernel/kptr_restrict", "1"));
	ROW_TRUE("one_symbol", told_address() != 0);
	ROW_TRUE("two", takes("kernel/kptr_restrict", "2"));
	ROW("two_symbol", told_address(), 0);
	ROW("above", set("kernel/kptr_restrict", "3"), -EINVAL);
	ROW_TRUE("back", takes("kernel/kptr_restrict", "0"));
	CHILD(become(USER); ROW("user", told_address(), 0));
}

static void group_interrupted(void)
{
	pid_t pid = SPAWN(pause());

	ROW("mode", mode_of("/proc/sys/kernel/cad_pid"), 0600);
	ROW("first", get("kernel/cad_pid"), 1);
	ROW_TRUE("other", takes("kernel/cad_pid", named("%d", pid)));
	ROW("nobody", set("kernel/cad_pid", "999999"), -ESRCH);
	ROW_TRUE("back", takes("kernel/cad_pid", "1"));
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void group_hung(void)
{
	ROW("timeout", get("kernel/hung_task_timeout_secs"), 120);
	ROW_TRUE("timeout_set", takes("kernel/hung_task_timeout_secs", "300"));
	ROW("timeout_below", set("kernel/hung_task_timeout_secs", "-1"), -EINVAL);
	ROW_TRUE("timeout_none", takes("kernel/hung_task_timeout_secs", "0"));
	ROW_TRUE("timeout_back", takes("kernel/hung_task_timeout_secs", "120"));
	ROW("interval", get("kernel/hung_task_check_interval_secs"), 0);
	ROW_TRUE("interval_set", takes("kernel/hung_task_check_interval_secs", "60"));
	ROW_TRUE("interval_back", takes("kernel/hung_task_check_interval_secs", "0"));
	ROW("count", get("kernel/hung_task_check_count"), 4194304);
	ROW("warnings", get("kernel/hung_task_warnings"), 10);
	ROW("warnings_below", set("kernel/hung_task_warnings", "-2"), -EINVAL);
	ROW("panic", get("kernel/hung_task_panic"), 0);
	ROW("panic_above", set("kernel/hung_task_panic", "2"), -EINVAL);
	ROW("cpus", get("kernel/hung_task_all_cpu_backtrace"), 0);
}

/* The lowest watermarks of all zones, in KiB. */
static long lowest_marks(void)
{
	FILE *zones = fopen("/proc/zoneinfo", "r");
	char line[256];
	long sum = 0, pages;

	while (zones && fgets(line, sizeof(line), zones))
		if (sscanf(line, " min %ld", &pages) == 1)
			sum += pages * (PAGE / 1024);
	if (zones)
		fclose(zones);
	return sum;
}

#define ROUNDING 64 /* KiB: of a page in each zone */

static void group_min_free(void)
{
	long before = get("vm/min_free_kbytes");

	ROW_TRUE("first", before > 0);
	ROW_TRUE("first_marks", labs(lowest_marks() - before) <= ROUNDING);
	ROW_TRUE("more", takes("vm/min_free_kbytes", named("%ld", before + 1024)));
	ROW_TRUE("more_marks", labs(lowest_marks() - before - 1024) <= ROUNDING);
	ROW_TRUE("back", takes("vm/min_free_kbytes", named("%ld", before)));
	ROW_TRUE("back_marks", labs(lowest_marks() - before) <= ROUNDING);
	ROW("below", set("vm/min_free_kbytes", "-1"), -EINVAL);
}

/* Whose a byte is that was sent before anybody asked. */
static void unknown_sender(struct ucred *got)
{
	char byte, control[CMSG_SPACE(sizeof(*got))] = "";
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int ends[2], on = 1;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	MUST(write(ends[0], "x", 1));
	MUST(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	MUST(recvmsg(ends[1], &m, 0));
	if (CMSG_FIRSTHDR(&m))
		memcpy(got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(*got));
}

static void group_overflow(void)
{
	struct ucred got = { 0 };

	ROW("user", get("kernel/overflowuid"), 65534);
	ROW("group", get("kernel/overflowgid"), 65534);
	ROW_TRUE("user_set", takes("kernel/overflowuid", "60001"));
	ROW_TRUE("group_set", takes("kernel/overflowgid", "60002"));
	unknown_sender(&got);
	ROW("sender", got.uid, 60001);
	ROW("sender_group", got.gid, 60002);
	ROW("above", set("kernel/overflowuid", "65536"), -EINVAL);
	ROW("below", set("kernel/overflowgid", "-1"), -EINVAL);
	ROW_TRUE("user_back", takes("kernel/overflowuid", "65534"));
	ROW_TRUE("group_back", takes("kernel/overflowgid", "65534"));
}

/* Those of one user have two names. */
static void group_per_user(void)
{
	long before = get("fs/inotify/max_user_instances");

	ROW("same", get("user/max_inotify_instances"), before);
	ROW("same_watches", get("user/max_inotify_watches"), get("fs/inotify/max_user_watches"));
	ROW("set", set("user/max_inotify_instances", "77"), 0);
	ROW("seen", get("fs/inotify/max_user_instances"), 77);
	ROW("back", set("fs/inotify/max_user_instances", named("%ld", before)), 0);
	ROW("back_seen", get("user/max_inotify_instances"), before);
}

static void group_dentries(void)
{
	char text[128];
	long total, unused, age, rest[3];

	slurp("/proc/sys/fs/dentry-state", text, sizeof(text));
	ROW("numbers",
	    sscanf(text, "%ld %ld %ld %ld %ld %ld", &total, &unused, &age, rest, rest + 1,
		   rest + 2),
	    6);
	ROW_TRUE("total", total > 0 && unused >= 0 && unused <= total);
	ROW("age", age, 45);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "settings");
	GROUP_ALONE(group_panic);
	GROUP_ALONE(group_taints);
	GROUP_ALONE(group_last_pid);
	GROUP_ALONE(group_realtime);
	GROUP_ALONE(group_dumpable);
	GROUP_ALONE(group_log);
	GROUP_ALONE(group_reports);
	GROUP_ALONE(group_addresses);
	GROUP_ALONE(group_interrupted);
	GROUP_ALONE(group_hung);
	GROUP_ALONE(group_min_free);
	GROUP_ALONE(group_overflow);
	GROUP_ALONE(group_per_user);
	GROUP(group_dentries);
	return finish();
}
