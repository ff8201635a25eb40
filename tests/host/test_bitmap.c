// sources: kernel/lib/bitmap.c
/* Bitmaps against arrays of bool. */
#include <host.h>
#include <kernel/lib/bitmap.h>

#define BITS 517
#define STEPS 2000000

static unsigned long map[BITMAP_WORDS(BITS)];
static bool model[BITS];

static size_t model_next(size_t bits, size_t from, bool value)
{
	for (size_t i = from; i < bits; i++)
		if (model[i] == value)
			return i;
	return bits;
}

static void change(size_t bit)
{
	switch (test_random_below(5)) {
	case 0:
		bitmap_set(map, bit);
		model[bit] = true;
		break;
	case 1:
		bitmap_clear(map, bit);
		model[bit] = false;
		break;
	case 2:
		bitmap_set_atomic(map, bit);
		model[bit] = true;
		break;
	case 3:
		bitmap_clear_atomic(map, bit);
		model[bit] = false;
		break;
	default:
		assert_int_equal(bitmap_test_and_set_atomic(map, bit), model[bit]);
		model[bit] = true;
	}
}

static void test_model(void **state)
{
	for (u64 step = 0; step < STEPS; step++) {
		size_t bits = 1 + test_random_below(BITS), from = test_random_below(BITS + 70);

		/* Runs of one kind are what searches stumble over. */
		if (step % 4096 == 0) {
			bool value = step & 4096;

			for (size_t i = 0; i < BITS; i++) {
				model[i] = value;
				if (value)
					bitmap_set(map, i);
				else
					bitmap_clear(map, i);
			}
		}
		if (step % 64 == 0)
			change(test_random_below(BITS));
		assert_int_equal(bitmap_find_next(map, bits, from),
				 from >= bits ? bits : model_next(bits, from, true));
		assert_int_equal(bitmap_find_next_zero(map, bits, from),
				 from >= bits ? bits : model_next(bits, from, false));
		if (step % 32)
			continue;
		size_t weight = 0, seen = 0;

		for (size_t i = 0; i < bits; i++) {
			assert_int_equal(bitmap_test(map, i), model[i]);
			weight += model[i];
		}
		assert_int_equal(bitmap_weight(map, bits), weight);
		assert_int_equal(bitmap_empty(map, bits), weight == 0);
		for_each_bit(bit, map, bits) {
			assert_true(model[bit]);
			seen++;
		}
		assert_int_equal(seen, weight);
	}
}

static void test_sets(void **state)
{
	for (int round = 0; round < 10000; round++) {
		unsigned long a[3], b[3], and[3], or [3], andnot[3];

		for (int i = 0; i < 3; i++) {
			a[i] = test_random();
			b[i] = test_random();
		}
		bitmap_and(and, a, b, 150);
		bitmap_or(or, a, b, 150);
		bitmap_andnot(andnot, a, b, 150);
		for (size_t i = 0; i < 150; i++) {
			assert_int_equal(bitmap_test(and, i),
					 bitmap_test(a, i) && bitmap_test(b, i));
			assert_int_equal(bitmap_test(or, i),
					 bitmap_test(a, i) || bitmap_test(b, i));
			assert_int_equal(bitmap_test(andnot, i),
					 bitmap_test(a, i) && !bitmap_test(b, i));
		}
		bitmap_and(a, a, b, 150); /* in place */
		assert_memory_equal(a, and, sizeof(a));
		bitmap_zero(a, 150);
		assert_true(bitmap_empty(a, 150));
		assert_int_equal(bitmap_find_first_zero(a, 150), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
