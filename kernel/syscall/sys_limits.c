/*
 * Resource limits and usage.
 */
#include <arch/uaccess.h>
#include <kernel/proc.h>
#include <kernel/time/clock.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

long sys_getrlimit(u32 resource, struct rlimit64 __user *rlim)
{
	struct rlimit64 value;
	int r = process_limit(current_process(), resource, NULL, &value);

	if (r)
		return r;
	return copy_to_user(rlim, &value, sizeof(value)) ? -EFAULT : 0;
}

long sys_setrlimit(u32 resource, const struct rlimit64 __user *rlim)
{
	struct rlimit64 value;

	if (copy_from_user(&value, rlim, sizeof(value)))
		return -EFAULT;
	return set_process_limits(current_process(),
				  &(resource_limit_t){ .resource = resource, .value = value });
}

/* Another's limits: all its ids must be ours. */
static int check_permission(process_t *p)
{
	const cred_t *c = current_cred(), *target;
	unsigned long flags;
	bool same;

	if (p == current_process())
		return 0;
	read_lock_irqsave(&process_tree_lock, &flags);
	if (!READ_ONCE(p->sighand)) { /* released, and its leader with it */
		read_unlock_irqrestore(&process_tree_lock, flags);
		return -ESRCH;
	}
	rcu_read_lock();
	target = rcu_dereference(p->leader->cred);
	same = c->uid == target->euid && c->uid == target->suid && c->uid == target->uid &&
	       c->gid == target->egid && c->gid == target->sgid && c->gid == target->gid;
	rcu_read_unlock();
	read_unlock_irqrestore(&process_tree_lock, flags);
	return same || capable(CAP_SYS_RESOURCE) ? 0 : -EPERM;
}

static process_t *process_of(pid_t pid)
{
	thread_t *t;
	process_t *p;

	if (!pid) {
		p = current_process();
		process_get(p);
		return p;
	}
	t = thread_get_by_tid(pid);
	if (!t)
		return NULL;
	p = t->process;
	process_get(p);
	thread_put(t);
	return p;
}

long sys_prlimit64(pid_t pid, u32 resource, const struct rlimit64 __user *new,
		   struct rlimit64 __user *old)
{
	struct rlimit64 value, was;
	process_t *p;
	int r;

	if (new &&copy_from_user(&value, new, sizeof(value)))
		return -EFAULT;
	p = process_of(pid);
	if (!p)
		return -ESRCH;
	r = p->kernel ? -EPERM : check_permission(p);
	if (!r)
		r = process_limit(p, resource, new ? &value : NULL, &was);
	process_put(p);
	if (!r && old && copy_to_user(old, &was, sizeof(was)))
		r = -EFAULT;
	return r;
}

long sys_getrusage(int who, struct rusage __user *ru)
{
	struct rusage self, children, *out = &self;

	switch (who) {
	case RUSAGE_SELF:
		process_usage(current_process(), &self, &children);
		break;
	case RUSAGE_CHILDREN:
		process_usage(current_process(), &self, &children);
		out = &children;
		break;
	case RUSAGE_THREAD: /* its memory is that of all */
		process_usage(current_process(), &children, &self);
		thread_usage(current(), &self);
		self.ru_maxrss = children.ru_maxrss;
		break;
	default:
		return -EINVAL;
	}
	return copy_to_user(ru, out, sizeof(*out)) ? -EFAULT : 0;
}
