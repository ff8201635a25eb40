/*
 * The one-shot timer of each CPU: the local APIC's, by deadline where the CPU can and the TSC is
 * the clock, else by a count whose rate is measured once (all local APICs of a machine share their
 * clock).
 */
#include <arch/time.h>
#include <arch_x86/features.h>
#include <arch_x86/instructions.h>
#include <arch_x86/lapic.h>
#include <arch_x86/time.h>
#include <arch_x86/time_internal.h>
#include <kernel/printk.h>

#define CALIBRATION_NS (10 * NSEC_PER_MSEC)

static u64 count_mult; /* counts per nanosecond, 32 fractional bits */
static bool deadline_mode;

__init void timer_calibrate(void)
{
	unsigned long flags = arch_irq_save(); /* an interrupt would part the readings */
	nsec_t start, end;
	u32 count;

	lapic_timer_setup(false);
	start = arch_clock_read();
	lapic_timer_set(UINT32_MAX);
	do
		end = arch_clock_read();
	while (end - start < CALIBRATION_NS);
	count = UINT32_MAX - lapic_timer_count();
	lapic_timer_set(0);
	arch_irq_restore(flags);
	count_mult = ((u64)count << 32) / (u64)(end - start);
	deadline_mode = cpu_has(CPU_TSC_DEADLINE) && clock_is_tsc();
	pr_info("timer: local APIC at %lu kHz%s\n", count_mult * 1000000 >> 32,
		deadline_mode ? ", by TSC deadline" : "");
}

void time_arch_init_cpu(void)
{
	lapic_timer_setup(deadline_mode);
}

static void use_count_mode(void *arg)
{
	lapic_timer_setup(false);
	lapic_timer_set(1); /* whoever had armed it looks again */
}

void timer_leave_deadline_mode(void)
{
	if (!deadline_mode)
		return;
	deadline_mode = false;
	smp_call_all(use_count_mode, NULL);
}

void arch_timer_arm(nsec_t when)
{
	nsec_t delta;
	u64 count;

	if (deadline_mode) {
		wrmsr(MSR_TSC_DEADLINE, clock_ns_to_tsc(when));
		return;
	}
	delta = when - arch_clock_read();
	if (delta <= 0)
		count = 1;
	else if (delta >= NSEC_PER_SEC) /* fires early; whoever armed it looks at the clock */
		count = (u64)((unsigned __int128)NSEC_PER_SEC * count_mult >> 32);
	else
		count = ((u64)delta * count_mult >> 32) + 1;
	lapic_timer_set((u32)MIN(count, (u64)UINT32_MAX));
}

void arch_timer_stop(void)
{
	if (deadline_mode)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		lapic_timer_set(0);
}
