/*
 * The steps of a path walk: from a directory to a name in it, through symbolic links and mounts,
 * and up. Each exists twice, under RCU and by references; see walk.c.
 */
#include "vfs_internal.h"

#include <kernel/lib/string.h>

int fs_protected_symlinks = 1;

static bool same_path(const path_t *a, const path_t *b)
{
	return a->dentry == b->dentry && a->mount == b->mount;
}

/* A dentry that its file system disowns is unhashed and looked up afresh. */
static bool still_valid(dentry_t *d)
{
	return likely(!(READ_ONCE(d->flags) & DENTRY_REVALIDATE)) || d->ops->revalidate(d);
}

/*
 * The dentry of a name whose directory is locked exclusively; made, and asked of the file system,
 * if need be.
 */
dentry_t *walk_lookup_locked(dentry_t *dir, const char *name, u32 len, u32 hash)
{
	dentry_t *d;
	int r = 0;

	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	d = dcache_find(dir, name, len, hash);
	if (d && still_valid(d))
		return d;
	if (d) {
		dentry_drop(d);
		dentry_put(d);
	}
	if (dir->node->state & NODE_DEAD)
		return ERR_PTR(-ENOENT);
	d = dentry_alloc_hashed(dir, name, len, hash);
	if (!d)
		return ERR_PTR(-ENOMEM);
	if (!super_in_memory(dir->node)) {
		r = dir->node->ops->lookup(dir->node, d);
		if (r) {
			dentry_put(d);
			return ERR_PTR(r);
		}
		dentry_hash(d);
	}
	return d;
}

dentry_t *dentry_lookup(dentry_t *dir, const char *name)
{
	u32 len = (u32)strlen(name);

	return walk_lookup_locked(dir, name, len, dentry_hash_name(name, len));
}

/* By references. NULL: there is no such name. */
static dentry_t *find_child(walk_t *w, const char *name, u32 len, u32 hash)
{
	dentry_t *dir = w->path.dentry, *d;

	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	for (;;) {
		u32 seq = seqcount_read_begin(&rename_lock.seq);

		d = dcache_find(dir, name, len, hash);
		if (d || !seqcount_read_retry(&rename_lock.seq, seq))
			break;
	}
	if (d && still_valid(d))
		return d;
	if (!d && super_in_memory(dir->node))
		return NULL;
	if (d)
		dentry_put(d);
	rwsem_write_lock(&dir->node->lock);
	d = walk_lookup_locked(dir, name, len, hash);
	rwsem_write_unlock(&dir->node->lock);
	return d;
}

static int cross_mounts_rcu(walk_t *w)
{
	while (unlikely(READ_ONCE(w->path.dentry->flags) & DENTRY_MOUNTED)) {
		mount_t *m = mount_find_rcu(w->path.mount, w->path.dentry);

		if (!m)
			break;
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		walk_stand_rcu(w, m, m->root);
	}
	return seqcount_read_retry(&mount_lock.seq, w->mount_seq) ? -ECHILD : 0;
}

static dentry_t *get_parent(dentry_t *d)
{
	for (;;) {
		dentry_t *p;
		bool got;

		rcu_read_lock();
		p = READ_ONCE(d->parent);
		got = dentry_get_unless_dead(p);
		rcu_read_unlock();
		if (got && READ_ONCE(d->parent) == p)
			return p;
		if (got)
			dentry_put(p);
	}
}

/* From a mountpoint to the root of what is mounted there; false: nothing is. */
static bool cross_mount(path_t *p)
{
	mount_t *m;

	if (likely(!(READ_ONCE(p->dentry->flags) & DENTRY_MOUNTED)))
		return false;
	m = mount_find(p->mount, p->dentry);
	if (!m)
		return false;
	path_put(p);
	dentry_get(m->root);
	*p = (path_t){ m, m->root };
	return true;
}

static int cross_mounts(walk_t *w, path_t *p)
{
	while (cross_mount(p))
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
	return 0;
}

/*
 * fs.protected_symlinks: in a sticky directory that all may write, only the owner's links are
 * followed.
 */
static int may_follow(const walk_t *w, const vfs_node_t *link)
{
	if (!fs_protected_symlinks || current_cred()->fsuid == link->uid)
		return 0;
	if ((w->dir_mode & (S_ISVTX | 0002)) != (S_ISVTX | 0002) || w->dir_uid == link->uid)
		return 0;
	return -EACCES;
}

/* Goes where a magic link points, without a text. */
static int jump(walk_t *w, path_t to)
{
	if (w->flags & (LOOKUP_NO_MAGIC | LOOKUP_BENEATH | LOOKUP_IN_ROOT)) {
		int r = w->flags & LOOKUP_NO_MAGIC ? -ELOOP : -EXDEV;

		path_put(&to);
		return r;
	}
	if ((w->flags & LOOKUP_NO_XDEV) && to.mount != w->path.mount) {
		path_put(&to);
		return -EXDEV;
	}
	walk_move_to(w, to);
	return 0;
}

/*
 * Enters the symbolic link; by references, takes over `link`'s. 1: its text is to be walked; 0:
 * jumped; errno.
 */
static int enter_link(walk_t *w, path_t link, vfs_node_t *node, bool final)
{
	const char *text = node->link;
	int r;

	if (w->followed++ >= WALK_LINKS || (w->flags & LOOKUP_NO_SYMLINKS) ||
	    (READ_ONCE(link.mount->flags) & MNT_NOSYMFOLLOW)) {
		r = -ELOOP;
		goto out_put;
	}
	r = final ? may_follow(w, node) : 0;
	if (r)
		goto out_put;
	if (!text && w->rcu)
		return -ECHILD;
	node_accessed(link.mount, node);
	if (!text) {
		path_t to = { 0 };

		if (unlikely(node->state & NODE_GUARDED_LINK) && !capable(CAP_CHECKPOINT_RESTORE) &&
		    !capable(CAP_SYS_ADMIN)) {
			r = -EPERM;
			goto out_put;
		}
		text = node->ops->get_link(node, &to);
		if (!text) {
			r = jump(w, to);
			goto out_put;
		}
		r = (int)PTR_ERR(text);
		if (IS_ERR(text))
			goto out_put;
	}
	w->links[w->depth++] = (walk_link_t){ .rest = w->rest,
					      .link = w->rcu ? (path_t){ 0 } : link,
					      .final = final };
	w->rest = text;
	w->trailing = false;
	if (*text == '/') {
		mount_t *from = w->path.mount;

		r = walk_jump_to_root(w);
		if (!r && (w->flags & LOOKUP_NO_XDEV) && w->path.mount != from)
			r = -EXDEV;
		return r ? r : 1;
	}
	return *text ? 1 : -ENOENT;
out_put:
	if (!w->rcu)
		path_put(&link);
	return r;
}

static int step_name_rcu(walk_t *w, const char *name, u32 len, u32 hash, bool follow, bool final)
{
	u32 rename_seq = seqcount_read_begin(&rename_lock.seq), seq;
	dentry_t *parent = w->path.dentry, *d;
	vfs_node_t *node;
	int r;

	d = dcache_find_rcu(parent, name, len, hash, &seq);
	if (unlikely(!d)) {
		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		if (!super_in_memory(w->node) ||
		    seqcount_read_retry(&rename_lock.seq, rename_seq) ||
		    seqcount_read_retry(&parent->seq, w->seq))
			return -ECHILD;
		w->negative = true;
		return -ENOENT;
	}
	node = READ_ONCE(d->node);
	if (seqcount_read_retry(&d->seq, seq) || seqcount_read_retry(&parent->seq, w->seq) ||
	    !still_valid(d))
		return -ECHILD;
	if (unlikely(!node)) {
		/*
		 * Another may be about to give it a node in a memory file system: only caches lie
		 * still.
		 */
		w->negative = true;
		return -ENOENT;
	}
	if (unlikely(S_ISLNK(node->mode)) && follow)
		return enter_link(w, (path_t){ w->path.mount, d }, node, final);
	w->path.dentry = d;
	w->seq = seq;
	w->node = node;
	r = 0;
	if (unlikely(READ_ONCE(d->flags) & DENTRY_MOUNTED))
		r = cross_mounts_rcu(w);
	return r;
}

static int step_name(walk_t *w, const char *name, u32 len, u32 hash, bool follow, bool final)
{
	path_t to;
	int r;

	if (w->rcu)
		return step_name_rcu(w, name, len, hash, follow, final);
	to.dentry = find_child(w, name, len, hash);
	if (IS_ERR(to.dentry))
		return (int)PTR_ERR(to.dentry);
	if (!to.dentry || dentry_negative(to.dentry)) {
		if (to.dentry)
			dentry_put(to.dentry);
		w->negative = true;
		return -ENOENT;
	}
	to.mount = w->path.mount;
	mount_get(to.mount);
	r = cross_mounts(w, &to);
	if (r) {
		path_put(&to);
		return r;
	}
	if (S_ISLNK(to.dentry->node->mode) && follow)
		return enter_link(w, to, to.dentry->node, final);
	walk_move_to(w, to);
	return 0;
}

/* ---- ".." ---- */

static int step_up_rcu(walk_t *w)
{
	walk_find_root(w);
	while (!same_path(&w->path, &w->root)) {
		dentry_t *d = w->path.dentry, *up;
		mount_t *m = w->path.mount;

		if (d != m->root) {
			u32 seq;

			if (m->root != m->sb->root)
				return -ECHILD; /* a bind mount: is it still below its root? */
			up = READ_ONCE(d->parent);
			seq = seqcount_read_begin(&up->seq);
			if (seqcount_read_retry(&d->seq, w->seq))
				return -ECHILD;
			w->path.dentry = up;
			w->seq = seq;
			w->node = READ_ONCE(up->node);
			break;
		}
		if (READ_ONCE(m->parent) == m)
			break;
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		up = READ_ONCE(m->mountpoint);
		m = READ_ONCE(m->parent);
		if (seqcount_read_retry(&mount_lock.seq, w->mount_seq))
			return -ECHILD;
		walk_stand_rcu(w, m, up);
	}
	return cross_mounts_rcu(w);
}

/* The place where m hangs, referenced; false at the top of a tree. */
static bool mount_place(mount_t *m, path_t *out)
{
	bool above;

	spin_lock(&mount_lock.lock);
	above = m->parent != m;
	if (above) {
		*out = (path_t){ m->parent, m->mountpoint };
		path_get(out);
	}
	spin_unlock(&mount_lock.lock);
	return above;
}

static int step_up(walk_t *w)
{
	path_t at;
	int r;

	if (w->rcu)
		return step_up_rcu(w);
	walk_find_root(w);
	while (!same_path(&w->path, &w->root)) {
		mount_t *m = w->path.mount;

		if (w->path.dentry != m->root) {
			at = (path_t){ m, get_parent(w->path.dentry) };
			mount_get(m);
			/* What was moved out of a bind mount's tree has no way up inside it. */
			if (m->root != m->sb->root && !dentry_is_below(at.dentry, m->root)) {
				path_put(&at);
				return -ENOENT;
			}
			walk_move_to(w, at);
			break;
		}
		if (!mount_place(m, &at))
			break;
		walk_move_to(w, at);
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
	}
	at = w->path;
	path_get(&at);
	r = cross_mounts(w, &at);
	if (r) {
		path_put(&at);
		return r;
	}
	walk_move_to(w, at);
	return 0;
}

/*
 * A scoped walk went up. Did the way to its root stand still? If not, it may be outside by now: openat2(2)'s
 * -EAGAIN, but by references it is worth another try first.
 */
static int still_scoped(const walk_t *w)
{
	if (!seqcount_read_retry(&mount_lock.seq, w->mount_seq) &&
	    !seqcount_read_retry(&rename_lock.seq, w->rename_seq))
		return 0;
	return w->rcu ? -ECHILD : -EAGAIN;
}

int walk_step(walk_t *w, const char *name, u32 len, u32 hash, last_type_t type, bool follow,
	      bool final)
{
	int r;

	if (likely(type == LAST_NORM))
		return step_name(w, name, len, hash, follow, final);
	if (type != LAST_DOTDOT)
		return 0;
	if (w->flags & LOOKUP_BENEATH) {
		walk_find_root(w);
		if (same_path(&w->path, &w->root))
			return -EXDEV;
	}
	r = step_up(w);
	return likely(!(w->flags & LOOKUP_SCOPED)) || r ? r : still_scoped(w);
}

int path_lookup_beside(const path_t *p, const char *name, path_t *out)
{
	dentry_t *dir = get_parent(p->dentry), *d;

	rwsem_write_lock(&dir->node->lock);
	d = dentry_lookup(dir, name);
	rwsem_write_unlock(&dir->node->lock);
	dentry_put(dir);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	if (dentry_negative(d)) {
		dentry_put(d);
		return -ENOENT;
	}
	mount_get(p->mount);
	*out = (path_t){ p->mount, d };
	while (cross_mount(out))
		;
	return 0;
}
