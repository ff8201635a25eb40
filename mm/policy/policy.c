/*
 * NUMA policies and allocation by them (set_mempolicy(2)).
 *
 * A policy says which nodes are meant; the allocator takes the nearest of these that has a page.
 * MPOL_BIND never goes elsewhere; the preferring modes do when theirs are empty; MPOL_INTERLEAVE
 * takes one after the other, by the page's place in an area, or in turn for a thread.
 */
#include <mm/policy.h>

#include <kernel/lib/printf.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/mempolicy.h>

u64 policy_memory_nodes(void)
{
	u64 nodes = 0;

	for (u32 n = 0; n < node_count; n++)
		if (node_total_pages(n))
			nodes |= BIT(n);
	return nodes;
}

/* Numbers that count within the nodes there are. */
static u64 relative_nodes(u64 given, u64 present)
{
	u64 nodes = 0;

	for (; given; given &= given - 1)
		nodes |= BIT(node_set_nth(present, (u64)__builtin_ctzl(given)));
	return nodes;
}

static int check(u32 *mode, u32 flags, u64 nodes)
{
	bool placed = flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);

	switch (*mode) {
	case MPOL_DEFAULT:
		return nodes ? -EINVAL : 0;
	case MPOL_PREFERRED:
		if (nodes)
			return 0;
		*mode = MPOL_LOCAL;
		return placed ? -EINVAL : 0;
	case MPOL_LOCAL:
		return nodes || placed ? -EINVAL : 0;
	}
	return nodes ? 0 : -EINVAL;
}

mem_policy_t *policy_create(u32 mode, u32 flags, u64 nodes)
{
	u64 present = policy_memory_nodes(), meant;
	int r = check(&mode, flags, nodes);
	mem_policy_t *p;

	if (r)
		return ERR_PTR(r);
	if (mode == MPOL_DEFAULT)
		return NULL;
	meant = flags & MPOL_F_RELATIVE_NODES ? relative_nodes(nodes, present) : nodes & present;
	if (!meant && mode != MPOL_LOCAL)
		return ERR_PTR(-EINVAL);
	if (mode == MPOL_PREFERRED)
		meant &= -meant;
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return ERR_PTR(-ENOMEM);
	*p = (mem_policy_t){
		.mode = mode, .flags = flags, .nodes = meant, .given = nodes, .home = -1
	};
	refcount_set(&p->refs, 1);
	return p;
}

mem_policy_t *policy_with_home(const mem_policy_t *p, u32 home)
{
	mem_policy_t *copy = kmalloc(sizeof(*copy), GFP_KERNEL);

	if (copy) {
		*copy = *p;
		copy->home = (s32)home;
		refcount_set(&copy->refs, 1);
	}
	return copy;
}

mem_policy_t *policy_get(mem_policy_t *p)
{
	if (p)
		refcount_get(&p->refs);
	return p;
}

void policy_put(mem_policy_t *p)
{
	if (p && refcount_put(&p->refs))
		kfree(p);
}

mem_policy_t *policy_of_thread(thread_t *t)
{
	process_t *process = t->process;
	mem_policy_t *p;
	unsigned long flags;

	if (!process_lock_sighand(process, &flags))
		return NULL;
	p = policy_get(t->mempolicy);
	process_unlock_sighand(process, flags);
	return p;
}

void policy_replace_current(mem_policy_t *p)
{
	thread_t *t = current();
	mem_policy_t *old;

	spin_lock_irq(sig_lock(t->process));
	old = t->mempolicy;
	t->mempolicy = p;
	t->interleave_next = 0;
	spin_unlock_irq(sig_lock(t->process));
	policy_put(old);
}

void policy_text(const mem_policy_t *p, char *out, size_t size)
{
	static const char *const names[MPOL_MODES] = {
		[MPOL_DEFAULT] = "default", [MPOL_PREFERRED] = "prefer",
		[MPOL_BIND] = "bind",	    [MPOL_INTERLEAVE] = "interleave",
		[MPOL_LOCAL] = "local",	    [MPOL_PREFERRED_MANY] = "prefer (many)",
	};
	int at = snprintf(out, size, "%s%s", names[p ? p->mode : MPOL_DEFAULT],
			  !p				     ? ""
			  : p->flags & MPOL_F_STATIC_NODES   ? "=static"
			  : p->flags & MPOL_F_RELATIVE_NODES ? "=relative"
			  : p->flags			     ? "="
							     : "");
	u64 left = p ? p->nodes : 0;
	char mark = ':';

	while (left) {
		u32 first = (u32)__builtin_ctzl(left), last = first;

		while (last + 1 < 64 && (left & BIT(last + 1)))
			last++;
		at += snprintf(out + at, size - (size_t)at, last > first ? "%c%u-%u" : "%c%u", mark,
			       first, last);
		left &= last == 63 ? 0 : ~(BIT(last + 1) - 1);
		mark = ',';
	}
}

bool policy_equal(const mem_policy_t *a, const mem_policy_t *b)
{
	if (a == b || !a || !b)
		return a == b;
	return a->mode == b->mode && a->flags == b->flags && a->nodes == b->nodes &&
	       a->given == b->given && a->home == b->home;
}

bool policy_allows(const mem_policy_t *p, u32 node)
{
	return !p || !p->nodes || (p->nodes & BIT(node));
}

u32 policy_next_node(const mem_policy_t *p)
{
	return node_set_nth(p->nodes, current()->interleave_next);
}

page_t *policy_alloc(const mem_policy_t *p, u64 index, gfp_flags_t flags)
{
	u32 here = cpu_node(this_cpu());
	page_t *page = NULL;

	switch (p->mode) {
	case MPOL_BIND:
		return alloc_page_among(p->home < 0 ? here : (u32)p->home, p->nodes, flags);
	case MPOL_INTERLEAVE:
		return alloc_pages_node(node_set_nth(p->nodes, index), flags, 0);
	case MPOL_PREFERRED:
		return alloc_pages_node((u32)__builtin_ctzl(p->nodes), flags, 0);
	case MPOL_PREFERRED_MANY:
		page = alloc_page_among(p->home < 0 ? here : (u32)p->home, p->nodes,
					(flags & ~(GFP_WAIT | GFP_USERPAGE)) | GFP_NOWARN);
		break;
	}
	return page ? page : alloc_pages_node(here, flags, 0);
}

page_t *user_page_alloc(gfp_flags_t flags)
{
	thread_t *t = current();

	if (unlikely(t->fault_policy))
		return policy_alloc(t->fault_policy, t->fault_index, flags);
	if (unlikely(t->mempolicy))
		return policy_alloc(
			t->mempolicy,
			t->mempolicy->mode == MPOL_INTERLEAVE ? t->interleave_next++ : 0, flags);
	return alloc_pages_gfp(flags, 0);
}
