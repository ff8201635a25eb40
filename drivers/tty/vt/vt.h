/*
 * Virtual consoles, shared by the files of drivers/tty/vt.
 */
#ifndef DRIVERS_TTY_VT_VT_H
#define DRIVERS_TTY_VT_VT_H

#include "term.h"

#include "../tty_internal.h"

#include <uapi/vt.h>

/*
 * A console. Keys: (l) lock, a spinlock with interrupts off; (m) vt_mutex; (k) constant; (a) atomic.
 * Order: tty_mutex > vt_mutex; front_lock > lock > tty->raw_lock.
 */
typedef struct vt {
	u32 number; /* (k) 1 is tty1 */
	tty_t *tty; /* (k) owns us: freed by its last reference */
	spinlock_t lock;
	term_t term;   /* (l) */
	bool graphics; /* (a) KD_GRAPHICS: a program draws, we do not; changed under (m) */

	struct vt_mode mode; /* (m) how switching away is agreed upon */
	struct pid *owner;   /* (m) who is asked in VT_PROCESS; own reference */
	u32 wanted;	     /* (m) number of the console that we make way for; 0: none */
} vt_t;

extern mutex_t vt_mutex;
extern spinlock_t vt_front_lock; /* vt_front; interrupts off */
extern vt_t *vt_front;		 /* vt_front_lock and vt_mutex to change, either to read */

/* vt_mutex held: the console, NULL when it was never opened. */
vt_t *vt_by_number(u32 number);
vt_t *vt_make(u32 number); /* likewise; made if missing; or ERR_PTR */
int vt_destroy(vt_t *vt);  /* 0 or -EBUSY; vt_mutex held */
bool vt_is_open(const vt_t *vt);

/* vt_switch.c */
void vt_request_switch(u32 number); /* any context; 0: the one that was in front before */
int vt_switch_locked(vt_t *to);	    /* vt_mutex held; at once, or when the owner agrees */
int vt_wait_active(u32 number);	    /* 0 or -ERESTARTSYS */
long vt_switch_ioctl(vt_t *vt, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD */
void vt_reset_mode(vt_t *vt);				    /* vt_mutex held */
void vt_show_palette(const vt_t *vt);			    /* vt->lock held */
void vt_switch_init(void);				    /* boot: vt_front is set */

/* Rows or columns changed with the font: all consoles get memory of the new size. 0 or -ENOMEM. */
int vt_resize_all(u32 cols, u32 rows);

#endif
