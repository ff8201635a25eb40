/*
 * CRCs by half-byte tables. The remainder of a byte is the sum of the remainders of its halves, so
 * two independent look-ups in 16 entries serve a byte, and the tables of a polynomial are two cache
 * lines instead of sixteen.
 */
#include <kernel/lib/crc.h>

typedef struct crc_tables {
	u32 low[16];  /* remainder of byte i */
	u32 high[16]; /* remainder of byte i << 4 */
} crc_tables_t;

/* Reflected polynomials 0xedb88320 and 0x82f63b78. */
static const crc_tables_t ieee = {
	.low = {
		0x00000000, 0x77073096, 0xee0e612c, 0x990951ba, 0x076dc419, 0x706af48f,
		0xe963a535, 0x9e6495a3, 0x0edb8832, 0x79dcb8a4, 0xe0d5e91e, 0x97d2d988,
		0x09b64c2b, 0x7eb17cbd, 0xe7b82d07, 0x90bf1d91,
	},
	.high = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	},
};

static const crc_tables_t castagnoli = {
	.low = {
		0x00000000, 0xf26b8303, 0xe13b70f7, 0x1350f3f4, 0xc79a971f, 0x35f1141c,
		0x26a1e7e8, 0xd4ca64eb, 0x8ad958cf, 0x78b2dbcc, 0x6be22838, 0x9989ab3b,
		0x4d43cfd0, 0xbf284cd3, 0xac78bf27, 0x5e133c24,
	},
	.high = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	},
};

static u32 crc_update(const crc_tables_t *t, u32 crc, const u8 *p, size_t len)
{
	crc = ~crc;
	for (; len; len--, p++) {
		u32 x = crc ^ *p;

		crc = crc >> 8 ^ t->low[x & 15] ^ t->high[(x >> 4) & 15];
	}
	return ~crc;
}

u32 crc32(u32 crc, const void *data, size_t len)
{
	return crc_update(&ieee, crc, data, len);
}

u32 crc32c(u32 crc, const void *data, size_t len)
{
	return crc_update(&castagnoli, crc, data, len);
}
