/*
 * /proc/cpuinfo. The names of features are Linux's, for programs look for them by name; a bit that
 * has none there is a "-" in the lists.
 */
#include <arch/cpuinfo.h>
#include <arch/time.h>
#include <arch_x86/features.h>
#include <arch_x86/instructions.h>
#include <arch_x86/lapic.h>
#include <kernel/lib/string.h>

/* In the order of the flags line: word of cpu_feature_words, names of its bits from 0 up. */
static const struct {
	u32 word;
	const char *names;
} flag_words[] = {
	{ 0,
	  "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - "
	  "dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe" },
	{ 4,
	  "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - "
	  "lm 3dnowext 3dnow" },
	{ 1,
	  "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - "
	  "pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c "
	  "rdrand hypervisor" },
	{ 5,
	  "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs "
	  "xop skinit wdt - lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - bpext "
	  "ptsc perfctr_llc mwaitx - -" },
	{ 2,
	  "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a "
	  "avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb intel_pt avx512pf avx512er "
	  "avx512cd sha_ni avx512bw avx512vl" },
	{ 6, "xsaveopt xsavec xgetbv1 xsaves xfd" },
	{ 3,
	  "- avx512vbmi umip pku ospke waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni "
	  "avx512_bitalg tme avx512_vpopcntdq - la57 - - - - - rdpid - bus_lock_detect cldemote - "
	  "movdiri movdir64b enqcmd sgx_lc -" },
};

static void show_flags(seq_file_t *m)
{
	seq_puts(m, "flags\t\t:");
	for (u32 i = 0; i < ARRAY_SIZE(flag_words); i++) {
		const char *name = flag_words[i].names;

		for (u32 bit = 0; bit < 32; bit++) {
			size_t n = strcspn(name, " ");

			if ((cpu_feature_words[flag_words[i].word] >> bit & 1) && n &&
			    *name != '-') {
				seq_putc(m, ' ');
				seq_write(m, name, n);
			}
			name += n + (name[n] == ' ');
		}
	}
	if (cpu_has(CPU_INVARIANT_TSC))
		seq_puts(m, " constant_tsc nonstop_tsc");
	seq_putc(m, '\n');
}

#define CPUID_EXTENDED 0x80000000u
#define CPUID_L2_TLB 0x80000006u /* AMD APM volume 3, E.4.5: EBX is of 4 KiB pages */
#define L2_TLB_ENTRIES 0xfffu	 /* of instructions; of data 16 bits above */

/* Entries for small pages in the second level of AMD's translation caches; 0: not told. */
static u32 tlb_entries(const cpu_identity_t *id)
{
	u32 last, a, b, c, d;

	if (strcmp(id->vendor, "AuthenticAMD"))
		return 0;
	cpuid(CPUID_EXTENDED, 0, &last, &b, &c, &d);
	if (last < CPUID_L2_TLB)
		return 0;
	cpuid(CPUID_L2_TLB, 0, &a, &b, &c, &d);
	return (b & L2_TLB_ENTRIES) + (b >> 16 & L2_TLB_ENTRIES);
}

void arch_show_cpuinfo(seq_file_t *m, u32 cpu)
{
	const cpu_identity_t *id = &cpu_identity;
	u64 khz = arch_cycles_per_msec();
	cpu_topology_t t = arch_cpu_topology(cpu);
	u32 level, b, c, d, siblings = 0, tlb = tlb_entries(id);

	cpuid(0, 0, &level, &b, &c, &d);
	seq_printf(m, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", cpu,
		   id->vendor, id->family, id->model);
	seq_printf(m, "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %lu.%03lu\n", id->model_name,
		   id->stepping, khz / 1000, khz % 1000);
	if (id->cache_kib)
		seq_printf(m, "cache size\t: %u KB\n", id->cache_kib);
	for_each_cpu(other)
		siblings += cpu_set_test(&t.package_cpus, other);
	seq_printf(m, "physical id\t: %u\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
		   t.package, siblings, t.core, arch_package_cores(&t));
	seq_printf(m, "apicid\t\t: %u\ninitial apicid\t: %u\n", cpu_apic_id[cpu], cpu_apic_id[cpu]);
	seq_printf(m, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
		   level);
	show_flags(m);
	/* Twice the cycles a microsecond: what a delay loop of two instructions would measure. */
	seq_printf(m, "bugs\t\t:%s\nbogomips\t: %lu.%02lu\n",
		   cpu_has(CPU_MELTDOWN) ? " cpu_meltdown" : "", khz * 2 / 1000,
		   khz * 2 / 10 % 100);
	if (tlb)
		seq_printf(m, "TLB size\t: %u 4K pages\n", tlb);
	seq_printf(m, "clflush size\t: 64\ncache_alignment\t: 64\n");
	seq_printf(m, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n",
		   id->phys_bits, id->virt_bits);
}
