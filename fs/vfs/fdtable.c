/*
 * Descriptor tables.
 *
 * Concepts. files_t is shared by the threads of clone(CLONE_FILES). It points to a table of slots
 * that is replaced by one twice as large when it is full. Three bitmaps: `open` (number in use,
 * maybe only reserved), `cloexec`, and `full`, which has a bit for each full word of `open`; so the
 * lowest free number is found by looking at two words, mostly.
 *
 * Reading. A thread that is the only user of its table reads slots without more ado: nobody else
 * can close them while it is inside a call (fd_get_light). Otherwise slots are read under RCU, the
 * reference is taken unless it was zero, and the slot is read again.
 *
 * Locking. files->lock: slots and bitmaps change. Tables are freed after a grace period.
 */
#include "vfs_internal.h"

#include <fs/notify.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define FIRST_SIZE 64

typedef struct fdtable {
	u32 size;			      /* (c) slots; a multiple of 64 */
	file_t **slots;			      /* files->lock; readable under RCU */
	unsigned long *open, *cloexec, *full; /* files->lock */
	rcu_head_t rcu;
} fdtable_t;

struct files {
	refcount_t refs;
	spinlock_t lock;
	fdtable_t *table; /* lock; readable under RCU */
	u32 next_fd;	  /* lock: no number below is free */
	fdtable_t first;  /* what small programs get along with */
	file_t *first_slots[FIRST_SIZE];
	unsigned long first_bits[3];
	thread_work_t work; /* refs 0 */
};

static kmem_cache_t *files_cache;

/* ---- tables ---- */

static fdtable_t *table_alloc(u32 size)
{
	size_t words = size / 64, full_words = BITMAP_WORDS(words);
	fdtable_t *t = kmalloc(sizeof(*t), GFP_KERNEL);
	char *mem;

	if (!t)
		return NULL;
	mem = kvmalloc(size * sizeof(file_t *) + (2 * words + full_words) * sizeof(long),
		       GFP_KERNEL | GFP_ZERO);
	if (!mem) {
		kfree(t);
		return NULL;
	}
	t->size = size;
	t->slots = (file_t **)mem;
	t->open = (unsigned long *)(t->slots + size);
	t->cloexec = t->open + words;
	t->full = t->cloexec + words;
	return t;
}

/* Any context. */
static void table_free(fdtable_t *t)
{
	kvfree_atomic(t->slots);
	kfree(t);
}

static void table_free_rcu(rcu_head_t *head)
{
	table_free(container_of(head, fdtable_t, rcu));
}

static files_t *files_alloc(void)
{
	files_t *f = kmem_cache_alloc(files_cache, GFP_KERNEL | GFP_ZERO);

	if (!f)
		return NULL;
	refcount_set(&f->refs, 1);
	spinlock_init(&f->lock);
	f->first.size = FIRST_SIZE;
	f->first.slots = f->first_slots;
	f->first.open = &f->first_bits[0];
	f->first.cloexec = &f->first_bits[1];
	f->first.full = &f->first_bits[2];
	f->table = &f->first;
	return f;
}

files_t *files_create(void)
{
	return files_alloc();
}

static void copy_bits(fdtable_t *to, const fdtable_t *from, u32 count)
{
	memcpy(to->open, from->open, count / 8);
	memcpy(to->cloexec, from->cloexec, count / 8);
	for (u32 w = 0; w < count / 64; w++)
		if (to->open[w] == ~0UL)
			bitmap_set(to->full, w);
}

static u32 used_size(const fdtable_t *t)
{
	u32 words = t->size / 64;

	while (words > 1 && !t->open[words - 1])
		words--;
	return words * 64;
}

static void mark_open(fdtable_t *t, u32 fd, bool cloexec)
{
	bitmap_set(t->open, fd);
	if (cloexec)
		bitmap_set(t->cloexec, fd);
	else
		bitmap_clear(t->cloexec, fd);
	if (t->open[fd / 64] == ~0UL)
		bitmap_set(t->full, fd / 64);
}

static void mark_free(files_t *f, u32 fd)
{
	fdtable_t *t = f->table;

	bitmap_clear(t->open, fd);
	bitmap_clear(t->full, fd / 64);
	if (fd < f->next_fd)
		f->next_fd = fd;
}

files_t *files_copy(files_t *from)
{
	files_t *f = files_alloc();
	fdtable_t *t, *old;
	u32 size;

	if (!f)
		return NULL;
	for (;;) {
		spin_lock(&from->lock);
		old = from->table;
		size = used_size(old);
		t = f->table;
		if (size <= t->size)
			break;
		spin_unlock(&from->lock);
		if (t != &f->first)
			table_free(t);
		f->table = &f->first;
		t = table_alloc(size);
		if (!t) {
			kmem_cache_free(files_cache, f);
			return NULL;
		}
		f->table = t;
	}
	copy_bits(t, old, size);
	f->next_fd = from->next_fd;
	for (u32 fd = 0; fd < size; fd++) {
		file_t *file = old->slots[fd];

		if (file) {
			file_get(file);
			t->slots[fd] = file;
		} else if (bitmap_test(t->open, fd)) {
			/* Reserved by another thread of the parent: not ours. */
			bitmap_clear(t->cloexec, fd);
			mark_free(f, fd);
		}
	}
	spin_unlock(&from->lock);
	return f;
}

void files_get(files_t *f)
{
	refcount_get(&f->refs);
}

static int close_file(files_t *files, file_t *f)
{
	int r = 0;

	if (!(f->mode & FMODE_PATH)) {
		if (f->ops->flush)
			r = f->ops->flush(f);
		if (unlikely(READ_ONCE(f->node->watch_mask)))
			dnotify_flush(f, files);
		if (f->node->locks)
			locks_release_posix(f, files);
	}
	file_put_now(f);
	return r;
}

static void close_all(files_t *f)
{
	fdtable_t *t = f->table;

	for (u32 w = 0; w < t->size / 64; w++)
		for (unsigned long bits = t->open[w]; bits; bits &= bits - 1) {
			file_t *file = t->slots[w * 64 + (u32)__builtin_ctzl(bits)];

			if (file)
				close_file(f, file);
		}
	if (t != &f->first)
		table_free(t);
	kmem_cache_free(files_cache, f);
}

static void close_all_work(thread_work_t *work)
{
	close_all(container_of(work, files_t, work));
}

void files_put_now(files_t *f)
{
	if (refcount_put(&f->refs))
		close_all(f);
}

void files_put(files_t *f)
{
	if (!refcount_put(&f->refs))
		return;
	thread_work_init(&f->work, close_all_work);
	close_later(&f->work);
}

/* Makes room for number fd. lock held; dropped meanwhile. 0, -EMFILE, -ENOMEM. */
static int grow_locked(files_t *f, u32 fd)
{
	while (fd >= f->table->size) {
		fdtable_t *old = f->table, *t;
		u32 size = old->size;

		if (fd >= fs_nr_open)
			return -EMFILE;
		while (size <= fd)
			size *= 2;
		spin_unlock(&f->lock);
		t = table_alloc(size);
		spin_lock(&f->lock);
		if (!t)
			return -ENOMEM;
		old = f->table;
		if (fd < old->size) { /* another thread was faster */
			table_free(t);
			break;
		}
		copy_bits(t, old, old->size);
		memcpy(t->slots, old->slots, old->size * sizeof(file_t *));
		rcu_assign_pointer(f->table, t);
		if (old != &f->first)
			call_rcu(&old->rcu, table_free_rcu);
	}
	return 0;
}

/* ---- numbers ---- */

static u32 find_free(const fdtable_t *t, u32 from)
{
	u32 word = from / 64;
	unsigned long free;

	if (from >= t->size)
		return from;
	free = ~t->open[word] & (~0UL << (from % 64));
	if (!free) {
		word = (u32)bitmap_find_next_zero(t->full, t->size / 64, word + 1);
		if (word >= t->size / 64)
			return t->size;
		free = ~t->open[word];
	}
	return word * 64 + (u32)__builtin_ctzl(free);
}

int fd_reserve(int min, bool cloexec)
{
	files_t *f = current()->files;
	u64 limit = rlimit(RLIMIT_NOFILE);
	u32 fd;
	int r;

	spin_lock(&f->lock);
	for (;;) {
		fd = find_free(f->table, MAX((u32)min, f->next_fd));
		if (fd >= limit) {
			r = -EMFILE;
			goto out_unlock;
		}
		if (fd < f->table->size)
			break;
		r = grow_locked(f, fd);
		if (r)
			goto out_unlock;
	}
	if ((u32)min <= f->next_fd)
		f->next_fd = fd + 1;
	mark_open(f->table, fd, cloexec);
	r = (int)fd;
out_unlock:
	spin_unlock(&f->lock);
	return r;
}

void fd_install(int fd, file_t *file)
{
	files_t *f = current()->files;

	spin_lock(&f->lock);
	rcu_assign_pointer(f->table->slots[fd], file);
	spin_unlock(&f->lock);
}

void fd_unreserve(int fd)
{
	files_t *f = current()->files;

	spin_lock(&f->lock);
	mark_free(f, (u32)fd);
	spin_unlock(&f->lock);
}

int fd_give(file_t *f, bool cloexec)
{
	int fd;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	fd = fd_reserve(0, cloexec);
	if (fd < 0)
		file_put_now(f);
	else
		fd_install(fd, f);
	return fd;
}

/* lock held. The file of the slot, which becomes free; NULL when there was none. */
static file_t *take_locked(files_t *f, u32 fd)
{
	fdtable_t *t = f->table;
	file_t *file;

	if (fd >= t->size)
		return NULL;
	file = t->slots[fd];
	if (file) {
		rcu_assign_pointer(t->slots[fd], NULL);
		mark_free(f, fd);
	}
	return file;
}

int fd_close(int fd)
{
	files_t *f = current()->files;
	file_t *file;

	spin_lock(&f->lock);
	file = take_locked(f, (u32)fd);
	spin_unlock(&f->lock);
	return file ? close_file(f, file) : -EBADF;
}

int fd_dup(file_t *file, int min, bool cloexec)
{
	int fd = fd_reserve(min, cloexec);

	if (fd >= 0) {
		file_get(file);
		fd_install(fd, file);
	}
	return fd;
}

int files_dup_to(file_t *file, int fd, bool cloexec)
{
	files_t *f = current()->files;
	file_t *old = NULL;
	int r;

	if ((u64)(u32)fd >= rlimit(RLIMIT_NOFILE)) {
		r = -EBADF;
		goto out_put;
	}
	spin_lock(&f->lock);
	r = grow_locked(f, (u32)fd);
	if (!r) {
		old = f->table->slots[fd];
		/* Reserved by an open(2) that is under way. */
		if (!old && bitmap_test(f->table->open, (u32)fd))
			r = -EBUSY;
	}
	if (!r) {
		mark_open(f->table, (u32)fd, cloexec);
		rcu_assign_pointer(f->table->slots[fd], file);
	}
	spin_unlock(&f->lock);
	if (!r) {
		if (old)
			close_file(f, old);
		return fd;
	}
	if (r == -EMFILE)
		r = -EBADF;
out_put:
	file_put(file);
	return r;
}

/* ---- looking up ---- */

static file_t *slot_rcu(files_t *f, u32 fd)
{
	fdtable_t *t = rcu_dereference(f->table);

	return fd < t->size ? rcu_dereference(t->slots[fd]) : NULL;
}

static file_t *get_shared(files_t *f, u32 fd)
{
	file_t *file;

	rcu_read_lock();
	for (;;) {
		file = slot_rcu(f, fd);
		if (!file)
			break;
		if (refcount_get_unless_zero(&file->refs)) {
			if (likely(slot_rcu(f, fd) == file))
				break;
			/* Closed and perhaps already another file. */
			file_put(file);
		}
	}
	rcu_read_unlock();
	return file;
}

static fd_light_t light_shared(files_t *f, u32 fd)
{
	file_t *file = get_shared(f, fd);

	return (fd_light_t){ .file = file, .flags = file ? FD_LIGHT_PUT : 0 };
}

static inline fd_light_t light_raw(int fd)
{
	files_t *f = current()->files;
	fdtable_t *t;

	if (unlikely(refcount_read(&f->refs) != 1))
		return light_shared(f, (u32)fd);
	/* Not before: the last other user may have replaced it just before it left. */
	t = READ_ONCE(f->table);
	return (fd_light_t){ .file = (u32)fd < t->size ? t->slots[(u32)fd] : NULL };
}

fd_light_t fd_get_light_raw(int fd)
{
	return light_raw(fd);
}

fd_light_t fd_get_light(int fd)
{
	fd_light_t l = light_raw(fd);

	if (likely(!l.file || !(l.file->mode & FMODE_PATH)))
		return l;
	fd_put_light(l);
	return (fd_light_t){ 0 };
}

fd_light_t fd_get_pos(int fd)
{
	fd_light_t l = fd_get_light(fd);

	/* Alone with the file, nobody else can move the position. */
	if (l.file && (l.file->mode & FMODE_ATOMIC_POS) && refcount_read(&l.file->refs) > 1) {
		mutex_lock(&l.file->pos_lock);
		l.flags |= FD_LIGHT_UNLOCK_POS;
	}
	return l;
}

void fd_put_light_slow(fd_light_t l)
{
	if (l.flags & FD_LIGHT_UNLOCK_POS)
		mutex_unlock(&l.file->pos_lock);
	if (l.flags & FD_LIGHT_PUT)
		file_put(l.file);
}

file_t *fd_get_raw(int fd)
{
	fd_light_t l = fd_get_light_raw(fd);

	if (l.file && !(l.flags & FD_LIGHT_PUT))
		file_get(l.file);
	return l.file;
}

file_t *fd_get(int fd)
{
	file_t *f = fd_get_raw(fd);

	if (f && (f->mode & FMODE_PATH)) {
		file_put(f);
		return NULL;
	}
	return f;
}

bool fd_refers_to(int fd, const file_t *file)
{
	files_t *f = current()->files;
	bool same;

	spin_lock(&f->lock);
	same = (u32)fd < f->table->size && f->table->slots[fd] == file;
	spin_unlock(&f->lock);
	return same;
}

/* ---- close-on-exec, ranges, others' tables ---- */

void fd_set_cloexec(int fd, bool on)
{
	files_t *f = current()->files;

	spin_lock(&f->lock);
	if ((u32)fd < f->table->size) {
		if (on)
			bitmap_set(f->table->cloexec, (u32)fd);
		else
			bitmap_clear(f->table->cloexec, (u32)fd);
	}
	spin_unlock(&f->lock);
}

bool fd_get_cloexec(int fd)
{
	files_t *f = current()->files;
	bool on;

	spin_lock(&f->lock);
	on = (u32)fd < f->table->size && bitmap_test(f->table->cloexec, (u32)fd);
	spin_unlock(&f->lock);
	return on;
}

void files_close_on_exec(files_t *f)
{
	spin_lock(&f->lock);
	for (u32 w = 0; w < f->table->size / 64; w++) {
		unsigned long bits = f->table->cloexec[w] & f->table->open[w];

		f->table->cloexec[w] = 0;
		for (; bits; bits &= bits - 1) {
			file_t *file = take_locked(f, w * 64 + (u32)__builtin_ctzl(bits));

			if (!file)
				continue;
			spin_unlock(&f->lock);
			close_file(f, file);
			spin_lock(&f->lock);
		}
	}
	spin_unlock(&f->lock);
}

files_t *files_unshare_if_needed(struct thread *t)
{
	files_t *old = t->files, *f;
	unsigned long flags;

	if (refcount_read(&old->refs) == 1)
		return old;
	f = files_copy(old);
	if (!f)
		return NULL;
	if (process_lock_sighand(t->process, &flags)) {
		t->files = f;
		process_unlock_sighand(t->process, flags);
	}
	files_put_now(old);
	return f;
}

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

int files_close_range(u32 first, u32 last, u32 flags)
{
	files_t *f = current()->files;

	if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		f = files_unshare_if_needed(current());
		if (!f)
			return -ENOMEM;
	}
	spin_lock(&f->lock);
	for (u64 fd = first; fd <= last && fd < f->table->size; fd++) {
		file_t *file;

		if (flags & CLOSE_RANGE_CLOEXEC) {
			bitmap_set(f->table->cloexec, fd);
			continue;
		}
		file = take_locked(f, (u32)fd);
		if (!file)
			continue;
		spin_unlock(&f->lock);
		close_file(f, file);
		spin_lock(&f->lock);
	}
	spin_unlock(&f->lock);
	return 0;
}

file_t *files_next(files_t *f, int *fd, bool *cloexec)
{
	file_t *file = NULL;
	u32 i;

	spin_lock(&f->lock);
	for (i = (u32)*fd; i < f->table->size; i++) {
		file = f->table->slots[i];
		if (file)
			break;
	}
	if (file) {
		file_get(file);
		*cloexec = bitmap_test(f->table->cloexec, i);
		*fd = (int)i;
	}
	spin_unlock(&f->lock);
	return file;
}

files_t *thread_files_get(struct thread *t)
{
	files_t *f = NULL;
	unsigned long flags;

	if (!process_lock_sighand(t->process, &flags))
		return NULL;
	if (t->files) {
		f = t->files;
		files_get(f);
	}
	process_unlock_sighand(t->process, flags);
	return f;
}

__init void files_init(void)
{
	files_cache = kmem_cache_create("files", sizeof(files_t), 0, SLAB_CACHE_ALIGN, NULL);
	current()->files = files_alloc();
	if (!current()->files)
		panic("no memory for the first descriptor table");
}

u32 files_size(files_t *f)
{
	u32 size;

	spin_lock(&f->lock);
	size = f->table->size;
	spin_unlock(&f->lock);
	return size;
}
