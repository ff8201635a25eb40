/*
 * /proc/PID and /proc/PID/task/TID: directories of processes and threads.
 *
 * A node remembers the struct pid (a reference), so it never mistakes a new process for the one it
 * stood for; the dentry is revalidated at each walk. Files open a seq_file on the process and
 * thread, found anew at open.
 */
#include "procfs.h"

#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/ptrace.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

typedef enum entry_kind {
	KIND_FILE,
	KIND_LINK,
	KIND_FD_DIR,
	KIND_FDINFO_DIR,
	KIND_TASK_DIR
} entry_kind_t;
typedef enum link_kind { LINK_EXE, LINK_CWD, LINK_ROOT } link_kind_t;

typedef struct pid_entry {
	const char *name;
	mode_t mode;
	entry_kind_t kind;
	proc_show_t show;
	link_kind_t link;
	bool per_process;				     /* not below task/TID */
	const file_operations_t *fops;			     /* NULL: shows text */
	int (*store)(process_t *p, thread_t *t, char *text); /* NULL: cannot be written */
} pid_entry_t;

#define STORE_MAX 15 /* characters that a store function gets to see */

static const pid_entry_t entries[] = {
	{ "stat", 0444, KIND_FILE, show_stat, 0, false },
	{ "statm", 0444, KIND_FILE, show_statm, 0, false },
	{ "status", 0444, KIND_FILE, show_status, 0, false },
	{ "cmdline", 0444, KIND_FILE, show_cmdline, 0, false },
	{ "environ", 0400, KIND_FILE, show_environ, 0, false },
	{ "auxv", 0400, KIND_FILE, show_auxv, 0, false },
	{ "maps", 0444, KIND_FILE, NULL, 0, false, &proc_maps_ops },
	{ "smaps", 0444, KIND_FILE, NULL, 0, false, &proc_smaps_ops },
	{ "numa_maps", 0444, KIND_FILE, NULL, 0, false, &proc_numa_maps_ops },
	{ "clear_refs", 0200, KIND_FILE, NULL, 0, false, NULL, store_clear_refs },
	{ "smaps_rollup", 0444, KIND_FILE, show_smaps_rollup, 0, false },
	{ "pagemap", 0400, KIND_FILE, NULL, 0, false, &proc_pagemap_ops },
	{ "comm", 0644, KIND_FILE, show_comm, 0, false, NULL, store_comm },
	{ "limits", 0444, KIND_FILE, show_limits, 0, false },
	{ "mounts", 0444, KIND_FILE, show_mounts, 0, false },
	{ "mountinfo", 0444, KIND_FILE, show_mountinfo, 0, false },
	{ "oom_score", 0444, KIND_FILE, show_oom_score, 0, false },
	{ "oom_score_adj", 0644, KIND_FILE, show_oom_score_adj, 0, false, NULL,
	  store_oom_score_adj },
	{ "personality", 0400, KIND_FILE, show_personality, 0, false },
	{ "timerslack_ns", 0666, KIND_FILE, show_timer_slack, 0, true, NULL, store_timer_slack },
	{ "mountstats", 0400, KIND_FILE, show_mountstats, 0, true },
	{ "oom_adj", 0644, KIND_FILE, show_oom_adj, 0, false, NULL, store_oom_adj },
	{ "sched", 0444, KIND_FILE, show_sched, 0, false },
	{ "schedstat", 0444, KIND_FILE, show_schedstat, 0, false },
	{ "wchan", 0444, KIND_FILE, show_wchan, 0, false },
	{ "io", 0400, KIND_FILE, show_io, 0, false },
	{ "syscall", 0400, KIND_FILE, show_syscall, 0, false },
	{ "stack", 0400, KIND_FILE, show_stack, 0, false },
	{ "coredump_filter", 0644, KIND_FILE, NULL, 0, false, &proc_core_filter_ops },
	{ "mem", 0600, KIND_FILE, NULL, 0, false, &proc_mem_ops },
	{ "exe", 0777, KIND_LINK, NULL, LINK_EXE, false },
	{ "cwd", 0777, KIND_LINK, NULL, LINK_CWD, false },
	{ "root", 0777, KIND_LINK, NULL, LINK_ROOT, false },
	{ "fd", 0500, KIND_FD_DIR, NULL, 0, false },
	{ "fdinfo", 0555, KIND_FDINFO_DIR, NULL, 0, false },
	{ "task", 0555, KIND_TASK_DIR, NULL, 0, true },
};

/* private_data of every node here. */
typedef struct pid_node {
	struct pid *pid;	  /* of the process, or thread below task/; own reference */
	bool thread;		  /* below task/ */
	const pid_entry_t *entry; /* NULL: the directory itself */
	int fd;			  /* links below fd/ */
} pid_node_t;

static pid_node_t *of(vfs_node_t *n)
{
	return n->private_data;
}

/*
 * Process and thread of a node, referenced; false when they are gone. A number's thread whose references are used
 * up does not bear it any more: another may, after an exec.
 */
static bool resolve(const pid_node_t *n, process_t **p, thread_t **t)
{
	rcu_read_lock();
	do
		*t = rcu_dereference(n->pid->thread);
	while (*t && !refcount_get_unless_zero(&(*t)->refs));
	*p = n->thread ? (*t ? (*t)->process : NULL) : rcu_dereference(n->pid->process);
	if (*p && !refcount_get_unless_zero(&(*p)->refs))
		*p = NULL;
	rcu_read_unlock();
	if (*p && *t)
		return true;
	if (*p)
		process_put(*p);
	if (*t)
		thread_put(*t);
	return false;
}

static void release(process_t *p, thread_t *t)
{
	thread_put(t);
	process_put(p);
}

bool proc_node_resolve(vfs_node_t *node, process_t **p, thread_t **t)
{
	return resolve(of(node), p, t);
}

void proc_node_release(process_t *p, thread_t *t)
{
	release(p, t);
}

/* May the caller look inside (memory, descriptors)? */
static bool may_inspect(thread_t *t)
{
	return !ptrace_may_access(t, PTRACE_ACCESS_FS);
}

static bool is_fd_dir(const pid_entry_t *e)
{
	return e->kind == KIND_FD_DIR || e->kind == KIND_FDINFO_DIR;
}

/* ---- files ---- */

static int show_file(seq_file_t *m, void *arg)
{
	pid_node_t *n = arg;
	process_t *p;
	thread_t *t;
	int r;

	if (!n->entry->show)
		return -EINVAL;
	if (!resolve(n, &p, &t))
		return -ESRCH;
	r = n->entry->show(m, p, t);
	release(p, t);
	return r;
}

static int open_file(vfs_node_t *node, file_t *f)
{
	pid_node_t *n = of(node);
	process_t *p;
	thread_t *t;
	bool allowed;

	if (!resolve(n, &p, &t))
		return -ESRCH;
	/* What can only be read by its user shows its inside. */
	allowed = (n->entry->mode & 0044) || !(n->entry->mode & 0400) || may_inspect(t);
	release(p, t);
	return allowed ? seq_open_single(f, show_file, n) : -EACCES;
}

/* Text for the entry's store function, which may write to it. */
static ssize_t write_file(file_t *f, iter_t *it, off_t *pos)
{
	const pid_entry_t *e = of(f->node)->entry;
	size_t n = it->count, kept = MIN(n, (size_t)STORE_MAX);
	char text[STORE_MAX + 1];
	process_t *p;
	thread_t *t;
	int r;

	if (!e->store)
		return -EINVAL;
	if (copy_from_iter(text, kept, it) != kept)
		return -EFAULT;
	text[kept] = 0;
	if (!resolve(of(f->node), &p, &t))
		return -ESRCH;
	r = e->store(p, t, text);
	release(p, t);
	return r ? r : (ssize_t)n;
}

bool proc_shows_thread(const seq_file_t *m)
{
	return ((const pid_node_t *)m->private_data)->thread;
}

static const file_operations_t pid_file_ops = {
	.open = open_file,
	.read_iter = seq_read_iter,
	.write_iter = write_file,
	.llseek = endless_llseek,
	.release = seq_release,
};

/* ---- files below fdinfo/ ---- */

static int show_fdinfo(seq_file_t *m, void *arg)
{
	pid_node_t *n = arg;
	files_t *files;
	process_t *p;
	thread_t *t;
	file_t *f = NULL;
	int fd = n->fd;
	bool cloexec;

	if (!resolve(n, &p, &t))
		return -ESRCH;
	files = thread_files_get(t);
	release(p, t);
	if (files) {
		f = files_next(files, &fd, &cloexec);
		files_put(files);
	}
	if (!f || fd != n->fd) {
		if (f)
			file_put(f);
		return -ENOENT;
	}
	seq_printf(m, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%d\nino:\t%lu\n", f->pos,
		   READ_ONCE(f->flags) | (cloexec ? O_CLOEXEC : 0), f->path.mount->id,
		   f->node->ino);
	if (f->ops->show_fdinfo)
		f->ops->show_fdinfo(f, m);
	file_put(f);
	return 0;
}

static int open_fdinfo(vfs_node_t *node, file_t *f)
{
	process_t *p;
	thread_t *t;
	bool allowed;

	if (!resolve(of(node), &p, &t))
		return -ESRCH;
	allowed = may_inspect(t);
	release(p, t);
	return allowed ? seq_open_single(f, show_fdinfo, of(node)) : -EACCES;
}

static const file_operations_t fdinfo_file_ops = {
	.open = open_fdinfo,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.release = seq_release,
};

/* ---- links ---- */

/* The file that p runs, referenced; NULL: none. */
static file_t *program_get(process_t *p)
{
	unsigned long flags;
	file_t *exe;

	if (!process_lock_sighand(p, &flags))
		return NULL;
	exe = p->exe;
	if (exe)
		file_get(exe);
	process_unlock_sighand(p, flags);
	return exe;
}

static const char *follow(vfs_node_t *node, path_t *jump)
{
	pid_node_t *n = of(node);
	fs_context_t *fs;
	process_t *p;
	thread_t *t;
	int r = -ENOENT;

	if (!resolve(n, &p, &t))
		return ERR_PTR(-ESRCH);
	if (!may_inspect(t)) {
		r = -EACCES;
	} else if (n->entry->kind == KIND_FD_DIR) {
		files_t *files = thread_files_get(t);
		int fd = n->fd;
		bool cloexec;
		file_t *f = files ? files_next(files, &fd, &cloexec) : NULL;

		if (f && fd == n->fd) {
			*jump = f->path;
			path_get(jump);
			r = 0;
		}
		if (f)
			file_put(f);
		if (files)
			files_put(files);
	} else if (n->entry->link == LINK_EXE) {
		file_t *exe = program_get(p);

		if (exe) {
			*jump = exe->path;
			path_get(jump);
			file_put(exe);
			r = 0;
		}
	} else if ((fs = thread_fs_get(t)) != NULL) {
		spin_lock(&fs->lock);
		*jump = n->entry->link == LINK_CWD ? fs->cwd : fs->root;
		path_get(jump);
		spin_unlock(&fs->lock);
		fs_context_put(fs);
		r = 0;
	}
	release(p, t);
	return r ? ERR_PTR(r) : NULL;
}

static const node_operations_t link_ops = { .get_link = follow };
static const node_operations_t plain_ops = { 0 };
static const node_operations_t pid_dir_ops, fd_dir_ops, task_dir_ops;
static const file_operations_t pid_dir_fops, fd_dir_fops, task_dir_fops;

/*
 * Files of a process that may not be looked into are root's, however its user would read them; the
 * directories that all may read stay the user's. RCU read lock held.
 */
static void set_owner(vfs_node_t *n, const thread_t *t)
{
	const cred_t *c = rcu_dereference(t->cred);
	bool users = READ_ONCE(t->process->dumpable) || n->mode == (S_IFDIR | 0555);

	WRITE_ONCE(n->uid, users ? c->euid : 0);
	WRITE_ONCE(n->gid, users ? c->egid : 0);
}

static bool revalidate(dentry_t *d)
{
	const thread_t *t;
	pid_node_t *n;
	bool alive;

	if (!d->node)
		return false;
	n = of(d->node);
	rcu_read_lock();
	t = rcu_dereference(n->pid->thread);
	alive = n->thread ? t != NULL : n->pid->process != NULL;
	if (t)
		set_owner(d->node, t);
	rcu_read_unlock();
	/* What is below fd/ and fdinfo/ may have been closed or changed. */
	return alive && !(n->entry && is_fd_dir(n->entry) && !S_ISDIR(d->node->mode));
}

static const dentry_operations_t pid_dentry_ops = { .revalidate = revalidate };

/* Makes the node of `model` and attaches it. */
static int attach(vfs_node_t *dir, dentry_t *dentry, pid_node_t model, mode_t mode, ino_t ino)
{
	vfs_node_t *n = proc_make_node(dir->sb, mode, ino);
	pid_node_t *data;
	process_t *p;
	thread_t *t;

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	data = kmalloc(sizeof(*data), GFP_KERNEL);
	if (!data || !resolve(&model, &p, &t)) {
		kfree(data);
		node_put(n);
		return data ? -ENOENT : -ENOMEM;
	}
	*data = model;
	pid_get(model.pid);
	n->private_data = data;
	n->state |= PROC_NODE_PID;
	rcu_read_lock();
	set_owner(n, t);
	rcu_read_unlock();
	release(p, t);
	if (S_ISLNK(mode)) {
		n->ops = &link_ops;
	} else if (S_ISREG(mode)) {
		n->ops = &plain_ops;
		n->fops = model.entry->kind == KIND_FDINFO_DIR ? &fdinfo_file_ops
			  : model.entry->fops		       ? model.entry->fops
							       : &pid_file_ops;
	} else if (!model.entry) {
		n->ops = &pid_dir_ops;
		n->fops = &pid_dir_fops;
	} else if (is_fd_dir(model.entry)) {
		n->ops = &fd_dir_ops;
		n->fops = &fd_dir_fops;
	} else {
		n->ops = &task_dir_ops;
		n->fops = &task_dir_fops;
	}
	dentry->ops = &pid_dentry_ops;
	dentry->flags |= DENTRY_REVALIDATE;
	dentry_attach(dentry, n);
	return 0;
}

void proc_evict_node(vfs_node_t *n)
{
	if (!(n->state & PROC_NODE_PID))
		return;
	pid_put(of(n)->pid);
	kfree(of(n));
}

static ino_t pid_ino(pid_t nr, u32 entry)
{
	return 0x10000000UL + (ino_t)nr * 64 + entry;
}

static bool parse_number(const char *name, u32 *out)
{
	u64 value;

	if (kstrtou64(name, 10, &value) || value > INT32_MAX || (name[0] == '0' && name[1]))
		return false;
	*out = (u32)value;
	return true;
}

/* ---- /proc/PID ---- */

#define SELF_INO 3
#define THREAD_SELF_INO 4
static const node_operations_t self_ops, thread_self_ops;
static int self_lookup(vfs_node_t *dir, dentry_t *dentry, const node_operations_t *ops, ino_t ino);

int proc_pid_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	pid_node_t model = { 0 };
	u32 nr;
	int r;

	if (!strcmp(dentry->name, "self"))
		return self_lookup(dir, dentry, &self_ops, SELF_INO);
	if (!strcmp(dentry->name, "thread-self"))
		return self_lookup(dir, dentry, &thread_self_ops, THREAD_SELF_INO);
	if (!parse_number(dentry->name, &nr) || !nr)
		return -ENOENT;
	model.pid = pid_find_get((pid_t)nr);
	if (!model.pid)
		return -ENOENT;
	r = model.pid->process ? attach(dir, dentry, model, S_IFDIR | 0555, pid_ino((pid_t)nr, 0))
			       : -ENOENT;
	pid_put(model.pid);
	return r;
}

bool proc_pid_emit(dir_context_t *ctx)
{
	pid_t nr;
	process_t *p;

	ctx->pos = MAX(ctx->pos, (off_t)PROC_SELF_POS);
	if (ctx->pos == PROC_SELF_POS) {
		if (!ctx->emit(ctx, "self", 4, (u64)ctx->pos + 1, SELF_INO, DT_LNK))
			return false;
		ctx->pos++;
	}
	if (ctx->pos == PROC_SELF_POS + 1) {
		if (!ctx->emit(ctx, "thread-self", 11, (u64)ctx->pos + 1, THREAD_SELF_INO, DT_LNK))
			return false;
		ctx->pos++;
	}
	nr = (pid_t)(ctx->pos - PROC_FIRST_PID_POS);
	for (; (p = process_next(&nr)) != NULL; nr++) {
		char name[12];
		int len = snprintf(name, sizeof(name), "%d", nr);

		process_put(p);
		ctx->pos = PROC_FIRST_PID_POS + nr;
		if (!ctx->emit(ctx, name, (u32)len, (u64)ctx->pos + 1, pid_ino(nr, 0), DT_DIR))
			return false;
		ctx->pos++;
	}
	return true;
}

static int pid_dir_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	for (u32 i = 0; i < ARRAY_SIZE(entries); i++) {
		const pid_entry_t *e = &entries[i];
		pid_node_t model = *of(dir);
		mode_t type = e->kind == KIND_FILE   ? S_IFREG
			      : e->kind == KIND_LINK ? S_IFLNK
						     : S_IFDIR;

		if (strcmp(e->name, dentry->name) || (e->per_process && model.thread))
			continue;
		model.entry = e;
		return attach(dir, dentry, model, type | e->mode, pid_ino(model.pid->nr, i + 1));
	}
	return -ENOENT;
}

static bool emit_dots(file_t *f, dir_context_t *ctx)
{
	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, f->node->ino, DT_DIR))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, 2, 1, DT_DIR))
			return false;
		ctx->pos = 2;
	}
	return true;
}

static int pid_dir_iterate(file_t *f, dir_context_t *ctx)
{
	static const u8 types[] = { DT_REG, DT_LNK, DT_DIR, DT_DIR, DT_DIR };
	pid_node_t *n = of(f->node);

	if (!emit_dots(f, ctx))
		return 0;
	for (u32 i = (u32)ctx->pos - 2; i < ARRAY_SIZE(entries); i++) {
		const pid_entry_t *e = &entries[i];

		ctx->pos = i + 2;
		if (e->per_process && n->thread)
			continue;
		if (!ctx->emit(ctx, e->name, (u32)strlen(e->name), i + 3,
			       pid_ino(n->pid->nr, i + 1), types[e->kind]))
			return 0;
	}
	ctx->pos = ARRAY_SIZE(entries) + 2;
	return 0;
}

/* ---- fd/ ---- */

static int fd_dir_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	pid_node_t model = *of(dir);
	process_t *p;
	thread_t *t;
	files_t *files;
	file_t *f = NULL;
	bool cloexec;
	u32 nr;
	int fd, r = -ENOENT;

	if (!parse_number(dentry->name, &nr) || !resolve(&model, &p, &t))
		return -ENOENT;
	fd = (int)nr;
	files = may_inspect(t) ? thread_files_get(t) : NULL;
	if (files)
		f = files_next(files, &fd, &cloexec);
	if (f && fd == (int)nr) {
		mode_t mode = S_IFLNK | (f->mode & FMODE_READ ? 0500 : 0) |
			      (f->mode & FMODE_WRITE ? 0300 : 0);
		bool info = model.entry->kind == KIND_FDINFO_DIR;

		model.fd = fd;
		r = attach(dir, dentry, model, info ? S_IFREG | 0444 : mode,
			   pid_ino(model.pid->nr, 63) + nr * 131 + info);
	}
	if (f)
		file_put(f);
	if (files)
		files_put(files);
	release(p, t);
	return r;
}

/* A process always finds its own, also when it has changed its user and the directory is root's. */
static int fd_dir_permission(vfs_node_t *node, int mask)
{
	return of(node)->pid->process == current_process() && !(mask & MAY_WRITE)
		       ? 0
		       : node_mode_permission(node, mask, current_cred());
}

static int fd_dir_iterate(file_t *file, dir_context_t *ctx)
{
	pid_node_t *n = of(file->node);
	bool info = n->entry->kind == KIND_FDINFO_DIR;
	files_t *files;
	process_t *p;
	thread_t *t;
	bool cloexec;
	file_t *f;

	if (!emit_dots(file, ctx))
		return 0;
	if (!resolve(n, &p, &t))
		return -ENOENT;
	files = may_inspect(t) ? thread_files_get(t) : NULL;
	release(p, t);
	if (!files)
		return -EACCES;
	for (int fd = (int)ctx->pos - 2; (f = files_next(files, &fd, &cloexec)) != NULL; fd++) {
		char name[12];
		int len = snprintf(name, sizeof(name), "%d", fd);

		file_put(f);
		ctx->pos = fd + 2;
		if (!ctx->emit(ctx, name, (u32)len, (u64)fd + 3,
			       pid_ino(n->pid->nr, 63) + (u32)fd * 131 + info,
			       info ? DT_REG : DT_LNK))
			break;
		ctx->pos++;
	}
	files_put(files);
	return 0;
}

/* ---- task/ ---- */

static int task_dir_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	pid_node_t model = { .thread = true };
	process_t *p;
	thread_t *t;
	u32 nr;
	int r = -ENOENT;

	if (!parse_number(dentry->name, &nr) || !nr || !resolve(of(dir), &p, &t))
		return -ENOENT;
	model.pid = pid_find_get((pid_t)nr);
	if (model.pid) {
		bool mine;

		rcu_read_lock();
		thread_t *other = rcu_dereference(model.pid->thread);

		mine = other && other->process == p;
		rcu_read_unlock();
		if (mine)
			r = attach(dir, dentry, model, S_IFDIR | 0555, pid_ino((pid_t)nr, 62));
		pid_put(model.pid);
	}
	release(p, t);
	return r;
}

#define TID_BATCH 64

/* Numbers of p's threads from the skip-th on; returns how many were put into tids. */
static u32 collect_tids(process_t *p, u64 skip, pid_t tids[TID_BATCH])
{
	unsigned long flags;
	thread_t *t;
	u64 at = 0;
	u32 n = 0;

	if (!process_lock_sighand(p, &flags))
		return 0;
	list_for_each_entry(t, &p->threads, process_link)
		if (at++ >= skip && n < TID_BATCH)
			tids[n++] = t->tid;
	process_unlock_sighand(p, flags);
	return n;
}

/* A link for each thread's directory. */
static int task_dir_attr(vfs_node_t *node, vfs_stat_t *st)
{
	process_t *p;
	thread_t *t;

	if (!resolve(of(node), &p, &t))
		return -ESRCH;
	st->nlink = 2 + READ_ONCE(p->thread_count);
	release(p, t);
	return 0;
}

static int task_dir_iterate(file_t *f, dir_context_t *ctx)
{
	pid_t tids[TID_BATCH];
	process_t *p;
	thread_t *t;
	u32 n;

	if (!emit_dots(f, ctx))
		return 0;
	while (resolve(of(f->node), &p, &t)) {
		n = collect_tids(p, (u64)ctx->pos - 2, tids);
		release(p, t);
		if (!n)
			return 0;
		for (u32 i = 0; i < n; i++) {
			char name[12];
			int len = snprintf(name, sizeof(name), "%d", tids[i]);

			if (!ctx->emit(ctx, name, (u32)len, (u64)ctx->pos + 1, pid_ino(tids[i], 62),
				       DT_DIR))
				return 0;
			ctx->pos++;
		}
	}
	return 0;
}

static const node_operations_t pid_dir_ops = { .lookup = pid_dir_lookup };
static const node_operations_t fd_dir_ops = { .lookup = fd_dir_lookup,
					      .permission = fd_dir_permission };
static const node_operations_t task_dir_ops = { .lookup = task_dir_lookup,
						.get_attr = task_dir_attr };
static const file_operations_t pid_dir_fops = { .iterate = pid_dir_iterate,
						.llseek = generic_llseek,
						.read_iter = directory_read_iter };
static const file_operations_t fd_dir_fops = { .iterate = fd_dir_iterate,
					       .llseek = generic_llseek,
					       .read_iter = directory_read_iter };
static const file_operations_t task_dir_fops = { .iterate = task_dir_iterate,
						 .llseek = generic_llseek,
						 .read_iter = directory_read_iter };

struct pid *proc_file_pid(const file_t *f)
{
	pid_node_t *n;

	if (f->ops != &pid_dir_fops)
		return NULL;
	n = of(f->node);
	return n->thread || n->entry ? NULL : n->pid;
}

/* ---- /proc/self, /proc/thread-self ---- */

static const char *self_link(vfs_node_t *node, path_t *jump)
{
	process_t *p = current_process();

	/* The process itself keeps its own text. */
	return p->pid_text;
}

/* Likewise: only the thread itself writes it, and always the same. */
static const char *thread_self_link(vfs_node_t *node, path_t *jump)
{
	thread_t *t = current();

	snprintf(t->self_text, sizeof(t->self_text), "%s/task/%d", t->process->pid_text, t->tid);
	return t->self_text;
}

static const node_operations_t self_ops = { .get_link = self_link };
static const node_operations_t thread_self_ops = { .get_link = thread_self_link };

static int self_lookup(vfs_node_t *dir, dentry_t *dentry, const node_operations_t *ops, ino_t ino)
{
	vfs_node_t *n = proc_make_node(dir->sb, S_IFLNK | 0777, ino);

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	n->ops = ops;
	dentry_attach(dentry, n);
	return 0;
}
