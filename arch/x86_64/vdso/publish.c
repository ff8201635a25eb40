/*
 * The kernel's side of the vDSO's data page.
 */
#include <arch/vdso.h>
#include <arch_x86/time.h>
#include <arch_x86/vdso_data.h>
#include <kernel/atomic.h>

void arch_vdso_publish(void *data_page, nsec_t realtime_offset)
{
	vdso_data_t *d = data_page;
	u64 base = 0, multiplier = 0;
	nsec_t offset = 0;
	bool usable = tsc_clock_params(&base, &multiplier, &offset);

	WRITE_ONCE(d->sequence, d->sequence + 1);
	smp_wmb();
	WRITE_ONCE(d->usable, usable);
	WRITE_ONCE(d->tsc_base, base);
	WRITE_ONCE(d->multiplier, multiplier);
	WRITE_ONCE(d->offset, offset);
	WRITE_ONCE(d->realtime, realtime_offset);
	smp_store_release(&d->sequence, d->sequence + 1);
}
