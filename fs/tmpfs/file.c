/*
 * Regular files of tmpfs: the page cache is the file. A page is paid for (max_pages) when it comes
 * into being, and given back when it leaves the cache.
 */
#include "tmpfs_internal.h"

#include <arch/uaccess.h>
#include <kernel/signal.h>
#include <kernel/thread.h>
#include <mm/commit.h>
#include <mm/space.h>
#include <uapi/errno.h>
#include <uapi/memfd.h>

static bool take_page(tmpfs_t *t)
{
	u64 max = READ_ONCE(t->max_pages);

	if (max && (u64)atomic64_add_return(&t->pages, 1) > max) {
		atomic64_dec(&t->pages);
		return false;
	}
	if (!max)
		atomic64_inc(&t->pages);
	return true;
}

static int reserve_page(file_map_t *map, u64 index)
{
	vfs_node_t *n = map->owner;

	if (!map->promised && !vm_may_commit(1))
		return -ENOSPC;
	return take_page(tmpfs_of(n->sb)) ? 0 : -ENOSPC;
}

static void release_page(file_map_t *map, page_t *page)
{
	vfs_node_t *n = map->owner;

	atomic64_dec(&tmpfs_of(n->sb)->pages);
}

const file_map_ops_t tmpfs_map_ops = { .reserve_page = reserve_page, .release_page = release_page };

static int tmpfs_mmap(file_t *f, vm_area_t *vma)
{
	const u32 against_writing = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

	/* Mappings that were writable before F_SEAL_FUTURE_WRITE stay so. */
	if ((vma->flags & VM_SHARED) && (READ_ONCE(f->node->seals) & against_writing)) {
		if (vma->flags & VM_WRITE)
			return -EPERM;
		vma->flags &= ~VM_MAY_WRITE;
	}
	file_accessed(f);
	return 0;
}

/* ---- size ---- */

/* The node is locked. */
static void set_size(vfs_node_t *n, u64 size)
{
	u64 old = n->data->size;

	WRITE_ONCE(n->data->size, size);
	if (size < old)
		file_map_truncate(n->data, size, ~0UL);
}

int tmpfs_set_attr(vfs_node_t *n, const vfs_attr_t *a)
{
	u64 size = n->data->size;

	if (a->valid & ATTR_SIZE) {
		if (((u64)a->size < size && (n->seals & F_SEAL_SHRINK)) ||
		    ((u64)a->size > size && (n->seals & F_SEAL_GROW)))
			return -EPERM;
		set_size(n, (u64)a->size);
	}
	node_store_attr(n, a);
	return 0;
}

int tmpfs_get_attr(vfs_node_t *n, vfs_stat_t *st)
{
	if (S_ISREG(n->mode))
		st->blocks = READ_ONCE(n->data->nr_pages) * (PAGE_SIZE / 512);
	return 0;
}

/* ---- fallocate ---- */

static bool page_exists(file_map_t *map, u64 index)
{
	page_t *page = file_map_find(map, index);

	if (page)
		page_put(page);
	return page;
}

/* Would the pages that are missing in [first, last) go beyond the limit? */
static bool lacks_room(tmpfs_t *t, file_map_t *map, u64 first, u64 last)
{
	u64 max = READ_ONCE(t->max_pages), missing = 0;

	if (!max)
		return false;
	if (last - first > max)
		return true;
	for (u64 i = first; i < last; i++)
		missing += !page_exists(map, i);
	return (u64)atomic64_read(&t->pages) + missing > max;
}

/* 0 when there is a page then; it is cleared when it is first used. */
static long add_page(file_map_t *map, u64 index)
{
	page_t *page;

	if (page_exists(map, index))
		return 0;
	if (signal_pending(current()))
		return -EINTR;
	page = file_map_grab(map, index, true);
	if (IS_ERR(page))
		return PTR_ERR(page);
	page_unlock(page);
	page_put(page);
	return 0;
}

/* Pages for [start, end): as a whole or not at all. */
static long fill_range(file_map_t *map, u64 start, u64 end)
{
	u64 first = start >> PAGE_SHIFT, last = (end + PAGE_SIZE - 1) >> PAGE_SHIFT;
	vfs_node_t *n = map->owner;

	if (lacks_room(tmpfs_of(n->sb), map, first, last))
		return -ENOSPC;
	for (u64 i = first; i < last; i++) {
		long r = add_page(map, i);

		if (r) {
			file_map_drop_unfilled(map, first, i);
			return r;
		}
	}
	return 0;
}

static long tmpfs_fallocate(file_t *f, int mode, off_t off, off_t len)
{
	vfs_node_t *n = f->node;
	file_map_t *map = n->data;
	u64 start = (u64)off, end = start + (u64)len;
	long r = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	rwsem_write_lock(&n->lock);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		if (n->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
			r = -EPERM;
			goto out_unlock;
		}
		file_map_truncate(map, start, end);
		node_touch(n, ATTR_MTIME | ATTR_CTIME);
		goto out_unlock;
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > map->size) {
		r = node_new_size_ok(n, (off_t)end);
		if (r)
			goto out_unlock;
	}
	if ((n->seals & F_SEAL_GROW) && end > map->size)
		r = -EPERM;
	else
		r = fill_range(map, start, end);
	if (!r) {
		if (!(mode & FALLOC_FL_KEEP_SIZE) && end > map->size)
			WRITE_ONCE(map->size, end);
		node_touch(n, ATTR_CTIME);
	}
out_unlock:
	rwsem_write_unlock(&n->lock);
	return r;
}

const file_operations_t tmpfs_file_operations = {
	.llseek = generic_llseek,
	.read_iter = generic_read_iter,
	.write_iter = generic_write_iter,
	.mmap = tmpfs_mmap,
	.fsync = noop_fsync,
	.fallocate = tmpfs_fallocate,
};
