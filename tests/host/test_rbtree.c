// sources: kernel/lib/rbtree.c
/*
 * Red-black trees against a sorted model: order, invariants of the tree, augmented sums, the cached
 * leftmost node.
 */
#include <host.h>
#include <kernel/lib/rbtree.h>

#define KEYS 512
#define STEPS 2000000

typedef struct item {
	rb_node_t node;
	u64 key, subtree_sum;
	bool in;
} item_t;

static item_t items[KEYS];

static item_t *item_of(rb_node_t *n)
{
	return rb_entry_or_null(n, item_t, node);
}

static bool update(rb_node_t *n)
{
	item_t *i = item_of(n);
	u64 before = i->subtree_sum;

	i->subtree_sum = i->key + (n->left ? item_of(n->left)->subtree_sum : 0) +
			 (n->right ? item_of(n->right)->subtree_sum : 0);
	return i->subtree_sum != before;
}

static rb_node_t **find_place(rb_root_t *root, u64 key, rb_node_t **parent, bool *leftmost)
{
	rb_node_t **link = &root->node;

	*parent = NULL;
	*leftmost = true;
	while (*link) {
		*parent = *link;
		if (key < item_of(*parent)->key) {
			link = &(*parent)->left;
		} else {
			link = &(*parent)->right;
			*leftmost = false;
		}
	}
	return link;
}

/* Returns the black height; checks order, colours, parents and sums. */
static int check(rb_node_t *n, rb_node_t *parent, u64 low, u64 high, bool augmented)
{
	int left, right;
	bool black;

	if (!n)
		return 1;
	assert_ptr_equal(rb_parent(n), parent);
	assert_in_range(item_of(n)->key, low, high);
	black = n->parent_color & 1;
	if (!black && parent)
		assert_true(parent->parent_color & 1);
	left = check(n->left, n, low, item_of(n)->key - 1, augmented);
	right = check(n->right, n, item_of(n)->key + 1, high, augmented);
	assert_int_equal(left, right);
	if (augmented) {
		u64 sum = item_of(n)->subtree_sum;

		update(n);
		assert_int_equal(sum, item_of(n)->subtree_sum);
	}
	return left + black;
}

static void check_order(rb_root_t *root)
{
	rb_node_t *n = rb_first(root);
	u64 i;

	for (i = 0; i < KEYS; i++) {
		if (!items[i].in)
			continue;
		assert_ptr_equal(n, &items[i].node);
		n = rb_next(n);
	}
	assert_null(n);
	n = rb_last(root);
	for (i = KEYS; i-- > 0;) {
		if (!items[i].in)
			continue;
		assert_ptr_equal(n, &items[i].node);
		n = rb_prev(n);
	}
	assert_null(n);
}

static void random_changes(rb_root_cached_t *root, rb_update_t fn, u64 steps)
{
	for (u64 i = 0; i < KEYS; i++)
		items[i] = (item_t){ .key = i + 1 };
	for (u64 step = 0; step < steps; step++) {
		/* The tree fills and empties in turns, so that every size occurs. */
		bool fill = step / 4096 % 2 == 0;
		item_t *item = &items[test_random_below(KEYS)];

		if (item->in == fill && test_random_below(4))
			continue;
		if (item->in) {
			if (fn)
				rb_erase_augmented(&item->node, &root->root, fn);
			else
				rb_erase_cached(&item->node, root);
		} else {
			rb_node_t *parent;
			bool leftmost;
			rb_node_t **link = find_place(&root->root, item->key, &parent, &leftmost);

			if (fn)
				rb_insert_augmented(&item->node, parent, link, &root->root, fn);
			else
				rb_insert_cached(&item->node, parent, link, root, leftmost);
		}
		item->in = !item->in;
		if (step % 997 == 0) {
			check(root->root.node, NULL, 1, KEYS, fn);
			check_order(&root->root);
			if (root->root.node)
				assert_true(root->root.node->parent_color & 1);
		}
		if (!fn)
			assert_ptr_equal(root->leftmost, rb_first(&root->root));
	}
}

static void test_model(void **state)
{
	rb_root_cached_t root = { 0 };

	random_changes(&root, NULL, STEPS);
}

static void test_augmented(void **state)
{
	rb_root_cached_t root = { 0 };

	random_changes(&root, update, STEPS);
}

static void test_propagate(void **state)
{
	rb_root_t root = RB_ROOT;
	u64 sum = 0;

	for (u64 i = 0; i < KEYS; i++) {
		rb_node_t *parent;
		bool leftmost;
		rb_node_t **link;

		items[i] = (item_t){ .key = 2 * i + 1 };
		link = find_place(&root, items[i].key, &parent, &leftmost);
		rb_insert_augmented(&items[i].node, parent, link, &root, update);
		sum += items[i].key;
	}
	assert_int_equal(item_of(root.node)->subtree_sum, sum);
	items[77].key++;
	rb_propagate(&items[77].node, update);
	assert_int_equal(item_of(root.node)->subtree_sum, sum + 1);
}

static void test_empty(void **state)
{
	rb_root_t root = RB_ROOT;
	item_t one = { .key = 1 };

	assert_true(rb_empty(&root));
	assert_null(rb_first(&root));
	assert_null(rb_last(&root));
	rb_insert(&one.node, NULL, &root.node, &root);
	assert_false(rb_empty(&root));
	assert_null(rb_next(&one.node));
	assert_null(rb_prev(&one.node));
	rb_erase(&one.node, &root);
	assert_true(rb_empty(&root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_augmented),
		cmocka_unit_test(test_propagate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
