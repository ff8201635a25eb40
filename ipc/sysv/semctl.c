/*
 * semctl(2).
 */
#include "sem_internal.h"

#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

/* ---- the end of a set ---- */

static void free_set_rcu(rcu_head_t *head)
{
	sem_set_t *set = container_of(head, sem_set_t, ipc.rcu);

	kvfree_atomic(set->sems);
	kfree(set);
}

/* Finds and checks for IPC_RMID and IPC_SET; ids->lock held. */
static sem_set_t *find_own(ipc_namespace_t *ns, int id)
{
	ipc_object_t *o;
	int r;

	rcu_read_lock();
	o = ipc_find(&ns->sem, id);
	r = IS_ERR(o) ? (int)PTR_ERR(o) : ipc_may_control(o);
	rcu_read_unlock(); /* it stays as long as ids->lock is held */
	return r ? ERR_PTR(r) : sem_set_of(o);
}

static long remove_set(int id)
{
	ipc_namespace_t *ns = ipc_ns();
	sem_set_t *set;

	rwsem_write_lock(&ns->sem.lock);
	set = find_own(ns, id);
	if (IS_ERR(set))
		goto out;
	rcu_read_lock();
	spin_lock(&set->ipc.lock);
	ipc_remove(&ns->sem, &set->ipc);
	sem_undo_forget(set);
	sem_wake_all(set, -EIDRM);
	spin_unlock(&set->ipc.lock);
	rcu_read_unlock();
	ns->used_sems -= set->nr;
	call_rcu(&set->ipc.rcu, free_set_rcu);
out:
	rwsem_write_unlock(&ns->sem.lock);
	return IS_ERR(set) ? PTR_ERR(set) : 0;
}

static long set_owner(int id, const struct semid64_ds __user *buf)
{
	ipc_namespace_t *ns = ipc_ns();
	struct semid64_ds ds;
	sem_set_t *set;
	long r;

	if (copy_from_user(&ds, buf, sizeof(ds)))
		return -EFAULT;
	rwsem_write_lock(&ns->sem.lock);
	set = find_own(ns, id);
	r = IS_ERR(set) ? PTR_ERR(set) : 0;
	if (!r) {
		spin_lock(&set->ipc.lock);
		r = ipc_set_perm(&set->ipc, &ds.sem_perm);
		if (!r)
			set->ctime = clock_realtime_coarse();
		spin_unlock(&set->ipc.lock);
	}
	rwsem_write_unlock(&ns->sem.lock);
	return r;
}

/* ---- what there is ---- */

static long show_limits(int cmd, struct seminfo __user *buf)
{
	ipc_namespace_t *ns = ipc_ns();
	struct seminfo info = {
		.semmsl = ns->sem_limits[SEM_LIMIT_MSL],
		.semmns = ns->sem_limits[SEM_LIMIT_MNS],
		.semmni = ns->sem_limits[SEM_LIMIT_MNI],
		.semopm = ns->sem_limits[SEM_LIMIT_OPM],
		.semvmx = SEMVMX,
		.semaem = SEMAEM,
		.semusz = SEMUSZ,
	};
	int last;

	/* What Linux prints for numbers that limit nothing: those of its defaults. */
	info.semmnu = info.semmap = 1024000000;
	info.semume = 500;
	rwsem_read_lock(&ns->sem.lock);
	if (cmd == SEM_INFO) {
		info.semusz = (int)ns->sem.count;
		info.semaem = (int)ns->used_sems;
	}
	last = ipc_max_index(&ns->sem);
	rwsem_read_unlock(&ns->sem.lock);
	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : last;
}

static long show_set_state(int id, int cmd, struct semid64_ds __user *buf)
{
	struct semid64_ds ds = { 0 };
	bool by_index = cmd != IPC_STAT;
	ipc_object_t *o;
	long r;

	rcu_read_lock();
	o = ipc_find_stat(&ipc_ns()->sem, id, by_index, cmd == SEM_STAT_ANY);
	if (IS_ERR(o)) {
		rcu_read_unlock();
		return PTR_ERR(o);
	}
	spin_lock(&o->lock);
	r = o->removed ? -EIDRM : by_index ? o->id : 0;
	ipc_fill_perm(o, &ds.sem_perm);
	ds.sem_otime = ipc_seconds(sem_set_of(o)->otime);
	ds.sem_ctime = ipc_seconds(sem_set_of(o)->ctime);
	ds.sem_nsems = sem_set_of(o)->nr;
	spin_unlock(&o->lock);
	rcu_read_unlock();
	if (r >= 0 && copy_to_user(buf, &ds, sizeof(ds)))
		return -EFAULT;
	return r;
}

/* ---- values ---- */

/* Under RCU: a set that the caller may look at (0444) or change (0222); or ERR_PTR. */
static sem_set_t *find_allowed(int id, u32 access)
{
	ipc_object_t *o = ipc_find(&ipc_ns()->sem, id);
	int r = IS_ERR(o) ? (int)PTR_ERR(o) : ipc_permission(o, access);

	return r ? ERR_PTR(r) : sem_set_of(o);
}

static long get_one(const sem_t *sem, int cmd)
{
	switch (cmd) {
	case GETVAL:
		return sem->value;
	case GETPID:
		return sem->pid;
	default: /* GETNCNT, GETZCNT */
		return sem_count_waiters(sem, cmd == GETZCNT);
	}
}

static long get_value(int id, int num, int cmd)
{
	sem_set_t *set;
	long r;

	rcu_read_lock();
	set = find_allowed(id, 0444);
	if (IS_ERR(set)) {
		r = PTR_ERR(set);
	} else if (num < 0 || (u32)num >= set->nr) {
		r = -EINVAL;
	} else {
		spin_lock(&set->ipc.lock);
		r = set->ipc.removed ? -EIDRM : get_one(&set->sems[num], cmd);
		spin_unlock(&set->ipc.lock);
	}
	rcu_read_unlock();
	return r;
}

/* set locked. The value is set by hand: what processes would take back at their exit is void. */
static void put_value(sem_set_t *set, u32 num, int value, list_t *changed)
{
	sem_t *sem = &set->sems[num];
	sem_undo_t *u;

	list_for_each_entry(u, &set->undos, set_link)
		u->adjust[num] = 0;
	sem->value = value;
	sem->pid = current_process()->pid;
	sem_note_change(sem, value > 0, changed);
}

static long set_value(int id, int num, int value)
{
	list_t changed = LIST_INIT(changed);
	sem_set_t *set;
	long r = 0;

	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	rcu_read_lock();
	set = find_allowed(id, 0);
	if (IS_ERR(set))
		r = PTR_ERR(set);
	else if (num < 0 || (u32)num >= set->nr)
		r = -EINVAL;
	else
		r = ipc_permission(&set->ipc, 0222);
	if (r)
		goto out;
	spin_lock(&set->ipc.lock);
	if (set->ipc.removed) {
		r = -EIDRM;
	} else {
		put_value(set, (u32)num, value, &changed);
		set->ctime = clock_realtime_coarse();
		sem_serve(set, &changed);
	}
	spin_unlock(&set->ipc.lock);
out:
	rcu_read_unlock();
	return r;
}

/* All at once, from or to a kernel array of nr values: 0 or errno. */
static long all_values(int id, u32 nr, u16 *values, bool put)
{
	list_t changed = LIST_INIT(changed);
	sem_set_t *set;
	long r = 0;

	rcu_read_lock();
	set = find_allowed(id, put ? 0222 : 0444);
	if (IS_ERR(set)) {
		rcu_read_unlock();
		return PTR_ERR(set);
	}
	spin_lock(&set->ipc.lock);
	if (set->ipc.removed || set->nr != nr) {
		r = -EIDRM;
	} else if (put) {
		for (u32 i = 0; i < nr; i++)
			put_value(set, i, values[i], &changed);
		set->ctime = clock_realtime_coarse();
		sem_serve(set, &changed);
	} else {
		for (u32 i = 0; i < nr; i++)
			values[i] = (u16)set->sems[i].value;
	}
	spin_unlock(&set->ipc.lock);
	rcu_read_unlock();
	return r;
}

/* The set's size, if it may be used so. */
static long size_of(int id, u32 access)
{
	sem_set_t *set;
	long r;

	rcu_read_lock();
	set = find_allowed(id, access);
	r = IS_ERR(set) ? PTR_ERR(set) : (long)set->nr;
	rcu_read_unlock();
	return r;
}

static long get_all(int id, u16 __user *buf)
{
	long nr = size_of(id, 0444), r;
	u16 *values;

	if (nr < 0)
		return nr;
	values = kmalloc((size_t)nr * sizeof(*values), GFP_KERNEL);
	if (!values)
		return -ENOMEM;
	r = all_values(id, (u32)nr, values, false);
	if (!r && copy_to_user(buf, values, (size_t)nr * sizeof(*values)))
		r = -EFAULT;
	kfree(values);
	return r;
}

static long set_all(int id, const u16 __user *buf)
{
	long nr = size_of(id, 0222), r = 0;
	u16 *values;

	if (nr < 0)
		return nr;
	values = kmalloc((size_t)nr * sizeof(*values), GFP_KERNEL);
	if (!values)
		return -ENOMEM;
	if (copy_from_user(values, buf, (size_t)nr * sizeof(*values)))
		r = -EFAULT;
	for (long i = 0; !r && i < nr; i++)
		if (values[i] > SEMVMX)
			r = -ERANGE;
	if (!r)
		r = all_values(id, (u32)nr, values, true);
	kfree(values);
	return r;
}

long sysv_semctl(int id, int num, int cmd, unsigned long arg)
{
	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return show_limits(cmd, (struct seminfo __user *)arg);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return show_set_state(id, cmd, (struct semid64_ds __user *)arg);
	case GETALL:
		return get_all(id, (u16 __user *)arg);
	case SETALL:
		return set_all(id, (const u16 __user *)arg);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return get_value(id, num, cmd);
	case SETVAL:
		return set_value(id, num, (int)arg);
	case IPC_SET:
		return set_owner(id, (const struct semid64_ds __user *)arg);
	case IPC_RMID:
		return remove_set(id);
	default:
		return -EINVAL;
	}
}
