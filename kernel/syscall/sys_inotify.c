/*
 * inotify(7).
 */
#include <fs/notify.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

long sys_inotify_init1(int flags)
{
	return fd_give(inotify_create(flags), flags & (int)IN_CLOEXEC);
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

static int add_watch(file_t *f, const char __user *name, u32 mask)
{
	u32 lookup = (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) |
		     (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0);
	path_t path;
	int r;

	if ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE))
		return -EINVAL;
	if (!file_is_inotify(f))
		return -EINVAL;
	r = user_path_lookup(AT_FDCWD, name, lookup, &path);
	if (r)
		return r;
	r = node_permission(path.dentry->node, MAY_READ);
	if (!r)
		r = inotify_add(f, &path, mask);
	path_put(&path);
	return r;
}

long sys_inotify_add_watch(int fd, const char __user *name, u32 mask)
{
	fd_light_t l;
	int r;

	if (!mask || (mask & ~IN_USER_BITS))
		return -EINVAL;
	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	r = add_watch(l.file, name, mask);
	fd_put_light(l);
	return r;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	fd_light_t l = fd_get_light(fd);
	int r;

	if (!l.file)
		return -EBADF;
	r = file_is_inotify(l.file) ? inotify_remove(l.file, wd) : -EINVAL;
	fd_put_light(l);
	return r;
}
