/*
 * Futexes: a thread sleeps as long as a user word has a value, another wakes it after changing the
 * word.
 *
 * Concepts. There is no object behind a futex: sleepers stand in a hash table under a key made from
 * the word's place. A private word's place is its address in the space; a shared one's is the page
 * of the file (shared anonymous memory has one too), so that processes that map it at different
 * addresses meet. Private mappings are always private words, whatever the caller says.
 *
 * Sleepers with a real-time priority stand before the others. What waits for a priority-inheriting
 * futex stands elsewhere (pi.c); the plain operations refuse its key.
 *
 * No wake-up is lost: the sleeper compares the word and queues itself under the bucket's lock; the
 * waker changed the word before it takes that lock. The word is read there with page faults off,
 * since a lock is held; if it is not resident, the lock is dropped, the page brought in, and all
 * begins again.
 *
 * Locking: bucket locks are spinlocks, not taken in interrupts; two of them in order of address.
 * Under them only run-queue locks.
 */
#include "futex_internal.h"

#include <kernel/lib/hash.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/sync/wait.h>
#include <mm/space.h>
#include <mm/vmalloc.h>

#define BUCKETS_PER_CPU 256

static futex_bucket_t *buckets;
static unsigned bucket_bits;

/* ---- keys ---- */

int futex_shared_key(u32 __user *uaddr, futex_key_t *key)
{
	unsigned long addr = (unsigned long)uaddr;
	vm_space_t *s = current()->space;
	vm_area_t *vma;
	int r = -EFAULT;

	rwsem_read_lock(&s->lock);
	vma = vm_find(s, addr);
	/* Memory of one's own that nobody may write never changes: as on Linux no place for a futex. */
	if (vma && vma->start <= addr &&
	    (vma->flags & (vma->map ? VM_READ | VM_WRITE : VM_WRITE))) {
		r = 0;
		if (vma->map && (vma->flags & VM_SHARED)) {
			key->object = file_map_serial(vma->map);
			key->index = vma->page_offset + ((addr - vma->start) >> PAGE_SHIFT);
			key->offset = (u32)(addr & ~PAGE_MASK) + 1;
		}
	}
	rwsem_read_unlock(&s->lock);
	return r;
}

futex_bucket_t *futex_bucket(const futex_key_t *key)
{
	u64 mixed = key->object ^ (key->index * 0x9e3779b97f4a7c15UL) ^ ((u64)key->offset << 32);

	return &buckets[hash_u64(mixed, bucket_bits)];
}

/* ---- waking ---- */

void futex_wake_waiter(futex_waiter_t *w)
{
	struct thread *t = w->thread;

	thread_get(t); /* once woken is seen, the sleeper may return and even end */
	list_del(&w->link);
	smp_store_release(&w->state, WAITER_WOKEN);
	wake_up_thread(t, THREAD_INTERRUPTIBLE);
	thread_put(t);
}

int futex_wake_queued(futex_bucket_t *b, const futex_key_t *key, int n, u32 bitset)
{
	futex_waiter_t *w, *next;
	int woken = 0;

	if (futex_has_pi(b, key))
		return -EINVAL;
	list_for_each_entry_safe(w, next, &b->waiters, link) {
		if (!futex_key_equal(&w->key, key))
			continue;
		if (!futex_is_plain(w))
			return -EINVAL;
		if (!(w->bitset & bitset))
			continue;
		futex_wake_waiter(w);
		if (++woken >= n)
			break;
	}
	return woken;
}

static __always_inline int wake_key(const futex_key_t *key, int n, u32 bitset)
{
	futex_bucket_t *b = futex_bucket(key);
	int r;

	/*
	 * The word was changed before the bucket is looked at. Who holds its lock may have read the word
	 * before that, and be about to queue itself.
	 */
	smp_mb();
	if (!spin_is_locked(&b->lock)) {
		smp_rmb();
		if (list_empty(&b->waiters) && list_empty(&b->pis))
			return 0;
	}
	spin_lock(&b->lock);
	r = futex_wake_queued(b, key, n, bitset);
	spin_unlock(&b->lock);
	return r;
}

long futex_wake(u32 __user *uaddr, bool shared, int n, u32 bitset)
{
	futex_key_t key;
	int r;

	if (!bitset)
		return -EINVAL;
	r = futex_get_key(uaddr, shared, &key);
	return r ? r : wake_key(&key, n, bitset);
}

void futex_wake_address(u32 __user *uaddr, int n)
{
	futex_key_t private, shared;

	if (futex_get_key(uaddr, false, &private))
		return;
	wake_key(&private, n, FUTEX_BITSET_MATCH_ANY);
	if (!futex_get_key(uaddr, true, &shared) && !futex_key_equal(&shared, &private))
		wake_key(&shared, n, FUTEX_BITSET_MATCH_ANY);
}

/* ---- sleeping ---- */

void futex_queue(futex_waiter_t *w, futex_bucket_t *b)
{
	futex_waiter_t *other;

	w->state = WAITER_QUEUED;
	w->rt = READ_ONCE(w->thread->sched.effective_rt);
	/* From the back: most have the same. */
	list_for_each_entry_reverse(other, &b->waiters, link)
		if (other->rt >= w->rt)
			break;
	list_add(&w->link, &other->link);
	WRITE_ONCE(w->bucket, b);
}

int futex_enqueue(futex_waiter_t *w, u32 __user *uaddr, bool shared, u32 val)
{
	for (;;) {
		int r = futex_get_key(uaddr, shared, &w->key);
		futex_bucket_t *b;
		u32 now;

		if (r)
			return r;
		b = futex_bucket(&w->key);
		spin_lock(&b->lock);
		r = get_user_u32_resident(&now, uaddr);
		if (!r && now == val) {
			/* Asleep to wakers as soon as it can be found. */
			set_current_state(THREAD_INTERRUPTIBLE);
			futex_queue(w, b);
			spin_unlock(&b->lock);
			return 0;
		}
		spin_unlock(&b->lock);
		if (!r)
			return -EAGAIN;
		if (get_user_u32(&now, uaddr))
			return -EFAULT;
	}
}

bool futex_dequeue(futex_waiter_t *w)
{
	while (smp_load_acquire(&w->state) == WAITER_QUEUED) {
		futex_bucket_t *b = READ_ONCE(w->bucket);
		bool queued;

		spin_lock(&b->lock);
		if (b != w->bucket) { /* requeued in between */
			spin_unlock(&b->lock);
			continue;
		}
		queued = w->state == WAITER_QUEUED;
		if (queued)
			list_del(&w->link);
		spin_unlock(&b->lock);
		return queued;
	}
	return false;
}

static long restart_wait(restart_block_t *rb)
{
	return futex_wait((u32 __user *)rb->args[0], rb->args[1] & 1, (u32)rb->args[2],
			  rb->deadline, (u32)rb->args[3]);
}

long futex_wait(u32 __user *uaddr, bool shared, u32 val, nsec_t deadline, u32 bitset)
{
	thread_t *t = current();
	futex_waiter_t w = { .bitset = bitset, .thread = t };
	bool expired = false;
	int r;

	if (!bitset)
		return -EINVAL;
	r = futex_enqueue(&w, uaddr, shared, val);
	if (r)
		return r;
	while (smp_load_acquire(&w.state) == WAITER_QUEUED && !signal_pending(t) && !expired) {
		expired = schedule_deadline(deadline);
		if (smp_load_acquire(&w.state) == WAITER_WOKEN)
			return 0; /* whoever is scheduled again is RUNNING */
		if (!expired)
			set_current_state(THREAD_INTERRUPTIBLE);
	}
	set_current_state(THREAD_RUNNING);
	if (!futex_dequeue(&w))
		return 0;
	if (expired)
		return -ETIMEDOUT;
	if (deadline == NSEC_MAX)
		return -ERESTARTSYS;
	t->restart = (restart_block_t){
		.args = { (u64)uaddr, shared, val, bitset },
		.deadline = deadline,
	};
	restart_set(&t->restart, restart_wait);
	return -ERESTART_RESTARTBLOCK;
}

void __init futex_init(void)
{
	u32 count = BUCKETS_PER_CPU;

	while (count < BUCKETS_PER_CPU * cpu_count)
		count *= 2;
	buckets = vzalloc(count * sizeof(*buckets));
	if (!buckets)
		panic("No memory for the futex table");
	bucket_bits = (unsigned)__builtin_ctz(count);
	for (u32 i = 0; i < count; i++) {
		spinlock_init(&buckets[i].lock);
		list_init(&buckets[i].waiters);
		list_init(&buckets[i].pis);
	}
}
