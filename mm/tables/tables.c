/*
 * Page tables named by their root: what the API document calls vmm_*.
 */
#include <mm/vmalloc.h>

#include <uapi/errno.h>

uint64_t *vmm_create_page_table(void)
{
	page_t *page = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, mmu_root_order());

	if (!page)
		return NULL;
	mm_count(MM_TABLE, 1);
	arch_mmu_init_root(page_to_virt(page));
	return page_to_virt(page);
}

static void free_tables(pte_t *table, int level, unsigned entries)
{
	if (level > 0)
		for (unsigned i = 0; i < entries; i++)
			if (pte_present(table[i]) && !(table[i] & PTE_LEAF))
				free_tables(phys_to_virt(pte_pfn(table[i]) << PAGE_SHIFT),
					    level - 1, PT_ENTRIES);
	mm_count(MM_TABLE, -1);
	free_pages(virt_to_page(table), level == PT_LEVELS - 1 ? mmu_root_order() : 0);
}

void vmm_destroy_page_table(uint64_t *pml4)
{
	/* The upper half belongs to the kernel. */
	free_tables(pml4, PT_LEVELS - 1, PT_ENTRIES / 2);
}

/* Entry of virt at level 0; a large page met on the way is returned with *level set. */
static pte_t *walk(pte_t *table, unsigned long virt, bool make, int *level)
{
	for (*level = PT_LEVELS - 1; *level > 0; (*level)--) {
		pte_t *entry = &table[pt_index(virt, *level)];

		if (!pte_present(*entry)) {
			page_t *page = make ? alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0) : NULL;
			pte_t value;

			if (!page)
				return NULL;
			mm_count(MM_TABLE, 1);
			value = pte_make(page_to_pfn(page),
					 PTE_PRESENT | PTE_WRITE |
						 (virt < USER_MAX ? PTE_USER : 0));
			if (*level == PT_LEVELS - 1 && virt < USER_MAX)
				mmu_root_set(entry, value);
			else
				pte_set(entry, value);
		} else if (*level < PT_LEVELS - 1 && (*entry & PTE_LEAF)) {
			return entry;
		}
		table = phys_to_virt(pte_pfn(*entry) << PAGE_SHIFT);
	}
	return &table[pt_index(virt, 0)];
}

int vmm_map_page(uint64_t *pml4, uint64_t virt, uint64_t phys, uint64_t flags)
{
	int level;
	pte_t *pte = walk(pml4, virt, true, &level);

	if (!pte)
		return -ENOMEM;
	if (level > 0 || pte_present(*pte))
		return -EEXIST;
	pte_set(pte, pte_make(phys >> PAGE_SHIFT, flags | PTE_PRESENT));
	return 0;
}

void vmm_unmap_page(uint64_t *pml4, uint64_t virt)
{
	int level;
	pte_t *pte = walk(pml4, virt, false, &level);

	if (!pte || level > 0)
		return;
	pte_set(pte, 0);
	arch_tlb_flush_local_page(virt);
}

uint64_t vmm_virt_to_phys(uint64_t *pml4, uint64_t virt)
{
	int level;
	pte_t *pte = walk(pml4, virt, false, &level);
	unsigned long offset_mask;

	if (!pte || !pte_present(*pte))
		return ~0UL;
	offset_mask = (1UL << PT_LEVEL_SHIFT(level)) - 1;
	return ((pte_pfn(*pte) << PAGE_SHIFT) & ~offset_mask) | (virt & offset_mask);
}
