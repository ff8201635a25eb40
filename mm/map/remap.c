/*
 * Areas that grow, shrink and move: the body of mremap(2).
 */
#include "map_internal.h"

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

/* What a mapping gains, in pages, is checked already. */
static long move_area(vm_space_t *s, vm_area_t *v, unsigned long addr, size_t old_len,
		      size_t new_len, unsigned long flags, unsigned long to)
{
	bool keeps = flags & MREMAP_DONTUNMAP;
	vm_area_t *copy;
	u64 offset;
	int r;

	/* Once pages have moved nothing may fail: the borders of what goes are made now. */
	if (!keeps && old_len) {
		r = area_isolate(s, addr, addr + old_len);
		if (r)
			return r;
		v = vm_find(s, addr);
	}
	if (!(flags & MREMAP_FIXED)) {
		to = vm_place(s, keeps ? to : 0, new_len, 0);
		if (!to)
			return -ENOMEM;
	}
	copy = area_alloc(s, to, to + new_len, v->flags);
	if (!copy)
		return -ENOMEM;
	/* Without pages it may count anew, as its new neighbours do. */
	offset = area_offset(v, addr);
	copy->page_offset =
		v->map || v->anon || (v->flags & VM_SPECIAL) ? offset : to >> PAGE_SHIFT;
	copy->file = v->file;
	copy->map = v->map;
	copy->ops = v->ops;
	copy->private_data = v->private_data;
	copy->policy = v->policy;
	copy->anon = v->anon;
	area_share(copy);
	r = area_insert(s, copy);
	if (r) {
		area_free(copy);
		return r;
	}
	r = make_tables(s, addr, to, old_len);
	if (r) {
		vm_unmap_locked(s, to, new_len);
		return r;
	}
	area_pin(v);
	move_entries(s, addr, to, old_len);
	area_unpin(v);
	if (keeps) { /* empty now, and as on Linux not locked any more */
		area_account(s, v, -(s64)area_pages(v));
		v->flags &= ~(VM_LOCKED | VM_LOCK_ON_FAULT);
		area_account(s, v, (s64)area_pages(v));
	} else if (old_len) {
		vm_remove_areas(s, addr, addr + old_len);
	}
	return (long)to;
}

static long mremap_locked(vm_space_t *s, unsigned long addr, size_t old_len, size_t new_len,
			  unsigned long flags, unsigned long new_addr)
{
	bool moves = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	vm_area_t *v = vm_find(s, addr), *next;
	u64 more;
	long r;

	if (!v || v->start > addr)
		return -EFAULT;
	if (moves) {
		if (new_len > USER_MAX || (new_addr & ~PAGE_MASK) || new_addr > USER_MAX - new_len)
			return -EINVAL;
		if (addr + old_len > new_addr && new_addr + new_len > addr)
			return -EINVAL;
	}
	if (flags & MREMAP_FIXED) {
		r = vm_unmap_locked(s, new_addr, new_len);
		if (r)
			return r;
	}
	if (old_len > new_len) { /* what is cut off may reach over other areas, and holes */
		if (old_len > USER_MAX - addr)
			return -EINVAL;
		r = vm_unmap_locked(s, addr + new_len, old_len - new_len);
		if (r)
			return r;
		old_len = new_len;
	}
	if (old_len == new_len && !moves)
		return (long)addr;
	v = vm_find(s, addr);
	if (!v || v->start > addr)
		return -EFAULT;
	if (!old_len && !(v->flags & VM_SHARED)) /* else a second mapping of the pages */
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && (v->flags & (VM_SPECIAL | VM_IO)))
		return -EINVAL;
	if (old_len > v->end - addr || ((v->flags & VM_SPECIAL) && new_len > old_len))
		return -EFAULT;
	if (new_len > USER_MAX)
		return -ENOMEM;
	more = ((flags & MREMAP_DONTUNMAP) ? new_len : new_len - old_len) >> PAGE_SHIFT;
	/* What is locked moves as it is. */
	r = more ? vm_check_limits(s, more,
				   moves && old_len == new_len ? v->flags & ~VM_LOCKED : v->flags)
		 : 0;
	if (r)
		return r;
	next = vm_next(v);
	if (!moves && old_len && addr + old_len == v->end && addr <= USER_MAX - new_len &&
	    (!next || next->start >= addr + new_len)) {
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
