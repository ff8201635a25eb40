/*
 * Life of address spaces: creation, fork, switching, the end; and access to spaces that are not
 * loaded.
 *
 * `users` counts threads that live in the space (and borrowers that need its mappings); the last
 * one unmaps everything. `refs` keeps the structure and the root table, which a CPU may still have
 * loaded lazily for a kernel thread.
 */
#include "space_internal.h"

#include <mm/policy.h>

#include <arch/entry.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <mm/slab.h>

static kmem_cache_t *space_cache;
const vm_file_ops_t *vm_file_ops __ro_after_init;
u64 vm_max_map_count = 65530, vm_overcommit, mmap_min_addr = 65536;

__init void space_init(void)
{
	page_t *zero = alloc_pages_gfp(GFP_KERNEL | GFP_ZERO, 0);

	space_cache = kmem_cache_create("vm_space", sizeof(vm_space_t), 0, SLAB_CACHE_ALIGN, NULL);
	area_cache = kmem_cache_create("vm_area", sizeof(vm_area_t), 0, 0, NULL);
	BUG_ON(!zero);
	zero_page_pfn = page_to_pfn(zero);
	anon_init();
	file_map_cache_init();
}

vm_space_t *vm_space_create(void)
{
	vm_space_t *s = kmem_cache_alloc(space_cache, GFP_KERNEL | GFP_ZERO);
	page_t *root;

	if (!s)
		return NULL;
	root = table_page_alloc(s, mmu_root_order());
	if (!root) {
		kmem_cache_free(space_cache, s);
		return NULL;
	}
	s->root = page_to_virt(root);
	arch_mmu_init_root(s->root);
	arch_mmu_context_init(&s->arch);
	refcount_set(&s->users, 1);
	refcount_set(&s->refs, 1);
	rwsem_init(&s->lock);
	spinlock_init(&s->anon_lock);
	s->mmap_base = USER_MAX - (1UL << 30);
	return s;
}

void vm_space_hold(vm_space_t *s)
{
	refcount_get(&s->refs);
}

void vm_space_drop(vm_space_t *s)
{
	if (!refcount_put(&s->refs))
		return;
	arch_mmu_context_free(&s->arch);
	mm_count(MM_TABLE, -1);
	free_pages(virt_to_page(s->root), mmu_root_order());
	kmem_cache_free(space_cache, s);
}

void vm_space_get(vm_space_t *s)
{
	refcount_get(&s->users);
}

bool vm_space_get_alive(vm_space_t *s)
{
	return refcount_get_unless_zero(&s->users);
}

void (*vm_space_end_hook)(vm_space_t *s) __ro_after_init;

void vm_space_put(vm_space_t *s)
{
	if (!refcount_put(&s->users))
		return;
	if (unlikely(s->aio))
		vm_space_end_hook(s);
	rwsem_write_lock(&s->lock);
	vm_remove_areas(s, 0, USER_MAX);
	rwsem_write_unlock(&s->lock);
	vm_space_drop(s);
}

vm_space_t *vm_space_of(process_t *p)
{
	vm_space_t *s = NULL;
	unsigned long flags;

	if (!process_lock_sighand(p, &flags))
		return NULL;
	s = p->space;
	if (s && !refcount_get_unless_zero(&s->users))
		s = NULL;
	process_unlock_sighand(p, flags);
	return s;
}

/* ---- switching; interrupts off ---- */

void vm_space_switch(thread_t *prev, thread_t *next)
{
	vm_space_t *loaded = prev->active_space;

	if (next->space) {
		next->active_space = next->space;
		if (loaded != next->space)
			arch_mmu_switch(loaded ? &loaded->arch : NULL, &next->space->arch,
					next->space->root);
		/* A kernel thread gives the space that it borrowed back. */
		if (!prev->space && loaded) {
			prev->active_space = NULL;
			vm_space_drop(loaded);
		}
		return;
	}
	/* A kernel thread goes on with what is loaded. */
	next->active_space = loaded;
	if (!loaded)
		return;
	if (prev->space)
		refcount_get(&loaded->refs);
	else
		prev->active_space = NULL; /* the borrowed reference moves on */
}

void vm_space_activate(vm_space_t *s)
{
	thread_t *t = current();
	vm_space_t *old = t->space, *loaded = t->active_space;

	preempt_disable();
	arch_irq_disable();
	if (old)
		arch_mmu_context_leave();
	t->space = s;
	t->found_area = NULL;
	if (s) {
		t->active_space = s;
		if (loaded != s)
			arch_mmu_switch(loaded ? &loaded->arch : NULL, &s->arch, s->root);
	} else if (old) {
		refcount_get(&old->refs); /* stays loaded, borrowed */
	}
	arch_irq_enable();
	preempt_enable();
	if (s && !old && loaded)
		vm_space_drop(loaded);
	if (old)
		vm_space_put(old);
}

/* ---- fork ---- */

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
	vm_area_t *copy = kmem_cache_alloc(area_cache, GFP_KERNEL);
	int r;

	if (!copy)
		return -ENOMEM;
	*copy = *v;
	copy->space = child;
	copy->flags &= ~(VM_LOCKED | VM_LOCK_ON_FAULT);
	anon_hold(copy);
	policy_get(copy->policy);
	if (copy->file)
		vm_file_ops->get(copy->file);
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
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

/* ---- access to any space ---- */

/*
 * The page of addr in v, referenced, if it can be used as it is: present and, to be written, either
 * writable or made for it: a private copy, which a debugger may change under its protection.
 */
static page_t *present_page(vm_area_t *v, unsigned long addr, bool write)
{
	pte_t *pte = pte_find(v->space, addr), value;
	page_t *page = NULL;
	spinlock_t *lock;

	if (!pte)
		return NULL;
	lock = pte_lock(pte);
	spin_lock(lock);
	value = pte_get(pte);
	if (pte_present(value) || ((value & PTE_SOFT_NONE) && !(value & PTE_SOFT_MOVING))) {
		bool special = value & PTE_SOFT_SPECIAL;

		page = pfn_to_page(pte_pfn(value));
		if (write && !(value & PTE_WRITE) &&
		    (special || (v->flags & VM_WRITE) || !page_flag(page, PG_ANON) ||
		     refcount_read(&page->refs) != 1))
			page = NULL;
		if (page)
			page_get(page);
	}
	spin_unlock(lock);
	return page;
}

static bool access_allowed(const vm_area_t *v, bool write, bool force)
{
	if (v->flags & VM_IO)
		return false;
	if (!write)
		return (v->flags & VM_ACCESS) || (force && (v->flags & VM_MAY_READ));
	if (v->flags & VM_WRITE)
		return true;
	return force && area_private(v) && (v->flags & VM_MAY_WRITE);
}

static page_t *lookup_page(vm_space_t *s, unsigned long addr, bool write, bool force)
{
	page_t *page = ERR_PTR(-EFAULT);

	addr &= PAGE_MASK;
	rwsem_read_lock(&s->lock);
	for (;;) {
		vm_area_t *v = vm_find(s, addr);
		fault_result_t r;

		if (v && v->start > addr && (v->flags & VM_GROWS_DOWN)) {
			rwsem_read_unlock(&s->lock);
			rwsem_write_lock(&s->lock);
			v = stack_grow(s, addr);
			rwsem_downgrade(&s->lock);
		}
		if (!v || v->start > addr || !access_allowed(v, write, force))
			break;
		page = present_page(v, addr, write);
		if (page)
			break;
		r = fault_handle(v, addr, write ? FAULT_WRITE : 0);
		page = ERR_PTR(r == FAULT_OOM ? -ENOMEM : -EFAULT);
		if (r != FAULT_OK)
			break;
	}
	rwsem_read_unlock(&s->lock);
	return page;
}

page_t *vm_lookup_page(vm_space_t *s, unsigned long addr, bool write)
{
	return lookup_page(s, addr, write, false);
}

ssize_t vm_access(vm_space_t *s, unsigned long addr, void *buf, size_t len, bool write, bool force)
{
	size_t done = 0;

	while (done < len) {
		size_t offset = (addr + done) & (PAGE_SIZE - 1);
		size_t n = MIN(len - done, PAGE_SIZE - offset);
		page_t *page = addr + done < USER_MAX ? lookup_page(s, addr + done, write, force)
						      : ERR_PTR(-EFAULT);
		char *at;

		if (IS_ERR(page))
			return done ? (ssize_t)done : PTR_ERR(page);
		at = (char *)page_to_virt(page) + offset;
		if (write)
			memcpy(at, (char *)buf + done, n);
		else
			memcpy((char *)buf + done, at, n);
		page_put(page);
		done += n;
	}
	return (ssize_t)done;
}

static int copy_any(vm_space_t *s, unsigned long addr, char *buf, size_t len, bool out)
{
	while (len) {
		size_t offset = addr & (PAGE_SIZE - 1), n = MIN(len, PAGE_SIZE - offset);
		page_t *page = vm_lookup_page(s, addr, out);
		char *at;

		if (IS_ERR(page))
			return (int)PTR_ERR(page);
		at = (char *)page_to_virt(page) + offset;
		if (out)
			memcpy(at, buf, n);
		else
			memcpy(buf, at, n);
		page_put(page);
		addr += n;
		buf += n;
		len -= n;
	}
	return 0;
}

int vm_copy_out(vm_space_t *s, unsigned long addr, const void *from, size_t len)
{
	return copy_any(s, addr, (char *)from, len, true);
}

int vm_copy_in(vm_space_t *s, void *to, unsigned long addr, size_t len)
{
	return copy_any(s, addr, to, len, false);
}

long vm_get_pages(vm_space_t *s, unsigned long addr, u32 n, bool write, page_t **out)
{
	for (u32 i = 0; i < n; i++) {
		out[i] = vm_lookup_page(s, addr + i * PAGE_SIZE, write);
		if (IS_ERR(out[i]))
			return i ? (long)i : PTR_ERR(out[i]);
	}
	return n;
}

u64 vm_resident(vm_space_t *s)
{
	return (u64)(atomic64_read(&s->anon_pages) + atomic64_read(&s->file_pages) +
		     atomic64_read(&s->shmem_pages));
}

void vm_space_reap(vm_space_t *s)
{
	gather_t g;

	/* A victim that holds the lock is left to die by itself. */
	if (!rwsem_read_trylock(&s->lock))
		return;
	WRITE_ONCE(s->reaped, true); /* before any entry is empty for it */
	gather_init(&g, s);
	for (vm_area_t *v = vm_first(s); v; v = vm_next(v))
		if (area_private(v) && !(v->flags & VM_LOCKED))
			zap_range(&g, v->start, v->end, true);
	gather_finish(&g);
	rwsem_read_unlock(&s->lock);
}

vm_area_t *find_vma(process_t *proc, uint64_t addr)
{
	return proc->space ? vm_find(proc->space, addr) : NULL;
}

int add_vma_to_process(process_t *proc, vm_area_t *vma)
{
	vm_space_t *s = vm_space_of(proc);
	vm_area_t *next;
	int r = -EEXIST;

	if (!s)
		return -ESRCH;
	rwsem_write_lock(&s->lock);
	next = vm_find(s, vma->start);
	if (!next || next->start >= vma->end) {
		vma->space = s;
		r = area_insert(s, vma);
	}
	rwsem_write_unlock(&s->lock);
	vm_space_put(s);
	return r;
}
