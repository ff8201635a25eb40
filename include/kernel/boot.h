/*
 * What the boot loader told, in one shape whatever the protocol (Multiboot2 1.6+, PVH). Filled by
 * arch/x86_64/boot; constant afterwards. Addresses are physical.
 */
#ifndef KERNEL_BOOT_H
#define KERNEL_BOOT_H

#include <kernel/types.h>

#define BOOT_MAX_REGIONS 256
#define BOOT_MAX_MODULES 16
#define COMMAND_LINE_SIZE 2048

typedef enum boot_region_type {
	BOOT_RAM = 1, /* free for use */
	BOOT_RESERVED = 2,
	BOOT_ACPI = 3, /* reclaimable after the tables are parsed */
	BOOT_NVS = 4,
	BOOT_BAD = 5,
	BOOT_LOADER = 6, /* RAM that holds the image, modules, boot page tables: see reservations */
} boot_region_type_t;

typedef struct boot_region {
	phys_addr_t start, end; /* end exclusive */
	boot_region_type_t type;
} boot_region_t;

typedef struct boot_module {
	phys_addr_t start, end;
	char name[64];
} boot_module_t;

typedef struct boot_framebuffer {
	phys_addr_t address;
	u32 width, height, pitch;
	u8 bits_per_pixel, type; /* Multiboot2 3.6.12: 0 indexed, 1 RGB, 2 EGA text */
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
} boot_framebuffer_t;

typedef struct boot_info {
	const char *loader;
	char command_line[COMMAND_LINE_SIZE];
	boot_region_t regions[BOOT_MAX_REGIONS]; /* sorted, not overlapping */
	u32 region_count;
	boot_module_t modules[BOOT_MAX_MODULES];
	u32 module_count;
	phys_addr_t image_start, image_end; /* where the image lies now */
	phys_addr_t rsdp;		    /* 0: see rsdp_copy, else search (BIOS) */
	u8 rsdp_copy[36];		    /* the RSDP itself, as Multiboot2 hands it over */
	u32 rsdp_copy_len;
	phys_addr_t trampoline; /* a page below 1 MiB for the further CPUs */
	boot_framebuffer_t framebuffer;
	bool has_framebuffer;
	u64 random_seed;
	u64 canary_key[2]; /* of the stack canaries */
} boot_info_t;

extern boot_info_t boot_info;

/*
 * kernel/init/cmdline.c. Value of `name=` (the last given) or of a bare word "" ; NULL when absent.
 */
const char *cmdline_get(const char *name);
u64 cmdline_get_size(const char *name, u64 fallback); /* with K, M, G suffix */

#endif
