// sources: kernel/lib/cpio.c
/* Any bytes as an initramfs. */
#include "fuzz.h"

#include <kernel/lib/cpio.h>
#include <uapi/errno.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *archive = fuzz_copy(data, size);
	volatile u8 touched;
	cpio_entry_t e;
	size_t before = 0;
	cpio_t c;
	int r;

	cpio_open(&c, archive, size);
	while ((r = cpio_next(&c, &e)) > 0) {
		FUZZ_CHECK(cpio_offset(&c) > before && cpio_offset(&c) <= size);
		before = cpio_offset(&c);
		FUZZ_CHECK(strlen(e.name) == e.name_len && e.name_len);
		for (size_t i = 0; i < e.size; i++)
			touched = ((const u8 *)e.data)[i];
	}
	FUZZ_CHECK(r == 0 || (r == -EINVAL && c.error));
	(void)touched;
	free(archive);
	return 0;
}
