/*
 * Reads cpio archives in the "newc" format (magic 070701, or 070702 with checksums; cpio(5)) out of
 * memory: what an initramfs is. Several may follow each other, padded with zeros.
 *
 *	cpio_t c; cpio_entry_t e; cpio_open(&c, data, size);
 *	while ((r = cpio_next(&c, &e)) > 0) ...		e points into data
 *
 * Hard links: entries of one archive with nlink > 1 and the same (dev, ino) are one file, whose
 * data comes with one of them. e.archive tells archives apart, since numbers start anew in each.
 */
#ifndef KERNEL_LIB_CPIO_H
#define KERNEL_LIB_CPIO_H

#include <kernel/types.h>

typedef struct cpio {
	const u8 *data;
	size_t size, at;
	u32 archive;
	bool inside;	   /* an archive whose trailer has not come */
	const char *error; /* what is wrong at `at`, after -EINVAL */
} cpio_t;

typedef struct cpio_entry {
	u32 ino, mode, uid, gid, nlink, mtime, dev_major, dev_minor, rdev_major, rdev_minor;
	u32 archive;
	const char *name; /* NUL-terminated, in the archive; not empty */
	size_t name_len;
	const void *data;
	size_t size;
} cpio_entry_t;

void cpio_open(cpio_t *c, const void *data, size_t size);
/*
 * 1 and an entry; 0 at the end of the last archive; -EINVAL when damaged. Trailers are not shown.
 * After 0 either all is read, or something else than cpio (a compressed archive, say) begins at
 * cpio_offset.
 */
int cpio_next(cpio_t *c, cpio_entry_t *e);
static inline size_t cpio_offset(const cpio_t *c)
{
	return c->at;
}

#endif
