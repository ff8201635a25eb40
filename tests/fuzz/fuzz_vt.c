// sources: drivers/tty/vt/term.c drivers/tty/vt/term_csi.c drivers/tty/vt/term_cells.c
// sources: drivers/tty/vt/term_charset.c kernel/lib/printf.c
/*
 * What programs write to a console. The byte 0xF8, which no text has, is followed by one that says
 * what else happens: a change of size, a look back, a line of the kernel's log.
 */
#include "fuzz.h"

#include "drivers/tty/vt/term.h"

#define ELSE 0xf8
#define MAX_SIDE 16
#define HISTORY 8
#define LONGEST_REPLY 32

static void reply(term_t *t, const char *text, size_t len)
{
	FUZZ_CHECK(len && len < LONGEST_REPLY && text[0] == '\033');
}

static void bell(term_t *t)
{
	FUZZ_CHECK(t->bell_msecs <= 2000);
}

static void leds(term_t *t, u32 lit)
{
	FUZZ_CHECK(lit <= TERM_LEDS_OF_LOCKS);
}

static void palette(term_t *t)
{
}

static void bring_front(term_t *t, u32 console)
{
}

static const term_ops_t ops = { reply, bell, leds, palette, bring_front };

static void resize(term_t *t, u8 size)
{
	u32 cols = 1 + size % MAX_SIDE, rows = 2 + size / MAX_SIDE, lines = rows + HISTORY;

	free(term_set_cells(t, malloc((size_t)lines * cols * sizeof(cell_t)), lines, cols, rows));
}

static void check(const term_t *t)
{
	FUZZ_CHECK(t->pen.x < t->cols && t->pen.y < t->rows);
	FUZZ_CHECK(t->saved.x < t->cols && t->saved.y < t->rows);
	FUZZ_CHECK(t->region_top < t->region_bottom && t->region_bottom <= t->rows);
	FUZZ_CHECK(t->top < t->lines && t->history <= HISTORY && t->back <= t->history);
	for (u32 y = 0; y < t->rows; y++)
		for (u32 x = 0; x < t->cols; x++)
			FUZZ_CHECK(cell_code(term_row(t, y)[x]) <= 0x10ffff);
}

static void happen(term_t *t, u8 what)
{
	switch (what % 3) {
	case 0:
		resize(t, what);
		break;
	case 1:
		term_scroll_view(t, what / 3 - 32);
		break;
	default:
		term_print(t, "log:\tline\n", 10);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *in = fuzz_copy(data, size);
	term_t t;

	term_setup(&t, &ops);
	resize(&t, 0xff);
	for (size_t i = 0; i < size;) {
		size_t end = i;

		while (end < size && in[end] != ELSE)
			end++;
		term_write(&t, in + i, end - i);
		check(&t);
		if (end + 1 < size)
			happen(&t, in[end + 1]);
		i = end + 2;
	}
	check(&t);
	free(t.cells);
	free(in);
	return 0;
}
