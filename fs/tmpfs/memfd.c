/*
 * Files in memory without a name: memfd_create(2), and what else wants one (System V shared
 * memory). They live in a tmpfs of the kernel's own, which has no limits and is mounted nowhere.
 *
 * Seals are kept in the node, under its lock, which every write and every change of size holds
 * exclusively. F_SEAL_WRITE also has to know of mappings: file_map_deny_writable makes sure that
 * there are none and will be none.
 */
#include "tmpfs_internal.h"

#include <fs/memfd.h>
#include <kernel/lib/printf.h>
#include <kernel/panic.h>
#include <uapi/errno.h>
#include <uapi/statfs.h>

static super_block_t *memory_super; /* set once at boot */

static int show_name(dentry_t *d, char *buf, size_t size)
{
	return snprintf(buf, size, "/%s (deleted)", d->name);
}

static const dentry_operations_t nameless_operations = { .show_name = show_name };

file_t *memory_file_create(const char *name, u64 size, mode_t mode)
{
	vfs_node_t *n = tmpfs_make_node(memory_super, NULL, S_IFREG | mode, 0);
	file_t *f;

	if (IS_ERR(n))
		return ERR_PTR(PTR_ERR(n));
	n->nlink = 0;
	n->data->size = size;
	f = file_create_nameless(n, name, &nameless_operations, O_RDWR | O_LARGEFILE);
	node_put(n);
	return f;
}

file_t *memfd_create_file(const char *name, bool sealable)
{
	file_t *f = memory_file_create(name, 0, 0777);

	if (!IS_ERR(f) && sealable)
		f->node->seals = 0;
	return f;
}

/* ---- seals ---- */

static bool can_be_sealed(const file_t *f)
{
	return f->ops == &tmpfs_file_operations;
}

int file_add_seals(file_t *f, u32 seals)
{
	vfs_node_t *n = f->node;
	int r = 0;

	if (!(f->mode & FMODE_WRITE))
		return -EPERM;
	if (seals & ~F_ALL_SEALS)
		return -EINVAL;
	if (!can_be_sealed(f))
		return -EINVAL;
	rwsem_write_lock(&n->lock);
	if (n->seals & F_SEAL_SEAL)
		r = -EPERM;
	else if (seals & ~n->seals & F_SEAL_WRITE)
		r = file_map_deny_writable(n->data);
	if (!r)
		WRITE_ONCE(n->seals, n->seals | seals);
	rwsem_write_unlock(&n->lock);
	return r;
}

int file_get_seals(file_t *f)
{
	return can_be_sealed(f) ? (int)READ_ONCE(f->node->seals) : -EINVAL;
}

__init void memfd_init(void)
{
	memory_super = mount_filesystem(NULL, "ramfs");
	if (IS_ERR(memory_super))
		panic("no memory for the file system of nameless files");
	memory_super->magic = TMPFS_MAGIC;
	memory_super->has_xattrs = true;
	memory_super->file_flags = TMPFS_FILE_FLAGS;
}
