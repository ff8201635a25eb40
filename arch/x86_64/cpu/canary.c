/*
 * Making stack canaries.
 */
#include <arch_x86/canary.h>

#include <arch/cpu.h>
#include <kernel/boot.h>
#include <kernel/lib/hash.h>
#include <kernel/thread.h>

#define TERMINATOR 0xffUL /* a string that runs over cannot rewrite a byte of zero */

PERCPU_SECTION u64 stack_canary;

u64 canary_new(const struct thread *t)
{
	const u64 seed[2] = { (u64)t, arch_cycles() };

	return siphash(boot_info.canary_key, seed, sizeof(seed)) & ~TERMINATOR;
}

__init __no_stack_protector void canary_start_cpu(u32 cpu, struct thread *t)
{
	t->arch.canary = canary_new(t);
	per_cpu(stack_canary, cpu) = t->arch.canary;
}
