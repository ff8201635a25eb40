/*
 * Kernel mappings outside the direct map: vmalloc, guarded stacks, device memory.
 *
 * Concepts. An area is a range of the vmalloc region with a guard page at its end, and at its start
 * where asked. What is freed is unmapped at once, but its pages and addresses come back only after
 * every CPU has dropped them from its TLB; since that costs an interrupt to all, freed areas gather
 * until there is enough of them ("lazy").
 *
 * Locking. kmap_lock guards the set of ranges, the lazy list and the kernel's lower-level tables,
 * which are only ever added to. The root's entries for the region are made at boot, so every
 * address space has them.
 */
#include "kmap_internal.h"

#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define LAZY_PAGES 1024 /* freed pages that are gathered before one flush */

mutex_t kmap_lock = MUTEX_INIT(kmap_lock);
vrange_set_t kmap_ranges; /* kmap_lock */
static kmap_area_t *lazy; /* kmap_lock */
static u64 lazy_pages;	  /* kmap_lock */

__init void kmap_init(void)
{
	vrange_init(&kmap_ranges, vmalloc_start, vmalloc_end);
}

bool is_vmalloc_addr(const void *ptr)
{
	return (unsigned long)ptr >= vmalloc_start && (unsigned long)ptr < vmalloc_end;
}

/*
 * The level-0 entry of a kernel address; tables are made on the way if `make`. NULL: none, or no
 * memory. kmap_lock held: what shrinks when memory is short (kernel stacks) would come to take it.
 */
static pte_t *kernel_pte(unsigned long addr, bool make)
{
	pte_t *table = kernel_pml4;

	for (int level = PT_LEVELS - 1; level > 0; level--) {
		pte_t *entry = &table[pt_index(addr, level)];
		pte_t value = pte_get(entry);

		if (!pte_present(value)) {
			page_t *page;

			if (!make)
				return NULL;
			page = alloc_pages_gfp(GFP_NOFS | GFP_ZERO, 0);
			if (!page)
				return NULL;
			value = pte_make(page_to_pfn(page), PTE_PRESENT | PTE_WRITE);
			pte_set(entry, value);
		}
		table = phys_to_virt(pte_pfn(value) << PAGE_SHIFT);
	}
	return &table[pt_index(addr, 0)];
}

static void unmap(unsigned long addr, size_t size)
{
	for (size_t off = 0; off < size; off += PAGE_SIZE) {
		pte_t *pte = kernel_pte(addr + off, false);

		if (pte)
			pte_set(pte, 0);
	}
}

/*
 * Maps the area's pages, or device frames from `pa`. 0 or -ENOMEM with nothing mapped. kmap_lock
 * held.
 */
static int map_area(kmap_area_t *area, phys_addr_t pa, u64 bits)
{
	for (size_t off = 0; off < area->size; off += PAGE_SIZE) {
		pte_t *pte = kernel_pte(area->base + off, true);
		pfn_t pfn = area->pages ? page_to_pfn(area->pages[off >> PAGE_SHIFT])
					: (pa + off) >> PAGE_SHIFT;

		if (!pte) {
			unmap(area->base, off);
			return -ENOMEM;
		}
		ASSERT(!pte_present(*pte));
		pte_set(pte, pte_make(pfn, bits));
	}
	return 0;
}

static void free_area(kmap_area_t *area)
{
	if (area->pages) {
		free_pages_bulk(area->pages, area->page_count);
		kfree(area->pages);
	}
	kfree(area);
}

/*
 * Flushes the gathered areas out of all TLBs and gives them back; kmap_lock held, dropped for no
 * one.
 */
static void purge_lazy(void)
{
	kmap_area_t *area = lazy;

	if (!area)
		return;
	lazy = NULL;
	lazy_pages = 0;
	arch_tlb_flush_kernel_range(vmalloc_start, vmalloc_end);
	while (area) {
		kmap_area_t *next = area->next_lazy;

		vrange_release(&kmap_ranges, &area->range);
		free_area(area);
		area = next;
	}
}

/* Finds addresses for the area and maps it. 0 or -ENOMEM. */
static int place(kmap_area_t *area, size_t guard_before, phys_addr_t pa, u64 bits)
{
	size_t span = guard_before + area->size + PAGE_SIZE;
	int r = -ENOMEM;

	mutex_lock(&kmap_lock);
	if (!vrange_take(&kmap_ranges, &area->range, span)) {
		purge_lazy();
		if (!vrange_take(&kmap_ranges, &area->range, span))
			goto out;
	}
	area->base = area->range.start + guard_before;
	r = map_area(area, pa, bits);
	if (r)
		vrange_release(&kmap_ranges, &area->range);
out:
	mutex_unlock(&kmap_lock);
	return r;
}

static kmap_area_t *area_with_pages(size_t size, gfp_flags_t flags, u32 node)
{
	kmap_area_t *area = kzalloc(sizeof(*area), GFP_KERNEL);
	u32 count = (u32)(size >> PAGE_SHIFT);

	if (!area)
		return NULL;
	area->size = size;
	area->pages = kmalloc(count * sizeof(page_t *), GFP_KERNEL);
	if (!area->pages)
		goto out_free;
	while (area->page_count < count) {
		page_t *page = alloc_pages_node(node, flags, 0);

		if (!page)
			goto out_free;
		area->pages[area->page_count++] = page;
	}
	return area;
out_free:
	free_area(area);
	return NULL;
}

static void *alloc_mapped(size_t size, gfp_flags_t flags, u32 node, size_t guard_before)
{
	kmap_area_t *area;

	if (!size || size > (total_page_count() << PAGE_SHIFT))
		return NULL;
	might_sleep();
	area = area_with_pages(ALIGN_UP(size, PAGE_SIZE), flags, node);
	if (!area)
		return NULL;
	if (place(area, guard_before, 0,
		  PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | pte_global | PTE_NX)) {
		free_area(area);
		return NULL;
	}
	return (void *)area->base;
}

void *vmalloc(size_t size)
{
	return alloc_mapped(size, GFP_KERNEL, cpu_node(this_cpu()), 0);
}

void *vzalloc(size_t size)
{
	return alloc_mapped(size, GFP_KERNEL | GFP_ZERO, cpu_node(this_cpu()), 0);
}

void *vmalloc_guarded(size_t size, u32 node)
{
	return alloc_mapped(size, GFP_KERNEL, node, PAGE_SIZE);
}

void vfree(void *ptr)
{
	kmap_area_t *area;
	vrange_t *range;

	if (!ptr)
		return;
	might_sleep();
	mutex_lock(&kmap_lock);
	range = vrange_find(&kmap_ranges, (unsigned long)ptr);
	BUG_ON(!range);
	area = container_of(range, kmap_area_t, range);
	BUG_ON(area->base != (unsigned long)ptr);
	unmap(area->base, area->size);
	area->next_lazy = lazy;
	lazy = area;
	lazy_pages += area->size >> PAGE_SHIFT;
	if (lazy_pages >= LAZY_PAGES)
		purge_lazy();
	mutex_unlock(&kmap_lock);
}

void kmap_purge(void)
{
	mutex_lock(&kmap_lock);
	purge_lazy();
	mutex_unlock(&kmap_lock);
}

static void *map_physical(phys_addr_t pa, size_t size, u64 bits)
{
	phys_addr_t first = ALIGN_DOWN(pa, PAGE_SIZE);
	kmap_area_t *area;

	if (!size || pa + size < pa || pa + size > BIT(52))
		return NULL;
	area = kzalloc(sizeof(*area), GFP_KERNEL);
	if (!area)
		return NULL;
	area->size = ALIGN_UP(pa + size, PAGE_SIZE) - first;
	if (place(area, 0, first,
		  bits | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | pte_global | PTE_NX)) {
		kfree(area);
		return NULL;
	}
	return (void *)(area->base + (pa - first));
}

__init void __iomem *ioremap(phys_addr_t pa, size_t size)
{
	return (void __iomem __force *)map_physical(pa, size,
						    PTE_WRITE | PTE_NO_CACHE | PTE_WRITE_THROUGH);
}

__init void __iomem *ioremap_wc(phys_addr_t pa, size_t size)
{
	return (void __iomem __force *)map_physical(pa, size, PTE_WRITE | PTE_WRITE_COMBINE);
}

void iounmap(void __iomem *p)
{
	vfree((void *)((unsigned long)p & PAGE_MASK));
}
