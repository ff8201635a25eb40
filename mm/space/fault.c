/*
 * Page faults.
 *
 * Concepts. The space's lock is held shared, so areas stay; the entry itself changes under its
 * table's lock, where everything that was found out before is checked again. An anonymous page is
 * owned by one mapping (references 1) or shared by fork, read-only, until a write copies it. Reads
 * of untouched anonymous memory map the zero page. File pages come from the page cache with the
 * file's truncate_lock held shared, so that none is mapped after it was truncated; neighbours that
 * are in the cache already are mapped with them.
 */
#include "space_internal.h"

#include <arch/entry.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <mm/commit.h>
#include <mm/policy.h>
#include <mm/slab.h>
#include <kernel/perf.h>

#define FAULT_AROUND 16 /* pages, a power of two */

pfn_t zero_page_pfn;

/* Counts one mapping of a page more or less (n: 1, -1). */
static void account(vm_space_t *s, page_t *page, s64 n)
{
	u32 mapped = __atomic_add_fetch(&page->map_count, (u32)n, __ATOMIC_RELAXED);
	u32 flags = READ_ONCE(page->flags);

	if (mapped == (n > 0)) /* the first came, the last went */
		mm_count(flags & PG_ANON ? MM_ANON : MM_MAPPED, n);
	atomic64_add(flags & PG_ANON	      ? &s->anon_pages
		     : flags & PG_MEMORY_FILE ? &s->shmem_pages
					      : &s->file_pages,
		     n);
}

/* Changes an entry that nobody has changed since it was seen. */
static void update(pte_t *pte, pte_t seen, pte_t value)
{
	spinlock_t *lock = pte_lock(pte);

	spin_lock(lock);
	if (pte_get(pte) == seen)
		pte_set(pte, value);
	spin_unlock(lock);
}

/* A page for addr, where the area's family finds it (anon.c). NULL: no memory. */
static page_t *anon_page(vm_area_t *v, unsigned long addr, gfp_flags_t zero)
{
	page_t *page = anon_prepare(v) ? user_page_alloc(GFP_USER | zero) : NULL;

	if (page) {
		page_set_flag(page, PG_ANON | PG_UPTODATE);
		page->mapping = v->anon;
		page->index = area_offset(v, addr);
	}
	return page;
}

/* A debugger's write makes a private copy that the program still may not write. */
static inline u64 entry_bits(const vm_area_t *v, bool writable, bool dirty)
{
	return area_pte_bits(v, writable && (v->flags & VM_WRITE)) | PTE_ACCESSED |
	       (dirty ? PTE_DIRTY : 0);
}

/* Fills an empty entry with a page whose reference it takes; false when someone was first. */
static bool install(vm_area_t *v, pte_t *pte, page_t *page, u64 bits)
{
	spinlock_t *lock = pte_lock(pte);
	bool mine;

	spin_lock(lock);
	mine = pte_get(pte) == 0;
	if (mine) {
		account(v->space, page, 1);
		pte_set(pte, pte_make(page_to_pfn(page), bits));
	}
	spin_unlock(lock);
	return mine;
}

static fault_result_t anon_missing(vm_area_t *v, pte_t *pte, unsigned long addr, bool write)
{
	page_t *page;

	if (!write) {
		update(pte, 0,
		       pte_make(zero_page_pfn, entry_bits(v, false, false) | PTE_SOFT_SPECIAL));
		return FAULT_OK;
	}
	page = anon_page(v, addr, GFP_ZERO);
	if (!page)
		return FAULT_OOM;
	if (!install(v, pte, page, entry_bits(v, true, true)))
		page_put(page);
	return FAULT_OK;
}

/* Maps what lies around addr, and there, of pages that are in the cache already; read faults only. */
static void fault_around(vm_area_t *v, pte_t *pte, unsigned long addr)
{
	unsigned long first = MAX(addr & ~(FAULT_AROUND * PAGE_SIZE - 1), v->start);
	unsigned long end = MIN((addr | (FAULT_AROUND * PAGE_SIZE - 1)) + 1, v->end);
	u64 index = area_offset(v, first), bits = area_pte_bits(v, false);
	u64 end_page = (READ_ONCE(v->map->size) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	spinlock_t *lock = pte_lock(pte);
	s64 entries;

	end_page = MIN(end_page, index + ((end - first) >> PAGE_SHIFT));
	pte -= ((addr & PAGE_MASK) - first) >> PAGE_SHIFT; /* in the same table */
	spin_lock(lock);
	entries = file_map_enter(v->map, index, end_page, pte, bits);
	atomic64_add(v->map->ops->read_page ? &v->space->file_pages : &v->space->shmem_pages,
		     entries);
	spin_unlock(lock);
}

static fault_result_t result_of(long error)
{
	return error == -ENOMEM ? FAULT_OOM : FAULT_BUS;
}

/* A page of the area's file (or of its own fault op), referenced. */
static page_t *file_page(vm_area_t *v, u64 index, bool write)
{
	if (v->ops && v->ops->fault)
		return v->ops->fault(v, index, write);
	if (index >= (READ_ONCE(v->map->size) + PAGE_SIZE - 1) >> PAGE_SHIFT)
		return ERR_PTR(-EFAULT);
	return file_map_get(v->map, index, GFP_USER);
}

static fault_result_t file_missing_locked(vm_area_t *v, pte_t *pte, unsigned long addr, bool write)
{
	bool copy = write && area_private(v);
	page_t *page, *mine;

	if (!write && !(v->ops && v->ops->fault) && !(v->flags & VM_RAND_READ)) {
		fault_around(v, pte, addr);
		if (pte_get(pte))
			return FAULT_OK;
	}
	page = file_page(v, area_offset(v, addr), write && !copy);
	if (IS_ERR(page))
		return result_of(PTR_ERR(page));
	if (!copy) {
		if (write)
			file_map_dirty(v->map, page);
		if (!install(v, pte, page, entry_bits(v, write, write)))
			page_put(page);
		return FAULT_OK;
	}
	mine = anon_page(v, addr, 0);
	if (mine)
		arch_copy_page(page_to_virt(mine), page_to_virt(page));
	page_put(page);
	if (!mine)
		return FAULT_OOM;
	if (!install(v, pte, mine, entry_bits(v, true, true)))
		page_put(mine);
	return FAULT_OK;
}

static fault_result_t file_missing(vm_area_t *v, pte_t *pte, unsigned long addr, bool write)
{
	fault_result_t r;

	if (!v->map)
		return file_missing_locked(v, pte, addr, write);
	rwsem_read_lock(&v->map->truncate_lock);
	r = file_missing_locked(v, pte, addr, write);
	rwsem_read_unlock(&v->map->truncate_lock);
	return r;
}

/* A write to a present entry without write permission, in an area that may be written. */
static fault_result_t write_protected(vm_area_t *v, pte_t *pte, unsigned long addr, pte_t seen)
{
	spinlock_t *lock = pte_lock(pte);
	bool special = seen & PTE_SOFT_SPECIAL;
	page_t *old = special ? NULL : pfn_to_page(pte_pfn(seen)), *fresh;

	spin_lock(lock);
	if (pte_get(pte) != seen) {
		spin_unlock(lock);
		return FAULT_OK; /* changed meanwhile: the access is tried again */
	}
	if (old &&
	    (!area_private(v) || (page_flag(old, PG_ANON) && refcount_read(&old->refs) == 1))) {
		pte_set(pte, pte_make(pte_pfn(seen), entry_bits(v, true, true)));
		spin_unlock(lock);
		if (!area_private(v) && v->map)
			file_map_dirty(v->map, old);
		arch_tlb_flush_local_page(addr); /* others fault once more and find it writable */
		return FAULT_OK;
	}
	if (old)
		page_get(old);
	spin_unlock(lock);

	fresh = anon_page(v, addr, special ? GFP_ZERO : 0);
	if (!fresh) {
		if (old)
			page_put(old);
		return FAULT_OOM;
	}
	if (old)
		arch_copy_page(page_to_virt(fresh), page_to_virt(old));
	spin_lock(lock);
	if (pte_get(pte) != seen) {
		spin_unlock(lock);
		page_put(fresh);
		if (old)
			page_put(old);
		return FAULT_OK;
	}
	account(v->space, fresh, 1);
	seen = pte_exchange(pte, pte_make(page_to_pfn(fresh), entry_bits(v, true, true)));
	if (old)
		account(v->space, old, -1);
	spin_unlock(lock);
	/*
	 * Other CPUs of this space may still read the old page: not once it is someone else's. No CPU
	 * has a translation whose entry was never accessed (Intel SDM 3A 4.10.2.2), and nobody takes that
	 * flag away while faults may come.
	 */
	if (seen & PTE_ACCESSED)
		arch_tlb_flush_range(&v->space->arch, addr & PAGE_MASK,
				     (addr & PAGE_MASK) + PAGE_SIZE, false);
	if (old) {
		page_put(old); /* ours */
		page_put(old); /* the entry's */
	}
	return FAULT_OK;
}

static fault_result_t handle(vm_area_t *v, unsigned long addr, u32 access)
{
	bool write = access & FAULT_WRITE;
	pte_t *pte = pte_make_path(v->space, addr), seen;

	if (!pte)
		return FAULT_OOM;
	seen = pte_get(pte);
	/* What was there is lost: zeros in its place would go to files and to others. */
	if (!seen && unlikely(READ_ONCE(v->space->reaped)) && area_private(v))
		return FAULT_BUS;
	if (!seen)
		return v->map || (v->ops && v->ops->fault) ? file_missing(v, pte, addr, write)
							   : anon_missing(v, pte, addr, write);
	if (unlikely(seen & PTE_SOFT_MOVING) && !pte_present(seen)) {
		rwsem_read_lock(&v->anon->lock); /* until it has moved */
		rwsem_read_unlock(&v->anon->lock);
		return FAULT_OK;
	}
	if (!pte_present(seen) && (v->flags & VM_ACCESS)) {
		/* Left without access by mprotect: the area allows it again. */
		update(pte, seen,
		       pte_make(pte_pfn(seen),
				area_pte_bits(v, false) | (seen & PTE_SOFT_SPECIAL)));
		return FAULT_OK;
	}
	if (write && !(seen & PTE_WRITE))
		return write_protected(v, pte, addr, seen);
	arch_tlb_flush_local_page(addr); /* a stale translation */
	return FAULT_OK;
}

fault_result_t fault_handle(vm_area_t *v, unsigned long addr, u32 access)
{
	thread_t *t = current();
	fault_result_t r;

	if (unlikely(v->policy)) {
		t->fault_policy = v->policy;
		t->fault_index = area_offset(v, addr);
	}
	r = handle(v, addr, access);
	if (unlikely(v->policy))
		t->fault_policy = NULL;
	return r;
}

/* ---- stack growth ---- */

vm_area_t *stack_grow(vm_space_t *s, unsigned long addr)
{
	vm_area_t *v = vm_find(s, addr), *prev;
	u64 pages;

	addr &= PAGE_MASK;
	if (!v || v->start <= addr)
		return v;
	if (!(v->flags & VM_GROWS_DOWN))
		return NULL;
	prev = area_of(rb_prev(&v->node));
	if (prev && !(prev->flags & VM_GROWS_DOWN) && (prev->flags & VM_ACCESS) &&
	    addr < prev->end + STACK_GUARD_GAP)
		return NULL;
	if (prev && addr < prev->end)
		return NULL;
	pages = (v->start - addr) >> PAGE_SHIFT;
	if (addr < mmap_min_addr || pages > v->page_offset)
		return NULL;
	if (v->end - addr > rlimit(RLIMIT_STACK))
		return NULL;
	if ((s->total_pages + pages) << PAGE_SHIFT > rlimit(RLIMIT_AS))
		return NULL;
	if ((v->flags & VM_LOCKED) && !vm_may_lock(s, pages))
		return NULL;
	if ((v->flags & VM_ACCOUNT) && !vm_may_commit(pages))
		return NULL;
	area_resize(s, v, addr, v->end);
	return v;
}

static fault_result_t fault_address(vm_space_t *s, unsigned long addr, u32 access, int *code)
{
	vm_area_t *v;
	fault_result_t r;

	*code = SEGV_MAPERR;
	rwsem_read_lock(&s->lock);
	v = vm_find(s, addr);
	if (unlikely(!v || v->start > addr)) {
		bool grows = v && (v->flags & VM_GROWS_DOWN);

		rwsem_read_unlock(&s->lock);
		if (!grows)
			return FAULT_SEGV;
		rwsem_write_lock(&s->lock);
		v = stack_grow(s, addr);
		if (!v) {
			rwsem_write_unlock(&s->lock);
			return FAULT_SEGV;
		}
		rwsem_downgrade(&s->lock);
	}
	if (unlikely(!area_allows(v, access))) {
		*code = SEGV_ACCERR;
		r = FAULT_SEGV;
	} else {
		r = fault_handle(v, addr, access);
	}
	rwsem_read_unlock(&s->lock);
	return r;
}

int ksignal_pf(trap_frame_t *frame, unsigned long addr, u32 access)
{
	vm_space_t *s = current()->space;
	fault_result_t r = FAULT_SEGV;
	int code = SEGV_MAPERR;

	current()->minor_faults++;
	mm_count(MM_FAULTS, 1);
	if (s && addr < USER_MAX)
		r = fault_address(s, addr, access, &code);
	if (r == FAULT_OK) {
		if (perf_used())
			perf_fault(addr, false);
		return 0;
	}
	if (!arch_frame_user(frame))
		return -EFAULT;
	switch (r) {
	case FAULT_BUS:
		ksignal_trap(frame, SIGBUS, BUS_ADRERR, addr);
		break;
	case FAULT_OOM:
		/*
		 * The OOM killer has chosen someone, perhaps us: try again, or die of its signal.
		 */
		if (!fatal_signal_pending(current()))
			yield();
		break;
	default:
		ksignal_segv(frame, addr >= USER_MAX ? SEGV_MAPERR : code, addr);
	}
	return 0;
}
