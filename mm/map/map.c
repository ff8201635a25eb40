/*
 * What programs make of their address spaces: the bodies of mmap(2), munmap(2) and brk(2); beside it
 * mprotect(2), mremap(2), what fork(2) copies and what a debugger reads. mm/space is what they all
 * stand on: the set of areas, page tables, faults.
 *
 * Everything is validated first; after the first change of the set of areas only lack of memory for
 * a split can fail, and then the space is left as it was.
 */
#include "map_internal.h"

#include <kernel/cred.h>
#include <kernel/perf.h>
#include <mm/commit.h>

bool vm_may_lock(vm_space_t *s, u64 pages)
{
	return !vm_over(s->locked_pages + pages, rlimit(RLIMIT_MEMLOCK)) || capable(CAP_IPC_LOCK);
}

int vm_check_limits(vm_space_t *s, u64 pages, u32 flags)
{
	if (vm_over(s->total_pages + pages, rlimit(RLIMIT_AS)))
		return -ENOMEM;
	if ((flags & (VM_WRITE | VM_SHARED | VM_GROWS_DOWN)) == VM_WRITE &&
	    vm_over(s->data_pages + pages, rlimit(RLIMIT_DATA)))
		return -ENOMEM;
	if ((flags & VM_LOCKED) && !vm_may_lock(s, pages))
		return -EAGAIN;
	return !(flags & VM_ACCOUNT) || vm_may_commit(pages) ? 0 : -ENOMEM;
}

/* ---- mapping ---- */

#define LOW_START 0x40000000ul /* where MAP_32BIT maps */
#define LOW_END 0x80000000ul

/* Where what lies below the area must end: a stack keeps a gap. */
static unsigned long room_below(const vm_area_t *v)
{
	unsigned long gap = v->flags & VM_GROWS_DOWN ? STACK_GUARD_GAP : 0;

	return v->start - MIN(gap, v->start);
}

/* As area_find_gap, but not into the gap that a stack above keeps. */
static unsigned long find_place(vm_space_t *s, size_t len, unsigned long low, unsigned long high)
{
	for (;;) {
		unsigned long at = area_find_gap(s, len, low, high);
		const vm_area_t *next = at ? vm_find(s, at) : NULL;

		if (!next || at + len <= room_below(next))
			return at;
		high = room_below(next);
		if (high < low + len)
			return 0;
	}
}

unsigned long vm_place(vm_space_t *s, unsigned long hint, size_t len, int map_flags)
{
	unsigned long low = MAX(mmap_min_addr, PAGE_SIZE), at;
	unsigned long end = map_flags & MAP_32BIT ? LOW_END : USER_MAX;

	if (hint && len <= end) {
		const vm_area_t *v;

		at = MAX(ALIGN_DOWN(hint, PAGE_SIZE), low);
		v = at <= end - len ? vm_find(s, at) : NULL;
		if (at <= end - len && (!v || at + len <= room_below(v)))
			return at;
	}
	if (map_flags & MAP_32BIT)
		return find_place(s, len, LOW_START, LOW_END);
	at = find_place(s, len, low, s->mmap_base);
	return at ? at : find_place(s, len, s->mmap_base, USER_MAX);
}

/* Flags of the new area from mmap's arguments, and what the file allows. 0 or errno. */
static int area_flags(vm_space_t *s, int prot, int map_flags, struct file *file, u32 *out)
{
	u32 flags = prot_flags(prot) | VM_MAY_READ | VM_MAY_WRITE | VM_MAY_EXEC | s->def_flags;
	u32 mode = file ? vm_file_ops->mode(file) : 0;
	int type = map_flags & MAP_TYPE;

	if (map_flags & MAP_LOCKED)
		flags |= VM_LOCKED;
	if ((map_flags & MAP_NORESERVE) && vm_overcommit != OVERCOMMIT_NEVER)
		flags |= VM_NO_RESERVE;
	if (map_flags & MAP_GROWSDOWN)
		flags |= VM_GROWS_DOWN;
	if ((map_flags & MAP_LOCKED) && !capable(CAP_IPC_LOCK) && !rlimit(RLIMIT_MEMLOCK))
		return -EPERM;
	if (type != MAP_PRIVATE)
		flags |= VM_SHARED;
	if ((flags & (VM_WRITE | VM_SHARED | VM_NO_RESERVE)) == VM_WRITE)
		flags |= VM_ACCOUNT;
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
	bool promise = !(v->flags & VM_NO_RESERVE);
	struct file *f = vm_file_ops->shared_memory(v->end - v->start, promise);
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

/* s->lock held. */
static u64 mapped_pages(vm_space_t *s, unsigned long addr, size_t len)
{
	u64 pages = 0;

	for (vm_area_t *v = vm_find(s, addr); v && v->start < addr + len; v = vm_next(v))
		pages += (MIN(v->end, addr + len) - MAX(v->start, addr)) >> PAGE_SHIFT;
	return pages;
}

static long map_locked(vm_space_t *s, unsigned long addr, size_t len, u32 flags, int map_flags,
		       struct file *file, off_t offset)
{
	bool fixed = map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	u64 pages = len >> PAGE_SHIFT;
	vm_area_t *v;
	long r;

	if (!fixed) {
		addr = vm_place(s, addr, len, map_flags);
		if (!addr)
			return -ENOMEM;
	} else if ((map_flags & MAP_FIXED_NOREPLACE) && occupied(s, addr, len)) {
		return -EEXIST;
	}
	if ((flags & VM_LOCKED) && !vm_may_lock(s, pages))
		return -EAGAIN;
	/* What is replaced makes room, but not for locked memory (as on Linux). */
	r = vm_check_limits(s, pages - mapped_pages(s, addr, len), flags & ~VM_LOCKED);
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
		    VM_STACK | VM_ACCOUNT | (executable ? VM_EXEC : 0);
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
	at = vm_place(s, hint, len, 0);
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

/* ---- unmapping ---- */

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

/* ---- the break ---- */

long vm_brk(vm_space_t *s, unsigned long brk)
{
	unsigned long old, new;
	bool locked = false;
	vm_area_t *v;
	long result;

	if (rwsem_write_lock_killable(&s->lock))
		return (long)s->brk;
	result = (long)s->brk;
	if (brk < s->brk_start || brk > USER_MAX)
		goto out;
	if (vm_over((brk - s->brk_start + (s->data_end - s->data_start) + PAGE_SIZE - 1) >>
			    PAGE_SHIFT,
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
			    VM_ACCOUNT | s->def_flags;

		v = vm_find(s, old);
		if (v && room_below(v) < new + PAGE_SIZE)
			goto out;
		if (vm_check_limits(s, (new - old) >> PAGE_SHIFT, flags))
			goto out;
		v = area_alloc(s, old, new, flags | VM_HEAP);
		if (!v)
			goto out;
		if (area_insert(s, v)) {
			area_free(v);
			goto out;
		}
		area_try_merge(s, v);
		locked = (flags & (VM_LOCKED | VM_LOCK_ON_FAULT)) == VM_LOCKED;
	}
	s->brk = brk;
	result = (long)brk;
out:
	rwsem_write_unlock(&s->lock);
	if (locked) {
		rwsem_read_lock(&s->lock);
		fault_populate(s, old, new); /* a hint: may fail */
		rwsem_read_unlock(&s->lock);
	}
	return result;
}
