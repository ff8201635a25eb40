/*
 * The file systems that are built in besides tmpfs.
 */
#ifndef FS_FILESYSTEMS_H
#define FS_FILESYSTEMS_H

void filesystems_init(void); /* registers all; boot, after vfs_init */
void devtmpfs_init(void);
void mapping_init(void); /* mm learns how to reach files */
void procfs_init(void);
void sysfs_init(void);

#endif
