/*
 * Control sequences: ESC [ ... final (console_codes(4), "ECMA-48 CSI sequences").
 */
#include "term.h"

#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>

#define COLOR_BRIGHT_LEVEL 0xaau /* a level above it is shown bright */
#define COLOR_GREY_LEVEL 0x55u	 /* grey up to it is bright black */
#define BELL_PITCH_DEFAULT 750u
#define BELL_MSECS_DEFAULT 125u
#define BELL_MSECS_MAX 2000u
#define COLOR_COUNT 16

const u8 term_ansi_to_vga[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };

const u8 term_default_palette[16][3] = {
	{ 0x00, 0x00, 0x00 }, { 0xaa, 0x00, 0x00 }, { 0x00, 0xaa, 0x00 }, { 0xaa, 0x55, 0x00 },
	{ 0x00, 0x00, 0xaa }, { 0xaa, 0x00, 0xaa }, { 0x00, 0xaa, 0xaa }, { 0xaa, 0xaa, 0xaa },
	{ 0x55, 0x55, 0x55 }, { 0xff, 0x55, 0x55 }, { 0x55, 0xff, 0x55 }, { 0xff, 0xff, 0x55 },
	{ 0x55, 0x55, 0xff }, { 0xff, 0x55, 0xff }, { 0x55, 0xff, 0xff }, { 0xff, 0xff, 0xff },
};

u32 term_param(const term_t *t, u32 index, u32 fallback)
{
	return index < t->param_count && t->params[index] ? t->params[index] : fallback;
}

void term_save(term_t *t)
{
	t->saved = t->pen;
}

void term_restore(term_t *t)
{
	u32 x = t->saved.x, y = t->saved.y;

	t->pen = t->saved;
	t->map = t->pen.charsets[t->pen.charset];
	term_goto(t, x, y);
	term_update_attr(t);
}

/* ---- SGR ---- */

static void set_foreground(term_t *t, u8 vga)
{
	t->pen.color = (t->pen.color & 0xf0) | vga;
}

static void set_background(term_t *t, u8 vga)
{
	t->pen.color = (t->pen.color & 0x0f) | (u8)(vga << 4);
}

/* The nearest of the sixteen: three bits of hue, and bold for what is bright. */
static void foreground_rgb(term_t *t, const u32 rgb[3])
{
	u32 max = MAX(rgb[0], MAX(rgb[1], rgb[2]));
	u8 hue = 0;

	for (u32 i = 0; i < 3; i++)
		if (rgb[i] > max / 2)
			hue |= 4 >> i; /* red 4, green 2, blue 1 */
	if (hue == 7 && max <= COLOR_GREY_LEVEL) {
		hue = 0;
		t->pen.intensity = TERM_BOLD;
	} else {
		t->pen.intensity = max > COLOR_BRIGHT_LEVEL ? TERM_BOLD : TERM_NORMAL_INTENSITY;
	}
	set_foreground(t, hue);
}

/* Eight backgrounds only: bit 7 of an attribute blinks. */
static void background_rgb(term_t *t, const u32 rgb[3])
{
	set_background(t, (u8)((rgb[0] & 0x80) >> 5 | (rgb[1] & 0x80) >> 6 | (rgb[2] & 0x80) >> 7));
}

/* xterm's 256 colours: 16 named ones, a cube of 6 levels each, 24 greys. */
static void indexed_color(u32 index, u32 rgb[3])
{
	if (index < 8) {
		for (u32 i = 0; i < 3; i++)
			rgb[i] = index >> i & 1 ? 0xaa : 0;
	} else if (index < 16) {
		for (u32 i = 0; i < 3; i++)
			rgb[i] = index >> i & 1 ? 0xff : 0x55;
	} else if (index < 232) {
		u32 cube = index - 16;

		rgb[0] = cube / 36 * 255 / 6;
		rgb[1] = cube / 6 % 6 * 255 / 6;
		rgb[2] = cube % 6 * 255 / 6;
	} else {
		rgb[0] = rgb[1] = rgb[2] = ((index - 232) * 10 + 8) & 0xff;
	}
}

/* 38 or 48, at params[i]: ;5;index or ;2;r;g;b. The index of the last parameter used. */
static u32 extended_color(term_t *t, u32 i, void (*set)(term_t *t, const u32 rgb[3]))
{
	u32 rgb[3];

	if (i + 2 < t->param_count && t->params[i + 1] == 5) {
		indexed_color(t->params[i + 2], rgb);
		set(t, rgb);
		return i + 2;
	}
	if (i + 4 < t->param_count && t->params[i + 1] == 2) {
		for (u32 c = 0; c < 3; c++)
			rgb[c] = t->params[i + 2 + c] & 0xff;
		set(t, rgb);
		return i + 4;
	}
	return i + (i + 1 < t->param_count);
}

static void default_pen(term_t *t)
{
	t->pen.color = t->default_color;
	t->pen.intensity = TERM_NORMAL_INTENSITY;
	t->pen.italic = t->pen.underline = t->pen.blink = t->pen.reverse = false;
}

static void choose_font(term_t *t, u32 which)
{
	t->show_controls = which != 10;
	t->meta = which == 12;
	t->map = which == 10 ? t->pen.charsets[t->pen.charset] : TERM_IBM;
}

static void color_parameter(term_t *t, u32 p)
{
	if (p >= 90 && p <= 107) { /* bright ones; there are no bright backgrounds */
		if (p < 100)
			t->pen.intensity = TERM_BOLD;
		p -= 60;
	}
	if (p >= 30 && p <= 37)
		set_foreground(t, term_ansi_to_vga[p - 30]);
	else if (p == 39)
		set_foreground(t, t->default_color & 0x0f);
	else if (p >= 40 && p <= 47)
		set_background(t, term_ansi_to_vga[p - 40]);
	else if (p == 49)
		set_background(t, t->default_color >> 4);
}

void term_sgr(term_t *t)
{
	for (u32 i = 0; i < t->param_count; i++) {
		u32 p = t->params[i];

		switch (p) {
		case 0:
			default_pen(t);
			break;
		case 1:
			t->pen.intensity = TERM_BOLD;
			break;
		case 2:
			t->pen.intensity = TERM_DIM;
			break;
		case 3:
		case 23:
			t->pen.italic = p == 3;
			break;
		case 4:
		case 21: /* doubly underlined */
		case 24:
			t->pen.underline = p != 24;
			break;
		case 5:
		case 25:
			t->pen.blink = p == 5;
			break;
		case 7:
		case 27:
			t->pen.reverse = p == 7;
			break;
		case 10:
		case 11:
		case 12:
			choose_font(t, p);
			break;
		case 22:
			t->pen.intensity = TERM_NORMAL_INTENSITY;
			break;
		case 38:
			i = extended_color(t, i, foreground_rgb);
			break;
		case 48:
			i = extended_color(t, i, background_rgb);
			break;
		default:
			color_parameter(t, p);
		}
	}
	term_update_attr(t);
}

/* ---- modes ---- */

static void set_inverse(term_t *t, bool on)
{
	if (t->inverse == on)
		return;
	t->inverse = on;
	for (u32 y = 0; y < t->rows; y++) {
		cell_t *row = term_row(t, y);

		for (u32 x = 0; x < t->cols; x++)
			row[x] = cell_make(cell_code(row[x]), term_swap_colors(cell_attr(row[x])));
	}
	term_update_attr(t);
}

static void private_mode(term_t *t, u32 mode, bool on)
{
	switch (mode) {
	case 1:
		t->cursor_keys = on;
		break;
	case 5:
		set_inverse(t, on);
		break;
	case 6:
		t->origin = on;
		term_goto_origin(t, 0, 0);
		break;
	case 7:
		t->autowrap = on;
		break;
	case 8:
		t->autorepeat = on;
		break;
	case 9:
		t->mouse = on ? 1 : 0;
		break;
	case 25:
		t->cursor_visible = on;
		break;
	case 1000:
		t->mouse = on ? 2 : 0;
		break;
	}
}

static void set_modes(term_t *t, bool on)
{
	for (u32 i = 0; i < t->param_count; i++) {
		if (t->mark == '?')
			private_mode(t, t->params[i], on);
		else if (t->params[i] == 3)
			t->show_controls = on;
		else if (t->params[i] == 4)
			t->insert = on;
		else if (t->params[i] == 20)
			t->newline = on;
	}
}

/* ---- editing ---- */

static void insert_chars(term_t *t, u32 n)
{
	cell_t *at = term_row(t, t->pen.y) + t->pen.x;
	u32 rest = t->cols - t->pen.x;

	n = MIN(n, rest);
	memmove(at + n, at, (rest - n) * sizeof(*at));
	term_fill(at, t->blank, n);
	t->wrap_next = false;
}

static void delete_chars(term_t *t, u32 n)
{
	cell_t *at = term_row(t, t->pen.y) + t->pen.x;
	u32 rest = t->cols - t->pen.x;

	n = MIN(n, rest);
	memmove(at, at + n, (rest - n) * sizeof(*at));
	term_fill(at + rest - n, t->blank, n);
	t->wrap_next = false;
}

static void erase_chars(term_t *t, u32 n)
{
	term_fill(term_row(t, t->pen.y) + t->pen.x, t->blank, MIN(n, t->cols - t->pen.x));
	t->wrap_next = false;
}

static void erase_line(term_t *t, u32 what)
{
	u32 from = what == 0 ? t->pen.x : 0, to = what == 1 ? t->pen.x + 1 : t->cols;

	if (what > 2)
		return;
	term_fill(term_row(t, t->pen.y) + from, t->blank, to - from);
	t->wrap_next = false;
}

static void set_region(term_t *t)
{
	u32 top = term_param(t, 0, 1), bottom = term_param(t, 1, t->rows);

	if (top >= bottom || bottom > t->rows)
		return;
	t->region_top = top - 1;
	t->region_bottom = bottom;
	term_goto_origin(t, 0, 0);
}

/* ESC [ g should clear one stop; on Linux it sets one, and programs must not see a difference. */
static void change_tabs(term_t *t, u32 what)
{
	if (what == 0)
		t->tabs[t->pen.x / 64] |= 1UL << (t->pen.x % 64);
	else if (what == 3)
		memset(t->tabs, 0, sizeof(t->tabs));
}

/* ---- reports and the console's own settings ---- */

static void report_status(term_t *t, u32 what)
{
	char text[32];
	int n;

	if (what == 5) {
		t->ops->reply(t, "\033[0n", 4);
	} else if (what == 6) {
		/* With the region as origin Linux adds its top once more instead of taking it away. */
		u32 top = t->origin ? t->region_top : 0;

		n = scnprintf(text, sizeof(text), "\033[%u;%uR", t->pen.y + top + 1, t->pen.x + 1);
		t->ops->reply(t, text, (size_t)n);
	}
}

/* ESC [ n q: 0 all off, 1 scroll, 2 num, 3 caps lock. */
static void set_leds(term_t *t, u32 which)
{
	if (which == 0)
		t->ops->leds(t, 0);
	else if (which <= 3)
		t->ops->leds(t, 1u << (which - 1));
}

/* ESC [ a ; ... ]: console_codes(4), "Linux Console Private CSI Sequences". */
static void set_terminal(term_t *t)
{
	switch (t->params[0]) {
	case 1:
		if (t->params[1] < COLOR_COUNT)
			t->underline_color =
				term_ansi_to_vga[t->params[1] & 7] | (t->params[1] & 8);
		break;
	case 2:
		if (t->params[1] < COLOR_COUNT)
			t->dim_color = term_ansi_to_vga[t->params[1] & 7] | (t->params[1] & 8);
		break;
	case 8:
		t->default_color = t->attr;
		if (t->inverse)
			t->default_color = term_swap_colors(t->default_color);
		default_pen(t);
		break;
	case 10:
		t->bell_pitch = term_param(t, 1, BELL_PITCH_DEFAULT);
		break;
	case 11:
		t->bell_msecs = MIN(term_param(t, 1, BELL_MSECS_DEFAULT), BELL_MSECS_MAX);
		break;
	case 12:
		t->ops->bring_front(t, t->params[1]);
		break;
	}
	term_update_attr(t);
}

static void private_sequence(term_t *t, u8 final)
{
	if (t->mark != '?')
		return;
	if (final == 'h' || final == 'l')
		set_modes(t, final == 'h');
	else if (final == 'c')
		t->cursor_type =
			t->params[0] ? t->params[0] | t->params[1] << 8 | t->params[2] << 16 : 0;
}

static void move_cursor(term_t *t, u8 final)
{
	s64 x = t->pen.x, y = t->pen.y, n = term_param(t, 0, 1);

	switch (final) {
	case 'A':
		term_goto(t, x, y - n);
		break;
	case 'B':
	case 'e':
		term_goto(t, x, y + n);
		break;
	case 'C':
	case 'a':
		term_goto(t, x + n, y);
		break;
	case 'D':
		term_goto(t, x - n, y);
		break;
	case 'E':
		term_goto(t, 0, y + n);
		break;
	case 'F':
		term_goto(t, 0, y - n);
		break;
	case 'G':
	case '`':
		term_goto(t, n - 1, y);
		break;
	case 'd':
		term_goto_origin(t, x, n - 1);
		break;
	default: /* H, f */
		term_goto_origin(t, (s64)term_param(t, 1, 1) - 1, n - 1);
	}
}

void term_csi(term_t *t, u8 final)
{
	u32 first = t->params[0], count = term_param(t, 0, 1);

	if (t->mark) {
		private_sequence(t, final);
		return;
	}
	switch (final) {
	case 'A':
	case 'B':
	case 'C':
	case 'D':
	case 'E':
	case 'F':
	case 'G':
	case 'H':
	case '`':
	case 'a':
	case 'd':
	case 'e':
	case 'f':
		move_cursor(t, final);
		break;
	case 'J':
		term_erase_screen(t, first);
		break;
	case 'K':
		erase_line(t, first);
		break;
	case 'L':
		term_scroll_down(t, t->pen.y, t->region_bottom, count);
		t->wrap_next = false;
		break;
	case 'M':
		term_scroll_up(t, t->pen.y, t->region_bottom, count);
		t->wrap_next = false;
		break;
	case 'P':
		delete_chars(t, count);
		break;
	case 'X':
		erase_chars(t, count);
		break;
	case '@':
		insert_chars(t, count);
		break;
	case 'c':
		if (!first)
			t->ops->reply(t, "\033[?6c", 5);
		break;
	case 'g':
		change_tabs(t, first);
		break;
	case 'h':
	case 'l':
		set_modes(t, final == 'h');
		break;
	case 'm':
		term_sgr(t);
		break;
	case 'n':
		report_status(t, first);
		break;
	case 'q':
		set_leds(t, first);
		break;
	case 'r':
		set_region(t);
		break;
	case 's':
		term_save(t);
		break;
	case 'u':
		term_restore(t);
		break;
	case ']':
		set_terminal(t);
		break;
	}
}
