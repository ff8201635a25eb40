/*
 * From a place to its text: getcwd(2), /proc/PID/fd, /proc/mounts.
 *
 * The text is built from its end, upwards, under RCU, and built again if a rename or a change of
 * the mounts went by.
 */
#include "vfs_internal.h"

#include <kernel/lib/string.h>

typedef struct builder {
	char *start, *at; /* the text so far is [at, end) */
	bool overflow;
} builder_t;

static void prepend(builder_t *b, const char *text, size_t len)
{
	if ((size_t)(b->at - b->start) < len) {
		b->overflow = true;
		return;
	}
	b->at -= len;
	memcpy(b->at, text, len);
}

/*
 * A rename may be swapping the name's bytes: copied with care, checked by the sequence afterwards.
 */
static void prepend_name(builder_t *b, const dentry_t *d)
{
	const char *name = READ_ONCE(d->name);
	size_t len = strnlen(name, NAME_MAX);

	prepend(b, name, len);
	prepend(b, "/", 1);
}

typedef enum reached { AT_ROOT, AT_TOP, AT_NOWHERE } reached_t;

static reached_t build(builder_t *b, const path_t *p, const path_t *root)
{
	const mount_t *m = p->mount;
	const dentry_t *d = p->dentry;

	while (d != root->dentry || m != root->mount) {
		if (d == m->root) {
			const mount_t *up = READ_ONCE(m->parent);

			if (up == m)
				return m->ns ? AT_TOP : AT_NOWHERE;
			d = READ_ONCE(m->mountpoint);
			m = up;
			continue;
		}
		if (d == READ_ONCE(d->parent))
			return AT_NOWHERE; /* moved out of a bind mount */
		prepend_name(b, d);
		d = READ_ONCE(d->parent);
	}
	return AT_ROOT;
}

static int path_text(const path_t *p, const path_t *root, char *buf, size_t size, char **out,
		     bool mark_deleted, reached_t *reached)
{
	bool deleted = dentry_unhashed(p->dentry) && p->dentry->parent != p->dentry;
	u32 rename_seq, mount_seq;
	builder_t b;

	if (size < 2)
		return -ENAMETOOLONG;
	do {
		char *text_end;

		rename_seq = seqcount_read_begin(&rename_lock.seq);
		mount_seq = seqcount_read_begin(&mount_lock.seq);
		b = (builder_t){ .start = buf, .at = buf + size };
		prepend(&b, "", 1);
		if (deleted && mark_deleted)
			prepend(&b, " (deleted)", 10);
		text_end = b.at;
		rcu_read_lock();
		*reached = build(&b, p, root);
		rcu_read_unlock();
		if (b.at == text_end)
			prepend(&b, "/", 1);
	} while (seqcount_read_retry(&rename_lock.seq, rename_seq) ||
		 seqcount_read_retry(&mount_lock.seq, mount_seq));
	if (b.overflow)
		return -ENAMETOOLONG;
	*out = b.at;
	return 0;
}

int path_name_root(const path_t *p, const path_t *root, char *buf, size_t size, char **out)
{
	const dentry_operations_t *ops = p->dentry->ops;
	reached_t reached;

	if (ops && ops->show_name) {
		int n = ops->show_name(p->dentry, buf, size);

		if (n >= (int)size)
			return -ENAMETOOLONG;
		*out = buf;
		return 0;
	}
	return path_text(p, root, buf, size, out, true, &reached);
}

int path_name(const path_t *p, char *buf, size_t size, char **out)
{
	path_t root;
	int r;

	fs_get_root(&root);
	r = path_name_root(p, &root, buf, size, out);
	path_put(&root);
	return r;
}

int cwd_name(char *buf, size_t size, char **out)
{
	static const char unreachable[] = "(unreachable)";
	const size_t mark = sizeof(unreachable) - 1;
	path_t root, cwd;
	reached_t reached;
	int r = -ENOENT;

	fs_get_root(&root);
	fs_get_cwd(&cwd);
	if (!dentry_unhashed(cwd.dentry) || cwd.dentry->parent == cwd.dentry)
		r = path_text(&cwd, &root, buf + mark, size - mark, out, false, &reached);
	if (!r && reached != AT_ROOT) {
		*out -= mark;
		memcpy(*out, unreachable, mark);
	}
	path_put(&cwd);
	path_put(&root);
	return r;
}

/* Can the place be reached from the running thread's root? */
bool path_reachable(const path_t *p, const path_t *root)
{
	char none;
	builder_t b = { .start = &none, .at = &none };
	reached_t r;

	rcu_read_lock();
	r = build(&b, p, root);
	rcu_read_unlock();
	return r == AT_ROOT;
}

/* The way from `top` down to d within one file system. */
int dentry_text(const dentry_t *d, const dentry_t *top, char *buf, size_t size, char **out)
{
	builder_t b;
	u32 seq;

	do {
		const dentry_t *at;

		seq = seqcount_read_begin(&rename_lock.seq);
		b = (builder_t){ .start = buf, .at = buf + size };
		prepend(&b, "", 1);
		rcu_read_lock();
		for (at = d; at != top && at != READ_ONCE(at->parent); at = READ_ONCE(at->parent))
			prepend_name(&b, at);
		rcu_read_unlock();
	} while (seqcount_read_retry(&rename_lock.seq, seq));
	*out = b.at;
	return b.overflow ? -ENAMETOOLONG : 0;
}
