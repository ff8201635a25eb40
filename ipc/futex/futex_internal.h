/*
 * Inside ipc/futex: keys, buckets, waiters.
 */
#ifndef FUTEX_INTERNAL_H
#define FUTEX_INTERNAL_H

#include <ipc/futex.h>
#include <kernel/lib/list.h>
#include <kernel/sync/spinlock.h>
#include <uapi/futex.h>

struct thread;

/* What makes two user addresses the same futex. */
typedef struct futex_key {
	const void *object; /* address space, or file pages for what processes share */
	u64 index;	    /* address, or page in the file */
	u32 offset;	    /* in the page; + 1 for shared: the two kinds never meet */
} futex_key_t;

typedef struct futex_bucket {
	spinlock_t lock;
	list_t waiters; /* lock */
} __cacheline_aligned futex_bucket_t;

/*
 * A sleeper; on its stack. Keys: (b) lock of the bucket in which it is queued. A waker takes it off
 * the queue and then sets woken, after which it may be gone at any time.
 */
typedef struct futex_waiter {
	list_t link;		/* (b) */
	futex_key_t key;	/* (b) requeue changes it */
	futex_bucket_t *bucket; /* (b) likewise */
	u32 bitset;		/* constant */
	struct thread *thread;	/* constant */
	bool woken;		/* (b) set, read with acquire */
} futex_waiter_t;

/* 0, -EFAULT, -EINVAL (not aligned). */
int futex_get_key(u32 __user *uaddr, bool shared, futex_key_t *key);
futex_bucket_t *futex_bucket(const futex_key_t *key);
static inline bool futex_key_equal(const futex_key_t *a, const futex_key_t *b)
{
	return a->object == b->object && a->index == b->index && a->offset == b->offset;
}
void futex_wake_waiter(futex_waiter_t *w); /* bucket locked */
void futex_lock_two(futex_bucket_t *a, futex_bucket_t *b) __acquires(a) __acquires(b);
void futex_unlock_two(futex_bucket_t *a, futex_bucket_t *b) __releases(a) __releases(b);

long futex_wait(u32 __user *uaddr, bool shared, u32 val, nsec_t deadline, u32 bitset);
long futex_wake(u32 __user *uaddr, bool shared, int n, u32 bitset);
long futex_requeue(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int wake, int requeue,
		   const u32 *expected);
long futex_wake_op(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int n, int n2, u32 op);

#endif
