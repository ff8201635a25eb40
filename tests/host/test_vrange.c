// sources: mm/kmap/vrange.c kernel/lib/rbtree.c
/*
 * Ranges of kernel addresses against a map of their pages: first fit, joining on release, look-up.
 */
#include <host.h>
#include <mm/kmap/kmap_internal.h>

#define BASE 0xffffc90000000000UL
#define PAGES 2048
#define RANGES 300
#define STEPS 300000

static vrange_t ranges[RANGES];
static bool in_use[RANGES];
static int owner[PAGES]; /* 0: free, else range + 1 */

/* First free run of n pages, or -1. */
static long first_fit(size_t n)
{
	size_t run = 0;

	for (size_t i = 0; i < PAGES; i++) {
		run = owner[i] ? 0 : run + 1;
		if (run == n)
			return (long)(i + 1 - n);
	}
	return -1;
}

static void check_tree(rb_node_t *n, unsigned long *largest, unsigned long *end)
{
	vrange_t *r = rb_entry_or_null(n, vrange_t, node);
	unsigned long left = 0, right = 0;

	*largest = 0;
	if (!n)
		return;
	check_tree(n->left, &left, end);
	assert_int_equal(r->gap, r->start - *end);
	*end = r->end;
	check_tree(n->right, &right, end);
	*largest = MAX(r->gap, MAX(left, right));
	assert_int_equal(r->largest_gap, *largest);
}

static void test_model(void **state)
{
	unsigned long largest, end;
	vrange_set_t set;

	vrange_init(&set, BASE, BASE + PAGES * PAGE_SIZE);
	for (u32 step = 0; step < STEPS; step++) {
		u32 i = (u32)test_random_below(RANGES);
		size_t n = 1 + test_random_below(test_random_below(20) ? 16 : 200);

		if (in_use[i]) {
			vrange_release(&set, &ranges[i]);
			for (size_t p = 0; p < PAGES; p++)
				if (owner[p] == (int)i + 1)
					owner[p] = 0;
			in_use[i] = false;
		} else {
			long at = first_fit(n);

			assert_int_equal(vrange_take(&set, &ranges[i], n * PAGE_SIZE), at >= 0);
			if (at < 0)
				continue;
			assert_int_equal(ranges[i].start, BASE + (u64)at * PAGE_SIZE);
			assert_int_equal(ranges[i].end, ranges[i].start + n * PAGE_SIZE);
			for (size_t p = (size_t)at; p < (size_t)at + n; p++)
				owner[p] = (int)i + 1;
			in_use[i] = true;
		}
		size_t p = test_random_below(PAGES);
		vrange_t *found =
			vrange_find(&set, BASE + p * PAGE_SIZE + test_random_below(PAGE_SIZE));

		assert_ptr_equal(found, owner[p] ? &ranges[owner[p] - 1] : NULL);
		if (step % 64 == 0) {
			end = BASE;
			check_tree(set.root.node, &largest, &end);
			assert_int_equal(end, BASE + PAGES * PAGE_SIZE);
		}
	}
	assert_null(vrange_find(&set, BASE - 1));
	assert_null(vrange_find(&set, BASE + PAGES * PAGE_SIZE));
	for (u32 i = 0; i < RANGES; i++)
		if (in_use[i])
			vrange_release(&set, &ranges[i]);
	/* All is one gap again. */
	assert_true(vrange_take(&set, &ranges[0], PAGES * PAGE_SIZE));
	assert_false(vrange_take(&set, &ranges[1], PAGE_SIZE));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
