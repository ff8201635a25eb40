/*
 * Looking up glyphs.
 */
#include <drivers/font.h>

#define DIRECT_ZONE 0xf000u /* console_codes(4), unicode map: straight to the font */
#define DIRECT_MASK 0x1ffu
#define REPLACEMENT 0xfffdu

int font_find(const font_t *font, u32 code)
{
	u32 low = 0, high = font->map_count;

	if ((code & ~DIRECT_MASK) == DIRECT_ZONE)
		return (code & DIRECT_MASK) < font->count ? (int)(code & DIRECT_MASK) : -1;
	while (low < high) {
		u32 middle = (low + high) / 2;

		if (font->map[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < font->map_count && font->map[low].code == code &&
	    font->map[low].glyph < font->count)
		return font->map[low].glyph;
	/* A font without any map is taken as it is. */
	return !font->map_count && code < font->count ? (int)code : -1;
}

u32 font_glyph(const font_t *font, u32 code)
{
	int glyph = font_find(font, code);

	if (glyph < 0)
		glyph = font_find(font, REPLACEMENT);
	if (glyph < 0)
		glyph = font_find(font, '?');
	return glyph < 0 ? 0 : (u32)glyph;
}
