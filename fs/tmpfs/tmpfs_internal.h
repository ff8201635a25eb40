#ifndef FS_TMPFS_INTERNAL_H
#define FS_TMPFS_INTERNAL_H

#include <fs/tmpfs.h>
#include <kernel/lib/list.h>

/* What owners may set: ioctl_iflags(2). */
#define TMPFS_FILE_FLAGS (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL)

/* One instance. */
typedef struct tmpfs {
	u64 max_pages;	  /* 0: no limit. Written by remount, read racily */
	u64 max_nodes;	  /* likewise */
	atomic64_t pages; /* in use */
	atomic64_t nodes;
	mode_t mode; /* (c) of the root, as the options gave them */
	uid_t uid;
	gid_t gid;
} tmpfs_t;

static inline tmpfs_t *tmpfs_of(const super_block_t *sb)
{
	return sb->private_data;
}

/*
 * options.c: reads size=, nr_blocks=, nr_inodes=, mode=, uid=, gid= over what *t says. 0 or
 * -EINVAL.
 */
int tmpfs_parse(tmpfs_t *t, const char *options);
u64 tmpfs_default_pages(void);
struct seq_file;
int tmpfs_show_options(super_block_t *sb, struct seq_file *m);

/* tmpfs.c: referenced, without a name; dir may be NULL. ERR_PTR(-ENOSPC, -ENOMEM). */
vfs_node_t *tmpfs_make_node(super_block_t *sb, const vfs_node_t *dir, mode_t mode, dev_t rdev);

/* file.c */
extern const file_operations_t tmpfs_file_operations;
extern const file_map_ops_t tmpfs_map_ops;
int tmpfs_set_attr(vfs_node_t *n, const vfs_attr_t *a);
int tmpfs_get_attr(vfs_node_t *n, vfs_stat_t *st);

#endif
