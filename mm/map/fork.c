/*
 * A copy of a space for fork(2): private pages are shared, read-only on both sides, until one of them writes.
 */
#include "map_internal.h"

#include <kernel/lib/string.h>
#include <mm/commit.h>

static bool must_copy(const vm_area_t *v)
{
	/* What a fault can bring back unchanged is left to faults. */
	return v->anon;
}

/* Copies one table's part: private pages become shared, read-only on both sides. */
static void copy_table(vm_space_t *child, pte_t *from, pte_t *to, unsigned long start,
		       unsigned long end, bool private)
{
	spinlock_t *from_lock = pte_lock(from), *to_lock = pte_lock(to);
	s64 anon = 0, file = 0, shmem = 0;

	spin_lock(from_lock);
	spin_lock_nested(to_lock);
	for (unsigned long addr = start; addr < end; addr += PAGE_SIZE) {
		unsigned i = pt_index(addr, 0);
		pte_t pte = pte_get(&from[i]);
		page_t *page;

		if (!pte)
			continue;
		if (!(pte & PTE_SOFT_SPECIAL)) {
			page = pfn_to_page(pte_pfn(pte));
			if (private && (pte & PTE_WRITE)) {
				pte &= ~PTE_WRITE;
				__atomic_fetch_and(&from[i], ~PTE_WRITE, __ATOMIC_RELAXED);
			}
			page_get(page);
			__atomic_fetch_add(&page->map_count, 1, __ATOMIC_RELAXED);
			if (page_flag(page, PG_ANON))
				anon++;
			else if (page_flag(page, PG_MEMORY_FILE))
				shmem++;
			else
				file++;
		}
		pte_set(&to[i], pte & ~PTE_ACCESSED);
	}
	spin_unlock(to_lock);
	spin_unlock(from_lock);
	atomic64_add(&child->anon_pages, anon);
	atomic64_add(&child->file_pages, file);
	atomic64_add(&child->shmem_pages, shmem);
}

static int copy_pages(vm_space_t *child, vm_space_t *parent, const vm_area_t *v)
{
	for (unsigned long addr = v->start; addr < v->end;) {
		unsigned long end = MIN((addr & ~(HUGE_SIZE - 1)) + HUGE_SIZE, v->end);
		pte_t *from = pte_find(parent, addr), *to;

		if (from) {
			to = pte_make_path(child, addr);
			if (!to)
				return -ENOMEM;
			copy_table(child, from - pt_index(addr, 0), to - pt_index(addr, 0), addr,
				   end, area_private(v));
		}
		addr = end;
	}
	return 0;
}

static int copy_area(vm_space_t *child, vm_space_t *parent, vm_area_t *v)
{
	vm_area_t *copy;
	int r;

	if ((v->flags & VM_ACCOUNT) && !vm_may_commit(area_pages(v)))
		return -ENOMEM;
	copy = kmem_cache_alloc(area_cache, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	*copy = *v;
	copy->space = child;
	copy->flags &= ~(VM_LOCKED | VM_LOCK_ON_FAULT);
	area_share(copy);
	r = area_insert(child, copy);
	if (r) {
		area_free(copy);
		return r;
	}
	if ((v->flags & VM_WIPE_ON_FORK) || !must_copy(v))
		return 0;
	return copy_pages(child, parent, v);
}

vm_space_t *vm_space_fork(vm_space_t *parent)
{
	vm_space_t *child = vm_space_create();
	int r = 0;

	if (!child)
		return ERR_PTR(-ENOMEM);
	if (rwsem_write_lock_killable(&parent->lock)) {
		vm_space_put(child);
		return ERR_PTR(-EINTR);
	}
	child->mmap_base = parent->mmap_base;
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->stack_top = parent->stack_top;
	child->start_sp = parent->start_sp;
	child->code_start = parent->code_start;
	child->code_end = parent->code_end;
	child->data_start = parent->data_start;
	child->data_end = parent->data_end;
	child->arg_start = parent->arg_start;
	child->arg_end = parent->arg_end;
	child->env_start = parent->env_start;
	child->env_end = parent->env_end;
	child->auxv_count = parent->auxv_count;
	memcpy(child->auxv, parent->auxv, sizeof(child->auxv));
	r = arch_mmu_context_copy(&child->arch, &parent->arch);
	for (vm_area_t *v = vm_first(parent); v && !r; v = vm_next(v))
		if (!(v->flags & VM_DONT_COPY))
			r = copy_area(child, parent, v);
	/* The parent's writable translations are stale now, also when the copy failed. */
	arch_tlb_flush_range(&parent->arch, 0, USER_MAX, false);
	rwsem_write_unlock(&parent->lock);
	if (!r)
		return child;
	vm_space_put(child);
	return ERR_PTR(r);
}
