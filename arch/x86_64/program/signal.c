/*
 * Signal frames: what a handler finds on its stack and what rt_sigreturn(2) takes back. The layout
 * is in uapi/sigcontext.h; from high to low addresses:
 *
 *	interrupted stack | red zone 128 | extended state, 64-byte aligned | rt_sigframe | handler's frames
 *
 * On the alternate stack the same without a red zone. At the handler's first instruction RSP + 8 is
 * a multiple of 16, as after a call. What returns from user space is believed in nothing:
 * flags, MXCSR and the XSAVE header are checked, the instruction pointer on the way out
 * (trap_exit_work), selectors by the CPU when it loads them (entry.asm, entry_segment).
 */
#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/segments.h>
#include <kernel/lib/string.h>
#include <kernel/thread.h>
#include <uapi/errno.h>

#define RED_ZONE 128

/* The registers that a frame of either kind holds under the same name. */
#define FOR_EACH_REGISTER(X)                                                                       \
	X(r8)                                                                                      \
	X(r9)                                                                                      \
	X(r10)                                                                                     \
	X(r11)                                                                                     \
	X(r12) X(r13) X(r14) X(r15) X(rdi) X(rsi) X(rbp) X(rbx) X(rdx) X(rax) X(rcx) X(rsp) X(rip)

static bool has_xsave(void)
{
	return xstate_extended(&fpu_layout);
}

static bool in_altstack(const thread_t *t, unsigned long sp)
{
	return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

static bool on_altstack(const thread_t *t, unsigned long sp)
{
	/* With SS_AUTODISARM the stack is off while a handler runs on it. */
	return !(t->altstack_flags & SS_AUTODISARM) && in_altstack(t, sp);
}

/* Places both parts: the frame's address, or 0 when it would leave the alternate stack. */
static unsigned long place_frame(const thread_t *t, unsigned long sp, u64 flags,
				 unsigned long *fpstate)
{
	bool nested = on_altstack(t, sp), entering = false;

	sp -= RED_ZONE;
	if ((flags & SA_ONSTACK) && t->altstack_size && !on_altstack(t, sp)) {
		sp = t->altstack_sp + t->altstack_size;
		entering = true;
	}
	sp -= fpu_layout.size + (has_xsave() ? FP_XSTATE_MAGIC2_SIZE : 0);
	sp = ALIGN_DOWN(sp, 64UL);
	*fpstate = sp;
	sp = ALIGN_DOWN(sp - sizeof(struct rt_sigframe), 16UL) - 8;
	if ((nested || entering) && !in_altstack(t, sp))
		return 0;
	return sp;
}

/* What XSAVE leaves to software, and the header, of which it writes only the first word. */
struct frame_header {
	struct fpstate_software software;
	struct xstate_header header;
};
_Static_assert(offsetof(struct fpstate_fx, software) + sizeof(struct frame_header) ==
		       sizeof(fpu_area_t),
	       "software's bytes end where the header begins");

/* A handler may change the SSE registers in the frame without a look at the header. */
static int mark_present(u64 __user *xstate_bv)
{
	u64 present;

	if (get_user_u64(&present, xstate_bv))
		return -EFAULT;
	if ((present & XFEATURE_FP_SSE) == XFEATURE_FP_SSE)
		return 0;
	return put_user_u64(present | XFEATURE_FP_SSE, xstate_bv);
}

static int write_fpstate(u8 __user *to)
{
	u32 size = fpu_layout.size;
	struct frame_header h = { 0 };

	if (!has_xsave())
		return copy_to_user(to + offsetof(struct fpstate_fx, software), &h,
				    sizeof(h.software))
			       ? -EFAULT
			       : fpu_store_user(to);
	h.software = (struct fpstate_software){
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = size + FP_XSTATE_MAGIC2_SIZE,
		.xfeatures = fpu_layout.features,
		.xstate_size = size,
	};
	if (copy_to_user(to + offsetof(struct fpstate_fx, software), &h, sizeof(h)) ||
	    put_user_u32(FP_XSTATE_MAGIC2, (u32 __user *)(to + size)) || fpu_store_user(to))
		return -EFAULT;
	return mark_present((u64 __user *)(to + offsetof(fpu_area_t, header)));
}

int arch_signal_setup(trap_frame_t *frame, const struct ksignal_info *info,
		      const struct k_sigaction *act, u64 old_mask)
{
	thread_t *t = current();
	unsigned long fpstate, sp = place_frame(t, frame->rsp, act->flags, &fpstate);
	struct rt_sigframe __user *user = (struct rt_sigframe __user *)sp;
	struct rt_sigframe f; /* every byte of it but info is written below */
	struct sigcontext *sc = &f.uc.uc_mcontext;

	if (!(act->flags & SA_RESTORER) || !sp)
		return -EFAULT;
	f.pretcode = (u64)act->restorer;
	f.uc.uc_link = 0;
	/* Outside 64-bit mode the stack segment counts, and is restored as it is found then. */
	f.uc.uc_flags = UC_SIGCONTEXT_SS | (frame->cs == SEL_USER_CS ? UC_STRICT_RESTORE_SS : 0) |
			(has_xsave() ? UC_FP_XSTATE : 0);
	f.uc.uc_stack = (stack_t){ .ss_sp = (void *)t->altstack_sp,
				   .ss_flags = (s32)t->altstack_flags,
				   .ss_size = t->altstack_size };
	f.uc.uc_sigmask = old_mask;
#define SAVE(reg) sc->reg = frame->reg;
	FOR_EACH_REGISTER(SAVE)
	sc->eflags = frame->rflags;
	sc->cs = (u16)frame->cs;
	sc->gs = sc->fs = 0;
	sc->ss = (u16)frame->ss;
	sc->err = t->arch.error_code;
	sc->trapno = t->arch.trap_nr;
	sc->oldmask = old_mask;
	sc->cr2 = t->arch.fault_address;
	sc->fpstate = fpstate;
	for (u32 i = 0; i < ARRAY_SIZE(sc->reserved); i++)
		sc->reserved[i] = 0;
	if (write_fpstate((u8 __user *)fpstate) ||
	    copy_to_user(user, &f, offsetof(struct rt_sigframe, info)) ||
	    copy_to_user(&user->info, &info->info, sizeof(f.info)))
		return -EFAULT;

	if (t->altstack_flags & SS_AUTODISARM) {
		t->altstack_sp = t->altstack_size = 0;
		t->altstack_flags = SS_DISABLE;
	}
	fpu_set_initial();
	frame->rdi = (u64)info->info.si_signo;
	frame->rsi = sp + offsetof(struct rt_sigframe, info);
	frame->rdx = sp + offsetof(struct rt_sigframe, uc);
	frame->rax = 0;
	frame->rip = (u64)act->handler;
	frame->rsp = sp;
	frame->cs = SEL_USER_CS;
	frame->ss = SEL_USER_DS;
	frame->rflags &= ~(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
	thread_set_flag(t, TF_FULL_RETURN);
	return 0;
}

/*
 * What the frame claims and proves to hold: bytes and components. Without proof, or XSAVE, only the
 * first 512 bytes are there.
 */
static int frame_contents(const u8 __user *from, u32 *size, u64 *states)
{
	struct fpstate_software sw;
	u32 magic2;

	*size = sizeof(struct fpstate_fx);
	*states = XFEATURE_FP_SSE;
	if (!has_xsave())
		return 0;
	if (copy_from_user(&sw, from + offsetof(struct fpstate_fx, software), sizeof(sw)))
		return -EFAULT;
	if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size > fpu_layout.size ||
	    sw.xstate_size < sizeof(fpu_area_t) || sw.xstate_size > sw.extended_size)
		return 0;
	if (get_user_u32(&magic2, (const u32 __user *)(from + sw.xstate_size)))
		return -EFAULT;
	if (magic2 == FP_XSTATE_MAGIC2) {
		*size = sw.xstate_size;
		*states = sw.xfeatures;
	}
	return 0;
}

static int read_fpstate(const u8 __user *from)
{
	u64 states;
	u32 size;
	int r = 0;

	if (from) {
		r = frame_contents(from, &size, &states);
		if (!r)
			return fpu_load_user(from, states, size);
	}
	fpu_set_initial();
	return r;
}

/* As sigaltstack(2); what it would refuse is ignored here, as on Linux. */
static void restore_altstack(thread_t *t, const stack_t *ss, unsigned long sp)
{
	u32 mode = (u32)ss->ss_flags & ~SS_AUTODISARM;

	if (on_altstack(t, sp) || (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE))
		return;
	if (mode != SS_DISABLE && ss->ss_size < MINSIGSTKSZ)
		return;
	t->altstack_flags = (u32)ss->ss_flags;
	t->altstack_sp = mode == SS_DISABLE ? 0 : (unsigned long)ss->ss_sp;
	t->altstack_size = mode == SS_DISABLE ? 0 : ss->ss_size;
}

int arch_signal_return(trap_frame_t *frame, u64 *mask)
{
	const struct rt_sigframe __user *user =
		(const struct rt_sigframe __user *)(frame->rsp - sizeof(u64));
	const struct sigcontext *sc;
	thread_t *t = current();
	struct ucontext uc;

	if (copy_from_user(&uc, &user->uc, sizeof(uc)))
		return -EFAULT;
	sc = &uc.uc_mcontext;
	if (read_fpstate((const u8 __user *)sc->fpstate))
		return -EFAULT;
#define RESTORE(reg) frame->reg = sc->reg;
	FOR_EACH_REGISTER(RESTORE)
	/* What no segment stands behind is refused by the CPU on the way out. */
	frame->cs = sc->cs | 3;
	frame->ss = sc->ss | 3;
	if (frame->cs == SEL_USER_CS && !(uc.uc_flags & UC_STRICT_RESTORE_SS))
		frame->ss = SEL_USER_DS;
	frame->rflags = (frame->rflags & ~RFLAGS_USER) | (sc->eflags & RFLAGS_USER);
	frame->orig_rax = (u64)-1; /* nothing to restart */
	restore_altstack(t, &uc.uc_stack, frame->rsp);
	*mask = uc.uc_sigmask;
	thread_set_flag(t, TF_FULL_RETURN);
	return 0;
}
