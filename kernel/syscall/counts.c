/*
 * How often each system call was made (CORE, "Built-in Profiling"): one array a CPU, to which the
 * entry adds with a single instruction.
 */
#include <arch/cpu.h>
#include <kernel/syscall.h>

DEFINE_PERCPU(u64, syscall_counts[SYSCALL_TABLE_SIZE]);

u64 syscall_count_total(u32 nr)
{
	u64 sum = 0;

	for_each_cpu(cpu)
		sum += READ_ONCE(per_cpu(syscall_counts, cpu)[nr]);
	return sum;
}
