/*
 * DEFLATE. Codes are decoded canonically (RFC 1951 3.2.2): `count` codes of each length, symbols in order; a code of
 * length n is found by walking the lengths, with a first-level table of 9 bits for the common short ones.
 */
#include <kernel/lib/inflate.h>

#include <kernel/compiler.h>
#include <kernel/lib/string.h>
#include <uapi/errno.h>

#define WINDOW 32768u
#define MAX_BITS 15
#define MAX_LITERALS 288
#define MAX_DISTANCES 32
#define FAST_BITS 9

typedef struct huffman {
	u16 count[MAX_BITS + 1];
	u16 symbol[MAX_LITERALS];
	u16 fast[1 << FAST_BITS]; /* symbol << 4 | length; 0: longer than FAST_BITS */
} huffman_t;

typedef struct state {
	const u8 *in, *end;
	u64 bits;
	u32 have;	/* bits at hand */
	bool overrun;	/* read past the end */
	u32 pos;	/* in the window */
	u64 total;
	u32 crc;
	inflate_output_t out;
	void *ctx;
	huffman_t literals, distances;
	u8 window[WINDOW];
} state_t;
_Static_assert(sizeof(state_t) <= INFLATE_WORKSPACE, "inflate workspace");

static const u16 length_base[29] = { 3,	 4,  5,	 6,  7,	 8,  9,	 10, 11,  13,  15,  17,	 19,  23, 27,
				     31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
static const u8 length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
				     2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const u16 distance_base[30] = { 1,   2,	 3,   4,   5,	7,    9,    13,	  17,	25,
				       33,  49,	 65,  97,  129, 193,  257,  385,  513,	769,
				       1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 };
static const u8 distance_extra[30] = { 0, 0, 0, 0, 1, 1, 2, 2,	3,  3,	4,  4,	5,  5,	6,
				       6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13 };

static void fill(state_t *s)
{
	while (s->have <= 56 && s->in < s->end) {
		s->bits |= (u64)*s->in++ << s->have;
		s->have += 8;
	}
}

static u32 take(state_t *s, u32 n)
{
	u32 v;

	if (s->have < n)
		fill(s);
	if (s->have < n) {
		s->overrun = true;
		return 0;
	}
	v = (u32)(s->bits & ((1UL << n) - 1));
	s->bits >>= n;
	s->have -= n;
	return v;
}

/* Tables from code lengths. False when more codes are named than there are (incomplete sets are allowed). */
static bool build(huffman_t *h, const u8 *lengths, u32 n)
{
	u16 offset[MAX_BITS + 2], next[MAX_BITS + 1];
	int left = 1;
	u32 code = 0;

	memset(h->count, 0, sizeof(h->count));
	memset(h->fast, 0, sizeof(h->fast));
	for (u32 i = 0; i < n; i++)
		h->count[lengths[i]]++;
	h->count[0] = 0;
	offset[1] = 0;
	for (u32 len = 1; len <= MAX_BITS; len++) {
		left = (left << 1) - h->count[len];
		if (left < 0)
			return false;
		offset[len + 1] = (u16)(offset[len] + h->count[len]);
		next[len] = (u16)code;
		code = (code + h->count[len]) << 1;
	}
	for (u32 i = 0; i < n; i++) {
		u32 len = lengths[i], c, reversed = 0;

		if (!len)
			continue;
		h->symbol[offset[len]++] = (u16)i;
		c = next[len]++;
		if (len > FAST_BITS)
			continue;
		for (u32 b = 0; b < len; b++)
			reversed |= ((c >> b) & 1) << (len - 1 - b);
		for (; reversed < 1u << FAST_BITS; reversed += 1u << len)
			h->fast[reversed] = (u16)(i << 4 | len);
	}
	return true;
}

/* Next symbol, or -1. */
static int decode(state_t *s, const huffman_t *h)
{
	int code = 0, first = 0, index = 0;
	u16 fast;

	if (s->have < MAX_BITS)
		fill(s);
	fast = h->fast[s->bits & ((1u << FAST_BITS) - 1)];
	if (fast && (fast & 15u) <= s->have) {
		s->bits >>= fast & 15;
		s->have -= fast & 15u;
		return fast >> 4;
	}
	for (u32 len = 1; len <= MAX_BITS; len++) {
		int count = h->count[len];

		code |= (int)take(s, 1);
		if (s->overrun)
			return -1;
		if (code - count < first)
			return h->symbol[index + (code - first)];
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	return -1;
}

static u32 crc_table[256];

static void make_crc_table(void)
{
	for (u32 i = 0; i < 256; i++) {
		u32 c = i;

		for (u32 k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
		crc_table[i] = c;
	}
}

static int flush(state_t *s)
{
	u32 c = s->crc;
	int r;

	for (u32 i = 0; i < s->pos; i++)
		c = crc_table[(c ^ s->window[i]) & 0xff] ^ (c >> 8);
	s->crc = c;
	s->total += s->pos;
	r = s->pos ? s->out(s->ctx, s->window, s->pos) : 0;
	s->pos = 0;
	return r < 0 ? r : 0;
}

static int put(state_t *s, u8 byte)
{
	s->window[s->pos++] = byte;
	return s->pos == WINDOW ? flush(s) : 0;
}

static int copy_back(state_t *s, u32 distance, u32 length)
{
	/* The window is a ring: what was flushed is still there until it is written over. */
	if (distance > s->total + s->pos)
		return -EINVAL;
	while (length--) {
		int r = put(s, s->window[(s->pos - distance) & (WINDOW - 1)]);

		if (r)
			return r;
	}
	return 0;
}

static int inflate_codes(state_t *s)
{
	for (;;) {
		int symbol = decode(s, &s->literals), r;
		u32 length, distance;

		if (symbol < 0)
			return -EINVAL;
		if (symbol < 256) {
			r = put(s, (u8)symbol);
			if (r)
				return r;
			continue;
		}
		if (symbol == 256)
			return 0;
		symbol -= 257;
		if (symbol >= 29)
			return -EINVAL;
		length = length_base[symbol] + take(s, length_extra[symbol]);
		symbol = decode(s, &s->distances);
		if (symbol < 0 || symbol >= 30)
			return -EINVAL;
		distance = distance_base[symbol] + take(s, distance_extra[symbol]);
		if (s->overrun)
			return -EINVAL;
		r = copy_back(s, distance, length);
		if (r)
			return r;
	}
}

static int inflate_stored(state_t *s)
{
	u32 len, inverse;

	take(s, s->have & 7);
	len = take(s, 16);
	inverse = take(s, 16);
	if (s->overrun || len != (~inverse & 0xffff))
		return -EINVAL;
	while (len--) {
		u8 byte = (u8)take(s, 8);
		int r;

		if (s->overrun)
			return -EINVAL;
		r = put(s, byte);
		if (r)
			return r;
	}
	return 0;
}

static bool fixed_tables(state_t *s)
{
	u8 lengths[MAX_LITERALS];

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	if (!build(&s->literals, lengths, 288))
		return false;
	memset(lengths, 5, 30);
	return build(&s->distances, lengths, 30);
}

static bool dynamic_tables(state_t *s)
{
	static const u8 order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	u8 lengths[MAX_LITERALS + MAX_DISTANCES] = { 0 };
	u32 literals = take(s, 5) + 257, distances = take(s, 5) + 1, codes = take(s, 4) + 4, n = 0;

	if (literals > 286 || distances > 30)
		return false;
	for (u32 i = 0; i < codes; i++)
		lengths[order[i]] = (u8)take(s, 3);
	if (s->overrun || !build(&s->literals, lengths, 19))
		return false;
	memset(lengths, 0, 19);
	while (n < literals + distances) {
		int symbol = decode(s, &s->literals);
		u32 repeat;
		u8 value = 0;

		if (symbol < 0)
			return false;
		if (symbol < 16) {
			lengths[n++] = (u8)symbol;
			continue;
		}
		if (symbol == 16) {
			if (!n)
				return false;
			value = lengths[n - 1];
			repeat = 3 + take(s, 2);
		} else {
			repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		}
		if (s->overrun || n + repeat > literals + distances)
			return false;
		memset(lengths + n, value, repeat);
		n += repeat;
	}
	return lengths[256] && build(&s->literals, lengths, literals) &&
	       build(&s->distances, lengths + literals, distances);
}

static int inflate(state_t *s)
{
	bool last;

	do {
		int r = -EINVAL;

		last = take(s, 1);
		switch (take(s, 2)) {
		case 0:
			r = inflate_stored(s);
			break;
		case 1:
			r = fixed_tables(s) ? inflate_codes(s) : -EINVAL;
			break;
		case 2:
			r = dynamic_tables(s) ? inflate_codes(s) : -EINVAL;
			break;
		}
		if (r || s->overrun)
			return r ? r : -EINVAL;
	} while (!last);
	return flush(s);
}

/* Length of the member header (RFC 1952 2.3), or 0 when damaged. */
static size_t header_length(const u8 *p, size_t len)
{
	size_t at = 10;
	u8 flags;

	if (!is_gzip(p, len))
		return 0;
	flags = p[3];
	if (flags & 4) { /* extra field */
		if (at + 2 > len)
			return 0;
		at += 2 + (size_t)(p[at] | p[at + 1] << 8);
	}
	for (u8 bit = 8; bit <= 16; bit <<= 1) { /* file name, comment */
		if (!(flags & bit))
			continue;
		while (at < len && p[at])
			at++;
		at++;
	}
	if (flags & 2)
		at += 2;
	return at < len ? at : 0;
}

static u32 read32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

int gunzip(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace)
{
	state_t *s = workspace;
	const u8 *p = in, *end = p + len;

	make_crc_table();
	do {
		size_t head = header_length(p, (size_t)(end - p));
		int r;

		if (!head)
			return -EINVAL;
		memset(s, 0, offsetof(state_t, literals));
		s->in = p + head;
		s->end = end;
		s->out = out;
		s->ctx = ctx;
		s->crc = ~0u;
		r = inflate(s);
		if (r)
			return r;
		/* Whole bytes that were read ahead go back. */
		p = s->in - s->have / 8;
		if (end - p < 8 || read32(p) != ~s->crc || read32(p + 4) != (u32)s->total)
			return -EINVAL;
		p += 8;
		while (p < end && !*p)
			p++;
	} while (p < end && is_gzip(p, (size_t)(end - p)));
	return 0;
}
