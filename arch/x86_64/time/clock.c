/*
 * The clock: one counter, scaled. The choice at boot, and how it can still change afterwards:
 *
 *	TSC	when its rate is known from CPUID or measured alike in every calibration round (tsc.c), and no CPU
 *		ever reads a value below one that another has read before (tsc_check_sync)
 *	HPET	else, where there is one
 *	PIT	else: channel 0, counted by interrupts
 *
 * A virtual machine that has neither of these keeps the TSC as it is.
 *
 * A scale is constant once published; a change publishes another one that goes on from the same
 * time.
 */
#include <arch/time.h>
#include <arch_x86/instructions.h>
#include <arch_x86/time.h>
#include <arch_x86/time_internal.h>
#include <drivers/acpi.h>
#include <kernel/panic.h>
#include <kernel/printk.h>

#define GUESSED_CYCLES_PER_NS 4 /* for delays before calibration: too long on slower CPUs */

#define FAR_FUTURE (1L << 58) /* nanoseconds: nine years, times any rate below 64 bits */

typedef struct clock_scale {
	u64 (*read)(void); /* NULL: the TSC */
	const char *name;
	u64 base;    /* counter value at time `offset` */
	u64 mult;    /* nanoseconds per count, 32 fractional bits */
	u64 inverse; /* counts per nanosecond, likewise */
	nsec_t offset;
} clock_scale_t;

static clock_scale_t scales[2] __ro_after_init;	   /* first choice, fallback */
static const clock_scale_t *scale __ro_after_init; /* NULL: not chosen yet */

static nsec_t scale_read(const clock_scale_t *s)
{
	u64 now = s->read ? s->read() : arch_cycles();
	s64 delta = (s64)(now - s->base);

	/*
	 * A CPU's TSC may lag the base by what the sync check cannot see; time does not go below
	 * it.
	 */
	if (unlikely(delta < 0))
		return s->offset;
	return s->offset + (nsec_t)(((unsigned __int128)(u64)delta * s->mult) >> 32);
}

nsec_t arch_clock_read(void)
{
	const clock_scale_t *s = __atomic_load_n(&scale, __ATOMIC_ACQUIRE);

	return s ? scale_read(s) : 0;
}

const char *arch_clock_name(void)
{
	return scale ? scale->name : "none";
}

bool tsc_clock_params(u64 *base, u64 *mult, nsec_t *offset)
{
	if (!clock_is_tsc())
		return false;
	*base = scale->base;
	*mult = scale->mult;
	*offset = scale->offset;
	return true;
}

bool clock_is_tsc(void)
{
	return scale && !scale->read;
}

u64 clock_ns_to_tsc(nsec_t when)
{
	u64 ns = when > scale->offset ? (u64)MIN(when - scale->offset, FAR_FUTURE) : 0;

	return scale->base + (u64)((unsigned __int128)ns * scale->inverse >> 32);
}

static __init void choose(const char *name, u64 (*read)(void), u64 hz)
{
	clock_scale_t *s = &scales[scale != NULL];

	s->name = name;
	s->read = read;
	s->mult = ((u64)NSEC_PER_SEC << 32) / hz;
	s->inverse = mul_div(hz, 1UL << 32, NSEC_PER_SEC);
	s->offset = arch_clock_read();
	s->base = read ? read() : arch_cycles();
	__atomic_store_n(&scale, s, __ATOMIC_RELEASE);
	pr_info("clock: %s at %lu kHz\n", name, hz / 1000);
}

__init bool clock_fall_back(void)
{
	if (hpet_frequency()) {
		choose("hpet", hpet_read, hpet_frequency());
	} else if (pit_present()) {
		pit_start_clock();
		choose("pit", pit_clock_read, PIT_HZ);
	} else {
		return false;
	}
	return true;
}

__init void time_arch_init(void)
{
	phys_addr_t hpet = acpi_hpet_base();
	u64 tsc_hz;

	if (hpet)
		hpet_init(hpet);
	tsc_hz = tsc_calibrate();
	if (tsc_hz)
		choose("tsc", NULL, tsc_hz);
	else if (!clock_fall_back())
		panic("No clock: the TSC is none, and there is no other");
	timer_calibrate();
	time_arch_init_cpu();
}

void arch_delay_ns(u64 ns)
{
	nsec_t start = arch_clock_read();
	u64 cycles;

	if (scale) {
		while ((u64)(arch_clock_read() - start) < ns)
			cpu_relax();
		return;
	}
	cycles = arch_cycles();
	while (arch_cycles() - cycles < ns * GUESSED_CYCLES_PER_NS)
		cpu_relax();
}
