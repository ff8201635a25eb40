// sources: arch/x86_64/boot/multiboot2.c arch/x86_64/boot/regions.c
/* Multiboot2 boot information, and what is made of its memory map. */
#include "fuzz.h"

#include <arch/x86_64/boot/boot_internal.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static boot_info_t info;
	u8 *copy = fuzz_copy(data, size);

	memset(&info, 0, sizeof(info));
	if (!multiboot2_parse(copy, size, &info)) {
		FUZZ_CHECK(info.region_count && info.region_count <= BOOT_MAX_REGIONS);
		FUZZ_CHECK(info.module_count <= BOOT_MAX_MODULES);
		FUZZ_CHECK(strnlen(info.command_line, COMMAND_LINE_SIZE) < COMMAND_LINE_SIZE);
		FUZZ_CHECK(info.rsdp_copy_len <= sizeof(info.rsdp_copy));
		for (u32 i = 0; i < info.module_count; i++) {
			FUZZ_CHECK(info.modules[i].start < info.modules[i].end);
			FUZZ_CHECK(strnlen(info.modules[i].name, 64) < 64);
		}
		boot_regions_normalise(&info, size % 3 ? 0 : 1UL << 30);
		for (u32 i = 0; i < info.region_count; i++) {
			const boot_region_t *r = &info.regions[i];

			FUZZ_CHECK(r->start < r->end);
			FUZZ_CHECK(i == 0 || r[-1].end <= r->start);
			FUZZ_CHECK(r->type >= BOOT_RAM && r->type <= BOOT_BAD);
		}
	}
	free(copy);
	return 0;
}
