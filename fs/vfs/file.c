/*
 * Open files ("open file descriptions"): allocation, the last put, files without a name.
 *
 * A file is found by descriptor under RCU and counted. The last put runs ops->release, which may
 * sleep, so it must not happen under whatever lock the caller of file_put holds: it is left to the
 * thread itself, before it next goes to user mode (task work); what has no such moment hands it to
 * a worker. close(2) holds nothing and puts at once.
 */
#include "vfs_internal.h"

#include <fs/epoll.h>
#include <fs/notify.h>
#include <kernel/cfi.h>
#include <fs/poll.h>
#include <kernel/lib/printf.h>
#include <kernel/softirq.h>
#include <mm/slab.h>

#define COUNT_BATCH 32

static kmem_cache_t *file_cache;
u64 fs_file_max;
u64 fs_nr_open = 1 << 20;

static atomic64_t files_total; /* without what the CPUs have not added yet */
static DEFINE_PERCPU(s32, files_delta);

static spinlock_t late_lock = SPINLOCK_INIT("late_files"); /* taken with interrupts off */
static thread_work_t *late_first;			   /* late_lock */
static work_t late_work;

static void count_files(s32 delta)
{
	s32 *mine, sum;

	preempt_disable();
	mine = this_cpu_ptr(&files_delta);
	sum = *mine + delta;
	if (unlikely(sum > COUNT_BATCH || sum < -COUNT_BATCH)) {
		atomic64_add(&files_total, sum);
		sum = 0;
	}
	*mine = sum;
	preempt_enable();
}

u64 files_open_count(void)
{
	s64 sum = atomic64_read(&files_total);

	for_each_cpu(cpu)
		sum += READ_ONCE(per_cpu(files_delta, cpu));
	return sum > 0 ? (u64)sum : 0;
}

file_t *file_alloc(void)
{
	file_t *f;

	if (unlikely(atomic64_read(&files_total) >= (s64)fs_file_max) && !capable(CAP_SYS_ADMIN) &&
	    files_open_count() >= fs_file_max)
		return ERR_PTR(-ENFILE);
	f = kmem_cache_alloc(file_cache, GFP_KERNEL | GFP_ZERO);
	if (!f)
		return ERR_PTR(-ENOMEM);
	refcount_set(&f->refs, 1);
	mutex_init(&f->pos_lock);
	spinlock_init(&f->lock);
	spinlock_init(&f->watches_lock);
	f->cred = cred_get(current_cred());
	count_files(1);
	return f;
}

void file_get(file_t *f)
{
	refcount_get(&f->refs);
}

static void free_file(rcu_head_t *head)
{
	kmem_cache_free(file_cache, container_of(head, file_t, rcu));
}

static void release(file_t *f)
{
	might_sleep();
	if (f->mode & FMODE_OPENED)
		notify_file(f, f->mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (!hlist_empty(&f->watches))
		epoll_forget_file(f);
	if (f->node && f->node->locks)
		locks_release_file(f);
	if (f->mode & FMODE_OPENED) {
		if ((f->flags & O_ASYNC) && f->ops->fasync)
			f->ops->fasync(f, false);
		if (f->ops->release)
			f->ops->release(f);
	}
	file_allow_write(f);
	if (f->mode & FMODE_WRITER) {
		node_put_write(f->node);
		atomic_dec(&f->path.mount->writers);
	}
	if (f->mode & FMODE_READER)
		atomic_dec(&f->node->readers);
	if (f->owner)
		file_release_owner(f);
	path_put(&f->path);
	cred_put(f->cred);
	count_files(-1);
	call_rcu(&f->rcu, free_file);
}

static void release_work(thread_work_t *work)
{
	release(container_of(work, file_t, work));
}

static void release_late(work_t *work)
{
	unsigned long flags;

	for (;;) {
		void (*function)(thread_work_t *);
		thread_work_t *w;

		spin_lock_irqsave(&late_lock, &flags);
		w = late_first;
		if (w)
			late_first = w->next;
		spin_unlock_irqrestore(&late_lock, flags);
		if (!w)
			return;
		function = READ_ONCE(w->function);
		CODE_CHECK(function, w->hash);
		function(w);
	}
}

void close_later(thread_work_t *w)
{
	unsigned long flags;

	if (!in_interrupt() && !current()->process->kernel && thread_work_add(current(), w))
		return;
	spin_lock_irqsave(&late_lock, &flags);
	w->next = late_first;
	late_first = w;
	spin_unlock_irqrestore(&late_lock, flags);
	schedule_work(&late_work);
}

void file_put(file_t *f)
{
	if (likely(!refcount_put(&f->refs)))
		return;
	thread_work_init(&f->work, release_work);
	close_later(&f->work);
}

void file_put_now(file_t *f)
{
	if (refcount_put(&f->refs))
		release(f);
}

/* ---- files without a name ---- */

static const node_operations_t anonymous_node_operations;

static int show_anonymous(dentry_t *d, char *buf, size_t size)
{
	if (S_ISFIFO(d->node->mode) || S_ISSOCK(d->node->mode))
		return snprintf(buf, size, "%s:[%lu]", d->name, d->node->ino);
	return snprintf(buf, size, "%s", d->name);
}

static const dentry_operations_t anonymous_dentry_operations = { .show_name = show_anonymous };

mount_t *super_kernel_mount(super_block_t *sb, const char *name)
{
	mount_t *m = __atomic_load_n(&sb->nameless, __ATOMIC_ACQUIRE);

	if (unlikely(!m)) {
		mount_t *made = mount_alloc(sb, sb->root, name, MNT_NOATIME);

		if (!made)
			return NULL;
		if (__atomic_compare_exchange_n(&sb->nameless, &m, made, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			m = made;
		else
			mount_put(made);
	}
	mount_get(m);
	return m;
}

static int nameless_path(path_t *out, vfs_node_t *node, const char *name,
			 const dentry_operations_t *ops)
{
	mount_t *m = super_kernel_mount(node->sb, name);
	dentry_t *d;

	if (!m)
		return -ENOMEM;
	d = dentry_make_single(node, name);
	if (!d) {
		mount_put(m);
		return -ENOMEM;
	}
	d->ops = ops;
	node_get(node);
	*out = (path_t){ m, d };
	return 0;
}

file_t *file_create_nameless(vfs_node_t *node, const char *name, const dentry_operations_t *ops,
			     u32 flags)
{
	path_t path;
	file_t *f;
	int r = nameless_path(&path, node, name, ops);

	if (r)
		return ERR_PTR(r);
	f = file_open_path(&path, (int)flags, current_cred());
	path_put(&path);
	/* Not a writer against execution: who has just written a nameless program may run it. */
	if (!IS_ERR(f) && (f->mode & FMODE_WRITER)) {
		f->mode &= ~FMODE_WRITER;
		node_put_write(node);
		atomic_dec(&f->path.mount->writers);
	}
	return f;
}

static file_t *anonymous_file(vfs_node_t *node, const char *name, const file_operations_t *ops,
			      void *private_data, u32 mode, u32 flags)
{
	file_t *f = file_alloc();
	int r;

	if (IS_ERR(f))
		return f;
	r = nameless_path(&f->path, node, name, &anonymous_dentry_operations);
	if (r) {
		file_put_now(f);
		return ERR_PTR(r);
	}
	f->node = node;
	f->ops = ops;
	f->private_data = private_data;
	f->mode = mode | FMODE_OPENED | FMODE_ANON | (ops->llseek ? FMODE_LSEEK : FMODE_STREAM);
	f->flags = flags;
	return f;
}

static vfs_node_t *anonymous_node(mode_t mode)
{
	vfs_node_t *n = alloc_inode(anonymous_super());

	if (!n)
		return NULL;
	n->ops = &anonymous_node_operations;
	if (mode & S_IFMT)
		node_init_owner(n, NULL, mode);
	else { /* neither pipe nor socket: the kernel's, and opened by it alone */
		n->mode = mode;
		n->fops = &special_operations;
	}
	n->state |= NODE_PRIVATE_ATIME;
	return n;
}

file_t *file_create_anon(const char *name, const file_operations_t *ops, void *private_data,
			 u32 flags)
{
	vfs_node_t *node = anonymous_node(0600);
	u32 mode = (flags & O_ACCMODE) == O_WRONLY ? FMODE_WRITE
		   : (flags & O_ACCMODE) == O_RDWR ? FMODE_READ | FMODE_WRITE
						   : FMODE_READ;
	file_t *f;

	if (!node)
		return ERR_PTR(-ENOMEM);
	f = anonymous_file(node, name, ops, private_data, mode, flags);
	node_put(node);
	return f;
}

int file_create_pipe_pair(const file_operations_t *ops, void *private_data, u32 flags,
			  file_t *ends[2])
{
	vfs_node_t *node = anonymous_node(S_IFIFO | 0600);
	int r = 0;

	if (!node)
		return -ENOMEM;
	ends[0] = anonymous_file(node, "pipe", ops, private_data, FMODE_READ, O_RDONLY | flags);
	if (IS_ERR(ends[0])) {
		r = (int)PTR_ERR(ends[0]);
		goto out_put;
	}
	ends[1] = anonymous_file(node, "pipe", ops, private_data, FMODE_WRITE, O_WRONLY | flags);
	if (IS_ERR(ends[1])) {
		r = (int)PTR_ERR(ends[1]);
		/* Not a pipe yet: its release is not owed. */
		ends[0]->mode &= ~FMODE_OPENED;
		file_put_now(ends[0]);
	}
out_put:
	node_put(node);
	return r;
}

file_t *file_create_socket(const file_operations_t *ops, void *private_data, u32 flags)
{
	vfs_node_t *node = anonymous_node(S_IFSOCK | 0777);
	file_t *f;

	if (!node)
		return ERR_PTR(-ENOMEM);
	node->atime = node->mtime = node->ctime = 0;
	node_init_special(node, 0); /* it cannot be opened again through /proc/PID/fd */
	f = anonymous_file(node, "socket", ops, private_data, FMODE_READ | FMODE_WRITE,
			   O_RDWR | flags);
	node_put(node);
	return f;
}

__init void file_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(file_t), 0, SLAB_CACHE_ALIGN, NULL);
	work_init(&late_work, release_late);
	/* A tenth of memory at a kilobyte a file, as Linux reckons. */
	fs_file_max = MAX(total_page_count() * (PAGE_SIZE / 1024) / 10, (u64)8192);
}
