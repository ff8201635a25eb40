/*
 * Identifiers, keys, permissions and sleepers of System V IPC.
 *
 * Concepts. Programs agree on a key and get an identifier, which names one object until it is removed and is
 * not given to another for long: an identifier is an index into a radix tree with a sequence number above it. Indices
 * are given out in turn within a window that grows with the number of objects, and the sequence number moves on
 * each time the window begins again, so that a stale identifier is told from a new one (Linux's
 * scheme; *_STAT calls show indices to programs).
 *
 * Locking. ids->lock, a sleeping lock, is for names: get calls, removal, listings. Everything else finds
 * its object under RCU by the identifier and takes the object's spinlock; `removed` says under it that the name is
 * gone. Objects are freed after a grace period.
 *
 * Sleepers are served by others (ipc/waiter.h), so that a woken thread has nothing more to do with the object.
 */
#include "sysv_internal.h"

#include <fs/procfs.h>
#include <kernel/panic.h>
#include <mm/slab.h>

#define MIN_WINDOW 64 /* indices in turn, however few objects there are */

ipc_namespace_t init_ipc = {
	.sem_limits = { 32000, 1024000000, 500, 32000 },
	.msgmax = 8192,
	.msgmnb = 16384,
	.msgmni = 32000,
	.shmmax = UINT64_MAX - (1UL << 24), /* so that a program's rounding does not overflow */
	.shmall = UINT64_MAX - (1UL << 24),
	.shmmni = 4096,
};

/* ---- the table ---- */

_Static_assert(sizeof(rcu_head_t) <= sizeof(((xa_node_t *)0)->rcu), "room for the RCU head");

static xa_node_t *node_alloc(void)
{
	return kzalloc(sizeof(xa_node_t), GFP_KERNEL);
}

static void node_free_rcu(rcu_head_t *head)
{
	kfree(container_of((void *)head, xa_node_t, rcu));
}

static void node_free(xa_node_t *node)
{
	call_rcu((rcu_head_t *)(void *)node->rcu, node_free_rcu);
}

static const xa_ops_t node_ops = { .alloc_node = node_alloc, .free_node = node_free };

void __init ipc_ids_init(ipc_ids_t *ids)
{
	rwsem_init(&ids->lock);
	xa_init(&ids->objects, &node_ops);
	ids->last_index = -1;
	ids->next_id = -1;
}

ipc_object_t *ipc_find_index(const ipc_ids_t *ids, int index)
{
	ipc_object_t *o = index < 0 ? NULL : xa_load(&ids->objects, (u32)index);

	return o ? o : ERR_PTR(-EINVAL);
}

ipc_object_t *ipc_find(const ipc_ids_t *ids, int id)
{
	ipc_object_t *o;

	if (id < 0)
		return ERR_PTR(-EINVAL);
	o = ipc_find_index(ids, id & (IPC_INDEX_LIMIT - 1));
	return IS_ERR(o) || o->id == id ? o : ERR_PTR(-EINVAL);
}

int ipc_max_index(const ipc_ids_t *ids)
{
	u64 at = 0, last = 0;

	while (xa_find(&ids->objects, &at, IPC_INDEX_LIMIT - 1))
		last = at++;
	return (int)last;
}

/* ids->lock held. The index, and *seq; or -ENOSPC. */
static int choose_index(ipc_ids_t *ids, u32 *seq)
{
	u64 window = MIN(MAX(ids->count * 3 / 2, (u32)MIN_WINDOW), (u32)IPC_INDEX_LIMIT), at;

	if (ids->next_id >= 0) {
		*seq = (u32)ids->next_id >> IPC_INDEX_BITS;
		at = (u64)ids->next_id & (IPC_INDEX_LIMIT - 1);
		WRITE_ONCE(ids->next_id, -1);
		return xa_find_free(&ids->objects, at, IPC_INDEX_LIMIT - 1, &at) ? (int)at
										 : -ENOSPC;
	}
	if (!xa_find_free(&ids->objects, (u64)(ids->last_index + 1), window - 1, &at) &&
	    !xa_find_free(&ids->objects, 0, window - 1, &at))
		return -ENOSPC;
	if ((int)at <= ids->last_index)
		ids->seq = (ids->seq + 1) % IPC_SEQ_LIMIT;
	ids->last_index = (int)at;
	*seq = ids->seq;
	return (int)at;
}

/* ---- keys ---- */

static ipc_object_t *find_key(const ipc_ids_t *ids, int key)
{
	rb_node_t *n = ids->keys.node;

	while (n) {
		ipc_object_t *o = rb_entry(n, ipc_object_t, key_node);

		if (o->key == key)
			return o;
		n = key < o->key ? n->left : n->right;
	}
	return NULL;
}

static void insert_key(ipc_ids_t *ids, ipc_object_t *o)
{
	rb_node_t **link = &ids->keys.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = o->key < rb_entry(parent, ipc_object_t, key_node)->key ? &parent->left
									      : &parent->right;
	}
	rb_insert(&o->key_node, parent, link, &ids->keys);
}

void ipc_forget_key(ipc_ids_t *ids, ipc_object_t *o)
{
	if (o->key == IPC_PRIVATE)
		return;
	rb_erase(&o->key_node, &ids->keys);
	o->key = IPC_PRIVATE;
}

int ipc_add(ipc_ids_t *ids, ipc_object_t *o, const ipc_get_t *g, int limit)
{
	const cred_t *c = current_cred();
	int index, r;
	u32 seq;

	if (ids->count >= (u32)MIN(limit, IPC_INDEX_LIMIT))
		return -ENOSPC;
	index = choose_index(ids, &seq);
	if (index < 0)
		return index;
	spinlock_init(&o->lock);
	o->id = (int)(seq << IPC_INDEX_BITS) | index;
	o->key = g->key;
	o->uid = o->cuid = c->euid;
	o->gid = o->cgid = c->egid;
	o->mode = (mode_t)g->flags & 0777;
	r = xa_store(&ids->objects, (u32)index, o, NULL);
	if (r)
		return r;
	if (g->key != IPC_PRIVATE)
		insert_key(ids, o);
	ids->count++;
	return 0;
}

void ipc_remove(ipc_ids_t *ids, ipc_object_t *o)
{
	xa_erase(&ids->objects, (u32)o->id & (IPC_INDEX_LIMIT - 1));
	ipc_forget_key(ids, o);
	ids->count--;
	o->removed = true;
}

/* ids->lock held; the object has the key. */
static long get_existing(ipc_object_t *o, const ipc_get_t *g)
{
	int r = 0;

	if ((g->flags & IPC_CREAT) && (g->flags & IPC_EXCL))
		return -EEXIST;
	if (g->exists)
		r = g->exists(o, g);
	if (!r)
		r = ipc_permission(o, (u32)g->flags);
	return r ? r : o->id;
}

long ipc_get_id(const ipc_get_t *g)
{
	ipc_object_t *o = NULL;
	long r;

	if (g->key != IPC_PRIVATE && !(g->flags & IPC_CREAT)) {
		rwsem_read_lock(&g->ids->lock);
		o = find_key(g->ids, g->key);
		r = o ? get_existing(o, g) : -ENOENT;
		rwsem_read_unlock(&g->ids->lock);
		return r;
	}
	if (rwsem_write_lock_killable(&g->ids->lock))
		return -EINTR;
	if (g->key != IPC_PRIVATE)
		o = find_key(g->ids, g->key);
	r = o ? get_existing(o, g) : g->make(ipc_ns(), g);
	rwsem_write_unlock(&g->ids->lock);
	return r;
}

/* ---- permissions ---- */

int ipc_permission(const ipc_object_t *o, u32 access)
{
	const cred_t *c = current_cred();
	u32 wanted = (access >> 6) | (access >> 3) | access, granted = READ_ONCE(o->mode);

	if (c->euid == o->cuid || c->euid == READ_ONCE(o->uid))
		granted >>= 6;
	else if (in_group(c, o->cgid) || in_group(c, READ_ONCE(o->gid)))
		granted >>= 3;
	return !(wanted & ~granted & 07) || capable(CAP_IPC_OWNER) ? 0 : -EACCES;
}

int ipc_may_control(const ipc_object_t *o)
{
	uid_t euid = current_cred()->euid;

	return euid == o->cuid || euid == READ_ONCE(o->uid) || capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

int ipc_set_perm(ipc_object_t *o, const struct ipc64_perm *p)
{
	if (p->uid == ~0u || p->gid == ~0u)
		return -EINVAL;
	o->uid = p->uid;
	o->gid = p->gid;
	o->mode = (o->mode & ~0777u) | (p->mode & 0777);
	return 0;
}

void ipc_fill_perm(const ipc_object_t *o, struct ipc64_perm *p)
{
	p->key = o->key;
	p->uid = o->uid;
	p->gid = o->gid;
	p->cuid = o->cuid;
	p->cgid = o->cgid;
	p->mode = o->mode;
	p->seq = (u16)((u32)o->id >> IPC_INDEX_BITS);
}

ipc_object_t *ipc_find_stat(const ipc_ids_t *ids, int id, bool by_index, bool any)
{
	ipc_object_t *o =
		by_index ? ipc_find_index(ids, id & (IPC_INDEX_LIMIT - 1)) : ipc_find(ids, id);
	int r = IS_ERR(o) || any ? 0 : ipc_permission(o, 0444);

	return r ? ERR_PTR(r) : o;
}

/* ---- /proc/sysvipc ---- */

int ipc_show(seq_file_t *m, void *arg)
{
	const ipc_show_t *s = arg;
	ipc_object_t *o;
	u64 at;

	seq_puts(m, s->heading);
	rwsem_read_lock(&s->ids->lock);
	xa_for_each(&s->ids->objects, at, o) {
		spin_lock(&o->lock);
		s->row(m, o);
		spin_unlock(&o->lock);
	}
	rwsem_read_unlock(&s->ids->lock);
	return 0;
}

/* ---- boot ---- */

void __init sysv_init(void)
{
	ipc_namespace_t *ns = &init_ipc;
	const struct {
		const char *name;
		int *value;
		int min, max;
	} numbers[] = {
		{ "kernel/msgmax", &ns->msgmax, 0, INT32_MAX },
		{ "kernel/msgmnb", &ns->msgmnb, 0, INT32_MAX },
		{ "kernel/msgmni", &ns->msgmni, 0, IPC_INDEX_LIMIT },
		{ "kernel/shmmni", &ns->shmmni, 0, IPC_INDEX_LIMIT },
		{ "kernel/sem_next_id", &ns->sem.next_id, -1, INT32_MAX },
		{ "kernel/msg_next_id", &ns->msg.next_id, -1, INT32_MAX },
		{ "kernel/shm_next_id", &ns->shm.next_id, -1, INT32_MAX },
	};
	int r = 0;

	init_namespaces.ipc = ns;
	sem_init();
	msg_init();
	shm_init();
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++)
		r |= proc_sysctl_int(numbers[i].name, 0644, numbers[i].value, numbers[i].min,
				     numbers[i].max);
	r |= proc_sysctl_u64("kernel/shmmax", 0644, &ns->shmmax, 0, UINT64_MAX);
	r |= proc_sysctl_u64("kernel/shmall", 0644, &ns->shmall, 0, UINT64_MAX);
	r |= proc_sysctl_ints("kernel/sem", 0644, ns->sem_limits, ARRAY_SIZE(ns->sem_limits), 0,
			      INT32_MAX);
	if (r)
		panic("No memory for /proc/sys/kernel");
}
