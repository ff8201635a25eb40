/*
 * devpts: the names of pty slaves, /dev/pts/<n>.
 */
#ifndef DRIVERS_TTY_DEVPTS_H
#define DRIVERS_TTY_DEVPTS_H

#include <drivers/tty.h>

void devpts_init(void);
int devpts_alloc_index(void); /* lowest free number, or -ENOSPC, -ENOMEM */
void devpts_free_index(u32 index);
int devpts_add(tty_t *slave); /* the name appears, owned by the caller's fsuid; takes a reference */
void devpts_remove(u32 index);		       /* the name goes, and its reference */
tty_t *devpts_find(u32 index);		       /* referenced, or NULL */
int devpts_open_peer(tty_t *slave, int flags); /* TIOCGPTPEER: a descriptor, or errno */

#endif
