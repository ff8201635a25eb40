/*
 * The set of areas of an address space: a red-black tree by address in which every node also knows
 * the largest free gap before any area of its subtree, so that a place for a new mapping is found
 * in one descent. A gap counts for no more than GAP_CAP there: the huge one from which most mappings
 * are cut stays as large as ever, and those above it need not be told of each. Of gaps as large as that
 * a space has few, which who looks for more than GAP_CAP tries in turn.
 *
 * Locking: space->lock exclusive for every change; a file's interval tree of mappings under
 * map->map_lock, an anonymous root's under its lock (anon.c).
 */
#include "space_internal.h"

#include <kernel/lib/string.h>
#include <mm/policy.h>

kmem_cache_t *area_cache;

static bool update_gap(rb_node_t *n)
{
	vm_area_t *v = area_of(n);
	unsigned long gap = MIN(v->gap, GAP_CAP), before = v->max_gap;

	if (n->left)
		gap = MAX(gap, area_of(n->left)->max_gap);
	if (n->right)
		gap = MAX(gap, area_of(n->right)->max_gap);
	v->max_gap = gap;
	return gap != before;
}

/*
 * Each thread remembers the area of its own space that it looked up or made last: faults come in
 * runs, and what is mapped is touched and unmapped soon. No area is freed before seq changes.
 */
static void remember(vm_space_t *s, vm_area_t *v)
{
	thread_t *t = current();

	if (t->space == s) {
		t->found_area = v;
		t->found_seq = s->seq;
	}
}

static vm_area_t *recall(vm_space_t *s, unsigned long addr)
{
	const thread_t *t = current();
	vm_area_t *v = t->found_area;

	return v && t->space == s && t->found_seq == s->seq && addr >= v->start && addr < v->end
		       ? v
		       : NULL;
}

static vm_area_t *search(const vm_space_t *s, unsigned long addr)
{
	vm_area_t *v = area_of(s->areas.node), *best = NULL;

	while (v) {
		if (addr < v->end) {
			best = v;
			if (addr >= v->start)
				break;
			v = area_of(v->node.left);
		} else {
			v = area_of(v->node.right);
		}
	}
	return best;
}

vm_area_t *vm_find(vm_space_t *s, unsigned long addr)
{
	vm_area_t *v = recall(s, addr);

	if (!v) {
		v = search(s, addr);
		if (v)
			remember(s, v);
	}
	return v;
}

vm_area_t *vm_first(vm_space_t *s)
{
	return area_of(rb_first(&s->areas));
}

vm_area_t *vm_next(vm_area_t *v)
{
	return area_of(rb_next(&v->node));
}

vm_area_t *area_alloc(vm_space_t *s, unsigned long start, unsigned long end, u32 flags)
{
	vm_area_t *v = kmem_cache_alloc(area_cache, GFP_KERNEL | GFP_ZERO);

	if (!v)
		return NULL;
	v->space = s;
	v->start = start;
	v->end = end;
	v->flags = flags;
	v->page_offset = start >> PAGE_SHIFT;
	return v;
}

void area_free(vm_area_t *v)
{
	if (v->ops && v->ops->close)
		v->ops->close(v);
	if (v->file)
		vm_file_ops->put(v->file);
	anon_drop(v);
	policy_put(v->policy);
	kmem_cache_free(area_cache, v);
}

static bool writes_to_map(const vm_area_t *v)
{
	return (v->flags & (VM_SHARED | VM_MAY_WRITE)) == (VM_SHARED | VM_MAY_WRITE);
}

/* The area becomes one of its file's mappings. v->map->map_lock held. */
static void join_map_locked(vm_area_t *v)
{
	v->map_node.start = v->page_offset;
	v->map_node.last = v->page_offset + area_pages(v) - 1;
	interval_insert(&v->map->mappings, &v->map_node);
	if (writes_to_map(v))
		v->map->writable_maps++;
}

static void leave_map_locked(vm_area_t *v)
{
	interval_remove(&v->map->mappings, &v->map_node);
	if (writes_to_map(v))
		v->map->writable_maps--;
}

/* 0, or -EPERM where nobody may map for writing any more. */
static int join_map(vm_area_t *v)
{
	int r = 0;

	if (!v->map)
		return 0;
	rwsem_write_lock(&v->map->map_lock);
	if (writes_to_map(v) && v->map->deny_writable)
		r = -EPERM;
	else
		join_map_locked(v);
	rwsem_write_unlock(&v->map->map_lock);
	return r;
}

static void leave_map(vm_area_t *v)
{
	if (!v->map)
		return;
	rwsem_write_lock(&v->map->map_lock);
	leave_map_locked(v);
	rwsem_write_unlock(&v->map->map_lock);
}

void area_pin(vm_area_t *v)
{
	if (v->map)
		rwsem_write_lock(&v->map->map_lock);
	if (v->anon)
		rwsem_write_lock(&v->anon->lock);
}

void area_unpin(vm_area_t *v)
{
	if (v->anon)
		rwsem_write_unlock(&v->anon->lock);
	if (v->map)
		rwsem_write_unlock(&v->map->map_lock);
}

void area_account(vm_space_t *s, const vm_area_t *v, s64 pages)
{
	s->total_pages += (u64)pages;
	s->peak_pages = MAX(s->peak_pages, s->total_pages);
	if (v->flags & VM_LOCKED)
		s->locked_pages += (u64)pages;
	if (v->flags & VM_GROWS_DOWN)
		s->stack_pages += (u64)pages;
	else if ((v->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		s->data_pages += (u64)pages;
	if (v->flags & VM_EXEC)
		s->exec_pages += (u64)pages;
	if (v->flags & VM_ACCOUNT)
		mm_count(MM_COMMITTED, pages);
}

static void tree_insert(vm_space_t *s, vm_area_t *v)
{
	rb_node_t **link = &s->areas.node, *parent = NULL;
	vm_area_t *prev = NULL, *next = NULL;

	while (*link) {
		parent = *link;
		if (v->start < area_of(parent)->start) {
			next = area_of(parent);
			link = &parent->left;
		} else {
			prev = area_of(parent);
			link = &parent->right;
		}
	}
	v->gap = v->start - (prev ? prev->end : 0);
	rb_link(&v->node, parent, link);
	update_gap(&v->node);
	if (next) {
		/* Of v's ancestors (the last one to its right) the one whose own gap changes, too. */
		next->gap = next->start - v->end;
		while (parent != &next->node) {
			update_gap(parent);
			parent = rb_parent(parent);
		}
	}
	rb_propagate(parent, update_gap);
	rb_balance(&v->node, &s->areas, update_gap);
	s->area_count++;
	s->seq++;
	remember(s, v);
}

static void tree_remove(vm_space_t *s, vm_area_t *v)
{
	vm_area_t *next = vm_next(v);

	if (next) {
		next->gap += v->end - v->start + v->gap;
		rb_propagate(&next->node, update_gap);
	}
	rb_erase_augmented(&v->node, &s->areas, update_gap);
	s->area_count--;
	s->seq++;
}

int area_insert(vm_space_t *s, vm_area_t *v)
{
	int r;

	if (s->area_count >= vm_max_map_count)
		return -ENOMEM;
	r = join_map(v);
	if (r)
		return r;
	anon_insert(v);
	tree_insert(s, v);
	area_account(s, v, (s64)area_pages(v));
	return 0;
}

void area_remove(vm_space_t *s, vm_area_t *v)
{
	tree_remove(s, v);
	area_account(s, v, -(s64)area_pages(v));
	anon_remove(v);
	leave_map(v);
}

static void join_locked(vm_area_t *v)
{
	if (v->map)
		join_map_locked(v);
	anon_insert_locked(v);
}

static void leave_locked(vm_area_t *v)
{
	if (v->map)
		leave_map_locked(v);
	anon_remove_locked(v);
}

/*
 * Moves the area's ends; `made` takes over what it gives up, `gone` gives it what it gains (or NULL). The
 * mappings of the file, and those of anonymous pages, never show less than is mapped: all changes under one
 * hold of their locks.
 */
static void resize(vm_space_t *s, vm_area_t *v, unsigned long start, unsigned long end,
		   vm_area_t *made, vm_area_t *gone)
{
	vm_area_t *next;

	area_pin(v);
	leave_locked(v);
	if (gone) {
		leave_locked(gone);
		tree_remove(s, gone);
		area_account(s, gone, -(s64)area_pages(gone));
	}
	area_account(s, v, -(s64)area_pages(v));
	v->page_offset += (u64)((s64)(start - v->start) >> PAGE_SHIFT);
	next = vm_next(v);
	v->gap += start - v->start;
	if (next)
		next->gap += v->end - end;
	v->start = start;
	v->end = end;
	area_account(s, v, (s64)area_pages(v));
	rb_propagate(&v->node, update_gap);
	if (next)
		rb_propagate(&next->node, update_gap);
	s->seq++;
	join_locked(v);
	if (made)
		join_locked(made);
	area_unpin(v);
}

void area_resize(vm_space_t *s, vm_area_t *v, unsigned long start, unsigned long end)
{
	resize(s, v, start, end, NULL, NULL);
}

void area_share(vm_area_t *copy)
{
	anon_hold(copy);
	policy_get(copy->policy);
	if (copy->file)
		vm_file_ops->get(copy->file);
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
}

int area_split(vm_space_t *s, vm_area_t *v, unsigned long at)
{
	vm_area_t *upper;

	if (v->flags & VM_SPECIAL)
		return -EINVAL;
	if (s->area_count >= vm_max_map_count)
		return -ENOMEM;
	upper = kmem_cache_alloc(area_cache, GFP_KERNEL);
	if (!upper)
		return -ENOMEM;
	*upper = *v;
	upper->page_offset = area_offset(v, at);
	upper->start = at;
	area_share(upper);
	resize(s, v, v->start, at, upper, NULL);
	tree_insert(s, upper);
	area_account(s, upper, (s64)area_pages(upper));
	return 0;
}

int area_isolate(vm_space_t *s, unsigned long start, unsigned long end)
{
	vm_area_t *v = vm_find(s, start);
	int r;

	if (v && v->start < start) {
		r = area_split(s, v, start);
		if (r)
			return r;
		v = vm_next(v);
	}
	if (v && v->end < end)
		v = vm_find(s, end - 1);
	if (v && v->start < end && v->end > end)
		return area_split(s, v, end);
	return 0;
}

bool area_continues(const vm_area_t *a, const vm_area_t *b)
{
	return a->end == b->start && a->file == b->file && a->map == b->map && a->ops == b->ops &&
	       a->private_data == b->private_data && area_offset(a, a->end) == b->page_offset &&
	       ((a->flags ^ b->flags) & ~VM_ACCESS) == 0;
}

static bool mergeable(const vm_area_t *a, const vm_area_t *b)
{
	if (a->flags != b->flags || !area_continues(a, b) || !policy_equal(a->policy, b->policy))
		return false;
	if ((a->flags & VM_SPECIAL) || (a->ops && a->ops->close))
		return false;
	return !a->anon || !b->anon || a->anon == b->anon;
}

static void absorb_next(vm_space_t *s, vm_area_t *v, vm_area_t *next)
{
	if (next->anon && !v->anon) {
		v->anon = next->anon;
		anon_hold(v);
		anon_insert(v);
	}
	resize(s, v, v->start, next->end, NULL, next);
	area_free(next);
}

void area_try_merge(vm_space_t *s, vm_area_t *v)
{
	vm_area_t *prev = area_of(rb_prev(&v->node)), *next = vm_next(v);

	if (next && mergeable(v, next))
		absorb_next(s, v, next);
	if (prev && mergeable(prev, v))
		absorb_next(s, prev, v);
}

/* Highest address below `high` with len free bytes at or above `low`; 0 when there is none. */
unsigned long area_find_gap(vm_space_t *s, size_t len, unsigned long low, unsigned long high)
{
	vm_area_t *v = area_of(s->areas.node), *last = area_of(rb_last(&s->areas));
	unsigned long top = last ? last->end : 0, enough = MIN(len, GAP_CAP);

	/* Above all areas. */
	if (top < high && high - MAX(top, low) >= len)
		return high - len;
	/*
	 * Descend to the right first: the gap is before the node, so right subtree, node, left
	 * subtree.
	 */
	while (v) {
		vm_area_t *right = area_of(v->node.right), *left = area_of(v->node.left);
		unsigned long gap_end, gap_start;

		if (right && v->end < high && right->max_gap >= enough) {
			v = right;
			continue;
		}
check:
		gap_end = MIN(v->start, high);
		gap_start = MAX(v->start - v->gap, low);
		if (gap_end > gap_start && gap_end - gap_start >= len)
			return gap_end - len;
		left = area_of(v->node.left);
		if (left && left->max_gap >= enough) {
			v = left;
			continue;
		}
		/* Up to the first ancestor that is to the left in order. */
		for (;;) {
			rb_node_t *parent = rb_parent(&v->node);

			if (!parent)
				return 0;
			if (parent->right == &v->node) {
				v = area_of(parent);
				goto check;
			}
			v = area_of(parent);
		}
	}
	return len <= high - low ? high - len : 0;
}
