/*
 * Making one call: its arguments, a timer where it may wait without end, those that end their caller or
 * make a new one, and keeping what it returns (descriptors, processes, timers) for the calls after it.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>
#include <asm/prctl.h>

#include "sysfuzz.h"

#define CHILD_CALLS 12
#define FAKE_FRAME 0x600
#define FP_MAGIC1 0x46505853u
/* Long enough that calls which do not wait are seldom interrupted. */
#define WAIT_US 3000

static struct fuzz makers[BUFFERS_MAX];
static uint32_t next_maker = 1;

static void count(const struct call *call, long result)
{
	struct counter *counter = &shared->counts[call->nr];

	/* Being interrupted is all that these can succeed in. */
	bool woken = result == -EINTR && (call->nr == SYS_pause || call->nr == SYS_rt_sigsuspend);

	__atomic_add_fetch(&counter->made, 1, __ATOMIC_RELAXED);
	if (!failed(result) || woken)
		__atomic_add_fetch(&counter->ok, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shared->progress[worker], 1, __ATOMIC_RELAXED);
}

/* ---- for the one who reproduces a failure, or compares kernels: each call, and what it gave ---- */

#define TOLD 32 /* bytes of a buffer */

static char *put(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *put_hex(char *at, uint64_t value)
{
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[value >> shift & 15];
	return at;
}

static char *put_bytes(char *at, const unsigned char *from, size_t n)
{
	for (at = put(at, ":"); n; n--, from++)
		at = put_hex(put_hex(at, *from >> 4), *from & 15);
	return at;
}

/* An argument's n bytes, if it is one of this call's buffers. */
static const unsigned char *buffer_of(const struct fuzz *f, uint64_t arg, size_t n)
{
	const char *from = (const char *)arg;

	return from < f->buffers || from > f->buffers + BUFFERS_SIZE - n ? NULL : (void *)from;
}

/* The first bytes: as text if they are one. */
static char *put_buffer(char *at, const struct fuzz *f, uint64_t arg)
{
	const unsigned char *from = buffer_of(f, arg, TOLD);
	size_t length;

	if (!from)
		return at;
	for (length = 0; length < TOLD && from[length] >= ' ' && from[length] <= '~'; length++)
		;
	if (!length || (length < TOLD && from[length]))
		return put_bytes(at, from, TOLD);
	at = put(at, ":\"");
	memcpy(at, from, length);
	return put(at + length, "\"");
}

static char *begin_line(char *at, const struct fuzz *f)
{
	return put(put(put_hex(at, (uint64_t)RAW(SYS_gettid)), " "), f->call->name);
}

static void tell_call(struct fuzz *f)
{
	char line[80 + MAX_ARGS * (20 + 2 * TOLD)], *at = begin_line(line, f);

	for (int i = 0; i < f->call->nargs; i++) {
		const unsigned char *from = buffer_of(f, f->args[i], SEEN);

		at = put_buffer(put_hex(put(at, " "), f->args[i]), f, f->args[i]);
		if (from)
			memcpy(f->seen[i], from, SEEN);
	}
	*at++ = '\n';
	RAW(SYS_write, LOG_FD, line, at - line);
}

/* The result, and those arguments' bytes that are not what they were, up to the last that changed. */
static void tell_result(const struct fuzz *f, long result)
{
	char line[80 + MAX_ARGS * (8 + 2 * SEEN)], *at = begin_line(line, f);

	at = put_hex(put(at, " = "), (uint64_t)result);
	for (int i = 0; i < f->call->nargs; i++) {
		const unsigned char *from = buffer_of(f, f->args[i], SEEN);
		size_t n = from ? SEEN : 0;

		while (n && from[n - 1] == f->seen[i][n - 1])
			n--;
		if (n)
			at = put_bytes(put_hex(put(at, " "), (uint64_t)i), from, n);
	}
	*at++ = '\n';
	RAW(SYS_write, LOG_FD, line, at - line);
}

/* ---- those that make a caller ---- */

/*
 * clone by hand: the child has no frame to return to. r12 and r13 pass over the call; the stack is the
 * kernel's business until the child's first push.
 */
long clone_and_call(long nr, const uint64_t args[static MAX_ARGS], void (*main)(void *), void *arg)
{
	register void (*r12)(void *) __asm__("r12") = main;
	register void *r13 __asm__("r13") = arg;
	register uint64_t r10 __asm__("r10") = args[3];
	register uint64_t r8 __asm__("r8") = args[4];
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "and $-16, %%rsp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "a"(nr), "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8),
			   "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory");
	return result;
}

/* vfork: the child uses our stack, and so ends without touching it. */
static long vfork_and_exit(void)
{
	long result;

	__asm__ volatile("mov %1, %%eax\n\t"
			 "syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %2, %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=&a"(result)
			 : "i"(SYS_vfork), "i"(SYS_exit_group)
			 : "rcx", "rdx", "rdi", "r11", "memory");
	return result;
}

_Noreturn void fuzz_and_exit(struct fuzz *f, int n)
{
	while (n--)
		fuzz_one(f);
	RAW(SYS_exit, 0);
	__builtin_unreachable();
}

static void child_main(void *arg)
{
	struct fuzz *f = arg;

	fuzz_and_exit(f, CHILD_CALLS);
}

/* One who makes calls beside f: what it is given is reused after fifteen others. */
static struct fuzz *new_maker(struct fuzz *f)
{
	int slot =
		1 + (int)(__atomic_fetch_add(&next_maker, 1, __ATOMIC_RELAXED) % (BUFFERS_MAX - 1));
	struct fuzz *maker = &makers[slot];

	fuzz_fork(maker, f, slot);
	maker->random = random_next(f);
	maker->depth++;
	return maker;
}

static void keep_pid(struct fuzz *f, long pid)
{
	f->pids[f->npids++ % PID_SLOTS] = (pid_t)pid;
	if (f->npids == 2 * PID_SLOTS)
		f->npids = PID_SLOTS;
}

static long make_clone(struct fuzz *f)
{
	struct clone_args *args = (void *)f->args[0];

	if (f->call->nr == SYS_clone) {
		/* Sharing memory and stack with the parent would tear the parent's frames. */
		if (!(f->args[0] & CLONE_VM) && f->args[1] < PAGE)
			f->args[1] = 0;
		else if (f->args[1] < PAGE)
			f->args[1] = (uint64_t)f->stacks + 3 * STACK_SIZE;
	} else if ((char *)args >= f->buffers &&
		   (char *)args < f->buffers + BUFFERS_SIZE - sizeof(*args) && !args->stack) {
		args->stack = (uint64_t)f->stacks + 3 * STACK_SIZE;
	}
	return clone_and_call(f->call->nr, f->args, child_main, new_maker(f));
}

static long make_fork(struct fuzz *f)
{
	struct fuzz *maker = new_maker(f);
	long pid = RAW(SYS_fork);

	if (!pid)
		fuzz_and_exit(maker, CHILD_CALLS);
	return pid;
}

/* ---- those that end the caller ---- */

/* A frame that is nearly right, with some of it wrong: all that a program controls of its own resumption. */
static void return_from_signal(struct fuzz *f)
{
	struct {
		uint64_t flags, link;
		stack_t stack;
		uint64_t regs
			[23]; /* r8.. r15 rdi rsi rbp rbx rdx rax rcx rsp rip eflags cs.. err trapno oldmask cr2 */
		uint64_t fpstate, reserved[8];
		uint64_t mask;
	} frame = { 0 };
	char *at = f->buffers + FAKE_FRAME;
	uint32_t *fpu = (uint32_t *)(((uint64_t)f->buffers + 0x2000) & ~63ul);

	for (size_t i = 0; i < 15; i++)
		frame.regs[i] = random_next(f);
	frame.regs[15] = (uint64_t)f->stacks + STACK_SIZE;
	frame.regs[16] = chance(f, 60) ? (uint64_t)restorer : bad_pointer(f);
	frame.regs[17] = chance(f, 50) ? 0x202 : random_next(f);
	frame.regs[18] = chance(f, 70) ? 0x002b000000000033ul : random_next(f);
	if (chance(f, 40))
		frame.regs[random_below(f, 23)] = random_next(f);
	if (chance(f, 60)) {
		for (int i = 0; i < 1024; i++)
			fpu[i] = (uint32_t)random_next(f);
		fpu[6] = chance(f, 50) ? 0x1f80 : (uint32_t)random_next(f); /* MXCSR */
		fpu[116] = FP_MAGIC1;
		fpu[117] = chance(f, 70) ? 576 : (uint32_t)random_next(f);
		frame.fpstate = chance(f, 80) ? (uint64_t)fpu : bad_pointer(f);
	}
	frame.mask = random_next(f);
	if (chance(f, 10))
		at = (char *)bad_pointer(f);
	else
		memcpy(at, &frame, sizeof(frame));
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "mov $15, %%eax\n\t"
			 "syscall\n\t"
			 "hlt"
			 :
			 : "r"(at)
			 : "memory");
}

/* Made by a child; it counts as successful if the child ends as one whom the call succeeded. */
static long make_ending(struct fuzz *f)
{
	const struct timespec tick = { .tv_nsec = 200000 };
	const struct call *call = f->call;
	int status = 0;
	long pid = RAW(SYS_fork);

	if (!pid) {
		if (call->nr == SYS_rt_sigreturn)
			return_from_signal(f);
		long result = raw(call->nr, f->args[0], f->args[1], f->args[2], f->args[3],
				  f->args[4], 0);
		RAW(SYS_exit_group, -result);
	}
	if (failed(pid))
		return pid;
	/* Not for ever: what is executed may wait for input. */
	for (int turn = 0; turn < 200; turn++) {
		long done = RAW(SYS_wait4, pid, &status, WNOHANG, 0);

		if (done == pid)
			return call->nr == SYS_execve || call->nr == SYS_execveat
				       ? -(status >> 8 & 0xff)
				       : 0;
		if (failed(done) && done != -EINTR)
			return call->nr == SYS_execve || call->nr == SYS_execveat ? -ECHILD : 0;
		RAW(SYS_nanosleep, &tick, 0);
	}
	RAW(SYS_kill, pid, SIGKILL);
	return 0;
}

/* ---- one call ---- */

/* What is right only together with another argument is refused here. */
static bool harmful(const struct fuzz *f)
{
	switch (f->call->nr) {
	case SYS_reboot:
		return (uint32_t)f->args[2] != 0 && (uint32_t)f->args[2] != 0x89abcdef;
	case SYS_kill:
	case SYS_tkill:
	case SYS_rt_sigqueueinfo:
		return (int)f->args[0] == -1 || (int)f->args[0] == 1;
	case SYS_syslog:
		/* Clearing the log and silencing the console. */
		return (int)f->args[0] >= 4 && (int)f->args[0] <= 8;
	case SYS_setpriority:
		return (int)f->args[0] == 2;
	case SYS_close:
	case SYS_dup2:
	case SYS_dup3:
		return f->args[f->call->nr == SYS_close ? 0 : 1] == LOG_FD;
	case SYS_close_range:
		return (uint32_t)f->args[0] <= LOG_FD && (uint32_t)f->args[1] >= LOG_FD && verbose;
	default:
		return false;
	}
}

static void set_alarm(uint64_t us)
{
	struct itimerval timer = { .it_interval.tv_usec = us, .it_value.tv_usec = us };

	RAW(SYS_setitimer, ITIMER_REAL, &timer, 0);
}

/* Calls that return a descriptor, by how their names begin, and two that fill an array with two. */
static bool makes_fd(const char *name)
{
	static const char *const names[] = { "open",	     "creat",		"dup",
					     "pidfd_open",   "pidfd_getfd",	"eventfd",
					     "epoll_create", "timerfd_create",	"signalfd",
					     "memfd_create", "socket",		"accept",
					     "inotify_init", "fanotify_init",	"userfaultfd",
					     "mq_open",	     "perf_event_open", "io_uring_setup" };

	for (size_t i = 0; i < LENGTH(names); i++) {
		if (!strncmp(name, names[i], strlen(names[i])))
			return strcmp(name, "socketpair") != 0;
	}
	return false;
}

static void keep_pair(struct fuzz *f, const int *fds)
{
	if ((char *)fds < f->buffers || (char *)fds >= f->buffers + BUFFERS_SIZE - 8)
		return;
	fuzz_add_fd(f, fds[0]);
	fuzz_add_fd(f, fds[1]);
}

static void keep(struct fuzz *f, long result)
{
	switch (f->call->nr) {
	case SYS_fcntl:
		if ((f->args[1] == F_DUPFD || f->args[1] == F_DUPFD_CLOEXEC) && result > 2)
			fuzz_add_fd(f, (int)result);
		break;
	case SYS_pipe:
	case SYS_pipe2:
		keep_pair(f, (int *)f->args[0]);
		break;
	case SYS_socketpair:
		keep_pair(f, (int *)f->args[3]);
		break;
	case SYS_timer_create:
		if ((char *)f->args[2] >= buffers &&
		    (char *)f->args[2] < f->buffers + BUFFERS_SIZE) {
			f->timers[f->ntimers++ % TIMER_SLOTS] = *(int *)f->args[2];
			if (f->ntimers == 2 * TIMER_SLOTS)
				f->ntimers = TIMER_SLOTS;
		}
		break;
	case SYS_fork:
	case SYS_vfork:
	case SYS_clone:
	case SYS_clone3:
		keep_pid(f, result);
		break;
	case SYS_io_setup:
		if (buffer_of(f, f->args[1], sizeof(f->aio)))
			f->aio = *(uint64_t *)f->args[1];
		break;
	case SYS_shmat:
		f->attached = (uint64_t)result;
		break;
	case SYS_ptrace:
		if (f->tracee && (pid_t)f->args[1] == f->tracee)
			tracee_await(f);
		break;
	default:
		if (makes_fd(f->call->name))
			fuzz_add_fd(f, (int)result);
		break;
	}
}

static long make(struct fuzz *f)
{
	const struct call *call = f->call;
	uint64_t fs = 0;
	long result;

	if (call->ends)
		return make_ending(f);
	switch (call->nr) {
	case SYS_fork:
		return f->depth < MAX_DEPTH ? make_fork(f) : vfork_and_exit();
	case SYS_vfork:
		return vfork_and_exit();
	case SYS_clone:
	case SYS_clone3:
		return f->depth < MAX_DEPTH ? make_clone(f) : vfork_and_exit();
	case SYS_arch_prctl:
		RAW(SYS_arch_prctl, ARCH_GET_FS, &fs);
		result = raw(call->nr, f->args[0], f->args[1], 0, 0, 0, 0);
		RAW(SYS_arch_prctl, ARCH_SET_FS, fs);
		return result;
	default:
		return raw(call->nr, f->args[0], f->args[1], f->args[2], f->args[3], f->args[4],
			   f->args[5]);
	}
}

void fuzz_one(struct fuzz *f)
{
	const struct call *call = f->call = call_choose(f);

	f->careless = chance(f, 30);
	f->next_buffer = f->buffers;
	memset(f->args, 0, sizeof(f->args));
	for (f->turn = 0; f->turn < call->nargs; f->turn++)
		f->args[f->turn] = call->args[f->turn].rule->make(f, call->args[f->turn].rule);
	if (harmful(f))
		return;
	if (verbose)
		tell_call(f);
	if (call->may_block)
		set_alarm(WAIT_US);
	long result = make(f);
	if (call->may_block)
		set_alarm(0);
	if (verbose)
		tell_result(f, result);
	/* A chance is not counted: at the deepest place other calls stand in for these. */
	if (f->depth < MAX_DEPTH ||
	    (call->nr != SYS_fork && call->nr != SYS_clone && call->nr != SYS_clone3))
		count(call, result);
	if (!failed(result))
		keep(f, result);
}
