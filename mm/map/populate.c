/*
 * Faults before they happen: for MAP_POPULATE, mlock(2) and madvise(2).
 */
#include "map_internal.h"

int fault_populate(vm_space_t *s, unsigned long start, unsigned long end)
{
	for (unsigned long addr = start; addr < end; addr += PAGE_SIZE) {
		vm_area_t *v = vm_find(s, addr);
		pte_t *pte;
		u32 access;
		fault_result_t r;

		if (!v || v->start > addr)
			return -ENOMEM;
		/* Private writable memory is made its own at once. */
		access = (v->flags & VM_WRITE) && (area_private(v) || !v->map) ? FAULT_WRITE : 0;
		if (!area_allows(v, access))
			return -EFAULT;
		pte = pte_find(s, addr);
		if (pte && pte_present(*pte) && (!(access & FAULT_WRITE) || (*pte & PTE_WRITE)))
			continue;
		r = fault_handle(v, addr, access);
		if (r != FAULT_OK)
			return r == FAULT_OOM ? -ENOMEM : -EFAULT;
		if (fatal_signal_pending(current()))
			return -EINTR;
	}
	return 0;
}
