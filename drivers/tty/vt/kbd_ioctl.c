/*
 * Keyboard requests: ioctl_console(2).
 */
#include "vt.h"

#include <arch/uaccess.h>
#include <drivers/input.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>

#define PIT_HZ 1193182u /* KIOCSOUND and KDMKTONE count in its ticks */
#define TONE_COUNT_MASK 0xffffu

static long set_mode(vt_t *vt, unsigned long mode)
{
	unsigned long flags;

	if (mode > K_OFF)
		return -EINVAL;
	spin_lock_irqsave(&kbd_lock, &flags);
	vt->kbd.mode = (u8)mode;
	spin_unlock_irqrestore(&kbd_lock, flags);
	tty_input_flush_raw(vt->tty);
	return 0;
}

static long set_meta(vt_t *vt, unsigned long meta)
{
	unsigned long flags;

	if (meta != K_METABIT && meta != K_ESCPREFIX)
		return -EINVAL;
	spin_lock_irqsave(&kbd_lock, &flags);
	vt->kbd.meta_bit = meta == K_METABIT;
	spin_unlock_irqrestore(&kbd_lock, flags);
	return 0;
}

/* A value of KDGKBENT for what is not there: a table that is missing, a key that has no meaning. */
static long get_entry(vt_t *vt, struct kbentry __user *arg)
{
	struct kbentry e;
	unsigned long flags;
	const u16 *map;

	if (copy_from_user(&e, arg, sizeof(e)))
		return -EFAULT;
	spin_lock_irqsave(&kbd_lock, &flags);
	map = keymap_table(e.kb_table);
	if (map) {
		e.kb_value = map[e.kb_index];
		/* Characters that the mode could not send are not shown. */
		if (K_IS_UNICODE(e.kb_value) && vt->kbd.mode != K_UNICODE)
			e.kb_value = K_HOLE;
	} else {
		e.kb_value = e.kb_index ? K_HOLE : K_NO_SUCH_MAP;
	}
	spin_unlock_irqrestore(&kbd_lock, flags);
	return copy_to_user(arg, &e, sizeof(e)) ? -EFAULT : 0;
}

/* Values beyond these are no meaning of their type. Types beyond are characters, in Unicode mode. */
static bool valid_entry(u16 entry, u8 mode)
{
	static const u8 largest[KT_COUNT] = {
		[KT_LATIN] = 255,
		[KT_FN] = 255,
		[KT_SPEC] = KS_BARE_NUM,
		[KT_PAD] = 19,
		[KT_DEAD] = 26,
		[KT_CONS] = 255,
		[KT_CUR] = 3,
		[KT_SHIFT] = KG_CAPSSHIFT,
		[KT_META] = 255,
		[KT_ASCII] = 25,
		[KT_LOCK] = KG_CAPSSHIFT,
		[KT_LETTER] = 255,
		[KT_SLOCK] = KG_CAPSSHIFT,
		[KT_DEAD2] = 255,
		[KT_BRAILLE] = 10,
	};

	return K_TYPE(entry) < KT_COUNT ? K_VALUE(entry) <= largest[K_TYPE(entry)]
					: mode == K_UNICODE;
}

/* Key 0 stands for the table: K_NO_SUCH_MAP removes it. */
static long set_entry(vt_t *vt, const struct kbentry __user *arg)
{
	struct kbentry e;
	unsigned long flags;
	long r = 0;

	if (copy_from_user(&e, arg, sizeof(e)))
		return -EFAULT;
	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	spin_lock_irqsave(&kbd_lock, &flags);
	if (!e.kb_index && e.kb_value == K_NO_SUCH_MAP) {
		if (e.kb_table) /* the plain one stays */
			keymap_remove(e.kb_table);
		else
			r = -EINVAL;
	} else if (!valid_entry(e.kb_value, vt->kbd.mode)) {
		r = -EINVAL;
	} else if (e.kb_index) {
		r = keymap_set(e.kb_table, e.kb_index, e.kb_value);
	}
	spin_unlock_irqrestore(&kbd_lock, flags);
	return r;
}

static long string_ioctl(u32 cmd, struct kbsentry __user *arg)
{
	char *text = kzalloc(KBSENT_SIZE, GFP_KERNEL);
	unsigned long flags;
	long r = 0;
	u8 function;

	if (!text)
		return -ENOMEM;
	if (get_user_u8(&function, &arg->kb_func)) {
		r = -EFAULT;
	} else if (cmd == KDGKBSENT) {
		spin_lock_irqsave(&kbd_lock, &flags);
		strscpy(text, keymap_string(function), KBSENT_SIZE);
		spin_unlock_irqrestore(&kbd_lock, flags);
		if (copy_to_user(arg->kb_string, text, strlen(text) + 1))
			r = -EFAULT;
	} else if (!capable(CAP_SYS_TTY_CONFIG)) {
		r = -EPERM;
	} else if (strncpy_from_user(text, (const char __user *)arg->kb_string, KBSENT_SIZE) < 0) {
		r = -EFAULT;
	} else {
		text[KBSENT_SIZE - 1] = '\0';
		spin_lock_irqsave(&kbd_lock, &flags);
		r = keymap_set_string(function, text);
		spin_unlock_irqrestore(&kbd_lock, flags);
	}
	kfree(text);
	return r;
}

/* The locks: as they are in the low half, as a reset makes them above. */
static long set_locks(vt_t *vt, unsigned long arg)
{
	unsigned long flags;

	if (arg & ~0x77UL)
		return -EINVAL;
	spin_lock_irqsave(&kbd_lock, &flags);
	vt->kbd.flags = arg & 7;
	vt->kbd.default_flags = (arg >> 4) & 7;
	spin_unlock_irqrestore(&kbd_lock, flags);
	keyboard_update_leds();
	return 0;
}

static long set_leds(vt_t *vt, unsigned long arg)
{
	unsigned long flags;

	spin_lock_irqsave(&kbd_lock, &flags);
	vt->kbd.forced_leds = (u8)MIN(arg, (unsigned long)LED_BY_FLAGS);
	spin_unlock_irqrestore(&kbd_lock, flags);
	keyboard_update_leds();
	return 0;
}

static long repeat_rate(struct kbd_repeat __user *arg)
{
	struct kbd_repeat rate;

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	if (copy_from_user(&rate, arg, sizeof(rate)))
		return -EFAULT;
	keyboard_repeat_rate(&rate);
	return copy_to_user(arg, &rate, sizeof(rate)) ? -EFAULT : 0;
}

/* count is the timer's divisor, 0 for silence. */
static void sound(u32 count, u32 msecs)
{
	speaker_tone(count ? PIT_HZ / count : 0, msecs);
}

static long write_ioctl(vt_t *vt, u32 cmd, unsigned long arg)
{
	switch (cmd) {
	case KIOCSOUND:
		sound((u32)arg & TONE_COUNT_MASK, 0);
		return 0;
	case KDMKTONE: /* milliseconds above the count */
		sound((u32)arg & TONE_COUNT_MASK, (u32)(arg >> 16) & TONE_COUNT_MASK);
		return 0;
	case KDSKBMODE:
		return set_mode(vt, arg);
	case KDSKBMETA:
		return set_meta(vt, arg);
	case KDSKBLED:
		return set_locks(vt, arg);
	case KDSETLED:
		return set_leds(vt, arg);
	}
	return -ENOIOCTLCMD;
}

long keyboard_ioctl(vt_t *vt, u32 cmd, unsigned long arg)
{
	vt_keyboard_t *k = &vt->kbd;

	switch (cmd) {
	case KDGKBTYPE:
		return put_user_u8(KB_101, (u8 __user *)arg);
	case KDGKBMODE:
		return put_user_u32(READ_ONCE(k->mode), (u32 __user *)arg);
	case KDGKBMETA:
		return put_user_u32(READ_ONCE(k->meta_bit) ? K_METABIT : K_ESCPREFIX,
				    (u32 __user *)arg);
	case KDGKBLED:
		return put_user_u8((u8)(READ_ONCE(k->flags) | READ_ONCE(k->default_flags) << 4),
				   (u8 __user *)arg);
	case KDGETLED:
		return put_user_u8(READ_ONCE(k->forced_leds) >= LED_BY_FLAGS
					   ? READ_ONCE(k->flags)
					   : READ_ONCE(k->forced_leds),
				   (u8 __user *)arg);
	case KDGKBENT:
		return get_entry(vt, (struct kbentry __user *)arg);
	case KDSKBENT:
		return set_entry(vt, (const struct kbentry __user *)arg);
	case KDGKBSENT:
	case KDSKBSENT:
		return string_ioctl(cmd, (struct kbsentry __user *)arg);
	case KDKBDREP:
		return repeat_rate((struct kbd_repeat __user *)arg);
	case KIOCSOUND:
	case KDMKTONE:
	case KDSKBMODE:
	case KDSKBMETA:
	case KDSKBLED:
	case KDSETLED:
		return vt_permitted(vt) ? write_ioctl(vt, cmd, arg) : -EPERM;
	}
	return -ENOIOCTLCMD;
}
