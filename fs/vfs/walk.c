/*
 * Path walking: from text to a place in the tree (path_resolution(7)).
 *
 * Concepts. A walk stands at a path and consumes components. One code serves two modes. Under RCU
 * it takes no lock and no
 * reference: it copies pointers and checks sequence counters (the dentry's at each step,
 * mount_lock's at crossings and at the end), and only the place where it ends is referenced, in
 * walk_settle. Whatever it cannot do that way (a counter changed, a file system must be asked, a
 * magic link) ends it with -ECHILD, and the whole walk is done again by references, where each step
 * holds what it stands on.
 *
 * Symbolic links are not recursion: a link's text becomes the text to walk, what was left is
 * stacked. A link entered as the very last component is stacked as `final`, with nothing left
 * behind it, so that "the last component" means that of the innermost text. At most WALK_LINKS
 * links are followed in one walk.
 *
 * Who looks up calls walk_parents and walk_last in turns until walk_last says 0; who makes or
 * removes names stops after walk_parents and works on (path, last).
 *
 * Locking. None of its own; see dcache.c and mount.c for what makes the reads safe.
 */
#include "vfs_internal.h"

#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>

int fs_protected_symlinks = 1;

void path_get(const path_t *p)
{
	mount_get(p->mount);
	dentry_get(p->dentry);
}

void path_put(path_t *p)
{
	if (p->dentry)
		dentry_put(p->dentry);
	if (p->mount)
		mount_put(p->mount);
	*p = (path_t){ 0 };
}

/* ---- standing somewhere ---- */

static bool same_path(const path_t *a, const path_t *b)
{
	return a->dentry == b->dentry && a->mount == b->mount;
}

/* By references: takes over `to`'s. */
static void move_to(walk_t *w, path_t to)
{
	path_t old = w->path;

	w->path = to;
	w->node = to.dentry->node;
	path_put(&old);
}

/* Under RCU. */
static void stand_rcu(walk_t *w, mount_t *mount, dentry_t *dentry)
{
	w->path = (path_t){ mount, dentry };
	w->seq = seqcount_read_begin(&dentry->seq);
	w->node = READ_ONCE(dentry->node);
}

static void find_root(walk_t *w)
{
	if (w->root_set)
		return;
	w->root_set = true;
	if (w->rcu) {
		fs_root_rcu(&w->root);
	} else {
		fs_get_root(&w->root);
		w->root_held = true;
	}
}

static int jump_to_root(walk_t *w)
{
	if (w->flags & LOOKUP_BENEATH)
		return -EXDEV;
	find_root(w);
	if (w->rcu) {
		stand_rcu(w, w->root.mount, w->root.dentry);
	} else {
		path_get(&w->root);
		move_to(w, w->root);
	}
	return 0;
}

static int start_at_fd(walk_t *w, int dfd, bool need_dir)
{
	fd_light_t f = fd_get_light_raw(dfd);

	if (!f.file)
		return -EBADF;
	if (need_dir && !S_ISDIR(f.file->node->mode)) {
		fd_put_light(f);
		return -ENOTDIR;
	}
	if (w->rcu) {
		stand_rcu(w, f.file->path.mount, f.file->path.dentry);
	} else {
		path_get(&f.file->path);
		move_to(w, f.file->path);
	}
	fd_put_light(f);
	return 0;
}

static int start(walk_t *w, int dfd, const char *name)
{
	int r = 0;

	if (!*name && !(w->flags & LOOKUP_EMPTY))
		return -ENOENT;
	if (*name == '/' && !(w->flags & LOOKUP_IN_ROOT))
		return jump_to_root(w);
	if (dfd != AT_FDCWD) {
		r = start_at_fd(w, dfd, *name);
	} else if (w->rcu) {
		path_t cwd;

		fs_cwd_rcu(&cwd);
		stand_rcu(w, cwd.mount, cwd.dentry);
	} else {
		path_t cwd;

		fs_get_cwd(&cwd);
		move_to(w, cwd);
	}
	if (!r && (w->flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT))) {
		w->root = w->path;
		w->root_set = true;
		if (!w->rcu) {
			path_get(&w->root);
			w->root_held = true;
		}
	}
	return r;
}

int walk_begin(walk_t *w, int dfd, const char *name, u32 flags, bool rcu)
{
	int r;

	w->path = (path_t){ 0 };
	w->node = NULL;
	w->rcu = rcu;
	w->root_held = w->root_set = false;
	w->negative = w->trailing = false;
	w->flags = flags;
	w->depth = w->followed = 0;
	w->rest = name;
	if (rcu) {
		rcu_read_lock();
		w->mount_seq = seqcount_read_begin(&mount_lock.seq);
	}
	r = start(w, dfd, name);
	if (r)
		walk_end(w);
	return r;
}

static void drop_links(walk_t *w)
{
	while (w->depth)
		path_put(&w->links[--w->depth].link);
}

void walk_end(walk_t *w)
{
	if (w->rcu) {
		rcu_read_unlock();
		w->rcu = false;
		return;
	}
	drop_links(w);
	path_put(&w->path);
	if (w->root_held)
		path_put(&w->root);
	w->root_held = false;
}

int walk_settle(walk_t *w)
{
	path_t got = { 0 };
	bool ok;

	if (!w->rcu)
		return 0;
	/* The name to be made stands in a link's text, which nothing holds. */
	ok = !((w->flags & LOOKUP_PARENT) && w->depth);
	if (ok && mount_get_unless_dead(w->path.mount))
		got.mount = w->path.mount;
	if (got.mount && dentry_get_unless_dead(w->path.dentry))
		got.dentry = w->path.dentry;
	ok = got.dentry && !seqcount_read_retry(&w->path.dentry->seq, w->seq) &&
	     !seqcount_read_retry(&mount_lock.seq, w->mount_seq);
	rcu_read_unlock();
	w->rcu = false;
	w->root_set = w->root_held = false;
	w->depth = 0;
	if (!ok) {
		path_put(&got);
		w->path = got;
		return -ECHILD;
	}
	return 0;
}

/* ---- steps ---- */

/* Is the place where the walk stands a directory that may be searched? */
static int may_search(walk_t *w)
{
	mode_t mode = READ_ONCE(w->node->mode);

	if (unlikely(!S_ISDIR(mode)))
		return -ENOTDIR;
	if (unlikely(w->node->ops->permission))
		return w->rcu ? -ECHILD : w->node->ops->permission(w->node, MAY_EXEC);
	if (likely((mode & 0111) == 0111))
		return 0;
	return node_mode_permission(w->node, MAY_EXEC, current_cred());
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
		stand_rcu(w, m, m->root);
	}
	return seqcount_read_retry(&mount_lock.seq, w->mount_seq) ? -ECHILD : 0;
}

static int cross_mounts(walk_t *w, path_t *p)
{
	while (unlikely(READ_ONCE(p->dentry->flags) & DENTRY_MOUNTED)) {
		mount_t *m = mount_find(p->mount, p->dentry);

		if (!m)
			break;
		path_put(p);
		dentry_get(m->root);
		*p = (path_t){ m, m->root };
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
	}
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
	move_to(w, to);
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

		r = jump_to_root(w);
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
	move_to(w, to);
	return 0;
}

/* ---- ".." ---- */

static int step_up_rcu(walk_t *w)
{
	find_root(w);
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
		stand_rcu(w, m, up);
	}
	return cross_mounts_rcu(w);
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
	find_root(w);
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
			move_to(w, at);
			break;
		}
		if (!mount_place(m, &at))
			break;
		move_to(w, at);
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
	move_to(w, at);
	return 0;
}

static int step(walk_t *w, const char *name, u32 len, u32 hash, last_type_t type, bool follow,
		bool final)
{
	if (likely(type == LAST_NORM))
		return step_name(w, name, len, hash, follow, final);
	if (type != LAST_DOTDOT)
		return 0;
	if (w->flags & LOOKUP_BENEATH) {
		find_root(w);
		if (same_path(&w->path, &w->root))
			return -EXDEV;
	}
	return step_up(w);
}

/* ---- the walk ---- */

static last_type_t component_type(const char *name, u32 len)
{
	if (likely(name[0] != '.') || len > 2)
		return LAST_NORM;
	if (len == 1)
		return LAST_DOT;
	return name[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

int walk_parents(walk_t *w)
{
	for (;;) {
		const char *name = w->rest, *end, *next;
		u32 hash = dentry_hash_start();
		last_type_t type;
		int r;

		while (*name == '/')
			name++;
		if (unlikely(!*name)) {
			if (w->depth && !w->links[w->depth - 1].final) {
				w->rest = w->links[--w->depth].rest;
				path_put(&w->links[w->depth].link);
				continue;
			}
			w->last = name;
			w->last_len = 0;
			w->last_type = LAST_ROOT;
			return 0;
		}
		r = may_search(w);
		if (unlikely(r))
			return r;
		for (end = name; *end && *end != '/'; end++)
			hash = dentry_hash_add(hash, (u8)*end);
		type = component_type(name, (u32)(end - name));
		for (next = end; *next == '/'; next++)
			;
		if (!*next && (!w->depth || w->links[w->depth - 1].final)) {
			w->rest = next;
			w->last = name;
			w->last_len = (u32)(end - name);
			w->last_hash = hash;
			w->last_type = type;
			w->trailing |= next != end;
			w->dir_uid = READ_ONCE(w->node->uid);
			w->dir_mode = READ_ONCE(w->node->mode);
			return 0;
		}
		w->rest = next;
		r = step(w, name, (u32)(end - name), hash, type, true, false);
		if (unlikely(r < 0)) {
			w->negative = false;
			return r;
		}
	}
}

int walk_last(walk_t *w)
{
	bool must_be_dir;
	int r = 0;

	w->negative = false;
	if (w->trailing) /* which then also holds for the links that this one leads to */
		w->flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
	must_be_dir = w->flags & LOOKUP_DIRECTORY;
	if (w->last_type != LAST_ROOT)
		r = step(w, w->last, w->last_len, w->last_hash, w->last_type,
			 w->flags & LOOKUP_FOLLOW, true);
	if (r)
		return r;
	if (must_be_dir && !S_ISDIR(READ_ONCE(w->node->mode)))
		return -ENOTDIR;
	return 0;
}

static int lookup_once(int dfd, const char *name, u32 flags, bool rcu, path_t *out)
{
	walk_t w;
	int r = walk_begin(&w, dfd, name, flags, rcu);

	if (r)
		return r;
	do {
		r = walk_parents(&w);
		if (!r)
			r = walk_last(&w);
	} while (r > 0);
	if (!r)
		r = walk_settle(&w);
	if (!r)
		walk_take_path(&w, out);
	walk_end(&w);
	return r;
}

int path_lookup(int dfd, const char *name, u32 flags, path_t *out)
{
	int r = lookup_once(dfd, name, flags, true, out);

	return likely(r != -ECHILD) ? r : lookup_once(dfd, name, flags, false, out);
}

/* ---- names from user memory ---- */

static kmem_cache_t *name_cache;

char *getname(const char __user *name, bool empty_ok)
{
	char *text;
	ssize_t len;

	text = kmem_cache_alloc(name_cache, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(text, name, PATH_MAX);
	if (len > 0 && len < PATH_MAX)
		return text;
	if (!len && empty_ok)
		return text;
	kmem_cache_free(name_cache, text);
	if (len < 0)
		return ERR_PTR(len);
	return ERR_PTR(len ? -ENAMETOOLONG : -ENOENT);
}

void putname(char *name)
{
	kmem_cache_free(name_cache, name);
}

int user_path_lookup(int dfd, const char __user *name, u32 flags, path_t *out)
{
	char *text = getname(name, flags & LOOKUP_EMPTY);
	int r;

	if (IS_ERR(text))
		return (int)PTR_ERR(text);
	r = path_lookup(dfd, text, flags, out);
	putname(text);
	return r;
}

void names_init(void)
{
	name_cache = kmem_cache_create("names", PATH_MAX, 0, 0, NULL);
}
