/* Signal numbers, siginfo, sigaction and sigaltstack of the Linux x86_64 ABI (signal(7)). */
#ifndef UAPI_SIGNAL_H
#define UAPI_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGSTKFLT 16
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPWR 30
#define SIGSYS 31
#define SIGRTMIN 32
#define SIGRTMAX 64

#define SA_NOCLDSTOP 0x00000001u
#define SA_NOCLDWAIT 0x00000002u
#define SA_SIGINFO 0x00000004u
#define SA_UNSUPPORTED 0x00000400u
#define SA_EXPOSE_TAGBITS 0x00000800u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ 2048

#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_MESGQ (-3)
#define SI_ASYNCIO (-4)
#define SI_SIGIO (-5)
#define SI_TKILL (-6)
#define SI_DETHREAD (-7)
#define SI_ASYNCNL (-60)
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6
#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define SYS_USER_DISPATCH 2
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

typedef union sigval {
	int sival_int;
	void *sival_ptr;
} sigval_t;

typedef struct siginfo {
	int si_signo, si_errno, si_code, si_pad;
	union {
		int pad[28];
		struct {
			int pid;
			uint32_t uid;
			sigval_t value;
		} rt; /* kill, sigqueue */
		struct {
			int tid, overrun;
			sigval_t value;
			int sys_private;
		} timer;
		struct {
			int pid;
			uint32_t uid;
			int status, pad2;
			int64_t utime, stime;
		} child;
		struct {
			void *addr;
			short addr_lsb;
			void *lower, *upper;
		} fault;
		struct {
			int64_t band;
			int fd;
		} poll;
		struct {
			void *addr;
			int number;
			uint32_t arch;
		} call; /* SIGSYS */
	};
} siginfo_t;
_Static_assert(sizeof(siginfo_t) == 128, "siginfo");
_Static_assert(offsetof(siginfo_t, rt.value) == 24, "siginfo.value");
_Static_assert(offsetof(siginfo_t, child.utime) == 32, "siginfo.utime");

struct linux_sigaction {  /* rt_sigaction(2) */
	uint64_t handler; /* address, or 0 for SIG_DFL, 1 for SIG_IGN */
	uint64_t flags;
	uint64_t restorer; /* address of what calls rt_sigreturn */
	uint64_t mask;
};
typedef struct linux_sigaltstack {
	void *ss_sp;
	int32_t ss_flags, pad;
	size_t ss_size;
} stack_t;
_Static_assert(sizeof(stack_t) == 24, "stack_t");

#endif
