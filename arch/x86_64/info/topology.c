/*
 * Which CPUs are threads of one core and cores of one package. Both are told by bits of the APIC id: the
 * lowest count threads, those above them cores, the rest packages. How many there are of each: leaf 0x0B
 * (Intel SDM 2A, CPUID; AMD's with topology extensions, APM 3, E.3.8 and E.4.16), else what
 * older CPUs have (SDM 3A 9.9.3; APM 3, E.4.7). All CPUs are taken to be alike.
 */
#include <arch/cpuinfo.h>

#include <arch_x86/cpuid.h>
#include <arch_x86/features.h>
#include <arch_x86/lapic.h>
#include <kernel/lib/string.h>

#define LEAF_FEATURES 1
#define LEAF_INTEL_CORES 4
#define LEAF_LEVELS 0x0b
#define LEVEL_THREADS 1 /* ECX 15:8 of LEAF_LEVELS */
#define LEVEL_CORES 2
#define LEAF_AMD_UNIT 0x8000001e
#define HYPER_THREADING BIT(28) /* LEAF_FEATURES, EDX */

typedef struct id_bits {
	u32 thread,
		package; /* low bits that threads of one core, CPUs of one package may differ in */
} id_bits_t;

static bool is_amd(void)
{
	return !strcmp(cpu_identity.vendor, "AuthenticAMD") ||
	       !strcmp(cpu_identity.vendor, "HygonGenuine");
}

/* The levels' leaf; false: there is none. */
static bool bits_of_levels(id_bits_t *out)
{
	cpuid_regs_t r;

	if (cpuid_leaf(0, 0).a < LEAF_LEVELS || !cpuid_leaf(LEAF_LEVELS, 0).b)
		return false;
	*out = (id_bits_t){ 0 };
	for (u32 sub = 0; (r = cpuid_leaf(LEAF_LEVELS, sub)).b & 0xffff; sub++) {
		u32 kind = (r.c >> 8) & 0xff;

		if (kind == LEVEL_THREADS)
			out->thread = out->package = r.a & 31;
		else if (kind == LEVEL_CORES)
			out->package = r.a & 31;
	}
	return true;
}

static id_bits_t bits_of_amd(void)
{
	u32 max = cpuid_leaf(CPUID_EXTENDED_MAX, 0).a;
	id_bits_t bits = { .package = cpuid_amd_package_bits(max) };

	if (!cpuid_topology_extensions())
		return bits;
	if (bits_of_levels(&bits))
		return bits;
	if (max >= LEAF_AMD_UNIT)
		bits.thread = cpuid_bits_for(((cpuid_leaf(LEAF_AMD_UNIT, 0).b >> 8) & 0xff) + 1);
	return bits;
}

static id_bits_t bits_of_others(void)
{
	id_bits_t bits = { 0 };
	cpuid_regs_t r = cpuid_leaf(LEAF_FEATURES, 0);
	u32 cores = 0;

	if (bits_of_levels(&bits) || !(r.d & HYPER_THREADING))
		return bits;
	bits.package = cpuid_bits_for((r.b >> 16) & 0xff);
	if (cpuid_leaf(0, 0).a >= LEAF_INTEL_CORES)
		cores = cpuid_bits_for((cpuid_leaf(LEAF_INTEL_CORES, 0).a >> 26) + 1);
	bits.thread = bits.package - MIN(cores, bits.package);
	return bits;
}

static id_bits_t bits_now(void)
{
	return is_amd() ? bits_of_amd() : bits_of_others();
}

cpu_topology_t arch_cpu_topology(u32 cpu)
{
	id_bits_t bits = bits_now();
	u32 id = cpu_apic_id[cpu];
	cpu_topology_t t = { .package = id >> bits.package,
			     .core = (id & ((1U << bits.package) - 1)) >> bits.thread };

	for_each_cpu(other) {
		u32 other_id = cpu_apic_id[other];

		if (other_id >> bits.package == t.package)
			cpu_set_add(&t.package_cpus, other);
		if (other_id >> bits.thread == id >> bits.thread)
			cpu_set_add(&t.core_cpus, other);
	}
	return t;
}

/* Cores are counted by their first CPUs. */
u32 arch_package_cores(const cpu_topology_t *t)
{
	u32 thread = bits_now().thread, cores = 0;

	for_each_cpu(cpu) {
		u32 first = 0;

		if (!cpu_set_test(&t->package_cpus, cpu))
			continue;
		while (cpu_apic_id[first] >> thread != cpu_apic_id[cpu] >> thread)
			first++;
		cores += first == cpu;
	}
	return cores;
}
