/*
 * NUMA policies: set_mempolicy(2), get_mempolicy(2), mbind(2), set_mempolicy_home_node(2).
 */
#include <arch/uaccess.h>
#include <kernel/process.h>
#include <mm/policy.h>
#include <mm/space.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/mempolicy.h>

#include "memory_calls.h"

#define WORD_BITS 64

/* ---- node sets of programs: arrays of words, one bit less than is said ---- */

static int put_nodes(unsigned long __user *mask, unsigned long max, u64 nodes)
{
	unsigned long bytes = ALIGN_UP(max - 1, (unsigned long)WORD_BITS) / 8;

	if (bytes > sizeof(nodes)) {
		if (bytes > PAGE_SIZE)
			return -EINVAL;
		if (clear_user((u8 __user *)mask + sizeof(nodes), bytes - sizeof(nodes)))
			return -EFAULT;
		bytes = sizeof(nodes);
	}
	return copy_to_user(mask, &nodes, bytes) ? -EFAULT : 0;
}

typedef struct policy_request {
	u32 mode, flags;
	u64 nodes; /* those of the first word: others would be left out in any case */
} policy_request_t;

static int read_request(policy_request_t *q, int mode, const unsigned long __user *mask,
			unsigned long max)
{
	u32 flags = (u32)mode & MPOL_MODE_FLAGS, plain = (u32)mode & ~MPOL_MODE_FLAGS;
	node_set_t nodes;
	int r;

	if (plain >= MPOL_MODES ||
	    (flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)) ==
		    (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES) ||
	    ((flags & MPOL_F_NUMA_BALANCING) && plain != MPOL_BIND))
		return -EINVAL;
	r = nodes_from_user(&nodes, (const u64 __user *)mask, max);
	if (!r)
		*q = (policy_request_t){ plain, flags, nodes.bits[0] };
	return r;
}

/* What is asked for: NULL for the default, or ERR_PTR. */
static mem_policy_t *make_policy(const policy_request_t *q)
{
	return policy_create(q->mode, q->flags, q->nodes);
}

/* ---- policies ---- */

long sys_set_mempolicy(int mode, const unsigned long __user *mask, unsigned long max)
{
	policy_request_t request;
	mem_policy_t *policy;
	int r = read_request(&request, mode, mask, max);

	if (r)
		return r;
	policy = make_policy(&request);
	if (IS_ERR(policy))
		return PTR_ERR(policy);
	policy_replace_current(policy);
	return 0;
}

/* Which policy is asked about: referenced, or NULL for the default. */
static int find_policy(unsigned long addr, unsigned long flags, mem_policy_t **out)
{
	if (flags & MPOL_F_ADDR)
		return vm_policy_at(current()->space, addr, out);
	if (addr)
		return -EINVAL;
	*out = policy_get(current()->mempolicy);
	return 0;
}

/* The node of the page at addr, which is brought in, or the next one to interleave on. */
static int find_node(unsigned long addr, unsigned long flags, const mem_policy_t *policy)
{
	page_t *page;
	int node;

	if (!(flags & MPOL_F_ADDR))
		return policy && policy->mode == MPOL_INTERLEAVE ? (int)policy_next_node(policy)
								 : -EINVAL;
	page = vm_lookup_page(current()->space, addr, false, false);
	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	node = (int)page_node(page);
	page_put(page);
	return node;
}

/* What is told of a policy: mode or node, and nodes. */
static int describe(unsigned long addr, unsigned long flags, int *value, u64 *nodes)
{
	const u32 by_number = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;
	mem_policy_t *policy;
	int r = find_policy(addr, flags, &policy);

	if (r)
		return r;
	*value = policy ? (int)(policy->mode | policy->flags) : MPOL_DEFAULT;
	*nodes = !policy ? 0 : policy->flags & by_number ? policy->given : policy->nodes;
	if (flags & MPOL_F_NODE)
		r = *value = find_node(addr, flags, policy);
	policy_put(policy);
	return MIN(r, 0);
}

long sys_get_mempolicy(int __user *mode, unsigned long __user *mask, unsigned long max,
		       unsigned long addr, unsigned long flags)
{
	int value = 0, r;
	u64 nodes;

	if (mask && max < node_count)
		return -EINVAL;
	if (flags & ~(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
		return -EINVAL;
	if (flags & MPOL_F_MEMS_ALLOWED) {
		if (flags & (MPOL_F_NODE | MPOL_F_ADDR))
			return -EINVAL;
		nodes = policy_memory_nodes();
	} else {
		r = describe(addr, flags, &value, &nodes);
		if (r)
			return r;
	}
	if (mode && put_user_u32((u32)value, (u32 __user *)mode))
		return -EFAULT;
	return mask ? put_nodes(mask, max, nodes) : 0;
}

long sys_mbind(unsigned long start, unsigned long len, int mode, const unsigned long __user *mask,
	       unsigned long max, u32 flags)
{
	policy_request_t request;
	mem_policy_t *policy;
	long r = read_request(&request, mode, mask, max);

	if (r)
		return r;
	if (flags & ~MPOL_MF_VALID)
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	len = ALIGN_UP(len, PAGE_SIZE);
	if ((start & ~PAGE_MASK) || start + len < start)
		return -EINVAL;
	if (!len)
		return 0;
	policy = make_policy(&request);
	if (IS_ERR(policy))
		return PTR_ERR(policy);
	if (!policy)
		flags &= ~MPOL_MF_STRICT;
	r = vm_bind(current()->space, start, start + len, policy, flags);
	policy_put(policy);
	return r;
}

long sys_set_mempolicy_home_node(unsigned long start, unsigned long len, unsigned long node,
				 unsigned long flags)
{
	if ((start & ~PAGE_MASK) || flags || node >= node_count)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (start + len < start)
		return -EINVAL;
	return len ? vm_set_home_node(current()->space, start, start + len, (u32)node) : 0;
}
