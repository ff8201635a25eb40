/*
 * membarrier(2): a memory barrier on every CPU that runs the program, paid for by the caller. All
 * CPUs are asked, by an interrupt, which orders memory and whose return also resynchronises the
 * instruction stream.
 */
#include <arch/cpu.h>
#include <kernel/atomic.h>
#include <kernel/process.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

enum {
	MEMBARRIER_QUERY = 0,
	MEMBARRIER_GLOBAL = 1,
	MEMBARRIER_GLOBAL_EXPEDITED = 2,
	MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 4,
	MEMBARRIER_PRIVATE_EXPEDITED = 8,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 16,
	MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE = 32,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 64,
};

static void barrier_here(void *unused)
{
	smp_mb();
}

static long barrier_everywhere(void)
{
	smp_mb();
	smp_call_all(barrier_here, NULL);
	return 0;
}

long sys_membarrier(int cmd, u32 flags, int cpu)
{
	u32 *registered = &current_process()->membarriers;

	if (flags)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_QUERY:
		return 127; /* all of the above */
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		return barrier_everywhere();
	case MEMBARRIER_PRIVATE_EXPEDITED:
	case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
		/* The right to interrupt is asked for by the next command's number. */
		if (!(READ_ONCE(*registered) & (u32)cmd << 1))
			return -EPERM;
		return barrier_everywhere();
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		__atomic_fetch_or(registered, (u32)cmd, __ATOMIC_RELAXED);
		return 0;
	}
	return -EINVAL;
}
