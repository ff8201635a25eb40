/*
 * Deflate decompression.
 *
 * The format (RFC 1951): blocks, each stored, or a sequence of literals and (length, distance)
 * copies from the 32 KiB before, in Huffman codes that are fixed or sent ahead of the block as code
 * lengths. Codes are canonical: of one length they are consecutive numbers in order of their
 * symbols, and longer ones follow numerically.
 *
 * Decoding. Bits arrive lowest first, codes highest bit first, so a code is reversed in the bit
 * buffer. Codes of up to FAST_BITS are looked up at once in a table indexed by the next bits;
 * longer ones, which are rare by construction, are walked bit by bit over the count of codes of
 * each length, as in RFC 1951 3.2.2 read backwards.
 *
 * Output goes into a circular window of 32 KiB, which is handed out whenever it is full and at the
 * end.
 *
 * Away from the ends of input and window, decode_fast() goes a whole step (a literal, or a length
 * with its distance) on one filling of the bit buffer, without asking whether there is input or
 * room; the careful functions do the rest, and all that is wrong.
 */
#include <kernel/lib/inflate.h>

#include <kernel/compiler.h>
#include <kernel/lib/crc.h>
#include <kernel/lib/string.h>
#include <uapi/errno.h>

#define WINDOW 32768u
#define MAX_BITS 15
#define FAST_BITS 10
#define LITERALS 288
#define DISTANCES 32
#define CODE_LENGTHS 19
#define END_OF_BLOCK 256
#define ADLER_MODULUS 65521u
#define LONGEST_MATCH 258u
/* What decode_fast() may read and write ahead: two fillings of the buffer; a match in whole words. */
#define IN_MARGIN (2 * sizeof(u64))
#define OUT_MARGIN (LONGEST_MATCH + sizeof(u64))

typedef struct huffman {
	u16 fast[1 << FAST_BITS]; /* symbol << 4 | length; 0: longer than FAST_BITS, or no code */
	u16 count[MAX_BITS + 1];  /* codes of each length */
	u16 symbols[LITERALS];	  /* in order of code */
} huffman_t;

typedef enum check { CHECK_NONE, CHECK_CRC32, CHECK_ADLER32 } check_t;

typedef struct inflater {
	const u8 *in, *in_end;
	u64 bits; /* not yet used input, next bit lowest */
	unsigned bit_count;
	int error; /* first error; then everything unwinds */

	u8 *window;
	u32 at;	   /* next place in window */
	u64 total; /* bytes produced */
	inflate_output_t out;
	void *ctx;
	check_t check;
	u32 sum; /* running crc or adler */

	huffman_t literal, distance;
} inflater_t;

_Static_assert(sizeof(inflater_t) + WINDOW <= INFLATE_WORKSPACE, "inflate workspace");

static const u16 length_base[] = { 3,  4,  5,  6,  7,  8,  9,  10, 11,	13,  15,  17,  19,  23, 27,
				   31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
static const u8 length_extra[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
				   2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const u16 distance_base[] = {
	1,   2,	  3,   4,   5,	 7,    9,    13,   17,	 25,   33,   49,   65,	  97,	 129,
	193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577
};
static const u8 distance_extra[] = { 0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
				     6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13 };

static int fail(inflater_t *s, int error)
{
	if (!s->error)
		s->error = error;
	return s->error;
}

/* Fills the bit buffer to at least 32 bits, or with all that is left. */
static void refill(inflater_t *s)
{
	while (s->bit_count <= 56 && s->in < s->in_end) {
		s->bits |= (u64)*s->in++ << s->bit_count;
		s->bit_count += 8;
	}
}

static void drop_bits(inflater_t *s, unsigned n)
{
	s->bits >>= n;
	s->bit_count -= n;
}

/* n <= 16. Past the end of input: 0 and an error. */
static u32 take_bits(inflater_t *s, unsigned n)
{
	u32 value;

	if (s->bit_count < n) {
		refill(s);
		if (s->bit_count < n) {
			fail(s, -EINVAL);
			return 0;
		}
	}
	value = (u32)(s->bits & ((1u << n) - 1));
	drop_bits(s, n);
	return value;
}

static u32 adler32(u32 sum, const u8 *p, size_t len)
{
	u32 a = sum & 0xffff, b = sum >> 16;

	while (len) {
		size_t n = MIN(len, 5552UL); /* so long no sum passes 2^32 (RFC 1950, 9) */

		len -= n;
		while (n--) {
			a += *p++;
			b += a;
		}
		a %= ADLER_MODULUS;
		b %= ADLER_MODULUS;
	}
	return b << 16 | a;
}

static int flush_window(inflater_t *s)
{
	u32 n = s->at;
	int ret;

	s->at = 0;
	if (!n)
		return 0;
	if (s->check == CHECK_CRC32)
		s->sum = crc32(s->sum, s->window, n);
	else if (s->check == CHECK_ADLER32)
		s->sum = adler32(s->sum, s->window, n);
	ret = s->out(s->ctx, s->window, n);
	return ret < 0 ? fail(s, ret) : 0;
}

static void put_byte(inflater_t *s, u8 c)
{
	s->window[s->at++] = c;
	s->total++;
	if (s->at == WINDOW)
		flush_window(s);
}

/* Copies may overlap what they write: byte by byte is the meaning (RFC 1951 3.2.3). */
static void copy_back(inflater_t *s, u32 length, u32 distance)
{
	if (distance > s->total || distance > WINDOW) {
		fail(s, -EINVAL);
		return;
	}
	while (length-- && !s->error)
		put_byte(s, s->window[(s->at - distance) & (WINDOW - 1)]);
}

static u32 reverse_bits(u32 code, unsigned n)
{
	u32 r = 0;

	while (n--) {
		r = r << 1 | (code & 1);
		code >>= 1;
	}
	return r;
}

/*
 * Builds the decoder of `n` symbols from their code lengths (0: unused). -EINVAL when there are
 * more codes than room, or fewer; but one code of one bit is something (RFC 1951 3.2.7), and none
 * at all too, as long as none is met. Returns 1 for these, 0 for a complete set.
 */
static int build_huffman(huffman_t *h, const u8 *lengths, u32 n)
{
	u16 offset[MAX_BITS + 2], next[MAX_BITS + 2];
	u32 used = 0;
	int room = 1;

	memset(h, 0, sizeof(*h));
	for (u32 i = 0; i < n; i++)
		h->count[lengths[i]]++;
	h->count[0] = 0;
	offset[1] = next[1] = 0;
	for (unsigned bits = 1; bits <= MAX_BITS; bits++) {
		used += h->count[bits];
		room = 2 * room - h->count[bits];
		if (room < 0)
			return -EINVAL;
		offset[bits + 1] = offset[bits] + h->count[bits];
		next[bits + 1] = (u16)((next[bits] + h->count[bits]) << 1);
	}
	if (room > 0 && used > 0 && !(used == 1 && h->count[1] == 1))
		return -EINVAL;
	for (u32 i = 0; i < n; i++) {
		unsigned bits = lengths[i];
		u32 code;

		if (!bits)
			continue;
		h->symbols[offset[bits]++] = (u16)i;
		code = next[bits]++;
		if (bits > FAST_BITS)
			continue;
		for (u32 at = reverse_bits(code, bits); at < 1u << FAST_BITS; at += 1u << bits)
			h->fast[at] = (u16)(i << 4 | bits);
	}
	return room > 0;
}

/* The next symbol; 0 and an error when there is no such code or the input ends. */
static u32 decode(inflater_t *s, const huffman_t *h)
{
	u32 entry, code = 0, first = 0, index = 0;

	if (s->bit_count < MAX_BITS)
		refill(s);
	entry = h->fast[s->bits & ((1u << FAST_BITS) - 1)];
	if (entry && (entry & 15) <= s->bit_count) {
		drop_bits(s, entry & 15);
		return entry >> 4;
	}
	/* code is compared with the first code of each length in turn. */
	for (unsigned n = 1; n <= MAX_BITS && n <= s->bit_count; n++) {
		code |= (u32)(s->bits >> (n - 1)) & 1;
		if (code - first < h->count[n]) {
			drop_bits(s, n);
			return h->symbols[index + (code - first)];
		}
		index += h->count[n];
		first = (first + h->count[n]) << 1;
		code <<= 1;
	}
	fail(s, -EINVAL);
	return 0;
}

typedef u64 __attribute__((may_alias, aligned(1))) unaligned64_t;

/* Copies whole words where the ends are at least a word apart, past the length by less than one. */
static void copy_match(u8 *to, u32 distance, u32 length)
{
	const u8 *from = to - distance, *end = to + length;

	if (distance < sizeof(u64)) {
		while (to < end)
			*to++ = *from++;
		return;
	}
	do {
		*(unaligned64_t *)to = *(const unaligned64_t *)from;
		to += sizeof(u64);
		from += sizeof(u64);
	} while (to < end);
}

/*
 * Steps while there is enough input and room in the window. It stops in front of a symbol that is
 * for the careful functions: a code longer than FAST_BITS, the end of the block, an error, a match
 * that begins behind the window's end.
 */
static void decode_fast(inflater_t *s)
{
	const u16 *literal = s->literal.fast, *far = s->distance.fast;
	const u8 *in = s->in, *in_last = s->in_end - IN_MARGIN;
	u8 *out = s->window + s->at, *out_last = s->window + WINDOW - OUT_MARGIN;
	u64 bits = s->bits;
	unsigned count = s->bit_count;

	if (s->in_end - s->in < (ssize_t)IN_MARGIN)
		return;
	while (in <= in_last && out <= out_last) {
		u32 entry, symbol, length, distance;
		unsigned used;
		u64 step;

		/* To 56 bits and more; the bytes above are read again next time. */
		bits |= *(const unaligned64_t *)in << count;
		in += (63 - count) >> 3;
		count |= 56;
		entry = literal[bits & ((1u << FAST_BITS) - 1)];
		used = entry & 15;
		symbol = entry >> 4;
		if (symbol < END_OF_BLOCK) {
			if (!entry)
				break;
			bits >>= used;
			count -= used;
			*out++ = (u8)symbol;
			continue;
		}
		symbol -= END_OF_BLOCK + 1; /* the end of the block becomes a great number */
		if (symbol >= ARRAY_SIZE(length_base))
			break;
		/* A length has at most 15 + 5 bits, a distance 15 + 13: fewer than 56. */
		step = bits >> used;
		length = length_base[symbol] + (u32)(step & ((1u << length_extra[symbol]) - 1));
		step >>= length_extra[symbol];
		used += length_extra[symbol];
		entry = far[step & ((1u << FAST_BITS) - 1)];
		symbol = entry >> 4;
		if (!entry || symbol >= ARRAY_SIZE(distance_base))
			break;
		step >>= entry & 15;
		distance =
			distance_base[symbol] + (u32)(step & ((1u << distance_extra[symbol]) - 1));
		if (distance > (u32)(out - s->window))
			break;
		bits = step >> distance_extra[symbol];
		count -= used + (entry & 15) + distance_extra[symbol];
		copy_match(out, distance, length);
		out += length;
	}
	s->in = in;
	s->bits = count < 64 ? bits & ((1UL << count) - 1) : bits;
	s->bit_count = count;
	s->total += (u32)(out - s->window) - s->at;
	s->at = (u32)(out - s->window);
}

static int compressed_block(inflater_t *s)
{
	while (!s->error) {
		u32 symbol, length, distance;

		decode_fast(s);
		symbol = decode(s, &s->literal);
		if (s->error)
			break;
		if (symbol < END_OF_BLOCK) {
			put_byte(s, (u8)symbol);
			continue;
		}
		if (symbol == END_OF_BLOCK)
			return 0;
		symbol -= END_OF_BLOCK + 1;
		if (symbol >= ARRAY_SIZE(length_base))
			return fail(s, -EINVAL);
		length = length_base[symbol] + take_bits(s, length_extra[symbol]);
		symbol = decode(s, &s->distance);
		if (s->error || symbol >= ARRAY_SIZE(distance_base))
			return fail(s, -EINVAL);
		distance = distance_base[symbol] + take_bits(s, distance_extra[symbol]);
		copy_back(s, length, distance);
	}
	return s->error;
}

/* Gives whole bytes of the bit buffer back to the input, dropping the rest of a partly used one. */
static void align_to_byte(inflater_t *s)
{
	s->in -= s->bit_count / 8;
	s->bits = 0;
	s->bit_count = 0;
}

static int stored_block(inflater_t *s)
{
	u32 len, complement;

	align_to_byte(s);
	len = take_bits(s, 16);
	complement = take_bits(s, 16);
	if (s->error || (len ^ complement) != 0xffff)
		return fail(s, -EINVAL);
	align_to_byte(s);
	if ((size_t)(s->in_end - s->in) < len)
		return fail(s, -EINVAL);
	while (len && !s->error) {
		u32 n = MIN(len, WINDOW - s->at);

		memcpy(s->window + s->at, s->in, n);
		s->in += n;
		len -= n;
		s->at += n;
		s->total += n;
		if (s->at == WINDOW)
			flush_window(s);
	}
	return s->error;
}

static int fixed_block(inflater_t *s)
{
	u8 lengths[LITERALS];

	for (u32 i = 0; i < LITERALS; i++) /* RFC 1951 3.2.6 */
		lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	if (build_huffman(&s->literal, lengths, LITERALS))
		return fail(s, -EINVAL);
	memset(lengths, 5, DISTANCES);
	if (build_huffman(&s->distance, lengths, DISTANCES))
		return fail(s, -EINVAL);
	return compressed_block(s);
}

/* Reads the code lengths of both alphabets, themselves Huffman coded with run lengths (3.2.7). */
static int read_code_lengths(inflater_t *s, u8 *lengths, u32 total)
{
	u32 at = 0;

	while (at < total) {
		u32 symbol = decode(s, &s->literal), repeat = 1;
		u8 value = 0;

		if (s->error)
			return s->error;
		if (symbol < 16) {
			value = (u8)symbol;
		} else if (symbol == 16) {
			if (!at)
				return fail(s, -EINVAL);
			value = lengths[at - 1];
			repeat = 3 + take_bits(s, 2);
		} else {
			repeat = symbol == 17 ? 3 + take_bits(s, 3) : 11 + take_bits(s, 7);
		}
		if (s->error || repeat > total - at)
			return fail(s, -EINVAL);
		memset(lengths + at, value, repeat);
		at += repeat;
	}
	return 0;
}

static int dynamic_block(inflater_t *s)
{
	static const u8 order[CODE_LENGTHS] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
						11, 4,	12, 3, 13, 2, 14, 1, 15 };
	u8 lengths[LITERALS + DISTANCES] = { 0 };
	u32 literals = 257 + take_bits(s, 5), distances = 1 + take_bits(s, 5);
	u32 count = 4 + take_bits(s, 4);

	if (s->error || literals > 286 || distances > 30)
		return fail(s, -EINVAL);
	for (u32 i = 0; i < count; i++)
		lengths[order[i]] = (u8)take_bits(s, 3);
	if (s->error || build_huffman(&s->literal, lengths, CODE_LENGTHS))
		return fail(s, -EINVAL);
	memset(lengths, 0, sizeof(lengths));
	if (read_code_lengths(s, lengths, literals + distances))
		return s->error;
	if (!lengths[END_OF_BLOCK] ||
	    build_huffman(&s->distance, lengths + literals, distances) < 0 ||
	    build_huffman(&s->literal, lengths, literals) < 0)
		return fail(s, -EINVAL);
	return compressed_block(s);
}

static int inflate_blocks(inflater_t *s)
{
	bool last = false;

	while (!last && !s->error) {
		last = take_bits(s, 1);
		switch (take_bits(s, 2)) {
		case 0:
			stored_block(s);
			break;
		case 1:
			fixed_block(s);
			break;
		case 2:
			dynamic_block(s);
			break;
		default:
			fail(s, -EINVAL);
		}
	}
	align_to_byte(s);
	if (!s->error)
		flush_window(s);
	return s->error;
}

static inflater_t *start(void *workspace, const u8 *in, size_t len, inflate_output_t out, void *ctx,
			 check_t check)
{
	inflater_t *s = workspace;

	s->in = in;
	s->in_end = in + len;
	s->bits = 0;
	s->bit_count = 0;
	s->error = 0;
	s->window = (u8 *)(s + 1);
	s->at = 0;
	s->total = 0;
	s->out = out;
	s->ctx = ctx;
	s->check = check;
	s->sum = check == CHECK_ADLER32;
	return s;
}

ssize_t inflate_raw(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace)
{
	inflater_t *s = start(workspace, in, len, out, ctx, CHECK_NONE);

	if (inflate_blocks(s))
		return s->error;
	return s->in - (const u8 *)in;
}

ssize_t inflate_zlib(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace)
{
	const u8 *p = in;
	inflater_t *s;
	u32 sum;

	/* Method 8, window at most 32 KiB, header a multiple of 31, no preset dictionary. */
	if (len < 6 || (p[0] & 15) != 8 || p[0] >> 4 > 7 || (p[0] * 256 + p[1]) % 31 != 0 ||
	    (p[1] & 0x20))
		return -EINVAL;
	s = start(workspace, p + 2, len - 2, out, ctx, CHECK_ADLER32);
	if (inflate_blocks(s))
		return s->error;
	if (s->in_end - s->in < 4)
		return -EINVAL;
	sum = (u32)s->in[0] << 24 | (u32)s->in[1] << 16 | (u32)s->in[2] << 8 | s->in[3];
	return sum == s->sum ? s->in + 4 - p : -EINVAL;
}

#define GZIP_HEADER 10
#define GZIP_FHCRC 0x02
#define GZIP_FEXTRA 0x04
#define GZIP_FNAME 0x08
#define GZIP_FCOMMENT 0x10
#define GZIP_RESERVED 0xe0

static u32 load_le32(const u8 *p)
{
	return (u32)p[3] << 24 | (u32)p[2] << 16 | (u32)p[1] << 8 | p[0];
}

/* Length of the member's header (RFC 1952 2.3), 0 when it is damaged. */
static size_t gzip_header(const u8 *p, size_t len)
{
	size_t at = GZIP_HEADER;
	u8 flags;

	if (!is_gzip(p, len) || (p[3] & GZIP_RESERVED))
		return 0;
	flags = p[3];
	if (flags & GZIP_FEXTRA) {
		if (len - at < 2 || len - at - 2 < (size_t)(p[at] | p[at + 1] << 8))
			return 0;
		at += 2 + (size_t)(p[at] | p[at + 1] << 8);
	}
	for (u8 field = GZIP_FNAME; field <= GZIP_FCOMMENT; field <<= 1) {
		const u8 *nul;

		if (!(flags & field))
			continue;
		nul = memchr(p + at, 0, len - at);
		if (!nul)
			return 0;
		at = (size_t)(nul - p) + 1;
	}
	if (flags & GZIP_FHCRC) {
		if (len - at < 2 || (crc32(0, p, at) & 0xffff) != (u32)(p[at] | p[at + 1] << 8))
			return 0;
		at += 2;
	}
	return at;
}

ssize_t gunzip_member(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace)
{
	const u8 *p = in;
	size_t header = gzip_header(p, len);
	inflater_t *s;

	if (!header)
		return -EINVAL;
	s = start(workspace, p + header, len - header, out, ctx, CHECK_CRC32);
	if (inflate_blocks(s))
		return s->error;
	if (s->in_end - s->in < 8 || load_le32(s->in) != s->sum ||
	    load_le32(s->in + 4) != (u32)s->total)
		return -EINVAL;
	return s->in + 8 - p;
}

int gunzip(const void *in, size_t len, inflate_output_t out, void *ctx, void *workspace)
{
	const u8 *p = in, *end = p + len;

	do {
		ssize_t n = gunzip_member(p, (size_t)(end - p), out, ctx, workspace);

		if (n < 0)
			return (int)n;
		p += n;
		while (p < end && !*p) /* padding to a block */
			p++;
	} while (p < end);
	return 0;
}
