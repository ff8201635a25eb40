/*
 * By which pages the kernel maps physical memory, counted in the tables themselves; what CPUs have for themselves.
 */
#include <arch/cpuinfo.h>

#include <arch/mmu.h>

extern char percpu_start[], percpu_end[];

void arch_direct_map(phys_addr_t end, u64 count[PT_LEVELS - 1])
{
	unsigned long va = direct_map_base, size;

	for (int i = 0; i < PT_LEVELS - 1; i++)
		count[i] = 0;
	for (; va < direct_map_base + end; va += size) {
		const pte_t *table = kernel_pml4;
		int level = PT_LEVELS - 1;
		pte_t pte = pte_get(&table[pt_index(va, level)]);

		while (level > 0 && pte_present(pte) && !(pte & PTE_LEAF)) {
			table = phys_to_virt(pte_pfn(pte) << PAGE_SHIFT);
			pte = pte_get(&table[pt_index(va, --level)]);
		}
		size = 1UL << PT_LEVEL_SHIFT(level);
		if (pte_present(pte))
			count[level]++;
		size -= va & (size - 1);
	}
}

u64 arch_percpu_pages(void)
{
	return cpu_count * (ALIGN_UP((u64)(percpu_end - percpu_start), PAGE_SIZE) >> PAGE_SHIFT);
}
