/*
 * Nice values of a thread, a process group or a user: getpriority(2), setpriority(2).
 */
#include "sched_rights.h"

#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/sched.h>

#define RAW_ZERO (NICE_MAX + 1) /* getpriority's result counts down from here, to be above 0 */

/* Does something to one thread; a negative result is an error, of which the last one counts. */
typedef int (*visit_t)(thread_t *t, int value);

/* The result of visits so far: -ESRCH as long as there was none. */
static int combine(int so_far, int r)
{
	if (r < 0 || so_far == -ESRCH)
		return r;
	return so_far < 0 ? so_far : MAX(so_far, r);
}

static int visit_process(process_t *p, uid_t uid, bool by_user, visit_t visit, int value, int r)
{
	unsigned long flags;
	thread_t *t;

	if (!process_lock_sighand(p, &flags))
		return r;
	list_for_each_entry(t, &p->threads, process_link)
		if (!by_user || rcu_dereference(t->cred)->uid == uid)
			r = combine(r, visit(t, value));
	process_unlock_sighand(p, flags);
	return r;
}

static int visit_group(pid_t nr, visit_t visit, int value)
{
	struct pid *group;
	unsigned long flags;
	process_t *p;
	int r = -ESRCH;

	group = nr ? pid_find_get(nr) : NULL;
	if (nr && !group)
		return r;
	read_lock_irqsave(&process_tree_lock, &flags);
	if (!nr)
		group = pid_get(current_process()->group);
	list_for_each_entry(p, &group->members[PID_GROUP], group_link)
		r = visit_process(p, 0, false, visit, value, r);
	read_unlock_irqrestore(&process_tree_lock, flags);
	pid_put(group);
	return r;
}

static int visit_user(uid_t uid, visit_t visit, int value)
{
	process_t *p;
	int r = -ESRCH;

	rcu_read_lock();
	list_for_each_entry_rcu(p, &all_processes, all_link)
		r = visit_process(p, uid, true, visit, value, r);
	rcu_read_unlock();
	return r;
}

static int visit_thread(pid_t tid, visit_t visit, int value)
{
	thread_t *t = tid ? thread_get_by_tid(tid) : current();
	int r;

	if (!t)
		return -ESRCH;
	r = visit(t, value);
	if (tid)
		thread_put(t);
	return r;
}

static int visit_all(int which, int who, visit_t visit, int value)
{
	switch (which) {
	case PRIO_PROCESS:
		return visit_thread(who, visit, value);
	case PRIO_PGRP:
		return visit_group(who, visit, value);
	case PRIO_USER:
		return visit_user(who ? (uid_t)who : current_cred()->uid, visit, value);
	default:
		return -EINVAL;
	}
}

static int get_one(thread_t *t, int unused)
{
	return RAW_ZERO - READ_ONCE(t->sched.nice);
}

static bool may_set(thread_t *t)
{
	const cred_t *mine = current_cred(), *its;
	bool may;

	rcu_read_lock();
	its = rcu_dereference(t->cred);
	may = its->uid == mine->euid || its->euid == mine->euid || capable(CAP_SYS_NICE);
	rcu_read_unlock();
	return may;
}

static int set_one(thread_t *t, int nice)
{
	if (!may_set(t))
		return -EPERM;
	if (nice < t->sched.nice && !sched_nice_allowed(t, nice) && !capable(CAP_SYS_NICE))
		return -EACCES;
	return sched_set_nice(t, nice);
}

long sys_getpriority(int which, int who)
{
	return visit_all(which, who, get_one, 0);
}

long sys_setpriority(int which, int who, int prio)
{
	return visit_all(which, who, set_one, MIN(MAX(prio, NICE_MIN), NICE_MAX));
}
