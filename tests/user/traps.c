/*
 * What a program can do to the ways into the kernel and out of it: odd flags, stack pointers and segment
 * bases at a system call, compatibility mode, privileged instructions, every software interrupt; system calls
 * that the program handles itself.
 */
#include <asm/prctl.h>
#include <linux/audit.h>
#include <linux/prctl.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "row.h"

#define FLAG_TF 0x100ul
#define FLAG_DF 0x400ul
#define FLAG_NT 0x4000ul
#define FLAG_AC 0x40000ul
#define USER32_CS 0x23
#define USER_CS 0x33
#define USER_END 0x7ffffffff000ul
#define NOT_CANONICAL 0x800000000000ul
#define KERNEL_ADDRESS 0xffff888000000000ul
#define HWCAP2_FSGSBASE 2

/* A system call with flags set and the stack pointer anywhere; returns what it returned. */
static long call_with(long nr, unsigned long flags, unsigned long sp, unsigned long *flags_after)
{
	register long saved __asm__("r12");
	register unsigned long stack __asm__("r13") = sp;
	unsigned long after;
	long ret;

	__asm__ volatile(
		"mov %%rsp, %[saved]\n\t"
		"sub $256, %%rsp\n\t"
		"pushfq\n\t"
		"or %[flags], (%%rsp)\n\t"
		"popfq\n\t"
		"test %[stack], %[stack]\n\t"
		"cmovnz %[stack], %%rsp\n\t"
		"syscall\n\t"
		"lea -256(%[saved]), %%rsp\n\t"
		"pushfq\n\t"
		"pop %[after]\n\t"
		"push $2\n\t"
		"popfq\n\t"
		"mov %[saved], %%rsp"
		: "=a"(ret), [saved] "=&r"(saved), [after] "=&r"(after), [stack] "+r"(stack)
		: "a"(nr), [flags] "r"(flags), "D"(0), "S"(0), "d"(0)
		: "rcx", "r11", "memory", "cc");
	*flags_after = after;
	return ret;
}

static void group_flags(void)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} flags[] = { { "direction", FLAG_DF }, { "nested", FLAG_NT }, { "alignment", FLAG_AC } };
	unsigned long after;
	pid_t pid = getpid();

	for (unsigned i = 0; i < LENGTH(flags); i++) {
		ROW(flags[i].name, call_with(SYS_getpid, flags[i].flag, 0, &after), pid);
		ROW_TRUE(flags[i].name, after & flags[i].flag);
		/* One that sleeps: by another way out. */
		ROW(flags[i].name, call_with(SYS_sched_yield, flags[i].flag, 0, &after), 0);
		ROW_TRUE(flags[i].name, after & flags[i].flag);
	}
}

static volatile unsigned steps;

static void on_step(int sig)
{
	(void)sig;
	steps++;
}

static void group_step(void)
{
	struct sigaction act = { .sa_handler = on_step };
	unsigned long after;

	sigaction(SIGTRAP, &act, NULL);
	ROW("through_call", call_with(SYS_getpid, FLAG_TF, 0, &after), getpid());
	ROW_TRUE("stepped", steps > 3);
	ROW_TRUE("still_set", after & FLAG_TF);
}

static void group_stack(void)
{
	static const unsigned long places[] = {
		1, 0x1000, USER_END, NOT_CANONICAL, KERNEL_ADDRESS, ~7ul
	};
	struct sigaction act = { .sa_handler = on_step };
	unsigned long after;
	pid_t pid = getpid();

	for (unsigned i = 0; i < LENGTH(places); i++)
		ROW("anywhere", call_with(SYS_getpid, 0, places[i], &after), pid);
	/* A handler needs a stack. */
	for (unsigned i = 0; i < LENGTH(places); i++) {
		pid_t child = fork();

		if (!child) {
			sigaction(SIGTRAP, &act, NULL);
			call_with(SYS_getpid, FLAG_TF, places[i], &after);
			_exit(0);
		}
		ROW("no_handler", wait_status(child), KILLED(SIGSEGV));
	}
}

/*
 * Far into 32-bit code and back; not by returns, for which QEMU reads the stack as if it were the kernel.
 * The page lies below 4 GiB:
 *	0	push callee-saved registers, save RSP at 0x800, take a stack in the page, far jump to 0x100
 *	0x100	(32 bits) eax = the number, syscall, far jump to 0x200
 *	0x200	the old RSP, pop, return
 */
static long compat_call(unsigned char *page, unsigned nr)
{
	static const unsigned char enter[] = {
		0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41,
		0x56, 0x41, 0x57,			  /* push rbx rbp r12-r15 */
		0x48, 0x89, 0x25, 0xef, 0x07, 0x00, 0x00, /* mov [rip + 0x7ef], rsp: at 0x800 */
		0x48, 0x8d, 0x25, 0xe8, 0x0e, 0x00, 0x00, /* lea rsp, [rip + 0xee8]: 0xf00 */
		0xff, 0x2d, 0xea, 0x07, 0x00, 0x00,	  /* jmp far [rip + 0x7ea]: through 0x808 */
	};
	static const unsigned char leave[] = {
		0x48, 0x8b, 0x25, 0xf9, 0x05, 0x00, 0x00, /* mov rsp, [rip + 0x5f9] */
		0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3,
	};
	unsigned char middle[] = {
		0xb8, 0,    0,	  0, 0, /* mov eax, nr */
		0x89, 0xe5,		/* mov ebp, esp: Linux looks for an argument there */
		0x0f, 0x05, 0xea, 0, 0, 0, 0, USER_CS, 0, /* syscall; far jump */
	};
	struct far_pointer {
		unsigned offset;
		unsigned short selector;
	} there = { (unsigned)(unsigned long)page + 0x100, USER32_CS };
	unsigned back = (unsigned)(unsigned long)page + 0x200;

	memcpy(middle + 1, &nr, 4);
	memcpy(middle + 10, &back, 4);
	memcpy(page, enter, sizeof(enter));
	memcpy(page + 0x100, middle, sizeof(middle));
	memcpy(page + 0x200, leave, sizeof(leave));
	memcpy(page + 0x808, &there, 6);
	return (int)((long (*)(void))page)();
}

static void group_compatibility(void)
{
	unsigned char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	ROW_TRUE("page", page != MAP_FAILED);
	/*
	 * Linux goes on at a place in a vDSO that this program has not got; a kernel may also come back. Intel's CPUs
	 * have no SYSCALL outside 64-bit mode.
	 */
	int status = CHILD(compat_call(page, 0xfff0));

	ROW_TRUE("harmless", status == KILLED(SIGSEGV) || status == KILLED(SIGILL) || status == 0);
}

static unsigned long read_fs(void)
{
	unsigned long base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static void write_gs(unsigned long base)
{
	__asm__ volatile("wrgsbase %0" ::"r"(base));
}

static unsigned long read_gs(void)
{
	unsigned long base;

	__asm__ volatile("rdgsbase %0" : "=r"(base));
	return base;
}

static int nothing(void *arg)
{
	return arg != NULL;
}

static void group_bases(void)
{
	static const unsigned long bad[] = { USER_END, NOT_CANONICAL, KERNEL_ADDRESS, 1ul << 63 };
	static char stack[16384] __attribute__((aligned(16)));

	for (unsigned i = 0; i < LENGTH(bad); i++) {
		ROW("set_fs", sys(SYS_arch_prctl, ARCH_SET_FS, bad[i]), -EPERM);
		ROW("set_gs", sys(SYS_arch_prctl, ARCH_SET_GS, bad[i]), -EPERM);
		ROW("clone_tls",
		    clone(nothing, stack + sizeof(stack), CLONE_SETTLS | SIGCHLD, NULL, NULL,
			  bad[i]) < 0
			    ? -errno
			    : 0,
		    -EPERM);
	}
	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE))
		return;
	/* A program may point its own base at the kernel; it stays its own through switches. */
	write_gs(KERNEL_ADDRESS);
	sleep_ms(10);
	ROW("kernel_gs", read_gs(), KERNEL_ADDRESS);
	CHILD(ROW("kernel_gs_in_child", read_gs(), KERNEL_ADDRESS));
	ROW("get_gs", sys(SYS_arch_prctl, ARCH_GET_GS, edge - 8), 0);
	write_gs(0);
	ROW_TRUE("fs", read_fs() != 0);
}

#define REFUSED(name, signal, code)                                                                \
	ROW(name, CHILD(__asm__ volatile(code ::"a"(0), "c"(0), "d"(0) : "memory")), KILLED(signal))

static void group_privileged(void)
{
	REFUSED("hlt", SIGSEGV, "hlt");
	REFUSED("cli", SIGSEGV, "cli");
	REFUSED("sti", SIGSEGV, "sti");
	REFUSED("in", SIGSEGV, "in %%dx, %%al");
	REFUSED("out", SIGSEGV, "out %%al, %%dx");
	REFUSED("rdmsr", SIGSEGV, "rdmsr");
	REFUSED("wrmsr", SIGSEGV, "wrmsr");
	REFUSED("swapgs", SIGSEGV, "swapgs");
	REFUSED("sysret", SIGSEGV, "sysretq");
	REFUSED("read_cr0", SIGSEGV, "mov %%cr0, %%rax");
	REFUSED("write_cr3", SIGSEGV, "mov %%rax, %%cr3");
	REFUSED("write_cr4", SIGSEGV, "mov %%rax, %%cr4");
	REFUSED("read_dr7", SIGSEGV, "mov %%dr7, %%rax");
	REFUSED("lgdt", SIGSEGV, "lgdt -16(%%rsp)");
	REFUSED("lidt", SIGSEGV, "lidt -16(%%rsp)");
	REFUSED("lldt", SIGSEGV, "lldt %%ax");
	REFUSED("ltr", SIGSEGV, "ltr %%ax");
	REFUSED("invlpg", SIGSEGV, "invlpg (%%rsp)");
	REFUSED("clts", SIGSEGV, "clts");
	REFUSED("wbinvd", SIGSEGV, "wbinvd");
	REFUSED("ldt_selector", SIGSEGV, "mov $7, %%eax; mov %%eax, %%es");
	REFUSED("kernel_selector", SIGSEGV, "mov $0x18, %%eax; mov %%eax, %%es");
	REFUSED("kernel_code", SIGSEGV,
		"movl $0, -16(%%rsp); movw $0x10, -12(%%rsp); ljmp *-16(%%rsp)");
}

/* INT n: only the breakpoint, overflow and Linux's old system call have gates that programs may use. */
static void group_interrupts(void)
{
	unsigned char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned wrong = 0;

	for (unsigned n = 0; n < 256; n++) {
		if (n == 3 || n == 4 || n == 0x80)
			continue;
		memcpy(code, (unsigned char[]){ 0xcd, (unsigned char)n, 0xc3 }, 3);
		wrong += CHILD(((void (*)(void))code)()) != KILLED(SIGSEGV);
	}
	ROW("all_others", wrong, 0);
	memcpy(code, (unsigned char[]){ 0xcd, 3, 0xc3 }, 3);
	ROW("breakpoint", CHILD(((void (*)(void))code)()), KILLED(SIGTRAP));
	memcpy(code, (unsigned char[]){ 0xcd, 4, 0xc3 }, 3);
	ROW("overflow", CHILD(((void (*)(void))code)()), KILLED(SIGSEGV));
}

/* ---- system calls that the program handles itself ---- */

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif
#define HANDLED 1234

static volatile unsigned char selector;
static volatile siginfo_t dispatched;
static volatile unsigned long dispatched_rip, dispatched_rax;
static volatile int dispatch_count;

static long dispatch(unsigned long mode, unsigned long start, unsigned long length,
		     volatile void *byte)
{
	return sys(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, mode, start, length, byte);
}

static void on_dispatch(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	dispatched = *info;
	dispatched_rip = (unsigned long)regs[REG_RIP];
	dispatched_rax = (unsigned long)regs[REG_RAX];
	dispatch_count += sig == SIGSYS;
	regs[REG_RAX] = HANDLED;
}

/* One call with the byte as it should be for it. */
static long call_under(unsigned char byte, long nr)
{
	long ret;

	selector = byte;
	ret = sys(nr);
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	return ret;
}

static void group_dispatch(void)
{
	extern char __executable_start, etext;
	unsigned long text = (unsigned long)&__executable_start,
		      size = (unsigned long)&etext - text;
	struct sigaction sa = { .sa_sigaction = on_dispatch, .sa_flags = SA_SIGINFO };
	long pid = getpid();
	unsigned char *page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(sigaction(SIGSYS, &sa, NULL));
	ROW("mode", dispatch(2, 0, 0, NULL), -EINVAL);
	ROW("off", dispatch(PR_SYS_DISPATCH_OFF, 0, 0, NULL), 0);
	ROW("off.start", dispatch(PR_SYS_DISPATCH_OFF, 1, 0, NULL), -EINVAL);
	ROW("off.length", dispatch(PR_SYS_DISPATCH_OFF, 0, 1, NULL), -EINVAL);
	ROW("off.selector", dispatch(PR_SYS_DISPATCH_OFF, 0, 0, &selector), -EINVAL);
	ROW("on.empty", dispatch(PR_SYS_DISPATCH_ON, text, 0, &selector), -EINVAL);
	ROW("on.wraps", dispatch(PR_SYS_DISPATCH_ON, text, -text, &selector), -EINVAL);
	ROW("on.selector_kernel", dispatch(PR_SYS_DISPATCH_ON, 0, 0, KERNEL_POINTER), -EFAULT);
	ROW("still_off", call_under(SYSCALL_DISPATCH_FILTER_BLOCK, SYS_getpid), pid);

	ROW("on", dispatch(PR_SYS_DISPATCH_ON, 0, 0, &selector), 0);
	ROW("allowed", call_under(SYSCALL_DISPATCH_FILTER_ALLOW, SYS_getpid), pid);
	ROW("blocked", call_under(SYSCALL_DISPATCH_FILTER_BLOCK, SYS_getpid), HANDLED);
	ROW("blocked.count", dispatch_count, 1);
	ROW("blocked.signo", dispatched.si_signo, SIGSYS);
	ROW("blocked.code", dispatched.si_code, SYS_USER_DISPATCH);
	ROW("blocked.errno", dispatched.si_errno, 0);
	ROW("blocked.number", dispatched.si_syscall, SYS_getpid);
	ROW("blocked.arch", dispatched.si_arch, AUDIT_ARCH_X86_64);
	ROW_TRUE("blocked.address", (unsigned long)dispatched.si_call_addr == dispatched_rip);
	ROW("blocked.rax", dispatched_rax, SYS_getpid);
	ROW("blocked.no_such_call", call_under(SYSCALL_DISPATCH_FILTER_BLOCK, 99999), HANDLED);
	ROW("blocked.no_such_call.number", dispatched.si_syscall, 99999);
	ROW("value",
	    CHILD(dispatch(PR_SYS_DISPATCH_ON, 0, 0, &selector); call_under(2, SYS_getpid)),
	    KILLED(SIGSYS));
	ROW("gone",
	    CHILD(dispatch(PR_SYS_DISPATCH_ON, 0, 0, page); *page = SYSCALL_DISPATCH_FILTER_ALLOW;
		  munmap(page, PAGE); sys(SYS_getpid)),
	    KILLED(SIGSEGV));
	ROW("masked",
	    CHILD(sigset_t set; sigemptyset(&set); sigaddset(&set, SIGSYS);
		  sigprocmask(SIG_BLOCK, &set, NULL); dispatch(PR_SYS_DISPATCH_ON, 0, 0, &selector);
		  call_under(SYSCALL_DISPATCH_FILTER_BLOCK, SYS_getpid)),
	    KILLED(SIGSYS));
	ROW("ignored",
	    CHILD(signal(SIGSYS, SIG_IGN); dispatch(PR_SYS_DISPATCH_ON, 0, 0, &selector);
		  call_under(SYSCALL_DISPATCH_FILTER_BLOCK, SYS_getpid)),
	    KILLED(SIGSYS));
	ROW("child", CHILD(_exit(call_under(SYSCALL_DISPATCH_FILTER_BLOCK, SYS_getpid) == HANDLED)),
	    EXITED(0));
	ROW("exec",
	    CHILD(dispatch(PR_SYS_DISPATCH_ON, 0, 0, &selector);
		  execl("/proc/self/exe", "traps", "none", NULL)),
	    EXITED(0));

	ROW("range", dispatch(PR_SYS_DISPATCH_ON, text, size, &selector), 0);
	ROW("range.inside", call_under(SYSCALL_DISPATCH_FILTER_BLOCK, SYS_getpid), pid);
	ROW("range.no_selector", dispatch(PR_SYS_DISPATCH_ON, text, size, NULL), 0);
	ROW("range.no_selector.inside", sys(SYS_getpid), pid);
	/* syscall; ret */
	unsigned char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(code, (unsigned char[]){ 0x0f, 0x05, 0xc3 }, 3);
	long ret;
	__asm__ volatile("call *%[code]"
			 : "=a"(ret)
			 : "0"((long)SYS_getpid), [code] "r"(code)
			 : "rcx", "r11", "memory");
	ROW("range.outside", ret, HANDLED);
	ROW_TRUE("range.outside.address", dispatched.si_call_addr == code + 2);
	ROW("end", dispatch(PR_SYS_DISPATCH_OFF, 0, 0, NULL), 0);
	ROW("end.call", call_under(SYSCALL_DISPATCH_FILTER_BLOCK, SYS_getpid), pid);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "traps");
	GROUP(group_flags);
	GROUP(group_step);
	GROUP(group_stack);
	GROUP(group_compatibility);
	GROUP(group_bases);
	GROUP(group_privileged);
	GROUP(group_interrupts);
	GROUP(group_dispatch);
	return finish();
}
