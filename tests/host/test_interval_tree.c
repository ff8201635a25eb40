// sources: kernel/lib/interval_tree.c kernel/lib/rbtree.c
/* Interval trees against a linear search over the same intervals. */
#include <host.h>
#include <kernel/lib/interval_tree.h>

#define NODES 200
#define STEPS 300000

static interval_node_t nodes[NODES];
static bool in[NODES];

static void query(rb_root_t *root, u64 start, u64 last)
{
	bool seen[NODES] = { 0 };
	u64 before = 0;

	for (interval_node_t *n = interval_first(root, start, last); n;
	     n = interval_next(n, start, last)) {
		size_t i = (size_t)(n - nodes);

		assert_true(in[i]);
		assert_false(seen[i]);
		seen[i] = true;
		assert_true(n->start >= before);
		before = n->start;
	}
	for (size_t i = 0; i < NODES; i++)
		assert_int_equal(seen[i],
				 in[i] && nodes[i].start <= last && nodes[i].last >= start);
}

static void random_interval(u64 range, u64 *start, u64 *last)
{
	*start = test_random_below(range);
	*last = *start + test_random_below(1 + range / (1 + test_random_below(100)));
}

static void model(u64 range)
{
	rb_root_t root = RB_ROOT;

	for (size_t i = 0; i < NODES; i++)
		in[i] = false;
	for (u64 step = 0; step < STEPS; step++) {
		size_t i = test_random_below(NODES);
		u64 start, last;

		if (in[i]) {
			interval_remove(&root, &nodes[i]);
		} else {
			random_interval(range, &nodes[i].start, &nodes[i].last);
			interval_insert(&root, &nodes[i]);
		}
		in[i] = !in[i];
		if (step % 16)
			continue;
		random_interval(range, &start, &last);
		query(&root, start, last);
		query(&root, start, start);
		query(&root, 0, ~0UL);
	}
}

static void test_dense(void **state)
{
	model(300); /* many equal and nested ones */
}

static void test_sparse(void **state)
{
	model(1UL << 62);
}

static void test_ends(void **state)
{
	rb_root_t root = RB_ROOT;
	interval_node_t all = { .start = 0, .last = ~0UL }, top = { .start = ~0UL, .last = ~0UL };

	assert_null(interval_first(&root, 0, ~0UL));
	interval_insert(&root, &all);
	interval_insert(&root, &top);
	assert_ptr_equal(interval_first(&root, 5, 5), &all);
	assert_null(interval_next(&all, 5, 5));
	assert_ptr_equal(interval_next(&all, 5, ~0UL), &top);
	interval_remove(&root, &all);
	assert_null(interval_first(&root, 0, ~0UL - 1));
	assert_ptr_equal(interval_first(&root, ~0UL, ~0UL), &top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_dense),
		cmocka_unit_test(test_sparse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
