/*
 * Flags of files: ioctl_iflags(2), FS_IOC_FSSETXATTR of xfsctl(3).
 */
#ifndef UAPI_FS_H
#define UAPI_FS_H

#include <stdint.h>

#define FS_IOC_GETFLAGS 0x80086601u /* for a long, but of 32 bits */
#define FS_IOC_SETFLAGS 0x40086602u
#define FS_IOC_FSGETXATTR 0x801c581fu
#define FS_IOC_FSSETXATTR 0x401c5820u

#define FS_SYNC_FL 0x00000008u
#define FS_IMMUTABLE_FL 0x00000010u
#define FS_APPEND_FL 0x00000020u
#define FS_NODUMP_FL 0x00000040u
#define FS_NOATIME_FL 0x00000080u
#define FS_DAX_FL 0x02000000u
#define FS_PROJINHERIT_FL 0x20000000u

struct fsxattr {
	uint32_t fsx_xflags;
	uint32_t fsx_extsize, fsx_nextents, fsx_projid, fsx_cowextsize;
	uint8_t fsx_pad[8];
};
_Static_assert(sizeof(struct fsxattr) == 28, "fsxattr");

#define FS_XFLAG_IMMUTABLE 0x00000008u
#define FS_XFLAG_APPEND 0x00000010u
#define FS_XFLAG_SYNC 0x00000020u
#define FS_XFLAG_NOATIME 0x00000040u
#define FS_XFLAG_NODUMP 0x00000080u
#define FS_XFLAG_PROJINHERIT 0x00000200u
#define FS_XFLAG_EXTSIZE 0x00000800u
#define FS_XFLAG_EXTSZINHERIT 0x00001000u
#define FS_XFLAG_DAX 0x00008000u
#define FS_XFLAG_COWEXTSIZE 0x00010000u

/* ---- ioctl_ficlonerange(2), ioctl_list(2) ---- */

#define FIBMAP 1
#define FIGETBSZ 2
#define FIOQSIZE 0x5460
#define FIFREEZE 0xc0045877u
#define FITHAW 0xc0045878u
#define FICLONE 0x40049409u
#define FICLONERANGE 0x4020940du

struct file_clone_range {
	int64_t src_fd;
	uint64_t src_offset, src_length, dest_offset;
};
_Static_assert(sizeof(struct file_clone_range) == 32, "struct file_clone_range");

#endif
