/*
 * devpts: the file system of pty slaves. One instance; a name exists from the opening of the master
 * to its close.
 *
 * Locking. names_lock, a spinlock, guards the slaves by number, which are handed out lowest first.
 */
#include "devpts.h"

#include "tty_internal.h"

#include <fs/procfs.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/lib/xarray.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

#define DEVPTS_MAGIC 0x1cd1
#define PTYS_MAX (1 << 20) /* minor numbers there are */

typedef struct pts_name {
	tty_t *slave; /* own reference; NULL: the number is taken, the name is not there (yet) */
	uid_t uid;
	nsec_t created;
} pts_name_t;

static xa_node_t *alloc_node(void)
{
	return kzalloc(sizeof(xa_node_t), GFP_KERNEL);
}

static void free_node_rcu(rcu_head_t *head)
{
	kfree(container_of((void *)head, xa_node_t, rcu));
}

static void free_node(xa_node_t *node)
{
	call_rcu((rcu_head_t *)(void *)node->rcu, free_node_rcu);
}

static const xa_ops_t names_operations = { alloc_node, free_node };

static spinlock_t names_lock = SPINLOCK_INIT("devpts_names");
static xarray_t names;	     /* names_lock: pts_name_t by number */
static u64 names_count;	     /* names_lock; sysctl kernel.pty.nr */
static int names_max = 4096; /* sysctl kernel.pty.max */

/* names_lock held. */
static int take_index(pts_name_t *n, u64 *index, xa_preload_t *spare)
{
	int max = READ_ONCE(names_max), r;

	if (names_count >= (u64)max || !xa_find_free(&names, 0, (u64)max - 1, index))
		return -ENOSPC;
	r = xa_store_preloaded(&names, *index, n, NULL, spare);
	if (!r)
		names_count++;
	return r;
}

int devpts_alloc_index(void)
{
	pts_name_t *n = kzalloc(sizeof(*n), GFP_KERNEL);
	xa_preload_t spare = { 0 };
	u64 index = 0;
	int r;

	if (!n)
		return -ENOMEM;
	for (;;) {
		spin_lock(&names_lock);
		r = take_index(n, &index, &spare);
		spin_unlock(&names_lock);
		if (r != -ENOMEM)
			break;
		r = xa_preload(&names, index, &spare);
		if (r)
			break;
	}
	xa_preload_end(&names, &spare);
	if (!r)
		return (int)index;
	kfree(n);
	return r;
}

void devpts_free_index(u32 index)
{
	pts_name_t *n;

	spin_lock(&names_lock);
	n = xa_erase(&names, index);
	names_count--;
	spin_unlock(&names_lock);
	kfree(n);
}

int devpts_add(tty_t *slave)
{
	pts_name_t *n;

	tty_get(slave);
	spin_lock(&names_lock);
	n = xa_load(&names, dev_minor(slave->dev));
	n->slave = slave;
	n->uid = current_cred()->fsuid;
	n->created = clock_realtime();
	spin_unlock(&names_lock);
	return 0;
}

void devpts_remove(u32 index)
{
	pts_name_t *n;
	tty_t *slave;

	spin_lock(&names_lock);
	n = xa_load(&names, index);
	slave = n->slave;
	n->slave = NULL;
	spin_unlock(&names_lock);
	if (slave)
		tty_put(slave);
}

/* The slave of the first name at or after *index, referenced; NULL at the end. */
static tty_t *find_from(u64 *index, u64 last)
{
	tty_t *slave = NULL;
	pts_name_t *n;

	spin_lock(&names_lock);
	while ((n = xa_find(&names, index, last)) && !n->slave)
		++*index;
	if (n) {
		slave = n->slave;
		tty_get(slave);
	}
	spin_unlock(&names_lock);
	return slave;
}

tty_t *devpts_find(u32 index)
{
	u64 at = index;

	return find_from(&at, index);
}

int devpts_open_peer(tty_t *slave, int flags)
{
	char path[32];
	file_t *f;
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", slave->name);
	f = file_open_at(AT_FDCWD, path, (flags & (O_ACCMODE | O_NONBLOCK)) | O_NOCTTY, 0);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	fd = fd_reserve(0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	else
		fd_install(fd, f);
	return fd;
}

/* ---- the file system ---- */

static bool parse_index(const char *name, u32 *index)
{
	u64 value;

	if (kstrtou64(name, 10, &value) || value >= PTYS_MAX || (name[0] == '0' && name[1]))
		return false;
	*index = (u32)value;
	return true;
}

static const node_operations_t slave_node_ops = { 0 };

static vfs_node_t *make_device(super_block_t *sb, mode_t mode, dev_t dev, ino_t ino)
{
	vfs_node_t *n = alloc_inode(sb);

	if (!n)
		return NULL;
	n->mode = S_IFCHR | mode;
	n->ino = ino;
	n->nlink = 1;
	n->ops = &slave_node_ops;
	node_init_special(n, dev);
	return n;
}

/* Of who opened the master, and when. */
static void set_owner(vfs_node_t *n, u32 index)
{
	const pts_name_t *name;

	spin_lock(&names_lock);
	name = xa_load(&names, index);
	if (name) {
		n->uid = name->uid;
		n->atime = n->mtime = n->ctime = name->created;
	}
	spin_unlock(&names_lock);
}

static int pts_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	vfs_node_t *n;
	tty_t *slave;
	u32 index;

	dentry->flags |= DENTRY_REVALIDATE;
	if (!strcmp(dentry->name, "ptmx")) {
		n = make_device(dir->sb, 0666, makedev(TTYAUX_MAJOR, 2), 2);
		if (!n)
			return -ENOMEM;
		dentry_attach(dentry, n);
		return 0;
	}
	if (!parse_index(dentry->name, &index))
		return 0;
	slave = devpts_find(index);
	if (!slave)
		return 0;
	n = make_device(dir->sb, 0620, slave->dev, index + 3);
	if (n) {
		set_owner(n, index);
		n->gid = 5;		 /* tty, as Debian mounts it */
		n->private_data = slave; /* only compared, never followed */
		dentry_attach(dentry, n);
	}
	tty_put(slave);
	return n ? 0 : -ENOMEM;
}

/* A name is good as long as its pair is; an absent one is looked up anew each time. */
static bool pts_revalidate(dentry_t *d)
{
	const pts_name_t *n;
	u32 index;
	bool same;

	if (!strcmp(d->name, "ptmx"))
		return true;
	if (!d->node || !parse_index(d->name, &index))
		return d->node != NULL;
	spin_lock(&names_lock);
	n = xa_load(&names, index);
	same = n && n->slave == d->node->private_data;
	spin_unlock(&names_lock);
	return same;
}

static const dentry_operations_t pts_dentry_ops = { .revalidate = pts_revalidate };

static int pts_iterate(file_t *f, dir_context_t *ctx)
{
	tty_t *slave;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, 1, DT_DIR))
			return 0;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, 2, 1, DT_DIR))
			return 0;
		ctx->pos = 2;
	}
	if (ctx->pos == 2) {
		if (!ctx->emit(ctx, "ptmx", 4, 3, 2, DT_CHR))
			return 0;
		ctx->pos = 3;
	}
	for (u64 i = (u64)ctx->pos - 3; (slave = find_from(&i, PTYS_MAX - 1)); i++) {
		char name[12];
		int len = snprintf(name, sizeof(name), "%lu", i);

		tty_put(slave);
		ctx->pos = (off_t)i + 3;
		if (!ctx->emit(ctx, name, (u32)len, i + 4, i + 3, DT_CHR))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static off_t pts_llseek(file_t *f, off_t off, int whence)
{
	if (whence != SEEK_SET || off < 0)
		return -EINVAL;
	return f->pos = off;
}

static const node_operations_t pts_dir_node_ops = { .lookup = pts_lookup };
static const file_operations_t pts_dir_ops = { .iterate = pts_iterate, .llseek = pts_llseek };

static int fill_super(super_block_t *sb, const char *source, const char *options)
{
	vfs_node_t *n = alloc_inode(sb);

	if (!n)
		return -ENOMEM;
	sb->magic = DEVPTS_MAGIC;
	sb->block_size = PAGE_SIZE;
	n->mode = S_IFDIR | 0755;
	n->ino = 1;
	n->nlink = 2;
	n->ops = &pts_dir_node_ops;
	n->fops = &pts_dir_ops;
	sb->root = dentry_make_root(n);
	if (!sb->root)
		return -ENOMEM;
	sb->root->ops = &pts_dentry_ops; /* dentries below inherit it */
	return 0;
}

static const fs_operations_t devpts_operations = { .name = "devpts",
						   .fill_super = fill_super,
						   .single = true };

void devpts_init(void)
{
	xa_init(&names, &names_operations);
	if (register_filesystem("devpts", &devpts_operations))
		panic("devpts cannot be registered");
	if (proc_sysctl_int("kernel/pty/max", 0644, &names_max, 0, PTYS_MAX) ||
	    proc_sysctl_u64("kernel/pty/nr", 0444, &names_count, 0, 0))
		panic("No memory for /proc/sys/kernel/pty");
}
