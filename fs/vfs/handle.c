/*
 * File handles (name_to_handle_at(2)): words from which a file of a file system is found again,
 * whatever its name is by then.
 *
 * A handle is a generation, which is 0 since no number is given twice, and the number of the node.
 * A node does not know its names, so finding one searches the tree of names below the root, which
 * in a memory file system is all there: handles are for file servers, and rare.
 */
#include "vfs_internal.h"

#define HANDLE_TYPE 1 /* what Linux's tmpfs calls it */

int node_encode_handle(const vfs_node_t *n, u32 *handle, u32 *words)
{
	u32 room = *words;

	if (!n->sb->ops->has_handles)
		return -EOPNOTSUPP;
	*words = FILE_HANDLE_WORDS;
	if (room < FILE_HANDLE_WORDS)
		return -ENOSPC;
	handle[0] = 0;
	handle[1] = (u32)n->ino;
	handle[2] = (u32)(n->ino >> 32);
	return HANDLE_TYPE;
}

/*
 * The file below root with that number, referenced, or NULL. Nothing moves from directory to
 * directory meanwhile: sb->rename_mutex is held. What we hold keeps all above it.
 */
static dentry_t *find_number(dentry_t *root, ino_t ino)
{
	dentry_t *d = root, *next;

	dentry_get(d);
	while (d->node->ino != ino) {
		next = S_ISDIR(d->node->mode) ? memory_next_child(d, NULL) : NULL;
		while (!next && d != root) {
			dentry_t *parent = d->parent;

			next = memory_next_child(parent, d);
			if (!next) {
				dentry_get(parent);
				dentry_put(d);
				d = parent;
			}
		}
		dentry_put(d);
		if (!next)
			return NULL;
		d = next;
	}
	return d;
}

int mount_decode_handle(mount_t *m, int type, const u32 *handle, u32 words, path_t *out)
{
	super_block_t *sb = m->sb;
	dentry_t *d;

	if (!sb->ops->has_handles || type != HANDLE_TYPE || words < FILE_HANDLE_WORDS || handle[0])
		return -ESTALE;
	mutex_lock(&sb->rename_mutex);
	d = find_number(m->root, handle[1] | (ino_t)handle[2] << 32);
	mutex_unlock(&sb->rename_mutex);
	if (!d)
		return -ESTALE;
	mount_get(m);
	*out = (path_t){ m, d };
	return 0;
}
