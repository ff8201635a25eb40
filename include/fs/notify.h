/*
 * Telling of what happens to files: inotify(7), and fcntl(2)'s F_NOTIFY.
 *
 * The VFS calls notify_* after an operation succeeded. Where nothing in the file system is watched
 * that is one test of a counter. Events are the IN_* bits of uapi/inotify.h. All may sleep; no
 * spinlock may be held, locks of nodes may.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include <fs/vfs.h>
#include <uapi/inotify.h>

/* Beside the IN_* bits: a rename within one directory. */
#define NOTIFY_RENAME 0x1000u

typedef struct notify_event {
	u32 mask;	  /* one event, and IN_ISDIR where it is about a directory */
	u32 cookie;	  /* joins the two halves of a rename; else 0 */
	const char *name; /* of the entry, for a mark on its directory; else NULL */
	bool unlinked;	  /* done through an open file whose name is gone */
} notify_event_t;

struct notify_mark;
typedef struct notify_ops {
	/*
	 * The node's marks are locked shared. True: the mark is done with and shall be taken off.
	 */
	bool (*event)(struct notify_mark *m, const notify_event_t *e);
	void (*detached)(struct notify_mark *m); /* no event comes any more; no locks held */
	void (*free)(struct notify_mark *m);	 /* last reference */
} notify_ops_t;

/* A watch on one node, part of its owner's object. (l) the node's list of marks, to write. */
typedef struct notify_mark {
	refcount_t refs;
	bool spent;		 /* atomic: `event` asked for its end */
	bool attached;		 /* (l) the list holds a reference */
	u32 mask;		 /* (l) IN_*, not 0: what it wants, and the owner's own bits */
	const notify_ops_t *ops; /* constant */
	vfs_node_t *node;	 /* constant; own reference */
	list_t link;		 /* (l) */
	list_t spent_link;	 /* of who first saw it spent */
} notify_mark_t;

/* The mark is on the node from now on. 0 (the list takes a reference of its own) or -ENOMEM. */
int notify_attach(notify_mark_t *m, vfs_node_t *node, u32 mask, const notify_ops_t *ops);
void notify_detach(notify_mark_t *m); /* idempotent; runs ops->detached if it was attached */
void notify_mark_get(notify_mark_t *m);
void notify_mark_put(notify_mark_t *m);
/* Sets (add: joins) the mask. -ENOENT: not attached any more. */
int notify_change_mask(notify_mark_t *m, u32 mask, bool add);
/* The first mark of these operations on the node that `is` says yes to: referenced, or NULL. */
notify_mark_t *notify_find(vfs_node_t *node, const notify_ops_t *ops,
			   bool (*is)(const notify_mark_t *m, const void *owner),
			   const void *owner);

/* What the inline forms below call once something in the file system is watched. */
void notify_name_slow(dentry_t *d, u32 mask, bool through_file);
void notify_node_slow(vfs_node_t *n, u32 mask);
void notify_entry_slow(vfs_node_t *dir, const char *name, u32 mask);
void notify_gone_slow(vfs_node_t *n);
void notify_super_ends(super_block_t *sb); /* its last mount went: all its marks go */

static inline bool notify_wanted(const super_block_t *sb)
{
	return unlikely(atomic_read(&sb->watched));
}

/* Something was done to the file that d names: tells its watchers and its directory's. */
static inline void notify_name(dentry_t *d, u32 mask)
{
	if (notify_wanted(d->sb))
		notify_name_slow(d, mask, false);
}

/* The same through an open file (reading, writing, opening, closing). */
static inline void notify_file(file_t *f, u32 mask)
{
	if (notify_wanted(f->node->sb))
		notify_name_slow(f->path.dentry, mask, true);
}

/* To the file itself, whatever its name: its number of links, its being moved. */
static inline void notify_node(vfs_node_t *n, u32 mask)
{
	if (notify_wanted(n->sb))
		notify_node_slow(n, mask);
}

/* The entry of dir, whose lock is held, was made or removed; mask says IN_ISDIR if it is one. */
static inline void notify_entry(vfs_node_t *dir, const char *name, u32 mask)
{
	if (notify_wanted(dir->sb))
		notify_entry_slow(dir, name, mask);
}

/* The last name of n is gone, and nobody has it open: ends its marks. */
static inline void notify_gone(vfs_node_t *n)
{
	if (notify_wanted(n->sb))
		notify_gone_slow(n);
}

/* A rename seen from its two directories and from the file; the names are as they were and are. */
typedef struct notify_move {
	vfs_node_t *from, *to, *node;
	const char *old_name, *new_name;
	vfs_node_t *replaced; /* lost that name; or NULL */
} notify_move_t;
void notify_moved(const notify_move_t *move);

/* fcntl(2)'s F_NOTIFY: DN_*; 0 ends what there was. 0, -ENOTDIR, -ENOMEM. */
int dnotify_set(int fd, file_t *f, u32 what);
void dnotify_flush(file_t *f, const files_t *table); /* a descriptor of f in it was closed */
void dnotify_init(void);			     /* boot, after procfs */

file_t *inotify_create(int flags); /* IN_*; ERR_PTR */
bool file_is_inotify(const file_t *f);
int inotify_add(file_t *f, const path_t *path, u32 mask); /* watch number, -EEXIST, -ENOSPC */
int inotify_remove(file_t *f, int wd);			  /* -EINVAL */
void inotify_init(void);				  /* boot, after procfs */

#endif
