/*
 * /proc/PID/exe, cwd, root and the links below fd/ and map_files/: they lead to the thing itself, whatever its name is by now.
 */
#include "pid_internal.h"

#include <uapi/errno.h>

#define FD_LINK_SIZE 64

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
	pid_node_t *n = pid_node_of(node);
	fs_context_t *fs;
	process_t *p;
	thread_t *t;
	int r = -ENOENT;

	if (!pid_node_resolve(n, &p, &t))
		return ERR_PTR(-ESRCH);
	if (!proc_may_inspect(t)) {
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
	} else if (n->entry->kind == KIND_MAP_DIR) {
		file_t *f = pid_mapped_file(p, n->start, n->end);

		if (f) {
			*jump = f->path;
			path_get(jump);
			file_put(f);
			r = 0;
		}
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
	proc_node_release(p, t);
	return r ? ERR_PTR(r) : NULL;
}

/* What stands for a descriptor says a size that no name of it has, as upstream. */
static int link_attr(vfs_node_t *node, vfs_stat_t *st)
{
	if (pid_node_of(node)->entry->kind == KIND_FD_DIR)
		st->size = FD_LINK_SIZE;
	return 0;
}

const node_operations_t pid_link_ops = { .get_link = follow, .get_attr = link_attr };
