/*
 * Walking what is resident, for core files.
 */
#include "../space/space_internal.h"

static page_t *resident_page(pte_t *pte)
{
	spinlock_t *lock = pte_lock(pte);
	page_t *page = NULL;
	pte_t value;

	spin_lock(lock);
	value = pte_get(pte);
	if (value && !(value & PTE_SOFT_SPECIAL)) { /* moving or not: the dumped do not run */
		page = pfn_to_page(pte_pfn(value));
		page_get(page);
	}
	spin_unlock(lock);
	return page;
}

page_t *vm_next_resident(vm_space_t *s, unsigned long *addr, unsigned long end)
{
	page_t *page = NULL;

	rwsem_read_lock(&s->lock);
	while (*addr < end) {
		vm_area_t *v = vm_find(s, *addr);
		pte_t *pte;

		if (!v || v->start >= end)
			break;
		*addr = MAX(*addr, v->start);
		pte = v->flags & VM_IO ? NULL : pte_find(s, *addr);
		if (!pte) { /* no table: nothing in all that it would cover */
			*addr = ALIGN_DOWN(*addr, HUGE_SIZE) + HUGE_SIZE;
			continue;
		}
		page = resident_page(pte);
		if (page)
			break;
		*addr += PAGE_SIZE;
	}
	rwsem_read_unlock(&s->lock);
	return page;
}
