/*
 * inotify(7): watches with numbers, and a queue of events that is read as a file.
 *
 * An instance holds its watches by number; each holds the instance and stands as a mark on its node.
 * Events are allocated where they happen and queued; one that equals the last in the queue is not
 * queued again. When the queue is full, one event more tells of the overflow; that one lies in the
 * instance, so that it can also tell of a lack of memory.
 *
 * Locking. lock, a mutex: the numbers, and that there is one watch at most a node; it is taken
 * before the lists of marks. queue_lock, a spinlock under those: the events.
 */
#include <fs/notify.h>

#include <arch/uaccess.h>
#include <fs/poll.h>
#include <fs/procfs.h>
#include <fs/seq_file.h>
#include <kernel/lib/string.h>
#include <kernel/lib/xarray.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/termios.h>

#define KEPT_BITS (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT) /* of a watch: fdinfo shows them */
/* A watch keeps a node and a name in memory; all of a user's take a hundredth of it at most. */
#define WATCH_COST (sizeof(watch_t) + 2 * sizeof(vfs_node_t))
#define WATCHES_MIN 8192u
#define WATCHES_MAX (1u << 20)

typedef struct event {
	list_t link; /* queue_lock */
	s32 wd;
	u32 mask, cookie;
	u32 name_len; /* 0: none */
	char name[];
} event_t;

typedef struct instance {
	refcount_t refs; /* the file's and each watch's */
	mutex_t lock;
	xarray_t watches; /* lock: by number; no references of their own */
	int last_wd;	  /* lock */
	u32 max_events;	  /* (c) */
	user_t *user;	  /* (c) own reference */
	spinlock_t queue_lock;
	list_t events; /* queue_lock */
	u32 count;     /* queue_lock */
	size_t bytes;  /* queue_lock: as read(2) gives them */
	event_t overflow;
	wait_queue_head_t wait;
	fasync_list_t fasync;
} instance_t;

typedef struct watch {
	notify_mark_t mark;
	instance_t *owner; /* (c) own reference */
	int wd;		   /* (c) */
} watch_t;

static int max_instances = 128, max_watches, max_queued = 16384; /* sysctl fs.inotify.* */

static const file_operations_t inotify_operations;
static const notify_ops_t watch_operations;

/* ---- instances ---- */

static xa_node_t *alloc_node(void)
{
	return kzalloc(sizeof(xa_node_t), GFP_KERNEL);
}

static void free_node(xa_node_t *node)
{
	kfree(node);
}

/* Writers and readers of the tree hold the mutex: nobody walks it under RCU. */
static const xa_ops_t tree_operations = { alloc_node, free_node };

static bool event_is_own(const instance_t *i, const event_t *e)
{
	return e == &i->overflow;
}

static size_t event_size(const event_t *e)
{
	size_t unit = sizeof(struct inotify_event);

	return unit + (e->name_len ? ALIGN_UP(e->name_len + 1, unit) : 0);
}

/* queue_lock held. */
static event_t *take_first(instance_t *i)
{
	event_t *e = list_first_entry(&i->events, event_t, link);

	list_del_init(&e->link);
	i->count--;
	i->bytes -= event_size(e);
	return e;
}

static void free_event(instance_t *i, event_t *e)
{
	if (!event_is_own(i, e))
		kfree(e);
}

static void instance_put(instance_t *i)
{
	if (!refcount_put(&i->refs))
		return;
	while (!list_empty(&i->events))
		free_event(i, take_first(i));
	xa_destroy(&i->watches);
	atomic_dec(&i->user->inotify_instances);
	user_put(i->user);
	kfree(i);
}

/* ---- the queue ---- */

static bool same_event(const event_t *a, const event_t *b)
{
	if ((a->mask & IN_IGNORED) || a->mask != b->mask || a->wd != b->wd ||
	    a->name_len != b->name_len)
		return false;
	return !a->name_len || !memcmp(a->name, b->name, a->name_len);
}

/* NULL: there was no memory for it. Consumes the event. */
static void queue_event(instance_t *i, event_t *e)
{
	unsigned long flags;
	bool queued = false;

	spin_lock_irqsave(&i->queue_lock, &flags);
	if (!e || i->count >= i->max_events) {
		kfree(e);
		e = list_empty(&i->overflow.link) ? &i->overflow : NULL;
	} else if (!list_empty(&i->events) &&
		   same_event(list_last_entry(&i->events, event_t, link), e)) {
		kfree(e);
		e = NULL;
	}
	if (e) {
		list_add_tail(&e->link, &i->events);
		i->count++;
		i->bytes += event_size(e);
		queued = true;
	}
	spin_unlock_irqrestore(&i->queue_lock, flags);
	if (!queued)
		return;
	wake_up_key(&i->wait, 1, POLLIN | POLLRDNORM);
	fasync_signal(&i->fasync, POLL_IN);
}

static event_t *make_event(int wd, u32 mask, u32 cookie, const char *name)
{
	size_t len = name ? strlen(name) : 0;
	event_t *e = kmalloc(sizeof(*e) + len + 1, GFP_KERNEL);

	if (!e)
		return NULL;
	e->wd = wd;
	e->mask = mask;
	e->cookie = cookie;
	e->name_len = (u32)len;
	memcpy(e->name, name ? name : "", len + 1);
	return e;
}

/* ---- marks ---- */

static watch_t *watch_of(notify_mark_t *m)
{
	return container_of(m, watch_t, mark);
}

static bool watch_event(notify_mark_t *m, const notify_event_t *e)
{
	watch_t *w = watch_of(m);
	u32 mask = READ_ONCE(m->mask), told = e->mask;

	if ((mask & IN_EXCL_UNLINK) && e->unlinked)
		return false;
	if ((mask & IN_ONESHOT) && __atomic_load_n(&m->spent, __ATOMIC_ACQUIRE))
		return false;
	/* Those two never said what kind of file it is. */
	if (told & (IN_DELETE_SELF | IN_MOVE_SELF))
		told &= ~IN_ISDIR;
	queue_event(w->owner, make_event(w->wd, told, e->cookie, e->name));
	return mask & IN_ONESHOT;
}

static void watch_detached(notify_mark_t *m)
{
	watch_t *w = watch_of(m);
	instance_t *i = w->owner;

	queue_event(i, make_event(w->wd, IN_IGNORED, 0, NULL));
	mutex_lock(&i->lock);
	xa_erase(&i->watches, (u64)w->wd);
	mutex_unlock(&i->lock);
	atomic_dec(&i->user->inotify_watches);
}

static void watch_free(notify_mark_t *m)
{
	watch_t *w = watch_of(m);

	instance_put(w->owner);
	kfree(w);
}

static const notify_ops_t watch_operations = {
	.event = watch_event,
	.detached = watch_detached,
	.free = watch_free,
};

/* ---- adding and removing ---- */

static bool is_of(const notify_mark_t *m, const void *owner)
{
	return container_of(m, watch_t, mark)->owner == owner;
}

/* The next number that is free, counting up and around. 0: none. i->lock held. */
static int next_wd(instance_t *i)
{
	u64 wd;

	assert_held(&i->lock);
	if (!xa_find_free(&i->watches, (u64)i->last_wd + 1, INT32_MAX, &wd) &&
	    !xa_find_free(&i->watches, 1, INT32_MAX, &wd))
		return 0;
	return i->last_wd = (int)wd;
}

/* i->lock held. The number, or errno. */
static int add_new(instance_t *i, vfs_node_t *node, u32 mask)
{
	watch_t *w = kzalloc(sizeof(*w), GFP_KERNEL);
	int wd, r;

	assert_held(&i->lock);
	if (!w)
		return -ENOMEM;
	wd = next_wd(i);
	if (!wd) {
		r = -ENOSPC;
		goto out_free;
	}
	r = xa_reserve(&i->watches, (u64)wd);
	if (r)
		goto out_free;
	if (atomic_add_return(&i->user->inotify_watches, 1) > READ_ONCE(max_watches)) {
		r = -ENOSPC;
		goto out_uncount;
	}
	w->wd = wd;
	w->owner = i;
	refcount_get(&i->refs);
	r = notify_attach(&w->mark, node, mask, &watch_operations);
	if (r) {
		instance_put(i);
		goto out_uncount;
	}
	/* Events that come already have their number; removal waits for the lock. */
	r = xa_store(&i->watches, (u64)wd, w, NULL);
	ASSERT(!r);
	notify_mark_put(&w->mark);
	return wd;
out_uncount:
	atomic_dec(&i->user->inotify_watches);
out_free:
	kfree(w);
	return r;
}

int inotify_add(file_t *f, const path_t *path, u32 mask)
{
	instance_t *i = f->private_data;
	vfs_node_t *node = path->dentry->node;
	/* The end of the file system is told whether one wants it or not. */
	u32 kept = (mask & KEPT_BITS) | IN_UNMOUNT;
	notify_mark_t *m;
	int r;

	mutex_lock(&i->lock);
	m = notify_find(node, &watch_operations, is_of, i);
	if (!m) {
		r = add_new(i, node, kept);
	} else if (mask & IN_MASK_CREATE) {
		r = -EEXIST;
	} else {
		/* One that is just going is gone: its number is not given twice. */
		r = notify_change_mask(m, kept, mask & IN_MASK_ADD);
		r = r ? add_new(i, node, kept) : watch_of(m)->wd;
	}
	mutex_unlock(&i->lock);
	if (m)
		notify_mark_put(m);
	return r;
}

/* The watch of this number or the first after it, referenced, or NULL. */
static watch_t *find_watch(instance_t *i, u64 *wd, u64 last)
{
	watch_t *w;

	mutex_lock(&i->lock);
	w = xa_find(&i->watches, wd, last);
	if (w)
		notify_mark_get(&w->mark);
	mutex_unlock(&i->lock);
	return w;
}

int inotify_remove(file_t *f, int wd)
{
	u64 at = (u64)wd;
	watch_t *w;

	if (wd <= 0)
		return -EINVAL;
	w = find_watch(f->private_data, &at, at);
	if (!w)
		return -EINVAL;
	notify_detach(&w->mark);
	notify_mark_put(&w->mark);
	return 0;
}

/* ---- the file ---- */

/* The first event if it fits into size bytes: NULL when there is none, or -EINVAL. */
static event_t *next_event(instance_t *i, size_t size)
{
	unsigned long flags;
	event_t *e = NULL;

	spin_lock_irqsave(&i->queue_lock, &flags);
	if (!list_empty(&i->events)) {
		e = list_first_entry(&i->events, event_t, link);
		e = event_size(e) <= size ? take_first(i) : ERR_PTR(-EINVAL);
	}
	spin_unlock_irqrestore(&i->queue_lock, flags);
	return e;
}

static ssize_t copy_event(const event_t *e, iter_t *it)
{
	size_t padding = event_size(e) - sizeof(struct inotify_event) - e->name_len;
	struct inotify_event out = { e->wd, e->mask, e->cookie, e->name_len + (u32)padding };

	if (copy_to_iter(&out, sizeof(out), it) != sizeof(out) ||
	    copy_to_iter(e->name, e->name_len, it) != e->name_len ||
	    zero_iter(padding, it) != padding)
		return -EFAULT;
	return (ssize_t)event_size(e);
}

static ssize_t inotify_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	bool may_wait = !(READ_ONCE(f->flags) & O_NONBLOCK) && !(it->io_flags & IO_NOWAIT);
	instance_t *i = f->private_data;
	ssize_t done = 0;

	for (;;) {
		event_t *e = next_event(i, it->count);
		ssize_t r;

		if (!e && !done && may_wait) {
			r = wait_event_interruptible(&i->wait,
						     (e = next_event(i, it->count)) != NULL);
			if (r)
				return r;
		}
		if (!e)
			return done ? done : -EAGAIN;
		if (IS_ERR(e))
			return done ? done : PTR_ERR(e);
		r = copy_event(e, it);
		free_event(i, e);
		if (r < 0)
			return r;
		done += r;
	}
}

static u32 inotify_poll(file_t *f, poll_table_t *pt)
{
	instance_t *i = f->private_data;

	poll_wait(f, &i->wait, pt);
	return list_empty(&i->events) ? 0 : POLLIN | POLLRDNORM;
}

static long inotify_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	instance_t *i = f->private_data;

	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user_u32((u32)READ_ONCE(i->bytes), (u32 __user *)arg) ? -EFAULT : 0;
}

static int inotify_fasync(file_t *f, bool on)
{
	instance_t *i = f->private_data;

	return fasync_set(f, &i->fasync, on);
}

static void inotify_release(file_t *f)
{
	instance_t *i = f->private_data;
	u64 wd = 1;
	watch_t *w;

	while ((w = find_watch(i, &wd, INT32_MAX))) {
		notify_detach(&w->mark);
		notify_mark_put(&w->mark);
		wd++;
	}
	instance_put(i);
}

/* proc(5), fdinfo: the handle is what name_to_handle_at(2) would give. */
static void inotify_show(file_t *f, struct seq_file *m)
{
	instance_t *i = f->private_data;
	u64 wd = 1;
	watch_t *w;

	while ((w = find_watch(i, &wd, INT32_MAX))) {
		const vfs_node_t *n = w->mark.node;
		u32 handle[FILE_HANDLE_WORDS], words = FILE_HANDLE_WORDS;
		int type = node_encode_handle(n, handle, &words);

		seq_printf(m, "inotify wd:%x ino:%lx sdev:%x mask:%x ignored_mask:0 ", w->wd,
			   n->ino, dev_major(n->sb->dev) << 20 | dev_minor(n->sb->dev),
			   READ_ONCE(w->mark.mask) & KEPT_BITS);
		if (type >= 0) {
			seq_printf(m, "fhandle-bytes:%x fhandle-type:%x f_handle:",
				   words * (u32)sizeof(u32), type);
			for (u32 b = 0; b < words * sizeof(u32); b++)
				seq_printf(m, "%02x", ((const u8 *)handle)[b]);
		}
		seq_putc(m, '\n');
		notify_mark_put(&w->mark);
		wd++;
	}
}

static const file_operations_t inotify_operations = {
	.read_iter = inotify_read_iter,
	.llseek = noop_llseek,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.fasync = inotify_fasync,
	.release = inotify_release,
	.show_fdinfo = inotify_show,
	.kind = "anon_inode:inotify",
};

bool file_is_inotify(const file_t *f)
{
	return f->ops == &inotify_operations;
}

file_t *inotify_create(int flags)
{
	instance_t *i;
	file_t *f;

	if (flags & ~(int)(IN_CLOEXEC | IN_NONBLOCK))
		return ERR_PTR(-EINVAL);
	i = kzalloc(sizeof(*i), GFP_KERNEL);
	if (!i)
		return ERR_PTR(-ENOMEM);
	refcount_set(&i->refs, 1);
	mutex_init(&i->lock);
	xa_init(&i->watches, &tree_operations);
	i->max_events = (u32)READ_ONCE(max_queued);
	spinlock_init(&i->queue_lock);
	list_init(&i->events);
	i->overflow.wd = -1;
	i->overflow.mask = IN_Q_OVERFLOW;
	list_init(&i->overflow.link);
	init_waitqueue_head(&i->wait);
	spinlock_init(&i->fasync.lock);
	i->user = current_cred()->user;
	refcount_get(&i->user->refs);
	if (atomic_add_return(&i->user->inotify_instances, 1) > READ_ONCE(max_instances)) {
		instance_put(i);
		return ERR_PTR(-EMFILE);
	}
	f = file_create_anon(inotify_operations.kind, &inotify_operations, i,
			     (u32)(flags & (int)IN_NONBLOCK));
	if (IS_ERR(f))
		instance_put(i);
	return f;
}

__init void inotify_init(void)
{
	u64 watches = total_page_count() / 100 * PAGE_SIZE / WATCH_COST;
	int r = 0;

	max_watches = (int)MIN(MAX(watches, (u64)WATCHES_MIN), (u64)WATCHES_MAX);
	r |= proc_sysctl_int("fs/inotify/max_user_instances", 0644, &max_instances, 0, INT32_MAX);
	r |= proc_sysctl_int("user/max_inotify_instances", 0644, &max_instances, 0, INT32_MAX);
	r |= proc_sysctl_int("user/max_inotify_watches", 0644, &max_watches, 0, INT32_MAX);
	r |= proc_sysctl_int("fs/inotify/max_user_watches", 0644, &max_watches, 0, INT32_MAX);
	r |= proc_sysctl_int("fs/inotify/max_queued_events", 0644, &max_queued, 0, INT32_MAX);
	if (r)
		panic("No memory for /proc/sys/fs/inotify");
}
