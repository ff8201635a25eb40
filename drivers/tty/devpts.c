/*
 * devpts: the file system of pty slaves (Linux's Documentation/filesystems/devpts.rst). Each mount
 * is an instance of its own, with its own numbers from 0 and its own ptmx. A name exists from the
 * opening of the master to its close.
 *
 * Opening a ptmx that lies in an instance makes a pair of that instance; opening one elsewhere
 * (/dev/ptmx) of the instance mounted on the "pts" beside it. The slave keeps its instance's super
 * block until it is destroyed; the name keeps the slave and the node, so that a chown stays. A
 * slave is found through the node that is opened, never by its device number alone.
 *
 * Locking. names_lock, a spinlock, guards the names of all instances and their count; options are
 * words that a remount writes under the mount mutex and that are read racily.
 */
#include "devpts.h"

#include "tty_internal.h"

#include <fs/procfs.h>
#include <fs/seq_file.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/lib/xarray.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

#define PTS_BLOCK_SIZE 1024 /* as stat(2) tells it; statfs(2) tells pages */
#define DEVPTS_MAGIC 0x1cd1
#define PTYS_MAX (1 << 20) /* minor numbers there are */
#define OPTION_MAX 32
#define SLAVE_MODE 0600 /* where no option says otherwise */
#define ROOT_INO 1
#define PTMX_INO 2
#define FIRST_INO 3 /* of number 0; also where readdir finds it */

typedef struct pts_options {
	bool has_uid, has_gid; /* else the opener's */
	uid_t uid;
	gid_t gid;
	mode_t mode, ptmx_mode;
	u32 max;
} pts_options_t;

typedef struct devpts {
	xarray_t names;	      /* names_lock: pts_name_t by number */
	pts_options_t chosen; /* by mount(2) */
	/* ptmx itself: its node's lock; what a new node of it begins with */
	uid_t ptmx_uid;
	gid_t ptmx_gid;
	mode_t ptmx_mode;
	unsigned long ptmx_version; /* nodes of an older one are no longer good */
} devpts_t;

typedef struct pts_name {
	tty_t *slave; /* own reference; NULL: the number is taken, the name is not there (yet) */
	vfs_node_t *node; /* own reference, with slave */
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
static u64 names_count;	     /* names_lock; sysctl kernel.pty.nr */
static int names_max = 4096; /* sysctl kernel.pty.max */
/*
 * sysctl kernel.pty.reserve: how many of these are for instances mounted in the first mount namespace; all are
 * as long as there is no other.
 */
static int names_reserve = 1024;

static const fs_operations_t devpts_operations;

static devpts_t *devpts_of(const super_block_t *sb)
{
	return sb->private_data;
}

/* The instance's root, through the mount by which the master's file leads there. */
static int instance_place(const file_t *master, path_t *out)
{
	int r;

	if (master->node->sb->ops == &devpts_operations) {
		*out = (path_t){ master->path.mount, master->node->sb->root };
		path_get(out);
		return 0;
	}
	r = path_lookup_beside(&master->path, "pts", out);
	if (r)
		return r;
	if (out->dentry->sb->ops == &devpts_operations && out->dentry == out->dentry->sb->root)
		return 0;
	path_put(out);
	return -ENODEV;
}

super_block_t *devpts_of_master(const file_t *master)
{
	super_block_t *sb;
	path_t place;
	int r = instance_place(master, &place);

	if (r)
		return ERR_PTR(r);
	sb = place.dentry->sb;
	super_hold(sb);
	path_put(&place);
	return sb;
}

/* names_lock held. */
static int take_index(devpts_t *p, pts_name_t *n, u64 *index, xa_preload_t *spare)
{
	u32 max = READ_ONCE(p->chosen.max);
	int r;

	if (names_count >= (u64)READ_ONCE(names_max) || !max ||
	    !xa_find_free(&p->names, 0, max - 1, index))
		return -ENOSPC;
	r = xa_store_preloaded(&p->names, *index, n, NULL, spare);
	if (!r)
		names_count++;
	return r;
}

int devpts_alloc_index(super_block_t *sb)
{
	pts_name_t *n = kzalloc(sizeof(*n), GFP_KERNEL);
	devpts_t *p = devpts_of(sb);
	xa_preload_t spare = { 0 };
	u64 index = 0;
	int r;

	if (!n)
		return -ENOMEM;
	for (;;) {
		spin_lock(&names_lock);
		r = take_index(p, n, &index, &spare);
		spin_unlock(&names_lock);
		if (r != -ENOMEM)
			break;
		r = xa_preload(&p->names, index, &spare);
		if (r)
			break;
	}
	xa_preload_end(&p->names, &spare);
	if (!r)
		return (int)index;
	kfree(n);
	return r;
}

void devpts_free_index(super_block_t *sb, u32 index)
{
	pts_name_t *n;

	spin_lock(&names_lock);
	n = xa_erase(&devpts_of(sb)->names, index);
	names_count--;
	spin_unlock(&names_lock);
	kfree(n);
}

static const node_operations_t slave_node_ops = { 0 };

static vfs_node_t *make_device(super_block_t *sb, mode_t mode, dev_t dev, ino_t ino)
{
	vfs_node_t *n = alloc_inode(sb);

	if (!n)
		return NULL;
	n->mode = S_IFCHR | (mode & 07777);
	n->ino = ino;
	n->nlink = 1;
	n->ops = &slave_node_ops;
	n->atime = n->mtime = n->ctime = clock_realtime();
	node_init_special(n, dev);
	return n;
}

int devpts_add(super_block_t *sb, tty_t *slave)
{
	const pts_options_t *o = &devpts_of(sb)->chosen;
	u32 index = dev_minor(slave->dev);
	vfs_node_t *node = make_device(sb, o->mode, slave->dev, index + FIRST_INO);
	pts_name_t *n;

	if (!node)
		return -ENOMEM;
	node->uid = o->has_uid ? o->uid : current_cred()->fsuid;
	node->gid = o->has_gid ? o->gid : current_cred()->fsgid;
	tty_get(slave);
	spin_lock(&names_lock);
	n = xa_load(&devpts_of(sb)->names, index);
	n->node = node;
	n->slave = slave;
	spin_unlock(&names_lock);
	return 0;
}

void devpts_remove(super_block_t *sb, u32 index)
{
	pts_name_t *n, was;

	spin_lock(&names_lock);
	n = xa_load(&devpts_of(sb)->names, index);
	was = *n;
	*n = (pts_name_t){ 0 };
	spin_unlock(&names_lock);
	if (!was.slave)
		return;
	node_put(was.node);
	tty_put(was.slave);
}

tty_t *devpts_find(const vfs_node_t *node)
{
	tty_t *slave = NULL;
	const pts_name_t *n;

	if (node->sb->ops != &devpts_operations)
		return NULL;
	spin_lock(&names_lock);
	n = xa_load(&devpts_of(node->sb)->names, dev_minor(node->rdev));
	if (n && n->node == node) {
		slave = n->slave;
		tty_get(slave);
	}
	spin_unlock(&names_lock);
	return slave;
}

/* The node of the first name at or after *index, referenced; NULL at the end. */
static vfs_node_t *find_from(devpts_t *p, u64 *index, u64 last)
{
	vfs_node_t *node = NULL;
	pts_name_t *n;

	spin_lock(&names_lock);
	while ((n = xa_find(&p->names, index, last)) && !n->slave)
		++*index;
	if (n) {
		node = n->node;
		node_get(node);
	}
	spin_unlock(&names_lock);
	return node;
}

file_t *devpts_open_peer(const file_t *master, super_block_t *sb, tty_t *slave, int flags)
{
	dentry_t *root;
	path_t place;
	char name[12];
	file_t *f;
	int r = instance_place(master, &place);

	if (r)
		return ERR_PTR(r);
	root = place.dentry;
	if (root->sb != sb) {
		path_put(&place);
		return ERR_PTR(-ENODEV);
	}
	snprintf(name, sizeof(name), "%u", dev_minor(slave->dev));
	rwsem_write_lock(&root->node->lock);
	place.dentry = dentry_lookup(root, name);
	rwsem_write_unlock(&root->node->lock);
	dentry_put(root);
	if (IS_ERR(place.dentry)) {
		f = ERR_PTR(PTR_ERR(place.dentry));
		place.dentry = NULL;
	} else if (!place.dentry->node) {
		f = ERR_PTR(-EIO);
	} else {
		f = file_open_path(&place, flags, current_cred());
	}
	path_put(&place);
	return f;
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

static int set_ptmx(vfs_node_t *n, const vfs_attr_t *attr)
{
	devpts_t *p = devpts_of(n->sb);

	node_store_attr(n, attr);
	p->ptmx_uid = n->uid;
	p->ptmx_gid = n->gid;
	p->ptmx_mode = n->mode & 07777;
	return 0;
}

static const node_operations_t ptmx_node_ops = { .set_attr = set_ptmx };

static vfs_node_t *make_ptmx(super_block_t *sb)
{
	const devpts_t *p = devpts_of(sb);
	vfs_node_t *n = make_device(sb, p->ptmx_mode, makedev(TTYAUX_MAJOR, 2), PTMX_INO);

	if (!n)
		return NULL;
	n->uid = p->ptmx_uid;
	n->gid = p->ptmx_gid;
	n->ops = &ptmx_node_ops;
	n->private_data = (void *)READ_ONCE(p->ptmx_version); /* only compared */
	return n;
}

static int pts_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	vfs_node_t *n;
	u32 index;
	u64 at;

	dentry->flags |= DENTRY_REVALIDATE;
	if (!strcmp(dentry->name, "ptmx")) {
		n = make_ptmx(dir->sb);
		if (!n)
			return -ENOMEM;
	} else {
		if (!parse_index(dentry->name, &index))
			return 0;
		at = index;
		n = find_from(devpts_of(dir->sb), &at, index);
	}
	if (n)
		dentry_attach(dentry, n);
	return 0;
}

/* A name is good as long as its pair is; an absent one is looked up anew each time. */
static bool pts_revalidate(dentry_t *d)
{
	const devpts_t *p = devpts_of(d->sb);
	const vfs_node_t *node = READ_ONCE(d->node);
	const pts_name_t *n;
	bool same;

	if (!node)
		return false;
	if (node->ino == PTMX_INO)
		return node->private_data == (void *)READ_ONCE(p->ptmx_version);
	spin_lock(&names_lock);
	n = xa_load(&p->names, dev_minor(node->rdev));
	same = n && n->node == node;
	spin_unlock(&names_lock);
	return same;
}

static const dentry_operations_t pts_dentry_ops = { .revalidate = pts_revalidate };

static int pts_iterate(file_t *f, dir_context_t *ctx)
{
	vfs_node_t *node;

	if (!dir_emit_dots(f, ctx))
		return 0;
	if (ctx->pos == PTMX_INO) {
		if (!ctx->emit(ctx, "ptmx", 4, FIRST_INO, PTMX_INO, DT_CHR))
			return 0;
		ctx->pos = FIRST_INO;
	}
	for (u64 i = (u64)ctx->pos - FIRST_INO;
	     (node = find_from(devpts_of(f->node->sb), &i, PTYS_MAX - 1)); i++) {
		char name[12];
		int len = snprintf(name, sizeof(name), "%lu", i);

		node_put(node);
		ctx->pos = (off_t)i + FIRST_INO;
		if (!ctx->emit(ctx, name, (u32)len, i + FIRST_INO + 1, i + FIRST_INO, DT_CHR))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static const node_operations_t pts_dir_node_ops = { .lookup = pts_lookup };
static const file_operations_t pts_dir_ops = { .iterate = pts_iterate,
					       .llseek = endless_llseek,
					       .fsync = noop_fsync,
					       .read_iter = directory_read_iter };

static int parse_one(pts_options_t *o, const char *name, const char *value)
{
	bool octal = !strcmp(name, "mode") || !strcmp(name, "ptmxmode");
	u64 v;

	if (kstrtou64(value, octal ? 8 : 10, &v) || v > UINT32_MAX)
		return -EINVAL;
	if (!strcmp(name, "uid")) {
		o->uid = (uid_t)v;
		o->has_uid = true;
	} else if (!strcmp(name, "gid")) {
		o->gid = (gid_t)v;
		o->has_gid = true;
	} else if (!strcmp(name, "mode")) {
		o->mode = (mode_t)v & 07777;
	} else if (!strcmp(name, "ptmxmode")) {
		o->ptmx_mode = (mode_t)v & 07777;
	} else if (!strcmp(name, "max")) {
		o->max = (u32)v;
		return v > PTYS_MAX ? -EINVAL : 0;
	} else {
		return -EINVAL;
	}
	return 0;
}

/* What is not named has its default again, at a remount too. */
static int parse_options(pts_options_t *o, const char *options)
{
	*o = (pts_options_t){ .mode = SLAVE_MODE, .max = PTYS_MAX };
	while (options && *options) {
		size_t n = strcspn(options, ",");
		char word[OPTION_MAX], *value;
		int r;

		if (n >= sizeof(word))
			return -EINVAL;
		memcpy(word, options, n);
		word[n] = 0;
		options += n + (options[n] == ',');
		if (!n || !strcmp(word, "newinstance")) /* which every mount is */
			continue;
		value = strchr(word, '=');
		if (!value)
			return -EINVAL;
		*value++ = 0;
		r = parse_one(o, word, value);
		if (r)
			return r;
	}
	return 0;
}

static int remount(super_block_t *sb, u32 flags, const char *options)
{
	devpts_t *p = devpts_of(sb);
	pts_options_t next;
	int r = parse_options(&next, options);

	if (r)
		return r;
	p->chosen = next;
	p->ptmx_mode = next.ptmx_mode;
	WRITE_ONCE(p->ptmx_version, p->ptmx_version + 1);
	return 0;
}

static int show_options(super_block_t *sb, seq_file_t *m)
{
	const pts_options_t *o = &devpts_of(sb)->chosen;

	if (o->has_uid)
		seq_printf(m, ",uid=%u", o->uid);
	if (o->has_gid)
		seq_printf(m, ",gid=%u", o->gid);
	seq_printf(m, ",mode=%03o,ptmxmode=%03o", o->mode, o->ptmx_mode);
	if (o->max < PTYS_MAX)
		seq_printf(m, ",max=%u", o->max);
	return 0;
}

static int fill_super(super_block_t *sb, const char *source, const char *options)
{
	devpts_t *p = kzalloc(sizeof(*p), GFP_KERNEL);
	vfs_node_t *n;
	int r;

	if (!p)
		return -ENOMEM;
	sb->private_data = p;
	xa_init(&p->names, &names_operations);
	r = parse_options(&p->chosen, options);
	if (r)
		return r;
	p->ptmx_uid = current_cred()->fsuid;
	p->ptmx_gid = current_cred()->fsgid;
	p->ptmx_mode = p->chosen.ptmx_mode;
	n = alloc_inode(sb);
	if (!n)
		return -ENOMEM;
	sb->magic = DEVPTS_MAGIC;
	sb->block_size = PTS_BLOCK_SIZE;
	n->mode = S_IFDIR | 0755;
	n->ino = ROOT_INO;
	n->nlink = 2;
	n->ops = &pts_dir_node_ops;
	n->fops = &pts_dir_ops;
	n->atime = n->mtime = n->ctime = clock_realtime();
	sb->root = dentry_make_root(n);
	if (!sb->root) {
		node_put(n);
		return -ENOMEM;
	}
	sb->root->ops = &pts_dentry_ops; /* dentries below inherit it */
	return 0;
}

/* No slave is left: each held the super block. */
static void kill_super(super_block_t *sb)
{
	devpts_t *p = devpts_of(sb);

	if (p)
		xa_destroy(&p->names);
	kfree(p);
}

static const fs_operations_t devpts_operations = {
	.name = "devpts",
	.fill_super = fill_super,
	.kill_super = kill_super,
	.remount = remount,
	.show_options = show_options,
};

__init void devpts_init(void)
{
	if (register_filesystem("devpts", &devpts_operations))
		panic("devpts cannot be registered");
	if (proc_sysctl_int("kernel/pty/max", 0644, &names_max, 0, PTYS_MAX) ||
	    proc_sysctl_int("kernel/pty/reserve", 0644, &names_reserve, 0, PTYS_MAX) ||
	    proc_sysctl_u64("kernel/pty/nr", 0444, &names_count, 0, 0))
		panic("No memory for /proc/sys/kernel/pty");
}
