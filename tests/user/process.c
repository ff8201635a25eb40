/*
 * Processes: fork, vfork, clone and its flags, exit codes, wait4 and waitid, sessions, groups and
 * what happens to orphaned ones, limits, prctl, arch_prctl, usage.
 */
#include <asm/prctl.h>
#include <linux/sched.h>
#include <sys/prctl.h>

#include "row.h"

static void *shared_page(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void group_fork(void)
{
	pid_t me = getpid(), child = 0;
	int ends[2];

	pipe(ends);
	pid_t pid = sys(SYS_fork);
	if (!pid) {
		child = sys(SYS_getpid);
		write(ends[1], &child, sizeof(child));
		_exit(sys(SYS_getppid) == me ? 3 : 4);
	}
	read(ends[0], &child, sizeof(child));
	ROW("child_pid", child, pid);
	ROW("child_parent", wait_status(pid), EXITED(3));
	ROW("gettid_is_pid", sys(SYS_gettid), me);
	int *page = shared_page();
	pid = sys(SYS_vfork);
	if (!pid) {
		page[0] = 1;
		sleep_ms(30);
		page[0] = 2;
		sys(SYS_exit, 9);
	}
	ROW("vfork_waits", page[0], 2);
	ROW("vfork_status", wait_status(pid), EXITED(9));
	/*
	 * Inherited: mask, ignored signals, umask, directory, nice; not inherited: pending signals,
	 * timers.
	 */
	sigset_t mask, got;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGUSR2, SIG_IGN);
	kill(me, SIGUSR1);
	struct itimerval timer = { { 0, 0 }, { 100, 0 } }, left;
	setitimer(ITIMER_REAL, &timer, NULL);
	CHILD({
		sigprocmask(SIG_SETMASK, NULL, &got);
		ROW("mask_inherited", sigismember(&got, SIGUSR1), 1);
		struct sigaction action;
		sigaction(SIGUSR2, NULL, &action);
		ROW("ignored_inherited", action.sa_handler == SIG_IGN, 1);
		sigpending(&got);
		ROW("pending_not_inherited", sigismember(&got, SIGUSR1), 0);
		getitimer(ITIMER_REAL, &left);
		ROW("timer_not_inherited", left.it_value.tv_sec, 0);
	});
	ROW("descriptors_shared_offset", ({
		    int fd = file_with("f", "abcdef", 6);
		    char c;
		    CHILD(read(fd, &c, 1));
		    read(fd, &c, 1);
		    c;
	    }),
	    'b');
}

static void group_exit_wait(void)
{
	struct rusage usage;
	int status = 77;

	ROWS_EFAULT("status", 4, ({
			    SPAWN();
			    sys(SYS_wait4, -1, p, 0, NULL);
		    }));
	while (wait(NULL) > 0)
		;
	ROW("no_child", sys(SYS_wait4, -1, &status, 0, NULL), -ECHILD);
	ROW("not_my_child", sys(SYS_wait4, 1, &status, 0, NULL), -ECHILD);
	ROW("no_such_group", sys(SYS_wait4, -99999, &status, 0, NULL), -ECHILD);
	ROW("options", sys(SYS_wait4, -1, &status, 0x10, NULL), -EINVAL);
	ROW("pid_int_min", sys(SYS_wait4, 0x80000000u, &status, 0, NULL), -ESRCH);
	pid_t pid = SPAWN(_exit(258));
	ROW("wait", sys(SYS_wait4, pid, &status, 0, &usage), pid);
	ROW("exit_low_byte", status, EXITED(2));
	ROW_TRUE("usage_faults", usage.ru_minflt > 0);
	pid = SPAWN(pause());
	ROW("nohang", sys(SYS_wait4, pid, &status, WNOHANG, NULL), 0);
	kill(pid, SIGTERM);
	ROW("killed", ({
		    sys(SYS_wait4, -1, &status, 0, NULL);
		    status;
	    }),
	    KILLED(SIGTERM));
	pid = SPAWN(pause());
	kill(pid, SIGSTOP);
	ROW("stopped", sys(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
	ROW("stopped_status", status, 0x7f | SIGSTOP << 8);
	ROW("stopped_once", sys(SYS_wait4, pid, &status, WUNTRACED | WNOHANG, NULL), 0);
	kill(pid, SIGCONT);
	ROW("continued", sys(SYS_wait4, pid, &status, WCONTINUED, NULL), pid);
	ROW("continued_status", status, 0xffff);
	kill(pid, SIGKILL);
	wait_status(pid);
	/* By group: 0 is our own, -n the group n. */
	pid = SPAWN(setpgid(0, 0); pause());
	setpgid(pid, pid);
	pid_t same = SPAWN(_exit(5));
	ROW("own_group", sys(SYS_wait4, 0, &status, 0, NULL), same);
	ROW("own_group_none_left", sys(SYS_wait4, 0, &status, 0, NULL), -ECHILD);
	kill(pid, SIGKILL);
	ROW("other_group", sys(SYS_wait4, -pid, &status, 0, NULL), pid);
	/* Ignoring SIGCHLD leaves nothing to wait for. */
	signal(SIGCHLD, SIG_IGN);
	pid = SPAWN(_exit(3));
	ROW("sigchld_ignored", sys(SYS_wait4, pid, &status, 0, NULL), -ECHILD);
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	sigaction(SIGCHLD, &action, NULL);
	pid = SPAWN(_exit(3));
	ROW("nocldwait", sys(SYS_wait4, pid, &status, 0, NULL), -ECHILD);
	signal(SIGCHLD, SIG_DFL);
	ROWS_EFAULT("rusage", sizeof(usage), ({
			    SPAWN();
			    sys(SYS_wait4, -1, NULL, 0, p);
		    }));
	while (wait(NULL) > 0)
		;
	pid = SPAWN(_exit(1));
	EVENTUALLY(process_state(pid) == 'Z');
	ROW("zombie", process_state(pid), 'Z');
	ROW("zombie_kill", sys(SYS_kill, pid, SIGTERM), 0);
	wait_status(pid);
	ROW("reaped", sys(SYS_kill, pid, 0), -ESRCH);
	/* exit_group ends all threads; a thread's exit only itself: tested in group_threads. */
	ROW("exit_group", CHILD(sys(SYS_exit_group, 0x1ff)), EXITED(0xff));
	ROW("core_dump_flag_without_core", CHILD(kill(getpid(), SIGABRT)), KILLED(SIGABRT));
}

static void group_waitid(void)
{
	siginfo_t info;
	struct rusage usage;

	memset(&info, 0, sizeof(info));
	pid_t pid = SPAWN(_exit(42));
	ROW("no_options", sys(SYS_waitid, P_ALL, 0, &info, 0, NULL), -EINVAL);
	ROW("bad_option", sys(SYS_waitid, P_ALL, 0, &info, WEXITED | 0x100, NULL), -EINVAL);
	ROW("bad_type", sys(SYS_waitid, 9, 0, &info, WEXITED, NULL), -EINVAL);
	ROW("pid_0", sys(SYS_waitid, P_PID, 0, &info, WEXITED, NULL), -EINVAL);
	ROW("not_child", sys(SYS_waitid, P_PID, 1, &info, WEXITED, NULL), -ECHILD);
	ROW("nowait", sys(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL), 0);
	ROW_TRUE("nowait_info", info.si_signo == SIGCHLD && info.si_code == CLD_EXITED &&
					info.si_pid == pid && info.si_status == 42 &&
					info.si_uid == 0);
	ROW("again", sys(SYS_waitid, P_PID, pid, &info, WEXITED, &usage), 0);
	ROW("gone", sys(SYS_waitid, P_PID, pid, &info, WEXITED, NULL), -ECHILD);
	pid = SPAWN(pause());
	info.si_pid = 99;
	ROW("nohang", sys(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG, NULL), 0);
	ROW("nohang_pid_0", info.si_pid, 0);
	ROW("nohang_signo_0", info.si_signo, 0);
	kill(pid, SIGSTOP);
	ROW("stopped", sys(SYS_waitid, P_PID, pid, &info, WSTOPPED, NULL), 0);
	ROW_TRUE("stopped_info", info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
	kill(pid, SIGCONT);
	ROW("continued", sys(SYS_waitid, P_PID, pid, &info, WCONTINUED, NULL), 0);
	ROW_TRUE("continued_info", info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
	kill(pid, SIGKILL);
	ROW("killed", sys(SYS_waitid, P_ALL, 0, &info, WEXITED, NULL), 0);
	ROW_TRUE("killed_info", info.si_code == CLD_KILLED && info.si_status == SIGKILL);
	pid = SPAWN(setpgid(0, 0); _exit(1));
	setpgid(pid, pid);
	ROW("group", sys(SYS_waitid, P_PGID, pid, &info, WEXITED, NULL), 0);
	pid = SPAWN(_exit(1));
	ROW("own_group", sys(SYS_waitid, P_PGID, 0, &info, WEXITED, NULL), 0);
	pid = SPAWN(_exit(1));
	ROW("null_info", sys(SYS_waitid, P_PID, pid, NULL, WEXITED, NULL), 0);
	SPAWN(_exit(1));
	ROW("efault_first", sys(SYS_waitid, P_ALL, 0, edge, WEXITED, NULL), -EFAULT);
	pid = SPAWN(_exit(7));
	int fd = sys(SYS_pidfd_open, pid, 0);
	(void)fd;
	siginfo_t *across = ACROSS(sizeof(info));
	ROW("across_pages", sys(SYS_waitid, P_PID, pid, across, WEXITED, NULL), 0);
	ROW("across_pages_status", across->si_status, 7);
}

static void group_sigchld(void)
{
	sigset_t mask;
	siginfo_t info;
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	pid_t pid = SPAWN(_exit(11));
	ROW("exit", sigwaitinfo(&mask, &info), SIGCHLD);
	ROW_TRUE("exit_info",
		 info.si_code == CLD_EXITED && info.si_pid == pid && info.si_status == 11);
	wait_status(pid);
	pid = SPAWN(pause());
	kill(pid, SIGSTOP);
	ROW("stop", sigwaitinfo(&mask, &info), SIGCHLD);
	ROW_TRUE("stop_info", info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
	kill(pid, SIGCONT);
	ROW("continue", sigwaitinfo(&mask, &info), SIGCHLD);
	ROW("continue_code", info.si_code, CLD_CONTINUED);
	sigaction(SIGCHLD, &action, NULL);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGKILL);
	ROW("nocldstop_kill", sigwaitinfo(&mask, &info), SIGCHLD);
	ROW("nocldstop_only_kill", info.si_code, CLD_KILLED);
	wait_status(pid);
}

static int clone_entry(void *arg)
{
	int *page = arg;

	page[1] = getppid();
	page[2]++;
	return page[3];
}

static char clone_stack[65536] __attribute__((aligned(16)));

static int raw_clone(unsigned long flags, int *page, int *ptid, int *ctid)
{
	return clone(clone_entry, clone_stack + sizeof(clone_stack), flags, page, ptid, NULL, ctid);
}

static void group_clone(void)
{
	int *page = shared_page(), local[8] = { 0 }, tid = 0, ctid = 0;
	int fd = file_with("f", "x", 1);

	ROW("sighand_needs_vm", sys(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0), -EINVAL);
	ROW("thread_needs_sighand", sys(SYS_clone, CLONE_THREAD | SIGCHLD, 0), -EINVAL);
	ROW("fs_and_newns", sys(SYS_clone, CLONE_FS | CLONE_NEWNS | SIGCHLD, 0), -EINVAL);
	page[3] = 21;
	pid_t pid = raw_clone(SIGCHLD | CLONE_PARENT_SETTID, page, &tid, NULL);
	ROW("plain", wait_status(pid), EXITED(21));
	ROW("parent_settid", tid, pid);
	pid = raw_clone(CLONE_VM | SIGCHLD, local, NULL, NULL);
	ROW("vm", wait_status(pid), EXITED(0));
	ROW("vm_shared", local[2], 1);
	pid = raw_clone(SIGCHLD, local, NULL, NULL);
	wait_status(pid);
	ROW("not_vm", local[2], 1);
	pid = raw_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, local, NULL, NULL);
	ROW("vfork_done_already", local[2], 2);
	wait_status(pid);
	/* The new process is our parent's child. */
	int status = CHILD({
		pid_t sibling = raw_clone(CLONE_PARENT | SIGCHLD, page, NULL, NULL);
		_exit(waitpid(sibling, NULL, 0) < 0 && errno == ECHILD ? 6 : 7);
	});
	ROW("parent_flag", status, EXITED(6));
	while (wait(NULL) > 0)
		;
	ROW("parent_flag_parent", page[1], getpid());
	/* Shared descriptor table and shared directory. */
	pid = sys(SYS_clone, CLONE_FILES | SIGCHLD, 0);
	if (!pid)
		_exit(close(fd));
	wait_status(pid);
	ROW("files_shared", fcntl(fd, F_GETFD) < 0, 1);
	mkdir("d", 0755);
	pid = sys(SYS_clone, CLONE_FS | SIGCHLD, 0);
	if (!pid)
		_exit(chdir("d"));
	wait_status(pid);
	ROW("fs_shared", access("../d", F_OK), 0);
	pid = sys(SYS_clone, SIGCHLD | CLONE_CHILD_SETTID, 0, 0, &ctid, 0);
	if (!pid)
		_exit(ctid == sys(SYS_getpid));
	ROW("child_settid", wait_status(pid), EXITED(1));
	ROW("child_settid_only_there", ctid, 0);
	/* The exit signal may be any, or none: then only __WALL or __WCLONE waits for it. */
	pid = sys(SYS_clone, 0, 0);
	if (!pid)
		_exit(4);
	ROW("no_signal_plain_wait", sys(SYS_wait4, pid, &status, 0, NULL), -ECHILD);
	ROW("no_signal_wclone", sys(SYS_wait4, pid, &status, __WCLONE, NULL), pid);
	pid = sys(SYS_clone, 0, 0);
	if (!pid)
		_exit(4);
	ROW("no_signal_wall", sys(SYS_wait4, pid, &status, __WALL, NULL), pid);
	ROW("set_tid_address", sys(SYS_set_tid_address, &tid), getpid());
}

struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

static void group_clone3(void)
{
	struct clone3_args args = { .exit_signal = SIGCHLD };
	int tid = 0;

	ROW("size_small", sys(SYS_clone3, &args, 63), -EINVAL);
	ROW("size_page", sys(SYS_clone3, &args, PAGE + 1), -E2BIG);
	ROWS_EFAULT("args", 88, sys(SYS_clone3, p, 88));
	args.flags = CLONE_PARENT_SETTID;
	args.parent_tid = (uintptr_t)&tid;
	pid_t pid = sys(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(13);
	ROW("clone3", wait_status(pid), EXITED(13));
	ROW("parent_tid", tid, pid);
	args = (struct clone3_args){ .exit_signal = 65 };
	ROW("bad_signal", sys(SYS_clone3, &args, 64), -EINVAL);
	args = (struct clone3_args){ .exit_signal = SIGCHLD, .stack = PAGE };
	ROW("stack_without_size", sys(SYS_clone3, &args, 64), -EINVAL);
	char big[128] = { 0 };
	big[120] = 1;
	((struct clone3_args *)big)->exit_signal = SIGCHLD;
	ROW("unknown_fields", sys(SYS_clone3, big, sizeof(big)), -E2BIG);
	args = (struct clone3_args){ .flags = SIGCHLD };
	ROW("signal_in_flags", sys(SYS_clone3, &args, 64), -EINVAL);
}

static volatile int thread_word, thread_tid;

static int thread_body(void *arg)
{
	thread_word = sys(SYS_getpid) == (long)arg && sys(SYS_gettid) != (long)arg;
	sys(SYS_exit, 0);
	return 0;
}

static int thread_sleeper(void *arg)
{
	(void)arg;
	for (;;)
		sys(SYS_pause);
	return 0;
}

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static void wait_tid(volatile int *word)
{
	int value;

	while ((value = *word))
		sys(SYS_futex, word, 0, value, NULL);
}

static void group_threads(void)
{
	char *stack = clone_stack + sizeof(clone_stack);

	thread_tid = 1;
	int tid = clone(thread_body, stack, THREAD | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID,
			(void *)(long)getpid(), &thread_tid, NULL, &thread_tid);
	ROW_TRUE("created", tid > 0);
	wait_tid(&thread_tid);
	ROW("ids", thread_word, 1);
	ROW("not_waited_for", sys(SYS_wait4, tid, NULL, __WALL, NULL), -ECHILD);
	ROW_TRUE("gone", EVENTUALLY(sys(SYS_tgkill, getpid(), tid, 0) == -ESRCH));
	ROW("exit_group_ends_all", CHILD({
		    clone(thread_sleeper, stack, THREAD, NULL);
		    sys(SYS_exit_group, 8);
	    }),
	    EXITED(8));
	ROW("signal_ends_all", CHILD({
		    tid = clone(thread_sleeper, stack, THREAD, NULL);
		    sys(SYS_tgkill, getpid(), tid, SIGTERM);
		    pause();
	    }),
	    KILLED(SIGTERM));
	/* The leader may leave first: the process lives until the last thread ends. */
	pid_t pid =
		SPAWN(thread_tid = 1; clone(thread_sleeper, stack, THREAD, NULL); sys(SYS_exit, 5));
	until_state(pid, 'Z');
	ROW("leader_left", sys(SYS_wait4, pid, NULL, WNOHANG, NULL), 0);
	kill(pid, SIGKILL);
	ROW("leader_left_killed", wait_status(pid), KILLED(SIGKILL));
	ROW("fork_takes_one_thread", CHILD({
		    clone(thread_sleeper, stack, THREAD, NULL);
		    int below = CHILD({
			    char dir[64];
			    struct stat st;
			    snprintf(dir, sizeof(dir), "/proc/%d/task", getpid());
			    stat(dir, &st);
			    _exit(st.st_nlink);
		    });
		    _exit(WEXITSTATUS(below));
	    }),
	    EXITED(3));
}

static void group_sessions(void)
{
	pid_t me = getpid();

	ROW("leader_setsid", sys(SYS_setsid), -EPERM);
	ROW("getsid_self", sys(SYS_getsid, 0), me);
	ROW("getpgid_self", sys(SYS_getpgid, 0), me);
	ROW("getpgrp", sys(SYS_getpgrp), me);
	ROW("getsid_missing", sys(SYS_getsid, 99999), -ESRCH);
	ROW("getpgid_missing", sys(SYS_getpgid, 99999), -ESRCH);
	CHILD(ROW("setsid", sys(SYS_setsid), getpid()); ROW("setsid_group", getpgrp(), getpid()));
	ROW("leader_setpgid", sys(SYS_setpgid, 0, 0), -EPERM);
	pid_t a = SPAWN(pause()), b = SPAWN(pause());
	ROW("inherited_group", sys(SYS_getpgid, a), me);
	ROW("own_group", sys(SYS_setpgid, a, a), 0);
	ROW("join_group", sys(SYS_setpgid, b, a), 0);
	ROW("joined", sys(SYS_getpgid, b), a);
	ROW("setpgid_negative", sys(SYS_setpgid, a, -1), -EINVAL);
	ROW("setpgid_missing", sys(SYS_setpgid, 99999, 0), -ESRCH);
	ROW("setpgid_no_such_group", sys(SYS_setpgid, b, 99999), -EPERM);
	ROW("setpgid_stranger", sys(SYS_setpgid, 1, 0), -ESRCH);
	ROW("kill_group", sys(SYS_kill, -a, SIGTERM), 0);
	ROW("kill_group_a", wait_status(a), KILLED(SIGTERM));
	ROW("kill_group_b", wait_status(b), KILLED(SIGTERM));
	ROW("kill_group_gone", sys(SYS_kill, -a, 0), -ESRCH);
	/* A child that has begun a session, or has called exec, is out of reach. */
	int ends[2];
	char c;
	pipe(ends);
	a = SPAWN(setsid(); write(ends[1], "x", 1); pause());
	read(ends[0], &c, 1);
	ROW("setpgid_other_session", sys(SYS_setpgid, a, a), -EPERM);
	ROW("join_other_session", sys(SYS_setpgid, SPAWN(pause()), a), -EPERM);
	kill(a, SIGKILL);
	pipe2(ends, O_CLOEXEC);
	a = SPAWN(execl("/bin/busybox", "sleep", "100", NULL));
	close(ends[1]);
	read(ends[0], &c, 1); /* closed by the exec */
	ROW("setpgid_after_exec", sys(SYS_setpgid, a, a), -EACCES);
	kill(a, SIGKILL);
}

/* A stopped member of a group that becomes orphaned gets SIGHUP and SIGCONT. */
static void group_orphans(void)
{
	int *page = shared_page(), ends[2];
	char c;

	pipe(ends);
	pid_t middle = SPAWN({
		setpgid(0, 0);
		pid_t child = SPAWN(close(ends[0]); raise(SIGSTOP); page[0] = 9; pause());
		waitpid(child, NULL, WUNTRACED);
		page[1] = child;
		_exit(0);
	});
	close(ends[1]);
	wait_status(middle);
	ROW("hup_kills", read(ends[0], &c, 1), 0);
	ROW("did_not_go_on", page[0], 0);
	ROW_TRUE("reparented_and_gone", EVENTUALLY(sys(SYS_kill, page[1], 0) == -ESRCH));
	pipe(ends);
	middle = SPAWN({
		setpgid(0, 0);
		pid_t child = SPAWN(close(ends[0]); signal(SIGHUP, SIG_IGN); raise(SIGSTOP);
				    page[0] = 9; _exit(0));
		waitpid(child, NULL, WUNTRACED);
		_exit(0);
	});
	close(ends[1]);
	wait_status(middle);
	ROW("cont_continues", read(ends[0], &c, 1), 0);
	ROW("went_on", page[0], 9);
	/* A stop signal of the terminal has no effect in an orphaned group; SIGSTOP has. */
	page[0] = page[2] = 0;
	middle = SPAWN(pid_t child = SPAWN(setpgid(0, 0); while (!page[2]) sleep_ms(2);
					   raise(SIGTSTP); page[0] = 7);
		       page[1] = child; _exit(0));
	wait_status(middle);
	sleep_ms(5);
	page[2] = 1;
	ROW_TRUE("tstp_ignored", EVENTUALLY(page[0] == 7));
	/* An orphan's new parent is process 1, or the nearest subreaper. */
	ROW("subreaper_set", sys(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1), 0);
	page[3] = 0;
	middle = SPAWN({
		pid_t parent = getpid();
		SPAWN({
			page[3] = getpid();
			while (getppid() == parent)
				sleep_ms(2);
			page[6] = getppid();
			_exit(33);
		});
		EVENTUALLY(page[3]);
	});
	wait_status(middle);
	int status;
	ROW("subreaper_waits", sys(SYS_wait4, page[3], &status, 0, NULL), page[3]);
	ROW("subreaper_status", status, EXITED(33));
	ROW("subreaper_parent", page[6], getpid());
}

static void group_limits(void)
{
	struct rlimit limit, back;

	ROWS_EFAULT("getrlimit", sizeof(limit), sys(SYS_getrlimit, RLIMIT_NOFILE, p));
	ROWS_EFAULT("setrlimit", sizeof(limit), sys(SYS_setrlimit, RLIMIT_NOFILE, p));
	ROW("get_bad", sys(SYS_getrlimit, 16, &limit), -EINVAL);
	ROW("set_bad", sys(SYS_setrlimit, 16, &limit), -EINVAL);
	ROW("get", sys(SYS_getrlimit, RLIMIT_NOFILE, &limit), 0);
	ROW_TRUE("get_sane", limit.rlim_cur >= 256 && limit.rlim_max >= limit.rlim_cur);
	limit = (struct rlimit){ 20, 10 };
	ROW("soft_above_hard", sys(SYS_setrlimit, RLIMIT_CORE, &limit), -EINVAL);
	limit = (struct rlimit){ 5, 100 };
	ROW("set", sys(SYS_setrlimit, RLIMIT_MSGQUEUE, &limit), 0);
	sys(SYS_getrlimit, RLIMIT_MSGQUEUE, &back);
	ROW_TRUE("set_get", back.rlim_cur == 5 && back.rlim_max == 100);
	CHILD(sys(SYS_getrlimit, RLIMIT_MSGQUEUE, &back); ROW("inherited", back.rlim_cur, 5));
	limit.rlim_max = 200;
	CHILD(become(USER);
	      ROW("user_raises_hard", sys(SYS_setrlimit, RLIMIT_MSGQUEUE, &limit), -EPERM));
	limit = (struct rlimit){ 50, 100 };
	CHILD(become(USER);
	      ROW("user_raises_soft", sys(SYS_setrlimit, RLIMIT_MSGQUEUE, &limit), 0));
	ROW("prlimit_get", sys(SYS_prlimit64, 0, RLIMIT_MSGQUEUE, NULL, &back), 0);
	ROW("prlimit_set", sys(SYS_prlimit64, 0, RLIMIT_MSGQUEUE, &limit, &back), 0);
	ROW("prlimit_old", back.rlim_cur, 5);
	pid_t pid = SPAWN(pause());
	ROW("prlimit_other", sys(SYS_prlimit64, pid, RLIMIT_MSGQUEUE, &limit, NULL), 0);
	ROW("prlimit_missing", sys(SYS_prlimit64, 99999, RLIMIT_MSGQUEUE, NULL, &back), -ESRCH);
	ROW_AS(USER, "prlimit_foreign", sys(SYS_prlimit64, pid, RLIMIT_MSGQUEUE, NULL, &back),
	       -EPERM);
	kill(pid, SIGKILL);
	limit = (struct rlimit){ 1 << 21, 1 << 21 };
	ROW("nofile_above_nr_open", sys(SYS_setrlimit, RLIMIT_NOFILE, &limit), -EPERM);
	/* NPROC counts a user's processes, not root's. */
	struct rlimit few = { 3, 3 };
	int status = CHILD({
		setrlimit(RLIMIT_NPROC, &few);
		become(20000 + getppid());
		int made = 0, err = 0;
		while (made < 10) {
			pid_t one = sys(SYS_fork);
			if (one == 0)
				for (;;)
					pause();
			if (one < 0) {
				err = -one;
				break;
			}
			made++;
		}
		kill(-getpgrp(), 0);
		_exit(err == EAGAIN ? made : 99);
	});
	ROW("nproc", status, EXITED(2));
	CHILD(become(0); system("true")); /* root is not limited */
	struct rlimit cpu = { 1, 2 };
	ROW("cpu_soft_signal", CHILD(setrlimit(RLIMIT_CPU, &cpu); for (;;)), KILLED(SIGXCPU));
	/* None at all: the signal comes at once, not after a second. */
	bool at_once = false;
	cpu = (struct rlimit){ 0, RLIM_INFINITY };
	for (int attempt = 0; !at_once && attempt < 5; attempt++)
		at_once = CHILD({
				  sigset_t set;
				  sigemptyset(&set);
				  sigaddset(&set, SIGXCPU);
				  sigprocmask(SIG_BLOCK, &set, NULL);
				  setrlimit(RLIMIT_CPU, &cpu);
				  while (!sigpending(&set) && !sigismember(&set, SIGXCPU))
					  ;
				  _exit(now_ns(CLOCK_PROCESS_CPUTIME_ID) < 900000000);
			  }) == EXITED(1);
	ROW_TRUE("cpu_none", at_once);
	/* A thread of real time is to sleep now and then. */
	struct sched_param first = { .sched_priority = 1 };
	struct rlimit realtime = { 200000, RLIM_INFINITY };
	ROW("rttime_signal", CHILD({
		    setrlimit(RLIMIT_RTTIME, &realtime);
		    MUST(sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &first));
		    while (now_ns(CLOCK_THREAD_CPUTIME_ID) < 20000000000)
			    ;
	    }),
	    KILLED(SIGXCPU));
	ROW("rttime_others", CHILD({
		    setrlimit(RLIMIT_RTTIME, &realtime);
		    while (now_ns(CLOCK_THREAD_CPUTIME_ID) < 400000000)
			    ;
	    }),
	    EXITED(0));
	cpu = (struct rlimit){ 1, 2 };
	ROW("cpu_hard_kills",
	    CHILD(signal(SIGXCPU, SIG_IGN); setrlimit(RLIMIT_CPU, &cpu); for (;;)),
	    KILLED(SIGKILL));
}

static void group_usage(void)
{
	struct rusage usage;

	ROWS_POINTER("getrusage", sizeof(usage), sys(SYS_getrusage, RUSAGE_SELF, p), 0);
	ROW("who", sys(SYS_getrusage, 5, &usage), -EINVAL);
	ROW("self", sys(SYS_getrusage, RUSAGE_SELF, &usage), 0);
	ROW_TRUE("maxrss", usage.ru_maxrss > 0);
	long before = usage.ru_minflt;
	char *mem =
		mmap(NULL, 20 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(mem, 20 * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < 20; i++)
		mem[i * PAGE] = 1;
	getrusage(RUSAGE_SELF, &usage);
	ROW_TRUE("faults_counted", usage.ru_minflt >= before + 20);
	CHILD(int64_t end = now_ns(CLOCK_PROCESS_CPUTIME_ID) + 60000000;
	      while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < end));
	ROW("children", sys(SYS_getrusage, RUSAGE_CHILDREN, &usage), 0);
	long us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		  usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	ROW_TRUE("children_time", us >= 40000);
	ROW("thread", sys(SYS_getrusage, RUSAGE_THREAD, &usage), 0);
	ROW_TRUE("thread_maxrss", usage.ru_maxrss > 0);
	long switches = usage.ru_nvcsw;
	sleep_ms(30); /* long enough that it is not over before it began, on a loaded host */
	getrusage(RUSAGE_SELF, &usage);
	ROW_TRUE("voluntary_switches", usage.ru_nvcsw > switches);
}

static void group_prctl(void)
{
	char name[17] = "";
	int value = 77;

	ROW("option", sys(SYS_prctl, 9999), -EINVAL);
	ROW("set_name", sys(SYS_prctl, PR_SET_NAME, "a name longer than sixteen"), 0);
	ROW("get_name", sys(SYS_prctl, PR_GET_NAME, name), 0);
	ROW_TRUE("name_cut", !strcmp(name, "a name longer t"));
	ROWS_STRING_EFAULT("set_name", sys(SYS_prctl, PR_SET_NAME, p));
	ROWS_POINTER("get_name", 16, sys(SYS_prctl, PR_GET_NAME, p), 0);
	char comm[32];
	slurp("/proc/self/comm", comm, sizeof(comm));
	ROW_TRUE("name_in_proc", !strcmp(comm, "a name longer t\n"));
	ROW("pdeathsig_get", sys(SYS_prctl, PR_GET_PDEATHSIG, &value), 0);
	ROW("pdeathsig_none", value, 0);
	ROW("pdeathsig_set", sys(SYS_prctl, PR_SET_PDEATHSIG, SIGUSR1), 0);
	sys(SYS_prctl, PR_GET_PDEATHSIG, &value);
	ROW("pdeathsig_value", value, SIGUSR1);
	ROW("pdeathsig_bad", sys(SYS_prctl, PR_SET_PDEATHSIG, 65), -EINVAL);
	ROWS_EFAULT("pdeathsig_get", 4, sys(SYS_prctl, PR_GET_PDEATHSIG, p));
	CHILD(sys(SYS_prctl, PR_GET_PDEATHSIG, &value); ROW("pdeathsig_not_inherited", value, 0));
	int ends[2];
	char c;
	pipe(ends);
	pid_t middle = SPAWN(SPAWN(sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
				   write(ends[1], "x", 1); for (;;) pause());
			     read(ends[0], &c, 1); _exit(0));
	close(ends[1]);
	wait_status(middle);
	ROW("pdeathsig_sent", read(ends[0], &c, 1), 0);
	ROW("dumpable", sys(SYS_prctl, PR_GET_DUMPABLE), 1);
	ROW("dumpable_set", sys(SYS_prctl, PR_SET_DUMPABLE, 0), 0);
	ROW("dumpable_get", sys(SYS_prctl, PR_GET_DUMPABLE), 0);
	ROW("dumpable_bad", sys(SYS_prctl, PR_SET_DUMPABLE, 2), -EINVAL);
	ROW("keepcaps", sys(SYS_prctl, PR_GET_KEEPCAPS), 0);
	ROW("keepcaps_set", sys(SYS_prctl, PR_SET_KEEPCAPS, 1), 0);
	ROW("keepcaps_get", sys(SYS_prctl, PR_GET_KEEPCAPS), 1);
	ROW("keepcaps_bad", sys(SYS_prctl, PR_SET_KEEPCAPS, 2), -EINVAL);
	ROW("no_new_privs", sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CHILD(ROW("no_new_privs_set", sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	      ROW("no_new_privs_get", sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	      ROW("no_new_privs_unset", sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -EINVAL));
	ROW("subreaper", sys(SYS_prctl, PR_GET_CHILD_SUBREAPER, &value), 0);
	ROW("subreaper_value", value, 0);
	ROW("timerslack", sys(SYS_prctl, PR_GET_TIMERSLACK), 50000);
	ROW("tid_address", ({
		    long a = 0;
		    sys(SYS_prctl, PR_GET_TID_ADDRESS, &a);
		    a != 0;
	    }),
	    1);
}

static void group_arch_prctl(void)
{
	unsigned long fs = 0, gs = 1;

	ROW("get_fs", sys(SYS_arch_prctl, ARCH_GET_FS, &fs), 0);
	ROW_TRUE("fs_is_tls", fs == *(unsigned long *)fs);
	ROW("get_gs", sys(SYS_arch_prctl, ARCH_GET_GS, &gs), 0);
	ROW("gs_0", gs, 0);
	static unsigned long words[4] = { 11, 22, 33, 44 };
	ROW("set_gs", sys(SYS_arch_prctl, ARCH_SET_GS, words), 0);
	unsigned long value;
	__asm__ volatile("movq %%gs:8, %0" : "=r"(value));
	ROW("gs_relative", value, 22);
	sleep_ms(2);
	__asm__ volatile("movq %%gs:16, %0" : "=r"(value));
	ROW("gs_after_switch", value, 33);
	ROW("gs_in_child",
	    CHILD(unsigned long v; __asm__ volatile("movq %%gs:24, %0"
						    : "=r"(v));
		  _exit(v)),
	    EXITED(44));
	ROW("set_kernel", sys(SYS_arch_prctl, ARCH_SET_GS, KERNEL_POINTER), -EPERM);
	ROW("set_fs_kernel", sys(SYS_arch_prctl, ARCH_SET_FS, KERNEL_POINTER), -EPERM);
	ROW("code", sys(SYS_arch_prctl, 0x9999, 0), -EINVAL);
	ROWS_EFAULT("get_fs", 8, sys(SYS_arch_prctl, ARCH_GET_FS, p));
}

int main(int argc, char **argv)
{
	begin(argc, argv, "process");
	GROUP(group_fork);
	GROUP(group_exit_wait);
	GROUP(group_waitid);
	GROUP(group_sigchld);
	GROUP(group_clone);
	GROUP(group_clone3);
	GROUP(group_threads);
	GROUP(group_sessions);
	GROUP(group_orphans);
	GROUP(group_limits);
	GROUP(group_usage);
	GROUP(group_prctl);
	GROUP(group_arch_prctl);
	return finish();
}
