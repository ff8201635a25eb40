/*
 * devpts: the file system of pty slaves. One instance; a name exists from the opening of the master
 * to its close.
 *
 * Locking. table_lock guards the table of slaves; numbers are handed out lowest first.
 */
#include "devpts.h"

#include "tty_internal.h"

#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/lib/xarray.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

#define DEVPTS_MAGIC 0x1cd1
#define MAX_PTYS 4096 /* kernel.pty.max */

typedef struct pts_name {
	tty_t *slave; /* own reference; NULL: the number is taken, the name is not there (yet) */
	uid_t uid;
	nsec_t created;
} pts_name_t;

static mutex_t table_lock = MUTEX_INIT(table_lock);
static pts_name_t *table[MAX_PTYS]; /* table_lock */

int devpts_alloc_index(void)
{
	pts_name_t *n = kzalloc(sizeof(*n), GFP_KERNEL);
	int index = 0;

	if (!n)
		return -ENOMEM;
	mutex_lock(&table_lock);
	while (index < MAX_PTYS && table[index])
		index++;
	if (index < MAX_PTYS)
		table[index] = n;
	mutex_unlock(&table_lock);
	if (index < MAX_PTYS)
		return index;
	kfree(n);
	return -ENOSPC;
}

void devpts_free_index(u32 index)
{
	pts_name_t *n;

	mutex_lock(&table_lock);
	n = table[index];
	table[index] = NULL;
	mutex_unlock(&table_lock);
	kfree(n);
}

int devpts_add(tty_t *slave)
{
	pts_name_t *n;

	tty_get(slave);
	mutex_lock(&table_lock);
	n = table[dev_minor(slave->dev)];
	n->slave = slave;
	n->uid = current_cred()->fsuid;
	n->created = clock_realtime();
	mutex_unlock(&table_lock);
	return 0;
}

void devpts_remove(u32 index)
{
	tty_t *slave;

	mutex_lock(&table_lock);
	slave = table[index]->slave;
	table[index]->slave = NULL;
	mutex_unlock(&table_lock);
	if (slave)
		tty_put(slave);
}

tty_t *devpts_find(u32 index)
{
	tty_t *slave = NULL;

	if (index >= MAX_PTYS)
		return NULL;
	mutex_lock(&table_lock);
	if (table[index])
		slave = table[index]->slave;
	if (slave)
		tty_get(slave);
	mutex_unlock(&table_lock);
	return slave;
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

	if (kstrtou64(name, 10, &value) || value >= MAX_PTYS || (name[0] == '0' && name[1]))
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
		mutex_lock(&table_lock);
		n->uid = table[index]->uid;
		n->atime = n->mtime = n->ctime = table[index]->created;
		mutex_unlock(&table_lock);
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
	u32 index;

	if (!strcmp(d->name, "ptmx"))
		return true;
	if (!d->node || !parse_index(d->name, &index))
		return d->node != NULL;
	rcu_read_lock();
	pts_name_t *n = READ_ONCE(table[index]);
	bool same = n && READ_ONCE(n->slave) == d->node->private_data;

	rcu_read_unlock();
	return same;
}

static const dentry_operations_t pts_dentry_ops = { .revalidate = pts_revalidate };

static int pts_iterate(file_t *f, dir_context_t *ctx)
{
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
	for (u32 i = (u32)ctx->pos - 3; i < MAX_PTYS; i++) {
		tty_t *slave = devpts_find(i);
		char name[12];
		int len;

		ctx->pos = i + 3;
		if (!slave)
			continue;
		tty_put(slave);
		len = snprintf(name, sizeof(name), "%u", i);
		if (!ctx->emit(ctx, name, (u32)len, i + 4, i + 3, DT_CHR))
			return 0;
	}
	ctx->pos = MAX_PTYS + 3;
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
	if (register_filesystem("devpts", &devpts_operations))
		panic("devpts cannot be registered");
}
