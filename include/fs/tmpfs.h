/*
 * tmpfs: files that live in memory. Also the kind of file system that the root is ("rootfs").
 */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include <fs/vfs.h>

void tmpfs_init(void); /* registers tmpfs, ramfs and rootfs; boot */

#endif
