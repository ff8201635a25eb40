/*
 * The 16550 serial ports ttyS0..ttyS3.
 */
#ifndef DRIVERS_SERIAL_H
#define DRIVERS_SERIAL_H

#include <drivers/tty.h>
#include <kernel/printk.h>

void serial_init(void);		      /* boot, after interrupts and devtmpfs */
tty_t *serial_tty(u32 index);	      /* no reference; NULL when there is no such port */
console_t *serial_console(u32 index); /* for register_console; NULL likewise */

#endif
