/*
 * Names: making, linking and removing them.
 *
 * Each call walks to the parent, locks it exclusively, looks the last component up under the lock,
 * checks, and lets the file system act; the dentry follows. Where several errors apply, programs
 * see Linux's choice: the name's shape first, then (for removal) a read-only mount, existence,
 * permission, and last what the file system says.
 */
#include "vfs_internal.h"

#include <fs/notify.h>
#include <kernel/lib/string.h>

int fs_protected_hardlinks = 1;

/* ---- parents ---- */

static int parent_once(walk_t *w, int dfd, const char *name, bool rcu)
{
	int r = walk_begin(w, dfd, name, LOOKUP_PARENT, rcu);

	if (r)
		return r;
	r = walk_parents(w);
	if (!r)
		r = walk_settle(w);
	if (r)
		walk_end(w);
	return r;
}

int walk_to_parent(walk_t *w, int dfd, const char *name)
{
	int r = parent_once(w, dfd, name, true);

	return r == -ECHILD ? parent_once(w, dfd, name, false) : r;
}

/* ---- making ---- */

typedef struct new_name {
	walk_t w;
	dentry_t *d; /* negative; its directory is locked */
} new_name_t;

static void new_name_end(new_name_t *n)
{
	rwsem_write_unlock(&n->w.path.dentry->node->lock);
	dentry_put(n->d);
	walk_end(&n->w);
}

/* Finds the place for a new name and locks its directory. 0 (then new_name_end is due) or errno. */
static int new_name_begin(new_name_t *n, int dfd, const char *name, bool for_dir)
{
	dentry_t *dir;
	int r = walk_to_parent(&n->w, dfd, name);

	if (r)
		return r;
	if (n->w.last_type != LAST_NORM) {
		walk_end(&n->w);
		return -EEXIST;
	}
	dir = n->w.path.dentry;
	rwsem_write_lock(&dir->node->lock);
	n->d = walk_lookup_locked(dir, n->w.last, n->w.last_len, n->w.last_hash);
	if (IS_ERR(n->d)) {
		r = (int)PTR_ERR(n->d);
		n->d = NULL;
	} else if (!dentry_negative(n->d)) {
		r = -EEXIST;
	} else if (!for_dir && n->w.trailing) {
		r = -ENOENT;
	} else if (!mount_writable(n->w.path.mount)) {
		r = -EROFS;
	}
	if (r)
		new_name_end(n);
	return r;
}

int node_make_nondirectory(vfs_node_t *dir, dentry_t *d, mode_t mode, dev_t rdev)
{
	return dir->ops->create ? dir->ops->create(dir, d, mode, rdev) : -EACCES;
}

int vfs_mknod_path(int dfd, const char *name, mode_t mode, dev_t dev, path_t *made)
{
	new_name_t n;
	vfs_node_t *dir;
	int r;

	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	r = new_name_begin(&n, dfd, name, false);
	if (r)
		return r;
	dir = n.w.path.dentry->node;
	r = may_create(dir);
	/* The device 0:0 is a whiteout, which anybody may make. */
	if (!r && (S_ISBLK(mode) || (S_ISCHR(mode) && dev)) && !capable(CAP_MKNOD))
		r = -EPERM;
	if (!r && !dir->ops->create)
		r = -EPERM;
	if (!r)
		r = node_make_nondirectory(dir, n.d, mode_in(dir, mode), dev);
	if (!r)
		notify_entry(dir, n.d->name, IN_CREATE);
	if (!r && made) {
		*made = (path_t){ n.w.path.mount, n.d };
		path_get(made);
	}
	new_name_end(&n);
	return r;
}

int vfs_mknod_at(int dfd, const char *name, mode_t mode, dev_t dev)
{
	return vfs_mknod_path(dfd, name, mode, dev, NULL);
}

int vfs_mkdir_at(int dfd, const char *name, mode_t mode)
{
	new_name_t n;
	vfs_node_t *dir;
	int r = new_name_begin(&n, dfd, name, true);

	if (r)
		return r;
	dir = n.w.path.dentry->node;
	r = may_create(dir);
	if (!r)
		r = dir->ops->mkdir
			    ? dir->ops->mkdir(dir, n.d, S_IFDIR | mode_in(dir, mode & 01777))
			    : -EPERM;
	if (!r)
		notify_entry(dir, n.d->name, IN_CREATE | IN_ISDIR);
	new_name_end(&n);
	return r;
}

int vfs_mkdir(const char *path, mode_t mode)
{
	return vfs_mkdir_at(AT_FDCWD, path, mode);
}

int vfs_symlink_at(const char *target, int dfd, const char *name)
{
	new_name_t n;
	vfs_node_t *dir;
	int r;

	if (IS_ERR(target))
		return (int)PTR_ERR(target);
	if (!*target)
		return -ENOENT;
	r = new_name_begin(&n, dfd, name, false);
	if (r)
		return r;
	dir = n.w.path.dentry->node;
	r = may_create(dir);
	if (!r)
		r = dir->ops->symlink ? dir->ops->symlink(dir, n.d, target) : -EPERM;
	if (!r)
		notify_entry(dir, n.d->name, IN_CREATE);
	new_name_end(&n);
	return r;
}

/* fs.protected_hardlinks: others may not keep alive what they could not read and write anyway. */
static int may_link(vfs_node_t *node)
{
	mode_t m = node->mode;

	if (!fs_protected_hardlinks || node_owner_or_capable(node))
		return 0;
	if (!S_ISREG(m) || (m & S_ISUID) || (m & (S_ISGID | 0010)) == (S_ISGID | 0010))
		return -EPERM;
	return node_permission(node, MAY_READ | MAY_WRITE) ? -EPERM : 0;
}

static int link_locked(vfs_node_t *node, vfs_node_t *dir, dentry_t *d)
{
	int r = may_create(dir);

	if (r)
		return r;
	if (!dir->ops->link || S_ISDIR(node->mode) ||
	    node_flagged(node, FS_APPEND_FL | FS_IMMUTABLE_FL))
		return -EPERM;
	rwsem_write_lock_nested(&node->lock);
	if (!node->nlink && !(node->state & NODE_LINKABLE))
		r = -ENOENT;
	else
		r = dir->ops->link(node, dir, d);
	if (!r)
		node->state &= ~NODE_LINKABLE;
	rwsem_write_unlock(&node->lock);
	if (!r) {
		notify_node(node, IN_ATTRIB);
		notify_entry(dir, d->name, IN_CREATE);
	}
	return r;
}

int vfs_link_at(int odfd, const char *oname, int ndfd, const char *nname, int flags)
{
	u32 lookup = flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0;
	new_name_t n;
	path_t old;
	int r;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		if (!capable(CAP_DAC_READ_SEARCH))
			return -ENOENT;
		lookup |= LOOKUP_EMPTY;
	}
	r = path_lookup(odfd, oname, lookup, &old);
	if (r)
		return r;
	r = new_name_begin(&n, ndfd, nname, false);
	if (r)
		goto out_put;
	r = old.mount == n.w.path.mount ? may_link(old.dentry->node) : -EXDEV;
	if (!r)
		r = link_locked(old.dentry->node, n.w.path.dentry->node, n.d);
	new_name_end(&n);
out_put:
	path_put(&old);
	return r;
}

/* ---- removing ---- */

/*
 * What is to be removed lost its name: the dentry cannot be found any more, and goes with its last
 * user.
 */
static void forget_name(dentry_t *d)
{
	dentry_drop(d);
	dentry_unpin(d);
}

/* Whoever asks; the directory is locked. */
static int remove_permitted(vfs_node_t *dir, dentry_t *d, bool directory)
{
	vfs_node_t *node = d->node;
	int (*op)(vfs_node_t *, dentry_t *) = directory ? dir->ops->rmdir : dir->ops->unlink;
	int r;

	if (!op)
		return -EPERM;
	rwsem_write_lock_nested(&node->lock);
	r = dentry_is_mountpoint(d) ? -EBUSY : op(dir, d);
	if (!r) {
		if (directory)
			node->state |= NODE_DEAD;
		forget_name(d);
	}
	rwsem_write_unlock(&node->lock);
	if (!r && !directory)
		notify_node(node, IN_ATTRIB);
	return r;
}

static int remove_locked(vfs_node_t *dir, dentry_t *d, bool directory)
{
	int r = may_delete(dir, d, directory);

	return r ? r : remove_permitted(dir, d, directory);
}

/*
 * d, which the caller holds, is removed: perhaps the last of the file goes with it, and that is
 * told before the end of the name, while the directory is locked.
 */
static void tell_removed(vfs_node_t *dir, dentry_t *d, bool directory)
{
	char name[NAME_MAX + 1];

	strscpy(name, d->name, sizeof(name));
	dentry_put(d);
	notify_entry(dir, name, directory ? IN_DELETE | IN_ISDIR : IN_DELETE);
}

static int wrong_last_type(const walk_t *w, bool directory)
{
	switch (w->last_type) {
	case LAST_NORM:
		return 0;
	case LAST_DOTDOT:
		return directory ? -ENOTEMPTY : -EISDIR;
	case LAST_DOT:
		return directory ? -EINVAL : -EISDIR;
	default:
		return directory ? -EBUSY : -EISDIR;
	}
}

int vfs_unlink_at(int dfd, const char *name, int flags)
{
	bool directory = flags & AT_REMOVEDIR;
	dentry_t *dir, *d;
	walk_t w;
	int r;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	r = walk_to_parent(&w, dfd, name);
	if (r)
		return r;
	r = wrong_last_type(&w, directory);
	if (!r && !mount_writable(w.path.mount))
		r = -EROFS;
	if (r)
		goto out_end;
	dir = w.path.dentry;
	rwsem_write_lock(&dir->node->lock);
	d = walk_lookup_locked(dir, w.last, w.last_len, w.last_hash);
	if (IS_ERR(d)) {
		r = (int)PTR_ERR(d);
		rwsem_write_unlock(&dir->node->lock);
		goto out_end;
	}
	if (dentry_negative(d))
		r = -ENOENT;
	else if (!directory && w.trailing)
		r = dentry_is_dir(d) ? -EISDIR : -ENOTDIR;
	else
		r = remove_locked(dir->node, d, directory);
	if (!r && notify_wanted(dir->node->sb)) {
		tell_removed(dir->node, d, directory);
		d = NULL;
	}
	rwsem_write_unlock(&dir->node->lock);
	if (d)
		dentry_put(d); /* perhaps its last: its data go without the directory's lock */
out_end:
	walk_end(&w);
	return r;
}

static int unlink_child(dentry_t *dir, const char *name, bool device)
{
	dentry_t *d;
	int r;

	rwsem_write_lock(&dir->node->lock);
	d = dentry_lookup(dir, name);
	if (IS_ERR(d)) {
		r = (int)PTR_ERR(d);
		d = NULL;
	} else if (dentry_negative(d)) {
		r = -ENOENT;
	} else if (!device) {
		r = remove_locked(dir->node, d, false);
	} else {
		r = S_ISCHR(d->node->mode) ? remove_permitted(dir->node, d, false) : -EEXIST;
	}
	rwsem_write_unlock(&dir->node->lock);
	if (d)
		dentry_put(d);
	return r;
}

int vfs_unlink_child(dentry_t *dir, const char *name)
{
	return unlink_child(dir, name, false);
}

int vfs_remove_device(dentry_t *dir, const char *name)
{
	return unlink_child(dir, name, true);
}

int vfs_rmdir(const char *path)
{
	return vfs_unlink_at(AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- reading links ---- */

int vfs_readlink(const path_t *p, char *buf, size_t size)
{
	vfs_node_t *n = p->dentry->node;
	const char *text = n->link;
	size_t len;

	if (!S_ISLNK(n->mode))
		return -EINVAL;
	node_accessed(p->mount, n);
	if (!text) {
		path_t to = { 0 };
		char *name;
		int r;

		text = n->ops->get_link(n, &to);
		if (IS_ERR(text))
			return (int)PTR_ERR(text);
		if (!text) {
			/* A magic link reads as the name of what it leads to. */
			r = path_name(&to, buf, size, &name);
			path_put(&to);
			if (r < 0)
				return r;
			len = strlen(name);
			memmove(buf, name, len);
			return (int)len;
		}
	}
	len = MIN(strlen(text), size);
	memcpy(buf, text, len);
	return (int)len;
}
