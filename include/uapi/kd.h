/* Keyboard, screen and sound requests of the Linux console: ioctl_console(2), linux/kd.h, linux/keyboard.h. */
#ifndef UAPI_KD_H
#define UAPI_KD_H

#include <stdint.h>

#define GIO_FONT 0x4b60
#define PIO_FONT 0x4b61
#define GIO_FONTX 0x4b6b
#define PIO_FONTX 0x4b6c
#define PIO_FONTRESET 0x4b6d
#define GIO_CMAP 0x4b70
#define PIO_CMAP 0x4b71
#define KIOCSOUND 0x4b2f
#define KDMKTONE 0x4b30
#define KDGETLED 0x4b31
#define KDSETLED 0x4b32
#define KDGKBTYPE 0x4b33
#define KB_101 0x02
#define KDADDIO 0x4b34
#define KDDELIO 0x4b35
#define KDENABIO 0x4b36
#define KDDISABIO 0x4b37
#define KDSETMODE 0x4b3a
#define KD_TEXT 0
#define KD_GRAPHICS 1
#define KD_TEXT0 2 /* both like KD_TEXT */
#define KD_TEXT1 3
#define KDGETMODE 0x4b3b
#define GIO_SCRNMAP 0x4b40
#define PIO_SCRNMAP 0x4b41
#define KDGKBMODE 0x4b44
#define KDSKBMODE 0x4b45
#define K_RAW 0
#define K_XLATE 1
#define K_MEDIUMRAW 2
#define K_UNICODE 3
#define K_OFF 4
#define KDGKBENT 0x4b46
#define KDSKBENT 0x4b47
#define KDGKBSENT 0x4b48
#define KDSKBSENT 0x4b49
#define KDGKBMETA 0x4b62
#define KDSKBMETA 0x4b63
#define K_METABIT 3
#define K_ESCPREFIX 4
#define KDGKBLED 0x4b64
#define KDSKBLED 0x4b65
#define GIO_UNIMAP 0x4b66
#define PIO_UNIMAP 0x4b67
#define PIO_UNIMAPCLR 0x4b68
#define KDKBDREP 0x4b52
#define KDFONTOP 0x4b72

#define LED_SCR 1
#define LED_NUM 2
#define LED_CAP 4
#define LED_BY_FLAGS 8 /* and above, in KDSETLED: they show the lock flags again */

struct unipair {
	uint16_t unicode, fontpos;
};

struct unimapdesc {
	uint16_t entry_ct;
	struct unipair *entries;
};
_Static_assert(sizeof(struct unimapdesc) == 16, "unimapdesc");

struct kbentry {
	uint8_t kb_table, kb_index;
	uint16_t kb_value;
};
_Static_assert(sizeof(struct kbentry) == 4, "kbentry");

#define KBSENT_SIZE 512
struct kbsentry {
	uint8_t kb_func, kb_string[KBSENT_SIZE];
};

struct kbd_repeat {
	int32_t delay, period; /* milliseconds; not above 0: as it is */
};

struct consolefontdesc {
	uint16_t charcount, charheight;
	char *chardata;
};

struct console_font_op {
	uint32_t op, flags, width, height, charcount;
	uint8_t *data;
};
_Static_assert(sizeof(struct console_font_op) == 32, "console_font_op");
#define KD_FONT_OP_SET 0
#define KD_FONT_OP_GET 1
#define KD_FONT_OP_SET_DEFAULT 2
#define KD_FONT_OP_COPY 3

/* A key's meaning: a type and a value, or a Unicode character exclusive-or 0xf000. */
#define K(type, value) ((uint16_t)((type) << 8 | (value)))
#define K_TYPE(entry) ((entry) >> 8)
#define K_VALUE(entry) ((entry)&0xff)
#define K_IS_UNICODE(entry) ((entry)&0xf000)
#define K_UNICODE_FLIP 0xf000

#define KT_LATIN 0
#define KT_FN 1
#define KT_SPEC 2
#define KT_PAD 3
#define KT_DEAD 4
#define KT_CONS 5
#define KT_CUR 6
#define KT_SHIFT 7
#define KT_META 8
#define KT_ASCII 9
#define KT_LOCK 10
#define KT_LETTER 11
#define KT_SLOCK 12
#define KT_DEAD2 13
#define KT_BRAILLE 14
#define KT_COUNT 15

#define KFN_FIND 20
#define KFN_INSERT 21
#define KFN_REMOVE 22
#define KFN_SELECT 23
#define KFN_PGUP 24
#define KFN_PGDN 25
#define KFN_MACRO 26
#define KFN_PAUSE 29

#define KS_HOLE 0
#define KS_ENTER 1
#define KS_SHOW_REGISTERS 2
#define KS_SHOW_MEMORY 3
#define KS_SHOW_STATE 4
#define KS_LAST_CONSOLE 6
#define KS_CAPS 7
#define KS_NUM 8
#define KS_HOLD 9
#define KS_SCROLL_FORWARD 10
#define KS_SCROLL_BACK 11
#define KS_BOOT 12
#define KS_CAPS_ON 13
#define KS_COMPOSE 14
#define KS_DECREASE_CONSOLE 16
#define KS_INCREASE_CONSOLE 17
#define KS_BARE_NUM 19
#define K_NO_SUCH_MAP K(KT_SPEC, 127)
#define K_ALLOCATED K(KT_SPEC, 126)
#define K_HOLE K(KT_SPEC, KS_HOLE)

#define KG_SHIFT 0
#define KG_ALTGR 1
#define KG_CTRL 2
#define KG_ALT 3
#define KG_SHIFTL 4
#define KG_SHIFTR 5
#define KG_CTRLL 6
#define KG_CTRLR 7
#define KG_CAPSSHIFT 8
#define KG_COUNT 9

#endif
