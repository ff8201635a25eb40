/*
 * The text files of /proc/PID: shown and stored by the functions of their entries.
 */
#include "pid_internal.h"

#include <uapi/errno.h>

#define STORE_MAX 15 /* characters that a store function gets to see */

static int show_file(seq_file_t *m, void *arg)
{
	pid_node_t *n = arg;
	process_t *p;
	thread_t *t;
	int r;

	if (!n->entry->show)
		return -EINVAL;
	if (!pid_node_resolve(n, &p, &t))
		return -ESRCH;
	r = n->entry->show(m, p, t);
	proc_node_release(p, t);
	return r;
}

static int open_file(vfs_node_t *node, file_t *f)
{
	pid_node_t *n = pid_node_of(node);
	process_t *p;
	thread_t *t;
	bool allowed;

	if (!pid_node_resolve(n, &p, &t))
		return -ESRCH;
	/* What can only be read by its user shows its inside. */
	allowed = (n->entry->mode & 0044) || !(n->entry->mode & 0400) || proc_may_inspect(t);
	proc_node_release(p, t);
	return allowed ? seq_open_single(f, show_file, n) : -EACCES;
}

/* Text for the entry's store function, which may write to it. */
static ssize_t write_file(file_t *f, iter_t *it, off_t *pos)
{
	const pid_entry_t *e = pid_node_of(f->node)->entry;
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
	if (!pid_node_resolve(pid_node_of(f->node), &p, &t))
		return -ESRCH;
	r = e->store(p, t, text);
	proc_node_release(p, t);
	return r ? r : (ssize_t)n;
}

bool proc_shows_thread(const seq_file_t *m)
{
	return ((const pid_node_t *)m->private_data)->thread;
}

const file_operations_t pid_file_ops = {
	.open = open_file,
	.read_iter = seq_read_iter,
	.write_iter = write_file,
	.llseek = endless_llseek,
	.release = seq_release,
};

/* ---- lists of mounts: who polls them learns of changes ---- */

static int open_mounts(vfs_node_t *node, file_t *f)
{
	mount_poll_begin(f);
	return open_file(node, f);
}

const file_operations_t pid_mounts_ops = {
	.open = open_mounts,
	.read_iter = seq_read_iter,
	.poll = mount_poll,
	.llseek = endless_llseek,
	.release = seq_release,
};
