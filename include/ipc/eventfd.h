/*
 * Event counters (eventfd(2)). A counter is a file: who signals it holds a reference on that file.
 *
 *	f = eventfd_create(0, EFD_NONBLOCK);	referenced, or ERR_PTR(-EINVAL, -ENOMEM, -ENFILE)
 *	eventfd_signal(f, 1);			any context; what would overflow sticks at the top
 */
#ifndef IPC_EVENTFD_H
#define IPC_EVENTFD_H

#include <fs/vfs.h>

file_t *eventfd_create(u32 count, int flags); /* EFD_*; EFD_CLOEXEC is the descriptor's */
bool file_is_eventfd(const file_t *f);
void eventfd_signal(file_t *f, u64 n);

#endif
