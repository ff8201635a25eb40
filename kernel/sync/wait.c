/*
 * Wait queues.
 *
 * The sleeper queues itself and sets its state under the queue's lock, then looks at the condition;
 * the waker changes the condition, then takes the lock. If the waker has the lock first, the
 * sleeper's look comes after the change; else the waker finds it queued. A wake function that takes
 * its entry off the list lets go of it with that: the links pointing to themselves, the forward one
 * last, tell the sleeper that nobody touches its entry any more (finish_wait).
 */
#include <kernel/sync/wait.h>

#include <kernel/cfi.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>

void init_waitqueue_head(wait_queue_head_t *wq)
{
	spinlock_init(&wq->lock);
	list_init(&wq->entries);
}

static void queue_locked(wait_queue_head_t *wq, wait_queue_entry_t *entry)
{
	if (entry->flags & WAIT_EXCLUSIVE)
		list_add_tail(&entry->link, &wq->entries);
	else
		list_add(&entry->link, &wq->entries);
}

void add_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *entry)
{
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, &flags);
	queue_locked(wq, entry);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void remove_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *entry)
{
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, &flags);
	if (!list_empty(&entry->link))
		list_del_init(&entry->link);
	spin_unlock_irqrestore(&wq->lock, flags);
}

static int wake_locked(wait_queue_head_t *wq, int nr, u64 key)
{
	wait_queue_entry_t *e, *next;
	int woken = 0;

	list_for_each_entry_safe(e, next, &wq->entries, link) {
		bool exclusive = e->flags & WAIT_EXCLUSIVE;

		if (!call_wait_callback(e, key))
			continue;
		woken++;
		if (exclusive && --nr == 0)
			break;
	}
	return woken;
}

int wake_up_key(wait_queue_head_t *wq, int nr, u64 key)
{
	unsigned long flags;
	int woken;

	spin_lock_irqsave(&wq->lock, &flags);
	woken = wake_locked(wq, nr, key);
	spin_unlock_irqrestore(&wq->lock, flags);
	return woken;
}

int wake_up_key_nested(wait_queue_head_t *wq, int nr, u64 key)
{
	unsigned long flags = arch_irq_save();
	int woken;

	spin_lock_nested(&wq->lock);
	woken = wake_locked(wq, nr, key);
	spin_unlock_irqrestore(&wq->lock, flags);
	return woken;
}

void wake_up(wait_queue_head_t *wq)
{
	wake_up_key(wq, 1, 0);
}

void wake_up_all(wait_queue_head_t *wq)
{
	wake_up_key(wq, INT32_MAX, 0);
}

bool default_wake_function(wait_queue_entry_t *entry, u64 key)
{
	return wake_up_thread(entry->thread, THREAD_SLEEPING);
}

bool autoremove_wake_function(wait_queue_entry_t *entry, u64 key)
{
	if (!wake_up_thread(entry->thread, THREAD_SLEEPING))
		return false;
	list_del(&entry->link);
	entry->link.prev = &entry->link;
	__atomic_store_n(&entry->link.next, &entry->link, __ATOMIC_RELEASE);
	return true;
}

void init_wait_entry(wait_queue_entry_t *entry, u32 flags)
{
	init_wait_callback(entry, autoremove_wake_function);
	entry->thread = current();
	entry->flags = flags;
}

void init_wait_callback(wait_queue_entry_t *entry, wait_function_t wake)
{
	*entry = (wait_queue_entry_t){ .wake = wake, .hash = CODE_HASH(wake) };
	list_init(&entry->link);
}

bool call_wait_callback(wait_queue_entry_t *entry, u64 key)
{
	wait_function_t wake = READ_ONCE(entry->wake);

	CODE_CHECK(wake, entry->hash);
	return wake(entry, key);
}

int prepare_to_wait(wait_queue_head_t *wq, wait_queue_entry_t *entry, u32 state)
{
	unsigned long flags;
	int r = 0;

	spin_lock_irqsave(&wq->lock, &flags);
	if (signal_pending_state(state, current())) {
		/* Not queued: an exclusive wake-up must not be spent on a thread that leaves. */
		if (!list_empty(&entry->link))
			list_del_init(&entry->link);
		r = -ERESTARTSYS;
	} else {
		if (list_empty(&entry->link))
			queue_locked(wq, entry);
		set_current_state(state);
	}
	spin_unlock_irqrestore(&wq->lock, flags);
	return r;
}

/*
 * A wake-up that took an exclusive entry since it was last queued: its sleeper leaves with what it
 * had found before, so that this was meant for the next one.
 */
static void pass_on(wait_queue_head_t *wq)
{
	wait_queue_entry_t *e, *next;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, &flags);
	list_for_each_entry_safe(e, next, &wq->entries, link)
		if ((e->flags & WAIT_EXCLUSIVE) && call_wait_callback(e, 0))
			break;
	spin_unlock_irqrestore(&wq->lock, flags);
}

void finish_wait(wait_queue_head_t *wq, wait_queue_entry_t *entry)
{
	unsigned long flags;
	bool taken;

	WRITE_ONCE(current()->state, THREAD_RUNNING);
	if (__atomic_load_n(&entry->link.next, __ATOMIC_ACQUIRE) == &entry->link) {
		taken = true;
	} else {
		spin_lock_irqsave(&wq->lock, &flags);
		taken = list_empty(&entry->link);
		if (!taken)
			list_del_init(&entry->link);
		spin_unlock_irqrestore(&wq->lock, flags);
	}
	if (taken && (entry->flags & WAIT_EXCLUSIVE))
		pass_on(wq);
}
