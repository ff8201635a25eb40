/*
 * Work queues: items that run in worker threads and may sleep.
 *
 * One queue, several workers: an item waits only when all workers are busy or asleep. An item is
 * pending from schedule_work until a worker takes it; queueing a pending item does nothing,
 * queueing a running one makes it run again afterwards, never beside itself. An item's function may
 * free the item: after the call a worker knows it only as a number to compare.
 *
 * Locking: queue.lock with interrupts off, over the workers' wait queue lock.
 */
#include <kernel/softirq.h>

#include <kernel/cfi.h>
#include <kernel/panic.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>

#define WORKERS_MIN 4
#define WORKERS_MAX 16

static struct {
	spinlock_t lock;
	list_t items;			    /* lock */
	const work_t *running[WORKERS_MAX]; /* lock: what each worker is at */
	wait_queue_head_t more, finished;
} queue = {
	.lock = SPINLOCK_INIT("workqueue"),
	.items = LIST_INIT(queue.items),
	.more = WAIT_QUEUE_INIT(queue.more),
	.finished = WAIT_QUEUE_INIT(queue.finished),
};

static bool is_running(const work_t *work)
{
	for (u32 i = 0; i < WORKERS_MAX; i++)
		if (queue.running[i] == work)
			return true;
	return false;
}

/*
 * The first item that does not run already, off the queue and marked as worker `self`'s; or NULL.
 */
static work_t *take(u32 self)
{
	work_t *work, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&queue.lock, &flags);
	list_for_each_entry(work, &queue.items, link) {
		if (is_running(work))
			continue;
		list_del_init(&work->link);
		queue.running[self] = found = work;
		break;
	}
	spin_unlock_irqrestore(&queue.lock, flags);
	return found;
}

static void finished(u32 self)
{
	unsigned long flags;

	spin_lock_irqsave(&queue.lock, &flags);
	queue.running[self] = NULL;
	spin_unlock_irqrestore(&queue.lock, flags);
	if (waitqueue_active(&queue.finished))
		wake_up_all(&queue.finished);
}

static void worker(void *arg)
{
	u32 self = (u32)(unsigned long)arg;
	work_t *work;

	for (;;) {
		work_function_t function;

		___wait_event(&queue.more, (work = take(self)) != NULL, THREAD_INTERRUPTIBLE,
			      WAIT_EXCLUSIVE, NSEC_MAX);
		function = work->function;
		CODE_CHECK(function, work->hash);
		__atomic_store_n(&work->pending, false, __ATOMIC_SEQ_CST);
		function(work);
		finished(self);
	}
}

void work_init(work_t *work, work_function_t function)
{
	*work = (work_t){ .function = function, .hash = CODE_HASH(function) };
	list_init(&work->link);
}

bool schedule_work(work_t *work)
{
	unsigned long flags;

	if (__atomic_exchange_n(&work->pending, true, __ATOMIC_SEQ_CST))
		return false;
	spin_lock_irqsave(&queue.lock, &flags);
	list_add_tail(&work->link, &queue.items);
	spin_unlock_irqrestore(&queue.lock, flags);
	wake_up(&queue.more);
	return true;
}

static bool is_idle(const work_t *work)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&queue.lock, &flags);
	idle = !READ_ONCE(work->pending) && !is_running(work);
	spin_unlock_irqrestore(&queue.lock, flags);
	return idle;
}

void flush_work(work_t *work)
{
	wait_event(&queue.finished, is_idle(work));
}

__init void workqueue_init(void)
{
	u32 n = MIN(MAX(cpu_count + 1, (u32)WORKERS_MIN), (u32)WORKERS_MAX);

	for (u32 i = 0; i < n; i++) {
		thread_t *t = kthread_create("kworker", worker, (void *)(unsigned long)i);

		if (IS_ERR(t))
			panic("no worker thread: error %ld", -PTR_ERR(t));
	}
}
