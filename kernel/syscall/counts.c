/*
 * How often each system call was made (CORE, "Built-in Profiling"): one array a CPU, to which the
 * entry adds with a single instruction. How long calls take is kept beside it, from when measuring is
 * first asked for.
 */
#include <arch/cpu.h>
#include <kernel/syscall.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

DEFINE_PERCPU(u64, syscall_counts[SYSCALL_TABLE_SIZE]);
/* A histogram a call; never freed, since calls that are under way may still end here. */
static DEFINE_PERCPU(latency_t *, latencies);

u64 syscall_count_total(u32 nr)
{
	u64 sum = 0;

	for_each_cpu(cpu)
		sum += READ_ONCE(per_cpu(syscall_counts, cpu)[nr]);
	return sum;
}

int syscall_latency_init(void)
{
	for_each_cpu(cpu) {
		latency_t *table;

		if (READ_ONCE(per_cpu(latencies, cpu)))
			continue;
		table = vzalloc(SYSCALL_TABLE_SIZE * sizeof(latency_t));
		if (!table)
			return -ENOMEM;
		smp_store_release(&per_cpu(latencies, cpu), table);
	}
	return 0;
}

void syscall_measured(u32 nr, u64 time)
{
	latency_t *table;

	preempt_disable();
	table = this_cpu_read(latencies);
	latency_add(&table[nr], time);
	preempt_enable();
}

void syscall_latency(u32 nr, latency_t *out)
{
	*out = (latency_t){};
	for_each_cpu(cpu) {
		const latency_t *table = smp_load_acquire(&per_cpu(latencies, cpu));

		if (table)
			latency_merge(out, &table[nr]);
	}
}
