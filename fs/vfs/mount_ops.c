/*
 * mount(2), umount2(2), pivot_root(2): changes of the mount tree. mount.c has the theory.
 *
 * Propagation: every mount is private; the calls that change propagation are checked and accepted,
 * since with one namespace there is nobody to propagate to.
 */
#include "vfs_internal.h"

#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <uapi/mount.h>

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
#define SUPER_FLAGS (MS_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_LAZYTIME)
#define ATIME_FLAGS (MNT_NOATIME | MNT_NODIRATIME | MNT_RELATIME)

static bool is_attached(const mount_t *m)
{
	return m->ns && m->ns == current_mounts();
}

static u32 mount_flags_of(u64 flags)
{
	u32 m = 0;

	m |= flags & MS_NOSUID ? MNT_NOSUID : 0;
	m |= flags & MS_NODEV ? MNT_NODEV : 0;
	m |= flags & MS_NOEXEC ? MNT_NOEXEC : 0;
	m |= flags & MS_RDONLY ? MNT_READONLY : 0;
	m |= flags & MS_NOSYMFOLLOW ? MNT_NOSYMFOLLOW : 0;
	m |= flags & MS_NODIRATIME ? MNT_NODIRATIME : 0;
	if (flags & MS_NOATIME)
		m |= MNT_NOATIME;
	else if (!(flags & MS_STRICTATIME))
		m |= MNT_RELATIME;
	return m;
}

static void set_mount_flags(mount_t *m, u32 flags)
{
	seqlock_write_lock(&mount_lock);
	m->flags = flags | (m->flags & MNT_DETACHED);
	if (m->ns)
		mount_changed_locked(m->ns);
	seqlock_write_unlock(&mount_lock);
}

/* ---- new, bind, move, remount ---- */

static int mount_new(const char *source, const path_t *at, const char *type, u64 flags,
		     const char *options)
{
	const fs_operations_t *ops;
	super_block_t *sb;
	mount_t *m;
	int r;

	if (!type)
		return -EINVAL;
	ops = filesystem_find(type);
	if (!ops)
		return -ENODEV;
	sb = super_get(ops, source, (u32)flags & SUPER_FLAGS, options);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	m = mount_alloc(sb, sb->root, source, mount_flags_of(flags));
	super_put(sb); /* the mount holds it */
	if (!m)
		return -ENOMEM;
	mutex_lock(&mount_mutex);
	if (!is_attached(at->mount))
		r = -EINVAL;
	else if (at->mount->sb == sb && at->mount->root == at->dentry)
		r = -EBUSY; /* the same file system on itself */
	else
		r = mount_attach(m, at);
	mutex_unlock(&mount_mutex);
	if (r)
		mount_put(m);
	return r;
}

static mount_t *clone_mount(mount_t *of, dentry_t *root)
{
	return mount_alloc(of->sb, root, of->source, of->flags & ~MNT_DETACHED);
}

/* Frees a tree that was never visible. */
static void drop_tree(mount_t *top)
{
	list_t gone = LIST_INIT(gone);

	seqlock_write_lock(&mount_lock);
	mount_detach_locked(top, &gone);
	seqlock_write_unlock(&mount_lock);
	mount_put_list(&gone);
}

/* A copy of the tree of mounts that is seen from `from`; mount_mutex held. */
static mount_t *clone_tree(const path_t *from)
{
	mount_t *top = clone_mount(from->mount, from->dentry), *m, *copy, *to;

	if (!top)
		return ERR_PTR(-ENOMEM);
	for (m = mount_next(from->mount, from->mount); m; m = mount_next(m, from->mount)) {
		if (m->parent == from->mount && !dentry_is_below(m->mountpoint, from->dentry))
			continue;
		/*
		 * The copy of m's parent: the one that was made of the same root at the same depth.
		 */
		for (to = top; to; to = mount_next(to, top))
			if (to->cloned_from == m->parent)
				break;
		if (m->parent == from->mount)
			to = top;
		if (!to)
			continue; /* below something that is not seen */
		copy = clone_mount(m, m->root);
		if (!copy) {
			drop_tree(top);
			return ERR_PTR(-ENOMEM);
		}
		copy->cloned_from = m;
		seqlock_write_lock(&mount_lock);
		mount_attach_locked(copy, to, m->mountpoint);
		seqlock_write_unlock(&mount_lock);
	}
	for (m = top; m; m = mount_next(m, top))
		m->cloned_from = NULL;
	return top;
}

static int mount_bind(const char *source, const path_t *at, bool recursive)
{
	path_t from;
	mount_t *m;
	int r;

	if (!source || !*source)
		return -EINVAL;
	r = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);
	if (r)
		return r;
	mutex_lock(&mount_mutex);
	if (!is_attached(at->mount) || !is_attached(from.mount)) {
		r = -EINVAL;
		goto out_unlock;
	}
	m = recursive ? clone_tree(&from) : clone_mount(from.mount, from.dentry);
	if (IS_ERR_OR_NULL(m)) {
		r = -ENOMEM;
		goto out_unlock;
	}
	r = mount_attach(m, at);
	if (r)
		drop_tree(m);
out_unlock:
	mutex_unlock(&mount_mutex);
	path_put(&from);
	return r;
}

static bool mount_is_below(const mount_t *m, const mount_t *top)
{
	while (m != top && m->parent != m)
		m = m->parent;
	return m == top;
}

static int mount_move(const char *source, const path_t *at)
{
	dentry_t *was_at = NULL;
	path_t from;
	mount_t *m, *i, *old_parent;
	int r;

	if (!source || !*source)
		return -EINVAL;
	r = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &from);
	if (r)
		return r;
	mutex_lock(&mount_mutex);
	m = from.mount;
	r = -EINVAL;
	if (from.dentry != m->root || !is_attached(m) || m->parent == m ||
	    !is_attached(at->mount) || dentry_is_dir(from.dentry) != dentry_is_dir(at->dentry))
		goto out_unlock;
	r = -ELOOP;
	if (mount_is_below(at->mount, m))
		goto out_unlock;
	seqlock_write_lock(&mount_lock);
	old_parent = m->parent;
	was_at = mount_unhook_locked(m);
	seqlock_write_unlock(&mount_lock);
	r = mount_attach(m, at);
	if (r) {
		seqlock_write_lock(&mount_lock);
		mount_attach_locked(m, old_parent, was_at);
		for (i = m; i; i = mount_next(i, m))
			i->ns = old_parent->ns;
		seqlock_write_unlock(&mount_lock);
	}
out_unlock:
	mutex_unlock(&mount_mutex);
	if (was_at)
		mountpoint_put(was_at);
	path_put(&from);
	return r;
}

/* May the super block become read-only? Not while a file is open for writing. mount_mutex held. */
static bool super_has_writers(const super_block_t *sb)
{
	const mount_t *m;

	list_for_each_entry(m, &current_mounts()->mounts, ns_link)
		if (m->sb == sb && atomic_read(&m->writers))
			return true;
	return false;
}

static int mount_remount(const path_t *at, u64 flags, const char *options, bool bind_only)
{
	mount_t *m = at->mount;
	super_block_t *sb = m->sb;
	u32 next = mount_flags_of(flags), super = (u32)flags & SUPER_FLAGS;
	int r = 0;

	if (at->dentry != m->root)
		return -EINVAL;
	/* What is not said about access times stays as it is. */
	if (!(flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)))
		next = (next & ~ATIME_FLAGS) | (m->flags & ATIME_FLAGS);
	mutex_lock(&mount_mutex);
	if (!is_attached(m))
		r = -EINVAL;
	else if (bind_only)
		r = (next & MNT_READONLY) && atomic_read(&m->writers) ? -EBUSY : 0;
	else if ((super & MS_RDONLY) && !(sb->flags & MS_RDONLY) && super_has_writers(sb))
		r = -EBUSY;
	else if (sb->ops->remount)
		r = sb->ops->remount(sb, super, options);
	if (!r) {
		if (!bind_only)
			WRITE_ONCE(sb->flags, (sb->flags & ~SUPER_FLAGS) | super);
		set_mount_flags(m, next);
	}
	mutex_unlock(&mount_mutex);
	return r;
}

static int change_propagation(const path_t *at, u64 flags)
{
	u64 type = flags & PROPAGATION;

	if (at->dentry != at->mount->root || (flags & ~(u64)(MS_REC | MS_SILENT | PROPAGATION)) ||
	    (type & (type - 1)))
		return -EINVAL;
	return 0;
}

int vfs_mount_path(const char *source, const path_t *at, const char *type, u64 flags,
		   const char *options)
{
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(u64)MS_MGC_MSK;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & MS_REMOUNT)
		return mount_remount(at, flags, options, flags & MS_BIND);
	if (flags & MS_BIND)
		return mount_bind(source, at, flags & MS_REC);
	if (flags & PROPAGATION)
		return change_propagation(at, flags);
	if (flags & MS_MOVE)
		return mount_move(source, at);
	return mount_new(source, at, type, flags, options);
}

int vfs_mount(const char *source, const char *target, const char *fstype, int flags)
{
	path_t at;
	int r = path_lookup(AT_FDCWD, target, LOOKUP_FOLLOW, &at);

	if (r)
		return r;
	r = vfs_mount_path(source, &at, fstype, (u64)flags, NULL);
	path_put(&at);
	return r;
}

/* ---- umount ---- */

/* The process's own root cannot go: it becomes read-only instead. */
static int umount_root(mount_t *m)
{
	int r = 0;

	mutex_lock(&mount_mutex);
	if (!(m->sb->flags & MS_RDONLY)) {
		if (super_has_writers(m->sb))
			r = -EBUSY;
		else
			WRITE_ONCE(m->sb->flags, m->sb->flags | MS_RDONLY);
	}
	mutex_unlock(&mount_mutex);
	return r;
}

/* The tree's reference and the caller's. */
#define UNUSED_REFS 2

static int check_expire(mount_t *m, int flags, bool own_root)
{
	if (own_root || (flags & (MNT_FORCE | MNT_DETACH)))
		return -EINVAL;
	if (refcount_read(&m->refs) != UNUSED_REFS)
		return -EBUSY;
	if (!m->expiring) {
		m->expiring = true;
		return -EAGAIN;
	}
	return 0;
}

static int do_umount(const path_t *p, int flags)
{
	list_t gone = LIST_INIT(gone);
	mount_t *m = p->mount;
	bool own_root;
	path_t root;
	int r = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (p->dentry != m->root || !is_attached(m))
		return -EINVAL;
	fs_get_root(&root);
	own_root = root.mount == m;
	path_put(&root);
	if (flags & MNT_EXPIRE) {
		r = check_expire(m, flags, own_root);
		if (r)
			return r;
	}
	if (own_root && !(flags & MNT_DETACH))
		return umount_root(m);
	mutex_lock(&mount_mutex);
	seqlock_write_lock(&mount_lock);
	smp_mb(); /* a walk that took a reference and did not see the odd sequence is seen here */
	if (!is_attached(m) || m->parent == m)
		r = -EINVAL;
	else if (!(flags & MNT_DETACH) &&
		 (!list_empty(&m->children) || refcount_read(&m->refs) > UNUSED_REFS))
		r = -EBUSY;
	else
		mount_detach_locked(m, &gone);
	seqlock_write_unlock(&mount_lock);
	mutex_unlock(&mount_mutex);
	mount_put_list(&gone);
	return r;
}

int vfs_unmount_path(path_t *p, int flags)
{
	int r = do_umount(p, flags);

	dentry_put(p->dentry);
	mount_put_quietly(p->mount);
	*p = (path_t){ 0 };
	return r;
}

int vfs_unmount(const char *target, int flags)
{
	path_t p;
	int r = path_lookup(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &p);

	return r ? r : vfs_unmount_path(&p, flags);
}

/* ---- pivot_root ---- */

/* Is the place at or below `top`, seen through the mounts? mount_mutex held. */
static bool place_is_below(const path_t *place, const path_t *top)
{
	path_t p = *place;

	while (p.mount != top->mount) {
		if (p.mount->parent == p.mount)
			return false;
		p = (path_t){ p.mount->parent, p.mount->mountpoint };
	}
	return dentry_is_below(p.dentry, top->dentry);
}

static int check_pivot(const path_t *new_root, const path_t *put_old, const path_t *root)
{
	if (!is_attached(root->mount) || !is_attached(new_root->mount) ||
	    !is_attached(put_old->mount))
		return -EINVAL;
	if (dentry_unhashed(new_root->dentry) && new_root->dentry != new_root->dentry->sb->root)
		return -ENOENT;
	if (new_root->mount == root->mount || put_old->mount == root->mount)
		return -EBUSY;
	if (root->mount->root != root->dentry || root->mount->parent == root->mount ||
	    new_root->mount->root != new_root->dentry || new_root->mount->parent == new_root->mount)
		return -EINVAL;
	if (!place_is_below(put_old, new_root) || !place_is_below(new_root, root))
		return -EINVAL;
	return 0;
}

int vfs_pivot_root(const path_t *new_root, const path_t *put_old)
{
	dentry_t *root_at, *new_at;
	mount_t *root_parent;
	path_t root;
	int r;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	fs_get_root(&root);
	mutex_lock(&mount_mutex);
	r = check_pivot(new_root, put_old, &root);
	if (r)
		goto out_unlock;
	seqlock_write_lock(&mount_lock);
	root_parent = root.mount->parent;
	new_at = mount_unhook_locked(new_root->mount);
	root_at = mount_unhook_locked(root.mount);
	mount_attach_locked(root.mount, put_old->mount, put_old->dentry);
	mount_attach_locked(new_root->mount, root_parent, root_at);
	mount_changed_locked(root.mount->ns);
	seqlock_write_unlock(&mount_lock);
	mutex_unlock(&mount_mutex);
	mountpoint_put(new_at);
	mountpoint_put(root_at);
	fs_replace_roots(&root, new_root);
	path_put(&root);
	return 0;
out_unlock:
	mutex_unlock(&mount_mutex);
	path_put(&root);
	return r;
}
