/*
 * Opening (open(2)): from a name or a place to a file.
 *
 * Order of the checks, which programs can see: the name is walked; O_EXCL; type against O_DIRECTORY
 * and O_CREAT; permission; read-only mounts and running programs; the file system's open; at last
 * O_TRUNC. Nothing is truncated by an open that fails. What this very open created needs no
 * permission: the mode limits later opens.
 */
#include "vfs_internal.h"

#include <fs/notify.h>
#include <ipc/pipe.h>
#include <uapi/mount.h>

int fs_protected_fifos, fs_protected_regular;

#define O_TMPFILE_ONLY (O_TMPFILE & ~O_DIRECTORY)
#define O_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)
/* Of the call itself, not of the file: never seen in F_GETFL. */
#define O_CALL_FLAGS (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

typedef struct open_args {
	int flags;
	mode_t mode;
	int access; /* MAY_* */
	u32 lookup; /* LOOKUP_* */
} open_args_t;

/* ---- what a node's type says about opening ---- */

static int no_device(vfs_node_t *node, file_t *f)
{
	return -ENXIO;
}

const file_operations_t special_operations = { .open = no_device };

void node_init_special(vfs_node_t *n, dev_t rdev)
{
	switch (n->mode & S_IFMT) {
	case S_IFCHR:
		n->fops = &chrdev_operations;
		n->rdev = rdev;
		break;
	case S_IFBLK:
		n->fops = &special_operations;
		n->rdev = rdev;
		break;
	case S_IFIFO:
		n->fops = &fifo_operations;
		break;
	default: /* sockets are reached by connect(2) */
		n->fops = &special_operations;
		break;
	}
}

static bool is_special(mode_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) || S_ISSOCK(mode);
}

static int may_open(const path_t *p, int access, int flags)
{
	vfs_node_t *n = p->dentry->node;
	int r;

	switch (n->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (access & MAY_WRITE)
			return -EISDIR;
		if (access & MAY_EXEC)
			return -EACCES;
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (p->mount->flags & MNT_NODEV)
			return -EACCES;
		/* fallthrough */
	case S_IFIFO:
	case S_IFSOCK:
		if (access & MAY_EXEC)
			return -EACCES;
		break;
	case S_IFREG:
		if ((access & MAY_EXEC) && (p->mount->flags & MNT_NOEXEC))
			return -EACCES;
		break;
	}
	r = node_permission(n, access);
	if (r)
		return r;
	if (node_flagged(n, FS_APPEND_FL) &&
	    ((flags & O_TRUNC) || ((flags & O_ACCMODE) != O_RDONLY && !(flags & O_APPEND))))
		return -EPERM;
	if ((flags & O_NOATIME) && !node_owner_or_capable(n))
		return -EPERM;
	return 0;
}

/* ---- files ---- */

static void give_methods(file_t *f)
{
	mode_t type = f->node->mode & S_IFMT;

	f->mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	if (type == S_IFREG || type == S_IFDIR)
		f->mode |= FMODE_ATOMIC_POS;
	if (f->node->fops)
		f->ops = f->node->fops;
}

int file_set_up(file_t *f, const cred_t *cred)
{
	static const file_operations_t no_operations;
	u32 access = (u32)(f->flags + 1) & O_ACCMODE;
	vfs_node_t *n = f->path.dentry->node;
	int r;

	f->node = n;
	f->ops = &no_operations;
	if (f->flags & O_PATH) {
		f->flags &= O_PATH_FLAGS & ~O_CLOEXEC;
		f->mode = FMODE_PATH;
		return 0;
	}
	f->mode |= access; /* FMODE_READ and FMODE_WRITE are its bits */
	if ((f->mode & FMODE_WRITE) && !is_special(n->mode)) {
		r = node_get_write(n);
		if (r)
			return r;
		f->mode |= FMODE_WRITER;
		atomic_inc(&f->path.mount->writers);
		if (!mount_writable(f->path.mount))
			return -EROFS;
	}
	if (S_ISREG(n->mode)) {
		if (access == FMODE_READ) {
			atomic_inc(&n->readers);
			f->mode |= FMODE_READER;
		}
		r = lease_break(n, (int)f->flags);
		if (r)
			return r;
	}
	give_methods(f);
	if (f->ops->open) {
		r = f->ops->open(n, f);
		if (r)
			return r;
	}
	f->mode |= FMODE_OPENED;
	if (!f->ops->llseek)
		f->mode &= ~FMODE_LSEEK;
	f->flags &= ~(u32)O_CALL_FLAGS;
	/* No file system here does input and output past the page cache. */
	if ((f->flags & O_DIRECT) && (S_ISREG(n->mode) || S_ISBLK(n->mode)))
		return -EINVAL;
	return 0;
}

static int truncate_opened(file_t *f)
{
	int r = truncate_node(f->node, 0, ATTR_MTIME_NOW | ATTR_KILL_PRIV);

	if (!r)
		notify_file(f, IN_MODIFY);
	return r;
}

/*
 * fs.protected_regular, fs.protected_fifos: O_CREAT on another's file in a sticky directory of all.
 */
static int may_create_over(const walk_t *w, const vfs_node_t *n)
{
	int level = S_ISREG(n->mode)	? fs_protected_regular
		    : S_ISFIFO(n->mode) ? fs_protected_fifos
					: 0;

	if (!level || !(w->dir_mode & S_ISVTX) || n->uid == w->dir_uid ||
	    current_cred()->fsuid == n->uid)
		return 0;
	if ((w->dir_mode & 0002) || (level > 1 && (w->dir_mode & 0020)))
		return -EACCES;
	return 0;
}

/* Opens f at the place, whose references it takes over if there is no error before. */
static int open_place(path_t *place, file_t *f, const open_args_t *a, int access, bool truncate)
{
	vfs_node_t *n = place->dentry->node;
	int r;

	if ((a->lookup & LOOKUP_DIRECTORY) && !S_ISDIR(n->mode))
		return -ENOTDIR;
	truncate = truncate && S_ISREG(n->mode);
	if (truncate && !mount_writable(place->mount))
		return -EROFS;
	if (!(a->flags & O_PATH) && access) {
		r = may_open(place, access, a->flags);
		if (r)
			return r;
	} else if (!(a->flags & O_PATH) && S_ISLNK(n->mode)) {
		return -ELOOP;
	}
	f->path = *place;
	*place = (path_t){ 0 };
	r = file_set_up(f, f->cred);
	if (!r && truncate) {
		/* Opened for reading only, it is not counted as a writer yet. */
		bool counted = f->mode & FMODE_WRITER;

		r = counted ? 0 : node_get_write(n);
		if (!r) {
			r = truncate_opened(f);
			if (!counted)
				node_put_write(n);
		}
	}
	return r;
}

/* The walk has settled where the file is: f gets the place, the checks are made, the file opens. */
static int open_found(walk_t *w, file_t *f, const open_args_t *a)
{
	vfs_node_t *n = w->node;
	bool truncate = a->flags & O_TRUNC;
	int access = a->access, r;

	if (f->mode & FMODE_CREATED) {
		access = 0;
		truncate = false;
	} else if (a->flags & O_CREAT) {
		if (a->flags & O_EXCL)
			return -EEXIST;
		if (S_ISDIR(n->mode))
			return -EISDIR;
		r = may_create_over(w, n);
		if (r)
			return r;
	}
	return open_place(&w->path, f, a, access, truncate);
}

/*
 * O_CREAT, and there seems to be no such name in the directory where the walk stands: 0 and the
 * walk stands on the new file; 1: another made the name meanwhile, look again; or errno.
 */
static int create_last(walk_t *w, file_t *f, const open_args_t *a)
{
	dentry_t *dir = w->path.dentry, *d;
	path_t made;
	int r;

	rwsem_write_lock(&dir->node->lock);
	d = walk_lookup_locked(dir, w->last, w->last_len, w->last_hash);
	if (IS_ERR(d)) {
		r = (int)PTR_ERR(d);
		goto out_unlock;
	}
	if (!dentry_negative(d)) {
		r = 1;
		goto out_put;
	}
	r = mount_writable(w->path.mount) ? may_create(dir->node) : -EROFS;
	if (!r)
		r = node_make_nondirectory(dir->node, d,
					   S_IFREG | mode_in(dir->node, a->mode & 07777), 0);
	if (r)
		goto out_put;
	notify_entry(dir->node, d->name, IN_CREATE);
	rwsem_write_unlock(&dir->node->lock);
	f->mode |= FMODE_CREATED;
	made = (path_t){ w->path.mount, d };
	mount_get(made.mount);
	path_put(&w->path);
	w->path = made;
	w->node = d->node;
	return 0;
out_put:
	dentry_put(d);
out_unlock:
	rwsem_write_unlock(&dir->node->lock);
	return r;
}

/* Walks to the file, which O_CREAT makes. The walk is settled. */
static int walk_to_file(walk_t *w, file_t *f, const open_args_t *a)
{
	int r;

	for (;;) {
		r = walk_parents(w);
		if (r)
			return r;
		if ((a->flags & O_CREAT) && w->last_type == LAST_NORM && w->trailing)
			return -EISDIR;
		do {
			r = walk_last(w);
			if (!r)
				return walk_settle(w);
			if (r > 0 || r != -ENOENT || !w->negative || !(a->flags & O_CREAT))
				break;
			/* The name may stand in a link's text: that is only held by references. */
			w->flags |= LOOKUP_PARENT;
			r = walk_settle(w);
			w->flags &= ~LOOKUP_PARENT;
			if (!r)
				r = create_last(w, f, a);
			if (r <= 0)
				return r;
		} while (true);
		if (r < 0)
			return r;
	}
}

static int open_once(int dfd, const char *name, const open_args_t *a, file_t *f, bool rcu)
{
	walk_t w;
	int r = walk_begin(&w, dfd, name, a->lookup, rcu);

	if (r)
		return r;
	r = walk_to_file(&w, f, a);
	if (!r)
		r = open_found(&w, f, a);
	walk_end(&w);
	return r;
}

static int open_tmpfile(int dfd, const char *name, const open_args_t *a, file_t *f)
{
	path_t dir;
	vfs_node_t *n;
	int r = path_lookup(dfd, name, a->lookup | LOOKUP_DIRECTORY, &dir);

	if (r)
		return r;
	n = dir.dentry->node;
	r = mount_writable(dir.mount) ? node_permission(n, MAY_WRITE | MAY_EXEC) : -EROFS;
	if (!r && !n->ops->tmpfile)
		r = -EOPNOTSUPP;
	if (!r) {
		/*
		 * The file system finds its directory in f->path and puts a nameless dentry of its
		 * own there.
		 */
		f->path = dir;
		mount_get(dir.mount);
		r = n->ops->tmpfile(n, f, S_IFREG | mode_in(n, a->mode & 07777));
		if (r)
			f->path.dentry = NULL;
	}
	if (!r) {
		f->mode |= FMODE_CREATED;
		if (!(a->flags & O_EXCL))
			f->path.dentry->node->state |= NODE_LINKABLE;
		r = file_set_up(f, f->cred);
	}
	path_put(&dir);
	return r;
}

static int check_flags(int flags, mode_t mode, open_args_t *a)
{
	static const u8 access_of[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
					MAY_READ | MAY_WRITE };

	flags &= flags & O_PATH ? O_PATH_FLAGS : O_KNOWN;
	a->mode = flags & (O_CREAT | O_TMPFILE_ONLY) ? mode : 0;
	a->access = (flags & O_PATH ? 0 : access_of[flags & O_ACCMODE]) | MAY_OPEN;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	if (flags & O_TMPFILE_ONLY) {
		if (!(flags & O_DIRECTORY) || !(a->access & MAY_WRITE))
			return -EINVAL;
	}
	if ((flags & O_SYNC) == (O_SYNC & ~O_DSYNC))
		flags |= O_DSYNC;
	if (flags & O_TRUNC)
		a->access |= MAY_WRITE;
	if (flags & O_APPEND)
		a->access |= MAY_APPEND;
	a->lookup = flags & O_DIRECTORY ? LOOKUP_DIRECTORY : 0;
	if ((flags & O_CREAT) && (flags & O_EXCL))
		a->lookup |= LOOKUP_CREATE;
	else if (!(flags & O_NOFOLLOW))
		a->lookup |= LOOKUP_FOLLOW;
	a->flags = flags;
	return 0;
}

/* A file that is not open yet. */
static file_t *file_alloc_flags(int flags)
{
	file_t *f = file_alloc();

	if (!IS_ERR(f))
		f->flags = (u32)flags;
	return f;
}

static file_t *open_at(int dfd, const char *name, const open_args_t *a)
{
	file_t *f = file_alloc_flags(a->flags);
	int r;

	if (IS_ERR(f))
		return f;
	if (a->flags & O_TMPFILE_ONLY) {
		r = open_tmpfile(dfd, name, a, f);
	} else {
		r = open_once(dfd, name, a, f, true);
		if (unlikely(r == -ECHILD))
			r = open_once(dfd, name, a, f, false);
	}
	if (likely(!r))
		return f;
	file_put_now(f);
	return ERR_PTR(r);
}

file_t *file_open_at(int dfd, const char *name, int flags, mode_t mode)
{
	open_args_t a;
	int r = check_flags(flags, mode, &a);

	return r ? ERR_PTR(r) : open_at(dfd, name, &a);
}

file_t *file_open_lookup(int dfd, const char *name, int flags, mode_t mode, u32 lookup)
{
	open_args_t a;
	int r = check_flags(flags, mode, &a);

	a.lookup |= lookup;
	return r ? ERR_PTR(r) : open_at(dfd, name, &a);
}

file_t *file_open_path(const path_t *path, int flags, const cred_t *cred)
{
	file_t *f = file_alloc_flags(flags);
	int r;

	if (IS_ERR(f))
		return f;
	cred_put(f->cred);
	f->cred = cred_get(cred);
	f->path = *path;
	path_get(&f->path);
	r = file_set_up(f, cred);
	if (!r)
		return f;
	file_put_now(f);
	return ERR_PTR(r);
}

file_t *file_open_place(const path_t *place, int flags)
{
	path_t p = *place;
	open_args_t a;
	file_t *f;
	int r = check_flags(flags, 0, &a);

	if (r)
		return ERR_PTR(r);
	a.flags &= ~(O_CREAT | O_EXCL);
	f = file_alloc_flags(a.flags);
	if (IS_ERR(f))
		return f;
	path_get(&p);
	r = open_place(&p, f, &a, a.access, a.flags & O_TRUNC);
	path_put(&p);
	if (!r)
		return f;
	file_put_now(f);
	return ERR_PTR(r);
}

file_t *file_open_exec(int dfd, const char *name, int flags)
{
	open_args_t a = { .flags = O_RDONLY | O_LARGEFILE, .access = MAY_EXEC | MAY_OPEN };
	file_t *f;
	int r;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return ERR_PTR(-EINVAL);
	if (!(flags & AT_SYMLINK_NOFOLLOW))
		a.lookup |= LOOKUP_FOLLOW;
	if (flags & AT_EMPTY_PATH)
		a.lookup |= LOOKUP_EMPTY;
	f = open_at(dfd, name, &a);
	if (IS_ERR(f))
		return f;
	r = S_ISREG(f->node->mode) ? node_deny_write(f->node) : -EACCES;
	if (r) {
		file_put_now(f);
		return ERR_PTR(r);
	}
	f->mode |= FMODE_EXEC;
	notify_file(f, IN_OPEN);
	return f;
}

file_descriptor_t *vfs_open(const char *path, int flags, mode_t mode)
{
	return file_open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
