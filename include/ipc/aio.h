/*
 * Contexts of asynchronous input and output (io_setup(2)). A context belongs to the running
 * program's address space, and its number is the address of its ring of events there.
 *
 *	ctx = aio_find(number);		referenced, or NULL
 *	aio_submit(ctx, &iocb, address);
 *	aio_put(ctx);
 */
#ifndef IPC_AIO_H
#define IPC_AIO_H

#include <fs/vfs.h>
#include <uapi/aio.h>

typedef struct aio_context aio_context_t;

/* Room for that many requests: the number, or -EINVAL, -EAGAIN (the system's limit), -ENOMEM. */
long aio_create(u32 events);
aio_context_t *aio_find(unsigned long number); /* of the running program */
void aio_put(aio_context_t *ctx);
/* Cancels what waits, waits for the rest, takes the ring away. -EINVAL: it is being destroyed. */
int aio_destroy(aio_context_t *ctx);
u32 aio_room(const aio_context_t *ctx); /* requests that a call may submit at most */
/*
 * Starts what *cb asks for; `user` is where it stands. 0: its event is in the ring or will come.
 * -EAGAIN: no room, -EINVAL, -EBADF, -EFAULT, -EOPNOTSUPP, -EPERM.
 */
int aio_submit(aio_context_t *ctx, const struct iocb *cb, struct iocb __user *user);
/* -EINPROGRESS: its event comes at once; -EINVAL: nothing to cancel. */
int aio_cancel(aio_context_t *ctx, struct iocb __user *user);
/*
 * Copies at most nr events out, waiting for at least min until the (absolute, monotonic) deadline;
 * 0: does not wait. The number, -EINTR, -EFAULT, -EINVAL when the context was destroyed.
 */
long aio_get_events(aio_context_t *ctx, long min, long nr, struct io_event __user *events,
		    nsec_t deadline);
void aio_init(void); /* boot, after procfs */

#endif
