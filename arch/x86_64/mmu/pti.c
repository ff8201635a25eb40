/*
 * Page table isolation (KPTI): programs run on tables that show next to nothing of the kernel.
 *
 * Concepts. A CPU that checks a page's privilege only after it has used the data (Meltdown,
 * CVE-2017-5754) lets a program read whatever its tables map. So each space gets two roots, two
 * pages side by side: the kernel's, which maps all, and the user's behind it. Both share the tables
 * of the lower half; the kernel's root forbids execution there, so that a forgotten switch ends in
 * a fault. The user's upper half is the same in all spaces and maps only what the CPU and the entry
 * code touch before they have switched: the entry text, the IDT, and of each CPU its entry area
 * (GDT, TSS, the stack that interrupts arrive on, scratch) and its IST stacks. All of these lie at
 * their usual addresses.
 *
 * Implementation. The roots differ in bit 12 of CR3, and where there are PCIDs in bit 11, so that
 * the entry code switches by clearing bits, without a look at memory. The way back loads user_cr3.
 * Kernel entries are not global then (pte_global is 0): a global one would outlive the switch. With
 * PCIDs neither direction flushes; what is to be flushed under the user's PCID, which INVLPG does
 * not reach, is flushed by INVPCID, or else the next load of user_cr3 lacks CR3_NO_FLUSH, once.
 *
 * Without isolation user_cr3 is unused, the entry code holds the plain instructions, and a space
 * has one root.
 */
#include <arch_x86/pti.h>

#include <arch/init.h>
#include <arch_x86/features.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <mm/page.h>

bool mmu_two_roots __ro_after_init;
u64 pte_global __ro_after_init_data = PTE_GLOBAL;
pte_t *pti_user_top __ro_after_init;

PERCPU_SECTION u64 user_cr3, user_cr3_next;

extern char entry_text_start[], entry_text_end[]; /* linker.ld */

__init void pti_choose(bool on)
{
	mmu_two_roots = on;
	pte_global = on ? 0 : PTE_GLOBAL;
}

static pte_t *table_of(pte_t entry)
{
	return phys_to_virt(pte_pfn(entry) << PAGE_SHIFT);
}

/* The kernel's entry for the page, as one of 4 KiB. */
static pte_t kernel_entry(unsigned long va)
{
	const pte_t *table = kernel_pml4;
	pte_t entry;
	int level = PT_LEVELS - 1;

	for (; entry = table[pt_index(va, level)], level > 0; level--) {
		BUG_ON(!pte_present(entry));
		if (entry & PTE_LEAF)
			break;
		table = table_of(entry);
	}
	BUG_ON(!pte_present(entry));
	va &= (1UL << PT_LEVEL_SHIFT(level)) - 1;
	return (entry & ~(pte_t)(level ? PTE_LEAF : 0)) + (va & PAGE_MASK);
}

static pte_t *user_entry(unsigned long va)
{
	pte_t *table = pti_user_top;

	for (int level = PT_LEVELS - 1; level > 0; level--) {
		pte_t *entry = &table[pt_index(va, level)];

		if (!*entry) {
			page_t *page = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0);

			if (!page)
				panic("No memory for the entry page tables");
			*entry = page_to_phys(page) | PTE_PRESENT | PTE_WRITE;
		}
		table = table_of(*entry);
	}
	return &table[pt_index(va, 0)];
}

__init void pti_share(const void *start, size_t size, bool writable)
{
	unsigned long va = (unsigned long)start & PAGE_MASK, end = (unsigned long)start + size;
	pte_t without = writable ? 0 : PTE_WRITE | PTE_DIRTY;

	if (!mmu_two_roots)
		return;
	for (; va < end; va += PAGE_SIZE)
		*user_entry(va) = kernel_entry(va) & ~without;
}

__init void pti_init(void)
{
	page_t *page;

	if (!mmu_two_roots)
		return;
	page = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0);
	if (!page)
		panic("No memory for the entry page tables");
	pti_user_top = page_to_virt(page);
	pti_share(entry_text_start, (size_t)(entry_text_end - entry_text_start), false);
	pr_info("Page table isolation is on%s\n",
		cpu_has(CPU_PCID) ? cpu_has(CPU_INVPCID) ? ", with INVPCID" : ", with PCID" : "");
}

void pti_init_root(pte_t *root)
{
	memcpy(root + PT_ENTRIES + PT_ENTRIES / 2, pti_user_top + PT_ENTRIES / 2,
	       PT_ENTRIES / 2 * sizeof(pte_t));
}
