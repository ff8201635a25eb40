/*
 * CRCs, eight bytes a step (Kounavis & Berry, "A Systematic Approach to Building High Performance
 * Software-based CRC Generators", 2005: slicing). Entry i of table k is the remainder of byte i with
 * k bytes behind it; the remainder of eight bytes is the sum of eight such, looked up independently
 * of each other. The tables of a polynomial are computed when it is first used: 8 KiB that most
 * systems never need for one of the two.
 */
#include <kernel/lib/crc.h>

#include <kernel/compiler.h>

#define SLICES 8
#define IEEE_REFLECTED 0xedb88320u
#define CASTAGNOLI_REFLECTED 0x82f63b78u

typedef struct crc_tables {
	bool ready; /* atomic; two CPUs that fill the tables at once write the same */
	u32 of[SLICES][256];
} crc_tables_t;

static crc_tables_t ieee, castagnoli;

static void fill(crc_tables_t *t, u32 polynomial)
{
	for (u32 byte = 0; byte < 256; byte++) {
		u32 crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
		t->of[0][byte] = crc;
	}
	for (u32 slice = 1; slice < SLICES; slice++)
		for (u32 byte = 0; byte < 256; byte++) {
			u32 before = t->of[slice - 1][byte];

			t->of[slice][byte] = before >> 8 ^ t->of[0][before & 255];
		}
	__atomic_store_n(&t->ready, true, __ATOMIC_RELEASE);
}

typedef u64 __attribute__((may_alias, aligned(1))) unaligned64_t;

static u32 crc_update(crc_tables_t *t, u32 polynomial, u32 crc, const u8 *p, size_t len)
{
	if (unlikely(!__atomic_load_n(&t->ready, __ATOMIC_ACQUIRE)))
		fill(t, polynomial);
	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		u64 x = *(const unaligned64_t *)p ^ crc;

		crc = t->of[7][x & 255] ^ t->of[6][x >> 8 & 255] ^ t->of[5][x >> 16 & 255] ^
		      t->of[4][x >> 24 & 255] ^ t->of[3][x >> 32 & 255] ^ t->of[2][x >> 40 & 255] ^
		      t->of[1][x >> 48 & 255] ^ t->of[0][x >> 56];
	}
	for (; len; len--, p++)
		crc = crc >> 8 ^ t->of[0][(crc ^ *p) & 255];
	return ~crc;
}

u32 crc32(u32 crc, const void *data, size_t len)
{
	return crc_update(&ieee, IEEE_REFLECTED, crc, data, len);
}

u32 crc32c(u32 crc, const void *data, size_t len)
{
	return crc_update(&castagnoli, CASTAGNOLI_REFLECTED, crc, data, len);
}
