/* POSIX message queues of the Linux ABI: mq_overview(7). */
#ifndef UAPI_MQUEUE_H
#define UAPI_MQUEUE_H

#include <stdint.h>

#define MQ_PRIO_MAX 32768
#define MQUEUE_MAGIC 0x19800202
#define NOTIFY_COOKIE_LEN 32 /* what SIGEV_THREAD points to */

struct mq_attr {
	int64_t mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs;
	int64_t reserved[4];
};
_Static_assert(sizeof(struct mq_attr) == 64, "mq_attr");

#endif
