/*
 * /proc/PID/task: a directory for each thread.
 */
#include "pid_internal.h"

#include <kernel/lib/printf.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

static int task_dir_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	pid_node_t model = { .thread = true };
	process_t *p;
	thread_t *t;
	u32 nr;
	int r = -ENOENT;

	if (!proc_parse_number(dentry->name, &nr) || !nr ||
	    !pid_node_resolve(pid_node_of(dir), &p, &t))
		return -ENOENT;
	model.pid = pid_find_get((pid_t)nr);
	if (model.pid) {
		bool mine;

		rcu_read_lock();
		thread_t *other = rcu_dereference(model.pid->thread);

		mine = other && other->process == p;
		rcu_read_unlock();
		if (mine)
			r = pid_node_attach(dir, dentry, model, S_IFDIR | 0555,
					    pid_ino((pid_t)nr, 62));
		pid_put(model.pid);
	}
	proc_node_release(p, t);
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

	if (!pid_node_resolve(pid_node_of(node), &p, &t))
		return -ESRCH;
	st->nlink = 2 + READ_ONCE(p->thread_count);
	proc_node_release(p, t);
	return 0;
}

static int task_dir_iterate(file_t *f, dir_context_t *ctx)
{
	pid_t tids[TID_BATCH];
	process_t *p;
	thread_t *t;
	u32 n;

	if (!pid_emit_dots(f, ctx))
		return 0;
	while (pid_node_resolve(pid_node_of(f->node), &p, &t)) {
		n = collect_tids(p, (u64)ctx->pos - 2, tids);
		proc_node_release(p, t);
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

const node_operations_t pid_task_dir_ops = { .lookup = task_dir_lookup, .get_attr = task_dir_attr };
const file_operations_t pid_task_dir_fops = { .iterate = task_dir_iterate,
					      .llseek = generic_llseek,
					      .read_iter = directory_read_iter };
