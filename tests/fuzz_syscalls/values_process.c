/* Values for arguments about processes, signals, time, waiting, limits, measuring; see values.c. */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "sysfuzz.h"

/* ---- processes, signals ---- */

/* Never 1, -1 or one that is nobody's of ours. */
uint64_t make_pid(struct fuzz *f, const struct rule *rule)
{
	switch (random_below(f, bad(f) ? 8 : 4)) {
	case 0:
		return 0;
	case 1:
	case 2:
		return (uint64_t)RAW(chance(f, 80) ? SYS_getpid : SYS_gettid);
	case 3:
		return f->npids ? (uint64_t)f->pids[random_below(
					  f, f->npids < PID_SLOTS ? f->npids : PID_SLOTS)]
				: 0;
	case 4:
		return 0x7fffffff - random_below(f, 10);
	case 5:
		return 0x80000000 + random_below(f, 10);
	default:
		return 5000000 + random_below(f, 100);
	}
}

uint64_t make_signal(struct fuzz *f, const struct rule *rule)
{
	uint64_t sig;

	if (bad(f))
		return chance(f, 50) ? random_below(f, 70) : odd_number(f);
	sig = chance(f, 20) ? 0 : 1 + random_below(f, 64);
	/* Most of those that cannot be caught, or mean a fault, would just end the batch. */
	if ((sig == SIGKILL || sig == SIGSTOP || sig == SIGSEGV || sig == SIGBUS || sig == SIGILL ||
	     sig == SIGFPE) &&
	    chance(f, 95))
		sig = SIGUSR1;
	return sig;
}

static uint64_t some_signals(struct fuzz *f)
{
	uint64_t set = random_next(f) & random_next(f);

	return chance(f, 90) ? set & ~(1ul << (SIGALRM - 1)) : set;
}

uint64_t make_sigset(struct fuzz *f, const struct rule *rule)
{
	uint64_t set = some_signals(f);

	if (bad(f))
		return bad_pointer(f);
	if (chance(f, 20))
		return 0;
	return (uint64_t)memcpy(buffer(f, 8), &set, 8);
}

/* What pselect6 and epoll_pwait take: where the set is and how long. */
uint64_t make_sigset_pair(struct fuzz *f, const struct rule *rule)
{
	uint64_t pair[2] = { make_sigset(f, rule), bad(f) ? odd_number(f) : 8 };

	if (bad(f))
		return bad_pointer(f);
	return chance(f, 50) ? 0 : (uint64_t)memcpy(buffer(f, 16), pair, 16);
}

/* As the kernel has it, which is not as libc has it. */
struct kernel_sigaction {
	uint64_t handler, flags, restorer, mask;
};

uint64_t make_sigaction(struct fuzz *f, const struct rule *rule)
{
	static const uint64_t flags[] = { SA_NOCLDSTOP, SA_NOCLDWAIT, SA_SIGINFO, SA_RESTART,
					  SA_NODEFER,	SA_RESETHAND, SA_ONSTACK };
	static const struct rule flag_rule = { .set = flags, .n = LENGTH(flags) };
	static const uint64_t restorer_flag = 0x04000000;
	struct kernel_sigaction act = {
		.handler = chance(f, 80) ? (uint64_t)on_signal : random_below(f, 2),
		.flags = make_flags(f, &flag_rule) | restorer_flag,
		.restorer = (uint64_t)restorer,
		.mask = some_signals(f),
	};

	if (bad(f) && chance(f, 5))
		act.handler = bad_pointer(f);
	if (bad(f) && chance(f, 5))
		act.restorer = bad_pointer(f);
	if (bad(f))
		return bad_pointer(f);
	return chance(f, 20) ? 0 : (uint64_t)memcpy(buffer(f, sizeof(act)), &act, sizeof(act));
}

uint64_t make_siginfo(struct fuzz *f, const struct rule *rule)
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE, .si_value.sival_int = 7 };

	if (bad(f))
		return bad_pointer(f);
	if (bad(f))
		info.si_code = (int)odd_number(f);
	return (uint64_t)memcpy(buffer(f, sizeof(info)), &info, sizeof(info));
}

uint64_t make_sigevent(struct fuzz *f, const struct rule *rule)
{
	static const int ways[] = { SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID };
	struct sigevent event = { .sigev_notify = ways[random_below(f, 3)],
				  .sigev_signo = SIGUSR2 };

	event._sigev_un._tid = (pid_t)RAW(SYS_gettid);
	if (bad(f))
		event.sigev_notify = (int)odd_number(f);
	if (bad(f))
		event.sigev_signo = (int)odd_number(f);
	if (bad(f))
		return bad_pointer(f);
	return chance(f, 30) ? 0
			     : (uint64_t)memcpy(buffer(f, sizeof(event)), &event, sizeof(event));
}

uint64_t make_altstack(struct fuzz *f, const struct rule *rule)
{
	stack_t stack = { .ss_sp = f->stacks,
			  .ss_size = 2 * PAGE,
			  .ss_flags = chance(f, 20) ? SS_DISABLE : 0 };

	if (bad(f))
		stack.ss_sp = (void *)bad_pointer(f);
	if (bad(f))
		stack.ss_size = odd_number(f);
	if (bad(f))
		stack.ss_flags = (int)odd_number(f);
	if (bad(f))
		return bad_pointer(f);
	return chance(f, 20) ? 0
			     : (uint64_t)memcpy(buffer(f, sizeof(stack)), &stack, sizeof(stack));
}

/* ---- time ---- */

static struct timespec some_time(struct fuzz *f)
{
	struct timespec ts = { .tv_nsec = (long)random_below(f, 300000) };

	if (chance(f, 40))
		ts.tv_nsec = 0;
	if (bad(f))
		ts.tv_sec = (time_t)odd_number(f);
	if (bad(f))
		ts.tv_nsec = (long)odd_number(f);
	return ts;
}

uint64_t make_timespec(struct fuzz *f, const struct rule *rule)
{
	struct timespec ts = some_time(f);

	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(ts)), &ts, sizeof(ts));
}

/* A pair: access and modification. */
uint64_t make_timespecs(struct fuzz *f, const struct rule *rule)
{
	struct timespec pair[2] = { some_time(f), some_time(f) };

	if (chance(f, 20))
		pair[0].tv_nsec = UTIME_NOW;
	if (chance(f, 20))
		pair[1].tv_nsec = UTIME_OMIT;
	if (bad(f))
		return bad_pointer(f);
	return chance(f, 30) ? 0 : (uint64_t)memcpy(buffer(f, sizeof(pair)), pair, sizeof(pair));
}

/* One or two: those who want one look at the first. */
uint64_t make_timeval(struct fuzz *f, const struct rule *rule)
{
	struct timespec pair[2] = { some_time(f), some_time(f) };

	pair[0].tv_nsec /= 1000;
	pair[1].tv_nsec /= 1000;
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(pair)), pair, sizeof(pair));
}

/* itimerval and itimerspec: an interval, never so short that nothing else gets done, and a first time. */
uint64_t make_interval(struct fuzz *f, const struct rule *rule)
{
	struct timespec pair[2] = { { .tv_nsec = 2000 + (long)random_below(f, 900000) },
				    { .tv_nsec = 1000 + (long)random_below(f, 900000) } };

	if (chance(f, 50))
		pair[0].tv_nsec = 0;
	if (chance(f, 20))
		pair[1].tv_nsec = 0;
	if (bad(f))
		pair[random_below(f, 2)].tv_sec = (time_t)odd_number(f);
	if (bad(f))
		pair[random_below(f, 2)].tv_nsec = -(long)random_below(f, 1ul << 40);
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(pair)), pair, sizeof(pair));
}

uint64_t make_timer(struct fuzz *f, const struct rule *rule)
{
	uint32_t n = f->ntimers < TIMER_SLOTS ? f->ntimers : TIMER_SLOTS;

	return bad(f) || !n ? odd_number(f) : (uint64_t)f->timers[random_below(f, n)];
}

uint64_t make_clock(struct fuzz *f, const struct rule *rule)
{
	static const int clocks[] = { CLOCK_REALTIME,		CLOCK_MONOTONIC,
				      CLOCK_BOOTTIME,		CLOCK_MONOTONIC_RAW,
				      CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
				      CLOCK_REALTIME_COARSE,	CLOCK_TAI };

	if (bad(f)) /* of a process or a thread: see clock_getcpuclockid(3) */
		return chance(f, 50) ? (uint64_t)(int)(~make_pid(f, rule) << 3 | random_below(f, 8))
				     : odd_number(f);
	return (uint64_t)clocks[random_below(f, chance(f, 70) ? 2 : LENGTH(clocks))];
}

/* ---- waiting ---- */

uint64_t make_pollfds(struct fuzz *f, const struct rule *rule)
{
	struct pollfd set[8];

	for (size_t i = 0; i < LENGTH(set); i++)
		set[i] = (struct pollfd){ .fd = (int)make_fd(f, rule),
					  .events = (short)random_next(f) };
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(set)), set, sizeof(set));
}

/* Events and a number that comes back, packed; room for several, as what is waited for is put here. */
uint64_t make_epoll_event(struct fuzz *f, const struct rule *rule)
{
	uint32_t event[3 * 16] = { (uint32_t)make_flags(f, rule), (uint32_t)random_next(f), 0 };

	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(event)), event, sizeof(event));
}

uint64_t make_fdset(struct fuzz *f, const struct rule *rule)
{
	uint64_t set[128] = { 0 };

	if (bad(f))
		return bad_pointer(f);
	if (chance(f, 40))
		return 0;
	for (int i = 0; i < 3; i++) {
		uint64_t fd = make_fd(f, rule);

		if (fd < 8 * sizeof(set))
			set[fd / 64] |= 1ul << fd % 64;
	}
	return (uint64_t)memcpy(buffer(f, sizeof(set)), set, sizeof(set));
}

uint64_t make_futex(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? bad_pointer(f) : (uint64_t)(futexes + random_below(f, NFUTEXES));
}

uint64_t make_robust_list(struct fuzz *f, const struct rule *rule)
{
	uint64_t head[3] = { 0, (uint64_t)-8, 0 };

	if (bad(f))
		return bad_pointer(f);
	uint64_t at = (uint64_t)buffer(f, sizeof(head));
	head[0] = bad(f) ? bad_pointer(f) : at;
	return (uint64_t)memcpy((void *)at, head, sizeof(head));
}

/* ---- limits, ids, scheduling ---- */

uint64_t make_rlimit(struct fuzz *f, const struct rule *rule)
{
	uint64_t soft = 100 + random_below(f, 1ul << 28);
	uint64_t limit[2] = { soft, soft };

	if (bad(f))
		limit[random_below(f, 2)] = odd_number(f);
	if (bad(f))
		return bad_pointer(f);
	return chance(f, 70) ? 0 : (uint64_t)memcpy(buffer(f, sizeof(limit)), limit, sizeof(limit));
}

uint64_t make_id(struct fuzz *f, const struct rule *rule)
{
	static const uint32_t ids[] = { 0, FUZZ_UID, FUZZ_UID, 0xffffffff, 1 };

	return bad(f) ? odd_number(f) : ids[random_below(f, LENGTH(ids))];
}

uint64_t make_ids(struct fuzz *f, const struct rule *rule)
{
	uint32_t ids[16];

	for (size_t i = 0; i < LENGTH(ids); i++)
		ids[i] = (uint32_t)make_id(f, rule);
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(ids)), ids, sizeof(ids));
}

uint64_t make_sched(struct fuzz *f, const struct rule *rule)
{
	int priority = chance(f, 60) ? 0 : (int)random_below(f, 50);

	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(priority)), &priority, sizeof(priority));
}

/* struct sched_attr, sched_setattr(2) */
uint64_t make_sched_attr(struct fuzz *f, const struct rule *rule)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = { .size = 48,
		   .policy = (uint32_t)random_below(f, 4),
		   .nice = (int)random_below(f, 20) };

	if (attr.policy == 1 || attr.policy == 2)
		attr.priority = 1 + (uint32_t)random_below(f, 50);
	if (bad(f))
		attr.size = (uint32_t)odd_number(f);
	if (bad(f))
		attr.flags = odd_number(f);
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(attr)), &attr, sizeof(attr));
}

/* The rules of flags that stand for those in a structure are given as the rule's own set. */
uint64_t make_how(struct fuzz *f, const struct rule *rule)
{
	uint64_t how[3] = { make_flags(f, rule), 0, chance(f, 50) ? 0 : random_below(f, 0x40) };

	if (how[0] & O_CREAT)
		how[1] = make_mode(f, rule) & 0777;
	if (bad(f))
		how[random_below(f, 3)] = odd_number(f);
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(how)), how, sizeof(how));
}

/* The upper end of one of this maker's stacks; 0 is right where the memory is not shared. */
uint64_t make_stack(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)f->stacks + (2 + random_below(f, 6)) * STACK_SIZE;
}

uint64_t make_clone_args(struct fuzz *f, const struct rule *rule)
{
	struct clone_args args = {
		.flags = make_flags(f, rule),
		.child_tid = make_out(f, rule),
		.parent_tid = make_out(f, rule),
		.pidfd = make_out(f, rule),
		.exit_signal = chance(f, 80) ? SIGCHLD : 0,
		.stack = make_stack(f, rule) - STACK_SIZE,
		.stack_size = STACK_SIZE,
	};

	if (args.flags & (CLONE_THREAD | CLONE_PARENT))
		args.exit_signal = 0;
	if (bad(f))
		args.exit_signal = odd_number(f);
	if (bad(f))
		args.stack_size = odd_number(f);
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(args)), &args, sizeof(args));
}

uint64_t make_cap_header(struct fuzz *f, const struct rule *rule)
{
	static const uint32_t versions[] = { 0x19980330, 0x20071026, 0x20080522 };
	uint32_t header[2] = { versions[random_below(f, 3)],
			       chance(f, 70) ? 0 : (uint32_t)make_pid(f, rule) };

	if (bad(f))
		header[0] = (uint32_t)odd_number(f);
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(header)), header, sizeof(header));
}

/* The argument of ioctl, fcntl, prctl and their kin: a pointer to something, a small number, anything. */
uint64_t make_control(struct fuzz *f, const struct rule *rule)
{
	static const struct rule object = { .n = 256 };

	switch (random_below(f, 5)) {
	case 0:
	case 1:
		return make_in(f, &object);
	case 2:
		return make_fd(f, rule);
	case 3:
		return random_below(f, 8);
	default:
		return bad(f) ? odd_number(f) : 0;
	}
}

/* ---- measuring ---- */

uint64_t make_perf_attr(struct fuzz *f, const struct rule *rule)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = random_below(f, 10),
		.sample_type = random_next(f) & 0x1e7, /* IP TID TIME CALLCHAIN ID CPU PERIOD */
		.read_format = random_below(f, 16),
		.sample_period = chance(f, 50) ? 0 : 100000 + random_below(f, 5000000),
	};

	attr.inherit = chance(f, 50);
	attr.disabled = chance(f, 20);
	attr.exclude_kernel = chance(f, 80);
	attr.mmap = attr.comm = attr.task = chance(f, 50);
	attr.sample_id_all = chance(f, 50);
	if (bad(f))
		attr.sample_type = random_next(f);
	if (bad(f))
		attr.size = (uint32_t)odd_number(f);
	if (bad(f))
		attr.config = odd_number(f);
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(attr)), &attr, sizeof(attr));
}
