/*
 * Sleeping reader-writer locks. count: number of readers, or -1 for a writer; the fast path is one compare-exchange.
 * Waiters stand in one FIFO; as soon as anyone waits newcomers queue behind (no overtaking), so writers are not
 * starved by a stream of readers. Who leaves grants the lock to the head: one writer, or the run of readers that stands
 * there. wait.lock guards the queue; a waiter learns under it that it was granted the lock, so that whoever granted it
 * is done with the entry.
 */
#include <kernel/sync/mutex.h>

#include <kernel/thread.h>

#define CALLER ((unsigned long)__builtin_return_address(0))

/* wait.entries holds these; entry.data says what they want. */
#define WANT_READ ((void *)1)
#define WANT_WRITE ((void *)2)

void rwsem_setup(rwsem_t *s)
{
	s->count = 0;
	s->owner = NULL;
	init_waitqueue_head(&s->wait);
}

static bool take_read(rwsem_t *s)
{
	s64 n = READ_ONCE(s->count);

	while (n >= 0)
		if (__atomic_compare_exchange_n(&s->count, &n, n + 1, true, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static bool take_write(rwsem_t *s)
{
	s64 free = 0;

	return __atomic_compare_exchange_n(&s->count, &free, -1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Grants the lock to the head of the queue as far as it can be had; wait.lock held. */
static void grant_locked(rwsem_t *s)
{
	while (!list_empty(&s->wait.entries)) {
		wait_queue_entry_t *e =
			list_first_entry(&s->wait.entries, wait_queue_entry_t, link);
		thread_t *t = e->thread;
		bool write = e->data == WANT_WRITE;

		if (!(write ? take_write(s) : take_read(s)))
			return;
		if (write)
			s->owner = t;
		list_del(&e->link);
		__atomic_store_n(&e->data, NULL, __ATOMIC_RELEASE);
		wake_up_thread(t, THREAD_SLEEPING);
		if (write)
			return;
	}
}

static void grant(rwsem_t *s)
{
	unsigned long flags;

	spin_lock_irqsave(&s->wait.lock, &flags);
	grant_locked(s);
	spin_unlock_irqrestore(&s->wait.lock, flags);
}

static int lock_slow(rwsem_t *s, void *want, u32 state)
{
	wait_queue_entry_t entry = { .thread = current(), .data = want };
	unsigned long flags;
	int r = 0;

	spin_lock_irqsave(&s->wait.lock, &flags);
	list_add_tail(&entry.link, &s->wait.entries);
	smp_mb();	 /* whoever leaves sees us in the queue, or we see that it has left */
	grant_locked(s); /* it may have become free since */
	while (entry.data) {
		if (signal_pending_state(state, current())) {
			list_del(&entry.link);
			grant_locked(s); /* those behind may be able to go */
			r = -ERESTARTSYS;
			break;
		}
		set_current_state(state);
		spin_unlock_irqrestore(&s->wait.lock, flags);
		schedule();
		spin_lock_irqsave(&s->wait.lock, &flags);
	}
	WRITE_ONCE(current()->state, THREAD_RUNNING); /* granted before it slept */
	spin_unlock_irqrestore(&s->wait.lock, flags);
	return r;
}

static bool nobody_waits(const rwsem_t *s)
{
	return list_empty(&s->wait.entries);
}

static __always_inline int read_state(rwsem_t *s, u32 state, unsigned long ip)
{
	int r = 0;

	might_sleep();
	lockdep_acquire(&s->dep, LOCK_SLEEPS | LOCK_READ, ip);
	if (unlikely(!nobody_waits(s) || !take_read(s)))
		r = lock_slow(s, WANT_READ, state);
	if (unlikely(r))
		lockdep_release(&s->dep, ip);
	return r;
}

static __always_inline int write_state(rwsem_t *s, u32 state, u32 dep_flags, unsigned long ip)
{
	int r = 0;

	might_sleep();
	lockdep_acquire(&s->dep, LOCK_SLEEPS | dep_flags, ip);
	if (unlikely(!nobody_waits(s) || !take_write(s)))
		r = lock_slow(s, WANT_WRITE, state);
	else
		s->owner = current();
	if (unlikely(r))
		lockdep_release(&s->dep, ip);
	return r;
}

void rwsem_read_lock(rwsem_t *s)
{
	read_state(s, THREAD_UNINTERRUPTIBLE, CALLER);
}

int rwsem_read_lock_killable(rwsem_t *s)
{
	return read_state(s, THREAD_KILLABLE, CALLER);
}

bool rwsem_read_trylock(rwsem_t *s)
{
	if (!nobody_waits(s) || !take_read(s))
		return false;
	lockdep_acquire(&s->dep, LOCK_SLEEPS | LOCK_READ | LOCK_TRY, CALLER);
	return true;
}

void rwsem_read_unlock(rwsem_t *s)
{
	lockdep_release(&s->dep, CALLER);
	if (__atomic_sub_fetch(&s->count, 1, __ATOMIC_SEQ_CST) == 0 && !nobody_waits(s))
		grant(s);
}

void rwsem_write_lock(rwsem_t *s)
{
	write_state(s, THREAD_UNINTERRUPTIBLE, 0, CALLER);
}

void rwsem_write_lock_nested(rwsem_t *s)
{
	write_state(s, THREAD_UNINTERRUPTIBLE, LOCK_NESTED, CALLER);
}

int rwsem_write_lock_killable(rwsem_t *s)
{
	return write_state(s, THREAD_KILLABLE, 0, CALLER);
}

bool rwsem_write_trylock(rwsem_t *s)
{
	if (!nobody_waits(s) || !take_write(s))
		return false;
	s->owner = current();
	lockdep_acquire(&s->dep, LOCK_SLEEPS | LOCK_TRY, CALLER);
	return true;
}

void rwsem_write_unlock(rwsem_t *s)
{
	lockdep_release(&s->dep, CALLER);
	s->owner = NULL;
	__atomic_store_n(&s->count, 0, __ATOMIC_SEQ_CST);
	if (!nobody_waits(s))
		grant(s);
}

void rwsem_downgrade(rwsem_t *s)
{
	lockdep_release(&s->dep, CALLER);
	lockdep_acquire(&s->dep, LOCK_SLEEPS | LOCK_READ | LOCK_TRY, CALLER);
	s->owner = NULL;
	__atomic_store_n(&s->count, 1, __ATOMIC_SEQ_CST);
	if (!nobody_waits(s))
		grant(s);
}
