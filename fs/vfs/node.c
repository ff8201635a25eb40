/*
 * Nodes (inodes): allocation, life, times.
 *
 * A node is held by its dentries and by whoever looked at it. It goes when the last reference goes:
 * evict_node lets the file system give its resources back, then the page cache is emptied, and the
 * memory itself is freed after a grace period, because path walks read mode and owners without a
 * reference.
 */
#include "vfs_internal.h"

#include <kernel/time/clock.h>
#include <mm/slab.h>

static const file_map_ops_t no_map_ops;
static kmem_cache_t *node_cache;
static DEFINE_PERCPU(s64, nodes_total);

/* Access times older than this are renewed under relatime, whatever the other times are. */
#define RELATIME_AGE (24 * 3600 * NSEC_PER_SEC)

nsec_t node_now(void)
{
	return clock_realtime_coarse();
}

vfs_node_t *alloc_inode(super_block_t *sb)
{
	vfs_node_t *n = kmem_cache_alloc(node_cache, GFP_KERNEL | GFP_ZERO);

	if (!n)
		return NULL;
	refcount_set(&n->refs, 1);
	n->nlink = 1;
	n->sb = sb;
	n->ino = (ino_t)atomic64_add_return(&sb->next_ino, 1);
	rwsem_init(&n->lock);
	file_map_init(&n->map, &no_map_ops, n);
	n->data = &n->map;
	n->atime = n->mtime = n->ctime = node_now();
	spin_lock(&sb->node_lock);
	list_add_tail(&n->sb_link, &sb->nodes);
	spin_unlock(&sb->node_lock);
	this_cpu_inc(nodes_total);
	return n;
}

static void free_node(rcu_head_t *head)
{
	vfs_node_t *n = container_of(head, vfs_node_t, rcu);

	if (n->state & NODE_OWNS_LINK)
		kfree((void *)n->link);
	kfree(n->marks);
	kmem_cache_free(node_cache, n);
}

void free_inode(vfs_node_t *n)
{
	super_block_t *sb = n->sb;

	file_map_destroy(&n->map);
	if (sb->ops->evict_node)
		sb->ops->evict_node(n);
	if (n->locks)
		locks_free(n);
	xattrs_free(n);
	acls_free(n);
	spin_lock(&sb->node_lock);
	list_del(&n->sb_link);
	spin_unlock(&sb->node_lock);
	this_cpu_dec(nodes_total);
	call_rcu(&n->rcu, free_node);
}

void node_get(vfs_node_t *n)
{
	refcount_get(&n->refs);
}

void node_put(vfs_node_t *n)
{
	if (refcount_put(&n->refs))
		free_inode(n);
}

u64 vfs_node_count(void)
{
	s64 total = 0;

	for_each_cpu(cpu)
		total += READ_ONCE(per_cpu(nodes_total, cpu));
	return (u64)total;
}

int write_inode(vfs_node_t *n)
{
	return n->sb->ops->write_node ? n->sb->ops->write_node(n) : 0;
}

/* ---- times ---- */

void node_touch(vfs_node_t *n, u32 which)
{
	nsec_t now = node_now();

	if (which & ATTR_ATIME)
		WRITE_ONCE(n->atime, now);
	if (which & ATTR_MTIME)
		WRITE_ONCE(n->mtime, now);
	if (which & ATTR_CTIME)
		WRITE_ONCE(n->ctime, now);
}

void node_accessed(const mount_t *m, vfs_node_t *n)
{
	u32 flags = READ_ONCE(m->flags);
	nsec_t now, old;

	if ((flags & MNT_NOATIME) || (n->state & NODE_PRIVATE_ATIME) ||
	    node_flagged(n, FS_NOATIME_FL) || !mount_writable(m))
		return;
	if ((flags & MNT_NODIRATIME) && S_ISDIR(n->mode))
		return;
	now = node_now();
	old = READ_ONCE(n->atime);
	if (old == now)
		return;
	if ((flags & MNT_RELATIME) && old > READ_ONCE(n->mtime) && old > READ_ONCE(n->ctime) &&
	    now - old < RELATIME_AGE)
		return;
	WRITE_ONCE(n->atime, now);
}

void file_accessed(file_t *f)
{
	if (!(f->flags & O_NOATIME))
		node_accessed(f->path.mount, f->node);
}

/* ---- making ---- */

void node_init_owner(vfs_node_t *n, const vfs_node_t *dir, mode_t mode)
{
	const cred_t *cred = current_cred();

	n->uid = cred->fsuid;
	n->gid = cred->fsgid;
	n->mode = mode;
	if (!dir || !(dir->mode & S_ISGID))
		return;
	/* New things take the directory's group; new directories pass the rule on. */
	n->gid = dir->gid;
	if (S_ISDIR(mode))
		n->mode |= S_ISGID;
	else if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010) && !in_group(cred, dir->gid) &&
		 !capable(CAP_FSETID))
		n->mode &= ~S_ISGID;
}

__init void node_init(void)
{
	node_cache = kmem_cache_create("vfs_node", sizeof(vfs_node_t), 0, SLAB_CACHE_ALIGN, NULL);
}
