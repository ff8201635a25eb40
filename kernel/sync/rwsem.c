/*
 * Sleeping reader-writer locks.
 *
 * count: WRITER, HANDOFF, and readers times READER. The fast paths are one compare-exchange.
 * Waiters stand in one FIFO, s->wait. Who leaves the lock free wakes the head, which takes the lock
 * when it runs: a writer for itself, a reader also for the readers behind it. A thread that comes
 * meanwhile may take the free lock (which keeps it busy during the wake-up), but not join readers
 * that are inside, so writers are not starved; and only once: the head, finding the lock taken
 * again, sets HANDOFF, which keeps newcomers out and makes the one who leaves give the lock to the
 * head.
 *
 * wait.lock guards the queue; it is held where HANDOFF changes, and while a waiter learns that it
 * was given the lock, so whoever gave it is done with the entry.
 */
#include <kernel/sync/mutex.h>

#include <kernel/thread.h>

#define WRITER 1L
#define HANDOFF 2L
#define READER 4L
#define CALLER ((unsigned long)__builtin_return_address(0))

/* A waiter's entry.data: what it wants; NULL once it has it. */
#define WANT_READ ((void *)1)
#define WANT_WRITE ((void *)2)

void rwsem_setup(rwsem_t *s)
{
	s->count = 0;
	s->owner = NULL;
	init_waitqueue_head(&s->wait);
}

static bool nobody_waits(const rwsem_t *s)
{
	return list_empty(&s->wait.entries);
}

static bool change_count(rwsem_t *s, s64 *from, s64 to)
{
	return __atomic_compare_exchange_n(&s->count, from, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline bool take_read(rwsem_t *s)
{
	s64 n = READ_ONCE(s->count);

	while (!(n & (WRITER | HANDOFF)) && (n == 0 || nobody_waits(s)))
		if (change_count(s, &n, n + READER))
			return true;
	return false;
}

static bool take_write(rwsem_t *s)
{
	s64 free = 0;

	return change_count(s, &free, WRITER);
}

/*
 * Gives the lock to the head of the queue, and further readers behind a reader, if it can be had.
 * wait.lock held.
 */
static void give_to_first(rwsem_t *s)
{
	while (!nobody_waits(s)) {
		wait_queue_entry_t *e =
			list_first_entry(&s->wait.entries, wait_queue_entry_t, link);
		bool write = e->data == WANT_WRITE;
		s64 n = READ_ONCE(s->count);

		do {
			if (write ? n & ~HANDOFF : n & WRITER)
				return;
		} while (!change_count(s, &n, (n & ~HANDOFF) + (write ? WRITER : READER)));
		if (write)
			s->owner = e->thread;
		list_del(&e->link);
		e->data = NULL;
		if (e->thread != current())
			wake_up_thread(e->thread, THREAD_SLEEPING);
		if (write)
			return;
	}
}

/* The lock has become free, or free for readers. */
static __noinline void let_in(rwsem_t *s)
{
	unsigned long flags;

	spin_lock_irqsave(&s->wait.lock, &flags);
	if (READ_ONCE(s->count) & HANDOFF)
		give_to_first(s);
	else if (!nobody_waits(s))
		wake_up_thread(list_first_entry(&s->wait.entries, wait_queue_entry_t, link)->thread,
			       THREAD_SLEEPING);
	spin_unlock_irqrestore(&s->wait.lock, flags);
}

static int lock_slow(rwsem_t *s, void *want, u32 state)
{
	wait_queue_entry_t entry = { .thread = current(), .data = want };
	bool was_first = false;
	unsigned long flags;
	int r = 0;

	spin_lock_irqsave(&s->wait.lock, &flags);
	list_add_tail(&entry.link, &s->wait.entries);
	smp_mb(); /* whoever leaves sees the queue, or is seen to have left */
	for (;;) {
		bool first = s->wait.entries.next == &entry.link;

		if (first) {
			if (was_first) /* woken, and somebody was faster */
				__atomic_fetch_or(&s->count, HANDOFF, __ATOMIC_SEQ_CST);
			give_to_first(s);
		}
		if (!entry.data)
			break;
		if (signal_pending_state(state, current())) {
			r = -ERESTARTSYS;
			list_del(&entry.link);
			__atomic_fetch_and(&s->count, ~HANDOFF, __ATOMIC_SEQ_CST);
			give_to_first(s); /* those behind may be able to go */
			break;
		}
		was_first = first;
		set_current_state(state);
		spin_unlock_irqrestore(&s->wait.lock, flags);
		schedule();
		spin_lock_irqsave(&s->wait.lock, &flags);
	}
	spin_unlock_irqrestore(&s->wait.lock, flags);
	return r;
}

static __always_inline int read_state(rwsem_t *s, u32 state, unsigned long ip)
{
	int r = 0;

	might_sleep();
	lockdep_acquire(&s->dep, LOCK_SLEEPS | LOCK_READ, ip);
	if (unlikely(!take_read(s)))
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
	if (unlikely(!take_write(s)))
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
	if (!take_read(s))
		return false;
	lockdep_acquire(&s->dep, LOCK_SLEEPS | LOCK_READ | LOCK_TRY, CALLER);
	return true;
}

void rwsem_read_unlock(rwsem_t *s)
{
	s64 n;

	lockdep_release(&s->dep, CALLER);
	n = __atomic_sub_fetch(&s->count, READER, __ATOMIC_SEQ_CST);
	if (!(n & ~HANDOFF) && unlikely(!nobody_waits(s)))
		let_in(s);
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
	if (!take_write(s))
		return false;
	s->owner = current();
	lockdep_acquire(&s->dep, LOCK_SLEEPS | LOCK_TRY, CALLER);
	return true;
}

static void leave_write(rwsem_t *s, s64 change)
{
	ASSERT(READ_ONCE(s->count) & WRITER);
	s->owner = NULL;
	__atomic_add_fetch(&s->count, change, __ATOMIC_SEQ_CST);
	if (unlikely(!nobody_waits(s)))
		let_in(s);
}

void rwsem_write_unlock(rwsem_t *s)
{
	lockdep_release(&s->dep, CALLER);
	leave_write(s, -WRITER);
}

void rwsem_downgrade(rwsem_t *s)
{
	lockdep_release(&s->dep, CALLER);
	lockdep_acquire(&s->dep, LOCK_SLEEPS | LOCK_READ | LOCK_TRY, CALLER);
	leave_write(s, READER - WRITER);
}
