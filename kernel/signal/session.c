/*
 * Process groups and sessions as job control sees them (POSIX.1-2017 11.1, 3.271 "Orphaned Process
 * Group").
 */
#include <kernel/task/task_internal.h>

void (*tty_describe_hook)(struct tty *tty, dev_t *dev, pid_t *group) __ro_after_init;
void (*tty_session_exit_hook)(process_t *leader) __ro_after_init;

bool pgrp_would_be_orphaned(struct pid *pgrp, process_t *ignored)
{
	process_t *p;

	list_for_each_entry(p, &pgrp->members[PID_GROUP], group_link) {
		process_t *parent = p->parent;

		if (p == ignored || READ_ONCE(p->state) >= PROCESS_ZOMBIE || parent->is_init)
			continue;
		if (parent->group != pgrp && parent->session == p->session)
			return false;
	}
	return true;
}

bool pgrp_is_orphaned(struct pid *pgrp)
{
	return pgrp_would_be_orphaned(pgrp, NULL);
}

static bool has_stopped_member(struct pid *pgrp)
{
	process_t *p;

	list_for_each_entry(p, &pgrp->members[PID_GROUP], group_link)
		if (READ_ONCE(p->stop_flags) & STOP_STOPPED)
			return true;
	return false;
}

static void hangup_members(struct pid *pgrp)
{
	process_t *p;

	list_for_each_entry(p, &pgrp->members[PID_GROUP], group_link) {
		send_signal_process(p, SIGHUP, SEND_SIG_PRIV);
		send_signal_process(p, SIGCONT, SEND_SIG_PRIV);
	}
}

void pgrp_hangup_if_orphaned(process_t *p, process_t *former_parent)
{
	struct pid *pgrp = p->group;
	process_t *link = former_parent ? former_parent : p->parent;

	if (link->group == pgrp || link->session != p->session)
		return; /* was no connection to outside the group anyway */
	if (pgrp_would_be_orphaned(pgrp, former_parent ? NULL : p) && has_stopped_member(pgrp))
		hangup_members(pgrp);
}

void session_leader_hangup(process_t *leader)
{
	if (leader->session == leader->pid_obj && tty_session_exit_hook)
		tty_session_exit_hook(leader);
}
