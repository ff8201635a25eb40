/*
 * Files of /proc/PID that show the memory of the program that ran when they were opened: environ, auxv, smaps_rollup
 * here, maps and its like in pid_maps.c, mem in pid_trace.c. A descriptor that was opened by right does not come to
 * show what the process executes later, which its reader may have no right to see.
 */
#include "procfs.h"

#include <kernel/ptrace.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/errno.h>

int proc_hold_space(vfs_node_t *node, vm_space_t **out)
{
	process_t *p;
	thread_t *t;
	int r;

	*out = NULL;
	if (!proc_node_resolve(node, &p, &t))
		return -ESRCH;
	r = ptrace_space(t, PTRACE_ACCESS_FS, out) ? -EACCES : 0;
	if (*out) {
		vm_space_hold(*out);
		vm_space_put(*out);
	}
	proc_node_release(p, t);
	return r;
}

static void release(proc_held_t *held)
{
	if (held->space)
		vm_space_drop(held->space);
	kfree(held);
}

int proc_held_open(vfs_node_t *node, file_t *f, const seq_operations_t *ops,
		   int (*show)(seq_file_t *m, void *arg))
{
	proc_held_t *held = kmalloc(sizeof(*held), GFP_KERNEL);
	int r;

	if (!held)
		return -ENOMEM;
	held->node = node;
	r = proc_hold_space(node, &held->space);
	if (!r)
		r = ops ? seq_open(f, ops, held) : seq_open_single(f, show, held);
	if (r)
		release(held);
	return r;
}

void proc_held_release(file_t *f)
{
	const seq_file_t *m = f->private_data;

	release(m->private_data);
	seq_release(f);
}

/* A user reference for as long as something is shown, or NULL. */
static vm_space_t *get_space(void *arg)
{
	const proc_held_t *held = arg;

	return held->space && vm_space_get_alive(held->space) ? held->space : NULL;
}

static int show_environ(seq_file_t *m, void *arg)
{
	vm_space_t *s = get_space(arg);

	if (!s)
		return 0;
	show_memory_range(m, s, s->env_start, s->env_end);
	vm_space_put(s);
	return 0;
}

/* Kept with the structure: there as long as the file is open. */
static int show_auxv(seq_file_t *m, void *arg)
{
	const proc_held_t *held = arg;

	if (held->space)
		seq_write(m, held->space->auxv, held->space->auxv_count * sizeof(u64));
	return 0;
}

static int show_rollup(seq_file_t *m, void *arg)
{
	vm_space_t *s = get_space(arg);

	if (!s)
		return -ESRCH;
	show_smaps_rollup(m, s);
	vm_space_put(s);
	return 0;
}

static int open_environ(vfs_node_t *node, file_t *f)
{
	return proc_held_open(node, f, NULL, show_environ);
}

static int open_auxv(vfs_node_t *node, file_t *f)
{
	return proc_held_open(node, f, NULL, show_auxv);
}

static int open_rollup(vfs_node_t *node, file_t *f)
{
	return proc_held_open(node, f, NULL, show_rollup);
}

const file_operations_t proc_environ_ops = {
	.open = open_environ,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.release = proc_held_release,
};

const file_operations_t proc_auxv_ops = {
	.open = open_auxv,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.release = proc_held_release,
};

const file_operations_t proc_rollup_ops = {
	.open = open_rollup,
	.read_iter = seq_read_iter,
	.llseek = endless_llseek,
	.release = proc_held_release,
};
