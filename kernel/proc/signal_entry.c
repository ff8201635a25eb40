/*
 * The memory of queued signals, counted for each user against RLIMIT_SIGPENDING.
 */
#include "proc_internal.h"

static kmem_cache_t *entry_cache;

signal_entry_t *signal_entry_alloc(thread_t *t, bool override_limit)
{
	u64 limit = READ_ONCE(t->process->rlimits[RLIMIT_SIGPENDING].rlim_cur);
	signal_entry_t *e;
	user_t *user;

	rcu_read_lock();
	user = rcu_dereference(t->cred)->user;
	refcount_get(
		&user->refs); /* the credentials hold one, and are not freed before this ends */
	rcu_read_unlock();
	if ((u64)atomic_add_return(&user->sigpending, 1) > limit && !override_limit)
		goto out_uncount;
	e = kmem_cache_alloc(entry_cache, GFP_ATOMIC);
	if (!e)
		goto out_uncount;
	e->user = user;
	e->timer = NULL;
	return e;
out_uncount:
	atomic_dec(&user->sigpending);
	user_put(user);
	return NULL;
}

void signal_entry_free(signal_entry_t *e)
{
	atomic_dec(&e->user->sigpending);
	user_put(e->user);
	kmem_cache_free(entry_cache, e);
}

void signal_entry_taken(signal_entry_t *e, siginfo_t *info)
{
	if (e->timer)
		posix_timer_entry_taken(e, info);
	else
		signal_entry_free(e);
}

void __init signal_entry_init(void)
{
	entry_cache = kmem_cache_create("signal_entry", sizeof(signal_entry_t), 0, 0, NULL);
}
