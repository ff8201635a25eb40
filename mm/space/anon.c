/*
 * Reverse mapping of anonymous memory (architecture.md 9.1): who maps this page?
 *
 * Concepts. An area that has anonymous pages belongs to an anon_root_t, which knows all the areas where
 * its pages may be mapped: the area itself, what it was split into, and the copies that fork made of
 * them, by page offset in an interval tree. The page knows the root and its offset in it (mapping, index),
 * so that a walk over the areas that cover the offset finds every entry. One root for the whole family
 * of forks keeps fork cheap, a node in a tree for each area; a walk costs what the family has of areas
 * there. An area gets its root with its first page, its neighbour's if the two could become one area.
 *
 * Life. The areas that point to a root hold it; the last one that goes frees it. A page holds nothing: it is asked
 * for its root only where an area is known that maps it.
 *
 * Locking. root->lock guards the tree and, for areas in it, start and page_offset; who holds it keeps the
 * page tables over those areas from being freed. area->anon goes from NULL to a root under anon_lock, with
 * space->lock held shared, and changes otherwise with space->lock exclusive. Order: space->lock >
 * map->map_lock > root->lock > anon_lock, table locks.
 */
#include "space_internal.h"

kmem_cache_t *anon_root_cache;

__init void anon_init(void)
{
	anon_root_cache = kmem_cache_create("anon_root", sizeof(anon_root_t), 0, 0, NULL);
}

static anon_root_t *root_alloc(void)
{
	anon_root_t *root = kmem_cache_alloc(anon_root_cache, GFP_KERNEL | GFP_ZERO);

	if (!root)
		return NULL;
	refcount_set(&root->refs, 1);
	rwsem_init(&root->lock);
	return root;
}

static void root_put(anon_root_t *root)
{
	if (refcount_put(&root->refs))
		kmem_cache_free(anon_root_cache, root);
}

void anon_hold(vm_area_t *v)
{
	if (v->anon)
		refcount_get(&v->anon->refs);
}

void anon_drop(vm_area_t *v)
{
	if (v->anon)
		root_put(v->anon);
}

static void insert_locked(anon_root_t *root, vm_area_t *v)
{
	v->anon_node.start = v->page_offset;
	v->anon_node.last = v->page_offset + area_pages(v) - 1;
	interval_insert(&root->areas, &v->anon_node);
}

void anon_insert_locked(vm_area_t *v)
{
	if (v->anon)
		insert_locked(v->anon, v);
}

void anon_remove_locked(vm_area_t *v)
{
	if (v->anon)
		interval_remove(&v->anon->areas, &v->anon_node);
}

void anon_insert(vm_area_t *v)
{
	if (!v->anon)
		return;
	rwsem_write_lock(&v->anon->lock);
	insert_locked(v->anon, v);
	rwsem_write_unlock(&v->anon->lock);
}

void anon_remove(vm_area_t *v)
{
	if (!v->anon)
		return;
	rwsem_write_lock(&v->anon->lock);
	anon_remove_locked(v);
	rwsem_write_unlock(&v->anon->lock);
}

/* The root of a neighbour that v may become one with, once both may be accessed alike; referenced. */
static anon_root_t *neighbour_root(vm_area_t *v)
{
	vm_area_t *next = vm_next(v), *prev = area_of(rb_prev(&v->node));
	anon_root_t *root = NULL;

	if (next && area_continues(v, next))
		root = READ_ONCE(next->anon);
	if (!root && prev && area_continues(prev, v))
		root = READ_ONCE(prev->anon);
	if (root)
		refcount_get(&root->refs);
	return root;
}

bool anon_prepare_slow(vm_area_t *v)
{
	anon_root_t *root = neighbour_root(v);

	if (!root)
		root = root_alloc();
	if (!root)
		return false;
	rwsem_write_lock(&root->lock);
	spin_lock(&v->space->anon_lock);
	if (!v->anon) {
		insert_locked(root, v);
		refcount_get(&root->refs);
		__atomic_store_n(&v->anon, root, __ATOMIC_RELEASE);
	}
	spin_unlock(&v->space->anon_lock);
	rwsem_write_unlock(&root->lock);
	root_put(root);
	return true;
}

vm_area_t *anon_next(anon_root_t *root, vm_area_t *v, const page_t *page, unsigned long *addr)
{
	interval_node_t *n = v ? interval_next(&v->anon_node, page->index, page->index)
			       : interval_first(&root->areas, page->index, page->index);

	if (!n)
		return NULL;
	v = container_of(n, vm_area_t, anon_node);
	*addr = v->start + ((page->index - v->page_offset) << PAGE_SHIFT);
	return v;
}
