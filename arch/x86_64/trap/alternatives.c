/*
 * Puts in place what depends on the CPU, once, before the other CPUs run. The text is mapped
 * read-only from the first: write protection is off for these few stores (Intel SDM 3A 4.6.1).
 */
#include <arch_x86/alternatives.h>
#include <arch/mmu.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/traps.h>
#include <kernel/lib/string.h>

typedef struct alternative {
	s32 site; /* relative to this field */
	u8 feature, size;
	u8 code[6];
} alternative_t;
_Static_assert(sizeof(alternative_t) == 12, "alternative: macros.inc writes it");

extern const alternative_t altinstr_start[], altinstr_end[]; /* from the linker */

static __init bool wanted(u8 feature)
{
	switch (feature) {
	case ALT_SMAP:
		return cpu_has(CPU_SMAP);
	case ALT_ERMS:
		return cpu_has(CPU_ERMS);
	case ALT_PTI:
		return mmu_two_roots;
	case ALT_PCID:
		return cpu_has(CPU_PCID);
	case ALT_XSAVE:
		return cpu_has(CPU_XSAVE);
	case ALT_XSAVEOPT:
		return cpu_has(CPU_XSAVEOPT);
	case ALT_XSAVES:
		return fpu_layout.compact;
	}
	return false;
}

__init void alternatives_apply(void)
{
	u64 cr0 = read_cr0();

	write_cr0(cr0 & ~CR0_WP);
	for (const alternative_t *a = altinstr_start; a < altinstr_end; a++)
		if (wanted(a->feature))
			memcpy((char *)&a->site + a->site, a->code, a->size);
	write_cr0(cr0); /* serialises, too */
}
