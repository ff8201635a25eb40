/*
 * modify_ldt(2): the local descriptor table of the running program's space.
 */
#include <arch/ldt.h>
#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <kernel/thread.h>
#include <mm/space.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>
#include <uapi/ldt.h>

#include "proc_internal.h"

#define LDT_BYTES (LDT_ENTRIES * LDT_ENTRY_SIZE)
#define DEFAULT_BYTES 128 /* what Linux tells of a table that nobody has any more */

/*
 * All threads of the space, perhaps of several processes. One that is made meanwhile is either seen
 * here or sees the table when it is published (ldt_inherit).
 */
static void mark_threads(vm_space_t *s)
{
	unsigned long flags;
	process_t *p;
	thread_t *t;

	for (pid_t pid = 1; (p = process_next(&pid)) != NULL; pid++) {
		if (READ_ONCE(p->space) == s && process_lock_sighand(p, &flags)) {
			list_for_each_entry(t, &p->threads, process_link)
				arch_ldt_mark(t);
			process_unlock_sighand(p, flags);
		}
		process_put(p);
	}
}

void ldt_inherit(thread_t *t)
{
	if (t->space && READ_ONCE(t->space->arch.ldt))
		arch_ldt_mark(t);
}

static bool is_empty(const struct user_desc *d)
{
	return !d->base_addr && !d->limit && !d->contents && d->read_exec_only && !d->seg_32bit &&
	       !d->limit_in_pages && d->seg_not_present && !d->useable && !d->lm;
}

long ldt_write(const void __user *from, size_t size, bool old_style)
{
	vm_space_t *s = current()->space;
	struct user_desc d;
	arch_ldt_t *ldt;
	bool clear;

	if (size != sizeof(d))
		return -EINVAL;
	if (copy_from_user(&d, from, sizeof(d)))
		return -EFAULT;
	if (d.entry_number >= LDT_ENTRIES)
		return -EINVAL;
	/* A conforming segment is only there to be absent. */
	if (d.contents == MODIFY_LDT_CONTENTS_CONFORMING && (old_style || !d.seg_not_present))
		return -EINVAL;
	clear = is_empty(&d) || (old_style && !d.base_addr && !d.limit);
	if (!clear && !d.seg_32bit)
		return -EINVAL; /* arch/x86_64/program/ldt.c says why */
	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	ldt = arch_ldt_with(&s->arch, &d, clear, old_style);
	if (ldt) {
		arch_ldt_t *old = arch_ldt_publish(&s->arch, ldt);

		if (!old)
			mark_threads(s);
		arch_ldt_settle(&s->arch, old);
	}
	rwsem_write_unlock(&s->lock);
	return ldt ? 0 : -ENOMEM;
}

/* What lies behind the table's end reads as zeros. */
long ldt_read(void __user *to, size_t size)
{
	vm_space_t *s = current()->space;
	long r;
	void *copy;

	if (!READ_ONCE(s->arch.ldt))
		return 0;
	size = MIN(size, (size_t)LDT_BYTES);
	copy = kvmalloc(size, GFP_KERNEL | GFP_ZERO);
	if (!copy)
		return -ENOMEM;
	rwsem_read_lock(&s->lock);
	arch_ldt_read(&s->arch, copy, size);
	rwsem_read_unlock(&s->lock);
	r = copy_to_user(to, copy, size) ? -EFAULT : (long)size;
	kvfree(copy);
	return r;
}

long ldt_read_default(void __user *to, size_t size)
{
	size = MIN(size, (size_t)DEFAULT_BYTES);
	return clear_user(to, size) ? -EFAULT : (long)size;
}
