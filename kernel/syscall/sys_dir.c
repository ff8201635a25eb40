/*
 * Names and directories: mkdir, mknod, unlink, rename, link, symlink, getdents, chdir, getcwd,
 * chroot, umask.
 */
#include <arch/uaccess.h>
#include <fs/vfs.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

/*
 * Copies one name in, runs the call, frees it. A name that cannot be copied is an error pointer, and an error when the
 * walk comes to it: what is wrong with the arguments before it is told first.
 */
#define WITH_NAME(user, text, call)                                                                \
	({                                                                                         \
		char *text = getname(user, false);                                                 \
		long _r = call;                                                                    \
		putname(text);                                                                     \
		_r;                                                                                \
	})

long sys_mkdirat(int dfd, const char __user *name, mode_t mode)
{
	return WITH_NAME(name, text, vfs_mkdir_at(dfd, text, mode));
}

long sys_mkdir(const char __user *name, mode_t mode)
{
	return sys_mkdirat(AT_FDCWD, name, mode);
}

long sys_mknodat(int dfd, const char __user *name, mode_t mode, u32 dev)
{
	return WITH_NAME(name, text, vfs_mknod_at(dfd, text, mode, dev));
}

long sys_mknod(const char __user *name, mode_t mode, u32 dev)
{
	return sys_mknodat(AT_FDCWD, name, mode, dev);
}

long sys_unlinkat(int dfd, const char __user *name, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return WITH_NAME(name, text, vfs_unlink_at(dfd, text, flags));
}

long sys_unlink(const char __user *name)
{
	return sys_unlinkat(AT_FDCWD, name, 0);
}

long sys_rmdir(const char __user *name)
{
	return sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

long sys_symlinkat(const char __user *target, int dfd, const char __user *name)
{
	return WITH_NAME(target, to, WITH_NAME(name, text, vfs_symlink_at(to, dfd, text)));
}

long sys_symlink(const char __user *target, const char __user *name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

long sys_linkat(int odfd, const char __user *old, int ndfd, const char __user *new, int flags)
{
	char *from;
	long r;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	from = getname(old, flags & AT_EMPTY_PATH);
	if (IS_ERR(from))
		return PTR_ERR(from);
	r = WITH_NAME(new, to, vfs_link_at(odfd, from, ndfd, to, flags));
	putname(from);
	return r;
}

long sys_link(const char __user *old, const char __user *new)
{
	return sys_linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}

long sys_renameat2(int odfd, const char __user *old, int ndfd, const char __user *new, u32 flags)
{
	return WITH_NAME(old, from, WITH_NAME(new, to, vfs_rename_at(odfd, from, ndfd, to, flags)));
}

long sys_renameat(int odfd, const char __user *old, int ndfd, const char __user *new)
{
	return sys_renameat2(odfd, old, ndfd, new, 0);
}

long sys_rename(const char __user *old, const char __user *new)
{
	return sys_renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

/* ---- reading directories ---- */

typedef struct getdents {
	dir_context_t ctx;
	char __user *at;
	size_t left;
	bool old; /* getdents(2): type in the last byte */
	int error;
} getdents_t;

static bool put_entry(dir_context_t *ctx, const char *name, u32 len, u64 pos, ino_t ino, u32 type)
{
	getdents_t *g = container_of(ctx, getdents_t, ctx);
	size_t head = g->old ? offsetof(struct linux_dirent, d_name)
			     : offsetof(struct linux_dirent64, d_name);
	size_t size = ALIGN_UP(head + len + (g->old ? 2 : 1), 8);
	char record[ALIGN_UP(offsetof(struct linux_dirent64, d_name) + NAME_MAX + 2, 8)];

	g->error = -EINVAL; /* only seen when not even one fits */
	if (size > g->left)
		return false;
	memset(record, 0, size);
	if (g->old) {
		struct linux_dirent *d = (struct linux_dirent *)record;

		d->d_ino = ino;
		d->d_off = (s64)pos;
		d->d_reclen = (u16)size;
		record[size - 1] = (char)type;
	} else {
		struct linux_dirent64 *d = (struct linux_dirent64 *)record;

		d->d_ino = ino;
		d->d_off = (s64)pos;
		d->d_reclen = (u16)size;
		d->d_type = (u8)type;
	}
	memcpy(record + head, name, len);
	g->error = -EFAULT;
	if (copy_to_user(g->at, record, size))
		return false;
	g->at += size;
	g->left -= size;
	return true;
}

static long read_entries(int fd, void __user *buf, u32 count, bool old)
{
	getdents_t g = { .ctx.emit = put_entry, .at = buf, .left = count, .old = old };
	fd_light_t f = fd_get_pos(fd);
	long r;

	if (!f.file)
		return -EBADF;
	g.ctx.pos = f.file->pos;
	r = file_iterate(f.file, &g.ctx);
	f.file->pos = g.ctx.pos;
	fd_put_light(f);
	if (g.left < count)
		return (long)(count - g.left);
	return r ? r : g.error;
}

long sys_getdents64(int fd, void __user *buf, u32 count)
{
	return read_entries(fd, buf, count, false);
}

long sys_getdents(int fd, void __user *buf, u32 count)
{
	return read_entries(fd, buf, count, true);
}

/* ---- places ---- */

static long change_place(const char __user *name, bool root)
{
	path_t p;
	long r = user_path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (r)
		return r;
	r = node_permission(p.dentry->node, MAY_EXEC | MAY_CHDIR);
	if (!r && root && !capable(CAP_SYS_CHROOT))
		r = -EPERM;
	if (!r)
		r = root ? fs_set_root(&p) : fs_set_cwd(&p);
	path_put(&p);
	return r;
}

long sys_chdir(const char __user *name)
{
	return change_place(name, false);
}

long sys_chroot(const char __user *name)
{
	return change_place(name, true);
}

long sys_fchdir(int fd)
{
	file_t *f = fd_get_raw(fd);
	long r = -ENOTDIR;

	if (!f)
		return -EBADF;
	if (S_ISDIR(f->node->mode)) {
		r = node_permission(f->node, MAY_EXEC | MAY_CHDIR);
		if (!r)
			r = fs_set_cwd(&f->path);
	}
	file_put(f);
	return r;
}

long sys_getcwd(char __user *buf, size_t size)
{
	char *page = kmalloc(PATH_MAX, GFP_KERNEL), *text;
	long r;

	if (!page)
		return -ENOMEM;
	r = cwd_name(page, PATH_MAX, &text);
	if (r >= 0) {
		size_t n = strlen(text) + 1;

		r = n > size ? -ERANGE : copy_to_user(buf, text, n) ? -EFAULT : (long)n;
	}
	kfree(page);
	return r;
}

long sys_umask(int mask)
{
	fs_context_t *fs = current()->fs;

	return (long)__atomic_exchange_n(&fs->umask, (mode_t)mask & 0777, __ATOMIC_RELAXED);
}
