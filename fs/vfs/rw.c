/*
 * Reading and writing: the wrappers that every kind of file goes through, and the operations of
 * regular files whose data stand in the page cache.
 */
#include "vfs_internal.h"

#include <fs/notify.h>
#include <kernel/signal.h>
#include <mm/slab.h>
#include <uapi/memfd.h>
#include <uapi/mount.h>

/* preadv2(2) */
#define RWF_HIPRI 0x01
#define RWF_DSYNC 0x02
#define RWF_SYNC 0x04
#define RWF_NOWAIT 0x08
#define RWF_APPEND 0x10

/* ---- wrappers ---- */

int file_io_flags(int rwf, bool reading)
{
	int io = 0;

	if (rwf & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	if (rwf & RWF_NOWAIT)
		io |= IO_NOWAIT;
	if (!reading && (rwf & RWF_APPEND))
		io |= IO_APPEND;
	if (rwf & (RWF_DSYNC | RWF_SYNC))
		io |= IO_SYNC;
	return io;
}

static int check_area(const file_t *f, off_t pos, size_t count)
{
	if (f->mode & FMODE_STREAM)
		return 0;
	if (pos < 0 || (off_t)((u64)pos + count) < 0)
		return -EINVAL;
	return 0;
}

typedef ssize_t (*transfer_t)(file_t *f, iter_t *it, off_t *pos);

/* What both directions do; inlined, so that neither asks which it is. */
static __always_inline ssize_t transfer(file_t *f, iter_t *it, off_t *pos, u32 mode, transfer_t fn,
					u64 *account, u32 event)
{
	off_t none = 0;
	ssize_t r;

	if (!(f->mode & mode))
		return -EBADF;
	if (!fn)
		return -EINVAL;
	if (!pos)
		pos = f->mode & FMODE_STREAM ? &none : &f->pos;
	r = check_area(f, *pos, it->count);
	if (r)
		return r;
	r = fn(f, it, pos);
	if (r > 0) {
		__atomic_fetch_add(account, (u64)r, __ATOMIC_RELAXED);
		notify_file(f, event);
	}
	return r;
}

ssize_t file_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	return transfer(f, it, pos, FMODE_READ, f->ops->read_iter, &current_process()->read_bytes,
			IN_ACCESS);
}

ssize_t file_write_iter(file_t *f, iter_t *it, off_t *pos)
{
	return transfer(f, it, pos, FMODE_WRITE, f->ops->write_iter,
			&current_process()->write_bytes, IN_MODIFY);
}

ssize_t kernel_read(file_t *f, void *buf, size_t len, off_t *pos)
{
	iter_t it;

	iter_kernel(&it, true, buf, len);
	it.io_flags = 0;
	return file_read_iter(f, &it, pos);
}

ssize_t vfs_read(file_descriptor_t *f, void *buf, size_t count)
{
	return kernel_read(f, buf, count, NULL);
}

ssize_t vfs_write(file_descriptor_t *f, const void *buf, size_t count)
{
	iter_t it;

	iter_kernel(&it, false, (void *)buf, count);
	it.io_flags = 0;
	return file_write_iter(f, &it, NULL);
}

off_t vfs_seek(file_descriptor_t *f, off_t offset, int whence)
{
	if (!(f->mode & FMODE_LSEEK))
		return -ESPIPE;
	return f->ops->llseek(f, offset, whence);
}

int vfs_close(file_descriptor_t *f)
{
	int r = f->ops->flush ? f->ops->flush(f) : 0;

	file_put_now(f);
	return r;
}

/* ---- regular files ---- */

ssize_t generic_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	ssize_t r;

	if (!it->count)
		return 0;
	r = file_map_read(f->node->data, it, pos);
	file_accessed(f);
	return r;
}

/* Seals against writing; and what would grow the file is written up to the last whole page. */
static int limit_sealed(const vfs_node_t *n, iter_t *it, u64 pos)
{
	u64 size = n->data->size, whole = size & PAGE_MASK;

	if (n->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (!(n->seals & F_SEAL_GROW) || pos + it->count <= size)
		return 0;
	if (pos >= whole)
		return -EPERM;
	iter_truncate(it, whole - pos);
	return 0;
}

/* What of the write is allowed: cuts the iterator. 0 or errno. */
static int limit_write(vfs_node_t *n, iter_t *it, off_t pos)
{
	u64 limit = rlimit(RLIMIT_FSIZE);

	if (limit != RLIM_INFINITY) {
		if ((u64)pos >= limit) {
			send_signal_thread(current(), SIGXFSZ, SEND_SIG_PRIV);
			return -EFBIG;
		}
		iter_truncate(it, limit - (u64)pos);
	}
	if ((u64)pos >= n->sb->max_bytes)
		return -EFBIG;
	iter_truncate(it, n->sb->max_bytes - (u64)pos);
	return likely(!(n->seals & ~F_SEAL_SEAL)) ? 0 : limit_sealed(n, it, (u64)pos);
}

ssize_t generic_write_iter(file_t *f, iter_t *it, off_t *pos)
{
	vfs_node_t *n = f->node;
	bool bits_went = false;
	ssize_t r;

	if (!it->count)
		return 0;
	rwsem_write_lock(&n->lock);
	if ((f->flags & O_APPEND) || (it->io_flags & IO_APPEND))
		*pos = (off_t)n->data->size;
	r = limit_write(n, it, *pos);
	if (!r) {
		bits_went = node_remove_privileges(n);
		node_touch(n, ATTR_MTIME | ATTR_CTIME);
		r = file_map_write(n->data, it, pos);
	}
	rwsem_write_unlock(&n->lock);
	if (unlikely(bits_went))
		notify_file(f, IN_ATTRIB);
	if (r > 0 && ((f->flags & O_DSYNC) || (it->io_flags & IO_SYNC)) && f->ops->fsync) {
		int s = f->ops->fsync(f, *pos - r, *pos - 1, !(f->flags & (O_SYNC & ~O_DSYNC)));

		if (s)
			return s;
	}
	return r;
}

static off_t set_position(file_t *f, off_t pos)
{
	if (pos < 0 || (u64)pos > f->node->sb->max_bytes)
		return -EINVAL;
	f->pos = pos;
	return pos;
}

off_t endless_llseek(file_t *f, off_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return off < 0 ? -EINVAL : (f->pos = off);
}

off_t generic_llseek(file_t *f, off_t off, int whence)
{
	file_map_t *map = f->node->data;
	u64 size = READ_ONCE(map->size), found;

	switch (whence) {
	case SEEK_SET:
		return set_position(f, off);
	case SEEK_CUR:
		return off ? set_position(f, (off_t)((u64)f->pos + (u64)off)) : f->pos;
	case SEEK_END:
		return set_position(f, (off_t)(size + (u64)off));
	case SEEK_DATA:
	case SEEK_HOLE:
		if (off < 0 || (u64)off >= size)
			return -ENXIO;
		if (f->ops->read_iter != generic_read_iter) /* made when read: all data */
			found = whence == SEEK_DATA ? (u64)off : size;
		else
			found = file_map_seek(map, (u64)off, whence == SEEK_DATA);
		return found == ~0UL ? -ENXIO : set_position(f, (off_t)found);
	default:
		return -EINVAL;
	}
}

off_t noop_llseek(file_t *f, off_t off, int whence)
{
	return f->pos;
}

int generic_fsync(file_t *f, off_t start, off_t end, bool data_only)
{
	int r = file_map_sync(f->node->data, (u64)start, (u64)end);

	return r ? r : write_inode(f->node);
}

int noop_fsync(file_t *f, off_t start, off_t end, bool data_only)
{
	return 0;
}
