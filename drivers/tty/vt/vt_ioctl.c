/*
 * Requests to a virtual console: ioctl_console(2). The families are in kbd_ioctl.c, vt_switch.c and
 * vt_font.c.
 */
#include "vt.h"

#include <arch/uaccess.h>
#include <kernel/lib/string.h>

#define TIOCLINUX 0x541c
#define LINUX_GET_SHIFT 6 /* subcodes of TIOCLINUX */
#define LINUX_GET_KMSG 11
#define LINUX_GET_FRONT 12
#define LINUX_SCROLL 13

bool vt_permitted(const vt_t *vt)
{
	return READ_ONCE(current_process()->tty) == vt->tty || capable(CAP_SYS_TTY_CONFIG);
}

static long set_screen_mode(vt_t *vt, unsigned long mode)
{
	bool graphics = mode == KD_GRAPHICS;

	if (mode > KD_TEXT1)
		return -EINVAL;
	mutex_lock(&vt_mutex);
	if (READ_ONCE(vt->graphics) != graphics) {
		WRITE_ONCE(vt->graphics, graphics);
		if (!graphics && vt == vt_front)
			screen_redraw();
	}
	mutex_unlock(&vt_mutex);
	return 0;
}

static long color_map(vt_t *vt, u32 cmd, u8 __user *arg)
{
	u8 rgb[16][3];
	unsigned long flags;

	if (cmd == PIO_CMAP && copy_from_user(rgb, arg, sizeof(rgb)))
		return -EFAULT;
	spin_lock_irqsave(&vt->lock, &flags);
	if (cmd == PIO_CMAP) {
		memcpy(vt->term.palette, rgb, sizeof(rgb));
		if (READ_ONCE(vt_front) == vt)
			vt_show_palette(vt);
	} else {
		memcpy(rgb, vt->term.palette, sizeof(rgb));
	}
	spin_unlock_irqrestore(&vt->lock, flags);
	return cmd == GIO_CMAP && copy_to_user(arg, rgb, sizeof(rgb)) ? -EFAULT : 0;
}

/* TIOCLINUX: one byte says what is asked for; the answer overwrites it, or is the result. */
static long linux_ioctl(vt_t *vt, u8 __user *arg)
{
	unsigned long flags;
	u32 front;
	u8 what;
	s32 lines;

	if (!vt_permitted(vt))
		return -EPERM;
	if (get_user_u8(&what, arg))
		return -EFAULT;
	switch (what) {
	case LINUX_GET_SHIFT:
		return put_user_u8(keyboard_shift_state(), arg);
	case LINUX_GET_KMSG:
		return 0; /* the log goes to the console in front */
	case LINUX_GET_FRONT:
		spin_lock_irqsave(&vt_front_lock, &flags);
		front = vt_front->number - 1;
		spin_unlock_irqrestore(&vt_front_lock, flags);
		return (long)front;
	case LINUX_SCROLL:
		if (!capable(CAP_SYS_TTY_CONFIG))
			return -EPERM;
		if (get_user_u32((u32 *)&lines, (u32 __user *)(arg + 4)))
			return -EFAULT;
		vt_scroll_front(lines);
		return 0;
	}
	return -EINVAL;
}

/* All consoles, up to what the screen has. */
static long resize(const struct vt_sizes __user *arg)
{
	const screen_t *screen = screen_get();
	struct vt_sizes sizes;
	long r;

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	if (copy_from_user(&sizes, arg, sizeof(sizes)))
		return -EFAULT;
	mutex_lock(&vt_mutex);
	if (!sizes.v_rows || !sizes.v_cols || sizes.v_rows > screen->rows ||
	    sizes.v_cols > screen->cols)
		r = -EINVAL;
	else
		r = vt_resize_all(sizes.v_cols, sizes.v_rows);
	mutex_unlock(&vt_mutex);
	return r;
}

long vt_ioctl(tty_t *tty, file_t *f, u32 cmd, unsigned long arg)
{
	vt_t *vt = tty->driver_data;
	long r;

	switch (cmd) {
	case KDGETMODE:
		return put_user_u32(READ_ONCE(vt->graphics) ? KD_GRAPHICS : KD_TEXT,
				    (u32 __user *)arg);
	case KDSETMODE:
		return vt_permitted(vt) ? set_screen_mode(vt, arg) : -EPERM;
	case GIO_CMAP:
		return color_map(vt, cmd, (u8 __user *)arg);
	case PIO_CMAP:
		return vt_permitted(vt) ? color_map(vt, cmd, (u8 __user *)arg) : -EPERM;
	case VT_RESIZE:
		return resize((const struct vt_sizes __user *)arg);
	case TIOCLINUX:
		return linux_ioctl(vt, (u8 __user *)arg);
	}
	r = keyboard_ioctl(vt, cmd, arg);
	if (r == -ENOIOCTLCMD)
		r = vt_switch_ioctl(vt, cmd, arg);
	if (r == -ENOIOCTLCMD)
		r = vt_font_ioctl(vt, cmd, arg);
	return r;
}
