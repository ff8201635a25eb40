/*
 * Advisory locks (fcntl(2), flock(2)).
 *
 * Concepts. A record lock is a closed interval of bytes owned by a descriptor table (process locks)
 * or by an open file (OFD locks). An owner's locks never overlap each other: setting one cuts,
 * splits or joins those that are there. flock locks are owned by an open file and cover it whole;
 * the two kinds do not see each other.
 *
 * Waiting. Whoever must wait sleeps on the node's queue and tries again when anything was released
 * there. A process that waits for a record lock is entered in the list of waits (owner, owner it
 * waits for); following those from the holder and coming back to oneself is a deadlock.
 *
 * Locking. locks->mutex: the lists of a node. all_lock, a spinlock inside it: the list of all
 * locks, for /proc/locks.
 * waits_lock: the list of waits.
 */
#include "locks_internal.h"

#include <mm/slab.h>

/* A longer chain of waits is taken for no deadlock. */
#define CHAIN_MAX 10

static spinlock_t all_lock = SPINLOCK_INIT("all_file_locks");
static list_t all_locks = LIST_INIT(all_locks);

typedef struct lock_wait {
	list_t link; /* waits_lock */
	const void *owner, *holder;
} lock_wait_t;
static spinlock_t waits_lock = SPINLOCK_INIT("lock_waits");
static list_t waits = LIST_INIT(waits);

file_locks_t *locks_of(vfs_node_t *n)
{
	file_locks_t *l = __atomic_load_n(&n->locks, __ATOMIC_ACQUIRE), *none = NULL;

	if (l)
		return l;
	l = kzalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return NULL;
	mutex_init(&l->mutex);
	list_init(&l->records);
	list_init(&l->flocks);
	list_init(&l->leases);
	init_waitqueue_head(&l->wait);
	if (__atomic_compare_exchange_n(&n->locks, &none, l, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return l;
	kfree(l);
	return none;
}

void lock_add(list_t *list, file_lock_t *l)
{
	list_add_tail(&l->link, list);
	spin_lock(&all_lock);
	list_add_tail(&l->all_link, &all_locks);
	spin_unlock(&all_lock);
}

void lock_unlink(file_lock_t *l)
{
	list_del(&l->link);
	spin_lock(&all_lock);
	list_del(&l->all_link);
	spin_unlock(&all_lock);
}

static void free_lock(file_lock_t *l)
{
	lock_unlink(l);
	kfree(l);
}

void locks_released(file_locks_t *locks)
{
	__atomic_fetch_add(&locks->released, 1, __ATOMIC_SEQ_CST);
	wake_up_all(&locks->wait);
}

/* ---- records ---- */

static bool overlap(const file_lock_t *a, const file_lock_t *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static file_lock_t *find_conflict(file_locks_t *locks, const file_lock_t *want)
{
	file_lock_t *l;

	list_for_each_entry(l, &locks->records, link)
		if (l->owner != want->owner && overlap(l, want) &&
		    (l->type == F_WRLCK || want->type == F_WRLCK))
			return l;
	return NULL;
}

static bool adjacent(const file_lock_t *a, const file_lock_t *b)
{
	return (a->end != END_OF_FILE && a->end + 1 == b->start) ||
	       (b->end != END_OF_FILE && b->end + 1 == a->start);
}

/*
 * Makes the owner's locks as `want` says. want and spare are allocated; what is not used is freed.
 */
static void apply(file_locks_t *locks, file_lock_t *want, file_lock_t *spare)
{
	file_lock_t *l, *next;
	bool freed = false;

	list_for_each_entry_safe(l, next, &locks->records, link) {
		if (l->owner != want->owner)
			continue;
		if (l->type == want->type) {
			if (!overlap(l, want) && !adjacent(l, want))
				continue;
			want->start = MIN(want->start, l->start);
			want->end = MAX(want->end, l->end);
			free_lock(l);
			continue;
		}
		if (!overlap(l, want))
			continue;
		freed = true;
		if (l->start < want->start && l->end > want->end) {
			*spare = *l;
			spare->start = want->end + 1;
			l->end = want->start - 1;
			lock_add(&locks->records, spare);
			spare = NULL;
		} else if (l->start < want->start) {
			l->end = want->start - 1;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
		} else {
			free_lock(l);
		}
	}
	if (want->type == F_UNLCK)
		kfree(want);
	else
		lock_add(&locks->records, want);
	kfree(spare);
	if (freed)
		locks_released(locks);
}

/* waits_lock held: does `holder` wait, through others, for `owner`? */
static bool would_deadlock(const void *owner, const void *holder)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		lock_wait_t *w, *found = NULL;

		list_for_each_entry(w, &waits, link)
			if (w->owner == holder)
				found = w;
		if (!found)
			return false;
		if (found->holder == owner)
			return true;
		holder = found->holder;
	}
	return false;
}

/*
 * Waits for the holder to let go of something. 0, -EDEADLK, -ERESTARTSYS. The mutex is dropped
 * meanwhile.
 */
static int wait_for_release(file_locks_t *locks, const file_lock_t *want, const void *holder)
{
	lock_wait_t w = { .owner = want->owner, .holder = holder };
	bool checked = want->kind == KIND_POSIX, deadlock = false;
	u64 seen = READ_ONCE(locks->released);
	int r;

	if (checked) {
		spin_lock(&waits_lock);
		deadlock = would_deadlock(w.owner, w.holder);
		if (!deadlock)
			list_add_tail(&w.link, &waits);
		spin_unlock(&waits_lock);
	}
	if (deadlock)
		return -EDEADLK;
	mutex_unlock(&locks->mutex);
	r = wait_event_interruptible(&locks->wait, READ_ONCE(locks->released) != seen);
	if (checked) {
		spin_lock(&waits_lock);
		list_del(&w.link);
		spin_unlock(&waits_lock);
	}
	mutex_lock(&locks->mutex);
	return r;
}

static int to_range(file_t *f, const struct flock *fl, file_lock_t *out)
{
	s64 base, start;

	switch (fl->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		base = (s64)f->node->data->size;
		break;
	default:
		return -EINVAL;
	}
	if (fl->l_start > INT64_MAX - base)
		return -EOVERFLOW;
	start = base + fl->l_start;
	if (start < 0)
		return -EINVAL;
	out->start = start;
	out->end = END_OF_FILE;
	if (fl->l_len > 0) {
		if (fl->l_len - 1 > INT64_MAX - start)
			return -EOVERFLOW;
		out->end = start + fl->l_len - 1;
	} else if (fl->l_len < 0) {
		if (start + fl->l_len < 0)
			return -EINVAL;
		out->end = start - 1;
		out->start = start + fl->l_len;
	}
	return 0;
}

static int to_request(file_t *f, bool ofd, const struct flock *fl, file_lock_t *out)
{
	if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK && fl->l_type != F_UNLCK)
		return -EINVAL;
	if (ofd && fl->l_pid)
		return -EINVAL;
	out->type = fl->l_type;
	out->kind = ofd ? KIND_OFD : KIND_POSIX;
	out->owner = ofd ? (const void *)f : (const void *)current()->files;
	out->pid = ofd ? -1 : current_process()->pid;
	out->node = f->node;
	return to_range(f, fl, out);
}

int file_lock_get(file_t *f, bool ofd, struct flock *fl)
{
	file_lock_t want = { 0 }, *l;
	file_locks_t *locks;
	int r;

	if (fl->l_type == F_UNLCK)
		return -EINVAL;
	r = to_request(f, ofd, fl, &want);
	if (r)
		return r;
	locks = __atomic_load_n(&f->node->locks, __ATOMIC_ACQUIRE);
	fl->l_type = F_UNLCK;
	if (!locks)
		return 0;
	mutex_lock(&locks->mutex);
	l = find_conflict(locks, &want);
	if (l) {
		fl->l_type = (int16_t)l->type;
		fl->l_whence = SEEK_SET;
		fl->l_start = l->start;
		fl->l_len = l->end == END_OF_FILE ? 0 : l->end - l->start + 1;
		fl->l_pid = l->pid;
	}
	mutex_unlock(&locks->mutex);
	return 0;
}

int file_lock_set(file_t *f, bool ofd, const struct flock *fl, bool wait)
{
	file_lock_t *want = kzalloc(sizeof(*want), GFP_KERNEL);
	file_lock_t *spare = kzalloc(sizeof(*spare), GFP_KERNEL), *l;
	file_locks_t *locks;
	int r = -ENOLCK;

	if (!want || !spare)
		goto out_free;
	r = to_request(f, ofd, fl, want);
	if (r)
		goto out_free;
	r = -EBADF;
	if ((want->type == F_RDLCK && !(f->mode & FMODE_READ)) ||
	    (want->type == F_WRLCK && !(f->mode & FMODE_WRITE)))
		goto out_free;
	r = -ENOLCK;
	locks = locks_of(f->node);
	if (!locks)
		goto out_free;
	mutex_lock(&locks->mutex);
	r = 0;
	while (!r && want->type != F_UNLCK && (l = find_conflict(locks, want)))
		r = wait ? wait_for_release(locks, want, l->owner) : -EAGAIN;
	if (!r) {
		apply(locks, want, spare);
		mutex_unlock(&locks->mutex);
		return 0;
	}
	mutex_unlock(&locks->mutex);
out_free:
	kfree(want);
	kfree(spare);
	return r;
}

/* ---- flock ---- */

static bool flock_conflict(file_locks_t *locks, const file_lock_t *want)
{
	file_lock_t *l;

	list_for_each_entry(l, &locks->flocks, link)
		if (l->owner != want->owner && (l->type == F_WRLCK || want->type == F_WRLCK))
			return true;
	return false;
}

/* The file's lock unless it is of this type; true when it is. */
static bool let_go_of_other(file_locks_t *locks, const void *owner, int type)
{
	file_lock_t *l;

	list_for_each_entry(l, &locks->flocks, link) {
		if (l->owner != owner)
			continue;
		if (l->type == type)
			return true;
		free_lock(l);
		locks_released(locks);
		break;
	}
	return false;
}

int file_flock(file_t *f, u32 operation)
{
	u32 op = operation & ~(u32)LOCK_NB;
	file_locks_t *locks;
	file_lock_t *want;
	int r = 0;

	if (op != LOCK_UN && !(f->mode & (FMODE_READ | FMODE_WRITE)))
		return -EBADF;
	want = kzalloc(sizeof(*want), GFP_KERNEL);
	locks = locks_of(f->node);
	if (!want || !locks) {
		kfree(want);
		return -ENOLCK;
	}
	*want = (file_lock_t){ .kind = KIND_FLOCK,
			       .owner = f,
			       .node = f->node,
			       .pid = current_process()->pid,
			       .type = op == LOCK_SH   ? F_RDLCK
				       : op == LOCK_EX ? F_WRLCK
						       : F_UNLCK,
			       .end = END_OF_FILE };
	mutex_lock(&locks->mutex);
	do {
		/* After each wait: another thread may have locked the same file meanwhile. */
		if (let_go_of_other(locks, f, want->type) || op == LOCK_UN)
			break;
		if (!flock_conflict(locks, want)) {
			lock_add(&locks->flocks, want);
			want = NULL;
			break;
		}
		r = operation & LOCK_NB ? -EWOULDBLOCK : wait_for_release(locks, want, NULL);
	} while (!r);
	mutex_unlock(&locks->mutex);
	kfree(want);
	return r;
}

/* ---- release ---- */

static void drop_owner(file_locks_t *locks, list_t *list, const void *owner)
{
	file_lock_t *l, *next;
	bool any = false;

	mutex_lock(&locks->mutex);
	list_for_each_entry_safe(l, next, list, link)
		if (l->owner == owner) {
			free_lock(l);
			any = true;
		}
	if (any)
		locks_released(locks);
	mutex_unlock(&locks->mutex);
}

void locks_release_posix(file_t *f, const void *owner)
{
	drop_owner(f->node->locks, &f->node->locks->records, owner);
}

void file_lock_forget(file_t *f)
{
	if (f->node->locks)
		locks_release_posix(f, current()->files);
}

void locks_release_file(file_t *f)
{
	drop_owner(f->node->locks, &f->node->locks->records, f);
	drop_owner(f->node->locks, &f->node->locks->flocks, f);
	lease_release(f->node->locks, f);
}

void locks_free(vfs_node_t *n)
{
	kfree(n->locks);
}

int locks_show(seq_file_t *m)
{
	static const char *const kinds[] = { "POSIX ", "OFDLCK", "FLOCK " };
	file_lock_t *l;
	u32 i = 1;

	spin_lock(&all_lock);
	list_for_each_entry(l, &all_locks, all_link) {
		seq_printf(m, "%u: ", i++);
		if (l->kind == KIND_LEASE)
			lease_show(m, l);
		else
			seq_printf(m, "%s ADVISORY  %s ", kinds[l->kind],
				   l->type == F_WRLCK ? "WRITE" : "READ ");
		seq_printf(m, "%d %02x:%02x:%lu %ld ", l->pid, dev_major(l->node->sb->dev),
			   dev_minor(l->node->sb->dev), l->node->ino, l->start);
		if (l->end == END_OF_FILE)
			seq_puts(m, "EOF\n");
		else
			seq_printf(m, "%ld\n", l->end);
	}
	spin_unlock(&all_lock);
	return 0;
}
