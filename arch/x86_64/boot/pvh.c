/*
 * PVH start information (Xen public/arch-x86/hvm/start_info.h describes the layout; "x86/HVM direct
 * boot ABI").
 */
#include "boot_internal.h"

#include <kernel/compiler.h>
#include <kernel/lib/string.h>

typedef struct start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist, cmdline, rsdp;
	u64 memmap; /* version 1 and later */
	u32 memmap_entries, reserved;
} start_info_t;

typedef struct module_entry {
	u64 start, size, cmdline, reserved;
} module_entry_t;

typedef struct memmap_entry {
	u64 addr, size;
	u32 type, reserved;
} memmap_entry_t;

static __init void copy_string(boot_map_t map, phys_addr_t pa, char *to, size_t size)
{
	size_t n = 0;
	const char *c;

	while (n + 1 < size && (c = map(pa + n, 1)) && *c)
		to[n++] = *c;
	to[n] = 0;
}

/* Nothing promises that a structure is aligned. False when it is not all there. */
static __init bool copy_in(boot_map_t map, phys_addr_t pa, void *to, size_t size)
{
	const void *from = map(pa, size);

	if (!from)
		return false;
	memcpy(to, from, size);
	return true;
}

__init const char *pvh_parse(phys_addr_t pa, boot_map_t map, boot_info_t *out)
{
	start_info_t s;

	if (!copy_in(map, pa, &s, sizeof(s)) || s.magic != PVH_MAGIC)
		return "the PVH start information is damaged";
	if (s.version < 1 || !s.memmap_entries)
		return "the boot loader gave no memory map";
	out->loader = "PVH";
	out->rsdp = s.rsdp;
	if (s.cmdline)
		copy_string(map, s.cmdline, out->command_line, sizeof(out->command_line));
	for (u32 i = 0; i < s.memmap_entries && out->region_count < BOOT_MAX_REGIONS; i++) {
		memmap_entry_t e;

		if (!copy_in(map, s.memmap + i * sizeof(e), &e, sizeof(e)))
			return "the PVH memory map is damaged";
		if (!e.size || e.addr + e.size < e.addr)
			continue;
		out->regions[out->region_count++] =
			(boot_region_t){ e.addr, e.addr + e.size,
					 e.type >= BOOT_RAM && e.type <= BOOT_BAD
						 ? (boot_region_type_t)e.type
						 : BOOT_RESERVED };
	}
	for (u32 i = 0; i < s.nr_modules && out->module_count < BOOT_MAX_MODULES; i++) {
		boot_module_t *m = &out->modules[out->module_count];
		module_entry_t e;

		if (!copy_in(map, s.modlist + i * sizeof(e), &e, sizeof(e)))
			return "the PVH module list is damaged";
		if (!e.size || e.start + e.size < e.start)
			continue;
		m->start = e.start;
		m->end = e.start + e.size;
		if (e.cmdline)
			copy_string(map, e.cmdline, m->name, sizeof(m->name));
		out->module_count++;
	}
	return out->region_count ? NULL : "the boot loader gave no memory map";
}
