// sources: kernel/lib/elf.c
/* A file: its header, and its segment table where the header says. */
#include "fuzz.h"

#include <kernel/lib/elf.h>
#include <uapi/errno.h>

#define USER_MAX 0x00007ffffffff000UL

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct elf64_segment *segments;
	elf_layout_t layout;
	elf_info_t info;
	size_t bytes;
	int r = elf_parse_header(data, size, &info);

	if (r) {
		FUZZ_CHECK(r == -ENOEXEC);
		return 0;
	}
	bytes = sizeof(*segments) * info.phnum;
	FUZZ_CHECK(info.phnum && bytes <= 4096);
	if (info.phoff > size || bytes > size - info.phoff)
		return 0;
	segments = fuzz_copy(data + info.phoff, bytes);
	r = elf_check_segments(segments, info.phnum, &info, USER_MAX, &layout);
	FUZZ_CHECK(r == 0 || r == -ENOEXEC || r == -EINVAL);
	if (r == 0 && layout.load_count) {
		FUZZ_CHECK(layout.start <= layout.end && layout.end <= USER_MAX);
		FUZZ_CHECK(layout.start % 4096 == 0 && layout.align >= 4096);
		FUZZ_CHECK(layout.interp < (int)info.phnum);
		FUZZ_CHECK((layout.start + elf_load_bias(&layout, USER_MAX / 2)) % 4096 == 0);
	}
	free(segments);
	return 0;
}
