/*
 * poll: a file's poll op calls poll_wait for each queue it may be woken on, then returns the ready
 * mask. The wake-up key is the mask of events (wake_up_key), 0 meaning any.
 */
#ifndef FS_POLL_H
#define FS_POLL_H

#include <kernel/sync/wait.h>

struct file;
#define POLLIN 0x1u
#define POLLPRI 0x2u
#define POLLOUT 0x4u
#define POLLERR 0x8u
#define POLLHUP 0x10u
#define POLLNVAL 0x20u
#define POLLRDNORM 0x40u
#define POLLRDBAND 0x80u
#define POLLWRNORM 0x100u
#define POLLWRBAND 0x200u
#define POLLMSG 0x400u
#define POLLRDHUP 0x2000u

typedef struct poll_table {
	void (*queue)(struct file *f, wait_queue_head_t *wq, struct poll_table *pt);
	u32 events; /* what is asked for */
} poll_table_t;

/*
 * The cores of poll(2) and select(2) (fs/vfs/poll.c). deadline is absolute monotonic; 0: do not
 * wait; NSEC_MAX: no end. The number that is ready, 0 when the time is over, -EINTR for a signal,
 * -ENOMEM; select: -EBADF.
 */
struct pollfd;
int poll_files(struct pollfd *fds, u32 count, nsec_t deadline); /* fills revents */
typedef struct select_sets {
	u32 count, words; /* descriptors; words of each bitmap */
	unsigned long *in, *out, *ex, *ready_in, *ready_out, *ready_ex;
	bool looked; /* at all once: they were open then; begin with false */
} select_sets_t;
int select_files(select_sets_t *s, nsec_t deadline);

static inline void poll_wait(struct file *f, wait_queue_head_t *wq, poll_table_t *pt)
{
	if (pt && pt->queue)
		pt->queue(f, wq, pt);
}

#endif
