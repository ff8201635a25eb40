/*
 * The text screen: what is drawn, when, and by whom.
 *
 * Concepts. The source (the virtual consoles) holds what is to be seen; `drawn` holds what the
 * back end has been given. An update asks the source for each row, compares, and draws the runs of
 * cells that differ. Many changes between two updates cost one: a screen that scrolls a thousand
 * lines is drawn as often as the eye can follow, and video memory is only ever written.
 *
 * Whoever changes something calls screen_touch: a softirq soon looks at the clock and has a worker
 * draw at once, or a timer have it drawn at the end of the frame. The kernel log draws by itself
 * (screen_update) at most once a frame, and always in a panic.
 *
 * Locking. `busy` is a flag and not a lock, so that no one ever waits for it: who finds it taken
 * leaves `dirty` behind, and the holder looks again after letting go. A panic, which has stopped
 * the other CPUs, just takes it. Everything marked (b) belongs to the holder.
 */
#include "screen_internal.h"

#include <arch/time.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <kernel/softirq.h>
#include <kernel/sync/wait.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

#define FRAME (20 * NSEC_PER_MSEC)
#define NO_CELL UINT32_MAX /* differs from every cell */

static screen_t *screen __ro_after_init;
static const screen_source_t *source __ro_after_init;
static bool busy;		     /* atomic */
static bool dirty;		     /* atomic: something changed since the last look */
static bool redraw;		     /* atomic: nothing that is drawn counts */
static bool palette_dirty;	     /* atomic */
static u8 palette[16][3];	     /* racy: palette_dirty is set after each change */
static cell_t *drawn;		     /* (b) rows * cols */
static cell_t *wanted;		     /* (b) one row */
static screen_cursor_t drawn_cursor; /* (b) */
static nsec_t last_update;	     /* atomic */
static work_t update_work;
static timer_t frame_timer;

static bool take(void)
{
	return !__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE);
}

static void give(void)
{
	__atomic_store_n(&busy, false, __ATOMIC_SEQ_CST);
}

/* ---- drawing: busy held ---- */

static void draw_row(u32 y)
{
	cell_t *old = drawn + (size_t)y * screen->cols;
	u32 x = 0;

	while (x < screen->cols) {
		u32 start;

		if (old[x] == wanted[x]) {
			x++;
			continue;
		}
		for (start = x; x < screen->cols && old[x] != wanted[x]; x++)
			old[x] = wanted[x];
		screen->ops->draw(screen, start, y, old + start, x - start);
		/* The cursor was drawn over. */
		if (drawn_cursor.visible && drawn_cursor.y == y && drawn_cursor.x >= start &&
		    drawn_cursor.x < x)
			drawn_cursor.visible = false;
	}
}

static void draw_cursor(void)
{
	const screen_cursor_t old = drawn_cursor;
	screen_cursor_t now;

	source->cursor(&now);
	if (now.x >= screen->cols || now.y >= screen->rows)
		now.visible = false;
	if (now.visible == old.visible &&
	    (!now.visible || (now.x == old.x && now.y == old.y && now.height == old.height)))
		return;
	screen->ops->cursor(screen, &old, &now, drawn[(size_t)old.y * screen->cols + old.x],
			    now.visible ? drawn[(size_t)now.y * screen->cols + now.x] : 0);
	if (!now.visible)
		now.x = now.y = 0;
	drawn_cursor = now;
}

static void forget_drawn(void)
{
	for (size_t i = 0; i < (size_t)screen->rows * screen->cols; i++)
		drawn[i] = NO_CELL;
	drawn_cursor = (screen_cursor_t){ 0 };
}

static void update_locked(void)
{
	if (__atomic_exchange_n(&palette_dirty, false, __ATOMIC_ACQUIRE)) {
		screen->ops->palette(screen, palette);
		/* A frame buffer holds colours, not their numbers. */
		if (screen->pixel_width)
			redraw = true;
	}
	if (__atomic_exchange_n(&redraw, false, __ATOMIC_ACQUIRE))
		forget_drawn();
	for (u32 y = 0; y < screen->rows; y++) {
		if (!source->row(y, wanted, screen->cols))
			return;
		draw_row(y);
	}
	draw_cursor();
}

void screen_update(void)
{
	if (!screen || !READ_ONCE(source))
		return;
	while (__atomic_load_n(&dirty, __ATOMIC_SEQ_CST) && take()) {
		__atomic_store_n(&dirty, false, __ATOMIC_SEQ_CST);
		WRITE_ONCE(last_update, clock_monotonic());
		update_locked();
		give();
	}
}

/* ---- when ---- */

static void run_update(work_t *work)
{
	screen_update();
}

static void frame_ends(timer_t *timer, void *data)
{
	schedule_work(&update_work);
}

static void touched(void)
{
	nsec_t next = READ_ONCE(last_update) + FRAME;

	if (!READ_ONCE(dirty))
		return;
	if (clock_monotonic() >= next)
		schedule_work(&update_work);
	else if (!timer_pending(&frame_timer))
		mod_timer(&frame_timer, (u64)next);
}

void screen_touch(void)
{
	/* Until there is a source nothing is remembered: it is drawn as a whole once it comes. */
	if (!READ_ONCE(source) || __atomic_exchange_n(&dirty, true, __ATOMIC_SEQ_CST))
		return;
	schedule_softirq_later(SOFTIRQ_SCREEN);
}

void screen_log_touch(void)
{
	bool due = clock_monotonic() >= READ_ONCE(last_update) + FRAME;

	screen_touch();
	if (due)
		screen_update();
}

void screen_redraw(void)
{
	__atomic_store_n(&redraw, true, __ATOMIC_RELEASE);
	screen_touch();
}

void screen_panic(void)
{
	give();
	__atomic_store_n(&dirty, true, __ATOMIC_SEQ_CST);
	screen_update();
}

void screen_set_palette(const u8 rgb[16][3])
{
	memcpy(palette, rgb, sizeof(palette));
	__atomic_store_n(&palette_dirty, true, __ATOMIC_RELEASE);
	screen_touch();
}

/* ---- what there is ---- */

const screen_t *screen_get(void)
{
	return screen;
}

__init void screen_set_source(const screen_source_t *s)
{
	__atomic_store_n(&source, s, __ATOMIC_RELEASE);
	screen_redraw();
}

static int alloc_drawn(u32 cols, u32 rows)
{
	cell_t *new_drawn = kvmalloc((size_t)cols * rows * sizeof(cell_t), GFP_KERNEL);
	cell_t *new_wanted = kmalloc(cols * sizeof(cell_t), GFP_KERNEL);

	if (!new_drawn || !new_wanted) {
		kvfree(new_drawn);
		kfree(new_wanted);
		return -ENOMEM;
	}
	kvfree(drawn);
	kfree(wanted);
	drawn = new_drawn;
	wanted = new_wanted;
	return 0;
}

/* A font with its bits and map in one block of memory. */
static font_t *copy_font(const font_t *font)
{
	size_t bits = (size_t)font->count * font_glyph_bytes(font);
	size_t at = ALIGN_UP(sizeof(font_t) + bits, sizeof(font_mapping_t));
	font_t *copy = kvmalloc(at + font->map_count * sizeof(font_mapping_t), GFP_KERNEL);

	if (!copy)
		return NULL;
	*copy = *font;
	copy->bits = (u8 *)copy + sizeof(*copy);
	copy->map = (font_mapping_t *)((u8 *)copy + at);
	memcpy((u8 *)copy + sizeof(*copy), font->bits, bits);
	memcpy((u8 *)copy + at, font->map, font->map_count * sizeof(font_mapping_t));
	return copy;
}

int screen_set_font(const font_t *font)
{
	const font_t *old;
	font_t *copy;
	u32 cols, rows;
	int r;

	if (!screen)
		return -ENODEV;
	copy = copy_font(font);
	if (!copy)
		return -ENOMEM;
	while (!take())
		msleep(1);
	old = screen->font;
	cols = screen->cols;
	rows = screen->rows;
	r = screen->ops->set_font(screen, copy);
	if (!r)
		r = screen->cols == cols && screen->rows == rows
			    ? 0
			    : alloc_drawn(screen->cols, screen->rows);
	if (r) {
		/* What it could show before it can show again. */
		screen->ops->set_font(screen, old);
		kvfree(copy);
	} else if (old != &font_builtin) {
		kvfree((void *)old);
	}
	screen->ops->clear(screen);
	__atomic_store_n(&redraw, true,
			 __ATOMIC_RELEASE); /* before anybody looks at what is drawn */
	give();
	screen_touch();
	screen_update(); /* who found it taken left the drawing to the holder */
	return r;
}

__init void screen_init(void)
{
	screen_t *s = framebuffer_probe();

	if (!s)
		s = vga_text_probe();
	if (!s)
		return;
	work_init(&update_work, run_update);
	timer_init(&frame_timer, frame_ends, NULL);
	softirq_register(SOFTIRQ_SCREEN, touched);
	if (s->ops->set_font(s, &font_builtin) || alloc_drawn(s->cols, s->rows)) {
		pr_warn("screen: %s cannot be used\n", s->name);
		return;
	}
	screen = s;
	screen->ops->clear(screen);
	pr_info("screen: %s, %u columns, %u rows\n", s->name, s->cols, s->rows);
}
