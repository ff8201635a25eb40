/*
 * procfs: files that show what the kernel knows.
 *
 * Concepts. Subsystems register entries by path; the tree of entries is the same for every mount. A
 * dentry and a node are made when a name is looked up; the node's private_data is the entry. Below
 * the root there are besides the directories of processes (pid.c), which exist as long as the
 * process: their dentries are revalidated at each walk.
 *
 * Locking. proc_lock guards the tree of entries. Entries stay allocated while the kernel runs
 * unless proc_remove takes them, which only happens before anyone could open them or with the
 * subsystem's own guarantee.
 */
#include "procfs.h"

#include <fs/filesystems.h>
#include <kernel/cfi.h>
#include <kernel/cred.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/slab.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

#define PROC_SUPER_MAGIC 0x9fa0
#define NET "net/"
#define PROC_BLOCK_SIZE 1024 /* as stat(2) tells it; statfs(2) tells pages */

rwsem_t proc_lock = RWSEM_INIT(proc_lock);
proc_entry_t *proc_root, *proc_net;
static ino_t next_ino = PROC_FIRST_INO; /* proc_lock */

proc_entry_t *proc_find(proc_entry_t *dir, const char *name, size_t len)
{
	proc_entry_t *e;

	list_for_each_entry(e, &dir->children, sibling)
		if (e->name_len == len && !memcmp(e->name, name, len))
			return e;
	return NULL;
}

static proc_entry_t *new_entry(proc_entry_t *parent, const char *name, size_t len, mode_t mode)
{
	proc_entry_t *e = kzalloc(sizeof(*e) + len + 1, GFP_KERNEL);

	if (!e)
		return NULL;
	e->parent = parent;
	list_init(&e->children);
	e->mode = mode;
	e->name_len = len;
	memcpy(e->name, name, len);
	if (parent) {
		e->ino = next_ino++;
		list_add_tail(&e->sibling, &parent->children);
	}
	return e;
}

/* Makes the entry of a path with the directories on the way; proc_lock held. */
static proc_entry_t *make_path(const char *path, mode_t mode)
{
	proc_entry_t *dir = proc_root;

	if (!strncmp(path, NET, strlen(NET))) {
		dir = proc_net;
		path += strlen(NET);
	}
	for (;;) {
		size_t len = strcspn(path, "/");
		proc_entry_t *e = proc_find(dir, path, len);

		if (!path[len])
			return e ? e : new_entry(dir, path, len, mode);
		if (!e)
			e = new_entry(dir, path, len, S_IFDIR | 0555);
		if (!e)
			return NULL;
		dir = e;
		path += len + 1;
	}
}

static int register_entry(const char *path, mode_t mode, const file_operations_t *fops,
			  int (*show)(seq_file_t *, void *), void *arg, const char *target)
{
	proc_entry_t *e;

	rwsem_write_lock(&proc_lock);
	e = make_path(path, mode);
	if (e) {
		e->fops = fops;
		e->show = show;
		e->hash = CODE_HASH(show);
		e->arg = arg;
		e->target = target;
	}
	rwsem_write_unlock(&proc_lock);
	return e ? 0 : -ENOMEM;
}

static proc_entry_t *entry_of(vfs_node_t *node)
{
	return node->private_data;
}

static int open_single(vfs_node_t *node, file_t *f)
{
	const proc_entry_t *e = entry_of(node);

	CODE_CHECK(e->show, e->hash);
	return seq_open_single(f, e->show, e->arg);
}

static int no_mmap(file_t *f, struct vm_area *vma)
{
	return -EIO;
}

static const file_operations_t single_operations = {
	.mmap = no_mmap,
	.open = open_single,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.poll = always_poll,
	.release = seq_release,
};

__init int proc_create_single(const char *path, mode_t mode, int (*show)(seq_file_t *, void *),
			      void *arg)
{
	return register_entry(path, S_IFREG | mode, &single_operations, show, arg, NULL);
}

__init int proc_create(const char *path, mode_t mode, const file_operations_t *ops, void *arg)
{
	return register_entry(path, S_IFREG | mode, ops, NULL, arg, NULL);
}

__init int proc_symlink(const char *path, const char *target)
{
	return register_entry(path, S_IFLNK | 0777, NULL, NULL, NULL, target);
}

int proc_mkdir(const char *path)
{
	return register_entry(path, S_IFDIR | 0555, NULL, NULL, NULL, NULL);
}

void *proc_file_arg(file_t *f)
{
	return entry_of(f->node)->arg;
}

/* ---- nodes ---- */

static const char *entry_link(vfs_node_t *node, path_t *jump)
{
	return entry_of(node)->target;
}

static const node_operations_t file_node_operations = { 0 };
/*
 * Below /proc/sys the mode is all that counts, whatever capabilities one has: root cannot write what nobody can
 * write, nor read what is there to be written (proc(5)). No file there treats a group unlike the others.
 */
static int sysctl_permission(vfs_node_t *node, int mask)
{
	mode_t mode = READ_ONCE(node->mode);

	if (current_cred()->euid == 0)
		mode >>= 6;
	return (u32)mask & ~mode & (MAY_READ | MAY_WRITE | MAY_EXEC) ? -EACCES : 0;
}

static int sysctl_set_attr(vfs_node_t *node, const vfs_attr_t *a)
{
	return a->valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

static const node_operations_t sysctl_node_operations = { .permission = sysctl_permission,
							  .set_attr = sysctl_set_attr };

static bool below_sys(const proc_entry_t *e)
{
	while (e->parent && e->parent != proc_root)
		e = e->parent;
	return !strcmp(e->name, "sys");
}

static int link_attr(vfs_node_t *node, vfs_stat_t *st)
{
	st->size = (off_t)strlen(entry_of(node)->target);
	return 0;
}

static const node_operations_t link_node_operations = { .get_link = entry_link,
							.get_attr = link_attr };

vfs_node_t *proc_make_node(super_block_t *sb, mode_t mode, ino_t ino)
{
	vfs_node_t *n = alloc_inode(sb);

	if (!n)
		return ERR_PTR(-ENOMEM);
	n->mode = mode;
	n->ino = ino;
	n->nlink = S_ISDIR(mode) ? 2 : 1;
	n->ops = &file_node_operations;
	return n;
}

static int attach_entry(super_block_t *sb, dentry_t *dentry, proc_entry_t *e)
{
	vfs_node_t *n = proc_make_node(sb, e->mode, e->ino);

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	n->private_data = e;
	if (S_ISDIR(e->mode)) {
		n->ops = &proc_dir_operations;
		n->fops = &proc_dir_file_operations;
		if (below_sys(e))
			n->nlink = 1; /* unknown */
	} else if (S_ISLNK(e->mode)) {
		n->ops = &link_node_operations;
	} else {
		n->fops = e->fops;
		if (below_sys(e))
			n->ops = &sysctl_node_operations;
	}
	dentry_attach(dentry, n);
	return 0;
}

int proc_lookup_entry(proc_entry_t *dir, vfs_node_t *node, dentry_t *dentry)
{
	proc_entry_t *e;

	rwsem_read_lock(&proc_lock);
	e = proc_find(dir, dentry->name, dentry->name_len);
	rwsem_read_unlock(&proc_lock);
	return e ? attach_entry(node->sb, dentry, e) : -ENOENT;
}

static int dir_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	int r = proc_lookup_entry(entry_of(dir), dir, dentry);

	return r == -ENOENT && entry_of(dir) == proc_root ? proc_pid_lookup(dir, dentry) : r;
}

bool proc_emit_entries(proc_entry_t *dir, dir_context_t *ctx, off_t first)
{
	proc_entry_t *e;
	off_t at = first;
	bool more = true;

	rwsem_read_lock(&proc_lock);
	list_for_each_entry(e, &dir->children, sibling) {
		if (at++ < ctx->pos)
			continue;
		if (!ctx->emit(ctx, e->name, (u32)e->name_len, (u64)at, e->ino,
			       (e->mode & S_IFMT) >> 12)) {
			more = false;
			break;
		}
		ctx->pos = at;
	}
	rwsem_read_unlock(&proc_lock);
	return more;
}

static int dir_iterate(file_t *f, dir_context_t *ctx)
{
	proc_entry_t *dir = entry_of(f->node);

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, f->node->ino, DT_DIR))
			return 0;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, 2, dir->parent ? dir->parent->ino : 1, DT_DIR))
			return 0;
		ctx->pos = 2;
	}
	if (ctx->pos < PROC_FIRST_PID_POS && !proc_emit_entries(dir, ctx, 2))
		return 0;
	if (dir == proc_root)
		proc_pid_emit(ctx);
	return 0;
}

const node_operations_t proc_dir_operations = { .lookup = dir_lookup };
const file_operations_t proc_dir_file_operations = { .iterate = dir_iterate,
						     .llseek = generic_llseek,
						     .read_iter = directory_read_iter };

static int fill_super(super_block_t *sb, const char *source, const char *options)
{
	vfs_node_t *n;

	sb->magic = PROC_SUPER_MAGIC;
	sb->block_size = PROC_BLOCK_SIZE;
	n = proc_make_node(sb, S_IFDIR | 0555, 1);
	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	n->private_data = proc_root;
	n->ops = &proc_dir_operations;
	n->fops = &proc_dir_file_operations;
	sb->root = dentry_make_root(n);
	return sb->root ? 0 : -ENOMEM;
}

static int stat_super(super_block_t *sb, vfs_statfs_t *st)
{
	st->block_size = st->fragment_size = PAGE_SIZE;
	return 0;
}

static const fs_operations_t proc_fs = {
	.name = "proc",
	.stat_super = stat_super,
	.fill_super = fill_super,
	.evict_node = proc_evict_node,
	.single = true,
};

__init void procfs_init(void)
{
	proc_root = new_entry(NULL, "", 0, S_IFDIR | 0555);
	proc_net = new_entry(NULL, "net", 3, S_IFDIR | 0555);
	if (!proc_root || !proc_net || register_filesystem("proc", &proc_fs))
		panic("procfs cannot be set up");
	proc_root->ino = 1;
	if (proc_symlink("net", "self/net"))
		panic("No memory for /proc/net");
	proc_global_init();
	proc_frames_init();
	proc_sysctl_init();
}
