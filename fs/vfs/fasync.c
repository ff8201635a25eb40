/*
 * Signals on readiness: F_SETOWN, F_SETSIG, O_ASYNC (fcntl(2)).
 *
 * An object that becomes ready signals the owners of the files that stand on its list. Whether an
 * owner may be signalled is judged by the credentials of who set it, as kill(2) would.
 */
#include "vfs_internal.h"

#include <fs/poll.h>
#include <kernel/signal.h>
#include <mm/slab.h>

typedef struct fasync {
	struct fasync *next; /* list's lock */
	file_t *file;	     /* (c) alive as long as the entry: release takes it off */
} fasync_t;

/* The list's lock is held. The flag says whether release has something to take off. */
static void set_async_flag(file_t *f, bool on)
{
	spin_lock(&f->lock);
	WRITE_ONCE(f->flags, on ? f->flags | O_ASYNC : f->flags & ~(u32)O_ASYNC);
	spin_unlock(&f->lock);
}

int fasync_set(file_t *f, fasync_list_t *list, bool on)
{
	fasync_t *made = on ? kmalloc(sizeof(*made), GFP_KERNEL) : NULL, *old = NULL, **at;
	unsigned long flags;

	if (on && !made)
		return -ENOMEM;
	spin_lock_irqsave(&list->lock, &flags);
	for (at = &list->first; *at && (*at)->file != f; at = &(*at)->next)
		;
	if (*at && on) {
		old = made;
	} else if (*at) {
		old = *at;
		*at = old->next;
	} else if (on) {
		*made = (fasync_t){ .next = list->first, .file = f };
		list->first = made;
	}
	set_async_flag(f, on);
	spin_unlock_irqrestore(&list->lock, flags);
	kfree(old);
	return 0;
}

static bool may_signal(const file_t *f, const cred_t *target)
{
	return !f->owner_euid || f->owner_euid == target->suid || f->owner_euid == target->uid ||
	       f->owner_uid == target->suid || f->owner_uid == target->uid;
}

static bool may_signal_process(const file_t *f, const process_t *p)
{
	const thread_t *t = p->leader;
	bool may;

	rcu_read_lock();
	may = may_signal(f, rcu_dereference(t->cred));
	rcu_read_unlock();
	return may;
}

static void signal_group(const file_t *f, struct pid *group, int sig, const siginfo_t *info)
{
	unsigned long flags;
	process_t *p;

	read_lock_irqsave(&process_tree_lock, &flags);
	list_for_each_entry(p, &group->members[PID_GROUP], group_link)
		if (may_signal_process(f, p))
			send_signal_process(p, sig, info);
	read_unlock_irqrestore(&process_tree_lock, flags);
}

/* f->lock held. info: SEND_SIG_PRIV, or what a queued signal says. */
static void signal_owner(file_t *f, int sig, const siginfo_t *info)
{
	struct pid *owner = f->owner;
	process_t *p;
	thread_t *t;

	rcu_read_lock();
	switch (f->owner_type) {
	case F_OWNER_PGRP:
		signal_group(f, owner, sig, info);
		break;
	case F_OWNER_TID:
		t = rcu_dereference(owner->thread);
		if (t && may_signal_process(f, t->process))
			send_signal_thread(t, sig, info);
		break;
	default:
		p = rcu_dereference(owner->process);
		if (p && may_signal_process(f, p))
			send_signal_process(p, sig, info);
		break;
	}
	rcu_read_unlock();
}

/* What poll(2) would say, as F_SETSIG's si_band (fcntl(2)). */
static u32 band_of(int code)
{
	switch (code) {
	case POLL_OUT:
		return POLLOUT | POLLWRNORM | POLLWRBAND;
	case POLL_MSG:
		return POLLIN | POLLRDNORM | POLLMSG;
	case POLL_ERR:
		return POLLERR;
	case POLL_PRI:
		return POLLPRI | POLLRDBAND;
	case POLL_HUP:
		return POLLHUP | POLLERR;
	default:
		return POLLIN | POLLRDNORM;
	}
}

/* Those whose codes above 0 have a meaning of their own. */
static bool has_own_codes(int sig)
{
	return sig == SIGILL || sig == SIGFPE || sig == SIGSEGV || sig == SIGBUS ||
	       sig == SIGTRAP || sig == SIGCHLD || sig == SIGSYS;
}

/* f->lock held. */
static void signal_ready(file_t *f, int code, int fd)
{
	int sig = f->owner_signal;
	siginfo_t info;

	if (!sig) {
		signal_owner(f, SIGIO, SEND_SIG_PRIV);
		return;
	}
	siginfo_init(&info, sig, has_own_codes(sig) ? SI_SIGIO : code);
	info.poll.band = band_of(code);
	info.poll.fd = fd;
	signal_owner(f, sig, &info);
}

void file_signal(file_t *f, int code, int fd)
{
	unsigned long flags;

	spin_lock_irqsave(&f->lock, &flags);
	if (f->owner)
		signal_ready(f, code, fd);
	spin_unlock_irqrestore(&f->lock, flags);
}

void file_signal_urgent(file_t *f)
{
	unsigned long flags;

	spin_lock_irqsave(&f->lock, &flags);
	if (f->owner)
		signal_owner(f, SIGURG, SEND_SIG_PRIV);
	spin_unlock_irqrestore(&f->lock, flags);
}

void fasync_signal(fasync_list_t *list, int code)
{
	unsigned long flags;
	fasync_t *a;

	if (!READ_ONCE(list->first))
		return;
	spin_lock_irqsave(&list->lock, &flags);
	for (a = list->first; a; a = a->next) {
		spin_lock(&a->file->lock);
		if (a->file->owner)
			signal_ready(a->file, code, a->file->async_fd);
		spin_unlock(&a->file->lock);
	}
	spin_unlock_irqrestore(&list->lock, flags);
}

static int replace_owner(file_t *f, int type, struct pid *owner, bool force)
{
	struct pid *old;
	unsigned long flags;

	spin_lock_irqsave(&f->lock, &flags);
	old = f->owner;
	if (old && !force) {
		old = owner;
	} else {
		f->owner = owner;
		f->owner_type = type;
		f->owner_uid = current_cred()->uid;
		f->owner_euid = current_cred()->euid;
	}
	spin_unlock_irqrestore(&f->lock, flags);
	if (old)
		pid_put(old);
	return 0;
}

int file_set_owner(file_t *f, int type, pid_t who)
{
	struct pid *owner = NULL;

	if (who) {
		owner = pid_find_get(who);
		if (!owner)
			return -ESRCH;
	}
	return replace_owner(f, type, owner, true);
}

void file_default_owner(file_t *f, int type, struct pid *owner)
{
	pid_get(owner);
	replace_owner(f, type, owner, false);
}

void file_release_owner(file_t *f)
{
	pid_put(f->owner);
	f->owner = NULL;
}
