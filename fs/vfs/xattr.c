/*
 * Extended attributes (xattr(7)).
 *
 * A name belongs to a class by its prefix; the class says who may read and write it. What memory
 * file systems keep are `trusted.` (for who has CAP_SYS_ADMIN) and `security.`; they stand in a
 * list of the node, newest first, under the node's lock. Two names of `system.` are access control lists,
 * which acl.c keeps. Other classes are -EOPNOTSUPP, but only
 * after what permission says, as on Linux.
 */
#include <fs/xattr.h>

#include "vfs_internal.h"

#include <fs/notify.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/capability.h>
#include <uapi/posix_acl.h>

#define CAPABILITY "security.capability"
#define PROTOCOL_NAME "system.sockprotoname"

typedef struct xattr {
	struct xattr *next; /* node's lock */
	size_t size;
	const char *name; /* behind the value */
	char value[];
} xattr_t;

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* ---- who may ---- */

static int may_access(vfs_node_t *n, const char *name, int mask)
{
	int denied = mask & MAY_WRITE ? -EPERM : -ENODATA;

	if (has_prefix(name, "security.") || has_prefix(name, "system."))
		return 0;
	if (has_prefix(name, "trusted."))
		return capable(CAP_SYS_ADMIN) ? 0 : denied;
	if (has_prefix(name, "user.")) {
		if (!S_ISREG(n->mode) && !S_ISDIR(n->mode))
			return denied;
		if (S_ISDIR(n->mode) && (n->mode & S_ISVTX) && (mask & MAY_WRITE) &&
		    !node_owner_or_capable(n))
			return -EPERM;
	}
	return node_permission(n, mask);
}

/*
 * Changing security attributes is the administrator's, whatever the file's mode. (Debian's Linux
 * lets everybody, an accident of a hook that is compiled in: not followed.)
 */
static int may_secure(const char *name)
{
	if (!has_prefix(name, "security."))
		return 0;
	return capable(strcmp(name, CAPABILITY) ? CAP_SYS_ADMIN : CAP_SETFCAP) ? 0 : -EPERM;
}

/* Does the file keep attributes of such a name? */
static int is_kept(const vfs_node_t *n, const char *name)
{
	static const char *const classes[] = { "trusted.", "security." };

	if (n->sb->has_xattrs)
		for (u32 i = 0; i < ARRAY_SIZE(classes); i++)
			if (has_prefix(name, classes[i]))
				return name[strlen(classes[i])] ? 0 : -EINVAL;
	return -EOPNOTSUPP;
}

static bool valid_caps(const void *value, size_t size)
{
	u32 magic;

	if (size != XATTR_CAPS_SIZE_2 && size != XATTR_CAPS_SIZE_3)
		return false;
	memcpy(&magic, value, sizeof(magic));
	return (magic & VFS_CAP_REVISION_MASK) ==
	       (size == XATTR_CAPS_SIZE_2 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3);
}

/* ---- the list ---- */

/* Where the attribute of that name hangs, or the end. Node locked. */
static xattr_t **find(vfs_node_t *n, const char *name)
{
	xattr_t **at = &n->xattrs;

	assert_held(&n->lock);
	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	return at;
}

static xattr_t *make(const char *name, const void *value, size_t size)
{
	size_t len = strlen(name) + 1;
	xattr_t *x = kvmalloc(sizeof(*x) + size + len, GFP_KERNEL);

	if (!x)
		return NULL;
	x->size = size;
	memcpy(x->value, value, size);
	x->name = memcpy(x->value + size, name, len);
	return x;
}

void xattrs_free(vfs_node_t *n)
{
	xattr_t *x, *next;

	for (x = n->xattrs; x; x = next) {
		next = x->next;
		kvfree(x);
	}
	n->xattrs = NULL;
}

/* made NULL: removes. Takes `made` over if it succeeds; *old is to be freed. */
static int replace(vfs_node_t *n, const char *name, xattr_t *made, int flags, xattr_t **old)
{
	xattr_t **at = find(n, name);

	*old = *at;
	if (*at && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!*at && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (*at)
		*at = (*at)->next;
	if (made) {
		made->next = n->xattrs;
		n->xattrs = made;
	}
	return 0;
}

static int change(const path_t *p, const char *name, xattr_t *made, int flags)
{
	vfs_node_t *n = p->dentry->node;
	xattr_t *old = NULL;
	int r = may_access(n, name, MAY_WRITE);

	if (!r)
		r = may_secure(name);
	if (!r)
		r = is_kept(n, name);
	if (r)
		return r;
	rwsem_write_lock(&n->lock);
	r = replace(n, name, made, flags, &old);
	if (!r)
		node_touch(n, ATTR_CTIME);
	rwsem_write_unlock(&n->lock);
	if (r)
		return r;
	kvfree(old);
	notify_name(p->dentry, IN_ATTRIB);
	return 0;
}

/* ---- the interface ---- */

static int may_change(const path_t *p)
{
	if (!mount_writable(p->mount))
		return -EROFS;
	return node_flagged(p->dentry->node, FS_IMMUTABLE_FL | FS_APPEND_FL) ? -EPERM : 0;
}

int vfs_set_xattr(const path_t *p, const char *name, const void *value, size_t size, int flags)
{
	xattr_t *made;
	int r = may_change(p);

	if (r)
		return r;
	if (acl_field(p->dentry->node, name))
		return acl_set(p, name, value ? value : "", size);
	if (size && !strcmp(name, CAPABILITY) && !valid_caps(value, size))
		return -EINVAL;
	made = make(name, value, size);
	if (!made)
		return -ENOMEM;
	r = change(p, name, made, flags);
	if (r)
		kvfree(made);
	return r;
}

int vfs_remove_xattr(const path_t *p, const char *name)
{
	int r = may_change(p);

	if (r)
		return r;
	if (acl_field(p->dentry->node, name))
		return acl_set(p, name, NULL, 0);
	return change(p, name, NULL, XATTR_REPLACE);
}

/* What a socket without a name says of itself; NULL for other files. */
static const char *protocol_of(const vfs_node_t *n)
{
	return n->sb == anonymous_super() && S_ISSOCK(n->mode) ? n->private_data : NULL;
}

static ssize_t get_protocol(const char *protocol, void *value, size_t size)
{
	size_t len = strlen(protocol) + 1;

	if (size && size < len)
		return -ERANGE;
	if (size)
		memcpy(value, protocol, len);
	return (ssize_t)len;
}

ssize_t vfs_get_xattr(const path_t *p, const char *name, void *value, size_t size)
{
	vfs_node_t *n = p->dentry->node;
	const char *protocol = protocol_of(n);
	const xattr_t *x;
	ssize_t r;

	if (acl_field(n, name))
		return acl_get(n, name, value, size);
	if (protocol && !strcmp(name, PROTOCOL_NAME))
		return get_protocol(protocol, value, size);
	r = may_access(n, name, MAY_READ);
	if (!r)
		r = is_kept(n, name);
	if (r)
		return r;
	rwsem_read_lock(&n->lock);
	x = *find(n, name);
	if (!x)
		r = -ENODATA;
	else if (size && size < x->size)
		r = -ERANGE;
	else
		r = (ssize_t)x->size;
	if (r > 0 && size)
		memcpy(value, x->value, (size_t)r);
	rwsem_read_unlock(&n->lock);
	return r;
}

/* One name more in a list that is *total long. */
static int add_name(const char *name, char *list, size_t size, size_t *total)
{
	size_t len = strlen(name) + 1;

	if (size && *total + len > size)
		return -ERANGE;
	if (size)
		memcpy(list + *total, name, len);
	*total += len;
	return 0;
}

ssize_t vfs_list_xattrs(const path_t *p, char *list, size_t size)
{
	vfs_node_t *n = p->dentry->node;
	bool trusted = capable(CAP_SYS_ADMIN);
	size_t total = 0;
	ssize_t r = 0;

	rwsem_read_lock(&n->lock);
	if (protocol_of(n))
		r = add_name(PROTOCOL_NAME, list, size, &total);
	if (n->acl && !r)
		r = add_name(XATTR_ACL_ACCESS, list, size, &total);
	if (n->default_acl && !r)
		r = add_name(XATTR_ACL_DEFAULT, list, size, &total);
	for (const xattr_t *x = n->xattrs; x && !r; x = x->next)
		if (trusted || !has_prefix(x->name, "trusted."))
			r = add_name(x->name, list, size, &total);
	rwsem_read_unlock(&n->lock);
	return r ? r : (ssize_t)total;
}

/* ---- capabilities of files ---- */

void xattr_drop_caps(vfs_node_t *n)
{
	xattr_t *old;

	assert_held(&n->lock);
	if (likely(!n->xattrs))
		return;
	if (!replace(n, CAPABILITY, NULL, 0, &old))
		kvfree(old);
}

bool vfs_file_caps(vfs_node_t *n, file_caps_t *out)
{
	struct vfs_ns_cap_data caps = { 0 };
	const xattr_t *x;

	if (likely(!READ_ONCE(n->xattrs)))
		return false;
	rwsem_read_lock(&n->lock);
	x = *find(n, CAPABILITY);
	if (x)
		memcpy(&caps, x->value, x->size);
	rwsem_read_unlock(&n->lock);
	if (!x || !caps.magic_etc || caps.rootid)
		return false;
	out->permitted = (caps.data[0].permitted | (u64)caps.data[1].permitted << 32) & CAP_ALL;
	out->inheritable =
		(caps.data[0].inheritable | (u64)caps.data[1].inheritable << 32) & CAP_ALL;
	out->effective = caps.magic_etc & VFS_CAP_EFFECTIVE;
	return true;
}
