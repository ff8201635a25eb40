/*
 * The page cache: file_map_t (see include/mm/file_map.h).
 *
 * Concepts. A map holds the pages of one file by index. A page in the map carries one reference of
 * the map's, which is given back a grace period after the page has left (or at once, when nobody can
 * look any more). So readers look pages up under RCU without a lock: they take a reference, then
 * look again whether the page is still there. Pages of memory files (ops->read_page NULL) come into
 * being zeroed and never leave but by truncation.
 *
 * Holding truncate_lock shared keeps the size from shrinking below what is being filled; truncation
 * holds it exclusive.
 *
 * Locking. map->lock guards the tree for writers; PG_LOCKED a page's filling. Order: truncate_lock
 * > page lock > lock.
 */
#include <mm/file_map.h>

#include <arch/uaccess.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/string.h>
#include <kernel/sync/rcu.h>
#include <kernel/thread.h>
#include <mm/policy.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/errno.h>

/* ---- tree nodes ---- */

#define PAGE_QUEUES 64
static wait_queue_head_t page_queues[PAGE_QUEUES]; /* of waiters for page locks, by hash */
static kmem_cache_t *node_cache;

static xa_node_t *alloc_node(void)
{
	return kmem_cache_alloc(node_cache, GFP_NOWAIT | GFP_HIGH | GFP_ZERO);
}

static void free_node_rcu(rcu_head_t *head)
{
	kmem_cache_free(node_cache, container_of((u64 *)head, xa_node_t, rcu));
}

static void free_node(xa_node_t *node)
{
	_Static_assert(sizeof(node->rcu) >= sizeof(rcu_head_t), "room for the callback");
	call_rcu((rcu_head_t *)node->rcu, free_node_rcu);
}

static const xa_ops_t page_tree_ops = { .alloc_node = alloc_node, .free_node = free_node };

__init void file_map_cache_init(void)
{
	for (u32 i = 0; i < PAGE_QUEUES; i++)
		init_waitqueue_head(&page_queues[i]);
	node_cache = kmem_cache_create("xa_node", sizeof(xa_node_t), 0, SLAB_CACHE_ALIGN, NULL);
}

void file_map_init(file_map_t *map, const file_map_ops_t *ops, void *owner)
{
	memset(map, 0, sizeof(*map));
	xa_init(&map->pages, &page_tree_ops);
	spinlock_init(&map->lock);
	rwsem_init(&map->map_lock);
	rwsem_init(&map->truncate_lock);
	map->ops = ops;
	map->owner = owner;
}

u64 file_map_serial(file_map_t *map)
{
	static u64 last;
	u64 serial = __atomic_load_n(&map->serial, __ATOMIC_RELAXED), fresh;

	if (serial)
		return serial;
	fresh = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	if (__atomic_compare_exchange_n(&map->serial, &serial, fresh, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return fresh;
	return serial;
}

/* ---- page lock ---- */

static wait_queue_head_t *page_queue(page_t *page)
{
	return &page_queues[hash_ptr(page, 6)];
}

bool page_trylock(page_t *page)
{
	return !(__atomic_fetch_or(&page->flags, PG_LOCKED, __ATOMIC_ACQUIRE) & PG_LOCKED);
}

static bool lock_or_mark(page_t *page)
{
	if (page_trylock(page))
		return true;
	page_set_flag(page, PG_WAITERS);
	return page_trylock(page);
}

void page_lock(page_t *page)
{
	if (!page_trylock(page))
		wait_event(page_queue(page), lock_or_mark(page));
}

void page_unlock(page_t *page)
{
	u32 was =
		__atomic_fetch_and(&page->flags, ~(u32)(PG_LOCKED | PG_WAITERS), __ATOMIC_RELEASE);

	if (was & PG_WAITERS)
		wake_up_all(page_queue(page));
}

/* ---- finding and adding ---- */

page_t *file_map_find(file_map_t *map, u64 index)
{
	page_t *page;

	rcu_read_lock();
	for (;;) {
		page = xa_load(&map->pages, index);
		if (!page)
			break;
		page_get(page); /* the map's own is there until this section ends */
		if (likely(xa_load(&map->pages, index) == page))
			break;
		page_put(page);
	}
	rcu_read_unlock();
	return page;
}

/* Within RCU: the slot's page, referenced, if it is up to date and nobody works on it. */
static page_t *ready_page(void *const *slot)
{
	page_t *page = __atomic_load_n(slot, __ATOMIC_CONSUME);

	if (!page || (READ_ONCE(page->flags) & (PG_UPTODATE | PG_LOCKED)) != PG_UPTODATE)
		return NULL;
	page_get(page); /* as in file_map_find */
	if (likely(__atomic_load_n(slot, __ATOMIC_RELAXED) == page))
		return page;
	page_put(page);
	return NULL;
}

s64 file_map_enter(file_map_t *map, u64 index, u64 end, pte_t *entry, u64 bits)
{
	s64 fresh = 0, entries = 0;

	rcu_read_lock();
	while (index < end) {
		u32 n = (u32)(end - index);
		void *const *slots = xa_slots(&map->pages, index, &n);

		for (u32 i = 0; slots && i < n; i++) {
			page_t *page = pte_get(&entry[i]) ? NULL : ready_page(&slots[i]);

			if (!page)
				continue;
			/* Hardware sets the accessed bit should the page really be used. */
			pte_set(&entry[i], pte_make(page_to_pfn(page), bits));
			fresh += __atomic_fetch_add(&page->map_count, 1, __ATOMIC_RELAXED) == 0;
			entries++;
		}
		entry += n;
		index += n;
	}
	rcu_read_unlock();
	mm_count(MM_MAPPED, fresh);
	return entries;
}

/* ---- references of pages that have left ---- */

#define LEFT_MAX 60

/* Given back a grace period later. */
typedef struct left_pages {
	rcu_head_t rcu;
	u32 count;
	page_t *pages[LEFT_MAX];
} left_pages_t;

static void put_left(rcu_head_t *head)
{
	left_pages_t *left = container_of(head, left_pages_t, rcu);

	for (u32 i = 0; i < left->count; i++)
		page_put(left->pages[i]);
	kfree(left);
}

static void finish_left(left_pages_t *left)
{
	if (left)
		call_rcu(&left->rcu, put_left);
}

/* Adds a page to *left, NULL at first, which is sent off when it is full. May sleep. */
static void put_later(left_pages_t **left, page_t *page)
{
	if (!*left) {
		*left = kmalloc(sizeof(**left), GFP_NOFS | GFP_NOWARN | GFP_NORETRY);
		if (!*left) {
			synchronize_rcu();
			page_put(page);
			return;
		}
		(*left)->count = 0;
	}
	(*left)->pages[(*left)->count++] = page;
	if ((*left)->count == LEFT_MAX) {
		finish_left(*left);
		*left = NULL;
	}
}

/*
 * Adds a fresh page, which becomes the map's; the caller keeps its own reference. 0, -EEXIST,
 * -ENOMEM.
 */
static int add_page(file_map_t *map, u64 index, page_t *page)
{
	bool memory_file = !map->ops->read_page;
	int r = 0;

	page->mapping = map;
	page->index = index;
	page_set_flag(page, PG_CACHE | (memory_file ? PG_MEMORY_FILE : 0));
	page_get(page);
	spin_lock(&map->lock);
	if (xa_load(&map->pages, index))
		r = -EEXIST;
	else
		r = xa_store(&map->pages, index, page, NULL);
	if (!r)
		map->nr_pages++;
	spin_unlock(&map->lock);
	if (r) {
		page_clear_flag(page, PG_CACHE | PG_MEMORY_FILE);
		page_put(page);
		return r;
	}
	mm_count(MM_CACHED, 1);
	if (memory_file) {
		mm_count(MM_SHMEM, 1);
		if (!map->promised)
			mm_count(MM_COMMITTED, 1);
	}
	return 0;
}

/* Finds or makes the page at index; a new one is returned locked and not up to date. ERR_PTR. */
static page_t *find_or_add(file_map_t *map, u64 index, gfp_flags_t flags, bool *fresh)
{
	*fresh = false;
	for (;;) {
		page_t *page = file_map_find(map, index);
		int r;

		if (page)
			return page;
		if (map->ops->reserve_page) {
			r = map->ops->reserve_page(map, index);
			if (r)
				return ERR_PTR(r);
		}
		page = flags & GFP_USERPAGE ? user_page_alloc(flags) : alloc_pages_gfp(flags, 0);
		r = page ? 0 : -ENOMEM;
		if (page) {
			page_set_flag(page, PG_LOCKED);
			r = add_page(map, index, page);
			if (!r) {
				*fresh = true;
				return page;
			}
			page_clear_flag(page, PG_LOCKED);
			page_put(page);
		}
		if (map->ops->release_page)
			map->ops->release_page(map, NULL); /* gives the reservation back */
		if (r != -EEXIST)
			return ERR_PTR(r);
	}
}

static int make_uptodate(file_map_t *map, page_t *page)
{
	int r;

	if (!map->ops->read_page) {
		arch_clear_page(page_to_virt(page));
		page_set_flag(page, PG_UPTODATE);
		page_unlock(page);
		return 0;
	}
	r = map->ops->read_page(map, page); /* unlocks */
	if (r)
		return r;
	page_lock(page);
	r = page_flag(page, PG_UPTODATE) ? 0 : -EIO;
	page_unlock(page);
	return r;
}

page_t *file_map_get(file_map_t *map, u64 index, gfp_flags_t flags)
{
	for (;;) {
		bool fresh;
		page_t *page = find_or_add(map, index, flags, &fresh);
		int r = 0;

		if (IS_ERR(page) || page_flag(page, PG_UPTODATE))
			return page;
		if (!fresh)
			page_lock(page);
		if (page->mapping != map) { /* truncated meanwhile */
			page_unlock(page);
			page_put(page);
			continue;
		}
		if (page_flag(page, PG_UPTODATE))
			page_unlock(page);
		else
			r = make_uptodate(map, page);
		if (!r)
			return page;
		page_put(page);
		return ERR_PTR(r);
	}
}

page_t *file_map_grab(file_map_t *map, u64 index, bool whole)
{
	for (;;) {
		bool fresh;
		page_t *page = find_or_add(map, index, GFP_USER, &fresh);
		int r;

		if (IS_ERR(page))
			return page;
		if (!fresh)
			page_lock(page);
		if (page->mapping != map) {
			page_unlock(page);
			page_put(page);
			continue;
		}
		if (whole || page_flag(page, PG_UPTODATE))
			return page;
		r = make_uptodate(map, page);
		if (r) {
			page_put(page);
			return ERR_PTR(r);
		}
		page_lock(page);
		if (page->mapping == map)
			return page;
		page_unlock(page);
		page_put(page);
	}
}

/* ---- reading and writing ---- */

ssize_t file_map_read(file_map_t *map, iter_t *it, off_t *pos)
{
	ssize_t total = 0;

	while (it->count) {
		u64 size = READ_ONCE(map->size);
		size_t offset = (u64)*pos & (PAGE_SIZE - 1), n, done;
		page_t *page;

		if ((u64)*pos >= size)
			break;
		n = MIN(MIN(PAGE_SIZE - offset, it->count), size - (u64)*pos);
		page = file_map_find(map, (u64)*pos >> PAGE_SHIFT);
		if (!page && !map->ops->read_page) {
			done = zero_iter(n, it); /* a hole */
		} else {
			if (!page || !page_flag(page, PG_UPTODATE)) {
				if (page)
					page_put(page);
				page = file_map_get(map, (u64)*pos >> PAGE_SHIFT, GFP_USER);
				if (IS_ERR(page))
					return total ? total : PTR_ERR(page);
			}
			page_set_flag(page, PG_ACCESSED);
			done = copy_page_to_iter(page, offset, n, it);
			page_put(page);
		}
		*pos += (off_t)done;
		total += (ssize_t)done;
		if (done < n)
			return total ? total : -EFAULT;
		if (fatal_signal_pending(current()))
			return total;
	}
	return total;
}

void file_map_dirty(file_map_t *map, page_t *page)
{
	if (!map->ops->read_page || page_flag(page, PG_DIRTY))
		return; /* memory files have nothing to write back to */
	page_set_flag(page, PG_DIRTY);
	mm_count(MM_DIRTY, 1);
	spin_lock(&map->lock);
	if (page->mapping == map)
		xa_set_mark(&map->pages, page->index, 0);
	spin_unlock(&map->lock);
}

ssize_t file_map_write(file_map_t *map, iter_t *it, off_t *pos)
{
	ssize_t total = 0;

	while (it->count) {
		size_t offset = (u64)*pos & (PAGE_SIZE - 1);
		size_t n = MIN(PAGE_SIZE - offset, it->count), done;
		page_t *page;

		/*
		 * The source may be the very page that is written: it must be resident before the
		 * lock is taken.
		 */
		if (iter_fault_in_readable(it, n) == n)
			return total ? total : -EFAULT;
		page = file_map_grab(map, (u64)*pos >> PAGE_SHIFT, n == PAGE_SIZE);
		if (IS_ERR(page))
			return total ? total : PTR_ERR(page);
		done = copy_page_from_iter_nofault(page, offset, n, it);
		if (!page_flag(page, PG_UPTODATE)) {
			/*
			 * Taken for a whole page: what the copy did not reach must not show old
			 * memory.
			 */
			if (done < n)
				memset((char *)page_to_virt(page) + done, 0, PAGE_SIZE - done);
			page_set_flag(page, PG_UPTODATE);
		}
		file_map_dirty(map, page);
		page_set_flag(page, PG_ACCESSED);
		page_unlock(page);
		page_put(page);
		*pos += (off_t)done;
		total += (ssize_t)done;
		if ((u64)*pos > map->size)
			WRITE_ONCE(map->size, (u64)*pos);
		if (fatal_signal_pending(current()))
			return total ? total : -EINTR;
	}
	return total;
}

/* ---- truncation ---- */

static void remove_page(file_map_t *map, page_t *page)
{
	spin_lock(&map->lock);
	xa_erase(&map->pages, page->index);
	map->nr_pages--;
	spin_unlock(&map->lock);
	if (page_flag(page, PG_DIRTY)) {
		page_clear_flag(page, PG_DIRTY);
		mm_count(MM_DIRTY, -1);
	}
	mm_count(MM_CACHED, -1);
	if (page_flag(page, PG_MEMORY_FILE)) {
		mm_count(MM_SHMEM, -1);
		if (!map->promised)
			mm_count(MM_COMMITTED, -1);
	}
	page->mapping = NULL;
	page_clear_flag(page, PG_CACHE | PG_MEMORY_FILE);
	if (map->ops->release_page)
		map->ops->release_page(map, page);
}

enum drop {
	DROP_ALL,
	DROP_ALONE,    /* all, and nobody looks for pages of the map any more */
	DROP_UNFILLED, /* nobody has mapped those */
};

static void drop_range(file_map_t *map, u64 first, u64 last, enum drop what)
{
	left_pages_t *left = NULL;
	u64 index = first;
	page_t *page;
	bool mine;

	do {
		rcu_read_lock();
		page = xa_find(&map->pages, &index, last);
		if (page)
			page_get(page);
		rcu_read_unlock();
		if (!page)
			break;
		page_lock(page);
		mine = page->mapping == map &&
		       (what != DROP_UNFILLED || !page_flag(page, PG_UPTODATE));
		if (mine)
			remove_page(map, page);
		page_unlock(page);
		page_put(page);
		if (mine && what == DROP_ALONE)
			page_put(page); /* the map's */
		else if (mine)
			put_later(&left, page);
	} while (index++ < last);
	finish_left(left);
}

static void zero_part(file_map_t *map, u64 index, size_t from, size_t to)
{
	page_t *page = file_map_find(map, index);

	if (!page)
		return;
	page_lock(page);
	if (page->mapping == map && page_flag(page, PG_UPTODATE)) {
		memset((char *)page_to_virt(page) + from, 0, to - from);
		file_map_dirty(map, page);
	}
	page_unlock(page);
	page_put(page);
}

void file_map_truncate(file_map_t *map, u64 start, u64 end)
{
	u64 first = (start + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u64 last = end == ~0UL ? ~0UL >> PAGE_SHIFT : (end >> PAGE_SHIFT) - 1;
	u64 head = start >> PAGE_SHIFT, tail = end >> PAGE_SHIFT;

	rwsem_write_lock(&map->truncate_lock);
	if (start & (PAGE_SIZE - 1))
		zero_part(map, head, start & (PAGE_SIZE - 1),
			  end != ~0UL && head == tail ? end & (PAGE_SIZE - 1) : PAGE_SIZE);
	if (end != ~0UL && (end & (PAGE_SIZE - 1)) && (head != tail || !(start & (PAGE_SIZE - 1))))
		zero_part(map, tail, 0, end & (PAGE_SIZE - 1));
	if (end == ~0UL || (last + 1 > first && end >> PAGE_SHIFT)) {
		if (first <= last) {
			file_map_unmap(map, first, last, true);
			drop_range(map, first, last, DROP_ALL);
		}
	}
	rwsem_write_unlock(&map->truncate_lock);
}

void file_map_drop_unfilled(file_map_t *map, u64 first, u64 last)
{
	drop_range(map, first, last, DROP_UNFILLED);
}

int file_map_replace(file_map_t *map, page_t *page, page_t *fresh)
{
	u32 state = PG_UPTODATE | PG_DIRTY | PG_ACCESSED;
	left_pages_t *left = NULL;
	int r = -EBUSY;

	if (!page_flag(page, PG_MEMORY_FILE))
		return r;
	rwsem_write_lock(&map->truncate_lock); /* nobody maps it anew */
	page_lock(page);		       /* nor writes to it */
	if (page->mapping == map)
		file_map_unmap(map, page->index, page->index, false);
	spin_lock(&map->lock);
	/* Who reads it may go on: the contents are the same. */
	if (page->mapping == map && page_flag(page, PG_UPTODATE) &&
	    refcount_read(&page->refs) == 2) {
		arch_copy_page(page_to_virt(fresh), page_to_virt(page));
		page_set_flag(fresh, PG_CACHE | PG_MEMORY_FILE | (page->flags & state));
		fresh->mapping = map;
		fresh->index = page->index;
		page_get(fresh);
		BUG_ON(xa_store(&map->pages, page->index, fresh, NULL)); /* its slot exists */
		page->mapping = NULL;
		page_clear_flag(page, PG_CACHE | PG_MEMORY_FILE);
		r = 0;
	}
	spin_unlock(&map->lock);
	page_unlock(page);
	rwsem_write_unlock(&map->truncate_lock);
	if (!r)
		put_later(&left, page); /* the map's */
	finish_left(left);
	return r;
}

int file_map_deny_writable(file_map_t *map)
{
	int r = 0;

	rwsem_write_lock(&map->map_lock);
	if (map->writable_maps)
		r = -EBUSY;
	else
		map->deny_writable = true;
	rwsem_write_unlock(&map->map_lock);
	return r;
}

void file_map_destroy(file_map_t *map)
{
	if (map->nr_pages)
		drop_range(map, 0, ~0UL >> PAGE_SHIFT, DROP_ALONE);
	xa_destroy(&map->pages);
	mm_count(MM_COMMITTED, -(s64)map->promised);
}

int file_map_sync(file_map_t *map, u64 start, u64 end)
{
	int r;

	if (!map->ops->write_pages)
		return 0;
	r = map->ops->write_pages(map, start >> PAGE_SHIFT, end >> PAGE_SHIFT);
	return r ? r : __atomic_exchange_n(&map->error, 0, __ATOMIC_RELAXED);
}

/* Within RCU. */
static bool is_data(file_map_t *map, u64 index)
{
	page_t *page = xa_load(&map->pages, index);

	return page && page_flag(page, PG_UPTODATE);
}

u64 file_map_seek(file_map_t *map, u64 pos, bool data)
{
	u64 size = READ_ONCE(map->size), index = pos >> PAGE_SHIFT;
	u64 last = size ? (size - 1) >> PAGE_SHIFT : 0;

	if (pos >= size)
		return ~0UL;
	rcu_read_lock();
	if (data) {
		while (index <= last && xa_find(&map->pages, &index, last) && !is_data(map, index))
			index++;
		if (index > last || !is_data(map, index)) {
			rcu_read_unlock();
			return ~0UL;
		}
	} else {
		while (index <= last && is_data(map, index))
			index++;
	}
	rcu_read_unlock();
	return MIN(MAX(pos, index << PAGE_SHIFT), size);
}
