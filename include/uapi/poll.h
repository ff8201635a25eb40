/* poll(2), select(2) of the Linux x86_64 ABI. The event bits are in fs/poll.h. */
#ifndef UAPI_POLL_H
#define UAPI_POLL_H

#include <stdint.h>

struct pollfd {
	int32_t fd;
	int16_t events, revents;
};
_Static_assert(sizeof(struct pollfd) == 8, "pollfd");

#define FD_SETSIZE 1024

#endif
