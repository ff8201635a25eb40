/*
 * Policies, parameters and affinity of threads: sched(7) and the calls it lists; getcpu(2).
 */
#include "sched_rights.h"

#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <ipc/futex.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/sched.h>
#include <uapi/time.h>

#define KEEP_POLICY (-1)
#define MASK_SIZE sizeof(cpu_set_t)

/* What a call asks for. */
typedef struct sched_request {
	int policy; /* or KEEP_POLICY */
	bool reset_on_fork;
	int rt_priority;
	bool set_nice;
	int nice;
} sched_request_t;

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_policy(int policy)
{
	return is_realtime(policy) || policy == SCHED_NORMAL || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

/* The thread that pid names, 0 being the caller; referenced, or NULL. */
static thread_t *get_thread(pid_t pid)
{
	if (pid == 0) {
		thread_get(current());
		return current();
	}
	return pid < 0 ? NULL : thread_get_by_tid(pid);
}

bool sched_same_owner(thread_t *t)
{
	const cred_t *mine = current_cred(), *its;
	bool same;

	rcu_read_lock();
	its = rcu_dereference(t->cred);
	same = mine->euid == its->euid || mine->euid == its->uid;
	rcu_read_unlock();
	return same;
}

bool sched_nice_allowed(thread_t *t, int nice)
{
	return (u64)(NICE_MAX + 1 - nice) <= READ_ONCE(t->process->rlimits[RLIMIT_NICE].rlim_cur);
}

/*
 * Does the change take the privilege of CAP_SYS_NICE? (sched(7), "Privileges and resource limits")
 */
static bool is_privileged(thread_t *t, const sched_request_t *rq, int policy)
{
	const sched_entity_t *se = &t->sched;
	u64 limit = READ_ONCE(t->process->rlimits[RLIMIT_RTPRIO].rlim_cur);

	if (is_realtime(policy)) {
		if (policy != se->policy && !limit)
			return true;
		if (rq->rt_priority > se->rt_priority && (u64)rq->rt_priority > limit)
			return true;
	} else if (rq->set_nice && rq->nice < se->nice && !sched_nice_allowed(t, rq->nice)) {
		return true;
	}
	if (se->policy == SCHED_IDLE && policy != SCHED_IDLE && !sched_nice_allowed(t, se->nice))
		return true;
	return !sched_same_owner(t) || (se->reset_on_fork && !rq->reset_on_fork);
}

static int change(thread_t *t, const sched_request_t *rq)
{
	int policy = rq->policy == KEEP_POLICY ? t->sched.policy : rq->policy, r;
	bool reset = rq->policy == KEEP_POLICY ? t->sched.reset_on_fork : rq->reset_on_fork;
	sched_request_t checked = *rq;

	if (!is_policy(policy) || rq->rt_priority < 0 || rq->rt_priority > RT_PRIO_MAX ||
	    is_realtime(policy) != (rq->rt_priority != 0))
		return -EINVAL;
	checked.reset_on_fork = reset;
	if (is_privileged(t, &checked, policy) && !capable(CAP_SYS_NICE))
		return -EPERM;
	r = sched_set_policy(t, policy, rq->rt_priority, reset);
	if (!r) {
		sched_set_slack(t, READ_ONCE(t->timer_slack_ns));
		futex_priority_changed(t);
	}
	if (!r && rq->set_nice && !is_realtime(policy))
		r = sched_set_nice(t, rq->nice);
	return r;
}

static long change_by_pid(pid_t pid, const sched_request_t *rq)
{
	thread_t *t = get_thread(pid);
	int r;

	if (!t)
		return -ESRCH;
	r = change(t, rq);
	thread_put(t);
	return r;
}

static long set_scheduler(pid_t pid, int policy, const struct sched_param __user *param)
{
	sched_request_t rq = { .policy = policy };
	struct sched_param p;

	if (!param || pid < 0)
		return -EINVAL;
	if (copy_from_user(&p, param, sizeof(p)))
		return -EFAULT;
	if (policy != KEEP_POLICY) {
		rq.reset_on_fork = policy & SCHED_RESET_ON_FORK;
		rq.policy &= ~SCHED_RESET_ON_FORK;
	}
	rq.rt_priority = p.sched_priority;
	return change_by_pid(pid, &rq);
}

long sys_sched_setscheduler(pid_t pid, int policy, const struct sched_param __user *param)
{
	return policy < 0 ? -EINVAL : set_scheduler(pid, policy, param);
}

long sys_sched_setparam(pid_t pid, const struct sched_param __user *param)
{
	return set_scheduler(pid, KEEP_POLICY, param);
}

long sys_sched_getscheduler(pid_t pid)
{
	thread_t *t;
	int r;

	if (pid < 0)
		return -EINVAL;
	t = get_thread(pid);
	if (!t)
		return -ESRCH;
	r = t->sched.policy | (t->sched.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	thread_put(t);
	return r;
}

long sys_sched_getparam(pid_t pid, struct sched_param __user *param)
{
	struct sched_param p;
	thread_t *t;

	if (!param || pid < 0)
		return -EINVAL;
	t = get_thread(pid);
	if (!t)
		return -ESRCH;
	p.sched_priority = t->sched.rt_priority;
	thread_put(t);
	return copy_to_user(param, &p, sizeof(p)) ? -EFAULT : 0;
}

/* Structures of later versions are taken if what this one does not know is zero. */
static int copy_attr(struct sched_attr *attr, const struct sched_attr __user *from)
{
	u8 rest;
	u32 size;

	if (get_user_u32(&size, (const u32 __user *)from))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		goto out_size;
	*attr = (struct sched_attr){ 0 };
	if (copy_from_user(attr, from, MIN((size_t)size, sizeof(*attr))))
		return -EFAULT;
	for (u32 i = sizeof(*attr); i < size; i++) {
		if (get_user_u8(&rest, (const u8 __user *)from + i))
			return -EFAULT;
		if (rest)
			goto out_size;
	}
	if ((attr->sched_flags & SCHED_FLAG_UTIL_CLAMP) && size < sizeof(*attr))
		return -EINVAL;
	attr->sched_nice = MIN(MAX(attr->sched_nice, NICE_MIN), NICE_MAX);
	return 0;
out_size:
	if (put_user_u32(sizeof(*attr), (u32 __user *)from))
		return -EFAULT;
	return -E2BIG;
}

long sys_sched_setattr(pid_t pid, const void __user *uattr, u32 flags)
{
	sched_request_t rq;
	struct sched_attr attr;
	thread_t *t;
	int r;

	if (!uattr || pid < 0 || flags)
		return -EINVAL;
	r = copy_attr(&attr, uattr);
	if (r)
		return r;
	if ((int)attr.sched_policy < 0)
		return -EINVAL;
	t = get_thread(pid);
	if (!t)
		return -ESRCH;
	r = attr.sched_flags & ~(u64)SCHED_FLAG_ALL    ? -EINVAL
	    : attr.sched_flags & SCHED_FLAG_UTIL_CLAMP ? -EOPNOTSUPP
						       : 0;
	if (r)
		goto out;
	rq = (sched_request_t){
		.policy = attr.sched_flags & SCHED_FLAG_KEEP_POLICY ? KEEP_POLICY
								    : (int)attr.sched_policy,
		.reset_on_fork = attr.sched_flags & SCHED_FLAG_RESET_ON_FORK,
		.rt_priority = (int)MIN(attr.sched_priority, (u32)INT32_MAX),
		.set_nice = true,
		.nice = attr.sched_nice,
	};
	if (attr.sched_flags & SCHED_FLAG_KEEP_PARAMS) {
		rq.rt_priority = t->sched.rt_priority;
		rq.nice = t->sched.nice;
	}
	r = change(t, &rq);
out:
	thread_put(t);
	return r;
}

long sys_sched_getattr(pid_t pid, void __user *uattr, u32 size, u32 flags)
{
	struct sched_attr attr;
	thread_t *t;

	if (!uattr || pid < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
		return -EINVAL;
	t = get_thread(pid);
	if (!t)
		return -ESRCH;
	attr = (struct sched_attr){
		.size = (u32)MIN((size_t)size, sizeof(attr)),
		.sched_policy = t->sched.policy,
		.sched_flags = t->sched.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
	};
	if (is_realtime(t->sched.policy))
		attr.sched_priority = t->sched.rt_priority;
	else
		attr.sched_nice = t->sched.nice;
	thread_put(t);
	return copy_to_user(uattr, &attr, attr.size) ? -EFAULT : 0;
}

long sys_sched_get_priority_max(int policy)
{
	if (is_realtime(policy))
		return RT_PRIO_MAX;
	return is_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	if (is_realtime(policy))
		return 1;
	return is_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(pid_t pid, struct timespec __user *tp)
{
	struct timespec ts;
	nsec_t slice;
	thread_t *t;

	if (pid < 0)
		return -EINVAL;
	t = get_thread(pid);
	if (!t)
		return -ESRCH;
	slice = sched_rr_interval(t);
	thread_put(t);
	ts = (struct timespec){ slice / NSEC_PER_SEC, slice % NSEC_PER_SEC };
	return copy_to_user(tp, &ts, sizeof(ts)) ? -EFAULT : 0;
}

long sys_sched_yield(void)
{
	yield();
	return 0;
}

long sys_sched_setaffinity(pid_t pid, u32 len, const unsigned long __user *mask)
{
	cpu_set_t set = { { 0 } };
	thread_t *t;
	int r;

	if (copy_from_user(&set, mask, MIN((size_t)len, MASK_SIZE)))
		return -EFAULT;
	t = get_thread(pid);
	if (!t)
		return -ESRCH;
	if (t->process->kernel)
		r = -EINVAL;
	else if (!sched_same_owner(t) && !capable(CAP_SYS_NICE))
		r = -EPERM;
	else
		r = sched_set_affinity(t, &set);
	thread_put(t);
	return r;
}

long sys_sched_getaffinity(pid_t pid, u32 len, unsigned long __user *mask)
{
	cpu_set_t set;
	thread_t *t;

	if ((u64)len * 8 < cpu_count || len % sizeof(unsigned long))
		return -EINVAL;
	t = get_thread(pid);
	if (!t)
		return -ESRCH;
	bitmap_and(set.bits, t->sched.affinity.bits, cpu_online.bits, NR_CPUS);
	thread_put(t);
	if (copy_to_user(mask, &set, MASK_SIZE))
		return -EFAULT;
	return MASK_SIZE;
}

long sys_getcpu(u32 __user *cpu, u32 __user *node, void __user *unused)
{
	u32 here = this_cpu();

	if (cpu && put_user_u32(here, cpu))
		return -EFAULT;
	if (node && put_user_u32(cpu_node(here), node))
		return -EFAULT;
	return 0;
}
