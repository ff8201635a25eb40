/*
 * Descriptors of processes (pidfd_open(2)): they go on meaning the same process when its number has
 * been given to another. kernel/proc/pidfd.c.
 */
#ifndef KERNEL_PIDFD_H
#define KERNEL_PIDFD_H

#include <kernel/types.h>

struct file;
struct pid;

/* A file on pid, of which it takes a reference of its own; or ERR_PTR. flags: O_NONBLOCK. */
struct file *pidfd_create(struct pid *pid, u32 flags);
/* The process that f stands for, without a reference; NULL when f is no such file. */
struct pid *pidfd_file_pid(const struct file *f);
/* Of the running thread's descriptor: referenced, or ERR_PTR(-EBADF). file_flags may be NULL. */
struct pid *pidfd_get_pid(int fd, u32 *file_flags);
/* The thread that bears the number: referenced, or NULL when it is gone. */
struct thread *pid_get_thread(struct pid *pid);

#endif
