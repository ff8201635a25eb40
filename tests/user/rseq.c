/*
 * Restartable sequences: rseq(2); sections that are aborted by preemption, signals and membarrier;
 * membarrier(2).
 */
#include "row.h"

#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sys/prctl.h>

#define SIGNATURE 0x53053053u

extern const ptrdiff_t __rseq_offset;
extern const unsigned int __rseq_size;

static struct rseq *libc_area;
static volatile struct rseq area __attribute__((aligned(32)));
static struct rseq_cs section __attribute__((aligned(32)));

static long rseq(volatile void *a, unsigned size, int flags, unsigned signature)
{
	return sys(SYS_rseq, a, size, flags, signature);
}

/* libc has registered its own: that must go first. */
static void without_libc(void)
{
	if (__rseq_size) {
		libc_area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
		rseq(libc_area, sizeof(area), RSEQ_FLAG_UNREGISTER, SIGNATURE);
	}
}

static void group_libc(void)
{
	struct rseq *a = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	cpu_set_t one;

	ROW_TRUE("size", __rseq_size);
	ROW("again", rseq(a, 32, 0, SIGNATURE), -EBUSY);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	MUST(sys(SYS_sched_setaffinity, 0, sizeof(one), &one));
	ROW("cpu_id", *(volatile uint32_t *)&a->cpu_id, 0);
	ROW("cpu_id_start", *(volatile uint32_t *)&a->cpu_id_start, 0);
	ROW("getcpu", sched_getcpu(), 0);
	ROW("child", CHILD(_exit(rseq(a, 32, 0, SIGNATURE) == -EBUSY ? 0 : 1)), 0);
	ROW("child.vm", CHILD(_exit(*(volatile uint32_t *)&a->cpu_id == 0 ? 0 : 1)), 0);
}

static void group_register(void)
{
	without_libc();
	ROW("unregister_none", rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), -EINVAL);
	ROW("size", rseq(&area, 31, 0, SIGNATURE), -EINVAL);
	ROW("size_0", rseq(&area, 0, 0, SIGNATURE), -EINVAL);
	ROW("flags", rseq(&area, 32, 2, SIGNATURE), -EINVAL);
	ROW("unaligned", rseq((char *)&area + 8, 32, 0, SIGNATURE), -EINVAL);
	ROW("kernel", rseq(KERNEL_POINTER, 32, 0, SIGNATURE), -EFAULT);
	area.cpu_id = area.cpu_id_start = 99;
	ROW("register", rseq(&area, 32, 0, SIGNATURE), 0);
	ROW_TRUE("cpu_id", area.cpu_id < 64);
	ROW("again", rseq(&area, 32, 0, SIGNATURE), -EBUSY);
	ROW("again.signature", rseq(&area, 32, 0, 1), -EPERM);
	ROW("again.size", rseq(&area, 64, 0, SIGNATURE), -EINVAL);
	ROW("other", rseq(&area + 1, 32, 0, SIGNATURE), -EINVAL);
	ROW("unregister.other", rseq(&area + 1, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), -EINVAL);
	ROW("unregister.size", rseq(&area, 64, RSEQ_FLAG_UNREGISTER, SIGNATURE), -EINVAL);
	ROW("unregister.signature", rseq(&area, 32, RSEQ_FLAG_UNREGISTER, 1), -EPERM);
	ROW("unregister.flags", rseq(&area, 32, RSEQ_FLAG_UNREGISTER | 2, SIGNATURE), -EINVAL);
	ROW("unregister", rseq(&area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE), 0);
	ROW("unregister.cpu_id", area.cpu_id, -1u);
	ROW("unregister.cpu_id_start", area.cpu_id_start, 0);
	/* An area out of reach ends the program. */
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ROW("area_gone",
	    CHILD(rseq(page, 32, 0, SIGNATURE); munmap(page, PAGE); for (;;) sleep_ms(1)),
	    KILLED(SIGSEGV));
}

/* Spins in a section until something gets it out; 1: by its abort handler, 0: *stop was set. */
static int spin_once(volatile uint32_t *entered, volatile uint32_t *stop)
{
	int aborted;

	__asm__ volatile(
		"	lea	3f(%%rip), %%rax\n"
		"	mov	%%rax, 8(%[cs])\n"
		"	lea	4f(%%rip), %%rcx\n"
		"	sub	%%rax, %%rcx\n"
		"	mov	%%rcx, 16(%[cs])\n"
		"	lea	5f(%%rip), %%rax\n"
		"	mov	%%rax, 24(%[cs])\n"
		"	mov	%[cs], 8(%[area])\n"
		"3:	movl	$1, (%[entered])\n"
		"1:	pause\n"
		"	cmpl	$0, (%[stop])\n"
		"	je	1b\n"
		"4:	mov	$0, %[aborted]\n"
		"	jmp	6f\n"
		"	.byte	0x0f, 0xb9, 0x3d\n" /* ud1 with the signature behind it */
		"	.long	0x53053053\n"
		"5:	mov	$1, %[aborted]\n"
		"6:\n"
		: [aborted] "=&r"(aborted)
		: [cs] "r"(&section), [area] "r"(&area), [entered] "r"(entered), [stop] "r"(stop)
		: "rax", "rcx", "memory", "cc");
	return aborted;
}

/* The same, until *entered is set: what interrupts just before the section's first instruction aborts it as well. */
static int spin(volatile uint32_t *entered, volatile uint32_t *stop)
{
	int aborted;

	do
		aborted = spin_once(entered, stop);
	while (!*entered);
	return aborted;
}

static volatile uint32_t *shared;
static volatile uint64_t handler_ip;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	handler_ip = uc->uc_mcontext.gregs[REG_RIP];
}

static void pin(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	MUST(sys(SYS_sched_setaffinity, 0, sizeof(one), &one));
}

static void group_abort(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	struct itimerval soon = { .it_value.tv_usec = 20000 };
	long aborted;

	without_libc();
	sigaction(SIGALRM, &action, NULL);
	MUST(rseq(&area, 32, 0, SIGNATURE));
	setitimer(ITIMER_REAL, &soon, NULL);
	do /* being preempted aborts it too */
		aborted = spin(shared, shared + 1);
	while (!handler_ip);
	ROW("signal", aborted, 1);
	ROW("signal.cleared", area.rseq_cs, 0);
	ROW("signal.handler_ip", handler_ip, section.abort_ip);

	/* Somebody else on the same CPU. */
	pin();
	signal(SIGALRM, SIG_IGN);
	pid_t other = SPAWN(pin(); for (;;) sched_yield());
	ROW("preempted", spin(shared, shared + 1), 1);
	ROW("preempted.cleared", area.rseq_cs, 0);
	kill(other, SIGKILL);
	wait_status(other);

	/* To another CPU and back. */
	pid_t self = getpid();
	pid_t mover = SPAWN(cpu_set_t set; CPU_ZERO(&set); CPU_SET(1, &set);
			    while (!shared[2]) sleep_ms(1); sleep_ms(20);
			    sys(SYS_sched_setaffinity, self, sizeof(set), &set); shared[3] = 1);
	ROW("migrated", spin(shared + 2, shared + 1), 1);
	while (!shared[3])
		sched_yield();
	ROW("migrated.cpu_id", area.cpu_id, sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0);
	wait_status(mover);

	/* Out of the section: the handler does not abort, and the pointer is forgotten. */
	shared[4] = 1;
	ROW("left", (spin(shared, shared + 4), area.rseq_cs = (uint64_t)&section, 0), 0);
	sched_yield();
	raise(SIGALRM);
	pid_t pause = SPAWN(sleep_ms(5));
	wait_status(pause);
	ROW("left.cleared", area.rseq_cs, 0);
}

/* What makes no sense in an area is a SIGSEGV when it is looked at. */
static void look_at(uint64_t start, uint64_t length, uint64_t handler, uint32_t version,
		    uint32_t flags)
{
	section = (struct rseq_cs){ version, flags, start, length, handler };
	area.rseq_cs = (uint64_t)&section;
	raise(SIGUSR1);
	_exit(7);
}

static void group_bad(void)
{
	static uint32_t code[16] = { [4] = SIGNATURE };
	uint64_t good = (uint64_t)&code[5];

	without_libc();
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	sigaction(SIGUSR1, &action, NULL);
	MUST(rseq(&area, 32, 0, SIGNATURE));
	ROW("elsewhere", CHILD(look_at(0x1000, 16, good, 0, 0)), EXITED(7));
	ROW("version", CHILD(look_at(0x1000, 16, good, 1, 0)), KILLED(SIGSEGV));
	ROW("signature", CHILD(look_at(0x1000, 16, good + 4, 0, 0)), KILLED(SIGSEGV));
	ROW("abort_inside", CHILD(look_at(good - 8, 16, good, 0, 0)), KILLED(SIGSEGV));
	ROW("abort_kernel", CHILD(look_at(0x1000, 16, (uint64_t)KERNEL_POINTER, 0, 0)),
	    KILLED(SIGSEGV));
	ROW("start_kernel", CHILD(look_at((uint64_t)KERNEL_POINTER, 16, good, 0, 0)),
	    KILLED(SIGSEGV));
	ROW("overflow", CHILD(look_at(0x1000, -1ul, good, 0, 0)), KILLED(SIGSEGV));
	ROW("pointer_kernel",
	    CHILD(area.rseq_cs = (uint64_t)KERNEL_POINTER; raise(SIGUSR1); _exit(7)),
	    KILLED(SIGSEGV));
	ROW("pointer_bad", CHILD(area.rseq_cs = (uint64_t)edge; raise(SIGUSR1); _exit(7)),
	    KILLED(SIGSEGV));
}

/* ---- membarrier ---- */

static long membarrier_(int cmd, unsigned flags, int cpu)
{
	return sys(SYS_membarrier, cmd, flags, cpu);
}

static volatile uint32_t thread_result;

static void *spinner(void *arg)
{
	(void)arg;
	without_libc();
	MUST(rseq(&area, 32, 0, SIGNATURE));
	thread_result = (uint32_t)spin(shared + 6, shared + 1);
	return NULL;
}

static void group_membarrier(void)
{
	pthread_t thread;

	ROW("query", membarrier_(MEMBARRIER_CMD_QUERY, 0, 0) & 511, 511);
	ROW("query.flags", membarrier_(MEMBARRIER_CMD_QUERY, 1, 0), -EINVAL);
	ROW("unknown", membarrier_(1 << 20, 0, 0), -EINVAL);
	ROW("two", membarrier_(3, 0, 0), -EINVAL);
	ROW("negative", membarrier_(-1, 0, 0), -EINVAL);
	ROW("global", membarrier_(MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
	ROW("global.flags", membarrier_(MEMBARRIER_CMD_GLOBAL, 1, 0), -EINVAL);
	ROW("global_expedited", membarrier_(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0), 0);
	ROW("private.unregistered", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), -EPERM);
	ROW("sync.unregistered", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0),
	    -EPERM);
	ROW("rseq.unregistered", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0), -EPERM);
	ROW("register.global", membarrier_(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
	ROW("register.private", membarrier_(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
	ROW("register.flags", membarrier_(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 1, 0),
	    -EINVAL);
	ROW("private", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0);
	ROW("private.flags", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1, 0), -EINVAL);
	ROW("sync.still_unregistered",
	    membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), -EPERM);
	ROW("register.sync", membarrier_(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0),
	    0);
	ROW("sync", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0);
	ROW("register.rseq", membarrier_(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0), 0);
	ROW("rseq.flags", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 2, 0), -EINVAL);
	ROW("rseq.no_cpu", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 1, 500), 0);
	ROW("fork_keeps", CHILD(_exit(-membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))), 0);
	/* Another thread leaves its section. */
	pthread_create(&thread, NULL, spinner, NULL);
	ROW_TRUE("rseq.entered", EVENTUALLY(shared[6]));
	ROW("rseq", membarrier_(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0), 0);
	pthread_join(thread, NULL);
	ROW("rseq.aborted", thread_result, 1);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "rseq");
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	GROUP(group_libc);
	GROUP(group_register);
	GROUP(group_abort);
	GROUP(group_bad);
	GROUP(group_membarrier);
	return finish();
}
