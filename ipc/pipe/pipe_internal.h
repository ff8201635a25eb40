/*
 * What reading, writing and splicing of pipes share (ipc/pipe).
 */
#ifndef IPC_PIPE_INTERNAL_H
#define IPC_PIPE_INTERNAL_H

#include <ipc/pipe.h>

#define SLOT_PACKET 1u /* one write; a read takes it as a whole */
#define SLOT_OWN 2u    /* the page was made for the pipe: it may be appended to, and used again */

typedef struct pipe_slot {
	page_t *page; /* own reference */
	u32 offset, len;
	u32 flags;
} pipe_slot_t;

typedef struct pipe {
	mutex_t lock;
	wait_queue_head_t read_wait, write_wait;
	pipe_slot_t *slots;		/* lock; ring of `size`, a power of two */
	u32 size, head, tail;		/* lock */
	u32 readers, writers;		/* lock: open ends */
	u32 reader_opens, writer_opens; /* lock: counters that FIFO opens wait on */
	user_t *user;			/* whose room it is: pipe_pages */
	u32 files;			/* fifo_mutex */
	bool nameless; /* of pipe(2), fixed: opening it by /proc/PID/fd never waits */
	page_t *spare; /* lock: one page kept for the next write */
	fasync_list_t read_async, write_async; /* O_ASYNC of either end */
	bool polled; /* racy: pollers want to hear of each write, not only the first */
} pipe_t;

static inline bool pipe_empty(const pipe_t *p)
{
	return READ_ONCE(p->head) == READ_ONCE(p->tail);
}

static inline bool pipe_full(const pipe_t *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail) >= READ_ONCE(p->size);
}

static inline pipe_slot_t *slot_at(pipe_t *p, u32 index)
{
	return &p->slots[index & (p->size - 1)];
}

pipe_t *file_pipe(const file_t *f); /* NULL: no pipe */

/*
 * One visit of a reader or writer, from locking the pipe to telling the others. What it has to
 * tell: a reader that the pipe was full, a writer that it was empty; and after a sleep, which
 * consumed an exclusive wake-up, whatever is left for the next one of its own kind.
 */
typedef struct pipe_visit {
	bool slept;
	bool edge;
} pipe_visit_t;

/* All with the lock held, also afterwards; it is dropped to sleep. */
/* 0: there is something to read; 1: end of file; -EAGAIN; -ERESTARTSYS. */
int pipe_await_data(pipe_t *p, bool may_wait, pipe_visit_t *v);
/* 0: there is a free slot; -EPIPE (after SIGPIPE); -EAGAIN; -ERESTARTSYS. */
int pipe_await_room(pipe_t *p, bool may_wait, pipe_visit_t *v);
void pipe_push(pipe_t *p, pipe_slot_t slot); /* takes over the page's reference */
void pipe_consume(pipe_t *p, size_t n);	     /* n bytes from the front are done with */
/* Copies out what is there, at most one packet. Bytes or errno as pipe_await_data. */
ssize_t pipe_read_locked(pipe_t *p, iter_t *it, bool may_wait, pipe_visit_t *v);

/* They release the lock. */
void pipe_read_done(pipe_t *p, const pipe_visit_t *v);
void pipe_write_done(pipe_t *p, const pipe_visit_t *v, bool wrote);

#endif
