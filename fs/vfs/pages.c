/*
 * Data of files as pages: what splicing and copying from file to file are made of. Pages of the
 * page cache are passed on by reference; other files fill pages made for the purpose.
 */
#include "vfs_internal.h"

#include <kernel/signal.h>
#include <mm/page.h>

#define BATCH 16

bool file_can_splice(const file_t *f)
{
	switch (f->node->mode & S_IFMT) {
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFSOCK:
		return true;
	}
	return false;
}

/* A page of a memory file that is not there reads as zeros. */
static page_t *page_at(file_map_t *map, u64 index)
{
	page_t *page = file_map_find(map, index);

	if (page && page_flag(page, PG_UPTODATE))
		return page;
	if (page)
		page_put(page);
	else if (!map->ops->read_page) {
		page = alloc_pages_gfp(GFP_USER | GFP_ZERO, 0);
		return page ? page : ERR_PTR(-ENOMEM);
	}
	return file_map_get(map, index, GFP_USER);
}

static ssize_t cached_pages(file_map_t *map, off_t *pos, page_vec_t *vec, u32 *n, size_t len)
{
	ssize_t total = 0;
	u32 used = 0;

	while (used < *n && len) {
		size_t offset = (u64)*pos & (PAGE_SIZE - 1), step;
		u64 size = READ_ONCE(map->size);
		page_t *page;

		if ((u64)*pos >= size)
			break;
		step = MIN(MIN(PAGE_SIZE - offset, len), size - (u64)*pos);
		page = page_at(map, (u64)*pos >> PAGE_SHIFT);
		if (IS_ERR(page)) {
			if (!total)
				total = PTR_ERR(page);
			break;
		}
		vec[used++] = (page_vec_t){ page, (u32)offset, (u32)step };
		*pos += (off_t)step;
		total += (ssize_t)step;
		len -= step;
	}
	*n = used;
	return total;
}

static void put_pages(page_vec_t *vec, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++)
		page_put(vec[i].page);
}

static ssize_t filled_pages(file_t *f, off_t *pos, page_vec_t *vec, u32 *n, size_t len)
{
	u32 made = 0, used;
	ssize_t r = -ENOMEM;
	iter_t it;

	len = MIN(len, *n * PAGE_SIZE);
	for (; made < DIV_ROUND_UP(len, PAGE_SIZE); made++) {
		page_t *page = alloc_pages_gfp(GFP_USER, 0);

		if (!page)
			break;
		vec[made] = (page_vec_t){ page, 0, (u32)MIN(PAGE_SIZE, len - made * PAGE_SIZE) };
	}
	if (made) {
		iter_pages(&it, true, vec, made, MIN(len, made * PAGE_SIZE));
		r = file_read_iter(f, &it, pos);
	}
	used = r > 0 ? (u32)DIV_ROUND_UP((size_t)r, PAGE_SIZE) : 0;
	put_pages(vec, used, made);
	if (used)
		vec[used - 1].len = (u32)((size_t)r - (used - 1) * PAGE_SIZE);
	*n = used;
	return r;
}

ssize_t file_read_pages(file_t *f, off_t *pos, page_vec_t *vec, u32 *n, size_t len)
{
	ssize_t r;

	if (!(f->mode & FMODE_READ))
		return -EBADF;
	if (!file_can_splice(f) || !f->ops->read_iter)
		return -EINVAL;
	if (f->ops->read_iter != generic_read_iter)
		return filled_pages(f, pos, vec, n, len);
	if (*pos < 0)
		return -EINVAL;
	r = cached_pages(f->node->data, pos, vec, n, len);
	file_accessed(f);
	if (r > 0)
		__atomic_fetch_add(&current_process()->read_bytes, (u64)r, __ATOMIC_RELAXED);
	return r;
}

ssize_t file_copy(file_t *in, off_t *in_pos, file_t *out, off_t *out_pos, size_t len)
{
	page_vec_t vec[BATCH];
	ssize_t total = 0, r = 0;

	while (len) {
		off_t at = *in_pos;
		u32 n = BATCH;
		ssize_t got = file_read_pages(in, &at, vec, &n, len);
		iter_t it;

		if (got <= 0) {
			r = got;
			break;
		}
		iter_pages(&it, false, vec, n, (size_t)got);
		r = file_write_iter(out, &it, out_pos);
		put_pages(vec, 0, n);
		if (r <= 0)
			break;
		*in_pos += r;
		total += r;
		len -= (size_t)r;
		if (r < got)
			break;
		if (signal_pending(current())) {
			r = -EINTR;
			break;
		}
	}
	return total ? total : r;
}
