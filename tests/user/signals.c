/*
 * Signals: actions and masks, queueing, alternate stacks, waiting for them, sending them, restart
 * rules, stop and continue, what a handler's frame keeps, interval timers.
 */
#include <sys/file.h>
#include <sys/ucontext.h>

#include "row.h"

/* The structure of the system call itself, libc's differs. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

#define SIGBIT(sig) (1ul << ((sig)-1))

static volatile sig_atomic_t count, last;
static volatile int order[64];
static siginfo_t last_info;

static void on_signal(int sig)
{
	if (count < 64)
		order[count] = sig;
	count++;
	last = sig;
}

static void on_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	on_signal(sig);
	last_info = *info;
}

static void catch (int sig, int flags)
{
	struct sigaction action = { .sa_flags = flags };

	if (flags & SA_SIGINFO)
		action.sa_sigaction = on_info;
	else
		action.sa_handler = on_signal;
	count = last = 0;
	sigaction(sig, &action, NULL);
}

static void mask(int how, uint64_t set)
{
	sys(SYS_rt_sigprocmask, how, &set, NULL, 8);
}

static uint64_t current_mask(void)
{
	uint64_t set = 0;

	sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &set, 8);
	return set;
}

static uint64_t pending(void)
{
	uint64_t set = 0;

	sys(SYS_rt_sigpending, &set, 8);
	return set;
}

static void group_sigaction(void)
{
	struct kernel_action action = { .handler = SIG_IGN }, old;

	ROWS_POINTER("new", sizeof(action), sys(SYS_rt_sigaction, SIGUSR1, p, NULL, 8), 0);
	ROWS_POINTER("old", sizeof(action), sys(SYS_rt_sigaction, SIGUSR1, NULL, p, 8), 0);
	ROW("signal_0", sys(SYS_rt_sigaction, 0, NULL, &old, 8), -EINVAL);
	ROW("signal_65", sys(SYS_rt_sigaction, 65, NULL, &old, 8), -EINVAL);
	ROW("signal_64", sys(SYS_rt_sigaction, 64, NULL, &old, 8), 0);
	ROW("size", sys(SYS_rt_sigaction, SIGUSR1, NULL, &old, 4), -EINVAL);
	ROW("kill_set", sys(SYS_rt_sigaction, SIGKILL, &action, NULL, 8), -EINVAL);
	ROW("stop_set", sys(SYS_rt_sigaction, SIGSTOP, &action, NULL, 8), -EINVAL);
	ROW("kill_get", sys(SYS_rt_sigaction, SIGKILL, NULL, &old, 8), 0);
	action = (struct kernel_action){ on_signal, SA_RESTART | SA_NODEFER | 0x04000000,
					 (void *)0x1234, -1ul };
	ROW("set", sys(SYS_rt_sigaction, SIGUSR1, &action, &old, 8), 0);
	ROW("get", sys(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8), 0);
	ROW_TRUE("get_handler", old.handler == on_signal && old.restorer == (void *)0x1234);
	ROW("get_flags", old.flags, SA_RESTART | SA_NODEFER | 0x04000000);
	/* The two that cannot be blocked are taken from the mask. */
	ROW("get_mask", old.mask, ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP)));
	action.flags = 0x10000000 | 0x4000;
	sys(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
	sys(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8);
	ROW("unknown_flags_cleared", old.flags, 0x10000000);
	/* Ignoring a pending signal discards it. */
	mask(SIG_BLOCK, SIGBIT(SIGUSR2));
	kill(getpid(), SIGUSR2);
	ROW("pending", pending(), SIGBIT(SIGUSR2));
	signal(SIGUSR2, SIG_IGN);
	ROW("ignoring_discards", pending(), 0);
	kill(getpid(), SIGUSR2);
	ROW("ignored_blocked_is_kept", pending(), SIGBIT(SIGUSR2));
}

static void group_defaults(void)
{
	static const int kill_them[] = { SIGHUP,    SIGINT,  SIGPIPE, SIGALRM, SIGTERM,
					 SIGUSR1,   SIGUSR2, SIGIO,   SIGPROF, SIGVTALRM,
					 SIGSTKFLT, SIGPWR,  34,      64 };
	static const int dump[] = { SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
				    SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };
	static const int ignored[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };
	static const int stop[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };

	for (unsigned i = 0; i < LENGTH(kill_them); i++)
		ROW(named("kills_%d", kill_them[i]), CHILD(sys(SYS_kill, getpid(), kill_them[i])),
		    KILLED(kill_them[i]));
	for (unsigned i = 0; i < LENGTH(dump); i++)
		ROW(named("kills_%d", dump[i]), CHILD(sys(SYS_kill, getpid(), dump[i])),
		    KILLED(dump[i]));
	for (unsigned i = 0; i < LENGTH(ignored); i++)
		ROW(named("ignored_%d", ignored[i]), CHILD(sys(SYS_kill, getpid(), ignored[i])), 0);
	for (unsigned i = 0; i < LENGTH(stop); i++) {
		int status;
		/*
		 * A group of its own, so that it is not orphaned: its parent is another of the
		 * session.
		 */
		pid_t pid = SPAWN(setpgid(0, 0); sys(SYS_kill, getpid(), stop[i]); _exit(4));

		waitpid(pid, &status, WUNTRACED);
		ROW(named("stops_%d", stop[i]), status, 0x7f | stop[i] << 8);
		kill(pid, SIGCONT);
		ROW(named("goes_on_%d", stop[i]), wait_status(pid), EXITED(4));
	}
}

static void divide_by_zero(void)
{
	__asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::
				 : "eax", "ecx", "edx");
}

static void group_faults(void)
{
	ROW("divide", CHILD(divide_by_zero()), KILLED(SIGFPE));
	ROW("divide_caught_once", CHILD({
		    struct sigaction action = { .sa_sigaction = on_info,
						.sa_flags = SA_SIGINFO | SA_RESETHAND };
		    sigaction(SIGFPE, &action, NULL);
		    /* The handler returns to the faulting instruction; the second time kills. */
		    divide_by_zero();
	    }),
	    KILLED(SIGFPE));
	ROW("undefined", CHILD(__asm__ volatile("ud2")), KILLED(SIGILL));
	ROW("breakpoint", CHILD(__asm__ volatile("int3")), KILLED(SIGTRAP));
	ROW("privileged", CHILD(__asm__ volatile("hlt")), KILLED(SIGSEGV));
	ROW("port", CHILD(__asm__ volatile("outb %%al, $0x80" ::"a"(0))), KILLED(SIGSEGV));
	ROW("int_80_vector_81", CHILD(__asm__ volatile("int $0x81")), KILLED(SIGSEGV));
	ROW("control_register",
	    CHILD(unsigned long v; __asm__ volatile("movq %%cr0, %0"
						    : "=r"(v))),
	    KILLED(SIGSEGV));
	ROW("single_step",
	    CHILD(__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" ::
					   : "memory")),
	    KILLED(SIGTRAP));
}

static void group_mask(void)
{
	uint64_t set = SIGBIT(SIGUSR1), old;

	ROWS_POINTER("set", 8, sys(SYS_rt_sigprocmask, SIG_SETMASK, p, NULL, 8), 0);
	ROWS_POINTER("old", 8, sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, p, 8), 0);
	ROW("how", sys(SYS_rt_sigprocmask, 9, &set, NULL, 8), -EINVAL);
	ROW("how_unused", sys(SYS_rt_sigprocmask, 9, NULL, &old, 8), 0);
	ROW("size", sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), -EINVAL);
	ROW("block", sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8), 0);
	ROW("block_old", old, 0);
	ROW("blocked", current_mask(), SIGBIT(SIGUSR1));
	set = -1ul;
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	ROW("all_but_two", current_mask(), ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP)));
	set = SIGBIT(SIGUSR2);
	sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
	ROW("unblock", current_mask(), ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP) | SIGBIT(SIGUSR2)));
	mask(SIG_SETMASK, SIGBIT(SIGUSR1));
	catch (SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	ROW("held_back", count, 0);
	ROWS_POINTER("pending", 8, sys(SYS_rt_sigpending, p, 8), 0);
	ROW("pending_size", sys(SYS_rt_sigpending, &set, 16), -EINVAL);
	ROW("pending", pending(), SIGBIT(SIGUSR1));
	mask(SIG_SETMASK, 0);
	ROW("delivered_once", count, 1);
	ROW("not_pending", pending(), 0);
}

static volatile int depth, deepest;

static void on_nested(int sig)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (count++ < 3)
		raise(sig);
	depth--;
}

static volatile uint64_t seen_mask;

static void on_mask(int sig)
{
	(void)sig;
	seen_mask = current_mask();
}

static void group_flags(void)
{
	struct sigaction action = { .sa_handler = on_nested };

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	ROW("deferred_depth", deepest, 1);
	ROW("deferred_count", count, 4);
	count = deepest = 0;
	action.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	ROW("nodefer_depth", deepest, 4);
	action = (struct sigaction){ .sa_handler = on_mask };
	sigaddset(&action.sa_mask, SIGTERM);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	ROW("mask_in_handler", seen_mask, SIGBIT(SIGUSR1) | SIGBIT(SIGTERM));
	ROW("mask_after_handler", current_mask(), 0);
	catch (SIGUSR1, SA_RESETHAND);
	raise(SIGUSR1);
	struct sigaction now;
	sigaction(SIGUSR1, NULL, &now);
	ROW("resethand", now.sa_handler == SIG_DFL, 1);
	ROW("resethand_ran", count, 1);
	catch (SIGUSR1, SA_SIGINFO);
	kill(getpid(), SIGUSR1);
	ROW_TRUE("siginfo_kill", last_info.si_signo == SIGUSR1 && last_info.si_code == SI_USER &&
					 last_info.si_pid == getpid() && last_info.si_uid == 0);
	sys(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	ROW("siginfo_tgkill", last_info.si_code, SI_TKILL);
	/* The lowest number first, all before the interrupted program goes on. */
	count = 0;
	for (int sig = 34; sig <= 40; sig++)
		catch (sig, 0);
	catch (SIGUSR2, 0);
	catch (SIGUSR1, 0);
	mask(SIG_SETMASK, -1ul);
	kill(getpid(), 40);
	kill(getpid(), SIGUSR2);
	kill(getpid(), 34);
	kill(getpid(), SIGUSR1);
	mask(SIG_SETMASK, 0);
	ROW("all_delivered", count, 4);
	/* Each handler is set up on top of the one before: the last set up runs first. */
	ROW_TRUE("order",
		 order[0] == 40 && order[1] == 34 && order[2] == SIGUSR2 && order[3] == SIGUSR1);
}

static void group_realtime(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	uint64_t set = SIGBIT(35) | SIGBIT(36);
	siginfo_t got;
	struct timespec zero = { 0, 0 };

	mask(SIG_SETMASK, -1ul);
	ROWS_EFAULT("queueinfo", 48, sys(SYS_rt_sigqueueinfo, getpid(), 35, p));
	for (int i = 0; i < 5; i++) {
		info.si_value.sival_int = i;
		sys(SYS_rt_sigqueueinfo, getpid(), 36, &info);
	}
	info.si_value.sival_int = 50;
	ROW("queue", sys(SYS_rt_sigqueueinfo, getpid(), 35, &info), 0);
	ROW("lowest_first", sys(SYS_rt_sigtimedwait, &set, &got, &zero, 8), 35);
	ROW_TRUE("value", got.si_value.sival_int == 50 && got.si_code == SI_QUEUE);
	int in_order = 0;
	for (int i = 0; i < 5; i++)
		in_order += sys(SYS_rt_sigtimedwait, &set, &got, &zero, 8) == 36 &&
			    got.si_value.sival_int == i;
	ROW("in_order", in_order, 5);
	ROW("queue_empty", sys(SYS_rt_sigtimedwait, &set, &got, &zero, 8), -EAGAIN);
	/* A classic signal is pending once. */
	set = SIGBIT(SIGUSR1);
	for (int i = 0; i < 3; i++) {
		info.si_value.sival_int = i;
		sys(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info);
	}
	ROW("classic_first", sys(SYS_rt_sigtimedwait, &set, &got, &zero, 8), SIGUSR1);
	ROW("classic_value", got.si_value.sival_int, 0);
	ROW("classic_once", sys(SYS_rt_sigtimedwait, &set, &got, &zero, 8), -EAGAIN);
	ROW("bad_signal", sys(SYS_rt_sigqueueinfo, getpid(), 65, &info), -EINVAL);
	ROW("missing", sys(SYS_rt_sigqueueinfo, 99999, 35, &info), -ESRCH);
	info.si_code = 0;
	ROW("pretends_kernel", CHILD(_exit(-sys(SYS_rt_sigqueueinfo, getppid(), 35, &info))),
	    EXITED(EPERM));
	info.si_code = SI_TKILL;
	ROW("pretends_tkill", CHILD(_exit(-sys(SYS_rt_sigqueueinfo, getppid(), 35, &info))),
	    EXITED(EPERM));
	info.si_code = SI_QUEUE;
	ROW("tgsigqueueinfo", sys(SYS_rt_tgsigqueueinfo, getpid(), getpid(), 35, &info), 0);
	ROW("tgsigqueueinfo_missing", sys(SYS_rt_tgsigqueueinfo, getpid(), 99999, 35, &info),
	    -ESRCH);
	ROW("tgsigqueueinfo_0", sys(SYS_rt_tgsigqueueinfo, 0, getpid(), 35, &info), -EINVAL);
	struct rlimit few = { 4, 4 };
	CHILD({
		int err = 0, queued = 0;
		become(20000 + getppid());
		setrlimit(RLIMIT_SIGPENDING, &few);
		while (queued < 10 && !(err = sys(SYS_rt_sigqueueinfo, getpid(), 37, &info)))
			queued++;
		ROW("limit", err, -EAGAIN);
		ROW("limit_count", queued, 4);
		ROW("limit_kill_goes_through", sys(SYS_kill, getpid(), SIGUSR2), 0);
	});
}

static void group_wait(void)
{
	uint64_t set = SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2);
	siginfo_t info;
	struct timespec short_time = { 0, 20000000 }, bad = { 0, -1 };

	mask(SIG_SETMASK, set);
	ROWS_EFAULT("set", 8, sys(SYS_rt_sigtimedwait, p, &info, &short_time, 8));
	ROWS_EFAULT("timeout", 16, sys(SYS_rt_sigtimedwait, &set, &info, p, 8));
	ROW("size", sys(SYS_rt_sigtimedwait, &set, &info, &short_time, 4), -EINVAL);
	ROW("bad_time", sys(SYS_rt_sigtimedwait, &set, &info, &bad, 8), -EINVAL);
	int64_t start = now_ns(CLOCK_MONOTONIC);
	ROW("times_out", sys(SYS_rt_sigtimedwait, &set, &info, &short_time, 8), -EAGAIN);
	ROW_TRUE("waited", now_ns(CLOCK_MONOTONIC) - start >= 20000000);
	kill(getpid(), SIGUSR2);
	ROW("pending_taken", sys(SYS_rt_sigtimedwait, &set, NULL, NULL, 8), SIGUSR2);
	ROW("taken_gone", pending(), 0);
	pid_t me = getpid(), pid = SPAWN(until_state(me, 'S'); kill(me, SIGUSR1));
	ROW("wakes", sys(SYS_rt_sigtimedwait, &set, &info, NULL, 8), SIGUSR1);
	ROW("sender", info.si_pid, pid);
	wait_status(pid);
	kill(getpid(), SIGUSR1);
	ROW("info_efault", sys(SYS_rt_sigtimedwait, &set, edge, NULL, 8), -EFAULT);
	catch (SIGALRM, SA_RESTART);
	/* Again and again: the first may come before the wait, on a loaded host. */
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	setitimer(ITIMER_REAL, &soon, NULL);
	ROW("other_signal_eintr", sys(SYS_rt_sigtimedwait, &set, &info, NULL, 8), -EINTR);
	alarm(0);
	/* sigsuspend: the mask is swapped for the wait and the handler. */
	uint64_t none = 0;
	catch (SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	ROWS_EFAULT("suspend", 8, sys(SYS_rt_sigsuspend, p, 8));
	ROW("suspend_size", sys(SYS_rt_sigsuspend, &none, 4), -EINVAL);
	ROW("suspend", sys(SYS_rt_sigsuspend, &none, 8), -EINTR);
	ROW("suspend_ran", count, 1);
	ROW("suspend_mask_back", current_mask(), set);
	catch (SIGALRM, SA_RESTART);
	setitimer(ITIMER_REAL, &soon, NULL);
	ROW("pause", sys(SYS_pause), -EINTR);
}

static void group_send(void)
{
	pid_t me = getpid(), pid = SPAWN(pause());

	ROW("kill_0_exists", sys(SYS_kill, pid, 0), 0);
	ROW("kill_signal", sys(SYS_kill, pid, 65), -EINVAL);
	ROW("kill_negative_signal", sys(SYS_kill, pid, -1), -EINVAL);
	ROW("kill_missing", sys(SYS_kill, 99999, SIGTERM), -ESRCH);
	ROW("kill_missing_group", sys(SYS_kill, -99999, SIGTERM), -ESRCH);
	ROW("kill_int_min", sys(SYS_kill, 0x80000000u, 0), -ESRCH);
	ROW("kill_own_group_0", sys(SYS_kill, 0, 0), 0);
	ROW("tkill", sys(SYS_tkill, pid, 0), 0);
	ROW("tkill_0", sys(SYS_tkill, 0, 0), -EINVAL);
	ROW("tkill_missing", sys(SYS_tkill, 99999, 0), -ESRCH);
	ROW("tkill_signal", sys(SYS_tkill, pid, 65), -EINVAL);
	ROW("tgkill", sys(SYS_tgkill, pid, pid, 0), 0);
	ROW("tgkill_mismatch", sys(SYS_tgkill, me, pid, 0), -ESRCH);
	ROW("tgkill_0", sys(SYS_tgkill, 0, pid, 0), -EINVAL);
	ROW("tgkill_negative", sys(SYS_tgkill, pid, -1, 0), -EINVAL);
	kill(pid, SIGKILL);
	ROW("killed", wait_status(pid), KILLED(SIGKILL));
	/* The kernel's own threads may be signalled by root, and take no notice. */
	ROW("kernel", sys(SYS_kill, 2, 0), 0);
	ROW("kernel_signal", sys(SYS_kill, 2, SIGUSR1), 0);
	ROW("kernel_bad_signal", sys(SYS_kill, 2, 65), -EINVAL);
	ROW("kernel_tkill", sys(SYS_tkill, 2, 0), 0);
	ROW("kernel_tgkill", sys(SYS_tgkill, 2, 2, SIGTERM), 0);
	ROW_AS(USER, "kernel_user", sys(SYS_kill, 2, 0), -EPERM);
	ROW_AS(USER, "kernel_user_tkill", sys(SYS_tkill, 2, 0), -EPERM);
	/* A signal to oneself arrives before kill returns. */
	catch (SIGUSR1, 0);
	sys(SYS_kill, me, SIGUSR1);
	ROW("own_before_return", count, 1);
	pid = SPAWN(sys(SYS_kill, getpid(), SIGKILL); _exit(1));
	ROW("own_kill", wait_status(pid), KILLED(SIGKILL));
	/* One whose signals are all blocked cannot keep SIGKILL away. */
	int ends[2];
	char c;
	pipe(ends);
	pid = SPAWN(mask(SIG_SETMASK, -1ul); write(ends[1], "x", 1); for (;;));
	read(ends[0], &c, 1);
	kill(pid, SIGTERM);
	kill(pid, SIGKILL);
	ROW("kill_busy_and_blocked", wait_status(pid), KILLED(SIGKILL));
}

static void group_stop(void)
{
	int status, ends[2];
	char c;

	pipe(ends);
	pid_t pid = SPAWN(catch (SIGCONT, 0); catch (SIGUSR1, 0); write(ends[1], "x", 1);
			  while (!count) pause(); _exit(last));
	read(ends[0], &c, 1);
	until_state(pid, 'S');
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	ROW("stopped", process_state(pid), 'T');
	kill(pid, SIGUSR1);
	sleep_ms(20);
	ROW("signal_waits", process_state(pid), 'T');
	kill(pid, SIGCONT);
	wait_status(pid);
	pid = SPAWN(raise(SIGSTOP); _exit(2));
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGKILL);
	ROW("kill_while_stopped", wait_status(pid), KILLED(SIGKILL));
	/*
	 * A stop discards a pending continue, and the other way round, even where they are blocked.
	 */
	mask(SIG_BLOCK, SIGBIT(SIGCONT) | SIGBIT(SIGTSTP));
	catch (SIGTSTP, 0);
	kill(getpid(), SIGTSTP);
	ROW("tstp_pending", pending(), SIGBIT(SIGTSTP));
	catch (SIGCONT, 0);
	kill(getpid(), SIGCONT);
	ROW("cont_discards_stop", pending(), SIGBIT(SIGCONT));
	kill(getpid(), SIGTSTP);
	ROW("stop_discards_cont", pending(), SIGBIT(SIGTSTP));
	/* A caught SIGCONT runs its handler as well as continuing. */
	mask(SIG_SETMASK, 0);
	pid = SPAWN(catch (SIGCONT, 0); raise(SIGSTOP); _exit(count));
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	ROW("cont_handler", wait_status(pid), EXITED(1));
	signal(SIGCONT, SIG_DFL);
	/* Stopping and continuing does not end a sleep early. */
	pid = SPAWN(int64_t start = now_ns(CLOCK_MONOTONIC); struct timespec ts = { 2, 0 };
		    long ret = sys(SYS_nanosleep, &ts, NULL);
		    _exit(ret || now_ns(CLOCK_MONOTONIC) - start < 2000000000));
	until_state(pid, 'S');
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	ROW("sleep_goes_on", wait_status(pid), EXITED(0));
}

/*
 * A child sleeps in `call` and gets SIGUSR1, caught with these flags; its exit status is the call's
 * error.
 */
#define INTERRUPTED(flags, call)                                                                   \
	({                                                                                         \
		pid_t waiter = SPAWN(catch (SIGUSR1, flags); long ret = (call);                    \
				     _exit(ret < 0 ? -ret : 100 + ret));                           \
		until_state(waiter, 'S');                                                          \
		kill(waiter, SIGUSR1);                                                             \
		wait_status(waiter);                                                               \
	})

static void group_restart(void)
{
	int ends[2], status;
	char c;
	struct timespec ten = { 10, 0 }, left = { 0, 0 };
	static uint32_t word;

	pipe(ends);
	ROW("read", INTERRUPTED(0, sys(SYS_read, ends[0], &c, 1)), EXITED(EINTR));
	ROW("nanosleep", INTERRUPTED(SA_RESTART, sys(SYS_nanosleep, &ten, NULL)), EXITED(EINTR));
	ROW("nanosleep_left",
	    INTERRUPTED(0, sys(SYS_nanosleep, &ten, &left) == -EINTR && left.tv_sec >= 5),
	    EXITED(101));
	/* Once its handler has returned nothing is left to be begun again. */
	ROW("restart_by_hand", INTERRUPTED(0, ({
						   sys(SYS_nanosleep, &ten, NULL);
						   sys(SYS_restart_syscall);
					   })),
	    EXITED(EINTR));
	ROW("clock_nanosleep", INTERRUPTED(SA_RESTART, sys(SYS_clock_nanosleep, 1, 0, &ten, NULL)),
	    EXITED(EINTR));
	ROW("poll", INTERRUPTED(SA_RESTART, sys(SYS_poll, NULL, 0, -1)), EXITED(EINTR));
	ROW("pause", INTERRUPTED(SA_RESTART, sys(SYS_pause)), EXITED(EINTR));
	ROW("futex_timeout", INTERRUPTED(SA_RESTART, sys(SYS_futex, &word, 0, 0, &ten)),
	    EXITED(EINTR));
	ROW("wait", INTERRUPTED(0, ({
					SPAWN(for (;;) pause());
					sys(SYS_wait4, -1, NULL, 0, NULL);
				})),
	    EXITED(EINTR));
	/* With SA_RESTART the call goes on: it still sleeps after the handler has run. */
	struct {
		const char *name;
		int kind;
	} restarted[] = { { "read_restarts", 0 },
			  { "wait_restarts", 1 },
			  { "futex_restarts", 2 },
			  { "flock_restarts", 3 },
			  { "fifo_open_restarts", 4 } };
	int *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make_file("f", "x");
	mkfifo("fifo", 0600);
	int locked = open("f", O_RDWR);
	flock(locked, LOCK_EX);
	for (unsigned i = 0; i < LENGTH(restarted); i++) {
		page[0] = 0;
		pid_t pid = SPAWN({
			int own = open("f", O_RDWR), child = 0;
			if (restarted[i].kind == 1)
				child = SPAWN(for (;;) pause());
			catch (SIGUSR1, SA_RESTART);
			page[0] = 1;
			switch (restarted[i].kind) {
			case 0:
				sys(SYS_read, ends[0], &c, 1);
				break;
			case 1:
				sys(SYS_wait4, child, NULL, 0, NULL);
				break;
			case 2:
				sys(SYS_futex, &word, 0, 0, NULL);
				break;
			case 3:
				sys(SYS_flock, own, LOCK_EX);
				break;
			case 4:
				sys(SYS_open, "fifo", O_RDONLY);
				break;
			}
			page[1] = 1;
		});
		page[1] = 0;
		EVENTUALLY(page[0]);
		until_state(pid, 'S');
		kill(pid, SIGUSR1);
		sleep_ms(20);
		ROW_TRUE(restarted[i].name, until_state(pid, 'S') && !page[1]);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	/* Without a handler nothing is interrupted at all: an ignored signal does not wake. */
	pid_t pid = SPAWN(signal(SIGUSR1, SIG_IGN); _exit(sys(SYS_poll, NULL, 0, 100) == 0));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("ignored_does_not_interrupt", wait_status(pid), EXITED(1));
}

static char alternate[65536];
static volatile bool on_alternate;

static void on_stack(int sig)
{
	char here;
	stack_t now;

	(void)sig;
	on_alternate = &here >= alternate && &here < alternate + sizeof(alternate);
	sys(SYS_sigaltstack, NULL, &now);
	last = now.ss_flags;
	stack_t other = { .ss_sp = alternate, .ss_size = 20000 };
	count = sys(SYS_sigaltstack, &other, NULL);
}

static void group_altstack(void)
{
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) }, old;
	struct sigaction action = { .sa_handler = on_stack, .sa_flags = SA_ONSTACK };

	ROWS_EFAULT("new", sizeof(stack), sys(SYS_sigaltstack, p, NULL));
	ROWS_POINTER("old", sizeof(stack), sys(SYS_sigaltstack, NULL, p), 0);
	ROW("get_none", sys(SYS_sigaltstack, NULL, &old), 0);
	ROW("none_flags", old.ss_flags, SS_DISABLE);
	ROW("set", sys(SYS_sigaltstack, &stack, NULL), 0);
	sys(SYS_sigaltstack, NULL, &old);
	ROW_TRUE("get",
		 old.ss_sp == alternate && old.ss_size == sizeof(alternate) && old.ss_flags == 0);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	ROW("used", on_alternate, 1);
	ROW("in_handler_flags", last, SS_ONSTACK);
	ROW("in_handler_change", count, -EPERM);
	action.sa_flags = 0;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	ROW("not_without_flag", on_alternate, 0);
	stack.ss_size = 100;
	ROW("too_small", sys(SYS_sigaltstack, &stack, NULL), -ENOMEM);
	stack.ss_size = sizeof(alternate);
	stack.ss_flags = 0x40;
	ROW("flags", sys(SYS_sigaltstack, &stack, NULL), -EINVAL);
	stack.ss_flags = SS_DISABLE;
	ROW("disable", sys(SYS_sigaltstack, &stack, NULL), 0);
	stack.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
	ROW("autodisarm", sys(SYS_sigaltstack, &stack, NULL), 0);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	ROW("autodisarm_in_handler", last, SS_DISABLE);
	ROW("autodisarm_change", count, 0);
	stack.ss_flags = 0;
	sys(SYS_sigaltstack, &stack, NULL);
	CHILD(sys(SYS_sigaltstack, NULL, &old); ROW("fork_keeps", old.ss_sp == alternate, 1));
}

static volatile double changed;

static void on_fpu(int sig)
{
	(void)sig;
	/* Another value in every register that a handler may use. */
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm1; movdqa %%xmm0, %%xmm7;"
			 "movdqa %%xmm0, %%xmm15; fninit; fldpi; fldpi" ::
				 : "xmm0", "xmm1", "xmm7", "xmm15");
	changed += 1.5;
}

static ucontext_t seen_context;
static struct _libc_fpstate seen_fpu;

static void on_context(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	ucontext_t *uc = context;

	seen_context = *uc;
	if (uc->uc_mcontext.fpregs)
		seen_fpu = *uc->uc_mcontext.fpregs;
	/* What the handler changes in the frame is what the program goes on with. */
	uc->uc_mcontext.gregs[REG_RBX] = 0x1234567;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
}

static void group_frame(void)
{
	struct sigaction action = { .sa_handler = on_fpu };
	uint64_t in[4] = { 0x1111222233334444, 0x5555666677778888, 0x9999aaaabbbbcccc,
			   0xddddeeeeffff0001 };
	uint64_t out[4] = { 0 };
	uint16_t control = 0x27f, back = 0;
	uint32_t csr = 0x1f80 | 0x6000, csr_back = 0;

	sigaction(SIGUSR1, &action, NULL);
	long ret = SYS_kill;
	__asm__ volatile(
		"movdqu (%2), %%xmm7; movdqu 16(%2), %%xmm15; fldcw %3; fld1; ldmxcsr %6;"
		"syscall;"
		"movdqu %%xmm7, (%1); movdqu %%xmm15, 16(%1); fstp %%st(0); fnstcw %4; stmxcsr %5"
		: "+a"(ret)
		: "r"(out), "r"(in), "m"(control), "m"(back), "m"(csr_back), "m"(csr),
		  "D"((long)getpid()), "S"((long)SIGUSR1)
		: "rcx", "r11", "xmm7", "xmm15", "memory");
	ROW_TRUE("handler_ran", changed == 1.5);
	ROW_TRUE("xmm_kept", !memcmp(in, out, sizeof(in)));
	ROW("x87_control_kept", *(volatile uint16_t *)&back, 0x27f);
	ROW("mxcsr_kept", *(volatile uint32_t *)&csr_back, 0x1f80 | 0x6000);
	csr = 0x1f80;
	__asm__ volatile("fninit; ldmxcsr %0" ::"m"(csr));
	action = (struct sigaction){ .sa_sigaction = on_context, .sa_flags = SA_SIGINFO };
	sigaction(SIGUSR1, &action, NULL);
	mask(SIG_SETMASK, SIGBIT(SIGTERM));
	unsigned long rbx = 0x7777, r12, flags, rsp;
	ret = SYS_kill;
	__asm__ volatile("movq $0x5151, %%r12; movdqu (%5), %%xmm5; movq %%rsp, %3; stc; syscall;"
			 "pushfq; popq %2; movq %%r12, %1"
			 : "+b"(rbx), "=&r"(r12), "=&r"(flags), "=&r"(rsp), "+a"(ret)
			 : "r"(in), "D"((long)getpid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "r12", "xmm5", "memory");
	const greg_t *regs = seen_context.uc_mcontext.gregs;
	ROW("rbx_in_frame", regs[REG_RBX], 0x7777);
	ROW("r12_in_frame", regs[REG_R12], 0x5151);
	ROW("rax_is_result", regs[REG_RAX], 0);
	ROW_TRUE("carry_in_frame", regs[REG_EFL] & 1);
	ROW_TRUE("rsp_in_frame", (unsigned long)regs[REG_RSP] == rsp);
	ROW("cs_in_frame", regs[REG_CSGSFS] & 0xffff, 0x33);
	ROW("ss_in_frame", (unsigned long)regs[REG_CSGSFS] >> 48, 0x2b);
	ROW("mask_in_frame", *(uint64_t *)&seen_context.uc_sigmask, SIGBIT(SIGTERM));
	ROW_TRUE("uc_flags", (seen_context.uc_flags & 6) == 6);
	ROW("uc_link", seen_context.uc_link == NULL, 1);
	ROW_TRUE("stack_in_frame", seen_context.uc_stack.ss_size == 0);
	ROW("xmm_in_frame", memcmp(&seen_fpu._xmm[5], in, 16), 0);
	ROW("changed_register", rbx, 0x1234567);
	ROW("r12_after", r12, 0x5151);
	ROW_TRUE("carry_after", flags & 1);
	ROW("changed_mask", current_mask(), SIGBIT(SIGTERM) | SIGBIT(SIGUSR2));
	/* A frame that is damaged ends the program, never the kernel. */
	ROW("bad_stack", CHILD(__asm__ volatile("movq $0, %%rsp; syscall" ::"a"(15))),
	    KILLED(SIGSEGV));
	ROW("bad_stack_kernel",
	    CHILD(__asm__ volatile("movq %1, %%rsp; syscall" ::"a"(15), "r"(KERNEL_POINTER))),
	    KILLED(SIGSEGV));
	ROW("no_stack_for_frame",
	    CHILD(catch (SIGUSR1, 0); long pid = getpid();
		  __asm__ volatile("movq %3, %%rsp; syscall" ::"a"(62), "D"(pid), "S"(SIGUSR1),
				   "r"(edge + 2048))),
	    KILLED(SIGSEGV));
}

static void scribble(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	switch (info->si_value.sival_int) {
	case 0:
		uc->uc_mcontext.gregs[REG_RIP] = 0xffffffff80000000;
		break;
	case 1:
		uc->uc_mcontext.gregs[REG_CSGSFS] = 0;
		break;
	case 2:
		uc->uc_mcontext.gregs[REG_RIP] = 0x8000000000000000;
		break;
	case 3:
		uc->uc_mcontext.gregs[REG_EFL] |= 0x3000;
		break; /* I/O privilege: must be dropped */
	case 4:
		uc->uc_mcontext.fpregs = (void *)8;
		break;
	case 5:
		uc->uc_mcontext.fpregs = NULL;
		break;
	case 6:
		uc->uc_mcontext.gregs[REG_CSGSFS] = 0x10 | 0x18l << 48;
		break; /* the kernel's selectors */
	}
}

static void group_bad_frames(void)
{
	static const int expected[] = { KILLED(SIGSEGV),
					KILLED(SIGSEGV),
					KILLED(SIGSEGV),
					KILLED(SIGSEGV),
					KILLED(SIGSEGV),
					EXITED(0),
					0 };
	struct sigaction action = { .sa_sigaction = scribble, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &action, NULL);
	for (int kind = 0; kind < 7; kind++) {
		int status = CHILD({
			union sigval value = { .sival_int = kind };
			sigqueue(getpid(), SIGUSR1, value);
			if (kind == 3)
				__asm__ volatile("cli"); /* allowed only with the privilege */
		});
		if (kind ==
		    6) /* selectors with privilege: forced to user level or refused, never obeyed */
			ROW_TRUE("kind_6", status == 0 || status == KILLED(SIGSEGV));
		else
			ROW(named("kind_%d", kind), status, expected[kind]);
	}
}

static void group_itimers(void)
{
	struct itimerval value = { { 0, 0 }, { 0, 20000 } }, got;

	ROWS_POINTER("get", sizeof(value), sys(SYS_getitimer, ITIMER_REAL, p), 0);
	ROWS_EFAULT("set", sizeof(value), sys(SYS_setitimer, ITIMER_REAL, p, NULL));
	ROW("get_which", sys(SYS_getitimer, 3, &got), -EINVAL);
	ROW("set_which", sys(SYS_setitimer, 3, &value, NULL), -EINVAL);
	catch (SIGALRM, 0);
	ROW("set", sys(SYS_setitimer, ITIMER_REAL, &value, NULL), 0);
	ROW_TRUE("fires", EVENTUALLY(last == SIGALRM));
	sys(SYS_getitimer, ITIMER_REAL, &got);
	ROW_TRUE("one_shot", got.it_value.tv_sec == 0 && got.it_value.tv_usec == 0);
	value.it_interval.tv_usec = 10000;
	catch (SIGALRM, 0);
	setitimer(ITIMER_REAL, &value, NULL);
	while (count < 3)
		pause();
	/* Once, and then not before the end of time. */
	value = (struct itimerval){ { INT64_MAX, 0 }, { 0, 1000 } };
	catch (SIGALRM, 0);
	setitimer(ITIMER_REAL, &value, NULL);
	ROW_TRUE("huge_interval", EVENTUALLY(count));
	sleep_ms(30);
	ROW("huge_interval_once", count, 1);
	/* It rests as long as its signal is not taken, and then goes on. (At a pace that a slow machine keeps up with.) */
	mask(SIG_BLOCK, SIGBIT(SIGALRM));
	catch (SIGALRM, 0);
	value = (struct itimerval){ { 0, 50000 }, { 0, 1 } };
	setitimer(ITIMER_REAL, &value, NULL);
	ROW_TRUE("fires_blocked", EVENTUALLY(pending() & SIGBIT(SIGALRM)));
	sys(SYS_getitimer, ITIMER_REAL, &got);
	ROW("rests", got.it_value.tv_sec + got.it_value.tv_usec, 0);
	ROW("rests_interval", got.it_interval.tv_usec, 50000);
	mask(SIG_UNBLOCK, SIGBIT(SIGALRM));
	ROW_TRUE("goes_on", EVENTUALLY(count >= 3));
	value = (struct itimerval){ { 100, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &value, NULL);
	sys(SYS_getitimer, ITIMER_REAL, &got);
	ROW("off_interval", got.it_interval.tv_sec, 0);
	raise(SIGALRM);
	sys(SYS_getitimer, ITIMER_REAL, &got);
	ROW("off_stays", got.it_value.tv_sec + got.it_value.tv_usec, 0);
	value = (struct itimerval){ { 0, 10000 }, { 0, 20000 } };
	setitimer(ITIMER_REAL, &value, NULL);
	value = (struct itimerval){ { 0, 0 }, { 100, 0 } };
	ROW("old_value", sys(SYS_setitimer, ITIMER_REAL, &value, &got), 0);
	ROW("old_interval", got.it_interval.tv_usec, 10000);
	ROW_TRUE("old_left", got.it_value.tv_sec == 0 && got.it_value.tv_usec <= 20000);
	value.it_value.tv_usec = 1000000;
	ROW("usec", sys(SYS_setitimer, ITIMER_REAL, &value, NULL), -EINVAL);
	value.it_value = (struct timeval){ -1, 0 };
	ROW("negative", sys(SYS_setitimer, ITIMER_REAL, &value, NULL), -EINVAL);
	ROW_TRUE("null_disarms_or_errs", ({
			 long r = sys(SYS_setitimer, ITIMER_REAL, NULL, &got);
			 r == 0 || r == -EFAULT;
		 }));
	sys(SYS_alarm, 0);
	ROW("alarm", sys(SYS_alarm, 50), 0);
	ROW("alarm_left", sys(SYS_alarm, 10), 50);
	sys(SYS_getitimer, ITIMER_REAL, &got);
	ROW_TRUE("alarm_is_itimer", got.it_value.tv_sec >= 9 && got.it_value.tv_sec <= 10);
	ROW("alarm_cancel", sys(SYS_alarm, 0), 10);
	/* The CPU timers count what is used, not what passes. */
	value = (struct itimerval){ { 0, 0 }, { 0, 30000 } };
	catch (SIGVTALRM, 0);
	setitimer(ITIMER_VIRTUAL, &value, NULL);
	sleep_ms(60);
	ROW("virtual_not_in_sleep", count, 0);
	int64_t end = now_ns(CLOCK_MONOTONIC) + 20000000000ll;
	while (!count && now_ns(CLOCK_MONOTONIC) < end)
		;
	ROW("virtual_fires", last, SIGVTALRM);
	catch (SIGPROF, 0);
	setitimer(ITIMER_PROF, &value, NULL);
	while (!count && now_ns(CLOCK_MONOTONIC) < end)
		sys(SYS_getppid);
	ROW("prof_fires", last, SIGPROF);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "signals");
	GROUP(group_sigaction);
	GROUP(group_defaults);
	GROUP(group_faults);
	GROUP(group_mask);
	GROUP(group_flags);
	GROUP(group_realtime);
	GROUP(group_wait);
	GROUP(group_send);
	GROUP(group_stop);
	GROUP(group_restart);
	GROUP(group_altstack);
	GROUP(group_frame);
	GROUP(group_bad_frames);
	GROUP(group_itimers);
	return finish();
}
