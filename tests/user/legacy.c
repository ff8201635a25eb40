/*
 * Calls about memory that few use: remap_file_pages, protection keys on a CPU without them.
 */
#include "row.h"

static long remap(const void *addr, size_t size, unsigned long prot, size_t page,
		  unsigned long flags)
{
	return sys(SYS_remap_file_pages, addr, size, prot, page, flags);
}

static void group_remap(void)
{
	char data[4 * PAGE];

	for (int i = 0; i < 4; i++)
		memset(data + i * PAGE, 'a' + i, PAGE);
	int fd = file_with("f", data, sizeof(data));
	char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	ROW("swap", remap(map, PAGE, 0, 3, 0), 0);
	ROW("swap.first", map[0], 'd');
	ROW("swap.second", map[PAGE], 'b');
	ROW("two", remap(map + PAGE, 2 * PAGE, 0, 0, 0), 0);
	ROW("two.first", map[PAGE], 'a');
	ROW("two.second", map[2 * PAGE], 'b');
	map[0] = 'z';
	ROW("shared", map[3 * PAGE], 'z');
	ROW("address_rounded", remap(map + 100, PAGE + 5, 0, 1, 0), 0);
	ROW("address_rounded.first", map[0], 'b');
	ROW("nonblock", remap(map, PAGE, 0, 2, MAP_NONBLOCK), 0);
	ROW("nonblock.first", map[0], 'c');
	ROW("across", remap(map, 2 * PAGE, 0, 0, 0), 0);
	ROW("prot", remap(map, PAGE, PROT_READ, 0, 0), -EINVAL);
	ROW("size_0", remap(map, 0, 0, 0, 0), -EINVAL);
	ROW("wraps", remap(map, -PAGE, 0, 0, 0), -EINVAL);
	ROW("page_wraps", remap(map, 2 * PAGE, 0, -1ul, 0), -EINVAL);
	ROW("private", remap(private, PAGE, 0, 0, 0), -EINVAL);
	ROW("unmapped", remap((void *)PAGE, PAGE, 0, 0, 0), -EINVAL);
	munmap(map + 3 * PAGE, PAGE);
	ROW("past_end", remap(map + 2 * PAGE, 2 * PAGE, 0, 0, 0), -EINVAL);
	char *anonymous =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	anonymous[PAGE] = 'x';
	ROW("anonymous", remap(anonymous, PAGE, 0, 1, 0), 0);
	ROW("anonymous.first", anonymous[0], 'x');
}

static void group_pkeys(void)
{
	char *page =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ROW("alloc.flags", sys(SYS_pkey_alloc, 1, 0), -EINVAL);
	ROW("alloc.rights", sys(SYS_pkey_alloc, 0, 4), -EINVAL);
	/* Debian's point releases of 6.1 differ in this. */
	long r = sys(SYS_pkey_alloc, 0, 0);
	ROW_TRUE("alloc", r == -ENOSPC || r == -EINVAL);
	ROW("alloc.write", sys(SYS_pkey_alloc, 0, 2), -ENOSPC);
	ROW("free.0", sys(SYS_pkey_free, 0), -EINVAL);
	ROW("free.1", sys(SYS_pkey_free, 1), -EINVAL);
	ROW("free.negative", sys(SYS_pkey_free, -1), -EINVAL);
	ROW("mprotect", sys(SYS_pkey_mprotect, page, PAGE, PROT_READ, -1), 0);
	ROW("mprotect.works", CHILD(page[0] = 1), KILLED(SIGSEGV));
	ROW("mprotect.key_0", sys(SYS_pkey_mprotect, page, PAGE, PROT_READ, 0), -EINVAL);
	ROW("mprotect.key_1", sys(SYS_pkey_mprotect, page, PAGE, PROT_READ, 1), -EINVAL);
	ROW("mprotect.unaligned", sys(SYS_pkey_mprotect, page + 1, PAGE, PROT_READ, -1), -EINVAL);
	ROW("mprotect.length_0", sys(SYS_pkey_mprotect, page, 0, PROT_READ, 1), 0);
	ROW("mprotect.prot", sys(SYS_pkey_mprotect, page, PAGE, 0x1000, -1), -EINVAL);
	ROW("mprotect.unmapped", sys(SYS_pkey_mprotect, (void *)PAGE, PAGE, PROT_READ, -1),
	    -ENOMEM);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "legacy");
	GROUP(group_remap);
	GROUP(group_pkeys);
	return finish();
}
