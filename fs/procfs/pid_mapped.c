/*
 * /proc/PID/map_files: a link for each area that maps a file, named by its addresses; and
 * /proc/PID/net, which shows what all processes share while there is one network namespace.
 */
#include "pid_internal.h"

#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/space.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

#define BATCH 32
#define NAME_SIZE 40
#define HEX_DIGITS 16

/* The file that the area maps, referenced; NULL: there is no such area, or it maps none. */
file_t *pid_mapped_file(process_t *p, unsigned long start, unsigned long end)
{
	vm_space_t *s = vm_space_of(p);
	file_t *f = NULL;
	vm_area_t *v;

	if (!s)
		return NULL;
	rwsem_read_lock(&s->lock);
	v = vm_find(s, start);
	if (v && v->start == start && v->end == end && v->file) {
		f = v->file;
		file_get(f);
	}
	rwsem_read_unlock(&s->lock);
	vm_space_put(s);
	return f;
}

/* Lower-case hexadecimal digits without needless zeros, up to `stop`. */
static bool parse_address(const char **text, char stop, unsigned long *out)
{
	static const char digits[] = "0123456789abcdef";
	const char *c = *text, *digit;
	u32 n = 0;

	if (c[0] == '0' && c[1] != stop)
		return false;
	*out = 0;
	for (; *c != stop; c++, n++) {
		digit = *c ? strchr(digits, *c) : NULL;
		if (!digit || n == HEX_DIGITS)
			return false;
		*out = *out << 4 | (unsigned long)(digit - digits);
	}
	*text = c + 1;
	return n;
}

static int map_dir_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	pid_node_t model = *pid_node_of(dir);
	const char *name = dentry->name;
	file_t *f = NULL;
	process_t *p;
	thread_t *t;
	int r = -ENOENT;

	if (!pid_node_resolve(&model, &p, &t))
		return -ENOENT;
	if (!proc_may_inspect(t))
		r = -EACCES;
	else if (parse_address(&name, '-', &model.start) && parse_address(&name, 0, &model.end))
		f = pid_mapped_file(p, model.start, model.end);
	if (f) {
		mode_t mode = S_IFLNK | (f->mode & FMODE_READ ? 0400 : 0) |
			      (f->mode & FMODE_WRITE ? 0200 : 0);

		r = pid_node_attach(dir, dentry, model, mode,
				    pid_ino(model.pid->nr, 63) + (model.start >> PAGE_SHIFT));
		file_put(f);
	}
	proc_node_release(p, t);
	return r;
}

typedef struct mapped {
	unsigned long start, end;
} mapped_t;

/* The next areas from `from` on that map files: how many. Told later: what emits may fault. */
static u32 collect_areas(process_t *p, unsigned long from, mapped_t found[BATCH])
{
	vm_space_t *s = vm_space_of(p);
	u32 n = 0;

	if (!s)
		return 0;
	rwsem_read_lock(&s->lock);
	for (vm_area_t *v = vm_find(s, from); v && n < BATCH; v = vm_next(v))
		if (v->file)
			found[n++] = (mapped_t){ v->start, v->end };
	rwsem_read_unlock(&s->lock);
	vm_space_put(s);
	return n;
}

/* Behind the dots positions are addresses: where the area before ended. */
static int map_dir_iterate(file_t *file, dir_context_t *ctx)
{
	pid_node_t *node = pid_node_of(file->node);
	mapped_t found[BATCH];
	char name[NAME_SIZE];
	process_t *p;
	thread_t *t;
	u32 n;

	if (!pid_emit_dots(file, ctx))
		return 0;
	if (!pid_node_resolve(node, &p, &t))
		return -ENOENT;
	if (!proc_may_inspect(t)) {
		proc_node_release(p, t);
		return -EACCES;
	}
	while ((n = collect_areas(p, (unsigned long)ctx->pos, found))) {
		for (u32 i = 0; i < n; i++) {
			int len = snprintf(name, sizeof(name), "%lx-%lx", found[i].start,
					   found[i].end);

			if (!ctx->emit(ctx, name, (u32)len, found[i].end,
				       pid_ino(node->pid->nr, 63) + (found[i].start >> PAGE_SHIFT),
				       DT_LNK))
				goto out;
			ctx->pos = (off_t)found[i].end;
		}
	}
out:
	proc_node_release(p, t);
	return 0;
}

const node_operations_t pid_map_dir_ops = { .lookup = map_dir_lookup };
const file_operations_t pid_map_dir_fops = { .iterate = map_dir_iterate,
					     .llseek = generic_llseek,
					     .read_iter = directory_read_iter };

/* ---- net ---- */

static int net_dir_lookup(vfs_node_t *dir, dentry_t *dentry)
{
	return proc_lookup_entry(proc_net, dir, dentry);
}

static int net_dir_iterate(file_t *f, dir_context_t *ctx)
{
	if (pid_emit_dots(f, ctx))
		proc_emit_entries(proc_net, ctx, 2);
	return 0;
}

const node_operations_t pid_net_dir_ops = { .lookup = net_dir_lookup };
const file_operations_t pid_net_dir_fops = { .iterate = net_dir_iterate,
					     .llseek = generic_llseek,
					     .read_iter = directory_read_iter };
