/*
 * Moving processes between groups, and new sessions (setpgid(2), setsid(2)).
 */
#include <drivers/tty.h>
#include <kernel/proc.h>

#include "proc_internal.h"

/* Tree lock held for writing. */
static int check_move(process_t *p, pid_t pgid)
{
	process_t *self = current_process();
	struct pid *group;

	if (p != self) {
		if (p->parent != self)
			return -ESRCH;
		if (p->session != self->session)
			return -EPERM;
		if (p->did_exec)
			return -EACCES;
	}
	if (p->session == p->pid_obj) /* its session would lose its leader's group */
		return -EPERM;
	if (pgid == p->pid)
		return 0;
	/* An existing group of the same session. */
	rcu_read_lock();
	group = pid_find_get(pgid);
	rcu_read_unlock();
	if (!group)
		return -EPERM;
	if (list_empty(&group->members[PID_GROUP]) ||
	    list_first_entry(&group->members[PID_GROUP], process_t, group_link)->session !=
		    self->session) {
		pid_put(group);
		return -EPERM;
	}
	if (p->group != group)
		process_set_group(p, group);
	pid_put(group);
	return 0;
}

int process_setpgid(pid_t pid, pid_t pgid)
{
	process_t *self = current_process(), *p;
	int r;

	if (!pid)
		pid = self->pid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	write_lock_irq(&process_tree_lock);
	p = find_process(pid);
	if (!p) {
		r = -ESRCH;
		/* a thread's number that is no process's */
		if (find_thread(pid))
			r = -EINVAL;
		goto out;
	}
	r = check_move(p, pgid);
	if (!r && pgid == p->pid && p->group != p->pid_obj)
		process_set_group(p, p->pid_obj);
out:
	write_unlock_irq(&process_tree_lock);
	return r;
}

pid_t process_setsid(void)
{
	process_t *p = current_process();
	struct tty *tty = NULL;
	pid_t r = -EPERM;

	write_lock_irq(&process_tree_lock);
	/*
	 * Neither a leader already, nor must there be a group that outlived a leader of this
	 * number.
	 */
	if (p->session == p->pid_obj || !list_empty(&p->pid_obj->members[PID_GROUP]))
		goto out;
	process_set_session(p, p->pid_obj);
	process_set_group(p, p->pid_obj);
	spin_lock(sig_lock(p));
	tty = p->tty;
	p->tty = NULL;
	spin_unlock(sig_lock(p));
	r = p->pid;
out:
	write_unlock_irq(&process_tree_lock);
	if (tty)
		tty_put(tty);
	return r;
}
