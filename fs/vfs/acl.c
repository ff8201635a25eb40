/*
 * Access control lists (acl(5), POSIX 1003.1e draft 17).
 *
 * A list is an array of entries in the order that the draft prescribes: owner, users, group, groups, mask,
 * others. It never changes once a node has it, so nodes share it; it is counted, and freed after a grace period,
 * since checks of permission read it without a lock. The mode of a node with a list always says the same
 * as the list does: owner's and others' entries, and the mask, in the place of the group.
 *
 * A list that says no more than nine bits is not kept. So most nodes have none, and pay nothing: one
 * that has is given the twin of its operations, the same but for `permission`, which lookups ask for anyway.
 *
 * A directory may also have a default list. It is no rule for the directory itself but what is made in it
 * begins with: there the creator's mode takes the place of a umask.
 */
#include <fs/acl.h>

#include "vfs_internal.h"

#include <fs/notify.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>
#include <uapi/posix_acl.h>

#define ACL_PERM 7

typedef struct acl_entry {
	u16 tag, perm;
	u32 id;
} acl_entry_t;

typedef struct acl {
	refcount_t refs;
	u32 count;
	rcu_head_t rcu;
	acl_entry_t entries[];
} acl_t;

#define for_each_entry(e, acl)                                                                     \
	for (acl_entry_t *e = (acl)->entries; e < (acl)->entries + (acl)->count; e++)

/* ---- lists ---- */

static acl_t *alloc_list(u32 count)
{
	acl_t *a = kvmalloc(sizeof(*a) + count * sizeof(a->entries[0]), GFP_KERNEL);

	if (a) {
		refcount_set(&a->refs, 1);
		a->count = count;
	}
	return a;
}

static acl_t *copy_list(const acl_t *from)
{
	acl_t *a = alloc_list(from->count);

	if (a)
		memcpy(a->entries, from->entries, from->count * sizeof(a->entries[0]));
	return a;
}

static void free_list(rcu_head_t *head)
{
	kvfree_atomic(container_of(head, acl_t, rcu));
}

static void put_list(acl_t *a)
{
	if (a && refcount_put(&a->refs))
		call_rcu(&a->rcu, free_list);
}

/* The list in a node's field, referenced; NULL: none. */
static acl_t *get_list(acl_t *const *field)
{
	acl_t *a;

	rcu_read_lock();
	do
		a = rcu_dereference(*field);
	while (a && !refcount_get_unless_zero(&a->refs));
	rcu_read_unlock();
	return a;
}

static acl_entry_t *find_entry(acl_t *a, u16 tag)
{
	for_each_entry(e, a) if (e->tag == tag) return e;
	return NULL;
}

/* The entry that the group's bits of a mode stand for; a valid list has one. */
static acl_entry_t *group_class(acl_t *a)
{
	acl_entry_t *mask = find_entry(a, ACL_MASK);

	return mask ? mask : find_entry(a, ACL_GROUP_OBJ);
}

/* The nine bits. */
static mode_t mode_of(acl_t *a)
{
	return (mode_t)(find_entry(a, ACL_USER_OBJ)->perm << 6 | group_class(a)->perm << 3 |
			find_entry(a, ACL_OTHER)->perm);
}

/* Says no more than a mode. */
static bool is_plain(const acl_t *a)
{
	for_each_entry(e, (acl_t *)a) if (e->tag & (ACL_USER | ACL_GROUP | ACL_MASK)) return false;
	return true;
}

/* One owner, users, one group, groups, a mask if there are users or groups, one for others. */
static bool is_valid(const acl_t *a)
{
	u16 expected = ACL_USER_OBJ;
	bool need_mask = false;

	for_each_entry(e, (acl_t *)a)
	{
		if (e->perm & ~ACL_PERM)
			return false;
		switch (e->tag) {
		case ACL_USER_OBJ:
			if (expected != ACL_USER_OBJ)
				return false;
			expected = ACL_USER;
			break;
		case ACL_GROUP_OBJ:
			if (expected != ACL_USER)
				return false;
			expected = ACL_GROUP;
			break;
		case ACL_USER:
		case ACL_GROUP:
			if (expected != e->tag || e->id == ACL_UNDEFINED_ID)
				return false;
			need_mask = true;
			break;
		case ACL_MASK:
			if (expected != ACL_GROUP)
				return false;
			expected = ACL_OTHER;
			break;
		case ACL_OTHER:
			if (expected != ACL_OTHER && (expected != ACL_GROUP || need_mask))
				return false;
			expected = 0;
			break;
		default:
			return false;
		}
	}
	return expected == 0;
}

/* ---- permission ---- */

static int masked(acl_t *a, const acl_entry_t *e, int want)
{
	const acl_entry_t *mask = find_entry(a, ACL_MASK);

	return (e->perm & (mask ? mask->perm : ACL_PERM) & want) == want ? 0 : -EACCES;
}

/* What the list says to who is not the owner. */
static int check_list(acl_t *a, const vfs_node_t *n, const cred_t *cred, int want)
{
	bool in_some = false;

	for_each_entry(e, a)
	{
		switch (e->tag) {
		case ACL_USER:
			if (e->id == cred->fsuid)
				return masked(a, e, want);
			break;
		case ACL_GROUP_OBJ:
		case ACL_GROUP:
			if (!in_group(cred, e->tag == ACL_GROUP ? e->id : READ_ONCE(n->gid)))
				break;
			in_some = true;
			if ((e->perm & want) == want)
				return masked(a, e, want);
			break;
		case ACL_OTHER:
			return !in_some && (e->perm & want) == want ? 0 : -EACCES;
		}
	}
	return -EACCES;
}

/* As Linux: a mode without any bit for the group need not be looked behind. */
int acl_permission(vfs_node_t *n, int mask)
{
	int want = mask & (MAY_READ | MAY_WRITE | MAY_EXEC), r = 0;
	const cred_t *cred = current_cred();
	acl_t *a = NULL;

	if (cred->fsuid != READ_ONCE(n->uid) && (READ_ONCE(n->mode) & 0070))
		a = get_list(&n->acl);
	if (!a)
		return node_mode_permission(n, mask, cred);
	r = check_list(a, n, cred, want);
	put_list(a);
	return r ? node_overrides(n, want, cred) : 0;
}

/* ---- nodes ---- */

/* Gives the node a list, whose reference is consumed; n->lock exclusive, or the node is new. */
static void set_list(vfs_node_t *n, acl_t **field, acl_t *a)
{
	acl_t *old = *field;
	bool twin = n->ops->permission == acl_permission;

	rcu_assign_pointer(*field, a);
	if (field == &n->acl && twin != (a != NULL))
		WRITE_ONCE(n->ops, n->ops->twin);
	put_list(old);
}

void acls_free(vfs_node_t *n)
{
	put_list(n->acl);
	put_list(n->default_acl);
	n->acl = n->default_acl = NULL;
}

/* The list as a change of mode leaves it. ERR_PTR(-ENOMEM). */
static acl_t *with_mode(const acl_t *from, mode_t mode)
{
	acl_t *a = copy_list(from);

	if (!a)
		return ERR_PTR(-ENOMEM);
	find_entry(a, ACL_USER_OBJ)->perm = (mode >> 6) & ACL_PERM;
	group_class(a)->perm = (mode >> 3) & ACL_PERM;
	find_entry(a, ACL_OTHER)->perm = mode & ACL_PERM;
	return a;
}

int acl_prepare_mode(const vfs_node_t *n, mode_t mode, acl_t **out)
{
	*out = NULL;
	if (likely(!n->acl))
		return 0;
	*out = with_mode(n->acl, mode);
	return IS_ERR(*out) ? (int)PTR_ERR(*out) : 0;
}

void acl_commit_mode(vfs_node_t *n, acl_t *a)
{
	if (a)
		set_list(n, &n->acl, a);
}

void acl_abort_mode(acl_t *a)
{
	put_list(a);
}

int acl_inherit(vfs_node_t *n, const vfs_node_t *dir)
{
	acl_t *model, *own;
	mode_t mode = n->mode;

	if (likely(!READ_ONCE(dir->default_acl)))
		return 0;
	model = get_list(&((vfs_node_t *)dir)->default_acl);
	if (!model)
		return 0;
	own = copy_list(model);
	if (!own) {
		put_list(model);
		return -ENOMEM;
	}
	/* Both have to allow it: the list, and who makes the file. */
	find_entry(own, ACL_USER_OBJ)->perm &= (u16)(mode >> 6);
	group_class(own)->perm &= (u16)(mode >> 3);
	find_entry(own, ACL_OTHER)->perm &= (u16)mode;
	for_each_entry(e, own) e->perm &= ACL_PERM;
	n->mode = (mode & ~0777u) | mode_of(own);
	if (is_plain(own))
		put_list(own);
	else
		set_list(n, &n->acl, own);
	if (S_ISDIR(mode))
		set_list(n, &n->default_acl, model);
	else
		put_list(model);
	return 0;
}

/* ---- attributes ---- */

acl_t **acl_field(vfs_node_t *n, const char *name)
{
	if (!strcmp(name, XATTR_ACL_ACCESS))
		return &n->acl;
	return strcmp(name, XATTR_ACL_DEFAULT) ? NULL : &n->default_acl;
}

/* A list out of an attribute's value, not yet valid; NULL: it is to be none. ERR_PTR. */
static acl_t *decode(const void *value, size_t size)
{
	const struct posix_acl_xattr_header *h = value;
	const struct posix_acl_xattr_entry *from = (const void *)(h + 1);
	size_t count;
	acl_t *a;

	if (size < sizeof(*h))
		return ERR_PTR(-EINVAL);
	if (h->a_version != POSIX_ACL_XATTR_VERSION)
		return ERR_PTR(-EOPNOTSUPP);
	if ((size - sizeof(*h)) % sizeof(*from))
		return ERR_PTR(-EINVAL);
	count = (size - sizeof(*h)) / sizeof(*from);
	if (!count)
		return NULL;
	a = alloc_list((u32)count);
	if (!a)
		return ERR_PTR(-ENOMEM);
	for (size_t i = 0; i < count; i++)
		a->entries[i] = (acl_entry_t){ from[i].e_tag, from[i].e_perm, from[i].e_id };
	return a;
}

static bool keeps_lists(const vfs_node_t *n)
{
	return n->ops->twin && n->sb->has_xattrs;
}

static int may_set(const vfs_node_t *n, bool is_default, const acl_t *a)
{
	if (is_default && !S_ISDIR(n->mode))
		return a ? -EACCES : 0;
	if (!node_owner_or_capable(n))
		return -EPERM;
	return a && !is_valid(a) ? -EINVAL : 0;
}

static void store(vfs_node_t *n, acl_t **field, acl_t *a)
{
	if (field == &n->acl && a) {
		mode_t mode = (n->mode & ~0777u) | mode_of(a);

		if (!in_group(current_cred(), n->gid) && !capable(CAP_FSETID))
			mode &= ~(mode_t)S_ISGID;
		WRITE_ONCE(n->mode, mode);
		if (is_plain(a)) {
			put_list(a);
			a = NULL;
		}
	}
	set_list(n, field, a);
	node_touch(n, ATTR_CTIME);
}

int acl_set(const path_t *p, const char *name, const void *value, size_t size)
{
	vfs_node_t *n = p->dentry->node;
	acl_t **field = acl_field(n, name), *a = value ? decode(value, size) : NULL;
	bool is_default = field == &n->default_acl;
	int r;

	if (!keeps_lists(n))
		r = -EOPNOTSUPP;
	else
		r = IS_ERR(a) ? (int)PTR_ERR(a) : 0;
	if (!r) {
		rwsem_write_lock(&n->lock);
		r = may_set(n, is_default, a);
		if (!r && (!is_default || S_ISDIR(n->mode)))
			store(n, field, a);
		rwsem_write_unlock(&n->lock);
	}
	if (r) {
		if (!IS_ERR(a))
			put_list(a);
		return r;
	}
	notify_name(p->dentry, IN_ATTRIB);
	return 0;
}

ssize_t acl_get(vfs_node_t *n, const char *name, void *value, size_t size)
{
	struct posix_acl_xattr_header *h = value;
	struct posix_acl_xattr_entry *to = (void *)(h + 1);
	ssize_t r;
	acl_t *a;

	if (!keeps_lists(n))
		return -EOPNOTSUPP;
	a = get_list(acl_field(n, name));
	if (!a)
		return -ENODATA;
	r = (ssize_t)(sizeof(*h) + a->count * sizeof(*to));
	if (size && size < (size_t)r) {
		r = -ERANGE;
	} else if (size) {
		h->a_version = POSIX_ACL_XATTR_VERSION;
		for_each_entry(e, a) *to++ = (struct posix_acl_xattr_entry){
			e->tag, e->perm, e->tag & (ACL_USER | ACL_GROUP) ? e->id : ACL_UNDEFINED_ID
		};
	}
	put_list(a);
	return r;
}
