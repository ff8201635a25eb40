/*
 * What the kernel asks of the CPU on behalf of programs: the auxiliary vector's words, random
 * numbers, the error code of the last exception.
 */
#include <arch/thread.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/program.h>
#include <kernel/thread.h>

#define HWCAP2_FSGSBASE BIT(1)
#define RDRAND_RETRIES 10 /* Intel SDM 1 7.3.17.1 */
#define RED_ZONE 128

u32 arch_trap_error(const struct thread *t)
{
	return t->arch.error_code;
}

unsigned long arch_hwcap(void)
{
	return cpu_identity.hwcap;
}

unsigned long arch_hwcap2(void)
{
	return cpu_has(CPU_FSGSBASE) ? HWCAP2_FSGSBASE : 0;
}

/* The frame, the extended state with its trailing magic, and what alignment may cost. */
unsigned long arch_signal_stack_min(void)
{
	return ALIGN_UP(sizeof(struct rt_sigframe) + fpu_layout.size + FP_XSTATE_MAGIC2_SIZE + 64 +
				16 + RED_ZONE,
			16UL);
}

void tsc_switch(const struct thread *next)
{
	u64 cr4 = read_cr4(), wanted = cr4 & ~CR4_TSD;

	if (next->arch.rare & RARE_NO_TSC)
		wanted |= CR4_TSD;
	if (wanted != cr4)
		write_cr4(wanted);
}

bool arch_may_read_cycles(void)
{
	return !(current()->arch.rare & RARE_NO_TSC);
}

void arch_set_read_cycles(bool allow)
{
	thread_t *t = current();
	unsigned long flags = arch_irq_save();

	if (allow)
		__atomic_fetch_and(&t->arch.rare, ~RARE_NO_TSC, __ATOMIC_RELAXED);
	else
		__atomic_fetch_or(&t->arch.rare, RARE_NO_TSC, __ATOMIC_RELAXED);
	tsc_switch(t);
	arch_irq_restore(flags);
}

bool arch_random(u64 *out)
{
	if (!cpu_has(CPU_RDRAND))
		return false;
	for (int i = 0; i < RDRAND_RETRIES; i++) {
		bool ok;

		__asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
		if (ok)
			return true;
	}
	return false;
}
