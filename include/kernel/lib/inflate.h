/*
 * DEFLATE decompression (RFC 1951) and the gzip format (RFC 1952), from memory, with output through a 32 KiB window.
 */
#ifndef KERNEL_LIB_INFLATE_H
#define KERNEL_LIB_INFLATE_H

#include <kernel/types.h>

#define INFLATE_WORKSPACE (48u << 10) /* bytes, 8-aligned */

/* Takes decompressed bytes; a negative result ends the work with that error. */
typedef int (*inflate_output_t)(void *ctx, const void *data, size_t len);

/*
 * Decompresses all gzip members at `in`. 0; -EINVAL when damaged or cut off (checksum and length are verified), or what
 * `out` returned.
 */
int gunzip(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace);
static inline bool is_gzip(const void *p, size_t len)
{
	const u8 *b = p;

	return len >= 18 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8;
}

#endif
