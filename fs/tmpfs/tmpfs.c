/*
 * tmpfs (tmpfs(5)): a file system in memory.
 *
 * Names are the dentries themselves, pinned while they are linked (fs/vfs/dcache.c); data are pages
 * in the page cache that have no backing store. So this file keeps accounts (pages, nodes) and the
 * link counts and times that POSIX wants, and little else. A directory's size is 20 bytes an entry,
 * as Linux shows it.
 *
 * Limits: max_pages counts the pages in the caches of all files, max_nodes the nodes and the
 * further hard links (each of which pins a dentry). The numbers are charged before the thing is
 * made and given back when it is gone.
 */
#include "tmpfs_internal.h"

#include <fs/acl.h>
#include <kernel/cred.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/slab.h>
#include <uapi/errno.h>
#include <uapi/memfd.h>
#include <uapi/mount.h>
#include <uapi/statfs.h>

#define ENTRY_SIZE 20

static const node_operations_t dir_operations, file_node_operations, link_operations,
	special_operations;

static bool take_node(tmpfs_t *t)
{
	u64 max = READ_ONCE(t->max_nodes);

	if ((u64)atomic64_add_return(&t->nodes, 1) > max && max) {
		atomic64_dec(&t->nodes);
		return false;
	}
	return true;
}

vfs_node_t *tmpfs_make_node(super_block_t *sb, const vfs_node_t *dir, mode_t mode, dev_t rdev)
{
	tmpfs_t *t = tmpfs_of(sb);
	vfs_node_t *n;

	if (!take_node(t))
		return ERR_PTR(-ENOSPC);
	n = alloc_inode(sb);
	if (!n) {
		atomic64_dec(&t->nodes);
		return ERR_PTR(-ENOMEM);
	}
	node_init_owner(n, dir, mode);
	if (dir)
		node_inherit_flags(n, dir);
	n->btime = n->ctime;
	switch (mode & S_IFMT) {
	case S_IFREG:
		n->ops = &file_node_operations;
		n->fops = &tmpfs_file_operations;
		n->map.ops = &tmpfs_map_ops;
		n->seals = F_SEAL_SEAL;
		break;
	case S_IFDIR:
		n->ops = &dir_operations;
		n->fops = &memory_dir_operations;
		n->nlink = 2;
		n->map.size = 2 * ENTRY_SIZE;
		break;
	case S_IFLNK:
		n->ops = &link_operations;
		break;
	default:
		n->ops = &special_operations;
		node_init_special(n, rdev);
		break;
	}
	if (dir && !S_ISLNK(mode) && acl_inherit(n, dir)) {
		node_put(n);
		return ERR_PTR(-ENOMEM);
	}
	return n;
}

/* The directory's size and times follow its entries. */
static void entry_added(vfs_node_t *dir, int n)
{
	WRITE_ONCE(dir->map.size, dir->map.size + (u64)(s64)(n * ENTRY_SIZE));
	node_touch(dir, ATTR_MTIME | ATTR_CTIME);
}

static int tmpfs_create(vfs_node_t *dir, dentry_t *d, mode_t mode, dev_t rdev)
{
	vfs_node_t *n = tmpfs_make_node(dir->sb, dir, mode, rdev);

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	entry_added(dir, 1);
	dentry_attach(d, n);
	return 0;
}

static int tmpfs_mkdir(vfs_node_t *dir, dentry_t *d, mode_t mode)
{
	int r = tmpfs_create(dir, d, mode, 0);

	if (!r)
		dir->nlink++;
	return r;
}

static int tmpfs_symlink(vfs_node_t *dir, dentry_t *d, const char *target)
{
	vfs_node_t *n = tmpfs_make_node(dir->sb, dir, S_IFLNK | 0777, 0);

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	n->link = kstrdup(target, GFP_KERNEL);
	if (!n->link) {
		node_put(n);
		return -ENOMEM;
	}
	n->state |= NODE_OWNS_LINK;
	n->map.size = strlen(target);
	entry_added(dir, 1);
	dentry_attach(d, n);
	return 0;
}

static int tmpfs_link(vfs_node_t *n, vfs_node_t *dir, dentry_t *d)
{
	/* The first name of an O_TMPFILE was paid for with the node. */
	if (n->nlink && !take_node(tmpfs_of(n->sb)))
		return -ENOSPC;
	n->nlink++;
	node_touch(n, ATTR_CTIME);
	entry_added(dir, 1);
	node_get(n);
	dentry_attach(d, n);
	return 0;
}

static int tmpfs_unlink(vfs_node_t *dir, dentry_t *d)
{
	vfs_node_t *n = d->node;

	if (n->nlink > 1 && !S_ISDIR(n->mode))
		atomic64_dec(&tmpfs_of(n->sb)->nodes);
	n->nlink--;
	node_touch(n, ATTR_CTIME);
	entry_added(dir, -1);
	return 0;
}

static int tmpfs_rmdir(vfs_node_t *dir, dentry_t *d)
{
	if (!memory_dir_empty(d))
		return -ENOTEMPTY;
	d->node->nlink--; /* its "." */
	dir->nlink--;
	return tmpfs_unlink(dir, d);
}

static void count_dir_links(vfs_node_t *odir, vfs_node_t *ndir, const vfs_node_t *moved)
{
	if (odir != ndir && S_ISDIR(moved->mode)) {
		odir->nlink--;
		ndir->nlink++;
	}
}

static int tmpfs_rename(vfs_node_t *odir, dentry_t *od, vfs_node_t *ndir, dentry_t *nd, u32 flags)
{
	int r;

	if (flags & RENAME_EXCHANGE) {
		count_dir_links(odir, ndir, od->node);
		count_dir_links(ndir, odir, nd->node);
		node_touch(nd->node, ATTR_CTIME);
		entry_added(odir, 0);
	} else {
		if (nd->node) {
			r = S_ISDIR(nd->node->mode) ? tmpfs_rmdir(ndir, nd)
						    : tmpfs_unlink(ndir, nd);
			if (r)
				return r;
		}
		count_dir_links(odir, ndir, od->node);
		entry_added(odir, -1);
		entry_added(ndir, 1);
	}
	node_touch(ndir, ATTR_MTIME | ATTR_CTIME);
	node_touch(od->node, ATTR_CTIME);
	return 0;
}

static int tmpfs_tmpfile(vfs_node_t *dir, file_t *f, mode_t mode)
{
	vfs_node_t *n = tmpfs_make_node(dir->sb, dir, mode, 0);
	char name[24];
	dentry_t *d;
	int len;

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	n->nlink = 0;
	len = snprintf(name, sizeof(name), "#%lu", n->ino);
	d = dentry_alloc(f->path.dentry, name, (u32)len);
	if (!d) {
		node_put(n);
		return -ENOMEM;
	}
	dentry_attach_nameless(d, n);
	f->path.dentry = d;
	return 0;
}

/* Each for nodes without an access control list, and with one. */
#define DIR_OPERATIONS                                                                             \
	.create = tmpfs_create, .mkdir = tmpfs_mkdir, .symlink = tmpfs_symlink,                    \
	.link = tmpfs_link, .unlink = tmpfs_unlink, .rmdir = tmpfs_rmdir, .rename = tmpfs_rename,  \
	.tmpfile = tmpfs_tmpfile
#define FILE_OPERATIONS .set_attr = tmpfs_set_attr, .get_attr = tmpfs_get_attr

static const node_operations_t dir_acl_operations = { DIR_OPERATIONS, .permission = acl_permission,
						      .twin = &dir_operations };
static const node_operations_t dir_operations = { DIR_OPERATIONS, .twin = &dir_acl_operations };
static const node_operations_t file_acl_operations = { FILE_OPERATIONS,
						       .permission = acl_permission,
						       .twin = &file_node_operations };
static const node_operations_t file_node_operations = { FILE_OPERATIONS,
							.twin = &file_acl_operations };
static const node_operations_t special_acl_operations = { .permission = acl_permission,
							  .twin = &special_operations };
static const node_operations_t special_operations = { .twin = &special_acl_operations };
static const node_operations_t link_operations;

/* ---- the instance ---- */

static int tmpfs_fill(super_block_t *sb, const char *source, const char *options)
{
	tmpfs_t *t = kzalloc(sizeof(*t), GFP_KERNEL);
	vfs_node_t *root;
	int r;

	if (!t)
		return -ENOMEM;
	sb->private_data = t;
	t->max_pages = t->max_nodes = tmpfs_default_pages();
	t->mode = 01777;
	t->uid = current_cred()->fsuid;
	t->gid = current_cred()->fsgid;
	r = tmpfs_parse(t, options);
	if (r)
		return r;
	sb->magic = TMPFS_MAGIC;
	sb->has_xattrs = true;
	sb->file_flags = TMPFS_FILE_FLAGS;
	root = tmpfs_make_node(sb, NULL, S_IFDIR | t->mode, 0);
	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	root->uid = t->uid;
	root->gid = t->gid;
	sb->root = dentry_make_root(root);
	if (!sb->root) {
		node_put(root);
		return -ENOMEM;
	}
	return 0;
}

/* The first file system: its root belongs to nobody's mount call. */
static int rootfs_fill(super_block_t *sb, const char *source, const char *options)
{
	int r = tmpfs_fill(sb, source, options);

	if (!r)
		sb->root->node->mode = S_IFDIR | 0755;
	return r;
}

static void tmpfs_kill(super_block_t *sb)
{
	kfree(sb->private_data);
}

static void tmpfs_evict(vfs_node_t *n)
{
	atomic64_dec(&tmpfs_of(n->sb)->nodes);
}

static int tmpfs_stat(super_block_t *sb, vfs_statfs_t *out)
{
	tmpfs_t *t = tmpfs_of(sb);
	u64 used = (u64)atomic64_read(&t->pages), nodes = (u64)atomic64_read(&t->nodes);

	if (t->max_pages) {
		out->blocks = t->max_pages;
		out->free = out->available = t->max_pages > used ? t->max_pages - used : 0;
	}
	if (t->max_nodes) {
		out->files = t->max_nodes;
		out->files_free = t->max_nodes > nodes ? t->max_nodes - nodes : 0;
	}
	return 0;
}

static int tmpfs_remount(super_block_t *sb, u32 flags, const char *options)
{
	tmpfs_t *t = tmpfs_of(sb), next = *t;
	int r = tmpfs_parse(&next, options);

	if (r)
		return r;
	/* A limit cannot go below what is used, nor come where there was none. */
	if (next.max_pages && (u64)atomic64_read(&t->pages) > next.max_pages)
		return -EINVAL;
	if (next.max_nodes && (u64)atomic64_read(&t->nodes) > next.max_nodes)
		return -EINVAL;
	if ((next.max_pages && !t->max_pages) || (next.max_nodes && !t->max_nodes))
		return -EINVAL;
	WRITE_ONCE(t->max_pages, next.max_pages);
	WRITE_ONCE(t->max_nodes, next.max_nodes);
	return 0;
}

/* ramfs is tmpfs without limits. */
static int ramfs_fill(super_block_t *sb, const char *source, const char *options)
{
	int r = tmpfs_fill(sb, source, NULL);

	if (r)
		return r;
	tmpfs_of(sb)->max_pages = tmpfs_of(sb)->max_nodes = 0;
	sb->root->node->mode = S_IFDIR | 0755;
	sb->magic = RAMFS_MAGIC;
	sb->has_xattrs = false;
	sb->file_flags = 0;
	return 0;
}

static const fs_operations_t tmpfs_operations = {
	.name = "tmpfs",
	.has_handles = true,
	.fill_super = tmpfs_fill,
	.kill_super = tmpfs_kill,
	.stat_super = tmpfs_stat,
	.remount = tmpfs_remount,
	.show_options = tmpfs_show_options,
	.evict_node = tmpfs_evict,
};

static const fs_operations_t rootfs_operations = {
	.name = "rootfs",
	.has_handles = true,
	.fill_super = rootfs_fill,
	.stat_super = tmpfs_stat,
	.remount = tmpfs_remount,
	.show_options = tmpfs_show_options,
	.evict_node = tmpfs_evict,
	.single = true,
};

static const fs_operations_t ramfs_operations = {
	.name = "ramfs",
	.fill_super = ramfs_fill,
	.kill_super = tmpfs_kill,
	.stat_super = tmpfs_stat,
	.evict_node = tmpfs_evict,
};

/* devtmpfs is one tmpfs for all its mounts, in which the kernel makes nodes (fs/devtmpfs). */
static const fs_operations_t devtmpfs_operations = {
	.name = "devtmpfs",
	.has_handles = true,
	.fill_super = rootfs_fill,
	.stat_super = tmpfs_stat,
	.remount = tmpfs_remount,
	.show_options = tmpfs_show_options,
	.evict_node = tmpfs_evict,
	.single = true,
};

__init void tmpfs_init(void)
{
	if (register_filesystem("tmpfs", &tmpfs_operations) ||
	    register_filesystem("ramfs", &ramfs_operations) ||
	    register_filesystem("devtmpfs", &devtmpfs_operations) ||
	    register_filesystem("rootfs", &rootfs_operations))
		panic("tmpfs cannot be registered");
}
