/*
 * Keyboards, and the speaker: between the drivers of the hardware and the virtual consoles.
 *
 * Keys have numbers of their own (the Linux input layer's key codes); those of the main block are
 * scan code set 1's.
 */
#ifndef DRIVERS_INPUT_H
#define DRIVERS_INPUT_H

#include <kernel/types.h>

#define KEY_ESC 1
#define KEY_ENTER 28
#define KEY_LEFTCTRL 29
#define KEY_LEFTSHIFT 42
#define KEY_RIGHTSHIFT 54
#define KEY_LEFTALT 56
#define KEY_SPACE 57
#define KEY_CAPSLOCK 58
#define KEY_F1 59
#define KEY_F10 68
#define KEY_NUMLOCK 69
#define KEY_SCROLLLOCK 70
#define KEY_KP7 71
#define KEY_KPDOT 83
#define KEY_102ND 86
#define KEY_F11 87
#define KEY_F12 88
#define KEY_KPENTER 96
#define KEY_RIGHTCTRL 97
#define KEY_KPSLASH 98
#define KEY_SYSRQ 99
#define KEY_RIGHTALT 100
#define KEY_HOME 102
#define KEY_UP 103
#define KEY_PAGEUP 104
#define KEY_LEFT 105
#define KEY_RIGHT 106
#define KEY_END 107
#define KEY_DOWN 108
#define KEY_PAGEDOWN 109
#define KEY_INSERT 110
#define KEY_DELETE 111
#define KEY_PAUSE 119
#define KEY_LEFTMETA 125
#define KEY_RIGHTMETA 126
#define KEY_COMPOSE 127
#define KEY_COUNT 128

/* drivers/tty/vt/keyboard.c: a key went down or up; interrupt context. Repetitions are ignored. */
void keyboard_event(u32 key, bool down);

/* drivers/input/i8042.c: without a keyboard nothing happens. */
void i8042_init(void);		   /* boot; may sleep */
void keyboard_show_leds(u32 leds); /* LED_SCR | LED_NUM | LED_CAP; any context */
/* The set-1 bytes of a key, for raw mode; their number, 0 for none. */
u32 keyboard_raw_bytes(u32 key, bool down, u8 out[6]);

/* drivers/input/speaker.c: 0 Hz is silence; 0 ms: until told otherwise. Any context. */
void speaker_init(void);
void speaker_tone(u32 hz, u32 msecs);

#endif
