/*
 * Roots of user page tables, the bits of a user entry, and physical addresses of kernel pointers.
 */
#include <arch/mmu.h>
#include <arch_x86/percpu_setup.h>
#include <arch_x86/pti.h>
#include <kernel/lib/string.h>

extern char image_start[]; /* linker.ld; the image ends the address space */

phys_addr_t virt_to_phys(const void *va)
{
	if ((const char *)va >= image_start)
		return (phys_addr_t)((const char *)va - image_start) + image_phys;
	return (unsigned long)va - direct_map_base;
}

void arch_mmu_init_root(pte_t *root)
{
	memcpy(root + PT_ENTRIES / 2, kernel_pml4 + PT_ENTRIES / 2, PT_ENTRIES / 2 * sizeof(pte_t));
	if (mmu_two_roots)
		pti_init_root(root);
}
