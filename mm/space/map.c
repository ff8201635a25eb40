/*
 * Mapping, unmapping, protection, the break, remapping: the bodies of mmap(2), munmap(2),
 * mprotect(2), brk(2), mremap(2).
 *
 * Everything is validated first; after the first change of the set of areas only lack of memory for
 * a split can fail, and then the space is left as it was.
 */
#include "space_internal.h"

#include <mm/policy.h>

#include <kernel/cred.h>
#include <kernel/perf.h>
#include <kernel/process.h>

static bool over(u64 pages, u64 limit)
{
	return limit != RLIM_INFINITY && pages > limit >> PAGE_SHIFT;
}

bool vm_may_lock(vm_space_t *s, u64 pages)
{
	return !over(s->locked_pages + pages, rlimit(RLIMIT_MEMLOCK)) || capable(CAP_IPC_LOCK);
}

/* Heuristic overcommit: a request that could never be met is refused. */
static bool memory_allows(u64 pages, u32 flags)
{
	if (vm_overcommit == 1 || (flags & (VM_SHARED | VM_WRITE)) != VM_WRITE)
		return true;
	if (vm_overcommit == 0 && (flags & VM_NO_RESERVE))
		return true;
	return pages <= total_page_count();
}

static int check_limits(vm_space_t *s, u64 pages, u32 flags)
{
	if (over(s->total_pages + pages, rlimit(RLIMIT_AS)))
		return -ENOMEM;
	if ((flags & (VM_WRITE | VM_SHARED | VM_GROWS_DOWN)) == VM_WRITE &&
	    over(s->data_pages + pages, rlimit(RLIMIT_DATA)))
		return -ENOMEM;
	if ((flags & VM_LOCKED) && !vm_may_lock(s, pages))
		return -EAGAIN;
	return memory_allows(pages, flags) ? 0 : -ENOMEM;
}

static u32 prot_flags(int prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) |
	       (prot & PROT_EXEC ? VM_EXEC : 0);
}

/* ---- unmapping ---- */

void vm_remove_areas(vm_space_t *s, unsigned long start, unsigned long end)
{
	vm_area_t *v = vm_find(s, start), *next, *prev;
	unsigned long floor, ceiling;
	rb_node_t *gone = NULL; /* chained by `left` */
	gather_t g;

	prev = v ? area_of(rb_prev(&v->node)) : NULL;
	floor = prev ? prev->end : 0;
	gather_init(&g, s);
	for (; v && v->start < end; v = next) {
		next = vm_next(v);
		zap_range(&g, v->start, v->end, true);
		area_remove(s, v);
		/*
		 * Not among its file's mappings any more: nobody walks tables that are about to go. It is
		 * freed after the flush: the file's pages may still be reached until then.
		 */
		v->node.left = gone;
		gone = &v->node;
	}
	ceiling = v ? v->start : USER_MAX;
	free_tables(&g, start, end, floor, ceiling);
	gather_finish(&g);
	while (gone) {
		vm_area_t *dead = area_of(gone);

		gone = gone->left;
		area_free(dead);
	}
}

int vm_unmap_locked(vm_space_t *s, unsigned long addr, size_t len)
{
	vm_area_t *v = vm_find(s, addr);
	int r;

	if (!v || v->start >= addr + len)
		return 0;
	r = area_isolate(s, addr, addr + len);
	if (!r)
		vm_remove_areas(s, addr, addr + len);
	return r;
}

int vm_unmap(vm_space_t *s, unsigned long addr, size_t len)
{
	int r;

	if ((addr & ~PAGE_MASK) || !len || len > USER_MAX || addr > USER_MAX - len)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len || addr > USER_MAX - len)
		return -EINVAL;
	r = rwsem_write_lock_killable(&s->lock);
	if (r)
		return -EINTR;
	r = vm_unmap_locked(s, addr, len);
	rwsem_write_unlock(&s->lock);
	return r;
}

static bool shows(const vm_area_t *v, unsigned long addr, const vm_area_ops_t *ops)
{
	return v->ops == ops && (v->start - addr) >> PAGE_SHIFT == v->page_offset;
}

int vm_unmap_object(vm_space_t *s, unsigned long addr, const vm_area_ops_t *ops)
{
	vm_area_t *v, *next;
	unsigned long end;
	struct file *file;
	int r = -EINVAL;

	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	v = vm_find(s, addr);
	while (v && (v->start < addr || !shows(v, addr, ops)))
		v = vm_next(v);
	if (!v)
		goto out;
	r = 0;
	file = v->file; /* compared only */
	end = addr + ALIGN_UP(v->map->size, PAGE_SIZE);
	for (; !r && v && v->end <= end; v = next) {
		next = vm_next(v);
		if (v->file == file && shows(v, addr, ops))
			r = vm_unmap_locked(s, v->start, v->end - v->start);
	}
out:
	rwsem_write_unlock(&s->lock);
	return r;
}

/* ---- mapping ---- */

static unsigned long place(vm_space_t *s, unsigned long hint, size_t len, int map_flags)
{
	unsigned long low = MAX(mmap_min_addr, PAGE_SIZE);

	if (hint) {
		unsigned long at = ALIGN_DOWN(hint, PAGE_SIZE);
		vm_area_t *v;

		at = MAX(at, low);
		v = at <= USER_MAX - len ? vm_find(s, at) : NULL;
		if (at <= USER_MAX - len && (!v || at + len <= v->start)) {
			/* Not into the gap that a stack above keeps. */
			if (!v || !(v->flags & VM_GROWS_DOWN) ||
			    at + len + STACK_GUARD_GAP <= v->start)
				return at;
		}
	}
	if (map_flags & MAP_32BIT)
		return area_find_gap(s, len, 0x40000000, 0x80000000);
	unsigned long at = area_find_gap(s, len, low, s->mmap_base);

	return at ? at : area_find_gap(s, len, s->mmap_base, USER_MAX);
}

/* Flags of the new area from mmap's arguments, and what the file allows. 0 or errno. */
static int area_flags(vm_space_t *s, int prot, int map_flags, struct file *file, u32 *out)
{
	u32 flags = prot_flags(prot) | VM_MAY_READ | VM_MAY_WRITE | VM_MAY_EXEC | s->def_flags;
	u32 mode = file ? vm_file_ops->mode(file) : 0;
	int type = map_flags & MAP_TYPE;

	if (map_flags & MAP_LOCKED)
		flags |= VM_LOCKED;
	if (map_flags & MAP_NORESERVE)
		flags |= VM_NO_RESERVE;
	if (map_flags & MAP_GROWSDOWN)
		flags |= VM_GROWS_DOWN;
	if ((flags & VM_LOCKED) && !capable(CAP_IPC_LOCK) && !rlimit(RLIMIT_MEMLOCK))
		return -EPERM;
	if (type != MAP_PRIVATE)
		flags |= VM_SHARED;
	if (!file) {
		*out = flags;
		return (flags & VM_SHARED) && (flags & VM_GROWS_DOWN) ? -EINVAL : 0;
	}
	if (flags & VM_SHARED) {
		if ((prot & PROT_WRITE) && !(mode & VM_FILE_WRITE))
			return -EACCES;
		if ((mode & VM_FILE_APPEND_ONLY) && (mode & VM_FILE_WRITE))
			return -EACCES;
		if (!(mode & VM_FILE_WRITE))
			flags &= ~VM_MAY_WRITE;
	}
	if (!(mode & VM_FILE_READ))
		return -EACCES;
	if (mode & VM_FILE_NO_EXEC) {
		if (prot & PROT_EXEC)
			return -EPERM;
		flags &= ~VM_MAY_EXEC;
	}
	if (flags & VM_GROWS_DOWN)
		return -EINVAL;
	*out = flags;
	return 0;
}

static int attach_file(vm_area_t *v, struct file *file, off_t offset)
{
	int r;

	v->page_offset = (u64)offset >> PAGE_SHIFT;
	vm_file_ops->get(file);
	v->file = file;
	r = vm_file_ops->mmap(file, v);
	return r;
}

/* Shared anonymous memory is a file without a name. */
static int attach_shared_memory(vm_area_t *v)
{
	struct file *f = vm_file_ops->shared_memory(v->end - v->start);
	int r;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	r = attach_file(v, f, 0);
	vm_file_ops->put(f);
	return r;
}

/* s->lock held. */
static bool occupied(vm_space_t *s, unsigned long addr, size_t len)
{
	const vm_area_t *v = vm_find(s, addr);

	return v && v->start < addr + len;
}

/* Told before whatever else is wrong; who comes in between is noticed later. */
static bool occupied_now(vm_space_t *s, unsigned long addr, size_t len)
{
	bool there;

	rwsem_read_lock(&s->lock);
	there = occupied(s, addr, len);
	rwsem_read_unlock(&s->lock);
	return there;
}

static long map_locked(vm_space_t *s, unsigned long addr, size_t len, u32 flags, int map_flags,
		       struct file *file, off_t offset)
{
	bool fixed = map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	vm_area_t *v;
	long r;

	if (!fixed) {
		addr = place(s, addr, len, map_flags);
		if (!addr)
			return -ENOMEM;
	} else if ((map_flags & MAP_FIXED_NOREPLACE) && occupied(s, addr, len)) {
		return -EEXIST;
	}
	r = check_limits(s, len >> PAGE_SHIFT, flags);
	if (r)
		return r;
	v = area_alloc(s, addr, addr + len, flags);
	if (!v)
		return -ENOMEM;
	if (file)
		r = attach_file(v, file, offset);
	else if (flags & VM_SHARED)
		r = attach_shared_memory(v);
	if (!r && fixed)
		r = vm_unmap_locked(s, addr, len);
	if (!r)
		r = area_insert(s, v);
	if (r) {
		area_free(v);
		return r;
	}
	area_try_merge(s, v);
	return (long)addr;
}

long vm_map(vm_space_t *s, unsigned long addr, size_t len, int prot, int map_flags,
	    struct file *file, off_t offset)
{
	u32 flags;
	long r;

	if (!len)
		return -EINVAL;
	if (len > USER_MAX)
		return -ENOMEM;
	len = ALIGN_UP(len, PAGE_SIZE);
	/* Memory without a file has no end that an offset could be beyond. */
	if (file && (u64)offset > (u64)INT64_MAX - len)
		return -EOVERFLOW;
	if (map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (addr > USER_MAX - len)
			return -ENOMEM;
		if (addr & ~PAGE_MASK)
			return -EINVAL;
		if (addr < mmap_min_addr && !capable(CAP_SYS_RAWIO))
			return -EPERM;
		if ((map_flags & MAP_FIXED_NOREPLACE) && occupied_now(s, addr, len))
			return -EEXIST;
	}
	r = area_flags(s, prot, map_flags, file, &flags);
	if (r)
		return r;
	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	r = map_locked(s, addr, len, flags, map_flags, file, offset);
	rwsem_write_unlock(&s->lock);
	if (perf_used() && file && r > 0 && s == current()->space)
		perf_mmap((unsigned long)r, len, prot, map_flags, file, (u64)offset);
	if (r > 0 && ((map_flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE ||
		      (flags & (VM_LOCKED | VM_LOCK_ON_FAULT)) == VM_LOCKED)) {
		rwsem_read_lock(&s->lock);
		fault_populate(s, (unsigned long)r, (unsigned long)r + len); /* a hint: may fail */
		rwsem_read_unlock(&s->lock);
	}
	return r;
}

long uvmalloc(size_t len, int prot)
{
	return vm_map(current()->space, 0, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
}

int vm_setup_stack(vm_space_t *s, unsigned long top, bool executable)
{
	u32 flags = VM_READ | VM_WRITE | VM_MAY_READ | VM_MAY_WRITE | VM_MAY_EXEC | VM_GROWS_DOWN |
		    VM_STACK | (executable ? VM_EXEC : 0);
	vm_area_t *v = area_alloc(s, top - 32 * PAGE_SIZE, top, flags);
	int r;

	if (!v)
		return -ENOMEM;
	rwsem_write_lock(&s->lock);
	r = area_insert(s, v);
	rwsem_write_unlock(&s->lock);
	if (r)
		area_free(v);
	return r;
}

long vm_map_special(vm_space_t *s, unsigned long hint, const vm_special_t *parts, u32 count)
{
	unsigned long at;
	size_t len = 0;
	long r;

	for (u32 i = 0; i < count; i++)
		len += parts[i].len;
	rwsem_write_lock(&s->lock);
	at = place(s, hint, len, 0);
	r = at ? (long)at : -ENOMEM;
	for (u32 i = 0; r > 0 && i < count; at += parts[i++].len) {
		vm_area_t *v = area_alloc(s, at, at + parts[i].len, parts[i].flags | VM_SPECIAL);

		if (!v) {
			r = -ENOMEM;
			break;
		}
		v->page_offset = 0;
		v->ops = parts[i].ops;
		if (area_insert(s, v)) {
			area_free(v);
			r = -ENOMEM;
		}
	}
	rwsem_write_unlock(&s->lock); /* after a failure the space is given up with what it has */
	return r;
}

/* ---- protection ---- */

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

int vm_protect(vm_space_t *s, unsigned long addr, size_t len, int prot)
{
	unsigned long end = addr + len;
	u32 want = prot_flags(prot);
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
			    over(s->data_pages + ((stop - addr) >> PAGE_SHIFT),
				 rlimit(RLIMIT_DATA))) {
				r = -ENOMEM;
				break;
			}
			r = area_isolate(s, addr, stop);
			if (r)
				break;
			v = vm_find(s, addr);
			area_account(s, v, -(s64)area_pages(v));
			v->flags = (v->flags & ~VM_ACCESS) | want;
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

/* ---- the break ---- */

long vm_brk(vm_space_t *s, unsigned long brk)
{
	unsigned long old, new;
	vm_area_t *v;
	long result;

	if (rwsem_write_lock_killable(&s->lock))
		return (long)s->brk;
	result = (long)s->brk;
	if (brk < s->brk_start)
		goto out;
	if (over((brk - s->brk_start + (s->data_end - s->data_start) + PAGE_SIZE - 1) >> PAGE_SHIFT,
		 rlimit(RLIMIT_DATA)))
		goto out;
	old = ALIGN_UP(s->brk, PAGE_SIZE);
	new = ALIGN_UP(brk, PAGE_SIZE);
	if (new < old) {
		if (!vm_unmap_locked(s, new, old - new))
			result = (long)(s->brk = brk);
		goto out;
	}
	if (new > old) {
		u32 flags = VM_READ | VM_WRITE | VM_MAY_READ | VM_MAY_WRITE | VM_MAY_EXEC |
			    s->def_flags;

		v = vm_find(s, old);
		if (new > USER_MAX || (v && v->start < new + PAGE_SIZE))
			goto out;
		if (check_limits(s, (new - old) >> PAGE_SHIFT, flags))
			goto out;
		v = area_alloc(s, old, new, flags | VM_HEAP);
		if (!v)
			goto out;
		if (area_insert(s, v)) {
			area_free(v);
			goto out;
		}
		area_try_merge(s, v);
	}
	s->brk = brk;
	result = (long)brk;
out:
	rwsem_write_unlock(&s->lock);
	return result;
}

/* ---- remapping ---- */

/* Tables at `to` for all that has one at `from`: moving entries there cannot fail then. */
static int make_tables(vm_space_t *s, unsigned long from, unsigned long to, size_t len)
{
	for (size_t off = 0; off < len; off += PAGE_SIZE) {
		pte_t *old = pte_find(s, from + off);

		if (!old) /* on to the next table */
			off = ALIGN_UP(from + off + 1, HUGE_SIZE) - from - PAGE_SIZE;
		else if (pte_get(old) && !pte_make_path(s, to + off))
			return -ENOMEM;
	}
	return 0;
}

/*
 * Moves the entries of [from, from+len) to another place in the same space, where tables are; both in
 * areas. s->lock exclusive, and the area kept from those who reach it through its pages: area_pin.
 */
static void move_entries(vm_space_t *s, unsigned long from, unsigned long to, size_t len)
{
	for (size_t off = 0; off < len; off += PAGE_SIZE) {
		pte_t *old = pte_find(s, from + off);

		if (!old)
			off = ALIGN_UP(from + off + 1, HUGE_SIZE) - from - PAGE_SIZE;
		else if (pte_get(old))
			pte_set(pte_find(s, to + off), pte_exchange(old, 0));
	}
	arch_tlb_flush_range(&s->arch, from, from + len, false);
}

static long move_area(vm_space_t *s, vm_area_t *v, unsigned long addr, size_t old_len,
		      size_t new_len, unsigned long flags, unsigned long to)
{
	vm_area_t *copy;
	u64 offset = area_offset(v, addr);
	int r;

	r = check_limits(s, new_len >> PAGE_SHIFT, v->flags);
	if (r)
		return r;
	if (!(flags & MREMAP_FIXED)) {
		to = place(s, 0, new_len, 0);
		if (!to)
			return -ENOMEM;
	}
	copy = area_alloc(s, to, to + new_len, v->flags);
	if (!copy)
		return -ENOMEM;
	/* Without pages it may count anew, as its new neighbours do. */
	copy->page_offset =
		v->map || v->anon || (v->flags & VM_SPECIAL) ? offset : to >> PAGE_SHIFT;
	copy->file = v->file;
	copy->map = v->map;
	copy->ops = v->ops;
	copy->private_data = v->private_data;
	copy->policy = policy_get(v->policy);
	copy->anon = v->anon;
	anon_hold(copy);
	if (copy->file)
		vm_file_ops->get(copy->file);
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
	r = area_insert(s, copy);
	if (r) {
		area_free(copy);
		return r;
	}
	r = make_tables(s, addr, to, MIN(old_len, new_len));
	if (r) {
		vm_unmap_locked(s, to, new_len);
		return r;
	}
	area_pin(v);
	move_entries(s, addr, to, MIN(old_len, new_len));
	area_unpin(v);
	if (flags & MREMAP_DONTUNMAP)
		return (long)to;
	r = vm_unmap_locked(s, addr, old_len);
	return r ? r : (long)to;
}

static long mremap_locked(vm_space_t *s, unsigned long addr, size_t old_len, size_t new_len,
			  unsigned long flags, unsigned long new_addr)
{
	vm_area_t *v, *next;
	long r;

	if (flags & MREMAP_FIXED) {
		r = vm_unmap_locked(s, new_addr, new_len);
		if (r)
			return r;
	}
	v = vm_find(s, addr);
	if (!v || v->start > addr)
		return -EFAULT;
	if (!old_len) { /* a second mapping of shared pages */
		if (!(v->flags & VM_SHARED))
			return -EINVAL;
		if (!(flags & MREMAP_MAYMOVE))
			return -EINVAL;
	}
	if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && old_len >= new_len && old_len) {
		/* What is cut off may reach over other areas, and holes. */
		if (old_len > USER_MAX - addr)
			return -EINVAL;
		r = old_len > new_len ? vm_unmap_locked(s, addr + new_len, old_len - new_len) : 0;
		return r ? r : (long)addr;
	}
	if (old_len > v->end - addr || ((v->flags & VM_SPECIAL) && new_len > old_len))
		return -EFAULT;
	if ((flags & MREMAP_DONTUNMAP) && (v->map || (v->flags & VM_SHARED)))
		return -EINVAL;
	if ((v->flags & VM_LOCKED) && new_len > old_len &&
	    !vm_may_lock(s, (new_len - old_len) >> PAGE_SHIFT))
		return -EAGAIN;
	if (new_len > USER_MAX)
		return -ENOMEM;
	next = vm_next(v);
	if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && old_len && addr + old_len == v->end &&
	    addr <= USER_MAX - new_len && (!next || next->start >= addr + new_len)) {
		r = check_limits(s, (new_len - old_len) >> PAGE_SHIFT, v->flags);
		if (r)
			return r;
		area_resize(s, v, v->start, addr + new_len);
		area_try_merge(s, v);
		return (long)addr;
	}
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	return move_area(s, v, addr, old_len, new_len, flags, new_addr);
}

long vm_mremap(vm_space_t *s, unsigned long addr, size_t old_len, size_t new_len,
	       unsigned long flags, unsigned long new_addr)
{
	bool locked;
	vm_area_t *v;
	long r;

	if (flags & ~(unsigned long)(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && old_len != new_len)
		return -EINVAL;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	old_len = ALIGN_UP(old_len, PAGE_SIZE);
	new_len = ALIGN_UP(new_len, PAGE_SIZE);
	if (!new_len)
		return -EINVAL;
	if (flags & MREMAP_FIXED) {
		if (new_len > USER_MAX || (new_addr & ~PAGE_MASK) || new_addr > USER_MAX - new_len)
			return -EINVAL;
		if (addr + old_len > new_addr && new_addr + new_len > addr)
			return -EINVAL;
	}
	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	r = mremap_locked(s, addr, old_len, new_len, flags, new_addr);
	v = r > 0 ? vm_find(s, (unsigned long)r) : NULL;
	locked = v && (v->flags & VM_LOCKED);
	rwsem_write_unlock(&s->lock);
	if (locked && new_len > old_len) {
		rwsem_read_lock(&s->lock);
		fault_populate(s, (unsigned long)r + old_len, (unsigned long)r + new_len);
		rwsem_read_unlock(&s->lock);
	}
	return r;
}

/* ---- truncation of files ---- */

void file_map_unmap(file_map_t *map, u64 first, u64 last, bool even_private)
{
	interval_node_t *n;

	rwsem_read_lock(&map->map_lock);
	for (n = interval_first(&map->mappings, first, last); n;
	     n = interval_next(n, first, last)) {
		vm_area_t *v = container_of(n, vm_area_t, map_node);
		u64 from = MAX(first, n->start) - n->start, to = MIN(last, n->last) - n->start + 1;
		gather_t g;

		gather_init(&g, v->space);
		zap_range(&g, v->start + (from << PAGE_SHIFT), v->start + (to << PAGE_SHIFT),
			  even_private);
		gather_finish(&g);
	}
	rwsem_read_unlock(&map->map_lock);
}
