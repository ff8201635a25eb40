/*
 * What programs are told about a processor: /proc/cpuinfo, and its caches in /sys/devices/system/cpu.
 */
#ifndef ARCH_CPUINFO_H
#define ARCH_CPUINFO_H

#include <arch/cpu.h>
#include <fs/seq_file.h>

/* The paragraph of one CPU, in the format that proc(5) describes for x86. */
void arch_show_cpuinfo(seq_file_t *m, u32 cpu);

/*
 * The index-th weakness of speculation that Linux has a name for, NULL: there are no more. *state:
 * whether this CPU has it and what is done against it, in Linux's words (ABI/testing,
 * /sys/devices/system/cpu/vulnerabilities).
 */
const char *arch_vulnerability(u32 index, const char **state);
bool arch_vulnerable(
	const char *name); /* has the weakness of that name, and nothing is done against it */

/* How many entries of each size map the physical memory below `end` for the kernel: 4 KiB, 2 MiB, 1 GiB. */
void arch_direct_map(phys_addr_t end, u64 count[3]);
u64 arch_percpu_pages(void); /* of the areas of all CPUs (arch/percpu.h) */

typedef enum cache_kind {
	CACHE_DATA = 1,
	CACHE_CODE = 2,
	CACHE_UNIFIED = 3,
} cache_kind_t;

typedef struct cpu_cache {
	cache_kind_t kind;
	u32 level;
	u32 size, line; /* bytes */
	u32 ways, sets, partitions;
	u32 share_bits; /* low bits of hardware ids that CPUs which share the cache may differ in */
} cpu_cache_t;

/*
 * The index-th cache that a CPU has to do with (all CPUs have the same); false past the last, or where the CPU does
 * not tell.
 */
bool arch_cpu_cache(u32 index, cpu_cache_t *out);
/* Whether two CPUs have the same one. */
bool arch_cache_shared(const cpu_cache_t *cache, u32 a, u32 b);
/* The hardware id without the bits that CPUs which share the cache may differ in. */
u32 arch_cache_id(const cpu_cache_t *cache, u32 cpu);

typedef struct cpu_topology {
	u32 package, core; /* numbers: of the package, of the core in it */
	cpu_set_t core_cpus, package_cpus;
} cpu_topology_t;

cpu_topology_t arch_cpu_topology(u32 cpu);
u32 arch_package_cores(const cpu_topology_t *t); /* how many cores its package has */

#endif
