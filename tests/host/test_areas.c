// sources: kernel/sync/spinlock.c mm/space/area.c mm/space/anon.c kernel/lib/rbtree.c kernel/lib/interval_tree.c
/*
 * The set of areas of an address space against an array of its pages: inserting, splitting,
 * removing, resizing, merging, searching for gaps; gap sums, accounting, the files' mappings and the reverse
 * mapping of anonymous pages checked throughout; allocation failures.
 */
#include <host.h>
#include <string.h>

#include <fake/fake.h>
#include <mm/policy.h>
#include <mm/space/space_internal.h>

DEFINE_PERCPU(s64, mm_counters[MM_COUNTERS]);

#define PAGES 600
#define LOW 100 /* page number of the first */
#define STEPS 300000

struct file {
	int refs;
	file_map_t map;
};
static struct file files[2];

typedef struct page_model {
	bool mapped;
	u32 flags;
	struct file *file;
	u64 offset;
	mem_policy_t *policy;
	anon_root_t *root; /* there is an anonymous page, with this mapping */
	u64 index;	   /* and index */
} page_model_t;
static page_model_t model[PAGES];

u64 vm_max_map_count = 65530;
static void file_get(struct file *f)
{
	f->refs++;
}
static void file_put(struct file *f)
{
	f->refs--;
}
static const vm_file_ops_t ops = { .get = file_get, .put = file_put };
const vm_file_ops_t *vm_file_ops = &ops;

/* Policies that areas refer to; the last two are equal. */
static mem_policy_t policies[3];
static int policy_refs;

mem_policy_t *policy_get(mem_policy_t *p)
{
	policy_refs += p != NULL;
	return p;
}

void policy_put(mem_policy_t *p)
{
	policy_refs -= p != NULL;
}

bool policy_equal(const mem_policy_t *a, const mem_policy_t *b)
{
	return a == b || (a && b && a->mode == b->mode);
}

static int opens, closes;
static void on_open(vm_area_t *v)
{
	opens++;
}
static void on_close(vm_area_t *v)
{
	closes++;
}
static const vm_area_ops_t area_ops = { .open = on_open, .close = on_close };

static unsigned long address(u64 page)
{
	return (LOW + page) << PAGE_SHIFT;
}

static u64 page_of(unsigned long addr)
{
	return (addr >> PAGE_SHIFT) - LOW;
}

static unsigned long check_gaps(rb_node_t *n, unsigned long *end)
{
	vm_area_t *v = area_of(n);
	unsigned long left, gap, right;

	if (!n)
		return 0;
	left = check_gaps(n->left, end);
	assert_true(v->start >= *end && v->start < v->end);
	gap = MIN(v->start - *end, GAP_CAP);
	*end = v->end;
	right = check_gaps(n->right, end);
	assert_int_equal(v->max_gap, MAX(gap, MAX(left, right)));
	return v->max_gap;
}

/* An anonymous page is found through its root, where it is mapped and nowhere else. */
static void check_anon(vm_space_t *s, u64 i)
{
	const page_t page = { .mapping = model[i].root, .index = model[i].index };
	unsigned long addr;
	u32 found = 0;

	assert_ptr_equal(vm_find(s, address(i))->anon, model[i].root);
	for (vm_area_t *v = anon_next(model[i].root, NULL, &page, &addr); v;
	     v = anon_next(model[i].root, v, &page, &addr)) {
		assert_true(addr >= v->start && addr < v->end);
		found += addr == address(i);
	}
	assert_int_equal(found, 1);
}

static void check(vm_space_t *s)
{
	u64 total = 0, locked = 0, data = 0, stack = 0, promised = 0, exec = 0, mapped = 0;
	unsigned long end = 0;
	u32 count = 0, in_file = 0;
	int with_policy = 0;

	check_gaps(s->areas.node, &end);
	for (vm_area_t *v = vm_first(s); v; v = vm_next(v)) {
		for (unsigned long a = v->start; a < v->end; a += PAGE_SIZE) {
			page_model_t *p = &model[page_of(a)];

			assert_true(p->mapped);
			assert_int_equal(p->flags, v->flags);
			assert_ptr_equal(p->file, v->file);
			assert_true(policy_equal(p->policy, v->policy));
			if (p->file)
				assert_int_equal(area_offset(v, a), p->offset);
			mapped++;
		}
		count++;
		with_policy += v->policy != NULL;
		in_file += v->map != NULL;
	}
	assert_int_equal(count, s->area_count);
	assert_int_equal(with_policy, policy_refs);
	for (u64 i = 0; i < PAGES; i++) {
		const page_model_t *p = &model[i];

		if (!p->mapped)
			continue;
		total++;
		locked += !!(p->flags & VM_LOCKED);
		exec += !!(p->flags & VM_EXEC);
		promised += !!(p->flags & VM_ACCOUNT);
		if (p->flags & VM_GROWS_DOWN)
			stack++;
		else if ((p->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
			data++;
		if (p->root)
			check_anon(s, i);
	}
	assert_int_equal(mapped, total);
	assert_int_equal(s->total_pages, total);
	assert_int_equal(s->locked_pages, locked);
	assert_int_equal(s->data_pages, data);
	assert_int_equal(s->stack_pages, stack);
	assert_int_equal(s->exec_pages, exec);
	assert_int_equal(per_cpu(mm_counters[MM_COMMITTED], 0), promised);
	for (int f = 0; f < 2; f++) {
		for (interval_node_t *n = interval_first(&files[f].map.mappings, 0, ~0UL); n;
		     n = interval_next(n, 0, ~0UL)) {
			vm_area_t *v = container_of(n, vm_area_t, map_node);

			assert_int_equal(n->start, v->page_offset);
			assert_int_equal(n->last, v->page_offset + area_pages(v) - 1);
			in_file--;
		}
	}
	assert_int_equal(in_file, 0);
}

static u32 random_area_flags(void)
{
	static const u32 kinds[] = { VM_READ,
				     VM_READ | VM_WRITE | VM_ACCOUNT,
				     VM_READ | VM_EXEC,
				     VM_READ | VM_WRITE | VM_SHARED | VM_MAY_WRITE,
				     VM_READ | VM_WRITE | VM_GROWS_DOWN,
				     VM_READ | VM_LOCKED };

	return kinds[test_random_below(ARRAY_SIZE(kinds))];
}

static void add(vm_space_t *s, u64 from, u64 n)
{
	u32 flags = random_area_flags();
	vm_area_t *v = area_alloc(s, address(from), address(from + n), flags);
	u64 f = test_random_below(3);

	assert_non_null(v);
	if (f < 2) {
		v->file = &files[f];
		v->map = &files[f].map;
		file_get(v->file);
		v->page_offset = test_random_below(3) ? from : test_random_below(1000);
	}
	if (!test_random_below(3)) {
		v->policy = policy_get(&policies[test_random_below(3)]);
		v->policy->mode = v->policy != policies;
	}
	assert_int_equal(area_insert(s, v), 0);
	for (u64 i = 0; i < n; i++)
		model[from + i] =
			(page_model_t){ true, flags, v->file, v->page_offset + i, v->policy };
	if (test_random_below(2))
		area_try_merge(s, v);
}

static bool free_range(u64 from, u64 n)
{
	for (u64 i = from; i < from + n; i++)
		if (model[i].mapped)
			return false;
	return true;
}

static void remove_range(vm_space_t *s, u64 from, u64 n)
{
	vm_area_t *v, *next;

	assert_int_equal(area_isolate(s, address(from), address(from + n)), 0);
	for (v = vm_find(s, address(from)); v && v->start < address(from + n); v = next) {
		next = vm_next(v);
		assert_true(v->end <= address(from + n));
		area_remove(s, v);
		area_free(v);
	}
	memset(&model[from], 0, n * sizeof(model[0]));
}

/* Highest run of n free pages within [low, high), or 0. */
static unsigned long model_gap(u64 n, u64 low, u64 high)
{
	for (u64 at = high >= n ? high - n + 1 : 0; at-- > low;)
		if (free_range(at, n))
			return address(at);
	return 0;
}

static void step_once(vm_space_t *s)
{
	u64 from = test_random_below(PAGES - 40), n = 1 + test_random_below(40);
	vm_area_t *v = vm_find(s, address(from));
	u64 expected = from;

	/* vm_find: the area that holds the address or the next one above. */
	while (expected < PAGES && !model[expected].mapped)
		expected++;
	if (expected == PAGES)
		assert_null(v);
	else
		assert_true(v->end > address(from) && v->start <= address(expected));
	switch (test_random_below(7)) {
	case 0:
	case 1:
		if (free_range(from, n))
			add(s, from, n);
		break;
	case 2:
		remove_range(s, from, n);
		break;
	case 3: /* cut at one end, or grow over what is free */
		if (!v || v->start > address(from))
			break;
		if (v->end - v->start > PAGE_SIZE) {
			bool upper = test_random_below(2);

			if (upper) {
				model[page_of(v->end) - 1].mapped = false;
				area_resize(s, v, v->start, v->end - PAGE_SIZE);
			} else {
				model[page_of(v->start)].mapped = false;
				area_resize(s, v, v->start + PAGE_SIZE, v->end);
			}
		} else if (page_of(v->end) < PAGES && !model[page_of(v->end)].mapped) {
			u64 p = page_of(v->end);

			model[p] = model[p - 1];
			model[p].offset++;
			model[p].root = NULL;
			area_resize(s, v, v->start, v->end + PAGE_SIZE);
		}
		break;
	case 4:
		if (v)
			area_try_merge(s, v);
		break;
	case 5: /* a page is written to */
		if (!v || v->start > address(from) || (v->flags & VM_SHARED))
			break;
		assert_true(anon_prepare(v));
		model[from].root = v->anon;
		model[from].index = area_offset(v, address(from));
		break;
	default:
		n = 1 + test_random_below(60);
		u64 low = test_random_below(PAGES), high = low + test_random_below(PAGES - low + 1);

		assert_int_equal(area_find_gap(s, n << PAGE_SHIFT, address(low), address(high)),
				 model_gap(n, low, high));
	}
}

static vm_space_t space;

static int setup(void **state)
{
	area_cache = kmem_cache_create("area", sizeof(vm_area_t), 0, 0, NULL);
	anon_init();
	return 0;
}

static int teardown(void **state)
{
	free(area_cache);
	free(anon_root_cache);
	return 0;
}

static void test_model(void **state)
{
	for (u32 step = 0; step < STEPS; step++) {
		step_once(&space);
		if (step % 16 == 0)
			check(&space);
	}
	remove_range(&space, 0, PAGES);
	check(&space);
	assert_int_equal(space.area_count, 0);
	assert_int_equal(files[0].refs + files[1].refs, 0);
	assert_int_equal(files[0].map.writable_maps + files[1].map.writable_maps, 0);
	assert_int_equal(fake_allocations, 0);
}

static void test_merging(void **state)
{
	vm_space_t s = { 0 };
	vm_area_t *v[3];

	for (u64 i = 0; i < 3; i++) {
		v[i] = area_alloc(&s, address(10 * i), address(10 * i + 10), VM_READ);
		assert_int_equal(area_insert(&s, v[i]), 0);
	}
	assert_true(anon_prepare(v[2]));
	area_try_merge(&s, v[1]); /* both neighbours */
	assert_int_equal(s.area_count, 1);
	assert_int_equal(vm_first(&s)->end, address(30));
	assert_true(vm_first(&s)->anon);
	/* What has a close function stays as it was made. */
	vm_first(&s)->ops = &area_ops;
	assert_int_equal(area_split(&s, vm_first(&s), address(5)), 0);
	assert_int_equal(opens, 1);
	area_try_merge(&s, vm_first(&s));
	assert_int_equal(s.area_count, 2);
	while (vm_first(&s)) {
		vm_area_t *first = vm_first(&s);

		area_remove(&s, first);
		area_free(first);
	}
	assert_int_equal(closes, 2);
}

/* Gaps around GAP_CAP and above: each search against all gaps one by one. */
static void test_huge_gaps(void **state)
{
	const unsigned long high = 1UL << 47;
	vm_space_t s = { 0 };
	unsigned long end = 0;
	vm_area_t *v;

	for (u32 i = 0; i < 200; i++) {
		unsigned long at = test_random_below(high >> PAGE_SHIFT) << PAGE_SHIFT;

		v = vm_find(&s, at);
		if (v && v->start <= at)
			continue;
		v = area_alloc(&s, at, at + PAGE_SIZE, VM_READ);
		assert_int_equal(area_insert(&s, v), 0);
	}
	check_gaps(s.areas.node, &end);
	for (u32 i = 0; i < 2000; i++) {
		size_t len = (1 + test_random_below(6 * GAP_CAP >> PAGE_SHIFT)) << PAGE_SHIFT;
		unsigned long low = test_random_below(high), best = 0, from = 0;

		for (v = vm_first(&s); v; from = v->end, v = vm_next(v))
			if (v->start >= len + MAX(from, low))
				best = v->start - len;
		if (high >= len + MAX(from, low))
			best = high - len;
		assert_int_equal(area_find_gap(&s, len, low, high), best);
	}
	while ((v = vm_first(&s))) {
		area_remove(&s, v);
		end = 0;
		check_gaps(s.areas.node, &end);
		area_free(v);
	}
}

static void test_limits(void **state)
{
	vm_space_t s = { 0 };
	vm_area_t *v;

	fake_allocations_left = 0;
	assert_null(area_alloc(&s, address(0), address(10), VM_READ));
	fake_allocations_left = 1;
	v = area_alloc(&s, address(0), address(10), VM_READ);
	assert_int_equal(area_insert(&s, v), 0);
	assert_int_equal(area_split(&s, v, address(5)), -ENOMEM);
	assert_int_equal(area_isolate(&s, address(2), address(4)), -ENOMEM);
	fake_allocations_left = 2; /* the second border cannot be made: the first stays */
	assert_int_equal(area_isolate(&s, address(2), address(12)), 0);
	assert_int_equal(s.area_count, 2);
	fake_allocations_left = -1;
	vm_max_map_count = 2;
	assert_int_equal(area_split(&s, v, address(1)), -ENOMEM);
	vm_area_t *more = area_alloc(NULL, address(20), address(30), VM_READ);

	assert_int_equal(area_insert(&s, more), -ENOMEM);
	area_free(more);
	vm_max_map_count = 65530;
	while (vm_first(&s)) {
		v = vm_first(&s);
		area_remove(&s, v);
		area_free(v);
	}
	assert_int_equal(fake_allocations, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merging),
		cmocka_unit_test(test_huge_gaps),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
