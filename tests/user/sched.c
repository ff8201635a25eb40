/*
 * Scheduling as programs see it: policies and parameters, affinity, nice values, yielding, getcpu.
 */
#include "row.h"

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static void group_policy(void)
{
	struct sched_param param = { 0 };
	int prio;

	ROWS_POINTER("getparam", 4, sys(SYS_sched_getparam, 0, p), 0);
	ROWS_EFAULT("setparam", 4, sys(SYS_sched_setparam, 0, p));
	ROWS_EFAULT("setscheduler", 4, sys(SYS_sched_setscheduler, 0, SCHED_OTHER, p));
	ROW("default", sys(SYS_sched_getscheduler, 0), SCHED_OTHER);
	ROW("get_missing", sys(SYS_sched_getscheduler, 99999), -ESRCH);
	ROW("get_negative", sys(SYS_sched_getscheduler, -1), -EINVAL);
	ROW("param_missing", sys(SYS_sched_getparam, 99999, &param), -ESRCH);
	ROW("param_null", sys(SYS_sched_getparam, 0, NULL), -EINVAL);
	ROW("set_null", sys(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), -EINVAL);
	param.sched_priority = 1;
	ROW("other_with_priority", sys(SYS_sched_setscheduler, 0, SCHED_OTHER, &param), -EINVAL);
	ROW("bad_policy", sys(SYS_sched_setscheduler, 0, 99, &param), -EINVAL);
	param.sched_priority = 0;
	ROW("fifo_priority_0", sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), -EINVAL);
	param.sched_priority = 100;
	ROW("fifo_priority_100", sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), -EINVAL);
	ROW("set_missing", sys(SYS_sched_setscheduler, 99999, SCHED_FIFO, &param), -ESRCH);
	for (int policy = 0; policy < 7; policy++) {
		if (policy == 4)
			continue;
		bool real = policy == SCHED_FIFO || policy == SCHED_RR;
		ROW(named("max_%d", policy), sys(SYS_sched_get_priority_max, policy),
		    real ? 99 : 0);
		ROW(named("min_%d", policy), sys(SYS_sched_get_priority_min, policy), real ? 1 : 0);
	}
	ROW("max_bad", sys(SYS_sched_get_priority_max, 4), -EINVAL);
	ROW("min_bad", sys(SYS_sched_get_priority_min, 99), -EINVAL);
	CHILD({
		param.sched_priority = 10;
		ROW("fifo", sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), 0);
		ROW("fifo_get", sys(SYS_sched_getscheduler, 0), SCHED_FIFO);
		prio = 20;
		ROW("fifo_setparam", sys(SYS_sched_setparam, 0, &prio), 0);
		sys(SYS_sched_getparam, 0, &param);
		ROW("fifo_getparam", param.sched_priority, 20);
		CHILD(ROW("fifo_inherited", sys(SYS_sched_getscheduler, 0), SCHED_FIFO));
		param.sched_priority = 5;
		ROW("rr", sys(SYS_sched_setscheduler, 0, SCHED_RR, &param), 0);
		param.sched_priority = 0;
		ROW("rr_setparam_0", sys(SYS_sched_setparam, 0, &param), -EINVAL);
		ROW("batch", sys(SYS_sched_setscheduler, 0, SCHED_BATCH, &param), 0);
		ROW("idle", sys(SYS_sched_setscheduler, 0, SCHED_IDLE, &param), 0);
		ROW("other_again", sys(SYS_sched_setscheduler, 0, SCHED_OTHER, &param), 0);
		param.sched_priority = 5;
		ROW("reset_on_fork",
		    sys(SYS_sched_setscheduler, 0, SCHED_FIFO | 0x40000000, &param), 0);
		ROW("reset_on_fork_get", sys(SYS_sched_getscheduler, 0), SCHED_FIFO | 0x40000000);
		CHILD(ROW("reset_in_child", sys(SYS_sched_getscheduler, 0), SCHED_OTHER));
		setpriority(PRIO_PROCESS, 0, 5);
		CHILD(ROW("reset_nice_in_child", sys(SYS_getpriority, PRIO_PROCESS, 0), 20));
	});
	param.sched_priority = 5;
	ROW_AS(USER, "user_fifo", sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), -EPERM);
	param.sched_priority = 0;
	ROW_AS(USER, "user_batch", sys(SYS_sched_setscheduler, 0, SCHED_BATCH, &param), 0);
	struct timespec ts;
	ROWS_POINTER("rr_interval", sizeof(ts), sys(SYS_sched_rr_get_interval, 0, p), 0);
	ROW("rr_interval_missing", sys(SYS_sched_rr_get_interval, 99999, &ts), -ESRCH);
	ROW("yield", sys(SYS_sched_yield), 0);
}

static void group_attr(void)
{
	struct attr attr = { .size = sizeof(attr) };

	ROW("get", sys(SYS_sched_getattr, 0, &attr, sizeof(attr), 0), 0);
	ROW("get_policy", attr.policy, 0);
	ROW("get_size", attr.size, sizeof(attr));
	ROW("get_small", sys(SYS_sched_getattr, 0, &attr, 47, 0), -EINVAL);
	ROW("get_flags", sys(SYS_sched_getattr, 0, &attr, sizeof(attr), 1), -EINVAL);
	ROW("get_missing", sys(SYS_sched_getattr, 99999, &attr, sizeof(attr), 0), -ESRCH);
	ROWS_EFAULT("get", 48, sys(SYS_sched_getattr, 0, p, 48, 0));
	ROWS_EFAULT("set", 4, sys(SYS_sched_setattr, 0, p, 0));
	CHILD({
		attr = (struct attr){ .size = 48, .nice = 5 };
		ROW("set_nice", sys(SYS_sched_setattr, 0, &attr, 0), 0);
		ROW("set_nice_seen", sys(SYS_getpriority, PRIO_PROCESS, 0), 15);
		attr = (struct attr){ .size = 48, .policy = SCHED_RR, .priority = 3 };
		ROW("set_rr", sys(SYS_sched_setattr, 0, &attr, 0), 0);
		sys(SYS_sched_getattr, 0, &attr, sizeof(attr), 0);
		ROW_TRUE("set_rr_get", attr.policy == SCHED_RR && attr.priority == 3);
		/* What is kept keeps its flag, too. */
		attr = (struct attr){ .size = 48, .flags = 1 };
		ROW("set_reset", sys(SYS_sched_setattr, 0, &attr, 0), 0);
		attr = (struct attr){ .size = 48, .flags = 8 | 16 };
		ROW("set_keep", sys(SYS_sched_setattr, 0, &attr, 0), 0);
		sys(SYS_sched_getattr, 0, &attr, sizeof(attr), 0);
		ROW("set_keep_flag", attr.flags, 1);
		attr = (struct attr){ .size = 48, .policy = 99 };
		ROW("set_bad", sys(SYS_sched_setattr, 0, &attr, 0), -EINVAL);
		attr = (struct attr){ .size = 48 };
		ROW("set_flags", sys(SYS_sched_setattr, 0, &attr, 1), -EINVAL);
	});
}

static void group_affinity(void)
{
	unsigned long set[16] = { 0 }, one[16] = { 0 }, none[16] = { 0 };

	long n = ROW_OK("get", sys(SYS_sched_getaffinity, 0, sizeof(set), set));
	ROW_TRUE("get_length", n >= 8 && n % 8 == 0);
	ROW("get_size_odd", sys(SYS_sched_getaffinity, 0, 9, set), -EINVAL);
	ROW("get_size_0", sys(SYS_sched_getaffinity, 0, 0, set), -EINVAL);
	ROW("get_missing", sys(SYS_sched_getaffinity, 99999, sizeof(set), set), -ESRCH);
	ROWS_EFAULT("get", 8, sys(SYS_sched_getaffinity, 0, sizeof(set), p));
	ROWS_EFAULT("set", 1, sys(SYS_sched_setaffinity, 0, 128, p));
	ROW("set_empty", sys(SYS_sched_setaffinity, 0, sizeof(none), none), -EINVAL);
	ROW("set_missing", sys(SYS_sched_setaffinity, 99999, sizeof(set), set), -ESRCH);
	none[1] = 1ul << 63;
	ROW("set_only_absent", sys(SYS_sched_setaffinity, 0, sizeof(none), none), -EINVAL);
	int cpus = 0, right = 0;
	for (int cpu = 0; cpu < 64; cpu++) {
		unsigned now = 99;

		if (!(set[0] & 1ul << cpu))
			continue;
		cpus++;
		one[0] = 1ul << cpu;
		if (!sys(SYS_sched_setaffinity, 0, sizeof(one), one) &&
		    !sys(SYS_getcpu, &now, NULL, NULL) && now == (unsigned)cpu)
			right++;
	}
	ROW("runs_where_told", right, cpus);
	CHILD(sys(SYS_sched_getaffinity, 0, sizeof(none), none); ROW("inherited", none[0], one[0]));
	pid_t pid = SPAWN(for (;;));
	one[0] = set[0] & -set[0];
	ROW("other_running", sys(SYS_sched_setaffinity, pid, sizeof(one), one), 0);
	memset(none, 0, sizeof(none));
	sys(SYS_sched_getaffinity, pid, sizeof(none), none);
	ROW("other_running_get", none[0], one[0]);
	ROW_AS(USER, "other_not_mine", sys(SYS_sched_setaffinity, pid, sizeof(set), set), -EPERM);
	kill(pid, SIGKILL);
	ROW("back", sys(SYS_sched_setaffinity, 0, sizeof(set), set), 0);
}

static void group_getcpu(void)
{
	unsigned cpu = 99, node = 99;

	ROWS_POINTER("cpu", 4, sys(SYS_getcpu, p, NULL, NULL), 0);
	ROWS_POINTER("node", 4, sys(SYS_getcpu, NULL, p, NULL), 0);
	ROW("both", sys(SYS_getcpu, &cpu, &node, NULL), 0);
	ROW_TRUE("sane", cpu < 64 && node < 64);
	ROW("neither", sys(SYS_getcpu, NULL, NULL, NULL), 0);
	ROW_TRUE("library", sched_getcpu() >= 0);
}

static void group_nice(void)
{
	pid_t group = getpid(); /* a user of our own */

	ROW("default", sys(SYS_getpriority, PRIO_PROCESS, 0), 20);
	ROW("which", sys(SYS_getpriority, 9, 0), -EINVAL);
	ROW("set_which", sys(SYS_setpriority, 9, 0, 0), -EINVAL);
	ROW("missing", sys(SYS_getpriority, PRIO_PROCESS, 99999), -ESRCH);
	ROW("set_missing", sys(SYS_setpriority, PRIO_PROCESS, 99999, 0), -ESRCH);
	CHILD(ROW("set", sys(SYS_setpriority, PRIO_PROCESS, 0, 7), 0);
	      ROW("get", sys(SYS_getpriority, PRIO_PROCESS, 0), 13);
	      CHILD(ROW("inherited", sys(SYS_getpriority, PRIO_PROCESS, 0), 13));
	      ROW("clamped_high", sys(SYS_setpriority, PRIO_PROCESS, 0, 100), 0);
	      ROW("clamped_high_get", sys(SYS_getpriority, PRIO_PROCESS, 0), 1);
	      ROW("clamped_low", sys(SYS_setpriority, PRIO_PROCESS, 0, -100), 0);
	      ROW("clamped_low_get", sys(SYS_getpriority, PRIO_PROCESS, 0), 40));
	CHILD(become(USER); ROW("user_up", sys(SYS_setpriority, PRIO_PROCESS, 0, 5), 0);
	      ROW("user_down", sys(SYS_setpriority, PRIO_PROCESS, 0, 4), -EACCES));
	pid_t pid = SPAWN(setpgid(0, 0); pause());
	setpgid(pid, pid);
	ROW("group_set", sys(SYS_setpriority, PRIO_PGRP, pid, 3), 0);
	ROW("group_get", sys(SYS_getpriority, PRIO_PGRP, pid), 17);
	ROW_AS(USER, "foreign", sys(SYS_setpriority, PRIO_PROCESS, pid, 10), -EPERM);
	ROW("group_missing", sys(SYS_getpriority, PRIO_PGRP, 99999), -ESRCH);
	kill(pid, SIGKILL);
	pid = SPAWN(become(20000 + group); pause());
	until_state(pid, 'S');
	ROW("user_set", sys(SYS_setpriority, PRIO_USER, 20000 + group, 9), 0);
	ROW("user_get", sys(SYS_getpriority, PRIO_USER, 20000 + group), 11);
	kill(pid, SIGKILL);
}

/* On one CPU a FIFO thread shuts others out, and of two equal ones none starves. */
static void group_behaviour(void)
{
	volatile long *page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long set[16] = { 0 };

	sys(SYS_sched_getaffinity, 0, sizeof(set), set);
	set[0] &= -set[0];
	pid_t a = SPAWN(sys(SYS_sched_setaffinity, 0, sizeof(set), set); for (;;) page[0]++);
	pid_t b = SPAWN(sys(SYS_sched_setaffinity, 0, sizeof(set), set); for (;;) page[1]++);
	sleep_ms(1000);
	kill(a, SIGKILL);
	kill(b, SIGKILL);
	wait_status(a);
	wait_status(b);
	ROW_TRUE("equal_share", page[0] > page[1] / 4 && page[1] > page[0] / 4);
	page[0] = page[1] = 0;
	struct sched_param param = { 10 };
	CHILD({
		sys(SYS_sched_setaffinity, 0, sizeof(set), set);
		a = SPAWN(for (;;) page[0]++);
		sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &param);
		long before = page[0];
		int64_t end = now_ns(CLOCK_MONOTONIC) + 100000000;
		while (now_ns(CLOCK_MONOTONIC) < end)
			;
		page[2] = page[0] - before;
		kill(a, SIGKILL);
	});
	ROW("fifo_shuts_out", page[2], 0);
	/* A sleeper that wakes gets the CPU soon although others compute. */
	a = SPAWN(sys(SYS_sched_setaffinity, 0, sizeof(set), set); for (;;));
	b = SPAWN(sys(SYS_sched_setaffinity, 0, sizeof(set), set); for (;;));
	int64_t worst = 0;
	CHILD({
		sys(SYS_sched_setaffinity, 0, sizeof(set), set);
		for (int i = 0; i < 50; i++) {
			int64_t start = now_ns(CLOCK_MONOTONIC);
			sleep_ms(2);
			int64_t late = now_ns(CLOCK_MONOTONIC) - start - 2000000;
			if (late > worst)
				worst = late;
		}
		page[3] = worst;
	});
	kill(a, SIGKILL);
	kill(b, SIGKILL);
	ROW_TRUE("sleeper_wakes_soon", page[3] < 1000000000);
}

static void group_ioprio(void)
{
#define GET(which, who) sys(SYS_ioprio_get, which, who)
#define SET(which, who, class, level) sys(SYS_ioprio_set, which, who, (class) << 13 | (level))
	ROW("default", GET(1, 0), 0);
	ROW("default.group", GET(2, 0), 2 << 13 | 4);
	ROW("get.which_0", GET(0, 0), -EINVAL);
	ROW("get.which_4", GET(4, 0), -EINVAL);
	ROW("get.missing", GET(1, 4000000), -ESRCH);
	ROW("get.group_missing", GET(2, 4000000), -ESRCH);
	ROW("get.user_missing", GET(3, 54321), -ESRCH);
	ROW("set.which_0", SET(0, 0, 2, 4), -EINVAL);
	ROW("set.class_4", SET(1, 0, 4, 0), -EINVAL);
	/* Debian's earlier point releases of 6.1 know no hints. */
	long hinted = SET(1, 0, 2, 8);
	ROW_TRUE("set.hint", !hinted || hinted == -EINVAL);
	ROW_TRUE("get.hint", hinted || GET(1, 0) == (2 << 13 | 8));
	ROW("set.none_level", SET(1, 0, 0, 1), -EINVAL);
	ROW("set.negative", sys(SYS_ioprio_set, 1, 0, -1), -EINVAL);
	ROW("set.missing", SET(1, 4000000, 2, 4), -ESRCH);
	ROW("set.bad_class_first", SET(1, 4000000, 5, 4), -EINVAL);
	ROW("be", SET(1, 0, 2, 7), 0);
	ROW("be.get", GET(1, 0), 2 << 13 | 7);
	ROW("fork", CHILD(_exit(GET(1, 0) == (2 << 13 | 7))), EXITED(1));
	ROW("rt", SET(1, getpid(), 1, 0), 0);
	ROW("rt.get", GET(1, getpid()), 1 << 13);
	ROW("idle", SET(2, 0, 3, 0), 0);
	ROW("idle.get", GET(2, 0), 3 << 13);
	pid_t child = SPAWN(SET(1, 0, 2, 1); for (;;) pause());
	EVENTUALLY(GET(1, child) == (2 << 13 | 1));
	ROW("best_of_group", GET(2, 0), 2 << 13 | 1);
	CHILD(become(USER); ROW("user.0", SET(3, 0, 2, 3), -EPERM);
	      ROW("user.own", SET(3, USER, 2, 3), 0); ROW("user.get", GET(3, USER), 2 << 13 | 3);
	      ROW("user.rt", SET(1, 0, 1, 3), -EPERM); ROW("user.idle", SET(1, 0, 3, 0), 0);
	      ROW("user.other", SET(1, child, 2, 3), -EPERM);
	      ROW("user.get_other", GET(1, child), 2 << 13 | 1));
	kill(child, SIGKILL);
	wait_status(child);
	ROW("none", SET(1, 0, 0, 0), 0);
	setpriority(PRIO_PROCESS, 0, 10);
	ROW("nice", GET(2, 0), 2 << 13 | 6);
	struct sched_param param = { .sched_priority = 1 };
	CHILD(setpgid(0, 0); sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &param);
	      ROW("fifo", GET(2, 0), 1 << 13 | 6); param.sched_priority = 0;
	      sys(SYS_sched_setscheduler, 0, SCHED_IDLE, &param);
	      ROW("idle_policy", GET(2, 0) >> 13, 3));
}

/* A child that shares the I/O priority; what it does. */
#define SHARING(flags, ...)                                                                        \
	({                                                                                         \
		pid_t made = (pid_t)sys(SYS_clone, (flags) | SIGCHLD, 0);                          \
		if (!made) {                                                                       \
			__VA_ARGS__;                                                               \
			_exit(0);                                                                  \
		}                                                                                  \
		wait_status(made);                                                                 \
	})

static void group_io_shared(void)
{
	SHARING(CLONE_IO, SET(1, 0, 2, 1));
	ROW("nothing chosen, nothing shared", GET(1, 0), 0);
	ROW("choose", SET(1, 0, 2, 5), 0);
	SHARING(0, SET(1, 0, 2, 1));
	ROW("not asked for", GET(1, 0), 2 << 13 | 5);
	SHARING(CLONE_IO, ROW("shared", GET(1, 0), 2 << 13 | 5); SET(1, 0, 2, 1));
	ROW("shared.set by the child", GET(1, 0), 2 << 13 | 1);
	SHARING(CLONE_IO, SET(1, getppid(), 2, 3);
		ROW("shared.set of the parent", GET(1, 0), 2 << 13 | 3));
	SHARING(CLONE_IO, SHARING(CLONE_IO, SET(1, 0, 3, 0)); SHARING(0, SET(1, 0, 2, 0)));
	ROW("shared.by a grandchild", GET(1, 0), 3 << 13);
	SET(1, 0, 0, 0);
	SHARING(CLONE_IO, SET(1, 0, 2, 6));
	ROW("chosen to be none", GET(1, 0), 2 << 13 | 6);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "sched");
	GROUP(group_policy);
	GROUP(group_attr);
	GROUP(group_affinity);
	GROUP(group_getcpu);
	GROUP(group_nice);
	GROUP(group_ioprio);
	GROUP(group_io_shared);
	GROUP_ALONE(group_behaviour);
	return finish();
}
