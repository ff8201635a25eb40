/*
 * Bitmaps: arrays of unsigned long, bit n in word n / 64. Sizes are in bits; bits beyond a size
 * that is no multiple of 64 are left alone and never found. The _atomic forms order as full
 * barriers.
 */
#ifndef KERNEL_LIB_BITMAP_H
#define KERNEL_LIB_BITMAP_H

#include <kernel/compiler.h>

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const unsigned long *map, size_t bit)
{
	return (READ_ONCE(map[bit / 64]) >> (bit % 64)) & 1;
}
static inline void bitmap_set(unsigned long *map, size_t bit)
{
	map[bit / 64] |= 1UL << (bit % 64);
}
static inline void bitmap_clear(unsigned long *map, size_t bit)
{
	map[bit / 64] &= ~(1UL << (bit % 64));
}
static inline bool bitmap_test_and_set_atomic(unsigned long *map, size_t bit)
{
	unsigned long mask = 1UL << (bit % 64);

	return __atomic_fetch_or(&map[bit / 64], mask, __ATOMIC_SEQ_CST) & mask;
}
static inline void bitmap_set_atomic(unsigned long *map, size_t bit)
{
	__atomic_fetch_or(&map[bit / 64], 1UL << (bit % 64), __ATOMIC_SEQ_CST);
}
static inline void bitmap_clear_atomic(unsigned long *map, size_t bit)
{
	__atomic_fetch_and(&map[bit / 64], ~(1UL << (bit % 64)), __ATOMIC_SEQ_CST);
}
static inline void bitmap_zero(unsigned long *map, size_t bits)
{
	for (size_t i = 0; i < BITMAP_WORDS(bits); i++)
		map[i] = 0;
}

/* First bit at or after `from` that is set (clear); `bits` when there is none. */
size_t bitmap_find_next(const unsigned long *map, size_t bits, size_t from);
size_t bitmap_find_next_zero(const unsigned long *map, size_t bits, size_t from);
static inline size_t bitmap_find_first(const unsigned long *map, size_t bits)
{
	return bitmap_find_next(map, bits, 0);
}
static inline size_t bitmap_find_first_zero(const unsigned long *map, size_t bits)
{
	return bitmap_find_next_zero(map, bits, 0);
}
size_t bitmap_weight(const unsigned long *map, size_t bits);
bool bitmap_empty(const unsigned long *map, size_t bits);
/* out may be one of the operands. */
void bitmap_and(unsigned long *out, const unsigned long *a, const unsigned long *b, size_t bits);
void bitmap_or(unsigned long *out, const unsigned long *a, const unsigned long *b, size_t bits);
void bitmap_andnot(unsigned long *out, const unsigned long *a, const unsigned long *b, size_t bits);

#define for_each_bit(bit, map, bits)                                                               \
	for (size_t bit = bitmap_find_first(map, bits); bit < (bits);                              \
	     bit = bitmap_find_next(map, bits, bit + 1))

#endif
