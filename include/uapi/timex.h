/*
 * adjtimex(2).
 */
#ifndef UAPI_TIMEX_H
#define UAPI_TIMEX_H

#include <uapi/time.h>

struct timex {
	uint32_t modes;
	int32_t pad1;
	int64_t offset;
	int64_t freq;		    /* parts per million, 16 fractional bits */
	int64_t maxerror, esterror; /* microseconds */
	int32_t status;
	int32_t pad2;
	int64_t constant, precision, tolerance;
	struct timeval time;
	int64_t tick; /* microseconds between ticks */
	int64_t ppsfreq, jitter;
	int32_t shift;
	int32_t pad3;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
	int32_t tai;
	int32_t pad4[11];
};
_Static_assert(sizeof(struct timex) == 208, "timex");

#define ADJ_OFFSET 0x0001u
#define ADJ_FREQUENCY 0x0002u
#define ADJ_MAXERROR 0x0004u
#define ADJ_ESTERROR 0x0008u
#define ADJ_STATUS 0x0010u
#define ADJ_TIMECONST 0x0020u
#define ADJ_TAI 0x0080u
#define ADJ_SETOFFSET 0x0100u
#define ADJ_MICRO 0x1000u
#define ADJ_NANO 0x2000u
#define ADJ_TICK 0x4000u
#define ADJ_ADJTIME 0x8000u
#define ADJ_OFFSET_SINGLESHOT 0x0001u /* with ADJ_ADJTIME */
#define ADJ_OFFSET_READONLY 0x2000u   /* with ADJ_ADJTIME */

#define STA_PLL 0x0001
#define STA_FLL 0x0008
#define STA_INS 0x0010
#define STA_DEL 0x0020
#define STA_UNSYNC 0x0040
#define STA_FREQHOLD 0x0080
#define STA_CLOCKERR 0x1000
#define STA_NANO 0x2000
#define STA_MODE 0x4000
#define STA_RONLY 0xff00 /* cannot be set */

#define TIME_OK 0
#define TIME_INS 1
#define TIME_DEL 2
#define TIME_OOP 3
#define TIME_WAIT 4
#define TIME_ERROR 5

#endif
