/*
 * What files are: stat(2), statx(2), access(2), readlink(2), statfs(2), and changing it: chmod(2),
 * chown(2), utimensat(2).
 */
#include <arch/uaccess.h>
#include <fs/vfs.h>
#include <kernel/lib/string.h>
#include <kernel/process.h>
#include <kernel/time/clock.h>
#include <kernel/time/convert.h>
#include <mm/slab.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/statfs.h>

/* ---- stat ---- */

/* Files may be older than 1970: nanoseconds count up from the second before. */
static struct timespec time_of(nsec_t t)
{
	struct timespec ts = { t / NSEC_PER_SEC, t % NSEC_PER_SEC };

	if (ts.tv_nsec < 0) {
		ts.tv_sec--;
		ts.tv_nsec += NSEC_PER_SEC;
	}
	return ts;
}

static void split_time(nsec_t t, u64 *sec, u64 *nsec)
{
	struct timespec ts = time_of(t);

	*sec = (u64)ts.tv_sec;
	*nsec = (u64)ts.tv_nsec;
}

static long put_stat(struct linux_stat __user *user, const vfs_stat_t *s)
{
	struct linux_stat out = {
		.st_dev = s->dev,
		.st_ino = s->ino,
		.st_nlink = s->nlink,
		.st_mode = s->mode,
		.st_uid = s->uid,
		.st_gid = s->gid,
		.st_rdev = s->rdev,
		.st_size = s->size,
		.st_blksize = s->block_size,
		.st_blocks = (s64)s->blocks,
	};

	split_time(s->atime, &out.st_atime, &out.st_atime_nsec);
	split_time(s->mtime, &out.st_mtime, &out.st_mtime_nsec);
	split_time(s->ctime, &out.st_ctime, &out.st_ctime_nsec);
	return copy_to_user(user, &out, sizeof(out)) ? -EFAULT : 0;
}

/* The place that dfd and name mean; an empty name with AT_EMPTY_PATH is dfd itself. */
static int lookup_at(int dfd, const char __user *name, int flags, path_t *out)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;

	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	return user_path_lookup(dfd, name, lookup, out);
}

static long stat_at(int dfd, const char __user *name, struct linux_stat __user *st, int flags)
{
	vfs_stat_t s;
	path_t p;
	long r = lookup_at(dfd, name, flags, &p);

	if (r)
		return r;
	r = vfs_getattr(&p, &s);
	path_put(&p);
	return r ? r : put_stat(st, &s);
}

long sys_stat(const char __user *name, struct linux_stat __user *st)
{
	return stat_at(AT_FDCWD, name, st, 0);
}

long sys_lstat(const char __user *name, struct linux_stat __user *st)
{
	return stat_at(AT_FDCWD, name, st, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(int fd, struct linux_stat __user *st)
{
	file_t *f = fd_get_raw(fd);
	vfs_stat_t s;
	long r;

	if (!f)
		return -EBADF;
	r = vfs_getattr(&f->path, &s);
	file_put(f);
	return r ? r : put_stat(st, &s);
}

long sys_newfstatat(int dfd, const char __user *name, struct linux_stat __user *st, int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return stat_at(dfd, name, st, flags);
}

static struct statx_timestamp statx_time(nsec_t t)
{
	struct timespec ts = time_of(t);

	return (struct statx_timestamp){ ts.tv_sec, (u32)ts.tv_nsec, 0 };
}

long sys_statx(int dfd, const char __user *name, u32 flags, u32 mask, struct statx __user *buf)
{
	struct statx x;
	vfs_stat_t s;
	path_t p;
	long r;

	if (mask & 0x80000000u)
		return -EINVAL;
	if (flags &
	    ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	r = lookup_at(dfd, name, (int)flags, &p);
	if (r)
		return r;
	r = vfs_getattr(&p, &s);
	path_put(&p);
	if (r)
		return r;
	if (!(mask & STATX_BTIME))
		s.btime = 0; /* told to those who ask */
	memset(&x, 0, sizeof(x));
	x.stx_mask = STATX_BASIC_STATS | STATX_MNT_ID | (s.btime ? STATX_BTIME : 0);
	x.stx_blksize = s.block_size;
	x.stx_attributes = s.attributes;
	x.stx_attributes_mask = s.attributes_mask;
	x.stx_nlink = s.nlink;
	x.stx_uid = s.uid;
	x.stx_gid = s.gid;
	x.stx_mode = (u16)s.mode;
	x.stx_ino = s.ino;
	x.stx_size = (u64)s.size;
	x.stx_blocks = s.blocks;
	x.stx_atime = statx_time(s.atime);
	x.stx_btime = statx_time(s.btime);
	x.stx_ctime = statx_time(s.ctime);
	x.stx_mtime = statx_time(s.mtime);
	x.stx_rdev_major = dev_major(s.rdev);
	x.stx_rdev_minor = dev_minor(s.rdev);
	x.stx_dev_major = dev_major(s.dev);
	x.stx_dev_minor = dev_minor(s.dev);
	x.stx_mnt_id = s.mount_id;
	return copy_to_user(buf, &x, sizeof(x)) ? -EFAULT : 0;
}

/* ---- access ---- */

/* What the real ids can do: all that is permitted for root, nothing for others. */
static u64 real_capabilities(const cred_t *c)
{
	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return c->cap_effective;
	return c->uid ? 0 : c->cap_permitted;
}

static bool acts_as_itself(const cred_t *c)
{
	return c->uid == c->fsuid && c->gid == c->fsgid && c->cap_effective == real_capabilities(c);
}

/* access(2) asks for the real ids: credentials are exchanged for the look-up. */
static long access_at(int dfd, const char __user *name, int mode, int flags)
{
	cred_t *mine = NULL, *old = current()->cred;
	path_t p;
	long r;

	if (mode & ~7)
		return -EINVAL;
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(flags & AT_EACCESS) && !acts_as_itself(old)) {
		mine = prepare_creds();
		if (!mine)
			return -ENOMEM;
		mine->fsuid = mine->uid;
		mine->fsgid = mine->gid;
		mine->cap_effective = real_capabilities(old);
		rcu_assign_pointer(current()->cred, mine);
	}
	r = lookup_at(dfd, name, flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH), &p);
	if (!r) {
		vfs_node_t *n = p.dentry->node;

		if ((mode & MAY_EXEC) && S_ISREG(n->mode) && (p.mount->flags & MNT_NOEXEC))
			r = -EACCES;
		else if (mode)
			r = node_permission(n, mode);
		if (!r && (mode & MAY_WRITE) && !S_ISCHR(n->mode) && !S_ISBLK(n->mode) &&
		    !S_ISFIFO(n->mode) &&
		    ((p.mount->flags & MNT_READONLY) || (p.mount->sb->flags & 1)))
			r = -EROFS;
		path_put(&p);
	}
	if (mine) {
		rcu_assign_pointer(current()->cred, old);
		cred_put(mine);
	}
	return r;
}

long sys_access(const char __user *name, int mode)
{
	return access_at(AT_FDCWD, name, mode, 0);
}

long sys_faccessat(int dfd, const char __user *name, int mode)
{
	return access_at(dfd, name, mode, 0);
}

long sys_faccessat2(int dfd, const char __user *name, int mode, int flags)
{
	return access_at(dfd, name, mode, flags);
}

/* ---- links ---- */

static bool is_empty(const char __user *name)
{
	char first;

	return !copy_from_user(&first, name, 1) && !first;
}

long sys_readlinkat(int dfd, const char __user *name, char __user *buf, int size)
{
	char *text;
	path_t p;
	long r;

	if (size <= 0)
		return -EINVAL;
	r = user_path_lookup(dfd, name, LOOKUP_EMPTY, &p);
	if (r)
		return r;
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	r = text ? vfs_readlink(&p, text, PATH_MAX) : -ENOMEM;
	path_put(&p);
	if (r == -EINVAL && is_empty(name))
		r = -ENOENT; /* the descriptor was not that of a link */
	if (r > 0) {
		r = MIN(r, (long)size);
		if (copy_to_user(buf, text, (size_t)r))
			r = -EFAULT;
	}
	kfree(text);
	return r;
}

long sys_readlink(const char __user *name, char __user *buf, int size)
{
	return sys_readlinkat(AT_FDCWD, name, buf, size);
}

/* ---- changing attributes ---- */

static long change_at(int dfd, const char __user *name, int flags, const vfs_attr_t *attr)
{
	path_t p;
	long r = lookup_at(dfd, name, flags, &p);

	if (r)
		return r;
	r = vfs_setattr(&p, attr);
	path_put(&p);
	return r;
}

static long change_fd(int fd, const vfs_attr_t *attr)
{
	file_t *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = vfs_setattr(&f->path, attr);
	file_put(f);
	return r;
}

static vfs_attr_t mode_change(mode_t mode)
{
	return (vfs_attr_t){ .valid = ATTR_MODE, .mode = mode & 07777 };
}

long sys_fchmodat(int dfd, const char __user *name, mode_t mode)
{
	vfs_attr_t attr = mode_change(mode);

	return change_at(dfd, name, 0, &attr);
}

long sys_chmod(const char __user *name, mode_t mode)
{
	return sys_fchmodat(AT_FDCWD, name, mode);
}

long sys_fchmod(int fd, mode_t mode)
{
	vfs_attr_t attr = mode_change(mode);

	return change_fd(fd, &attr);
}

static vfs_attr_t owner_change(uid_t uid, gid_t gid)
{
	return (vfs_attr_t){ .valid = (uid != (uid_t)-1 ? ATTR_UID : 0) |
				      (gid != (gid_t)-1 ? ATTR_GID : 0) | ATTR_CTIME |
				      ATTR_KILL_PRIV,
			     .uid = uid,
			     .gid = gid,
			     .ctime = clock_realtime_coarse() };
}

long sys_fchownat(int dfd, const char __user *name, uid_t uid, gid_t gid, int flags)
{
	vfs_attr_t attr = owner_change(uid, gid);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(dfd, name, flags, &attr);
}

long sys_chown(const char __user *name, uid_t uid, gid_t gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, 0);
}

long sys_lchown(const char __user *name, uid_t uid, gid_t gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, uid_t uid, gid_t gid)
{
	vfs_attr_t attr = owner_change(uid, gid);

	return change_fd(fd, &attr);
}

/* ---- times ---- */

/* Of any sign; beyond 292 years from 1970 it stays there. */
static nsec_t file_time(const struct timespec *ts)
{
	nsec_t t;

	if (__builtin_mul_overflow(ts->tv_sec, NSEC_PER_SEC, &t) ||
	    __builtin_add_overflow(t, ts->tv_nsec, &t))
		return ts->tv_sec < 0 ? -NSEC_MAX : NSEC_MAX;
	return t;
}

/* Is there what is named, or without a name the descriptor's own file? 0, or errno. */
static long reach(int dfd, const char __user *name, int flags)
{
	file_t *f;
	path_t p;
	long r;

	if (name) {
		r = lookup_at(dfd, name, flags, &p);
		if (!r)
			path_put(&p);
		return r;
	}
	f = dfd == AT_FDCWD ? NULL : fd_get(dfd);
	if (!f)
		return dfd == AT_FDCWD ? -EFAULT : -EBADF;
	file_put(f);
	return 0;
}

/* times NULL: both now. Who may do it depends on that: see vfs_setattr and ATTR_TOUCH. */
static long set_times(int dfd, const char __user *name, int flags, const struct timespec *times)
{
	nsec_t now = clock_realtime();
	vfs_attr_t attr = { .valid = ATTR_CTIME, .ctime = now };
	long r;

	if (!times)
		attr.valid |= ATTR_ATIME_NOW | ATTR_MTIME_NOW | ATTR_TOUCH;
	for (int i = 0; times && i < 2; i++) {
		nsec_t *to = i ? &attr.mtime : &attr.atime;

		if (times[i].tv_nsec == UTIME_OMIT)
			continue;
		if (times[i].tv_nsec == UTIME_NOW) {
			attr.valid |= i ? ATTR_MTIME_NOW : ATTR_ATIME_NOW;
			continue;
		}
		if (times[i].tv_nsec < 0 || times[i].tv_nsec >= NSEC_PER_SEC) {
			/* What is wrong with the file is told first. */
			r = reach(dfd, name, flags);
			return r ? r : -EINVAL;
		}
		attr.valid |= i ? ATTR_MTIME : ATTR_ATIME;
		*to = file_time(&times[i]);
	}
	if (times && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0;
	if (times && times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW)
		attr.valid |= ATTR_TOUCH;
	else if (times) /* the owner's alone, be it only one of them and the present time */
		attr.valid |= ATTR_TIMES_SET;
	if (!name)
		return dfd == AT_FDCWD ? -EFAULT : change_fd(dfd, &attr);
	return change_at(dfd, name, flags, &attr);
}

long sys_utimensat(int dfd, const char __user *name, const struct timespec __user *ts, int flags)
{
	struct timespec times[2];

	if (ts && copy_from_user(times, ts, sizeof(times)))
		return -EFAULT;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!name && flags)
		return -EINVAL;
	return set_times(dfd, name, flags, ts ? times : NULL);
}

long sys_futimesat(int dfd, const char __user *name, const struct timeval __user *tv)
{
	struct timeval t[2];
	struct timespec times[2];

	if (!tv)
		return set_times(dfd, name, 0, NULL);
	if (copy_from_user(t, tv, sizeof(t)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (t[i].tv_usec < 0 || t[i].tv_usec >= 1000000)
			return -EINVAL;
		times[i] = (struct timespec){ t[i].tv_sec, t[i].tv_usec * 1000 };
	}
	return set_times(dfd, name, 0, times);
}

long sys_utimes(const char __user *name, const struct timeval __user *tv)
{
	return sys_futimesat(AT_FDCWD, name, tv);
}

long sys_utime(const char __user *name, const struct utimbuf __user *user)
{
	struct utimbuf t;
	struct timespec times[2];

	if (!user)
		return set_times(AT_FDCWD, name, 0, NULL);
	if (copy_from_user(&t, user, sizeof(t)))
		return -EFAULT;
	times[0] = (struct timespec){ t.actime, 0 };
	times[1] = (struct timespec){ t.modtime, 0 };
	return set_times(AT_FDCWD, name, 0, times);
}

/* ---- file systems ---- */

static long put_statfs(struct statfs __user *buf, const path_t *p)
{
	struct statfs out = { 0 };
	vfs_statfs_t s;
	int r = vfs_statfs(p, &s);

	if (r)
		return r;
	out.f_type = (s64)s.type;
	out.f_bsize = (s64)s.block_size;
	out.f_blocks = s.blocks;
	out.f_bfree = s.free;
	out.f_bavail = s.available;
	out.f_files = s.files;
	out.f_ffree = s.files_free;
	memcpy(out.f_fsid, &s.fsid, sizeof(out.f_fsid));
	out.f_namelen = (s64)s.name_max;
	out.f_frsize = (s64)s.fragment_size;
	out.f_flags = (s64)s.flags;
	return copy_to_user(buf, &out, sizeof(out)) ? -EFAULT : 0;
}

long sys_statfs(const char __user *name, struct statfs __user *buf)
{
	path_t p;
	long r = user_path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW, &p);

	if (r)
		return r;
	r = put_statfs(buf, &p);
	path_put(&p);
	return r;
}

long sys_fstatfs(int fd, struct statfs __user *buf)
{
	file_t *f = fd_get_raw(fd);
	long r;

	if (!f)
		return -EBADF;
	r = put_statfs(buf, &f->path);
	file_put(f);
	return r;
}
