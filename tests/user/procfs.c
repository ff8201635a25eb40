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
	ROW_TRUE("memory of a thread", read_file("/proc/thread-self/smaps_rollup") > 0);
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
	/* By the newer file one may go back to what the privileged have set. */
	ROW("floor", adj("oom_score_adj", "100"), 3);
	int fd = MUST(open("/proc/self/oom_score_adj", O_WRONLY));
	CHILD(become(USER); ROW("user up", sys(SYS_write, fd, "500", 3), 3);
	      ROW("user back", sys(SYS_write, fd, "100", 3), 3);
	      ROW("user below", sys(SYS_write, fd, "99", 2), -EACCES));
	close(fd);
}

/* Who shares memory shares the setting; who borrows it does not. */
static void group_oom_sharing(void)
{
	char name[64];

	ROW("set", adj("oom_score_adj", "200"), 3);
	pid_t pid = (pid_t)sys(SYS_clone, CLONE_VM | SIGCHLD, edge - 4 * PAGE, 0, 0, 0);
	if (!pid)
		for (;;)
			sys(SYS_pause);
	ROW("up", adj("oom_score_adj", "300"), 3);
	snprintf(name, sizeof(name), "/proc/%d/oom_score_adj", (int)pid);
	ROW_TRUE("shared", read_file(name) > 0 && atoi(text) == 300);
	int fd = MUST(open(name, O_WRONLY));
	ROW("by the other", sys(SYS_write, fd, "400", 3), 3);
	close(fd);
	ROW("shared back", adj_now("oom_score_adj"), 400);
	kill(pid, SIGKILL);
	wait_status(pid);
	pid = fork();
	if (!pid)
		for (;;)
			pause();
	ROW("alone", adj("oom_score_adj", "250"), 3);
	snprintf(name, sizeof(name), "/proc/%d/oom_score_adj", (int)pid);
	ROW_TRUE("kept", read_file(name) > 0 && atoi(text) == 400);
	kill(pid, SIGKILL);
	wait_status(pid);
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

static void group_pty_reserve(void)
{
	ROW_TRUE("pty reserve", read_file("/proc/sys/kernel/pty/reserve") > 1);
	ROW("pty reserve.kept", strcmp(text, "1024\n"), 0);
}

/* ---- numa_maps ---- */

#define AREA_PAGES 8
#define MPOL_PREFERRED 1
#define MPOL_BIND 2
#define MPOL_INTERLEAVE 3
#define MPOL_STATIC 0x8000

static char area_line[512];

/* The line of the area that begins at `at` in numa_maps, put into area_line; false: there is none. */
static bool find_line(const char *file, const void *at)
{
	static char all[65536];
	char start[24], *line;
	size_t n;

	if (slurp(file, all, sizeof(all)) < 0)
		return false;
	snprintf(start, sizeof(start), "%08lx ", (unsigned long)at);
	line = strstr(all, start);
	if (!line)
		return false;
	n = strcspn(line, "\n");
	if (n >= sizeof(area_line))
		n = sizeof(area_line) - 1;
	memcpy(area_line, line, n);
	area_line[n] = 0;
	return true;
}

static bool line_has(const void *at, const char *part)
{
	return find_line("/proc/self/numa_maps", at) && strstr(area_line, part);
}

static bool policy_is(const char *policy, const void *at)
{
	size_t n = strlen(policy);
	const char *said;

	if (!find_line("/proc/self/numa_maps", at))
		return false;
	said = strchr(area_line, ' ') + 1;
	return !strncmp(said, policy, n) && (!said[n] || said[n] == ' ');
}

static void *own_area(void)
{
	char *at =
		mmap(NULL, (AREA_PAGES + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Between two others it is merged with none. */
	if (mprotect(at + PAGE, AREA_PAGES * PAGE, PROT_READ | PROT_WRITE))
		_exit(1);
	return at + PAGE;
}

static void group_numa_maps(void)
{
	unsigned long node0 = 1;
	char *at = own_area(), *shared, in_task[64], want[64];
	int fd = file_with("numa", text, 3 * PAGE);

	ROW_TRUE("untouched", find_line("/proc/self/numa_maps", at));
	snprintf(want, sizeof(want), "%08lx default", (unsigned long)at);
	ROW("nothing of it", strcmp(area_line, want), 0);
	memset(at, 1, 3 * PAGE);
	ROW_TRUE("anon", line_has(at, " anon=3 dirty=3"));
	ROW_TRUE("page size", line_has(at, " kernelpagesize_kB=4"));
	ROW_TRUE("on a node", line_has(at, " N0=3") || line_has(at, " N1=3") ||
				      line_has(at, " N0=1") || line_has(at, " N0=2"));
	ROW_TRUE("not a file", !line_has(at, "file="));
	ROW("bind", sys(SYS_mbind, at, AREA_PAGES * PAGE, MPOL_BIND, &node0, 64, 0), 0);
	ROW_TRUE("bind.shown", policy_is("bind:0", at));
	ROW("prefer",
	    sys(SYS_mbind, at, AREA_PAGES * PAGE, MPOL_PREFERRED | MPOL_STATIC, &node0, 64, 0), 0);
	ROW_TRUE("prefer.shown", policy_is("prefer=static:0", at));
	ROW("default", sys(SYS_mbind, at, AREA_PAGES * PAGE, 0, NULL, 0, 0), 0);
	ROW("of the thread", sys(SYS_set_mempolicy, MPOL_INTERLEAVE, &node0, 64), 0);
	ROW_TRUE("of the thread.shown", policy_is("interleave:0", at));
	snprintf(in_task, sizeof(in_task), "/proc/self/task/%d/numa_maps", (int)sys(SYS_gettid));
	ROW_TRUE("of the thread.below task",
		 find_line(in_task, at) && strstr(area_line, " interleave:0"));
	ROW("of no thread", sys(SYS_set_mempolicy, 0, NULL, 0), 0);
	ROW_TRUE("of no thread.shown", policy_is("default", at));
	shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared[0] = shared[PAGE] = 2;
	ROW_TRUE("file", line_has(shared, "/numa"));
	ROW_TRUE("file.changed", line_has(shared, " dirty=") && !line_has(shared, " anon="));
	pid_t child = SPAWN(pause());
	ROW_TRUE("mapped twice", line_has(at, " mapmax=2"));
	kill(child, SIGKILL);
	wait_status(child);
	ROW_TRUE("mapped once", !line_has(at, " mapmax="));
	ROW_TRUE("heap", sbrk(PAGE) != (void *)-1 &&
				 slurp("/proc/self/numa_maps", text, sizeof(text)) > 0 &&
				 strstr(text, " heap"));
	ROW_TRUE("stack", strstr(text, " stack"));
	ROW("cannot be written", open("/proc/self/numa_maps", O_WRONLY) < 0 ? -errno : 0, 0);
	child = SPAWN(pause());
	ROW_AS(USER, "of another", open(of_process(child, "numa_maps"), O_RDONLY) < 0 ? -errno : 0,
	       -EACCES);
	kill(child, SIGKILL);
}

/* ---- clear_refs ---- */

/* What smaps tells under a name of the area at `at`; -1: nothing. */
static long smaps_kib(const void *at, const char *name)
{
	static char all[131072];
	char start[24], *line;

	if (slurp("/proc/self/smaps", all, sizeof(all)) < 0)
		return -1;
	snprintf(start, sizeof(start), "%08lx-", (unsigned long)at);
	line = strstr(all, start);
	line = line ? strstr(line, name) : NULL;
	return line ? atol(line + strlen(name)) : -1;
}

static long write_to(const char *file, const char *what)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	long n = fd < 0 ? -errno : sys(SYS_write, fd, what, strlen(what));

	if (fd >= 0)
		close(fd);
	return n;
}

static long clear_refs(const char *what)
{
	return write_to("/proc/self/clear_refs", what);
}

static long peak_kib(void)
{
	char *line;

	if (slurp("/proc/self/status", text, sizeof(text)) < 0 || !(line = strstr(text, "VmHWM:")))
		return -1;
	return atol(line + 6);
}

#define BIG (16u << 20)

static void group_clear_refs(void)
{
	char *at = own_area(), *shared, *big, in_task[64];
	int fd = file_with("refs", text, 3 * PAGE);
	long before, after;

	memset(at, 1, 3 * PAGE);
	ROW("used", smaps_kib(at, "\nReferenced:"), 12);
	ROW("clears", clear_refs("1"), 1);
	ROW("unused", smaps_kib(at, "\nReferenced:"), 0);
	ROW("still there", smaps_kib(at, "\nRss:"), 12);
	ROW("still the same", at[0] + at[PAGE] + at[2 * PAGE], 3);
	shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared[0] = 1;
	ROW_TRUE("file.used", smaps_kib(shared, "\nReferenced:") > 0);
	ROW("anonymous", clear_refs("2\n"), 2);
	ROW_TRUE("anonymous.not of files", smaps_kib(shared, "\nReferenced:") > 0);
	ROW("of files", clear_refs(" 3"), 2);
	ROW("of files.unused", smaps_kib(shared, "\nReferenced:"), 0);
	ROW("soft dirty", clear_refs("4"), 1);
	ROW("all but zeros", clear_refs("+01"), 3);
	big = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		   -1, 0);
	ROW("big", munmap(big, BIG), 0);
	before = peak_kib();
	ROW("peak", clear_refs("5"), 1);
	after = peak_kib();
	ROW_TRUE("peak.lower", after > 0 && after + (BIG >> 11) < before);
	ROW("none", clear_refs("0"), -EINVAL);
	ROW("beyond", clear_refs("6"), -EINVAL);
	ROW("negative", clear_refs("-1"), -EINVAL);
	ROW("words", clear_refs("all"), -EINVAL);
	ROW("two", clear_refs("1 2"), -EINVAL);
	ROW("blank", clear_refs(" \n"), -EINVAL);
	fd = open("/proc/self/clear_refs", O_WRONLY);
	ROWS_EFAULT("buffer", 2, sys(SYS_write, fd, p, 2));
	close(fd);
	fd = open("/proc/self/clear_refs", O_RDWR);
	ROW("read", sys(SYS_read, fd, text, 1), -EINVAL);
	snprintf(in_task, sizeof(in_task), "/proc/self/task/%d/clear_refs", (int)sys(SYS_gettid));
	ROW("below task", write_to(in_task, "1"), 1);
	pid_t child = SPAWN(pause());
	ROW_AS(USER, "of another", write_to(of_process(child, "clear_refs"), "1"), -EACCES);
	strcpy(in_task, of_process(child, "clear_refs"));
	fd = open(in_task, O_WRONLY);
	kill(child, SIGKILL);
	wait_status(child);
	ROW("of none", sys(SYS_write, fd, "1", 1), -ESRCH);
}

/* ---- topology ---- */

#define TOPOLOGY "/sys/devices/system/cpu/cpu0/topology/"

static bool is_number(const char *name)
{
	char *end;

	if (read_file(named(TOPOLOGY "%s", name)) <= 0)
		return false;
	strtoul(text, &end, 10);
	return end > text && !strcmp(end, "\n");
}

/* A mask and a list of CPUs that has the first in it. */
static bool has_first(const char *name)
{
	if (read_file(named(TOPOLOGY "%s_list", name)) <= 0 || text[0] != '0')
		return false;
	return read_file(named(TOPOLOGY "%s", name)) > 0 && (strtoul(text, NULL, 16) & 1);
}

static void group_topology(void)
{
	static const char *const numbers[] = { "physical_package_id", "die_id", "core_id",
					       "cluster_id" };
	static const char *const sets[] = { "thread_siblings", "core_cpus",	"cluster_cpus",
					    "die_cpus",	       "core_siblings", "package_cpus" };

	for (unsigned i = 0; i < LENGTH(numbers); i++)
		ROW_TRUE(numbers[i], is_number(numbers[i]));
	for (unsigned i = 0; i < LENGTH(sets); i++)
		ROW_TRUE(sets[i], has_first(sets[i]));
	ROW("nothing else", read_file(TOPOLOGY "nothing"), -ENOENT);
}

/* ---- /proc/sys ---- */

static long sysctl(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return write_to(path, value);
}

static long sysctl_now(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return read_file(path) > 0 ? atol(text) : -1000000;
}

static void group_sysctl(void)
{
	static const struct {
		const char *name;
		long usual, most;
	} protections[] = { { "fs/protected_symlinks", 1, 1 },
			    { "fs/protected_hardlinks", 1, 1 },
			    { "fs/protected_fifos", 0, 2 },
			    { "fs/protected_regular", 0, 2 } };

	for (unsigned i = 0; i < LENGTH(protections); i++) {
		const char *name = protections[i].name;
		char value[8];

		ROW(name, sysctl_now(name), protections[i].usual);
		snprintf(value, sizeof(value), "%ld\n", protections[i].most);
		ROW(named("most of %s", name), sysctl(name, value), 2);
		ROW(named("more than most of %s", name), sysctl(name, "3"), -EINVAL);
		ROW(named("below %s", name), sysctl(name, "-1"), -EINVAL);
		ROW(named("%s stays", name), sysctl_now(name), protections[i].most);
		snprintf(value, sizeof(value), "%ld\n", protections[i].usual);
		sysctl(name, value);
	}
	ROW("pipes", sysctl_now("fs/pipe-max-size"), 1 << 20);
	ROW("to a power", sysctl("fs/pipe-max-size", "5000"), 4);
	ROW("rounded", sysctl_now("fs/pipe-max-size"), 8192);
	ROW("least", sysctl("fs/pipe-max-size", "1"), 1);
	ROW("a page", sysctl_now("fs/pipe-max-size"), PAGE);
	ROW("beyond", sysctl("fs/pipe-max-size", "2147483649"), -EINVAL);
	ROW("back", sysctl("fs/pipe-max-size", "1048576"), 7);
	/* Capabilities do not help where the mode says no. */
	ROW("to be written", sys(SYS_open, "/proc/sys/vm/drop_caches", O_RDONLY), -EACCES);
	ROW("to be read", sys(SYS_open, "/proc/sys/kernel/ostype", O_WRONLY), -EACCES);
	ROW("access", sys(SYS_access, "/proc/sys/kernel/ostype", W_OK), -EACCES);
	ROW("execute", sys(SYS_access, "/proc/sys/kernel/hostname", X_OK), -EACCES);
	ROW("both", sys(SYS_access, "/proc/sys/kernel/hostname", R_OK | W_OK), 0);
}

/* ---- what was opened shows the program that ran then, never the next one ---- */

static const char *const memory_files[] = { "maps",    "smaps",	  "numa_maps",
					    "environ", "pagemap", "mem" };

/* Waits for a byte, then starts a program that waits for the end of its input; `started` ends with the exec. */
static pid_t start_executing(int go[2], int started[2])
{
	static char *const words[] = { "exec_helper", "wait", NULL };
	pid_t pid = fork();
	char byte;

	if (pid)
		return pid;
	close(go[1]);
	read(go[0], &byte, 1);
	dup2(go[0], 0);
	fcntl(started[1], F_SETFD, FD_CLOEXEC);
	execv("/tests/user/exec_helper", words);
	_exit(99);
}

static void group_held(void)
{
	int go[2], started[2], files[LENGTH(memory_files)], rollup;
	char byte;

	pipe(go);
	pipe(started);
	pid_t pid = start_executing(go, started);
	close(started[1]);
	for (unsigned i = 0; i < LENGTH(memory_files); i++)
		files[i] = MUST(open(of_process(pid, memory_files[i]), O_RDONLY));
	rollup = MUST(open(of_process(pid, "smaps_rollup"), O_RDONLY));
	write(go[1], "x", 1);
	read(started[0], &byte, 1);
	for (unsigned i = 0; i < LENGTH(memory_files); i++)
		ROW("of_former_program", sys(SYS_read, files[i], text, sizeof(text)), 0);
	ROW_TRUE("of_new_program", read_file(of_process(pid, "maps")) > 0);
	ROW("rollup", sys(SYS_read, rollup, text, sizeof(text)), -ESRCH);
	close(go[1]);
	ROW("ends", wait_status(pid), 0);
	CHILD(become(USER); for (unsigned i = 0; i < LENGTH(memory_files); i++) ROW(
		      "of_others", open(of_process(getppid(), memory_files[i]), O_RDONLY) < 0, 1);
	      ROW("rollup_of_others", sys(SYS_open, "/proc/1/smaps_rollup", O_RDONLY), -EACCES));
}

int main(int argc, char **argv)
{
	begin(argc, argv, "procfs");
	GROUP(group_wchan);
	GROUP(group_schedstat);
	GROUP(group_comm);
	GROUP(group_oom_adj);
	GROUP(group_oom_sharing);
	GROUP(group_status);
	GROUP(group_cpus);
	GROUP_ALONE(group_sysctl);
	GROUP(group_numa_maps);
	GROUP(group_clear_refs);
	GROUP(group_held);
	GROUP(group_pty_reserve);
	GROUP(group_topology);
	return finish();
}
