/*
 * Protection: the body of mprotect(2).
 */
#include "map_internal.h"

#include <mm/commit.h>

/* Rewrites the entries of an area whose flags have changed. */
static void change_entries(vm_area_t *v)
{
	for (unsigned long addr = v->start; addr < v->end;) {
		unsigned long end = MIN((addr & ~(HUGE_SIZE - 1)) + HUGE_SIZE, v->end);
		pte_t *pte = pte_find(v->space, addr);
		spinlock_t *lock;

		if (!pte) {
			addr = end;
			continue;
		}
		lock = pte_lock(pte);
		spin_lock(lock);
		for (; addr < end; addr += PAGE_SIZE, pte++) {
			pte_t old = pte_get(pte);
			/* Write permission comes by fault: who owns the page is found out there. */
			bool keep = (old & PTE_WRITE) && (v->flags & VM_WRITE);

			if (!old || (!pte_present(old) && (old & PTE_SOFT_MOVING)))
				continue; /* one that moves gets its rights by a fault */
			old = pte_exchange(pte, 0);
			pte_set(pte,
				pte_make(pte_pfn(old),
					 area_pte_bits(v, keep) | (old & (PTE_ACCESSED | PTE_DIRTY |
									  PTE_SOFT_SPECIAL))));
		}
		spin_unlock(lock);
	}
}

/* VM_ACCOUNT if the area is to be promised now that it may be written; that stays. */
static u32 promised_by(const vm_area_t *v, u32 want)
{
	u32 not_yet = VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NO_RESERVE;

	return (want & VM_WRITE) && !(v->flags & not_yet) ? VM_ACCOUNT : 0;
}

int vm_protect(vm_space_t *s, unsigned long addr, size_t len, int prot)
{
	unsigned long end = addr + len;
	u32 want = prot_flags(prot), gain;
	vm_area_t *v;
	int r = 0;

	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	v = vm_find(s, addr);
	if (!v || v->start >= end) {
		r = -ENOMEM;
		goto out;
	}
	if (prot & PROT_GROWSDOWN) {
		if (!(v->flags & VM_GROWS_DOWN)) {
			r = -EINVAL;
			goto out;
		}
		addr = v->start;
	} else if (v->start > addr) {
		r = -ENOMEM;
		goto out;
	}
	while (addr < end) {
		unsigned long stop;

		v = vm_find(s, addr);
		if (!v || v->start > addr) {
			r = -ENOMEM;
			break;
		}
		stop = MIN(v->end, end);
		if (want & ~((v->flags >> 4) & VM_ACCESS)) {
			r = -EACCES;
			break;
		}
		if ((v->flags & VM_ACCESS) != want) {
			if ((want & VM_WRITE) && !(v->flags & (VM_WRITE | VM_SHARED)) &&
			    vm_over(s->data_pages + ((stop - addr) >> PAGE_SHIFT),
				    rlimit(RLIMIT_DATA))) {
				r = -ENOMEM;
				break;
			}
			gain = promised_by(v, want);
			if (gain && !vm_may_commit((stop - addr) >> PAGE_SHIFT)) {
				r = -ENOMEM;
				break;
			}
			r = area_isolate(s, addr, stop);
			if (r)
				break;
			v = vm_find(s, addr);
			area_account(s, v, -(s64)area_pages(v));
			v->flags = (v->flags & ~VM_ACCESS) | want | gain;
			area_account(s, v, (s64)area_pages(v));
			change_entries(v);
			arch_tlb_flush_range(&s->arch, v->start, v->end, false);
			area_try_merge(s, v);
		}
		addr = stop;
	}
out:
	rwsem_write_unlock(&s->lock);
	return r;
}
