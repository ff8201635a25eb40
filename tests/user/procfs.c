/*
 * /proc/PID and /sys/devices/system/cpu: the files that tools read of a process and of the machine.
 */
#include "row.h"

static char text[16384];

/* The file's text in `text`, cut at its end; negative errno. */
static long read_file(const char *name)
{
	return slurp(name, text, sizeof(text));
}

static char *of_process(pid_t pid, const char *file)
{
	static char name[96];

	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, file);
	return name;
}

static bool wchan_holds(pid_t pid, const char *part)
{
	if (read_file(of_process(pid, "wchan")) < 0)
		return false;
	return strstr(text, part) && !strstr(text, "sched") && !strstr(text, "switch");
}

/* Of a sleeper it names who sleeps, never the scheduler below. */
static void group_wchan(void)
{
	pid_t sleeper = SPAWN(sleep(1000)), waiter = SPAWN(pause());
	pid_t parent = SPAWN(pid_t mine = SPAWN(pause()); waitpid(mine, NULL, 0));
	static char in_name[64];

	ROW_TRUE("sleep", until_state(sleeper, 'S') && EVENTUALLY(wchan_holds(sleeper, "sleep")));
	ROW_TRUE("pause", until_state(waiter, 'S') && EVENTUALLY(wchan_holds(waiter, "pause")));
	ROW_TRUE("wait", until_state(parent, 'S') && EVENTUALLY(wchan_holds(parent, "wait")));
	read_file("/proc/self/wchan");
	ROW("of itself", strcmp(text, "0"), 0);
	snprintf(in_name, sizeof(in_name), "task/%d/wchan", (int)waiter);
	ROW_TRUE("of a thread", read_file(of_process(waiter, in_name)) > 1);
	kill(sleeper, SIGKILL);
	kill(waiter, SIGKILL);
	kill(parent, SIGKILL);
}

/* Time on a CPU, time in a queue, times that it ran. */
static void group_schedstat(void)
{
	unsigned long run = 0, waited = 0, times = 0, later = 0;
	volatile unsigned spin = 0;

	ROW_TRUE("is read", read_file("/proc/self/schedstat") > 0);
	ROW("three numbers", sscanf(text, "%lu %lu %lu\n", &run, &waited, &times), 3);
	ROW_TRUE("ran", run > 0 && times > 0);
	for (int64_t from = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	     now_ns(CLOCK_PROCESS_CPUTIME_ID) < from + 20000000;)
		spin++;
	sleep_ms(1);
	read_file("/proc/self/schedstat");
	sscanf(text, "%lu", &later);
	ROW_TRUE("runs on", later >= run + 15000000);
	ROW_TRUE("of a thread", read_file("/proc/thread-self/schedstat") > 0);
	read_file("/proc/self/sched");
	ROW_TRUE("sched", strstr(text, "#threads: 1") && strstr(text, "se.sum_exec_runtime") &&
				  strstr(text, "nr_switches") && strstr(text, "prio"));
}

/* A name may hold what its writer wrote, a newline too. */
static void group_comm(void)
{
	int fd = MUST(open("/proc/self/comm", O_RDWR));

	ROW("write", write(fd, "short\n", 6), 6);
	read_file("/proc/self/comm");
	ROW("newline stays", strcmp(text, "short\n\n"), 0);
	read_file("/proc/self/status");
	ROW("escaped in status", strncmp(text, "Name:\tshort\\n\nUmask:", 20), 0);
	ROW("longer than a name", write(fd, "0123456789abcdefghij", 20), 20);
	read_file("/proc/self/comm");
	ROW("cut", strcmp(text, "0123456789abcde\n"), 0);
	CHILD(int other = MUST(open(of_process(getppid(), "comm"), O_WRONLY));
	      ROW("another's", sys(SYS_write, other, "x", 1), -EINVAL));
}

static long adj(const char *file, const char *value)
{
	long fd = sys(SYS_open, of_process(getpid(), file), O_WRONLY), r;

	if (fd < 0)
		return fd;
	r = sys(SYS_write, fd, value, strlen(value));
	sys(SYS_close, fd);
	return r;
}

static long adj_now(const char *file)
{
	return read_file(of_process(getpid(), file)) > 0 ? atol(text) : -1000000;
}

/* The same on two scales. */
static void group_oom_adj(void)
{
	ROW("score", adj("oom_score_adj", "500\n"), 4);
	ROW("old scale", adj_now("oom_adj"), 8);
	ROW("highest", adj("oom_score_adj", "1000"), 4);
	ROW("old highest", adj_now("oom_adj"), 15);
	ROW("old", adj("oom_adj", "-17"), 3);
	ROW("never", adj_now("oom_score_adj"), -1000);
	ROW("old 15", adj("oom_adj", "15\n"), 3);
	ROW("is 1000", adj_now("oom_score_adj"), 1000);
	ROW("too much", adj("oom_adj", "16"), -EINVAL);
	ROW("too little", adj("oom_adj", "-18"), -EINVAL);
	ROW("no number", adj("oom_adj", "x"), -EINVAL);
	ROW_AS(USER, "down without right", adj("oom_adj", "3"), -EACCES);
}

static bool holds(const char *file, const char *part)
{
	return read_file(file) >= 0 && strstr(text, part);
}

static void group_status(void)
{
	ROW_TRUE("nodes", holds("/proc/self/status", "\nMems_allowed:\t"));
	ROW_TRUE("node list", holds("/proc/self/status", "\nMems_allowed_list:\t0"));
	ROW_TRUE("speculation",
		 holds("/proc/self/status", "\nSpeculation_Store_Bypass:\t") &&
			 holds("/proc/self/status", "\nSpeculationIndirectBranch:\t"));
	ROW_TRUE("diskstats", read_file("/proc/diskstats") >= 0);
	ROW_TRUE("thread-self", holds("/proc/thread-self/status", "\nPid:\t"));
}

#define CPUS "/sys/devices/system/cpu/"

static void group_cpus(void)
{
	static const char *const names[] = { "itlb_multihit",
					     "l1tf",
					     "mds",
					     "meltdown",
					     "mmio_stale_data",
					     "retbleed",
					     "spec_store_bypass",
					     "spectre_v1",
					     "spectre_v2",
					     "srbds",
					     "tsx_async_abort" };

	ROW_TRUE("online", read_file(CPUS "online") > 1 && text[0] == '0');
	ROW("offline", read_file(CPUS "offline"), 1);
	ROW_TRUE("CPUs of a node",
		 read_file("/sys/devices/system/node/node0/cpumap") > 1 &&
			 strtoul(strrchr(text, ',') ? strrchr(text, ',') + 1 : text, NULL, 16) & 1);
	ROW("isolated", read_file(CPUS "isolated"), 1);
	for (unsigned i = 0; i < LENGTH(names); i++) {
		char path[128];

		snprintf(path, sizeof(path), CPUS "vulnerabilities/%s", names[i]);
		ROW_TRUE(names[i], holds(path, "Not affected\n") || holds(path, "Vulnerable") ||
					   holds(path, "Mitigation: ") || holds(path, "Unknown") ||
					   holds(path, "vulnerable"));
	}
}

int main(int argc, char **argv)
{
	begin(argc, argv, "procfs");
	GROUP(group_wchan);
	GROUP(group_schedstat);
	GROUP(group_comm);
	GROUP(group_oom_adj);
	GROUP(group_status);
	GROUP(group_cpus);
	return finish();
}
