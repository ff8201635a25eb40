/*
 * The register frame that every entry from user mode builds at the very top of the thread's kernel
 * stack (and entries from kernel mode wherever the stack is), and the architecture's fields of
 * thread_t. Frozen: the assembly, signal frames and debuggers know the layout, which is Linux's
 * struct pt_regs.
 */
#ifndef ARCH_X86_THREAD_TYPES_H
#define ARCH_X86_THREAD_TYPES_H

#include <kernel/types.h>

typedef struct trap_frame {
	u64 r15, r14, r13, r12, rbp,
		rbx; /* kept by C calls: the fast return does not reload them */
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax; /* system call number; -1 on every other entry and once no restart may happen */
	u64 rip, cs, rflags, rsp, ss; /* pushed by the CPU, or by the SYSCALL entry in its place */
} trap_frame_t;

_Static_assert(sizeof(struct trap_frame) == 168, "trap frame");
_Static_assert(offsetof(struct trap_frame, rbx) == 40, "trap frame: rbx");
_Static_assert(offsetof(struct trap_frame, rax) == 80, "trap frame: rax");
_Static_assert(offsetof(struct trap_frame, rdi) == 112, "trap frame: rdi");
_Static_assert(offsetof(struct trap_frame, orig_rax) == 120, "trap frame: orig_rax");
_Static_assert(offsetof(struct trap_frame, rip) == 128, "trap frame: rip");
_Static_assert(offsetof(struct trap_frame, ss) == 160, "trap frame: ss");

/* arch_thread_t.rare: what the switch has to do besides the usual, for this thread or after it. */
#define RARE_DEBUG 1u  /* breakpoints: program/breakpoints.c */
#define RARE_LDT 2u    /* its space has or had a local descriptor table: program/ldt.c */
#define RARE_PORTS 4u  /* may use I/O ports: program/ports.c */
#define RARE_NO_TSC 8u /* may not read the cycle counter */
#define RARE_INHERITED (RARE_LDT | RARE_PORTS | RARE_NO_TSC)

struct io_rights;
struct fpu_area; /* XSAVE or FXSAVE image, 64-byte aligned; see arch_x86/fpu.h */

/* All fields belong to the thread itself, or to the CPU that switches it. */
typedef struct arch_thread {
	u64 sp;			 /* saved stack pointer while off-CPU */
	u64 canary;		 /* guards its stack frames; see arch_x86/canary.h */
	u64 fs_base, gs_base;	 /* user bases as of the last switch away or arch_prctl */
	u16 ds, es, fs, gs;	 /* user data selectors: 0 but for programs that load them */
	u32 fpu_cpu;		 /* CPU whose registers last held this thread's extended state */
	struct fpu_area *fpu;	 /* NULL: runs in the kernel only */
	u32 trap_nr, error_code; /* last user-mode exception, for signal frames */
	u64 fault_address;	 /* CR2 of the last user-mode page fault */
	struct debug_state
		*debug; /* breakpoints of its tracer, or NULL: arch/x86_64/program/breakpoints.c */
	u64 debug_status;	 /* DR6 as of its last #DB */
	bool step_forced;	 /* its trap flag is set for the tracer */
	u8 iopl;		 /* iopl(2): 3 is every port */
	u32 rare;		 /* RARE_*; atomic */
	struct io_rights *ports; /* own reference: ioperm(2), or NULL */
} arch_thread_t;

#endif
