/*
 * Timers and signals as files (timerfd_create(2), signalfd(2)).
 */
#ifndef IPC_TIMERFD_H
#define IPC_TIMERFD_H

#include <fs/vfs.h>
#include <kernel/signal.h>

/* flags: TFD_NONBLOCK. Referenced, or ERR_PTR: -EINVAL (clock, flags), -EPERM (alarm clocks). */
file_t *timerfd_create_file(int clock, int flags);

typedef struct timerfd_setting {
	nsec_t value, interval; /* value 0: not armed */
} timerfd_setting_t;
/* flags: TFD_TIMER_*. 0, -EINVAL (f is no timer, flags), -ECANCELED (the clock was set before). */
int timerfd_set(file_t *f, int flags, timerfd_setting_t next, timerfd_setting_t *old);
int timerfd_get(file_t *f, timerfd_setting_t *out); /* 0 or -EINVAL */

/* The set is without SIGKILL and SIGSTOP. Referenced, or ERR_PTR. */
file_t *signalfd_create_file(sigset_t set, int flags);
int signalfd_set(file_t *f, sigset_t set); /* 0, or -EINVAL when f is no signal descriptor */

#endif
