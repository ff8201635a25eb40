/*
 * Radix trees with 64-way nodes.
 *
 * The root node covers the index bits from 0 up to shift + 6; it becomes the first child of a
 * taller one when a larger index is stored. A node without entries is freed at once, except on a
 * path that xa_reserve holds open. An entry's marks are repeated in every node above it.
 *
 * Readers under RCU see each slot before or after a store; a walk that meets a node which is being
 * freed ends in empty slots or in entries that were there when it began.
 */
#include <kernel/lib/xarray.h>

#include <uapi/errno.h>

void xa_init(xarray_t *xa, const xa_ops_t *ops)
{
	xa->root = NULL;
	xa->ops = ops;
}

static bool covers(const xa_node_t *root, u64 index)
{
	return root->shift + XA_SHIFT >= 64 || index >> (root->shift + XA_SHIFT) == 0;
}

static unsigned slot_of(const xa_node_t *node, u64 index)
{
	return (index >> node->shift) & (XA_SLOTS - 1);
}

static void *slot_load(const xa_node_t *node, unsigned i)
{
	return __atomic_load_n(&node->slots[i], __ATOMIC_CONSUME);
}

static void slot_store(xa_node_t *node, unsigned i, void *p)
{
	__atomic_store_n(&node->slots[i], p, __ATOMIC_RELEASE);
}

/* The lowest-level node of index, or NULL when there is none. */
static xa_node_t *leaf_of(const xarray_t *xa, u64 index)
{
	xa_node_t *node = __atomic_load_n(&xa->root, __ATOMIC_CONSUME);

	if (!node || !covers(node, index))
		return NULL;
	while (node && node->shift)
		node = slot_load(node, slot_of(node, index));
	return node;
}

void *xa_load(const xarray_t *xa, u64 index)
{
	xa_node_t *leaf = leaf_of(xa, index);

	return leaf ? slot_load(leaf, slot_of(leaf, index)) : NULL;
}

void *const *xa_slots(const xarray_t *xa, u64 index, u32 *count)
{
	const xa_node_t *leaf = leaf_of(xa, index);
	u32 first = index & (XA_SLOTS - 1);

	*count = MIN(*count, XA_SLOTS - first);
	return leaf ? &leaf->slots[first] : NULL;
}

static xa_node_t *take_node(xarray_t *xa, xa_preload_t *spare)
{
	xa_node_t *node;

	if (!spare)
		return xa->ops->alloc_node();
	node = spare->nodes;
	if (node) {
		spare->nodes = node->slots[0];
		node->slots[0] = NULL;
		spare->count--;
	}
	return node;
}

/* Frees nodes that became empty, upwards. */
static void prune(xarray_t *xa, xa_node_t *node)
{
	while (node && !node->count) {
		xa_node_t *parent = node->parent;

		if (parent) {
			slot_store(parent, node->offset, NULL);
			parent->count--;
		} else {
			__atomic_store_n(&xa->root, NULL, __ATOMIC_RELEASE);
		}
		xa->ops->free_node(node);
		node = parent;
	}
}

/* Shift of the lowest root that covers index. */
static u8 top_shift(u64 index)
{
	u8 shift = 0;

	while (shift + XA_SHIFT < 64 && index >> (shift + XA_SHIFT))
		shift += XA_SHIFT;
	return shift;
}

/* Makes the root cover index. */
static int grow(xarray_t *xa, u64 index, xa_preload_t *spare)
{
	while (!xa->root || !covers(xa->root, index)) {
		xa_node_t *fresh = take_node(xa, spare), *old = xa->root;

		if (!fresh)
			return -ENOMEM;
		fresh->shift = top_shift(index);
		if (old) {
			fresh->shift = old->shift + XA_SHIFT;
			fresh->count = 1;
			fresh->slots[0] = old;
			for (unsigned m = 0; m < XA_MARKS; m++)
				fresh->marks[m] = old->marks[m] != 0;
			old->parent = fresh;
			old->offset = 0;
		}
		__atomic_store_n(&xa->root, fresh, __ATOMIC_RELEASE);
	}
	return 0;
}

/* The leaf of index with its path made; NULL when out of memory. */
static xa_node_t *make_leaf(xarray_t *xa, u64 index, xa_preload_t *spare)
{
	xa_node_t *node;

	if (grow(xa, index, spare))
		return NULL;
	node = xa->root;
	while (node->shift) {
		unsigned i = slot_of(node, index);
		xa_node_t *child = node->slots[i];

		if (!child) {
			child = take_node(xa, spare);
			if (!child) {
				prune(xa, node);
				return NULL;
			}
			child->shift = node->shift - XA_SHIFT;
			child->offset = (u8)i;
			child->parent = node;
			slot_store(node, i, child);
			node->count++;
		}
		node = child;
	}
	return node;
}

int xa_reserve(xarray_t *xa, u64 index)
{
	return make_leaf(xa, index, NULL) ? 0 : -ENOMEM;
}

static void clear_marks_at(xa_node_t *node, unsigned i, unsigned mark)
{
	while (node) {
		node->marks[mark] &= ~(1UL << i);
		if (node->marks[mark])
			return;
		i = node->offset;
		node = node->parent;
	}
}

static int store(xarray_t *xa, u64 index, void *entry, void **old, xa_preload_t *spare)
{
	xa_node_t *leaf = make_leaf(xa, index, spare);
	unsigned i;
	void *was;

	if (!leaf)
		return -ENOMEM;
	i = slot_of(leaf, index);
	was = leaf->slots[i];
	if (!was)
		leaf->count++;
	else
		for (unsigned m = 0; m < XA_MARKS; m++)
			clear_marks_at(leaf, i, m);
	slot_store(leaf, i, entry);
	if (old)
		*old = was;
	return 0;
}

int xa_store(xarray_t *xa, u64 index, void *entry, void **old)
{
	return store(xa, index, entry, old, NULL);
}

int xa_store_preloaded(xarray_t *xa, u64 index, void *entry, void **old, xa_preload_t *spare)
{
	return store(xa, index, entry, old, spare);
}

/* Nodes that a store at index would add. Without the writers' lock it is a guess, which the store
 * checks. */
static u32 nodes_missing(const xarray_t *xa, u64 index)
{
	const xa_node_t *node = __atomic_load_n(&xa->root, __ATOMIC_CONSUME);
	u32 top = top_shift(index), missing = 0;

	if (!node)
		return top / XA_SHIFT + 1;
	if (top > node->shift) /* the levels above, and the new path below them */
		return (top - node->shift) / XA_SHIFT + top / XA_SHIFT;
	for (; node && node->shift; node = slot_load(node, slot_of(node, index)))
		missing = node->shift / XA_SHIFT;
	return node ? 0 : missing;
}

int xa_preload(const xarray_t *xa, u64 index, xa_preload_t *spare)
{
	u32 want = nodes_missing(xa, index);

	while (spare->count < want) {
		xa_node_t *node = xa->ops->alloc_node();

		if (!node)
			return -ENOMEM;
		node->slots[0] = spare->nodes;
		spare->nodes = node;
		spare->count++;
	}
	return 0;
}

void xa_preload_end(const xarray_t *xa, xa_preload_t *spare)
{
	while (spare->nodes) {
		xa_node_t *node = spare->nodes;

		spare->nodes = node->slots[0];
		xa->ops->free_node(node);
	}
	spare->count = 0;
}

void *xa_erase(xarray_t *xa, u64 index)
{
	xa_node_t *leaf = leaf_of(xa, index);
	unsigned i;
	void *was;

	if (!leaf)
		return NULL;
	i = slot_of(leaf, index);
	was = leaf->slots[i];
	if (!was)
		return NULL;
	for (unsigned m = 0; m < XA_MARKS; m++)
		clear_marks_at(leaf, i, m);
	slot_store(leaf, i, NULL);
	leaf->count--;
	prune(xa, leaf);
	return was;
}

/* First slot at or after i that is used (and has the mark, when mark < XA_MARKS); XA_SLOTS when
 * none. */
static unsigned next_slot(const xa_node_t *node, unsigned i, unsigned mark)
{
	if (mark < XA_MARKS) {
		u64 bits = i < 64 ? READ_ONCE(node->marks[mark]) & (~0UL << i) : 0;

		return bits ? (unsigned)__builtin_ctzl(bits) : XA_SLOTS;
	}
	while (i < XA_SLOTS && !READ_ONCE(node->slots[i]))
		i++;
	return i;
}

static void *find(const xarray_t *xa, u64 *index, u64 last, unsigned mark)
{
	u64 at = *index;

restart:;
	xa_node_t *node = __atomic_load_n(&xa->root, __ATOMIC_CONSUME);

	if (!node || at > last || !covers(node, at))
		return NULL;
	for (;;) {
		unsigned from = slot_of(node, at), i = next_slot(node, from, mark);
		void *child;

		if (i != from) {
			/* The lower bits begin at 0 in a later slot. */
			u64 span = 1UL << node->shift;
			u64 base = at & ~(span * XA_SLOTS - 1);

			if (node->shift + XA_SHIFT >= 64)
				base = 0;
			if (i == XA_SLOTS) {
				u64 next = base + span * (XA_SLOTS - 1) + (span - 1);

				/* Past this node: go on from the root, or end at the last index. */
				if (next == ~0UL || next >= last || !node->parent)
					return NULL;
				at = next + 1;
				goto restart;
			}
			at = base + (u64)i * span;
			if (at > last)
				return NULL;
		}
		child = slot_load(node, i);
		if (!child) { /* erased meanwhile, or a reserved path */
			u64 span = 1UL << node->shift;
			u64 end = at | (span - 1);

			if (end == ~0UL || end >= last)
				return NULL;
			at = end + 1;
			goto restart;
		}
		if (!node->shift) {
			*index = at;
			return child;
		}
		node = child;
	}
}

void *xa_find(const xarray_t *xa, u64 *index, u64 last)
{
	return find(xa, index, last, XA_MARKS);
}

void *xa_find_marked(const xarray_t *xa, u64 *index, u64 last, unsigned mark)
{
	return find(xa, index, last, mark);
}

void xa_set_mark(xarray_t *xa, u64 index, unsigned mark)
{
	xa_node_t *node = leaf_of(xa, index);
	unsigned i;

	if (!node || !node->slots[slot_of(node, index)])
		return;
	i = slot_of(node, index);
	while (node) {
		node->marks[mark] |= 1UL << i;
		i = node->offset;
		node = node->parent;
	}
}

void xa_clear_mark(xarray_t *xa, u64 index, unsigned mark)
{
	xa_node_t *leaf = leaf_of(xa, index);

	if (leaf)
		clear_marks_at(leaf, slot_of(leaf, index), mark);
}

bool xa_get_mark(const xarray_t *xa, u64 index, unsigned mark)
{
	xa_node_t *leaf = leaf_of(xa, index);

	return leaf && (READ_ONCE(leaf->marks[mark]) >> slot_of(leaf, index)) & 1;
}

bool xa_find_free(const xarray_t *xa, u64 min, u64 max, u64 *index)
{
	for (u64 at = min; at <= max; at++) {
		xa_node_t *leaf = leaf_of(xa, at);

		if (!leaf) {
			*index = at;
			return true;
		}
		for (unsigned i = slot_of(leaf, at); i < XA_SLOTS && at <= max; i++, at++) {
			if (!leaf->slots[i]) {
				*index = at;
				return true;
			}
		}
		at--;
		if (at == ~0UL)
			break;
	}
	return false;
}

bool xa_empty(const xarray_t *xa)
{
	u64 index = 0;

	return !xa_find(xa, &index, ~0UL);
}

static void destroy_below(xarray_t *xa, xa_node_t *node)
{
	if (node->shift)
		for (unsigned i = 0; i < XA_SLOTS; i++)
			if (node->slots[i])
				destroy_below(xa, node->slots[i]);
	xa->ops->free_node(node);
}

void xa_destroy(xarray_t *xa)
{
	if (xa->root)
		destroy_below(xa, xa->root);
	xa->root = NULL;
}
