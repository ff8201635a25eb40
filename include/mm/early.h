/*
 * Memory before the page allocator: the primitive tier of MEMORY. Two sorted lists of physical
 * ranges, RAM and reserved, filled from the boot information; allocation takes RAM that is not
 * reserved. Depends on nothing above it; boot CPU only. page_init hands what is left to the buddy
 * allocator.
 */
#ifndef MM_EARLY_H
#define MM_EARLY_H

#include <kernel/types.h>

typedef struct early_range {
	phys_addr_t start, end; /* end exclusive */
	u32 node;
} early_range_t;

void early_add_ram(phys_addr_t start, phys_addr_t end);
void early_reserve(phys_addr_t start, phys_addr_t end);
/* Node of a range of RAM (ACPI SRAT); splits ranges. Node 0 unless told. */
void early_set_node(phys_addr_t start, phys_addr_t end, u32 node);
/*
 * Page-aligned memory below max_addr (0: anywhere), reserved at once; not zeroed. 0 when there is
 * none.
 */
phys_addr_t early_alloc(size_t size, size_t align, phys_addr_t max_addr);
/*
 * MEMORY's names: 2^order pages, and superpages (2 MiB), of the zone 16 MiB-4 GiB where possible.
 */
phys_addr_t pmem_prim_alloc_pages(u32 order);
phys_addr_t pmem_prim_alloc_superpages(u32 order);
/* RAM ranges by index; false past the last. */
bool early_ram_range(u32 index, early_range_t *out);
/* RAM without the reserved parts, page-aligned inward; false past the last. */
bool early_free_range(u32 index, early_range_t *out);
phys_addr_t early_ram_end(void);

#endif
