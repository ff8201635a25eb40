/*
 * What keys mean: the US layout to begin with, changed by KDSKBENT (loadkmap, loadkeys).
 *
 * There is a table for each set of modifiers that means something, a meaning a key (uapi/kd.h).
 */
#include "keyboard.h"

#include <drivers/input.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/slab.h>

#define SHIFT (1u << KG_SHIFT)
#define ALTGR (1u << KG_ALTGR)
#define CTRL (1u << KG_CTRL)
#define ALT (1u << KG_ALT)
#define STRINGS 256
#define STRING_SIZE 8 /* of a built-in one */
#define FUNCTION_KEYS 12
#define HEX_DIGITS 10 /* KT_ASCII values from here on are hexadecimal digits */

static u16 *tables[KEYMAP_TABLES];
static char *strings[STRINGS]; /* NULL: the built-in one, if there is one */

/* Characters of keys 1 to 56; a blank stands for keys that have none. */
static const char plain_characters[] =
	"\0331234567890-=\177\tqwertyuiop[]  asdfghjkl;'` \\zxcvbnm,./   ";
static const char shift_characters[] =
	"\033!@#$%^&*()_+\177\tQWERTYUIOP{}  ASDFGHJKL:\"~ |ZXCVBNM<>?   ";

/* The same in every table. */
static const struct {
	u8 key;
	u16 meaning;
} common[] = {
	{ KEY_ENTER, K(KT_SPEC, KS_ENTER) },
	{ KEY_LEFTCTRL, K(KT_SHIFT, KG_CTRL) },
	{ KEY_LEFTSHIFT, K(KT_SHIFT, KG_SHIFT) },
	{ KEY_RIGHTSHIFT, K(KT_SHIFT, KG_SHIFT) },
	{ 55, K(KT_PAD, 12) },
	{ KEY_LEFTALT, K(KT_SHIFT, KG_ALT) },
	{ KEY_CAPSLOCK, K(KT_SPEC, KS_CAPS) },
	{ KEY_NUMLOCK, K(KT_SPEC, KS_NUM) },
	{ KEY_KPENTER, K(KT_PAD, 14) },
	{ KEY_RIGHTCTRL, K(KT_SHIFT, KG_CTRL) },
	{ KEY_KPSLASH, K(KT_PAD, 13) },
	{ KEY_RIGHTALT, K(KT_SHIFT, KG_ALTGR) },
	{ KEY_HOME, K(KT_FN, KFN_FIND) },
	{ KEY_UP, K(KT_CUR, 3) },
	{ KEY_PAGEUP, K(KT_FN, KFN_PGUP) },
	{ KEY_LEFT, K(KT_CUR, 1) },
	{ KEY_RIGHT, K(KT_CUR, 2) },
	{ KEY_END, K(KT_FN, KFN_SELECT) },
	{ KEY_DOWN, K(KT_CUR, 0) },
	{ KEY_PAGEDOWN, K(KT_FN, KFN_PGDN) },
	{ KEY_INSERT, K(KT_FN, KFN_INSERT) },
	{ KEY_DELETE, K(KT_FN, KFN_REMOVE) },
	{ KEY_PAUSE, K(KT_FN, KFN_PAUSE) },
};

/* Keypad values of keys 71 to 83: 7 8 9 - 4 5 6 + 1 2 3 0 . */
static const u8 keypad[] = { 7, 8, 9, 11, 4, 5, 6, 10, 1, 2, 3, 0, 16 };

/* Control characters that are not those of letters. */
static const struct {
	char plain;
	u8 control;
} controls[] = {
	{ '2', 0 },	{ '3', 0x1b }, { '4', 0x1c },  { '5', 0x1d }, { '6', 0x1e },
	{ '7', 0x1f },	{ '8', 0x7f }, { '-', 0x1f },  { '[', 0x1b }, { ']', 0x1d },
	{ '\\', 0x1c }, { '`', 0 },    { '\'', 0x07 }, { '/', 0x7f }, { '\177', 0x08 },
};

static const struct {
	u8 function;
	char text[STRING_SIZE];
} builtin_strings[] = {
	{ 0, "\033[[A" },	   { 1, "\033[[B" },	      { 2, "\033[[C" },
	{ 3, "\033[[D" },	   { 4, "\033[[E" },	      { 5, "\033[17~" },
	{ 6, "\033[18~" },	   { 7, "\033[19~" },	      { 8, "\033[20~" },
	{ 9, "\033[21~" },	   { 10, "\033[23~" },	      { 11, "\033[24~" },
	{ 12, "\033[25~" },	   { 13, "\033[26~" },	      { 14, "\033[28~" },
	{ 15, "\033[29~" },	   { 16, "\033[31~" },	      { 17, "\033[32~" },
	{ 18, "\033[33~" },	   { 19, "\033[34~" },	      { KFN_FIND, "\033[1~" },
	{ KFN_INSERT, "\033[2~" }, { KFN_REMOVE, "\033[3~" }, { KFN_SELECT, "\033[4~" },
	{ KFN_PGUP, "\033[5~" },   { KFN_PGDN, "\033[6~" },   { KFN_MACRO, "\033[M" },
	{ KFN_PAUSE, "\033[P" },
};

const u16 *keymap_table(u32 table)
{
	return tables[table];
}

static u16 *make_table(u32 table)
{
	u16 *map = kmalloc(KEYMAP_KEYS * sizeof(*map), GFP_ATOMIC);

	if (!map)
		return NULL;
	for (u32 key = 0; key < KEYMAP_KEYS; key++)
		map[key] = K_HOLE;
	map[0] = K_ALLOCATED;
	tables[table] = map;
	return map;
}

int keymap_set(u32 table, u32 key, u16 entry)
{
	u16 *map = tables[table] ? tables[table] : make_table(table);

	if (!map)
		return -ENOMEM;
	map[key] = entry;
	return 0;
}

void keymap_remove(u32 table)
{
	kfree(tables[table]);
	tables[table] = NULL;
}

const char *keymap_string(u32 function)
{
	if (strings[function])
		return strings[function];
	for (u32 i = 0; i < ARRAY_SIZE(builtin_strings); i++)
		if (builtin_strings[i].function == function)
			return builtin_strings[i].text;
	return "";
}

int keymap_set_string(u32 function, const char *text)
{
	char *copy = kstrdup(text, GFP_ATOMIC);

	if (!copy)
		return -ENOMEM;
	kfree(strings[function]);
	strings[function] = copy;
	return 0;
}

/* ---- the US layout ---- */

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static u16 control_meaning(u32 table, char plain)
{
	if (is_letter(plain))
		return K(table & ALT ? KT_META : KT_LATIN, plain & 0x1f);
	if (table != CTRL)
		return K_HOLE;
	for (u32 i = 0; i < ARRAY_SIZE(controls); i++)
		if (controls[i].plain == plain)
			return K(KT_LATIN, controls[i].control);
	return K_HOLE;
}

static u16 character_meaning(u32 table, u32 key)
{
	char c = plain_characters[key - 1];

	if (c == ' ')
		return K_HOLE;
	if (table & CTRL)
		return control_meaning(table, c);
	if (table & ALTGR) {
		if (c >= 'a' && c <= 'f') /* hexadecimal digits */
			return K(KT_ASCII, HEX_DIGITS + 10 + c - 'a');
		return is_letter(c) ? K(KT_LETTER, c) : K_HOLE;
	}
	if (table & SHIFT)
		c = shift_characters[key - 1];
	if (table & ALT)
		return K(KT_META, c);
	return K(is_letter(c) ? KT_LETTER : KT_LATIN, c);
}

/* F1 to F10 with Shift are F11 to F20; so are F11 and F12 without. */
static u16 function_meaning(u32 table, u32 n)
{
	if (table & ALT)
		return K(KT_CONS, n);
	if (table & ALTGR)
		return K(KT_CONS, FUNCTION_KEYS + n);
	if (table == (SHIFT | CTRL))
		return K_HOLE;
	return K(KT_FN, n + (table == SHIFT && n < 10 ? 10 : 0));
}

static u16 keypad_meaning(u32 table, u32 value)
{
	if (value < 10 && table == ALT)
		return K(KT_ASCII, value);
	if (value < 10 && table == ALTGR)
		return K(KT_ASCII, HEX_DIGITS + value);
	return K(KT_PAD, value);
}

static void set_special(u16 *map, u32 table)
{
	static const struct {
		u8 table, key;
		u16 meaning;
	} special[] = {
		{ 0, KEY_SPACE, K(KT_LATIN, ' ') },
		{ 0, KEY_SCROLLLOCK, K(KT_SPEC, KS_HOLD) },
		{ 0, KEY_SYSRQ, K(KT_LATIN, 0x1c) },
		{ 0, KEY_102ND, K(KT_LATIN, '<') },
		{ SHIFT, KEY_SPACE, K(KT_LATIN, ' ') },
		{ SHIFT, KEY_NUMLOCK, K(KT_SPEC, KS_BARE_NUM) },
		{ SHIFT, KEY_SCROLLLOCK, K(KT_SPEC, KS_SHOW_MEMORY) },
		{ SHIFT, KEY_102ND, K(KT_LATIN, '>') },
		{ SHIFT, KEY_PAGEUP, K(KT_SPEC, KS_SCROLL_BACK) },
		{ SHIFT, KEY_PAGEDOWN, K(KT_SPEC, KS_SCROLL_FORWARD) },
		{ ALTGR, 3, K(KT_LATIN, '@') },
		{ ALTGR, 5, K(KT_LATIN, '$') },
		{ ALTGR, 8, K(KT_LATIN, '{') },
		{ ALTGR, 9, K(KT_LATIN, '[') },
		{ ALTGR, 10, K(KT_LATIN, ']') },
		{ ALTGR, 11, K(KT_LATIN, '}') },
		{ ALTGR, 12, K(KT_LATIN, '\\') },
		{ ALTGR, 27, K(KT_LATIN, '~') },
		{ ALTGR, KEY_SCROLLLOCK, K(KT_SPEC, KS_SHOW_REGISTERS) },
		{ ALTGR, KEY_102ND, K(KT_LATIN, '|') },
		{ CTRL, 52, K(KT_SPEC, KS_COMPOSE) },
		{ CTRL, KEY_SPACE, K(KT_LATIN, 0) },
		{ CTRL, KEY_SCROLLLOCK, K(KT_SPEC, KS_SHOW_STATE) },
		{ CTRL, KEY_SYSRQ, K(KT_LATIN, 0x1c) },
		{ SHIFT | CTRL, 3, K(KT_LATIN, 0) },
		{ SHIFT | CTRL, 12, K(KT_LATIN, 0x1f) },
		{ ALT, KEY_ENTER, K(KT_META, '\r') },
		{ ALT, KEY_SPACE, K(KT_META, ' ') },
		{ ALT, KEY_SCROLLLOCK, K(KT_SPEC, KS_HOLD) },
		{ ALT, KEY_102ND, K(KT_META, '<') },
		{ ALT, KEY_SYSRQ, K(KT_LATIN, 0x1c) },
		{ ALT, KEY_LEFT, K(KT_SPEC, KS_DECREASE_CONSOLE) },
		{ ALT, KEY_RIGHT, K(KT_SPEC, KS_INCREASE_CONSOLE) },
		{ CTRL | ALT, KEY_DELETE, K(KT_SPEC, KS_BOOT) },
		{ CTRL | ALT, KEY_KPDOT, K(KT_SPEC, KS_BOOT) },
	};

	for (u32 i = 0; i < ARRAY_SIZE(special); i++)
		if (special[i].table == table)
			map[special[i].key] = special[i].meaning;
}

static void fill_table(u32 table)
{
	u16 *map = make_table(table);

	BUG_ON(!map);
	map[0] = K_HOLE;
	for (u32 key = 1; key < sizeof(plain_characters); key++)
		map[key] = character_meaning(table, key);
	for (u32 i = 0; i < ARRAY_SIZE(keypad); i++)
		map[KEY_KP7 + i] = keypad_meaning(table, keypad[i]);
	for (u32 i = 0; i < ARRAY_SIZE(common); i++)
		map[common[i].key] = common[i].meaning;
	for (u32 n = 0; n < FUNCTION_KEYS; n++)
		map[n < 10 ? KEY_F1 + n : KEY_F11 + n - 10] = function_meaning(table, n);
	set_special(map, table);
}

__init void keymap_init(void)
{
	static const u8 wanted[] = { 0, SHIFT, ALTGR, CTRL, SHIFT | CTRL, ALT, CTRL | ALT };

	for (u32 i = 0; i < ARRAY_SIZE(wanted); i++)
		fill_table(wanted[i]);
}
