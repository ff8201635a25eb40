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
#define CALIBRATION_UNSURE (CALIBRATION_NS / 500)
#define CALIBRATION_ROUNDS 10

static u64 count_mult; /* counts per nanosecond, 32 fractional bits */
static bool deadline_mode;

typedef struct measurement {
	u32 count;     /* of the timer */
	nsec_t time;   /* meanwhile, by the clock */
	nsec_t unsure; /* by how much that may be wrong */
} measurement_t;

/* Clock and count cannot be read at once: each reading of the count lies between two of the clock. */
static __init measurement_t measure(void)
{
	nsec_t before = arch_clock_read(), start, end, after;
	u32 count;

	lapic_timer_set(UINT32_MAX);
	start = arch_clock_read();
	do
		end = arch_clock_read();
	while (end - start < CALIBRATION_NS);
	count = UINT32_MAX - lapic_timer_count();
	after = arch_clock_read();
	lapic_timer_set(0);
	return (measurement_t){ .count = count,
				.time = (end + after) / 2 - (before + start) / 2,
				.unsure = (start - before) + (after - end) };
}

__init void timer_calibrate(void)
{
	unsigned long flags = arch_irq_save(); /* an interrupt would part the readings */
	measurement_t best;

	lapic_timer_setup(false);
	best = measure();
	/* A virtual machine may have been off its CPU in between. */
	for (u32 round = 1; round < CALIBRATION_ROUNDS && best.unsure > CALIBRATION_UNSURE;
	     round++) {
		measurement_t m = measure();

		if (m.unsure < best.unsure)
			best = m;
	}
	arch_irq_restore(flags);
	count_mult = ((u64)best.count << 32) / (u64)best.time;
	deadline_mode = cpu_has(CPU_TSC_DEADLINE) && clock_is_tsc();
	pr_info("timer: local APIC at %lu kHz%s\n", count_mult * 1000000 >> 32,
		deadline_mode ? ", by TSC deadline" : "");
}

__init void time_arch_init_cpu(void)
{
	lapic_timer_setup(deadline_mode);
}

static void use_count_mode(void *arg)
{
	lapic_timer_setup(false);
	lapic_timer_set(1); /* whoever had armed it looks again */
}

__init void timer_leave_deadline_mode(void)
{
	if (!deadline_mode)
		return;
	deadline_mode = false;
	smp_call_all(use_count_mode, NULL);
}

static void fire_now(void *arg)
{
	if (deadline_mode)
		wrmsr(MSR_TSC_DEADLINE, arch_cycles());
	else
		lapic_timer_set(1);
}

void arch_timer_kick(void)
{
	smp_call_all(fire_now, NULL);
}

void arch_timer_arm(nsec_t when)
{
	nsec_t delta;
	u64 count;

	if (deadline_mode) {
		if (clock_is_steered()) /* far ones are looked at again: the rate may change */
			when = MIN(when, arch_clock_read() + NSEC_PER_SEC);
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
