/*
 * Choice and calibration of counters. Boot CPU: time_arch_init() once the LAPIC and ACPI tables are
 * there (before, arch_clock_read answers 0); each further CPU:
 * time_arch_init_cpu(); then tsc_check_sync() once, when all CPUs are online.
 */
#ifndef ARCH_X86_TIME_H
#define ARCH_X86_TIME_H

#include <kernel/types.h>

void time_arch_init(void);
void time_arch_init_cpu(void);
/*
 * Compares the TSCs of all online CPUs; falls back to HPET or PIT when they differ. Interrupts on.
 */
void tsc_check_sync(void);

/* Reference counters (arch/x86_64/time/{hpet,pit}.c). */
bool hpet_init(phys_addr_t base);
u64 hpet_read(void);		/* monotonic, extended to 64 bits */
u64 hpet_frequency(void);	/* Hz */
void pit_stopwatch_start(void); /* channel 2; counts of PIT_HZ, for 54 ms */
u64 pit_stopwatch_read(void);
bool pit_stopwatch_expired(void); /* 54 ms are over: what is read has lost a turn */
void pit_start_clock(void);	  /* periodic channel 0, for the last-resort clock */
u64 pit_clock_read(void);	  /* counts of PIT_HZ since then */
#define PIT_HZ 1193182u

/*
 * For the vDSO: ns = offset + ((tsc - base) * mult >> 32), and by the TSC's own rate raw + ((tsc -
 * base) * raw_mult >> 32). False when the clock is not the TSC. Nobody steers meanwhile.
 */
typedef struct tsc_params {
	u64 base, mult, raw_mult;
	nsec_t offset, raw;
} tsc_params_t;
bool tsc_clock_params(tsc_params_t *params);

#endif
