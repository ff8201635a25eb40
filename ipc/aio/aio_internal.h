/*
 * What the files of ipc/aio share.
 */
#ifndef IPC_AIO_INTERNAL_H
#define IPC_AIO_INTERNAL_H

#include <ipc/aio.h>

#include <fs/poll.h>
#include <kernel/softirq.h>
#include <mm/space.h>

struct aio_context {
	refcount_t refs;      /* the space's, each request's, each running call's */
	vm_space_t *space;    /* (c) outlives it: no reference */
	unsigned long number; /* (c) address of the ring */
	u32 max_requests;     /* (c) as asked for: counts against the system's limit */
	u32 nr;		      /* (c) events in the ring */
	page_t **pages;	      /* (c) the ring's */
	u32 page_count;	      /* (c) */
	spinlock_t lock;
	u32 tail;		/* lock */
	u32 inflight;		/* lock: requests without an event yet */
	list_t polls;		/* lock: those that can be cancelled */
	bool dead;		/* lock, read racily */
	mutex_t read_lock;	/* one taker of events at a time */
	wait_queue_head_t wait; /* for events, and for the last request */
};

#define AIO_QUEUES 2 /* wait queues that one file may be polled on */

typedef struct aio_request {
	aio_context_t *ctx; /* own reference */
	file_t *file;	    /* own reference */
	file_t *eventfd;    /* own reference, or NULL */
	struct io_event event;
	/* the rest is of polls */
	list_t link; /* ctx->lock; empty once it is being completed */
	u32 events;
	bool cancelled;	   /* ctx->lock */
	bool failed;	   /* no room for another queue */
	bool armed, woken; /* atomic */
	bool finished;	   /* the work's: nothing schedules it any more */
	u32 queue_count;
	struct aio_wait {
		wait_queue_entry_t entry;
		wait_queue_head_t *queue; /* NULL once it has ended */
		struct aio_request *request;
	} waits[AIO_QUEUES];
	work_t work;
} aio_request_t;

/* The event goes into the ring; the request is freed. Any thread; no locks. */
void aio_complete(aio_request_t *r, s64 res);
/* A place in the ring for an event to come; false when there is none. */
bool aio_take_slot(aio_context_t *ctx);
void aio_give_slot(aio_context_t *ctx);
/* requests.c: with the references it holds. */
void aio_free_request(aio_request_t *r);
/* Completes it soon, with nothing. ctx->lock held. */
void aio_cancel_locked(aio_request_t *r);

#endif
