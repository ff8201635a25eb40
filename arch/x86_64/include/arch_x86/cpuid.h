/*
 * CPUID, where it tells about caches and topology (Intel SDM 2A, CPUID; AMD APM 3, appendix E).
 */
#ifndef ARCH_X86_CPUID_H
#define ARCH_X86_CPUID_H

#include <arch_x86/features.h>
#include <arch_x86/instructions.h>

#define CPUID_EXTENDED_MAX 0x80000000
#define CPUID_AMD_CORES 0x80000008
#define CPUID_WORD_AMD_ECX 5 /* cpu_feature_words: 0x80000001, ECX */

typedef struct cpuid_regs {
	u32 a, b, c, d;
} cpuid_regs_t;

static inline cpuid_regs_t cpuid_leaf(u32 number, u32 sub)
{
	cpuid_regs_t r;

	cpuid(number, sub, &r.a, &r.b, &r.c, &r.d);
	return r;
}

/* Bits that tell n things apart. */
static inline u32 cpuid_bits_for(u32 n)
{
	return n > 1 ? 32 - (u32)__builtin_clz(n - 1) : 0;
}

/* AMD's topology extensions (APM 3, E.4.15 and E.4.16). */
static inline bool cpuid_topology_extensions(void)
{
	return cpu_feature_words[CPUID_WORD_AMD_ECX] & BIT(22);
}

/* AMD: low bits of hardware ids that CPUs of one package may differ in. */
static inline u32 cpuid_amd_package_bits(u32 max_extended)
{
	u32 c = max_extended >= CPUID_AMD_CORES ? cpuid_leaf(CPUID_AMD_CORES, 0).c : 0;
	u32 bits = (c >> 12) & 15;

	return bits ? bits : cpuid_bits_for((c & 0xff) + 1);
}

#endif
