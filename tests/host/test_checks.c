// sources: kernel/lib/crc.c kernel/lib/hash.c kernel/lib/chacha.c kernel/lib/sort.c
/* Checksums, hashes and the cipher against published vectors; sorting against qsort. */
#include <string.h>

/* zlib has a crc32 of its own; its crc32_z is the same under another name. */
#define crc32 zlib_crc32
#include <zlib.h>
#undef crc32

#include <host.h>
#include <kernel/lib/chacha.h>
#include <kernel/lib/crc.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/sort.h>

static void test_crc(void **state)
{
	static const char digits[] = "123456789";
	u8 data[300], zeros[32] = { 0 };

	/* The check values of both polynomials; 32 zero bytes: RFC 3720 B.4. */
	assert_int_equal(crc32(0, digits, 9), 0xcbf43926);
	assert_int_equal(crc32c(0, digits, 9), 0xe3069283);
	assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa);
	for (int round = 0; round < 20000; round++) {
		size_t len = test_random_below(sizeof(data)), cut = test_random_below(len + 1);

		for (size_t i = 0; i < len; i++)
			data[i] = (u8)test_random();
		assert_int_equal(crc32(0, data, len), crc32_z(0, data, len));
		assert_int_equal(crc32(crc32(0, data, cut), data + cut, len - cut),
				 crc32(0, data, len));
	}
}

static void test_siphash(void **state)
{
	/* Vectors of the reference implementation: key 00..0f, message 00, 00 01, ... */
	static const struct {
		size_t len;
		u64 hash;
	} vectors[] = {
		{ 0, 0x726fdb47dd0e0e31UL },
		{ 1, 0x74f839c593dc67fdUL },
		{ 2, 0x0d6c8009d9a94f5aUL },
		{ 7, 0xab0200f58b01d137UL },
		{ 8, 0x93f5f5799a932462UL },
		{ 15, 0xa129ca6149be45e5UL }, /* the paper's appendix A */
	};
	const u64 key[2] = { 0x0706050403020100UL, 0x0f0e0d0c0b0a0908UL };
	u8 message[16];

	for (u8 i = 0; i < sizeof(message); i++)
		message[i] = i;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		assert_int_equal(siphash(key, message, vectors[i].len), vectors[i].hash);
	assert_int_equal(hash_name(key, (char *)message, 15), (u32)0xa129ca6149be45e5UL);
}

static void test_multiplicative(void **state)
{
	u32 chains[256] = { 0 };

	for (u64 i = 0; i < 256 * 16; i++)
		chains[hash_u64(i * 4096, 8)]++;
	for (int i = 0; i < 256; i++)
		assert_in_range(chains[i], 4, 48);
	assert_true(hash_ptr(chains, 4) < 16);
}

static void test_chacha(void **state)
{
	/* RFC 8439 2.3.2. */
	static const u8 want[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
		0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
		0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
		0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
		0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	const u32 nonce[3] = { 0x09000000, 0x4a000000, 0 };
	u8 bytes[32], out[64];
	u32 key[8];

	for (u8 i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	memcpy(key, bytes, sizeof(key));
	chacha20_block(key, 1, nonce, out);
	assert_memory_equal(out, want, sizeof(out));
}

typedef struct record {
	u32 key;
	u8 body[7];
} __packed record_t;

static int compare(const void *a, const void *b, void *ctx)
{
	u32 x = ((const record_t *)a)->key, y = ((const record_t *)b)->key;

	if (ctx)
		++*(u64 *)ctx;
	return x < y ? -1 : x > y;
}

static void test_sort(void **state)
{
	static record_t records[3000];

	for (int round = 0; round < 2000; round++) {
		size_t n = test_random_below(round % 50 ? 40 : ARRAY_SIZE(records));
		u32 range = 1 + (u32)test_random_below(2 * n + 1), sum = 0;
		u64 compares = 0;

		for (size_t i = 0; i < n; i++) {
			records[i].key = (u32)test_random_below(range);
			memset(records[i].body, (int)records[i].key, sizeof(records[i].body));
			sum += records[i].key;
		}
		sort(records, n, sizeof(records[0]), compare, &compares);
		for (size_t i = 0; i < n; i++) {
			if (i)
				assert_true(records[i - 1].key <= records[i].key);
			assert_int_equal(records[i].body[6], (u8)records[i].key);
			sum -= records[i].key;
		}
		assert_int_equal(sum, 0);
		assert_true(compares <= 2 * 12 * n + 10); /* 2 n log n */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_siphash),
		cmocka_unit_test(test_multiplicative),
		cmocka_unit_test(test_chacha),
		cmocka_unit_test(test_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
