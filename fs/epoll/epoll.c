/*
 * epoll(7).
 *
 * Concepts. An instance holds items, one for each (file, descriptor number) that it watches, in a
 * tree. An item has an entry on each wait queue that its file names in its poll operation. The
 * entry's callback puts the item on the ready list and wakes a waiter; epoll_wait takes items off
 * that list, asks their files what is really the case and reports it. So waiting costs what is
 * ready, not what is watched.
 *
 * Harvest. A thread moves the ready list to one of its own and goes through that: each item is
 * unlinked first and polled then, so that an event that comes during the poll puts it on the ready
 * list again and cannot be lost. Level-triggered items that were ready go back to the end of the
 * list, edge-triggered ones stay off until their next event, one-shot ones lose their interest.
 * What was not looked at for want of room goes back to the front.
 *
 * Lifetime. An item does not hold its file: the file's last put (epoll_forget_file) removes its
 * items. The instance's own last put removes its items too; file->watches_lock and item->dying decide who
 * does when both come together: a file marks an item as dying and then frees it; an instance
 * leaves dying items alone. Items hold the instance, so the file finds it alive.
 *
 * Locks, outermost first: epoll_nest_mutex > ep->lock (of a watcher before that of the watched) >
 * file->watches_lock > a watched wait queue's lock > ep->ready_lock; ep->wait.lock and ep->pollers.lock are
 * taken in callbacks, below a watched queue's lock. ep->pollers.lock may nest in itself: the depth
 * is bounded and cycles are refused when items are added (nest.c).
 */
#include "epoll_internal.h"

#include <arch/uaccess.h>
#include <fs/procfs.h>
#include <kernel/time/clock.h>
#include <mm/page.h>
#include <mm/slab.h>

/* Bits of epoll_event.events that say how, not what. */
#define MODE_BITS (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)
/* What may stand beside EPOLLEXCLUSIVE (epoll_ctl(2)). */
#define EXCLUSIVE_OK                                                                               \
	(POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET |  \
	 EPOLLEXCLUSIVE)
#define ALWAYS (POLLERR | POLLHUP)

static kmem_cache_t *item_cache, *entry_cache;
static u64 max_user_watches;

static const file_operations_t epoll_operations;

bool file_is_epoll(const file_t *f)
{
	return f->ops == &epoll_operations;
}

const void *epoll_target(file_t *f, int fd, u32 n)
{
	const void *found = ERR_PTR(-ENOENT);
	epoll_t *ep;

	if (!file_is_epoll(f))
		return ERR_PTR(-EINVAL);
	ep = f->private_data;
	mutex_lock(&ep->lock);
	for (rb_node_t *node = rb_first(&ep->items); node; node = rb_next(node)) {
		const epoll_item_t *item = rb_entry(node, epoll_item_t, node);

		if (item->fd == fd && !n--) {
			found = item->file;
			break;
		}
	}
	mutex_unlock(&ep->lock);
	return found;
}

/* ---- becoming ready ---- */

/* Something is, or may turn out to be, on the ready list. */
static bool available(epoll_t *ep)
{
	return !list_empty(&ep->ready) || READ_ONCE(ep->harvesting);
}

static void wake_waiter(epoll_t *ep)
{
	if (waitqueue_active(&ep->wait))
		wake_up_key(&ep->wait, 1, POLLIN);
}

/* A queue lock of the same class may be held: that of what this instance watches. */
static void wake_pollers(epoll_t *ep)
{
	if (waitqueue_active(&ep->pollers))
		wake_up_key_nested(&ep->pollers, 1, POLLIN | POLLRDNORM);
}

/* With interrupts on or off. */
static void make_ready(epoll_item_t *item)
{
	epoll_t *ep = item->ep;
	unsigned long flags;

	spin_lock_irqsave(&ep->ready_lock, &flags);
	if (list_empty(&item->ready_link))
		list_add_tail(&item->ready_link, &ep->ready);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
}

/* For EPOLLEXCLUSIVE: is this event what the waiter wants, so that no other need be woken? */
static bool concerns(u32 events, u64 key)
{
	u32 inout = (u32)key & (POLLIN | POLLOUT);

	return !inout || (inout != (POLLIN | POLLOUT) && (events & inout));
}

static bool epoll_wake(wait_queue_entry_t *wait, u64 key)
{
	epoll_entry_t *e = container_of(wait, epoll_entry_t, wait);
	epoll_item_t *item = e->item;
	epoll_t *ep = item->ep;
	u32 events = READ_ONCE(item->events);
	bool woke = false;

	if (!(events & ~MODE_BITS) || (key && !(key & (events | WAKE_QUEUE_ENDS))))
		goto out;
	make_ready(item);
	if (waitqueue_active(&ep->wait)) {
		woke = !(key & WAKE_QUEUE_ENDS) && concerns(events, key);
		wake_up_key(&ep->wait, 1, POLLIN);
	}
	wake_pollers(ep);
out:
	/* Last: who removes the item does not wait for this any more once it sees no queue. */
	if (key & WAKE_QUEUE_ENDS) {
		list_del_init(&wait->link);
		__atomic_store_n(&e->queue, NULL, __ATOMIC_RELEASE);
	}
	return !(events & EPOLLEXCLUSIVE) || woke;
}

/* ---- items ---- */

static int compare(const epoll_item_t *item, const file_t *file, int fd)
{
	if (item->file != file)
		return file < item->file ? -1 : 1;
	return fd < item->fd ? -1 : fd > item->fd;
}

static epoll_item_t *find_item(epoll_t *ep, const file_t *file, int fd)
{
	rb_node_t *n = ep->items.node;

	assert_held(&ep->lock);
	while (n) {
		epoll_item_t *item = rb_entry(n, epoll_item_t, node);
		int c = compare(item, file, fd);

		if (!c)
			return item;
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

static void insert_item(epoll_t *ep, epoll_item_t *item)
{
	rb_node_t **link = &ep->items.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = compare(rb_entry(parent, epoll_item_t, node), item->file, item->fd) < 0
			       ? &parent->left
			       : &parent->right;
	}
	rb_insert(&item->node, parent, link, &ep->items);
}

static void epoll_put(epoll_t *ep)
{
	if (!refcount_put(&ep->refs))
		return;
	user_put(ep->user);
	kfree(ep);
}

static void leave_queue(epoll_entry_t *e)
{
	wait_queue_head_t *queue;

	/* A queue that announces its end (WAKE_QUEUE_ENDS) stays in memory for a grace period. */
	rcu_read_lock();
	queue = __atomic_load_n(&e->queue, __ATOMIC_ACQUIRE);
	if (queue)
		remove_wait_queue(queue, &e->wait);
	rcu_read_unlock();
}

/*
 * ep->lock held. While the item is still in file->watches, since the file's last put frees the queues as soon as
 * it finds no item there. Once or more often.
 */
static void leave_queues(epoll_t *ep, epoll_item_t *item)
{
	epoll_entry_t *e, *next;

	assert_held(&ep->lock);
	if (item->entries)
		leave_queue(&item->first);
	for (e = item->first.next; e; e = next) {
		next = e->next;
		leave_queue(e);
		kmem_cache_free(entry_cache, e);
	}
	item->entries = 0;
	item->first.next = NULL;
}

/* ep->lock held; the item has left the queues and file->watches. */
static void remove_item(epoll_t *ep, epoll_item_t *item)
{
	unsigned long flags;

	assert_held(&ep->lock);
	rb_erase(&item->node, &ep->items);
	spin_lock_irqsave(&ep->ready_lock, &flags);
	list_del_init(&item->ready_link);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	atomic64_dec(&ep->user->epoll_watches);
	kmem_cache_free(item_cache, item);
}

/* On behalf of the instance, which is referenced. A file that is going does it by itself. */
static void unlink_item(epoll_t *ep, epoll_item_t *item)
{
	file_t *f = item->file;
	bool mine;

	leave_queues(ep, item);
	spin_lock(&f->watches_lock);
	mine = !item->dying;
	if (mine)
		hlist_del(&item->watch_link);
	spin_unlock(&f->watches_lock);
	if (mine) {
		remove_item(ep, item);
		epoll_put(ep);
	}
}

void epoll_forget_file(file_t *f)
{
	for (;;) {
		epoll_item_t *item;
		epoll_t *ep;

		spin_lock(&f->watches_lock);
		item = hlist_entry_or_null(f->watches.first, epoll_item_t, watch_link);
		if (item)
			item->dying = true;
		spin_unlock(&f->watches_lock);
		if (!item)
			return;
		/* The item holds the instance, and nobody else frees the item from here on. */
		ep = item->ep;
		mutex_lock(&ep->lock);
		leave_queues(ep, item);
		spin_lock(&f->watches_lock);
		hlist_del(&item->watch_link);
		spin_unlock(&f->watches_lock);
		remove_item(ep, item);
		mutex_unlock(&ep->lock);
		epoll_put(ep);
	}
}

/* ---- polling one item ---- */

typedef struct item_table {
	poll_table_t table;
	epoll_item_t *item;
} item_table_t;

static void queue_item(file_t *f, wait_queue_head_t *queue, poll_table_t *table)
{
	epoll_item_t *item = container_of(table, item_table_t, table)->item;
	epoll_entry_t *e = &item->first;

	if (item->entries) {
		e = kmem_cache_alloc(entry_cache, GFP_KERNEL);
		if (!e) {
			item->failed = true;
			return;
		}
		e->next = item->first.next;
		item->first.next = e;
	}
	item->entries++;
	e->item = item;
	e->queue = queue;
	init_wait_callback(&e->wait, epoll_wake);
	e->wait.flags = item->events & EPOLLEXCLUSIVE ? WAIT_EXCLUSIVE : 0;
	add_wait_queue(queue, &e->wait);
}

/* What the file says of that which the item wants. ep->lock held; may sleep. */
static u32 poll_item(epoll_item_t *item, poll_table_t *table)
{
	return file_poll(item->file, table) & (item->events & ~MODE_BITS);
}

/* ---- epoll_ctl ---- */

static int add_item(epoll_t *ep, file_t *target, int fd, const struct epoll_event *event,
		    bool check_paths)
{
	item_table_t table = { .table = { .queue = queue_item, .events = ~0u } };
	epoll_item_t *item;
	u32 ready;
	int r = 0;

	if (atomic64_add_return(&ep->user->epoll_watches, 1) > (s64)READ_ONCE(max_user_watches)) {
		atomic64_dec(&ep->user->epoll_watches);
		return -ENOSPC;
	}
	item = kmem_cache_alloc(item_cache, GFP_KERNEL | GFP_ZERO);
	if (!item) {
		atomic64_dec(&ep->user->epoll_watches);
		return -ENOMEM;
	}
	item->file = target;
	item->fd = fd;
	item->events = event->events;
	item->data = event->data;
	item->ep = ep;
	refcount_get(&ep->refs);
	list_init(&item->ready_link);
	insert_item(ep, item);
	spin_lock(&target->watches_lock);
	hlist_add_head(&item->watch_link, &target->watches);
	spin_unlock(&target->watches_lock);
	if (check_paths)
		r = epoll_check_paths(target);
	if (!r) {
		table.item = item;
		ready = poll_item(item, &table.table);
		if (item->failed)
			r = -ENOMEM;
	}
	if (r) {
		/* The target is referenced by our caller, so it cannot be dying. */
		unlink_item(ep, item);
		return r;
	}
	if (ready) {
		make_ready(item);
		wake_waiter(ep);
		wake_pollers(ep);
	}
	return 0;
}

static int change_item(epoll_t *ep, epoll_item_t *item, const struct epoll_event *event)
{
	if (item->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	WRITE_ONCE(item->events, event->events);
	item->data = event->data;
	/* A callback that still sees the old interest comes before this poll sees the file. */
	smp_mb();
	if (poll_item(item, NULL)) {
		make_ready(item);
		wake_waiter(ep);
		wake_pollers(ep);
	}
	return 0;
}

static int control_locked(epoll_t *ep, int op, int fd, file_t *target,
			  const struct epoll_event *event, bool nested)
{
	epoll_item_t *item = find_item(ep, target, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : add_item(ep, target, fd, event, nested);
	case EPOLL_CTL_MOD:
		return item ? change_item(ep, item, event) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		unlink_item(ep, item);
		return 0;
	}
	return -EINVAL;
}

int epoll_control(file_t *f, int op, int fd, file_t *target, const struct epoll_event *event)
{
	epoll_t *ep = f->private_data;
	struct epoll_event e = { 0 };
	bool nested;
	int r;

	if (!target->ops->poll)
		return -EPERM;
	if (f == target || !file_is_epoll(f))
		return -EINVAL;
	if (event) {
		e = *event;
		if ((e.events & EPOLLEXCLUSIVE) &&
		    (op == EPOLL_CTL_MOD || (op == EPOLL_CTL_ADD && (file_is_epoll(target) ||
								     (e.events & ~EXCLUSIVE_OK)))))
			return -EINVAL;
		e.events |= ALWAYS;
	}
	nested = op == EPOLL_CTL_ADD && (file_is_epoll(target) || !hlist_empty(&f->watches));
	if (nested) {
		mutex_lock(&epoll_nest_mutex);
		r = file_is_epoll(target) ? epoll_check_nest(ep, target) : 0;
		if (r) {
			mutex_unlock(&epoll_nest_mutex);
			return r;
		}
	}
	mutex_lock(&ep->lock);
	r = control_locked(ep, op, fd, target, &e, nested);
	mutex_unlock(&ep->lock);
	if (nested)
		mutex_unlock(&epoll_nest_mutex);
	return r;
}

/* ---- harvest ---- */

static void harvest_begin(epoll_t *ep, list_t *batch)
{
	unsigned long flags;

	list_init(batch);
	spin_lock_irqsave(&ep->ready_lock, &flags);
	list_splice_tail_init(&ep->ready, batch);
	WRITE_ONCE(ep->harvesting, true);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
}

/* The next item of the batch, unlinked; NULL at the end. */
static epoll_item_t *harvest_next(epoll_t *ep, list_t *batch)
{
	epoll_item_t *item = NULL;
	unsigned long flags;

	spin_lock_irqsave(&ep->ready_lock, &flags);
	if (!list_empty(batch)) {
		item = list_first_entry(batch, epoll_item_t, ready_link);
		list_del_init(&item->ready_link);
	}
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	return item;
}

/* rest: not looked at, to the front; again: still ready, to the end. */
static void harvest_end(epoll_t *ep, list_t *rest, list_t *again)
{
	unsigned long flags;
	bool more;

	spin_lock_irqsave(&ep->ready_lock, &flags);
	list_splice_tail_init(&ep->ready, rest);
	list_splice_tail_init(rest, &ep->ready);
	list_splice_tail_init(again, &ep->ready);
	WRITE_ONCE(ep->harvesting, false);
	more = !list_empty(&ep->ready);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
	if (more)
		wake_waiter(ep);
}

static void put_on(epoll_t *ep, epoll_item_t *item, list_t *list)
{
	unsigned long flags;

	spin_lock_irqsave(&ep->ready_lock, &flags);
	if (list_empty(&item->ready_link))
		list_add_tail(&item->ready_link, list);
	spin_unlock_irqrestore(&ep->ready_lock, flags);
}

/* Events stored (0: nothing was ready after all), or -EFAULT. */
static int harvest(epoll_t *ep, struct epoll_event __user *events, int max)
{
	list_t batch, again = LIST_INIT(again);
	epoll_item_t *item;
	int n = 0;

	mutex_lock(&ep->lock);
	harvest_begin(ep, &batch);
	while (n < max && (item = harvest_next(ep, &batch))) {
		struct epoll_event event = { .events = poll_item(item, NULL), .data = item->data };

		if (!event.events)
			continue;
		if (copy_to_user(&events[n], &event, sizeof(event))) {
			put_on(ep, item, &batch);
			if (!n)
				n = -EFAULT;
			break;
		}
		n++;
		if (item->events & EPOLLONESHOT)
			WRITE_ONCE(item->events, item->events & MODE_BITS);
		else if (!(item->events & EPOLLET))
			put_on(ep, item, &again);
	}
	harvest_end(ep, &batch, &again);
	mutex_unlock(&ep->lock);
	return n;
}

int epoll_wait_events(file_t *f, struct epoll_event __user *events, int max, nsec_t deadline)
{
	epoll_t *ep = f->private_data;
	bool last_look = !deadline;
	int r;

	if (!file_is_epoll(f))
		return -EINVAL;
	for (;;) {
		if (available(ep)) {
			r = harvest(ep, events, max);
			if (r)
				return r;
		}
		if (last_look)
			return 0;
		if (signal_pending(current()))
			return -EINTR;
		r = ___wait_event(&ep->wait, available(ep), THREAD_INTERRUPTIBLE, WAIT_EXCLUSIVE,
				  deadline);
		if (r == -ERESTARTSYS)
			return -EINTR;
		last_look = r == -ETIMEDOUT;
	}
}

/* ---- the file ---- */

static u32 epoll_poll(file_t *f, poll_table_t *pt)
{
	epoll_t *ep = f->private_data;
	list_t batch, again = LIST_INIT(again);
	epoll_item_t *item;
	u32 mask = 0;

	poll_wait(f, &ep->pollers, pt);
	if (!available(ep))
		return 0;
	/* Called by poll(2), or with the watching instance's lock. */
	mutex_lock_nested(&ep->lock);
	harvest_begin(ep, &batch);
	while (!mask && (item = harvest_next(ep, &batch))) {
		if (!poll_item(item, NULL))
			continue;
		put_on(ep, item, &again);
		mask = POLLIN | POLLRDNORM;
	}
	harvest_end(ep, &batch, &again);
	mutex_unlock(&ep->lock);
	return mask;
}

static void epoll_release(file_t *f)
{
	epoll_t *ep = f->private_data;
	rb_node_t *n, *next;

	mutex_lock(&ep->lock);
	for (n = rb_first(&ep->items); n; n = next) {
		next = rb_next(n);
		unlink_item(ep, rb_entry(n, epoll_item_t, node));
	}
	mutex_unlock(&ep->lock);
	epoll_put(ep);
}

static void epoll_show(file_t *f, struct seq_file *m)
{
	epoll_t *ep = f->private_data;

	mutex_lock(&ep->lock);
	for (rb_node_t *n = rb_first(&ep->items); n; n = rb_next(n)) {
		epoll_item_t *item = rb_entry(n, epoll_item_t, node);
		const vfs_node_t *node = item->file->node;

		seq_printf(m, "tfd: %8d events: %8x data: %16lx  pos:%ld ino:%lx sdev:%lx\n",
			   item->fd, item->events, item->data, item->file->pos, node->ino,
			   (unsigned long)node->sb->dev);
	}
	mutex_unlock(&ep->lock);
}

static const file_operations_t epoll_operations = {
	.llseek = noop_llseek,
	.poll = epoll_poll,
	.release = epoll_release,
	.show_fdinfo = epoll_show,
	.kind = "anon_inode:[eventpoll]",
};

file_t *epoll_create_file(void)
{
	epoll_t *ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	file_t *f;

	if (!ep)
		return ERR_PTR(-ENOMEM);
	refcount_set(&ep->refs, 1);
	mutex_init(&ep->lock);
	spinlock_init(&ep->ready_lock);
	list_init(&ep->ready);
	init_waitqueue_head(&ep->wait);
	lockdep_init(&ep->wait.lock, "epoll->wait.lock");
	init_waitqueue_head(&ep->pollers);
	lockdep_init(&ep->pollers.lock, "epoll->pollers.lock");
	f = file_create_anon(epoll_operations.kind, &epoll_operations, ep, O_RDWR);
	if (IS_ERR(f)) {
		kfree(ep);
		return f;
	}
	ep->file = f;
	ep->user = current_cred()->user;
	refcount_get(&ep->user->refs);
	return f;
}

__init void epoll_init(void)
{
	item_cache =
		kmem_cache_create("epoll_item", sizeof(epoll_item_t), 0, SLAB_CACHE_ALIGN, NULL);
	entry_cache = kmem_cache_create("epoll_entry", sizeof(epoll_entry_t), 0, 0, NULL);
	/* 4% of memory, as epoll(7) says. */
	max_user_watches = total_page_count() / 25 * PAGE_SIZE / sizeof(epoll_item_t);
	if (proc_sysctl_u64("fs/epoll/max_user_watches", 0644, &max_user_watches, 0, NSEC_MAX))
		panic("No memory for /proc/sys/fs/epoll");
}
