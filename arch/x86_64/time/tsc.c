/*
 * The time stamp counter: its rate, and whether all CPUs read the same (Intel SDM 3B 17.17).
 *
 * Where neither CPUID nor "tsc_early_khz=" gives the rate it is measured: by a whole second of the
 * battery-backed clock on virtual machines that have neither HPET nor PIT, else against one of
 * these. So it is where the rate in CPUID is far from what a glance at them says: an emulator names
 * the CPU that it imitates, and counts as it likes (Bochs).
 *
 * The first AGREEING_ROUNDS rounds that agree within one in ROUND_TOLERANCE do; of
 * CALIBRATION_ROUNDS the fastest and the slowest may be out of line. Frequency scaling, halting
 * C-states and unsteady emulation fail that; one disturbed round does not matter.
 */
#include <arch/cpu.h>
#include <arch/time.h>
#include <arch_x86/instructions.h>
#include <arch_x86/time.h>
#include <arch_x86/time_internal.h>
#include <kernel/atomic.h>
#include <kernel/boot.h>
#include <kernel/panic.h>
#include <kernel/printk.h>

#define CALIBRATION_ROUNDS 5
#define AGREEING_ROUNDS 3
#define LOST_ROUNDS_MAX 20
#define ROUND_US 10000
#define GLANCE_US 1000
#define GLANCE_TOLERANCE 8
#define ROUND_TOLERANCE 1000
#define SAMPLE_TRIES 8
#define SYNC_ROUNDS 2000
#define SYNC_MEET_CYCLES (1UL << 32) /* about a second: CPUs that do not come are not waited for */

static u64 tsc_hz;

u64 arch_cycles_per_msec(void)
{
	return tsc_hz / 1000;
}

/*
 * CPUID 15H gives crystal and ratio; some CPUs leave the crystal out, then 16H gives MHz (SDM 2A).
 */
static __init u64 rate_from_cpuid(void)
{
	u32 max, denominator, numerator, crystal, b, c, d;

	cpuid(0, 0, &max, &b, &c, &d);
	if (max < 0x15)
		return 0;
	cpuid(0x15, 0, &denominator, &numerator, &crystal, &d);
	if (!denominator || !numerator)
		return 0;
	if (crystal)
		return (u64)crystal * numerator / denominator;
	if (max < 0x16)
		return 0;
	cpuid(0x16, 0, &denominator, &b, &c, &d);
	return (denominator & 0xffff) * 1000000UL;
}

typedef struct sample {
	u64 tsc, reference;
} sample_t;

/* Both counters at one moment: the pair whose reading took least time. */
static __init sample_t take_sample(u64 (*read)(void))
{
	sample_t best = { 0 };
	u64 least = UINT64_MAX;

	for (int i = 0; i < SAMPLE_TRIES; i++) {
		u64 before = arch_cycles(), reference = read(), after = arch_cycles();

		if (after - before < least) {
			least = after - before;
			best = (sample_t){ before + least / 2, reference };
		}
	}
	return best;
}

/* 0: the PIT's turn was over before the round was, as happens on a host that has much else to do. */
static __init u64 measure_round(u32 us)
{
	bool hpet = hpet_frequency() != 0;
	u64 (*read)(void) = hpet ? hpet_read : pit_stopwatch_read;
	u64 hz = hpet ? hpet_frequency() : PIT_HZ;
	sample_t start, end;

	if (!hpet)
		pit_stopwatch_start();
	start = take_sample(read);
	do
		end = take_sample(read);
	while (end.reference - start.reference < hz * us / 1000000);
	if (!hpet && pit_stopwatch_expired())
		return 0;
	return mul_div(end.tsc - start.tsc, hz, end.reference - start.reference);
}

static __init bool has_stopwatch(void)
{
	return hpet_frequency() || pit_present();
}

/* Is a rate, with no more said against it than one short round can say? */
static __init bool plausible(u64 hz)
{
	u64 measured = has_stopwatch() ? measure_round(GLANCE_US) : 0;

	if (!measured)
		return true;
	if (hz - hz / GLANCE_TOLERANCE < measured && measured < hz + hz / GLANCE_TOLERANCE)
		return true;
	pr_warn("TSC: %lu kHz by CPUID, about %lu kHz in fact\n", hz / 1000, measured / 1000);
	return false;
}

static __init u64 rate_from_date(void)
{
	u64 start;

	if (!rtc_present())
		panic("No clock: this machine has no HPET, PIT or RTC; tsc_early_khz= is missing");
	start = rtc_wait_second();
	return rtc_wait_second() - start;
}

__init u64 tsc_calibrate(void)
{
	u64 rates[CALIBRATION_ROUNDS], low, high;
	u32 rounds, spare;

	tsc_hz = cmdline_get_size("tsc_early_khz", 0) * 1000;
	if (!tsc_hz) {
		tsc_hz = rate_from_cpuid();
		if (tsc_hz && !plausible(tsc_hz))
			tsc_hz = 0;
	}
	if (!tsc_hz && !has_stopwatch())
		tsc_hz = rate_from_date();
	if (tsc_hz)
		return tsc_hz;
	for (rounds = 1; rounds <= CALIBRATION_ROUNDS; rounds++) {
		u64 rate = measure_round(ROUND_US);
		u32 i = rounds - 1;

		for (u32 lost = 0; !rate && lost < LOST_ROUNDS_MAX; lost++)
			rate = measure_round(ROUND_US);
		for (; i > 0 && rates[i - 1] > rate; i--) /* sorted as they come */
			rates[i] = rates[i - 1];
		rates[i] = rate;
		if (rounds < AGREEING_ROUNDS)
			continue;
		spare = (rounds - AGREEING_ROUNDS) / 2;
		low = rates[spare];
		high = rates[rounds - 1 - spare];
		tsc_hz = rates[rounds / 2];
		if (high - low <= low / ROUND_TOLERANCE)
			return tsc_hz;
	}
	pr_warn("TSC: calibration rounds from %lu to %lu kHz: not a clock\n", low / 1000,
		high / 1000);
	return 0;
}

/* Shared by all CPUs during the check. */
static struct {
	u32 lock;    /* atomic */
	u32 arrived; /* atomic */
	u64 last;    /* lock: greatest value that anyone has read */
	u64 worst;   /* lock: how far anyone was behind it */
} sync;

static void sync_check(void *arg)
{
	u64 start = arch_cycles();

	__atomic_fetch_add(&sync.arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&sync.arrived, __ATOMIC_SEQ_CST) < cpu_count &&
	       arch_cycles() - start < SYNC_MEET_CYCLES)
		cpu_relax();
	for (int i = 0; i < SYNC_ROUNDS; i++) {
		u64 now;

		while (__atomic_exchange_n(&sync.lock, 1, __ATOMIC_ACQUIRE))
			cpu_relax();
		__asm__ volatile("lfence" ::: "memory"); /* RDTSC may run ahead of the lock */
		now = arch_cycles();
		if (now < sync.last)
			sync.worst = MAX(sync.worst, sync.last - now);
		else
			sync.last = now;
		__atomic_store_n(&sync.lock, 0, __ATOMIC_RELEASE);
	}
}

__init void tsc_check_sync(void)
{
	if (cpu_count == 1 || !clock_is_tsc())
		return;
	smp_call_all(sync_check, NULL);
	if (!sync.worst)
		return;
	pr_warn("TSC: %lu cycles apart between CPUs: not a clock\n", sync.worst);
	if (!clock_fall_back())
		return;
	timer_leave_deadline_mode();
}
