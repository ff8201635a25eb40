/*
 * Extended attributes (xattr(7)): values by name that stay with a file.
 *
 * All take a looked-up place, check permission for current, lock the node, and may sleep. Errors
 * are those of setxattr(2) and kin: -EOPNOTSUPP where the file system or the name's class has none,
 * -ENODATA, -EEXIST, -ERANGE, -EPERM, -EROFS.
 */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include <fs/vfs.h>
#include <uapi/xattr.h>

/* value is copied; flags: XATTR_*. */
int vfs_set_xattr(const path_t *p, const char *name, const void *value, size_t size, int flags);
int vfs_remove_xattr(const path_t *p, const char *name);
/* The value's length; size 0: only asks for it. */
ssize_t vfs_get_xattr(const path_t *p, const char *name, void *value, size_t size);
/* The names, each with its NUL, one after the other: their length; size 0: only asks for it. */
ssize_t vfs_list_xattrs(const path_t *p, char *list, size_t size);

/* What execve(2) gives for security.capability. */
typedef struct file_caps {
	cap_set_t permitted, inheritable;
	bool effective;
} file_caps_t;
bool vfs_file_caps(vfs_node_t *n, file_caps_t *out); /* false: the file has none */

#endif
