/*
 * Priority-inheriting futexes (futex(2), FUTEX_LOCK_PI and kin).
 *
 * Concepts. The word holds the owner's thread number, FUTEX_WAITERS when the kernel is to be asked
 * at the unlock, and FUTEX_OWNER_DIED. What nobody waits for is not known here. The first waiter
 * finds the owner by the number and makes a futex_pi_t, which ties the two together: the owner's
 * list pi_owned, the waiters in order of priority, and from each waiting thread (pi_waiting) back
 * to what it waits for. So a waiting thread leads to an owner, who may himself wait: a chain, which
 * ends in a thread that runs (or in one that waits for something else).
 *
 * Inheritance. An owner runs with the greatest real-time priority among the first waiters of what
 * he owns. Whenever a waiter comes, goes or changes its priority, propagate() goes along the chain
 * and corrects inherited priority and place in the queue of each thread, until nothing changes.
 * Before a thread joins, the chain is followed from the owner: when it leads back, that would be a
 * deadlock.
 *
 * Unlocking hands over: the first waiter is written into the word by the one who unlocks. When the
 * owner ends without unlocking, the first waiter becomes the owner here and writes himself into the
 * word, with FUTEX_OWNER_DIED, when he runs (settle()): until then the futex is stale, and who
 * comes in between waits without a look at the word.
 *
 * Locking: bucket lock > pi_lock > run queue. Existence, owner and waiters of a futex_pi_t change
 * under both, so either is enough to look. pi_lock is one for all: it is held for a few list
 * operations, and only where somebody has to wait.
 */
#include "pi_internal.h"

#include <arch/uaccess.h>
#include <kernel/process.h>
#include <kernel/sync/wait.h>
#include <mm/slab.h>
#include <uapi/errno.h>

/* A longer chain counts as a deadlock: nobody may keep pi_lock for long. */
#define CHAIN_MAX 1024

static spinlock_t pi_lock = SPINLOCK_INIT("futex_pi");

futex_pi_t *pi_alloc(void)
{
	return kzalloc(sizeof(futex_pi_t), GFP_KERNEL);
}

static futex_pi_t *find_pi(futex_bucket_t *b, const futex_key_t *key)
{
	futex_pi_t *pi;

	list_for_each_entry(pi, &b->pis, link)
		if (futex_key_equal(&pi->key, key))
			return pi;
	return NULL;
}

bool futex_has_pi(futex_bucket_t *b, const futex_key_t *key)
{
	return find_pi(b, key) != NULL;
}

/* ---- inheritance; pi_lock held ---- */

static futex_waiter_t *first_waiter(const futex_pi_t *pi)
{
	return list_empty(&pi->waiters) ? NULL
					: list_first_entry(&pi->waiters, futex_waiter_t, link);
}

static u8 inherited(const thread_t *t)
{
	const futex_pi_t *pi;
	u8 most = 0;

	list_for_each_entry(pi, &t->pi_owned, owned_link) {
		const futex_waiter_t *w = first_waiter(pi);

		if (w && w->rt > most)
			most = w->rt;
	}
	return most;
}

static void insert_waiter(futex_pi_t *pi, futex_waiter_t *w)
{
	futex_waiter_t *other;

	list_for_each_entry_reverse(other, &pi->waiters, link)
		if (other->rt >= w->rt)
			break;
	list_add(&w->link, &other->link);
}

/* What t owns, or its own priority, has changed. */
static void propagate(thread_t *t)
{
	for (;;) {
		futex_waiter_t *w = t->pi_waiting;
		u8 rt;

		sched_set_inherited(t, inherited(t));
		rt = READ_ONCE(t->sched.effective_rt);
		if (!w || w->rt == rt)
			return;
		w->rt = rt;
		list_del(&w->link);
		insert_waiter(w->pi, w);
		t = w->pi->owner;
	}
}

/* True when t, waiting for pi, would wait for itself. */
static bool would_deadlock(const thread_t *t, const futex_pi_t *pi)
{
	for (u32 depth = 0; depth < CHAIN_MAX; depth++) {
		const thread_t *owner = pi->owner;

		if (owner == t)
			return true;
		if (!owner->pi_waiting)
			return false;
		pi = owner->pi_waiting->pi;
	}
	return true;
}

void futex_priority_changed(thread_t *t)
{
	spin_lock(&pi_lock);
	propagate(t);
	spin_unlock(&pi_lock);
}

/* ---- owners and waiters; bucket and pi_lock held ---- */

static void set_owner(futex_pi_t *pi, thread_t *t)
{
	pi->owner = t;
	list_add_tail(&pi->owned_link, &t->pi_owned);
}

static void discard(futex_pi_t *pi)
{
	list_del(&pi->owned_link);
	list_del(&pi->link);
	kfree(pi);
}

/* The first waiter becomes the owner. died: the word does not say so yet. */
static void hand_over(futex_pi_t *pi, bool died)
{
	thread_t *old = pi->owner, *next;
	futex_waiter_t *w = first_waiter(pi);

	if (!w) {
		discard(pi);
		return;
	}
	next = w->thread;
	list_del(&w->link);
	next->pi_waiting = NULL;
	list_del(&pi->owned_link);
	set_owner(pi, next);
	pi->stale = died;
	w->owner_died = died;
	propagate(old);
	propagate(next);
	if (!died && list_empty(&pi->waiters))
		discard(pi);
	/* It needs the bucket's lock before it can go away. */
	smp_store_release(&w->state, WAITER_GRANTED);
	wake_up_thread(next, THREAD_INTERRUPTIBLE);
}

void pi_discard_if_idle(futex_pi_t *pi)
{
	spin_lock(&pi_lock);
	if (list_empty(&pi->waiters) && !pi->stale)
		discard(pi);
	spin_unlock(&pi_lock);
}

int pi_join(futex_pi_t *pi, futex_bucket_t *b, futex_waiter_t *w)
{
	thread_t *t = w->thread;
	int r = 0;

	spin_lock(&pi_lock);
	if (would_deadlock(t, pi)) {
		r = -EDEADLK;
	} else {
		w->rt = READ_ONCE(t->sched.effective_rt);
		w->pi = pi;
		w->key = pi->key;
		WRITE_ONCE(w->bucket, b);
		insert_waiter(pi, w);
		t->pi_waiting = w;
		smp_store_release(&w->state, WAITER_PI);
		propagate(pi->owner);
	}
	spin_unlock(&pi_lock);
	return r;
}

/* ---- the word; bucket held ---- */

static int store(u32 __user *uaddr, u32 old, u32 next)
{
	u32 seen;
	int r;

	pagefault_disable();
	r = cmpxchg_user_u32(uaddr, old, next, &seen);
	pagefault_enable();
	return r ? r : seen == old ? 0 : PI_AGAIN;
}

static int load(u32 *word, u32 __user *uaddr)
{
	return get_user_u32_resident(word, uaddr);
}

/* The thread in the word becomes the owner of *spare. */
static int attach_to_owner(futex_bucket_t *b, const futex_key_t *key, u32 word, futex_pi_t **spare)
{
	futex_pi_t *pi = *spare;
	thread_t *owner;
	int r = 0;

	rcu_read_lock();
	spin_lock(&pi_lock);
	owner = find_thread((pid_t)(word & FUTEX_TID_MASK));
	if (!owner || owner->pi_closed) {
		r = -ESRCH;
	} else if (owner->process->kernel) {
		r = -EPERM;
	} else {
		*spare = NULL;
		pi->key = *key;
		list_init(&pi->waiters);
		set_owner(pi, owner);
		list_add(&pi->link, &b->pis);
	}
	spin_unlock(&pi_lock);
	rcu_read_unlock();
	return r;
}

static bool has_plain_waiter(futex_bucket_t *b, const futex_key_t *key)
{
	futex_waiter_t *w;

	list_for_each_entry(w, &b->waiters, link)
		if (futex_key_equal(&w->key, key))
			return true;
	return false;
}

/* The word agrees with what is known of the futex. */
static bool fits(const futex_pi_t *pi, u32 word)
{
	u32 tid = word & FUTEX_TID_MASK;

	/* An owner that ends has gone over its robust list, and hands over in a moment. */
	if (!tid && (word & FUTEX_OWNER_DIED))
		return true;
	return pi->stale || tid == (u32)pi->owner->tid;
}

int pi_claim(futex_bucket_t *b, const futex_key_t *key, u32 __user *uaddr, thread_t *t,
	     bool mark_waiters, futex_pi_t **spare, futex_pi_t **found)
{
	futex_pi_t *pi = find_pi(b, key);
	u32 word, tid = (u32)t->tid, again;
	int r = load(&word, uaddr);

	if (r)
		return r;
	if ((word & FUTEX_TID_MASK) == tid)
		return -EDEADLK;
	*found = pi;
	if (pi)
		return fits(pi, word) ? 0 : -EINVAL;
	if (has_plain_waiter(b, key))
		return -EINVAL;
	if (!(word & FUTEX_TID_MASK)) {
		r = store(uaddr, word,
			  (word & FUTEX_OWNER_DIED) | tid | (mark_waiters ? FUTEX_WAITERS : 0));
		return r ? r : 1;
	}
	r = store(uaddr, word, word | FUTEX_WAITERS);
	if (r)
		return r;
	*found = *spare;
	r = attach_to_owner(b, key, word, spare);
	/* An owner that ends may have changed the word meanwhile: a robust mutex. */
	if (r == -ESRCH && !load(&again, uaddr) && again != (word | FUTEX_WAITERS))
		r = PI_AGAIN;
	return r;
}

/* ---- locking ---- */

/* Brings the word in after -EFAULT: true when it is worth another try. */
static bool fault_in(u32 __user *uaddr)
{
	return !fault_in_writeable(uaddr, sizeof(*uaddr));
}

/* The new owner of a stale futex writes himself into the word. */
static int settle(futex_waiter_t *w, u32 __user *uaddr)
{
	futex_bucket_t *b = w->bucket;
	futex_pi_t *pi = w->pi;
	u32 word;
	int r;

	for (;;) {
		spin_lock(&b->lock);
		r = load(&word, uaddr);
		if (!r)
			r = store(uaddr, word,
				  FUTEX_WAITERS | FUTEX_OWNER_DIED | (u32)w->thread->tid);
		if (!r) {
			pi->stale = false;
			pi_discard_if_idle(pi);
		}
		spin_unlock(&b->lock);
		if (!r)
			return 0;
		if (r != -EFAULT || fault_in(uaddr))
			continue;
		/* Out of reach for this one: let the next try. */
		spin_lock(&b->lock);
		spin_lock(&pi_lock);
		hand_over(pi, true);
		spin_unlock(&pi_lock);
		spin_unlock(&b->lock);
		return -EFAULT;
	}
}

int pi_finish(futex_waiter_t *w, u32 __user *uaddr, bool expired)
{
	futex_bucket_t *b = w->bucket;
	futex_pi_t *pi = w->pi;
	int r = 0;

	spin_lock(&b->lock);
	if (w->state != WAITER_GRANTED) {
		spin_lock(&pi_lock);
		list_del(&w->link);
		w->thread->pi_waiting = NULL;
		propagate(pi->owner);
		spin_unlock(&pi_lock);
		pi_discard_if_idle(pi);
		r = expired ? -ETIMEDOUT : -EINTR;
	}
	spin_unlock(&b->lock);
	return !r && w->owner_died ? settle(w, uaddr) : r;
}

/* Owns it (1), waits for it (0) or neither. */
static int lock_or_join(futex_waiter_t *w, u32 __user *uaddr, bool only_try, futex_pi_t **spare)
{
	futex_bucket_t *b = futex_bucket(&w->key);
	futex_pi_t *pi;
	int r;

	spin_lock(&b->lock);
	r = pi_claim(b, &w->key, uaddr, w->thread, false, spare, &pi);
	if (!r) {
		set_current_state(THREAD_INTERRUPTIBLE);
		r = only_try ? -EAGAIN : pi_join(pi, b, w);
		if (r) {
			set_current_state(THREAD_RUNNING);
			pi_discard_if_idle(pi);
		}
	}
	spin_unlock(&b->lock);
	return r;
}

bool pi_sleep(futex_waiter_t *w, nsec_t deadline)
{
	bool expired = false;

	while (smp_load_acquire(&w->state) != WAITER_GRANTED && !signal_pending(w->thread) &&
	       !expired) {
		expired = schedule_deadline(deadline);
		if (!expired)
			set_current_state(THREAD_INTERRUPTIBLE);
	}
	set_current_state(THREAD_RUNNING);
	return expired;
}

long futex_lock_pi(u32 __user *uaddr, bool shared, nsec_t deadline, bool only_try)
{
	futex_waiter_t w = { .thread = current() };
	futex_pi_t *spare = pi_alloc();
	int r;

	if (!spare)
		return -ENOMEM;
	do {
		r = futex_get_key(uaddr, shared, &w.key);
		if (r)
			break; /* nothing that bringing the word in would change */
		r = lock_or_join(&w, uaddr, only_try, &spare);
	} while (r == PI_AGAIN || (r == -EFAULT && fault_in(uaddr)));
	kfree(spare);
	if (r)
		return r > 0 ? 0 : r;
	r = pi_finish(&w, uaddr, pi_sleep(&w, deadline));
	return r == -EINTR ? -ERESTARTNOINTR : r;
}

/* ---- unlocking ---- */

static int unlock_or_hand_over(futex_bucket_t *b, const futex_key_t *key, u32 __user *uaddr,
			       u32 word)
{
	futex_pi_t *pi;
	int r;

	spin_lock(&b->lock);
	pi = find_pi(b, key);
	if (!pi) {
		r = has_plain_waiter(b, key) ? -EINVAL : store(uaddr, word, 0);
	} else if (pi->owner != current() || pi->stale) {
		r = -EINVAL;
	} else {
		spin_lock(&pi_lock); /* the first waiter stays the first */
		r = store(uaddr, word, FUTEX_WAITERS | (u32)first_waiter(pi)->thread->tid);
		if (!r)
			hand_over(pi, false);
		spin_unlock(&pi_lock);
	}
	spin_unlock(&b->lock);
	return r;
}

long futex_unlock_pi(u32 __user *uaddr, bool shared)
{
	futex_key_t key;
	u32 word;
	int r;

	do {
		if (get_user_u32(&word, uaddr))
			return -EFAULT;
		if ((word & FUTEX_TID_MASK) != (u32)current()->tid)
			return -EPERM;
		r = futex_get_key(uaddr, shared, &key);
		if (r)
			break;
		r = unlock_or_hand_over(futex_bucket(&key), &key, uaddr, word);
	} while (r == PI_AGAIN || (r == -EFAULT && fault_in(uaddr)));
	return r;
}

/* ---- the end of an owner ---- */

static futex_pi_t *first_owned(thread_t *t)
{
	return list_empty(&t->pi_owned) ? NULL
					: list_first_entry(&t->pi_owned, futex_pi_t, owned_link);
}

/* The bucket of what t owns first, or NULL; from now on nothing is added. */
static futex_bucket_t *close_and_look(thread_t *t)
{
	futex_bucket_t *b;
	futex_pi_t *pi;

	spin_lock(&pi_lock);
	t->pi_closed = true;
	pi = first_owned(t);
	b = pi ? futex_bucket(&pi->key) : NULL;
	spin_unlock(&pi_lock);
	return b;
}

void futex_close_pi(thread_t *t)
{
	futex_bucket_t *b;
	futex_pi_t *pi;

	while ((b = close_and_look(t)) != NULL) {
		spin_lock(&b->lock);
		spin_lock(&pi_lock);
		pi = first_owned(t);
		if (pi && futex_bucket(&pi->key) == b)
			hand_over(pi, true);
		spin_unlock(&pi_lock);
		spin_unlock(&b->lock);
	}
	/* exec: the thread goes on, with other memory. */
	if (!t->exiting) {
		spin_lock(&pi_lock);
		t->pi_closed = false;
		spin_unlock(&pi_lock);
	}
}
