/* ptrace, process_vm_readv and its twin, kcmp, /proc/PID/mem: looking into other processes. */
#include <elf.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "row.h"

#define USER_AREA 928 /* the kernel's struct user, a little longer than libc's */
#define KCMP_FILE_TYPE 0
#define KCMP_VM_TYPE 1
#define KCMP_EPOLL_TFD 7
#define SYSGOOD (SIGTRAP | 0x80)
#define EVENT(e) (SIGTRAP | (e) << 8)

static volatile long word = 0x1122334455667788;
static volatile char watched[8] __attribute__((aligned(8)));

static long trace(long request, long pid, unsigned long addr, unsigned long data)
{
	return sys(SYS_ptrace, request, pid, addr, data);
}

/* The next stop's code of the thread, or minus its whole status when it is no stop. */
static long stop_of(pid_t pid)
{
	int status = 0;
	pid_t got = waitpid(pid, &status, __WALL);

	if (got < 0)
		return -errno;
	return WIFSTOPPED(status) ? status >> 8 : -0x10000 - status;
}

static long end_of(pid_t pid)
{
	return -0x10000 - stop_of(pid);
}

/* A child that has asked to be traced and stopped itself, and then runs `body`. */
static pid_t traced(void (*body)(void))
{
	pid_t pid = MUST(fork());

	if (!pid) {
		sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	ROW("first_stop", stop_of(pid), SIGSTOP);
	return pid;
}

static pid_t untraced(void (*body)(void))
{
	pid_t pid = MUST(fork());

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body();
		_exit(0);
	}
	return pid;
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) == pid)
		;
}

static void do_nothing(void)
{
}

static void do_pause(void)
{
	for (;;)
		pause();
}

static void do_spin(void)
{
	for (;;)
		;
}

static void do_getppid(void)
{
	long got = sys(SYS_getppid);

	_exit(got == getppid() ? 0 : (int)got & 0xff);
}

static void group_errors(void)
{
	pid_t pid;

	ROW("no_process", trace(PTRACE_ATTACH, 999999, 0, 0), -ESRCH);
	ROW("attach_self", trace(PTRACE_ATTACH, getpid(), 0, 0), -EPERM);
	ROW("seize_self", trace(PTRACE_SEIZE, getpid(), 0, 0), -EPERM);
	ROW("attach_kernel", trace(PTRACE_ATTACH, 2, 0, 0), -EPERM);
	ROW("negative", trace(PTRACE_ATTACH, -1, 0, 0), -ESRCH);
	pid = untraced(do_pause);
	ROW("not_traced", trace(PTRACE_CONT, pid, 0, 0), -ESRCH);
	ROW("not_traced_peek", trace(PTRACE_PEEKDATA, pid, (long)&word, (long)&word), -ESRCH);
	ROW("not_traced_unknown", trace(12345, pid, 0, 0), -ESRCH);
	ROW("seize_addr", trace(PTRACE_SEIZE, pid, 1, 0), -EIO);
	ROW("seize_options", trace(PTRACE_SEIZE, pid, 0, 0x80000000), -EIO);
	ROW("attach", trace(PTRACE_ATTACH, pid, 0, 0), 0);
	ROW("attach_twice", trace(PTRACE_ATTACH, pid, 0, 0), -EPERM);
	ROW("attached_stop", stop_of(pid), SIGSTOP);
	ROW("unknown_request", trace(12345, pid, 0, 0), -EIO);
	ROW("cont_signal", trace(PTRACE_CONT, pid, 0, 65), -EIO);
	ROW("detach_signal", trace(PTRACE_DETACH, pid, 0, 65), -EIO);
	ROW("interrupt_not_seized", trace(PTRACE_INTERRUPT, pid, 0, 0), -EIO);
	ROW("listen_not_seized", trace(PTRACE_LISTEN, pid, 0, 0), -EIO);
	ROW("options_bad", trace(PTRACE_SETOPTIONS, pid, 0, 0x80000000), -EINVAL);
	ROW("running", ({
		    trace(PTRACE_CONT, pid, 0, 0);
		    trace(PTRACE_GETREGS, pid, 0, (long)edge - 512);
	    }),
	    -ESRCH);
	kill_child(pid);
	ROW("traceme", CHILD(_exit(-sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0))), EXITED(0));
	ROW("traceme_twice",
	    CHILD(sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		  _exit(-sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0))),
	    EXITED(EPERM));
}

static void group_rights(void)
{
	pid_t pid = untraced(do_pause), mine;

	CHILD(become(USER); ROW("others", trace(PTRACE_ATTACH, pid, 0, 0), -EPERM);
	      ROW("seize_others", trace(PTRACE_SEIZE, pid, 0, 0), -EPERM);
	      struct iovec local = { (void *)&word, 8 }; struct iovec remote = local;
	      ROW("readv_others", sys(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0), -EPERM);
	      ROW("kcmp_others", sys(SYS_kcmp, pid, pid, KCMP_VM_TYPE, 0, 0), -EPERM));
	CHILD(become(USER); prctl(PR_SET_DUMPABLE, 1); mine = fork(); if (!mine) do_pause();
	      ROW("own", trace(PTRACE_ATTACH, mine, 0, 0), 0); kill(mine, SIGKILL));
	CHILD(become(USER); mine = fork(); if (!mine) {
		prctl(PR_SET_DUMPABLE, 0);
		do_pause();
	} until_state(mine, 'S');
	      ROW("not_dumpable", trace(PTRACE_ATTACH, mine, 0, 0), -EPERM); kill(mine, SIGKILL));
	kill_child(pid);
}

static void group_memory(void)
{
	pid_t pid = traced(do_nothing);
	long value = 0;
	static const char constant[64] = "constant";

	ROW("peek", trace(PTRACE_PEEKDATA, pid, (long)&word, (long)&value), 0);
	ROW("peeked", value, word);
	ROW("peek_text", trace(PTRACE_PEEKTEXT, pid, (long)group_memory, (long)&value), 0);
	ROW("peeked_text", value, *(long *)group_memory);
	ROW("peek_unaligned", trace(PTRACE_PEEKDATA, pid, (long)&word + 3, (long)&value), 0);
	ROW("peek_nowhere", trace(PTRACE_PEEKDATA, pid, 8, (long)&value), -EIO);
	ROW("peek_kernel", trace(PTRACE_PEEKDATA, pid, (long)KERNEL_POINTER, (long)&value), -EIO);
	ROW("peek_none", trace(PTRACE_PEEKDATA, pid, (long)edge, (long)&value), 0);
	ROWS_EFAULT("peek", 8, trace(PTRACE_PEEKDATA, pid, (long)&word, (long)p));
	ROW("poke", trace(PTRACE_POKEDATA, pid, (long)&word, 77), 0);
	trace(PTRACE_PEEKDATA, pid, (long)&word, (long)&value);
	ROW("poked", value, 77);
	ROW("not_ours", word, 0x1122334455667788);
	ROW("poke_text", trace(PTRACE_POKETEXT, pid, (long)do_spin, 0xcccccccccccccccc), 0);
	trace(PTRACE_PEEKTEXT, pid, (long)do_spin, (long)&value);
	ROW("poked_text", value, 0xcccccccccccccccc);
	ROW("text_not_ours", *(long *)do_spin == (long)0xcccccccccccccccc, 0);
	ROW("poke_constant", trace(PTRACE_POKEDATA, pid, (long)constant, 1), 0);
	ROW("poke_none", trace(PTRACE_POKEDATA, pid, (long)edge, 5), 0);
	trace(PTRACE_PEEKDATA, pid, (long)edge, (long)&value);
	ROW("poked_none", value, 5);
	ROW("poke_nowhere", trace(PTRACE_POKEDATA, pid, 8, 1), -EIO);
	kill_child(pid);
}

static void group_proc_mem(void)
{
	pid_t pid = untraced(do_pause);
	char path[64], text[64];
	long value = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	ROW_TRUE("open", fd >= 0);
	ROW("read", pread(fd, &value, 8, (long)&word), 8);
	ROW("value", value, word);
	value = 9;
	ROW("write", pwrite(fd, &value, 8, (long)&word), 8);
	ROW("write_text", pwrite(fd, &value, 8, (long)do_spin), 8);
	value = 0;
	pread(fd, &value, 8, (long)&word);
	ROW("written", value, 9);
	ROW("nowhere", sys(SYS_pread64, fd, &value, 8, 8), -EIO);
	ROW("read_efault", sys(SYS_pread64, fd, edge, 8, (long)&word), -EFAULT);
	ROW("zero", sys(SYS_pread64, fd, &value, 0, 8), 0);
	ROW("seek", lseek(fd, 0x1000, SEEK_SET), 0x1000);
	ROW("seek_cur", lseek(fd, 1, SEEK_CUR), 0x1001);
	ROW("seek_end", sys(SYS_lseek, fd, 0, SEEK_END), -EINVAL);
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	until_state(pid, 'S');
	ROW_TRUE("syscall", slurp(path, text, sizeof(text)) > 0 && atoi(text) == SYS_pause);
	kill_child(pid);
	ROW("read_after_end", sys(SYS_pread64, fd, &value, 8, (long)&word), 0);
	CHILD(become(USER); ROW("others", open("/proc/1/mem", O_RDONLY) < 0 ? -errno : 0, -EACCES));
}

static void group_registers(void)
{
	pid_t pid = traced(do_getppid);
	struct user_regs_struct regs, again;
	struct user_fpregs_struct fp;
	struct iovec iov = { &regs, sizeof(regs) };
	static char xstate[8192] __attribute__((aligned(64)));
	long value = 0;

	memset(&regs, 0, sizeof(regs));
	ROW("get", trace(PTRACE_GETREGS, pid, 0, (long)&regs), 0);
	ROW("cs", regs.cs, 0x33);
	ROW("ss", regs.ss, 0x2b);
	ROW_TRUE("orig_rax", regs.orig_rax == SYS_tgkill || regs.orig_rax == SYS_tkill);
	ROW("rax", regs.rax, 0);
	ROW_TRUE("fs_base", regs.fs_base != 0);
	ROWS_EFAULT("get", sizeof(regs), trace(PTRACE_GETREGS, pid, 0, (long)p));
	ROWS_EFAULT("set", sizeof(regs), trace(PTRACE_SETREGS, pid, 0, (long)p));
	ROW("peek_user", trace(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.rip), (long)&value),
	    0);
	ROW("peeked_user", value, regs.rip);
	ROW("peek_user_odd", trace(PTRACE_PEEKUSER, pid, 1, (long)&value), -EIO);
	ROW("peek_user_far", trace(PTRACE_PEEKUSER, pid, USER_AREA, (long)&value), -EIO);
	ROW("peek_user_last", trace(PTRACE_PEEKUSER, pid, USER_AREA - 8, (long)&value), 0);
	ROW("poke_user", trace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.r12), 4711), 0);
	ROW("poke_user_odd", trace(PTRACE_POKEUSER, pid, 3, 0), -EIO);
	ROW("poke_user_far", trace(PTRACE_POKEUSER, pid, USER_AREA, 0), -EIO);
	ROW("poke_cs", trace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.cs), 0), -EIO);
	ROW("poke_ds_rpl", trace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.ds), 0x28), -EIO);
	ROW("poke_fs_base",
	    trace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.fs_base), (long)KERNEL_POINTER),
	    -EIO);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("poked_user", regs.r12, 4711);
	regs.r13 = 99;
	ROW("set", trace(PTRACE_SETREGS, pid, 0, (long)&regs), 0);
	ROW("regset", trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (long)&iov), 0);
	ROW("regset_len", iov.iov_len, sizeof(regs));
	ROW("regset_r13", regs.r13, 99);
	iov = (struct iovec){ &again, 24 };
	memset(&again, 0x5a, sizeof(again));
	ROW("regset_part", trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (long)&iov), 0);
	ROW("regset_part_len", iov.iov_len, 24);
	ROW("regset_part_r15", again.r15, regs.r15);
	ROW("regset_part_rest", again.r12, 0x5a5a5a5a5a5a5a5a);
	iov = (struct iovec){ &again, 9999 * 8 };
	ROW("regset_long", trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (long)&iov), 0);
	ROW("regset_long_len", iov.iov_len, sizeof(regs));
	iov = (struct iovec){ &again, 7 };
	ROW("regset_odd", trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (long)&iov), -EINVAL);
	iov = (struct iovec){ &again, 8 };
	ROW("regset_unknown", trace(PTRACE_GETREGSET, pid, 0x7777, (long)&iov), -EINVAL);
	ROWS_EFAULT("regset", 16, trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (long)p));
	iov = (struct iovec){ &regs, sizeof(regs) };
	regs.r13 = 100;
	ROW("regset_set", trace(PTRACE_SETREGSET, pid, NT_PRSTATUS, (long)&iov), 0);
	trace(PTRACE_GETREGS, pid, 0, (long)&again);
	ROW("regset_set_r13", again.r13, 100);

	ROW("fp", trace(PTRACE_GETFPREGS, pid, 0, (long)&fp), 0);
	ROW("fp_mxcsr", fp.mxcsr & 0x1f80, 0x1f80);
	ROW("fp_cwd", fp.cwd, 0x37f);
	fp.xmm_space[60] = 0xabcd;
	ROW("fp_set", trace(PTRACE_SETFPREGS, pid, 0, (long)&fp), 0);
	fp.xmm_space[60] = 0;
	trace(PTRACE_GETFPREGS, pid, 0, (long)&fp);
	ROW("fp_xmm15", fp.xmm_space[60], 0xabcd);
	fp.mxcsr = 0xffffffff;
	ROW("fp_bad_mxcsr", trace(PTRACE_SETFPREGS, pid, 0, (long)&fp), -EINVAL);
	iov = (struct iovec){ xstate, sizeof(xstate) };
	ROW("xstate", trace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, (long)&iov), 0);
	ROW_TRUE("xstate_len", iov.iov_len >= 576);
	ROW_TRUE("xstate_features", (*(uint64_t *)(xstate + 464) & 3) == 3);
	ROW("xstate_xmm15", *(uint32_t *)(xstate + 160 + 240), 0xabcd);
	*(uint32_t *)(xstate + 160 + 240) = 0x1234;
	ROW("xstate_set", trace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, (long)&iov), 0);
	trace(PTRACE_GETFPREGS, pid, 0, (long)&fp);
	ROW("xstate_set_xmm15", fp.xmm_space[60], 0x1234);
	iov.iov_len = 512;
	ROW("xstate_short", trace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, (long)&iov), -EFAULT);
	ROW("cont", trace(PTRACE_CONT, pid, 0, 0), 0);
	ROW("end", end_of(pid), EXITED(0));
}

static void do_calls(void)
{
	sys(SYS_getuid);
	sys(SYS_close, 12345);
	_exit(3);
}

static void group_syscalls(void)
{
	pid_t pid = traced(do_calls);
	struct __ptrace_syscall_info info;
	struct user_regs_struct regs;
	siginfo_t si;
	long message = -1;

	ROW("options", trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD), 0);
	ROW("info_none", trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info), 24);
	ROW("info_none_op", info.op, PTRACE_SYSCALL_INFO_NONE);
	do {
		ROW("go", trace(PTRACE_SYSCALL, pid, 0, 0), 0);
		ROW("entry", stop_of(pid), SYSGOOD);
		trace(PTRACE_GETREGS, pid, 0, (long)&regs);
		if (regs.orig_rax == SYS_getuid)
			break;
		trace(PTRACE_SYSCALL, pid, 0, 0);
		stop_of(pid);
	} while (1);
	ROW("entry_rax", regs.rax, -ENOSYS);
	ROW("message", trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message), 0);
	ROW("message_entry", message, 1);
	ROW("siginfo", trace(PTRACE_GETSIGINFO, pid, 0, (long)&si), 0);
	ROW("siginfo_code", si.si_code, SYSGOOD);
	ROW("siginfo_pid", si.si_pid, pid);
	ROW("info", trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info), 80);
	ROW("info_op", info.op, PTRACE_SYSCALL_INFO_ENTRY);
	ROW("info_nr", info.entry.nr, SYS_getuid);
	ROW("info_arch", info.arch, 0xc000003e);
	ROW("info_ip", info.instruction_pointer, regs.rip);
	regs.orig_rax = SYS_getpid;
	ROW("change_number", trace(PTRACE_SETREGS, pid, 0, (long)&regs), 0);
	trace(PTRACE_SYSCALL, pid, 0, 0);
	ROW("exit", stop_of(pid), SYSGOOD);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("changed_result", regs.rax, pid);
	trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message);
	ROW("message_exit", message, 2);
	ROW("info_exit", trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info), 33);
	ROW("info_exit_op", info.op, PTRACE_SYSCALL_INFO_EXIT);
	ROW("info_exit_value", info.exit.rval, pid);
	ROW("info_exit_error", info.exit.is_error, 0);
	trace(PTRACE_SYSCALL, pid, 0, 0);
	ROW("close_entry", stop_of(pid), SYSGOOD);
	ROW("info_short", trace(PTRACE_GET_SYSCALL_INFO, pid, 4, (long)&info), 80);
	trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info);
	ROW("close_arg", info.entry.args[0], 12345);
	trace(PTRACE_SYSCALL, pid, 0, 0);
	stop_of(pid);
	trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info);
	ROW("close_error", info.exit.is_error, 1);
	ROW("close_value", info.exit.rval, -EBADF);
	/* Number -1: the call is left out, and its result is what the tracer put there. */
	trace(PTRACE_SYSCALL, pid, 0, 0);
	stop_of(pid);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("exit_group", regs.orig_rax, SYS_exit_group);
	regs.orig_rax = -1;
	regs.rax = 42;
	trace(PTRACE_SETREGS, pid, 0, (long)&regs);
	trace(PTRACE_SYSCALL, pid, 0, 0);
	stop_of(pid);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("skipped_result", regs.rax, 42);
	regs.orig_rax = -1;
	regs.rip -= 2;
	regs.rax = SYS_exit;
	regs.rdi = 9;
	trace(PTRACE_SETREGS, pid, 0, (long)&regs);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("made_to_exit", end_of(pid), EXITED(9));
}

static void group_sysemu(void)
{
	pid_t pid = traced(do_calls);
	struct user_regs_struct regs;

	for (int i = 0; i < 20; i++) {
		ROW("go", trace(PTRACE_SYSEMU, pid, 0, 0), 0);
		ROW("stop", stop_of(pid), SIGTRAP);
		trace(PTRACE_GETREGS, pid, 0, (long)&regs);
		if (regs.orig_rax == SYS_getuid)
			break;
	}
	regs.rax = 1;
	trace(PTRACE_SETREGS, pid, 0, (long)&regs);
	trace(PTRACE_SYSEMU, pid, 0, 0);
	ROW("next", stop_of(pid), SIGTRAP);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("next_call", regs.orig_rax, SYS_close);
	kill_child(pid);
}

static void on_usr1(__attribute__((unused)) int sig)
{
	_exit(20);
}

static void do_signals(void)
{
	signal(SIGUSR1, on_usr1);
	for (;;)
		kill(getpid(), SIGUSR2);
}

static void group_signals(void)
{
	pid_t pid = traced(do_signals);
	struct __ptrace_peeksiginfo_args args = { .nr = 4 };
	uint64_t mask = 1;
	siginfo_t si, queue[4];

	ROW("go", trace(PTRACE_CONT, pid, 0, 0), 0);
	ROW("stop", stop_of(pid), SIGUSR2);
	ROW("siginfo", trace(PTRACE_GETSIGINFO, pid, 0, (long)&si), 0);
	ROW("siginfo_signo", si.si_signo, SIGUSR2);
	ROW("siginfo_pid", si.si_pid, pid);
	ROW("siginfo_code", si.si_code, SI_USER);
	ROWS_EFAULT("siginfo", 128, trace(PTRACE_GETSIGINFO, pid, 0, (long)p));
	ROW("suppress", trace(PTRACE_CONT, pid, 0, 0), 0);
	ROW("again", stop_of(pid), SIGUSR2);
	ROW("mask_size", trace(PTRACE_GETSIGMASK, pid, 4, (long)&mask), -EINVAL);
	ROW("mask", trace(PTRACE_GETSIGMASK, pid, 8, (long)&mask), 0);
	ROW("mask_value", mask, 0);
	ROWS_EFAULT("mask", 8, trace(PTRACE_GETSIGMASK, pid, 8, (long)p));
	mask = ~0ul;
	ROW("set_mask_size", trace(PTRACE_SETSIGMASK, pid, 9, (long)&mask), -EINVAL);
	mask = 1ul << (SIGWINCH - 1) | 1ul << (SIGKILL - 1);
	ROW("set_mask", trace(PTRACE_SETSIGMASK, pid, 8, (long)&mask), 0);
	trace(PTRACE_GETSIGMASK, pid, 8, (long)&mask);
	ROW("set_mask_value", mask, 1ul << (SIGWINCH - 1));
	kill(pid, SIGWINCH);
	args.flags = PTRACE_PEEKSIGINFO_SHARED;
	ROW("peek_shared", trace(PTRACE_PEEKSIGINFO, pid, (long)&args, (long)queue), 1);
	ROW("peek_signo", queue[0].si_signo, SIGWINCH);
	args.flags = 0;
	ROW("peek_own", trace(PTRACE_PEEKSIGINFO, pid, (long)&args, (long)queue), 0);
	args.flags = 8;
	ROW("peek_flags", trace(PTRACE_PEEKSIGINFO, pid, (long)&args, (long)queue), -EINVAL);
	args.flags = 0;
	args.nr = -1;
	ROW("peek_nr", trace(PTRACE_PEEKSIGINFO, pid, (long)&args, (long)queue), -EINVAL);
	ROW("inject", trace(PTRACE_CONT, pid, 0, SIGUSR1), 0);
	ROW("handled", end_of(pid), EXITED(20));

	pid = traced(do_signals);
	trace(PTRACE_CONT, pid, 0, 0);
	stop_of(pid);
	ROW("deliver", trace(PTRACE_CONT, pid, 0, SIGUSR2), 0);
	ROW("killed", end_of(pid), KILLED(SIGUSR2));

	/* Ignored signals are shown, too. */
	pid = traced(do_pause);
	trace(PTRACE_CONT, pid, 0, 0);
	kill(pid, SIGWINCH);
	ROW("ignored_shown", stop_of(pid), SIGWINCH);
	trace(PTRACE_CONT, pid, 0, SIGWINCH);
	kill(pid, SIGKILL);
	ROW("kill_not_shown", end_of(pid), KILLED(SIGKILL));
	pid = traced(do_pause);
	ROW("kill", trace(PTRACE_KILL, pid, 0, 0), 0);
	ROW("kill_end", end_of(pid), KILLED(SIGKILL));
}

static volatile int counter;

__attribute__((noinline)) static void count(void)
{
	counter++;
}

static void do_count(void)
{
	count();
	count();
	sys(SYS_getuid);
	_exit(counter);
}

static void group_step(void)
{
	pid_t pid = traced(do_count);
	struct user_regs_struct regs;
	siginfo_t si;
	unsigned long last = 0;
	int steps = 0, entered = 0, moved = 0;

	for (; steps < 20000; steps++) {
		if (trace(PTRACE_SINGLESTEP, pid, 0, 0) || stop_of(pid) != SIGTRAP)
			break;
		trace(PTRACE_GETREGS, pid, 0, (long)&regs);
		moved += regs.rip != last;
		last = regs.rip;
		if (regs.rip == (unsigned long)count && ++entered == 2)
			break;
	}
	ROW("entered_twice", entered, 2);
	ROW_TRUE("moved", moved > 5);
	ROW("flags", regs.eflags & 0x100, 0);
	trace(PTRACE_GETSIGINFO, pid, 0, (long)&si);
	ROW("signo", si.si_signo, SIGTRAP);
	ROW("code", si.si_code, TRAP_TRACE);
	ROW("go", trace(PTRACE_CONT, pid, 0, 0), 0);
	ROW("end", end_of(pid), EXITED(2));
}

/* A breakpoint instruction, as a debugger sets one. */
static void group_breakpoint(void)
{
	pid_t pid = traced(do_count);
	struct user_regs_struct regs;
	siginfo_t si;
	long text = 0;

	trace(PTRACE_PEEKTEXT, pid, (long)count, (long)&text);
	trace(PTRACE_POKETEXT, pid, (long)count, (text & ~0xffl) | 0xcc);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("hit", stop_of(pid), SIGTRAP);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("rip", regs.rip, (unsigned long)count + 1);
	trace(PTRACE_GETSIGINFO, pid, 0, (long)&si);
	ROW("code", si.si_code, SI_KERNEL);
	trace(PTRACE_POKETEXT, pid, (long)count, text);
	regs.rip--;
	trace(PTRACE_SETREGS, pid, 0, (long)&regs);
	ROW("step", trace(PTRACE_SINGLESTEP, pid, 0, 0), 0);
	ROW("stepped", stop_of(pid), SIGTRAP);
	trace(PTRACE_POKETEXT, pid, (long)count, (text & ~0xffl) | 0xcc);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("hit_again", stop_of(pid), SIGTRAP);
	trace(PTRACE_POKETEXT, pid, (long)count, text);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	regs.rip--;
	trace(PTRACE_SETREGS, pid, 0, (long)&regs);
	trace(PTRACE_DETACH, pid, 0, 0);
	ROW("end", wait_status(pid), EXITED(2));
}

static long debug_register(pid_t pid, int n)
{
	long value = -1;

	trace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg) + n * 8, (long)&value);
	return value;
}

static long set_debug(pid_t pid, int n, unsigned long value)
{
	return trace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg) + n * 8, value);
}

static void do_watched(void)
{
	watched[1] = 1;
	sys(SYS_getuid);
	watched[0] = watched[2];
	watched[4] = 1;
	count();
	_exit(7);
}

static void group_watch(void)
{
	pid_t pid = traced(do_watched);
	struct user_regs_struct regs;
	siginfo_t si;

	ROW("control", debug_register(pid, 7), 0);
	ROW("kernel_address", set_debug(pid, 0, (unsigned long)KERNEL_POINTER), -EINVAL);
	ROW("address", set_debug(pid, 0, (unsigned long)&watched[4]), 0);
	ROW("register_4", set_debug(pid, 4, 0), -EIO);
	ROW("io", set_debug(pid, 7, 1 | 2ul << 16), -EINVAL);
	ROW("unaligned_length", set_debug(pid, 7, 1 | 1ul << 16 | 2ul << 18), -EINVAL);
	ROW("enable", set_debug(pid, 7, 1 | 1ul << 16), 0);
	ROW("enabled", debug_register(pid, 7), 1 | 1ul << 16);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("hit", stop_of(pid), SIGTRAP);
	ROW("status", debug_register(pid, 6) & 0xf, 1);
	trace(PTRACE_GETSIGINFO, pid, 0, (long)&si);
	ROW("code", si.si_code, 4);
	set_debug(pid, 7, 0);
	ROW("break_address", set_debug(pid, 1, (unsigned long)count), 0);
	ROW("break_enable", set_debug(pid, 7, 4), 0);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("break_hit", stop_of(pid), SIGTRAP);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("break_rip", regs.rip, (unsigned long)count);
	ROW("break_status", debug_register(pid, 6) & 0xf, 2);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("end", end_of(pid), EXITED(7));
}

static void do_forks(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(1);
	waitpid(pid, NULL, 0);
	pid = vfork();
	if (!pid)
		_exit(2);
	waitpid(pid, NULL, 0);
	_exit(5);
}

static void group_forks(void)
{
	pid_t pid = traced(do_forks);
	unsigned long child = 0, done = 0;
	long first, second;

	ROW("options",
	    trace(PTRACE_SETOPTIONS, pid, 0,
		  PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE |
			  PTRACE_O_TRACEEXIT),
	    0);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("fork", stop_of(pid), EVENT(PTRACE_EVENT_FORK));
	ROW("fork_message", trace(PTRACE_GETEVENTMSG, pid, 0, (long)&child), 0);
	ROW("fork_child_stop", stop_of(child), SIGSTOP);
	trace(PTRACE_CONT, child, 0, 0);
	ROW("fork_child_exit_event", stop_of(child), EVENT(PTRACE_EVENT_EXIT));
	trace(PTRACE_GETEVENTMSG, child, 0, (long)&done);
	ROW("fork_child_exit_message", done, EXITED(1));
	trace(PTRACE_CONT, child, 0, 0);
	ROW("fork_child_end", end_of(child), EXITED(1));
	trace(PTRACE_CONT, pid, 0, 0);
	/* The tracer saw the child's end before the parent; then SIGCHLD comes. */
	ROW("sigchld", stop_of(pid), SIGCHLD);
	trace(PTRACE_CONT, pid, 0, SIGCHLD);
	ROW("vfork", stop_of(pid), EVENT(PTRACE_EVENT_VFORK));
	trace(PTRACE_GETEVENTMSG, pid, 0, (long)&child);
	ROW("vfork_child_stop", stop_of(child), SIGSTOP);
	trace(PTRACE_CONT, pid, 0, 0);
	trace(PTRACE_CONT, child, 0, 0);
	ROW("vfork_child_exit_event", stop_of(child), EVENT(PTRACE_EVENT_EXIT));
	trace(PTRACE_CONT, child, 0, 0);
	ROW("vfork_child_end", end_of(child), EXITED(2));
	first = stop_of(pid);
	if (first == SIGCHLD)
		trace(PTRACE_CONT, pid, 0, 0);
	ROW("vfork_done", first == SIGCHLD ? stop_of(pid) : first, EVENT(PTRACE_EVENT_VFORK_DONE));
	trace(PTRACE_GETEVENTMSG, pid, 0, (long)&done);
	ROW("vfork_done_message", done, child);
	trace(PTRACE_CONT, pid, 0, 0);
	second = stop_of(pid);
	if (second == SIGCHLD) {
		trace(PTRACE_CONT, pid, 0, 0);
		second = stop_of(pid);
	}
	ROW("exit_event", second, EVENT(PTRACE_EVENT_EXIT));
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("end", end_of(pid), EXITED(5));
}

static int thread_main(__attribute__((unused)) void *arg)
{
	sys(SYS_getuid);
	sys(SYS_exit, 6);
	return 0;
}

static char stack[65536] __attribute__((aligned(16)));

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static volatile int *shared;

static void do_thread(void)
{
	clone(thread_main, stack + sizeof(stack), THREAD_FLAGS, NULL);
	while (!shared[0])
		usleep(1000);
	_exit(5);
}

static void group_threads(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = traced(do_thread);
	unsigned long tid = 0;
	siginfo_t si;

	trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("clone", stop_of(pid), EVENT(PTRACE_EVENT_CLONE));
	trace(PTRACE_GETEVENTMSG, pid, 0, (long)&tid);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("thread_stop", stop_of(tid), SIGSTOP);
	ROW("thread_syscall", trace(PTRACE_SYSCALL, tid, 0, 0), 0);
	ROW("thread_entry", stop_of(tid), SYSGOOD);
	ROW("thread_cont", trace(PTRACE_CONT, tid, 0, 0), 0);
	ROW("thread_end_info", waitid(P_PID, tid, &si, WEXITED | WNOWAIT | __WALL), 0);
	ROW("thread_end_code", si.si_code, CLD_EXITED);
	ROW("thread_end_status", si.si_status, 6);
	ROW("thread_end", end_of(tid), EXITED(6));
	ROW("thread_gone", sys(SYS_wait4, tid, 0, __WALL, 0), -ECHILD);
	shared[0] = 1;
	ROW("end", end_of(pid), EXITED(5));
}

static void do_exec(void)
{
	char *argv[] = { "exec_helper", NULL };

	execv("/tests/user/exec_helper", argv);
	_exit(99);
}

static void group_exec(void)
{
	pid_t pid = traced(do_exec);
	long message = 0;

	trace(PTRACE_CONT, pid, 0, 0);
	ROW("sigtrap", stop_of(pid), SIGTRAP);
	kill_child(pid);
	pid = traced(do_exec);
	trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("event", stop_of(pid), EVENT(PTRACE_EVENT_EXEC));
	trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message);
	ROW("message", message, pid);
	kill_child(pid);
}

static int exec_thread(__attribute__((unused)) void *arg)
{
	do_exec();
	return 0;
}

static void do_exec_in_thread(void)
{
	clone(exec_thread, stack + sizeof(stack), THREAD_FLAGS, NULL);
	do_pause();
}

static void group_exec_thread(void)
{
	pid_t pid = traced(do_exec_in_thread);
	unsigned long tid = 0, message = 0;

	trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("clone", stop_of(pid), EVENT(PTRACE_EVENT_CLONE));
	trace(PTRACE_GETEVENTMSG, pid, 0, (long)&tid);
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("thread_stop", stop_of(tid), SIGSTOP);
	trace(PTRACE_CONT, tid, 0, 0);
	/* The thread has the leader's number now. */
	ROW("exec", stop_of(pid), EVENT(PTRACE_EVENT_EXEC));
	trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message);
	ROW("message", message, tid);
	ROW("thread_gone", sys(SYS_wait4, tid, 0, __WALL | WNOHANG, 0), -ECHILD);
	kill_child(pid);
}

static void group_attach(void)
{
	pid_t pid = untraced(do_pause);
	char path[64], text[4096];
	siginfo_t si;

	until_state(pid, 'S');
	ROW("attach", trace(PTRACE_ATTACH, pid, 0, 0), 0);
	ROW("stop", stop_of(pid), SIGSTOP);
	ROW("state", process_state(pid), 't');
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	slurp(path, text, sizeof(text));
	ROW_TRUE("tracer_pid", strstr(text, named("TracerPid:\t%d\n", getpid())));
	ROW("detach", trace(PTRACE_DETACH, pid, 0, 0), 0);
	ROW_TRUE("runs_on", until_state(pid, 'S'));
	slurp(path, text, sizeof(text));
	ROW_TRUE("tracer_gone", strstr(text, "TracerPid:\t0\n"));
	ROW("attach_again", trace(PTRACE_ATTACH, pid, 0, 0), 0);
	stop_of(pid);
	ROW("detach_stop", trace(PTRACE_DETACH, pid, 0, SIGSTOP), 0);
	ROW_TRUE("stopped", until_state(pid, 'T'));
	/* Attaching to a stopped process: it is trapped when the call returns. */
	waitpid(pid, NULL, WUNTRACED);
	ROW("attach_stopped", trace(PTRACE_ATTACH, pid, 0, 0), 0);
	ROW("attach_stopped_stop", stop_of(pid), SIGSTOP);
	ROW("no_siginfo", trace(PTRACE_GETSIGINFO, pid, 0, (long)&si), -EINVAL);
	ROW("detach_cont", trace(PTRACE_DETACH, pid, 0, 0), 0);
	kill_child(pid);
}

static void group_seize(void)
{
	pid_t pid = untraced(do_pause);
	siginfo_t si;

	until_state(pid, 'S');
	ROW("seize", trace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD), 0);
	ROW("not_stopped", sys(SYS_wait4, pid, 0, WNOHANG | __WALL, 0), 0);
	ROW("interrupt", trace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	ROW("interrupted", stop_of(pid), EVENT(PTRACE_EVENT_STOP));
	trace(PTRACE_GETSIGINFO, pid, 0, (long)&si);
	ROW("siginfo_code", si.si_code, EVENT(PTRACE_EVENT_STOP));
	ROW("cont", trace(PTRACE_CONT, pid, 0, 0), 0);
	kill(pid, SIGSTOP);
	ROW("signal", stop_of(pid), SIGSTOP);
	ROW("listen_in_signal", trace(PTRACE_LISTEN, pid, 0, 0), -EIO);
	trace(PTRACE_CONT, pid, 0, SIGSTOP);
	ROW("group_stop", stop_of(pid), SIGSTOP | PTRACE_EVENT_STOP << 8);
	ROW("listen", trace(PTRACE_LISTEN, pid, 0, 0), 0);
	ROW("listening_busy", trace(PTRACE_CONT, pid, 0, 0), -ESRCH);
	kill(pid, SIGCONT);
	ROW("continued", stop_of(pid), EVENT(PTRACE_EVENT_STOP));
	trace(PTRACE_CONT, pid, 0, 0);
	ROW("sigcont", stop_of(pid), SIGCONT);
	trace(PTRACE_CONT, pid, 0, SIGCONT);
	ROW("interrupt_again", trace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	ROW("interrupted_again", stop_of(pid), EVENT(PTRACE_EVENT_STOP));
	trace(PTRACE_DETACH, pid, 0, 0);
	ROW_TRUE("runs_on", until_state(pid, 'S'));
	kill_child(pid);
}

static void do_one_pause(void)
{
	sys(SYS_pause);
	_exit(7);
}

/* The stop at a call's end takes what interrupted the call: the call is begun again all the same. */
static void group_detach_in_call(void)
{
	pid_t pid = untraced(do_one_pause);
	struct user_regs_struct regs;

	until_state(pid, 'S');
	trace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD);
	trace(PTRACE_INTERRUPT, pid, 0, 0);
	ROW("interrupted", stop_of(pid), EVENT(PTRACE_EVENT_STOP));
	trace(PTRACE_SYSCALL, pid, 0, 0);
	ROW("begun_again", stop_of(pid), SIGTRAP | 0x80);
	trace(PTRACE_SYSCALL, pid, 0, 0);
	until_state(pid, 'S');
	trace(PTRACE_INTERRUPT, pid, 0, 0);
	ROW("end_of_call", stop_of(pid), SIGTRAP | 0x80);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("result", (long)regs.rax, -514); /* ERESTARTNOHAND, which only a tracer sees */
	trace(PTRACE_DETACH, pid, 0, 0);
	ROW_TRUE("sleeps_on", until_state(pid, 'S'));
	kill_child(pid);
}

static void group_group_stop(void)
{
	pid_t pid = traced(do_pause);
	siginfo_t si;

	trace(PTRACE_CONT, pid, 0, 0);
	kill(pid, SIGTSTP);
	ROW("signal", stop_of(pid), SIGTSTP);
	setpgid(0, 0);
	trace(PTRACE_CONT, pid, 0, SIGSTOP);
	ROW("stop", stop_of(pid), SIGSTOP);
	ROW("no_siginfo", trace(PTRACE_GETSIGINFO, pid, 0, (long)&si), -EINVAL);
	ROW("cont", trace(PTRACE_CONT, pid, 0, 0), 0);
	kill(pid, SIGCONT);
	ROW("sigcont", stop_of(pid), SIGCONT);
	kill_child(pid);
}

static void group_tracer_end(void)
{
	pid_t pid, tracer;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = untraced(do_pause);
	tracer = MUST(fork());
	if (!tracer) {
		trace(PTRACE_ATTACH, pid, 0, 0);
		waitpid(pid, NULL, __WALL);
		_exit(0);
	}
	waitpid(tracer, NULL, 0);
	ROW_TRUE("let_go", until_state(pid, 'S'));
	tracer = MUST(fork());
	if (!tracer) {
		trace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL);
		_exit(0);
	}
	waitpid(tracer, NULL, 0);
	ROW("exitkill", wait_status(pid), KILLED(SIGKILL));

	/* Another's tracee ends: the tracer sees it first, then the parent. */
	pid = untraced(do_pause);
	tracer = MUST(fork());
	if (!tracer) {
		trace(PTRACE_SEIZE, pid, 0, 0);
		shared[0] = 1;
		while (!shared[1])
			usleep(1000);
		_exit(end_of(pid) == KILLED(SIGTERM) ? 0 : 1);
	}
	while (!shared[0])
		usleep(1000);
	ROW("not_ended", sys(SYS_wait4, pid, 0, WNOHANG, 0), 0);
	kill(pid, SIGKILL);
	until_state(pid, 'Z');
	ROW("held_back", sys(SYS_wait4, pid, 0, WNOHANG, 0), 0);
	shared[1] = 1;
	ROW("tracer_saw", wait_status(tracer), EXITED(1));
	ROW("parent_saw", wait_status(pid), KILLED(SIGKILL));
}

static void *seize_other(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	return (void *)trace(PTRACE_INTERRUPT, pid, 0, 0);
}

static void group_wait(void)
{
	pid_t pid = traced(do_pause);
	pthread_t thread;
	siginfo_t si;
	void *got;

	trace(PTRACE_CONT, pid, 0, 0);
	kill(pid, SIGUSR1);
	ROW("waitid", waitid(P_PID, pid, &si, WSTOPPED | WNOWAIT), 0);
	ROW("waitid_code", si.si_code, CLD_TRAPPED);
	ROW("waitid_status", si.si_status, SIGUSR1);
	ROW("wait4_plain", sys(SYS_wait4, pid, 0, 0, 0), pid);
	ROW("wait4_once", sys(SYS_wait4, pid, 0, WNOHANG, 0), 0);
	pthread_create(&thread, NULL, seize_other, &pid);
	pthread_join(thread, &got);
	ROW("other_thread", (long)got, -ESRCH);
	kill_child(pid);
}

static void group_handler_step(void)
{
	pid_t pid = traced(do_signals);
	struct user_regs_struct regs;

	trace(PTRACE_CONT, pid, 0, 0);
	ROW("signal", stop_of(pid), SIGUSR2);
	ROW("step", trace(PTRACE_SINGLESTEP, pid, 0, SIGUSR1), 0);
	ROW("in_handler", stop_of(pid), SIGTRAP);
	trace(PTRACE_GETREGS, pid, 0, (long)&regs);
	ROW("rip", regs.rip, (unsigned long)on_usr1);
	kill_child(pid);
}

static void group_process_vm(void)
{
	char *dark =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	dark[0] = dark[PAGE] = 1;
	mprotect(dark, PAGE, PROT_WRITE);
	mprotect(dark + PAGE, PAGE, PROT_EXEC);
	pid_t pid = untraced(do_pause);
	char here[64] = { 0 };
	struct iovec local[2] = { { here, 4 }, { here + 8, 8 } };
	struct iovec remote[2] = { { (void *)&word, 8 }, { (void *)&watched, 8 } };
	struct iovec huge[1] = { { here, -1 } };
	struct iovec nowhere = { (void *)8, 8 };

	ROW("read", sys(SYS_process_vm_readv, pid, local, 2, remote, 2, 0), 12);
	ROW_TRUE("read_data",
		 !memcmp(here, (void *)&word, 4) && !memcmp(here + 8, (char *)&word + 4, 4));
	ROW("flags", sys(SYS_process_vm_readv, pid, local, 2, remote, 2, 1), -EINVAL);
	ROW("no_process", sys(SYS_process_vm_readv, 999999, local, 2, remote, 2, 0), -ESRCH);
	ROW("no_local", sys(SYS_process_vm_readv, 999999, local, 0, remote, 2, 0), 0);
	ROW("no_remote", sys(SYS_process_vm_readv, pid, local, 2, remote, 0, 0), 0);
	ROW("local_count", sys(SYS_process_vm_readv, pid, local, 1025, remote, 1, 0), -EINVAL);
	ROW("remote_count", sys(SYS_process_vm_readv, pid, local, 1, remote, 1025, 0), -EINVAL);
	ROW("local_length", sys(SYS_process_vm_readv, pid, huge, 1, remote, 1, 0), -EINVAL);
	ROW("remote_length", sys(SYS_process_vm_readv, pid, local, 1, huge, 1, 0), -EINVAL);
	ROW("nowhere", sys(SYS_process_vm_readv, pid, local, 1, &nowhere, 1, 0), -EFAULT);
	ROWS_EFAULT("local", 16, sys(SYS_process_vm_readv, pid, p, 1, remote, 1, 0));
	ROWS_EFAULT("remote", 16, sys(SYS_process_vm_readv, pid, local, 1, p, 1, 0));
	here[0] = 'W';
	local[0].iov_len = 1;
	ROW("write", sys(SYS_process_vm_writev, pid, local, 1, remote, 1, 0), 1);
	here[0] = 0;
	sys(SYS_process_vm_readv, pid, local, 1, remote, 1, 0);
	ROW("written", here[0], 'W');
	remote[0].iov_base = dark;
	ROW("write_only", sys(SYS_process_vm_writev, pid, local, 1, remote, 1, 0), 1);
	ROW("read_write_only", sys(SYS_process_vm_readv, pid, local, 1, remote, 1, 0), -EFAULT);
	remote[0].iov_base = dark + PAGE;
	ROW("read_exec_only", sys(SYS_process_vm_readv, pid, local, 1, remote, 1, 0), -EFAULT);
	munmap(dark, 2 * PAGE);
	remote[0].iov_base = (void *)do_spin;
	ROW("write_text", sys(SYS_process_vm_writev, pid, local, 1, remote, 1, 0), -EFAULT);
	kill_child(pid);
}

static void group_kcmp(void)
{
	pid_t pid = untraced(do_pause);
	int fd = open("/dev/null", O_RDONLY), twin = dup(fd), other = open("/dev/null", O_RDONLY);
	long order, back;

	ROW("file_same", sys(SYS_kcmp, getpid(), getpid(), KCMP_FILE_TYPE, fd, twin), 0);
	order = sys(SYS_kcmp, getpid(), getpid(), KCMP_FILE_TYPE, fd, other);
	back = sys(SYS_kcmp, getpid(), getpid(), KCMP_FILE_TYPE, other, fd);
	ROW_TRUE("file_order", (order == 1 && back == 2) || (order == 2 && back == 1));
	ROW("file_closed", sys(SYS_kcmp, getpid(), getpid(), KCMP_FILE_TYPE, fd, 777), -EBADF);
	ROW("file_inherited", sys(SYS_kcmp, getpid(), pid, KCMP_FILE_TYPE, ROW_FD, ROW_FD), 0);
	ROW("vm_same", sys(SYS_kcmp, getpid(), getpid(), KCMP_VM_TYPE, 0, 0), 0);
	ROW_TRUE("vm_other", sys(SYS_kcmp, getpid(), pid, KCMP_VM_TYPE, 0, 0) > 0);
	ROW("type", sys(SYS_kcmp, getpid(), getpid(), 99, 0, 0), -EINVAL);
	ROW("no_process", sys(SYS_kcmp, getpid(), 999999, KCMP_VM_TYPE, 0, 0), -ESRCH);
	for (int type = 2; type < 7; type++)
		ROW(named("self_%d", type), sys(SYS_kcmp, getpid(), getpid(), type, 0, 0), 0);
	kill_child(pid);
}

static long compare_watched(int fd, uint32_t epoll, uint32_t number, uint32_t skip)
{
	uint32_t slot[] = { epoll, number, skip };

	return sys(SYS_kcmp, getpid(), getpid(), KCMP_EPOLL_TFD, fd, slot);
}

/* Whether a file is what an epoll instance watches under a number. */
static void group_kcmp_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ends[2], other[2], ep = MUST(epoll_create1(0)), mine = getpid();

	MUST(pipe(ends));
	MUST(pipe(other));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &event));
	ROW("same", compare_watched(ends[0], ep, ends[0], 0), 0);
	ROW_TRUE("other", compare_watched(other[0], ep, ends[0], 0) > 0);
	ROW("second", compare_watched(ends[0], ep, ends[0], 1), -ENOENT);
	ROW("not_watched", compare_watched(ends[0], ep, other[0], 0), -ENOENT);
	ROW("no_instance", compare_watched(ends[0], ends[0], ends[0], 0), -EINVAL);
	ROW("instance_closed", compare_watched(ends[0], 777, ends[0], 0), -EBADF);
	ROW("closed", compare_watched(777, ep, ends[0], 0), -EBADF);
	ROWS_EFAULT("slot", 12, sys(SYS_kcmp, mine, mine, KCMP_EPOLL_TFD, ends[0], p));
	/* The number now is another file's: both are watched. */
	int kept = MUST(dup(ends[0]));
	MUST(dup2(other[0], ends[0]));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &event));
	ROW_TRUE("two", (compare_watched(kept, ep, ends[0], 0) == 0) !=
				(compare_watched(kept, ep, ends[0], 1) == 0));
	ROW("third", compare_watched(kept, ep, ends[0], 2), -ENOENT);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "ptrace");
	GROUP(group_errors);
	GROUP(group_rights);
	GROUP(group_memory);
	GROUP(group_proc_mem);
	GROUP(group_registers);
	GROUP(group_syscalls);
	GROUP(group_sysemu);
	GROUP(group_signals);
	GROUP(group_step);
	GROUP(group_breakpoint);
	GROUP(group_watch);
	GROUP(group_forks);
	GROUP(group_threads);
	GROUP(group_exec);
	GROUP(group_exec_thread);
	GROUP(group_attach);
	GROUP(group_seize);
	GROUP(group_detach_in_call);
	GROUP(group_group_stop);
	GROUP(group_tracer_end);
	GROUP(group_wait);
	GROUP(group_handler_step);
	GROUP(group_process_vm);
	GROUP(group_kcmp);
	GROUP(group_kcmp_epoll);
	return finish();
}
