/*
 * Linear frame buffers, as the boot loader set them up (Multiboot2 Specification 3.6.12: VBE modes,
 * UEFI GOP). Pixels of 15 to 32 bits; write-combining, never read.
 */
#include "screen_internal.h"

#include <arch/io.h>
#include <kernel/boot.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

#define TYPE_RGB 1
#define CURSOR_EIGHTHS 8u
#define MIN_COLS 16u
#define MIN_ROWS 4u
#define MAX_CELLS_A_SIDE 512u

typedef struct framebuffer {
	screen_t screen;
	u8 __iomem *pixels;
	u32 pitch, bytes; /* of a line, of a pixel */
	u32 colors[16];	  /* packed, by VGA number */
} framebuffer_t;

static framebuffer_t the_framebuffer;

static framebuffer_t *of(screen_t *s)
{
	return container_of(s, framebuffer_t, screen);
}

static void put_pixels(framebuffer_t *f, u8 __iomem *at, u32 bits, u32 width, u32 fg, u32 bg)
{
	u32 bit = 1u << (width - 1);

	switch (f->bytes) {
	case 4:
		for (; bit; bit >>= 1, at += 4)
			*(volatile u32 __force *)at = bits & bit ? fg : bg;
		break;
	case 2:
		for (; bit; bit >>= 1, at += 2)
			*(volatile u16 __force *)at = (u16)(bits & bit ? fg : bg);
		break;
	default:
		for (; bit; bit >>= 1) {
			u32 color = bits & bit ? fg : bg;

			for (u32 i = 0; i < 3; i++, color >>= 8)
				*(volatile u8 __force *)at++ = (u8)color;
		}
	}
}

static u32 glyph_row(const font_t *font, const u8 *glyph, u32 row)
{
	u32 bytes = font_row_bytes(font), bits = 0;

	for (u32 i = 0; i < bytes; i++)
		bits = bits << 8 | glyph[row * bytes + i];
	return bits >> (bytes * 8 - font->width);
}

/* The lowest `bar` rows are the cursor's. */
static void draw_cell(framebuffer_t *f, u32 x, u32 y, cell_t cell, u32 bar)
{
	const font_t *font = f->screen.font;
	const u8 *glyph = font->bits + font_glyph(font, cell_code(cell)) * font_glyph_bytes(font);
	u32 fg = f->colors[cell_attr(cell) & 15], bg = f->colors[cell_attr(cell) >> 4];
	u8 __iomem *at = f->pixels + (size_t)y * font->height * f->pitch +
			 (size_t)x * font->width * f->bytes;

	for (u32 row = 0; row < font->height; row++, at += f->pitch) {
		u32 bits = row + bar >= font->height ? UINT32_MAX : glyph_row(font, glyph, row);

		put_pixels(f, at, bits, font->width, fg, bg);
	}
}

static void framebuffer_draw(screen_t *s, u32 x, u32 y, const cell_t *cells, u32 n)
{
	for (u32 i = 0; i < n; i++)
		draw_cell(of(s), x + i, y, cells[i], 0);
}

static void framebuffer_cursor(screen_t *s, const screen_cursor_t *old, const screen_cursor_t *now,
			       cell_t under_old, cell_t under_new)
{
	if (old->visible)
		draw_cell(of(s), old->x, old->y, under_old, 0);
	if (now->visible)
		draw_cell(of(s), now->x, now->y, under_new,
			  DIV_ROUND_UP(s->font->height * now->height, CURSOR_EIGHTHS));
}

static void framebuffer_clear(screen_t *s)
{
	framebuffer_t *f = of(s);
	size_t size = (size_t)f->pitch * s->pixel_height, at = 0;

	for (; at + sizeof(u64) <= size; at += sizeof(u64))
		*(volatile u64 __force *)(f->pixels + at) = 0;
	for (; at < size; at++)
		*(volatile u8 __force *)(f->pixels + at) = 0;
}

static u32 scale(u8 level, u8 size, u8 position)
{
	u32 value = size >= 8 ? (u32)level << (size - 8) : (u32)level >> (8 - size);

	return value << position;
}

static void framebuffer_palette(screen_t *s, const u8 rgb[16][3])
{
	const boot_framebuffer_t *b = &boot_info.framebuffer;

	for (u32 i = 0; i < 16; i++)
		of(s)->colors[i] = scale(rgb[i][0], b->red_size, b->red_pos) |
				   scale(rgb[i][1], b->green_size, b->green_pos) |
				   scale(rgb[i][2], b->blue_size, b->blue_pos);
}

static int framebuffer_set_font(screen_t *s, const font_t *font)
{
	u32 cols = s->pixel_width / font->width, rows = s->pixel_height / font->height;

	if (cols < MIN_COLS || rows < MIN_ROWS)
		return -EINVAL;
	s->font = font;
	s->cols = MIN(cols, MAX_CELLS_A_SIDE);
	s->rows = MIN(rows, MAX_CELLS_A_SIDE);
	return 0;
}

static const screen_operations_t framebuffer_operations = {
	.draw = framebuffer_draw,
	.cursor = framebuffer_cursor,
	.clear = framebuffer_clear,
	.palette = framebuffer_palette,
	.set_font = framebuffer_set_font,
};

/* The numbers come from the boot loader: nothing is drawn outside of what they describe. */
static bool usable(const boot_framebuffer_t *b)
{
	u32 bytes = (b->bits_per_pixel + 7u) / 8;

	return b->type == TYPE_RGB && bytes >= 2 && bytes <= 4 && b->width && b->height &&
	       b->width <= UINT16_MAX && b->height <= UINT16_MAX && b->pitch >= b->width * bytes &&
	       b->pitch <= UINT16_MAX * 8u && b->red_size <= 16 && b->green_size <= 16 &&
	       b->blue_size <= 16 && b->red_pos < 32 && b->green_pos < 32 && b->blue_pos < 32;
}

__init screen_t *framebuffer_probe(void)
{
	const boot_framebuffer_t *b = &boot_info.framebuffer;
	framebuffer_t *f = &the_framebuffer;

	if (!boot_info.has_framebuffer || b->type != TYPE_RGB)
		return NULL;
	if (!usable(b)) {
		pr_warn("framebuffer: %ux%u of %u bits cannot be used\n", b->width, b->height,
			b->bits_per_pixel);
		return NULL;
	}
	f->pixels = ioremap_wc(b->address, (size_t)b->pitch * b->height);
	if (!f->pixels)
		return NULL;
	f->pitch = b->pitch;
	f->bytes = (b->bits_per_pixel + 7u) / 8;
	f->screen = (screen_t){ .name = "linear frame buffer",
				.ops = &framebuffer_operations,
				.pixel_width = b->width,
				.pixel_height = b->height };
	pr_info("framebuffer: %ux%u, %u bits, at 0x%lx\n", b->width, b->height, b->bits_per_pixel,
		b->address);
	return &f->screen;
}
