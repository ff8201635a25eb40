/*
 * A terminal's screen: cells, and the machine that turns bytes into changes of them, as the Linux
 * console does (console_codes(4), TERM=linux). Depends on nothing but kernel/lib: the caller brings
 * the memory, locks, and takes answers through term_ops_t.
 *
 *	term_setup(&t, &ops, owner);
 *	old = term_set_cells(&t, memory, lines, cols, rows);	at first NULL
 *	term_write(&t, bytes, n);
 *	term_row(&t, y)[x]					what is to be seen
 */
#ifndef DRIVERS_TTY_VT_TERM_H
#define DRIVERS_TTY_VT_TERM_H

#include <drivers/screen.h>

#define TERM_MAX_COLS 512
#define TERM_MAX_ROWS 512
#define TERM_PARAMS 16
#define TERM_TAB_WORDS (TERM_MAX_COLS / 64)

/* Colours of an attribute are VGA's: blue 1, green 2, red 4, bright 8. */
#define TERM_DEFAULT_COLOR 0x07u
#define TERM_UNDERLINE_COLOR 0x03u /* what a colour screen shows for underlined, dim, italic */
#define TERM_DIM_COLOR 0x08u
#define TERM_ITALIC_COLOR 0x02u
#define TERM_BELL_PITCH 750u /* Hz */
#define TERM_BELL_MSECS 125u

#define TERM_LEDS_OF_LOCKS 8u /* the lights show the keyboard's locks again */

struct term;

/* Called from term_write, with the caller's locks held; none may be NULL. */
typedef struct term_ops {
	void (*reply)(struct term *t, const char *text, size_t len); /* to the program's input */
	void (*bell)(struct term *t);
	/* Scroll 1, num 2, caps 4; or TERM_LEDS_OF_LOCKS. */
	void (*leds)(struct term *t, u32 lit);		  /* ESC [ n q */
	void (*palette)(struct term *t);		  /* t->palette changed */
	void (*bring_front)(struct term *t, u32 console); /* ESC [ 12 ; n ] */
} term_ops_t;

typedef enum term_state {
	TERM_NORMAL,
	TERM_ESCAPE,
	TERM_CSI,
	TERM_CSI_IGNORE, /* up to its final byte */
	TERM_FUNCTION,	 /* ESC [ [: the next byte is dropped */
	TERM_CHARSET_0,	 /* ESC ( */
	TERM_CHARSET_1,	 /* ESC ) */
	TERM_HASH,	 /* ESC # */
	TERM_PERCENT,	 /* ESC % */
	TERM_OSC,
	TERM_PALETTE, /* ESC ] P */
	TERM_STRING,  /* dropped up to BEL or ST */
} term_state_t;

typedef enum term_charset { TERM_LATIN1, TERM_GRAPHICS, TERM_IBM, TERM_USER } term_charset_t;

typedef enum term_intensity { TERM_DIM, TERM_NORMAL_INTENSITY, TERM_BOLD } term_intensity_t;

/* What ESC 7 keeps. */
typedef struct term_pen {
	u32 x, y;
	u8 color; /* background in the upper half */
	u8 intensity;
	bool italic, underline, blink, reverse;
	u8 charset;	/* which of the two is in use */
	u8 charsets[2]; /* term_charset_t */
} term_pen_t;

/* Everything under the owner's lock. */
typedef struct term {
	const term_ops_t *ops;
	u32 cols, rows;
	/*
	 * A ring of lines: row 0 is line `top`; the `history` lines before it have been scrolled
	 * out. The view shows lines `back` further up than they are.
	 */
	cell_t *cells;
	u32 lines, top, history, back;

	term_pen_t pen, saved;
	u8 map;		/* term_charset_t that bytes go through outside UTF-8 */
	u8 attr;	/* of the next character: made from pen by term_update_attr */
	cell_t blank;	/* what erasing leaves */
	bool wrap_next; /* the last column was written; the next character goes to a new line */
	u32 region_top, region_bottom;
	unsigned long tabs[TERM_TAB_WORDS];

	bool origin, autowrap, insert, newline, show_controls, meta, inverse;
	bool cursor_visible, utf8;
	bool cursor_keys, keypad, autorepeat; /* for the keyboard */
	u8 mouse;			      /* DEC 9: 1, DEC 1000: 2 */
	u32 cursor_type;		      /* ESC [ ? a ; b ; c c, as VT_CURSOR_* takes it */
	u8 default_color, underline_color, dim_color;
	u32 bell_pitch, bell_msecs;
	u8 palette[16][3]; /* red, green, blue by ANSI number (red 1, blue 4) */

	term_state_t state;
	char mark; /* private mark of the sequence: '?', '>', '=', '<', or 0 */
	u32 params[TERM_PARAMS], param_count;
	u32 palette_digits;
	u32 code;	/* UTF-8 sequence so far */
	u32 code_left;	/* continuation bytes that are missing */
	u32 code_least; /* a smaller code point was encoded too long */
} term_t;

/* All of power-on's settings; cells are not touched and may be absent until term_set_cells. */
void term_setup(term_t *t, const term_ops_t *ops);
/*
 * Gives the machine new memory of lines * cols cells (lines >= rows) and moves what was to be seen
 * there, the cursor's row staying on the screen. Returns the former memory, now the caller's.
 */
cell_t *term_set_cells(term_t *t, cell_t *memory, u32 lines, u32 cols, u32 rows);
void term_write(term_t *t, const u8 *data, size_t len);
/* As the kernel's log writes: no sequences, every byte is a character, a newline returns too. */
void term_print(term_t *t, const char *text, size_t len);
void term_reset(term_t *t);		     /* ESC c */
void term_scroll_view(term_t *t, int lines); /* negative: back into the history */

/* Row y of the screen as programs know it, and as it is seen when the view is scrolled back. */
cell_t *term_row(const term_t *t, u32 y);
const cell_t *term_seen_row(const term_t *t, u32 y);
extern const u8 term_default_palette[16][3];
extern const u8 term_ansi_to_vga[8];

/* ---- between the parts of the machine ---- */

void term_update_attr(term_t *t);
u8 term_swap_colors(u8 attr); /* foreground and background; bright and blinking stay */
void term_fill(cell_t *cells, cell_t value, u32 n);
void term_goto(term_t *t, s64 x, s64 y);	/* kept on the screen, in the region if `origin` */
void term_goto_origin(term_t *t, s64 x, s64 y); /* counted from the region if `origin` */
void term_scroll_up(term_t *t, u32 top, u32 bottom, u32 n);
void term_scroll_down(term_t *t, u32 top, u32 bottom, u32 n);
void term_line_feed(term_t *t);
void term_save(term_t *t);
void term_restore(term_t *t);
void term_erase_screen(term_t *t, u32 what);
void term_csi(term_t *t, u8 final);
void term_sgr(term_t *t);
void term_set_tabs(term_t *t);
u32 term_param(const term_t *t, u32 index, u32 fallback); /* 0 and absent give the fallback */
u32 term_map_graphics(u8 c);				  /* DEC line drawing, VT100 */
u32 term_map_ibm(u8 c);					  /* code page 437 */
bool term_is_wide(u32 code);
bool term_is_zero_width(u32 code);

#endif
