/* getdents(2), getdents64(2) of the Linux x86_64 ABI. */
#ifndef UAPI_DIRENT_H
#define UAPI_DIRENT_H

#include <stddef.h>
#include <stdint.h>

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};
_Static_assert(offsetof(struct linux_dirent64, d_name) == 19, "linux_dirent64");

/* The type stands in the record's last byte, behind the name's NUL. */
struct linux_dirent {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	char d_name[];
};
_Static_assert(offsetof(struct linux_dirent, d_name) == 18, "linux_dirent");

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10
#define DT_SOCK 12

#endif
