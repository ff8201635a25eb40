/*
 * File system types and super blocks.
 *
 * A super block is one instance of a file system. It is counted by its mounts (and by whoever works
 * on it); the last reference empties it out of the dentry cache and calls kill_super. A `single`
 * type has one instance that is made at its first mount and stays.
 *
 * Locking. types_mutex: the list of types and the instance of each single type. supers_lock: the
 * list of all super blocks and the anonymous device numbers.
 */
#include "vfs_internal.h"

#include <fs/notify.h>
#include <fs/seq_file.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <uapi/mount.h>
#include <uapi/statfs.h>

#define ANONYMOUS_DEVICES 65536
#define BLOCK_SIZE 4096

typedef struct type {
	list_t link; /* types_mutex */
	const char *name;
	const fs_operations_t *ops;
	super_block_t *single; /* types_mutex; own reference */
} type_t;

static mutex_t types_mutex = MUTEX_INIT(types_mutex);
static list_t types = LIST_INIT(types);

static spinlock_t supers_lock = SPINLOCK_INIT("supers");
static list_t supers = LIST_INIT(supers);
static unsigned long device_numbers[BITMAP_WORDS(ANONYMOUS_DEVICES)]; /* supers_lock */

static super_block_t *anonymous;

/* ---- types ---- */

static type_t *type_find(const char *name)
{
	type_t *t;

	list_for_each_entry(t, &types, link)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

__init super_block_t *register_filesystem(const char *name, const fs_operations_t *ops)
{
	type_t *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int r = 0;

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->name = name;
	t->ops = ops;
	mutex_lock(&types_mutex);
	if (type_find(name))
		r = -EBUSY;
	else
		list_add_tail(&t->link, &types);
	mutex_unlock(&types_mutex);
	if (r)
		kfree(t);
	return r ? ERR_PTR(r) : NULL;
}

int unregister_filesystem(const char *name)
{
	super_block_t *sb;
	bool used = false;
	type_t *t;

	mutex_lock(&types_mutex);
	t = type_find(name);
	if (t) {
		spin_lock(&supers_lock);
		list_for_each_entry(sb, &supers, all_link)
			used |= sb->ops == t->ops;
		spin_unlock(&supers_lock);
	}
	if (t && !used)
		list_del(&t->link);
	mutex_unlock(&types_mutex);
	if (!t)
		return -EINVAL;
	if (used)
		return -EBUSY;
	kfree(t);
	return 0;
}

const fs_operations_t *filesystem_find(const char *name)
{
	type_t *t;

	mutex_lock(&types_mutex);
	t = type_find(name);
	mutex_unlock(&types_mutex);
	return t ? t->ops : NULL;
}

int filesystem_index(const char *name)
{
	int i = 0, found = -EINVAL;
	type_t *t;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &types, link) {
		if (!strcmp(t->name, name))
			found = i;
		i++;
	}
	mutex_unlock(&types_mutex);
	return found;
}

const char *filesystem_name(unsigned index)
{
	const char *name = NULL;
	type_t *t;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &types, link)
		if (!index--)
			name = t->name;
	mutex_unlock(&types_mutex);
	return name;
}

int filesystem_count(void)
{
	int n = 0;
	type_t *t;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &types, link)
		n++;
	mutex_unlock(&types_mutex);
	return n;
}

int filesystems_show(seq_file_t *m)
{
	type_t *t;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &types, link)
		seq_printf(m, "%s\t%s\n", t->ops->needs_device ? "" : "nodev", t->name);
	mutex_unlock(&types_mutex);
	return 0;
}

/* ---- super blocks ---- */

super_block_t *super_alloc(const fs_operations_t *ops)
{
	super_block_t *sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	size_t minor;

	if (!sb)
		return NULL;
	refcount_set(&sb->refs, 1);
	sb->ops = ops;
	sb->type = ops->name;
	sb->block_size = BLOCK_SIZE;
	sb->max_bytes = INT64_MAX;
	spinlock_init(&sb->node_lock);
	list_init(&sb->nodes);
	mutex_init(&sb->rename_mutex);
	spin_lock(&supers_lock);
	minor = bitmap_find_next_zero(device_numbers, ANONYMOUS_DEVICES, 1);
	if (minor < ANONYMOUS_DEVICES) {
		bitmap_set(device_numbers, minor);
		list_add_tail(&sb->all_link, &supers);
	}
	spin_unlock(&supers_lock);
	if (minor == ANONYMOUS_DEVICES) {
		kfree(sb);
		return NULL;
	}
	sb->dev = makedev(0, (u32)minor);
	return sb;
}

void super_hold(super_block_t *sb)
{
	refcount_get(&sb->refs);
}

void super_put(super_block_t *sb)
{
	if (!refcount_put(&sb->refs))
		return;
	spin_lock(&supers_lock);
	list_del(&sb->all_link);
	spin_unlock(&supers_lock);
	sync_filesystem(sb);
	notify_super_ends(sb);
	dcache_drop_super(sb);
	WARN_ON(!list_empty(&sb->nodes));
	if (sb->ops->kill_super)
		sb->ops->kill_super(sb);
	spin_lock(&supers_lock);
	bitmap_clear(device_numbers, dev_minor(sb->dev));
	spin_unlock(&supers_lock);
	kfree(sb);
}

static super_block_t *super_make(const fs_operations_t *ops, const char *source, u32 flags,
				 const char *options)
{
	super_block_t *sb = super_alloc(ops);
	int r;

	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->flags = flags;
	r = ops->fill_super(sb, source, options);
	if (r) {
		super_put(sb);
		return ERR_PTR(r);
	}
	return sb;
}

super_block_t *super_get(const fs_operations_t *ops, const char *source, u32 flags,
			 const char *options)
{
	super_block_t *sb;
	type_t *t;

	if (!ops->single)
		return super_make(ops, source, flags, options);
	mutex_lock(&types_mutex);
	t = type_find(ops->name);
	sb = t ? t->single : ERR_PTR(-ENODEV);
	if (t && !sb) {
		sb = super_make(ops, source, flags, options);
		if (!IS_ERR(sb))
			t->single = sb;
	}
	if (!IS_ERR(sb))
		super_hold(sb);
	mutex_unlock(&types_mutex);
	return sb;
}

super_block_t *mount_filesystem(const char *device, const char *fstype)
{
	const fs_operations_t *ops = filesystem_find(fstype);

	return ops ? super_get(ops, device, 0, NULL) : ERR_PTR(-ENODEV);
}

super_block_t *super_find_by_dev(dev_t dev)
{
	super_block_t *sb, *found = NULL;

	spin_lock(&supers_lock);
	list_for_each_entry(sb, &supers, all_link)
		if (sb->dev == dev && refcount_get_unless_zero(&sb->refs)) {
			found = sb;
			break;
		}
	spin_unlock(&supers_lock);
	return found;
}

int sync_filesystem(super_block_t *sb)
{
	return sb->ops->sync ? sb->ops->sync(sb) : 0;
}

void sync_all(void)
{
	super_block_t *sb, *held = NULL;

	spin_lock(&supers_lock);
	list_for_each_entry(sb, &supers, all_link) {
		if (!refcount_get_unless_zero(&sb->refs))
			continue;
		spin_unlock(&supers_lock);
		/* The one before keeps its place in the list until the next is held. */
		if (held)
			super_put(held);
		held = sb;
		sync_filesystem(sb);
		spin_lock(&supers_lock);
	}
	spin_unlock(&supers_lock);
	if (held)
		super_put(held);
}

int super_statfs(super_block_t *sb, vfs_statfs_t *out)
{
	*out = (vfs_statfs_t){ .type = sb->magic,
			       .block_size = PAGE_SIZE,
			       .fragment_size = PAGE_SIZE,
			       .name_max = NAME_MAX,
			       .fsid = sb->dev };
	return sb->ops->stat_super ? sb->ops->stat_super(sb, out) : 0;
}

int vfs_statfs(const path_t *p, vfs_statfs_t *out)
{
	u32 mnt = p->mount->flags;
	int r = super_statfs(p->dentry->sb, out);

	if (r)
		return r;
	if (p->dentry->sb == anonymous) {
		mode_t mode = p->dentry->node->mode;

		if (S_ISFIFO(mode))
			out->type = PIPEFS_MAGIC;
		else if (S_ISSOCK(mode))
			out->type = SOCKFS_MAGIC;
		out->flags = ST_VALID;
		return 0;
	}
	out->flags = ST_VALID | (mount_writable(p->mount) ? 0 : ST_RDONLY) |
		     (mnt & MNT_NOSUID ? ST_NOSUID : 0) | (mnt & MNT_NODEV ? ST_NODEV : 0) |
		     (mnt & MNT_NOEXEC ? ST_NOEXEC : 0) | (mnt & MNT_NOATIME ? ST_NOATIME : 0) |
		     (mnt & MNT_NODIRATIME ? ST_NODIRATIME : 0) |
		     (mnt & MNT_RELATIME ? ST_RELATIME : 0) |
		     (mnt & MNT_NOSYMFOLLOW ? ST_NOSYMFOLLOW : 0);
	return 0;
}

/* ---- files without a name ---- */

static const node_operations_t root_node_operations;
static const fs_operations_t anonymous_operations = { .name = "anon_inodefs" };

super_block_t *anonymous_super(void)
{
	return anonymous;
}

__init void super_init(void)
{
	vfs_node_t *root;

	anonymous = super_alloc(&anonymous_operations);
	root = anonymous ? alloc_inode(anonymous) : NULL;
	if (!root)
		panic("no memory for the file systems");
	anonymous->magic = ANON_INODE_MAGIC;
	root->ops = &root_node_operations;
	root->mode = S_IFDIR | 0755;
	anonymous->root = dentry_make_root(root);
	if (!anonymous->root)
		panic("no memory for the file systems");
}
