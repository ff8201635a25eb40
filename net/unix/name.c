/*
 * Addresses of AF_UNIX: pathnames, abstract names, and none.
 *
 * One table finds sockets by both kinds of name: a pathname socket hangs in the bucket of its node, an abstract
 * one in that of its name. A socket leaves the table when it is closed, before its last reference goes: what is
 * found there, under the bucket's lock, can be referenced. The node of a bound socket stays
 * referenced by it, so that no other node can have the same place in memory.
 */
#include "unix_internal.h"

#include <drivers/random.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define BUCKET_BITS 8
/* Names that the kernel chooses: five hexadecimal digits. */
#define AUTO_DIGITS 5
#define AUTO_NAMES (1u << (4 * AUTO_DIGITS))

typedef struct bucket {
	spinlock_t lock;
	hlist_head_t sockets;
} bucket_t;

static bucket_t buckets[1 << BUCKET_BITS];
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
	return (hash_name(name_key, name, len) ^ (u32)type) & (ARRAY_SIZE(buckets) - 1);
}

static u32 hash_node(const vfs_node_t *n)
{
	return hash_ptr(n, BUCKET_BITS);
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
	bucket_t *b = &buckets[a->hash];
	int r = 0;

	spin_lock(&b->lock);
	if (unix_address_abstract(a) &&
	    find_abstract_locked(b, a->name.sun_path, a->len - UNIX_PATH_OFFSET, u->socket.type)) {
		r = -EADDRINUSE;
	} else {
		smp_store_release(&u->address, a);
		hlist_add_head(&u->name_link, &b->sockets);
		u->hashed = true;
	}
	spin_unlock(&b->lock);
	return r;
}

void unix_unbind(unix_socket_t *u)
{
	bucket_t *b;

	if (!u->address)
		return;
	b = &buckets[u->address->hash];
	spin_lock(&b->lock);
	if (u->hashed)
		hlist_del(&u->name_link);
	u->hashed = false;
	spin_unlock(&b->lock);
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
	return r;
}

/* ---- finding ---- */

static unix_socket_t *find_abstract(const char *name, size_t len, int type)
{
	bucket_t *b = &buckets[hash_abstract(name, len, type)];
	unix_socket_t *u;

	spin_lock(&b->lock);
	u = find_abstract_locked(b, name, len, type);
	if (u)
		socket_get(&u->socket);
	spin_unlock(&b->lock);
	return u ? u : ERR_PTR(-ECONNREFUSED);
}

static unix_socket_t *find_node(const vfs_node_t *node)
{
	bucket_t *b = &buckets[hash_node(node)];
	unix_socket_t *u, *found = NULL;

	spin_lock(&b->lock);
	hlist_for_each_entry(u, &b->sockets, name_link)
		if (u->path.dentry && u->path.dentry->node == node) {
			socket_get(&u->socket);
			found = u;
			break;
		}
	spin_unlock(&b->lock);
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
	for (u32 i = 0; i < ARRAY_SIZE(buckets); i++)
		spinlock_init(&buckets[i].lock);
}
