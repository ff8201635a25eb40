/*
 * Virtual consoles (/dev/tty0 .. tty63) on the machine's screen and keyboard.
 */
#ifndef DRIVERS_VT_H
#define DRIVERS_VT_H

#include <drivers/tty.h>
#include <kernel/printk.h>

void vt_init(void); /* boot, after screen_init and tty_init; nothing without a screen */
/*
 * open(2) of major 4, minors 0 to 63: number 0 is the console in front. Makes what is missing.
 * Referenced tty, or ERR_PTR (-ENXIO: no screen, -ENOMEM). May sleep.
 */
tty_t *vt_open_number(u32 number);
console_t *vt_console(void); /* the kernel log on the console in front; NULL without a screen */

#endif
