/*
 * What the CPU has to know of a program's thread that begins: by execve(2), by fork(2) and clone(2).
 */
#include <arch/mmu.h>
#include <arch_x86/canary.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/ports.h>
#include <arch_x86/program.h>
#include <arch_x86/segments.h>
#include <arch_x86/trace.h>
#include <kernel/panic.h>
#include <kernel/thread.h>
#include <uapi/errno.h>

int arch_thread_copy_user(struct thread *child, struct thread *parent, const trap_frame_t *frame,
			  unsigned long user_sp, bool set_tls, unsigned long tls)
{
	trap_frame_t *user = arch_user_frame(child);
	int r;

	if (set_tls && tls >= USER_MAX)
		return -EPERM;
	segments_sync_current();
	child->arch = parent->arch;
	child->arch.canary = canary_new(child);
	child->arch.fpu = NULL;
	child->arch.debug = NULL; /* a tracer's breakpoints are not inherited */
	child->arch.rare &= RARE_INHERITED;
	ports_inherit(child);
	child->arch.debug_status = DR6_RESET;
	child->arch.step_forced = false;
	r = fpu_alloc(child);
	if (r)
		return r;
	fpu_copy_to(child);
	*user = *frame;
	user->rax = 0;
	if (parent->arch.step_forced)
		user->rflags &= ~RFLAGS_TF;
	if (user_sp)
		user->rsp = user_sp;
	if (set_tls) {
		child->arch.fs = 0;
		child->arch.fs_base = tls;
	}
	thread_enter_user(child);
	return 0;
}

void arch_start_user(trap_frame_t *frame, unsigned long entry, unsigned long sp)
{
	thread_t *t = current();
	unsigned long flags;

	if (!t->arch.fpu && fpu_alloc(t)) /* only the first program was a kernel thread before */
		panic("No memory for the extended state of the first program");
	fpu_set_initial();
	*frame = (trap_frame_t){
		.orig_rax = (u64)-1,
		.rip = entry,
		.cs = SEL_USER_CS,
		.rflags = RFLAGS_IF | BIT(1),
		.rsp = sp,
		.ss = SEL_USER_DS,
	};
	debug_clear(t);
	__atomic_fetch_and(&t->arch.rare, ~RARE_LDT, __ATOMIC_RELAXED); /* a new space has none */
	t->arch.debug_status = DR6_RESET;
	t->arch.step_forced = false;
	t->arch.trap_nr = t->arch.error_code = 0;
	t->arch.fault_address = 0;
	flags = arch_irq_save();
	segments_sync_current();
	t->arch.ds = t->arch.es = t->arch.fs = t->arch.gs = 0;
	t->arch.fs_base = t->arch.gs_base = 0;
	segments_load_current();
	arch_irq_restore(flags);
	thread_set_flag(t, TF_FULL_RETURN);
}
