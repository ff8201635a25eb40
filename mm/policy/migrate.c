/*
 * Moving a resident page to another node, under the programs that use it.
 *
 * An anonymous page: every entry that maps it, found through its root, becomes a moving entry, which
 * names the page still but lets nobody in; who faults on one waits for the root's lock. When nothing but
 * those entries, and we, refer to the page, its contents are copied and the entries given the new
 * page; they regain their rights by a fault, which knows what the area allows by then.
 *
 * A page of a memory file: all its entries are removed; the caller's comes back at once, others by faults.
 */
#include "../space/space_internal.h"

#include <mm/migrate.h>

/* The entry of the page at addr turns from one value into another; under its table's lock. */
typedef struct turn {
	page_t *from, *to;
	bool moving; /* the new entry lets nobody in */
} turn_t;

static bool turn_entry(vm_area_t *v, unsigned long addr, const turn_t *t)
{
	pte_t *pte = pte_find(v->space, addr), entry;
	spinlock_t *lock;
	bool found;

	if (!pte)
		return false;
	lock = pte_lock(pte);
	spin_lock(lock);
	entry = pte_get(pte);
	found = entry && !(entry & PTE_SOFT_SPECIAL) && pte_pfn(entry) == page_to_pfn(t->from) &&
		(t->moving || (entry & PTE_SOFT_MOVING));
	if (found) {
		if (t->to != t->from) {
			page_get(t->to);
			__atomic_fetch_add(&t->to->map_count, 1, __ATOMIC_RELAXED);
		}
		pte_exchange(pte, 0);
		pte_set(pte, pte_make(page_to_pfn(t->to),
				      PTE_SOFT_NONE | (t->moving ? PTE_SOFT_MOVING : 0)));
	}
	spin_unlock(lock);
	return found;
}

/* Closes all entries of the page. root->lock exclusive, as for open_entries. */
static void close_entries(anon_root_t *root, page_t *page)
{
	const turn_t turn = { page, page, true };
	unsigned long addr;

	for (vm_area_t *v = anon_next(root, NULL, page, &addr); v;
	     v = anon_next(root, v, page, &addr))
		if (turn_entry(v, addr, &turn))
			arch_tlb_flush_range(&v->space->arch, addr, addr + PAGE_SIZE, false);
}

/* Gives the closed entries of `from` the page `to`, with their references. */
static void open_entries(anon_root_t *root, page_t *from, page_t *to)
{
	const turn_t turn = { from, to, false };
	unsigned long addr;

	for (vm_area_t *v = anon_next(root, NULL, from, &addr); v;
	     v = anon_next(root, v, from, &addr)) {
		if (!turn_entry(v, addr, &turn) || to == from)
			continue;
		__atomic_sub_fetch(&from->map_count, 1, __ATOMIC_RELAXED);
		page_put(from); /* the entry's; we hold one of our own */
	}
}

/* Entries come with a fork and go with an unmapping meanwhile: the count is one of a moment without either. */
static bool only_mapped(const page_t *page)
{
	u32 maps = READ_ONCE(page->map_count);

	return refcount_read(&page->refs) == maps + 1 && READ_ONCE(page->map_count) == maps;
}

static int move_anon(anon_root_t *root, page_t *page, page_t *fresh)
{
	int r = 0;

	page_set_flag(fresh, PG_ANON | PG_UPTODATE);
	fresh->mapping = page->mapping;
	fresh->index = page->index;
	rwsem_write_lock(&root->lock);
	close_entries(root, page);
	if (only_mapped(page))
		arch_copy_page(page_to_virt(fresh), page_to_virt(page));
	else
		r = -EBUSY; /* a pipe, or a system call at work, has it */
	open_entries(root, page, r ? page : fresh);
	rwsem_write_unlock(&root->lock);
	return r;
}

static int move_page(vm_area_t *v, unsigned long addr, page_t *page, u32 node)
{
	/* Not from elsewhere if the node is full: that is no move. */
	page_t *fresh = alloc_pages_node(node, GFP_USER | GFP_NORETRY | GFP_NOWARN, 0);
	int r;

	if (!fresh)
		return -ENOMEM;
	if (page_node(fresh) != node)
		r = -ENOMEM;
	else if (page_flag(page, PG_ANON))
		r = move_anon(v->anon, page, fresh);
	else
		r = v->map ? file_map_replace(v->map, page, fresh) : -EBUSY;
	if (!r && !page_flag(page, PG_ANON) && (v->flags & VM_ACCESS))
		fault_handle(v, addr, 0);
	page_put(fresh);
	return r;
}

/* The page of a program's own at addr, referenced, and its area. s->lock held. */
static page_t *find_page(vm_space_t *s, unsigned long addr, vm_area_t **area)
{
	vm_area_t *v = *area = vm_find(s, addr);
	page_t *page;
	spinlock_t *lock;
	pte_t *pte, entry;

	if (!v || v->start > addr || (v->flags & (VM_IO | VM_SPECIAL)))
		return ERR_PTR(-EFAULT);
	page = ERR_PTR(v->map ? -ENOENT : -EFAULT); /* as Linux tells them apart */
	pte = pte_find(s, addr);
	if (!pte)
		return page;
	lock = pte_lock(pte);
	spin_lock(lock);
	entry = pte_get(pte);
	if (entry & PTE_SOFT_SPECIAL) {
		page = ERR_PTR(-EFAULT); /* the zero page is everyone's */
	} else if (entry) {
		page = pfn_to_page(pte_pfn(entry));
		page_get(page);
	}
	spin_unlock(lock);
	return page;
}

int vm_page_node(vm_space_t *s, unsigned long addr)
{
	vm_area_t *v;
	page_t *page;
	int r;

	rwsem_read_lock(&s->lock);
	page = find_page(s, addr & PAGE_MASK, &v);
	rwsem_read_unlock(&s->lock);
	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	r = (int)page_node(page);
	page_put(page);
	return r;
}

int vm_move_page(vm_space_t *s, unsigned long addr, u32 node, bool even_shared)
{
	vm_area_t *v;
	page_t *page;
	int r = 0;

	rwsem_read_lock(&s->lock);
	page = find_page(s, addr & PAGE_MASK, &v);
	if (IS_ERR(page)) {
		rwsem_read_unlock(&s->lock);
		return (int)PTR_ERR(page);
	}
	if (page_node(page) != node)
		r = !even_shared && READ_ONCE(page->map_count) > 1 ? -EACCES
								   : move_page(v, addr, page, node);
	rwsem_read_unlock(&s->lock);
	page_put(page);
	return r ? r : (int)node;
}
