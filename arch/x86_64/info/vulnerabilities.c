/*
 * What this kernel does against the leaks of speculation that CPUs are known for, as the files of
 * /sys/devices/system/cpu/vulnerabilities say it (Linux, ABI/testing/sysfs-devices-system-cpu).
 *
 * Whether a CPU has a weakness is what it says itself (Intel, "Speculative Execution Side Channel
 * Mitigations", IA32_ARCH_CAPABILITIES; AMD, "Speculative Store Bypass Disable") and else what its
 * maker's lists say of the family. Page table isolation is the one protection there is: all other
 * weaknesses are open.
 */
#include <arch/cpuinfo.h>
#include <arch_x86/features.h>
#include <arch_x86/instructions.h>
#include <arch_x86/pti.h>
#include <kernel/lib/string.h>

#define CPUID_EXTENDED_FEATURES 7
#define CPUID7_EDX_ARCH_CAPABILITIES BIT(29)
#define CPUID7_EBX_RTM BIT(11)
#define CPUID_MAX_EXTENDED 0x80000000
#define CPUID_EXTENDED_SIZES 0x80000008
#define CPUID_SIZES_EBX_SSB_NO BIT(26)
/* IA32_ARCH_CAPABILITIES: "the CPU does not have it". */
#define RDCL_NO BIT(0)
#define SSB_NO BIT(4)
#define MDS_NO BIT(5)
#define PSCHANGE_MC_NO BIT(6)
#define TAA_NO BIT(8)
#define MMIO_NO (BIT(13) | BIT(14) | BIT(15)) /* SBDR_SSDP_NO, FBSDP_NO, PSDP_NO */

static bool intel(void)
{
	return !strcmp(cpu_identity.vendor, "GenuineIntel") && cpu_identity.family == 6;
}

/* An Intel CPU that does not deny the weakness. */
static bool intel_without(u64 denial)
{
	u32 a, b, c, d;

	if (!intel())
		return false;
	cpuid(0, 0, &a, &b, &c, &d);
	if (a < CPUID_EXTENDED_FEATURES)
		return true;
	cpuid(CPUID_EXTENDED_FEATURES, 0, &a, &b, &c, &d);
	return !(d & CPUID7_EDX_ARCH_CAPABILITIES) ||
	       (rdmsr(MSR_ARCH_CAPABILITIES) & denial) != denial;
}

static bool intel_model(const u8 *models, u32 count)
{
	if (!intel())
		return false;
	for (u32 i = 0; i < count; i++)
		if (cpu_identity.model == models[i])
			return true;
	return false;
}

static bool has_itlb_multihit(void)
{
	return intel_without(PSCHANGE_MC_NO);
}

static bool has_meltdown(void)
{
	return cpu_has(CPU_MELTDOWN);
}

static bool has_mds(void)
{
	return intel_without(MDS_NO);
}

static bool has_mmio_stale_data(void)
{
	return intel_without(MMIO_NO);
}

/* Intel's Skylake and its descendants, AMD's families 15h to 17h: CVE-2022-29900 and -29901. */
static bool has_retbleed(void)
{
	static const u8 models[] = { 0x4e, 0x55, 0x5e, 0x66, 0x8e, 0x9e, 0xa5, 0xa6, 0xa7 };

	if (!strcmp(cpu_identity.vendor, "AuthenticAMD"))
		return cpu_identity.family >= 0x15 && cpu_identity.family <= 0x17;
	return intel_model(models, ARRAY_SIZE(models));
}

/* Of AMD's the families from 15h on, unless they deny it. */
static bool has_store_bypass(void)
{
	u32 a, b, c, d;

	if (intel())
		return intel_without(SSB_NO);
	if (!strcmp(cpu_identity.vendor, "AuthenticAMD") && cpu_identity.family < 0x15)
		return false;
	cpuid(CPUID_MAX_EXTENDED, 0, &a, &b, &c, &d);
	if (a < CPUID_EXTENDED_SIZES)
		return true;
	cpuid(CPUID_EXTENDED_SIZES, 0, &a, &b, &c, &d);
	return !(b & CPUID_SIZES_EBX_SSB_NO);
}

static bool always(void)
{
	return true;
}

/* Ivy Bridge to Comet Lake: Intel, "Special Register Buffer Data Sampling", affected processors. */
static bool has_srbds(void)
{
	static const u8 models[] = { 0x3a, 0x3c, 0x3d, 0x45, 0x46, 0x47,
				     0x4e, 0x5e, 0x8e, 0x9e, 0xa5, 0xa6 };

	return cpu_has(CPU_RDRAND) && intel_model(models, ARRAY_SIZE(models));
}

static bool has_tsx_abort(void)
{
	return cpu_feature_words[2] & CPUID7_EBX_RTM && intel_without(TAA_NO);
}

static const struct {
	const char *name;
	bool (*present)(void);
} weaknesses[] = {
	{ "itlb_multihit", has_itlb_multihit },
	{ "l1tf", has_meltdown }, /* RDCL_NO denies both */
	{ "mds", has_mds },
	{ "meltdown", has_meltdown },
	{ "mmio_stale_data", has_mmio_stale_data },
	{ "retbleed", has_retbleed },
	{ "spec_store_bypass", has_store_bypass },
	{ "spectre_v1", always },
	{ "spectre_v2", always },
	{ "srbds", has_srbds },
	{ "tsx_async_abort", has_tsx_abort },
};

const char *arch_vulnerability(u32 index, const char **state)
{
	if (index >= ARRAY_SIZE(weaknesses))
		return NULL;
	if (!weaknesses[index].present())
		*state = "Not affected";
	else if (!strcmp(weaknesses[index].name, "meltdown") && mmu_two_roots)
		*state = "Mitigation: PTI";
	else
		*state = "Vulnerable";
	return weaknesses[index].name;
}

bool arch_vulnerable(const char *name)
{
	const char *each, *state;

	for (u32 i = 0; (each = arch_vulnerability(i, &state)) != NULL; i++)
		if (!strcmp(each, name))
			return !strcmp(state, "Vulnerable");
	return false;
}
