/*
 * Finding unreachable cycles (cycles.h). Depends on nothing but lists, so that the host can test it.
 */
#include "cycles.h"

static void lives(cycle_search_t *search, cycle_node_t *n)
{
	n->in_set = false;
	list_move_tail(&n->link, search->living);
}

void cycle_visit(cycle_search_t *search, cycle_node_t *child)
{
	if (!child->in_set)
		return;
	if (search->marking)
		lives(search, child);
	else
		child->left--;
}

void cycles_find(const cycle_ops_t *ops, list_t *set, list_t *living)
{
	cycle_search_t search = { .ops = ops, .living = living };
	cycle_node_t *n, *next;

	list_for_each_entry(n, set, link) {
		n->left = n->held;
		n->in_set = true;
	}
	list_for_each_entry(n, set, link)
		ops->visit_children(&search, n);
	list_for_each_entry_safe(n, next, set, link)
		if (n->left)
			lives(&search, n);
	search.marking = true;
	/* Grows at its end while it is walked. */
	list_for_each_entry(n, living, link)
		ops->visit_children(&search, n);
	list_for_each_entry(n, set, link)
		n->in_set = false;
}
