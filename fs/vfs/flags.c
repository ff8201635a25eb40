/*
 * Flags that owners set on regular files and directories (ioctl_iflags(2)): immutable, append only,
 * not to be dumped, without access times. A file system says which of them its files may have
 * (sb->file_flags); the rest is here and in the checks that ask node_flagged(). What is made in a
 * directory has those of the directory's that are no restriction.
 *
 * There are two ways to name the flags, a word and a structure that XFS began.
 */
#include "vfs_internal.h"

#include <arch/uaccess.h>
#include <uapi/fs.h>

#define GUARDED (FS_IMMUTABLE_FL | FS_APPEND_FL)

/* What both ways can say. */
static const struct {
	u32 flag, xflag;
} common[] = {
	{ FS_SYNC_FL, FS_XFLAG_SYNC },
	{ FS_IMMUTABLE_FL, FS_XFLAG_IMMUTABLE },
	{ FS_APPEND_FL, FS_XFLAG_APPEND },
	{ FS_NODUMP_FL, FS_XFLAG_NODUMP },
	{ FS_NOATIME_FL, FS_XFLAG_NOATIME },
	{ FS_DAX_FL, FS_XFLAG_DAX },
	{ FS_PROJINHERIT_FL, FS_XFLAG_PROJINHERIT },
};

static u32 to_xflags(u32 flags)
{
	u32 xflags = 0;

	for (u32 i = 0; i < ARRAY_SIZE(common); i++)
		if (flags & common[i].flag)
			xflags |= common[i].xflag;
	return xflags;
}

/* Takes what it understands out of *xflags. */
static u32 from_xflags(u32 *xflags)
{
	u32 flags = 0;

	for (u32 i = 0; i < ARRAY_SIZE(common); i++)
		if (*xflags & common[i].xflag) {
			flags |= common[i].flag;
			*xflags &= ~common[i].xflag;
		}
	return flags;
}

static bool has_flags(const vfs_node_t *n)
{
	return n->sb->file_flags && (S_ISREG(n->mode) || S_ISDIR(n->mode));
}

void node_inherit_flags(vfs_node_t *n, const vfs_node_t *dir)
{
	n->flags = READ_ONCE(dir->flags) & (FS_NODUMP_FL | FS_NOATIME_FL);
}

/* Hints of extents, which only some kinds of files have. */
static int check_extents(const vfs_node_t *n, u32 xflags)
{
	if ((xflags & FS_XFLAG_EXTSIZE) && !S_ISREG(n->mode))
		return -EINVAL;
	return (xflags & FS_XFLAG_EXTSZINHERIT) && !S_ISDIR(n->mode) ? -EINVAL : 0;
}

/* x: what else the structure says. */
static int set_flags(vfs_node_t *n, u32 flags, struct fsxattr *x)
{
	int r = 0;

	if (!has_flags(n))
		return -ENOTTY;
	if (!node_owner_or_capable(n))
		return -EPERM;
	rwsem_write_lock(&n->lock);
	if (((flags ^ n->flags) & GUARDED) && !capable(CAP_LINUX_IMMUTABLE))
		r = -EPERM;
	else
		r = check_extents(n, x->fsx_xflags);
	if (!x->fsx_extsize) /* means that they are off */
		x->fsx_xflags &= ~(FS_XFLAG_EXTSIZE | FS_XFLAG_EXTSZINHERIT);
	if (!x->fsx_cowextsize)
		x->fsx_xflags &= ~FS_XFLAG_COWEXTSIZE;
	if (!r && (x->fsx_xflags || x->fsx_extsize || x->fsx_projid || x->fsx_cowextsize ||
		   (flags & ~n->sb->file_flags)))
		r = -EOPNOTSUPP;
	if (!r) {
		WRITE_ONCE(n->flags, flags);
		node_touch(n, ATTR_CTIME);
	}
	rwsem_write_unlock(&n->lock);
	return r;
}

static long set_word(file_t *f, const u32 __user *from)
{
	struct fsxattr none = { 0 };
	u32 flags;

	if (get_user_u32(&flags, from))
		return -EFAULT;
	return mount_writable(f->path.mount) ? set_flags(f->node, flags, &none) : -EROFS;
}

static long set_structure(file_t *f, const struct fsxattr __user *from)
{
	struct fsxattr x;
	u32 flags;

	if (copy_from_user(&x, from, sizeof(x)))
		return -EFAULT;
	if (!mount_writable(f->path.mount))
		return -EROFS;
	flags = from_xflags(&x.fsx_xflags);
	return set_flags(f->node, flags, &x);
}

long file_flags_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	struct fsxattr x = { 0 };

	switch (cmd) {
	case FS_IOC_SETFLAGS:
		return set_word(f, (const u32 __user *)arg);
	case FS_IOC_FSSETXATTR:
		return set_structure(f, (const struct fsxattr __user *)arg);
	}
	if (!has_flags(f->node))
		return -ENOTTY;
	if (cmd == FS_IOC_GETFLAGS)
		return put_user_u32(READ_ONCE(f->node->flags), (u32 __user *)arg);
	x.fsx_xflags = to_xflags(READ_ONCE(f->node->flags));
	return copy_to_user((void __user *)arg, &x, sizeof(x)) ? -EFAULT : 0;
}
