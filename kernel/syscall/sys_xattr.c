/*
 * setxattr(2), getxattr(2), listxattr(2), removexattr(2), each by name, by name without following
 * and by descriptor.
 */
#include <arch/uaccess.h>
#include <fs/xattr.h>
#include <mm/vmalloc.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

/* 0, -EFAULT, -ERANGE: none or too long. */
static int copy_name(char *to, const char __user *from)
{
	ssize_t n = strncpy_from_user(to, from, XATTR_NAME_MAX + 1);

	if (n < 0)
		return (int)n;
	return !n || n > XATTR_NAME_MAX ? -ERANGE : 0;
}

static long set(const path_t *p, const char __user *uname, const void __user *uvalue, size_t size,
		int flags)
{
	char name[XATTR_NAME_MAX + 1];
	void *value;
	long r;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	r = copy_name(name, uname);
	if (r)
		return r;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	value = kvmalloc(size, GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	r = copy_from_user(value, uvalue, size) ? -EFAULT
						: vfs_set_xattr(p, name, value, size, flags);
	kvfree(value);
	return r;
}

static long get(const path_t *p, const char __user *uname, void __user *uvalue, size_t size)
{
	char name[XATTR_NAME_MAX + 1];
	void *value = NULL;
	long r = copy_name(name, uname);

	if (r)
		return r;
	size = MIN(size, (size_t)XATTR_SIZE_MAX);
	if (size) {
		value = kvmalloc(size, GFP_KERNEL);
		if (!value)
			return -ENOMEM;
	}
	r = vfs_get_xattr(p, name, value, size);
	if (r > 0 && size && copy_to_user(uvalue, value, (size_t)r))
		r = -EFAULT;
	kvfree(value);
	return r;
}

static long list(const path_t *p, char __user *ulist, size_t size)
{
	char *names = NULL;
	long r;

	size = MIN(size, (size_t)XATTR_LIST_MAX);
	if (size) {
		names = kvmalloc(size, GFP_KERNEL);
		if (!names)
			return -ENOMEM;
	}
	r = vfs_list_xattrs(p, names, size);
	if (r > 0 && size && copy_to_user(ulist, names, (size_t)r))
		r = -EFAULT;
	kvfree(names);
	return r;
}

static long remove(const path_t *p, const char __user *uname)
{
	char name[XATTR_NAME_MAX + 1];
	long r = copy_name(name, uname);

	return r ? r : vfs_remove_xattr(p, name);
}

/* ---- by name ---- */

static long set_at(const char __user *path, u32 lookup, const char __user *name,
		   const void __user *value, size_t size, int flags)
{
	path_t p;
	long r = user_path_lookup(AT_FDCWD, path, lookup, &p);

	if (r)
		return r;
	r = set(&p, name, value, size, flags);
	path_put(&p);
	return r;
}

static long get_at(const char __user *path, u32 lookup, const char __user *name, void __user *value,
		   size_t size)
{
	path_t p;
	long r = user_path_lookup(AT_FDCWD, path, lookup, &p);

	if (r)
		return r;
	r = get(&p, name, value, size);
	path_put(&p);
	return r;
}

static long list_at(const char __user *path, u32 lookup, char __user *names, size_t size)
{
	path_t p;
	long r = user_path_lookup(AT_FDCWD, path, lookup, &p);

	if (r)
		return r;
	r = list(&p, names, size);
	path_put(&p);
	return r;
}

static long remove_at(const char __user *path, u32 lookup, const char __user *name)
{
	path_t p;
	long r = user_path_lookup(AT_FDCWD, path, lookup, &p);

	if (r)
		return r;
	r = remove(&p, name);
	path_put(&p);
	return r;
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value,
		  size_t size, int flags)
{
	return set_at(path, LOOKUP_FOLLOW, name, value, size, flags);
}

long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value,
		   size_t size, int flags)
{
	return set_at(path, 0, name, value, size, flags);
}

long sys_getxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
	return get_at(path, LOOKUP_FOLLOW, name, value, size);
}

long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value,
		   size_t size)
{
	return get_at(path, 0, name, value, size);
}

long sys_listxattr(const char __user *path, char __user *names, size_t size)
{
	return list_at(path, LOOKUP_FOLLOW, names, size);
}

long sys_llistxattr(const char __user *path, char __user *names, size_t size)
{
	return list_at(path, 0, names, size);
}

long sys_removexattr(const char __user *path, const char __user *name)
{
	return remove_at(path, LOOKUP_FOLLOW, name);
}

long sys_lremovexattr(const char __user *path, const char __user *name)
{
	return remove_at(path, 0, name);
}

/* ---- by descriptor ---- */

long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size,
		   int flags)
{
	fd_light_t l = fd_get_light(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = set(&l.file->path, name, value, size, flags);
	fd_put_light(l);
	return r;
}

long sys_fgetxattr(int fd, const char __user *name, void __user *value, size_t size)
{
	fd_light_t l = fd_get_light(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = get(&l.file->path, name, value, size);
	fd_put_light(l);
	return r;
}

long sys_flistxattr(int fd, char __user *names, size_t size)
{
	fd_light_t l = fd_get_light(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = list(&l.file->path, names, size);
	fd_put_light(l);
	return r;
}

long sys_fremovexattr(int fd, const char __user *name)
{
	fd_light_t l = fd_get_light(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = remove(&l.file->path, name);
	fd_put_light(l);
	return r;
}
