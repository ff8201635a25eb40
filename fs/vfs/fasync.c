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

/* f->lock held. info: SEND_SIG_PRIV, or what a queued signal says. */
static void signal_owner(file_t *f, int sig, const siginfo_t *info)
{
	struct pid *owner = f->owner;
	process_t *p;
	thread_t *t;

	rcu_read_lock();
	switch (f->owner_type) {
	case F_OWNER_PGRP:
		send_signal_group(owner, sig, info);
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

/* What poll(2) would say when this is signalled: si_band. */
static s64 events_of(int band)
{
	static const u16 events[] = {
		[POLL_IN] = POLLIN | POLLRDNORM,
		[POLL_OUT] = POLLOUT | POLLWRNORM | POLLWRBAND,
		[POLL_MSG] = POLLIN | POLLRDNORM | POLLMSG,
		[POLL_ERR] = POLLERR,
		[POLL_PRI] = POLLPRI | POLLRDBAND,
		[POLL_HUP] = POLLHUP | POLLERR,
	};

	return events[band];
}

static void signal_ready(file_t *f, int band)
{
	siginfo_t info;

	if (!f->owner_signal) {
		signal_owner(f, SIGIO, SEND_SIG_PRIV);
		return;
	}
	siginfo_init(&info, f->owner_signal, band);
	info.poll.band = events_of(band);
	info.poll.fd = f->async_fd;
	signal_owner(f, f->owner_signal, &info);
}

void file_signal_urgent(file_t *f)
{
	unsigned long flags;

	spin_lock_irqsave(&f->lock, &flags);
	if (f->owner)
		signal_owner(f, SIGURG, SEND_SIG_PRIV);
	spin_unlock_irqrestore(&f->lock, flags);
}

void fasync_signal(fasync_list_t *list, int band)
{
	unsigned long flags;
	fasync_t *a;

	if (!READ_ONCE(list->first))
		return;
	spin_lock_irqsave(&list->lock, &flags);
	for (a = list->first; a; a = a->next) {
		spin_lock(&a->file->lock);
		if (a->file->owner)
			signal_ready(a->file, band);
		spin_unlock(&a->file->lock);
	}
	spin_unlock_irqrestore(&list->lock, flags);
}

int file_set_owner(file_t *f, int type, pid_t who)
{
	struct pid *owner = NULL, *old;
	unsigned long flags;

	if (who) {
		owner = pid_find_get(who);
		if (!owner)
			return -ESRCH;
	}
	spin_lock_irqsave(&f->lock, &flags);
	old = f->owner;
	f->owner = owner;
	f->owner_type = type;
	f->owner_uid = current_cred()->uid;
	f->owner_euid = current_cred()->euid;
	spin_unlock_irqrestore(&f->lock, flags);
	if (old)
		pid_put(old);
	return 0;
}

void file_release_owner(file_t *f)
{
	pid_put(f->owner);
	f->owner = NULL;
}
