/*
 * Settings of the whole machine under /proc/sys: what they are at first, what they take, and what some of
 * them do. All are undone.
 */
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
	set("kernel/panic", named("%ld", before));
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
	GROUP(group_dentries);
	return finish();
}
