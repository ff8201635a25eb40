/*
 * splice(2), tee(2), vmsplice(2).
 */
#include <arch/uaccess.h>
#include <ipc/pipe.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/splice.h>

static long splice_at(file_t *in, off_t __user *uin, file_t *out, off_t __user *uout, size_t len,
		      u32 flags)
{
	off_t in_pos, out_pos;
	long r;

	if ((uin && file_is_pipe(in)) || (uout && file_is_pipe(out)))
		return -ESPIPE;
	if (uout && copy_from_user(&out_pos, uout, sizeof(out_pos)))
		return -EFAULT;
	if (uin && copy_from_user(&in_pos, uin, sizeof(in_pos)))
		return -EFAULT;
	r = splice_files(in, uin ? &in_pos : NULL, out, uout ? &out_pos : NULL, len, flags);
	if (r < 0)
		return r;
	if (uout && copy_to_user(uout, &out_pos, sizeof(out_pos)))
		return -EFAULT;
	if (uin && copy_to_user(uin, &in_pos, sizeof(in_pos)))
		return -EFAULT;
	return r;
}

long sys_splice(int in, off_t __user *off_in, int out, off_t __user *off_out, size_t len, u32 flags)
{
	fd_light_t from, to;
	long r = -EBADF;

	if (!len)
		return 0;
	if (flags & ~SPLICE_F_KNOWN)
		return -EINVAL;
	from = fd_get_light(in);
	if (!from.file)
		return r;
	to = fd_get_light(out);
	if (to.file) {
		r = splice_at(from.file, off_in, to.file, off_out, len, flags);
		fd_put_light(to);
	}
	fd_put_light(from);
	return r;
}

long sys_tee(int in, int out, size_t len, u32 flags)
{
	fd_light_t from, to;
	long r = -EBADF;

	if (flags & ~SPLICE_F_KNOWN)
		return -EINVAL;
	if (!len)
		return 0;
	from = fd_get_light(in);
	if (!from.file)
		return r;
	to = fd_get_light(out);
	if (to.file) {
		r = tee_pipes(from.file, to.file, len, flags);
		fd_put_light(to);
	}
	fd_put_light(from);
	return r;
}

static long splice_vector(file_t *f, const iovec_t __user *vec, unsigned long n, u32 flags)
{
	iovec_t fast[UIO_FASTIOV], *heap;
	iter_t it;
	long r;

	if (!(f->mode & (FMODE_READ | FMODE_WRITE)))
		return -EBADF;
	r = iter_import(&it, !(f->mode & FMODE_WRITE), vec, (u32)n, fast, &heap);
	if (r)
		return r;
	r = it.count ? splice_user(f, &it, flags) : 0;
	kfree(heap);
	return r;
}

long sys_vmsplice(int fd, const struct iovec __user *vec, unsigned long n, u32 flags)
{
	fd_light_t l;
	long r;

	if (flags & ~SPLICE_F_KNOWN)
		return -EINVAL;
	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	r = splice_vector(l.file, vec, n, flags);
	fd_put_light(l);
	return r;
}
