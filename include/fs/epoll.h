/*
 * epoll(7): a set of watched files, and a list of those that became ready. Each instance is a file.
 *
 *	f = epoll_create_file();		referenced, or ERR_PTR
 *	epoll_control(f, EPOLL_CTL_ADD, fd, target, &event);
 *	n = epoll_wait_events(f, events, 64, deadline);
 */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include <fs/vfs.h>
#include <uapi/eventpoll.h>

file_t *epoll_create_file(void);
/*
 * event may be NULL for EPOLL_CTL_DEL. 0, -EINVAL, -EPERM (target cannot be polled), -EEXIST,
 * -ENOENT, -ELOOP, -ENOSPC (fs.epoll.max_user_watches), -ENOMEM.
 */
int epoll_control(file_t *epoll, int op, int fd, file_t *target, const struct epoll_event *event);
/*
 * deadline: absolute monotonic; 0: do not wait; NSEC_MAX: no end. The number of events stored,
 * -EINTR, -EFAULT, -EINVAL when f is no epoll.
 */
int epoll_wait_events(file_t *f, struct epoll_event __user *events, int max, nsec_t deadline);
bool file_is_epoll(const file_t *f);
/*
 * The n-th of the files that the instance watches under that number, by address: only to compare, no reference. -EINVAL:
 * f is no instance; -ENOENT. May sleep.
 */
const void *epoll_target(file_t *f, int fd, u32 n);
/* The last reference of a watched file went: it leaves all sets. Called by fs/vfs/file.c. */
void epoll_forget_file(file_t *f);
void epoll_init(void); /* boot, after procfs */

#endif
