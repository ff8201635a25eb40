/*
 * Bringing the VFS up: caches, the first super block, and the root that the first process works in.
 */
#include "vfs_internal.h"

#include <fs/tmpfs.h>

static mount_namespace_t initial_namespace = {
	.refs = REFCOUNT_INIT(1),
	.mounts = LIST_INIT(initial_namespace.mounts),
	.wait = WAIT_QUEUE_INIT(initial_namespace.wait),
};

__init void vfs_init(void)
{
	super_block_t *sb;
	mount_t *root;

	dcache_init();
	node_init();
	names_init();
	file_init();
	mount_init();
	mapping_init();
	super_init();
	tmpfs_init();
	sb = mount_filesystem("rootfs", "rootfs");
	root = IS_ERR(sb) ? NULL : mount_alloc(sb, sb->root, "rootfs", 0);
	if (!root)
		panic("the root file system cannot be made");
	root->ns = &initial_namespace;
	initial_namespace.root = root;
	list_add_tail(&root->ns_link, &initial_namespace.mounts);
	initial_namespace.count = 1;
	init_namespaces.mount = &initial_namespace;
	fs_context_init(root);
	files_init();
}
