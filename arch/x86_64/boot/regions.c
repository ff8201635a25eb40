/*
 * Firmware memory maps come unsorted and may overlap; this makes them sorted and disjoint.
 */
#include "boot_internal.h"

#include <kernel/compiler.h>

/* Where two regions overlap the one that promises less wins. */
static __init u32 rank(boot_region_type_t type)
{
	switch (type) {
	case BOOT_RAM:
		return 0;
	case BOOT_ACPI:
		return 1;
	case BOOT_NVS:
		return 2;
	case BOOT_RESERVED:
		return 3;
	default:
		return 4;
	}
}

/*
 * Sweeps over all region borders: between two neighbouring borders the strongest region that covers
 * the stretch decides its type. Quadratic in at most 256 regions, once.
 */
__init void boot_regions_normalise(boot_info_t *info, u64 mem_limit)
{
	static boot_region_t in[BOOT_MAX_REGIONS] __initbss;
	u32 n = info->region_count, out = 0;
	phys_addr_t at = 0;

	for (u32 i = 0; i < n; i++) {
		in[i] = info->regions[i];
		if (in[i].type == BOOT_RAM && mem_limit && in[i].end > mem_limit)
			in[i].end = MAX(in[i].start, mem_limit);
	}
	for (;;) {
		phys_addr_t next = ~0UL;
		const boot_region_t *best = NULL;

		for (u32 i = 0; i < n; i++) {
			if (in[i].start >= in[i].end)
				continue;
			if (in[i].start > at)
				next = MIN(next, in[i].start);
			else if (in[i].end > at) {
				next = MIN(next, in[i].end);
				if (!best || rank(in[i].type) > rank(best->type))
					best = &in[i];
			}
		}
		if (next == ~0UL)
			break;
		if (best) {
			boot_region_t *last = out ? &info->regions[out - 1] : NULL;

			if (last && last->end == at && last->type == best->type)
				last->end = next;
			else if (out < BOOT_MAX_REGIONS)
				info->regions[out++] = (boot_region_t){ at, next, best->type };
		}
		at = next;
	}
	info->region_count = out;
}
