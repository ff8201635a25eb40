// sources: mm/slab/cache.c mm/slab/slabs.c mm/slab/kmalloc.c mm/slab/debug.c mm/info/slab.c mm/reclaim/slab.c mm/heap/heap.c
// sources: mm/page/alloc.c mm/page/buddy.c mm/page/early.c mm/page/init.c mm/info/pages.c
// sources: kernel/sync/spinlock.c kernel/lib/string.c
/*
 * The kernel heap on the real page allocator: random allocation in many caches on many CPUs, each
 * object full of its owner's pattern; the same with CPUs truly at once; exhaustion; the debug
 * build's checks, each shown to catch its bug; at the end every page is back.
 */
#include <stdio.h>
#include <string.h>

#include <host.h>

#include <fake/fake.h>
#include <kernel/lib/string.h>
#include <kernel/thread.h>
#include <mm/early.h>
#include <mm/slab/slab_internal.h>
#include <mm/vmalloc.h>

#define MIB (1UL << 20)
#define CPUS 4
#define MEMORY (64 * MIB)

static void *vmalloc_result;
static u32 vmalloc_calls, vfree_calls;

u64 reclaim_pages(u64 target, gfp_flags_t flags)
{
	return 0;
}

bool out_of_memory(gfp_flags_t flags, u32 order)
{
	return false;
}

void *vmalloc(size_t size)
{
	vmalloc_calls++;
	return vmalloc_result;
}

void *vzalloc(size_t size)
{
	return vmalloc(size);
}

void vfree(void *p)
{
	vfree_calls++;
}

bool is_vmalloc_addr(const void *p)
{
	return p && p == vmalloc_result;
}

static int setup(void **state)
{
	fake_cpus(CPUS);
	fake_memory(MEMORY);
	early_add_ram(PAGE_SIZE, MEMORY);
	page_init(); /* page stacks for CPU 0 alone: the others go to the zones */
	slab_init();
	return 0;
}

static const struct {
	size_t size, align;
	u32 flags;
	bool ctor;
} kinds[] = {
	{ 1, 0, 0, false },    { 8, 0, 0, false },	 { 24, 0, 0, true },
	{ 100, 0, 0, false },  { 64, 64, 0, false },	 { 200, 0, SLAB_CACHE_ALIGN, false },
	{ 520, 0, 0, true },   { 1000, 8, 0, false },	 { 3000, 0, 0, false },
	{ 5000, 0, 0, false }, { 9000, 4096, 0, false }, { 48, 0, SLAB_CACHE_ALIGN, true },
};
#define KINDS ARRAY_SIZE(kinds)
static kmem_cache_t *caches[KINDS];

static void construct(void *object)
{
	memset(object, 'c', 24);
}

/* The index of a cache for slab_info. */
static slab_info_t info_of(const char *name)
{
	slab_info_t info;

	for (u32 i = 0; slab_info(i, &info); i++)
		if (strcmp(info.name, name) == 0)
			return info;
	fail_msg("no cache %s", name);
	return info;
}

static void give_all_back(void)
{
	kmem_flush_magazines();
	while (kmem_reclaim())
		;
	page_drain_all();
}

static void test_create(void **state)
{
	char name[24];

	for (u32 i = 0; i < KINDS; i++) {
		snprintf(name, sizeof(name), "kind-%u", i);
		caches[i] = kmem_cache_create(name, kinds[i].size, kinds[i].align, kinds[i].flags,
					      kinds[i].ctor ? construct : NULL);
		assert_non_null(caches[i]);
		slab_info_t info = info_of(name);

		assert_int_equal(info.object_size, kinds[i].size);
		assert_int_equal(info.active_objs, 0);
		/* At most an eighth of a slab is wasted, but where objects are large. */
		if (kinds[i].size <= 4096 / 8)
			assert_true(info.objects_per_slab * caches[i]->stride * 8UL >=
				    info.pages_per_slab * PAGE_SIZE * 7UL);
	}
}

#define OBJECTS 4000
typedef struct held {
	u8 *p;
	u32 kind;
	u8 pattern;
} held_t;
static held_t held[OBJECTS];

static void check_full(const held_t *h)
{
	for (size_t i = 0; i < kinds[h->kind].size; i++)
		if (h->p[i] != h->pattern)
			fail_msg("object of kind %u was written to", h->kind);
}

static void take(held_t *h)
{
	gfp_flags_t flags = test_random_below(4) ? GFP_KERNEL : GFP_ATOMIC;
	size_t align;

	h->kind = (u32)test_random_below(KINDS);
	if (!kinds[h->kind].ctor && test_random_below(3) == 0)
		flags |= GFP_ZERO;
	h->p = kmem_cache_alloc(caches[h->kind], flags | GFP_NOWARN | GFP_NORETRY);
	if (!h->p)
		return;
	align = kinds[h->kind].align ? kinds[h->kind].align : kinds[h->kind].size >= 16 ? 16 : 8;
	if (kinds[h->kind].flags & SLAB_CACHE_ALIGN)
		align = MAX(align, 64UL);
	assert_true(IS_ALIGNED((unsigned long)h->p, align));
	if (kinds[h->kind].ctor)
		for (int i = 0; i < 24; i++)
			assert_int_equal(h->p[i], 'c');
	if (flags & GFP_ZERO)
		for (size_t i = 0; i < kinds[h->kind].size; i++)
			assert_int_equal(h->p[i], 0);
	h->pattern = (u8)test_random();
	memset(h->p, h->pattern, kinds[h->kind].size);
}

static void give(held_t *h)
{
	check_full(h);
	if (kinds[h->kind].ctor)
		construct(h->p); /* objects come back as they were constructed */
	kmem_cache_free(caches[h->kind], h->p);
	h->p = NULL;
}

static void test_model(void **state)
{
	u64 active[KINDS] = { 0 }, free_before;

	give_all_back();
	free_before = free_page_count();
	for (u32 step = 0; step < 500000; step++) {
		held_t *h = &held[test_random_below(OBJECTS)];
		bool fill = step / 20000 % 2 == 0;

		if (step % 16 == 0)
			fake_become_cpu((u32)test_random_below(CPUS));
		if (h->p && (!fill || test_random_below(3) == 0))
			give(h);
		else if (!h->p && (fill || test_random_below(3) == 0))
			take(h);
		if (step % 100000 == 0)
			kmem_reclaim(); /* empties the depot in the middle of it all */
		if (step % 33000 == 0)
			kmem_flush_magazines();
	}
	fake_become_cpu(0);
	for (u32 i = 0; i < OBJECTS; i++)
		if (held[i].p)
			active[held[i].kind]++;
	for (u32 k = 0; k < KINDS; k++) {
		char name[24];

		snprintf(name, sizeof(name), "kind-%u", k);
		slab_info_t info = info_of(name);

		assert_int_equal(info.active_objs, active[k]);
		assert_true(info.total_objs >= active[k]);
		assert_int_equal(info.total_objs, info.slabs * info.objects_per_slab);
		assert_int_equal(info.pages, info.slabs * info.pages_per_slab);
	}
	for (u32 i = 0; i < OBJECTS; i++)
		if (held[i].p)
			give(&held[i]);
	give_all_back();
	/* But for the CPUs' own pairs of magazines, which stay. */
	assert_in_range(free_page_count(), free_before - 40, free_before);
	assert_int_equal(this_cpu_read(preempt_count), 0);
}

static void test_second_round_is_level(void **state)
{
	u64 before;

	/* Everything that is made once exists now: the second round must give back all it takes. */
	give_all_back();
	before = free_page_count();
	for (int round = 0; round < 3; round++) {
		for (u32 i = 0; i < OBJECTS; i++) {
			fake_become_cpu(i % CPUS);
			take(&held[i]);
		}
		for (u32 i = 0; i < OBJECTS; i++) {
			fake_become_cpu(i / 3 % CPUS);
			if (held[i].p)
				give(&held[i]);
		}
		fake_become_cpu(0);
		give_all_back();
		assert_int_equal(free_page_count(), before);
	}
}

static void hammer(void *arg)
{
	u64 random = 0x9e3779b97f4a7c15UL * (this_cpu() + 1);
	u8 *objects[200] = { NULL };
	u32 kind[200] = { 0 };

	for (u32 step = 0; step < 200000; step++) {
		random = random * 6364136223846793005UL + 1442695040888963407UL;
		u32 i = (u32)(random >> 33) % 200;

		if (objects[i]) {
			for (size_t k = 0; k < kinds[kind[i]].size; k += 8)
				if (objects[i][k] != (u8)(this_cpu() * 50 + i))
					panic("object shared by two CPUs");
			if (kinds[kind[i]].ctor)
				construct(objects[i]);
			kmem_cache_free(caches[kind[i]], objects[i]);
			objects[i] = NULL;
		} else {
			kind[i] = (u32)(random >> 50) % KINDS;
			objects[i] = kmem_cache_alloc(caches[kind[i]], GFP_ATOMIC | GFP_NOWARN);
			if (objects[i])
				memset(objects[i], (int)(this_cpu() * 50 + i), kinds[kind[i]].size);
		}
		if (step % 20000 == 0)
			kmem_reclaim();
	}
	for (u32 i = 0; i < 200; i++) {
		if (!objects[i])
			continue;
		if (kinds[kind[i]].ctor)
			construct(objects[i]);
		kmem_cache_free(caches[kind[i]], objects[i]);
	}
}

static void test_cpus_at_once(void **state)
{
	u64 before;

	give_all_back();
	before = free_page_count();
	fake_run_on_cpus(CPUS, hammer, NULL);
	give_all_back();
	assert_in_range(free_page_count(), before - 4, before);
}

static void test_kmalloc(void **state)
{
	static const size_t sizes[] = { 0,    1,     8,	    9,	  16,	      17,   48,
					49,   512,   513,   1024, 1500,	      8192, 8193,
					9000, 65536, 65537, MIB,  KMALLOC_MAX };
	u64 before;
	char *s, *t;

	give_all_back();
	before = free_page_count();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = kmalloc(sizes[i], GFP_KERNEL);

		assert_non_null(p);
		assert_true(ksize(p) >= sizes[i]);
		assert_true(IS_ALIGNED((unsigned long)p, sizes[i] >= 16 ? 16 : 8));
		memset(p, 0xee, ksize(p));
		kfree(p);
		p = kzalloc(sizes[i], GFP_KERNEL);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[k], 0);
		kfree(p);
	}
	for (size_t size = 1; size < 9000; size += 7) {
		void *p = kmalloc(size, GFP_KERNEL);

		assert_true(ksize(p) >= size && ksize(p) <= 2 * size + 8);
		kfree(p);
	}
	assert_null(kmalloc(KMALLOC_MAX + 1, GFP_KERNEL));
	kfree(NULL);
	assert_null(kcalloc(1UL << 40, 1UL << 40));
	s = kcalloc(3, 5);
	for (int i = 0; i < 15; i++)
		assert_int_equal(s[i], 0);
	kfree(s);
	s = kstrdup("hello", GFP_KERNEL);
	assert_string_equal(s, "hello");
	t = krealloc(s, 6);
	assert_ptr_equal(t, s); /* there is room */
	t = krealloc(s, 600);
	assert_ptr_not_equal(t, s);
	assert_string_equal(t, "hello");
	s = krealloc(t, 6); /* far too large by now */
	assert_ptr_not_equal(t, s);
	assert_string_equal(s, "hello");
	assert_null(krealloc(s, KMALLOC_MAX * 2));
	kfree(s);
	s = krealloc(NULL, 10);
	kfree(s);
	give_all_back();
	assert_int_equal(free_page_count(), before);
}

static void test_kvmalloc(void **state)
{
	char fake_area;
	void *p = kvmalloc(100, GFP_KERNEL);

	assert_non_null(p);
	kvfree(p);
	p = kvmalloc(MIB, GFP_KERNEL);
	assert_int_equal(vmalloc_calls, 0);
	kvfree(p);
	vmalloc_result = &fake_area;
	assert_ptr_equal(kvmalloc(2 * KMALLOC_MAX, GFP_KERNEL), &fake_area);
	assert_ptr_equal(kvmalloc(2 * KMALLOC_MAX, GFP_KERNEL | GFP_ZERO), &fake_area);
	assert_int_equal(vmalloc_calls, 2);
	kvfree(&fake_area);
	assert_int_equal(vfree_calls, 1);
	assert_null(kvmalloc(2 * KMALLOC_MAX, GFP_ATOMIC)); /* vmalloc sleeps */
	vmalloc_result = NULL;
}

static void test_exhaustion(void **state)
{
	void **chain = NULL, **p;
	u64 before, made = 0;
	char *s;

	give_all_back();
	before = free_page_count();
	while ((p = kmalloc(2048, GFP_KERNEL | GFP_NOWARN | GFP_NORETRY)) != NULL) {
		*p = chain;
		chain = p;
	}
	while ((p = kmalloc(PAGE_SIZE * 4, GFP_ATOMIC | GFP_NOWARN)) != NULL) {
		*p = chain;
		chain = p;
	}
	while ((p = kmalloc(24, GFP_ATOMIC | GFP_NOWARN)) != NULL) {
		*p = chain;
		chain = p;
	}
	/* No magazine, no pair of a CPU, no cache can be made now. */
	fake_become_cpu(3);
	assert_null(kmem_cache_alloc(caches[9], GFP_ATOMIC | GFP_NOWARN));
	while (kmem_cache_create("none", 100, 0, 0,
				 NULL)) /* what room there is in a slab of them */
		assert_true(++made < (PAGE_SIZE << 3) / sizeof(kmem_cache_t));
	fake_become_cpu(0);
	s = (char *)chain;
	assert_null(krealloc(s, MIB)); /* and s stays valid */
	while (chain) {
		p = chain;
		chain = *p;
		kfree(p);
	}
	give_all_back();
	/* A slab of caches may have been begun: they are never removed. */
	assert_in_range(before - free_page_count(), 0, made ? 8 : 0);
}

/* An interrupt that comes while this CPU is in a cache works on the slabs. */
static void test_busy(void **state)
{
	kmem_cache_t *cache = caches[3];
	void *warm = kmem_cache_alloc(cache, GFP_KERNEL), *p;
	cpu_magazines_t *cc = cache->cpu[0];
	u64 allocations;

	assert_non_null(cc);
	kmem_cache_free(cache, warm);
	allocations = cc->allocations;
	cc->busy = true;
	p = kmem_cache_alloc(cache, GFP_ATOMIC);
	assert_non_null(p);
	kmem_cache_free(cache, p);
	kmem_flush_magazines(); /* passes it by */
	assert_int_equal(cc->allocations, allocations);
	cc->busy = false;
	give_all_back();
	assert_int_equal(cache->in_use, 0);
}

static void test_debug_checks(void **state)
{
	kmem_cache_t *cache = kmem_cache_create("buggy", 40, 0, 0, NULL);
	u8 *p = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, p);
	assert_panics("freed twice", kmem_cache_free(cache, p));
	p[20] = 1;
	assert_panics("written after it was freed", kmem_cache_alloc(cache, GFP_KERNEL));

	cache = kmem_cache_create("buggy2", 40, 0, 0, NULL);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	p[40] ^= 1;
	assert_panics("overrun", kmem_cache_free(cache, p));
	assert_panics("no object's start", kmem_cache_free(cache, p + 8));
	assert_panics("Assertion failed", kmem_cache_free(caches[0], p));

	cache = kmem_cache_create("buggy3", 40, 0, 0, NULL);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, p);
	p[40] ^= 1;
	assert_panics("handed out twice or overrun", kmem_cache_alloc(cache, GFP_KERNEL));

	assert_panics("Assertion failed", kfree(page_to_virt(page_alloc())));
	/* A pointer into another cache's slab. */
	void *q = kmem_cache_alloc(caches[4], GFP_KERNEL);

	assert_panics("Assertion failed", kmem_cache_free(caches[3], q));
	kmem_cache_free(caches[4], q);
	p = page_to_virt(page_alloc());
	assert_panics("Assertion failed", kmem_cache_free(caches[3], p));
}

#define CALLS8(x) x x x x x x x x

static void test_leak_report(void **state)
{
	kmem_cache_t *cache = kmem_cache_create("leaky", 40, 0, 0, NULL);
	char want[64];
	void *p[72];
	u32 n = 0;

	fake_last_line[0] = 0;
	p[0] = kmem_cache_alloc(cache, GFP_KERNEL);
	slab_report_leaks();
	snprintf(want, sizeof(want), "slab leaky: 1 objects of others+0x0");
	assert_non_null(strstr(fake_last_line, want));
	kmem_cache_free(cache, p[0]);
	/* More callers than the report tells apart, a full slab among theirs. */
	CALLS8(CALLS8(p[n++] = kmem_cache_alloc(cache, GFP_KERNEL);))
	CALLS8(p[n++] = kmem_cache_alloc(cache, GFP_KERNEL);)
	slab_report_leaks();
	assert_non_null(strstr(fake_last_line, "slab leaky: 9 objects of others"));
	while (n--)
		kmem_cache_free(cache, p[n]);
	fake_last_line[0] = 0;
	slab_report_leaks();
	assert_null(strstr(fake_last_line, "leaky"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_second_round_is_level),
		cmocka_unit_test(test_cpus_at_once),
		cmocka_unit_test(test_kmalloc),
		cmocka_unit_test(test_kvmalloc),
		cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_leak_report),
		cmocka_unit_test(test_debug_checks),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
