/*
 * Looking at address spaces from outside. Nothing here changes what any program sees.
 */
#include <mm/usage.h>

#include "../space/space_internal.h"

static void add_page(vm_usage_t *u, const page_t *page, pte_t pte, bool locked)
{
	u32 maps = MAX(READ_ONCE(page->map_count), 1u);
	u64 part = (PAGE_SIZE << VM_USAGE_SHIFT) / maps;
	bool dirty = (pte & PTE_DIRTY) || page_flag(page, PG_DIRTY);

	u->resident += PAGE_SIZE;
	u->proportional += part;
	if (dirty)
		u->proportional_dirty += part;
	if (page_flag(page, PG_ANON)) {
		u->anonymous += PAGE_SIZE;
		u->proportional_anon += part;
	} else if (page_flag(page, PG_MEMORY_FILE)) {
		u->proportional_shmem += part;
	} else {
		u->proportional_file += part;
	}
	if ((pte & PTE_ACCESSED) || page_flag(page, PG_ACCESSED))
		u->referenced += PAGE_SIZE;
	if (maps > 1)
		*(dirty ? &u->shared_dirty : &u->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &u->private_dirty : &u->private_clean) += PAGE_SIZE;
	if (locked)
		u->locked += part;
}

/* Calls fn for each entry of the area that has a page_t, under the lock of its table. */
static void each_entry(vm_area_t *v, void (*fn)(vm_area_t *v, pte_t *pte, void *arg), void *arg)
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
		spin_lock(lock); /* what the entries name is not freed meanwhile */
		for (; addr < end; addr += PAGE_SIZE, pte++) {
			pte_t entry = pte_get(pte);

			if (entry && !(entry & PTE_SOFT_SPECIAL))
				fn(v, pte, arg);
		}
		spin_unlock(lock);
	}
}

static void add_usage(vm_area_t *v, pte_t *pte, void *usage)
{
	pte_t entry = pte_get(pte);

	add_page(usage, pfn_to_page(pte_pfn(entry)), entry, v->flags & VM_LOCKED);
}

void vm_area_usage(vm_area_t *v, vm_usage_t *u)
{
	each_entry(v, add_usage, u);
}

static void add_node(vm_area_t *v, pte_t *pte, void *nodes)
{
	pte_t entry = pte_get(pte);
	const page_t *page = pfn_to_page(pte_pfn(entry));
	vm_nodes_t *n = nodes;

	n->pages++;
	n->on_node[page_node(page)]++;
	n->anonymous += page_flag(page, PG_ANON);
	n->dirty += (entry & PTE_DIRTY) || page_flag(page, PG_DIRTY);
	n->active += (entry & PTE_ACCESSED) || page_flag(page, PG_ACCESSED);
	n->most_maps = MAX(n->most_maps, READ_ONCE(page->map_count));
}

void vm_area_nodes(vm_area_t *v, vm_nodes_t *n)
{
	each_entry(v, add_node, n);
}

static void forget_access(vm_area_t *v, pte_t *pte, void *arg)
{
	page_clear_flag(pfn_to_page(pte_pfn(pte_get(pte))), PG_ACCESSED);
	__atomic_fetch_and(pte, ~PTE_ACCESSED, __ATOMIC_RELAXED);
}

void vm_forget_accesses(vm_space_t *s, u32 kinds)
{
	rwsem_write_lock(&s->lock);
	for (vm_area_t *v = vm_first(s); v; v = vm_next(v))
		if (kinds & (v->file ? VM_FORGET_FILE : VM_FORGET_ANON))
			each_entry(v, forget_access, NULL);
	/*
	 * Cached translations would hide the next access, and faults take an entry without the flag for one
	 * that is not cached: they wait until this is done.
	 */
	arch_tlb_flush_range(&s->arch, 0, USER_MAX, false);
	rwsem_write_unlock(&s->lock);
}

void vm_forget_peak(vm_space_t *s)
{
	WRITE_ONCE(s->max_resident, vm_resident(s));
}

u64 vm_pagemap_word(vm_space_t *s, unsigned long addr)
{
	pte_t *pte = pte_find(s, addr), entry;
	spinlock_t *lock;
	u64 word = 0;

	if (!pte)
		return 0;
	lock = pte_lock(pte);
	spin_lock(lock);
	entry = pte_get(pte);
	if (entry) {
		word = PAGEMAP_PRESENT | (pte_pfn(entry) & PAGEMAP_FRAME);
		if (!(entry & PTE_SOFT_SPECIAL)) {
			const page_t *page = pfn_to_page(pte_pfn(entry));

			if (!page_flag(page, PG_ANON))
				word |= PAGEMAP_FILE;
			if (READ_ONCE(page->map_count) == 1)
				word |= PAGEMAP_EXCLUSIVE;
		}
	}
	spin_unlock(lock);
	return word;
}
