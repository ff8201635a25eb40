/*
 * SipHash-2-4.
 */
#include <kernel/lib/hash.h>

#include <kernel/compiler.h>
#include <kernel/lib/string.h>

static u64 rotate(u64 v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static __always_inline void sip_round(u64 v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

u64 siphash(const u64 key[2], const void *data, size_t len)
{
	u64 v[4] = { key[0] ^ 0x736f6d6570736575UL, key[1] ^ 0x646f72616e646f6dUL,
		     key[0] ^ 0x6c7967656e657261UL, key[1] ^ 0x7465646279746573UL };
	const u8 *p = data;
	u64 m, tail = (u64)len << 56;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&m, p, 8);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	for (size_t i = 0; i < len; i++)
		tail |= (u64)p[i] << (8 * i);
	v[3] ^= tail;
	sip_round(v);
	sip_round(v);
	v[0] ^= tail;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
