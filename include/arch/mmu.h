/*
 * Page tables: a radix tree of PT_LEVELS levels of 512 entries (Intel SDM 3A 4.5). Level 0 holds
 * 4 KiB entries, level 1 may hold 2 MiB leaves, level 2 1 GiB leaves; the root is level 3.
 *
 * mm/ walks and changes tables through these inline accessors; the arch offers TLB maintenance,
 * creation of a root with the kernel half, and the kernel's own mappings. A table page is reached
 * through the direct map. Entries are changed with single 64-bit stores (pte_set) or, where the CPU
 * may set accessed/dirty at the same time, with pte_exchange/pte_cmpxchg.
 *
 * Locking is the caller's: user tables under the page-table lock of mm/space, kernel tables under
 * mm/kmap's lock.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <arch/cpu.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PT_LEVELS 4
#define PT_ENTRIES 512
#define PT_LEVEL_SHIFT(level) (PAGE_SHIFT + 9 * (level)) /* bytes covered by one entry, log2 */
#define HUGE_SHIFT 21
#define HUGE_SIZE (1UL << HUGE_SHIFT)
#define GIANT_SHIFT 30

/* arch_clear_page(void *), arch_copy_page(void *to, const void *from): whole, aligned pages. */
#ifdef CONFIG_HOST
#include <fake/page_inline.h>
#else
#include <arch_x86/page_inline.h>
#endif

#define USER_MAX 0x00007ffffffff000UL /* first address a program cannot have */

typedef u64 pte_t;

/* Protection of a mapping, as mm speaks of it; pte_make turns it into hardware bits. */
#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_USER BIT(2)
#define PTE_WRITE_THROUGH BIT(3)
#define PTE_NO_CACHE BIT(4)
#define PTE_WRITE_COMBINE PTE_WRITE_THROUGH /* the arch's memory types put it there */
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY BIT(6)
#define PTE_LEAF BIT(7) /* at level 1 and 2: maps a large page */
#define PTE_GLOBAL BIT(8)
#define PTE_SOFT_MOVING BIT(9) /* software, with PTE_SOFT_NONE: the page is being moved */
#define PTE_SOFT_SPECIAL                                                                           \
	BIT(10) /* software: no page_t reference (device memory, zero page, vDSO) */
#define PTE_NX (1UL << 63)
#define PTE_FRAME_MASK 0x000ffffffffff000UL
/*
 * A non-present, non-zero entry is a software entry (PROT_NONE keeps PTE_SOFT_NONE and the frame).
 */
#define PTE_SOFT_NONE BIT(11)

static inline pte_t pte_make(pfn_t pfn, u64 bits)
{
	return (pfn << PAGE_SHIFT) | bits;
}
static inline pfn_t pte_pfn(pte_t pte)
{
	return (pte & PTE_FRAME_MASK) >> PAGE_SHIFT;
}
static inline bool pte_present(pte_t pte)
{
	return pte & PTE_PRESENT;
}
static inline pte_t pte_get(const pte_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}
static inline void pte_set(pte_t *p, pte_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}
static inline pte_t pte_exchange(pte_t *p, pte_t v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
}
static inline bool pte_cmpxchg(pte_t *p, pte_t old, pte_t v)
{
	return __atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
static inline unsigned pt_index(unsigned long addr, int level)
{
	return (addr >> PT_LEVEL_SHIFT(level)) & (PT_ENTRIES - 1);
}

/*
 * Kernel address space. The bases are randomised at boot (KASLR) and constant afterwards.
 * direct map: all physical memory, 1 GiB/2 MiB pages, read-write, no execute.
 */
extern unsigned long direct_map_base;
extern unsigned long page_array_base; /* page_t of pfn 0; see mm/page.h */
extern unsigned long vmalloc_start, vmalloc_end;

static inline void *phys_to_virt(phys_addr_t pa)
{
	return (void *)(direct_map_base + pa);
}
phys_addr_t virt_to_phys(const void *va); /* of a direct-map or image address */

/*
 * Physical address of the running kernel root; the root that user roots copy their upper half of.
 */
extern pte_t *kernel_pml4;
/* Copies the kernel half into a new user root (zeroed, of mmu_root_order). The kernel half's level-2
 * tables are all allocated at boot, so that no later change to kernel mappings must be propagated. */
void arch_mmu_init_root(pte_t *root);

/*
 * Page table isolation: a second root, for user mode, follows the first. It shares the lower half's
 * tables and lacks the kernel. Constant after boot.
 */
extern bool mmu_two_roots;
extern u64 pte_global; /* PTE_GLOBAL for kernel mappings, or 0 when user mode may not see them */

static inline u32 mmu_root_order(void) /* of a root's pages */
{
	return mmu_two_roots;
}

/* Changes an entry of the lower half of a root, under the lock that guards it. */
static inline void mmu_root_set(pte_t *entry, pte_t value)
{
	if (mmu_two_roots) {
		pte_set(entry + PT_ENTRIES, value);
		value |= value ? PTE_NX : 0; /* the kernel runs no user code */
	}
	pte_set(entry, value);
}

/*
 * What identifies an address space to the TLB: the CPUs that may hold its entries, and its PCID
 * generation. Embedded in vm_space_t. `cpus` is set when a CPU loads the root and cleared when the
 * CPU leaves it for good (lazy: kernel threads keep it).
 */
typedef struct arch_ldt arch_ldt_t;
typedef struct arch_mmu_context {
	cpu_set_t cpus;
	u64 id;	     /* unique, never reused: PCID caches compare it */
	u64 tlb_gen; /* atomic; bumped by each shootdown, so that lazy CPUs know they are stale */
	arch_ldt_t *ldt; /* the space's lock; NULL: none. include/arch/ldt.h */
} arch_mmu_context_t;
void arch_mmu_context_init(arch_mmu_context_t *ctx);
/* fork: what else belongs to a space is copied to one just made, under the parent's lock. -ENOMEM. */
int arch_mmu_context_copy(arch_mmu_context_t *to, const arch_mmu_context_t *from);
void arch_mmu_context_free(arch_mmu_context_t *ctx); /* no CPU runs it any more; may sleep */
void arch_mmu_context_leave(void); /* exec, exit: nothing of the running thread's space stays loaded
				      but its tables; interrupts off */
/* Loads the root on this CPU, interrupts off. prev may be NULL. */
void arch_mmu_switch(arch_mmu_context_t *prev, arch_mmu_context_t *next, pte_t *root);
/* Leaves user tables for the kernel's own root on this CPU (exit of the space while lazy). */
void arch_mmu_switch_kernel(void);

/* Local invalidation, and shootdown of [start, end) on every CPU that may hold entries of ctx.
 * Callable with preemption on, never with interrupts off. A large range costs one full flush. */
void arch_tlb_flush_local_page(unsigned long addr);
void arch_tlb_flush_range(arch_mmu_context_t *ctx, unsigned long start, unsigned long end,
			  bool freed_tables);
void arch_tlb_flush_kernel_range(unsigned long start, unsigned long end); /* all CPUs */
/*
 * Bits of a user entry. The hardware has no unreadable present page: a write or execute permission reads
 * too.
 */
static inline u64 arch_pte_prot(bool read, bool write, bool exec)
{
	if (!read && !write && !exec)
		return PTE_SOFT_NONE;
	return PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0) | (exec ? 0 : PTE_NX);
}

#endif
