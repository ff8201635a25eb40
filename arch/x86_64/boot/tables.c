/*
 * Page tables made before there is a page allocator. boot_start makes the kernel's own while it
 * runs one to one with memory; until they are in use a table is reached at its physical address,
 * afterwards through the direct map. boot_tables_live marks the moment.
 */
#include "boot_internal.h"

#include <arch/init.h>
#include <arch/mmu.h>
#include <arch_x86/features.h>
#include <kernel/lib/string.h>
#include <mm/early.h>

#define IDENTITY_END (4UL << 30)

static bool live; /* the tables are in use */

static __init pte_t *table_at(phys_addr_t pa)
{
	return live ? phys_to_virt(pa) : (pte_t *)pa;
}

/*
 * Below 4 GiB: the boot CPU's one-to-one map ends there, and CR3 of a further CPU starts in 32-bit
 * code.
 */
__init phys_addr_t boot_new_table(void)
{
	phys_addr_t pa = early_alloc(PAGE_SIZE, PAGE_SIZE, IDENTITY_END);

	if (!pa)
		boot_die("no memory for page tables");
	memset(table_at(pa), 0, PAGE_SIZE);
	return pa;
}

/* The table below an entry, made if missing; NULL when the entry maps a large page. */
static __init pte_t *next_table(pte_t *entry)
{
	if (!(*entry & PTE_PRESENT))
		*entry = boot_new_table() | PTE_PRESENT | PTE_WRITE;
	return *entry & PTE_LEAF ? NULL : table_at(*entry & PTE_FRAME_MASK);
}

/*
 * Maps one page of the level, or leaves what already maps it: regions that share a page at their
 * border map it twice, the same way.
 */
static __init void map_page(phys_addr_t root, unsigned long va, phys_addr_t pa, u64 bits, int level)
{
	pte_t *table = table_at(root), *entry;

	for (int l = PT_LEVELS - 1; l > level; l--) {
		table = next_table(&table[pt_index(va, l)]);
		if (!table)
			return;
	}
	entry = &table[pt_index(va, level)];
	if (!(*entry & PTE_PRESENT))
		*entry =
			pa | bits | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | (level ? PTE_LEAF : 0);
}

/* Is there a table of smaller pages already, where a page of the level would go? */
static __init bool is_divided(phys_addr_t root, unsigned long va, int level)
{
	const pte_t *table = table_at(root);

	for (int l = PT_LEVELS - 1; l >= level; l--) {
		pte_t entry = table[pt_index(va, l)];

		if (!(entry & PTE_PRESENT) || (entry & PTE_LEAF))
			return false;
		table = table_at(entry & PTE_FRAME_MASK);
	}
	return true;
}

/* Maps [va, va+size) to pa with the largest pages that fit, at most of `max_level`. */
__init void boot_map(phys_addr_t root, unsigned long va, phys_addr_t pa, u64 size, u64 bits,
		     int max_level)
{
	while (size) {
		int level = max_level;
		u64 step = 1UL << PT_LEVEL_SHIFT(level);

		while (level &&
		       (!IS_ALIGNED(va | pa, step) || size < step || is_divided(root, va, level)))
			step = 1UL << PT_LEVEL_SHIFT(--level);
		map_page(root, va, pa, bits, level);
		va += step;
		pa += step;
		size -= step;
	}
}

/* Makes the level-2 table of a region that grows later, so that every address space has it. */
__init void boot_reserve_slot(phys_addr_t root, unsigned long va)
{
	next_table(&table_at(root)[pt_index(va, PT_LEVELS - 1)]);
}

__init void boot_tables_live(void)
{
	live = true;
}

__init const void *arch_map_firmware(phys_addr_t pa, size_t len)
{
	phys_addr_t limit = boot_phys_limit();
	phys_addr_t from = ALIGN_DOWN(pa, PAGE_SIZE), to = ALIGN_UP(pa + len, PAGE_SIZE);

	if (!len || pa + len < pa || to > limit)
		return NULL;
	boot_map(virt_to_phys(kernel_pml4), direct_map_base + from, from, to - from,
		 PTE_WRITE | PTE_NX | pte_global, 0);
	return phys_to_virt(pa);
}
