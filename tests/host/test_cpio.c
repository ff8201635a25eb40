// sources: kernel/lib/cpio.c
/*
 * cpio archives: made here and by cpio(1), concatenated, cut short at each byte, damaged in each
 * field.
 */
#include <stdio.h>
#include <string.h>

#include <host.h>
#include <kernel/lib/cpio.h>
#include <uapi/errno.h>

static u8 archive[100000];
static size_t archive_len;

static void add(const char *magic, const char *name, u32 mode, u32 ino, u32 nlink, const void *data,
		u32 size, u32 check)
{
	size_t name_size = strlen(name) + 1;

	archive_len += (size_t)sprintf((char *)archive + archive_len,
				       "%s%08X%08x%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
				       magic, ino, mode, 1000, 100, nlink, 0x5f000000, size, 8, 1,
				       4, 64, (u32)name_size, check);
	memcpy(archive + archive_len, name, name_size);
	archive_len += name_size;
	while (archive_len % 4)
		archive[archive_len++] = 0;
	memcpy(archive + archive_len, data, size);
	archive_len += size;
	while (archive_len % 4)
		archive[archive_len++] = 0;
}

static void add_trailer(void)
{
	add("070701", "TRAILER!!!", 0, 0, 1, "", 0, 0);
}

static void make_archive(void)
{
	archive_len = 0;
	add("070701", ".", 040755, 1, 2, "", 0, 0);
	add("070701", "hello", 0100644, 2, 1, "hello, world", 12, 0);
	add("070702", "sum", 0100644, 3, 1, "abc", 3, 'a' + 'b' + 'c');
	add("070701", "link", 0120777, 4, 1, "hello", 5, 0);
	add("070701", "one", 0100755, 5, 2, "", 0, 0);
	add("070701", "two", 0100755, 5, 2, "shared", 6, 0);
	add_trailer();
}

/* Entries up to the end, or the error; every byte of what is handed out is touched. */
static int read_all(const void *data, size_t len, size_t *offset, u32 *archives)
{
	u8 *copy = malloc(len ? len : 1);
	volatile u8 touched;
	int n = 0, r;
	cpio_entry_t e;
	cpio_t c;

	memcpy(copy, data, len);
	cpio_open(&c, copy, len);
	while ((r = cpio_next(&c, &e)) > 0) {
		assert_int_equal(strlen(e.name), e.name_len);
		assert_true(e.name_len > 0);
		for (size_t i = 0; i < e.size; i++)
			touched = ((const u8 *)e.data)[i];
		n++;
	}
	assert_true(c.at <= len);
	if (r < 0)
		assert_non_null(c.error);
	if (offset)
		*offset = cpio_offset(&c);
	if (archives)
		*archives = c.archive;
	free(copy);
	(void)touched;
	return r < 0 ? r : n;
}

static void test_entries(void **state)
{
	cpio_entry_t e;
	cpio_t c;

	make_archive();
	cpio_open(&c, archive, archive_len);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, ".");
	assert_int_equal(e.mode, 040755);
	assert_int_equal(e.size, 0);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "hello");
	assert_int_equal(e.size, 12);
	assert_memory_equal(e.data, "hello, world", 12);
	assert_int_equal(e.uid, 1000);
	assert_int_equal(e.gid, 100);
	assert_int_equal(e.mtime, 0x5f000000);
	assert_int_equal(e.dev_major, 8);
	assert_int_equal(e.dev_minor, 1);
	assert_int_equal(e.rdev_major, 4);
	assert_int_equal(e.rdev_minor, 64);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "sum");
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_memory_equal(e.data, "hello", e.size);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_int_equal(e.nlink, 2);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_int_equal(e.ino, 5);
	assert_int_equal(cpio_next(&c, &e), 0);
	assert_int_equal(cpio_next(&c, &e), 0);
	assert_int_equal(cpio_offset(&c), archive_len);
}

static void test_several(void **state)
{
	size_t first, offset;
	u32 archives;

	make_archive();
	first = archive_len;
	memset(archive + archive_len, 0, 512);
	archive_len += 512;
	memcpy(archive + archive_len, archive, first);
	archive_len += first;
	assert_int_equal(read_all(archive, archive_len, &offset, &archives), 12);
	assert_int_equal(archives, 2);
	assert_int_equal(offset, archive_len);
	/* Something else behind: the reader stops there. */
	memcpy(archive + archive_len, "\x1f\x8b\x08more", 8);
	assert_int_equal(read_all(archive, archive_len + 8, &offset, &archives), 12);
	assert_int_equal(offset, archive_len);
	/* Nothing at all, only zeros, only something else. */
	assert_int_equal(read_all("", 0, &offset, &archives), 0);
	memset(archive, 0, 1000);
	assert_int_equal(read_all(archive, 1000, &offset, &archives), 0);
	assert_int_equal(offset, 1000);
	assert_int_equal(read_all("xyz", 3, &offset, &archives), 0);
	assert_int_equal(offset, 0);
}

static void test_cut_short(void **state)
{
	make_archive();
	for (size_t len = 6; len < archive_len; len++) {
		/* Of the trailer only the padding may be missing. */
		int want = len >= archive_len - 3 ? 6 : -EINVAL;

		assert_int_equal(read_all(archive, len, NULL, NULL), want);
	}
}

static void test_bad_fields(void **state)
{
	static const struct {
		const char *what;
		size_t at; /* field number */
		const char *value;
	} rows[] = {
		{ "no digit", 0, "0000000g" },		{ "sign", 1, "+0000001" },
		{ "huge data", 6, "ffffffff" },		{ "data past the end", 6, "00010000" },
		{ "huge name", 11, "ffffffff" },	{ "empty name", 11, "00000000" },
		{ "name of only NUL", 11, "00000001" }, { "name not ended", 11, "00000003" },
		{ "name ended early", 11, "00000009" }, { "long name", 11, "00001001" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_archive();
		u8 *second = archive + 112; /* "hello" */

		assert_memory_equal(second, "070701", 6);
		memcpy(second + 6 + 8 * rows[i].at, rows[i].value, 8);
		if (read_all(archive, archive_len, NULL, NULL) != -EINVAL)
			fail_msg("%s", rows[i].what);
	}
	archive_len = 0;
	add("070702", "sum", 0100644, 3, 1, "abc", 3, 1);
	add_trailer();
	assert_int_equal(read_all(archive, archive_len, NULL, NULL), -EINVAL);
	archive_len = 0;
	add("070701", "link", 0120777, 3, 1, "", 0, 0);
	add_trailer();
	assert_int_equal(read_all(archive, archive_len, NULL, NULL), -EINVAL);
	archive_len = 0;
	add("070701", "dir", 040755, 3, 1, "", 0, 0);
	add("070707", "old", 040755, 3, 1, "", 0, 0);
	assert_int_equal(read_all(archive, archive_len, NULL, NULL), -EINVAL);
}

static void test_damaged(void **state)
{
	for (int round = 0; round < 300000; round++) {
		if (round % 8 == 0)
			make_archive();
		archive[test_random_below(archive_len)] = (u8)test_random();
		read_all(archive, test_random_below(archive_len + 1), NULL, NULL);
	}
}

static void test_made_by_cpio(void **state)
{
	FILE *f = popen("cd tests/host && printf 'host.h\\nfake\\n' | cpio -o -H newc 2>/dev/null",
			"r");
	size_t offset;
	cpio_entry_t e;
	cpio_t c;

	assert_non_null(f);
	archive_len = fread(archive, 1, sizeof(archive), f);
	pclose(f);
	assert_int_equal(read_all(archive, archive_len, &offset, NULL), 2);
	assert_int_equal(offset, archive_len);
	cpio_open(&c, archive, archive_len);
	assert_int_equal(cpio_next(&c, &e), 1);
	assert_string_equal(e.name, "host.h");
	assert_memory_equal(e.data, "/*\n", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),	  cmocka_unit_test(test_several),
		cmocka_unit_test(test_cut_short), cmocka_unit_test(test_bad_fields),
		cmocka_unit_test(test_damaged),	  cmocka_unit_test(test_made_by_cpio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
