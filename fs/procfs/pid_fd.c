/*
 * /proc/PID/fd and fdinfo: a name for each open descriptor.
 */
#include "pid_internal.h"

#include <kernel/lib/printf.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

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

	if (!pid_node_resolve(n, &p, &t))
		return -ESRCH;
	files = thread_files_get(t);
	proc_node_release(p, t);
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

	if (!pid_node_resolve(pid_node_of(node), &p, &t))
		return -ESRCH;
	allowed = proc_may_inspect(t);
	proc_node_release(p, t);
	return allowed ? seq_open_single(f, show_fdinfo, pid_node_of(node)) : -EACCES;
}

const file_operations_t pid_fdinfo_file_ops = {
	.open = open_fdinfo,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.release = seq_release,
};

/* ---- the directories ---- */

static int fd_dir_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	pid_node_t model = *pid_node_of(dir);
	process_t *p;
	thread_t *t;
	files_t *files;
	file_t *f = NULL;
	bool cloexec;
	u32 nr;
	int fd, r = -ENOENT;

	if (!proc_parse_number(dentry->name, &nr) || !pid_node_resolve(&model, &p, &t))
		return -ENOENT;
	fd = (int)nr;
	files = proc_may_inspect(t) ? thread_files_get(t) : NULL;
	if (files)
		f = files_next(files, &fd, &cloexec);
	if (f && fd == (int)nr) {
		mode_t mode = S_IFLNK | (f->mode & FMODE_READ ? 0500 : 0) |
			      (f->mode & FMODE_WRITE ? 0300 : 0);
		bool info = model.entry->kind == KIND_FDINFO_DIR;

		model.fd = fd;
		r = pid_node_attach(dir, dentry, model, info ? S_IFREG | 0444 : mode,
				    pid_ino(model.pid->nr, 63) + nr * 131 + info);
	}
	if (f)
		file_put(f);
	if (files)
		files_put(files);
	proc_node_release(p, t);
	return r;
}

/* A process always finds its own, also when it has changed its user and the directory is root's. */
static int fd_dir_permission(vfs_node_t *node, int mask)
{
	return pid_node_of(node)->pid->process == current_process() && !(mask & MAY_WRITE)
		       ? 0
		       : node_mode_permission(node, mask, current_cred());
}

static int fd_dir_iterate(file_t *file, dir_context_t *ctx)
{
	pid_node_t *n = pid_node_of(file->node);
	bool info = n->entry->kind == KIND_FDINFO_DIR;
	files_t *files;
	process_t *p;
	thread_t *t;
	bool cloexec;
	file_t *f;

	if (!pid_emit_dots(file, ctx))
		return 0;
	if (!pid_node_resolve(n, &p, &t))
		return -ENOENT;
	files = proc_may_inspect(t) ? thread_files_get(t) : NULL;
	proc_node_release(p, t);
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

const node_operations_t pid_fd_dir_ops = { .lookup = fd_dir_lookup,
					   .permission = fd_dir_permission };
const file_operations_t pid_fd_dir_fops = { .iterate = fd_dir_iterate,
					    .llseek = generic_llseek,
					    .read_iter = directory_read_iter };
