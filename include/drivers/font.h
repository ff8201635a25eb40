/*
 * Console fonts: bitmaps by glyph number, and the map from Unicode to glyphs.
 *
 * A glyph has `height` rows of (width + 7) / 8 bytes, the leftmost pixel in the top bit (PSF,
 * KDFONTOP). A font_t never changes once it is in use: a new one replaces it.
 */
#ifndef DRIVERS_FONT_H
#define DRIVERS_FONT_H

#include <kernel/compiler.h>

#define FONT_MAX_WIDTH 32 /* KDFONTOP's limits */
#define FONT_MAX_HEIGHT 32
#define FONT_MAX_GLYPHS 512

typedef struct font_mapping {
	u16 code, glyph;
} font_mapping_t;

typedef struct font {
	u32 width, height, count;
	const u8 *bits;
	const font_mapping_t *map; /* ascending codes */
	u32 map_count;
} font_t;

extern const font_t font_builtin; /* $(B)/gen/font_table.c, from a packaged font */

static inline u32 font_row_bytes(const font_t *font)
{
	return (font->width + 7) / 8;
}
static inline u32 font_glyph_bytes(const font_t *font)
{
	return font_row_bytes(font) * font->height;
}

/* Glyph of a code point; U+F000..U+F1FF name glyphs directly. -1: the font has none. */
int font_find(const font_t *font, u32 code);
/* Likewise, but what is missing is shown as U+FFFD, a question mark, or glyph 0. */
u32 font_glyph(const font_t *font, u32 code);

#endif
