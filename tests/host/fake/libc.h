/*
 * Included ahead of everything: where libc and the kernel define the same names, kernel headers
 * win, in libc's own guards. A file that needs libc's <time.h> (through <pthread.h>, say) is
 * compiled with HOST_LIBC_TIME.
 */
#ifndef FAKE_LIBC_H
#define FAKE_LIBC_H

#include <bits/types/__sigset_t.h>
#define __sigset_t_defined 1

#ifndef HOST_LIBC_TIME
#include <uapi/time.h>
#define _STRUCT_TIMESPEC 1
#define __timeval_defined 1
#define __timer_t_defined 1
#endif

#endif
