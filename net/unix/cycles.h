/*
 * Which things that refer to each other nobody else refers to: for sockets whose descriptors lie in
 * each other's queues.
 *
 * Every node counts the references that come from queues (held). Handed to cycles_find are those nodes that
 * have no others. First, references from nodes of the set are taken off: what is left of a count
 * comes from a queue outside, so the node lives, and with it everything that can be reached from it. The
 * rest is garbage. (Trial deletion, after Lins, "Cyclic reference counting with lazy mark-scan",
 * 1992.) Each reference is looked at twice at most.
 */
#ifndef NET_UNIX_CYCLES_H
#define NET_UNIX_CYCLES_H

#include <kernel/lib/list.h>

typedef struct cycle_node {
	list_t link; /* of the set */
	u32 held;    /* references from queues */
	u32 left;    /* while searching: those not accounted for by the set */
	bool in_set; /* while searching: not known to live */
} cycle_node_t;

typedef struct cycle_search cycle_search_t;
typedef struct cycle_ops {
	/* Calls cycle_visit once for each reference that the node's queues hold. */
	void (*visit_children)(cycle_search_t *search, cycle_node_t *node);
} cycle_ops_t;

struct cycle_search {
	const cycle_ops_t *ops;
	list_t *living; /* found to live, not yet followed first */
	bool marking;
};

/* For visit_children: nodes outside of the set are ignored. */
void cycle_visit(cycle_search_t *search, cycle_node_t *child);
/* set: nodes that only queues refer to. Those that live are moved to `living`; garbage stays. */
void cycles_find(const cycle_ops_t *ops, list_t *set, list_t *living);

#endif
