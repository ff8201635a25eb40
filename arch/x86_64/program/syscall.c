/*
 * System calls that somebody watches: a tracer, a measurement; in debug builds, we ourselves.
 */
#include <arch/entry.h>
#include <arch/time.h>
#include <arch_x86/traps.h>
#include <kernel/panic.h>
#include <kernel/sync/lockdep.h>
#include <kernel/syscall.h>
#include <kernel/thread.h>
#include <syscall_numbers.h>
#include <uapi/errno.h>

/*
 * A system call of a thread with TF_TRACE, TF_MEASURE or TF_DISPATCH, from the entry: a tracer may
 * change any register before and after. What is returned goes to the program.
 */
long trap_syscall_traced(trap_frame_t *frame)
{
	u32 flags = READ_ONCE(current()->flags);
	nsec_t start = 0;
	long nr, ret;

	if ((flags & TF_DISPATCH) && syscall_dispatch(frame))
		return (long)frame->orig_rax;
	nr = flags & TF_TRACE ? trace_syscall_enter(frame) : (long)(u32)frame->orig_rax;
	if (nr == -1)
		return (long)frame->rax;
	if ((u64)nr >= SYSCALL_TABLE_SIZE)
		return -ENOSYS;
	this_cpu_inc(syscall_counts[nr]);
	if (flags & TF_MEASURE)
		start = arch_clock_read();
	ret = syscall_table[nr](frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8,
				frame->r9);
	if (flags & TF_MEASURE)
		syscall_measured((u32)nr, arch_clock_read() - start);
	return ret;
}

#ifdef CONFIG_DEBUG
/* May it answer any number? Positions of memory, process groups as negative numbers, a thread's slack. */
static bool answers_anything(int nr)
{
	return nr == __NR_lseek || nr == __NR_fcntl || nr == __NR_prctl;
}

void trap_syscall_check(const trap_frame_t *frame, long result)
{
	u32 flags = READ_ONCE(current()->flags);

	lockdep_assert_no_locks();
	/* Who is told to begin again has a reason, which the way out looks for; a tracer may write what it likes. */
	if (result_is_restart(result) && (int)frame->orig_rax >= 0 &&
	    !(flags & (TF_SIGPENDING | TF_TRACE)) && !answers_anything((int)frame->orig_rax))
		panic("System call %d is to begin again (%ld) for no reason", (int)frame->orig_rax,
		      result);
}
#endif
