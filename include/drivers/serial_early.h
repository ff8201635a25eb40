/*
 * Output on COM1 before there are drivers: serial_early_init is the first thing that C does, and
 * registers an early console; serial_early_write needs nothing at all and serves messages of what
 * cannot boot.
 */
#ifndef DRIVERS_SERIAL_EARLY_H
#define DRIVERS_SERIAL_EARLY_H

#include <kernel/types.h>

void serial_early_init(void);
void serial_early_write(const char *s, size_t len);

#endif
