/*
 * Reading and writing any space, loaded or not: for debuggers, /proc, exec and direct input and output.
 */
#include "map_internal.h"

#include <arch/entry.h>
#include <kernel/lib/string.h>

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
		return (v->flags & VM_READ) || (force && (v->flags & VM_MAY_READ));
	if (v->flags & VM_WRITE)
		return true;
	return force && area_private(v) && (v->flags & VM_MAY_WRITE);
}

page_t *vm_lookup_page(vm_space_t *s, unsigned long addr, bool write, bool force)
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

ssize_t vm_access(vm_space_t *s, unsigned long addr, void *buf, size_t len, bool write, bool force)
{
	size_t done = 0;

	while (done < len) {
		size_t offset = (addr + done) & (PAGE_SIZE - 1);
		size_t n = MIN(len - done, PAGE_SIZE - offset);
		page_t *page = addr + done < USER_MAX ? vm_lookup_page(s, addr + done, write, force)
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
		page_t *page = vm_lookup_page(s, addr, out, false);
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
