// sources:
/* Lists and hash chains against an array that holds the same order. */
#include <host.h>
#include <kernel/lib/list.h>
#include <kernel/lib/string.h>

#define ITEMS 64
#define STEPS 500000

typedef struct item {
	list_t link;
	hlist_node_t hash;
	int number;
	bool in;
} item_t;

static item_t items[ITEMS];

typedef struct order {
	int numbers[ITEMS];
	int count;
} order_t;

static void order_insert(order_t *o, int at, int number)
{
	memmove(o->numbers + at + 1, o->numbers + at, (size_t)(o->count - at) * sizeof(int));
	o->numbers[at] = number;
	o->count++;
}

static void order_remove(order_t *o, int number)
{
	int at = 0;

	while (o->numbers[at] != number)
		at++;
	o->count--;
	memmove(o->numbers + at, o->numbers + at + 1, (size_t)(o->count - at) * sizeof(int));
}

static void check(list_t *head, const order_t *o)
{
	item_t *i, *tmp;
	int n = 0;

	list_for_each_entry(i, head, link)
		assert_int_equal(i->number, o->numbers[n++]);
	assert_int_equal(n, o->count);
	list_for_each_entry_reverse(i, head, link)
		assert_int_equal(i->number, o->numbers[--n]);
	assert_int_equal(n, 0);
	list_for_each_entry_rcu(i, head, link)
		assert_int_equal(i->number, o->numbers[n++]);
	n = 0;
	list_for_each_entry_safe(i, tmp, head, link)
		assert_int_equal(i->number, o->numbers[n++]);
	assert_int_equal(list_empty(head), n == 0);
	assert_int_equal(list_is_singular(head), n == 1);
	if (n) {
		assert_int_equal(list_first_entry(head, item_t, link)->number, o->numbers[0]);
		assert_int_equal(list_last_entry(head, item_t, link)->number, o->numbers[n - 1]);
		assert_true(list_is_last(&items[o->numbers[n - 1]].link, head));
	}
}

static void test_list_model(void **state)
{
	list_t head = LIST_INIT(head), other = LIST_INIT(other);
	order_t o = { 0 };

	for (int step = 0; step < STEPS; step++) {
		int number = (int)test_random_below(ITEMS);
		item_t *i = &items[number];

		i->number = number;
		switch (test_random_below(5)) {
		case 0:
			if (i->in)
				list_move(&i->link, &head);
			else if (test_random_below(2))
				list_add(&i->link, &head);
			else
				list_add_rcu(&i->link, &head);
			if (i->in)
				order_remove(&o, number);
			order_insert(&o, 0, number);
			i->in = true;
			break;
		case 1:
			if (i->in)
				list_move_tail(&i->link, &head);
			else if (test_random_below(2))
				list_add_tail(&i->link, &head);
			else
				list_add_tail_rcu(&i->link, &head);
			if (i->in)
				order_remove(&o, number);
			order_insert(&o, o.count, number);
			i->in = true;
			break;
		case 2:
		case 3:
			if (!i->in)
				break;
			if (test_random_below(2))
				list_del_init(&i->link);
			else
				list_del_rcu(&i->link);
			order_remove(&o, number);
			i->in = false;
			break;
		default: /* away and back */
			list_splice_tail_init(&head, &other);
			assert_true(list_empty(&head));
			list_splice_tail_init(&head, &other);
			list_splice_tail_init(&other, &head);
		}
		if (step % 7 == 0)
			check(&head, &o);
	}
}

static void test_splice(void **state)
{
	list_t a = LIST_INIT(a), b = LIST_INIT(b);
	item_t x = { .number = 1 }, y = { .number = 2 }, z = { .number = 3 };

	list_add_tail(&x.link, &a);
	list_add_tail(&y.link, &b);
	list_add_tail(&z.link, &b);
	list_splice_tail_init(&b, &a);
	assert_true(list_empty(&b));
	assert_ptr_equal(list_next_entry(&x, link), &y);
	assert_ptr_equal(list_prev_entry(&z, link), &y);
	assert_true(list_is_last(&z.link, &a));
}

static void test_hlist(void **state)
{
	hlist_head_t head = { NULL };
	hlist_node_t *tmp;
	item_t *i;
	int n = 0;

	assert_true(hlist_empty(&head));
	for (int k = 0; k < ITEMS; k++) {
		items[k].number = k;
		items[k].hash.pprev = NULL;
		assert_true(hlist_unhashed(&items[k].hash));
		hlist_add_head(&items[k].hash, &head);
		assert_false(hlist_unhashed(&items[k].hash));
	}
	hlist_for_each_entry(i, &head, hash)
		assert_int_equal(i->number, ITEMS - 1 - n++);
	assert_int_equal(n, ITEMS);
	hlist_for_each_entry_safe(i, tmp, &head, hash)
		if (i->number % 2)
			hlist_del(&i->hash);
	n = ITEMS;
	hlist_for_each_entry_rcu(i, &head, hash)
		assert_int_equal(i->number, n -= 2); /* the even ones, descending */
	assert_int_equal(n, 0);
	for (int k = 0; k < ITEMS; k += 2)
		hlist_del_rcu(&items[k].hash);
	assert_true(hlist_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_model),
		cmocka_unit_test(test_splice),
		cmocka_unit_test(test_hlist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
