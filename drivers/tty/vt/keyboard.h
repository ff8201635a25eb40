/*
 * The keyboard as the consoles see it, shared by keymap.c, keyboard.c and kbd_ioctl.c.
 */
#ifndef DRIVERS_TTY_VT_KEYBOARD_H
#define DRIVERS_TTY_VT_KEYBOARD_H

#include <drivers/tty.h>
#include <uapi/kd.h>

#define KEYMAP_KEYS 256
#define KEYMAP_TABLES 256 /* one for each set of modifiers, KG_SHIFT to KG_CTRLR as bits */

struct vt;

/* A console's own state. kbd_lock, which is taken before vt_front_lock. */
typedef struct vt_keyboard {
	u8 mode;	  /* K_XLATE ... */
	bool meta_bit;	  /* Alt sets bit 7 instead of sending ESC first */
	u8 locked;	  /* modifiers held by KT_LOCK */
	u8 sticky;	  /* KT_SLOCK: up to the next key */
	u8 flags;	  /* LED_SCR, LED_NUM, LED_CAP: the locks */
	u8 default_flags; /* what a reset goes back to */
	u8 forced_leds;	  /* shown instead of the flags; LED_BY_FLAGS: not */
} vt_keyboard_t;

extern spinlock_t kbd_lock; /* interrupts off: maps, strings, all that keyboard.c keeps */

void keyboard_setup(vt_keyboard_t *k);
void keyboard_init(void);	       /* boot */
void keyboard_update_leds(void);       /* after a change of the console in front; takes the lock */
void keyboard_update_leds_later(void); /* likewise, any context and lock */
void keyboard_repeat_rate(struct kbd_repeat *rate); /* takes over what is positive, returns all */
long keyboard_ioctl(struct vt *vt, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD */
u8 keyboard_shift_state(void);					/* KG_SHIFT ... as bits */
/* Output was stopped or started: the light, and the flag that the key toggles. */
void keyboard_set_hold(struct vt *vt, bool on);

/* keymap.c; kbd_lock held */
void keymap_init(void);
const u16 *keymap_table(u32 table);	       /* NULL: not allocated */
int keymap_set(u32 table, u32 key, u16 entry); /* 0 or -ENOMEM */
void keymap_remove(u32 table);
const char *keymap_string(u32 function);	       /* "" when there is none */
int keymap_set_string(u32 function, const char *text); /* copied; 0 or -ENOMEM */

#endif
