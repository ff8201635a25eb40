/*
 * The machine's text screen: a grid of cells drawn by a back end (linear frame buffer, VGA text).
 *
 * Whoever has something to show (the virtual consoles) is the source: it is asked row by row. The
 * screen remembers what it has drawn and draws only cells that differ, so video memory is never
 * read.
 */
#ifndef DRIVERS_SCREEN_H
#define DRIVERS_SCREEN_H

#include <drivers/font.h>

/* A character and its VGA attribute: colour of the foreground in the low half, bright with bit 3. */
typedef u32 cell_t;
#define CELL_CODE_MASK 0x1fffffu
#define CELL_ATTR_SHIFT 24
static inline cell_t cell_make(u32 code, u8 attr)
{
	return (code & CELL_CODE_MASK) | (u32)attr << CELL_ATTR_SHIFT;
}
static inline u32 cell_code(cell_t cell)
{
	return cell & CELL_CODE_MASK;
}
static inline u8 cell_attr(cell_t cell)
{
	return (u8)(cell >> CELL_ATTR_SHIFT);
}

typedef struct screen_cursor {
	bool visible;
	u32 x, y;
	u32 height; /* in eighths of the cell, from the bottom */
} screen_cursor_t;

/* What a back end can do. Called by one thread at a time; any context, panic too. */
struct screen;
typedef struct screen_operations {
	void (*draw)(struct screen *s, u32 x, u32 y, const cell_t *cells, u32 n);
	void (*cursor)(struct screen *s, const screen_cursor_t *old, const screen_cursor_t *now,
		       cell_t under_old, cell_t under_new);
	void (*clear)(struct screen *s);			/* all black */
	void (*palette)(struct screen *s, const u8 rgb[16][3]); /* by VGA number */
	/* Sets cols and rows by the font; -EINVAL when the hardware cannot show it. */
	int (*set_font)(struct screen *s, const font_t *font);
} screen_operations_t;

typedef struct screen {
	const char *name;
	const screen_operations_t *ops;
	u32 cols, rows;
	u32 pixel_width, pixel_height; /* 0: text mode */
	const font_t *font;
} screen_t;

/* The source: row fills cols cells; false: nothing is to be drawn now (a program has the screen). */
typedef struct screen_source {
	bool (*row)(u32 y, cell_t *out, u32 cols);
	void (*cursor)(screen_cursor_t *out);
} screen_source_t;

void screen_init(void);		  /* finds the back end; may sleep */
const screen_t *screen_get(void); /* NULL: the machine has none */
void screen_set_source(const screen_source_t *source);
/*
 * Brings the screen up to date. Any context; when another CPU is at it, that one does it. The first
 * form leaves it to a moment that comes within a frame's time and may be called with any lock held.
 */
void screen_touch(void);
void screen_update(void);
void screen_log_touch(void); /* touch; and update, when a frame has passed since the last */
void screen_redraw(void);    /* everything is drawn anew next time */
void screen_panic(void);     /* the other CPUs are stopped: whoever drew will not go on */
/* by VGA number; takes effect at the next update */
void screen_set_palette(const u8 rgb[16][3]);
/*
 * 0; -ENODEV, -EINVAL (the hardware cannot), -ENOMEM. The font is copied. cols and rows may be
 * others afterwards. May sleep; callers exclude each other.
 */
int screen_set_font(const font_t *font);

#endif
