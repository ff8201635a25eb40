/*
 * Root, working directory and umask of a thread, shared by clone(CLONE_FS).
 *
 * The lock guards the two paths; the sequence lets path walks under RCU copy them without it.
 * Kernel threads have no context of their own: they see the root of the initial namespace.
 */
#include "vfs_internal.h"

#include <mm/slab.h>

static spinlock_t all_lock = SPINLOCK_INIT("fs_contexts"); /* before a context's lock */
static list_t all_contexts = LIST_INIT(all_contexts); /* all_lock: pivot_root looks through them */

static fs_context_t initial = { .refs = REFCOUNT_INIT(1),
				.lock = SPINLOCK_INIT("initial_fs"),
				.umask = 0022 };

static fs_context_t *mine(void)
{
	fs_context_t *f = current()->fs;

	return likely(f) ? f : &initial;
}

mode_t current_umask(void)
{
	return READ_ONCE(mine()->umask);
}

fs_context_t *fs_context_copy(fs_context_t *from)
{
	fs_context_t *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return NULL;
	refcount_set(&f->refs, 1);
	spinlock_init(&f->lock);
	spin_lock(&from->lock);
	f->root = from->root;
	f->cwd = from->cwd;
	f->umask = from->umask;
	path_get(&f->root);
	path_get(&f->cwd);
	spin_unlock(&from->lock);
	spin_lock(&all_lock);
	list_add(&f->all_link, &all_contexts);
	spin_unlock(&all_lock);
	return f;
}

void fs_context_get(fs_context_t *f)
{
	refcount_get(&f->refs);
}

void fs_context_put(fs_context_t *f)
{
	if (!refcount_put(&f->refs))
		return;
	spin_lock(&all_lock);
	list_del(&f->all_link);
	spin_unlock(&all_lock);
	path_put(&f->root);
	path_put(&f->cwd);
	kfree(f);
}

static void get_place(const path_t *of, path_t *out)
{
	fs_context_t *f = mine();

	spin_lock(&f->lock);
	*out = *of;
	path_get(out);
	spin_unlock(&f->lock);
}

void fs_get_root(path_t *out)
{
	get_place(&mine()->root, out);
}

void fs_get_cwd(path_t *out)
{
	get_place(&mine()->cwd, out);
}

static void copy_rcu(const path_t *of, path_t *out)
{
	fs_context_t *f = mine();
	u32 seq;

	do {
		seq = seqcount_read_begin(&f->seq);
		out->mount = READ_ONCE(of->mount);
		out->dentry = READ_ONCE(of->dentry);
	} while (seqcount_read_retry(&f->seq, seq));
}

void fs_root_rcu(path_t *out)
{
	copy_rcu(&mine()->root, out);
}

void fs_cwd_rcu(path_t *out)
{
	copy_rcu(&mine()->cwd, out);
}

/* f->lock held. */
static path_t replace_locked(fs_context_t *f, path_t *place, const path_t *with)
{
	path_t old = *place;

	path_get(with);
	seqcount_write_begin(&f->seq);
	*place = *with;
	seqcount_write_end(&f->seq);
	return old;
}

static int set_place(path_t *place, const path_t *p)
{
	fs_context_t *f = mine();
	path_t old;

	spin_lock(&f->lock);
	old = replace_locked(f, place, p);
	spin_unlock(&f->lock);
	path_put(&old);
	return 0;
}

int fs_set_root(const path_t *p)
{
	return set_place(&mine()->root, p);
}

int fs_set_cwd(const path_t *p)
{
	return set_place(&mine()->cwd, p);
}

fs_context_t *thread_fs_get(struct thread *t)
{
	fs_context_t *f = NULL;
	unsigned long flags;

	if (!process_lock_sighand(t->process, &flags))
		return NULL;
	if (t->fs) {
		f = t->fs;
		fs_context_get(f);
	}
	process_unlock_sighand(t->process, flags);
	return f;
}

static bool same_place(const path_t *a, const path_t *b)
{
	return a->mount == b->mount && a->dentry == b->dentry;
}

/* Returns how many references of `from` are to be dropped. */
static u32 replace_in(fs_context_t *f, const path_t *from, const path_t *to)
{
	u32 n = 0;

	spin_lock(&f->lock);
	if (same_place(&f->root, from)) {
		replace_locked(f, &f->root, to);
		n++;
	}
	if (same_place(&f->cwd, from)) {
		replace_locked(f, &f->cwd, to);
		n++;
	}
	spin_unlock(&f->lock);
	return n;
}

void fs_replace_roots(const path_t *from, const path_t *to)
{
	fs_context_t *f;
	u32 drop = 0;

	spin_lock(&all_lock);
	list_for_each_entry(f, &all_contexts, all_link)
		drop += replace_in(f, from, to);
	spin_unlock(&all_lock);
	while (drop--) {
		path_t old = *from;

		path_put(&old);
	}
}

/* The root of the initial namespace; the running thread gets a context of its own. */
__init void fs_context_init(mount_t *root)
{
	path_t p = { root, root->root };

	path_get(&p);
	path_get(&p);
	initial.root = initial.cwd = p;
	list_add(&initial.all_link, &all_contexts);
	current()->fs = fs_context_copy(&initial);
	if (!current()->fs)
		panic("no memory for the first working directory");
}
