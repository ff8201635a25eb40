/*
 * Bytes to screen changes: the outer machine (UTF-8, control characters, escape sequences).
 *
 * Concepts. The machine is always in one state (term_state_t). In TERM_NORMAL bytes are decoded
 * (UTF-8, or one of two character sets) and drawn; control characters act in every state, so that a
 * carriage return inside a sequence returns and the sequence goes on. A sequence ends with its final
 * byte, with CAN or SUB, or with a new ESC. What the Linux console does not know is read to its end
 * and ignored (console_codes(4)).
 *
 * A character in the last column leaves the cursor there with `wrap_next` set; only the next
 * character moves to a new line (VT100 autowrap). Every cursor movement clears it.
 *
 * A cell's attribute is made when it is written (term_update_attr), as the hardware shows it:
 * underlined, dim and italic text are colours of their own, reverse exchanges the halves, bold is
 * bit 3 and blinking bit 7.
 */
#include "term.h"

#include <kernel/lib/string.h>

#define CTL_BELL 7
#define CTL_BACKSPACE 8
#define CTL_TAB 9
#define CTL_LF 10
#define CTL_VT 11
#define CTL_FF 12
#define CTL_CR 13
#define CTL_SO 14
#define CTL_SI 15
#define CTL_CAN 24
#define CTL_SUB 26
#define CTL_ESC 27
#define CTL_DEL 127
#define CTL_CSI 0x9b /* ECMA-48 8-bit form of ESC [ */
/* Acted on even where control characters are shown (ESC [ 3 h). */
#define ALWAYS_CONTROLS                                                                            \
	(1u | (1u << CTL_BACKSPACE | 1u << CTL_LF | 1u << CTL_FF | 1u << CTL_CR | 1u << CTL_SO |   \
	       1u << CTL_SI | 1u << CTL_ESC))

#define REPLACEMENT 0xfffdu
#define PARAM_LIMIT 0xffffffu /* larger numbers stay there */
#define CURSOR_DEFAULT 0

u8 term_swap_colors(u8 attr)
{
	return (u8)((attr & 0x88) | (attr >> 4 & 7) | (attr & 7) << 4);
}

void term_update_attr(term_t *t)
{
	const term_pen_t *p = &t->pen;
	u8 attr = p->color, blank = p->color;

	if (p->italic)
		attr = (attr & 0xf0) | TERM_ITALIC_COLOR;
	else if (p->underline)
		attr = (attr & 0xf0) | t->underline_color;
	else if (p->intensity == TERM_DIM)
		attr = (attr & 0xf0) | t->dim_color;
	if (p->reverse != t->inverse)
		attr = term_swap_colors(attr);
	if (t->inverse) /* what is erased knows of no reverse */
		blank = term_swap_colors(blank);
	if (p->blink) {
		attr ^= 0x80;
		blank ^= 0x80;
	}
	if (p->intensity == TERM_BOLD)
		attr ^= 0x08;
	t->attr = attr;
	t->blank = cell_make(' ', blank);
}

/* ---- drawing characters ---- */

static void put_cell(term_t *t, u32 code)
{
	cell_t *row;

	if (t->wrap_next) {
		t->wrap_next = false;
		t->pen.x = 0;
		term_line_feed(t);
	}
	row = term_row(t, t->pen.y);
	if (t->insert) {
		memmove(row + t->pen.x + 1, row + t->pen.x,
			(t->cols - t->pen.x - 1) * sizeof(*row));
	}
	row[t->pen.x] = cell_make(code, t->attr);
	if (t->pen.x == t->cols - 1)
		t->wrap_next = t->autowrap;
	else
		t->pen.x++;
}

static void put_code(term_t *t, u32 code)
{
	if (code < ' ' || term_is_zero_width(code)) /* some sets have no picture of a control */
		return;
	put_cell(t, code);
	if (term_is_wide(code)) /* takes two columns, whether the font has it or not */
		put_cell(t, ' ');
}

/* A byte outside UTF-8, by the character set in use. */
static u32 map_byte(const term_t *t, u8 c)
{
	if (t->meta)
		c |= 0x80;
	switch (t->map) {
	case TERM_GRAPHICS:
		return term_map_graphics(c);
	case TERM_IBM:
		return term_map_ibm(c);
	case TERM_USER: /* straight to the font */
		return 0xf000u | c;
	default:
		return c;
	}
}

/* True when c was consumed by a multi-byte sequence that is not complete or went wrong. */
static bool decode(term_t *t, u8 c, u32 *code)
{
	if ((c & 0xc0) == 0x80) {
		if (!t->code_left) {
			*code = REPLACEMENT;
			return true;
		}
		t->code = t->code << 6 | (c & 0x3f);
		if (--t->code_left)
			return false;
		*code = t->code;
		/* Overlong forms, surrogates and what lies beyond Unicode are no characters. */
		if (t->code < t->code_least || (t->code >= 0xd800 && t->code <= 0xdfff) ||
		    t->code > 0x10ffff)
			*code = REPLACEMENT;
		return true;
	}
	t->code_left = 0;
	if (c < 0x80) {
		*code = c;
		return true;
	}
	if ((c & 0xe0) == 0xc0) {
		t->code = c & 0x1f;
		t->code_left = 1;
		t->code_least = 0x80;
	} else if ((c & 0xf0) == 0xe0) {
		t->code = c & 0x0f;
		t->code_left = 2;
		t->code_least = 0x800;
	} else if ((c & 0xf8) == 0xf0) {
		t->code = c & 0x07;
		t->code_left = 3;
		t->code_least = 0x10000;
	} else {
		*code = REPLACEMENT;
		return true;
	}
	return false;
}

/* ---- control characters ---- */

static void tabulate(term_t *t)
{
	while (t->pen.x < t->cols - 1) {
		t->pen.x++;
		if (t->tabs[t->pen.x / 64] >> (t->pen.x % 64) & 1)
			break;
	}
	t->wrap_next = false;
}

static void use_charset(term_t *t, u8 which)
{
	t->pen.charset = which;
	t->map = t->pen.charsets[which];
}

static bool in_string(const term_t *t)
{
	return t->state == TERM_STRING || t->state == TERM_OSC;
}

/* False: not a control character. */
static bool control(term_t *t, u8 c)
{
	if (in_string(t) && c >= CTL_BACKSPACE && c <= CTL_CR)
		return true;
	switch (c) {
	case 0:
		return true;
	case CTL_BELL:
		if (in_string(t))
			t->state = TERM_NORMAL;
		else
			t->ops->bell(t);
		return true;
	case CTL_BACKSPACE:
		if (t->pen.x) {
			t->pen.x--;
			t->wrap_next = false;
		}
		return true;
	case CTL_TAB:
		tabulate(t);
		return true;
	case CTL_LF:
	case CTL_VT:
	case CTL_FF:
		term_line_feed(t);
		if (t->newline)
			t->pen.x = 0;
		return true;
	case CTL_CR:
		t->pen.x = 0;
		t->wrap_next = false;
		return true;
	case CTL_SO:
		use_charset(t, 1);
		t->show_controls = true; /* which is also what leaves UTF-8 for the set */
		return true;
	case CTL_SI:
		use_charset(t, 0);
		t->show_controls = false;
		return true;
	case CTL_CAN:
	case CTL_SUB:
		t->state = TERM_NORMAL;
		return true;
	case CTL_ESC:
		t->state = TERM_ESCAPE;
		return true;
	case CTL_DEL:
		return true;
	}
	return c < ' ';
}

/* ---- sequences ---- */

static void begin_csi(term_t *t)
{
	t->state = TERM_CSI;
	t->mark = 0;
	t->param_count = 0;
	memset(t->params, 0, sizeof(t->params));
}

static void reverse_line_feed(term_t *t)
{
	if (t->pen.y == t->region_top)
		term_scroll_down(t, t->region_top, t->region_bottom, 1);
	else if (t->pen.y)
		t->pen.y--;
	t->wrap_next = false;
}

static void escape(term_t *t, u8 c)
{
	t->state = TERM_NORMAL;
	switch (c) {
	case '[':
		begin_csi(t);
		break;
	case ']':
		t->state = TERM_OSC;
		break;
	case 'P': /* DCS, APC, PM */
	case '_':
	case '^':
		t->state = TERM_STRING;
		break;
	case '(':
		t->state = TERM_CHARSET_0;
		break;
	case ')':
		t->state = TERM_CHARSET_1;
		break;
	case '#':
		t->state = TERM_HASH;
		break;
	case '%':
		t->state = TERM_PERCENT;
		break;
	case 'E':
		t->pen.x = 0;
		t->wrap_next = false;
		term_line_feed(t);
		break;
	case 'D':
		term_line_feed(t);
		break;
	case 'M':
		reverse_line_feed(t);
		break;
	case 'H':
		if (t->pen.x < TERM_MAX_COLS)
			t->tabs[t->pen.x / 64] |= 1UL << (t->pen.x % 64);
		break;
	case 'Z':
		t->ops->reply(t, "\033[?6c", 5);
		break;
	case '7':
		term_save(t);
		break;
	case '8':
		term_restore(t);
		break;
	case 'c':
		term_reset(t);
		break;
	case '>':
		t->keypad = false;
		break;
	case '=':
		t->keypad = true;
		break;
	}
}

static void csi_byte(term_t *t, u8 c)
{
	u32 *param = &t->params[t->param_count];

	if (c >= '0' && c <= '9') {
		*param = MIN(*param * 10 + (u32)(c - '0'), PARAM_LIMIT);
	} else if (c == ';') {
		if (t->param_count < TERM_PARAMS - 1)
			t->param_count++;
		else
			t->state = TERM_CSI_IGNORE;
	} else if (c == '[' && !t->param_count && !*param && !t->mark) {
		t->state = TERM_FUNCTION;
	} else if (c >= '<' && c <= '?' && !t->param_count && !*param) {
		t->mark = (char)c;
	} else if (c >= ' ' && c <= '?') {
		t->state = TERM_CSI_IGNORE;
	} else {
		t->state = TERM_NORMAL;
		t->param_count++;
		if (c >= '@' && c < CTL_DEL)
			term_csi(t, c);
	}
}

static void choose_charset(term_t *t, u32 which, u8 c)
{
	switch (c) {
	case '0':
		t->pen.charsets[which] = TERM_GRAPHICS;
		break;
	case 'B':
		t->pen.charsets[which] = TERM_LATIN1;
		break;
	case 'U':
		t->pen.charsets[which] = TERM_IBM;
		break;
	case 'K':
		t->pen.charsets[which] = TERM_USER;
		break;
	}
	if (t->pen.charset == which)
		t->map = t->pen.charsets[which];
}

static void osc_byte(term_t *t, u8 c)
{
	switch (c) {
	case 'P':
		t->state = TERM_PALETTE;
		t->palette_digits = 0;
		break;
	case 'R':
		memcpy(t->palette, term_default_palette, sizeof(t->palette));
		t->ops->palette(t);
		t->state = TERM_NORMAL;
		break;
	default:
		t->state = c >= '0' && c <= '9' ? TERM_STRING : TERM_NORMAL;
	}
}

/* ESC ] P n rr gg bb: seven hexadecimal digits. */
static void palette_byte(term_t *t, u8 c)
{
	u32 digit;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		digit = (c | 0x20u) - 'a' + 10;
	else {
		t->state = TERM_NORMAL;
		return;
	}
	t->params[t->palette_digits++] = digit;
	if (t->palette_digits < 7)
		return;
	for (u32 i = 0; i < 3; i++)
		t->palette[t->params[0]][i] =
			(u8)(t->params[1 + 2 * i] << 4 | t->params[2 + 2 * i]);
	t->ops->palette(t);
	t->state = TERM_NORMAL;
}

static void sequence_byte(term_t *t, u8 c)
{
	switch (t->state) {
	case TERM_NORMAL:
		break;
	case TERM_ESCAPE:
		escape(t, c);
		return;
	case TERM_CSI:
		csi_byte(t, c);
		return;
	case TERM_CSI_IGNORE:
		if (c < ' ' || c > '?')
			t->state = TERM_NORMAL;
		return;
	case TERM_CHARSET_0:
	case TERM_CHARSET_1:
		choose_charset(t, t->state == TERM_CHARSET_1, c);
		break;
	case TERM_HASH:
		if (c == '8') { /* DECALN */
			cell_t fill = t->blank - ' ' + 'E';

			for (u32 y = 0; y < t->rows; y++)
				term_fill(term_row(t, y), fill, t->cols);
			t->wrap_next = false;
		}
		break;
	case TERM_PERCENT:
		if (c == '@')
			t->utf8 = false;
		else if (c == 'G' || c == '8')
			t->utf8 = true;
		t->code_left = 0;
		break;
	case TERM_OSC:
		osc_byte(t, c);
		return;
	case TERM_PALETTE:
		palette_byte(t, c);
		return;
	case TERM_STRING: /* its end, ST, begins with ESC */
		return;
	case TERM_FUNCTION:
		break;
	}
	t->state = TERM_NORMAL;
}

static bool is_control(const term_t *t, u8 c)
{
	if (c < ' ' && t->show_controls && t->state == TERM_NORMAL)
		return ALWAYS_CONTROLS >> c & 1;
	return c < ' ' || (c == CTL_DEL && !t->show_controls);
}

static void write_byte(term_t *t, u8 c)
{
	bool is_csi;
	u32 code;

	if (t->state != TERM_NORMAL) {
		if (!is_control(t, c) || !control(t, c))
			sequence_byte(t, c);
		return;
	}
	/* A sequence that another character cuts off is one character too. */
	if (t->code_left && (c & 0xc0) != 0x80) {
		t->code_left = 0;
		put_code(t, REPLACEMENT);
	}
	if (is_control(t, c)) {
		control(t, c);
		return;
	}
	if (t->utf8 && !t->show_controls && !t->meta) {
		if (!decode(t, c, &code))
			return;
		is_csi = code == CTL_CSI;
	} else {
		code = map_byte(t, c);
		is_csi = c == CTL_CSI;
	}
	if (is_csi)
		begin_csi(t);
	else
		put_code(t, code);
}

void term_write(term_t *t, const u8 *data, size_t len)
{
	t->back = 0; /* what is written is to be seen */
	for (size_t i = 0; i < len; i++)
		write_byte(t, data[i]);
}

void term_print(term_t *t, const char *text, size_t len)
{
	bool insert = t->insert;

	t->back = 0;
	t->insert = false;
	for (size_t i = 0; i < len; i++) {
		u8 c = (u8)text[i];

		if (c == '\n' || c == '\r')
			t->pen.x = 0;
		if (c == '\n')
			term_line_feed(t);
		else if (c == CTL_BACKSPACE && t->pen.x)
			t->pen.x--;
		else if (c == CTL_TAB)
			tabulate(t);
		else if (c >= ' ')
			put_cell(t, c);
		if (c < ' ')
			t->wrap_next = false;
	}
	t->insert = insert;
}

void term_reset(term_t *t)
{
	t->region_top = 0;
	t->region_bottom = t->rows;
	t->state = TERM_NORMAL;
	t->wrap_next = false;
	t->code_left = 0;
	t->pen = (term_pen_t){
		.color = t->default_color,
		.intensity = TERM_NORMAL_INTENSITY,
		.charsets = { TERM_LATIN1, TERM_GRAPHICS },
	};
	t->origin = t->insert = t->newline = t->show_controls = t->meta = t->inverse = false;
	t->cursor_keys = t->keypad = false;
	t->autowrap = t->cursor_visible = t->utf8 = t->autorepeat = true;
	t->mouse = 0;
	t->cursor_type = CURSOR_DEFAULT;
	t->bell_pitch = TERM_BELL_PITCH;
	t->bell_msecs = TERM_BELL_MSECS;
	term_set_tabs(t);
	term_update_attr(t);
	t->map = TERM_LATIN1;
	t->saved = t->pen;
	if (t->cells)
		term_erase_screen(t, 2);
	t->ops->leds(t, TERM_LEDS_OF_LOCKS);
}

void term_setup(term_t *t, const term_ops_t *ops)
{
	memset(t, 0, sizeof(*t));
	t->ops = ops;
	t->default_color = TERM_DEFAULT_COLOR;
	t->underline_color = TERM_UNDERLINE_COLOR;
	t->dim_color = TERM_DIM_COLOR;
	memcpy(t->palette, term_default_palette, sizeof(t->palette));
	term_reset(t);
}
