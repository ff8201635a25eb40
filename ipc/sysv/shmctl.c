/*
 * shmctl(2).
 */
#include "shm_internal.h"

#include <arch/uaccess.h>
#include <kernel/time/clock.h>
#include <mm/page.h>

#define SHMMIN 1

/* ---- IPC_RMID, IPC_SET ---- */

/* ids->lock held, so that it stays; checked that it is the caller's. Or ERR_PTR. */
static segment_t *find_own(ipc_namespace_t *ns, int id)
{
	ipc_object_t *o;
	int r;

	rcu_read_lock();
	o = ipc_find(&ns->shm, id);
	r = IS_ERR(o) ? (int)PTR_ERR(o) : ipc_may_control(o);
	rcu_read_unlock();
	return r ? ERR_PTR(r) : segment_of(o);
}

static long remove_segment(int id)
{
	ipc_namespace_t *ns = ipc_ns();
	bool unused = false;
	segment_t *s;

	rwsem_write_lock(&ns->shm.lock);
	s = find_own(ns, id);
	if (!IS_ERR(s)) {
		spin_lock(&s->ipc.lock);
		unused = !s->attached;
		if (unused)
			segment_remove_locked(s);
		else
			s->ipc.mode |= SHM_DEST;
		ipc_forget_key(&ns->shm, &s->ipc);
		spin_unlock(&s->ipc.lock);
	}
	rwsem_write_unlock(&ns->shm.lock);
	if (unused)
		segment_free(s);
	return IS_ERR(s) ? PTR_ERR(s) : 0;
}

static long set_segment(int id, const struct shmid64_ds __user *buf)
{
	ipc_namespace_t *ns = ipc_ns();
	struct shmid64_ds ds;
	segment_t *s;
	long r;

	if (copy_from_user(&ds, buf, sizeof(ds)))
		return -EFAULT;
	rwsem_write_lock(&ns->shm.lock);
	s = find_own(ns, id);
	r = IS_ERR(s) ? PTR_ERR(s) : 0;
	if (!r) {
		spin_lock(&s->ipc.lock);
		r = ipc_set_perm(&s->ipc, &ds.shm_perm);
		if (!r)
			s->ctime = clock_realtime_coarse();
		spin_unlock(&s->ipc.lock);
	}
	rwsem_write_unlock(&ns->shm.lock);
	return r;
}

/* ---- SHM_LOCK, SHM_UNLOCK ---- */

static int may_lock(const segment_t *s, int cmd)
{
	uid_t euid = current_cred()->euid;

	if (capable(CAP_IPC_LOCK))
		return 0;
	if (euid != s->ipc.uid && euid != s->ipc.cuid)
		return -EPERM;
	return cmd == SHM_LOCK && !rlimit(RLIMIT_MEMLOCK) ? -EPERM : 0;
}

/* segment locked. The pages stay in memory anyway; what is kept is the account and the mark. */
static int lock_memory(segment_t *s)
{
	user_t *user = current_cred()->user;
	u64 limit = rlimit(RLIMIT_MEMLOCK);

	if (s->locker)
		return 0;
	atomic64_add(&user->locked_pages, (s64)s->pages);
	if (limit != RLIM_INFINITY && !capable(CAP_IPC_LOCK) &&
	    (u64)atomic64_read(&user->locked_pages) > limit / PAGE_SIZE) {
		atomic64_sub(&user->locked_pages, (s64)s->pages);
		return -ENOMEM;
	}
	refcount_get(&user->refs);
	s->locker = user;
	s->ipc.mode |= SHM_LOCKED;
	return 0;
}

static long change_lock(int id, int cmd)
{
	ipc_object_t *o;
	int r;

	rcu_read_lock();
	o = ipc_find(&ipc_ns()->shm, id);
	if (IS_ERR(o)) {
		rcu_read_unlock();
		return PTR_ERR(o);
	}
	spin_lock(&o->lock);
	r = o->removed ? -EIDRM : may_lock(segment_of(o), cmd);
	if (!r && cmd == SHM_LOCK)
		r = lock_memory(segment_of(o));
	else if (!r)
		segment_unlock_memory(segment_of(o));
	spin_unlock(&o->lock);
	rcu_read_unlock();
	return r;
}

/* ---- what there is ---- */

static long show_limits(struct shminfo64 __user *buf)
{
	ipc_namespace_t *ns = ipc_ns();
	struct shminfo64 info = {
		.shmmax = READ_ONCE(ns->shmmax),
		.shmmin = SHMMIN,
		.shmmni = (u64)READ_ONCE(ns->shmmni),
		.shmseg = (u64)READ_ONCE(ns->shmmni),
		.shmall = READ_ONCE(ns->shmall),
	};
	int last;

	rwsem_read_lock(&ns->shm.lock);
	last = ipc_max_index(&ns->shm);
	rwsem_read_unlock(&ns->shm.lock);
	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : last;
}

static long show_usage(struct shm_info __user *buf)
{
	ipc_namespace_t *ns = ipc_ns();
	struct shm_info info = { 0 };
	ipc_object_t *o;
	int last;
	u64 at;

	rwsem_read_lock(&ns->shm.lock);
	info.used_ids = (int)ns->shm.count;
	info.shm_tot = ns->shm_pages;
	xa_for_each(&ns->shm.objects, at, o)
		info.shm_rss += segment_resident(segment_of(o));
	last = ipc_max_index(&ns->shm);
	rwsem_read_unlock(&ns->shm.lock);
	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : last;
}

static void fill_state(const segment_t *s, struct shmid64_ds *ds)
{
	ipc_fill_perm(&s->ipc, &ds->shm_perm);
	ds->shm_segsz = s->size;
	ds->shm_atime = ipc_seconds(s->atime);
	ds->shm_dtime = ipc_seconds(s->dtime);
	ds->shm_ctime = ipc_seconds(s->ctime);
	ds->shm_cpid = s->creator;
	ds->shm_lpid = s->last;
	ds->shm_nattch = s->attached;
}

static long show_state(int id, int cmd, struct shmid64_ds __user *buf)
{
	struct shmid64_ds ds = { 0 };
	bool by_index = cmd != IPC_STAT;
	ipc_object_t *o;
	long r;

	rcu_read_lock();
	o = ipc_find_stat(&ipc_ns()->shm, id, by_index, cmd == SHM_STAT_ANY);
	if (IS_ERR(o)) {
		rcu_read_unlock();
		return PTR_ERR(o);
	}
	spin_lock(&o->lock);
	r = o->removed ? -EIDRM : by_index ? o->id : 0;
	fill_state(segment_of(o), &ds);
	spin_unlock(&o->lock);
	rcu_read_unlock();
	if (r >= 0 && copy_to_user(buf, &ds, sizeof(ds)))
		return -EFAULT;
	return r;
}

long sysv_shmctl(int id, int cmd, void __user *buf)
{
	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return show_limits(buf);
	case SHM_INFO:
		return show_usage(buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return show_state(id, cmd, buf);
	case IPC_SET:
		return set_segment(id, buf);
	case IPC_RMID:
		return remove_segment(id);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return change_lock(id, cmd);
	default:
		return -EINVAL;
	}
}
