/*
 * The kernel's side of the vDSO's data page.
 */
#include <arch/vdso.h>
#include <arch_x86/time.h>
#include <arch_x86/vdso_data.h>
#include <kernel/atomic.h>
#include <uapi/time.h>

void arch_vdso_withdraw(void *data_page)
{
	vdso_data_t *d = data_page;

	WRITE_ONCE(d->sequence, d->sequence | 1);
	smp_mb();
}

void arch_vdso_publish(void *data_page, nsec_t realtime_offset)
{
	vdso_data_t *d = data_page;
	tsc_params_t params = { 0 };
	bool usable = tsc_clock_params(&params);

	arch_vdso_withdraw(data_page);
	WRITE_ONCE(d->tsc_base, params.base);
	WRITE_ONCE(d->multiplier, params.mult);
	WRITE_ONCE(d->raw_multiplier, params.raw_mult);
	for (u32 i = 0; i < VDSO_CLOCKS; i++)
		WRITE_ONCE(d->base[i], params.offset);
	WRITE_ONCE(d->base[CLOCK_MONOTONIC_RAW], params.raw);
	WRITE_ONCE(d->base[CLOCK_REALTIME], params.offset + realtime_offset);
	WRITE_ONCE(d->base[CLOCK_REALTIME_COARSE], params.offset + realtime_offset);
	if (usable)
		smp_store_release(&d->sequence, d->sequence + 1);
}
