/*
 * madvise(2), mincore(2), msync(2), mlock(2): what programs tell and ask about ranges.
 */
#include <mm/advice.h>

#include "../space/space_internal.h"

#include <kernel/cred.h>
#include <kernel/process.h>

/* ---- advice ---- */

static int drop_pages(vm_space_t *s, vm_area_t *v, unsigned long start, unsigned long end,
		      u32 not_of)
{
	gather_t g;

	if (v->flags & not_of)
		return -EINVAL;
	gather_init(&g, s);
	zap_range(&g, start, end, true);
	gather_finish(&g);
	return 0;
}

/*
 * Lets go of the lock meanwhile: the file's lock comes first, since who writes to a file may fault
 * while it holds that.
 */
static int punch(vm_space_t *s, const vm_area_t *v, unsigned long start, unsigned long end)
{
	off_t from = (off_t)(area_offset(v, start) << PAGE_SHIFT);
	struct file *f = v->file;
	int r;

	if (v->flags & VM_LOCKED)
		return -EINVAL;
	if (!f || !v->map)
		return -EINVAL;
	if ((v->flags & (VM_SHARED | VM_MAY_WRITE)) != (VM_SHARED | VM_MAY_WRITE))
		return -EACCES;
	vm_file_ops->get(f);
	rwsem_read_unlock(&s->lock);
	r = (int)vm_file_ops->punch(f, from, (off_t)(end - start));
	vm_file_ops->put(f);
	rwsem_read_lock(&s->lock);
	return r;
}

/* Advice that needs no change of areas; lock shared, the area may be gone afterwards. */
static int advise_shared(vm_space_t *s, vm_area_t *v, unsigned long start, unsigned long end,
			 int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		return drop_pages(s, v, start, end, VM_LOCKED | VM_IO);
	case MADV_DONTNEED_LOCKED:
		return drop_pages(s, v, start, end, VM_IO);
	case MADV_FREE:
		/* Freed at once: allowed, since the program may find zeros at any time. */
		return v->map || (v->flags & VM_SHARED)
			       ? -EINVAL
			       : drop_pages(s, v, start, end, VM_LOCKED | VM_IO);
	case MADV_REMOVE:
		return punch(s, v, start, end);
	case MADV_WILLNEED:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return v->flags & VM_LOCKED && advice != MADV_WILLNEED ? -EINVAL : 0;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		if (!(v->flags & (advice == MADV_POPULATE_WRITE ? VM_WRITE : VM_READ)))
			return -EINVAL;
		return fault_populate(s, start, end);
	}
	return -EINVAL;
}

typedef struct flag_change {
	u32 set, clear;
} flag_change_t;

/* Advice that is kept in the area's flags; false when it is of the other kind. */
static bool flag_advice(int advice, flag_change_t *c)
{
	*c = (flag_change_t){ 0 };
	switch (advice) {
	case MADV_NORMAL:
		c->clear = VM_SEQ_READ | VM_RAND_READ;
		return true;
	case MADV_RANDOM:
		*c = (flag_change_t){ VM_RAND_READ, VM_SEQ_READ };
		return true;
	case MADV_SEQUENTIAL:
		*c = (flag_change_t){ VM_SEQ_READ, VM_RAND_READ };
		return true;
	case MADV_DONTFORK:
		c->set = VM_DONT_COPY;
		return true;
	case MADV_DOFORK:
		c->clear = VM_DONT_COPY;
		return true;
	case MADV_DONTDUMP:
		c->set = VM_DONT_DUMP;
		return true;
	case MADV_DODUMP:
		c->clear = VM_DONT_DUMP;
		return true;
	case MADV_WIPEONFORK:
		c->set = VM_WIPE_ON_FORK;
		return true;
	case MADV_KEEPONFORK:
		c->clear = VM_WIPE_ON_FORK;
		return true;
	}
	return false;
}

static int change_flags(vm_space_t *s, unsigned long start, unsigned long end, flag_change_t c)
{
	vm_area_t *v;
	int r = area_isolate(s, start, end);

	if (r)
		return r == -ENOMEM ? -EAGAIN : r;
	v = vm_find(s, start);
	if ((c.set & VM_WIPE_ON_FORK) && (v->file || (v->flags & VM_SHARED)))
		return -EINVAL;
	v->flags = (v->flags & ~c.clear) | c.set;
	area_try_merge(s, v);
	return 0;
}

static bool known_advice(int advice)
{
	flag_change_t c;

	return flag_advice(advice, &c) || advice == MADV_DONTNEED || advice == MADV_FREE ||
	       advice == MADV_REMOVE || advice == MADV_WILLNEED ||
	       (advice >= MADV_COLD && advice <= MADV_DONTNEED_LOCKED);
}

int vm_advise(vm_space_t *s, unsigned long addr, size_t len, int advice)
{
	unsigned long end;
	flag_change_t c;
	bool exclusive = flag_advice(advice, &c), hole = false;
	int r = 0;

	if (!known_advice(advice) || (addr & ~PAGE_MASK))
		return -EINVAL;
	end = addr + ALIGN_UP(len, PAGE_SIZE);
	if ((len && !ALIGN_UP(len, PAGE_SIZE)) || end < addr)
		return -EINVAL;
	if (exclusive)
		rwsem_write_lock(&s->lock);
	else
		rwsem_read_lock(&s->lock);
	while (addr < end && !r) {
		vm_area_t *v = vm_find(s, addr);
		unsigned long stop;

		if (!v || v->start >= end) {
			hole = true;
			break;
		}
		if (v->start > addr) {
			hole = true;
			addr = v->start;
		}
		stop = MIN(v->end, end);
		r = exclusive ? change_flags(s, addr, stop, c)
			      : advise_shared(s, v, addr, stop, advice);
		addr = stop;
	}
	if (exclusive)
		rwsem_write_unlock(&s->lock);
	else
		rwsem_read_unlock(&s->lock);
	return r ? r : hole ? -ENOMEM : 0;
}

/* ---- residence ---- */

static u8 page_resident(vm_space_t *s, vm_area_t *v, unsigned long addr)
{
	pte_t *pte = pte_find(s, addr);
	page_t *page;
	u8 filled;

	if (pte && *pte)
		return 1;
	if (!v->map)
		return 0;
	page = file_map_find(v->map, area_offset(v, addr));
	if (!page)
		return 0;
	filled = page_flag(page, PG_UPTODATE) != 0;
	page_put(page);
	return filled;
}

int vm_resident_map(vm_space_t *s, unsigned long addr, u32 pages, u8 *out)
{
	const vm_area_t *last = NULL;
	bool hidden = false;
	int r = 0;

	rwsem_read_lock(&s->lock);
	for (u32 i = 0; i < pages; i++, addr += PAGE_SIZE) {
		vm_area_t *v = vm_find(s, addr);

		if (!v || v->start > addr) {
			r = -ENOMEM;
			break;
		}
		/* What others have read of a file is nobody's business: all of it is said to be there. */
		if (v != last)
			hidden = v->file && !vm_file_ops->may_tell(v->file);
		last = v;
		out[i] = hidden ? 1 : page_resident(s, v, addr);
	}
	rwsem_read_unlock(&s->lock);
	return r;
}

/* ---- synchronisation ---- */

int vm_sync(vm_space_t *s, unsigned long start, unsigned long end, int flags)
{
	bool hole = false;
	int r = 0;

	while (start < end && !r) {
		struct file *f = NULL;
		vm_area_t *v;
		off_t from, to;

		rwsem_read_lock(&s->lock);
		v = vm_find(s, start);
		if (!v || v->start >= end) {
			rwsem_read_unlock(&s->lock);
			return -ENOMEM;
		}
		if (v->start > start) {
			hole = true;
			start = v->start;
		}
		if ((flags & MS_INVALIDATE) && (v->flags & VM_LOCKED)) {
			rwsem_read_unlock(&s->lock);
			return -EBUSY;
		}
		from = (off_t)(area_offset(v, start) << PAGE_SHIFT);
		to = from + (off_t)(MIN(v->end, end) - start);
		start = MIN(v->end, end);
		if ((flags & MS_SYNC) && v->file && (v->flags & VM_SHARED)) {
			f = v->file;
			vm_file_ops->get(f);
		}
		rwsem_read_unlock(&s->lock);
		if (f) {
			r = vm_file_ops->fsync(f, from, to);
			vm_file_ops->put(f);
		}
	}
	return r ? r : hole ? -ENOMEM : 0;
}

/* ---- locking ---- */

static void set_locked(vm_space_t *s, vm_area_t *v, u32 flags)
{
	area_account(s, v, -(s64)area_pages(v));
	v->flags = (v->flags & ~(VM_LOCKED | VM_LOCK_ON_FAULT)) | flags;
	area_account(s, v, (s64)area_pages(v));
}

/* Pages of the range that count as locked already. */
static u64 locked_in(vm_space_t *s, unsigned long start, unsigned long end)
{
	u64 pages = 0;

	for (vm_area_t *v = vm_find(s, start); v && v->start < end; v = vm_next(v))
		if (v->flags & VM_LOCKED)
			pages += (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return pages;
}

int vm_lock(vm_space_t *s, unsigned long start, unsigned long end, u32 flags)
{
	unsigned long addr = start;
	int r = 0;

	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	if (flags && !vm_may_lock(s, ((end - start) >> PAGE_SHIFT) - locked_in(s, start, end))) {
		r = -ENOMEM;
		goto out;
	}
	while (addr < end) {
		vm_area_t *v = vm_find(s, addr);
		unsigned long stop;

		if (!v || v->start > addr) {
			r = -ENOMEM;
			goto out;
		}
		stop = MIN(v->end, end);
		r = area_isolate(s, addr, stop);
		if (r)
			goto out;
		v = vm_find(s, addr);
		set_locked(s, v, flags);
		area_try_merge(s, v);
		addr = stop;
	}
out:
	rwsem_write_unlock(&s->lock);
	if (!r && (flags & VM_LOCKED) && !(flags & VM_LOCK_ON_FAULT)) {
		rwsem_read_lock(&s->lock);
		r = fault_populate(s, start, end);
		rwsem_read_unlock(&s->lock);
		r = r == -EFAULT ? -ENOMEM : r;
	}
	return r;
}

int vm_lock_all(vm_space_t *s, int flags)
{
	u32 set = VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCK_ON_FAULT : 0);

	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	if ((flags & MCL_CURRENT) && s->total_pages << PAGE_SHIFT > rlimit(RLIMIT_MEMLOCK) &&
	    !capable(CAP_IPC_LOCK)) {
		rwsem_write_unlock(&s->lock);
		return -ENOMEM;
	}
	s->def_flags = flags & MCL_FUTURE ? set : 0;
	if (!flags || (flags & MCL_CURRENT))
		for (vm_area_t *v = vm_first(s); v; v = vm_next(v))
			set_locked(s, v, flags ? set : 0);
	rwsem_write_unlock(&s->lock);
	if ((flags & MCL_CURRENT) && !(flags & MCL_ONFAULT)) {
		rwsem_read_lock(&s->lock);
		for (vm_area_t *v = vm_first(s); v; v = vm_next(v))
			fault_populate(s, v->start, v->end); /* areas without access stay empty */
		rwsem_read_unlock(&s->lock);
	}
	return 0;
}
