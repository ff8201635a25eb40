/*
 * Advisory locks (fs/vfs/locks.c): record locks of processes (fcntl F_SETLK) and of open files
 * (F_OFD_SETLK), and flock(2). struct flock is kernel memory here; positions relative to the file's
 * are resolved inside.
 */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include <fs/vfs.h>

/* F_GETLK, F_OFD_GETLK: changes *fl. 0, -EINVAL, -EOVERFLOW. */
int file_lock_get(file_t *f, bool ofd, struct flock *fl);
/*
 * F_SETLK(W), F_OFD_SETLK(W). 0, -EAGAIN, -EDEADLK, -EBADF, -EINVAL, -EOVERFLOW, -ENOLCK,
 * -ERESTARTSYS.
 */
int file_lock_set(file_t *f, bool ofd, const struct flock *fl, bool wait);
/*
 * A descriptor went away while its lock was being set: the process's record locks on the file go.
 */
void file_lock_forget(file_t *f);
int file_flock(file_t *f,
	       u32 operation); /* LOCK_*; 0, -EWOULDBLOCK, -EINVAL, -ENOLCK, -ERESTARTSYS */

/*
 * Leases (fs/vfs/leases.c). F_SETLEASE: 0, -EAGAIN (the file is open elsewhere; F_UNLCK: there is none), -EACCES,
 * -EINVAL, -ENOMEM. F_GETLEASE: the type, or what it is to become.
 */
int file_set_lease(int fd, file_t *f, int type);
int file_get_lease(const file_t *f);
void leases_init(void); /* boot, after procfs_init: their sysctls */

#endif
