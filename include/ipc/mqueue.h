/*
 * POSIX message queues (mq_overview(7)). Names are those of a file system with one directory, "mqueue", which
 * programs may mount; the calls work without.
 */
#ifndef IPC_MQUEUE_H
#define IPC_MQUEUE_H

#include <fs/vfs.h>
#include <uapi/mqueue.h>
#include <uapi/timer.h>

void mqueue_init(void); /* boot, after vfs_init and procfs */

/*
 * Open for O_ACCMODE, O_NONBLOCK; made with O_CREAT, sizes of attr (NULL: the defaults). Referenced, or ERR_PTR: -EACCES
 * (also: no good name), -EEXIST, -ENOENT, -EINVAL, -EMFILE (RLIMIT_MSGQUEUE), -ENOSPC, ...
 */
file_t *mqueue_open(const char *name, int flags, mode_t mode, const struct mq_attr *attr);
int mqueue_unlink(const char *name);
/* deadline: as schedule_deadline has it. -EBADF: f is no queue, or not open for this. Text is the program's. */
long mqueue_send(file_t *f, const char __user *text, size_t len, u32 priority, nsec_t deadline);
/* Bytes; -EMSGSIZE when room is less than the queue's message size. */
long mqueue_receive(file_t *f, char __user *text, size_t room, u32 *priority, nsec_t deadline);
int mqueue_notify(file_t *f, const struct sigevent *event); /* NULL: no more */
/* next (NULL: nothing changes): only O_NONBLOCK of mq_flags. */
int mqueue_set_attr(file_t *f, const struct mq_attr *next, struct mq_attr *old);

#endif
