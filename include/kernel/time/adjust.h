/*
 * What programs that discipline the clock keep in the kernel (adjtimex(2)).
 */
#ifndef KERNEL_TIME_ADJUST_H
#define KERNEL_TIME_ADJUST_H

#include <uapi/timex.h>

/*
 * Makes the change that t->modes asks for and fills in the rest. TIME_OK or TIME_ERROR; -EPERM,
 * -EINVAL, -EOPNOTSUPP: the clock cannot be slewed. Any thread.
 */
int clock_adjust(struct timex *t);

#endif
