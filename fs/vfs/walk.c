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

/* By references: takes over `to`'s. */
void walk_move_to(walk_t *w, path_t to)
{
	path_t old = w->path;

	w->path = to;
	w->node = to.dentry->node;
	path_put(&old);
}

/* Under RCU. */
void walk_stand_rcu(walk_t *w, mount_t *mount, dentry_t *dentry)
{
	w->path = (path_t){ mount, dentry };
	w->seq = seqcount_read_begin(&dentry->seq);
	w->node = READ_ONCE(dentry->node);
}

void walk_find_root(walk_t *w)
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

int walk_jump_to_root(walk_t *w)
{
	if (w->flags & LOOKUP_BENEATH)
		return -EXDEV;
	walk_find_root(w);
	if (w->rcu) {
		walk_stand_rcu(w, w->root.mount, w->root.dentry);
	} else {
		path_get(&w->root);
		walk_move_to(w, w->root);
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
		walk_stand_rcu(w, f.file->path.mount, f.file->path.dentry);
	} else {
		path_get(&f.file->path);
		walk_move_to(w, f.file->path);
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
		return walk_jump_to_root(w);
	if (dfd != AT_FDCWD) {
		r = start_at_fd(w, dfd, *name);
	} else if (w->rcu) {
		path_t cwd;

		fs_cwd_rcu(&cwd);
		walk_stand_rcu(w, cwd.mount, cwd.dentry);
	} else {
		path_t cwd;

		fs_get_cwd(&cwd);
		walk_move_to(w, cwd);
	}
	if (!r && (w->flags & LOOKUP_SCOPED)) {
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

	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	w->path = (path_t){ 0 };
	w->node = NULL;
	w->rcu = rcu;
	w->root_held = w->root_set = false;
	w->negative = w->trailing = false;
	w->flags = flags;
	w->depth = w->followed = 0;
	w->rest = name;
	if (rcu)
		rcu_read_lock();
	w->mount_seq = seqcount_read_begin(&mount_lock.seq);
	if (unlikely(flags & LOOKUP_SCOPED))
		w->rename_seq = seqcount_read_begin(&rename_lock.seq);
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

/* ---- the walk ---- */

static last_type_t component_type(const char *name, u32 len)
{
	if (likely(name[0] != '.') || len > 2)
		return LAST_NORM;
	if (len == 1)
		return LAST_DOT;
	return name[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

/* Nearly all characters of names are above the slash: one comparison. */
static __always_inline bool in_component(u8 c)
{
	return likely(c > '/') || (c && c != '/');
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
		for (end = name; in_component((u8)*end); end++)
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
		r = walk_step(w, name, (u32)(end - name), hash, type, true, false);
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
		r = walk_step(w, w->last, w->last_len, w->last_hash, w->last_type,
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
	if (!IS_ERR(name))
		kmem_cache_free(name_cache, name);
}

int user_path_lookup(int dfd, const char __user *name, u32 flags, path_t *out)
{
	char *text = getname(name, flags & LOOKUP_EMPTY);
	int r = path_lookup(dfd, text, flags, out);

	putname(text);
	return r;
}

__init void names_init(void)
{
	name_cache = kmem_cache_create("names", PATH_MAX, 0, 0, NULL);
}
