/*
 * Reading directories, and the directory operations of memory file systems.
 *
 * In a memory file system the children of a dentry are the directory. They stand in a list, newest
 * first, each with a cookie larger than those behind it. A reader's position says below which
 * cookie it goes on, so it neither repeats nor loses what was there all the time, whatever is made,
 * removed or moved meanwhile. The file remembers the dentry it saw last: as long as that is still
 * in place the next part is found at once.
 */
#include "vfs_internal.h"

#include <fs/notify.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <uapi/dirent.h>

/* Position 0 and 1 are "." and "..", 2 the newest child; then FIRST - cookie + 1. */
#define POSITION_OF(cookie) ((off_t)((1UL << 62) - (cookie)))

u32 mode_to_dirent_type(mode_t mode)
{
	return (mode & S_IFMT) >> 12;
}

bool dir_emit_dots(file_t *f, dir_context_t *ctx)
{
	dentry_t *d = f->path.dentry;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, d->node->ino, DT_DIR))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		ino_t ino;

		rcu_read_lock();
		ino = READ_ONCE(READ_ONCE(d->parent)->node)->ino;
		rcu_read_unlock();
		if (!ctx->emit(ctx, "..", 2, 2, ino, DT_DIR))
			return false;
		ctx->pos = 2;
	}
	return true;
}

int file_iterate(file_t *f, dir_context_t *ctx)
{
	vfs_node_t *n = f->node;
	int r;

	if (!f->ops->iterate)
		return -ENOTDIR;
	r = rwsem_read_lock_killable(&n->lock);
	if (r)
		return r;
	if (n->state & NODE_DEAD)
		r = -ENOENT;
	else
		r = f->ops->iterate(f, ctx);
	rwsem_read_unlock(&n->lock);
	if (r != -ENOENT) {
		file_accessed(f);
		notify_file(f, IN_ACCESS);
	}
	return r;
}

/* ---- memory directories ---- */

typedef struct cursor {
	spinlock_t lock;
	dentry_t *last; /* lock: reference */
} cursor_t;

static int memory_dir_open(vfs_node_t *node, file_t *f)
{
	cursor_t *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	spinlock_init(&c->lock);
	f->private_data = c;
	return 0;
}

static dentry_t *swap_cursor(cursor_t *c, dentry_t *d)
{
	dentry_t *old;

	spin_lock(&c->lock);
	old = c->last;
	c->last = d;
	spin_unlock(&c->lock);
	return old;
}

static void memory_dir_release(file_t *f)
{
	cursor_t *c = f->private_data;

	if (c->last)
		dentry_put(c->last);
	kfree(c);
}

/* The first child from the position on, referenced. `hint` was emitted last, or NULL. */
static dentry_t *next_child(dentry_t *dir, off_t pos, dentry_t *hint)
{
	dentry_t *d, *found = NULL;
	list_t *at;

	spin_lock(&dir->lock);
	at = dir->children.next;
	if (hint && hint->parent == dir && !list_empty(&hint->sibling) &&
	    POSITION_OF(hint->cookie) + 1 == pos)
		at = hint->sibling.next;
	for (; at != &dir->children; at = at->next) {
		d = list_entry(at, dentry_t, sibling);
		if (POSITION_OF(d->cookie) < pos || dentry_negative(d) || dentry_unhashed(d))
			continue;
		if (dentry_get_unless_dead(d)) {
			found = d;
			break;
		}
	}
	spin_unlock(&dir->lock);
	return found;
}

dentry_t *memory_next_child(dentry_t *dir, dentry_t *last)
{
	return next_child(dir, last ? POSITION_OF(last->cookie) + 1 : 0, last);
}

static int memory_dir_iterate(file_t *f, dir_context_t *ctx)
{
	dentry_t *dir = f->path.dentry, *hint, *d;
	cursor_t *c = f->private_data;

	if (!dir_emit_dots(f, ctx))
		return 0;
	hint = swap_cursor(c, NULL);
	while ((d = next_child(dir, ctx->pos, hint))) {
		off_t next = POSITION_OF(d->cookie) + 1;

		if (!ctx->emit(ctx, d->name, d->name_len, (u64)next, d->node->ino,
			       mode_to_dirent_type(d->node->mode))) {
			dentry_put(d);
			break;
		}
		ctx->pos = next;
		if (hint)
			dentry_put(hint);
		hint = d;
	}
	hint = swap_cursor(c, hint);
	if (hint)
		dentry_put(hint);
	return 0;
}

ssize_t directory_read_iter(file_t *f, iter_t *it, off_t *pos)
{
	return -EISDIR;
}

bool memory_dir_empty(dentry_t *dir)
{
	bool empty = true;
	dentry_t *d;

	spin_lock(&dir->lock);
	list_for_each_entry(d, &dir->children, sibling)
		if (!dentry_negative(d) && !dentry_unhashed(d)) {
			empty = false;
			break;
		}
	spin_unlock(&dir->lock);
	return empty;
}

const file_operations_t memory_dir_operations = {
	.open = memory_dir_open,
	.release = memory_dir_release,
	.llseek = endless_llseek,
	.read_iter = directory_read_iter,
	.iterate = memory_dir_iterate,
	.fsync = noop_fsync,
};

/* ---- API ---- */

typedef struct kernel_readdir {
	dir_context_t ctx;
	char *at, *end;
	bool too_small;
} kernel_readdir_t;

static bool put_record(dir_context_t *ctx, const char *name, u32 len, u64 pos, ino_t ino, u32 type)
{
	kernel_readdir_t *k = container_of(ctx, kernel_readdir_t, ctx);
	size_t size = ALIGN_UP(offsetof(struct linux_dirent64, d_name) + len + 1, sizeof(u64));
	struct linux_dirent64 *e = (void *)k->at;

	if (size > (size_t)(k->end - k->at)) {
		k->too_small = true;
		return false;
	}
	e->d_ino = ino;
	e->d_off = (int64_t)pos;
	e->d_reclen = (u16)size;
	e->d_type = (u8)type;
	memcpy(e->d_name, name, len);
	e->d_name[len] = 0;
	k->at += size;
	return true;
}

/* Records of struct linux_dirent64; bytes, 0 at the end, -EINVAL when not one fits. */
int vfs_readdir(file_descriptor_t *f, struct dirent *dirp, size_t count)
{
	kernel_readdir_t k = { .ctx = { .emit = put_record, .pos = f->pos },
			       .at = (char *)dirp,
			       .end = (char *)dirp + count };
	int r = file_iterate(f, &k.ctx);

	f->pos = k.ctx.pos;
	if (r)
		return r;
	if (k.at == (char *)dirp && k.too_small)
		return -EINVAL;
	return (int)(k.at - (char *)dirp);
}
