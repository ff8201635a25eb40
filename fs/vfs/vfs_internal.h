/*
 * What the files of fs/vfs share among themselves. Public interfaces: include/fs/vfs.h.
 */
#ifndef FS_VFS_INTERNAL_H
#define FS_VFS_INTERNAL_H

#include <fs/vfs.h>
#include <kernel/process.h>

/* dcache.c */
#define DENTRY_DEAD 0x80000000u /* value of refs once it is being freed */
extern seqlock_t rename_lock;	/* changes whenever a dentry changes its place in the tree */
u32 dentry_hash_start(void);
/* One character more; start with dentry_hash_start. */
static inline u32 dentry_hash_add(u32 hash, u8 c)
{
	return (hash ^ c) * 0x9e3779b1u;
}
u32 dentry_hash_name(const char *name, u32 len);
/*
 * Under RCU: the child and its sequence, or NULL. The caller checks *seq before it relies on the
 * child.
 */
dentry_t *dcache_find_rcu(const dentry_t *parent, const char *name, u32 len, u32 hash, u32 *seq);
dentry_t *dcache_find(dentry_t *parent, const char *name, u32 len,
		      u32 hash); /* referenced, or NULL */
bool dentry_get_unless_dead(dentry_t *d);
dentry_t *dentry_alloc_hashed(dentry_t *parent, const char *name, u32 len, u32 hash);
/* A dentry outside of any tree, its own parent; takes the node's reference. NULL without memory. */
dentry_t *dentry_make_single(vfs_node_t *node, const char *name);
void dentry_hash(dentry_t *d);	/* makes it findable */
void dentry_unpin(dentry_t *d); /* the file system's reference of a linked memory dentry goes */
/* d takes the place (parent and name) of target, which is unhashed; both parents' nodes locked. */
void dentry_move(dentry_t *d, dentry_t *target);
void dentry_exchange(dentry_t *a, dentry_t *b);
bool dentry_is_below(dentry_t *d, dentry_t *ancestor); /* or the same */
void dcache_drop_super(super_block_t *sb);	       /* its root and everything below */
void dcache_init(void);
static inline bool dentry_negative(const dentry_t *d)
{
	return !READ_ONCE(d->node);
}
static inline bool dentry_is_dir(const dentry_t *d)
{
	return d->node && S_ISDIR(d->node->mode);
}
static inline bool dentry_unhashed(const dentry_t *d)
{
	return READ_ONCE(d->flags) & DENTRY_UNHASHED;
}
static inline bool super_in_memory(const vfs_node_t *dir)
{
	return !dir->ops->lookup;
}

/* node.c */
void node_init(void);
nsec_t node_now(void);
void node_accessed(const mount_t *m, vfs_node_t *n);
/* A write takes place: set-id bits go. True: there were some. Node locked. */
bool node_remove_privileges(vfs_node_t *n);

/* walk.c */
typedef enum last_type { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT } last_type_t;
#define WALK_LINKS 40 /* symbolic links followed in one walk before -ELOOP */
#define LOOKUP_SCOPED (LOOKUP_BENEATH | LOOKUP_IN_ROOT) /* must not leave where it begins */
typedef struct walk_link {
	const char *rest; /* of the text that named the link */
	path_t link;	  /* holds the link's text; empty under RCU */
	bool final;	  /* nothing but slashes in rest */
} walk_link_t;
typedef struct walk {
	path_t path;		   /* where it stands: referenced unless rcu */
	vfs_node_t *node;	   /* path.dentry's */
	u32 seq;		   /* path.dentry's, when rcu */
	u32 mount_seq, rename_seq; /* when it began: what moved since then is not trusted */
	bool rcu;
	bool root_held; /* root has references */
	bool root_set;
	bool negative; /* walk_last's -ENOENT: there is just no such name in path */
	u32 flags;     /* LOOKUP_* */
	u32 depth, followed;
	path_t root;
	const char *rest; /* text still to be walked */
	/* the last component, not looked up yet */
	const char *last;
	u32 last_len, last_hash;
	last_type_t last_type;
	bool trailing; /* slashes stood behind it: must be a directory */
	uid_t dir_uid; /* of its directory, for protected_symlinks */
	mode_t dir_mode;
	walk_link_t links[WALK_LINKS];
} walk_t;
/* Begins at dfd (or the root). 0, -EBADF, -ENOTDIR, -ENOENT. walk_end is due only after success. */
int walk_begin(walk_t *w, int dfd, const char *name, u32 flags, bool rcu);
int walk_parents(walk_t *w); /* up to the last component: 0 or errno */
int walk_last(walk_t *w);    /* 1: a link was entered, call walk_parents again; 0: done; errno */
int walk_settle(walk_t *w);  /* RCU to references; -ECHILD: walk again by references */
void walk_end(walk_t *w);    /* drops what it holds, ends RCU */
static inline void walk_take_path(walk_t *w, path_t *out) /* after walk_settle */
{
	*out = w->path;
	w->path = (path_t){ 0 };
}
/*
 * Looks the last component up, with the directory locked exclusively: referenced, maybe negative;
 * or ERR_PTR.
 */
dentry_t *walk_lookup_locked(dentry_t *dir, const char *name, u32 len, u32 hash);

/* walk.c for walk_step.c: where the walk stands and begins */
void walk_move_to(walk_t *w, path_t to); /* by references: takes over `to`'s */
void walk_stand_rcu(walk_t *w, mount_t *mount, dentry_t *dentry);
void walk_find_root(walk_t *w);
int walk_jump_to_root(walk_t *w); /* 0 or -EXDEV */
/*
 * walk_step.c: one component. 0: the walk stands there; 1: a link was entered, its text is to be
 * walked; errno. final: it is the last one.
 */
int walk_step(walk_t *w, const char *name, u32 len, u32 hash, last_type_t type, bool follow,
	      bool final);

void names_init(void);

/* dirops.c: parent of a name that is to be made, removed or renamed; *w is ended by the caller. */
int walk_to_parent(walk_t *w, int dfd, const char *name);
int may_create(vfs_node_t *dir);
int may_delete(vfs_node_t *dir, dentry_t *victim, bool want_dir);
bool dentry_is_mountpoint(dentry_t *d);
int node_make_nondirectory(vfs_node_t *dir, dentry_t *d, mode_t mode, dev_t rdev);

/* mount.c */
typedef struct mount_namespace {
	refcount_t refs;
	mount_t *root;		/* mount_lock */
	list_t mounts;		/* mount_lock: in order of mounting */
	u64 count;		/* mount_lock: of them; at most fs_mount_max */
	u64 event;		/* mount_lock: counts changes */
	wait_queue_head_t wait; /* pollers of /proc/mounts */
} mount_namespace_t;
extern seqlock_t mount_lock; /* the tree of mounts */
extern mutex_t
	mount_mutex; /* changes of the tree, one at a time; before mount_lock and node locks */
mount_t *mount_find_rcu(const mount_t *parent, const dentry_t *mountpoint);
mount_t *mount_find(mount_t *parent, dentry_t *mountpoint); /* referenced, or NULL */
mount_t *mount_alloc(super_block_t *sb, dentry_t *root, const char *source, u32 flags);
void mount_get(mount_t *m);
void mount_put(mount_t *m); /* may sleep */
bool mount_get_unless_dead(mount_t *m);
/*
 * With mount_mutex: m (and what hangs below) becomes visible at the place; consumes one reference
 * of m.
 */
int mount_attach(mount_t *m, const path_t *at);
void mount_attach_locked(mount_t *m, mount_t *parent, dentry_t *mountpoint);
dentry_t *mount_unhook_locked(mount_t *m); /* for mountpoint_put */
void mountpoint_put(dentry_t *at);
void mount_detach_locked(mount_t *m, list_t *gone); /* queued by ns_link on gone */
void mount_put_quietly(mount_t *m);		    /* as mount_put, without counting as use */
void mount_put_list(list_t *gone);
mount_t *mount_next(mount_t *m, mount_t *top); /* depth first; mount_lock or mount_mutex */
static inline bool mount_writable(const mount_t *m)
{
	return !(READ_ONCE(m->flags) & MNT_READONLY) &&
	       !(READ_ONCE(m->sb->flags) & 1 /* MS_RDONLY */);
}
static inline mount_namespace_t *current_mounts(void)
{
	return current_process()->ns->mount;
}
void mount_init(void);
void mount_changed_locked(mount_namespace_t *ns);

/* super.c */
const fs_operations_t *filesystem_find(const char *name);
/* A super block with one more user: new, or the one of a `single` type. ERR_PTR. */
super_block_t *super_get(const fs_operations_t *ops, const char *source, u32 flags,
			 const char *options);
super_block_t *super_alloc(const fs_operations_t *ops); /* without a root; NULL */
super_block_t *anonymous_super(void);			/* of files without a name */
void super_init(void);

/* open.c and file.c */
int file_set_up(file_t *f,
		const cred_t *cred); /* f->path, node, flags are set: ends with ops->open */
void file_init(void);
int chrdev_open(vfs_node_t *node, file_t *f);
extern const file_operations_t chrdev_operations, special_operations;

/* attr.c */
int node_deny_write(vfs_node_t *n); /* -ETXTBSY: open for writing */
int node_get_write(vfs_node_t *n);  /* -ETXTBSY: being executed */
void node_put_write(vfs_node_t *n);
int setattr_locked(vfs_node_t *n, vfs_attr_t *attr);
int truncate_node(vfs_node_t *n, off_t size, u32 extra); /* extra: ATTR_* */

/* readdir.c: the first child, or the one after `last`, referenced; NULL at the end */
dentry_t *memory_next_child(dentry_t *dir, dentry_t *last);

/* fscontext.c */
void fs_root_rcu(path_t *out); /* under RCU, no references */
void fs_cwd_rcu(path_t *out);
void fs_context_init(mount_t *root);
void fs_replace_roots(const path_t *from, const path_t *to); /* pivot_root: in all processes */

/* path_name.c */
int dentry_text(const dentry_t *d, const dentry_t *top, char *buf, size_t size, char **out);
bool path_reachable(const path_t *p, const path_t *root);

/* fdtable.c */
void files_init(void);

/* mapping.c */
void mapping_init(void);

/* locks.c */
void locks_release_posix(file_t *f, const void *owner); /* a descriptor of it was closed */
void locks_release_file(file_t *f);			/* last reference: flock and OFD locks */
void locks_free(vfs_node_t *n);

/*
 * leases.c: who opens or truncates a regular file, already counted as reader or writer, waits for leases on it. flags:
 * O_ACCMODE and O_NONBLOCK. 0, -EWOULDBLOCK, -ERESTARTSYS.
 */
bool lease_any(const vfs_node_t *n);
int lease_break_slow(vfs_node_t *n, int flags);
static inline int lease_break(vfs_node_t *n, int flags)
{
	return likely(!READ_ONCE(n->locks)) || !lease_any(n) ? 0 : lease_break_slow(n, flags);
}

/* xattr.c */
void xattrs_free(vfs_node_t *n);

/* permission.c: what capabilities allow where mode or list refused; mask has the three bits only. */
int node_overrides(const vfs_node_t *node, int mask, const cred_t *cred);

/* acl.c */
void acls_free(vfs_node_t *n);
/* The field for lists of that attribute's name; NULL: it is another kind of attribute. */
struct acl **acl_field(vfs_node_t *n, const char *name);
/* As vfs_set_xattr, value NULL removes; as vfs_get_xattr. */
int acl_set(const path_t *p, const char *name, const void *value, size_t size);
ssize_t acl_get(vfs_node_t *n, const char *name, void *value, size_t size);
/*
 * A change of mode in two steps: *out is the list as it will be, or NULL, and is consumed by either of the
 * others. n->lock exclusive.
 */
int acl_prepare_mode(const vfs_node_t *n, mode_t mode, struct acl **out);
void acl_commit_mode(vfs_node_t *n, struct acl *a);
void acl_abort_mode(struct acl *a);
/* What is made in dir: the umask counts where the directory has no list for it. */
static inline mode_t mode_in(const vfs_node_t *dir, mode_t mode)
{
	return READ_ONCE(dir->default_acl) ? mode : mode & ~current_umask();
}
void xattr_drop_caps(vfs_node_t *n); /* after a write or a change of owner; node locked */

/* fasync.c */
void file_release_owner(file_t *f);
/* Runs it before the running thread returns to its program, or from a work queue. */
void close_later(struct thread_work *w);

#endif
