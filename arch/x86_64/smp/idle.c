/*
 * A CPU with nothing to do, for a while or for good.
 */
#include <arch/cpu.h>

/*
 * Called with interrupts off. STI takes effect after the next instruction: none can slip in before
 * HLT.
 */
void arch_idle(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

void arch_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}
