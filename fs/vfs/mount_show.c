/*
 * The lists of mounts: /proc/PID/mounts, mountinfo, mountstats (proc(5)), of what the running
 * thread can reach.
 */
#include "vfs_internal.h"

#include <fs/poll.h>
#include <fs/seq_file.h>
#include <mm/slab.h>
#include <uapi/mount.h>

/* Characters that would break the columns. */
#define ESCAPED " \t\n\\"

typedef struct flag_name {
	u32 flag;
	const char *text;
} flag_name_t;

static void show_super_flags(seq_file_t *m, const super_block_t *sb)
{
	static const flag_name_t names[] = { { MS_SYNCHRONOUS, ",sync" },
					     { MS_DIRSYNC, ",dirsync" },
					     { MS_MANDLOCK, ",mand" },
					     { MS_LAZYTIME, ",lazytime" } };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (sb->flags & names[i].flag)
			seq_puts(m, names[i].text);
}

static void show_mount_flags(seq_file_t *m, const mount_t *mnt)
{
	static const flag_name_t names[] = {
		{ MNT_NOSUID, ",nosuid" },	     { MNT_NODEV, ",nodev" },
		{ MNT_NOEXEC, ",noexec" },	     { MNT_NOATIME, ",noatime" },
		{ MNT_NODIRATIME, ",nodiratime" },   { MNT_RELATIME, ",relatime" },
		{ MNT_NOSYMFOLLOW, ",nosymfollow" },
	};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (mnt->flags & names[i].flag)
			seq_puts(m, names[i].text);
}

static void show_options(seq_file_t *m, super_block_t *sb)
{
	if (sb->ops->show_options)
		sb->ops->show_options(sb, m);
}

static void show_place(seq_file_t *m, mount_t *mnt)
{
	path_t at = { mnt, mnt->root };

	seq_path(m, &at, ESCAPED);
}

static void show_plain(seq_file_t *m, mount_t *mnt)
{
	seq_escape(m, mnt->source, ESCAPED);
	seq_putc(m, ' ');
	show_place(m, mnt);
	seq_printf(m, " %s %s", mnt->sb->type, mount_writable(mnt) ? "rw" : "ro");
	show_super_flags(m, mnt->sb);
	show_mount_flags(m, mnt);
	show_options(m, mnt->sb);
	seq_puts(m, " 0 0\n");
}

/* The root of the mounted tree within its file system. */
static void show_root(seq_file_t *m, mount_t *mnt)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *name;
	path_t in = { mnt, mnt->root }, top = { mnt, mnt->sb->root };

	if (!buf)
		return;
	/* Seen from the super block's root the mount's own border does not count. */
	if (in.dentry == top.dentry)
		seq_putc(m, '/');
	else if (!dentry_text(in.dentry, top.dentry, buf, PATH_MAX, &name))
		seq_escape(m, name, ESCAPED);
	kfree(buf);
}

static void show_info(seq_file_t *m, mount_t *mnt)
{
	seq_printf(m, "%d %d %u:%u ", mnt->id, mnt->parent->id, dev_major(mnt->sb->dev),
		   dev_minor(mnt->sb->dev));
	show_root(m, mnt);
	seq_putc(m, ' ');
	show_place(m, mnt);
	seq_puts(m, mnt->flags & MNT_READONLY ? " ro" : " rw");
	show_mount_flags(m, mnt);
	seq_printf(m, " - %s ", mnt->sb->type);
	seq_escape(m, mnt->source, ESCAPED);
	seq_puts(m, mnt->sb->flags & MS_RDONLY ? " ro" : " rw");
	show_super_flags(m, mnt->sb);
	show_options(m, mnt->sb);
	seq_putc(m, '\n');
}

static void show_stats(seq_file_t *m, mount_t *mnt)
{
	seq_puts(m, "device ");
	seq_escape(m, mnt->source, ESCAPED);
	seq_puts(m, " mounted on ");
	show_place(m, mnt);
	seq_printf(m, " with fstype %s\n", mnt->sb->type);
}

int mount_show(seq_file_t *m, mount_list_kind_t kind)
{
	mount_t *mnt;
	path_t root;

	fs_get_root(&root);
	mutex_lock(&mount_mutex);
	list_for_each_entry(mnt, &current_mounts()->mounts, ns_link) {
		path_t at = { mnt, mnt->root };

		if (!path_reachable(&at, &root))
			continue;
		if (kind == MOUNT_LIST_MOUNTS)
			show_plain(m, mnt);
		else if (kind == MOUNT_LIST_INFO)
			show_info(m, mnt);
		else
			show_stats(m, mnt);
	}
	mutex_unlock(&mount_mutex);
	path_put(&root);
	return 0;
}

void mount_poll_begin(file_t *f)
{
	f->poll_private = (void *)READ_ONCE(current_mounts()->event);
}

u32 mount_poll(file_t *f, poll_table_t *pt)
{
	mount_namespace_t *ns = current_mounts();
	u32 mask = POLLIN | POLLRDNORM;
	void *event;

	poll_wait(f, &ns->wait, pt);
	event = (void *)READ_ONCE(ns->event);
	if (READ_ONCE(f->poll_private) != event) {
		WRITE_ONCE(f->poll_private, event);
		mask |= POLLERR | POLLPRI;
	}
	return mask;
}
