// sources: drivers/tty/vt/term.c drivers/tty/vt/term_csi.c drivers/tty/vt/term_cells.c
// sources: drivers/tty/vt/term_charset.c kernel/lib/printf.c
/*
 * The escape-sequence machine against a screen that is a plain array: random sequences are written to
 * the one and done to the other. Then streams of any bytes: however they are cut, the screen is the
 * same, and nothing outside of it is touched.
 */
#include <host.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>

#include "drivers/tty/vt/term.h"

#define MAX_COLS 40
#define MAX_ROWS 20
#define MAX_HISTORY 30
#define STEPS 200000
#define STREAMS 300
#define STREAM_BYTES 2000

/* ---- what the machine asks for ---- */

static char replied[256];
static size_t replied_len;
static u32 bells, fronts, palettes, lit;

static void reply(term_t *t, const char *text, size_t len)
{
	assert_true(len && len < 32);
	if (replied_len + len > sizeof(replied))
		replied_len = 0;
	memcpy(replied + replied_len, text, len);
	replied_len += len;
}

static void bell(term_t *t)
{
	bells++;
}

static void leds(term_t *t, u32 which)
{
	assert_true(which <= TERM_LEDS_OF_LOCKS);
	lit = which;
}

static void palette(term_t *t)
{
	palettes++;
}

static void bring_front(term_t *t, u32 console)
{
	fronts = console;
}

static const term_ops_t ops = { reply, bell, leds, palette, bring_front };

/* Exactly the memory that is needed, so that the address sanitizer sees its end. */
static void resize(term_t *t, u32 cols, u32 rows, u32 history)
{
	free(term_set_cells(t, malloc((size_t)(rows + history) * cols * sizeof(cell_t)),
			    rows + history, cols, rows));
}

static void start(term_t *t, u32 cols, u32 rows, u32 history)
{
	term_setup(t, &ops);
	resize(t, cols, rows, history);
}

static void finish(term_t *t)
{
	free(t->cells);
}

static void say(term_t *t, const char *text)
{
	term_write(t, (const u8 *)text, strlen(text));
}

/* In pieces of any size. */
static void say_in_pieces(term_t *t, const u8 *bytes, size_t n)
{
	while (n) {
		size_t piece = 1 + test_random_below(n);

		term_write(t, bytes, piece);
		bytes += piece;
		n -= piece;
	}
}

static bool shows(const term_t *t, u32 y, const char *text)
{
	u32 x;

	for (x = 0; x < t->cols && text[x]; x++)
		if (cell_code(term_row(t, y)[x]) != (u8)text[x])
			return false;
	for (; x < t->cols; x++)
		if (cell_code(term_row(t, y)[x]) != ' ')
			return false;
	return true;
}

/* ---- the model ---- */

typedef struct model {
	int cols, rows, x, y, saved_x, saved_y, top, bottom; /* the region: top to before bottom */
	bool full, insert;				     /* full: the next character wraps */
	u8 attr, saved_attr;
	cell_t cells[MAX_ROWS][MAX_COLS];
	cell_t history[MAX_HISTORY][MAX_COLS]; /* the last is the newest */
	int history_count, history_room;
} model_t;

static cell_t blank(const model_t *m)
{
	return cell_make(' ', m->attr);
}

static void model_start(model_t *m, int cols, int rows, int history)
{
	memset(m, 0, sizeof(*m));
	m->cols = cols;
	m->rows = m->bottom = rows;
	m->history_room = history;
	m->attr = m->saved_attr = TERM_DEFAULT_COLOR;
	for (int y = 0; y < MAX_ROWS; y++)
		for (int x = 0; x < MAX_COLS; x++)
			m->cells[y][x] = blank(m);
}

static void keep(model_t *m, const cell_t *line)
{
	if (!m->history_room)
		return;
	if (m->history_count == m->history_room) {
		memmove(m->history[0], m->history[1],
			sizeof(m->history[0]) * (size_t)(m->history_room - 1));
		m->history_count--;
	}
	memcpy(m->history[m->history_count++], line, sizeof(m->history[0]));
}

/* One line; up if n is positive. */
static void model_scroll(model_t *m, int top, int bottom, int n)
{
	int step = n > 0 ? 1 : -1, lines = n * step;

	if (lines > bottom - top - 1)
		lines = bottom - top - 1;
	while (lines-- > 0) {
		int from = step > 0 ? top : bottom - 1, last = step > 0 ? bottom - 1 : top;

		if (step > 0 && top == 0 && bottom == m->rows)
			keep(m, m->cells[top]);
		for (int y = from; y != last; y += step)
			memcpy(m->cells[y], m->cells[y + step], sizeof(m->cells[y]));
		for (int x = 0; x < m->cols; x++)
			m->cells[last][x] = blank(m);
	}
}

static void model_line_feed(model_t *m)
{
	if (m->y == m->bottom - 1)
		model_scroll(m, m->top, m->bottom, 1);
	else if (m->y < m->rows - 1)
		m->y++;
	m->full = false;
}

static void model_goto(model_t *m, int x, int y)
{
	m->x = x < 0 ? 0 : x >= m->cols ? m->cols - 1 : x;
	m->y = y < 0 ? 0 : y >= m->rows ? m->rows - 1 : y;
	m->full = false;
}

static void model_put(model_t *m, u32 code)
{
	if (m->full) {
		m->x = 0;
		model_line_feed(m);
	}
	for (int x = m->cols - 1; m->insert && x > m->x; x--)
		m->cells[m->y][x] = m->cells[m->y][x - 1];
	m->cells[m->y][m->x] = cell_make(code, m->attr);
	if (m->x == m->cols - 1)
		m->full = true;
	else
		m->x++;
}

/* From (x, y) up to before (to_x, to_y), line by line. */
static void model_erase(model_t *m, int x, int y, int to_x, int to_y)
{
	for (; y < to_y || (y == to_y && x < to_x); x++) {
		if (x == m->cols) {
			x = -1;
			y++;
		} else {
			m->cells[y][x] = blank(m);
		}
	}
	m->full = false;
}

/* Takes the n cells at the cursor out, or puts blanks there. */
static void model_shift(model_t *m, int n, bool out)
{
	cell_t old[MAX_COLS];

	memcpy(old, m->cells[m->y], sizeof(old));
	for (int x = m->x; x < m->cols; x++) {
		int from = out ? x + n : x - n;
		bool there = from < m->cols && from >= m->x;

		m->cells[m->y][x] = there ? old[from] : blank(m);
	}
	m->full = false;
}

static const char finals[] = "ABCDEFGHJKLMPX@rmhlsu78DME\n\r\b";

/* One random act: the bytes that ask for it, and it is done to the model. */
static size_t act(model_t *m, char *bytes, size_t room)
{
	int n = (int)test_random_below(MAX_ROWS + 3), k = (int)test_random_below(MAX_COLS + 3);
	int count = n ? n : 1;
	u64 kind = test_random_below(sizeof(finals) - 1 + 12);
	char final;

	if (kind >= sizeof(finals) - 1) { /* text, most of all */
		char c = (char)(' ' + test_random_below(95));

		model_put(m, (u8)c);
		return (size_t)snprintf(bytes, room, "%c", c);
	}
	final = finals[kind];
	if (kind >= 23) { /* ESC D, M, E; then control characters */
		switch (kind) {
		case 23:
			model_line_feed(m);
			return (size_t)snprintf(bytes, room, "\033D");
		case 24:
			if (m->y == m->top)
				model_scroll(m, m->top, m->bottom, -1);
			else if (m->y)
				m->y--;
			m->full = false;
			return (size_t)snprintf(bytes, room, "\033M");
		case 25:
			m->x = 0;
			model_line_feed(m);
			return (size_t)snprintf(bytes, room, "\033E");
		case 26:
			model_line_feed(m);
			break;
		case 27:
			m->x = 0;
			m->full = false;
			break;
		default:
			if (m->x)
				model_goto(m, m->x - 1, m->y);
		}
		return (size_t)snprintf(bytes, room, "%c", final);
	}
	switch (final) {
	case 'A':
		model_goto(m, m->x, m->y - count);
		break;
	case 'B':
		model_goto(m, m->x, m->y + count);
		break;
	case 'C':
		model_goto(m, m->x + count, m->y);
		break;
	case 'D':
		model_goto(m, m->x - count, m->y);
		break;
	case 'E':
		model_goto(m, 0, m->y + count);
		break;
	case 'F':
		model_goto(m, 0, m->y - count);
		break;
	case 'G':
		model_goto(m, count - 1, m->y);
		break;
	case 'H':
		model_goto(m, k - 1, count - 1);
		return (size_t)snprintf(bytes, room, "\033[%d;%dH", n, k);
	case 'J':
		n %= 3;
		model_erase(m, n ? 0 : m->x, n ? 0 : m->y, n == 1 ? m->x + 1 : m->cols,
			    n == 1 ? m->y : m->rows - 1);
		break;
	case 'K':
		n %= 3;
		model_erase(m, n ? 0 : m->x, m->y, n == 1 ? m->x + 1 : m->cols, m->y);
		break;
	case 'L':
	case 'M':
		if (m->y < m->bottom)
			model_scroll(m, m->y, m->bottom, final == 'L' ? -count : count);
		m->full = false;
		break;
	case 'P':
	case '@':
		model_shift(m, count, final == 'P');
		break;
	case 'X':
		model_erase(m, m->x, m->y, MIN(m->x + count, m->cols), m->y);
		break;
	case 'r':
		k = k % MAX_ROWS;
		if (count < (k ? k : m->rows) && k <= m->rows) {
			m->top = count - 1;
			m->bottom = k ? k : m->rows;
			model_goto(m, 0, 0);
		}
		return (size_t)snprintf(bytes, room, "\033[%d;%dr", n, k);
	case 'm': /* a background; or all as it was */
		n %= 9;
		m->attr = n == 8 ? TERM_DEFAULT_COLOR
				 : (u8)((m->attr & 0x0f) | term_ansi_to_vga[n] << 4);
		return (size_t)snprintf(bytes, room, "\033[%dm", n == 8 ? 0 : 40 + n);
	case 'h':
	case 'l':
		m->insert = final == 'h';
		return (size_t)snprintf(bytes, room, "\033[4%c", final);
	case 's':
	case '7':
		m->saved_x = m->x;
		m->saved_y = m->y;
		m->saved_attr = m->attr;
		return (size_t)snprintf(bytes, room, final == '7' ? "\0337" : "\033[s");
	case 'u':
	case '8':
		m->attr = m->saved_attr;
		model_goto(m, m->saved_x, m->saved_y);
		return (size_t)snprintf(bytes, room, final == '8' ? "\0338" : "\033[u");
	}
	return (size_t)snprintf(bytes, room, "\033[%d%c", n, final);
}

static void compare(term_t *t, const model_t *m)
{
	assert_int_equal(t->pen.x, m->x);
	assert_int_equal(t->pen.y, m->y);
	assert_int_equal(t->wrap_next, m->full);
	for (int y = 0; y < m->rows; y++)
		assert_memory_equal(term_row(t, (u32)y), m->cells[y],
				    (size_t)m->cols * sizeof(cell_t));
	assert_int_equal(t->history, m->history_count);
	for (int back = 1; back <= m->history_count; back++) {
		term_scroll_view(t, -1);
		assert_int_equal(t->back, back);
		assert_memory_equal(term_seen_row(t, 0), m->history[m->history_count - back],
				    (size_t)m->cols * sizeof(cell_t));
	}
	term_scroll_view(t, -1); /* no further */
	assert_int_equal(t->back, m->history_count);
	term_scroll_view(t, MAX_HISTORY);
	assert_int_equal(t->back, 0);
}

static void test_model(void **state)
{
	static const int sizes[][3] = { { 40, 20, 30 }, { 10, 5, 0 }, { 2, 2, 3 }, { 1, 4, 1 } };
	static model_t m;
	char bytes[64];
	term_t t;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		start(&t, (u32)sizes[i][0], (u32)sizes[i][1], (u32)sizes[i][2]);
		model_start(&m, sizes[i][0], sizes[i][1], sizes[i][2]);
		for (u32 step = 0; step < STEPS / ARRAY_SIZE(sizes); step++) {
			size_t n = act(&m, bytes, sizeof(bytes));

			say_in_pieces(&t, (const u8 *)bytes, n);
			compare(&t, &m);
		}
		finish(&t);
	}
}

/* ---- any bytes ---- */

/* Such as programs write: parts of sequences, text, and here and there any byte. */
static void random_stream(u8 *bytes, size_t n)
{
	static const char *const parts[] = { "\033[",  "\033",	      ";",	  "\033]P",
					     "\033[?", "\033#8",      "\033%G",	  "\033%@",
					     "\033(",  "\033)",	      "\033P",	  "\016",
					     "\017",   "\033[11m",    "\xe6\xbc", "\xe2\x82\xac",
					     "\r\n",   "99999999999", "\x9b" };

	for (size_t i = 0; i < n;) {
		const char *part = parts[test_random_below(ARRAY_SIZE(parts))];

		switch (test_random_below(4)) {
		case 0:
			bytes[i++] = (u8)test_random();
			break;
		case 1:
			bytes[i++] = (u8)(' ' + test_random_below(95));
			break;
		case 2:
			bytes[i++] = (u8)('0' + test_random_below(10));
			break;
		default:
			while (*part && i < n)
				bytes[i++] = (u8)*part++;
		}
	}
}

static void sound(const term_t *t)
{
	assert_true(t->pen.x < t->cols && t->pen.y < t->rows);
	assert_true(t->region_top < t->region_bottom && t->region_bottom <= t->rows);
	assert_true(t->history <= t->lines - t->rows && t->back <= t->history);
	assert_true(t->param_count <= TERM_PARAMS && t->top < t->lines);
}

static void test_streams(void **state)
{
	static u8 bytes[STREAM_BYTES];
	term_t whole, pieces;

	for (u32 i = 0; i < STREAMS; i++) {
		u32 cols = 1 + (u32)test_random_below(MAX_COLS);
		u32 rows = 2 + (u32)test_random_below(MAX_ROWS);

		start(&whole, cols, rows, MAX_HISTORY);
		start(&pieces, cols, rows, MAX_HISTORY);
		random_stream(bytes, sizeof(bytes));
		term_write(&whole, bytes, sizeof(bytes));
		say_in_pieces(&pieces, bytes, sizeof(bytes));
		sound(&whole);
		assert_memory_equal(whole.cells, pieces.cells,
				    (size_t)whole.lines * cols * sizeof(cell_t));
		finish(&pieces);
		pieces.cells = whole.cells;
		assert_memory_equal(&whole, &pieces, sizeof(whole));
		finish(&whole);
	}
}

/* What is on the screen survives a change of size as far as there is room, and so does the machine. */
static void test_sizes(void **state)
{
	static u8 bytes[64];
	term_t t;

	start(&t, 20, 5, 10);
	say(&t, "one\r\ntwo\r\nthree\r\nfour");
	resize(&t, 20, 2, 10);
	assert_true(shows(&t, 0, "three") && shows(&t, 1, "four"));
	assert_int_equal(t.pen.y, 1);
	assert_int_equal(t.history, 2);
	resize(&t, 3, 4, 10);
	assert_true(shows(&t, 0, "thr") && shows(&t, 1, "fou") && shows(&t, 2, ""));
	for (u32 i = 0; i < STREAMS * 10; i++) {
		u32 rows = 2 + (u32)test_random_below(MAX_ROWS);

		random_stream(bytes, sizeof(bytes));
		term_write(&t, bytes, sizeof(bytes));
		term_scroll_view(&t, (int)test_random_below(40) - 20);
		sound(&t);
		resize(&t, 1 + (u32)test_random_below(MAX_COLS), rows,
		       (u32)test_random_below(MAX_HISTORY));
		sound(&t);
	}
	finish(&t);
}

/* ---- single things ---- */

static void test_replies(void **state)
{
	term_t t;

	start(&t, 20, 5, 0);
	replied_len = bells = palettes = 0;
	say(&t, "\033[3;7H\033[6n\033[5n\033[c\033Z\033[7n");
	assert_int_equal(replied_len, strlen("\033[3;7R\033[0n\033[?6c\033[?6c"));
	assert_memory_equal(replied, "\033[3;7R\033[0n\033[?6c\033[?6c", replied_len);
	say(&t, "\a\033]2;a title\a\a"); /* the second ends the title */
	assert_int_equal(bells, 2);
	say(&t, "\033]P3123456");
	assert_int_equal(palettes, 1);
	assert_memory_equal(t.palette[3], "\x12\x34\x56", 3);
	say(&t, "\033]P3zz\033]R");
	assert_memory_equal(t.palette, term_default_palette, sizeof(t.palette));
	say(&t, "\033[3q");
	assert_int_equal(lit, 4);
	say(&t, "\033[12;5]");
	assert_int_equal(fronts, 5);
	finish(&t);
}

static void test_utf8(void **state)
{
	char text[64];
	term_t t;

	start(&t, 20, 5, 0);
	for (u32 i = 0; i < STEPS; i++) {
		u32 code = 0xa0 + (u32)test_random_below(0x110000 - 0xa0);
		bool real = code < 0xd800 || code > 0xdfff;
		int n = 0;

		if (term_is_zero_width(code))
			continue;
		if (code >= 0x10000)
			n = snprintf(text, sizeof(text), "\r%c%c%c%c", (int)(0xf0 | code >> 18),
				     (int)(0x80 | (code >> 12 & 63)),
				     (int)(0x80 | (code >> 6 & 63)), (int)(0x80 | (code & 63)));
		else if (code >= 0x800)
			n = snprintf(text, sizeof(text), "\r%c%c%c", (int)(0xe0 | code >> 12),
				     (int)(0x80 | (code >> 6 & 63)), (int)(0x80 | (code & 63)));
		else
			n = snprintf(text, sizeof(text), "\r%c%c", (int)(0xc0 | code >> 6),
				     (int)(0x80 | (code & 63)));
		say_in_pieces(&t, (const u8 *)text, (size_t)n);
		assert_int_equal(cell_code(term_row(&t, 0)[0]), real ? code : 0xfffd);
		assert_int_equal(t.pen.x, real && term_is_wide(code) ? 2 : 1);
	}
	finish(&t);
}

/* The log writes bytes, whatever a program has left the machine in the middle of. */
static void test_log(void **state)
{
	term_t t;

	start(&t, 10, 4, 5);
	say(&t, "\033[4h\033[");
	term_print(&t, "\rab\033[31mc\n0123456789x\n", 22);
	assert_true(shows(&t, 0, "ab[31mc"));
	assert_true(shows(&t, 1, "0123456789") && shows(&t, 2, "x"));
	say(&t, "2Cy");
	assert_true(shows(&t, 3, "  y"));
	finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model), cmocka_unit_test(test_streams),
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_replies),
		cmocka_unit_test(test_utf8),  cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
