/*
 * /proc/PID and /proc/PID/task/TID: directories of processes and threads.
 *
 * A node remembers the struct pid (a reference), so it never mistakes a new process for the one it
 * stood for; the dentry is revalidated at each walk. Files open a seq_file on the process and
 * thread, found anew at open (pid_file.c); links, descriptors and threads have pid_link.c, pid_fd.c
 * and pid_task.c.
 */
#include "pid_internal.h"

#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/ptrace.h>
#include <mm/slab.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

static const pid_entry_t entries[] = {
	{ "stat", 0444, KIND_FILE, show_stat, 0, false },
	{ "statm", 0444, KIND_FILE, show_statm, 0, false },
	{ "status", 0444, KIND_FILE, show_status, 0, false },
	{ "cmdline", 0444, KIND_FILE, show_cmdline, 0, false },
	{ "environ", 0400, KIND_FILE, NULL, 0, false, &proc_environ_ops },
	{ "auxv", 0400, KIND_FILE, NULL, 0, false, &proc_auxv_ops },
	{ "maps", 0444, KIND_FILE, NULL, 0, false, &proc_maps_ops },
	{ "smaps", 0444, KIND_FILE, NULL, 0, false, &proc_smaps_ops },
	{ "numa_maps", 0444, KIND_FILE, NULL, 0, false, &proc_numa_maps_ops },
	{ "clear_refs", 0200, KIND_FILE, NULL, 0, false, NULL, store_clear_refs },
	{ "smaps_rollup", 0444, KIND_FILE, NULL, 0, false, &proc_rollup_ops },
	{ "pagemap", 0400, KIND_FILE, NULL, 0, false, &proc_pagemap_ops },
	{ "comm", 0644, KIND_FILE, show_comm, 0, false, NULL, store_comm },
	{ "limits", 0444, KIND_FILE, show_limits, 0, false },
	{ "mounts", 0444, KIND_FILE, show_mounts, 0, false, &pid_mounts_ops },
	{ "mountinfo", 0444, KIND_FILE, show_mountinfo, 0, false, &pid_mounts_ops },
	{ "oom_score", 0444, KIND_FILE, show_oom_score, 0, false },
	{ "oom_score_adj", 0644, KIND_FILE, show_oom_score_adj, 0, false, NULL,
	  store_oom_score_adj },
	{ "personality", 0400, KIND_FILE, show_personality, 0, false },
	{ "timerslack_ns", 0666, KIND_FILE, show_timer_slack, 0, true, NULL, store_timer_slack },
	{ "mountstats", 0400, KIND_FILE, show_mountstats, 0, true },
	{ "oom_adj", 0644, KIND_FILE, show_oom_adj, 0, false, NULL, store_oom_adj },
	{ "sched", 0644, KIND_FILE, show_sched, 0, false, NULL, store_sched },
	{ "schedstat", 0444, KIND_FILE, show_schedstat, 0, false },
	{ "wchan", 0444, KIND_FILE, show_wchan, 0, false },
	{ "io", 0400, KIND_FILE, show_io, 0, false },
	{ "syscall", 0400, KIND_FILE, show_syscall, 0, false },
	{ "stack", 0400, KIND_FILE, show_stack, 0, false },
	{ "coredump_filter", 0644, KIND_FILE, NULL, 0, true, &proc_core_filter_ops },
	{ "mem", 0600, KIND_FILE, NULL, 0, false, &proc_mem_ops },
	{ "exe", 0777, KIND_LINK, NULL, LINK_EXE, false },
	{ "cwd", 0777, KIND_LINK, NULL, LINK_CWD, false },
	{ "root", 0777, KIND_LINK, NULL, LINK_ROOT, false },
	{ "fd", 0500, KIND_FD_DIR, NULL, 0, false },
	{ "fdinfo", 0555, KIND_FDINFO_DIR, NULL, 0, false },
	{ "task", 0555, KIND_TASK_DIR, NULL, 0, true },
	{ "map_files", 0500, KIND_MAP_DIR, NULL, 0, true },
	{ "net", 0555, KIND_NET_DIR, NULL, 0, false },
	{ "timers", 0444, KIND_FILE, show_timers, 0, true },
};

bool pid_node_resolve(const pid_node_t *n, process_t **p, thread_t **t)
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

bool proc_node_resolve(vfs_node_t *node, process_t **p, thread_t **t)
{
	return pid_node_resolve(pid_node_of(node), p, t);
}

void proc_node_release(process_t *p, thread_t *t)
{
	thread_put(t);
	process_put(p);
}

bool proc_may_inspect(thread_t *t)
{
	return !ptrace_may_access(t, PTRACE_ACCESS_FS);
}

static bool is_fd_dir(const pid_entry_t *e)
{
	return e->kind == KIND_FD_DIR || e->kind == KIND_FDINFO_DIR;
}

static int pid_file_set_attr(vfs_node_t *n, const vfs_attr_t *a)
{
	return a->valid & ATTR_MODE ? -EPERM : 0;
}

static const node_operations_t plain_ops = { .set_attr = pid_file_set_attr };
static const node_operations_t pid_dir_ops;
static const file_operations_t pid_dir_fops;

/*
 * Files of a process that may not be looked into are root's, however its user would read them; the
 * directories that all may read stay the user's. RCU read lock held.
 */
static void set_owner(vfs_node_t *n, const thread_t *t)
{
	const cred_t *c = rcu_dereference(t->cred);
	bool users = READ_ONCE(t->process->dumpable) == DUMP_USER || n->mode == (S_IFDIR | 0555);

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
	n = pid_node_of(d->node);
	rcu_read_lock();
	t = rcu_dereference(n->pid->thread);
	alive = n->thread ? t != NULL : n->pid->process != NULL;
	if (t)
		set_owner(d->node, t);
	rcu_read_unlock();
	/* What is below fd/, fdinfo/ and map_files/ may have been closed or changed. */
	return alive && !(n->entry && (is_fd_dir(n->entry) || n->entry->kind == KIND_MAP_DIR) &&
			  !S_ISDIR(d->node->mode));
}

static const dentry_operations_t pid_dentry_ops = { .revalidate = revalidate };

int pid_node_attach(vfs_node_t *dir, dentry_t *dentry, pid_node_t model, mode_t mode, ino_t ino)
{
	vfs_node_t *n = proc_make_node(dir->sb, mode, ino);
	pid_node_t *data;
	process_t *p;
	thread_t *t;

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	data = kmalloc(sizeof(*data), GFP_KERNEL);
	if (!data || !pid_node_resolve(&model, &p, &t)) {
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
	proc_node_release(p, t);
	if (S_ISLNK(mode)) {
		n->ops = &pid_link_ops;
		if (model.entry->kind == KIND_MAP_DIR)
			n->state |= NODE_GUARDED_LINK;
	} else if (S_ISREG(mode)) {
		n->ops = &plain_ops;
		n->fops = model.entry->kind == KIND_FDINFO_DIR ? &pid_fdinfo_file_ops
			  : model.entry->fops		       ? model.entry->fops
							       : &pid_file_ops;
	} else if (!model.entry) {
		n->ops = &pid_dir_ops;
		n->flags = FS_IMMUTABLE_FL;
		n->fops = &pid_dir_fops;
	} else if (is_fd_dir(model.entry)) {
		n->ops = &pid_fd_dir_ops;
		n->fops = &pid_fd_dir_fops;
	} else if (model.entry->kind == KIND_MAP_DIR) {
		n->ops = &pid_map_dir_ops;
		n->fops = &pid_map_dir_fops;
	} else if (model.entry->kind == KIND_NET_DIR) {
		n->ops = &pid_net_dir_ops;
		n->fops = &pid_net_dir_fops;
	} else {
		n->ops = &pid_task_dir_ops;
		n->fops = &pid_task_dir_fops;
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
	pid_put(pid_node_of(n)->pid);
	kfree(pid_node_of(n));
}

ino_t pid_ino(pid_t nr, u32 entry)
{
	return 0x10000000UL + (ino_t)nr * 64 + entry;
}

bool proc_parse_number(const char *name, u32 *out)
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
	if (!proc_parse_number(dentry->name, &nr) || !nr)
		return -ENOENT;
	model.pid = pid_find_get((pid_t)nr);
	if (!model.pid)
		return -ENOENT;
	r = model.pid->process
		    ? pid_node_attach(dir, dentry, model, S_IFDIR | 0555, pid_ino((pid_t)nr, 0))
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
		pid_node_t model = *pid_node_of(dir);
		mode_t type = e->kind == KIND_FILE   ? S_IFREG
			      : e->kind == KIND_LINK ? S_IFLNK
						     : S_IFDIR;

		if (strcmp(e->name, dentry->name) || (e->per_process && model.thread))
			continue;
		model.entry = e;
		return pid_node_attach(dir, dentry, model, type | e->mode,
				       pid_ino(model.pid->nr, i + 1));
	}
	return -ENOENT;
}

bool pid_emit_dots(file_t *f, dir_context_t *ctx)
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
	static const u8 types[] = { DT_REG, DT_LNK, DT_DIR, DT_DIR, DT_DIR, DT_DIR, DT_DIR };
	pid_node_t *n = pid_node_of(f->node);

	if (!pid_emit_dots(f, ctx))
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

/* Of an open directory too the owner is who the process is now. */
static int pid_dir_attr(vfs_node_t *node, vfs_stat_t *st)
{
	const thread_t *t;

	rcu_read_lock();
	t = rcu_dereference(pid_node_of(node)->pid->thread);
	if (t)
		set_owner(node, t);
	rcu_read_unlock();
	st->uid = READ_ONCE(node->uid);
	st->gid = READ_ONCE(node->gid);
	return 0;
}

static const node_operations_t pid_dir_ops = { .lookup = pid_dir_lookup, .get_attr = pid_dir_attr };
static const file_operations_t pid_dir_fops = { .iterate = pid_dir_iterate,
						.llseek = generic_llseek,
						.read_iter = directory_read_iter };

struct pid *proc_file_pid(const file_t *f)
{
	pid_node_t *n;

	if (f->ops != &pid_dir_fops)
		return NULL;
	n = pid_node_of(f->node);
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
