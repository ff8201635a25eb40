/*
 * The kernel's side of the vDSO's data page.
 */
#include <arch/vdso.h>
#include <arch_x86/time.h>
#include <arch_x86/vdso_data.h>
#include <kernel/atomic.h>
#include <uapi/time.h>

void arch_vdso_publish(void *data_page, nsec_t realtime_offset)
{
	vdso_data_t *d = data_page;
	u64 base = 0, multiplier = 0;
	nsec_t offset = 0;
	bool usable = tsc_clock_params(&base, &multiplier, &offset);
	u32 writing = d->sequence | 1;

	WRITE_ONCE(d->sequence, writing);
	smp_wmb();
	WRITE_ONCE(d->tsc_base, base);
	WRITE_ONCE(d->multiplier, multiplier);
	for (u32 i = 0; i < VDSO_CLOCKS; i++)
		WRITE_ONCE(d->base[i], offset);
	WRITE_ONCE(d->base[CLOCK_REALTIME], offset + realtime_offset);
	WRITE_ONCE(d->base[CLOCK_REALTIME_COARSE], offset + realtime_offset);
	if (usable)
		smp_store_release(&d->sequence, writing + 1);
}
