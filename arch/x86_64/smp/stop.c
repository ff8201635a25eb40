/*
 * Stopping the other CPUs for a panic: an NMI reaches them whatever they do. Each keeps the
 * registers it had, so that the panicking CPU can print where they were, and halts for good.
 */
#include <arch/time.h>
#include <arch_x86/lapic.h>
#include <arch_x86/smp.h>
#include <arch_x86/traps.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

#define STOP_WAIT_NS (100 * NSEC_PER_MSEC)
#define BACKTRACE_MAX 16

static u32 stopping;				     /* atomic: number of the stopping CPU + 1 */
static DEFINE_PERCPU(trap_frame_t *, stopped_frame); /* on the NMI stack, which stays as it is */

void smp_stop_check(trap_frame_t *frame)
{
	u32 by = __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);

	if (!by || by == this_cpu() + 1)
		return;
	__atomic_store_n(this_cpu_ptr(&stopped_frame), frame, __ATOMIC_RELEASE);
	arch_halt_forever();
}

void smp_stop_others(void)
{
	u32 me = this_cpu(), nobody = 0;
	nsec_t end;

	if (!__atomic_compare_exchange_n(&stopping, &nobody, me + 1, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (nobody != me + 1)
			arch_halt_forever(); /* two panics at once: the first reports */
		return;
	}
	for_each_cpu(cpu)
		if (cpu != me)
			lapic_send_nmi(cpu);
	end = arch_clock_read() + STOP_WAIT_NS;
	for_each_cpu(cpu)
		while (cpu != me && !READ_ONCE(per_cpu(stopped_frame, cpu)) &&
		       arch_clock_read() < end)
			cpu_relax();
}

void smp_print_others(void)
{
	for_each_cpu(cpu) {
		const trap_frame_t *frame = READ_ONCE(per_cpu(stopped_frame, cpu));
		const thread_t *t = per_cpu(current_thread, cpu);
		unsigned long ips[BACKTRACE_MAX], offset;
		int n;

		if (cpu == this_cpu())
			continue;
		if (!frame) {
			printk(KERN_EMERG "CPU %u does not answer\n", cpu);
			continue;
		}
		printk(KERN_EMERG "CPU %u ran %s (%d):%s\n", cpu, t->name, t->tid,
		       arch_frame_user(frame) ? " in user mode" : "");
		n = arch_backtrace_frame(frame, ips, BACKTRACE_MAX);
		for (int i = 0; i < n; i++) {
			const char *name = symbol_lookup(ips[i], &offset);

			printk(KERN_EMERG "  [%016lx] %s+0x%lx\n", ips[i], name ? name : "?",
			       name ? offset : 0);
		}
	}
}
