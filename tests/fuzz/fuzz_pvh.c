// sources: arch/x86_64/boot/pvh.c arch/x86_64/boot/regions.c
/* PVH start information at physical address 0 of a memory that holds the input and nothing else. */
#include "fuzz.h"

#include <arch/x86_64/boot/boot_internal.h>

static const u8 *memory;
static size_t memory_size;
static u64 maps;

static const void *map(phys_addr_t pa, size_t len)
{
	if (++maps > 100000 || pa > memory_size || len > memory_size - pa)
		return NULL;
	return memory + pa;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static boot_info_t info;
	u8 *copy = fuzz_copy(data, size);

	memory = copy;
	memory_size = size;
	maps = 0;
	memset(&info, 0, sizeof(info));
	if (!pvh_parse(0, map, &info)) {
		FUZZ_CHECK(info.region_count && info.region_count <= BOOT_MAX_REGIONS);
		FUZZ_CHECK(info.module_count <= BOOT_MAX_MODULES);
		FUZZ_CHECK(strnlen(info.command_line, COMMAND_LINE_SIZE) < COMMAND_LINE_SIZE);
		for (u32 i = 0; i < info.module_count; i++)
			FUZZ_CHECK(info.modules[i].start < info.modules[i].end);
		boot_regions_normalise(&info, 0);
		for (u32 i = 0; i < info.region_count; i++)
			FUZZ_CHECK(info.regions[i].start < info.regions[i].end &&
				   (i == 0 || info.regions[i - 1].end <= info.regions[i].start));
	}
	free(copy);
	return 0;
}
