/* A value for each kind of argument: mostly one that makes sense, in careless calls often one that does not. */
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

static bool bad(struct fuzz *f)
{
	return f->careless && chance(f, 35);
}

/* Numbers at which things change. */
static uint64_t odd_number(struct fuzz *f)
{
	static const uint64_t odd[] = {
		0,
		1,
		2,
		7,
		8,
		63,
		64,
		65,
		127,
		128,
		255,
		256,
		1023,
		1024,
		1025,
		4095,
		4096,
		4097,
		65535,
		65536,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		0x7ffffffff000,
		0x7fffffffefff,
		0xffff800000000000,
	};
	switch (random_below(f, 4)) {
	case 0:
		return -odd[random_below(f, LENGTH(odd))];
	case 1:
		return random_next(f) >> random_below(f, 64);
	default:
		return odd[random_below(f, LENGTH(odd))];
	}
}

uint64_t make_number(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? odd_number(f) : random_below(f, rule->n ? rule->n : 10);
}

uint64_t make_choice(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? odd_number(f) : rule->set[random_below(f, rule->n)];
}

uint64_t make_flags(struct fuzz *f, const struct rule *rule)
{
	uint64_t flags = 0;

	if (chance(f, 25))
		return rule->set[0];
	for (uint64_t bits = 1 + random_below(f, 3); bits; bits--)
		flags |= rule->set[random_below(f, rule->n)];
	if (bad(f))
		flags |= 1ul << random_below(f, chance(f, 80) ? 32 : 64);
	return flags;
}

/* ---- memory ---- */

uint64_t bad_pointer(struct fuzz *f)
{
	switch (random_below(f, 9)) {
	case 0:
		return 0;
	case 1:
		return 1 + random_below(f, PAGE);
	case 2:
		return (uint64_t)edge;
	case 3:
		return (uint64_t)edge - random_below(f, 16);
	case 4:
		return (uint64_t)read_only + random_below(f, PAGE);
	case 5:
		return 0xffff888000000000ul + random_below(f, 1ul << 30);
	case 6:
		return 0x800000000000ul - random_below(f, 64);
	case 7:
		return 0xffffffff80000000ul + random_below(f, 1ul << 24);
	default:
		return (uint64_t)field + random_below(f, FIELD_SIZE);
	}
}

/*
 * The whole of a maker's part but its last 4 KiB page is handed out from one end; a part is followed
 * by an untouchable page, so an object at its end is read and written over the border by a kernel that
 * counts wrongly.
 */
void *buffer(struct fuzz *f, size_t n)
{
	char *end = f->buffers + BUFFERS_SIZE;
	char *at = f->next_buffer + (chance(f, 10) ? random_below(f, 8) : 0);

	if (chance(f, 10) || at + n > end) {
		at = n > BUFFERS_SIZE ? f->buffers : end - n;
	} else {
		f->next_buffer = at + ((n + 15) & ~15ul);
	}
	return at;
}

uint64_t make_out(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)buffer(f, rule->n ? rule->n : 256);
}

uint64_t make_in(struct fuzz *f, const struct rule *rule)
{
	size_t n = rule->n ? rule->n : 256;

	if (bad(f))
		return bad_pointer(f);
	char *at = buffer(f, n);
	if (chance(f, 50)) {
		memset(at, chance(f, 50) ? 0 : '0' + (int)random_below(f, 10), n);
	} else {
		for (size_t i = 0; i + 8 <= n && i < 512; i += 8) {
			uint64_t word = random_next(f);
			memcpy(at + i, &word, 8);
		}
	}
	return (uint64_t)at;
}

uint64_t make_size(struct fuzz *f, const struct rule *rule)
{
	static const uint16_t sizes[] = { 0,   1,    2,	   8,	 100,  255,  256,
					  512, 1000, 4095, 4096, 4097, 8192, 65535 };

	if (bad(f))
		return odd_number(f);
	/* Objects of one size: rule->n is that size, and the right answer. */
	return rule->n ? rule->n : sizes[random_below(f, LENGTH(sizes))];
}

uint64_t make_offset(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return odd_number(f);
	return chance(f, 50) ? random_below(f, 16) * PAGE : random_below(f, 20000);
}

uint64_t make_offset_pointer(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return bad_pointer(f);
	if (chance(f, 60))
		return 0;
	uint64_t offset = make_offset(f, rule);
	return (uint64_t)memcpy(buffer(f, 8), &offset, 8);
}

uint64_t make_iovec(struct fuzz *f, const struct rule *rule)
{
	static const struct rule piece = { .n = 4096 };
	uint64_t n = 8;

	if (bad(f))
		return bad_pointer(f);
	struct iovec *vec = buffer(f, n * sizeof(*vec));
	for (uint64_t i = 0; i < n; i++) {
		struct iovec one = { .iov_base = (void *)make_out(f, &piece),
				     .iov_len = random_below(f, 2000) };

		if (bad(f))
			one.iov_len = odd_number(f);
		memcpy(vec + i, &one, sizeof(one));
	}
	return (uint64_t)vec;
}

uint64_t make_address(struct fuzz *f, const struct rule *rule)
{
	if (bad(f)) {
		/* An address elsewhere may take away the fuzzer's own memory: seldom, as that ends the batch. */
		uint64_t elsewhere = chance(f, 5) ? odd_number(f) : bad_pointer(f);

		return elsewhere >= (uint64_t)edge && elsewhere < (uint64_t)edge + PAGE
			       ? (uint64_t)field + 1
			       : elsewhere;
	}
	return (uint64_t)field + random_below(f, FIELD_SIZE / PAGE) * PAGE;
}

uint64_t make_length(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return chance(f, 50) ? random_below(f, 100000) : odd_number(f);
	return (1 + random_below(f, chance(f, 80) ? 8 : 64)) * PAGE;
}

uint64_t make_brk(struct fuzz *f, const struct rule *rule)
{
	uint64_t now = (uint64_t)RAW(SYS_brk, 0);

	return bad(f) ? odd_number(f) : now + random_below(f, 8) * PAGE;
}

/* ---- descriptors ---- */

uint64_t make_fd(struct fuzz *f, const struct rule *rule)
{
	if (bad(f))
		return chance(f, 70) ? random_below(f, 300) : odd_number(f);
	return f->nfds ? (uint64_t)f->fds[random_below(f, f->nfds < FD_SLOTS ? f->nfds : FD_SLOTS)]
		       : 0;
}

uint64_t make_new_fd(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? odd_number(f) : 60 + random_below(f, 40);
}

uint64_t make_dirfd(struct fuzz *f, const struct rule *rule)
{
	return chance(f, 75) ? (uint64_t)AT_FDCWD : make_fd(f, rule);
}

/* ---- names ---- */

/* Those that a batch finds, and those that it makes. */
static const char *const names[] = {
	"file",	     "empty",	  "big",	 "read-only", "dir",	  "dir/inside", "dir/dir",
	"fifo",	     "link",	  "link-to-dir", "loop",      "dangling", "new0",	"new1",
	"new2",	     "new3",	  "dir/new0",	 "dir/new1",  "dir/new2", "newdir0",	"newdir1",
	"newdir0/x", "newdir1/y", "m1",		 "m2",	      "m1/x",	  "m1/y",	"script",
	"hidden/x",  ".",	  "dir/.",	 "dir/..",    "dir/dir/", "file/",
};

/* Those that are only looked at or opened. */
static const char *const places[] = {
	"/proc",
	"/proc/self",
	"/proc/self/status",
	"/proc/self/stat",
	"/proc/self/maps",
	"/proc/self/fd",
	"/proc/self/mounts",
	"/proc/self/cmdline",
	"/proc/self/exe",
	"/proc/self/task",
	"/proc/self/cwd",
	"/proc/self/fd/3",
	"/proc/self/fd/5",
	"/proc/self/comm",
	"/proc/self/smaps",
	"/proc/self/statm",
	"/proc/self/limits",
	"/proc/self/oom_score_adj",
	"/proc/self/environ",
	"/proc/self/wchan",
	"/proc/self/mountinfo",
	"/proc/self/auxv",
	"/proc/self/io",
	"/proc/self/mem",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/filesystems",
	"/proc/cpuinfo",
	"/proc/interrupts",
	"/proc/slabinfo",
	"/proc/zoneinfo",
	"/proc/buddyinfo",
	"/proc/locks",
	"/proc/version",
	"/proc/mounts",
	"/proc/sys",
	"/proc/sys/kernel/hostname",
	"/proc/sys/fs/file-nr",
	"/proc/1/stat",
	"/proc/1/maps",
	"/proc/tty",
	"/proc/devices",
	"/proc/partitions",
	"/proc/softirqs",
	"/proc/timer_list",
	"/proc/kallsyms",
	"/proc/profile",
	"/proc/sysrq-none",
	"/dev/null",
	"/dev/zero",
	"/dev/full",
	"/dev/random",
	"/dev/urandom",
	"/dev/tty",
	"/dev/ptmx",
	"/dev/pts",
	"/dev/pts/0",
	"/dev/kmsg",
	"/sys/kernel",
	"/sys/devices",
};

static char *put_string(struct fuzz *f, const char *text)
{
	size_t n = strlen(text) + 1;

	return memcpy(buffer(f, n), text, n);
}

static uint64_t odd_path(struct fuzz *f)
{
	if (chance(f, 30))
		return bad_pointer(f);
	size_t n = chance(f, 50) ? random_below(f, 300) : 4090 + random_below(f, 10);
	char *at = buffer(f, n + 1);
	for (size_t i = 0; i < n; i++)
		at[i] = chance(f, 10) ? '/'
				      : (char)(chance(f, 90) ? 'a' + random_below(f, 26)
							     : random_next(f));
	/* At times unterminated: what stands behind it is read as well. */
	if (chance(f, 90))
		at[n] = 0;
	/* Never a place that others need. */
	if (n && at[0] == '/')
		at[0] = '_';
	return (uint64_t)at;
}

uint64_t make_name(struct fuzz *f, const struct rule *rule)
{
	return bad(f) ? odd_path(f)
		      : (uint64_t)put_string(f, names[random_below(f, LENGTH(names))]);
}

uint64_t make_path(struct fuzz *f, const struct rule *rule)
{
	if (chance(f, 60))
		return make_name(f, rule);
	return bad(f) ? odd_path(f)
		      : (uint64_t)put_string(f, places[random_below(f, LENGTH(places))]);
}

/* Whole names of directories in which only the batch looks: a mount elsewhere would be everybody's. */
uint64_t make_mount_point(struct fuzz *f, const struct rule *rule)
{
	static const char *const points[] = { "/m1", "/m2", "/m1/x" };
	char text[96];

	if (bad(f))
		return bad_pointer(f);
	strcpy(text, world_dir);
	strcat(text, points[random_below(f, LENGTH(points))]);
	return (uint64_t)put_string(f, text);
}

uint64_t make_program(struct fuzz *f, const struct rule *rule)
{
	static const char *const programs[] = { "/proc/self/exe", "/bin/true", "script",
						"file",		  "dir",       "empty" };

	return bad(f) ? odd_path(f)
		      : (uint64_t)put_string(f, programs[random_below(f, LENGTH(programs))]);
}

/* The first word ends sysfuzz at once should it be itself that is executed. */
uint64_t make_strings(struct fuzz *f, const struct rule *rule)
{
	uint64_t words[6] = { (uint64_t)put_string(f, "sysfuzz"), (uint64_t)put_string(f, "exit") };
	uint64_t n = 2 + random_below(f, 3);

	for (uint64_t i = 2; i < n; i++)
		words[i] = bad(f) ? bad_pointer(f) : make_name(f, rule);
	words[n] = 0;
	if (bad(f))
		return bad_pointer(f);
	return (uint64_t)memcpy(buffer(f, sizeof(words)), words, sizeof(words));
}

uint64_t make_fs_type(struct fuzz *f, const struct rule *rule)
{
	static const char *const types[] = { "tmpfs", "proc",	"sysfs", "devtmpfs",
					     "ramfs", "devpts", "none" };

	return bad(f) ? odd_path(f)
		      : (uint64_t)put_string(
				f, types[chance(f, 60) ? 0 : random_below(f, LENGTH(types))]);
}

uint64_t make_mode(struct fuzz *f, const struct rule *rule)
{
	static const uint16_t modes[] = { 0644, 0755, 0600,  0666,  0777, 0700,
					  0,	0444, 01777, 04755, 02755 };

	return bad(f) ? odd_number(f) : modes[random_below(f, LENGTH(modes))];
}

/* Nodes of devices that do no harm: a random number could be that of physical memory. */
uint64_t make_dev(struct fuzz *f, const struct rule *rule)
{
	static const uint8_t minors[] = { 3, 5, 7, 8, 9 };

	if (bad(f))
		return makedev(200 + random_below(f, 300), random_below(f, 1 << 20));
	return makedev(1, minors[random_below(f, LENGTH(minors))]);
}

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
