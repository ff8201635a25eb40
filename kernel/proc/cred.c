/*
 * Making and changing credentials, and the objects that count what each user has.
 *
 * A thread changes its credentials by copying them, changing the copy, and publishing it; nobody
 * else ever sees a half-changed set. The old set is freed after a grace period.
 */
#include <mm/vmalloc.h>

#include "proc_internal.h"

#define USER_BUCKETS 64

static kmem_cache_t *cred_cache, *user_cache;
static spinlock_t user_lock = SPINLOCK_INIT("user"); /* interrupts off */
static user_t *users[USER_BUCKETS];		     /* user_lock */

/* ---- users ---- */

static user_t **bucket_of(uid_t uid)
{
	return &users[(uid ^ (uid >> 8)) % USER_BUCKETS];
}

/* user_lock held. */
static user_t *user_find(uid_t uid)
{
	for (user_t *u = *bucket_of(uid); u; u = u->hash_next)
		if (u->uid == uid) {
			refcount_get(&u->refs);
			return u;
		}
	return NULL;
}

user_t *user_get_by_uid(uid_t uid)
{
	user_t *u, *fresh;
	unsigned long flags;

	spin_lock_irqsave(&user_lock, &flags);
	u = user_find(uid);
	spin_unlock_irqrestore(&user_lock, flags);
	if (u)
		return u;
	fresh = kmem_cache_alloc(user_cache, GFP_KERNEL | GFP_ZERO);
	if (!fresh)
		return NULL;
	refcount_set(&fresh->refs, 1);
	fresh->uid = uid;
	spin_lock_irqsave(&user_lock, &flags);
	u = user_find(uid);
	if (!u) {
		fresh->hash_next = *bucket_of(uid);
		*bucket_of(uid) = fresh;
		u = fresh;
		fresh = NULL;
	}
	spin_unlock_irqrestore(&user_lock, flags);
	if (fresh)
		kmem_cache_free(user_cache, fresh);
	return u;
}

void user_put(user_t *u)
{
	u32 n = refcount_read(&u->refs);
	unsigned long flags;
	bool last;

	/* The last reference goes under the lock, so that user_find never meets a dead object. */
	while (n > 1)
		if (__atomic_compare_exchange_n(&u->refs.value, &n, n - 1, true, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return;
	spin_lock_irqsave(&user_lock, &flags);
	last = refcount_put(&u->refs);
	if (last) {
		user_t **link = bucket_of(u->uid);

		while (*link != u)
			link = &(*link)->hash_next;
		*link = u->hash_next;
	}
	spin_unlock_irqrestore(&user_lock, flags);
	if (last)
		kmem_cache_free(user_cache, u);
}

/* ---- credentials ---- */

static void cred_free_rcu(rcu_head_t *head)
{
	cred_t *c = container_of(head, cred_t, rcu);

	if (refcount_put(&c->groups->refs))
		kvfree_atomic(c->groups);
	user_put(c->user);
	kmem_cache_free(cred_cache, c);
}

void cred_put(cred_t *c)
{
	if (refcount_put(&c->refs))
		call_rcu(&c->rcu, cred_free_rcu);
}

cred_t *prepare_creds(void)
{
	const cred_t *old = current_cred();
	cred_t *c = kmem_cache_alloc(cred_cache, GFP_KERNEL);

	if (!c)
		return NULL;
	*c = *old;
	refcount_set(&c->refs, 1);
	refcount_get(&c->groups->refs);
	refcount_get(&c->user->refs);
	return c;
}

/*
 * Does the new set allow anything that the old did not? Then others must not look into the process
 * any more.
 */
static bool needs_protection(const cred_t *old, const cred_t *next)
{
	return old->euid != next->euid || old->egid != next->egid || old->fsuid != next->fsuid ||
	       old->fsgid != next->fsgid || (next->cap_permitted & ~old->cap_permitted);
}

void commit_creds(cred_t *next)
{
	thread_t *t = current();
	cred_t *old = t->cred;

	if (needs_protection(old, next)) {
		t->process->dumpable = (u8)READ_ONCE(suid_dumpable);
		t->process->death_signal = 0;
	}
	if (next->user != old->user) {
		atomic_inc(&next->user->processes);
		atomic_dec(&old->user->processes);
	}
	rcu_assign_pointer(t->cred, next);
	cred_put(old);
}

void __init cred_init_caches(void)
{
	cred_cache = kmem_cache_create("cred", sizeof(cred_t), 0, 0, NULL);
	user_cache = kmem_cache_create("user", sizeof(user_t), 0, 0, NULL);
	init_cred.user->hash_next = *bucket_of(0);
	*bucket_of(0) = init_cred.user;
}
