/*
 * DEFLATE decompression (RFC 1951), bare or as zlib (RFC 1950) or gzip (RFC 1952) data, from
 * memory. Output goes to a callback in pieces of at most 32 KiB.
 */
#ifndef KERNEL_LIB_INFLATE_H
#define KERNEL_LIB_INFLATE_H

#include <kernel/types.h>

#define INFLATE_WORKSPACE (40u << 10) /* bytes, 8-aligned, contents free */

/* Takes decompressed bytes; a negative result ends the work with that error. */
typedef int (*inflate_output_t)(void *ctx, const void *data, size_t len);

/*
 * Decompresses all gzip members at `in`. 0; -EINVAL when damaged or cut off (checksums and lengths
 * are verified, though only after the output was handed out) or when something else follows, or
 * what `out` returned.
 */
int gunzip(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace);
/* One stream or member: returns the bytes of input it took, so that what follows can be looked at;
 * errors as above. */
ssize_t gunzip_member(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace);
ssize_t inflate_raw(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace);
ssize_t inflate_zlib(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace);

static inline bool is_gzip(const void *p, size_t len)
{
	const u8 *b = p;

	return len >= 18 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8;
}

#endif
