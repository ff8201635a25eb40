// sources: kernel/lib/inflate.c kernel/lib/crc.c
/* Compressed data: the first byte chooses the wrapping. */
#include "fuzz.h"

#include <kernel/lib/inflate.h>
#include <uapi/errno.h>

#define OUTPUT_LIMIT (1u << 20)

static int count(void *ctx, const void *data, size_t len)
{
	size_t *total = ctx;
	volatile u8 touched;

	FUZZ_CHECK(len && len <= 32768);
	for (size_t i = 0; i < len; i++)
		touched = ((const u8 *)data)[i];
	(void)touched;
	*total += len;
	return *total > OUTPUT_LIMIT ? -EFBIG : 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t total = 0;
	void *workspace;
	ssize_t r;
	u8 *in;

	if (!size)
		return 0;
	in = fuzz_copy(data + 1, size - 1);
	workspace = malloc(INFLATE_WORKSPACE);
	switch (data[0] % 4) {
	case 0:
		r = gunzip(in, size - 1, count, &total, workspace);
		break;
	case 1:
		r = gunzip_member(in, size - 1, count, &total, workspace);
		break;
	case 2:
		r = inflate_zlib(in, size - 1, count, &total, workspace);
		break;
	default:
		r = inflate_raw(in, size - 1, count, &total, workspace);
	}
	FUZZ_CHECK(r == -EINVAL || r == -EFBIG || (r >= 0 && (size_t)r <= size - 1));
	free(workspace);
	free(in);
	return 0;
}
