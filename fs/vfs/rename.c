/*
 * rename(2) and its flags.
 *
 * Locking. Moves between two directories of one file system are serialised by sb->rename_mutex, so
 * that the shape of the tree stands still: then it can be told whether one parent lies above the
 * other, and the upper one is locked first. Two unrelated parents are locked in the order of their
 * addresses: all others who hold two directories' locks hold parent and child. A directory cannot
 * move below itself: the child of one parent that leads to the other parent (the "trap") is neither
 * source nor target.
 */
#include "vfs_internal.h"

#include <fs/notify.h>

typedef struct rename {
	walk_t from, to;
	dentry_t *old, *new;
	u32 flags;
	dentry_t *trap;
} rename_t;

/*
 * The child of `top` on the way down to d, or NULL when d does not lie below. Under rename_mutex.
 */
static dentry_t *child_towards(dentry_t *d, dentry_t *top)
{
	while (d->parent != d) {
		if (d->parent == top)
			return d;
		d = d->parent;
	}
	return NULL;
}

/* Locks both parents; returns the trap. */
static dentry_t *lock_parents(dentry_t *a, dentry_t *b)
{
	dentry_t *trap, *first = a, *second = b;

	if (a == b) {
		rwsem_write_lock(&a->node->lock);
		return NULL;
	}
	mutex_lock(&a->sb->rename_mutex);
	trap = child_towards(b, a);
	if (!trap) {
		trap = child_towards(a, b);
		if (trap || b->node < a->node) {
			first = b;
			second = a;
		}
	}
	rwsem_write_lock(&first->node->lock);
	rwsem_write_lock_nested(&second->node->lock);
	return trap;
}

static void unlock_parents(dentry_t *a, dentry_t *b)
{
	rwsem_write_unlock(&a->node->lock);
	if (a == b)
		return;
	rwsem_write_unlock(&b->node->lock);
	mutex_unlock(&a->sb->rename_mutex);
}

static int check_flags(u32 flags)
{
	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	return 0;
}

/* Shape and existence, before permissions. */
static int check_names(const rename_t *rn)
{
	if (dentry_negative(rn->old))
		return -ENOENT;
	if ((rn->flags & RENAME_NOREPLACE) && !dentry_negative(rn->new))
		return -EEXIST;
	if (rn->flags & RENAME_EXCHANGE) {
		if (dentry_negative(rn->new))
			return -ENOENT;
		if (!dentry_is_dir(rn->new) && rn->to.trailing)
			return -ENOTDIR;
	}
	if (!dentry_is_dir(rn->old)) {
		if (rn->from.trailing)
			return -ENOTDIR;
		if (!(rn->flags & RENAME_EXCHANGE) && rn->to.trailing)
			return -ENOTDIR;
	}
	if (rn->old == rn->trap)
		return -EINVAL;
	if (rn->new == rn->trap)
		return rn->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int check_permission(const rename_t *rn, vfs_node_t *odir, vfs_node_t *ndir)
{
	bool dir = dentry_is_dir(rn->old), new_dir = dentry_is_dir(rn->new);
	int r = may_delete(odir, rn->old, dir);

	if (r)
		return r;
	if (dentry_negative(rn->new))
		r = may_create(ndir);
	else
		r = may_delete(ndir, rn->new, rn->flags & RENAME_EXCHANGE ? new_dir : dir);
	if (r || odir == ndir)
		return r;
	/* A directory's ".." changes: that is writing to it. */
	if (dir)
		r = node_permission(rn->old->node, MAY_WRITE);
	if (!r && (rn->flags & RENAME_EXCHANGE) && new_dir)
		r = node_permission(rn->new->node, MAY_WRITE);
	return r;
}

/*
 * The nodes concerned, in an order that all users of two nodes' locks share: directories are only
 * locked as targets.
 */
static void lock_nodes(vfs_node_t *a, vfs_node_t *b)
{
	if (b && b < a) {
		vfs_node_t *t = a;

		a = b;
		b = t;
	}
	rwsem_write_lock_nested(&a->lock);
	if (b)
		rwsem_write_lock_nested(&b->lock);
}

static void unlock_nodes(vfs_node_t *a, vfs_node_t *b)
{
	rwsem_write_unlock(&a->lock);
	if (b)
		rwsem_write_unlock(&b->lock);
}

/*
 * A device 0:0 that will stand in the old name's place: made first, since the rename is the point
 * of no return.
 */
static dentry_t *make_whiteout(rename_t *rn)
{
	vfs_node_t *odir = rn->from.path.dentry->node;
	dentry_t *d = dentry_alloc_hashed(rn->from.path.dentry, rn->from.last, rn->from.last_len,
					  rn->from.last_hash);
	int r;

	if (!d)
		return ERR_PTR(-ENOMEM);
	r = node_make_nondirectory(odir, d, S_IFCHR, 0);
	if (r) {
		dentry_put(d);
		return ERR_PTR(r);
	}
	return d;
}

static void remove_whiteout(rename_t *rn, dentry_t *d)
{
	vfs_node_t *odir = rn->from.path.dentry->node;

	odir->ops->unlink(odir, d);
	dentry_drop(d);
	dentry_unpin(d);
}

/* The dentries have changed places: rn->old has its new name. */
static void tell_renamed(const rename_t *rn, vfs_node_t *source, vfs_node_t *target)
{
	vfs_node_t *odir = rn->from.path.dentry->node, *ndir = rn->to.path.dentry->node;
	bool exchange = rn->flags & RENAME_EXCHANGE;

	if (!notify_wanted(odir->sb))
		return;
	notify_moved(&(notify_move_t){ odir, ndir, source, rn->new->name, rn->old->name,
				       exchange ? NULL : target });
	if (exchange)
		notify_moved(
			&(notify_move_t){ ndir, odir, target, rn->old->name, rn->new->name, NULL });
}

static int rename_locked(rename_t *rn)
{
	vfs_node_t *odir = rn->from.path.dentry->node, *ndir = rn->to.path.dentry->node;
	vfs_node_t *source = rn->old->node, *target = rn->new->node;
	dentry_t *whiteout = NULL;
	int r = check_names(rn);

	if (r)
		return r;
	if (source == target)
		return 0; /* two names of one file: nothing happens */
	r = check_permission(rn, odir, ndir);
	if (r)
		return r;
	if (!odir->ops->rename)
		return -EPERM;
	if (rn->flags & RENAME_WHITEOUT) {
		whiteout = make_whiteout(rn);
		if (IS_ERR(whiteout))
			return (int)PTR_ERR(whiteout);
	}
	lock_nodes(source, target);
	if (dentry_is_mountpoint(rn->old) || dentry_is_mountpoint(rn->new))
		r = -EBUSY;
	else
		r = odir->ops->rename(odir, rn->old, ndir, rn->new, rn->flags);
	if (!r && target && !(rn->flags & RENAME_EXCHANGE) && S_ISDIR(target->mode))
		target->state |= NODE_DEAD;
	if (!r) {
		if (rn->flags & RENAME_EXCHANGE)
			dentry_exchange(rn->old, rn->new);
		else
			dentry_move(rn->old, rn->new);
	}
	unlock_nodes(source, target);
	if (!r)
		tell_renamed(rn, source, target);
	if (!r && target && !(rn->flags & RENAME_EXCHANGE))
		dentry_unpin(rn->new);
	if (whiteout) {
		if (r)
			remove_whiteout(rn, whiteout);
		dentry_put(whiteout);
	}
	return r;
}

static dentry_t *lookup_name(walk_t *w)
{
	return walk_lookup_locked(w->path.dentry, w->last, w->last_len, w->last_hash);
}

static int rename_walked(rename_t *rn)
{
	dentry_t *a = rn->from.path.dentry, *b = rn->to.path.dentry;
	int r = 0;

	if (rn->from.path.mount != rn->to.path.mount)
		return -EXDEV;
	if (rn->from.last_type != LAST_NORM || rn->to.last_type != LAST_NORM)
		return (rn->flags & RENAME_NOREPLACE) && rn->from.last_type == LAST_NORM ? -EEXIST
											 : -EBUSY;
	if (!mount_writable(rn->from.path.mount))
		return -EROFS;
	rn->trap = lock_parents(a, b);
	rn->old = lookup_name(&rn->from);
	if (IS_ERR(rn->old)) {
		r = (int)PTR_ERR(rn->old);
		rn->old = NULL;
		goto out_unlock;
	}
	if (dentry_negative(rn->old)) {
		r = -ENOENT;
		goto out_unlock;
	}
	rn->new = lookup_name(&rn->to);
	if (IS_ERR(rn->new)) {
		r = (int)PTR_ERR(rn->new);
		rn->new = NULL;
		goto out_unlock;
	}
	r = rename_locked(rn);
out_unlock:
	unlock_parents(a, b);
	if (rn->old)
		dentry_put(rn->old);
	if (rn->new)
		dentry_put(rn->new);
	return r;
}

int vfs_rename_at(int odfd, const char *oname, int ndfd, const char *nname, u32 flags)
{
	rename_t rn = { .flags = flags };
	int r = check_flags(flags);

	if (r)
		return r;
	r = walk_to_parent(&rn.from, odfd, oname);
	if (r)
		return r;
	r = walk_to_parent(&rn.to, ndfd, nname);
	if (!r) {
		r = rename_walked(&rn);
		walk_end(&rn.to);
	}
	walk_end(&rn.from);
	return r;
}
