/*
 * What only x86 has: modify_ldt and segments of a program's own, iopl and ioperm, and whether the cycle counter
 * may be read.
 */
#include "row.h"

#include <asm/ldt.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <ucontext.h>

#define READ 0
#define WRITE_OLD 1
#define READ_DEFAULT 2
#define WRITE 0x11
#define SELECTOR(entry) ((unsigned short)((entry) << 3 | 7))
#define CHILD_STACK 65536

/* The call answers an int whose sign is not extended. */
static int modify(int func, const void *ptr, unsigned long size)
{
	return (int)sys(SYS_modify_ldt, func, ptr, size);
}

static struct user_desc data(unsigned entry, unsigned base)
{
	return (struct user_desc){ .entry_number = entry,
				   .base_addr = base,
				   .limit = 0xfffff,
				   .seg_32bit = 1,
				   .limit_in_pages = 1,
				   .useable = 1 };
}

static int set(struct user_desc d)
{
	return modify(WRITE, &d, sizeof(d));
}

static uint64_t words[LDT_ENTRIES];

static uint64_t entry(unsigned n)
{
	memset(words, 0xaa, sizeof(words));
	if (modify(READ, words, (n + 1) * 8) != (int)(n + 1) * 8)
		return 1;
	return words[n];
}

/* 1: the selector can be loaded; -1: it raised a signal. */
static volatile sig_atomic_t faults, fault_signal;

static void skip_load(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	faults++;
	fault_signal = sig;
	uc->uc_mcontext.gregs[REG_RIP] = uc->uc_mcontext.gregs[REG_R11];
}

static void catch (void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction act = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	sigaction(SIGILL, &act, NULL);
}

/* R11 tells the handler where to go on. */
static bool load_es(unsigned short selector)
{
	int before = faults;

	__asm__ volatile("lea 1f(%%rip), %%r11; mov %0, %%es; 1:" ::"r"((unsigned)selector)
			 : "r11", "memory");
	return faults == before;
}

static unsigned short get_es(void)
{
	unsigned short now;

	__asm__ volatile("mov %%es, %0" : "=r"(now));
	return now;
}

static bool load_gs(unsigned short selector)
{
	int before = faults;

	__asm__ volatile("lea 1f(%%rip), %%r11; mov %0, %%gs; 1:" ::"r"((unsigned)selector)
			 : "r11", "memory");
	return faults == before;
}

static uint32_t read_gs(unsigned offset)
{
	uint32_t value;

	__asm__ volatile("mov %%gs:(%1), %0" : "=r"(value) : "r"((unsigned long)offset));
	return value;
}

static void *low(size_t size, int prot)
{
	return mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
}

static void group_ldt_calls(void)
{
	struct user_desc d = data(3, 0x123456);

	ROW("read.none", modify(READ, words, sizeof(words)), 0);
	ROW("read.none.not looked at", modify(READ, edge, 8), 0);
	ROW("default", modify(READ_DEFAULT, words, sizeof(words)), 128);
	ROW("default.zeros", words[0] | words[15], 0);
	ROW("default.less", modify(READ_DEFAULT, words, 10), 10);
	ROW("default.efault", modify(READ_DEFAULT, edge, 8), -EFAULT);
	ROW("function", modify(3, words, 8), -ENOSYS);
	ROW("function.negative", modify(-1, words, 8), -ENOSYS);
	ROW("result is not extended", sys(SYS_modify_ldt, 3, words, 8), 0xffffffffu - ENOSYS + 1);
	ROW("size.less", modify(WRITE, &d, sizeof(d) - 1), -EINVAL);
	ROW("size.more", modify(WRITE, &d, sizeof(d) + 1), -EINVAL);
	ROWS_EFAULT("write", sizeof(d), modify(WRITE, p, sizeof(d)));
	d.entry_number = LDT_ENTRIES;
	ROW("beyond", set(d), -EINVAL);
	d.entry_number = ~0u;
	ROW("far beyond", set(d), -EINVAL);
	d = data(3, 0x123456);
	d.contents = 3;
	ROW("conforming", set(d), -EINVAL);
	d.seg_not_present = 1;
	ROW("conforming.absent", set(d), 0);
	ROW("conforming.old", modify(WRITE_OLD, &d, sizeof(d)), -EINVAL);
	d = data(3, 0x12345678);
	ROW("write", set(d), 0);
	ROW("descriptor", entry(3) == 0x12dff3345678ffff, 1);
	ROW("before it", entry(2), 0);
	ROW("read.more", modify(READ, words, 800), 800);
	ROW("read.more.zeros", words[4] | words[99], 0);
	ROW("read.less", modify(READ, words, 20), 20);
	ROW("read.all", modify(READ, words, 1 << 20), LDT_ENTRIES * 8);
	ROW("read.efault", modify(READ, edge, 8), -EFAULT);
	ROW("read.efault_last", modify(READ, LAST_OUTSIDE(32), 32), -EFAULT);
	ROW("old", modify(WRITE_OLD, &d, sizeof(d)), 0);
	ROW("old.not available", entry(3) == 0x12cff3345678ffff, 1);
	d.contents = 2;
	ROW("code", set(d), 0);
	ROW("code.descriptor", entry(3) == 0x12dffb345678ffff, 1);
	d.contents = 1;
	d.read_exec_only = 1;
	d.limit_in_pages = 0;
	ROW("stack", set(d), 0);
	ROW("stack.descriptor", entry(3) == 0x125ff5345678ffff, 1);
	d = data(3, 0x12345678);
	d.lm = 1;
	d.contents = 2;
	ROW("of 64 bits", set(d), 0);
	ROW("of 64 bits.not", entry(3) == 0x12dffb345678ffff, 1);
	d = (struct user_desc){ .entry_number = 3, .read_exec_only = 1, .seg_not_present = 1 };
	ROW("clear", set(d), 0);
	ROW("clear.empty", entry(3), 0);
	set(data(3, 1));
	d = (struct user_desc){ .entry_number = 3, .seg_32bit = 1 };
	ROW("clear.old", modify(WRITE_OLD, &d, sizeof(d)), 0);
	ROW("clear.old.empty", entry(3), 0);
	ROW("last", set(data(LDT_ENTRIES - 1, 5)), 0);
	ROW("last.descriptor", entry(LDT_ENTRIES - 1) == 0x00dff3000005ffff, 1);
}

static void group_ldt_segments(void)
{
	uint32_t *mem = low(PAGE, PROT_READ | PROT_WRITE);
	struct user_desc absent = data(4, 0);

	absent.seg_not_present = 1;
	catch (skip_load);
	mem[0] = 0x1111;
	mem[1] = 0x2222;
	ROW("no table", load_es(SELECTOR(1)), false);
	set(data(1, (unsigned)(unsigned long)mem));
	set(data(2, (unsigned)(unsigned long)&mem[1]));
	set(absent);
	ROW("load", load_es(SELECTOR(1)), true);
	ROW("loaded", get_es(), SELECTOR(1));
	sched_yield();
	sleep_ms(1);
	ROW("loaded.after a switch", get_es(), SELECTOR(1));
	ROW("gs", load_gs(SELECTOR(2)), true);
	ROW("gs.base", read_gs(0), 0x2222);
	sched_yield();
	sleep_ms(1);
	ROW("gs.base after a switch", read_gs(0), 0x2222);
	ROW("beyond", load_es(SELECTOR(9)), false);
	ROW("beyond.signal", fault_signal, SIGSEGV);
	ROW("empty", load_es(SELECTOR(0)), false);
	ROW("absent", load_es(SELECTOR(4)), false);
	ROW("absent.signal", fault_signal, SIGBUS);
	ROW("child", CHILD({
		    ROW("child.table", entry(2) != 0, true);
		    ROW("child.loads", load_gs(SELECTOR(2)), true);
		    ROW("child.base", read_gs(0), 0x2222);
		    mem[1] = 0x3333;
		    ROW("child.memory", read_gs(0), 0x3333);
		    set((struct user_desc){
			    .entry_number = 2, .read_exec_only = 1, .seg_not_present = 1 });
		    ROW("child.changed", load_gs(SELECTOR(2)), false);
	    }),
	    0);
	ROW("parent.unchanged", load_gs(SELECTOR(2)) && read_gs(0) == 0x2222, true);
	load_gs(0);
	ROW("es goes with its entry",
	    set((struct user_desc){ .entry_number = 1, .read_exec_only = 1, .seg_not_present = 1 }),
	    0);
	sched_yield();
	ROW("es is null", get_es(), 0);
	ROW("after exec", CHILD(execl("/proc/self/exe", "segments", "--table", NULL)), EXITED(0));
}

/* ---- threads ---- */

static volatile int go, done;
static volatile uint32_t seen;

static void *uses_table(void *arg)
{
	(void)arg;
	while (!go)
		sched_yield();
	catch (skip_load);
	seen = load_gs(SELECTOR(5)) ? read_gs(0) : 0;
	done = 1;
	while (go == 1)
		sched_yield();
	seen = load_gs(SELECTOR(6)) ? read_gs(0) : 0;
	done = 2;
	return NULL;
}

static void *makes_entry(void *arg)
{
	return (void *)(long)set(data(7, (unsigned)(unsigned long)arg));
}

static void group_ldt_threads(void)
{
	uint32_t *mem = low(PAGE, PROT_READ | PROT_WRITE);
	pthread_t thread, other;
	void *result;

	mem[0] = 0xabc;
	mem[1] = 0xdef;
	pthread_create(&thread, NULL, uses_table, NULL);
	/* It runs already, without a table. */
	ROW("write", set(data(5, (unsigned)(unsigned long)mem)), 0);
	go = 1;
	while (!done)
		sched_yield();
	ROW("seen by a thread", seen, 0xabc);
	ROW("write again", set(data(6, (unsigned)(unsigned long)&mem[1])), 0);
	go = 2;
	pthread_join(thread, NULL);
	ROW("seen again", seen, 0xdef);
	pthread_create(&other, NULL, makes_entry, &mem[1]);
	pthread_join(other, &result);
	ROW("by a thread", (long)result, 0);
	ROW("by a thread.seen", load_gs(SELECTOR(7)) && read_gs(0) == 0xdef, true);
	load_gs(0);
}

/* Threads that change the table and load from it for a while: nothing is to go wrong. */
static volatile int stop;

static void *churn(void *arg)
{
	unsigned long n = (unsigned long)arg;
	struct user_desc none = { .entry_number = (unsigned)n,
				  .read_exec_only = 1,
				  .seg_not_present = 1 };

	for (int turn = 0; turn < 200; turn++) {
		set(turn & 1 ? none : data((unsigned)n, 0));
		load_es(SELECTOR(n ^ 1));
		if (!(turn % 16))
			sched_yield();
	}
	__asm__ volatile("mov %0, %%es" ::"r"(0));
	return NULL;
}

static void group_ldt_churn(void)
{
	pthread_t threads[4];

	catch (skip_load);
	for (unsigned long n = 0; n < LENGTH(threads); n++)
		pthread_create(&threads[n], NULL, churn, (void *)n);
	for (int child = 0; child < 10; child++)
		wait_status(SPAWN(load_es(SELECTOR(0)); _exit(0)));
	for (unsigned n = 0; n < LENGTH(threads); n++)
		pthread_join(threads[n], NULL);
	ROW_TRUE("all ended", set(data(0, 0)) == 0 && load_es(SELECTOR(0)));
}

/* ---- 32-bit code, and returns to segments that are not there ---- */

static volatile unsigned long seen_cs, seen_ss, seen_ip;
static volatile int then; /* what the handler does with the frame */
enum { BACK, BAD_CS, BAD_SS, ABSENT_CS };

#define GREG_CSGSFS(uc) ((uc)->uc_mcontext.gregs[REG_CSGSFS])

static void set_cs(ucontext_t *uc, unsigned short cs)
{
	GREG_CSGSFS(uc) = (GREG_CSGSFS(uc) & ~0xffffll) | cs;
}

static void set_ss(ucontext_t *uc, unsigned long long ss)
{
	GREG_CSGSFS(uc) = (GREG_CSGSFS(uc) & 0xffffffffffffll) | (long long)(ss << 48);
}

static void on_int3(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	seen_cs = GREG_CSGSFS(uc) & 0xffff;
	seen_ss = (unsigned long)GREG_CSGSFS(uc) >> 48;
	seen_ip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
	if (then == BAD_CS)
		set_cs(uc, SELECTOR(77));
	else if (then == BAD_SS)
		set_ss(uc, SELECTOR(77));
	else if (then == ABSENT_CS)
		set_cs(uc, SELECTOR(4));
}

static void on_bad(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	faults++;
	fault_signal = sig;
	seen_cs = GREG_CSGSFS(uc) & 0xffff;
	seen_ss = (unsigned long)GREG_CSGSFS(uc) >> 48;
	set_cs(uc, 0x33);
	set_ss(uc, 0x2b);
}

#define JUMP_BACK 20 /* where in the code the offset of its far jump stands */

/* Far into 32-bit code at `code`, with a stack there; the code's own far jump leads back. */
static void far_run(unsigned short cs, unsigned char *code, char *stack)
{
	static unsigned long kept;
	struct {
		uint32_t offset;
		uint16_t segment;
	} __attribute__((packed)) target = { (uint32_t)(unsigned long)code, cs };

	__asm__ volatile("lea 1f(%%rip), %%rcx; mov %%ecx, (%2); mov %%rsp, %3; mov %1, %%rsp\n\t"
			 "ljmp *(%0)\n"
			 "1: mov %3, %%rsp"
			 :
			 : "r"(&target), "r"(stack), "r"(code + JUMP_BACK), "m"(kept)
			 : "rax", "rcx", "memory");
}

static void group_ldt_code(void)
{
	unsigned char *code = low(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	char *stack = low(CHILD_STACK, PROT_READ | PROT_WRITE);
	struct user_desc d = data(8, 0), absent = data(4, 0);
	struct sigaction act = { .sa_sigaction = on_int3, .sa_flags = SA_SIGINFO };
	/*
	 * mov eax, 0x11223344; mov [esp-64], eax; int3; mov eax, 0x55667788; mov [esp-60], eax;
	 * jmp 0x33:back
	 */
	static const unsigned char text[] = { 0xb8, 0x44, 0x33, 0x22, 0x11, 0x89, 0x44, 0x24, 0xc0,
					      0xcc, 0xb8, 0x88, 0x77, 0x66, 0x55, 0x89, 0x44, 0x24,
					      0xc4, 0xea, 0,	0,    0,    0,	  0x33, 0 };
	uint32_t *at;

	memcpy(code, text, sizeof(text));
	d.contents = 2;
	absent.contents = 2;
	absent.seg_not_present = 1;
	ROW("segment", set(d), 0);
	set(absent);
	sigaction(SIGTRAP, &act, NULL);
	far_run(SELECTOR(8), code, stack + CHILD_STACK / 2);
	at = (uint32_t *)(stack + CHILD_STACK / 2);
	ROW("signal came", seen_ip - (unsigned long)code, 10);
	ROW("signal.cs", seen_cs, SELECTOR(8));
	ROW("ran before", at[-16] == 0x11223344, true);
	ROW("ran after", at[-15] == 0x55667788, true);

	/* Frames of 64-bit code whose segments are made bad: refused on the way back. */
	catch (on_bad);
	faults = 0;
	for (then = BAD_CS; then <= ABSENT_CS; then++) {
		static const char *const names[] = {
			[BAD_CS] = "bad cs", [BAD_SS] = "bad ss", [ABSENT_CS] = "absent cs"
		};
		int before = faults;

		__asm__ volatile("int3" ::: "memory");
		ROW(names[then], faults - before, 1);
		ROW(named("%s.signal", names[then]), fault_signal,
		    then == ABSENT_CS ? SIGBUS : SIGSEGV);
		ROW(named("%s.seen", names[then]), then == BAD_SS ? seen_ss : seen_cs,
		    then == ABSENT_CS ? SELECTOR(4) : SELECTOR(77));
	}
	signal(SIGSEGV, SIG_DFL);
	then = BAD_CS;
	ROW("bad cs, nobody minds", CHILD(__asm__ volatile("int3" ::: "memory")), KILLED(SIGSEGV));
}

/* ---- ports ---- */

#define PORT 0x80 /* where firmware writes how far it has come */
#define LAST_PORT 0xffff

static bool can_out(unsigned short port)
{
	int before = faults;

	__asm__ volatile("lea 1f(%%rip), %%r11; outb %%al, %%dx; 1:" ::"a"(0), "d"(port)
			 : "r11", "memory");
	return faults == before;
}

static bool can_cli(void)
{
	int before = faults;

	__asm__ volatile("lea 1f(%%rip), %%r11; cli; sti; 1:" ::: "r11", "memory");
	return faults == before;
}

static void *thread_out(void *arg)
{
	(void)arg;
	return (void *)(long)can_out(PORT);
}

static void group_ioperm(void)
{
	pthread_t thread;
	void *result;

	catch (skip_load);
	ROW("none", can_out(PORT), false);
	ROW("none.signal", fault_signal, SIGSEGV);
	ROW("off without any", sys(SYS_ioperm, PORT, 1, 0), 0);
	ROW("no ports", sys(SYS_ioperm, PORT, 0, 1), -EINVAL);
	ROW("beyond", sys(SYS_ioperm, LAST_PORT, 2, 1), -EINVAL);
	ROW("wraps", sys(SYS_ioperm, 1, -1ul, 1), -EINVAL);
	ROW("huge", sys(SYS_ioperm, 1ul << 32, 1, 1), -EINVAL);
	ROW_AS(USER, "no right", sys(SYS_ioperm, PORT, 1, 1), -EPERM);
	ROW_AS(USER, "no right.off", sys(SYS_ioperm, PORT, 1, 0), 0);
	ROW("on", sys(SYS_ioperm, PORT, 1, 1), 0);
	ROW("on.works", can_out(PORT), true);
	ROW("on.others not", can_out(PORT + 1), false);
	ROW("on.far not", can_out(0xf880), false);
	sched_yield();
	sleep_ms(1);
	ROW("after a switch", can_out(PORT), true);
	ROW("child",
	    CHILD(ROW("child.works", can_out(PORT), true);
		  ROW("child.off", sys(SYS_ioperm, PORT, 1, 0), 0);
		  ROW("child.off.not", can_out(PORT), false)),
	    0);
	ROW("parent keeps it", can_out(PORT), true);
	pthread_create(&thread, NULL, thread_out, NULL);
	pthread_join(thread, &result);
	ROW("thread", (long)result, true);
	ROW("last", sys(SYS_ioperm, LAST_PORT, 1, 1), 0);
	ROW("last.works", can_out(LAST_PORT), true);
	ROW("last.off", sys(SYS_ioperm, LAST_PORT, 1, 0), 0);
	ROW("last.off.not", can_out(LAST_PORT), false);
	ROW("still", can_out(PORT), true);
	ROW("kept by who lost the right", CHILD(become(USER); ROW("kept", can_out(PORT), true)), 0);
	ROW("off", sys(SYS_ioperm, 0, LAST_PORT + 1, 0), 0);
	ROW("off.not", can_out(PORT), false);
	/* Another that may use none, at the same time on the same CPU. */
	sys(SYS_ioperm, PORT, 1, 1);
	ROW("without", CHILD(sys(SYS_ioperm, PORT, 1, 0); for (int turn = 0; turn < 20; turn++) {
		    sched_yield();
		    if (can_out(PORT))
			    _exit(1);
	    }),
	    0);
}

static void group_iopl(void)
{
	catch (skip_load);
	ROW("level", sys(SYS_iopl, 4), -EINVAL);
	ROW("level.negative", sys(SYS_iopl, -1), -EINVAL);
	ROW("same", sys(SYS_iopl, 0), 0);
	ROW_AS(USER, "no right", sys(SYS_iopl, 1), -EPERM);
	ROW_AS(USER, "no right.same", sys(SYS_iopl, 0), 0);
	ROW("cli.refused", can_cli(), false);
	ROW("two", sys(SYS_iopl, 2), 0);
	ROW("two.no port", can_out(PORT), false);
	ROW("three", sys(SYS_iopl, 3), 0);
	ROW("three.port", can_out(PORT), true);
	ROW("three.last port", can_out(LAST_PORT), true);
	ROW("cli does nothing", can_cli(), true);
	sleep_ms(1); /* with interrupts off this would never end */
	ROW("child",
	    CHILD(ROW("child.port", can_out(PORT), true); become(USER);
		  ROW("child.again", sys(SYS_iopl, 3), 0); ROW("child.less", sys(SYS_iopl, 0), 0);
		  ROW("child.more", sys(SYS_iopl, 3), -EPERM);
		  ROW("child.none", can_out(PORT), false)),
	    0);
	ROW("some by map too", sys(SYS_ioperm, PORT, 1, 1), 0);
	ROW("down", sys(SYS_iopl, 0), 0);
	ROW("down.map", can_out(PORT), true);
	ROW("down.others", can_out(LAST_PORT), false);
	sys(SYS_iopl, 3);
	ROW("after exec", CHILD(execl("/proc/self/exe", "segments", "--ports", NULL)), EXITED(1));
}

/* ---- the cycle counter ---- */

static bool can_read_cycles(void)
{
	int before = faults;

	__asm__ volatile("lea 1f(%%rip), %%r11; rdtsc; 1:" ::: "rax", "rdx", "r11", "memory");
	return faults == before;
}

static void *thread_cycles(void *arg)
{
	int mode = 0;

	(void)arg;
	sys(SYS_prctl, PR_GET_TSC, &mode);
	return (void *)(long)(mode * 2 + can_read_cycles());
}

static void group_tsc(void)
{
	int mode = 0;
	pthread_t thread;
	void *result;

	catch (skip_load);
	ROW("get", sys(SYS_prctl, PR_GET_TSC, &mode), 0);
	ROW("enabled", mode, PR_TSC_ENABLE);
	ROWS_EFAULT("get", sizeof(int), sys(SYS_prctl, PR_GET_TSC, p));
	ROW("none", sys(SYS_prctl, PR_SET_TSC, 0), -EINVAL);
	ROW("beyond", sys(SYS_prctl, PR_SET_TSC, 3), -EINVAL);
	ROW("off", sys(SYS_prctl, PR_SET_TSC, PR_TSC_SIGSEGV), 0);
	ROW("off.signal", can_read_cycles(), false);
	ROW("off.which", fault_signal, SIGSEGV);
	sys(SYS_prctl, PR_GET_TSC, &mode);
	ROW("off.told", mode, PR_TSC_SIGSEGV);
	sched_yield();
	ROW("off.after a switch", can_read_cycles(), false);
	ROW("child",
	    CHILD(ROW("child.off", can_read_cycles(), false);
		  sys(SYS_prctl, PR_SET_TSC, PR_TSC_ENABLE);
		  ROW("child.on", can_read_cycles(), true)),
	    0);
	pthread_create(&thread, NULL, thread_cycles, NULL);
	pthread_join(thread, &result);
	ROW("thread", (long)result, PR_TSC_SIGSEGV * 2);
	ROW("still off", can_read_cycles(), false);
	ROW("after exec", CHILD(execl("/proc/self/exe", "segments", "--cycles", NULL)), EXITED(0));
	ROW("on", sys(SYS_prctl, PR_SET_TSC, PR_TSC_ENABLE), 0);
	ROW("on.works", can_read_cycles(), true);
}

/* After exec: what is left; 2: something is strange. */
static int second_life(const char *what)
{
	catch (skip_load);
	if (!strcmp(what, "--table"))
		return modify(READ, words, 8) ? 2 : load_es(SELECTOR(2));
	if (!strcmp(what, "--ports"))
		return can_out(LAST_PORT);
	return can_read_cycles();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strncmp(argv[1], "--", 2))
		return second_life(argv[1]);
	begin(argc, argv, "segments");
	GROUP(group_ldt_calls);
	GROUP(group_ldt_segments);
	GROUP(group_ldt_threads);
	GROUP(group_ldt_churn);
	GROUP(group_ldt_code);
	GROUP(group_ioperm);
	GROUP(group_iopl);
	GROUP(group_tsc);
	return finish();
}
