/*
 * What programs that discipline the clock keep in the kernel (adjtimex(2)).
 */
#ifndef KERNEL_TIME_ADJUST_H
#define KERNEL_TIME_ADJUST_H

#include <kernel/types.h>
#include <uapi/timex.h>

/*
 * Makes the change that t->modes asks for and fills in the rest. TIME_OK, TIME_INS to TIME_WAIT
 * around a leap second, or TIME_ERROR while nobody disciplines the clock; -EPERM, -EINVAL. Any
 * thread.
 */
int clock_adjust(struct timex *t);
/* Is it early enough to set the clock to? */
bool clock_may_show(nsec_t realtime);
/* Somebody sets the time of day: what was told of the clock's errors holds no longer. Any thread. */
void clock_set_time(nsec_t realtime);

#endif
