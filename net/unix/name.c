/*
 * Addresses of AF_UNIX: pathnames, abstract names, and none.
 *
 * One table finds sockets by both kinds of name: a pathname socket hangs in the bucket of its node, an abstract
 * one in that of its name. A socket leaves the table when it is closed, before its last reference goes: what is
 * found there, under the bucket's lock, can be referenced. The node of a bound socket stays
 * referenced by it, so that no other node can have the same place in memory.
 *
 * The table grows with the names. Buckets move to the larger table one by one, each under its lock;
 * who finds one that has moved goes on in the next table. The old one is freed after RCU readers.
 *
 * Locking. Within RCU a bucket's lock; grow_mutex before it.
 */
#include "unix_internal.h"

#include <drivers/random.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/sync/rcu.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

#define FIRST_BITS 8   /* of a table's size at boot */
#define GROWTH_BITS 2  /* a step's */
#define CHAIN_LENGTH 2 /* names a bucket on average, before it grows */
#define HASH_BITS 32
/* Names that the kernel chooses: five hexadecimal digits. */
#define AUTO_DIGITS 5
#define AUTO_NAMES (1u << (4 * AUTO_DIGITS))

typedef struct bucket {
	spinlock_t lock;
	bool moved; /* lock: all is in the next table */
	hlist_head_t sockets;
} bucket_t;

typedef struct name_table {
	u32 bits;
	struct name_table *next; /* set before the first bucket moves */
	bucket_t buckets[];
} name_table_t;

static mutex_t grow_mutex = MUTEX_INIT(grow_mutex);
static name_table_t *names; /* RCU; grow_mutex to change */
static atomic_t names_count;
static u64 name_key[2] __ro_after_init;

int unix_check_address(const socket_address_t *addr)
{
	if (addr->len <= UNIX_PATH_OFFSET || addr->len > sizeof(struct sockaddr_un) ||
	    addr->storage.ss_family != AF_UNIX)
		return -EINVAL;
	return 0;
}

static const char *path_of(const socket_address_t *addr)
{
	return addr->storage.ss_data;
}

static bool is_abstract(const socket_address_t *addr)
{
	return !path_of(addr)[0];
}

/* A pathname as a string: it need not end with NUL in the address. */
static void copy_path(const socket_address_t *addr, char out[UNIX_PATH_MAX + 1])
{
	size_t len = addr->len - UNIX_PATH_OFFSET;

	memcpy(out, path_of(addr), len);
	out[len] = 0;
}

static unix_address_t *new_address(const char *path, size_t len)
{
	unix_address_t *a = kmalloc(offsetof(unix_address_t, name.sun_path) + len, GFP_KERNEL);

	if (!a)
		return NULL;
	refcount_set(&a->refs, 1);
	a->len = (u32)(UNIX_PATH_OFFSET + len);
	a->name.sun_family = AF_UNIX;
	memcpy(a->name.sun_path, path, len);
	return a;
}

void unix_put_address(unix_address_t *a)
{
	if (refcount_put(&a->refs))
		kfree(a);
}

/* ---- the table ---- */

static u32 hash_abstract(const char *name, size_t len, int type)
{
	return hash_name(name_key, name, len) ^ (u32)type;
}

static u32 hash_node(const vfs_node_t *n)
{
	return hash_ptr(n, HASH_BITS);
}

static bucket_t *bucket_in(name_table_t *t, u32 hash)
{
	return &t->buckets[hash & ((1u << t->bits) - 1)];
}

static name_table_t *alloc_table(u32 bits)
{
	name_table_t *t = kvmalloc(offsetof(name_table_t, buckets[1u << bits]), GFP_KERNEL);

	if (!t)
		return NULL;
	t->bits = bits;
	t->next = NULL;
	for (u32 i = 0; i < 1u << bits; i++) {
		t->buckets[i] = (bucket_t){ 0 };
		spinlock_init(&t->buckets[i].lock);
	}
	return t;
}

/* The bucket where the hash stands now, locked. */
static bucket_t *lock_bucket(u32 hash) __acquires(bucket)
{
	name_table_t *t;
	bucket_t *b;

	rcu_read_lock();
	t = rcu_dereference(names);
	for (;;) {
		b = bucket_in(t, hash);
		spin_lock(&b->lock);
		if (likely(!b->moved))
			return b;
		spin_unlock(&b->lock);
		t = t->next;
	}
}

static void unlock_bucket(bucket_t *b) __releases(bucket)
{
	spin_unlock(&b->lock);
	rcu_read_unlock();
}

static void move_bucket(bucket_t *b, name_table_t *to)
{
	spin_lock(&b->lock);
	while (!hlist_empty(&b->sockets)) {
		unix_socket_t *u = container_of(b->sockets.first, unix_socket_t, name_link);
		bucket_t *next = bucket_in(to, u->address->hash);

		hlist_del(&u->name_link);
		spin_lock_nested(&next->lock);
		hlist_add_head(&u->name_link, &next->sockets);
		spin_unlock(&next->lock);
	}
	b->moved = true;
	spin_unlock(&b->lock);
}

static bool crowded(const name_table_t *t)
{
	return (u32)atomic_read(&names_count) / CHAIN_LENGTH > 1u << t->bits;
}

/* No locks held; without memory the chains just become longer. */
static void grow_if_crowded(void)
{
	name_table_t *old, *larger;
	bool few;

	rcu_read_lock();
	few = !crowded(rcu_dereference(names));
	rcu_read_unlock();
	if (few || !mutex_trylock(&grow_mutex))
		return;
	old = names;
	larger = crowded(old) ? alloc_table(old->bits + GROWTH_BITS) : NULL;
	if (larger) {
		smp_store_release(&old->next, larger);
		for (u32 i = 0; i < 1u << old->bits; i++)
			move_bucket(&old->buckets[i], larger);
		rcu_assign_pointer(names, larger);
		synchronize_rcu();
		kvfree(old);
	}
	mutex_unlock(&grow_mutex);
}

/* Bucket's lock held. */
static unix_socket_t *find_abstract_locked(const bucket_t *b, const char *name, size_t len,
					   int type)
{
	unix_socket_t *u;

	hlist_for_each_entry(u, &b->sockets, name_link) {
		const unix_address_t *a = u->address;

		if (a->len == UNIX_PATH_OFFSET + len && u->socket.type == type &&
		    !memcmp(a->name.sun_path, name, len))
			return u;
	}
	return NULL;
}

/* bind_mutex held. -EADDRINUSE for an abstract name that is taken. */
static int insert(unix_socket_t *u, unix_address_t *a)
{
	bucket_t *b = lock_bucket(a->hash);
	int r = 0;

	if (unix_address_abstract(a) &&
	    find_abstract_locked(b, a->name.sun_path, a->len - UNIX_PATH_OFFSET, u->socket.type)) {
		r = -EADDRINUSE;
	} else {
		smp_store_release(&u->address, a);
		hlist_add_head(&u->name_link, &b->sockets);
		u->hashed = true;
		atomic_inc(&names_count);
	}
	unlock_bucket(b);
	return r;
}

void unix_unbind(unix_socket_t *u)
{
	bucket_t *b;

	if (!u->address)
		return;
	b = lock_bucket(u->address->hash);
	if (u->hashed) {
		hlist_del(&u->name_link);
		atomic_dec(&names_count);
	}
	u->hashed = false;
	unlock_bucket(b);
}

/* ---- binding ---- */

static int bind_abstract(unix_socket_t *u, const char *name, size_t len)
{
	unix_address_t *a = new_address(name, len);
	int r;

	if (!a)
		return -ENOMEM;
	a->hash = hash_abstract(name, len, u->socket.type);
	r = insert(u, a);
	if (r)
		unix_put_address(a);
	return r;
}

/* The name is made with the mode of the socket's own node, which fchmod may have changed. */
static mode_t name_mode(unix_socket_t *u)
{
	mode_t mode = S_IFSOCK | 0777;

	spin_lock(&u->socket.lock);
	if (u->socket.file)
		mode = u->socket.file->node->mode;
	spin_unlock(&u->socket.lock);
	return mode;
}

static int bind_path(unix_socket_t *u, const socket_address_t *addr)
{
	char path[UNIX_PATH_MAX + 1];
	unix_address_t *a;
	path_t made;
	int r;

	copy_path(addr, path);
	a = new_address(path, strlen(path) + 1);
	if (!a)
		return -ENOMEM;
	r = vfs_mknod_path(AT_FDCWD, path, name_mode(u), 0, &made);
	if (r) {
		unix_put_address(a);
		return r == -EEXIST ? -EADDRINUSE : r;
	}
	if (u->address) { /* Linux makes the name before it looks */
		vfs_unlink_at(AT_FDCWD, path, 0);
		path_put(&made);
		unix_put_address(a);
		return -EINVAL;
	}
	a->hash = hash_node(made.dentry->node);
	spin_lock(&u->socket.lock);
	u->path = made;
	spin_unlock(&u->socket.lock);
	return insert(u, a);
}

int unix_bind(socket_t *s, const socket_address_t *addr)
{
	unix_socket_t *u = unix_of(s);
	int r;

	if (addr->len == UNIX_PATH_OFFSET && addr->storage.ss_family == AF_UNIX)
		return unix_autobind(u);
	r = unix_check_address(addr);
	if (r)
		return r;
	if (mutex_lock_interruptible(&u->bind_mutex))
		return -EINTR;
	if (is_abstract(addr))
		r = u->address ? -EINVAL
			       : bind_abstract(u, path_of(addr), addr->len - UNIX_PATH_OFFSET);
	else
		r = bind_path(u, addr);
	mutex_unlock(&u->bind_mutex);
	grow_if_crowded();
	return r;
}

int unix_autobind(unix_socket_t *u)
{
	char name[AUTO_DIGITS + 2] = { 0 };
	u32 first, i;
	int r = 0;

	if (mutex_lock_interruptible(&u->bind_mutex))
		return -EINTR;
	if (u->address)
		goto out_unlock;
	random_get_bytes(&first, sizeof(first));
	for (i = 0; i < AUTO_NAMES; i++) {
		snprintf(name + 1, sizeof(name) - 1, "%05x", (first + i) % AUTO_NAMES);
		r = bind_abstract(u, name, AUTO_DIGITS + 1);
		if (r != -EADDRINUSE)
			break;
	}
	if (i == AUTO_NAMES)
		r = -ENOSPC;
out_unlock:
	mutex_unlock(&u->bind_mutex);
	grow_if_crowded();
	return r;
}

/* ---- finding ---- */

static unix_socket_t *find_abstract(const char *name, size_t len, int type)
{
	bucket_t *b = lock_bucket(hash_abstract(name, len, type));
	unix_socket_t *u = find_abstract_locked(b, name, len, type);

	if (u)
		socket_get(&u->socket);
	unlock_bucket(b);
	return u ? u : ERR_PTR(-ECONNREFUSED);
}

static unix_socket_t *find_node(const vfs_node_t *node)
{
	bucket_t *b = lock_bucket(hash_node(node));
	unix_socket_t *u, *found = NULL;

	hlist_for_each_entry(u, &b->sockets, name_link)
		if (u->path.dentry && u->path.dentry->node == node) {
			socket_get(&u->socket);
			found = u;
			break;
		}
	unlock_bucket(b);
	return found;
}

static unix_socket_t *find_path(const socket_address_t *addr, int type)
{
	char name[UNIX_PATH_MAX + 1];
	unix_socket_t *u = NULL;
	path_t path;
	int r;

	copy_path(addr, name);
	r = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (r)
		return ERR_PTR(r);
	r = node_permission(path.dentry->node, MAY_WRITE);
	if (!r) {
		u = S_ISSOCK(path.dentry->node->mode) ? find_node(path.dentry->node) : NULL;
		if (!u)
			r = -ECONNREFUSED;
	}
	if (u && u->socket.type != type) {
		socket_put(&u->socket);
		r = -EPROTOTYPE;
	}
	path_put(&path);
	return r ? ERR_PTR(r) : u;
}

unix_socket_t *unix_find(const socket_address_t *addr, int type)
{
	if (is_abstract(addr))
		return find_abstract(path_of(addr), addr->len - UNIX_PATH_OFFSET, type);
	return find_path(addr, type);
}

/* ---- telling ---- */

int unix_name(socket_t *s, bool peer, socket_address_t *addr)
{
	unix_socket_t *u = unix_of(s);
	unix_address_t *a;

	if (peer) {
		u = unix_peer_get(u);
		if (!u)
			return -ENOTCONN;
	}
	a = unix_address_of(u);
	if (a) {
		addr->len = a->len;
		memcpy(&addr->storage, &a->name, a->len);
	} else {
		addr->len = UNIX_PATH_OFFSET;
		addr->storage.ss_family = AF_UNIX;
	}
	if (peer)
		socket_put(&u->socket);
	return 0;
}

void __init unix_names_init(void)
{
	random_get_bytes(name_key, sizeof(name_key));
	names = alloc_table(FIRST_BITS);
	if (!names)
		panic("No memory for the names of sockets");
}
