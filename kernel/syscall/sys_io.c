/*
 * Data of files: read, write and their kin, lseek, sendfile, copy_file_range, truncate, fallocate,
 * the sync family.
 */
#include <arch/uaccess.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <ipc/pipe.h>
#include <kernel/process.h>
#include <mm/iter.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/splice.h>

static int may_transfer(const file_t *f, bool reading)
{
	if (!(f->mode & (reading ? FMODE_READ : FMODE_WRITE)))
		return -EBADF;
	return (reading ? f->ops->read_iter : f->ops->write_iter) ? 0 : -EINVAL;
}

/* ---- one buffer ---- */

/* pos NULL: the file's own. */
static ssize_t transfer(file_t *f, bool reading, void __user *buf, size_t count, off_t *pos)
{
	iter_t it;
	int r;

	/* Before the buffer is looked at: a wrong descriptor outweighs a wrong pointer. */
	r = may_transfer(f, reading);
	if (r)
		return r;
	r = iter_user(&it, reading, buf, count);
	if (r)
		return r;
	return reading ? file_read_iter(f, &it, pos) : file_write_iter(f, &it, pos);
}

static ssize_t transfer_here(int fd, bool reading, void __user *buf, size_t count)
{
	fd_light_t l = fd_get_pos(fd);
	ssize_t r;

	if (!l.file)
		return -EBADF;
	r = transfer(l.file, reading, buf, count, NULL);
	fd_put_light(l);
	return r;
}

/* A file that can be read (written) at a place of the caller's choice: 0, -EINVAL, -EBADF, -ESPIPE. */
static int get_for_position(int fd, bool reading, off_t pos, fd_light_t *l)
{
	if (pos < 0)
		return -EINVAL;
	*l = fd_get_light(fd);
	if (!l->file)
		return -EBADF;
	if (!(l->file->mode & FMODE_STREAM) &&
	    l->file->mode & (reading ? FMODE_PREAD : FMODE_PWRITE))
		return 0;
	fd_put_light(*l);
	return -ESPIPE;
}

static ssize_t transfer_at(int fd, bool reading, void __user *buf, size_t count, off_t pos)
{
	fd_light_t l;
	ssize_t r = get_for_position(fd, reading, pos, &l);

	if (r)
		return r;
	r = transfer(l.file, reading, buf, count, &pos);
	fd_put_light(l);
	return r;
}

long sys_read(int fd, char __user *buf, size_t count)
{
	return transfer_here(fd, true, buf, count);
}

long sys_write(int fd, const char __user *buf, size_t count)
{
	return transfer_here(fd, false, (char __user *)buf, count);
}

long sys_pread64(int fd, char __user *buf, size_t count, off_t pos)
{
	return transfer_at(fd, true, buf, count, pos);
}

long sys_pwrite64(int fd, const char __user *buf, size_t count, off_t pos)
{
	return transfer_at(fd, false, (char __user *)buf, count, pos);
}

/* ---- vectors ---- */

static ssize_t transfer_vector(file_t *f, bool reading, const iovec_t __user *vec, size_t n,
			       off_t *pos, int rwf)
{
	iovec_t fast[UIO_FASTIOV], *heap;
	ssize_t r;
	iter_t it;
	int io;

	/* The upper half of the count has no say, as on Linux. */
	r = iter_import(&it, reading, vec, (u32)n, fast, &heap);
	if (r)
		return r;
	r = may_transfer(f, reading);
	if (r || !it.count)
		goto out;
	io = file_io_flags(rwf, reading);
	r = io < 0 ? io : -EOPNOTSUPP;
	if (io < 0 || ((io & IO_NOWAIT) && !(f->mode & FMODE_NOWAIT)))
		goto out;
	it.io_flags = (u8)io;
	r = reading ? file_read_iter(f, &it, pos) : file_write_iter(f, &it, pos);
out:
	kfree(heap);
	return r;
}

static ssize_t vector_here(int fd, bool reading, const iovec_t __user *vec, size_t n, int rwf)
{
	fd_light_t l = fd_get_pos(fd);
	ssize_t r;

	if (!l.file)
		return -EBADF;
	r = transfer_vector(l.file, reading, vec, n, NULL, rwf);
	fd_put_light(l);
	return r;
}

static ssize_t vector_at(int fd, bool reading, const iovec_t __user *vec, size_t n, off_t pos,
			 int rwf)
{
	fd_light_t l;
	ssize_t r = get_for_position(fd, reading, pos, &l);

	if (r)
		return r;
	r = transfer_vector(l.file, reading, vec, n, &pos, rwf);
	fd_put_light(l);
	return r;
}

long sys_readv(int fd, const struct iovec __user *vec, unsigned long n)
{
	return vector_here(fd, true, vec, n, 0);
}

long sys_writev(int fd, const struct iovec __user *vec, unsigned long n)
{
	return vector_here(fd, false, vec, n, 0);
}

/* On 64-bit machines the lower word is the whole position. */
long sys_preadv(int fd, const struct iovec __user *vec, unsigned long n, unsigned long pos_l,
		unsigned long pos_h)
{
	return vector_at(fd, true, vec, n, (off_t)pos_l, 0);
}

long sys_pwritev(int fd, const struct iovec __user *vec, unsigned long n, unsigned long pos_l,
		 unsigned long pos_h)
{
	return vector_at(fd, false, vec, n, (off_t)pos_l, 0);
}

static long vector2(int fd, bool reading, const struct iovec __user *vec, unsigned long n,
		    off_t pos, int flags)
{
	if (pos == -1)
		return vector_here(fd, reading, vec, n, flags);
	return vector_at(fd, reading, vec, n, pos, flags);
}

long sys_preadv2(int fd, const struct iovec __user *vec, unsigned long n, unsigned long pos_l,
		 unsigned long pos_h, int flags)
{
	return vector2(fd, true, vec, n, (off_t)pos_l, flags);
}

long sys_pwritev2(int fd, const struct iovec __user *vec, unsigned long n, unsigned long pos_l,
		  unsigned long pos_h, int flags)
{
	return vector2(fd, false, vec, n, (off_t)pos_l, flags);
}

long sys_lseek(int fd, off_t offset, int whence)
{
	fd_light_t l = fd_get_pos(fd);
	off_t r;

	if (!l.file)
		return -EBADF;
	r = (u32)whence > SEEK_HOLE ? -EINVAL : vfs_seek(l.file, offset, whence);
	fd_put_light(l);
	return r;
}

/* ---- from file to file ---- */

/* out may be NULL: no such descriptor, which weighs less than what is wrong with the other. */
static ssize_t send(file_t *out, file_t *in, off_t *pos, bool own_pos, size_t count)
{
	ssize_t r;

	if (!(in->mode & FMODE_READ))
		return -EBADF;
	if (!own_pos && (!(in->mode & FMODE_PREAD) || (in->mode & FMODE_STREAM)))
		return -ESPIPE;
	if (*pos < 0 || (ssize_t)count < 0)
		return -EINVAL;
	count = MIN(count, MAX_RW_COUNT);
	if (!out || !(out->mode & FMODE_WRITE))
		return -EBADF;
	if (file_is_pipe(out) && !file_is_pipe(in))
		return splice_files(in, own_pos ? NULL : pos, out, NULL, count,
				    out->flags & O_NONBLOCK ? SPLICE_F_NONBLOCK : 0);
	if (!(in->mode & FMODE_LSEEK) || (out->flags & O_APPEND) || !file_can_splice(out))
		return -EINVAL;
	r = file_copy(in, pos, out, NULL, count);
	if (r > 0)
		notify_file(in, IN_ACCESS);
	return r;
}

long sys_sendfile(int out, int in, off_t __user *offset, size_t count)
{
	fd_light_t from, to;
	off_t pos = 0;
	ssize_t r;

	if (offset && copy_from_user(&pos, offset, sizeof(pos)))
		return -EFAULT;
	from = fd_get_light(in);
	if (!from.file)
		return -EBADF;
	to = fd_get_light(out);
	r = send(to.file, from.file, offset ? &pos : &from.file->pos, !offset, count);
	fd_put_light(to);
	fd_put_light(from);
	if (offset && copy_to_user(offset, &pos, sizeof(pos)))
		return -EFAULT;
	return r;
}

static int check_copy(file_t *in, off_t in_pos, file_t *out, off_t out_pos, size_t *len)
{
	u64 size = in->node->data->size;

	if (S_ISDIR(in->node->mode) || S_ISDIR(out->node->mode))
		return -EISDIR;
	if (!S_ISREG(in->node->mode) || !S_ISREG(out->node->mode))
		return -EINVAL;
	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE) || (out->flags & O_APPEND))
		return -EBADF;
	if (in->node->sb != out->node->sb)
		return -EXDEV;
	if (node_flagged(out->node, FS_IMMUTABLE_FL))
		return -EPERM;
	if (in_pos < 0 || out_pos < 0)
		return -EINVAL;
	if ((u64)in_pos + *len < (u64)in_pos || (u64)out_pos + *len < (u64)out_pos)
		return -EOVERFLOW;
	*len = (u64)in_pos >= size ? 0 : MIN(*len, size - (u64)in_pos);
	if (in->node == out->node && (u64)out_pos + *len > (u64)in_pos &&
	    (u64)out_pos < (u64)in_pos + *len)
		return -EINVAL;
	return 0;
}

static ssize_t copy_range(file_t *in, off_t __user *uin, file_t *out, off_t __user *uout,
			  size_t len, u32 flags)
{
	off_t in_pos = in->pos, out_pos = out->pos;
	ssize_t r;

	if (uin && copy_from_user(&in_pos, uin, sizeof(in_pos)))
		return -EFAULT;
	if (uout && copy_from_user(&out_pos, uout, sizeof(out_pos)))
		return -EFAULT;
	if (flags)
		return -EINVAL;
	r = check_copy(in, in_pos, out, out_pos, &len);
	if (r || !len)
		return r;
	r = file_copy(in, &in_pos, out, &out_pos, MIN(len, MAX_RW_COUNT));
	if (r <= 0)
		return r;
	notify_file(in, IN_ACCESS);
	if (!uin)
		in->pos = in_pos;
	else if (copy_to_user(uin, &in_pos, sizeof(in_pos)))
		r = -EFAULT;
	if (!uout)
		out->pos = out_pos;
	else if (copy_to_user(uout, &out_pos, sizeof(out_pos)))
		r = -EFAULT;
	return r;
}

long sys_copy_file_range(int in, off_t __user *off_in, int out, off_t __user *off_out, size_t len,
			 u32 flags)
{
	fd_light_t from = fd_get_light(in), to;
	ssize_t r = -EBADF;

	if (!from.file)
		return -EBADF;
	to = fd_get_light(out);
	if (to.file)
		r = copy_range(from.file, off_in, to.file, off_out, len, flags);
	fd_put_light(to);
	fd_put_light(from);
	return r;
}

/* ---- size and space ---- */

long sys_truncate(const char __user *name, off_t len)
{
	path_t p;
	int r;

	if (len < 0)
		return -EINVAL;
	r = user_path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW, &p);
	if (r)
		return r;
	r = vfs_truncate(&p, len);
	path_put(&p);
	return r;
}

long sys_ftruncate(int fd, off_t len)
{
	fd_light_t l;
	int r;

	if (len < 0)
		return -EINVAL;
	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	r = file_truncate(l.file, len);
	fd_put_light(l);
	return r;
}

#define FALLOC_KNOWN                                                                               \
	(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |                   \
	 FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE)

static long check_fallocate(const file_t *f, int mode, off_t off, off_t len)
{
	mode_t m = f->node->mode;
	int both = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;

	if (off < 0 || len <= 0)
		return -EINVAL;
	if ((mode & ~FALLOC_KNOWN) || (mode & both) == both)
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_COLLAPSE_RANGE) && (mode & ~FALLOC_FL_COLLAPSE_RANGE))
		return -EINVAL;
	if ((mode & FALLOC_FL_INSERT_RANGE) && (mode & ~FALLOC_FL_INSERT_RANGE))
		return -EINVAL;
	if ((mode & FALLOC_FL_UNSHARE_RANGE) &&
	    (mode & ~(FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE)))
		return -EINVAL;
	if (!(f->mode & FMODE_WRITE))
		return -EBADF;
	if ((mode & ~FALLOC_FL_KEEP_SIZE) && node_flagged(f->node, FS_APPEND_FL))
		return -EPERM;
	if (node_flagged(f->node, FS_IMMUTABLE_FL))
		return -EPERM;
	if (S_ISFIFO(m))
		return -ESPIPE;
	if (S_ISDIR(m))
		return -EISDIR;
	if (!S_ISREG(m) && !S_ISBLK(m))
		return -ENODEV;
	if (off > INT64_MAX - len || (u64)(off + len) > f->node->sb->max_bytes)
		return -EFBIG;
	return f->ops->fallocate ? 0 : -EOPNOTSUPP;
}

long sys_fallocate(int fd, int mode, off_t offset, off_t len)
{
	fd_light_t l = fd_get_light(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = check_fallocate(l.file, mode, offset, len);
	if (!r)
		r = l.file->ops->fallocate(l.file, mode, offset, len);
	if (!r)
		notify_file(l.file, IN_MODIFY);
	fd_put_light(l);
	return r;
}

/* ---- sync and advice ---- */

static long sync_file(int fd, bool data_only)
{
	fd_light_t l = fd_get_light(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = l.file->ops->fsync ? l.file->ops->fsync(l.file, 0, INT64_MAX, data_only) : -EINVAL;
	fd_put_light(l);
	return r;
}

long sys_fsync(int fd)
{
	return sync_file(fd, false);
}

long sys_fdatasync(int fd)
{
	return sync_file(fd, true);
}

long sys_sync(void)
{
	sync_all();
	return 0;
}

long sys_syncfs(int fd)
{
	fd_light_t l = fd_get_light(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = sync_filesystem(l.file->node->sb);
	fd_put_light(l);
	return r;
}

#define SYNC_FILE_RANGE_KNOWN 7u

long sys_sync_file_range(int fd, off_t offset, off_t len, u32 flags)
{
	fd_light_t l;
	mode_t m;
	long r;

	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	m = l.file->node->mode;
	if ((flags & ~SYNC_FILE_RANGE_KNOWN) || offset < 0 || len < 0 || offset > INT64_MAX - len)
		r = -EINVAL;
	else if (!S_ISREG(m) && !S_ISBLK(m) && !S_ISDIR(m) && !S_ISLNK(m))
		r = -ESPIPE;
	else
		r = file_map_sync(l.file->node->data, (u64)offset,
				  len ? (u64)(offset + len - 1) : INT64_MAX);
	fd_put_light(l);
	return r;
}

#define FADVISE_LAST 5 /* POSIX_FADV_NOREUSE */

/* Advice is taken note of: everything that exists here is in memory anyway. */
long sys_fadvise64(int fd, off_t offset, size_t len, int advice)
{
	fd_light_t l = fd_get_light(fd);
	long r = 0;

	if (!l.file)
		return -EBADF;
	if (S_ISFIFO(l.file->node->mode))
		r = -ESPIPE;
	else if ((ssize_t)len < 0 || advice < 0 || advice > FADVISE_LAST)
		r = -EINVAL;
	fd_put_light(l);
	return r;
}

long sys_readahead(int fd, off_t offset, size_t count)
{
	fd_light_t l = fd_get_light(fd);
	long r = 0;

	if (!l.file)
		return -EBADF;
	if (!(l.file->mode & FMODE_READ))
		r = -EBADF;
	else if ((!S_ISREG(l.file->node->mode) && !S_ISBLK(l.file->node->mode)) ||
		 (ssize_t)count < 0)
		r = -EINVAL;
	fd_put_light(l);
	return r;
}
