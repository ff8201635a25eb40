/*
 * VGA text mode (IBM VGA; Intel 965 Programmer's Reference Manual, volume 3: "VGA Registers"): cells
 * of a glyph and an attribute byte at 0xB8000, 256 glyphs of eight pixels in plane 2.
 *
 * A machine without VGA answers its ports with ones, or has memory where the cells would be: the
 * registers are asked first, and only what says "colour text at 0xB8000" is believed.
 */
#include "screen_internal.h"

#include <arch/io.h>
#include <kernel/boot.h>
#include <kernel/printk.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

#define CELLS 0xb8000u
#define CELLS_SIZE 0x8000u
#define FONT_PLANE 0xa0000u
#define FONT_PLANE_SIZE 0x2000u /* one font */
#define GLYPH_ROOM 32u
#define GLYPHS 256u

#define MISC_WRITE 0x3c2
#define MISC_READ 0x3cc
#define MISC_COLOR 0x01	     /* CRTC at 0x3d4 */
#define MISC_CLOCK_MASK 0x0c /* 0: 25 MHz, for lines of 640 pixels */
#define SEQUENCER 0x3c4	     /* index; data follows, as for the next two */
#define SEQ_RESET 0
#define SEQ_CLOCKING 1
#define SEQ_MAP_MASK 2
#define SEQ_MEMORY 4
#define SEQ_RESET_HELD 1
#define SEQ_RESET_OFF 3
#define CLOCKING_8_DOTS 1
#define GRAPHICS 0x3ce
#define GFX_READ_MAP 4
#define GFX_MODE 5
#define GFX_MISC 6
#define GFX_MISC_GRAPHICS 0x01
#define GFX_MISC_MAP 0x0c /* memory at */
#define GFX_MISC_B8000 0x0c
#define CRTC 0x3d4
#define CRTC_COLUMNS 0x01
#define CRTC_OVERFLOW 0x07
#define CRTC_SCAN_LINES 0x09
#define CRTC_CURSOR_START 0x0a
#define CRTC_CURSOR_END 0x0b
#define CRTC_START_HIGH 0x0c
#define CRTC_START_LOW 0x0d
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f
#define CRTC_LINES 0x12
#define CURSOR_OFF 0x20
#define INPUT_STATUS 0x3da /* reading it makes the next write to ATTRIBUTE an index */
#define ATTRIBUTE 0x3c0
#define ATTR_PANNING 0x13
#define ATTR_SHOW 0x20
#define DAC_INDEX 0x3c8
#define DAC_DATA 0x3c9

typedef struct vga_text {
	screen_t screen;
	u8 __iomem *cells;
	u8 __iomem *font_plane;
	u32 lines; /* of pixels */
} vga_text_t;

static vga_text_t the_vga;

static vga_text_t *of(screen_t *s)
{
	return container_of(s, vga_text_t, screen);
}

static u8 get(u16 port, u8 index)
{
	arch_out8(port, index);
	return arch_in8(port + 1);
}

static void set(u16 port, u8 index, u8 value)
{
	arch_out8(port, index);
	arch_out8(port + 1, value);
}

static void store(screen_t *s, u32 x, u32 y, cell_t cell)
{
	u32 glyph = font_glyph(s->font, cell_code(cell));
	volatile u16 __iomem *at = (volatile u16 __iomem *)of(s)->cells + y * s->cols + x;

	*(volatile u16 __force *)at = (u16)(glyph | (u32)cell_attr(cell) << 8);
}

static void vga_draw(screen_t *s, u32 x, u32 y, const cell_t *cells, u32 n)
{
	for (u32 i = 0; i < n; i++)
		store(s, x + i, y, cells[i]);
}

static void vga_cursor(screen_t *s, const screen_cursor_t *old, const screen_cursor_t *now,
		       cell_t under_old, cell_t under_new)
{
	u32 position = now->y * s->cols + now->x, height = s->font->height;
	u32 start = height - DIV_ROUND_UP(height * now->height, 8u);

	if (!now->visible) {
		set(CRTC, CRTC_CURSOR_START, CURSOR_OFF);
		return;
	}
	set(CRTC, CRTC_CURSOR_START, (u8)MIN(start, height - 1));
	set(CRTC, CRTC_CURSOR_END, (u8)(height - 1));
	set(CRTC, CRTC_CURSOR_HIGH, (u8)(position >> 8));
	set(CRTC, CRTC_CURSOR_LOW, (u8)position);
}

static void vga_clear(screen_t *s)
{
	for (u32 y = 0; y < s->rows; y++)
		for (u32 x = 0; x < s->cols; x++)
			store(s, x, y, cell_make(' ', 0));
}

/* The attribute controller's own palette, left as the firmware sets it: EGA's numbers. */
static u8 dac_index(u32 color)
{
	if (color >= 8)
		return (u8)(0x38 + color - 8);
	return color == 6 ? 0x14 : (u8)color;
}

static void vga_palette(screen_t *s, const u8 rgb[16][3])
{
	for (u32 i = 0; i < 16; i++) {
		arch_out8(DAC_INDEX, dac_index(i));
		for (u32 c = 0; c < 3; c++)
			arch_out8(DAC_DATA, rgb[i][c] >> 2); /* six bits */
	}
}

/* Opens plane 2 for writing at 0xA0000, or goes back to text. */
static void select_font_plane(bool on)
{
	set(SEQUENCER, SEQ_RESET, SEQ_RESET_HELD);
	set(SEQUENCER, SEQ_MAP_MASK, on ? 0x04 : 0x03);
	set(SEQUENCER, SEQ_MEMORY, on ? 0x07 : 0x03);
	set(SEQUENCER, SEQ_RESET, SEQ_RESET_OFF);
	set(GRAPHICS, GFX_READ_MAP, on ? 0x02 : 0x00);
	set(GRAPHICS, GFX_MODE, on ? 0x00 : 0x10);
	set(GRAPHICS, GFX_MISC, on ? 0x00 : 0x02 | GFX_MISC_B8000);
}

static void load_font(vga_text_t *v, const font_t *font)
{
	u32 bytes = font_glyph_bytes(font);

	select_font_plane(true);
	for (u32 glyph = 0; glyph < font->count; glyph++)
		for (u32 row = 0; row < GLYPH_ROOM; row++)
			*(volatile u8 __force *)(v->font_plane + glyph * GLYPH_ROOM + row) =
				row < bytes ? font->bits[glyph * bytes + row] : 0;
	select_font_plane(false);
}

static int vga_set_font(screen_t *s, const font_t *font)
{
	vga_text_t *v = of(s);
	u32 shown;

	if (font->width != 8 || font->count > GLYPHS || font->height > GLYPH_ROOM ||
	    v->lines / font->height < 4 ||
	    v->lines / font->height * s->cols * sizeof(u16) > CELLS_SIZE)
		return -EINVAL;
	load_font(v, font);
	s->font = font;
	s->rows = v->lines / font->height;
	shown = s->rows * font->height - 1;
	set(CRTC, CRTC_SCAN_LINES, (u8)((get(CRTC, CRTC_SCAN_LINES) & 0xe0) | (font->height - 1)));
	set(CRTC, CRTC_LINES, (u8)shown);
	set(CRTC, CRTC_OVERFLOW,
	    (u8)((get(CRTC, CRTC_OVERFLOW) & ~0x42) | (shown >> 8 & 1) << 1 |
		 (shown >> 9 & 1) << 6));
	return 0;
}

static const screen_operations_t vga_operations = {
	.draw = vga_draw,
	.cursor = vga_cursor,
	.clear = vga_clear,
	.palette = vga_palette,
	.set_font = vga_set_font,
};

static bool is_memory(phys_addr_t pa)
{
	for (u32 i = 0; i < boot_info.region_count; i++)
		if (boot_info.regions[i].type == BOOT_RAM && pa >= boot_info.regions[i].start &&
		    pa < boot_info.regions[i].end)
			return true;
	return false;
}

static bool in_text_mode(void)
{
	u8 misc = arch_in8(MISC_READ), gfx, saved;
	bool holds;

	if (misc == 0xff || !(misc & MISC_COLOR))
		return false;
	gfx = get(GRAPHICS, GFX_MISC);
	if ((gfx & GFX_MISC_GRAPHICS) || (gfx & GFX_MISC_MAP) != GFX_MISC_B8000)
		return false;
	/* A register that is there keeps what is written. */
	saved = get(CRTC, CRTC_CURSOR_LOW);
	set(CRTC, CRTC_CURSOR_LOW, 0x5a);
	holds = get(CRTC, CRTC_CURSOR_LOW) == 0x5a;
	set(CRTC, CRTC_CURSOR_LOW, 0xa5);
	holds = holds && get(CRTC, CRTC_CURSOR_LOW) == 0xa5;
	set(CRTC, CRTC_CURSOR_LOW, saved);
	return holds;
}

/* Eight pixels a cell, so that line drawing of any font joins, and cells from the first on. */
static void set_mode(void)
{
	set(SEQUENCER, SEQ_RESET, SEQ_RESET_HELD);
	arch_out8(MISC_WRITE, arch_in8(MISC_READ) & ~MISC_CLOCK_MASK);
	set(SEQUENCER, SEQ_CLOCKING, get(SEQUENCER, SEQ_CLOCKING) | CLOCKING_8_DOTS);
	set(SEQUENCER, SEQ_RESET, SEQ_RESET_OFF);
	arch_in8(INPUT_STATUS);
	arch_out8(ATTRIBUTE, ATTR_PANNING | ATTR_SHOW);
	arch_out8(ATTRIBUTE, 0);
	set(CRTC, CRTC_START_HIGH, 0);
	set(CRTC, CRTC_START_LOW, 0);
}

__init screen_t *vga_text_probe(void)
{
	vga_text_t *v = &the_vga;
	u8 overflow;

	if (is_memory(CELLS) || !in_text_mode())
		return NULL;
	v->cells = ioremap(CELLS, CELLS_SIZE);
	v->font_plane = ioremap(FONT_PLANE, FONT_PLANE_SIZE);
	if (!v->cells || !v->font_plane)
		return NULL;
	set_mode();
	overflow = get(CRTC, CRTC_OVERFLOW);
	v->lines = 1u + get(CRTC, CRTC_LINES) + ((overflow >> 1 & 1u) << 8) +
		   ((overflow >> 6 & 1u) << 9);
	v->screen = (screen_t){ .name = "VGA text",
				.ops = &vga_operations,
				.cols = 1u + get(CRTC, CRTC_COLUMNS) };
	return &v->screen;
}
