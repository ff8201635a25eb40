/*
 * User page tables. A table page carries its own lock in its page_t, which guards its 512 entries.
 * Tables are added under the parent's lock and removed only when no area is left over them, with
 * space->lock exclusive or at the end.
 */
#include "space_internal.h"

static pte_t *table_of(pte_t entry)
{
	return phys_to_virt(pte_pfn(entry) << PAGE_SHIFT);
}

pte_t *pte_find(vm_space_t *s, unsigned long addr)
{
	pte_t *table = s->root;

	for (int level = PT_LEVELS - 1; level > 0; level--) {
		pte_t entry = pte_get(&table[pt_index(addr, level)]);

		if (!entry)
			return NULL;
		table = table_of(entry);
	}
	return &table[pt_index(addr, 0)];
}

spinlock_t *pte_lock(pte_t *pte)
{
	return &virt_to_page(pte)->table_lock;
}

page_t *table_page_alloc(vm_space_t *s, u32 order)
{
	page_t *page = alloc_pages_gfp(GFP_USER | GFP_ZERO, order);

	if (!page)
		return NULL;
	page_set_flag(page, PG_TABLE);
	spinlock_init(&page->table_lock);
	mm_count(MM_TABLE, 1);
	atomic64_inc(&s->table_pages);
	return page;
}

static __noinline pte_t add_table(vm_space_t *s, pte_t *entry, int level)
{
	page_t *page = table_page_alloc(s, 0);
	spinlock_t *lock = pte_lock(entry);
	pte_t value;

	if (!page)
		return 0;
	spin_lock(lock);
	value = pte_get(entry);
	if (!value) {
		value = pte_make(page_to_pfn(page),
				 PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED);
		if (level == PT_LEVELS - 1)
			mmu_root_set(entry, value);
		else
			pte_set(entry, value);
		page = NULL;
	}
	spin_unlock(lock);
	if (page) {
		mm_count(MM_TABLE, -1);
		atomic64_dec(&s->table_pages);
		page_put(page);
	}
	return value;
}

pte_t *pte_make_path(vm_space_t *s, unsigned long addr)
{
	pte_t *table = s->root;

	/* Each fault comes by here: shifts by constants. */
#pragma GCC unroll 3
	for (int level = PT_LEVELS - 1; level > 0; level--) {
		pte_t *entry = &table[pt_index(addr, level)];
		pte_t value = pte_get(entry);

		if (unlikely(!value)) {
			value = add_table(s, entry, level);
			if (!value)
				return NULL;
		}
		table = table_of(value);
	}
	return &table[pt_index(addr, 0)];
}

u64 area_pte_bits(const vm_area_t *v, bool writable)
{
	/* What may be written is there to be read, even while write permission waits for a fault. */
	return arch_pte_prot(v->flags & (VM_READ | VM_WRITE), writable, v->flags & VM_EXEC);
}
