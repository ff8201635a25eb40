/*
 * Leases (fcntl(2), "Leases"): who holds one on a regular file is told by a signal when another is about to
 * open or truncate it, and that one waits until the lease is given up, or made less, or its time is over.
 *
 * A read lease is broken by who opens for writing, a write lease by every open, the holder's own too. Once it is
 * being broken a lease stays what it is until its holder changes it, or lease-break-time seconds have
 * passed; then it is what the breaker wanted (lease_wanted).
 *
 * Whether somebody has the file open is told by the node's counts of readers and writers. Who opens counts first and
 * looks for leases then; who wants a lease adds it and looks at the counts then: one of them notices.
 *
 * Locking. locks->mutex. A file's lease is gone before the file is.
 */
#include "locks_internal.h"

#include <fs/procfs.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>

typedef struct lease {
	file_lock_t lock; /* lock.owner is the file */
	file_t *file;
	int fd;			       /* through which it was asked for, for si_fd */
	bool to_unlock, to_read;       /* it is being broken: to nothing, to a read lease */
	nsec_t unlock_time, read_time; /* monotonic: when that happens by itself */
} lease_t;

static int enabled = 1, break_seconds = 45; /* sysctl fs.leases-enable, fs.lease-break-time */

static lease_t *lease_of(const file_lock_t *l)
{
	return container_of((file_lock_t *)l, lease_t, lock);
}

static lease_t *find(file_locks_t *locks, const file_t *f)
{
	lease_t *l;

	list_for_each_entry(l, &locks->leases, lock.link)
		if (l->file == f)
			return l;
	return NULL;
}

/* What it is, or is to become. */
static int lease_wanted(const lease_t *l)
{
	return l->to_unlock ? F_UNLCK : l->to_read ? F_RDLCK : l->lock.type;
}

static void remove(file_locks_t *locks, lease_t *l)
{
	lock_unlink(&l->lock);
	kfree(l);
	locks_released(locks);
}

/* F_UNLCK ends it; the file's owner and signal, which were for it, go too. */
static void change(file_locks_t *locks, lease_t *l, int type)
{
	if (type == F_UNLCK) {
		file_set_owner(l->file, F_OWNER_PID, 0);
		l->file->owner_signal = 0;
		remove(locks, l);
		return;
	}
	l->lock.type = type;
	if (type == F_RDLCK)
		l->to_read = false;
	locks_released(locks);
}

/* What has been broken for too long is broken by force. */
static void expire(file_locks_t *locks)
{
	nsec_t now = clock_monotonic();
	lease_t *l, *next;

	list_for_each_entry_safe(l, next, &locks->leases, lock.link) {
		if (l->to_unlock && now >= l->unlock_time)
			change(locks, l, F_UNLCK);
		else if (l->to_read && now >= l->read_time)
			change(locks, l, F_RDLCK);
	}
}

/* ---- breaking ---- */

static bool conflicts(const lease_t *l, bool writes)
{
	return writes || l->lock.type == F_WRLCK;
}

static lease_t *find_conflict(file_locks_t *locks, bool writes)
{
	lease_t *l;

	list_for_each_entry(l, &locks->leases, lock.link)
		if (conflicts(l, writes))
			return l;
	return NULL;
}

static void tell_holders(file_locks_t *locks, bool writes)
{
	int seconds = READ_ONCE(break_seconds);
	nsec_t until = seconds > 0 ? clock_monotonic() + seconds * NSEC_PER_SEC : NSEC_MAX;
	lease_t *l;

	list_for_each_entry(l, &locks->leases, lock.link) {
		if (!conflicts(l, writes) || l->to_unlock || (l->to_read && !writes))
			continue;
		if (writes) {
			l->to_unlock = true;
			l->unlock_time = until;
		} else {
			l->to_read = true;
			l->read_time = until;
		}
		file_signal(l->file, POLL_MSG, l->fd);
	}
}

/* Until the lease has changed, or its time is over. The mutex is dropped meanwhile. */
static int wait_for(file_locks_t *locks, const lease_t *l)
{
	nsec_t until =
		MIN(l->to_unlock ? l->unlock_time : NSEC_MAX, l->to_read ? l->read_time : NSEC_MAX);
	u64 seen = READ_ONCE(locks->released);
	int r;

	mutex_unlock(&locks->mutex);
	r = wait_event_deadline(&locks->wait, READ_ONCE(locks->released) != seen,
				THREAD_INTERRUPTIBLE, until);
	mutex_lock(&locks->mutex);
	return r == -ETIMEDOUT ? 0 : r;
}

int lease_break_slow(vfs_node_t *n, int flags)
{
	file_locks_t *locks = __atomic_load_n(&n->locks, __ATOMIC_ACQUIRE);
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	lease_t *l;
	int r = 0;

	mutex_lock(&locks->mutex);
	expire(locks);
	if (find_conflict(locks, writes)) {
		tell_holders(locks, writes);
		if (flags & O_NONBLOCK)
			r = -EWOULDBLOCK;
	}
	while (!r && (l = find_conflict(locks, writes))) {
		r = wait_for(locks, l);
		expire(locks);
	}
	mutex_unlock(&locks->mutex);
	return r;
}

bool lease_any(const vfs_node_t *n)
{
	const file_locks_t *locks = __atomic_load_n(&n->locks, __ATOMIC_ACQUIRE);

	return locks && !list_empty(&locks->leases);
}

/* ---- asking for one ---- */

/* Is the file open in a way that the lease would be told of? */
static bool in_use(const file_t *f, int type)
{
	int writers = atomic_read(&f->node->writers), readers = atomic_read(&f->node->readers);

	if (type == F_RDLCK)
		return writers > 0;
	return writers != !!(f->mode & FMODE_WRITE) ||
	       readers != ((f->mode & (FMODE_READ | FMODE_WRITE)) == FMODE_READ);
}

/* May others' leases stand beside it? */
static bool others_allow(file_locks_t *locks, const file_t *f, int type)
{
	const lease_t *l;

	list_for_each_entry(l, &locks->leases, lock.link)
		if (l->file != f && (type == F_WRLCK || l->to_unlock))
			return false;
	return true;
}

static int set_locked(file_locks_t *locks, int fd, file_t *f, int type, lease_t **spare)
{
	lease_t *mine = find(locks, f);

	if (type == F_UNLCK) {
		if (!mine)
			return -EAGAIN;
		change(locks, mine, F_UNLCK);
		return 0;
	}
	if (in_use(f, type) || !others_allow(locks, f, type))
		return -EAGAIN;
	if (mine) {
		change(locks, mine, type);
	} else {
		if (!READ_ONCE(enabled))
			return -EINVAL;
		mine = *spare;
		mine->lock.type = type;
		lock_add(&locks->leases, &mine->lock);
		smp_mb();
		if (in_use(f, type)) {
			lock_unlink(&mine->lock);
			locks_released(locks); /* who came meanwhile may wait for it */
			return -EAGAIN;
		}
		mine->fd = fd;
		*spare = NULL;
	}
	file_default_owner(f, F_OWNER_PID, current_process()->pid_obj);
	return 0;
}

int file_set_lease(int fd, file_t *f, int type)
{
	file_locks_t *locks;
	lease_t *spare;
	int r;

	if (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK)
		return -EINVAL;
	if (current_cred()->fsuid != f->node->uid && !capable(CAP_LEASE))
		return -EACCES;
	if (!S_ISREG(f->node->mode))
		return -EINVAL;
	spare = kzalloc(sizeof(*spare), GFP_KERNEL);
	locks = locks_of(f->node);
	if (!spare || !locks) {
		kfree(spare);
		return -ENOMEM;
	}
	spare->file = f;
	spare->lock = (file_lock_t){ .kind = KIND_LEASE,
				     .owner = f,
				     .node = f->node,
				     .pid = current_process()->pid,
				     .end = END_OF_FILE };
	mutex_lock(&locks->mutex);
	expire(locks);
	r = set_locked(locks, fd, f, type, &spare);
	mutex_unlock(&locks->mutex);
	kfree(spare);
	return r;
}

int file_get_lease(const file_t *f)
{
	file_locks_t *locks = f->node ? __atomic_load_n(&f->node->locks, __ATOMIC_ACQUIRE) : NULL;
	const lease_t *l;
	int type = F_UNLCK;

	if (!locks)
		return type;
	mutex_lock(&locks->mutex);
	expire(locks);
	l = find(locks, f);
	if (l)
		type = lease_wanted(l);
	mutex_unlock(&locks->mutex);
	return type;
}

void lease_release(file_locks_t *locks, const file_t *f)
{
	lease_t *l;

	mutex_lock(&locks->mutex);
	l = find(locks, f);
	if (l)
		remove(locks, l);
	mutex_unlock(&locks->mutex);
}

void lease_show(seq_file_t *m, const file_lock_t *lock)
{
	const lease_t *l = lease_of(lock);
	int type = lease_wanted(l);

	seq_printf(m, "LEASE  %s%s ", l->to_unlock || l->to_read ? "BREAKING  " : "ACTIVE    ",
		   type == F_WRLCK   ? "WRITE"
		   : type == F_RDLCK ? "READ"
				     : "UNLCK");
}

__init void leases_init(void)
{
	if (proc_sysctl_int("fs/leases-enable", 0644, &enabled, INT32_MIN, INT32_MAX) ||
	    proc_sysctl_int("fs/lease-break-time", 0644, &break_seconds, INT32_MIN, INT32_MAX))
		panic("No memory for /proc/sys/fs");
}
