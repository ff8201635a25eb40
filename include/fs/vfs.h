/*
 * The VFS: names (dentries), files' data (vfs_node_t, the inode), mounts, open files, descriptor
 * tables.
 *
 * Ownership: a path_t holds a reference on mount and dentry; a file holds its path and credentials;
 * a dentry holds its node; dentries and nodes live on in caches after the last reference. Lock
 * order: rename_lock (global sequence + per-super mutex) > node->lock of directories (ancestors
 * first) > node->lock of files > dentry->lock > caches' locks. node->lock is a rwsem: shared for
 * lookup and readdir, exclusive for changes.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include <kernel/cred.h>
#include <kernel/sync/seqlock.h>
#include <kernel/thread.h>
#include <mm/file_map.h>
#include <uapi/fcntl.h>
#include <uapi/fs.h>
#include <uapi/stat.h>

struct super_block;
struct vfs_node;
struct dentry;
struct file;
struct mount;
struct vm_area;
struct poll_table;
struct dir_context;
struct files;
struct seq_file;
struct vfs_attr;
struct vfs_stat;
struct vfs_statfs;
struct thread;
struct process;

#define NAME_MAX 255
#define PATH_MAX 4096

/* A reference-holding place in the tree. */
typedef struct path {
	struct mount *mount;
	struct dentry *dentry;
} path_t;
void path_get(const path_t *p);
void path_put(path_t *p);

/* File-type specific operations of an inode. NULL: the wrapper's answer stands behind. */
typedef struct node_operations {
	/* Fills dentry (dentry_attach) or leaves it negative. 0 or errno. NULL: memory file system, all
	 * that exists is in the dentry cache. */
	int (*lookup)(struct vfs_node *dir, struct dentry *dentry);
	int (*create)(struct vfs_node *dir, struct dentry *dentry, mode_t mode, dev_t rdev); /* any
								      non-directory; -EPERM */
	int (*mkdir)(struct vfs_node *dir, struct dentry *dentry, mode_t mode); /* -EPERM */
	int (*symlink)(struct vfs_node *dir, struct dentry *dentry,
		       const char *target); /* -EPERM */
	int (*link)(struct vfs_node *node, struct vfs_node *dir,
		    struct dentry *dentry);			    /* -EPERM */
	int (*unlink)(struct vfs_node *dir, struct dentry *dentry); /* -EPERM */
	int (*rmdir)(struct vfs_node *dir, struct dentry *dentry);  /* -EPERM */
	int (*rename)(struct vfs_node *odir, struct dentry *od, struct vfs_node *ndir,
		      struct dentry *nd, u32 flags); /* -EPERM */
	/* file->path.dentry is dir's; replaced by a new nameless one's reference. -EOPNOTSUPP */
	int (*tmpfile)(struct vfs_node *dir, struct file *file, mode_t mode);
	/* Target of a symbolic link whose node->link is NULL: text valid while the node is held, or ERR_PTR.
	 * May sleep. Magic links (/proc/PID/fd) fill *jump with a referenced place and return NULL.
	 * */
	const char *(*get_link)(struct vfs_node *node, path_t *jump);
	/* Makes a checked change with the node locked; NULL: node_store_attr alone. */
	int (*set_attr)(struct vfs_node *node, const struct vfs_attr *attr);
	int (*get_attr)(struct vfs_node *node,
			struct vfs_stat *st); /* corrects what node_fill_stat made */
	int (*permission)(struct vfs_node *node,
			  int mask); /* instead of node_mode_permission; may sleep */
	/* The same for a node with an access control list, or without one again. NULL: never has one. */
	const struct node_operations *twin;
} node_operations_t;

/* Change requested by chmod, chown, truncate, utimensat: fields named by `valid`. */
#define ATTR_MODE 1u
#define ATTR_UID 2u
#define ATTR_GID 4u
#define ATTR_SIZE 8u
#define ATTR_ATIME 16u
#define ATTR_MTIME 32u
#define ATTR_CTIME 64u
#define ATTR_ATIME_NOW 128u /* as ATTR_ATIME, with the current time */
#define ATTR_MTIME_NOW 256u
#define ATTR_KILL_PRIV 512u  /* set-id bits go, as after a write or a change of owner */
#define ATTR_TIMES_SET 1024u /* chosen times: needs ownership (implied by ATTR_ATIME, ATTR_MTIME) */
#define ATTR_TOUCH 2048u     /* utime(NULL): ownership or write permission */
typedef struct vfs_attr {
	u32 valid;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	off_t size;
	nsec_t atime, mtime, ctime;
} vfs_attr_t;

/* What stat, statx report. */
typedef struct vfs_stat {
	dev_t dev, rdev;
	ino_t ino;
	mode_t mode;
	u32 nlink;
	uid_t uid;
	gid_t gid;
	off_t size;
	u64 blocks; /* of 512 bytes */
	u32 block_size;
	nsec_t atime, mtime, ctime, btime;
	u64 attributes, attributes_mask; /* STATX_ATTR_* */
	u64 mount_id;
} vfs_stat_t;

typedef struct file_operations {
	off_t (*llseek)(struct file *f, off_t off, int whence);	       /* NULL: -ESPIPE */
	ssize_t (*read_iter)(struct file *f, iter_t *it, off_t *pos);  /* NULL: -EINVAL */
	ssize_t (*write_iter)(struct file *f, iter_t *it, off_t *pos); /* NULL: -EINVAL */
	int (*iterate)(struct file *f, struct dir_context *ctx);       /* NULL: -ENOTDIR */
	u32 (*poll)(struct file *f, struct poll_table *pt); /* NULL: always readable and writable */
	long (*ioctl)(struct file *f, u32 cmd, unsigned long arg); /* NULL: -ENOTTY */
	int (*mmap)(struct file *f, struct vm_area *vma);	   /* NULL: -ENODEV */
	int (*open)(struct vfs_node *node, struct file *f);	   /* NULL: fine */
	int (*flush)(struct file *f);	 /* each close(2) of a descriptor */
	void (*release)(struct file *f); /* last reference */
	int (*fsync)(struct file *f, off_t start, off_t end, bool data_only); /* NULL: -EINVAL */
	long (*fallocate)(struct file *f, int mode, off_t off, off_t len); /* NULL: -EOPNOTSUPP */
	int (*fasync)(struct file *f, bool on); /* O_ASYNC changed; NULL: never signals */
	void (*show_fdinfo)(struct file *f, struct seq_file *m);
	const char *kind; /* "pipe", "anon_inode:[eventfd]": readlink of /proc/PID/fd */
} file_operations_t;

/*
 * The inode. (l) node->lock exclusive to change; (a) atomic; (c) constant; (i) super's inode lock;
 */
typedef struct vfs_node {
	refcount_t refs;
	mode_t mode;		       /* (l) type bits constant */
	uid_t uid;		       /* (l) */
	gid_t gid;		       /* (l) */
	u32 nlink;		       /* (l) */
	dev_t rdev;		       /* (c) device files */
	ino_t ino;		       /* (c) */
	struct super_block *sb;	       /* (c) */
	const node_operations_t *ops;  /* (l) never NULL; becomes its twin and back */
	const file_operations_t *fops; /* (c) for open */
	rwsem_t lock;
	nsec_t atime, mtime, ctime, btime; /* (l), atime racily */
	u64 blocks;			   /* (l) 512-byte blocks in use */
	file_map_t map;			   /* page cache; size lives in map.size */
	struct file_map *data;		   /* usually &map */
	atomic_t writers;   /* open for writing; negative: being executed (ETXTBSY) */
	atomic_t readers;   /* regular files: open for reading only */
	u32 state;	    /* (l) NODE_* */
	u32 seals;	    /* (l) F_SEAL_* */
	u32 flags;	    /* (l) FS_*_FL, read racily: fs/vfs/flags.c */
	const char *link;   /* (c) symbolic link: target, freed with the node when NODE_OWNS_LINK */
	list_t sb_link;	    /* sb->node_lock */
	void *private_data; /* file system's */
	void *pipe;	    /* FIFO's pipe object: lock of ipc/pipe */
	struct file_locks *locks; /* record locks and flock: fs/vfs/locks.c */
	struct node_marks *marks; /* who watches it: fs/notify; set once, freed with the node */
	struct xattr *xattrs;	  /* (l) extended attributes, newest first: fs/vfs/xattr.c */
	struct acl *acl, *default_acl; /* (l) read under RCU: fs/vfs/acl.c */
	u32 watch_mask;		       /* marks' lock, read racily: what they want to hear of */
	u32 write_hint;		       /* RWH_*, atomic: how long its data lives */
	rcu_head_t rcu;
} vfs_node_t;
#define NODE_DEAD 1u	      /* removed directory: nothing can be made in it */
#define NODE_OWNS_LINK 2u     /* link was allocated */
#define NODE_LINKABLE 4u      /* O_TMPFILE without O_EXCL: may be given a name though nlink is 0 */
#define NODE_GUARDED_LINK 16u /* a link that only who has CAP_CHECKPOINT_RESTORE may follow */
#define NODE_PRIVATE_ATIME 8u /* no access times (pipes, anonymous files) */

/*
 * A name. Reference count and sequence counter; freed through RCU; negative when node is NULL.
 * refs 0: unused, kept in the cache; DENTRY_DEAD: being freed, cannot be referenced any more.
 */
typedef struct dentry {
	refcount_t refs;
	seqcount_t seq;	 /* changes with name, parent, node */
	spinlock_t lock; /* name, parent, node, flags */
	u32 flags;	 /* DENTRY_* */
	u32 hash;
	u32 name_len;
	const char *name;	/* NUL-terminated; inline_name or allocated (freed by RCU) */
	struct dentry *parent;	/* self at a root; own reference */
	vfs_node_t *node;	/* own reference */
	hlist_node_t hash_link; /* dcache bucket */
	list_t children;	/* lock; newest first: descending cookies */
	list_t sibling;		/* parent's lock */
	u64 cookie;		/* parent's lock: place in the parent's list */
	u64 last_cookie;	/* lock: the newest child's */
	list_t lru;		/* dcache lru_lock */
	struct super_block *sb;
	const struct dentry_operations *ops;
	void *fsdata;
	rcu_head_t rcu;
	char inline_name[40];
} dentry_t;
#define DENTRY_MOUNTED 1u  /* something is mounted here in some namespace */
#define DENTRY_UNHASHED 2u /* deleted */
#define DENTRY_PINNED 4u   /* memory file system: holds a reference while linked */
#define DENTRY_ON_LRU 8u
#define DENTRY_REVALIDATE 16u /* ops->revalidate is to be asked */

typedef struct dentry_operations {
	bool (*revalidate)(dentry_t *d);    /* procfs: is it still so; may not sleep */
	bool (*delete_unused)(dentry_t *d); /* true: do not cache */
	int (*show_name)(dentry_t *d, char *buf, size_t size); /* "pipe:[12]" */
} dentry_operations_t;

typedef struct fs_operations { /* API: one const record a file system type */
	const char *name;
	/* Builds sb->root. options is the mount data text. 0 or errno. */
	int (*fill_super)(struct super_block *sb, const char *source, const char *options);
	void (*kill_super)(struct super_block *sb); /* after the last mount went */
	int (*stat_super)(struct super_block *sb, struct vfs_statfs *out);
	int (*remount)(struct super_block *sb, u32 flags, const char *options);
	int (*show_options)(struct super_block *sb, struct seq_file *m);
	void (*evict_node)(vfs_node_t *node); /* last reference, nlink 0 or cache pressure */
	int (*write_node)(vfs_node_t *node);
	int (*sync)(struct super_block *sb);
	bool single; /* all mounts share one super block (proc, devtmpfs, sysfs) */
	bool needs_device;
	bool has_handles; /* its files can be found by number: name_to_handle_at(2) */
} fs_operations_t;

typedef struct super_block {
	refcount_t refs;
	const fs_operations_t *ops;
	const char *type; /* registered name */
	dentry_t *root;
	dev_t dev;	  /* anonymous device number, st_dev */
	u32 flags;	  /* MS_RDONLY ... */
	atomic_t watched; /* marks on its nodes: fs/notify */
	u32 block_size;
	u64 magic; /* statfs f_type */
	u64 max_bytes;
	u32 file_flags;	 /* FS_*_FL that its regular files and directories may have */
	bool has_xattrs; /* trusted.* and security.* attributes, kept with the node */
	spinlock_t node_lock;
	list_t nodes;	      /* node_lock */
	mutex_t rename_mutex; /* directory renames across parents */
	list_t all_link;      /* supers_lock */
	list_t type_link;     /* supers_lock */
	atomic64_t next_ino;
	atomic_t shrinking;	/* by the shrinker of dentries, which holds nothing else of it */
	struct mount *nameless; /* (a) of files without a name: made once */
	void *private_data;
} super_block_t;

typedef struct vfs_statfs {
	u64 type, block_size, blocks, free, available, files, files_free, fsid, name_max,
		fragment_size, flags;
} vfs_statfs_t;

/* An open file ("file description"). */
typedef struct file {
	refcount_t refs; /* found by descriptor under RCU */
	u32 mode;	 /* FMODE_*; (c) */
	u32 flags;	 /* O_*; lock for F_SETFL, read racily */
	const file_operations_t *ops;
	path_t path;
	vfs_node_t *node; /* of path.dentry; own by path */
	mutex_t pos_lock; /* pos, when shared (FMODE_ATOMIC_POS) */
	off_t pos;
	cred_t *cred; /* opener's */
	void *private_data;
	spinlock_t lock;	     /* taken with interrupts off: drivers signal owners */
	spinlock_t watches_lock;     /* may be held for long, and with interrupts on */
	struct pid *owner;	     /* lock: F_SETOWN, own reference */
	int owner_type;		     /* lock: F_OWNER_* */
	int owner_signal;	     /* lock: F_SETSIG; 0 is SIGIO */
	int async_fd;		     /* lock: the number by which O_ASYNC was switched on */
	uid_t owner_uid, owner_euid; /* lock: of who set it: may they signal it? */
	u64 readahead_pos;
	void *poll_private;
	hlist_head_t watches; /* watches_lock: the epoll items that watch it */
	union {
		rcu_head_t rcu;
		thread_work_t work; /* the last put, left to the thread's own time */
	};
} file_t;
typedef file_t file_descriptor_t; /* API's name */

#define FMODE_READ 1u
#define FMODE_WRITE 2u
#define FMODE_EXEC 4u
#define FMODE_LSEEK 8u
#define FMODE_PREAD 16u
#define FMODE_PWRITE 32u
#define FMODE_ATOMIC_POS 64u /* regular files and directories: position under pos_lock */
#define FMODE_PATH 128u	     /* O_PATH */
#define FMODE_STREAM 256u    /* no position at all */
#define FMODE_WRITER 512u    /* counted in node->writers */
#define FMODE_NOWAIT 1024u
#define FMODE_CREATED 2048u /* by this very open */
#define FMODE_OPENED 4096u  /* ops->open succeeded: ops->release is owed */
#define FMODE_READER 16384u /* counted in node->readers */
#define FMODE_ANON 8192u    /* made by file_create_anon: path names are ops->kind's */
/* For ops->open of what has no places: pipes, terminals. */
static inline void file_make_stream(file_t *f)
{
	f->mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE | FMODE_ATOMIC_POS);
	f->mode |= FMODE_STREAM;
}

typedef struct mount {
	refcount_t refs;
	super_block_t *sb;
	dentry_t *root;	      /* of the mounted tree */
	struct mount *parent; /* mount_lock; self at the namespace's root */
	dentry_t *mountpoint; /* mount_lock */
	u32 flags;	      /* MNT_* */
	int id;
	list_t children, child_link, ns_link; /* mount_lock */
	hlist_node_t hash;	    /* by (parent, mountpoint): mount_lock, readable under seq */
	struct mount_namespace *ns; /* mount_lock; NULL once detached */
	atomic_t writers;	    /* files open for writing through it */
	struct mount *cloned_from;  /* mount_mutex: while a tree is being copied */
	bool expiring;		    /* racy: umount2(MNT_EXPIRE) found it unused once */
	char *source;
	rcu_head_t rcu;
} mount_t;
#define MNT_NOSUID 1u
#define MNT_NODEV 2u
#define MNT_NOEXEC 4u
#define MNT_READONLY 8u
#define MNT_NOATIME 16u
#define MNT_NODIRATIME 32u
#define MNT_RELATIME 64u
#define MNT_DETACHED 128u
#define MNT_NOSYMFOLLOW 256u

/* ---- API document ---- */
file_descriptor_t *vfs_open(const char *path, int flags,
			    mode_t mode); /* or ERR_PTR; cwd of current */
ssize_t vfs_read(file_descriptor_t *fd, void *buf,
		 size_t count); /* kernel buffer, at the position */
ssize_t vfs_write(file_descriptor_t *fd, const void *buf, size_t count);
off_t vfs_seek(file_descriptor_t *fd, off_t offset, int whence);
int vfs_close(file_descriptor_t *fd);
vfs_node_t *vfs_lookup(const char *path); /* referenced, or ERR_PTR */
int vfs_mkdir(const char *path, mode_t mode);
int vfs_rmdir(const char *path);
struct dirent;
int vfs_readdir(file_descriptor_t *fd, struct dirent *dirp, size_t count);
int vfs_mount(const char *source, const char *target, const char *fstype, int flags);
int vfs_unmount(const char *target, int flags);
super_block_t *register_filesystem(const char *name,
				   const fs_operations_t *ops); /* NULL, or ERR_PTR */
int unregister_filesystem(const char *name);
super_block_t *mount_filesystem(const char *device, const char *fstype);
vfs_node_t *alloc_inode(super_block_t *sb); /* referenced, numbered; NULL when out of memory */
void free_inode(vfs_node_t *inode);
int write_inode(vfs_node_t *inode);
int sync_filesystem(super_block_t *sb);

/* ---- richer primitives ---- */
void vfs_init(void); /* caches, root tmpfs mounted as the initial namespace's "/" */

/*
 * Path walk (fs/vfs/walk.c). start: NULL = current's root/cwd; dfd resolved by the caller of *_at.
 */
#define LOOKUP_FOLLOW 1u
#define LOOKUP_DIRECTORY 2u
#define LOOKUP_PARENT 4u
#define LOOKUP_EMPTY 8u
#define LOOKUP_CREATE 16u
#define LOOKUP_NO_SYMLINKS 32u
#define LOOKUP_NO_XDEV 64u
#define LOOKUP_BENEATH 128u
#define LOOKUP_IN_ROOT 256u
#define LOOKUP_NO_MAGIC 512u
int path_lookup(int dfd, const char *name, u32 flags, path_t *out);
/* What the name in p's own directory leads to, and what is mounted there: 0, -ENOENT, errno. */
int path_lookup_beside(const path_t *p, const char *name, path_t *out);
/*
 * From user memory: copies the name (-EFAULT, -ENAMETOOLONG, -ENOENT when empty without
 * LOOKUP_EMPTY).
 */
int user_path_lookup(int dfd, const char __user *name, u32 flags, path_t *out);
char *getname(const char __user *name, bool empty_ok); /* or ERR_PTR; putname frees */
void putname(char *name);
int node_permission(vfs_node_t *node, int mask); /* MAY_*, credentials of current (fsuid) */
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
#define MAY_APPEND 8
#define MAY_OPEN 16
#define MAY_CHDIR 32
int node_mode_permission(const vfs_node_t *node, int mask,
			 const cred_t *cred); /* mode bits and capabilities */
/* Has it one of these flags of ioctl_iflags(2): FS_IMMUTABLE_FL, FS_APPEND_FL? */
static inline bool node_flagged(const vfs_node_t *node, u32 flags)
{
	return unlikely(READ_ONCE(node->flags) & flags);
}
/* FS_IOC_GETFLAGS and its kin; -ENOTTY where files have no flags. */
long file_flags_ioctl(file_t *f, u32 cmd, unsigned long arg);
/* Before anybody sees the node, made in dir. */
void node_inherit_flags(vfs_node_t *n, const vfs_node_t *dir);
bool node_owner_or_capable(const vfs_node_t *node); /* fsuid owns it, or CAP_FOWNER */
#define O_KNOWN                                                                                    \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |      \
	 O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC |     \
	 O_PATH | O_TMPFILE)
file_t *file_open_at(int dfd, const char *name, int flags, mode_t mode); /* openat's body */
file_t *file_open_lookup(int dfd, const char *name, int flags, mode_t mode,
			 u32 lookup); /* and LOOKUP_* */
file_t *file_open_path(const path_t *path, int flags, const cred_t *cred);
file_t *file_open_exec(int dfd, const char *name,
		       int flags); /* denies writers; see file_allow_write */
void file_allow_write(file_t *f);
/* A file without a name (pipes, eventfd ...): node from the anonymous super block. */
file_t *file_create_anon(const char *name, const file_operations_t *ops, void *private_data,
			 u32 flags);
/*
 * A file on a node that has no name in any tree; ops show the name. Takes its own references; the
 * node's file system need not be mounted.
 */
file_t *file_create_nameless(vfs_node_t *node, const char *name, const dentry_operations_t *ops,
			     u32 flags);
/* Two files on one FIFO node: [0] reads, [1] writes; flags: O_NONBLOCK, O_DIRECT. 0 or errno. */
int file_create_pipe_pair(const file_operations_t *ops, void *private_data, u32 flags,
			  file_t *ends[2]);
/* An open socket "socket:[N]"; flags: O_NONBLOCK. ERR_PTR. */
file_t *file_create_socket(const file_operations_t *ops, void *private_data, u32 flags);
file_t *file_alloc(void);
void file_get(file_t *f);
void file_put(file_t *f);     /* last one: release runs in the thread's own time; any context */
void file_put_now(file_t *f); /* last one: release runs here; no locks held, may sleep */
u32 file_poll(file_t *f, struct poll_table *pt); /* POLL* mask; pt may be NULL: no waiting */
u32 always_poll(file_t *f,
		struct poll_table *pt); /* ready for all, and may be watched by epoll(7) */
ssize_t file_read_iter(file_t *f, iter_t *it, off_t *pos); /* checks mode; pos NULL: file's own */
ssize_t file_write_iter(file_t *f, iter_t *it, off_t *pos);
/* IO_* for the RWF_* of preadv2(2) and io_submit(2); -EOPNOTSUPP: one that is not known. */
int file_io_flags(int rwf, bool reading);
/*
 * Data as pages (fs/vfs/pages.c). file_read_pages gives what a read of len bytes at *pos would, at
 * most *n pages: those of the page cache themselves, others freshly filled; each referenced, to be
 * put. Bytes (0 at the end; *n pages were used) or errno. -EINVAL for files that hold no data
 * stream (eventfd and its like), and where file_can_splice says no.
 */
ssize_t file_read_pages(file_t *f, off_t *pos, page_vec_t *vec, u32 *n, size_t len);
bool file_can_splice(const file_t *f);
/*
 * Copies up to len bytes; positions advance by what was written; out_pos NULL: the file's own.
 */
ssize_t file_copy(file_t *in, off_t *in_pos, file_t *out, off_t *out_pos, size_t len);
ssize_t kernel_read(file_t *f, void *buf, size_t len, off_t *pos); /* explicit position */
int path_name(const path_t *p, char *buf, size_t size,
	      char **out); /* d_path; " (deleted)" as Linux */
/* The working directory for getcwd(2): outside of the root it is marked; -ENOENT when removed. */
int cwd_name(char *buf, size_t size, char **out);
int path_name_root(const path_t *p, const path_t *root, char *buf, size_t size, char **out);
int vfs_getattr(const path_t *p, vfs_stat_t *st);
int vfs_setattr(const path_t *p, const vfs_attr_t *attr);
int vfs_truncate(const path_t *p, off_t size);
int vfs_mknod_at(int dfd, const char *name, mode_t mode, dev_t dev);
/* *made (unless NULL): the new name's place, referenced. */
int vfs_mknod_path(int dfd, const char *name, mode_t mode, dev_t dev, path_t *made);
int vfs_symlink_at(const char *target, int dfd, const char *name);
int vfs_link_at(int odfd, const char *oname, int ndfd, const char *nname, int flags);
int vfs_mkdir_at(int dfd, const char *name, mode_t mode);
int vfs_unlink_at(int dfd, const char *name, int flags); /* AT_REMOVEDIR: rmdir */
/* In a directory that the kernel itself knows: a file's name goes. As unlink(2). */
int vfs_unlink_child(dentry_t *dir, const char *name);
/* The same for a character device that the kernel made, whoever asks; -EEXIST: it is something else by now. */
int vfs_remove_device(dentry_t *dir, const char *name);
int vfs_rename_at(int odfd, const char *oname, int ndfd, const char *nname, u32 flags);
int vfs_readlink(const path_t *p, char *buf,
		 size_t size); /* length, not terminated; -EINVAL: no link */
int vfs_statfs(const path_t *p, vfs_statfs_t *out);
void dentry_attach(dentry_t *d, vfs_node_t *node); /* negative to positive; consumes node's ref */
void dentry_attach_nameless(dentry_t *d,
			    vfs_node_t *node); /* without being found by name: O_TMPFILE */
/*
 * For a file system that makes its own nodes: the dentry, referenced, of a name in dir, whose node the
 * caller holds locked exclusively; negative if there is no such file. -ENOENT (dir is gone), -ENOMEM.
 */
dentry_t *dentry_lookup(dentry_t *dir, const char *name);
void dentry_drop(dentry_t *d); /* unhash */
dentry_t *dentry_alloc(dentry_t *parent, const char *name, u32 len);
dentry_t *dentry_make_root(vfs_node_t *node);
void dentry_put(dentry_t *d);
void dentry_get(dentry_t *d);
void node_put(vfs_node_t *n);
void node_get(vfs_node_t *n);
void node_touch(vfs_node_t *n, u32 which); /* ATTR_*TIME to now */
void node_fill_stat(const vfs_node_t *n, vfs_stat_t *st);
void node_store_attr(vfs_node_t *n, const vfs_attr_t *attr); /* all but the size; node locked */
/* Owner, group (set-group-id directories) and mode of something new in dir, after alloc_inode. */
void node_init_owner(vfs_node_t *n, const vfs_node_t *dir, mode_t mode);
void node_init_special(vfs_node_t *n,
		       dev_t rdev); /* fops of device, FIFO and socket nodes by mode */
void file_accessed(file_t *f);	    /* access time, by the mount's rules */
/* A regular file over its page cache: the parts of file_operations_t that file systems share. */
ssize_t generic_read_iter(file_t *f, iter_t *it, off_t *pos);
ssize_t generic_write_iter(file_t *f, iter_t *it, off_t *pos);
off_t generic_llseek(file_t *f, off_t off,
		     int whence); /* with SEEK_DATA and SEEK_HOLE of the cache */
off_t endless_llseek(file_t *f, off_t off, int whence); /* what has no size: SEEK_SET, SEEK_CUR */
off_t noop_llseek(file_t *f, off_t off, int whence);	/* position kept, nothing meant by it */
ssize_t directory_read_iter(file_t *f, iter_t *it, off_t *pos); /* -EISDIR */
int generic_fsync(file_t *f, off_t start, off_t end, bool data_only);
int noop_fsync(file_t *f, off_t start, off_t end, bool data_only);
/* May the file grow to `end`? 0, or -EFBIG (and SIGXFSZ for RLIMIT_FSIZE). */
int node_new_size_ok(const vfs_node_t *n, off_t end);

/* In-memory directories shared by tmpfs, devtmpfs, procfs, sysfs (fs/vfs/memdir.c). */
extern const file_operations_t memory_dir_operations;
bool memory_dir_empty(dentry_t *dir); /* directory's node locked */

/*
 * readdir: emit returns false when the buffer is full; its pos is where reading goes on after this
 * entry (d_off).
 */
typedef struct dir_context {
	bool (*emit)(struct dir_context *ctx, const char *name, u32 len, u64 pos, ino_t ino,
		     u32 type);
	off_t pos;
} dir_context_t;
/* "." and ".." at positions 0 and 1; true to go on with position 2. */
bool dir_emit_dots(file_t *f, dir_context_t *ctx);
int file_iterate(file_t *f, dir_context_t *ctx); /* with the directory locked shared */
u32 mode_to_dirent_type(mode_t mode);		 /* DT_* */

/* Descriptor tables (fs/vfs/fdtable.c): grown by doubling under files->lock, read under RCU. */
typedef struct files files_t;
files_t *files_create(void);
files_t *files_copy(files_t *from); /* fork: or NULL */
void files_get(files_t *f);
/*
 * The last closes all files: before the running thread returns to its program, so that any lock may
 * be held; or at once, where none is.
 */
void files_put(files_t *f);
void files_put_now(files_t *f);
void files_close_on_exec(files_t *f);
files_t *files_unshare_if_needed(struct thread *t); /* exec */
file_t *fd_get(int fd);	    /* of current: referenced, or NULL (also for O_PATH files) */
file_t *fd_get_raw(int fd); /* O_PATH too */
/* Asked under the table's lock: what was done before is seen by a close that comes after a true. */
bool fd_refers_to(int fd, const file_t *file);
/* Without a reference when the table is not shared; pair with fd_put_light. */
#define FD_LIGHT_PUT 1UL	/* there is a reference */
#define FD_LIGHT_UNLOCK_POS 2UL /* the position is locked */
typedef struct fd_light {
	file_t *file;
	unsigned long flags; /* FD_LIGHT_* */
} fd_light_t;
fd_light_t fd_get_light(int fd);
fd_light_t fd_get_light_raw(int fd); /* O_PATH too */
fd_light_t fd_get_pos(int fd);	     /* and the position lock where needed */
void fd_put_light_slow(fd_light_t f);
static inline void fd_put_light(fd_light_t f)
{
	if (unlikely(f.flags))
		fd_put_light_slow(f);
}
int fd_reserve(int min, bool cloexec); /* a free number below RLIMIT_NOFILE, or -EMFILE */
void fd_install(int fd, file_t *f);    /* consumes the reference */
void fd_unreserve(int fd);
/* A number for a new file, whose reference is consumed; f may be an ERR_PTR, which is returned. */
int fd_give(file_t *f, bool cloexec);
int fd_close(int fd);
int fd_dup(file_t *f, int min, bool cloexec);
/*
 * For /proc/PID/fd: the file of another thread's table, referenced; *fd is moved to the next used
 * one.
 */
file_t *files_next(files_t *files, int *fd, bool *cloexec);
u32 files_size(files_t *f);		     /* numbers the table has room for now */
files_t *thread_files_get(struct thread *t); /* own reference, or NULL */

void fd_set_cloexec(int fd, bool on);
bool fd_get_cloexec(int fd);
int files_dup_to(file_t *f, int fd, bool cloexec); /* dup3: consumes f; fd or negative errno */
int files_close_range(u32 first, u32 last, u32 flags);
extern u64 fs_file_max, fs_nr_open; /* sysctl fs.file-max, fs.nr_open */
u64 files_open_count(void);	    /* files in the system: fs.file-nr */

/* Root, working directory, umask of a thread group of sharers. */
typedef struct fs_context {
	refcount_t refs;
	spinlock_t lock;
	seqcount_t seq;
	path_t root, cwd; /* lock */
	mode_t umask;	  /* racy: one word */
	list_t all_link;  /* fs/vfs/fscontext.c */
} fs_context_t;
fs_context_t *fs_context_copy(fs_context_t *from); /* NULL when out of memory */
void fs_context_get(fs_context_t *f);
void fs_context_put(fs_context_t *f);
mode_t current_umask(void);
void fs_get_root(path_t *out);
void fs_get_cwd(path_t *out);
int fs_set_root(const path_t *p);
int fs_set_cwd(const path_t *p);
fs_context_t *thread_fs_get(struct thread *t); /* own reference, or NULL */

/*
 * Devices: character device table (fs/vfs/chrdev.c); driver interface in include/drivers/device.h.
 */
static inline dev_t makedev(u32 major, u32 minor)
{
	return (minor & 0xff) | ((dev_t)(major & 0xfff) << 8) | ((dev_t)(minor & ~0xffu) << 12) |
	       ((dev_t)(major & ~0xfffu) << 32);
}
static inline u32 dev_major(dev_t d)
{
	return ((d >> 8) & 0xfff) | ((d >> 32) & ~0xfffu);
}
static inline u32 dev_minor(dev_t d)
{
	return (d & 0xff) | ((d >> 12) & ~0xffu);
}
/* Mounts (fs/vfs/mount_ops.c): mount(2) and its kin on looked-up places; flags are MS_*. */
int vfs_mount_path(const char *source, const path_t *target, const char *type, u64 flags,
		   const char *options);
int vfs_unmount_path(path_t *p, int flags); /* consumes p */
int vfs_pivot_root(const path_t *new_root, const path_t *put_old);
typedef enum mount_list_kind {
	MOUNT_LIST_MOUNTS,
	MOUNT_LIST_INFO,
	MOUNT_LIST_STATS
} mount_list_kind_t;
/* /proc/PID/mounts, mountinfo, mountstats of the running thread's namespace and root. */
int mount_show(struct seq_file *m, mount_list_kind_t kind);
/* For poll(2) of such a file: begun at its open (it uses f->poll_private), POLLERR and POLLPRI once after changes. */
void mount_poll_begin(file_t *f);
u32 mount_poll(file_t *f, struct poll_table *pt);
int filesystems_show(struct seq_file *m); /* /proc/filesystems */
int locks_show(struct seq_file *m);	  /* /proc/locks */
int chrdev_show(struct seq_file *m);	  /* the character part of /proc/devices */

/* sysctl variables fs.protected_*, fs.dentry-state. */
extern u64 fs_mount_max; /* fs.mount-max: mounts in a namespace */
extern int fs_protected_symlinks, fs_protected_hardlinks, fs_protected_fifos, fs_protected_regular;
typedef struct dentry_state {
	u64 total, unused;
} dentry_state_t;
void dentry_stats(dentry_state_t *out);
u64 vfs_node_count(void);
void sync_all(void); /* sync(2) */
/* ustat(2), sysfs(2) */
/* A mount that is in no tree, for what the kernel opens itself: shared by all, with a reference; NULL without memory. */
mount_t *super_kernel_mount(super_block_t *sb, const char *name);
super_block_t *super_find_by_dev(dev_t dev);		/* held, or NULL; super_put */
void super_hold(super_block_t *sb);			/* one user more of one that has a user */
void super_put(super_block_t *sb);			/* may sleep */
int super_statfs(super_block_t *sb, vfs_statfs_t *out); /* without a mount's flags */
int filesystem_index(const char *name);			/* -EINVAL */
const char *filesystem_name(unsigned index);		/* NULL */
int filesystem_count(void);
int file_truncate(file_t *f, off_t size); /* ftruncate(2) */
/*
 * Handles (fs/vfs/handle.c): words that name a file of a file system across renames. Encoding gives
 * the type and the number of words, -EOPNOTSUPP where the file system has none; -ENOSPC when
 * *words, which then says how many it takes, was too small.
 */
#define FILE_HANDLE_WORDS 3
int node_encode_handle(const vfs_node_t *n, u32 *handle, u32 *words);
/* The place below the mount's root that the handle names, referenced. -ESTALE. */
int mount_decode_handle(struct mount *m, int type, const u32 *handle, u32 words, path_t *out);
/* Opens what stands at the place, with the checks of open(2). ERR_PTR. */
file_t *file_open_place(const path_t *place, int flags);
u64 dcache_shrink(u64 target); /* frees unused dentries; returns how many. For drop_caches */

/*
 * F_SETOWN and O_ASYNC (fs/vfs/fasync.c). An object that can signal readiness holds a
 * fasync_list_t; its files' fasync op is fasync_set on it, and release calls fasync_set(...,
 * false). fasync_signal may be called in any context.
 */
typedef struct fasync_list {
	spinlock_t lock;      /* taken with interrupts off */
	struct fasync *first; /* lock */
} fasync_list_t;
int fasync_set(file_t *f, fasync_list_t *list, bool on); /* 0 or -ENOMEM */
void fasync_signal(fasync_list_t *list, int code);	 /* POLL_IN, POLL_OUT ... of siginfo */
void file_signal(file_t *f, int code, int fd);		 /* one file's owner; any context */
void file_signal_urgent(file_t *f);			 /* SIGURG to the owner; any context */
int file_set_owner(file_t *f, int type, pid_t who);	 /* F_OWNER_*; 0 or -ESRCH */
/* Where nobody was set yet. */
void file_default_owner(file_t *f, int type, struct pid *owner);

int register_chrdev_region(u32 major, u32 first_minor, u32 count, const char *name,
			   const file_operations_t *ops);
void unregister_chrdev_region(u32 major, u32 first_minor, u32 count);
/* devtmpfs: a node appears under /dev ("tty1"). 0 or errno. */
int devtmpfs_create(const char *name, mode_t mode, dev_t dev);
int devtmpfs_remove(const char *name);

#endif
