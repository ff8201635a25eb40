/*
 * Images of extended state between the format that the threads' areas have and the standard one,
 * which programs see in register sets and core files (Intel SDM 1 13.4). A bit of xstate_bv that is
 * clear stands for a component's initial state: what is in memory behind it is old and never shown.
 */
#include <arch_x86/fpu.h>
#include <kernel/lib/string.h>
#include <uapi/errno.h>

/* The x87 state is on both sides of MXCSR, which belongs to SSE (Intel SDM 1 13.5.1, 13.5.2). */
#define FX_CONTROL_SIZE offsetof(struct fpstate_fx, mxcsr)
#define STANDARD_EXTENDED offsetof(fpu_area_t, extended)

_Static_assert(XFEATURE_AVX512 < BIT(XSTATE_COMPONENTS), "a component beyond the table");

__init void xstate_lay_out(xstate_layout_t *l)
{
	u32 at = STANDARD_EXTENDED;

	for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++) {
		xstate_component_t *c = &l->components[i];

		if (!(l->features & BIT(i)))
			continue;
		at = c->aligned ? ALIGN_UP(at, 64U) : at;
		c->area = l->compact ? at : c->standard;
		at += c->size;
	}
	l->area_size = l->compact ? at : l->size;
}

static void copy_x87(struct fpstate_fx *to, const struct fpstate_fx *from)
{
	memcpy(to, from, FX_CONTROL_SIZE);
	memcpy(to->st, from->st, sizeof(to->st));
}

/* In the standard format MXCSR is there whatever the header says; in the other it is part of SSE. */
static bool has_mxcsr(const xstate_layout_t *l, u64 present)
{
	return !l->compact || (present & XFEATURE_SSE);
}

static void fx_to_standard(const xstate_layout_t *l, const struct fpstate_fx *from, u64 present,
			   struct fpstate_fx *to)
{
	memset(to, 0, sizeof(*to));
	to->cwd = FCW_INITIAL;
	to->mxcsr = has_mxcsr(l, present) ? from->mxcsr : MXCSR_INITIAL;
	to->mxcsr_mask = l->mxcsr_mask;
	if (present & XFEATURE_FP)
		copy_x87(to, from);
	if (present & XFEATURE_SSE)
		memcpy(to->xmm, from->xmm, sizeof(to->xmm));
}

void xstate_to_standard(const xstate_layout_t *l, const fpu_area_t *area, fpu_area_t *image,
			bool extended)
{
	u64 present = xstate_extended(l) ? area->header.xstate_bv & l->features : XFEATURE_FP_SSE;

	fx_to_standard(l, &area->fx, present, &image->fx);
	if (!extended)
		return;
	/* Linux's use of the bytes left to software: which components there can be. */
	memcpy(&image->fx.software, &l->features, sizeof(l->features));
	memset(&image->header, 0, l->size - sizeof(image->fx));
	image->header.xstate_bv = present;
	for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++) {
		const xstate_component_t *c = &l->components[i];

		if (present & BIT(i))
			memcpy((u8 *)image + c->standard, (const u8 *)area + c->area, c->size);
	}
}

static bool header_valid(const xstate_layout_t *l, const struct xstate_header *h)
{
	u64 bad = (h->xstate_bv & ~l->features) | h->xcomp_bv;

	for (u32 i = 0; i < ARRAY_SIZE(h->reserved); i++)
		bad |= h->reserved[i];
	return !bad;
}

int xstate_from_standard(const xstate_layout_t *l, const fpu_area_t *image, fpu_area_t *area)
{
	u64 present = image->header.xstate_bv;
	bool mxcsr = present & (XFEATURE_FP_SSE | XFEATURE_AVX);

	if (!header_valid(l, &image->header) || (mxcsr && (image->fx.mxcsr & ~l->mxcsr_mask)))
		return -EINVAL;
	area->header = (struct xstate_header){
		.xstate_bv = present,
		.xcomp_bv = l->compact ? l->features | XCOMP_BV_COMPACT : 0,
	};
	area->fx.mxcsr = mxcsr ? image->fx.mxcsr : MXCSR_INITIAL;
	if (present & XFEATURE_FP)
		copy_x87(&area->fx, &image->fx);
	if (present & XFEATURE_SSE)
		memcpy(area->fx.xmm, image->fx.xmm, sizeof(area->fx.xmm));
	for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++) {
		const xstate_component_t *c = &l->components[i];

		if (present & BIT(i))
			memcpy((u8 *)area + c->area, (const u8 *)image + c->standard, c->size);
	}
	return 0;
}

int xstate_from_fx(const xstate_layout_t *l, const struct fpstate_fx *fx, fpu_area_t *area)
{
	if (fx->mxcsr & ~l->mxcsr_mask)
		return -EINVAL;
	area->fx = *fx;
	if (xstate_extended(l))
		area->header.xstate_bv |= XFEATURE_FP_SSE;
	return 0;
}
