// sources: kernel/lib/inflate.c kernel/lib/crc.c
/*
 * Decompression of what zlib made, at every level and strategy, whole, in members, cut short at
 * each length and damaged in each byte.
 */
#include <stdio.h>
#include <string.h>

/* zlib has a crc32 of its own. */
#define crc32 zlib_crc32
#include <zlib.h>
#undef crc32

#include <host.h>
#include <kernel/lib/crc.h>
#include <kernel/lib/inflate.h>
#include <uapi/errno.h>

#define PLAIN_MAX 200000

static u8 plain[PLAIN_MAX], packed[2 * PLAIN_MAX + 1000], result[PLAIN_MAX];
static size_t result_len;
static u64 workspace[INFLATE_WORKSPACE / 8];

static int collect(void *ctx, const void *data, size_t len)
{
	if (len > 32768 || result_len + len > sizeof(result))
		return -EFBIG;
	memcpy(result + result_len, data, len);
	result_len += len;
	return 0;
}

static int fail_at_once(void *ctx, const void *data, size_t len)
{
	return -ENOSPC;
}

/* Text-like, random, constant, or with far repeats. */
static size_t make_plain(void)
{
	size_t len = test_random_below(test_random_below(4) ? 3000 : PLAIN_MAX);
	u64 kind = test_random_below(5);

	for (size_t i = 0; i < len; i++) {
		switch (kind) {
		case 0:
			plain[i] = (u8)test_random();
			break;
		case 1:
			plain[i] = 'a';
			break;
		case 2:
			plain[i] = (u8)("etaoin shrdlu"[test_random_sized() % 13]);
			break;
		case 3: /* skewed: long codes for the rare ones */
			plain[i] = (u8)__builtin_ctzl(test_random() | 1UL << 63);
			break;
		default:
			plain[i] = i > 32768 && test_random_below(50) ? plain[i - 32768]
								      : (u8)test_random();
		}
	}
	return len;
}

#define RAW (-15)
#define ZLIB 15
#define GZIP 31

static size_t pack(size_t len, int window, int level, int strategy)
{
	z_stream z = { .next_in = plain,
		       .avail_in = (uInt)len,
		       .next_out = packed,
		       .avail_out = sizeof(packed) };

	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, window, 8, strategy), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static ssize_t unpack(const u8 *in, size_t len, int window, inflate_output_t out)
{
	/* Exactly as long as it is, so that a read beyond is seen. */
	u8 *copy = malloc(len ? len : 1);
	ssize_t r;

	memcpy(copy, in, len);
	memset(workspace, 0xa5, sizeof(workspace));
	result_len = 0;
	if (window == GZIP)
		r = gunzip_member(copy, len, out, NULL, workspace);
	else if (window == ZLIB)
		r = inflate_zlib(copy, len, out, NULL, workspace);
	else
		r = inflate_raw(copy, len, out, NULL, workspace);
	free(copy);
	return r;
}

static const int windows[] = { RAW, ZLIB, GZIP };
static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED };

static void test_zlib_data(void **state)
{
	for (int round = 0; round < 1500; round++) {
		int window = windows[test_random_below(3)];
		size_t len = make_plain();
		size_t n = pack(len, window, (int)test_random_below(10),
				strategies[test_random_below(5)]);

		/* What stands behind is not touched. */
		memset(packed + n, 0xff, 20);
		assert_int_equal(unpack(packed, n + 20, window, collect), n);
		assert_int_equal(result_len, len);
		assert_memory_equal(result, plain, len);
	}
}

static void test_cut_short(void **state)
{
	for (int round = 0; round < 60; round++) {
		int window = windows[round % 3];
		size_t len = make_plain() % 2000;
		size_t n = pack(len, window, (int)test_random_below(10), Z_DEFAULT_STRATEGY);

		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(unpack(packed, cut, window, collect), -EINVAL);
	}
}

/* zlib's own answer: bytes of input used, or -EINVAL; its text goes to `plain`. */
static ssize_t zlib_unpack(const u8 *in, size_t len, int window)
{
	z_stream z = { .next_in = (u8 *)in,
		       .avail_in = (uInt)len,
		       .next_out = plain,
		       .avail_out = sizeof(plain) };
	int r;

	assert_int_equal(inflateInit2(&z, window), Z_OK);
	r = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return r == Z_STREAM_END ? (ssize_t)z.total_in : -EINVAL;
}

/* The same answer and the same text as zlib's, whatever the bytes. */
static ssize_t compare_with_zlib(const u8 *in, size_t len, int window)
{
	ssize_t got = unpack(in, len, window, collect), want = zlib_unpack(in, len, window);

	assert_int_equal(got, want);
	if (want >= 0)
		assert_memory_equal(result, plain, result_len);
	return got;
}

static void test_damaged(void **state)
{
	u64 found = 0;
	size_t n = 0;
	int window = 0;

	for (int round = 0; round < 100000; round++) {
		size_t at;
		u8 bit;

		if (round % 100 == 0) {
			window = windows[test_random_below(3)];
			n = pack(make_plain() % 1000, window, 1 + (int)test_random_below(9),
				 strategies[test_random_below(5)]);
		}
		at = test_random_below(n);
		bit = (u8)(1u << test_random_below(8));
		packed[at] ^= bit;
		found += compare_with_zlib(packed, n, window) < 0;
		packed[at] ^= bit;
	}
	assert_true(found > 50000);
}

static void test_noise(void **state)
{
	u8 noise[300];

	for (int round = 0; round < 200000; round++) {
		size_t len = test_random_below(sizeof(noise));

		for (size_t i = 0; i < len; i++)
			noise[i] = (u8)test_random();
		compare_with_zlib(noise, len, RAW);
	}
}

static void test_gzip_headers(void **state)
{
	u8 member[200];
	size_t len = (size_t)sprintf((char *)plain, "hello hello hello"), n;

	/* extra field, name, comment, header check */
	for (u8 flags = 0; flags < 0x20; flags++) {
		size_t at = 10;

		n = pack(len, GZIP, 9, Z_DEFAULT_STRATEGY);
		memcpy(member, packed, 10);
		member[3] = flags;
		if (flags & 4) {
			memcpy(member + at, "\3\0abc", 5);
			at += 5;
		}
		if (flags & 8) {
			memcpy(member + at, "name", 5);
			at += 5;
		}
		if (flags & 16) {
			memcpy(member + at, "comment", 8);
			at += 8;
		}
		if (flags & 2) {
			u32 crc = crc32(0, member, at);

			member[at++] = (u8)crc;
			member[at++] = (u8)(crc >> 8);
		}
		memcpy(member + at, packed + 10, n - 10);
		n += at - 10;
		assert_true(is_gzip(member, n));
		assert_int_equal(unpack(member, n, GZIP, collect), n);
		assert_int_equal(result_len, len);
		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(unpack(member, cut, GZIP, collect), -EINVAL);
		if (flags & 2) {
			member[at - 1] ^= 1;
			assert_int_equal(unpack(member, n, GZIP, collect), -EINVAL);
		}
	}
	n = pack(len, GZIP, 9, Z_DEFAULT_STRATEGY);
	packed[3] = 0x20; /* reserved flag */
	assert_int_equal(unpack(packed, n, GZIP, collect), -EINVAL);
	assert_false(is_gzip("\x1f\x8b\x08", 3));
}

static void test_members(void **state)
{
	size_t len = make_plain() % 5000, n = pack(len, GZIP, 6, Z_DEFAULT_STRATEGY);
	size_t total = 2 * n;

	memmove(packed + n, packed, n);
	result_len = 0;
	assert_int_equal(gunzip(packed, total, collect, NULL, workspace), 0);
	assert_int_equal(result_len, 2 * len);
	memset(packed + total, 0, 100); /* padding */
	result_len = 0;
	assert_int_equal(gunzip(packed, total + 100, collect, NULL, workspace), 0);
	packed[total + 50] = 1;
	result_len = 0;
	assert_int_equal(gunzip(packed, total + 100, collect, NULL, workspace), -EINVAL);
	assert_int_equal(gunzip(packed, 0, collect, NULL, workspace), -EINVAL);
}

static void test_output_error(void **state)
{
	memset(plain, 'x', 100000);
	assert_int_equal(unpack(packed, pack(100000, GZIP, 6, 0), GZIP, fail_at_once), -ENOSPC);
	assert_int_equal(unpack(packed, pack(100000, RAW, 0, 0), RAW, fail_at_once), -ENOSPC);
	assert_int_equal(unpack(packed, pack(10, ZLIB, 6, 0), ZLIB, fail_at_once), -ENOSPC);
}

/* Blocks that no compressor writes: bits listed lowest first. */
static void test_bad_blocks(void **state)
{
	static const struct {
		const char *what;
		u8 data[16];
		size_t len;
	} rows[] = {
		{ "block type 3", { 0x07 }, 1 },
		{ "stored length against its complement", { 0x01, 5, 0, 5, 0, 1, 2, 3, 4, 5 }, 10 },
		{ "distance before the start", { 0x03, 0x02 }, 2 },
		{ "286 literals and more", { 0xfd, 0x00, 0x00, 0x00 }, 4 },
		{ "no code lengths at all", { 0x05, 0x00, 0x00, 0x00, 0x00, 0x00 }, 6 },
		{ "fixed code 286", { 0x1b, 0x03 }, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (unpack(rows[i].data, rows[i].len, RAW, collect) != -EINVAL)
			fail_msg("%s", rows[i].what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zlib_data),    cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_damaged),	     cmocka_unit_test(test_noise),
		cmocka_unit_test(test_gzip_headers), cmocka_unit_test(test_members),
		cmocka_unit_test(test_output_error), cmocka_unit_test(test_bad_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
