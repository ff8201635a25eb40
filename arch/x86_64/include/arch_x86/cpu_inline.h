/*
 * x86_64 side of arch/cpu.h: the interrupt flag (Intel SDM 3A 2.3, RFLAGS.IF), pauses, the cycle
 * counter. Included by arch/cpu.h only; instructions of other kinds are in
 * <arch_x86/instructions.h>.
 */
#ifndef ARCH_X86_CPU_INLINE_H
#define ARCH_X86_CPU_INLINE_H

#include <kernel/compiler.h>

#define RFLAGS_IF BIT(9)

/* The memory clobbers keep the compiler from moving accesses out of the protected section. */
static inline void arch_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void arch_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	return flags;
}

/* A branch costs less than POPFQ, which is microcoded. */
static inline void arch_irq_restore(unsigned long flags)
{
	if (flags & RFLAGS_IF)
		arch_irq_enable();
	else
		arch_irq_disable();
}

static inline bool arch_irqs_enabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags & RFLAGS_IF;
}

static inline bool arch_flags_enabled(unsigned long flags)
{
	return flags & RFLAGS_IF;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline u64 arch_cycles(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

#endif
