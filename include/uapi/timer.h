/* timer_create(2), sigevent of the Linux x86_64 ABI. */
#ifndef UAPI_TIMER_H
#define UAPI_TIMER_H

#include <uapi/signal.h>

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2
#define SIGEV_THREAD_ID 4

struct sigevent {
	sigval_t sigev_value;
	int sigev_signo, sigev_notify;
	int sigev_notify_thread_id;
	int pad[11];
};
_Static_assert(sizeof(struct sigevent) == 64, "sigevent");

#endif
