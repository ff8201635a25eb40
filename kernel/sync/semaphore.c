/*
 * Counting semaphores and completions, over wait queues.
 */
#include <kernel/sync/mutex.h>

#include <kernel/thread.h>

void sema_init(semaphore_t *sem, int val)
{
	spinlock_init(&sem->lock);
	sem->count = val;
	init_waitqueue_head(&sem->wait);
}

int down_trylock(semaphore_t *sem)
{
	unsigned long flags;
	bool got;

	spin_lock_irqsave(&sem->lock, &flags);
	got = sem->count > 0;
	if (got)
		sem->count--;
	spin_unlock_irqrestore(&sem->lock, flags);
	return got ? 0 : -EAGAIN;
}

int down(semaphore_t *sem)
{
	return wait_event_interruptible_exclusive(&sem->wait, down_trylock(sem) == 0) ? -EINTR : 0;
}

void up(semaphore_t *sem)
{
	unsigned long flags;

	spin_lock_irqsave(&sem->lock, &flags);
	sem->count++;
	spin_unlock_irqrestore(&sem->lock, flags);
	wake_up(&sem->wait);
}

void init_completion(completion_t *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wait);
}

void complete(completion_t *c)
{
	wait_queue_entry_t *e, *next;
	unsigned long flags;

	/* The completion may be gone once the lock is dropped: the wake-up happens inside. */
	spin_lock_irqsave(&c->wait.lock, &flags);
	if (c->done != UINT32_MAX)
		c->done++;
	/* One waiter; those that a signal woke already leave without it. */
	list_for_each_entry_safe(e, next, &c->wait.entries, link)
		if (call_wait_callback(e, 0))
			break;
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

void complete_all(completion_t *c)
{
	wait_queue_entry_t *e, *next;
	unsigned long flags;

	spin_lock_irqsave(&c->wait.lock, &flags);
	c->done = UINT32_MAX;
	list_for_each_entry_safe(e, next, &c->wait.entries, link)
		call_wait_callback(e, 0);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

/*
 * Always through the lock, so that complete() has left before the caller may free the completion.
 */
static bool take_done(completion_t *c)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&c->wait.lock, &flags);
	done = c->done != 0;
	if (done && c->done != UINT32_MAX)
		c->done--;
	spin_unlock_irqrestore(&c->wait.lock, flags);
	return done;
}

void wait_for_completion(completion_t *c)
{
	wait_event(&c->wait, take_done(c));
}

int wait_for_completion_killable(completion_t *c)
{
	return wait_event_killable(&c->wait, take_done(c));
}
