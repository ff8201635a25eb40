/* Virtual consoles of the Linux ABI: ioctl_console(2), linux/vt.h. */
#ifndef UAPI_VT_H
#define UAPI_VT_H

#include <stdint.h>

#define VT_MAX_CONSOLES 63

#define VT_OPENQRY 0x5600
#define VT_GETMODE 0x5601
#define VT_SETMODE 0x5602
#define VT_GETSTATE 0x5603
#define VT_SENDSIG 0x5604
#define VT_RELDISP 0x5605
#define VT_ACTIVATE 0x5606
#define VT_WAITACTIVE 0x5607
#define VT_DISALLOCATE 0x5608
#define VT_RESIZE 0x5609
#define VT_RESIZEX 0x560a
#define VT_LOCKSWITCH 0x560b
#define VT_UNLOCKSWITCH 0x560c

struct vt_mode {
	int8_t mode; /* VT_AUTO, VT_PROCESS */
	int8_t waitv;
	int16_t relsig, acqsig, frsig;
};
_Static_assert(sizeof(struct vt_mode) == 8, "vt_mode");
#define VT_AUTO 0
#define VT_PROCESS 1
#define VT_ACKACQ 2 /* argument of VT_RELDISP */

struct vt_stat {
	uint16_t v_active, v_signal, v_state;
};

struct vt_sizes {
	uint16_t v_rows, v_cols, v_scrollsize;
};

#endif
