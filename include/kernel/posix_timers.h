/*
 * POSIX timers of the running process (timer_create(2)): each sends a signal when its clock reaches
 * a time, once or again and again. kernel/proc/posix_timers.c. 0 or negative errno.
 */
#ifndef KERNEL_POSIX_TIMERS_H
#define KERNEL_POSIX_TIMERS_H

#include <kernel/process.h>
#include <uapi/timer.h>

typedef struct timer_setting {
	nsec_t value;	 /* from now; 0: not armed */
	nsec_t interval; /* 0: once */
} timer_setting_t;

/* event NULL: SIGALRM with the timer's number. Returns the number. */
int posix_timer_create(int clock, const struct sigevent *event);
/* value absolute with `absolute`; old gets the former setting, and may be NULL. */
int posix_timer_set(int id, bool absolute, timer_setting_t next, timer_setting_t *old);
int posix_timer_get(int id, timer_setting_t *out);
int posix_timer_overrun(int id);
int posix_timer_delete(int id);
/* /proc/PID/timers. */
struct seq_file;
void posix_timers_show(struct seq_file *m, process_t *p);
/* The end of a process: all of them. */
void posix_timers_clear(process_t *p);
/* execve: the running process's, which has one thread, and their pending signals. */
void posix_timers_exec(void);

#endif
