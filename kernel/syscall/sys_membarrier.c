/*
 * membarrier(2): a memory barrier on every CPU that runs the program, paid for by the caller. They
 * are asked by an interrupt, which orders memory and whose return also resynchronises the
 * instruction stream.
 */
#include <arch/cpu.h>
#include <kernel/atomic.h>
#include <kernel/process.h>
#include <mm/space.h>
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
	MEMBARRIER_PRIVATE_EXPEDITED_RSEQ = 128,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ = 256,
};

#define QUERY_ANSWER 511 /* all of the above */
#define MEMBARRIER_FLAG_CPU 1u

static void barrier_here(void *unused)
{
	smp_mb();
}

/* What runs of the program starts its restartable sequence again. */
static void restart_here(void *space)
{
	thread_t *t = current();

	smp_mb();
	if (t->space == space && t->rseq)
		thread_set_flag(t, TF_RSEQ);
}

static long barrier_everywhere(void)
{
	smp_mb();
	smp_call_all(barrier_here, NULL);
	return 0;
}

/*
 * A CPU that loads this memory later passes a full barrier on the way. cpu: only that one, unless
 * negative.
 */
static long barrier_in_program(void (*fn)(void *), int cpu)
{
	vm_space_t *s = current()->space;
	cpu_set_t targets = { 0 };

	smp_mb();
	preempt_disable();
	for_each_cpu(other)
		if (other != this_cpu() && (cpu < 0 || (u32)cpu == other) &&
		    cpu_set_test(&s->arch.cpus, other))
			cpu_set_add(&targets, other);
	if (!bitmap_empty(targets.bits, NR_CPUS))
		smp_call(&targets, fn, s);
	preempt_enable();
	smp_mb();
	return 0;
}

/* The right to interrupt is asked for by the next command's number. */
static bool is_registered(int cmd)
{
	return READ_ONCE(current_process()->membarriers) & (u32)cmd << 1;
}

static long private_command(int cmd, int cpu)
{
	if (!is_registered(cmd))
		return -EPERM;
	if (cmd == MEMBARRIER_PRIVATE_EXPEDITED_RSEQ)
		return barrier_in_program(restart_here, cpu);
	return barrier_in_program(barrier_here, -1);
}

long sys_membarrier(int cmd, u32 flags, int cpu)
{
	if (flags && (cmd != MEMBARRIER_PRIVATE_EXPEDITED_RSEQ || flags != MEMBARRIER_FLAG_CPU))
		return -EINVAL;
	if (!flags)
		cpu = -1;
	switch (cmd) {
	case MEMBARRIER_QUERY:
		return QUERY_ANSWER;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		return barrier_everywhere();
	case MEMBARRIER_PRIVATE_EXPEDITED:
	case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_PRIVATE_EXPEDITED_RSEQ:
		return private_command(cmd, cpu);
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		__atomic_fetch_or(&current_process()->membarriers, (u32)cmd, __ATOMIC_RELAXED);
		return 0;
	}
	return -EINVAL;
}
