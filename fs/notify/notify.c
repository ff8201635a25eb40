/*
 * Marks on nodes, and bringing events to them.
 *
 * Concepts. A mark says which events of one node its owner (an inotify instance, a descriptor with
 * F_NOTIFY) wants to hear of. A node's marks stand in a list that is made with the first of them
 * and stays with the node; node->watch_mask is the union of what they want. An event at a file goes
 * to the marks of the directory that holds its name, with that name, and then to its own.
 *
 * Life. The list holds a reference on each mark, a mark one on its node, and each mark counts in
 * sb->watched, which is what the hot paths look at. Whoever takes a mark off the list (its owner, an
 * event that was the last it wanted, the end of the file or of the file system) runs ops->detached,
 * once. A file system that ends waits until its marks are freed, since they hold nodes of it.
 *
 * Locking. marks->lock, a rwsem: shared while an event is brought, exclusive while marks come and
 * go; it lies below all locks of nodes, and under it events are queued (owner's spinlocks). ops->
 * detached runs without it.
 */
#include <fs/notify.h>

#include <kernel/lib/string.h>
#include <kernel/sync/wait.h>
#include <mm/slab.h>

struct node_marks {
	rwsem_t lock;
	list_t marks; /* lock */
};

static wait_queue_head_t super_wait = WAIT_QUEUE_INIT(super_wait);

/* ---- marks ---- */

void notify_mark_get(notify_mark_t *m)
{
	refcount_get(&m->refs);
}

void notify_mark_put(notify_mark_t *m)
{
	super_block_t *sb = m->node->sb;

	if (!refcount_put(&m->refs))
		return;
	node_put(m->node);
	m->ops->free(m);
	/* The file system may end as soon as the counter says so: it is not touched any more. */
	if (!atomic_sub_return(&sb->watched, 1))
		wake_up_all(&super_wait);
}

static struct node_marks *marks_of(vfs_node_t *n)
{
	return __atomic_load_n(&n->marks, __ATOMIC_ACQUIRE);
}

static struct node_marks *make_marks(vfs_node_t *n)
{
	struct node_marks *l = marks_of(n), *none = NULL;

	if (l)
		return l;
	l = kmalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return NULL;
	rwsem_init(&l->lock);
	list_init(&l->marks);
	if (!__atomic_compare_exchange_n(&n->marks, &none, l, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		kfree(l);
		l = none;
	}
	return l;
}

/* The list is locked exclusively. */
static void reckon_mask(vfs_node_t *n)
{
	notify_mark_t *m;
	u32 mask = 0;

	list_for_each_entry(m, &n->marks->marks, link)
		mask |= m->mask;
	WRITE_ONCE(n->watch_mask, mask);
}

int notify_attach(notify_mark_t *m, vfs_node_t *node, u32 mask, const notify_ops_t *ops)
{
	struct node_marks *l = make_marks(node);

	if (!l)
		return -ENOMEM;
	node_get(node);
	m->node = node;
	m->ops = ops;
	m->mask = mask;
	m->attached = true;
	refcount_set(&m->refs, 2);
	atomic_inc(&node->sb->watched);
	rwsem_write_lock(&l->lock);
	list_add_tail(&m->link, &l->marks);
	reckon_mask(node);
	rwsem_write_unlock(&l->lock);
	return 0;
}

void notify_detach(notify_mark_t *m)
{
	struct node_marks *l = marks_of(m->node);
	bool mine;

	rwsem_write_lock(&l->lock);
	mine = m->attached;
	if (mine) {
		m->attached = false;
		list_del(&m->link);
		reckon_mask(m->node);
	}
	rwsem_write_unlock(&l->lock);
	if (!mine)
		return;
	m->ops->detached(m);
	notify_mark_put(m);
}

int notify_change_mask(notify_mark_t *m, u32 mask, bool add)
{
	struct node_marks *l = marks_of(m->node);
	bool attached;

	rwsem_write_lock(&l->lock);
	attached = m->attached;
	if (attached) {
		WRITE_ONCE(m->mask, add ? m->mask | mask : mask);
		reckon_mask(m->node);
	}
	rwsem_write_unlock(&l->lock);
	return attached ? 0 : -ENOENT;
}

notify_mark_t *notify_find(vfs_node_t *node, const notify_ops_t *ops,
			   bool (*is)(const notify_mark_t *, const void *), const void *owner)
{
	struct node_marks *l = marks_of(node);
	notify_mark_t *m, *found = NULL;

	if (!l)
		return NULL;
	rwsem_read_lock(&l->lock);
	list_for_each_entry(m, &l->marks, link)
		if (m->ops == ops && is(m, owner)) {
			notify_mark_get(m);
			found = m;
			break;
		}
	rwsem_read_unlock(&l->lock);
	return found;
}

/* The first mark of the node, referenced, or NULL. */
static notify_mark_t *any_mark(vfs_node_t *n)
{
	struct node_marks *l = marks_of(n);
	notify_mark_t *m = NULL;

	if (!l)
		return NULL;
	rwsem_read_lock(&l->lock);
	if (!list_empty(&l->marks)) {
		m = list_first_entry(&l->marks, notify_mark_t, link);
		notify_mark_get(m);
	}
	rwsem_read_unlock(&l->lock);
	return m;
}

static void detach_all(vfs_node_t *n)
{
	notify_mark_t *m;

	while ((m = any_mark(n))) {
		notify_detach(m);
		notify_mark_put(m);
	}
}

/* ---- events ---- */

static void bring(vfs_node_t *n, const notify_event_t *e)
{
	struct node_marks *l = marks_of(n);
	u32 wanted = e->mask & (IN_ALL_EVENTS | IN_UNMOUNT | NOTIFY_RENAME);
	notify_mark_t *m, *next;
	list_t spent;

	if (!l || !(READ_ONCE(n->watch_mask) & wanted))
		return;
	list_init(&spent);
	rwsem_read_lock(&l->lock);
	list_for_each_entry(m, &l->marks, link) {
		if (!(m->mask & wanted) || !m->ops->event(m, e))
			continue;
		/* Of several events that come at once one takes it off. */
		if (!__atomic_exchange_n(&m->spent, true, __ATOMIC_SEQ_CST)) {
			notify_mark_get(m);
			list_add_tail(&m->spent_link, &spent);
		}
	}
	rwsem_read_unlock(&l->lock);
	list_for_each_entry_safe(m, next, &spent, spent_link) {
		notify_detach(m);
		notify_mark_put(m);
	}
}

static u32 with_type(const vfs_node_t *n, u32 mask)
{
	return S_ISDIR(n->mode) ? mask | IN_ISDIR : mask;
}

void notify_node_slow(vfs_node_t *n, u32 mask)
{
	notify_event_t e = { .mask = with_type(n, mask) };

	bring(n, &e);
}

/* d's directory, referenced, if it is watched for this; and d's name. */
static dentry_t *watching_parent(dentry_t *d, u32 mask, char name[NAME_MAX + 1])
{
	dentry_t *parent = NULL;

	spin_lock(&d->lock);
	if (d->parent != d && (READ_ONCE(d->parent->node->watch_mask) & mask)) {
		parent = d->parent;
		dentry_get(parent);
		memcpy(name, d->name, d->name_len + 1);
	}
	spin_unlock(&d->lock);
	return parent;
}

void notify_name_slow(dentry_t *d, u32 mask, bool through_file)
{
	notify_event_t e = { .mask = with_type(d->node, mask) };
	char name[NAME_MAX + 1];
	dentry_t *parent;

	e.unlinked = through_file && (READ_ONCE(d->flags) & DENTRY_UNHASHED) && d->parent != d;
	parent = watching_parent(d, mask, name);
	if (parent) {
		e.name = name;
		bring(parent->node, &e);
		dentry_put(parent);
		e.name = NULL;
	}
	bring(d->node, &e);
}

void notify_entry_slow(vfs_node_t *dir, const char *name, u32 mask)
{
	notify_event_t e = { .mask = mask, .name = name };

	bring(dir, &e);
}

void notify_moved(const notify_move_t *move)
{
	static atomic_t last_cookie;
	notify_event_t e = { .name = move->old_name };

	do
		e.cookie = (u32)atomic_add_return(&last_cookie, 1);
	while (!e.cookie);
	if (move->from == move->to) {
		e.mask = NOTIFY_RENAME;
		bring(move->from, &e);
	}
	e.mask = with_type(move->node, IN_MOVED_FROM);
	bring(move->from, &e);
	e.mask = with_type(move->node, IN_MOVED_TO);
	e.name = move->new_name;
	bring(move->to, &e);
	if (move->replaced)
		notify_node_slow(move->replaced, IN_ATTRIB);
	notify_node_slow(move->node, IN_MOVE_SELF);
}

void notify_gone_slow(vfs_node_t *n)
{
	notify_node_slow(n, IN_DELETE_SELF);
	detach_all(n);
}

/* ---- the end of a file system ---- */

/* A node of sb that has marks, referenced, or NULL. */
static vfs_node_t *marked_node(super_block_t *sb)
{
	vfs_node_t *n, *found = NULL;

	spin_lock(&sb->node_lock);
	list_for_each_entry(n, &sb->nodes, sb_link)
		/* One that has no references has no marks, but may be on its way out. */
		if (READ_ONCE(n->watch_mask) && refcount_get_unless_zero(&n->refs)) {
			found = n;
			break;
		}
	spin_unlock(&sb->node_lock);
	return found;
}

void notify_super_ends(super_block_t *sb)
{
	notify_event_t e = { .mask = IN_UNMOUNT };
	vfs_node_t *n;

	while (notify_wanted(sb) && (n = marked_node(sb))) {
		e.mask = with_type(n, IN_UNMOUNT);
		bring(n, &e);
		detach_all(n);
		node_put(n);
	}
	/* Others may be taking theirs off. */
	wait_event(&super_wait, !atomic_read(&sb->watched));
}
