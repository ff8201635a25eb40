/*
 * POSIX message queues, for the files of ipc/mqueue.
 */
#ifndef MQUEUE_INTERNAL_H
#define MQUEUE_INTERNAL_H

#include <ipc/mqueue.h>
#include <kernel/lib/rbtree.h>
#include <kernel/process.h>

#include "../waiter.h"

typedef struct mq_message {
	rb_node_t node; /* queue's lock */
	u32 priority;
	u32 len;
	u8 text[];
} mq_message_t;

/* node->private_data of a queue's file. */
typedef struct mqueue {
	spinlock_t lock;
	u32 most, size; /* (c) messages; bytes of each */
	/* by lock */
	u32 count;
	u64 bytes;
	rb_root_cached_t messages; /* highest priority first, then in order of arrival */
	list_t senders, receivers; /* sleepers */
	struct pid *notified;	   /* who wants to know of a message: own reference, or NULL */
	struct sigevent event;	   /* how */
	wait_queue_head_t poll;
	user_t *user; /* (c) who pays: own reference */
	u64 charge;   /* (c) bytes of RLIMIT_MSGQUEUE */
} mqueue_t;

static inline mqueue_t *mqueue_of(const vfs_node_t *n)
{
	return n->private_data;
}

/* fs.c */
extern const file_operations_t mqueue_file_operations;
static inline bool is_mqueue(const file_t *f)
{
	return f->ops == &mqueue_file_operations;
}

/* message.c */
void mqueue_drop_messages(mqueue_t *q); /* nobody uses it any more */
u32 mqueue_poll(file_t *f, struct poll_table *pt);

/* notify.c */
void mqueue_tell(mqueue_t *q);	 /* a message came to an empty queue; locked */
int mqueue_flush(file_t *f);	 /* a descriptor is closed */
void mqueue_forget(mqueue_t *q); /* nobody is to be told any more; locked */

#endif
