/*
 * Virtual consoles: what bytes make of the screen, read back through /dev/vcsu and /dev/vcsa; reports;
 * the requests of ioctl_console(2).
 *
 * A row about the screen has a hash of all its cells, attributes and the cursor's place in its name:
 * the same row must exist on both kernels. `console show N` prints the screen that random stream N
 * leaves (cN: with character sets), `console show TEXT` that of a text with \e for ESC;
 * several are written one after the other.
 */
#include "row.h"

#include <linux/kd.h>
#include <linux/keyboard.h>
#include <linux/tiocl.h>
#include <linux/vt.h>
#include <sys/vfs.h>
#include <termios.h>

#define CONSOLE "9"
#define OTHER_CONSOLE "10"
#define SEEDS 150
#define STREAM_PIECES 60

static int tty, vcsu, vcsa;
static unsigned rows, cols;
static unsigned cells[256 * 256];
static unsigned char attributes[4 + 2 * 256 * 256];

static void put(const char *text, size_t n)
{
	if (write(tty, text, n) != (ssize_t)n)
		_exit(1);
}

static void say(const char *text)
{
	put(text, strlen(text));
}

static void open_console(void)
{
	struct termios t;
	struct winsize ws;

	tty = MUST(open("/dev/tty" CONSOLE, O_RDWR | O_NOCTTY));
	MUST(tcgetattr(tty, &t));
	cfmakeraw(&t);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 1;
	MUST(tcsetattr(tty, TCSANOW, &t));
	vcsu = MUST(open("/dev/vcsu" CONSOLE, O_RDONLY));
	vcsa = MUST(open("/dev/vcsa" CONSOLE, O_RDWR));
	MUST(ioctl(tty, TIOCGWINSZ, &ws));
	rows = ws.ws_row;
	cols = ws.ws_col;
	/* Linux keeps code points from the first time that they are asked for. */
	say("\030\033%G");
	MUST(pread(vcsu, cells, 4, 0));
}

/* Code points can be read in UTF-8 mode only: CAN ends what a stream left open. */
static void take(void)
{
	ssize_t n = rows * cols * 4;

	say("\030\033%G");

	if (pread(vcsu, cells, n, 0) != n)
		_exit(2);
	n = 4 + rows * cols * 2;
	if (pread(vcsa, attributes, n, 0) != n)
		_exit(3);
}

static unsigned hash(void)
{
	unsigned h = 2166136261u;

	for (unsigned i = 0; i < rows * cols; i++) {
		h = (h ^ cells[i]) * 16777619u;
		h = (h ^ attributes[4 + 2 * i + 1]) * 16777619u;
	}
	for (unsigned i = 0; i < 4; i++)
		h = (h ^ attributes[i]) * 16777619u;
	return h;
}

static void row_screen(const char *name)
{
	take();
	ROW_TRUE(named("%s-%08x", name, hash()), true);
}

static void draws(const char *name, const char *text)
{
	say("\033c");
	say(text);
	row_screen(name);
}

/* Whether the font's map says that the cells from the first on are glyphs of these characters. */
static void shows(const char *name, const char *text, const wchar_t *want)
{
	static struct unipair pairs[4096];
	struct unimapdesc map = { .entry_ct = LENGTH(pairs), .entries = pairs };
	bool right = true;

	say("\033c");
	say(text);
	take();
	MUST(ioctl(tty, GIO_UNIMAP, &map));
	for (unsigned i = 0; want[i]; i++) {
		bool found = false;

		for (unsigned m = 0; m < map.entry_ct; m++)
			found |= pairs[m].unicode == want[i] &&
				 (pairs[m].fontpos & 0xff) == attributes[4 + 2 * i];
		right &= found;
	}
	ROW_TRUE(name, right);
}

/* Lines that are told apart, with colours, to see what moves where. */
static void fill(void)
{
	say("\033c");
	for (unsigned y = 1; y <= rows; y++) {
		char line[128];
		int n = snprintf(line, sizeof(line), "\033[%u;1H\033[3%um%02u:", y, y % 8, y);

		put(line, n);
		for (unsigned x = 0; x < 60; x++)
			put(&"abcdefghijklmnopqrstuvwxyz"[(x + y) % 26], 1);
	}
	say("\033[m");
}

static void edits(const char *name, const char *text)
{
	fill();
	say(text);
	row_screen(name);
}

static void group_text(void)
{
	open_console();
	draws("plain", "hello, world\r\nsecond line\n  staircase");
	draws("wrap",
	      "0123456789012345678901234567890123456789012345678901234567890123456789012345678"
	      "9abc");
	draws("wrap-pending", "\033[1;79Hxy\rz");
	draws("wrap-backspace", "\033[1;79Hxy\bz!");
	draws("nowrap", "\033[?7l\033[1;75Habcdefghij\033[?7h");
	draws("controls", "a\tb\tc\vd\fe\bf\rg\n\th");
	draws("tabs", "\033[3g\033[1;5H\033H\033[1;11H\033H\r\ta\tb\tc");
	draws("tab-clear", "\033[1;9H\033[g\r\ta\tb");
	draws("del", "ab\177c\0d");
	draws("utf8", "\xc3\xa4\xe2\x82\xac\xe2\x94\x80\xf0\x9f\x98\x80|");
	draws("utf8-bad", "\xc3(\xe2\x82|\xff\xfe\x80\xc0\xaf\xe0\x80\x80\xed\xa0\x80\xf5x");
	draws("utf8-cut", "\xe2\x94\n\xe2\033[1mA\xe2\x94");
	draws("utf8-wide", "\xe6\xbc\xa2\xe5\xad\x97|\033[1;80H\xe6\xbc\xa2|");
	draws("utf8-none", "a\xe2\x80\x8b"
			   "b\xef\xbb\xbf"
			   "c\xe2\x80\xaa|");
	shows("graphics-so", "\033)0\016lqk\017lqk", L"\u250c\u2500\u2510lqk");
	shows("graphics-g0-utf8", "\033(0lqk\033(B", L"lqk");
	shows("graphics-g0", "\033%@\033(0lqkxa\033(B lq\033%G",
	      L"\u250c\u2500\u2510\u2502\u2592 lq");
	shows("latin1", "\033%@\xe4\xf6\xfc\033%G\xc3\xa4", L"\u00e4\u00f6\u00fc\u00e4");
	shows("latin1-csi",
	      "\033%@\x9b"
	      "3Cx\033%G",
	      L"   x");
	shows("ibm", "\033[11m\xc4\xc5\xb3\033[10mx\033[11ma", L"\u2500\u253c\u2502xa");
	shows("ibm-charset", "\033%@\033(U\xc4\xb3\033(B\xe4\033%G", L"\u2500\u2502\u00e4");
	shows("align", "\033#8", L"EEEEEEEE");
	draws("c1", "\xc2\x9b"
		    "31mred");
}

static void group_colors(void)
{
	open_console();
	draws("basic", "\033[30;41ma\033[31;42mb\033[32;43mc\033[33;44md\033[34;45me\033[35;46mf"
		       "\033[36;47mg\033[37;40mh\033[39;49mi");
	draws("bold", "\033[1;31mx\033[22my\033[2mz\033[22mw");
	draws("looks",
	      "\033[4ma\033[24mb\033[7mc\033[27md\033[5me\033[25mf\033[3mg\033[23mh\033[21mi");
	draws("mixed", "\033[1;4;7;31;42ma\033[2;5mb\033[mc\033[;1md\033[1;me");
	draws("bright", "\033[91ma\033[97mb\033[101mc\033[107md\033[90me");
	draws("indexed", "\033[38;5;1ma\033[38;5;9mb\033[38;5;208mc\033[38;5;240md\033[48;5;21me"
			 "\033[48;5;255mf\033[38;5;256mg\033[38;5mh");
	draws("rgb", "\033[38;2;255;0;0ma\033[38;2;80;80;80mb\033[48;2;0;200;0mc\033[38;2;1;2md"
		     "\033[38;2;170;170;170me\033[38;2;300;300;300mf");
	draws("erase-colors", "\033[44;1;4;7mab\033[K\n\033[2J\033[Hx\033[X");
	draws("inverse", "\033[31mab\033[?5hcd\033[Kx\033[?5lef");
	draws("underline-color", "\033[1;5]\033[4ma\033[2;1]\033[24;2mb\033[m");
	draws("default-color", "\033[32;44m\033[8]a\033[mb\033[37;40m\033[8]");
}

static void group_editing(void)
{
	static const char *const sequences[] = {
		"J",   "1J",  "2J", "3J",  "4J",  "K", "1K", "2K",  "3K", "X",
		"5X",  "99X", "P",  "7P",  "99P", "@", "7@", "99@", "L",  "3L",
		"99L", "M",   "3M", "99M", "0L",  "S", "T",  "5b",  "Z",  "I",
	};

	open_console();
	for (unsigned i = 0; i < LENGTH(sequences); i++) {
		fill();
		say(named("\033[44m\033[10;20H\033[%s#", sequences[i]));
		row_screen(named("csi-%s", sequences[i]));
	}
	edits("insert-mode", "\033[5;10H\033[4hINSERT\033[4lover");
	edits("insert-edge", "\033[5;78H\033[4hINSERT\033[4l");
	edits("index", "\033[25;5H\033D\033[1;5H\033M\033Ex");
	edits("reset", "\033[31m\033[5;10r\033[?6h\033cx");
}

static void group_region(void)
{
	open_console();
	edits("scroll-up", "\033[5;10r\033[10;1H\n\nx");
	edits("scroll-down", "\033[5;10r\033[5;1H\033M\033Mx");
	edits("below", "\033[5;10r\033[25;1H\n\nx\033[12;1H\033Mx");
	edits("above", "\033[5;10r\033[2;1H\033M\033M\033Mx");
	edits("insert-lines", "\033[5;10r\033[7;3H\033[2Lx");
	edits("delete-lines", "\033[5;10r\033[7;3H\033[2Mx");
	edits("lines-outside", "\033[5;10r\033[15;3H\033[2Lx\033[3;3H\033[2My");
	edits("origin", "\033[5;10r\033[?6h\033[1;1Ha\033[99;99Hb\033[3dc\033[2A\033[99Bd\033[?6l");
	edits("bad", "\033[10;5rx\033[5;99ry\033[5rz\033[;7rw\033[3;3rv");
	edits("moves", "\033[5;10r\033[20;20H\033[99AA\033[20;20H\033[99BB\033[7;7H\033[99AC");
	edits("origin-wrap", "\033[5;10r\033[?6h\033[6;75Habcdefghijklm\033[?6l");
}

static void group_cursor(void)
{
	open_console();
	draws("moves",
	      "\033[10;10Ha\033[3Ab\033[2Bc\033[5Cd\033[4De\033[2Ef\033[Fg\033[30Gh\033[5`i");
	draws("zero", "\033[0;0Ha\033[5;5H\033[0Ab\033[0Bc\033[0Cd\033[0De");
	draws("far", "\033[999;999Ha\033[999Ab\033[999Dc\033[999Cd\033[999Be");
	draws("relative", "\033[5;5H\033[3aa\033[2eb\033[7dc");
	draws("save", "\033[5;5H\033[31;7m\0337\033[20;20H\033[mx\0338y");
	draws("save-csi", "\033[5;5H\033[31m\033[s\033[20;20H\033[mx\033[uy");
	draws("save-charset", "\033)0\016\0337\017\0338lqk\017");
	draws("save-wrap", "\033[1;80Hx\0337\033[5;5H\0338y");
	draws("newline-mode", "\033[20hab\ncd\033[20lef\ngh");
	draws("parameters",
	      "\033[;5Ha\033[3;Hb\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;31mc");
	draws("unknown", "\033[5wa\033[?99hb\033[>1cc\033[=1hd\033[<5me\033[1:2mf\033[ qg\033[!ph");
	draws("inside", "\033[1\n0;5\rHx\033[3\0301;1Hy\033[\0332\033[1mz");
	draws("strings",
	      "\033]0;title\ax\033]2;other\033\\y\033Pdcs\033\\z\033^pm\033\\w\033_apc\033\\v");
	draws("palette", "\033]P1ff8000a\033]Pgb\033]Rc\033]d");
	draws("function", "\033[[Ax\033[[[y");
	draws("percent", "\033%x\033%8y\033#3z\033(\033)\033");
	draws("alternate", "\033[?1049hx\033[?1049ly\033[?2004hz\033[?25lw\033[?25h\033[?6;7hv");
	draws("long-number", "\033[99999999999999999999Cx\033[4294967297Cy");
}

/* ---- random streams ---- */

static unsigned random_state;
static bool with_charsets;

static unsigned below(unsigned n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

static size_t random_csi(char *out)
{
	static const char finals[] = "ABCDEFGHJKLMPX@`abcdefghlmnrsuqSTZ";
	size_t n = 0;
	unsigned params = below(4);
	char final;

	out[n++] = '\033';
	out[n++] = '[';
	if (!below(8))
		out[n++] = "?><="[below(4)];
	for (unsigned i = 0; i < params; i++) {
		unsigned value = below(3) ? below(12) : below(4) ? below(100) : below(400);

		/* As modes or looks these leave UTF-8. */
		if (!with_charsets && (value == 3 || value == 11 || value == 12))
			value += 20;
		n += sprintf(out + n, "%s%u", i ? ";" : "", value);
	}
	final = finals[below(sizeof(finals) - 1)];
	/* Reports would fill up the input. */
	out[n++] = final == 'n' || final == 'c' ? 'm' : final;
	return n;
}

static size_t random_piece(char *out)
{
	static const char *const fixed[] = {
		"\033M",	"\033D",    "\033E",	  "\0337",    "\0338",	      "\033H",
		"\r",		"\n",	    "\b",	  "\t",	      "\v",	      "\033c",
		"\033[4h",	"\033[4l",  "\033[?6h",	  "\033[?6l", "\033[?7l",     "\033[?7h",
		"\033[?5h",	"\033[?5l", "\033[3;20r", "\033[r",   "\xe2\x94\x82", "\xc3\xa9",
		"\xe4\xb8\xad", "\xff",	    "\033[20h",	  "\033[20l", "\030",	      "\177",
	};
	static const char *const charsets[] = {
		"\033(0", "\033(B", "\033)0",	"\016",	    "\017",   "\033#8",
		"\033%@", "\033%G", "\033[11m", "\033[10m", "\033(U", "\033[12m",
	};
	unsigned kind = below(12);
	const char *text;
	size_t n = 0;

	if (kind < 4) {
		for (unsigned len = 1 + below(below(4) ? 12 : 100); n < len; n++)
			out[n] = (char)(' ' + below(95));
		return n;
	}
	if (kind < 9)
		return random_csi(out);
	text = with_charsets && kind < 11 ? charsets[below(LENGTH(charsets))]
					  : fixed[below(LENGTH(fixed))];
	n = strlen(text);
	memcpy(out, text, n);
	return n;
}

static void random_stream(unsigned seed)
{
	char piece[256];

	random_state = seed * 2654435761u;
	say("\030\033%G\033c");
	for (unsigned i = 0; i < STREAM_PIECES; i++)
		put(piece, random_piece(piece));
}

static void group_random(void)
{
	open_console();
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		random_stream(seed);
		row_screen(named("seed-%u", seed));
	}
}

/* Linux answers with bytes and not with characters for what was written outside UTF-8. */
static void group_charsets(void)
{
	open_console();
	with_charsets = true;
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		random_stream(seed);
		take();
		memset(cells, 0, sizeof(cells));
		ROW_TRUE(named("seed-%u-%08x", seed, hash()), true);
	}
	say("\030\033%G\033c");
}

/* ---- reports ---- */

static void report(const char *name, const char *ask, const char *want)
{
	char got[64] = "";
	ssize_t n;

	tcflush(tty, TCIFLUSH);
	say(ask);
	n = read(tty, got, sizeof(got) - 1);
	ROW_TRUE(name, n == (ssize_t)strlen(want) && !memcmp(got, want, n));
}

static void group_reports(void)
{
	open_console();
	say("\033c");
	report("status", "\033[5n", "\033[0n");
	report("cursor", "\033[7;33H\033[6n", "\033[7;33R");
	report("cursor-origin", "\033[5;10r\033[?6h\033[2;3H\033[6n", "\033[10;3R");
	report("attributes", "\033c\033[c", "\033[?6c");
	report("attributes-zero", "\033[0c", "\033[?6c");
	report("identify", "\033Z", "\033[?6c");
	report("private-none", "\033[?6n", "");
	report("secondary-none", "\033[>c", "");
}

/* ---- requests ---- */

static void group_keyboard(void)
{
	static const unsigned char tables[] = { 0, 1, 2, 4, 5, 8, 12 };
	struct kbentry e;
	char type = 0;
	int value = 0;
	unsigned char leds;

	open_console();
	ROW("type", ioctl(tty, KDGKBTYPE, &type), 0);
	ROW("type-101", type, KB_101);
	ROW("mode-get", ioctl(tty, KDGKBMODE, &value), 0);
	ROW("mode-unicode", value, K_UNICODE);
	ROW("mode-set", ioctl(tty, KDSKBMODE, K_XLATE), 0);
	ROW("mode-bad", ioctl(tty, KDSKBMODE, 17) ? -errno : 0, -EINVAL);
	ioctl(tty, KDGKBMODE, &value);
	ROW("mode-xlate", value, K_XLATE);
	ioctl(tty, KDSKBMODE, K_UNICODE);
	ROW("meta-get", ioctl(tty, KDGKBMETA, &value), 0);
	ROW("meta-escape", value, K_ESCPREFIX);
	ROW("meta-bad", ioctl(tty, KDSKBMETA, 9) ? -errno : 0, -EINVAL);
	ROW("leds-set", ioctl(tty, KDSETLED, 5), 0);
	ROW("leds-get", ioctl(tty, KDGETLED, &leds), 0);
	ROW("locks-set", ioctl(tty, KDSKBLED, 2), 0);
	ROW("locks-bad", ioctl(tty, KDSKBLED, 0x88) ? -errno : 0, -EINVAL);
	ROW("locks-get", ioctl(tty, KDGKBLED, &leds), 0);
	ROW("locks-num", leds & 7, 2);
	ioctl(tty, KDSKBLED, 0);
	ioctl(tty, KDSETLED, 8);
	for (unsigned t = 0; t < LENGTH(tables); t++) {
		unsigned wrong = 0;

		for (unsigned key = 0; key < 128; key++) {
			e = (struct kbentry){ .kb_table = tables[t], .kb_index = key };
			wrong |= ioctl(tty, KDGKBENT, &e) != 0;
		}
		ROW(named("entries-%u", tables[t]), wrong, 0);
	}
	e = (struct kbentry){ .kb_table = 3, .kb_index = 0 };
	ROW("no-table", ioctl(tty, KDGKBENT, &e), 0);
	ROW("no-table-value", e.kb_value, K_NOSUCHMAP);
	e = (struct kbentry){ .kb_table = 0, .kb_index = 30, .kb_value = K(KT_CUR, 4) };
	ROW("entry-bad", ioctl(tty, KDSKBENT, &e) ? -errno : 0, -EINVAL);
	e = (struct kbentry){ .kb_table = 0, .kb_index = 30, .kb_value = K(KT_LATIN, 'x') };
	ROW("entry-set", ioctl(tty, KDSKBENT, &e), 0);
	e.kb_value = 0;
	ioctl(tty, KDGKBENT, &e);
	ROW("entry-is", e.kb_value, K(KT_LATIN, 'x'));
	e.kb_value = K(KT_LETTER, 'a');
	ioctl(tty, KDSKBENT, &e);
	ROWS_EFAULT("type-pointer", 1, ioctl(tty, KDGKBTYPE, p) ? -errno : 0);
	ROWS_EFAULT("mode-pointer", 4, ioctl(tty, KDGKBMODE, p) ? -errno : 0);
	ROWS_EFAULT("entry-pointer", 4, ioctl(tty, KDGKBENT, p) ? -errno : 0);
	ROW("unknown", ioctl(tty, 0x4bff, 0) ? -errno : 0, -ENOTTY);
	CHILD(become(USER);
	      ROW("mode-unprivileged", ioctl(tty, KDSKBMODE, K_XLATE) ? -errno : 0, -EPERM);
	      ROW("tone-unprivileged", ioctl(tty, KIOCSOUND, 0) ? -errno : 0, -EPERM));
}

/* One key's meaning in each of the tables: the names of the rows carry the values. */
static void group_keymap(void)
{
	static const unsigned char tables[] = { 0, 1, 2, 4, 5, 8, 12 };
	static const unsigned char keys[] = {
		1,  2,	3,  4,	5,  6,	 7,   8,   9,	10,  11,  12,  13,  14,	 15,  16,  17,
		18, 19, 20, 21, 22, 23,	 24,  25,  26,	27,  28,  29,  30,  31,	 32,  33,  34,
		35, 36, 37, 38, 39, 40,	 41,  42,  43,	44,  45,  46,  47,  48,	 49,  50,  51,
		52, 53, 54, 55, 56, 57,	 58,  59,  60,	61,  62,  63,  64,  65,	 66,  67,  68,
		69, 70, 71, 72, 73, 74,	 75,  76,  77,	78,  79,  80,  81,  82,	 83,  86,  87,
		88, 96, 97, 98, 99, 100, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 119,
	};
	static const unsigned char functions[] = { 0,  1,  4,  5,  9,  10, 11, 12, 19,
						   20, 21, 22, 23, 24, 25, 26, 29 };
	struct kbsentry s;

	open_console();
	for (unsigned t = 0; t < LENGTH(tables); t++) {
		for (unsigned k = 0; k < LENGTH(keys); k++) {
			struct kbentry e = { .kb_table = tables[t], .kb_index = keys[k] };

			MUST(ioctl(tty, KDGKBENT, &e));
			ROW_TRUE(named("%u-%u-%04x", tables[t], keys[k], e.kb_value), true);
		}
	}
	for (unsigned f = 0; f < LENGTH(functions); f++) {
		s = (struct kbsentry){ .kb_func = functions[f] };
		ROW(named("string-%u-%s", functions[f], "get"), ioctl(tty, KDGKBSENT, &s), 0);
		ROW_TRUE(named("string-%u-%s", functions[f],
			       s.kb_string[0] ? (char *)s.kb_string + 1 : "none"),
			 true);
	}
	s = (struct kbsentry){ .kb_func = 0, .kb_string = "hello" };
	ROW("string-set", ioctl(tty, KDSKBSENT, &s), 0);
	memset(&s, 0, sizeof(s));
	ioctl(tty, KDGKBSENT, &s);
	ROW_TRUE("string-is", !strcmp((char *)s.kb_string, "hello"));
	s = (struct kbsentry){ .kb_func = 0, .kb_string = "\033[[A" };
	ioctl(tty, KDSKBSENT, &s);
}

/* What the file system of devices has left. */
static long free_nodes(void)
{
	struct statfs s;

	return statfs("/dev", &s) ? -1 : (long)s.f_ffree;
}

static void group_switching(void)
{
	struct vt_mode mode = { 0 };
	struct vt_stat state;
	int free_one = 0, front, other;
	long nodes;

	open_console();
	ROW("state", ioctl(tty, VT_GETSTATE, &state), 0);
	front = state.v_active;
	ROW_TRUE("state-front", front >= 1 && front <= MAX_NR_CONSOLES);
	ROW_TRUE("state-open", state.v_state & 1 << 9);
	ROW("query", ioctl(tty, VT_OPENQRY, &free_one), 0);
	ROW_TRUE("query-free", free_one > 0 && free_one != 9);
	ROW("mode-get", ioctl(tty, VT_GETMODE, &mode), 0);
	ROW("mode-auto", mode.mode, VT_AUTO);
	mode.mode = 7;
	ROW("mode-bad", ioctl(tty, VT_SETMODE, &mode) ? -errno : 0, -EINVAL);
	ROW("release-auto", ioctl(tty, VT_RELDISP, 1) ? -errno : 0, -EINVAL);
	ROW("activate-zero", ioctl(tty, VT_ACTIVATE, 0) ? -errno : 0, -ENXIO);
	ROW("activate-64", ioctl(tty, VT_ACTIVATE, 64) ? -errno : 0, -ENXIO);
	ROW("wait-64", ioctl(tty, VT_WAITACTIVE, 64) ? -errno : 0, -ENXIO);
	ROW("activate", ioctl(tty, VT_ACTIVATE, 9), 0);
	ROW("wait", ioctl(tty, VT_WAITACTIVE, 9), 0);
	ioctl(tty, VT_GETSTATE, &state);
	ROW("active", state.v_active, 9);
	ROW("disallocate-front", ioctl(tty, VT_DISALLOCATE, 9) ? -errno : 0, -EBUSY);
	nodes = free_nodes();
	other = MUST(open("/dev/tty" OTHER_CONSOLE, O_RDWR | O_NOCTTY));
	ROW("disallocate-open", ioctl(tty, VT_DISALLOCATE, 10) ? -errno : 0, -EBUSY);
	close(other);
	/* Linux defers what a last close does. */
	ROW_TRUE("disallocate", EVENTUALLY(!ioctl(tty, VT_DISALLOCATE, 10)));
	ROW("disallocate-again", ioctl(tty, VT_DISALLOCATE, 10) ? -errno : 0, -EBUSY);
	ROW("disallocate-64", ioctl(tty, VT_DISALLOCATE, 64) ? -errno : 0, -ENXIO);
	ROW("no-vcs", open("/dev/vcs" OTHER_CONSOLE, O_RDONLY) < 0 ? -errno : 0, -ENOENT);
	ROW_TRUE("vcs-freed", EVENTUALLY(free_nodes() >= nodes));
	/* Asked before the switch, and told after it. */
	mode = (struct vt_mode){ .mode = VT_PROCESS, .relsig = SIGUSR1, .acqsig = SIGUSR2 };
	sigset_t set;
	struct timespec soon = { .tv_sec = 5 };

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ROW("process-set", ioctl(tty, VT_SETMODE, &mode), 0);
	ROW("process-activate", ioctl(tty, VT_ACTIVATE, front), 0);
	ROW("process-asked", sigtimedwait(&set, NULL, &soon), SIGUSR1);
	ioctl(tty, VT_GETSTATE, &state);
	ROW("process-waits", state.v_active, 9);
	ROW("process-release", ioctl(tty, VT_RELDISP, 1), 0);
	ROW("process-gone", ioctl(tty, VT_WAITACTIVE, front), 0);
	ROW("process-back", ioctl(tty, VT_ACTIVATE, 9), 0);
	ROW("process-got", sigtimedwait(&set, NULL, &soon), SIGUSR2);
	ROW("process-ack", ioctl(tty, VT_RELDISP, VT_ACKACQ), 0);
	mode = (struct vt_mode){ .mode = VT_AUTO };
	ROW("auto-again", ioctl(tty, VT_SETMODE, &mode), 0);
	ROW("lock", ioctl(tty, VT_LOCKSWITCH, 0), 0);
	ROW("unlock", ioctl(tty, VT_UNLOCKSWITCH, 0), 0);
	ioctl(tty, VT_ACTIVATE, front);
	ioctl(tty, VT_WAITACTIVE, front);
	/* By a sequence: only to a console that there is. */
	say("\033[12;0]\033[12;99]\033[12;" OTHER_CONSOLE "]");
	say("\033[12;9]");
	ROW("sequence-activates", ioctl(tty, VT_WAITACTIVE, 9), 0);
	ROW("sequence-makes-none", open("/dev/vcs" OTHER_CONSOLE, O_RDONLY) < 0 ? -errno : 0,
	    -ENOENT);
	ioctl(tty, VT_ACTIVATE, front);
	ioctl(tty, VT_WAITACTIVE, front);
	CHILD(become(USER);
	      ROW("activate-unprivileged", ioctl(tty, VT_ACTIVATE, 9) ? -errno : 0, -EPERM);
	      ROW("lock-unprivileged", ioctl(tty, VT_LOCKSWITCH, 0) ? -errno : 0, -EPERM));
	ROWS_EFAULT("state-pointer", 6, ioctl(tty, VT_GETSTATE, p) ? -errno : 0);
	ROWS_EFAULT("mode-pointer", 8, ioctl(tty, VT_SETMODE, p) ? -errno : 0);
}

/* A hang-up ends the files that are open, not the terminal. */
static void group_hang_up(void)
{
	struct pollfd pfd = { .events = POLLIN | POLLOUT };
	int old, fresh;

	open_console();
	old = MUST(open("/dev/tty" OTHER_CONSOLE, O_RDWR | O_NOCTTY));
	ROW("hang-up", ioctl(old, TIOCVHANGUP), 0);
	ROW("old-write", write(old, "x", 1) < 0 ? -errno : 0, -EIO);
	ROW("old-read", read(old, &pfd, 1), 0);
	fresh = MUST(open("/dev/tty" OTHER_CONSOLE, O_RDWR | O_NOCTTY | O_NONBLOCK));
	ROW("fresh-write", write(fresh, "x", 1), 1);
	ROW("fresh-read", read(fresh, &pfd, 1) < 0 ? -errno : 0, -EAGAIN);
	pfd.fd = fresh;
	poll(&pfd, 1, 0);
	ROW("fresh-poll", pfd.revents, POLLOUT);
	ROW("hang-up-fresh", ioctl(fresh, TIOCVHANGUP), 0);
	ROW("fresh-ended", write(fresh, "x", 1) < 0 ? -errno : 0, -EIO);
	close(old);
	close(fresh);
	/* Linux defers what a last close does. */
	ROW_TRUE("disallocate", EVENTUALLY(!ioctl(tty, VT_DISALLOCATE, 10)));
}

static void group_screen(void)
{
	unsigned char map[48], old[48];
	unsigned char fresh[8];
	int value = 0;

	open_console();
	say("\033cHello");
	ROW("get-mode", ioctl(tty, KDGETMODE, &value), 0);
	ROW("text", value, KD_TEXT);
	ROW("set-graphics", ioctl(tty, KDSETMODE, KD_GRAPHICS), 0);
	ioctl(tty, KDGETMODE, &value);
	ROW("graphics", value, KD_GRAPHICS);
	ROW("set-text", ioctl(tty, KDSETMODE, KD_TEXT), 0);
	ROW("set-bad", ioctl(tty, KDSETMODE, 9) ? -errno : 0, -EINVAL);
	ROW("colors-get", ioctl(tty, GIO_CMAP, old), 0);
	memcpy(map, old, sizeof(map));
	map[3] = 0x12;
	ROW("colors-set", ioctl(tty, PIO_CMAP, map), 0);
	memset(map, 0, sizeof(map));
	ioctl(tty, GIO_CMAP, map);
	ROW("colors-is", map[3], 0x12);
	ioctl(tty, PIO_CMAP, old);
	ROW_TRUE("colors-default", old[3] == 0xaa && old[4] == 0 && old[47] == 0xff);
	ROWS_EFAULT("colors-pointer", 48, ioctl(tty, GIO_CMAP, p) ? -errno : 0);
	ROW("vcsa-header", pread(vcsa, fresh, 4, 0), 4);
	ROW_TRUE("vcsa-size", fresh[0] == rows && fresh[1] == cols);
	ROW_TRUE("vcsa-cursor", fresh[2] == 5 && fresh[3] == 0);
	ROW("vcsa-end", pread(vcsa, fresh, 4, 4 + rows * cols * 2), 0);
	ROW("vcsa-seek", lseek(vcsa, 0, SEEK_END), 4 + rows * cols * 2);
	ROW("vcsa-beyond", lseek(vcsa, 5 + rows * cols * 2, SEEK_SET) < 0 ? -errno : 0, -EINVAL);
	ROW("vcsu-seek", lseek(vcsu, 0, SEEK_END), rows * cols * 4);
	ROW("vcsu-odd", pread(vcsu, fresh, 3, 0) < 0 ? -errno : 0, -EINVAL);
	ROW("vcsu-write", pwrite(vcsu, fresh, 4, 0) < 0 ? -errno : 0, -EBADF);
	ROW("vcsa-write", pwrite(vcsa, "J\x1f", 2, 4), 2);
	ROW("vcsa-written", pread(vcsa, fresh, 2, 4), 2);
	ROW_TRUE("vcsa-is", fresh[0] == 'J' && fresh[1] == 0x1f);
	fresh[0] = 7;
	fresh[1] = 3;
	ROW("vcsa-move", pwrite(vcsa, fresh, 2, 2), 2);
	say("x");
	ROW("vcsa-cursor-read", pread(vcsa, fresh, 4, 0), 4);
	ROW_TRUE("vcsa-moved", fresh[2] == 8 && fresh[3] == 3);
	char what = TIOCL_GETFGCONSOLE;
	ROW_TRUE("linux-front", ioctl(tty, TIOCLINUX, &what) >= 0);
	what = TIOCL_GETSHIFTSTATE;
	ROW("linux-shift", ioctl(tty, TIOCLINUX, &what), 0);
	ROW("linux-shift-none", what, 0);
	what = 99;
	ROW("linux-bad", ioctl(tty, TIOCLINUX, &what) ? -errno : 0, -EINVAL);
	ROW("no-console", open("/dev/vcs50", O_RDONLY) < 0 ? -errno : 0, -ENOENT);
}

static void show_one(const char *what)
{
	with_charsets = what[0] == 'c';
	if (with_charsets || (what[0] >= '0' && what[0] <= '9')) {
		random_stream(atoi(what + with_charsets));
		return;
	}
	say("\033c");
	for (; *what; what++) {
		if (what[0] == '\\' && what[1] == 'e') {
			say("\033");
			what++;
		} else {
			put(what, 1);
		}
	}
}

static int show(char **what)
{
	row_counts = calloc(1, sizeof(*row_counts));
	open_console();
	for (; *what; what++) {
		show_one(*what);
		take();
	}
	printf("cursor %u,%u hash %08x\n", attributes[2], attributes[3], hash());
	for (unsigned y = 0; y < rows; y++) {
		const unsigned *line = cells + y * cols;
		const unsigned char *looks = attributes + 4 + 2 * y * cols;

		for (unsigned x = 0; x < cols; x++)
			printf("%c", line[x] >= ' ' && line[x] < 127 ? line[x] : '?');
		printf("|");
		for (unsigned x = 0; x < cols; x++)
			if (line[x] < ' ' || line[x] >= 127)
				printf(" %u:%x", x, line[x]);
		for (unsigned x = 0; x < cols; x++)
			if (looks[2 * x + 1] != (x ? looks[2 * x - 1] : 7))
				printf(" %u/%02x", x, looks[2 * x + 1]);
		printf("\n");
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "show"))
		return show(argv + 2);
	begin(argc, argv, "console");
	GROUP_ALONE(group_text);
	GROUP_ALONE(group_colors);
	GROUP_ALONE(group_editing);
	GROUP_ALONE(group_region);
	GROUP_ALONE(group_cursor);
	GROUP_ALONE(group_random);
	GROUP_ALONE(group_charsets);
	GROUP_ALONE(group_reports);
	GROUP_ALONE(group_keyboard);
	GROUP_ALONE(group_keymap);
	GROUP_ALONE(group_switching);
	GROUP_ALONE(group_hang_up);
	GROUP_ALONE(group_screen);
	return finish();
}
