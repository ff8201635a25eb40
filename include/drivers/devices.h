/*
 * All device drivers of the machine, started in order at boot.
 */
#ifndef DRIVERS_DEVICES_H
#define DRIVERS_DEVICES_H

/* Character devices and terminals; the consoles of the command line. In a thread; may sleep. */
void devices_init(void);

#endif
