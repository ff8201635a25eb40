/*
 * May the running thread look into another (ptrace(2), "Ptrace access mode checking")?
 */
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <mm/space.h>

static bool same_ids(const cred_t *mine, const cred_t *c, u32 mode)
{
	uid_t uid = mode & PTRACE_ACCESS_FS ? mine->fsuid : mine->uid;
	gid_t gid = mode & PTRACE_ACCESS_FS ? mine->fsgid : mine->gid;

	return uid == c->uid && uid == c->euid && uid == c->suid && gid == c->gid &&
	       gid == c->egid && gid == c->sgid;
}

int ptrace_may_access(thread_t *t, u32 mode)
{
	const cred_t *mine = current_cred(), *c;
	cap_set_t caps = mode & PTRACE_ACCESS_FS ? mine->cap_effective : mine->cap_permitted;
	bool allowed;

	if (t->process == current_process() || capable(CAP_SYS_PTRACE))
		return 0;
	rcu_read_lock();
	c = rcu_dereference(t->cred);
	allowed = same_ids(mine, c, mode) && !(c->cap_permitted & ~caps);
	rcu_read_unlock();
	return allowed && READ_ONCE(t->process->dumpable) == DUMP_USER ? 0 : -EPERM;
}

/*
 * exec lowers what others may before the process has its new space, and raises it after: who may look before and
 * after the space was taken may look into that one.
 */
int ptrace_space(thread_t *t, u32 mode, vm_space_t **out)
{
	int r = ptrace_may_access(t, mode);

	*out = NULL;
	if (r)
		return r;
	*out = vm_space_of(t->process);
	r = ptrace_may_access(t, mode);
	if (r && *out) {
		vm_space_put(*out);
		*out = NULL;
	}
	return r;
}
