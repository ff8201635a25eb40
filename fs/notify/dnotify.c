/*
 * fcntl(2)'s F_NOTIFY: signals when something happens in an open directory.
 *
 * A watch belongs to an open file and the descriptor table through which it was asked for; it holds
 * neither. It ends when a descriptor of the file is closed in that table, so both outlive it: the
 * mark is off the directory's list, where events need it to be, before the close goes on.
 *
 * Locking. dnotify_mutex, before the lists of marks: one watch at most for a file and a table.
 */
#include <fs/notify.h>

#include <fs/procfs.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <mm/slab.h>

typedef struct dir_watch {
	notify_mark_t mark;
	file_t *file;	      /* (c) */
	const files_t *table; /* (c) */
	int fd;		      /* racy: the number last used, for si_fd */
} dir_watch_t;

typedef struct dir_owner {
	const file_t *file;
	const files_t *table;
} dir_owner_t;

static mutex_t dnotify_mutex = MUTEX_INIT(dnotify_mutex);
static int enabled = 1; /* sysctl fs.dir-notify-enable */

static u32 events_of(u32 what)
{
	static const struct {
		u32 dn, events;
	} map[] = {
		{ DN_ACCESS, IN_ACCESS },
		{ DN_MODIFY, IN_MODIFY },
		{ DN_CREATE, IN_CREATE | IN_MOVED_TO },
		{ DN_DELETE, IN_DELETE | IN_MOVED_FROM },
		{ DN_RENAME, NOTIFY_RENAME },
		{ DN_ATTRIB, IN_ATTRIB },
	};
	/* Whatever is asked for, a mark has one bit at least: nobody finds it again otherwise. */
	u32 events = (what & DN_MULTISHOT) | IN_UNMOUNT;

	for (u32 i = 0; i < ARRAY_SIZE(map); i++)
		if (what & map[i].dn)
			events |= map[i].events;
	return events;
}

static bool watch_event(notify_mark_t *m, const notify_event_t *e)
{
	dir_watch_t *w = container_of(m, dir_watch_t, mark);
	bool last = !(READ_ONCE(m->mask) & DN_MULTISHOT);

	if ((e->mask & IN_UNMOUNT) || (last && __atomic_load_n(&m->spent, __ATOMIC_ACQUIRE)))
		return false;
	file_signal(w->file, POLL_MSG, READ_ONCE(w->fd));
	return last;
}

static void watch_detached(notify_mark_t *m)
{
}

static void watch_free(notify_mark_t *m)
{
	kfree(container_of(m, dir_watch_t, mark));
}

static const notify_ops_t watch_operations = {
	.event = watch_event,
	.detached = watch_detached,
	.free = watch_free,
};

static bool is_of(const notify_mark_t *m, const void *owner)
{
	const dir_watch_t *w = container_of(m, dir_watch_t, mark);
	const dir_owner_t *o = owner;

	return w->file == o->file && w->table == o->table;
}

static notify_mark_t *find(const dir_owner_t *o)
{
	return notify_find(o->file->node, &watch_operations, is_of, o);
}

static int add_new(int fd, file_t *f, u32 events)
{
	dir_watch_t *w = kzalloc(sizeof(*w), GFP_KERNEL);
	int r;

	if (!w)
		return -ENOMEM;
	w->file = f;
	w->table = current()->files;
	w->fd = fd;
	r = notify_attach(&w->mark, f->node, events, &watch_operations);
	if (r)
		kfree(w);
	else
		notify_mark_put(&w->mark);
	return r;
}

int dnotify_set(int fd, file_t *f, u32 what)
{
	dir_owner_t owner = { f, current()->files };
	u32 events = events_of(what);
	notify_mark_t *m;
	int r = -ENOENT;

	if (!READ_ONCE(enabled))
		return -EINVAL;
	if (!(what & ~DN_MULTISHOT)) {
		dnotify_flush(f, owner.table);
		return 0;
	}
	if (!S_ISDIR(f->node->mode))
		return -ENOTDIR;
	file_default_owner(f, F_OWNER_PID, current_process()->pid_obj);
	mutex_lock(&dnotify_mutex);
	m = find(&owner);
	if (m) {
		r = notify_change_mask(m, events, true);
		WRITE_ONCE(container_of(m, dir_watch_t, mark)->fd, fd);
		notify_mark_put(m);
	}
	if (r)
		r = add_new(fd, f, events);
	mutex_unlock(&dnotify_mutex);
	/* Closed by another thread meanwhile: that close saw no watch, so nobody would end it. */
	if (!fd_refers_to(fd, f))
		dnotify_flush(f, owner.table);
	return r;
}

void dnotify_flush(file_t *f, const files_t *table)
{
	dir_owner_t owner = { f, table };
	notify_mark_t *m;

	while ((m = find(&owner))) {
		notify_detach(m);
		notify_mark_put(m);
	}
}

__init void dnotify_init(void)
{
	if (proc_sysctl_int("fs/dir-notify-enable", 0644, &enabled, INT32_MIN, INT32_MAX))
		panic("No memory for /proc/sys/fs");
}
