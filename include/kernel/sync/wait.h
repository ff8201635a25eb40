/*
 * Wait queues: how a thread sleeps until something happens. An entry carries a callback, a key and
 * an exclusive flag, so that poll, epoll and futexes use the same queues.
 *
 *	wait_event(&q, cond);			uninterruptible; cond is evaluated without locks
 *	r = wait_event_interruptible(&q, cond);	0, or -ERESTARTSYS when a signal is pending
 *	r = wait_event_killable(&q, cond);	0, or -ERESTARTSYS for a fatal signal only
 *	r = wait_event_deadline(&q, cond, THREAD_INTERRUPTIBLE, abs_ns);	also -ETIMEDOUT
 *
 * or, by hand: prepare_to_wait; test; schedule(); finish_wait. A waker changes the condition first
 * and then calls wake_up; both sides have full barriers, so a wake-up is never lost.
 */
#ifndef KERNEL_SYNC_WAIT_H
#define KERNEL_SYNC_WAIT_H

#include <kernel/atomic.h>
#include <kernel/lib/list.h>
#include <kernel/sync/spinlock.h>
#include <uapi/errno.h>

struct thread;
struct wait_queue_entry;

typedef struct wait_queue_head {
	spinlock_t lock; /* taken with interrupts off */
	list_t entries;	 /* lock; non-exclusive first */
} wait_queue_head_t;

/* Returns true when it woke (consumed) something; called with the queue locked, interrupts off. */
typedef bool (*wait_function_t)(struct wait_queue_entry *entry, u64 key);

typedef struct wait_queue_entry {
	list_t link;	      /* head's lock */
	wait_function_t wake; /* with its hash: see kernel/cfi.h */
	u64 hash;
	struct thread *thread;
	void *data; /* the callback's */
	u32 flags;
} wait_queue_entry_t;
#define WAIT_EXCLUSIVE 1
/*
 * A key of its own: the queue ends before those who watch it by callback. They take their entries
 * off; the queue's memory must last for a grace period more.
 */
#define WAKE_QUEUE_ENDS 0x4000u

#define WAIT_QUEUE_INIT(name)                                                                      \
	{                                                                                          \
		.lock = SPINLOCK_INIT(#name), .entries = LIST_INIT((name).entries)                 \
	}
void init_waitqueue_head(wait_queue_head_t *wq);
void add_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *entry);
void remove_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *entry);
void wake_up(wait_queue_head_t *wq); /* all non-exclusive and one exclusive */
void wake_up_all(wait_queue_head_t *wq);
/* nr exclusive waiters at most; key reaches the callbacks (poll events). Returns how many woke. */
int wake_up_key(wait_queue_head_t *wq, int nr, u64 key);
/* From a callback of another queue whose lock may be of the same class; the caller has an order. */
int wake_up_key_nested(wait_queue_head_t *wq, int nr, u64 key);
static inline bool waitqueue_active(wait_queue_head_t *wq) /* after a full barrier */
{
	smp_mb();
	return !list_empty(&wq->entries);
}

/* Thread states of a sleeper; see kernel/thread.h. */
void init_wait_entry(wait_queue_entry_t *entry, u32 flags); /* wakes the running thread */
void init_wait_callback(wait_queue_entry_t *entry, wait_function_t wake); /* or does this */
bool call_wait_callback(wait_queue_entry_t *entry, u64 key);		  /* head's lock held */
bool default_wake_function(wait_queue_entry_t *entry, u64 key);
bool autoremove_wake_function(wait_queue_entry_t *entry, u64 key);
/* Queues (if not queued) and sets the state. Returns 0, or -ERESTARTSYS if a signal of the kind that
 * ends this sleep is already pending (then the caller goes to finish_wait). */
int prepare_to_wait(wait_queue_head_t *wq, wait_queue_entry_t *entry, u32 state);
void finish_wait(wait_queue_head_t *wq, wait_queue_entry_t *entry);

/* Sleeps once: until woken. 0, -ERESTARTSYS, or -ETIMEDOUT; timeout in nanoseconds from now. */
int sleep_on(wait_queue_head_t *wq);
int sleep_on_timeout(wait_queue_head_t *wq, uint64_t timeout);
typedef struct condition {
	bool (*test)(void *arg);
	void *arg;
} condition_t;
void sleep_on_condition(wait_queue_head_t *wq, condition_t condition);

/*
 * schedule() with a deadline; true when it came. A deadline is a moment of the monotonic clock (NSEC_MAX: none) or,
 * marked by REALTIME_DEADLINE, of realtime: such a one keeps to the clock when that is set.
 */
#define REALTIME_DEADLINE(t) (~(s64)(t)) /* of 0 or later; twice: the time itself */
bool schedule_deadline(s64 deadline);

#define ___wait_event(wq, cond, state, wflags, deadline)                                           \
	({                                                                                         \
		wait_queue_entry_t _entry;                                                         \
		int _ret = 0;                                                                      \
		s64 _deadline = (deadline);                                                        \
		might_sleep();                                                                     \
		init_wait_entry(&_entry, wflags);                                                  \
		for (;;) {                                                                         \
			int _sig = prepare_to_wait(wq, &_entry, state);                            \
			if (cond)                                                                  \
				break;                                                             \
			if (_sig) {                                                                \
				_ret = _sig;                                                       \
				break;                                                             \
			}                                                                          \
			if (schedule_deadline(_deadline) && _deadline != NSEC_MAX) {               \
				if (!(cond))                                                       \
					_ret = -ETIMEDOUT;                                         \
				break;                                                             \
			}                                                                          \
		}                                                                                  \
		finish_wait(wq, &_entry);                                                          \
		_ret;                                                                              \
	})
#define wait_event(wq, cond)                                                                       \
	((void)((cond) ? 0 : ___wait_event(wq, cond, THREAD_UNINTERRUPTIBLE, 0, NSEC_MAX)))
#define wait_event_interruptible(wq, cond)                                                         \
	((cond) ? 0 : ___wait_event(wq, cond, THREAD_INTERRUPTIBLE, 0, NSEC_MAX))
#define wait_event_interruptible_exclusive(wq, cond)                                               \
	((cond) ? 0 : ___wait_event(wq, cond, THREAD_INTERRUPTIBLE, WAIT_EXCLUSIVE, NSEC_MAX))
#define wait_event_killable(wq, cond)                                                              \
	((cond) ? 0 : ___wait_event(wq, cond, THREAD_KILLABLE, 0, NSEC_MAX))
#define wait_event_deadline(wq, cond, state, deadline)                                             \
	((cond) ? 0 : ___wait_event(wq, cond, state, 0, deadline))

#endif
