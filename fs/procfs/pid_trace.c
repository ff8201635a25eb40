/*
 * What debuggers use below /proc/PID: mem, syscall, stack, coredump_filter.
 */
#include "procfs.h"

#include <arch/trace.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/ptrace.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/core.h>
#include <uapi/errno.h>

#define STACK_DEPTH 64

/* ---- mem: the space as of the open, also when the process has another one or ended ---- */

static int open_mem(vfs_node_t *node, file_t *f)
{
	vm_space_t *s;
	int r = proc_hold_space(node, &s);

	f->private_data = s;
	return r;
}

static void release_mem(file_t *f)
{
	if (f->private_data)
		vm_space_drop(f->private_data);
}

/* Moves up to a page; 0 or negative errno when nothing was moved. */
static ssize_t move_page(vm_space_t *s, char *page, unsigned long addr, iter_t *it, bool write)
{
	size_t n = MIN(it->count, PAGE_SIZE - (addr & (PAGE_SIZE - 1)));
	ssize_t moved;

	if (write) {
		n = copy_from_iter(page, n, it);
		if (!n)
			return -EFAULT;
	}
	moved = vm_access(s, addr, page, n, write, true);
	if (moved == -EFAULT)
		return -EIO;
	if (moved <= 0 || write)
		return moved;
	n = copy_to_iter(page, (size_t)moved, it);
	return n ? (ssize_t)n : -EFAULT;
}

static ssize_t move_mem(file_t *f, iter_t *it, off_t *pos, bool write)
{
	vm_space_t *s = f->private_data;
	ssize_t done = 0, moved = 0;
	char *page;

	if (!s || !it->count || !vm_space_get_alive(s))
		return 0;
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		done = -ENOMEM;
	while (page && it->count) {
		moved = move_page(s, page, (unsigned long)*pos, it, write);
		if (moved <= 0)
			break;
		done += moved;
		*pos += moved;
	}
	if (!done && moved < 0)
		done = moved;
	kfree(page);
	vm_space_put(s);
	return done;
}

static ssize_t read_mem(file_t *f, iter_t *it, off_t *pos)
{
	return move_mem(f, it, pos, false);
}

static ssize_t write_mem(file_t *f, iter_t *it, off_t *pos)
{
	return move_mem(f, it, pos, true);
}

/* Positions are addresses: any number is one. */
static off_t seek_mem(file_t *f, off_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	f->pos = off;
	return off;
}

const file_operations_t proc_mem_ops = {
	.open = open_mem,
	.read_iter = read_mem,
	.write_iter = write_mem,
	.llseek = seek_mem,
	.release = release_mem,
};

/* ---- syscall, stack: of a thread that is off its CPU ---- */

static bool is_off_cpu(const thread_t *t)
{
	return (READ_ONCE(t->state) & (THREAD_SLEEPING | THREAD_STOPPED | THREAD_TRACED)) &&
	       !READ_ONCE(t->sched.on_cpu);
}

int show_syscall(seq_file_t *m, process_t *p, thread_t *t)
{
	const trap_frame_t *frame = arch_user_frame(t);
	u64 args[6];
	long nr;

	if (ptrace_may_access(t, PTRACE_ACCESS_FS))
		return -EPERM;
	if (t != current() && !is_off_cpu(t)) {
		seq_puts(m, "running\n");
		return 0;
	}
	nr = arch_syscall_arguments(t, args);
	seq_printf(m, "%ld", nr);
	if (nr != -1)
		for (u32 i = 0; i < ARRAY_SIZE(args); i++)
			seq_printf(m, " 0x%lx", args[i]);
	seq_printf(m, " 0x%lx 0x%lx\n", arch_frame_sp(frame), arch_frame_ip(frame));
	return 0;
}

int show_stack(seq_file_t *m, process_t *p, thread_t *t)
{
	unsigned long addresses[STACK_DEPTH], offset;
	int n = 0;

	if (!capable(CAP_SYS_ADMIN)) /* kernel addresses are nobody else's business */
		return -EACCES;
	if (t == current() || is_off_cpu(t))
		n = arch_backtrace(t, addresses, STACK_DEPTH);
	for (int i = 0; i < n; i++) {
		const char *name = symbol_lookup(addresses[i], &offset);

		if (name)
			seq_printf(m, "[<0>] %s+0x%lx\n", name, offset);
	}
	return 0;
}

/* ---- coredump_filter ---- */

static int show_filter(seq_file_t *m, void *node)
{
	process_t *p;
	thread_t *t;

	if (!proc_node_resolve(node, &p, &t))
		return -ESRCH;
	seq_printf(m, "%08x\n", READ_ONCE(p->core_filter));
	proc_node_release(p, t);
	return 0;
}

static int open_filter(vfs_node_t *node, file_t *f)
{
	return seq_open_single(f, show_filter, node);
}

static ssize_t write_filter(file_t *f, iter_t *it, off_t *pos)
{
	size_t n = it->count;
	char text[16];
	process_t *p;
	thread_t *t;
	u64 value;

	if (n >= sizeof(text))
		return -EINVAL;
	if (copy_from_iter(text, n, it) != n)
		return -EFAULT;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (kstrtou64(text, 0, &value))
		return -EINVAL;
	if (!proc_node_resolve(f->node, &p, &t))
		return -ESRCH;
	WRITE_ONCE(p->core_filter, (u32)value & CORE_FILTER_MASK);
	proc_node_release(p, t);
	return (ssize_t)n;
}

const file_operations_t proc_core_filter_ops = {
	.open = open_filter,
	.read_iter = seq_read_iter,
	.write_iter = write_filter,
	.llseek = endless_llseek,
	.release = seq_release,
};
