/*
 * From keys to what programs read.
 *
 * Concepts. A key that goes down is looked up in the table of the modifiers that are held; what it
 * means there is either a character for the console in front, or an action (switch, scroll, reboot).
 * Modifiers are worked out anew from the keys that are down, so that none can get stuck. Repetition
 * is ours: the keyboard's own is ignored, and a timer repeats the last key that went down.
 *
 * Locking. kbd_lock, with interrupts off, guards everything here; vt_front_lock is taken inside to
 * hold on to the console in front. Actions are done after both were let go.
 */
#include "keyboard.h"
#include "vt.h"

#include <drivers/input.h>
#include <kernel/lib/bitmap.h>
#include <kernel/lib/string.h>
#include <kernel/proc.h>
#include <kernel/softirq.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

#define REPEAT_DELAY_MS 250
#define REPEAT_PERIOD_MS 33
#define REPEAT_MAX_MS 10000
#define UTF8_MAX 4
#define HEX_DIGITS 10 /* KT_ASCII values from here on count by sixteen */

typedef enum action_kind {
	ACT_NONE,
	ACT_SWITCH,
	ACT_NEIGHBOUR, /* arg: 1 the next, -1 the one before */
	ACT_SCROLL,    /* arg: direction */
	ACT_HOLD,
	ACT_REBOOT,
} action_kind_t;

typedef struct action {
	action_kind_t kind;
	int arg;
} action_t;

spinlock_t kbd_lock = SPINLOCK_INIT("kbd_lock");
static unsigned long down_keys[KEY_COUNT / 64];
static u8 shift_state;	 /* modifiers held */
static u32 compose_code; /* Alt and digits of the keypad */
static bool composing;
static u32 repeat_key; /* 0: none */
static s64 repeat_delay = REPEAT_DELAY_MS, repeat_period = REPEAT_PERIOD_MS;
static timer_t repeat_timer;
static work_t leds_work;

void keyboard_setup(vt_keyboard_t *k)
{
	*k = (vt_keyboard_t){ .mode = K_UNICODE, .forced_leds = LED_BY_FLAGS };
}

/* ---- what programs get ---- */

static void put(vt_t *vt, const void *bytes, size_t n)
{
	tty_receive(vt->tty, bytes, n);
}

static void put_byte(vt_t *vt, u8 byte)
{
	put(vt, &byte, 1);
}

static void put_unicode(vt_t *vt, u32 code)
{
	u8 out[UTF8_MAX];
	u32 n = 0;

	if (code < 0x80) {
		out[n++] = (u8)code;
	} else if (code < 0x800) {
		out[n++] = (u8)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		out[n++] = (u8)(0xe0 | code >> 12);
		out[n++] = (u8)(0x80 | (code >> 6 & 0x3f));
	} else {
		out[n++] = (u8)(0xf0 | (code >> 18 & 7));
		out[n++] = (u8)(0x80 | (code >> 12 & 0x3f));
		out[n++] = (u8)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80)
		out[n++] = (u8)(0x80 | (code & 0x3f));
	put(vt, out, n);
}

/* A character of Latin 1, or a code point. */
static void put_character(vt_t *vt, u32 code)
{
	if (vt->kbd.mode == K_UNICODE)
		put_unicode(vt, code);
	else if (code < 0x100)
		put_byte(vt, (u8)code);
}

static void put_sequence(vt_t *vt, char introducer, char final)
{
	const char text[] = { '\033', introducer, final };

	put(vt, text, sizeof(text));
}

static void put_enter(vt_t *vt)
{
	put_byte(vt, '\r');
	if (READ_ONCE(vt->term.newline))
		put_byte(vt, '\n');
}

static void put_function(vt_t *vt, u32 function)
{
	const char *text = keymap_string(function);

	put(vt, text, strlen(text));
}

static void put_cursor(vt_t *vt, u32 which)
{
	static const char finals[] = "BDCA";

	if (which < 4)
		put_sequence(vt, READ_ONCE(vt->term.cursor_keys) ? 'O' : '[', finals[which]);
}

static void put_meta(vt_t *vt, u8 c)
{
	if (vt->kbd.meta_bit) {
		put_byte(vt, c | 0x80);
	} else {
		put_byte(vt, '\033');
		put_byte(vt, c);
	}
}

static void put_keypad(vt_t *vt, u32 value)
{
	static const char digits[] = "0123456789+-*/\r,.?()#";
	static const char application[] = "pqrstuvwxylSRQMnnmPQS";
	static const u8 functions[] = { KFN_INSERT, KFN_SELECT, 0,	  KFN_PGDN, 0,
					0,	    0,		KFN_FIND, 0,	    KFN_PGUP };
	static const s8 cursors[] = { -1, -1, 0, -1, 1, -1, 2, -1, 3, -1 };

	if (value >= sizeof(digits) - 1)
		return;
	if (READ_ONCE(vt->term.keypad) && !(shift_state & 1u << KG_SHIFT)) {
		put_sequence(vt, 'O', application[value]);
	} else if (!(vt->kbd.flags & LED_NUM) && value < 10) {
		if (value == 5)
			put_sequence(vt, READ_ONCE(vt->term.cursor_keys) ? 'O' : '[', 'G');
		else if (cursors[value] >= 0)
			put_cursor(vt, (u32)cursors[value]);
		else
			put_function(vt, functions[value]);
	} else if (!(vt->kbd.flags & LED_NUM) && (digits[value] == '.' || digits[value] == ',')) {
		put_function(vt, KFN_REMOVE);
	} else if (digits[value] == '\r') {
		put_enter(vt);
	} else {
		put_byte(vt, (u8)digits[value]);
	}
}

/* ---- lights ---- */

static void show_leds(const vt_t *vt)
{
	const vt_keyboard_t *k = &vt->kbd;

	keyboard_show_leds(k->forced_leds >= LED_BY_FLAGS ? k->flags : k->forced_leds);
}

void keyboard_update_leds(void)
{
	unsigned long flags;

	spin_lock_irqsave(&kbd_lock, &flags);
	spin_lock(&vt_front_lock);
	if (vt_front) {
		u8 asked = __atomic_exchange_n(&vt_front->asked_leds, LEDS_NOT_ASKED,
					       __ATOMIC_RELAXED);

		if (asked != LEDS_NOT_ASKED)
			vt_front->kbd.forced_leds = asked;
		show_leds(vt_front);
	}
	spin_unlock(&vt_front_lock);
	spin_unlock_irqrestore(&kbd_lock, flags);
}

static void run_leds(work_t *work)
{
	keyboard_update_leds();
}

void keyboard_update_leds_later(void)
{
	schedule_work(&leds_work);
}

void keyboard_set_hold(vt_t *vt, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&kbd_lock, &flags);
	vt->kbd.flags = (vt->kbd.flags & (u8)~LED_SCR) | (on ? LED_SCR : 0);
	spin_unlock_irqrestore(&kbd_lock, flags);
	keyboard_update_leds();
}

/* ---- modifiers ---- */

u8 keyboard_shift_state(void)
{
	return READ_ONCE(shift_state);
}

static bool is_down(u32 key)
{
	return down_keys[key / 64] >> (key % 64) & 1;
}

/* A left and a right key of the same modifier are one; CapsShift ends CapsLock. */
static void work_out_modifiers(vt_t *vt)
{
	const u16 *map = keymap_table(0);

	shift_state = 0;
	for (u32 key = 0; map && key < KEY_COUNT; key++) {
		u32 modifier = K_VALUE(map[key]);

		if (!is_down(key) || K_TYPE(map[key]) != KT_SHIFT || modifier >= KG_COUNT)
			continue;
		if (modifier == KG_CAPSSHIFT) {
			modifier = KG_SHIFT;
			vt->kbd.flags &= (u8)~LED_CAP;
			show_leds(vt);
		}
		shift_state |= (u8)(1u << modifier);
	}
	if (composing && !(shift_state & 1u << KG_ALT)) {
		composing = false;
		put_character(vt, compose_code);
	}
}

static void compose_digit(u32 value)
{
	bool decimal = value < HEX_DIGITS;

	if (!composing)
		compose_code = 0;
	composing = true;
	compose_code = decimal ? compose_code * 10 + value : compose_code * 16 + value - HEX_DIGITS;
}

/* ---- meanings ---- */

static void toggle_flag(vt_t *vt, u8 flag)
{
	vt->kbd.flags ^= flag;
	show_leds(vt);
}

static void special_key(vt_t *vt, u32 value, bool repeated, action_t *action)
{
	switch (value) {
	case KS_ENTER:
		put_enter(vt);
		break;
	case KS_LAST_CONSOLE:
		*action = (action_t){ ACT_SWITCH, 0 };
		break;
	case KS_CAPS:
		if (!repeated)
			toggle_flag(vt, LED_CAP);
		break;
	case KS_CAPS_ON:
		vt->kbd.flags |= LED_CAP;
		show_leds(vt);
		break;
	case KS_NUM:
		if (READ_ONCE(vt->term.keypad))
			put_sequence(vt, 'O', 'P');
		else if (!repeated)
			toggle_flag(vt, LED_NUM);
		break;
	case KS_BARE_NUM:
		if (!repeated)
			toggle_flag(vt, LED_NUM);
		break;
	case KS_HOLD:
		if (!repeated)
			action->kind = ACT_HOLD;
		break;
	case KS_SCROLL_FORWARD:
	case KS_SCROLL_BACK:
		*action = (action_t){ ACT_SCROLL, value == KS_SCROLL_BACK ? -1 : 1 };
		break;
	case KS_BOOT:
		action->kind = ACT_REBOOT;
		break;
	case KS_DECREASE_CONSOLE:
	case KS_INCREASE_CONSOLE:
		*action = (action_t){ ACT_NEIGHBOUR, value == KS_INCREASE_CONSOLE ? 1 : -1 };
		break;
	}
}

static void typed_key(vt_t *vt, u16 meaning, bool repeated, action_t *action)
{
	static const u8 dead[] = { '`', '\'', '^', '~', '"', ',' };
	u32 value = K_VALUE(meaning);

	switch (K_TYPE(meaning)) {
	case KT_LATIN:
	case KT_LETTER:
		put_character(vt, value);
		break;
	case KT_DEAD: /* accents stand alone */
		if (value < ARRAY_SIZE(dead))
			put_byte(vt, dead[value]);
		break;
	case KT_FN:
		put_function(vt, value);
		break;
	case KT_SPEC:
		special_key(vt, value, repeated, action);
		break;
	case KT_PAD:
		put_keypad(vt, value);
		break;
	case KT_CONS:
		*action = (action_t){ ACT_SWITCH, (int)value + 1 };
		break;
	case KT_CUR:
		put_cursor(vt, value);
		break;
	case KT_META:
		put_meta(vt, (u8)value);
		break;
	case KT_ASCII:
		compose_digit(value);
		break;
	case KT_LOCK:
		if (!repeated && value < 8)
			vt->kbd.locked ^= (u8)(1u << value);
		break;
	}
}

static void translate(vt_t *vt, u32 key, bool repeated, action_t *action)
{
	u32 table = (u8)((shift_state | vt->kbd.sticky) ^ vt->kbd.locked);
	const u16 *map = keymap_table(table);
	u16 meaning;

	if (!map) {
		vt->kbd.sticky = 0;
		return;
	}
	meaning = map[key];
	if (K_TYPE(meaning) == KT_SHIFT)
		return;
	if (K_TYPE(meaning) == KT_SLOCK) {
		if (!repeated && K_VALUE(meaning) < 8)
			vt->kbd.sticky ^= (u8)(1u << K_VALUE(meaning));
		return;
	}
	vt->kbd.sticky = 0;
	if (K_TYPE(meaning) == KT_LETTER && (vt->kbd.flags & LED_CAP)) {
		map = keymap_table(table ^ 1u << KG_SHIFT);
		if (map)
			meaning = map[key];
	}
	if (K_IS_UNICODE(meaning))
		put_character(vt, meaning ^ K_UNICODE_FLIP);
	else
		typed_key(vt, meaning, repeated, action);
}

static void put_raw(vt_t *vt, u32 key, bool down)
{
	u8 bytes[6];
	u32 n;

	if (vt->kbd.mode == K_RAW) {
		n = keyboard_raw_bytes(key, down, bytes);
		put(vt, bytes, n);
	} else if (vt->kbd.mode == K_MEDIUMRAW) {
		put_byte(vt, (u8)(key | (down ? 0 : 0x80)));
	}
}

static void key_changed(vt_t *vt, u32 key, bool down, bool repeated, action_t *action)
{
	bool raw = vt->kbd.mode == K_RAW || vt->kbd.mode == K_MEDIUMRAW || vt->kbd.mode == K_OFF;

	if (!repeated)
		work_out_modifiers(vt);
	if (raw)
		put_raw(vt, key, down);
	else if (down)
		translate(vt, key, repeated, action);
}

/* ---- actions: no lock held ---- */

void vt_scroll_front(int lines)
{
	unsigned long flags;

	spin_lock_irqsave(&vt_front_lock, &flags);
	if (vt_front) {
		spin_lock(&vt_front->lock);
		if (!lines) /* to the end */
			lines = (int)vt_front->term.back;
		term_scroll_view(&vt_front->term, lines);
		spin_unlock(&vt_front->lock);
	}
	spin_unlock_irqrestore(&vt_front_lock, flags);
	screen_touch();
}

static void act(const action_t *action)
{
	switch (action->kind) {
	case ACT_NONE:
		break;
	case ACT_SWITCH:
		vt_request_switch((u32)action->arg);
		break;
	case ACT_NEIGHBOUR:
		vt_request_neighbour(action->arg);
		break;
	case ACT_SCROLL:
		vt_scroll_front(action->arg * (int)screen_get()->rows / 2);
		break;
	case ACT_HOLD:
		vt_request_hold();
		break;
	case ACT_REBOOT:
		ctrl_alt_del();
		break;
	}
}

/* ---- events ---- */

static void repeat(timer_t *timer, void *data)
{
	action_t action = { ACT_NONE, 0 };
	unsigned long flags;

	spin_lock_irqsave(&kbd_lock, &flags);
	spin_lock(&vt_front_lock);
	if (repeat_key && vt_front && READ_ONCE(vt_front->term.autorepeat)) {
		key_changed(vt_front, repeat_key, true, true, &action);
		mod_timer(timer, (u64)(clock_monotonic() + repeat_period * NSEC_PER_MSEC));
	}
	spin_unlock(&vt_front_lock);
	spin_unlock_irqrestore(&kbd_lock, flags);
	act(&action);
}

static void start_repeat(u32 key, bool down)
{
	const u16 *map = keymap_table(0);

	if (!down) {
		if (key == repeat_key)
			repeat_key = 0;
		return;
	}
	if (map && K_TYPE(map[key]) == KT_SHIFT)
		return;
	repeat_key = key;
	mod_timer(&repeat_timer, (u64)(clock_monotonic() + repeat_delay * NSEC_PER_MSEC));
}

void keyboard_event(u32 key, bool down)
{
	action_t action = { ACT_NONE, 0 };
	unsigned long flags, bit = 1UL << (key % 64);

	if (!key || key >= KEY_COUNT)
		return;
	spin_lock_irqsave(&kbd_lock, &flags);
	if (down && is_down(key))
		goto out; /* the keyboard repeats it */
	if (down)
		down_keys[key / 64] |= bit;
	else
		down_keys[key / 64] &= ~bit;
	start_repeat(key, down);
	spin_lock(&vt_front_lock);
	if (vt_front)
		key_changed(vt_front, key, down, false, &action);
	spin_unlock(&vt_front_lock);
out:
	spin_unlock_irqrestore(&kbd_lock, flags);
	act(&action);
}

void keyboard_repeat_rate(struct kbd_repeat *rate)
{
	unsigned long flags;

	spin_lock_irqsave(&kbd_lock, &flags);
	if (rate->delay > 0)
		repeat_delay = MIN(rate->delay, REPEAT_MAX_MS);
	if (rate->period > 0)
		repeat_period = MIN(rate->period, REPEAT_MAX_MS);
	rate->delay = (int)repeat_delay;
	rate->period = (int)repeat_period;
	spin_unlock_irqrestore(&kbd_lock, flags);
}

__init void keyboard_init(void)
{
	unsigned long flags;

	timer_init(&repeat_timer, repeat, NULL);
	work_init(&leds_work, run_leds);
	spin_lock_irqsave(&kbd_lock, &flags);
	keymap_init();
	spin_unlock_irqrestore(&kbd_lock, flags);
}
