/*
 * The tree of mounts.
 *
 * Concepts. A mount shows a tree of dentries (from `root`, in super block `sb`) at a place: a
 * dentry of its parent mount. One super block can be mounted often. A path is always a pair (mount,
 * dentry). The dentry under a mount carries DENTRY_MOUNTED, so that walks ask the hash table by
 * (parent, mountpoint) only where it can matter.
 *
 * Life. A mount in the tree has one reference for that. It holds its root dentry, its super block
 * and, while it is in the tree, the dentry it hangs on. Detached (umount), it lives on for as long
 * as files and working directories hold it; memory goes after a grace period, because walks stand
 * on mounts without a reference.
 *
 * Locking. mount_mutex serialises changes and may be held while sleeping. The fields of the tree
 * change under mount_lock (a spinlock with a sequence), inside the mutex. Walks under RCU check
 * mount_lock's sequence; a reference taken there counts only if the sequence stood still, so the
 * test "nobody uses it" with the sequence odd is safe.
 * Order: mount_mutex > node locks > mount_lock > dentry->lock.
 */
#include "vfs_internal.h"

#include <kernel/lib/hash.h>
#include <mm/slab.h>

#define MOUNT_HASH_BITS 8

u64 fs_mount_max = 100000;
seqlock_t mount_lock = SEQLOCK_INIT("mount_lock");
mutex_t mount_mutex = MUTEX_INIT(mount_mutex);

static hlist_head_t mount_hash[1 << MOUNT_HASH_BITS]; /* mount_lock; readable under RCU */
static kmem_cache_t *mount_cache;
static int last_id; /* atomic */

static hlist_head_t *chain_of(const mount_t *parent, const dentry_t *mountpoint)
{
	u64 key = (unsigned long)parent / 64 + (unsigned long)mountpoint / 8;

	return &mount_hash[hash_u64(key, MOUNT_HASH_BITS)];
}

mount_t *mount_find_rcu(const mount_t *parent, const dentry_t *mountpoint)
{
	mount_t *m;

	hlist_for_each_entry_rcu(m, chain_of(parent, mountpoint), hash)
		if (READ_ONCE(m->parent) == parent && READ_ONCE(m->mountpoint) == mountpoint)
			return m;
	return NULL;
}

mount_t *mount_find(mount_t *parent, dentry_t *mountpoint)
{
	mount_t *m;

	spin_lock(&mount_lock.lock);
	m = mount_find_rcu(parent, mountpoint);
	if (m)
		mount_get(m);
	spin_unlock(&mount_lock.lock);
	return m;
}

/* ---- life ---- */

mount_t *mount_alloc(super_block_t *sb, dentry_t *root, const char *source, u32 flags)
{
	mount_t *m = kmem_cache_alloc(mount_cache, GFP_KERNEL | GFP_ZERO);

	if (!m)
		return NULL;
	m->source = kstrdup(source ? source : "none", GFP_KERNEL);
	if (!m->source) {
		kmem_cache_free(mount_cache, m);
		return NULL;
	}
	refcount_set(&m->refs, 1);
	super_hold(sb);
	m->sb = sb;
	dentry_get(root);
	m->root = root;
	m->parent = m;
	m->mountpoint = root;
	m->flags = flags;
	m->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	list_init(&m->children);
	list_init(&m->child_link);
	list_init(&m->ns_link);
	return m;
}

void mount_get(mount_t *m)
{
	refcount_get(&m->refs);
}

bool mount_get_unless_dead(mount_t *m)
{
	return refcount_get_unless_zero(&m->refs);
}

static void free_mount(rcu_head_t *head)
{
	kmem_cache_free(mount_cache, container_of(head, mount_t, rcu));
}

void mount_put_quietly(mount_t *m)
{
	if (!refcount_put(&m->refs))
		return;
	dentry_put(m->root);
	super_put(m->sb);
	kfree(m->source);
	call_rcu(&m->rcu, free_mount);
}

void mount_put(mount_t *m)
{
	/* Somebody used it: MNT_EXPIRE starts anew. */
	if (unlikely(READ_ONCE(m->expiring)))
		WRITE_ONCE(m->expiring, false);
	mount_put_quietly(m);
}

/* ---- the tree ---- */

mount_t *mount_next(mount_t *m, mount_t *top)
{
	if (!list_empty(&m->children))
		return list_first_entry(&m->children, mount_t, child_link);
	while (m != top) {
		if (!list_is_last(&m->child_link, &m->parent->children))
			return list_next_entry(m, child_link);
		m = m->parent;
	}
	return NULL;
}

void mount_changed_locked(mount_namespace_t *ns)
{
	ns->event++;
	wake_up_all(&ns->wait);
}

static void mark_mountpoint(dentry_t *d, bool on)
{
	spin_lock(&d->lock);
	if (on)
		d->flags |= DENTRY_MOUNTED;
	else
		d->flags &= ~DENTRY_MOUNTED;
	spin_unlock(&d->lock);
}

/* mount_lock is held for writing. */
void mount_attach_locked(mount_t *m, mount_t *parent, dentry_t *mountpoint)
{
	dentry_get(mountpoint);
	mark_mountpoint(mountpoint, true);
	WRITE_ONCE(m->mountpoint, mountpoint);
	WRITE_ONCE(m->parent, parent);
	list_add_tail(&m->child_link, &parent->children);
	hlist_add_head_rcu(&m->hash, chain_of(parent, mountpoint));
}

static bool is_mountpoint_of_any(const dentry_t *d)
{
	const mount_t *m;

	for (u32 i = 0; i < ARRAY_SIZE(mount_hash); i++)
		hlist_for_each_entry(m, &mount_hash[i], hash)
			if (m->mountpoint == d)
				return true;
	return false;
}

/*
 * mount_lock is held for writing. Returns the place's dentry for mountpoint_put; NULL at a top. Its super
 * block is held too: the mount that it stands on may go away before the caller lets go of it.
 */
dentry_t *mount_unhook_locked(mount_t *m)
{
	dentry_t *at = m->mountpoint;

	if (m->parent == m)
		return NULL;
	hlist_del_rcu(&m->hash);
	list_del_init(&m->child_link);
	WRITE_ONCE(m->parent, m);
	if (!is_mountpoint_of_any(at))
		mark_mountpoint(at, false);
	super_hold(at->sb);
	return at;
}

void mountpoint_put(dentry_t *at)
{
	super_block_t *sb = at->sb;

	dentry_put(at);
	super_put(sb);
}

int mount_attach(mount_t *m, const path_t *at)
{
	path_t place = *at;
	mount_t *above, *i;
	int r = 0;

	path_get(&place);
	/* Another may have mounted here since the place was looked up. */
	while ((above = mount_find(place.mount, place.dentry))) {
		path_put(&place);
		dentry_get(above->root);
		place = (path_t){ above, above->root };
	}
	if (dentry_is_dir(place.dentry) != dentry_is_dir(m->root)) {
		path_put(&place);
		return -ENOTDIR;
	}
	/* The node's lock keeps the directory from being removed between test and mark. */
	rwsem_write_lock(&place.dentry->node->lock);
	if (!place.mount->ns)
		r = -EINVAL;
	else if (dentry_unhashed(place.dentry) && place.dentry != place.dentry->sb->root)
		r = -ENOENT;
	if (!r) {
		mount_namespace_t *ns = place.mount->ns;
		u64 more = 0;

		seqlock_write_lock(&mount_lock);
		for (i = m; i; i = mount_next(i, m))
			more += list_empty(&i->ns_link);
		if (more && ns->count + more > READ_ONCE(fs_mount_max)) {
			r = -ENOSPC;
		} else {
			mount_attach_locked(m, place.mount, place.dentry);
			for (i = m; i; i = mount_next(i, m)) {
				i->ns = ns;
				if (list_empty(&i->ns_link))
					list_add_tail(&i->ns_link, &ns->mounts);
			}
			ns->count += more;
			mount_changed_locked(ns);
		}
		seqlock_write_unlock(&mount_lock);
	}
	rwsem_write_unlock(&place.dentry->node->lock);
	path_put(&place);
	return r;
}

/*
 * Takes m and all below out of the tree; mount_lock is held for writing. They stand on `gone` by
 * ns_link, for mount_put_list, and their mountpoint is what they hung on (root: nothing).
 */
void mount_detach_locked(mount_t *m, list_t *gone)
{
	mount_namespace_t *ns = m->ns;
	mount_t *i;

	for (i = m; i; i = mount_next(i, m)) {
		if (i->ns)
			i->ns->count--;
		list_del(&i->ns_link);
		list_add_tail(&i->ns_link, gone);
		i->ns = NULL;
		i->flags |= MNT_DETACHED;
	}
	/* Children stand behind their parents: backwards, each is a leaf. */
	list_for_each_entry_reverse(i, gone, ns_link)
		if (!mount_unhook_locked(i))
			i->mountpoint = i->root;
	if (ns)
		mount_changed_locked(ns);
}

void mount_put_list(list_t *gone)
{
	while (!list_empty(gone)) {
		mount_t *m = list_first_entry(gone, mount_t, ns_link);
		dentry_t *at = m->mountpoint;

		list_del_init(&m->ns_link);
		m->mountpoint = m->root;
		if (at != m->root)
			mountpoint_put(at);
		mount_put_quietly(m);
	}
}

bool dentry_is_mountpoint(dentry_t *d)
{
	bool found = false;
	const mount_t *m;

	if (!(READ_ONCE(d->flags) & DENTRY_MOUNTED))
		return false;
	spin_lock(&mount_lock.lock);
	for (u32 i = 0; i < ARRAY_SIZE(mount_hash) && !found; i++)
		hlist_for_each_entry(m, &mount_hash[i], hash)
			found |= m->mountpoint == d && m->ns;
	spin_unlock(&mount_lock.lock);
	return found;
}

__init void mount_init(void)
{
	mount_cache = kmem_cache_create("mount", sizeof(mount_t), 0, SLAB_CACHE_ALIGN, NULL);
}
