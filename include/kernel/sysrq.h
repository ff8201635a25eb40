/*
 * Magic SysRq: requests to the kernel itself, from whoever sits at the machine (kernel/trace/sysrq.c).
 * Keys are Linux's (its Documentation/admin-guide/sysrq.rst); 'h' lists those that are known.
 */
#ifndef KERNEL_SYSRQ_H
#define KERNEL_SYSRQ_H

#include <kernel/types.h>

/*
 * What the key asks for, if /proc/sys/kernel/sysrq allows it. For drivers of keyboards and serial lines: any
 * context but an NMI; no lock may be held that printing takes.
 */
void sysrq_handle(char key);

void sysrq_init(void); /* boot, after procfs: /proc/sysrq-trigger, /proc/sys/kernel/sysrq */

struct thread;
/* One line and, if it does not run, a backtrace, to the log. */
void sysrq_print_thread(struct thread *t);

void timer_list_init(void); /* boot, after procfs: /proc/timer_list */
void hung_init(void); /* boot, after procfs: looks for threads that hang (kernel/trace/hung.c) */

#endif
