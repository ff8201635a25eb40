/*
 * Who may do what: mode bits, owners, groups, capabilities (path_resolution(7), capabilities(7)).
 */
#include "vfs_internal.h"

#include <uapi/mount.h>

#define MAY_RWX (MAY_READ | MAY_WRITE | MAY_EXEC)

static int bits_for(const vfs_node_t *node, const cred_t *cred)
{
	mode_t mode = READ_ONCE(node->mode);

	/* Only the first class that matches counts. */
	if (cred->fsuid == READ_ONCE(node->uid))
		return (mode >> 6) & 7;
	/* Asking for the groups is needless when it makes no difference. */
	if (((mode >> 3) & 7) != (mode & 7) && in_group(cred, READ_ONCE(node->gid)))
		return (mode >> 3) & 7;
	return mode & 7;
}

int node_mode_permission(const vfs_node_t *node, int mask, const cred_t *cred)
{
	mask &= MAY_RWX;
	if (likely(!(mask & ~bits_for(node, cred))))
		return 0;
	return node_overrides(node, mask, cred);
}

int node_overrides(const vfs_node_t *node, int mask, const cred_t *cred)
{
	mode_t mode = READ_ONCE(node->mode);

	if (S_ISDIR(mode)) {
		if (!(mask & MAY_WRITE) && cred_capable(cred, CAP_DAC_READ_SEARCH))
			return 0;
		return cred_capable(cred, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && cred_capable(cred, CAP_DAC_READ_SEARCH))
		return 0;
	/* Nobody executes what has no execute bit at all. */
	if ((!(mask & MAY_EXEC) || (mode & 0111)) && cred_capable(cred, CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

int node_permission(vfs_node_t *node, int mask)
{
	if ((mask & MAY_WRITE) && (node->sb->flags & MS_RDONLY) &&
	    (S_ISREG(node->mode) || S_ISDIR(node->mode) || S_ISLNK(node->mode)))
		return -EROFS;
	if ((mask & MAY_WRITE) && node_flagged(node, FS_IMMUTABLE_FL))
		return -EPERM;
	if (node->ops->permission)
		return node->ops->permission(node, mask);
	return node_mode_permission(node, mask, current_cred());
}

bool node_owner_or_capable(const vfs_node_t *node)
{
	return current_cred()->fsuid == READ_ONCE(node->uid) || capable(CAP_FOWNER);
}

int may_create(vfs_node_t *dir)
{
	if (dir->state & NODE_DEAD)
		return -ENOENT;
	return node_permission(dir, MAY_WRITE | MAY_EXEC);
}

/* In a sticky directory only the owners of the file or of the directory may remove. */
static bool sticky_forbids(const vfs_node_t *dir, const vfs_node_t *victim)
{
	uid_t fsuid = current_cred()->fsuid;

	return (dir->mode & S_ISVTX) && victim->uid != fsuid && dir->uid != fsuid &&
	       !capable(CAP_FOWNER);
}

int may_delete(vfs_node_t *dir, dentry_t *victim, bool want_dir)
{
	int r;

	if (!victim->node)
		return -ENOENT;
	r = node_permission(dir, MAY_WRITE | MAY_EXEC);
	if (r)
		return r;
	if (node_flagged(dir, FS_APPEND_FL) || sticky_forbids(dir, victim->node) ||
	    node_flagged(victim->node, FS_APPEND_FL | FS_IMMUTABLE_FL))
		return -EPERM;
	if (want_dir && !dentry_is_dir(victim))
		return -ENOTDIR;
	if (want_dir && victim->parent == victim)
		return -EBUSY;
	if (!want_dir && dentry_is_dir(victim))
		return -EISDIR;
	return dir->state & NODE_DEAD ? -ENOENT : 0;
}
