/*
 * Files in memory without a name, and seals (memfd_create(2), fcntl(2) F_ADD_SEALS).
 *
 *	f = memory_file_create("SYSV00000001", size, 0600);	referenced, or ERR_PTR(-ENOMEM, ...)
 */
#ifndef FS_MEMFD_H
#define FS_MEMFD_H

#include <fs/vfs.h>
#include <uapi/memfd.h>

/* Open for reading and writing, sparse; shown as "/name (deleted)"; cannot be sealed. */
file_t *memory_file_create(const char *name, u64 size, mode_t mode);
file_t *memfd_create_file(const char *name, bool sealable);
/* 0, -EPERM (no writer, or sealed against seals), -EINVAL, -EBUSY (it is mapped for writing). */
int file_add_seals(file_t *f, u32 seals);
int file_get_seals(file_t *f); /* F_SEAL_*, or -EINVAL */
void memfd_init(void);	       /* boot, after tmpfs_init */

#endif
