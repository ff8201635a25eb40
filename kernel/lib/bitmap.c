/*
 * Bitmap searches and set operations.
 */
#include <kernel/lib/bitmap.h>

/* Mask of the bits of the last word that count. */
static unsigned long last_mask(size_t bits)
{
	return bits % 64 ? (1UL << (bits % 64)) - 1 : ~0UL;
}

static size_t find_next(const unsigned long *map, size_t bits, size_t from, unsigned long invert)
{
	unsigned long word;
	size_t i = from / 64;

	if (from >= bits)
		return bits;
	word = (READ_ONCE(map[i]) ^ invert) & (~0UL << (from % 64));
	while (!word) {
		if (++i >= BITMAP_WORDS(bits))
			return bits;
		word = READ_ONCE(map[i]) ^ invert;
	}
	return MIN(i * 64 + (size_t)__builtin_ctzl(word), bits);
}

size_t bitmap_find_next(const unsigned long *map, size_t bits, size_t from)
{
	return find_next(map, bits, from, 0);
}

size_t bitmap_find_next_zero(const unsigned long *map, size_t bits, size_t from)
{
	return find_next(map, bits, from, ~0UL);
}

/* Population count by folding (Hacker's Delight 5-1): x86-64 v1 has no POPCNT. */
static size_t word_weight(unsigned long w)
{
	w -= (w >> 1) & 0x5555555555555555UL;
	w = (w & 0x3333333333333333UL) + ((w >> 2) & 0x3333333333333333UL);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
	return (w * 0x0101010101010101UL) >> 56;
}

size_t bitmap_weight(const unsigned long *map, size_t bits)
{
	size_t n = 0, words = BITMAP_WORDS(bits);

	for (size_t i = 0; i < words; i++)
		n += word_weight(i + 1 == words ? map[i] & last_mask(bits) : map[i]);
	return n;
}

bool bitmap_empty(const unsigned long *map, size_t bits)
{
	return bitmap_find_first(map, bits) == bits;
}

void bitmap_and(unsigned long *out, const unsigned long *a, const unsigned long *b, size_t bits)
{
	for (size_t i = 0; i < BITMAP_WORDS(bits); i++)
		out[i] = a[i] & b[i];
}

void bitmap_or(unsigned long *out, const unsigned long *a, const unsigned long *b, size_t bits)
{
	for (size_t i = 0; i < BITMAP_WORDS(bits); i++)
		out[i] = a[i] | b[i];
}

void bitmap_andnot(unsigned long *out, const unsigned long *a, const unsigned long *b, size_t bits)
{
	for (size_t i = 0; i < BITMAP_WORDS(bits); i++)
		out[i] = a[i] & ~b[i];
}
