/* The interrupt flag is a variable of the host thread; the cycle counter counts its readings. */
#ifndef FAKE_CPU_H
#define FAKE_CPU_H

#include <kernel/types.h>

extern __thread bool fake_irqs_on;

static inline void arch_irq_enable(void)
{
	fake_irqs_on = true;
}

static inline void arch_irq_disable(void)
{
	fake_irqs_on = false;
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long was = fake_irqs_on;

	fake_irqs_on = false;
	return was;
}

static inline void arch_irq_restore(unsigned long flags)
{
	fake_irqs_on = flags;
}

static inline bool arch_irqs_enabled(void)
{
	return fake_irqs_on;
}

static inline bool arch_flags_enabled(unsigned long flags)
{
	return flags;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline u64 arch_cycles(void)
{
	static u64 cycles;

	return cycles += 100;
}

#endif
