// sources: arch/x86_64/program/xstate.c
/*
 * Extended state between formats, with random layouts: each component is known by its contents, so
 * that what arrives where can be told without a second copy of the code.
 */
#include <host.h>
#include <string.h>

#include <arch_x86/fpu.h>
#include <uapi/errno.h>

#define ROUNDS 3000
#define IMAGE_MAX 8192
#define LEGACY_SIZE 576

static xstate_layout_t layout;
static u8 component_bytes[XSTATE_COMPONENTS][1024];

/* Standard offsets rise with gaps, as CPUs have them. */
static void make_layout(void)
{
	u32 at = LEGACY_SIZE;

	memset(&layout, 0, sizeof(layout));
	layout.features = XFEATURE_FP_SSE;
	layout.mxcsr_mask = 0xffff;
	layout.compact = test_random_below(2);
	for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++) {
		xstate_component_t *c = &layout.components[i];

		c->size = (u32)(1 + test_random_below(128)) * 8;
		c->standard = at + (u32)test_random_below(4) * 64;
		c->aligned = test_random_below(2);
		if (test_random_below(4))
			layout.features |= BIT(i);
		at = c->standard + c->size;
	}
	layout.size = at;
	xstate_lay_out(&layout);
}

/* A block of exactly the size, so that an access beyond it is found. */
static fpu_area_t *block(u32 size)
{
	fpu_area_t *m = aligned_alloc(64, ALIGN_UP(size, 64U));

	assert_non_null(m);
	for (u32 i = 0; i < size; i++)
		((u8 *)m)[i] = (u8)test_random();
	return m;
}

static void test_offsets(void **state)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		u32 end = LEGACY_SIZE;

		make_layout();
		for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++) {
			const xstate_component_t *c = &layout.components[i];

			if (!(layout.features & BIT(i)))
				continue;
			if (!layout.compact) {
				assert_int_equal(c->area, c->standard);
				continue;
			}
			/* Directly behind the one before, or at the next multiple of 64. */
			assert_true(c->area >= end && c->area - end < (c->aligned ? 64u : 1u));
			assert_true(!c->aligned || c->area % 64 == 0);
			end = c->area + c->size;
		}
		assert_int_equal(layout.area_size, layout.compact ? end : layout.size);
	}
}

static void check_component(const fpu_area_t *image, u32 i, bool present)
{
	const xstate_component_t *c = &layout.components[i];
	const u8 *at = (const u8 *)image + c->standard;

	for (u32 n = 0; n < c->size; n++)
		assert_int_equal(at[n], present ? component_bytes[i][n] : 0);
}

/* Takes `present` components of a random image in, gives it out, and looks at every byte. */
static void there_and_back(u64 present)
{
	fpu_area_t *image = block(layout.size), *area = block(layout.area_size),
		   *out = block(layout.size);
	bool seen_mxcsr =
		present & (layout.compact ? XFEATURE_SSE : XFEATURE_FP_SSE | XFEATURE_AVX);
	u8 covered[IMAGE_MAX] = { 0 };

	image->fx.mxcsr = (u32)test_random() & layout.mxcsr_mask;
	image->header = (struct xstate_header){ .xstate_bv = present };
	for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++)
		memcpy(component_bytes[i], (u8 *)image + layout.components[i].standard,
		       layout.components[i].size);
	assert_int_equal(xstate_from_standard(&layout, image, area), 0);
	assert_int_equal(area->header.xstate_bv, present);
	assert_int_equal(area->header.xcomp_bv,
			 layout.compact ? layout.features | XCOMP_BV_COMPACT : 0);
	xstate_to_standard(&layout, area, out, true);
	assert_int_equal(out->header.xstate_bv, present);
	assert_int_equal(out->header.xcomp_bv, 0);
	assert_int_equal(out->fx.mxcsr, seen_mxcsr ? image->fx.mxcsr : MXCSR_INITIAL);
	assert_int_equal(out->fx.mxcsr_mask, layout.mxcsr_mask);
	assert_int_equal(out->fx.cwd, present & XFEATURE_FP ? image->fx.cwd : FCW_INITIAL);
	for (u32 i = 0; i < ARRAY_SIZE(out->fx.st); i++)
		assert_int_equal(out->fx.st[i], present & XFEATURE_FP ? image->fx.st[i] : 0);
	for (u32 i = 0; i < ARRAY_SIZE(out->fx.xmm); i++)
		assert_int_equal(out->fx.xmm[i], present & XFEATURE_SSE ? image->fx.xmm[i] : 0);
	memset(covered, 1, LEGACY_SIZE);
	for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++) {
		const xstate_component_t *c = &layout.components[i];

		check_component(out, i, present & BIT(i));
		memset(covered + c->standard, 1, c->size);
	}
	for (u32 n = 0; n < layout.size; n++)
		if (!covered[n])
			assert_int_equal(((u8 *)out)[n], 0); /* gaps tell nothing */
	free(image);
	free(area);
	free(out);
}

static void test_conversion(void **state)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		make_layout();
		there_and_back(test_random() & layout.features);
	}
}

static void test_refused(void **state)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		fpu_area_t *image, *area, *before;
		u64 unknown;

		make_layout();
		image = block(layout.size);
		area = block(layout.area_size);
		before = block(layout.area_size);
		memcpy(before, area, layout.area_size);
		image->header = (struct xstate_header){ .xstate_bv = layout.features };
		image->fx.mxcsr = MXCSR_INITIAL;
		switch (test_random_below(4)) {
		case 0:
			unknown = BIT(test_random_below(64));
			image->header.xstate_bv |= layout.features & unknown ? BIT(63) : unknown;
			break;
		case 1:
			image->header.xcomp_bv = BIT(test_random_below(64));
			break;
		case 2:
			image->header.reserved[test_random_below(6)] = BIT(test_random_below(64));
			break;
		default:
			image->fx.mxcsr |= (u32)BIT(16 + test_random_below(16));
			break;
		}
		assert_int_equal(xstate_from_standard(&layout, image, area), -EINVAL);
		assert_memory_equal(area, before, layout.area_size);
		free(image);
		free(area);
		free(before);
	}
}

/* Without XSAVE an area is 512 bytes; with it the other components stay. */
static void test_fx(void **state)
{
	struct fpstate_fx fx;
	fpu_area_t *area, told;

	layout = (xstate_layout_t){ .features = XFEATURE_FP_SSE,
				    .size = sizeof(fx),
				    .area_size = sizeof(fx),
				    .mxcsr_mask = 0xffff };
	area = block(layout.area_size);
	memset(&fx, 0x5a, sizeof(fx));
	assert_int_equal(xstate_from_fx(&layout, &fx, area), -EINVAL);
	fx.mxcsr = 0x5a5a;
	assert_int_equal(xstate_from_fx(&layout, &fx, area), 0);
	xstate_to_standard(&layout, area, &told, false);
	assert_memory_equal(told.fx.xmm, fx.xmm, sizeof(fx.xmm));
	assert_memory_equal(told.fx.st, fx.st, sizeof(fx.st));
	assert_int_equal(told.fx.mxcsr, fx.mxcsr);
	free(area);

	for (u32 round = 0; round < ROUNDS; round++) {
		fpu_area_t *image, *all;

		make_layout();
		image = block(layout.size);
		all = block(layout.size);
		area = block(layout.area_size);
		image->fx.mxcsr = MXCSR_INITIAL;
		image->header = (struct xstate_header){ .xstate_bv = layout.features &
								     ~(u64)XFEATURE_FP_SSE };
		assert_int_equal(xstate_from_standard(&layout, image, area), 0);
		assert_int_equal(xstate_from_fx(&layout, &fx, area), 0);
		xstate_to_standard(&layout, area, all, true);
		assert_int_equal(all->header.xstate_bv, layout.features);
		assert_memory_equal(all->fx.xmm, fx.xmm, sizeof(fx.xmm));
		assert_int_equal(all->fx.mxcsr, fx.mxcsr);
		for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++) {
			const xstate_component_t *c = &layout.components[i];

			if (layout.features & BIT(i))
				assert_memory_equal((u8 *)all + c->standard,
						    (u8 *)image + c->standard, c->size);
		}
		free(image);
		free(all);
		free(area);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_conversion),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
