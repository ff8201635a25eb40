/*
 * What a signal handler finds on its stack: the rt_sigframe of the Linux x86_64 ABI, and the layout
 * of the extended state that its fpstate pointer names (Intel SDM 1 13.4; the FXSAVE image is in
 * 10.5.1).
 *
 *	fpstate (64-byte aligned): fx 512 | xstate header 64 | components | u32 FP_XSTATE_MAGIC2
 *	fx.software says whether and how much follows the first 512 bytes.
 */
#ifndef UAPI_SIGCONTEXT_H
#define UAPI_SIGCONTEXT_H

#include <uapi/signal.h>

#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u
#define FP_XSTATE_MAGIC2_SIZE 4u

struct fpstate_software {
	uint32_t magic1;	/* FP_XSTATE_MAGIC1 when an xstate follows */
	uint32_t extended_size; /* whole area with the trailing magic */
	uint64_t xfeatures;
	uint32_t xstate_size; /* without it */
	uint32_t padding[7];
};
_Static_assert(sizeof(struct fpstate_software) == 48, "fpstate_software");

struct fpstate_fx {
	uint16_t cwd, swd, twd, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint32_t st[32];
	uint32_t xmm[64];
	uint32_t reserved[12];
	struct fpstate_software software;
};
_Static_assert(sizeof(struct fpstate_fx) == 512, "fpstate");
_Static_assert(offsetof(struct fpstate_fx, mxcsr) == 24, "fpstate.mxcsr");
_Static_assert(offsetof(struct fpstate_fx, software) == 464, "fpstate.software");

struct xstate_header {
	uint64_t xstate_bv, xcomp_bv, reserved[6];
};
_Static_assert(sizeof(struct xstate_header) == 64, "xstate header");

struct sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t fpstate; /* user pointer; 0: none */
	uint64_t reserved[8];
};
_Static_assert(sizeof(struct sigcontext) == 256, "sigcontext");
_Static_assert(offsetof(struct sigcontext, rip) == 128, "sigcontext.rip");
_Static_assert(offsetof(struct sigcontext, cs) == 144, "sigcontext.cs");
_Static_assert(offsetof(struct sigcontext, fpstate) == 184, "sigcontext.fpstate");

/* ucontext.uc_flags */
#define UC_FP_XSTATE 0x1u	  /* fpstate is extended */
#define UC_SIGCONTEXT_SS 0x2u	  /* sigcontext.ss is there */
#define UC_STRICT_RESTORE_SS 0x4u /* and is restored as it is */

struct ucontext {
	uint64_t uc_flags, uc_link;
	stack_t uc_stack;
	struct sigcontext uc_mcontext;
	uint64_t uc_sigmask;
};
_Static_assert(offsetof(struct ucontext, uc_mcontext) == 40, "ucontext.uc_mcontext");
_Static_assert(sizeof(struct ucontext) == 304, "ucontext");

struct rt_sigframe {
	uint64_t pretcode; /* return address of the handler: the restorer */
	struct ucontext uc;
	siginfo_t info;
};
_Static_assert(offsetof(struct rt_sigframe, uc) == 8, "rt_sigframe.uc");
_Static_assert(offsetof(struct rt_sigframe, info) == 312, "rt_sigframe.info");
_Static_assert(sizeof(struct rt_sigframe) == 440, "rt_sigframe");

#endif
