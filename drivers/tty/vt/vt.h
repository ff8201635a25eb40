/*
 * Virtual consoles, shared by the files of drivers/tty/vt.
 */
#ifndef DRIVERS_TTY_VT_VT_H
#define DRIVERS_TTY_VT_VT_H

#include "keyboard.h"
#include "term.h"

#include "../tty_internal.h"

#include <uapi/vt.h>

/*
 * A console. Keys: (l) lock, a spinlock with interrupts off; (m) vt_mutex; (k) constant; (a) atomic.
 * Order: tty_mutex > vt_mutex; vt_front_lock > lock > tty->raw_lock.
 */
typedef struct vt {
	u32 number; /* (k) 1 is tty1 */
	tty_t *tty; /* (k) owns us: freed by its last reference */
	spinlock_t lock;
	term_t term;	   /* (l) */
	vt_keyboard_t kbd; /* kbd_lock */
	u8 asked_leds;	   /* (a) by ESC [ q, until keyboard_update_leds takes it over */
	bool open;	   /* (m) some file leads to it */
	bool graphics;	   /* (a) KD_GRAPHICS: a program draws, we do not; changed under (m) */

	struct vt_mode mode; /* (m) how switching away is agreed upon */
	struct pid *owner;   /* (m) who is asked in VT_PROCESS; own reference */
	u32 wanted;	     /* (m) number of the console that we make way for; 0: none */
} vt_t;
#define LEDS_NOT_ASKED 0xff

extern mutex_t vt_mutex;
extern spinlock_t vt_front_lock; /* vt_front; interrupts off */
extern vt_t *vt_front;		 /* vt_front_lock and vt_mutex to change, either to read */

/* vt_mutex held: the console, NULL when it was never opened. */
vt_t *vt_by_number(u32 number);
vt_t *vt_make(u32 number); /* likewise; made if missing; or ERR_PTR */
bool vt_is_open(const vt_t *vt);
/* Without vt_mutex. -EBUSY: in front, open, or there is none. */
int vt_destroy(u32 number);

/* vt_switch.c */
void vt_request_switch(u32 number);	  /* any context; 0: the one that was in front before */
void vt_request_existing(u32 number);	  /* any context: likewise, but none is made for it */
void vt_request_neighbour(int direction); /* any context: the next (1) or former (-1) console */
void vt_request_hold(void);		  /* any context: stops or restarts output */
int vt_switch_locked(vt_t *to);		  /* vt_mutex held; at once, or when the owner agrees */
int vt_wait_active(u32 number);		  /* 0 or -ERESTARTSYS */
long vt_switch_ioctl(vt_t *vt, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD */
void vt_reset_mode(vt_t *vt);				    /* vt_mutex held */
void vt_show_palette(const vt_t *vt);			    /* vt->lock held */
void vt_switch_init(void);				    /* boot: vt_front is set */

void vt_scroll_front(int lines); /* the view: down, or up if negative; 0: to the end */
/* vt_ioctl.c */
long vt_ioctl(tty_t *tty, file_t *f, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD */
bool vt_permitted(const vt_t *vt); /* the caller's own terminal, or CAP_SYS_TTY_CONFIG */
/* vt_font.c */
long vt_font_ioctl(vt_t *vt, u32 cmd, unsigned long arg); /* -ENOIOCTLCMD */

/* vcs.c; a console's nodes under /dev */
void vcs_init(void); /* boot: vt_front is set */
void vcs_make_nodes(u32 number);
void vcs_remove_nodes(u32 number);

/* All consoles get memory of a new size. 0 or -ENOMEM; vt_mutex held. */
int vt_resize_all(u32 cols, u32 rows);

#endif
