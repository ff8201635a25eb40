/*
 * The ring of lines: scrolling, the history, changes of size, erasing.
 *
 * Scrolling the whole screen up moves `top` on and blanks one line; the line that went out becomes
 * history. Scrolling a region moves its cells.
 */
#include "term.h"

#include <kernel/lib/string.h>

static u32 clamp(s64 value, s64 low, s64 high)
{
	return (u32)(value < low ? low : value > high ? high : value);
}

static u32 line_index(const term_t *t, s64 y)
{
	s64 line = ((s64)t->top + y) % (s64)t->lines;

	return (u32)(line < 0 ? line + t->lines : line);
}

cell_t *term_row(const term_t *t, u32 y)
{
	return t->cells + (size_t)line_index(t, y) * t->cols;
}

const cell_t *term_seen_row(const term_t *t, u32 y)
{
	return t->cells + (size_t)line_index(t, (s64)y - t->back) * t->cols;
}

void term_fill(cell_t *cells, cell_t value, u32 n)
{
	while (n--)
		*cells++ = value;
}

static void blank_rows(term_t *t, u32 from, u32 to)
{
	for (u32 y = from; y < to; y++)
		term_fill(term_row(t, y), t->blank, t->cols);
}

/* A line of the region always stays, as on Linux; so a region of one line does not scroll. */
static bool scroll_fits(const term_t *t, u32 top, u32 bottom, u32 *n)
{
	if (top >= bottom || bottom > t->rows)
		return false;
	*n = MIN(*n, bottom - top - 1);
	return *n != 0;
}

void term_scroll_up(term_t *t, u32 top, u32 bottom, u32 n)
{
	if (!scroll_fits(t, top, bottom, &n))
		return;
	if (top == 0 && bottom == t->rows) {
		t->top = line_index(t, n);
		t->history = MIN(t->history + n, t->lines - t->rows);
	} else {
		for (u32 y = top; y + n < bottom; y++)
			memcpy(term_row(t, y), term_row(t, y + n), t->cols * sizeof(cell_t));
	}
	blank_rows(t, bottom - n, bottom);
}

void term_scroll_down(term_t *t, u32 top, u32 bottom, u32 n)
{
	if (!scroll_fits(t, top, bottom, &n))
		return;
	for (u32 y = bottom; y-- > top + n;)
		memcpy(term_row(t, y), term_row(t, y - n), t->cols * sizeof(cell_t));
	blank_rows(t, top, top + n);
}

void term_line_feed(term_t *t)
{
	if (t->pen.y + 1 == t->region_bottom)
		term_scroll_up(t, t->region_top, t->region_bottom, 1);
	else if (t->pen.y < t->rows - 1)
		t->pen.y++;
	t->wrap_next = false;
}

void term_goto(term_t *t, s64 x, s64 y)
{
	s64 top = t->origin ? t->region_top : 0, bottom = t->origin ? t->region_bottom : t->rows;

	t->pen.x = clamp(x, 0, (s64)t->cols - 1);
	t->pen.y = clamp(y, top, bottom - 1);
	t->wrap_next = false;
}

void term_goto_origin(term_t *t, s64 x, s64 y)
{
	term_goto(t, x, t->origin ? y + t->region_top : y);
}

/* ESC [ n J: 0 from the cursor on, 1 up to and with the cursor, 2 all, 3 all and the history. */
void term_erase_screen(term_t *t, u32 what)
{
	u32 x = t->pen.x, y = t->pen.y;

	switch (what) {
	case 0:
		term_fill(term_row(t, y) + x, t->blank, t->cols - x);
		blank_rows(t, y + 1, t->rows);
		break;
	case 1:
		blank_rows(t, 0, y);
		term_fill(term_row(t, y), t->blank, x + 1);
		break;
	case 3:
		t->history = 0;
		__attribute__((fallthrough));
	case 2:
		blank_rows(t, 0, t->rows);
		break;
	default:
		return;
	}
	t->wrap_next = false;
}

void term_scroll_view(term_t *t, int lines)
{
	t->back = clamp((s64)t->back - lines, 0, t->history);
}

void term_set_tabs(term_t *t)
{
	for (u32 i = 0; i < TERM_TAB_WORDS; i++)
		t->tabs[i] = 0x0101010101010101UL;
	t->tabs[0] &= ~1UL; /* the first column needs none */
}

/* Copies a line, cut or filled with blanks. */
static void copy_line(cell_t *to, u32 cols, const term_t *from, s64 y, cell_t blank)
{
	const cell_t *line = from->cells + (size_t)line_index(from, y) * from->cols;
	u32 n = MIN(cols, from->cols);

	memcpy(to, line, n * sizeof(*to));
	term_fill(to + n, blank, cols - n);
}

cell_t *term_set_cells(term_t *t, cell_t *memory, u32 lines, u32 cols, u32 rows)
{
	const term_t old = *t;
	/* Rows that the cursor would be below the screen by go to the history. */
	u32 lost = old.cells && old.pen.y >= rows ? old.pen.y - rows + 1 : 0;
	u32 kept = 0, history = 0;

	t->cells = memory;
	t->lines = lines;
	t->cols = cols;
	t->rows = rows;
	t->back = 0;
	if (old.cells) {
		kept = MIN(old.rows - lost, rows);
		history = MIN(old.history + lost, lines - rows);
	}
	for (u32 i = 0; i < history + kept; i++)
		copy_line(memory + (size_t)i * cols, cols, &old, (s64)lost - (s64)history + (s64)i,
			  t->blank);
	term_fill(memory + (size_t)(history + kept) * cols, t->blank,
		  (lines - history - kept) * cols);
	t->top = history;
	t->history = history;
	t->region_top = 0;
	t->region_bottom = rows;
	t->pen.x = MIN(t->pen.x, cols - 1);
	t->pen.y = MIN(t->pen.y - lost, rows - 1);
	t->saved.x = MIN(t->saved.x, cols - 1);
	t->saved.y = MIN(t->saved.y, rows - 1);
	t->wrap_next = false;
	return old.cells;
}
