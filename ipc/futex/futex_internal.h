/*
 * Inside ipc/futex: keys, buckets, waiters.
 */
#ifndef FUTEX_INTERNAL_H
#define FUTEX_INTERNAL_H

#include <arch/uaccess.h>
#include <ipc/futex.h>
#include <kernel/lib/list.h>
#include <kernel/sync/spinlock.h>
#include <kernel/thread.h>
#include <uapi/errno.h>
#include <uapi/futex.h>

/* What makes two user addresses the same futex. */
typedef struct futex_key {
	u64 object; /* address space, or serial number of the file pages that processes share */
	u64 index;  /* address, or page in the file */
	u32 offset; /* in the page; + 1 for shared: the two kinds never meet */
} futex_key_t;

typedef struct futex_bucket {
	spinlock_t lock;
	list_t waiters; /* lock: of all keys; higher real-time priority first, then FIFO */
	list_t pis;	/* lock: futex_pi_t.link */
} __cacheline_aligned futex_bucket_t;

enum {
	WAITER_QUEUED,	/* in its bucket's list */
	WAITER_PI,	/* in futex_pi_t.waiters */
	WAITER_GRANTED, /* owns the futex that it waited for */
	WAITER_WOKEN,
};

/*
 * A sleeper; on its stack. Keys: (b) lock of the bucket in which it is queued; (i) pi_lock, too. A
 * waker takes it off the queue and then sets its state to WOKEN, after which it may be gone at any
 * time. One that is GRANTED goes only after it has had the bucket's lock.
 */
typedef struct futex_waiter {
	list_t link;		/* (b), (i) in WAITER_PI */
	futex_key_t key;	/* (b) requeue changes it */
	futex_bucket_t *bucket; /* (b) likewise */
	u32 bitset;		/* (c) */
	u8 rt;			/* (b), (i) the priority that it is ordered by */
	bool owner_died;	/* (i) GRANTED by the end of the owner: the word is to be changed */
	u32 state;		/* WAITER_*: (b) set, read with acquire */
	struct thread *thread;	/* (c) */
	/* FUTEX_WAIT_REQUEUE_PI: the key that it may be moved to; else NULL */
	const futex_key_t *requeue_key; /* (c) */
	struct futex_pi *pi;		/* (i) what it waits for in WAITER_PI */
} futex_waiter_t;

/* futex.c: of a word that may lie in memory that processes share. 0 or -EFAULT. */
int futex_shared_key(u32 __user *uaddr, futex_key_t *key);
/* 0, -EFAULT, -EINVAL (not aligned). */
static inline int futex_get_key(u32 __user *uaddr, bool shared, futex_key_t *key)
{
	unsigned long addr = (unsigned long)uaddr;

	if (addr % sizeof(u32))
		return -EINVAL;
	if (!access_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	key->object = (u64)(unsigned long)current()->space;
	key->index = addr;
	key->offset = 0;
	return shared ? futex_shared_key(uaddr, key) : 0;
}
futex_bucket_t *futex_bucket(const futex_key_t *key);
static inline bool futex_key_equal(const futex_key_t *a, const futex_key_t *b)
{
	return a->object == b->object && a->index == b->index && a->offset == b->offset;
}
/* Buckets of what follows are locked. */
void futex_queue(futex_waiter_t *w, futex_bucket_t *b);
void futex_wake_waiter(futex_waiter_t *w);
/* False for waiters that only the priority-inheriting operations may touch. */
static inline bool futex_is_plain(const futex_waiter_t *w)
{
	return !w->requeue_key;
}
/* How many were woken, or -EINVAL when the key's waiters are not plain ones. */
int futex_wake_queued(futex_bucket_t *b, const futex_key_t *key, int n, u32 bitset);

/*
 * Queues the waiter if the word still has the value, and makes the thread INTERRUPTIBLE: 0, -EAGAIN,
 * -EFAULT, -EINVAL.
 */
int futex_enqueue(futex_waiter_t *w, u32 __user *uaddr, bool shared, u32 val);
/* True when it was still queued, and is not any more: nobody woke or moved it. */
bool futex_dequeue(futex_waiter_t *w);

long futex_wait(u32 __user *uaddr, bool shared, u32 val, nsec_t deadline, u32 bitset);
long futex_wake(u32 __user *uaddr, bool shared, int n, u32 bitset);

/* ops.c */
int futex_two_keys(u32 __user *uaddr, u32 __user *uaddr2, bool shared, futex_key_t *key,
		   futex_key_t *key2);
/* With both buckets locked: 0, -EAGAIN when the word is another, -EFAULT. */
int futex_check_word(u32 __user *uaddr, u32 expected);
long futex_requeue(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int wake, int requeue,
		   const u32 *expected);
long futex_wake_op(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int n, int n2, u32 op);

/* pi.c */
bool futex_has_pi(futex_bucket_t *b, const futex_key_t *key); /* bucket locked */
long futex_lock_pi(u32 __user *uaddr, bool shared, nsec_t deadline, bool only_try);
long futex_unlock_pi(u32 __user *uaddr, bool shared);
void futex_close_pi(struct thread *t);

/* pi_requeue.c */
long futex_wait_requeue_pi(u32 __user *uaddr, bool shared, u32 val, nsec_t deadline, u32 bitset,
			   u32 __user *uaddr2);
long futex_requeue_pi(u32 __user *uaddr, u32 __user *uaddr2, bool shared, int wake, int requeue,
		      u32 expected);

#endif
