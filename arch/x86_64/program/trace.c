/*
 * Registers as a tracer and core files see them. The general registers of a thread in the kernel are
 * its user frame, the others are in arch_thread_t and the extended-state area.
 */
#include <arch/mmu.h>
#include <arch/trace.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/segments.h>
#include <arch_x86/program.h>
#include <arch_x86/trace.h>
#include <kernel/lib/string.h>
#include <kernel/thread.h>
#include <uapi/errno.h>
#include <uapi/ptrace.h>

_Static_assert(offsetof(struct user_regs_struct, fs_base) == sizeof(trap_frame_t),
	       "the register set begins as the frame");

void arch_trace_stop(void)
{
	fpu_sync_current();
	segments_sync_current();
}

/* A trap flag that only the tracer wants is not the program's. */
static u64 visible_flags(const thread_t *t, u64 flags)
{
	return t->arch.step_forced ? flags & ~RFLAGS_TF : flags;
}

void arch_regs_get(thread_t *t, struct user_regs_struct *out)
{
	memcpy(out, arch_user_frame(t), sizeof(trap_frame_t));
	out->eflags = visible_flags(t, out->eflags);
	out->fs_base = t->arch.fs_base;
	out->gs_base = t->arch.gs_base;
	out->ds = t->arch.ds;
	out->es = t->arch.es;
	out->fs = t->arch.fs;
	out->gs = t->arch.gs;
}

static bool selector_valid(u64 selector)
{
	return selector <= UINT16_MAX && (!selector || (selector & 3) == 3);
}

/* What no descriptor stands behind loads as the null selector; the local table is looked at then. */
static u16 loadable(u64 selector)
{
	return (selector & SELECTOR_LOCAL) || selector == SEL_USER_DS || selector == SEL_USER_CS ||
			       selector == SEL_USER_BASE || selector == SEL_CPU_NODE
		       ? (u16)selector
		       : 0;
}

int arch_regs_set(thread_t *t, const struct user_regs_struct *in)
{
	trap_frame_t *frame = arch_user_frame(t);
	u64 kept = frame->rflags & ~RFLAGS_USER, flags = in->eflags & RFLAGS_USER;

	/* Programs are brought into no other mode than they are in. */
	if ((in->cs != SEL_USER_CS && in->cs != frame->cs) ||
	    (in->ss != SEL_USER_DS && in->ss != frame->ss) || !selector_valid(in->ds) ||
	    !selector_valid(in->es) || !selector_valid(in->fs) || !selector_valid(in->gs) ||
	    in->fs_base >= USER_MAX || in->gs_base >= USER_MAX)
		return -EIO;
	if (flags & RFLAGS_TF)
		t->arch.step_forced = false;
	else if (t->arch.step_forced)
		flags |= RFLAGS_TF;
	memcpy(frame, in, sizeof(*frame));
	frame->rflags = kept | flags;
	t->arch.fs_base = in->fs_base;
	t->arch.gs_base = in->gs_base;
	t->arch.ds = loadable(in->ds);
	t->arch.es = loadable(in->es);
	t->arch.fs = loadable(in->fs);
	t->arch.gs = loadable(in->gs);
	return 0;
}

/* ---- extended state ---- */

size_t arch_fpregs_size(u32 note)
{
	if (note == NT_FPREGSET)
		return sizeof(struct fpstate_fx);
	return note == NT_X86_XSTATE && xstate_extended(&fpu_layout) ? fpu_layout.size : 0;
}

void arch_fpregs_get(thread_t *t, u32 note, void *out)
{
	xstate_to_standard(&fpu_layout, t->arch.fpu, out, note == NT_X86_XSTATE);
}

int arch_fpregs_set(thread_t *t, u32 note, const void *from)
{
	fpu_forget_registers(t);
	return note == NT_X86_XSTATE ? xstate_from_standard(&fpu_layout, from, t->arch.fpu)
				     : xstate_from_fx(&fpu_layout, from, t->arch.fpu);
}

/* ---- steps and system calls ---- */

void arch_single_step(thread_t *t, bool on)
{
	trap_frame_t *frame = arch_user_frame(t);

	if (on && !(frame->rflags & RFLAGS_TF)) {
		frame->rflags |= RFLAGS_TF;
		t->arch.step_forced = true;
	} else if (!on && t->arch.step_forced) {
		frame->rflags &= ~RFLAGS_TF;
		t->arch.step_forced = false;
	}
}

long arch_syscall_arguments(thread_t *t, u64 args[6])
{
	const trap_frame_t *frame = arch_user_frame(t);

	args[0] = frame->rdi;
	args[1] = frame->rsi;
	args[2] = frame->rdx;
	args[3] = frame->r10;
	args[4] = frame->r8;
	args[5] = frame->r9;
	return arch_syscall_nr(frame);
}
