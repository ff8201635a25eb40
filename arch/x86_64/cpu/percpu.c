/*
 * Per-CPU areas: copies of what the image has from percpu_start on: the variables with an initial
 * value (.percpu), and behind them those of zero (the first of .bss). The boot CPU's is made in
 * early boot; the others' when they are brought up, from the image, where nothing writes to.
 */
#include <arch_x86/percpu_setup.h>

#include <arch_x86/instructions.h>
#include <kernel/lib/string.h>

extern char percpu_start[], percpu_end[];

unsigned long percpu_offset[NR_CPUS] __ro_after_init;
PERCPU_SECTION unsigned long this_percpu_offset;
DEFINE_PERCPU(u32, cpu_number);
DEFINE_PERCPU(u32, preempt_count);

__init size_t percpu_size(void)
{
	return (size_t)(percpu_end - percpu_start);
}

__init void percpu_setup(u32 cpu, void *area)
{
	unsigned long offset = (unsigned long)area - (unsigned long)percpu_start;

	memcpy(area, percpu_start, percpu_size());
	percpu_offset[cpu] = offset;
	per_cpu(this_percpu_offset, cpu) = offset;
	per_cpu(cpu_number, cpu) = cpu;
}

__init void percpu_load(u32 cpu)
{
	__asm__ volatile("mov %0, %%fs\n\tmov %0, %%gs" : : "r"(0));
	wrmsr(MSR_GS_BASE, percpu_offset[cpu]);
}
