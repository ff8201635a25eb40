/*
 * What pi.c and pi_requeue.c share.
 */
#ifndef PI_INTERNAL_H
#define PI_INTERNAL_H

#include "futex_internal.h"

/*
 * A priority-inheriting futex that somebody waits for. It is there as long as it has waiters, or a
 * new owner who has yet to write himself into the word. Keys: (b) lock of its bucket, (i) pi_lock.
 */
typedef struct futex_pi {
	list_t link;	      /* (b) bucket->pis */
	futex_key_t key;      /* (c) */
	struct thread *owner; /* (b)(i) no reference: it lets go at its end */
	list_t owned_link;    /* (i) owner->pi_owned */
	list_t waiters;	      /* (b)(i) futex_waiter_t.link: by priority, then FIFO */
	bool stale;	      /* (b) the word does not name the owner yet */
} futex_pi_t;

/* pi_claim's answer when the word changed under it: from the beginning. */
#define PI_AGAIN (-EBUSY)

futex_pi_t *pi_alloc(void); /* zeroed, for pi_claim; NULL; kfree */
/*
 * Bucket locked. Takes the futex for t by its word (1), or finds the futex_pi_t that t can wait for
 * (0), which may be *spare: that is NULL then. -EDEADLK, -EINVAL (word and waiters do not fit
 * together), -EPERM, -ESRCH (the owner), -EFAULT (not resident), PI_AGAIN.
 */
int pi_claim(futex_bucket_t *b, const futex_key_t *key, u32 __user *uaddr, struct thread *t,
	     bool mark_waiters, futex_pi_t **spare, futex_pi_t **found);
/* Bucket locked: the waiter, which is in no list, waits for pi. 0, or -EDEADLK: it does not. */
int pi_join(futex_pi_t *pi, futex_bucket_t *b, futex_waiter_t *w);
void pi_discard_if_idle(futex_pi_t *pi); /* bucket locked */
/* Sleeps until w owns what it waits for, a signal or the deadline (true). */
bool pi_sleep(futex_waiter_t *w, nsec_t deadline);
/*
 * After a sleep: 0 when w owns the futex, -ETIMEDOUT if expired, -EINTR, -EFAULT (the word cannot be
 * written). w waits no more.
 */
int pi_finish(futex_waiter_t *w, u32 __user *uaddr, bool expired);

#endif
