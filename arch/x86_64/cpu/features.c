/*
 * What the CPU can do, and turning it on.
 */
#include <arch/cpu.h>
#include <arch_x86/features.h>

#include <arch_x86/instructions.h>
#include <kernel/lib/string.h>

u64 cpu_feature_bits __ro_after_init;
cpu_identity_t cpu_identity __ro_after_init;
u32 cpu_feature_words[7] __ro_after_init;

#define CPUID7_EDX_ARCH_CAPABILITIES BIT(29)
#define ARCH_CAPABILITIES_RDCL_NO BIT(0)

typedef struct leaf {
	u32 a, b, c, d;
} leaf_t;

static leaf_t cpuid_leaf(u32 leaf, u32 sub)
{
	leaf_t r;

	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(sub));
	return r;
}

/*
 * Intel's CPUs of family 6, unless they say that they do not (Intel, "Speculative Execution Side
 * Channel Mitigations", IA32_ARCH_CAPABILITIES.RDCL_NO).
 */
static bool has_meltdown(u32 seven_d)
{
	if (strcmp(cpu_identity.vendor, "GenuineIntel") || cpu_identity.family != 6)
		return false;
	return !(seven_d & CPUID7_EDX_ARCH_CAPABILITIES) ||
	       !(rdmsr(MSR_ARCH_CAPABILITIES) & ARCH_CAPABILITIES_RDCL_NO);
}

/*
 * Alder Lake, Raptor Lake and their small kin: with PCIDs in use INVLPG may leave global entries
 * (Intel, specification updates of the 12th and 13th generation Core). Newer microcode mends it.
 */
static __init bool invlpg_misses_global(void)
{
	static u8 models[] __initdata = { 0x97, 0x9a, 0xb7, 0xba, 0xbe, 0xbf };

	if (strcmp(cpu_identity.vendor, "GenuineIntel") || cpu_identity.family != 6)
		return false;
	for (u32 i = 0; i < sizeof(models); i++)
		if (cpu_identity.model == models[i])
			return true;
	return false;
}

static void note(cpu_feature_t f, bool have)
{
	if (have)
		cpu_feature_bits |= 1UL << f;
}

static void identify(leaf_t zero, leaf_t one, u32 max_extended)
{
	u32 family = (one.a >> 8) & 15, model = (one.a >> 4) & 15;

	memcpy(cpu_identity.vendor, &zero.b, 4);
	memcpy(cpu_identity.vendor + 4, &zero.d, 4);
	memcpy(cpu_identity.vendor + 8, &zero.c, 4);
	if (family == 6 || family == 15)
		model |= (one.a >> 12) & 0xf0;
	if (family == 15)
		family += (one.a >> 20) & 0xff;
	cpu_identity.family = family;
	cpu_identity.model = model;
	cpu_identity.stepping = one.a & 15;
	cpu_identity.hwcap = one.d;
	if (max_extended >= 0x80000004)
		for (u32 i = 0; i < 3; i++) {
			leaf_t part = cpuid_leaf(0x80000002 + i, 0);

			memcpy(cpu_identity.model_name + 16 * i, &part, 16);
		}
	if (max_extended >= 0x80000006)
		cpu_identity.cache_kib = cpuid_leaf(0x80000006, 0).c >> 16;
	cpu_identity.phys_bits = 36;
	cpu_identity.virt_bits = 48;
	if (max_extended >= 0x80000008) {
		leaf_t r = cpuid_leaf(0x80000008, 0);

		cpu_identity.phys_bits = r.a & 0xff;
		cpu_identity.virt_bits = (r.a >> 8) & 0xff;
	}
}

__init void cpu_detect(void)
{
	leaf_t zero = cpuid_leaf(0, 0), one = cpuid_leaf(1, 0), seven = { 0 }, xsave = { 0 };
	u32 max_extended = cpuid_leaf(0x80000000, 0).a;
	leaf_t extended = cpuid_leaf(0x80000001, 0), power = { 0 };

	if (zero.a >= 7)
		seven = cpuid_leaf(7, 0);
	if (zero.a >= 13)
		xsave = cpuid_leaf(13, 1);
	if (max_extended >= 0x80000007)
		power = cpuid_leaf(0x80000007, 0);
	identify(zero, one, max_extended);
	note(CPU_SMEP, seven.b & BIT(7));
	note(CPU_SMAP, seven.b & BIT(20));
	note(CPU_UMIP, seven.c & BIT(2));
	note(CPU_FSGSBASE, seven.b & BIT(0));
	note(CPU_ERMS, seven.b & BIT(9));
	note(CPU_INVPCID, seven.b & BIT(10));
	note(CPU_RDSEED, seven.b & BIT(18));
	note(CPU_PCID, (one.c & BIT(17)) && !invlpg_misses_global());
	note(CPU_PGE, one.d & BIT(13));
	note(CPU_X2APIC, one.c & BIT(21));
	note(CPU_TSC_DEADLINE, one.c & BIT(24));
	note(CPU_XSAVE, one.c & BIT(26));
	note(CPU_RDRAND, one.c & BIT(30));
	note(CPU_HYPERVISOR, one.c & BIT(31));
	note(CPU_GIANT_PAGES, extended.d & BIT(26));
	note(CPU_RDTSCP, extended.d & BIT(27));
	note(CPU_INVARIANT_TSC, power.d & BIT(8));
	note(CPU_XSAVEOPT, (one.c & BIT(26)) && (xsave.a & BIT(0)));
	note(CPU_XSAVES, (one.c & BIT(26)) && (xsave.a & BIT(3)));
	cpu_feature_words[0] = one.d;
	cpu_feature_words[1] = one.c;
	cpu_feature_words[2] = seven.b;
	cpu_feature_words[3] = seven.c;
	cpu_feature_words[4] = extended.d;
	cpu_feature_words[5] = extended.c;
	cpu_feature_words[6] = xsave.a;
	note(CPU_MELTDOWN, has_meltdown(seven.d));
}

__init u32 arch_apic_id(void)
{
	if (cpuid_leaf(0, 0).a >= 11 && cpuid_leaf(11, 0).b)
		return cpuid_leaf(11, 0).d;
	return cpuid_leaf(1, 0).b >> 24;
}

#define CR4_PGE BIT(7)
#define CR4_UMIP BIT(11)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

bool arch_is_guest(void)
{
	return cpu_has(CPU_HYPERVISOR);
}

/*
 * Memory types by PWT, PCD, PAT bits of an entry (Intel SDM 3A 11.12): as after reset, but
 * write-combining (1) instead of write-through where PWT alone is set, which nothing else uses.
 */
#define MSR_PAT 0x277
#define MEMORY_TYPES 0x0007040600070106UL

__init void cpu_init_control(void)
{
	u64 cr4;

	wrmsr(MSR_PAT, MEMORY_TYPES);

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	cr4 |= cpu_has(CPU_PGE) ? CR4_PGE : 0;
	cr4 |= cpu_has(CPU_UMIP) ? CR4_UMIP : 0;
	cr4 |= cpu_has(CPU_FSGSBASE) ? CR4_FSGSBASE : 0;
	cr4 |= cpu_has(CPU_SMEP) ? CR4_SMEP : 0;
	cr4 |= cpu_has(CPU_SMAP) ? CR4_SMAP : 0;
	/*
	 * May only be set while CR3 bits 11-0 are clear, as they are at boot (Intel SDM 3A 4.10.1).
	 */
	cr4 |= cpu_has(CPU_PCID) ? CR4_PCIDE : 0;
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
}
