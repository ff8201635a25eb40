/*
 * Roots of user page tables, and the bits of a user entry.
 */
#include <arch/mmu.h>
#include <kernel/lib/string.h>

void arch_mmu_init_root(pte_t *root)
{
	memcpy(root + PT_ENTRIES / 2, kernel_pml4 + PT_ENTRIES / 2,
	       PT_ENTRIES / 2 * sizeof(pte_t));
}

/* The hardware has no unreadable present page: a write or execute permission reads too. */
u64 arch_pte_prot(bool read, bool write, bool exec)
{
	if (!read && !write && !exec)
		return PTE_SOFT_NONE;
	return PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0) | (exec ? 0 : PTE_NX);
}
