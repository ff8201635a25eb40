/*
 * Terminals and job control: controlling terminals, sessions, foreground groups (POSIX.1-2017 11.1,
 * credentials(7), setsid(2), tcsetpgrp(3)).
 *
 * A terminal holds references to its session and its foreground group; the session's processes
 * point to the terminal (process->tty, under their sig_lock). Both directions change under
 * tty_mutex. Order: tty_mutex > process_tree_lock > sig_lock; tty->control_lock is innermost.
 */
#include "tty_internal.h"

#include <arch/uaccess.h>

tty_t *tty_current(void)
{
	process_t *p = current_process();
	unsigned long flags;
	tty_t *tty = NULL;

	if (!process_lock_sighand(p, &flags))
		return NULL;
	tty = p->tty;
	if (tty)
		tty_get(tty);
	process_unlock_sighand(p, flags);
	return tty;
}

/* Remembers the group (consumed; may be NULL); the one before, now the caller's. */
static struct pid *set_hung_up_group(process_t *p, struct pid *group)
{
	struct pid *old = group;
	unsigned long flags;

	if (!process_lock_sighand(p, &flags))
		return old;
	old = p->hung_up_group;
	p->hung_up_group = group;
	process_unlock_sighand(p, flags);
	return old;
}

static void remember_group(process_t *p, struct pid *group)
{
	struct pid *old = set_hung_up_group(p, group);

	if (old)
		pid_put(old);
}

/* Points the process to the terminal (or to none); drops what it had. */
static void process_set_tty(process_t *p, tty_t *tty)
{
	unsigned long flags;
	tty_t *old;

	if (!process_lock_sighand(p, &flags))
		return;
	old = p->tty;
	p->tty = tty;
	if (tty)
		tty_get(tty);
	process_unlock_sighand(p, flags);
	if (old)
		tty_put(old);
}

static struct pid *tty_group_get(tty_t *tty)
{
	unsigned long flags;
	struct pid *group;

	spin_lock_irqsave(&tty->control_lock, &flags);
	group = tty->group ? pid_get(tty->group) : NULL;
	spin_unlock_irqrestore(&tty->control_lock, flags);
	return group;
}

/* Replaces session and group (each consumed; may be NULL). */
static void tty_set_session(tty_t *tty, struct pid *session, struct pid *group)
{
	struct pid *old_session, *old_group;
	unsigned long flags;

	spin_lock_irqsave(&tty->control_lock, &flags);
	old_session = tty->session;
	old_group = tty->group;
	tty->session = session;
	tty->group = group;
	spin_unlock_irqrestore(&tty->control_lock, flags);
	if (old_session)
		pid_put(old_session);
	if (old_group)
		pid_put(old_group);
}

void tty_signal_group(tty_t *tty, int sig)
{
	struct pid *group = tty_group_get(tty);

	if (!group)
		return;
	send_signal_group(group, sig, SEND_SIG_PRIV);
	pid_put(group);
}

/*
 * A background process touches its controlling terminal. SIGTTIN/SIGTTOU rules of POSIX.1-2017
 * 11.1.4: blocked or ignored: TTOU goes on, TTIN fails with EIO; an orphaned group gets EIO.
 */
int tty_check_job_control(tty_t *tty, int sig)
{
	process_t *p = current_process();
	struct pid *group, *own;
	unsigned long flags;
	bool orphaned, deaf;

	if (READ_ONCE(p->tty) != tty)
		return 0;
	group = tty_group_get(tty);
	if (!group)
		return 0;
	read_lock_irqsave(&process_tree_lock, &flags);
	own = pid_get(p->group);
	orphaned = pgrp_is_orphaned(own);
	read_unlock_irqrestore(&process_tree_lock, flags);
	pid_put(group);
	if (group == own) {
		pid_put(own);
		return 0;
	}
	deaf = (current()->blocked & sigmask(sig)) ||
	       p->sighand->action[sig - 1].handler == (void __user *)SIG_IGN_PTR;
	if (deaf || orphaned) {
		pid_put(own);
		return sig == SIGTTOU && deaf ? 0 : -EIO;
	}
	send_signal_group(own, sig, SEND_SIG_PRIV);
	thread_set_flag(current(), TF_SIGPENDING);
	pid_put(own);
	return -ERESTARTSYS;
}

/* Makes the terminal the controlling one of the running session leader; tty_mutex held. */
static void set_controlling(tty_t *tty)
{
	process_t *p = current_process();
	struct pid *session, *group;
	unsigned long flags;

	read_lock_irqsave(&process_tree_lock, &flags);
	session = pid_get(p->session);
	group = pid_get(p->group);
	read_unlock_irqrestore(&process_tree_lock, flags);
	tty_set_session(tty, session, group);
	process_set_tty(p, tty);
	remember_group(p, NULL);
}

static bool is_session_leader(process_t *p)
{
	return p->session == p->pid_obj;
}

/* open(2) by a session leader without a terminal, unless O_NOCTTY; tty_mutex held. */
void tty_maybe_set_controlling(tty_t *tty, file_t *f)
{
	process_t *p = current_process();

	if ((f->flags & O_NOCTTY) || !is_session_leader(p) || READ_ONCE(p->tty) || tty->session)
		return;
	/* A file opened only for writing does not become a controlling terminal. */
	if (!(f->mode & FMODE_READ))
		return;
	set_controlling(tty);
}

/* Takes the terminal away from every process of the session; tty_mutex held. */
static void drop_session_terminals(struct pid *session, tty_t *tty)
{
	process_t *p;

	/* References are dropped after the tree lock: the last tty_put may sleep. */
	for (;;) {
		process_t *found = NULL;
		unsigned long flags;

		read_lock_irqsave(&process_tree_lock, &flags);
		list_for_each_entry(p, &session->members[PID_SESSION], session_link) {
			if (READ_ONCE(p->tty) == tty) {
				process_get(p);
				found = p;
				break;
			}
		}
		read_unlock_irqrestore(&process_tree_lock, flags);
		if (!found)
			return;
		process_set_tty(found, NULL);
		process_put(found);
	}
}

/* The leader ends after its terminal did: the group that was in the foreground is told now. */
static void tell_hung_up_group(process_t *leader)
{
	struct pid *group = set_hung_up_group(leader, NULL);

	if (!group)
		return;
	send_signal_group(group, SIGHUP, SEND_SIG_PRIV);
	send_signal_group(group, SIGCONT, SEND_SIG_PRIV);
	pid_put(group);
}

/*
 * TIOCNOTTY, and the exit of a session leader: SIGHUP for the foreground group, with SIGCONT if the leader lives on,
 * and the session loses its terminal. For another process: only it loses the terminal. May sleep.
 */
void tty_disassociate(bool leader_exits)
{
	process_t *p = current_process();
	tty_t *tty = tty_current();

	if (!tty) {
		if (leader_exits)
			tell_hung_up_group(p);
		return;
	}
	if (!is_session_leader(p)) {
		if (!leader_exits)
			process_set_tty(p, NULL);
		tty_put(tty);
		return;
	}
	tty_signal_group(tty, SIGHUP);
	if (!leader_exits)
		tty_signal_group(tty, SIGCONT);
	mutex_lock(&tty_mutex);
	if (tty->session == p->session) {
		tty_set_session(tty, NULL, NULL);
		drop_session_terminals(p->session, tty);
	}
	mutex_unlock(&tty_mutex);
	remember_group(p, NULL); /* it may have hung up while we waited */
	tty_put(tty);
}

/* The leader is told; the foreground group when it ends (tell_hung_up_group), unless it takes care of that itself. */
static void hangup_session(tty_t *tty, struct pid *session)
{
	struct pid *group = tty_group_get(tty);
	process_t *leader;

	rcu_read_lock();
	leader = session->process;
	if (leader) {
		send_signal_process(leader, SIGHUP, SEND_SIG_PRIV);
		send_signal_process(leader, SIGCONT, SEND_SIG_PRIV);
		group = set_hung_up_group(leader, group);
	}
	rcu_read_unlock();
	if (group)
		pid_put(group);
	drop_session_terminals(session, tty);
	tty_set_session(tty, NULL, NULL);
}

/* The session's part of a hang-up; tty_mutex held. */
void tty_hangup_session(tty_t *tty)
{
	struct pid *session;
	unsigned long flags;

	spin_lock_irqsave(&tty->control_lock, &flags);
	session = tty->session ? pid_get(tty->session) : NULL;
	spin_unlock_irqrestore(&tty->control_lock, flags);
	if (!session)
		return;
	hangup_session(tty, session);
	pid_put(session);
}

static long set_controlling_ioctl(tty_t *tty, file_t *f, unsigned long steal)
{
	process_t *p = current_process();
	long r = 0;

	mutex_lock(&tty_mutex);
	if (is_session_leader(p) && tty->session == p->session)
		goto out;
	if (!is_session_leader(p) || READ_ONCE(p->tty)) {
		r = -EPERM;
		goto out;
	}
	if (tty->session) {
		if (steal != 1 || !capable(CAP_SYS_ADMIN)) {
			r = -EPERM;
			goto out;
		}
		drop_session_terminals(tty->session, tty);
	}
	if (!(f->mode & FMODE_READ) && !capable(CAP_SYS_ADMIN)) {
		r = -EPERM;
		goto out;
	}
	set_controlling(tty);
out:
	mutex_unlock(&tty_mutex);
	return r;
}

/* The slave's terminal stands behind a pty master for these requests. */
static tty_t *real_tty(tty_t *tty)
{
	return tty->link && tty->dev == makedev(TTYAUX_MAJOR, 2) ? tty->link : tty;
}

static long get_group(tty_t *tty, int __user *out)
{
	tty_t *real = real_tty(tty);
	struct pid *group;
	int nr;

	if (tty == real && READ_ONCE(current_process()->tty) != real)
		return -ENOTTY;
	group = tty_group_get(real);
	nr = group ? group->nr : 0;
	if (group)
		pid_put(group);
	return put_user_u32((u32)nr, (u32 __user *)out);
}

static long set_group(tty_t *tty, int __user *in)
{
	tty_t *real = real_tty(tty);
	process_t *p = current_process();
	struct pid *group, *old;
	unsigned long flags;
	u32 nr;
	long r;

	r = tty_check_job_control(real, SIGTTOU);
	if (r) /* for an orphaned group it is no terminal to control any more */
		return r == -EIO ? -ENOTTY : r;
	if (get_user_u32(&nr, (u32 __user *)in))
		return -EFAULT;
	if ((s32)nr < 0)
		return -EINVAL;
	if (READ_ONCE(p->tty) != real || real->session != p->session)
		return -ENOTTY;
	group = pid_find_get((pid_t)nr);
	if (!group)
		return -ESRCH;
	r = -EPERM;
	read_lock_irqsave(&process_tree_lock, &flags);
	if (!list_empty(&group->members[PID_GROUP])) {
		process_t *member =
			list_first_entry(&group->members[PID_GROUP], process_t, group_link);

		if (member->session == p->session)
			r = 0;
	}
	read_unlock_irqrestore(&process_tree_lock, flags);
	if (r) {
		pid_put(group);
		return r;
	}
	spin_lock_irqsave(&real->control_lock, &flags);
	old = real->group;
	real->group = group;
	spin_unlock_irqrestore(&real->control_lock, flags);
	if (old)
		pid_put(old);
	return 0;
}

static long get_session(tty_t *tty, int __user *out)
{
	tty_t *real = real_tty(tty);
	unsigned long flags;
	int nr = -1;

	if (tty == real && READ_ONCE(current_process()->tty) != real)
		return -ENOTTY;
	spin_lock_irqsave(&real->control_lock, &flags);
	if (real->session)
		nr = real->session->nr;
	spin_unlock_irqrestore(&real->control_lock, flags);
	return nr < 0 ? -ENOTTY : put_user_u32((u32)nr, (u32 __user *)out);
}

void tty_set_winsize(tty_t *tty, const struct winsize *ws)
{
	unsigned long flags;
	bool changed;

	spin_lock_irqsave(&tty->control_lock, &flags);
	changed = tty->winsize.ws_row != ws->ws_row || tty->winsize.ws_col != ws->ws_col ||
		  tty->winsize.ws_xpixel != ws->ws_xpixel ||
		  tty->winsize.ws_ypixel != ws->ws_ypixel;
	tty->winsize = *ws;
	spin_unlock_irqrestore(&tty->control_lock, flags);
	if (changed)
		tty_signal_group(tty, SIGWINCH);
}

long tty_control_ioctl(tty_t *tty, file_t *f, u32 cmd, unsigned long arg)
{
	struct winsize ws;
	unsigned long flags;

	switch (cmd) {
	case TIOCSCTTY:
		return set_controlling_ioctl(tty, f, arg);
	case TIOCNOTTY:
		if (READ_ONCE(current_process()->tty) != tty)
			return -ENOTTY;
		tty_disassociate(false);
		return 0;
	case TIOCGPGRP:
		return get_group(tty, (int __user *)arg);
	case TIOCSPGRP:
		return set_group(tty, (int __user *)arg);
	case TIOCGSID:
		return get_session(tty, (int __user *)arg);
	case TIOCGWINSZ:
		spin_lock_irqsave(&tty->control_lock, &flags);
		ws = tty->winsize;
		spin_unlock_irqrestore(&tty->control_lock, flags);
		return copy_to_user((void __user *)arg, &ws, sizeof(ws)) ? -EFAULT : 0;
	case TIOCSWINSZ:
		if (copy_from_user(&ws, (const void __user *)arg, sizeof(ws)))
			return -EFAULT;
		tty_set_winsize(tty, &ws);
		if (tty->link)
			tty_set_winsize(tty->link, &ws);
		return 0;
	}
	return -ENOIOCTLCMD;
}
