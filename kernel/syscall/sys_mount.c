/*
 * mount(2), umount2(2), pivot_root(2).
 */
#include <arch/uaccess.h>
#include <fs/vfs.h>
#include <kernel/cred.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/mount.h>

/* A string argument that may be NULL; kfree it. ERR_PTR. */
static char *user_string(const char __user *s, size_t max)
{
	char *text;
	ssize_t n;

	if (!s)
		return NULL;
	text = kmalloc(max, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	n = strncpy_from_user(text, s, max);
	if (n >= 0 && (size_t)n < max)
		return text;
	kfree(text);
	return ERR_PTR(n < 0 ? n : -EINVAL);
}

/* As much of the page of options as can be read, as text; kfree it. NULL, or ERR_PTR. */
static char *user_options(const void __user *data)
{
	char *text;

	if (!data)
		return NULL;
	text = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(text, data, PAGE_SIZE - 1) < PAGE_SIZE - 1)
		return text;
	kfree(text);
	return ERR_PTR(-EFAULT);
}

long sys_mount(const char __user *source, const char __user *target, const char __user *type,
	       unsigned long flags, const void __user *data)
{
	char *kind, *from, *options;
	path_t at;
	long r;

	kind = user_string(type, PAGE_SIZE);
	if (IS_ERR(kind))
		return PTR_ERR(kind);
	from = user_string(source, PAGE_SIZE);
	r = PTR_ERR(from);
	if (IS_ERR(from))
		goto out_kind;
	options = user_options(data);
	r = PTR_ERR(options);
	if (IS_ERR(options))
		goto out_from;
	r = user_path_lookup(AT_FDCWD, target, LOOKUP_FOLLOW, &at);
	if (r)
		goto out_options;
	r = capable(CAP_SYS_ADMIN) ? vfs_mount_path(from, &at, kind, flags, options) : -EPERM;
	path_put(&at);
out_options:
	kfree(options);
out_from:
	kfree(from);
out_kind:
	kfree(kind);
	return r;
}

long sys_umount2(const char __user *target, int flags)
{
	path_t at;
	int r;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	r = user_path_lookup(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &at);
	if (r)
		return r;
	if (!capable(CAP_SYS_ADMIN)) {
		path_put(&at);
		return -EPERM;
	}
	return vfs_unmount_path(&at, flags);
}

long sys_pivot_root(const char __user *new_root, const char __user *put_old)
{
	path_t to, old;
	int r;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	r = user_path_lookup(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &to);
	if (r)
		return r;
	r = user_path_lookup(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (!r) {
		r = vfs_pivot_root(&to, &old);
		path_put(&old);
	}
	path_put(&to);
	return r;
}
