/*
 * Sleeping locks: mutex (owner known, for priority inheritance and debugging; spins while the owner
 * runs), rwsem (shared/exclusive; writers are not starved), counting semaphore, completion. None
 * may be taken in interrupt or with preemption off.
 */
#ifndef KERNEL_SYNC_MUTEX_H
#define KERNEL_SYNC_MUTEX_H

#include <kernel/sync/wait.h>

typedef struct mutex {
	struct thread *owner; /* atomic; low bits are marks: kernel/sync/mutex.c */
	wait_queue_head_t wait;
	LOCK_DEP_FIELD
} mutex_t;
#define MUTEX_INIT(name)                                                                           \
	{                                                                                          \
		.wait = WAIT_QUEUE_INIT((name).wait), LOCK_DEP_INIT(#name)                         \
	}
#define mutex_init(m)                                                                              \
	do {                                                                                       \
		mutex_setup(m);                                                                    \
		lockdep_init(m, #m);                                                               \
	} while (0)
void mutex_setup(mutex_t *m);
void mutex_lock(mutex_t *m);
void mutex_lock_nested(mutex_t *m); /* second of its class, ordered by the caller */
__must_check int mutex_lock_interruptible(mutex_t *m); /* 0 or -ERESTARTSYS */
__must_check int mutex_lock_killable(mutex_t *m);
bool mutex_trylock(mutex_t *m);
void mutex_unlock(mutex_t *m);
bool mutex_is_locked(const mutex_t *m);

typedef struct rwsem {
	s64 count; /* atomic; see kernel/sync/rwsem.c */
	wait_queue_head_t wait;
	struct thread *owner; /* writer, for debugging */
	LOCK_DEP_FIELD
} rwsem_t;
#define RWSEM_INIT(name)                                                                           \
	{                                                                                          \
		.wait = WAIT_QUEUE_INIT((name).wait), LOCK_DEP_INIT(#name)                         \
	}
#define rwsem_init(s)                                                                              \
	do {                                                                                       \
		rwsem_setup(s);                                                                    \
		lockdep_init(s, #s);                                                               \
	} while (0)
void rwsem_setup(rwsem_t *s);
void rwsem_read_lock(rwsem_t *s);
bool rwsem_read_trylock(rwsem_t *s);
__must_check int rwsem_read_lock_killable(rwsem_t *s);
void rwsem_read_unlock(rwsem_t *s);
void rwsem_write_lock(rwsem_t *s);
void rwsem_write_lock_nested(rwsem_t *s);
bool rwsem_write_trylock(rwsem_t *s);
__must_check int rwsem_write_lock_killable(rwsem_t *s);
void rwsem_write_unlock(rwsem_t *s);
void rwsem_downgrade(rwsem_t *s); /* exclusive to shared, without a gap */

typedef struct semaphore {
	spinlock_t lock;
	int count; /* lock */
	wait_queue_head_t wait;
} semaphore_t;
void sema_init(semaphore_t *sem, int val);
int down(semaphore_t *sem);	    /* 0, or -EINTR when a signal came first */
int down_trylock(semaphore_t *sem); /* 0, or -EAGAIN */
void up(semaphore_t *sem);

typedef struct completion {
	wait_queue_head_t wait;
	u32 done; /* wait.lock; UINT32_MAX: complete_all */
} completion_t;
void init_completion(completion_t *c);
void complete(completion_t *c);
void complete_all(completion_t *c);
void wait_for_completion(completion_t *c);
__must_check int wait_for_completion_killable(completion_t *c);

#endif
