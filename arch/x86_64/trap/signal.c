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
	return fpu_size > sizeof(struct fpstate_fx);
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
	sp -= fpu_size + (has_xsave() ? FP_XSTATE_MAGIC2_SIZE : 0);
	sp = ALIGN_DOWN(sp, 64UL);
	*fpstate = sp;
	sp = ALIGN_DOWN(sp - sizeof(struct rt_sigframe), 16UL) - 8;
	if ((nested || entering) && !in_altstack(t, sp))
		return 0;
	return sp;
}

static int write_fpstate(u8 __user *to)
{
	fpu_area_t *area = fpu_sync_current();
	static const u32 magic2 = FP_XSTATE_MAGIC2;

	area->fx.software = (struct fpstate_software){ 0 };
	if (has_xsave()) {
		area->fx.software = (struct fpstate_software){
			.magic1 = FP_XSTATE_MAGIC1,
			.extended_size = fpu_size + FP_XSTATE_MAGIC2_SIZE,
			.xfeatures = fpu_features,
			.xstate_size = fpu_size,
		};
		if (copy_to_user(to + fpu_size, &magic2, sizeof(magic2)))
			return -EFAULT;
	}
	return copy_to_user(to, area, fpu_size) ? -EFAULT : 0;
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

/* How many bytes of extended state the frame claims and proves; 0: only the first 512 are there. */
static int extended_size(const u8 __user *from, u32 *size)
{
	struct fpstate_software sw;
	u32 magic2;

	*size = 0;
	if (!has_xsave())
		return 0;
	if (copy_from_user(&sw, from + offsetof(struct fpstate_fx, software), sizeof(sw)))
		return -EFAULT;
	if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size > fpu_size ||
	    sw.xstate_size < sizeof(fpu_area_t) || sw.xstate_size > sw.extended_size)
		return 0;
	if (get_user_u32(&magic2, (const u32 __user *)(from + sw.xstate_size)))
		return -EFAULT;
	if (magic2 == FP_XSTATE_MAGIC2)
		*size = sw.xstate_size;
	return 0;
}

static int read_fpstate(const u8 __user *from)
{
	fpu_area_t *area = fpu_begin_write();
	u32 extended, size;
	int r;

	if (!from) {
		fpu_set_initial();
		return 0;
	}
	r = extended_size(from, &extended);
	size = extended ? extended : sizeof(area->fx);
	if (!r && copy_from_user(area, from, size))
		r = -EFAULT;
	if (r) {
		fpu_set_initial();
		return r;
	}
	memset((u8 *)area + size, 0, fpu_size - size);
	if (!extended && has_xsave())
		area->header.xstate_bv = fpu_features & XFEATURE_FP_SSE;
	return fpu_end_write() ? 0 : -EINVAL;
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
