/*
 * NUMA policies: on which nodes a program's pages are taken from (set_mempolicy(2)). A policy never
 * changes after it was made; a thread and an area each refer to one, NULL meaning the default: the
 * node of the CPU. An area's goes before the thread's. mm/policy holds policies and allocation,
 * mm/policy/ranges.c what is done to ranges.
 *
 * Node sets are words: bit n is node n.
 */
#ifndef MM_POLICY_H
#define MM_POLICY_H

#include <kernel/atomic.h>
#include <mm/page.h>

struct vm_space;
struct thread;

typedef struct mem_policy {
	refcount_t refs;
	u32 mode, flags; /* MPOL_*, MPOL_F_* of the mode */
	u64 nodes;	 /* those meant that have memory; empty for MPOL_LOCAL */
	u64 given;	 /* as the program gave them */
	s32 home;	 /* first choice among them (set_mempolicy_home_node(2)), or -1 */
} mem_policy_t;

static inline u32 node_set_size(u64 nodes)
{
	u32 n = 0;

	for (; nodes; nodes &= nodes - 1)
		n++;
	return n;
}

/* The nth node of a set that is not empty, counted round. */
static inline u32 node_set_nth(u64 nodes, u64 n)
{
	for (n %= node_set_size(nodes); n; n--)
		nodes &= nodes - 1;
	return (u32)__builtin_ctzl(nodes);
}

/* NULL for MPOL_DEFAULT; ERR_PTR: -EINVAL, -ENOMEM. */
mem_policy_t *policy_create(u32 mode, u32 flags, u64 nodes);
mem_policy_t *policy_with_home(const mem_policy_t *p, u32 home); /* a copy; NULL: no memory */
mem_policy_t *policy_get(mem_policy_t *p);			 /* both take NULL */
void policy_put(mem_policy_t *p);
/* Any thread's: referenced, or NULL. Takes its process's signal lock. */
mem_policy_t *policy_of_thread(struct thread *t);
/* Makes p, whose reference it takes, the running thread's. */
void policy_replace_current(mem_policy_t *p);
/* As numa_maps(5) names it: "bind=static:0-1". */
#define POLICY_TEXT_MAX 320 /* with every other of 64 nodes */
void policy_text(const mem_policy_t *p, char *out, size_t size);
bool policy_equal(const mem_policy_t *a, const mem_policy_t *b);
u64 policy_memory_nodes(void);			     /* the nodes with memory */
bool policy_allows(const mem_policy_t *p, u32 node); /* a page there needs not be moved */
/* A page by the policy; index is where it stands, for MPOL_INTERLEAVE. NULL: no memory. */
page_t *policy_alloc(const mem_policy_t *p, u64 index, gfp_flags_t flags);
/* A page for the running program, by its thread's or the faulting area's policy. */
page_t *user_page_alloc(gfp_flags_t flags);
/* The node that the running thread's MPOL_INTERLEAVE takes next. */
u32 policy_next_node(const mem_policy_t *p);

/* Ranges of a space, which take its lock; page-aligned. 0 or negative errno. */
int vm_bind(struct vm_space *s, unsigned long start, unsigned long end, mem_policy_t *policy,
	    u32 flags); /* MPOL_MF_*; takes references of its own */
int vm_set_home_node(struct vm_space *s, unsigned long start, unsigned long end, u32 node);
/* The policy of the area at addr, referenced (or NULL), -EFAULT where there is none. */
int vm_policy_at(struct vm_space *s, unsigned long addr, mem_policy_t **out);

#endif
