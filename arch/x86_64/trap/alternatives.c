/*
 * Puts in place what depends on the CPU, once, while the kernel's text can still be written and the
 * other CPUs do not run.
 */
#include <arch_x86/alternatives.h>
#include <arch_x86/features.h>
#include <arch_x86/traps.h>
#include <kernel/lib/string.h>

typedef struct alternative {
	s32 site; /* relative to this field */
	u8 feature, size;
	u8 code[6];
} alternative_t;
_Static_assert(sizeof(alternative_t) == 12, "alternative: macros.inc writes it");

extern const alternative_t altinstr_start[], altinstr_end[]; /* from the linker */

__init void alternatives_apply(void)
{
	for (const alternative_t *a = altinstr_start; a < altinstr_end; a++)
		if (a->feature == ALT_SMAP ? cpu_has(CPU_SMAP) : cpu_has(CPU_ERMS))
			memcpy((char *)&a->site + a->site, a->code, a->size);
	__asm__ volatile("cpuid" ::"a"(0), "c"(0) : "ebx", "edx", "memory"); /* serialises */
}
