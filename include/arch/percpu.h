/*
 * Per-CPU variables. On x86_64 they live in the image between percpu_start and percpu_end; each CPU
 * has a copy at `&variable + percpu_offset[cpu]` and its GS base holds that offset, so
 * `gs:[rip + variable]` reaches the running CPU's copy (Intel SDM 1 3.7.5). Before the first
 * percpu_load the boot CPU's offset is 0: it uses the image's.
 *
 *	DEFINE_PERCPU(int, depth);
 *	this_cpu_inc(depth);			one instruction, safe against preemption and interrupts
 *	int *p = this_cpu_ptr(&depth);		only with preemption off
 *	per_cpu(depth, 3)			another CPU's
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <kernel/compiler.h>

#define NR_CPUS 64

#ifdef CONFIG_HOST
#include <fake/percpu.h> /* tests/host/fake */
#else
#include <arch_x86/percpu.h>
#endif

#define DECLARE_PERCPU(type, name) extern type name
#define DEFINE_PERCPU(type, name) PERCPU_SECTION type name /* zero */
#define DEFINE_PERCPU_INIT(type, name) PERCPU_INIT_SECTION type name

extern unsigned long percpu_offset[NR_CPUS];
#define per_cpu_ptr(ptr, cpu) ((__typeof__(ptr))((unsigned long)(ptr) + percpu_offset[cpu]))
#define per_cpu(var, cpu) (*per_cpu_ptr(&(var), cpu))

#define this_cpu_inc(var) this_cpu_add(var, 1)
#define this_cpu_dec(var) this_cpu_add(var, -1)

DECLARE_PERCPU(u32, cpu_number);
static inline u32 this_cpu(void)
{
	return this_cpu_read(cpu_number);
}

/*
 * preempt_count of the running CPU: one word, so that "may I sleep" is one test.
 * It is saved and restored by the thread switch, so it belongs to the thread while that is off-CPU.
 *	bits 0-7 preemption depth, 8-15 softirq depth, 16-19 hard interrupt depth, 20 NMI
 */
DECLARE_PERCPU(u32, preempt_count);
#define PREEMPT_ONE 0x1u
#define SOFTIRQ_ONE 0x100u
#define HARDIRQ_ONE 0x10000u
#define NMI_ONE 0x100000u

static inline void preempt_disable(void)
{
	this_cpu_add(preempt_count, PREEMPT_ONE);
	compiler_barrier();
}

void preempt_schedule(void); /* kernel/sched: reschedules if asked and allowed */
DECLARE_PERCPU(bool, need_resched);

static inline void preempt_enable_no_resched(void)
{
	compiler_barrier();
	this_cpu_add(preempt_count, -PREEMPT_ONE);
}

static inline void preempt_enable(void)
{
	preempt_enable_no_resched();
	if (unlikely(this_cpu_read(need_resched)))
		preempt_schedule();
}

static inline bool in_interrupt(void)
{
	return (this_cpu_read(preempt_count) & ~0xffu) != 0;
}

static inline bool in_hardirq(void)
{
	return (this_cpu_read(preempt_count) & 0x1f0000u) != 0;
}

#endif
