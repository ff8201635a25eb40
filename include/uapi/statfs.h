/* statfs(2), ustat(2) of the Linux x86_64 ABI. */
#ifndef UAPI_STATFS_H
#define UAPI_STATFS_H

#include <stdint.h>

struct statfs {
	int64_t f_type, f_bsize;
	uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	int32_t f_fsid[2];
	int64_t f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct statfs) == 120, "statfs");

struct ustat {
	int32_t f_tfree;
	int32_t pad;
	uint64_t f_tinode;
	char f_fname[6], f_fpack[6];
	char pad2[4];
};
_Static_assert(sizeof(struct ustat) == 32, "ustat");

#define RAMFS_MAGIC 0x858458f6
#define TMPFS_MAGIC 0x01021994
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b
#define ANON_INODE_MAGIC 0x09041934

#endif
