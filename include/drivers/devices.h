/*
 * All device drivers of the machine, started in order at boot.
 */
#ifndef DRIVERS_DEVICES_H
#define DRIVERS_DEVICES_H

#include <kernel/types.h>

/* Character devices and terminals; the consoles of the command line. In a thread; may sleep. */
void devices_init(void);
/* Boot: /proc/tty, /proc/consoles, on a machine with so many serial ports and perhaps a screen. */
void devices_show_init(u32 serial_ports, bool screen);

#endif
