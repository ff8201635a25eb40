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
 * The counter's own rate never changes; what programs that discipline the clock add to it stands in
 * the scale. A writer keeps readers out while it makes the next scale and begins it at the time that
 * the one before had reached: nobody sees time go back. An interrupt that cannot be kept out (NMI)
 * on the writer's CPU reads the scale before.
 */
#include <arch/percpu.h>
#include <arch/time.h>
#include <arch_x86/instructions.h>
#include <arch_x86/smp.h>
#include <arch_x86/time.h>
#include <arch_x86/time_internal.h>
#include <drivers/acpi.h>
#include <kernel/atomic.h>
#include <kernel/panic.h>
#include <kernel/printk.h>

#define GUESSED_CYCLES_PER_NS 4 /* for delays before calibration: too long on slower CPUs */

#define FAR_FUTURE (1L << 58) /* nanoseconds: nine years, times any rate below 64 bits */

typedef struct clock_source {
	u64 (*read)(void); /* NULL: the TSC */
	const char *name;
	u64 mult;    /* nanoseconds per count, 32 fractional bits */
	u64 inverse; /* counts per nanosecond, likewise */
} clock_source_t;

typedef struct clock_scale {
	u64 base;	    /* counter value at the times `offset` and `raw` */
	u64 mult, inverse;  /* the source's, and what the clock gains */
	nsec_t offset, raw; /* raw: by the source's own rate */
} clock_scale_t;

static clock_source_t sources[2] __ro_after_init;    /* first choice, fallback */
static const clock_source_t *source __ro_after_init; /* NULL: not chosen yet */

/* Odd while a writer is at work. Half of it, modulo 2: which of the scales holds. */
static u32 sequence;
static u32 writer; /* its CPU, while sequence is odd */
static clock_scale_t scales[2];
static bool steered; /* the writers': as arch_clock_steer was told last */

static u64 counter(void)
{
	const clock_source_t *s = source;

	return s && s->read ? s->read() : arch_cycles();
}

static nsec_t scaled(u64 base, u64 mult)
{
	s64 delta = (s64)(counter() - base);

	/*
	 * A CPU's TSC may lag the base by what the sync check cannot see; time does not go below
	 * it.
	 */
	if (unlikely(delta < 0))
		return 0;
	return (nsec_t)(((unsigned __int128)(u64)delta * mult) >> 32);
}

/* The scale that holds; read_done() says whether what was read from it may be used. */
static inline const clock_scale_t *read_begin(u32 *seq)
{
	for (;;) {
		*seq = smp_load_acquire(&sequence);
		if (likely(!(*seq & 1)) || READ_ONCE(writer) == this_cpu())
			return &scales[*seq / 2 & 1];
		cpu_relax();
	}
}

static inline bool read_done(u32 seq)
{
	smp_rmb();
	return likely(READ_ONCE(sequence) == seq);
}

/* The other scale, for the caller to fill. Interrupts off; writers exclude each other. */
static clock_scale_t *write_begin(void)
{
	WRITE_ONCE(writer, this_cpu());
	WRITE_ONCE(sequence, sequence + 1);
	smp_mb();
	return &scales[(sequence / 2 + 1) & 1];
}

static void write_end(void)
{
	smp_store_release(&sequence, sequence + 1);
}

nsec_t arch_clock_read(void)
{
	const clock_scale_t *s;
	nsec_t now;
	u32 seq;

	do {
		s = read_begin(&seq);
		now = s->offset + scaled(s->base, s->mult);
	} while (!read_done(seq));
	return now;
}

nsec_t arch_clock_read_raw(void)
{
	const clock_scale_t *s;
	nsec_t now;
	u32 seq;

	if (!source)
		return 0;
	do {
		s = read_begin(&seq);
		now = s->raw + scaled(s->base, source->mult);
	} while (!read_done(seq));
	return now;
}

const char *arch_clock_name(void)
{
	return source ? source->name : "none";
}

bool tsc_clock_params(tsc_params_t *params)
{
	const clock_scale_t *s = &scales[sequence / 2 & 1];

	if (!clock_is_tsc())
		return false;
	*params = (tsc_params_t){ s->base, s->mult, source->mult, s->offset, s->raw };
	return true;
}

bool clock_is_tsc(void)
{
	return source && !source->read;
}

u64 clock_ns_to_tsc(nsec_t when)
{
	const clock_scale_t *s;
	u32 seq;
	u64 tsc;

	do {
		s = read_begin(&seq);
		u64 ns = when > s->offset ? (u64)MIN(when - s->offset, FAR_FUTURE) : 0;

		tsc = s->base + (u64)((unsigned __int128)ns * s->inverse >> 32);
	} while (!read_done(seq));
	return tsc;
}

bool clock_is_steered(void)
{
	return READ_ONCE(steered);
}

void arch_clock_steer(s64 per_second, bool more)
{
	/* The share of the rate, 62 fractional bits. */
	u64 share =
		mul_div((u64)(per_second < 0 ? -per_second : per_second), 1UL << 30, NSEC_PER_SEC);
	u64 part = (u64)((unsigned __int128)source->mult * share >> 62);
	const clock_scale_t *old = &scales[sequence / 2 & 1];
	clock_scale_t *s = write_begin();
	u64 mult = per_second < 0 ? source->mult - part : source->mult + part, now = counter();
	u64 delta = MAX((s64)(now - old->base), 0l);

	WRITE_ONCE(steered, per_second || more);
	*s = (clock_scale_t){
		.base = old->base + delta,
		.mult = mult,
		.inverse = mul_div(source->inverse, source->mult, mult),
		.offset = old->offset + (nsec_t)((unsigned __int128)delta * old->mult >> 32),
		.raw = old->raw + (nsec_t)((unsigned __int128)delta * source->mult >> 32),
	};
	write_end();
}

/* Goes on from the time that the source before has reached. */
static __init void choose(const char *name, u64 (*read)(void), u64 hz)
{
	clock_source_t *next = &sources[source != NULL];
	unsigned long flags = arch_irq_save();
	nsec_t now = arch_clock_read();
	clock_scale_t *s = write_begin();

	*next = (clock_source_t){
		.read = read,
		.name = name,
		.mult = ((u64)NSEC_PER_SEC << 32) / hz,
		.inverse = mul_div(hz, 1UL << 32, NSEC_PER_SEC),
	};
	source = next;
	*s = (clock_scale_t){ counter(), next->mult, next->inverse, now, now };
	write_end();
	arch_irq_restore(flags);
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

	if (source) {
		while ((u64)(arch_clock_read() - start) < ns)
			cpu_relax();
		return;
	}
	cycles = arch_cycles();
	while (arch_cycles() - cycles < ns * GUESSED_CYCLES_PER_NS)
		cpu_relax();
}
