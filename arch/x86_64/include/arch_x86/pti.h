/*
 * Page table isolation; the theory is in arch/x86_64/mmu/pti.c. The switch itself is in
 * trap/entry.asm, the TLB's side in mmu/tlb.c.
 */
#ifndef ARCH_X86_PTI_H
#define ARCH_X86_PTI_H

#include <arch/mmu.h>
#include <arch/percpu.h>

/* What a user root's CR3 has set besides the kernel root's. */
#define PTI_USER_ROOT_BIT 12
#define PTI_USER_ROOT BIT(PTI_USER_ROOT_BIT)
#define PTI_USER_PCID BIT(11) /* only with PCIDs */

#define CR3_NO_FLUSH (1UL << 63)

/*
 * What the entry code loads on the way to user mode, and what it puts in its place for the time
 * after that. Interrupts off.
 */
DECLARE_PERCPU(u64, user_cr3);
DECLARE_PERCPU(u64, user_cr3_next);

void pti_choose(bool on); /* early boot, before there are page tables */
void pti_init(void);	  /* boot CPU, once pages can be allocated */
/*
 * Boot, before the first user space: user roots show these pages, too; not writable where what the
 * kernel writes there is sealed later. Panics without memory.
 */
void pti_share(const void *start, size_t size, bool writable);
extern pte_t *pti_user_top;	 /* a root whose upper half is that of all user roots; or NULL */
void pti_init_root(pte_t *root); /* the user's upper half of a new pair of roots */

#endif
