/*
 * Attributes of nodes: reading them (stat) and changing them (chmod, chown, utimensat, truncate),
 * with the rules of who may and of what follows from what (set-id bits that go, times that move).
 */
#include "vfs_internal.h"

#include <fs/notify.h>
#include <kernel/signal.h>
#include <kernel/thread.h>
#include <uapi/mount.h>

/* ---- reading ---- */

static void fill_flags(const vfs_node_t *n, vfs_stat_t *st)
{
	u32 flags = READ_ONCE(n->flags);

	if (!n->sb->file_flags || (!S_ISREG(n->mode) && !S_ISDIR(n->mode)))
		return;
	st->attributes_mask |= STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP;
	if (flags & FS_IMMUTABLE_FL)
		st->attributes |= STATX_ATTR_IMMUTABLE;
	if (flags & FS_APPEND_FL)
		st->attributes |= STATX_ATTR_APPEND;
	if (flags & FS_NODUMP_FL)
		st->attributes |= STATX_ATTR_NODUMP;
}

void node_fill_stat(const vfs_node_t *n, vfs_stat_t *st)
{
	st->dev = n->sb->dev;
	st->rdev = n->rdev;
	st->ino = n->ino;
	st->mode = READ_ONCE(n->mode);
	st->nlink = READ_ONCE(n->nlink);
	st->uid = READ_ONCE(n->uid);
	st->gid = READ_ONCE(n->gid);
	st->size = (off_t)READ_ONCE(n->data->size);
	st->blocks = READ_ONCE(n->blocks);
	st->block_size = n->sb->block_size;
	st->atime = READ_ONCE(n->atime);
	st->mtime = READ_ONCE(n->mtime);
	st->ctime = READ_ONCE(n->ctime);
	st->btime = n->btime;
	st->attributes = st->attributes_mask = 0;
	fill_flags(n, st);
}

int vfs_getattr(const path_t *p, vfs_stat_t *st)
{
	vfs_node_t *n = p->dentry->node;

	node_fill_stat(n, st);
	st->mount_id = (u64)p->mount->id;
	/* Of every file it is known that it is none of the latter two. */
	st->attributes_mask |= STATX_ATTR_MOUNT_ROOT | STATX_ATTR_AUTOMOUNT | STATX_ATTR_DAX;
	if (p->dentry == p->mount->root)
		st->attributes |= STATX_ATTR_MOUNT_ROOT;
	return n->ops->get_attr ? n->ops->get_attr(n, st) : 0;
}

/* ---- writers against execution (ETXTBSY) ---- */

int node_get_write(vfs_node_t *n)
{
	int seen = atomic_read(&n->writers);

	while (seen >= 0)
		if (atomic_cmpxchg(&n->writers, &seen, seen + 1))
			return 0;
	return -ETXTBSY;
}

void node_put_write(vfs_node_t *n)
{
	atomic_dec(&n->writers);
}

int node_deny_write(vfs_node_t *n)
{
	int seen = atomic_read(&n->writers);

	while (seen <= 0)
		if (atomic_cmpxchg(&n->writers, &seen, seen - 1))
			return 0;
	return -ETXTBSY;
}

void file_allow_write(file_t *f)
{
	if (!(f->mode & FMODE_EXEC))
		return;
	f->mode &= ~FMODE_EXEC;
	atomic_inc(&f->node->writers);
}

/* ---- rules ---- */

/* Set-id bits that a change by somebody else takes away. */
static mode_t bits_to_drop(const vfs_node_t *n)
{
	mode_t drop = n->mode & S_ISUID;

	if (n->mode & S_ISGID) {
		if (n->mode & 0010)
			drop |= S_ISGID;
		else if (!in_group(current_cred(), n->gid) && !capable(CAP_FSETID))
			drop |= S_ISGID;
	}
	return drop;
}

bool node_remove_privileges(vfs_node_t *n)
{
	mode_t drop = n->mode & (S_ISUID | S_ISGID);

	xattr_drop_caps(n);
	if (likely(!drop) || !S_ISREG(n->mode) || capable(CAP_FSETID))
		return false;
	drop = bits_to_drop(n);
	if (drop) {
		WRITE_ONCE(n->mode, n->mode & ~drop);
		node_touch(n, ATTR_CTIME);
	}
	return drop;
}

static int may_chown(const vfs_node_t *n, uid_t uid)
{
	const cred_t *c = current_cred();

	return (c->fsuid == n->uid && uid == n->uid) || capable(CAP_CHOWN) ? 0 : -EPERM;
}

static int may_chgrp(const vfs_node_t *n, gid_t gid)
{
	const cred_t *c = current_cred();

	if (c->fsuid == n->uid && (gid == n->gid || in_group(c, gid)))
		return 0;
	return capable(CAP_CHOWN) ? 0 : -EPERM;
}

static int check_change(const vfs_node_t *n, vfs_attr_t *a)
{
	int r = 0;

	if ((a->valid & (ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_TIMES_SET)) &&
	    node_flagged(n, FS_IMMUTABLE_FL | FS_APPEND_FL))
		return -EPERM;
	if (a->valid & ATTR_UID)
		r = may_chown(n, a->uid);
	if (!r && (a->valid & ATTR_GID))
		r = may_chgrp(n, a->gid);
	if (!r && (a->valid & ATTR_MODE)) {
		gid_t gid = a->valid & ATTR_GID ? a->gid : n->gid;

		if (!node_owner_or_capable(n))
			return -EPERM;
		/* One cannot give away a group's set-group-id without being in it. */
		if (!in_group(current_cred(), gid) && !capable(CAP_FSETID))
			a->mode &= ~S_ISGID;
	}
	if (!r && (a->valid & ATTR_TIMES_SET) && !node_owner_or_capable(n))
		r = -EPERM;
	return r;
}

void node_store_attr(vfs_node_t *n, const vfs_attr_t *a)
{
	if (a->valid & ATTR_UID)
		WRITE_ONCE(n->uid, a->uid);
	if (a->valid & ATTR_GID)
		WRITE_ONCE(n->gid, a->gid);
	if (a->valid & ATTR_ATIME)
		WRITE_ONCE(n->atime, a->atime);
	if (a->valid & ATTR_MTIME)
		WRITE_ONCE(n->mtime, a->mtime);
	if (a->valid & ATTR_CTIME)
		WRITE_ONCE(n->ctime, a->ctime);
	if (a->valid & ATTR_MODE)
		WRITE_ONCE(n->mode, (n->mode & S_IFMT) | (a->mode & 07777));
}

int node_new_size_ok(const vfs_node_t *n, off_t end)
{
	u64 limit = rlimit(RLIMIT_FSIZE);

	if (S_ISREG(n->mode) && limit != RLIM_INFINITY && (u64)end > limit) {
		send_signal_thread(current(), SIGXFSZ, SEND_SIG_PRIV);
		return -EFBIG;
	}
	return (u64)end > n->sb->max_bytes ? -EFBIG : 0;
}

int setattr_locked(vfs_node_t *n, vfs_attr_t *a)
{
	nsec_t now = node_now();
	struct acl *acl = NULL;
	int r;

	r = check_change(n, a);
	if (r)
		return r;
	if (a->valid & ATTR_KILL_PRIV) {
		mode_t drop = S_ISDIR(n->mode) ? 0 : bits_to_drop(n);

		/* chown(2) without any change is for everybody, a change of the mode by it is not. */
		if (drop && !(a->valid & (ATTR_MODE | ATTR_SIZE)) && !node_owner_or_capable(n))
			return -EPERM;
		xattr_drop_caps(n);
		if (drop && !(a->valid & ATTR_MODE)) {
			WRITE_ONCE(n->mode, n->mode & ~drop);
			a->valid |= ATTR_CTIME;
		}
	}
	if (a->valid & ATTR_ATIME_NOW) {
		a->valid |= ATTR_ATIME;
		a->atime = now;
	}
	if (a->valid & ATTR_MTIME_NOW) {
		a->valid |= ATTR_MTIME;
		a->mtime = now;
	}
	/* A truncation to the size that there is changes no times, unless asked to. */
	a->ctime = now;
	if (!(a->valid & ATTR_SIZE) || (a->valid & ATTR_MTIME))
		a->valid |= ATTR_CTIME;
	if (a->valid & ATTR_SIZE) {
		r = (u64)a->size > n->data->size ? node_new_size_ok(n, a->size) : 0;
		if (r)
			return r;
	}
	if (a->valid & ATTR_MODE)
		r = acl_prepare_mode(n, a->mode, &acl);
	if (!r && n->ops->set_attr)
		r = n->ops->set_attr(n, a);
	else if (!r)
		node_store_attr(n, a);
	if (!r)
		acl_commit_mode(n, acl);
	else
		acl_abort_mode(acl);
	return r;
}

/* What a change is to who watches: both times are attributes, one of them tells of its cause. */
static u32 event_of(u32 valid)
{
	u32 times = valid & (ATTR_ATIME | ATTR_MTIME), event = 0;

	if (times == ATTR_ATIME)
		event = IN_ACCESS;
	else if (times == ATTR_MTIME)
		event = IN_MODIFY;
	else if (times)
		event = IN_ATTRIB;
	if (valid & (ATTR_UID | ATTR_GID | ATTR_MODE))
		event |= IN_ATTRIB;
	return event;
}

int vfs_setattr(const path_t *p, const vfs_attr_t *attr)
{
	vfs_node_t *n = p->dentry->node;
	vfs_attr_t a = *attr;
	int r;

	if (!mount_writable(p->mount))
		return -EROFS;
	if (a.valid & (ATTR_ATIME | ATTR_MTIME))
		a.valid |= ATTR_TIMES_SET;
	if ((a.valid & ATTR_TOUCH) && node_flagged(n, FS_IMMUTABLE_FL))
		return -EPERM;
	if ((a.valid & ATTR_TOUCH) && !node_owner_or_capable(n)) {
		r = node_permission(n, MAY_WRITE);
		if (r)
			return r;
	}
	rwsem_write_lock(&n->lock);
	r = setattr_locked(n, &a);
	rwsem_write_unlock(&n->lock);
	if (!r && event_of(a.valid))
		notify_name(p->dentry, event_of(a.valid));
	return r;
}

int truncate_node(vfs_node_t *n, off_t size, u32 extra)
{
	vfs_attr_t a = { .valid = ATTR_SIZE | extra, .size = size };
	int r;

	rwsem_write_lock(&n->lock);
	if ((a.valid & ATTR_KILL_PRIV) && capable(CAP_FSETID))
		a.valid &= ~ATTR_KILL_PRIV;
	r = setattr_locked(n, &a);
	if (!r)
		xattr_drop_caps(n);
	rwsem_write_unlock(&n->lock);
	return r;
}

int vfs_truncate(const path_t *p, off_t size)
{
	vfs_node_t *n = p->dentry->node;
	int r;

	if (S_ISDIR(n->mode))
		return -EISDIR;
	if (!S_ISREG(n->mode) || size < 0)
		return -EINVAL;
	if (!mount_writable(p->mount))
		return -EROFS;
	r = node_permission(n, MAY_WRITE);
	if (!r && node_flagged(n, FS_APPEND_FL))
		r = -EPERM;
	if (!r)
		r = node_get_write(n);
	if (r)
		return r;
	r = lease_break(n, O_WRONLY);
	if (!r)
		r = truncate_node(n, size,
				  (u64)size != n->data->size ? ATTR_MTIME_NOW | ATTR_KILL_PRIV
							     : ATTR_KILL_PRIV);
	node_put_write(n);
	if (!r)
		notify_name(p->dentry, IN_MODIFY);
	return r;
}

int file_truncate(file_t *f, off_t size)
{
	int r;

	if (size < 0 || !S_ISREG(f->node->mode) || !(f->mode & FMODE_WRITE))
		return -EINVAL;
	if (node_flagged(f->node, FS_APPEND_FL))
		return -EPERM;
	r = truncate_node(f->node, size, ATTR_MTIME_NOW | ATTR_KILL_PRIV);
	if (!r)
		notify_file(f, IN_MODIFY);
	return r;
}
