/*
 * NUMA policies of ranges (mbind(2)): areas are cut at the borders and carry the policy from then on.
 */
#include "../space/space_internal.h"

#include <mm/migrate.h>
#include <mm/policy.h>
#include <uapi/mempolicy.h>

/* The node that a page at addr should lie on by the policy, now that it lies on another. */
static u32 wanted_node(const mem_policy_t *policy, const vm_area_t *v, unsigned long addr)
{
	return node_set_nth(policy->nodes,
			    policy->mode == MPOL_INTERLEAVE ? area_offset(v, addr) : 0);
}

/*
 * Pages of [start, end) that lie where the policy does not allow: moved if asked for. How many are
 * left. s->lock not held.
 */
static long settle_pages(vm_space_t *s, unsigned long start, unsigned long end,
			 const mem_policy_t *policy, u32 flags)
{
	bool move = flags & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL);
	unsigned long addr = start;
	page_t *page;
	long left = 0;

	while (policy && policy->nodes && (page = vm_next_resident(s, &addr, end))) {
		u32 node = page_node(page), want = node;
		vm_area_t *v;

		page_put(page);
		rwsem_read_lock(&s->lock);
		v = vm_find(s, addr);
		if (v && v->start <= addr && !policy_allows(policy, node))
			want = wanted_node(policy, v, addr);
		rwsem_read_unlock(&s->lock);
		if (want != node &&
		    (!move || vm_move_page(s, addr, want, flags & MPOL_MF_MOVE_ALL) < 0))
			left++;
		if (fatal_signal_pending(current()))
			break;
		addr += PAGE_SIZE;
	}
	return left;
}

static bool has_holes(vm_space_t *s, unsigned long start, unsigned long end)
{
	while (start < end) {
		vm_area_t *v = vm_find(s, start);

		if (!v || v->start > start)
			return true;
		start = v->end;
	}
	return false;
}

static void replace_policy(vm_space_t *s, vm_area_t *v, mem_policy_t *policy)
{
	mem_policy_t *old = v->policy;

	v->policy = policy_get(policy);
	policy_put(old);
	area_try_merge(s, v);
}

static int bind_area(vm_space_t *s, unsigned long start, unsigned long end, mem_policy_t *policy)
{
	int r = area_isolate(s, start, end);

	if (!r)
		replace_policy(s, vm_find(s, start), policy);
	return r;
}

static int bind_areas(vm_space_t *s, unsigned long start, unsigned long end, mem_policy_t *policy)
{
	int r = 0;

	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	if (has_holes(s, start, end))
		r = -EFAULT;
	while (start < end && !r) {
		vm_area_t *v = vm_find(s, start);
		unsigned long stop = MIN(v->end, end);

		/* The kernel's own areas take their pages from nobody. */
		if (!(v->flags & (VM_SPECIAL | VM_IO)))
			r = bind_area(s, start, stop, policy);
		start = stop;
	}
	rwsem_write_unlock(&s->lock);
	return r;
}

int vm_bind(vm_space_t *s, unsigned long start, unsigned long end, mem_policy_t *policy, u32 flags)
{
	bool move = flags & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL), strict = flags & MPOL_MF_STRICT;
	bool hole;
	int r;

	rwsem_read_lock(&s->lock);
	hole = has_holes(s, start, end);
	rwsem_read_unlock(&s->lock);
	if (hole)
		return -EFAULT;
	if (strict && !move && settle_pages(s, start, end, policy, flags))
		return -EIO;
	r = bind_areas(s, start, end, policy);
	if (!r && move && settle_pages(s, start, end, policy, flags) && strict)
		r = -EIO;
	return r;
}

int vm_set_home_node(vm_space_t *s, unsigned long start, unsigned long end, u32 node)
{
	int r = -ENOENT;

	if (rwsem_write_lock_killable(&s->lock))
		return -EINTR;
	while (start < end) {
		vm_area_t *v = vm_find(s, start);
		mem_policy_t *policy;
		unsigned long stop;

		if (!v || v->start >= end)
			break;
		start = MAX(start, v->start);
		stop = MIN(v->end, end);
		if (v->policy) {
			r = -EOPNOTSUPP;
			if (v->policy->mode != MPOL_BIND && v->policy->mode != MPOL_PREFERRED_MANY)
				break;
			policy = policy_with_home(v->policy, node);
			r = policy ? bind_area(s, start, stop, policy) : -ENOMEM;
			policy_put(policy);
			if (r)
				break;
		}
		start = stop;
	}
	rwsem_write_unlock(&s->lock);
	return r;
}

int vm_policy_at(vm_space_t *s, unsigned long addr, mem_policy_t **out)
{
	int r = -EFAULT;
	vm_area_t *v;

	rwsem_read_lock(&s->lock);
	v = vm_find(s, addr);
	if (v && v->start <= addr) {
		*out = policy_get(v->policy);
		r = 0;
	}
	rwsem_read_unlock(&s->lock);
	return r;
}
