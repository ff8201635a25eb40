/*
 * cpio archives in the "newc" format (cpio(5)): what an initramfs is. Several may follow each other, padded with zeros.
 *
 *	cpio_t c; cpio_entry_t e; cpio_open(&c, data, size);
 *	while ((r = cpio_next(&c, &e)) > 0) ...
 */
#ifndef KERNEL_LIB_CPIO_H
#define KERNEL_LIB_CPIO_H

#include <kernel/types.h>

typedef struct cpio {
	const u8 *data;
	size_t size, at;
} cpio_t;

typedef struct cpio_entry {
	u32 ino, mode, uid, gid, nlink, mtime, dev_major, dev_minor, rdev_major, rdev_minor;
	const char *name; /* NUL-terminated, in the archive */
	size_t name_len;
	const void *data;
	size_t size;
} cpio_entry_t;

void cpio_open(cpio_t *c, const void *data, size_t size);
/* 1 and an entry; 0 at the end of the last archive; -EINVAL when damaged. Trailers are not shown. */
int cpio_next(cpio_t *c, cpio_entry_t *e);
/* Bytes consumed so far: where something else than cpio begins. */
static inline size_t cpio_offset(const cpio_t *c)
{
	return c->at;
}

#endif
