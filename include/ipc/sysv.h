/*
 * System V IPC: semaphore sets, message queues, shared memory segments (sysvipc(7)).
 *
 * Kernel arguments, except where a buffer is said to be the program's. A missing or stale identifier is -EINVAL, one
 * that is removed while a thread sleeps on it -EIDRM; permissions -EACCES; what only the owner may do -EPERM.
 */
#ifndef IPC_SYSV_H
#define IPC_SYSV_H

#include <kernel/thread.h>
#include <uapi/ipc.h>

struct ipc_namespace;
struct sem_undo_list;

void sysv_init(void); /* boot, after procfs and nameless files */

/* ---- semaphores ---- */

long sysv_semget(int key, int nsems, int flags);
/* ops: a kernel copy, changed meanwhile. deadline: monotonic, NSEC_MAX none. */
long sysv_semop(int id, struct sembuf *ops, u32 nr, nsec_t deadline);
u32 sysv_semopm(void); /* most operations of one call */
long sysv_semctl(int id, int num, int cmd, unsigned long arg);
/*
 * The adjustments that a thread's exit makes (SEM_UNDO). share: the new thread has those of the running one. 0 or
 * -ENOMEM. unshare, exit: current's are made if nobody else has them; both may be called without any.
 */
int sem_undo_clone(struct thread *t, bool share);
void sem_undo_leave(struct thread *t); /* may sleep; of current, or of a thread that never ran */

/* ---- message queues ---- */

long sysv_msgget(int key, int flags);
long sysv_msgsnd(int id, s64 type, const void __user *text, size_t len, int flags);
/* Bytes, and the type; text is the program's. */
long sysv_msgrcv(int id, s64 *type, void __user *text, size_t len, s64 wanted, int flags);
long sysv_msgctl(int id, int cmd, void __user *buf);

/* ---- shared memory ---- */

void shm_leave(struct thread *t); /* current exits, its memory is gone; may sleep */

long sysv_shmget(int key, size_t size, int flags);
long sysv_shmat(int id, unsigned long addr, int flags); /* the address */
long sysv_shmdt(unsigned long addr);
long sysv_shmctl(int id, int cmd, void __user *buf);

#endif
