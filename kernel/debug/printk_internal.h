/*
 * The log ring and the consoles, shared by printk.c, console.c and panic.c.
 */
#ifndef KERNEL_PRINTK_INTERNAL_H
#define KERNEL_PRINTK_INTERNAL_H

#include <kernel/printk.h>

#define LOG_LINE_MAX 512 /* longer lines of the kernel are cut */

/*
 * A panic is under way: locks may be held by CPUs that are stopped, so they are tried, not waited
 * for.
 */
extern bool log_panicking;

/* console.c: brings every console up to the newest record, unless another CPU is at it. */
void console_flush(void);
/* Panic: all others are stopped; what they were printing stays cut. */
void console_take_over(void);

#endif
