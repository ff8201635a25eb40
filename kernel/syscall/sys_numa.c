/*
 * Memory nodes: where pages are, and moving them (move_pages(2), migrate_pages(2)).
 */
#include <arch/cpu.h>
#include <arch/uaccess.h>
#include <kernel/cred.h>
#include <kernel/lib/bitmap.h>
#include <kernel/lib/string.h>
#include <kernel/proc.h>
#include <kernel/ptrace.h>
#include <mm/migrate.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/mempolicy.h>

#include "memory_calls.h"

int space_of_pid(pid_t pid, vm_space_t **out)
{
	thread_t *t = thread_get_by_tid(pid);
	int r;

	*out = NULL;
	if (!t)
		return -ESRCH;
	r = ptrace_space(t, PTRACE_ACCESS_REAL, out);
	thread_put(t);
	return r;
}

/* pid 0: our own. */
static int open_space(pid_t pid, vm_space_t **out)
{
	int r;

	if (!pid) {
		vm_space_get(*out = current()->space);
		return 0;
	}
	r = space_of_pid(pid, out);
	return r || *out ? r : -EINVAL;
}

/* ---- move_pages ---- */

/* 0, how many pages stayed where they were, or an error that ends the whole. */
static long move_pages(vm_space_t *s, unsigned long count, const u64 __user *pages,
		       const u32 __user *nodes, u32 __user *status, bool all)
{
	long stayed = 0;

	for (unsigned long i = 0; i < count; i++) {
		u64 page;
		u32 node;
		int r;

		if (get_user_u64(&page, &pages[i]) || get_user_u32(&node, &nodes[i]))
			return -EFAULT;
		if (node >= node_count)
			return -ENODEV;
		r = page < USER_MAX ? vm_move_page(s, page, node, all) : -EFAULT;
		stayed += r == -EBUSY || r == -ENOMEM;
		if (put_user_u32((u32)r, &status[i]))
			return -EFAULT;
		if (fatal_signal_pending(current()))
			return -EINTR;
	}
	return stayed;
}

static long tell_nodes(vm_space_t *s, unsigned long count, const u64 __user *pages,
		       u32 __user *status)
{
	for (unsigned long i = 0; i < count; i++) {
		u64 page;
		int r;

		if (get_user_u64(&page, &pages[i]))
			return -EFAULT;
		r = page < USER_MAX ? vm_page_node(s, page) : -EFAULT;
		if (put_user_u32((u32)r, &status[i]))
			return -EFAULT;
		if (fatal_signal_pending(current()))
			return -EINTR;
	}
	return 0;
}

long sys_move_pages(pid_t pid, unsigned long count, const u64 __user *pages,
		    const u32 __user *nodes, u32 __user *status, int flags)
{
	vm_space_t *s;
	long r;

	if (flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	r = open_space(pid, &s);
	if (r)
		return r;
	r = nodes ? move_pages(s, count, pages, nodes, status, flags & MPOL_MF_MOVE_ALL)
		  : tell_nodes(s, count, pages, status);
	vm_space_put(s);
	return r;
}

/* ---- migrate_pages ---- */

int nodes_from_user(node_set_t *set, const u64 __user *from, unsigned long max)
{
	unsigned long words;
	u64 word;

	memset(set, 0, sizeof(*set));
	max--; /* 0 becomes more than there can be */
	if (!max || !from)
		return 0;
	if (max > PAGE_SIZE * 8)
		return -EINVAL;
	words = BITMAP_WORDS(max);
	for (unsigned long i = 0; i < words; i++) {
		if (get_user_u64(&word, &from[i]))
			return -EFAULT;
		if (i == words - 1 && max % 64)
			word &= (1UL << max % 64) - 1;
		if (i < ARRAY_SIZE(set->bits))
			set->bits[i] = word;
		else if (word)
			return -EINVAL;
	}
	return 0;
}

static bool has_node(const node_set_t *set, u32 node)
{
	return bitmap_test(set->bits, node);
}

/* The node at the place in `to` that `node` has in `from`, going round; or `node` itself. */
static u32 map_node(u32 node, const node_set_t *from, const node_set_t *to)
{
	u32 place = 0, size = 0;

	if (!has_node(from, node))
		return node;
	for (u32 n = 0; n < node; n++)
		place += has_node(from, n);
	for (u32 n = 0; n < node_count; n++)
		size += has_node(to, n);
	place %= size;
	for (u32 n = 0;; n++)
		if (has_node(to, n) && !place--)
			return n;
}

static long migrate_all(vm_space_t *s, const node_set_t *from, const node_set_t *to)
{
	bool all = capable(CAP_SYS_NICE);
	unsigned long addr = 0;
	page_t *page;
	long stayed = 0;

	while ((page = vm_next_resident(s, &addr, USER_MAX))) {
		u32 node = page_node(page), want = map_node(node, from, to);
		int r;

		page_put(page);
		r = node == want ? 0 : vm_move_page(s, addr, want, all);
		stayed += r == -EBUSY || r == -ENOMEM;
		if (fatal_signal_pending(current()))
			return -EINTR;
		addr += PAGE_SIZE;
	}
	return stayed;
}

long sys_migrate_pages(pid_t pid, unsigned long maxnode, const u64 __user *old_nodes,
		       const u64 __user *new_nodes)
{
	node_set_t from, to;
	vm_space_t *s;
	long r = nodes_from_user(&from, old_nodes, maxnode);
	bool extra = false, any = false;

	if (!r)
		r = nodes_from_user(&to, new_nodes, maxnode);
	if (!r)
		r = open_space(pid, &s);
	if (r)
		return r;
	for (u32 n = 0; n < MAX_NUMNODES; n++) {
		extra |= has_node(&to, n) && n >= node_count;
		any |= has_node(&to, n) && n < node_count;
	}
	if (extra && !capable(CAP_SYS_NICE))
		r = -EPERM;
	else
		r = any ? migrate_all(s, &from, &to) : -EINVAL;
	vm_space_put(s);
	return r;
}
