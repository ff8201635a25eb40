// sources: kernel/lib/xarray.c
/*
 * The radix tree against a sorted array: loads, finds, marks, free indexes; nodes are counted, so
 * that an empty tree must have given all back; allocation failures at every point leave it as it
 * was.
 */
#include <host.h>
#include <kernel/lib/xarray.h>
#include <uapi/errno.h>

#define SLOTS 400
#define STEPS 1000000

static long live_nodes;
static long allocations_left = -1; /* -1: no limit */

static xa_node_t *alloc_node(void)
{
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	live_nodes++;
	return calloc(1, sizeof(xa_node_t));
}

static void free_node(xa_node_t *node)
{
	live_nodes--;
	free(node);
}

static const xa_ops_t ops = { .alloc_node = alloc_node, .free_node = free_node };

typedef struct model_entry {
	u64 index;
	void *entry; /* NULL: not stored */
	u8 marks;
} model_entry_t;

static model_entry_t model[SLOTS];

static int by_index(const void *a, const void *b)
{
	u64 x = ((const model_entry_t *)a)->index, y = ((const model_entry_t *)b)->index;

	return x < y ? -1 : x > y;
}

/* Indexes that lie close together, far apart, and at both ends. */
static void make_model(void)
{
	for (size_t i = 0; i < SLOTS; i++) {
		u64 index = test_random_sized();

		if (i % 4 == 0)
			index = test_random_below(200);
		if (i % 4 == 1)
			index = ~0UL - test_random_below(200);
		model[i] = (model_entry_t){ .index = index };
	}
	qsort(model, SLOTS, sizeof(model[0]), by_index);
	for (size_t i = 1; i < SLOTS; i++) /* unique */
		if (model[i].index <= model[i - 1].index && model[i - 1].index != ~0UL)
			model[i].index = model[i - 1].index + 1;
	for (size_t i = SLOTS - 1; i > 0 && model[i].index <= model[i - 1].index; i--)
		model[i - 1].index = model[i].index - 1;
}

static model_entry_t *model_find(u64 from, u64 last, int mark)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (model[i].entry && model[i].index >= from && model[i].index <= last &&
		    (mark < 0 || model[i].marks >> mark & 1))
			return &model[i];
	return NULL;
}

static void check_find(xarray_t *xa, u64 from, u64 last, int mark)
{
	model_entry_t *want = model_find(from, last, mark);
	u64 index = from;
	void *got = mark < 0 ? xa_find(xa, &index, last)
			     : xa_find_marked(xa, &index, last, (unsigned)mark);

	if (!want) {
		assert_null(got);
		return;
	}
	assert_ptr_equal(got, want->entry);
	assert_int_equal(index, want->index);
}

static void check_all(xarray_t *xa)
{
	u64 index, count = 0, stored = 0;
	void *entry;

	for (size_t i = 0; i < SLOTS; i++) {
		assert_ptr_equal(xa_load(xa, model[i].index), model[i].entry);
		for (unsigned m = 0; m < XA_MARKS; m++)
			assert_int_equal(xa_get_mark(xa, model[i].index, m),
					 model[i].marks >> m & 1);
		stored += model[i].entry != NULL;
	}
	xa_for_each(xa, index, entry) {
		assert_ptr_equal(xa_load(xa, index), entry);
		count++;
	}
	assert_int_equal(count, stored);
	assert_int_equal(xa_empty(xa), stored == 0);
}

static u64 random_index(void)
{
	return test_random_below(2) ? model[test_random_below(SLOTS)].index : test_random_sized();
}

static void step_once(xarray_t *xa)
{
	model_entry_t *e = &model[test_random_below(SLOTS)];
	unsigned mark = (unsigned)test_random_below(XA_MARKS);
	void *entry = xa_mk_value(test_random() >> 1), *old = NULL;
	u64 from, last;

	switch (test_random_below(8)) {
	case 0:
	case 1:
		assert_int_equal(xa_store(xa, e->index, entry, &old), 0);
		assert_ptr_equal(old, e->entry);
		e->entry = entry;
		e->marks = 0;
		break;
	case 2:
	case 3:
		assert_ptr_equal(xa_erase(xa, e->index), e->entry);
		e->entry = NULL;
		e->marks = 0;
		break;
	case 4:
		xa_set_mark(xa, e->index, mark);
		if (e->entry)
			e->marks |= 1u << mark;
		break;
	case 5:
		xa_clear_mark(xa, e->index, mark);
		e->marks &= ~(1u << mark);
		break;
	default:
		from = random_index();
		last = random_index();
		check_find(xa, from, last, -1);
		check_find(xa, from, ~0UL, (int)mark);
		check_find(xa, from, last, (int)mark);
	}
}

static void test_model(void **state)
{
	xarray_t xa;

	xa_init(&xa, &ops);
	for (int round = 0; round < 4; round++) {
		make_model();
		for (u64 step = 0; step < STEPS / 4; step++) {
			step_once(&xa);
			if (step % 5000 == 0)
				check_all(&xa);
		}
		check_all(&xa);
		for (size_t i = 0; i < SLOTS; i++)
			assert_ptr_equal(xa_erase(&xa, model[i].index), model[i].entry);
		assert_true(xa_empty(&xa));
		/* The first child of a root that grew may stay, as long as the root does. */
		xa_destroy(&xa);
		assert_int_equal(live_nodes, 0);
	}
}

static void test_erase_gives_nodes_back(void **state)
{
	xarray_t xa;

	xa_init(&xa, &ops);
	for (int i = 0; i < 100; i++) {
		u64 index = test_random_sized();

		assert_int_equal(xa_store(&xa, index, &xa, NULL), 0);
		assert_ptr_equal(xa_erase(&xa, index), &xa);
		assert_int_equal(live_nodes, 0);
	}
}

static void test_find_free(void **state)
{
	bool used[5000] = { 0 };
	xarray_t xa;
	u64 index;

	xa_init(&xa, &ops);
	for (int step = 0; step < 200000; step++) {
		u64 min = test_random_below(ARRAY_SIZE(used)), i;
		u64 max = min + test_random_below(ARRAY_SIZE(used) - min);
		bool found = xa_find_free(&xa, min, max, &index);

		for (i = min; i <= max && used[i]; i++)
			;
		assert_int_equal(found, i <= max);
		if (found) {
			assert_int_equal(index, i);
			assert_int_equal(xa_store(&xa, i, xa_mk_value(i), NULL), 0);
			used[i] = true;
		}
		if (step % 3 == 0) {
			i = test_random_below(ARRAY_SIZE(used));
			assert_int_equal(xa_erase(&xa, i) != NULL, used[i]);
			used[i] = false;
		}
	}
	xa_destroy(&xa);
	/* At the very top nothing wraps. */
	assert_int_equal(xa_store(&xa, ~0UL, &xa, NULL), 0);
	assert_false(xa_find_free(&xa, ~0UL, ~0UL, &index));
	assert_true(xa_find_free(&xa, ~0UL - 1, ~0UL, &index));
	assert_int_equal(index, ~0UL - 1);
	xa_destroy(&xa);
	assert_int_equal(live_nodes, 0);
}

static void test_no_memory(void **state)
{
	xarray_t xa;

	xa_init(&xa, &ops);
	for (int round = 0; round < 20000; round++) {
		u64 index = test_random_sized(), keep = test_random_sized();
		long before;

		if (index == keep)
			continue;
		if (round % 2)
			assert_int_equal(xa_store(&xa, keep, &live_nodes, NULL), 0);
		before = live_nodes;
		allocations_left = (long)test_random_below(12);
		if (xa_store(&xa, index, &xa, NULL) == 0) {
			assert_ptr_equal(xa_load(&xa, index), &xa);
		} else {
			assert_null(xa_load(&xa, index));
			assert_true(live_nodes <= before + 11);
		}
		allocations_left = -1;
		assert_ptr_equal(xa_load(&xa, keep), round % 2 ? &live_nodes : NULL);
		xa_erase(&xa, index);
		xa_erase(&xa, keep);
		if (!xa_empty(&xa))
			fail();
		xa_destroy(&xa);
		assert_int_equal(live_nodes, 0);
	}
}

static void test_preload(void **state)
{
	xarray_t xa;

	xa_init(&xa, &ops);
	for (int round = 0; round < 20000; round++) {
		u64 index = test_random_sized();
		xa_preload_t spare = { 0 };
		int r;

		if (round % 64 == 0)
			xa_destroy(&xa);
		assert_int_equal(xa_preload(&xa, index, &spare), 0);
		allocations_left = 0;
		r = xa_store_preloaded(&xa, index, &xa, NULL, &spare);
		allocations_left = -1;
		assert_int_equal(r, 0);
		assert_int_equal(spare.count, 0); /* no more than were needed */
		xa_preload_end(&xa, &spare);
		assert_ptr_equal(xa_load(&xa, index), &xa);
	}
	/* What was got ready and not used is given back; failure is reported. */
	xa_destroy(&xa);
	xa_preload_t spare = { 0 };

	assert_int_equal(xa_preload(&xa, ~0UL, &spare), 0);
	assert_int_equal(spare.count, 11);
	xa_preload_end(&xa, &spare);
	assert_int_equal(live_nodes, 0);
	allocations_left = 3;
	assert_int_equal(xa_preload(&xa, ~0UL, &spare), -ENOMEM);
	assert_int_equal(xa_store_preloaded(&xa, ~0UL, &xa, NULL, &spare), -ENOMEM);
	allocations_left = -1;
	xa_preload_end(&xa, &spare);
	assert_int_equal(live_nodes, 0);
}

static void test_reserve(void **state)
{
	xarray_t xa;

	xa_init(&xa, &ops);
	assert_int_equal(xa_reserve(&xa, 1UL << 40), 0);
	assert_true(xa_empty(&xa));
	allocations_left = 0;
	assert_int_equal(xa_store(&xa, 1UL << 40, &xa, NULL), 0);
	allocations_left = -1;
	xa_destroy(&xa);
	assert_int_equal(live_nodes, 0);
}

static void test_values(void **state)
{
	assert_true(xa_is_value(xa_mk_value(0)));
	assert_false(xa_is_value(&ops));
	assert_int_equal(xa_to_value(xa_mk_value(~0UL >> 1)), ~0UL >> 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_erase_gives_nodes_back),
		cmocka_unit_test(test_find_free),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_preload),
		cmocka_unit_test(test_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
