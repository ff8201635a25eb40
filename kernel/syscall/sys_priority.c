/*
 * Nice values and I/O priorities of a thread, a process group or a user: getpriority(2),
 * setpriority(2), ioprio_get(2), ioprio_set(2).
 */
#include "sched_rights.h"

#include <kernel/proc.h>
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

/* ---- I/O priorities: a class and, in two of them, a level ---- */

#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_CLASS_MASK 7	  /* what is above is not looked at */
#define IOPRIO_LEVEL_MASK 7	  /* between them are hints, which are kept */
#define IOPRIO_RAW_ZERO (1 << 16) /* visits answer the distance from here: the best is the most */

enum { IOPRIO_CLASS_NONE, IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE };
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_PGRP, IOPRIO_WHO_USER };

static int check_ioprio(int ioprio)
{
	switch (ioprio >> IOPRIO_CLASS_SHIFT & IOPRIO_CLASS_MASK) {
	case IOPRIO_CLASS_RT:
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		return 0;
	case IOPRIO_CLASS_BE:
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return ioprio & IOPRIO_LEVEL_MASK ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int set_ioprio(thread_t *t, int ioprio)
{
	const cred_t *mine = current_cred(), *its;
	bool may;

	rcu_read_lock();
	its = rcu_dereference(t->cred);
	may = its->uid == mine->euid || its->uid == mine->uid || capable(CAP_SYS_NICE);
	rcu_read_unlock();
	if (!may)
		return -EPERM;
	thread_set_ioprio(t, (u16)ioprio);
	return 0;
}

static int get_ioprio(thread_t *t, int effective)
{
	int ioprio = thread_ioprio(t), class = IOPRIO_CLASS_BE;

	if (effective && ioprio >> IOPRIO_CLASS_SHIFT == IOPRIO_CLASS_NONE) {
		if (t->sched.policy == SCHED_IDLE)
			class = IOPRIO_CLASS_IDLE;
		else if (t->sched.policy == SCHED_FIFO || t->sched.policy == SCHED_RR)
			class = IOPRIO_CLASS_RT;
		ioprio = class << IOPRIO_CLASS_SHIFT | (t->sched.nice - NICE_MIN) / 5;
	}
	return IOPRIO_RAW_ZERO - ioprio;
}

static int visit_io(int which, int who, visit_t visit, int value)
{
	switch (which) {
	case IOPRIO_WHO_PROCESS:
		return visit_thread(who, visit, value);
	case IOPRIO_WHO_PGRP:
		return visit_group(who, visit, value);
	case IOPRIO_WHO_USER: /* 0 is the user 0 here */
		return visit_user((uid_t)who, visit, value);
	default:
		return -EINVAL;
	}
}

long sys_ioprio_set(int which, int who, int ioprio)
{
	int r = check_ioprio(ioprio);

	return r ? r : visit_io(which, who, set_ioprio, ioprio);
}

long sys_ioprio_get(int which, int who)
{
	int r = visit_io(which, who, get_ioprio, which != IOPRIO_WHO_PROCESS);

	return r < 0 ? r : IOPRIO_RAW_ZERO - r;
}
