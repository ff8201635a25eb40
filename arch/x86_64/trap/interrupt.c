/*
 * External vectors, and the way back to user mode.
 */
#include <arch/entry.h>
#include <arch_x86/fpu.h>
#include <arch_x86/lapic.h>
#include <arch_x86/smp.h>
#include <arch_x86/traps.h>
#include <kernel/rseq.h>
#include <kernel/thread.h>

void trap_interrupt(trap_frame_t *frame, u64 vector)
{
	irq_enter();
	switch (vector) {
	case VECTOR_TIMER:
		this_cpu_inc(trap_counts[COUNT_TIMER]);
		lapic_eoi();
		ksignal_clock(frame);
		break;
	case VECTOR_RESCHEDULE: /* irq_exit looks at need_resched */
		this_cpu_inc(trap_counts[COUNT_RESCHEDULE]);
		lapic_eoi();
		break;
	case VECTOR_CALL:
		this_cpu_inc(trap_counts[COUNT_CALL]);
		lapic_eoi();
		smp_call_interrupt();
		break;
	case VECTOR_ERROR:
		this_cpu_inc(trap_counts[COUNT_ERROR]);
		lapic_error();
		lapic_eoi();
		break;
	case VECTOR_SPURIOUS: /* is not to be acknowledged: Intel SDM 3A 10.9 */
		this_cpu_inc(trap_counts[COUNT_SPURIOUS]);
		break;
	default:
		/* The PIC's lines 7 and 15 can fire though masked. */
		if (vector < VECTOR_DEVICE_FIRST)
			this_cpu_inc(trap_counts[COUNT_SPURIOUS]);
		else
			irq_dispatch((u32)vector, frame);
		break;
	}
	irq_exit();
}

/* First address whose use as an instruction pointer makes IRETQ fault (Intel SDM 1 3.3.7.1). */
#define CANONICAL_END (1UL << 47)

#define EASY_WORK (TF_RESTORE_FPU | TF_FULL_RETURN | TF_RSEQ) /* done without interrupts */

static inline bool is_easy(const trap_frame_t *frame, u32 flags)
{
	return !(flags & TF_WORK_MASK & ~EASY_WORK) && frame->rip < CANONICAL_END &&
	       (!(flags & TF_RSEQ) || rseq_is_settled());
}

/* Until what is left is easy: the flags then. */
static __noinline u32 do_hard_work(thread_t *t, trap_frame_t *frame)
{
	u32 flags;

	for (;;) {
		flags = READ_ONCE(t->flags);
		if (is_easy(frame, flags))
			return flags;
		arch_irq_enable();
		if (flags & TF_WORK_MASK & ~(TF_RESTORE_FPU | TF_FULL_RETURN)) {
			exit_to_user_work(frame);
		} else {
			t->arch.trap_nr = VECTOR_GP;
			t->arch.error_code = 0;
			ksignal_segv(frame, SI_KERNEL, 0);
		}
		arch_irq_disable();
	}
}

/*
 * Runs with interrupts off whenever the thread has work before user mode; returns the same way,
 * with nothing left to do. True when registers beyond the return value changed: the caller must
 * reload them all.
 */
bool trap_exit_work(trap_frame_t *frame)
{
	thread_t *t = current();
	u32 flags = READ_ONCE(t->flags);

	if (unlikely(!is_easy(frame, flags)))
		flags = do_hard_work(t, frame);
	flags &= EASY_WORK;
	if (flags & TF_RESTORE_FPU)
		fpu_load(t);
	if (flags)
		thread_clear_flag(t, flags);
	return flags & TF_FULL_RETURN;
}

/* Work after a system call; as trap_exit_work. The result is in the frame. */
bool trap_syscall_exit_work(trap_frame_t *frame)
{
	if (unlikely(thread_test_flag(current(), TF_TRACE)) && !current()->dispatch.taken) {
		arch_irq_enable();
		trace_syscall_exit(frame);
		arch_irq_disable();
	}
	return trap_exit_work(frame);
}
