/*
 * Mutexes.
 *
 * The owner word holds the owning thread and two marks: WAITERS, somebody sleeps for it, and
 * HANDOFF, the first sleeper was passed over and is to be given the lock. Without contention one
 * compare-exchange takes it and one gives it back.
 *
 * A contender spins while the owner runs on another CPU, since the lock is then likely to be free
 * before a sleep could even begin. Else it sleeps in a FIFO. An unlock makes the lock free and
 * wakes the first sleeper; a thread that runs may take it meanwhile (which keeps the lock busy
 * instead of waiting for a wake-up), but only once: the sleeper, finding it taken, sets HANDOFF,
 * and the next unlock makes it the owner. So nobody waits longer than two turns per thread that was
 * there before.
 *
 * m->wait.lock guards the FIFO and both marks; the owner part changes by compare-exchange.
 */
#include <kernel/sync/mutex.h>

#include <kernel/thread.h>

#define WAITERS 1UL
#define HANDOFF 2UL
#define MARKS (WAITERS | HANDOFF)
#define SPIN_MAX 1000 /* looks at the owner before a sleep: some 50 us */
#define CALLER ((unsigned long)__builtin_return_address(0))

_Static_assert(_Alignof(thread_t) >= 4, "marks live in the low bits of a thread's address");

static unsigned long *word_of(mutex_t *m)
{
	return (unsigned long *)&m->owner;
}

static thread_t *owner_of(unsigned long word)
{
	return (thread_t *)(word & ~MARKS);
}

void mutex_setup(mutex_t *m)
{
	m->owner = NULL;
	init_waitqueue_head(&m->wait);
}

/* Takes a free lock, keeping the marks; leaves it to the first sleeper once HANDOFF is set. */
static __always_inline bool try_take(mutex_t *m)
{
	unsigned long word = 0;

	while (!owner_of(word) && !(word & HANDOFF))
		if (likely(__atomic_compare_exchange_n(word_of(m), &word,
						       (unsigned long)current() | word, false,
						       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
			return true;
	return false;
}

/* True when the lock was got by spinning. */
static bool spin_on_owner(mutex_t *m)
{
	for (u32 i = 0; i < SPIN_MAX; i++) {
		unsigned long word = READ_ONCE(*word_of(m));
		thread_t *owner = owner_of(word);
		bool running;

		if (!owner && try_take(m))
			return true;
		if (!owner || this_cpu_read(need_resched))
			return false;
		/* The owner's structure is freed after a grace period at the earliest. */
		rcu_read_lock();
		running =
			owner_of(READ_ONCE(*word_of(m))) == owner && READ_ONCE(owner->sched.on_cpu);
		rcu_read_unlock();
		if (!running && owner_of(READ_ONCE(*word_of(m))) == owner)
			return false;
		cpu_relax();
	}
	return false;
}

/* The first sleeper's look at the lock; wait.lock held. */
static bool take_as_first(mutex_t *m, bool was_woken)
{
	unsigned long word = READ_ONCE(*word_of(m));

	for (;;) {
		unsigned long next;

		if (owner_of(word) == current())
			return true; /* handed over */
		if (!owner_of(word))
			next = (unsigned long)current() | WAITERS;
		else if (was_woken)
			next = word | HANDOFF;
		else
			return false;
		if (!__atomic_compare_exchange_n(word_of(m), &word, next, false, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
			continue;
		return owner_of(next) == current();
	}
}

static void wake_first(mutex_t *m)
{
	if (!list_empty(&m->wait.entries))
		wake_up_thread(list_first_entry(&m->wait.entries, wait_queue_entry_t, link)->thread,
			       THREAD_SLEEPING);
}

static int lock_slow(mutex_t *m, u32 state)
{
	wait_queue_entry_t entry = { .thread = current() };
	bool was_woken = false;
	unsigned long flags;
	int r = 0;

	if (spin_on_owner(m))
		return 0;
	spin_lock_irqsave(&m->wait.lock, &flags);
	list_add_tail(&entry.link, &m->wait.entries);
	__atomic_fetch_or(word_of(m), WAITERS, __ATOMIC_SEQ_CST);
	current()->blocked_on = m;
	for (;;) {
		bool first = m->wait.entries.next == &entry.link;

		if (first && take_as_first(m, was_woken))
			break;
		if (signal_pending_state(state, current())) {
			r = -ERESTARTSYS;
			break;
		}
		set_current_state(state);
		spin_unlock_irqrestore(&m->wait.lock, flags);
		schedule();
		spin_lock_irqsave(&m->wait.lock, &flags);
		was_woken = first;
	}
	current()->blocked_on = NULL;
	list_del(&entry.link);
	if (list_empty(&m->wait.entries))
		__atomic_fetch_and(word_of(m), ~MARKS, __ATOMIC_RELAXED);
	if (r) {
		/* What was meant for this thread goes to the next. */
		__atomic_fetch_and(word_of(m), ~HANDOFF, __ATOMIC_RELAXED);
		if (!owner_of(READ_ONCE(*word_of(m))))
			wake_first(m);
	}
	spin_unlock_irqrestore(&m->wait.lock, flags);
	return r;
}

static __always_inline int lock_state(mutex_t *m, u32 state, u32 dep_flags, unsigned long ip)
{
	int r = 0;

	might_sleep();
	lockdep_acquire(&m->dep, LOCK_SLEEPS | dep_flags, ip);
	if (unlikely(!try_take(m)))
		r = lock_slow(m, state);
	if (unlikely(r))
		lockdep_release(&m->dep, ip);
	return r;
}

void mutex_lock(mutex_t *m)
{
	lock_state(m, THREAD_UNINTERRUPTIBLE, 0, CALLER);
}

void mutex_lock_nested(mutex_t *m)
{
	lock_state(m, THREAD_UNINTERRUPTIBLE, LOCK_NESTED, CALLER);
}

int mutex_lock_interruptible(mutex_t *m)
{
	return lock_state(m, THREAD_INTERRUPTIBLE, 0, CALLER);
}

int mutex_lock_killable(mutex_t *m)
{
	return lock_state(m, THREAD_KILLABLE, 0, CALLER);
}

bool mutex_trylock(mutex_t *m)
{
	if (!try_take(m))
		return false;
	lockdep_acquire(&m->dep, LOCK_SLEEPS | LOCK_TRY, CALLER);
	return true;
}

bool mutex_is_locked(const mutex_t *m)
{
	return owner_of((unsigned long)READ_ONCE(m->owner)) != NULL;
}

/* True when the lock is given back, or handed over. */
static __noinline bool unlock_slow(mutex_t *m)
{
	unsigned long flags, word, next;
	thread_t *heir;

	spin_lock_irqsave(&m->wait.lock, &flags);
	if (list_empty(&m->wait.entries)) {
		/*
		 * All have left. Once the lock is free, another may take it, give it back and free what it lies
		 * in: so not before wait.lock is let go of.
		 */
		__atomic_fetch_and(word_of(m), ~MARKS, __ATOMIC_RELAXED);
		spin_unlock_irqrestore(&m->wait.lock, flags);
		return false;
	}
	heir = list_first_entry(&m->wait.entries, wait_queue_entry_t, link)->thread;
	word = READ_ONCE(*word_of(m));
	next = WAITERS | (word & HANDOFF ? (unsigned long)heir : 0);
	__atomic_store_n(word_of(m), next, __ATOMIC_RELEASE); /* marks: wait.lock; owner: us */
	wake_up_thread(heir, THREAD_SLEEPING);
	spin_unlock_irqrestore(&m->wait.lock, flags);
	return true;
}

void mutex_unlock(mutex_t *m)
{
	unsigned long mine;

	lockdep_release(&m->dep, CALLER);
	ASSERT(owner_of((unsigned long)READ_ONCE(m->owner)) == current());
	do {
		mine = (unsigned long)current();
		if (likely(__atomic_compare_exchange_n(word_of(m), &mine, 0, false,
						       __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
			return;
	} while (!unlock_slow(m));
}
