/*
 * Pieces of early boot. Parsers of what boot loaders leave behind. They read bytes of unknown
 * quality and check every size; host tests and fuzzers run them as they are.
 */
#ifndef ARCH_X86_BOOT_INTERNAL_H
#define ARCH_X86_BOOT_INTERNAL_H

#include <kernel/boot.h>
#include <kernel/compiler.h>

#define MULTIBOOT2_BOOT_MAGIC 0x36d76289u
#define PVH_MAGIC 0x336ec578u

/*
 * Both fill `out` (zeroed by the caller) and return NULL, or a sentence that says what is wrong.
 * map gives access to physical memory: a pointer to len bytes at pa, or NULL.
 */
typedef const void *(*boot_map_t)(phys_addr_t pa, size_t len);
const char *multiboot2_parse(const void *info, size_t limit, boot_info_t *out);
const char *pvh_parse(phys_addr_t start_info, boot_map_t map, boot_info_t *out);
/* Sorts regions, resolves overlaps (the less usable type wins) and cuts RAM at the limit, unless 0. */
void boot_regions_normalise(boot_info_t *info, u64 mem_limit);

#define PHYS_BITS_MAX 46u	   /* what the direct map's part of the address space can hold */
phys_addr_t boot_phys_limit(void); /* end of the physical addresses that CPU and kernel can use */

void boot_die(const char *why) __noreturn; /* one line on COM1 and the text screen, then the end */
/* Page tables (tables.c). Roots are physical addresses. */
phys_addr_t boot_new_table(void);
void boot_map(phys_addr_t root, unsigned long va, phys_addr_t pa, u64 size, u64 bits,
	      int max_level);
void boot_reserve_slot(phys_addr_t root, unsigned long va);
void boot_tables_live(void);

#endif
