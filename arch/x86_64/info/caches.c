/*
 * The CPU's caches, as CPUID describes them. Intel: leaf 4 (SDM 2A, CPUID). AMD: leaf 0x8000001D, of the same
 * layout, where topology extensions are (APM 3, E.4.15), else leaves 0x80000005 and 6 (E.4.4, E.4.5).
 */
#include <arch/cpuinfo.h>

#include <arch_x86/cpuid.h>
#include <arch_x86/lapic.h>

#define LEAF_INTEL 4
#define LEAF_FIRST_LEVEL 0x80000005 /* of AMD */
#define LEAF_OTHER_LEVELS 0x80000006
#define LEAF_AMD 0x8000001d
#define THIRD_LEVEL_UNIT (512U << 10)

static bool describe(u32 number, u32 index, cpu_cache_t *out)
{
	cpuid_regs_t r = cpuid_leaf(number, index);
	u32 kind = r.a & 31;

	if (kind < CACHE_DATA || kind > CACHE_UNIFIED)
		return false;
	*out = (cpu_cache_t){
		.kind = (cache_kind_t)kind,
		.level = (r.a >> 5) & 7,
		.line = (r.b & 0xfff) + 1,
		.partitions = ((r.b >> 12) & 0x3ff) + 1,
		.ways = (r.b >> 22) + 1,
		.sets = r.c + 1,
		.share_bits = cpuid_bits_for(((r.a >> 14) & 0xfff) + 1),
	};
	out->size = out->line * out->partitions * out->ways * out->sets;
	return true;
}

/* APM 3, table E-4. 0: no cache; of a fully associative one the ways are its lines. */
static u32 ways_of(u32 code, u32 lines)
{
	static const u16 ways[16] = {
		[1] = 1,  [2] = 2,   [3] = 3,	[4] = 4,   [5] = 6,   [6] = 8,
		[8] = 16, [10] = 32, [11] = 48, [12] = 64, [13] = 96, [14] = 128,
	};

	return code == 15 ? lines : ways[code];
}

static bool describe_old(u32 max_extended, u32 index, cpu_cache_t *out)
{
	cpuid_regs_t first = cpuid_leaf(LEAF_FIRST_LEVEL, 0),
		     other = cpuid_leaf(LEAF_OTHER_LEVELS, 0);
	u32 r = index == 0 ? first.c : index == 1 ? first.d : index == 2 ? other.c : other.d;
	u32 lines;

	*out = (cpu_cache_t){ .kind = index == 0   ? CACHE_DATA
				      : index == 1 ? CACHE_CODE
						   : CACHE_UNIFIED,
			      .level = MAX(index, 1u),
			      .line = r & 0xff,
			      .partitions = 1,
			      .size = index < 2	   ? (r >> 24) << 10
				      : index == 2 ? (r >> 16) << 10
						   : (r >> 18) * THIRD_LEVEL_UNIT };
	if (index > 3 || !out->size || !out->line)
		return false;
	lines = out->size / out->line;
	if (index < 2)
		out->ways = ((r >> 16) & 0xff) == 0xff ? lines : (r >> 16) & 0xff;
	else
		out->ways = ways_of((r >> 12) & 15, lines);
	if (!out->ways)
		return false;
	out->sets = lines / out->ways;
	out->share_bits = index == 3 ? cpuid_amd_package_bits(max_extended) : 0; /* the package's */
	return true;
}

bool arch_cpu_cache(u32 index, cpu_cache_t *out)
{
	u32 max_extended = cpuid_leaf(CPUID_EXTENDED_MAX, 0).a;

	if (cpuid_leaf(0, 0).a >= LEAF_INTEL && (cpuid_leaf(LEAF_INTEL, 0).a & 31))
		return describe(LEAF_INTEL, index, out);
	if (max_extended >= LEAF_AMD && cpuid_topology_extensions())
		return describe(LEAF_AMD, index, out);
	return max_extended >= LEAF_OTHER_LEVELS && describe_old(max_extended, index, out);
}

u32 arch_cache_id(const cpu_cache_t *cache, u32 cpu)
{
	return cpu_apic_id[cpu] >> cache->share_bits;
}

bool arch_cache_shared(const cpu_cache_t *cache, u32 a, u32 b)
{
	return arch_cache_id(cache, a) == arch_cache_id(cache, b);
}
