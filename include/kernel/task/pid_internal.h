/*
 * The tree of numbers.
 */
#ifndef KERNEL_PID_INTERNAL_H
#define KERNEL_PID_INTERNAL_H

#include <kernel/lib/xarray.h>

extern xarray_t pid_numbers; /* written under pid_lock of kernel/proc/pid.c, readable under RCU */

#endif
