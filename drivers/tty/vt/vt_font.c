/*
 * Fonts: KDFONTOP and the older requests, and the map from Unicode to glyphs (setfont(8)).
 *
 * There is one screen and so one font. A new font without a map of its own keeps the map; a map set
 * afterwards (PIO_UNIMAPCLR, PIO_UNIMAP) makes a new font of the same glyphs. The user's glyphs have
 * room for 32 rows each, whatever their height.
 */
#include "vt.h"

#include <arch/uaccess.h>
#include <kernel/lib/sort.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define USER_GLYPH_ROWS 32u
#define OLD_WIDTH 8u
#define OLD_GLYPHS 256u

/* vt_mutex held throughout, so that fonts do not change under us. */

static long use_font(const font_t *font)
{
	const screen_t *screen = screen_get();
	u32 cols = screen->cols, rows = screen->rows;
	long r = screen_set_font(font);

	if (!r && (screen->cols != cols || screen->rows != rows))
		r = vt_resize_all(screen->cols, screen->rows);
	return r;
}

/* Turns the user's glyphs into ours. */
static long load_font(const u8 __user *data, u32 width, u32 height, u32 count)
{
	font_t font = *screen_get()->font;
	u32 row_bytes = (width + 7) / 8;
	u8 *bits;
	long r = 0;

	if (!width || width > FONT_MAX_WIDTH || !height || height > FONT_MAX_HEIGHT || !count ||
	    count > FONT_MAX_GLYPHS)
		return -EINVAL;
	bits = kvmalloc((size_t)count * height * row_bytes, GFP_KERNEL);
	if (!bits)
		return -ENOMEM;
	for (u32 i = 0; i < count && !r; i++)
		if (copy_from_user(bits + (size_t)i * height * row_bytes,
				   data + (size_t)i * USER_GLYPH_ROWS * row_bytes,
				   height * row_bytes))
			r = -EFAULT;
	font.width = width;
	font.height = height;
	font.count = count;
	font.bits = bits;
	if (!r)
		r = use_font(&font);
	kvfree(bits);
	return r;
}

static long save_font(u8 __user *data)
{
	const font_t *font = screen_get()->font;
	u32 bytes = font_glyph_bytes(font), room = USER_GLYPH_ROWS * font_row_bytes(font);

	for (u32 i = 0; i < font->count; i++) {
		u8 __user *to = data + (size_t)i * room;

		if (copy_to_user(to, font->bits + (size_t)i * bytes, bytes) ||
		    clear_user(to + bytes, room - bytes))
			return -EFAULT;
	}
	return 0;
}

/* The lowest row that any glyph uses: what fonts of the older requests are cut to. */
static long guess_height(const u8 __user *data, u32 count, u32 *height)
{
	u8 glyph[USER_GLYPH_ROWS];

	*height = 0;
	for (u32 i = 0; i < count; i++) {
		if (copy_from_user(glyph, data + (size_t)i * USER_GLYPH_ROWS, sizeof(glyph)))
			return -EFAULT;
		for (u32 row = *height; row < USER_GLYPH_ROWS; row++)
			if (glyph[row])
				*height = row + 1;
	}
	return *height ? 0 : -EINVAL;
}

static long get_font(struct console_font_op *op)
{
	const font_t *font = screen_get()->font;
	long r = 0;

	if (op->data) {
		if (op->charcount < font->count || op->height < font->height ||
		    op->width < font->width)
			return -ENOSPC;
		r = save_font((u8 __user *)op->data);
	}
	op->width = font->width;
	op->height = font->height;
	op->charcount = font->count;
	return r;
}

static long font_op(struct console_font_op __user *arg, bool permitted)
{
	struct console_font_op op;
	long r;

	if (copy_from_user(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.op != KD_FONT_OP_GET && !permitted)
		return -EPERM;
	switch (op.op) {
	case KD_FONT_OP_SET:
		if (!op.data || op.charcount > FONT_MAX_GLYPHS)
			return -EINVAL;
		if (!op.height) {
			r = guess_height((const u8 __user *)op.data, op.charcount, &op.height);
			if (r)
				return r;
		}
		return load_font((const u8 __user *)op.data, op.width, op.height, op.charcount);
	case KD_FONT_OP_GET:
		r = get_font(&op);
		break;
	case KD_FONT_OP_SET_DEFAULT:
		r = use_font(&font_builtin);
		op.width = font_builtin.width;
		op.height = font_builtin.height;
		break;
	default:
		return -ENOSYS;
	}
	if (!r && copy_to_user(arg, &op, sizeof(op)))
		r = -EFAULT;
	return r;
}

static long old_font(u32 cmd, u8 __user *data)
{
	u32 height;
	long r;

	if (cmd == GIO_FONT) {
		const font_t *font = screen_get()->font;

		return font->width == OLD_WIDTH && font->count == OLD_GLYPHS ? save_font(data)
									     : -ENOSPC;
	}
	r = guess_height(data, OLD_GLYPHS, &height);
	return r ? r : load_font(data, OLD_WIDTH, height, OLD_GLYPHS);
}

static long font_with_size(u32 cmd, struct consolefontdesc __user *arg)
{
	struct consolefontdesc d;
	struct console_font_op op;
	long r;

	if (copy_from_user(&d, arg, sizeof(d)))
		return -EFAULT;
	if (cmd == PIO_FONTX)
		return load_font((const u8 __user *)d.chardata, OLD_WIDTH, d.charheight,
				 d.charcount);
	op = (struct console_font_op){ .width = OLD_WIDTH,
				       .height = USER_GLYPH_ROWS,
				       .charcount = d.charcount,
				       .data = (u8 *)d.chardata };
	r = get_font(&op);
	d.charheight = (u16)op.height;
	d.charcount = (u16)op.charcount;
	if (!r && copy_to_user(arg, &d, sizeof(d)))
		r = -EFAULT;
	return r;
}

/* ---- the map ---- */

static int compare_mappings(const void *a, const void *b, void *ctx)
{
	const font_mapping_t *x = a, *y = b;

	return (int)x->code - (int)y->code;
}

static long use_map(const font_mapping_t *map, u32 count)
{
	font_t font = *screen_get()->font;

	font.map = map;
	font.map_count = count;
	return screen_set_font(&font);
}

/* Adds the user's pairs to the map; a code point that it had already gets the new glyph. */
static long add_mappings(const struct unimapdesc __user *arg)
{
	const font_t *font = screen_get()->font;
	struct unimapdesc d;
	font_mapping_t *map;
	u32 total, used = 0;
	long r = 0;

	if (copy_from_user(&d, arg, sizeof(d)))
		return -EFAULT;
	if (!d.entry_ct)
		return 0;
	total = d.entry_ct + font->map_count;
	map = kvmalloc(total * sizeof(*map), GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	if (copy_from_user(map, (const void __user *)d.entries, d.entry_ct * sizeof(*map))) {
		r = -EFAULT;
		goto out;
	}
	sort(map, d.entry_ct, sizeof(*map), compare_mappings, NULL);
	for (u32 i = 0; i < d.entry_ct; i++)
		if (!used || map[used - 1].code != map[i].code)
			map[used++] = map[i];
	for (u32 i = 0, fresh = used; i < font->map_count; i++) {
		u32 low = 0, high = fresh;

		while (low < high) {
			u32 middle = (low + high) / 2;

			if (map[middle].code < font->map[i].code)
				low = middle + 1;
			else
				high = middle;
		}
		if (low == fresh || map[low].code != font->map[i].code)
			map[used++] = font->map[i];
	}
	sort(map, used, sizeof(*map), compare_mappings, NULL);
	r = use_map(map, used);
out:
	kvfree(map);
	return r;
}

static long get_mappings(struct unimapdesc __user *arg)
{
	const font_t *font = screen_get()->font;
	struct unimapdesc d;
	u32 room;

	if (copy_from_user(&d, arg, sizeof(d)))
		return -EFAULT;
	room = d.entry_ct;
	d.entry_ct = (u16)font->map_count;
	if (copy_to_user(arg, &d, sizeof(d)))
		return -EFAULT;
	if (room < font->map_count)
		return -ENOMEM;
	return copy_to_user((void __user *)d.entries, font->map,
			    font->map_count * sizeof(*font->map))
		       ? -EFAULT
		       : 0;
}

/* vt_mutex held. */
static long font_ioctl_locked(u32 cmd, unsigned long arg, bool permitted)
{
	switch (cmd) {
	case KDFONTOP:
		return font_op((struct console_font_op __user *)arg, permitted);
	case GIO_FONT:
		return old_font(cmd, (u8 __user *)arg);
	case GIO_FONTX:
		return font_with_size(cmd, (struct consolefontdesc __user *)arg);
	case GIO_UNIMAP:
		return get_mappings((struct unimapdesc __user *)arg);
	case PIO_FONT:
		return permitted ? old_font(cmd, (u8 __user *)arg) : -EPERM;
	case PIO_FONTX:
		return permitted ? font_with_size(cmd, (struct consolefontdesc __user *)arg)
				 : -EPERM;
	case PIO_FONTRESET:
		return permitted ? use_font(&font_builtin) : -EPERM;
	case PIO_UNIMAPCLR:
		return permitted ? use_map(NULL, 0) : -EPERM;
	case PIO_UNIMAP:
		return permitted ? add_mappings((const struct unimapdesc __user *)arg) : -EPERM;
	}
	return -ENOIOCTLCMD;
}

long vt_font_ioctl(vt_t *vt, u32 cmd, unsigned long arg)
{
	long r;

	mutex_lock(&vt_mutex);
	r = font_ioctl_locked(cmd, arg, vt_permitted(vt));
	mutex_unlock(&vt_mutex);
	return r;
}
