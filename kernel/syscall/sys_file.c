/*
 * Opening and descriptors: open, close, dup and their kin, fcntl(2), ioctl(2), flock(2).
 */
#include <arch/uaccess.h>
#include <fs/locks.h>
#include <fs/memfd.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <ipc/pipe.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/openat2.h>
#include <uapi/termios.h>

static long open_user(int dfd, const char __user *name, int flags, mode_t mode, u32 lookup)
{
	char *text = getname(name, false);
	file_t *f;
	int fd;

	if (IS_ERR(text))
		return PTR_ERR(text);
	fd = fd_reserve(0, flags & O_CLOEXEC);
	if (fd < 0)
		goto out_putname;
	f = file_open_lookup(dfd, text, flags, mode, lookup);
	if (IS_ERR(f)) {
		fd_unreserve(fd);
		fd = (int)PTR_ERR(f);
	} else {
		if (!(f->mode & FMODE_PATH))
			notify_file(f, IN_OPEN);
		fd_install(fd, f);
	}
out_putname:
	putname(text);
	return fd;
}

long sys_open(const char __user *name, int flags, mode_t mode)
{
	return open_user(AT_FDCWD, name, flags | O_LARGEFILE, mode, 0);
}

long sys_openat(int dfd, const char __user *name, int flags, mode_t mode)
{
	return open_user(dfd, name, flags | O_LARGEFILE, mode, 0);
}

long sys_creat(const char __user *name, mode_t mode)
{
	return open_user(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, mode, 0);
}

/* Bytes beyond what is known must be zero. 0, -E2BIG, -EFAULT, -EINVAL. */
static int copy_how(struct open_how *how, const struct open_how __user *uhow, size_t size)
{
	const char __user *rest = (const char __user *)uhow;

	*how = (struct open_how){ 0 };
	if (size < sizeof(*how))
		return -EINVAL;
	if (size > 4096)
		return -E2BIG;
	for (size_t i = sizeof(*how); i < size; i++) {
		u8 byte;

		if (get_user_u8(&byte, (const u8 __user *)rest + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return copy_from_user(how, uhow, sizeof(*how)) ? -EFAULT : 0;
}

long sys_openat2(int dfd, const char __user *name, const struct open_how __user *uhow, size_t size)
{
	static const struct {
		u64 resolve;
		u32 lookup;
	} map[] = { { RESOLVE_NO_XDEV, LOOKUP_NO_XDEV },
		    { RESOLVE_NO_MAGICLINKS, LOOKUP_NO_MAGIC },
		    { RESOLVE_NO_SYMLINKS, LOOKUP_NO_SYMLINKS | LOOKUP_NO_MAGIC },
		    { RESOLVE_BENEATH, LOOKUP_BENEATH },
		    { RESOLVE_IN_ROOT, LOOKUP_IN_ROOT } };
	struct open_how how;
	u32 lookup = 0;
	int r = copy_how(&how, uhow, size);

	if (r)
		return r;
	if ((how.flags & ~(u64)O_KNOWN) || (how.resolve & ~(u64)RESOLVE_KNOWN))
		return -EINVAL;
	if (how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? how.mode & ~(u64)07777 : how.mode)
		return -EINVAL;
	if ((how.flags & O_PATH) &&
	    (how.flags & ~(u64)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	if ((how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ==
	    (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EINVAL;
	if ((how.flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	if ((how.resolve & RESOLVE_CACHED) &&
	    (how.flags & (O_TRUNC | O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		return -EAGAIN;
	for (u32 i = 0; i < ARRAY_SIZE(map); i++)
		if (how.resolve & map[i].resolve)
			lookup |= map[i].lookup;
	return open_user(dfd, name, (int)how.flags | O_LARGEFILE, (mode_t)how.mode, lookup);
}

long sys_close(int fd)
{
	int r = fd_close(fd);

	/* The descriptor is gone, so the call must not be made again. */
	return result_is_restart(r) ? -EINTR : r;
}

long sys_close_range(u32 first, u32 last, u32 flags)
{
	return files_close_range(first, last, flags);
}

/* ---- files without a name ---- */

#define MEMFD_PREFIX "memfd:"
#define MEMFD_NAME_MAX (NAME_MAX - (sizeof(MEMFD_PREFIX) - 1))

long sys_memfd_create(const char __user *uname, u32 flags)
{
	char name[NAME_MAX + 1] = MEMFD_PREFIX;
	ssize_t len;

	if (flags & MFD_HUGETLB) {
		if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB |
			      MFD_HUGE_MASK << MFD_HUGE_SHIFT))
			return -EINVAL;
		return -ENOSYS; /* as Linux without huge page files */
	}
	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	len = strncpy_from_user(name + strlen(MEMFD_PREFIX), uname, MEMFD_NAME_MAX + 1);
	if (len < 0)
		return len;
	if ((size_t)len > MEMFD_NAME_MAX)
		return -EINVAL;
	return fd_give(memfd_create_file(name, flags & MFD_ALLOW_SEALING), flags & MFD_CLOEXEC);
}

/* ---- dup ---- */

long sys_dup(int fd)
{
	file_t *f = fd_get_raw(fd);
	int r;

	if (!f)
		return -EBADF;
	r = fd_dup(f, 0, false);
	file_put(f);
	return r;
}

long sys_dup3(int oldfd, int newfd, int flags)
{
	file_t *f;

	if ((flags & ~O_CLOEXEC) || oldfd == newfd)
		return -EINVAL;
	if ((u64)(u32)newfd >= rlimit(RLIMIT_NOFILE))
		return -EBADF;
	f = fd_get_raw(oldfd);
	return f ? files_dup_to(f, newfd, flags & O_CLOEXEC) : -EBADF;
}

long sys_dup2(int oldfd, int newfd)
{
	if (oldfd == newfd) {
		fd_light_t l = fd_get_light_raw(oldfd);

		fd_put_light(l);
		return l.file ? newfd : -EBADF;
	}
	return sys_dup3(oldfd, newfd, 0);
}

/* ---- fcntl ---- */

#define O_SETTABLE (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME) /* O_ASYNC is fasync_set's */

static long set_flags(int fd, file_t *f, u32 arg)
{
	unsigned long irq;
	int r;

	if (((arg ^ f->flags) & O_APPEND) && node_flagged(f->node, FS_APPEND_FL))
		return -EPERM;
	if ((arg & O_NOATIME) && !(f->flags & O_NOATIME) && !node_owner_or_capable(f->node))
		return -EPERM;
	if ((arg & O_DIRECT) && !S_ISFIFO(f->node->mode))
		return -EINVAL;
	if (((arg ^ f->flags) & O_ASYNC) && f->ops->fasync) {
		spin_lock_irqsave(&f->lock, &irq);
		f->async_fd = fd;
		spin_unlock_irqrestore(&f->lock, irq);
		r = f->ops->fasync(f, arg & O_ASYNC);
		if (r)
			return r;
	}
	spin_lock_irqsave(&f->lock, &irq);
	WRITE_ONCE(f->flags, (f->flags & ~(u32)O_SETTABLE) | (arg & O_SETTABLE));
	spin_unlock_irqrestore(&f->lock, irq);
	return 0;
}

static long lock_command(int fd, file_t *f, u32 cmd, struct flock __user *arg)
{
	bool ofd = cmd >= F_OFD_GETLK;
	struct flock fl;
	int r;

	if (copy_from_user(&fl, arg, sizeof(fl)))
		return -EFAULT;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
		r = file_lock_get(f, ofd, &fl);
		if (!r && copy_to_user(arg, &fl, sizeof(fl)))
			r = -EFAULT;
		return r;
	}
	r = file_lock_set(f, ofd, &fl, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	if (r || ofd || fl.l_type == F_UNLCK)
		return r;
	/*
	 * Closed by another thread meanwhile: that close saw no lock, so nobody would release it.
	 */
	if (fd_refers_to(fd, f))
		return 0;
	file_lock_forget(f);
	return -EBADF;
}

static long get_owner(file_t *f, struct f_owner_ex *out)
{
	unsigned long irq;

	spin_lock_irqsave(&f->lock, &irq);
	out->type = f->owner ? f->owner_type : F_OWNER_PID;
	out->pid = f->owner ? f->owner->nr : 0;
	spin_unlock_irqrestore(&f->lock, irq);
	return out->type == F_OWNER_PGRP ? -out->pid : out->pid;
}

static long set_owner(file_t *f, int who)
{
	if (who >= 0)
		return file_set_owner(f, F_OWNER_PID, who);
	return who == INT32_MIN ? -EINVAL : file_set_owner(f, F_OWNER_PGRP, -who);
}

static long owner_command(file_t *f, u32 cmd, unsigned long arg)
{
	struct f_owner_ex ex;

	switch (cmd) {
	case F_GETOWN:
		return get_owner(f, &ex);
	case F_SETOWN:
		return set_owner(f, (int)arg);
	case F_GETOWN_EX:
		get_owner(f, &ex);
		return copy_to_user((void __user *)arg, &ex, sizeof(ex)) ? -EFAULT : 0;
	default:
		if (copy_from_user(&ex, (void __user *)arg, sizeof(ex)))
			return -EFAULT;
		if (ex.type < F_OWNER_TID || ex.type > F_OWNER_PGRP)
			return -EINVAL;
		return file_set_owner(f, ex.type, ex.pid);
	}
}

/* Kept for who asks: memory has no use for it. */
static long hint_command(file_t *f, u32 cmd, u64 __user *arg)
{
	u64 hint;

	if (cmd == F_GET_RW_HINT)
		return put_user_u64(READ_ONCE(f->node->write_hint), arg);
	if (get_user_u64(&hint, arg))
		return -EFAULT;
	if (hint > RWH_WRITE_LIFE_EXTREME)
		return -EINVAL;
	WRITE_ONCE(f->node->write_hint, (u32)hint);
	return 0;
}

static long file_command(int fd, file_t *f, u32 cmd, unsigned long arg)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= rlimit(RLIMIT_NOFILE))
			return -EINVAL;
		return fd_dup(f, (int)arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(fd) ? FD_CLOEXEC : 0;
	case F_SETFD:
		fd_set_cloexec(fd, arg & FD_CLOEXEC);
		return 0;
	case F_GETFL:
		return f->flags;
	}
	if (f->mode & FMODE_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL:
		return set_flags(fd, f, (u32)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock_command(fd, f, cmd, (struct flock __user *)arg);
	case F_GETOWN:
	case F_SETOWN:
	case F_GETOWN_EX:
	case F_SETOWN_EX:
		return owner_command(f, cmd, arg);
	case F_GETSIG:
		return f->owner_signal;
	case F_SETSIG:
		if (arg > SIGRTMAX)
			return -EINVAL;
		f->owner_signal = (int)arg;
		return 0;
	case F_GETLEASE:
		return file_get_lease(f);
	case F_SETLEASE:
		return file_set_lease(fd, f, (int)arg);
	case F_NOTIFY:
		return dnotify_set(fd, f, (u32)arg);
	case F_ADD_SEALS:
		return arg > UINT32_MAX ? -EINVAL : file_add_seals(f, (u32)arg);
	case F_GET_SEALS:
		return file_get_seals(f);
	case F_GET_RW_HINT:
	case F_SET_RW_HINT:
		return hint_command(f, cmd, (u64 __user *)arg);
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
		return pipe_fcntl(f, cmd, arg);
	default:
		return -EINVAL;
	}
}

long sys_fcntl(int fd, u32 cmd, unsigned long arg)
{
	fd_light_t l = fd_get_light_raw(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = file_command(fd, l.file, cmd, arg);
	fd_put_light(l);
	return r;
}

long sys_flock(int fd, u32 op)
{
	fd_light_t l;
	long r;

	/* Mandatory locks were asked for here once; Linux takes no notice since 5.18. */
	if (op & LOCK_MAND)
		return 0;
	r = op & ~(u32)LOCK_NB;
	if (r != LOCK_SH && r != LOCK_EX && r != LOCK_UN)
		return -EINVAL;
	l = fd_get_light(fd);
	if (!l.file)
		return -EBADF;
	r = file_flock(l.file, op);
	fd_put_light(l);
	return r;
}

/* ---- ioctl ---- */

static long set_flag_by_pointer(int fd, file_t *f, u32 flag, u32 __user *arg)
{
	u32 on;

	if (get_user_u32(&on, arg))
		return -EFAULT;
	if (flag == O_ASYNC && !!on != !!(f->flags & O_ASYNC) && !f->ops->fasync)
		return -ENOTTY;
	return set_flags(fd, f, on ? f->flags | flag : f->flags & ~flag);
}

/* What can be frozen, cloned or mapped to blocks needs a disk: the errors up to there. */
static long freeze(u32 cmd)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return cmd == FIFREEZE ? -EOPNOTSUPP : -EINVAL;
}

static long clone_into(const file_t *out, int fd)
{
	fd_light_t l = fd_get_light(fd);
	const file_t *in = l.file;
	long r = -EOPNOTSUPP;

	if (!in)
		return -EBADF;
	if (in->path.mount != out->path.mount)
		r = -EXDEV;
	else if (S_ISDIR(in->node->mode) || S_ISDIR(out->node->mode))
		r = -EISDIR;
	else if (!S_ISREG(in->node->mode) || !S_ISREG(out->node->mode))
		r = -EINVAL;
	else if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE) || (out->flags & O_APPEND))
		r = -EBADF;
	fd_put_light(l);
	return r;
}

static long clone_range_into(const file_t *out, const struct file_clone_range __user *arg)
{
	struct file_clone_range range;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	return clone_into(out, (int)range.src_fd);
}

static long map_block(s32 __user *arg)
{
	u32 block;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	return get_user_u32(&block, (u32 __user *)arg) ? -EFAULT : -EINVAL;
}

static long regular_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	if (cmd == FIBMAP)
		return map_block((s32 __user *)arg);
	if (cmd == FIONREAD)
		return put_user_u32((u32)(f->node->data->size - (u64)f->pos), (u32 __user *)arg);
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

/* What it takes on the device, in bytes. */
static long put_size(const file_t *f, u64 __user *to)
{
	vfs_stat_t st;
	int r;

	if (!S_ISREG(f->node->mode) && !S_ISDIR(f->node->mode) && !S_ISLNK(f->node->mode))
		return -ENOTTY;
	r = vfs_getattr(&f->path, &st);
	return r ? r : put_user_u64(st.blocks * 512, to);
}

static long file_ioctl(int fd, file_t *f, u32 cmd, unsigned long arg)
{
	long r;

	switch (cmd) {
	case FIOCLEX:
		fd_set_cloexec(fd, true);
		return 0;
	case FIONCLEX:
		fd_set_cloexec(fd, false);
		return 0;
	case FIONBIO:
		return set_flag_by_pointer(fd, f, O_NONBLOCK, (u32 __user *)arg);
	case FIOASYNC:
		return set_flag_by_pointer(fd, f, O_ASYNC, (u32 __user *)arg);
	case FIGETBSZ:
		if (!f->node->sb->block_size)
			return -EINVAL;
		return put_user_u32(f->node->sb->block_size, (u32 __user *)arg);
	case FIOQSIZE:
		return put_size(f, (u64 __user *)arg);
	case FIFREEZE:
	case FITHAW:
		return freeze(cmd);
	case FICLONE:
		return clone_into(f, (int)arg);
	case FICLONERANGE:
		return clone_range_into(f, (const struct file_clone_range __user *)arg);
	case FS_IOC_GETFLAGS:
	case FS_IOC_SETFLAGS:
	case FS_IOC_FSGETXATTR:
	case FS_IOC_FSSETXATTR:
		r = file_flags_ioctl(f, cmd, arg);
		if (r != -ENOTTY)
			return r;
		break; /* a device may know it */
	}
	if (S_ISREG(f->node->mode))
		r = regular_ioctl(f, cmd, arg);
	else
		r = f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
	return r == -ENOIOCTLCMD ? -ENOTTY : r;
}

long sys_ioctl(int fd, u32 cmd, unsigned long arg)
{
	fd_light_t l = fd_get_light(fd);
	long r;

	if (!l.file)
		return -EBADF;
	r = file_ioctl(fd, l.file, cmd, arg);
	fd_put_light(l);
	return r;
}
