/*
 * Debug builds look at every mapping of the kernel's half, in users' page tables too: nothing may be
 * both writable and executable, nothing but the image's text may be executable, no other mapping
 * may write what is read-only in the image, user mode may reach none of it.
 */
#include <arch/init.h>

#ifdef CONFIG_DEBUG
#include <arch/mmu.h>
#include <arch_x86/percpu_setup.h>
#include <arch_x86/pti.h>
#include <kernel/printk.h>

extern char image_start[], text_end[], init_text_start[], rodata_start[], rodata_end[],
	ro_bss_start[], ro_bss_end[];

static bool overlaps(u64 a, u64 a_end, u64 b, u64 b_end)
{
	return a < b_end && b < a_end;
}

static bool is_constant(phys_addr_t pa, u64 size)
{
	phys_addr_t end = pa + size;

	return overlaps(pa, end, virt_to_phys(image_start), virt_to_phys(init_text_start)) ||
	       overlaps(pa, end, virt_to_phys(rodata_start), virt_to_phys(rodata_end)) ||
	       overlaps(pa, end, virt_to_phys(ro_bss_start), virt_to_phys(ro_bss_end));
}

static const char *wrong_with(unsigned long va, pte_t pte, u64 size)
{
	bool writable = pte & PTE_WRITE, executable = !(pte & PTE_NX);

	if (writable && executable)
		return "writable and executable";
	if (executable && (va < (unsigned long)image_start || va >= (unsigned long)text_end))
		return "executable outside of the image's text";
	if (writable && is_constant((pte & PTE_FRAME_MASK) & ~(size - 1), size))
		return "writable, but text or constants";
	if (pte & PTE_USER)
		return "open to user mode";
	if (mmu_two_roots && (pte & PTE_GLOBAL))
		return "global, in spite of isolation";
	return NULL;
}

static u32 check_table(const pte_t *table, int level, unsigned long base)
{
	u32 found = 0;

	for (u32 i = level == PT_LEVELS - 1 ? PT_ENTRIES / 2 : 0; i < PT_ENTRIES; i++) {
		pte_t pte = pte_get(&table[i]);
		unsigned long va = base + ((unsigned long)i << PT_LEVEL_SHIFT(level));
		const char *wrong;

		if (level == PT_LEVELS - 1)
			va |= ~0UL << PT_LEVEL_SHIFT(PT_LEVELS); /* canonical */
		if (!pte_present(pte))
			continue;
		if (level && !(pte & PTE_LEAF)) {
			found += check_table(phys_to_virt(pte_pfn(pte) << PAGE_SHIFT), level - 1,
					     va);
			continue;
		}
		wrong = wrong_with(va, pte, 1UL << PT_LEVEL_SHIFT(level));
		if (!wrong)
			continue;
		if (!found++)
			pr_err("mapping of %lx (level %d, entry %lx) is %s\n", va, level, pte,
			       wrong);
	}
	return found;
}

u32 arch_check_mappings(void)
{
	u32 found = check_table(kernel_pml4, PT_LEVELS - 1, 0);

	return pti_user_top ? found + check_table(pti_user_top, PT_LEVELS - 1, 0) : found;
}
#endif
