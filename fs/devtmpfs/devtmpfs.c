/*
 * devtmpfs: a tmpfs in which drivers make the nodes of their devices. All its mounts show the same
 * tree, so what a program adds or removes there (directories to mount on, links) is seen everywhere
 * too.
 */
#include <fs/filesystems.h>
#include <fs/vfs.h>

#include <kernel/panic.h>
#include <uapi/errno.h>

static super_block_t *devices; /* held for good */

int devtmpfs_create(const char *name, mode_t mode, dev_t dev)
{
	vfs_node_t *root = devices->root->node;
	dentry_t *d;
	int r;

	rwsem_write_lock(&root->lock);
	d = dentry_lookup(devices->root, name);
	if (IS_ERR(d)) {
		r = (int)PTR_ERR(d);
	} else {
		r = d->node ? -EEXIST : root->ops->create(root, d, S_IFCHR | mode, dev);
		dentry_put(d);
	}
	rwsem_write_unlock(&root->lock);
	return r;
}

int devtmpfs_remove(const char *name)
{
	return vfs_remove_device(devices->root, name);
}

__init void devtmpfs_init(void)
{
	devices = mount_filesystem("devtmpfs", "devtmpfs");
	if (IS_ERR(devices))
		panic("devtmpfs cannot be set up: error %ld", -PTR_ERR(devices));
}
