/*
 * Sequence counters: writers are serialised by another lock; readers retry when a write went by.
 *
 *	do { seq = seqcount_read_begin(&s); copy; } while (seqcount_read_retry(&s, seq));
 */
#ifndef KERNEL_SYNC_SEQLOCK_H
#define KERNEL_SYNC_SEQLOCK_H

#include <kernel/atomic.h>
#include <kernel/sync/spinlock.h>

typedef struct seqcount {
	u32 sequence; /* odd while a write is under way */
} seqcount_t;

static inline u32 seqcount_read_begin(const seqcount_t *s)
{
	u32 seq;

	while ((seq = __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE)) & 1)
		cpu_relax();
	return seq;
}
static inline bool seqcount_read_retry(const seqcount_t *s, u32 seq)
{
	smp_rmb();
	return READ_ONCE(s->sequence) != seq;
}
static inline void seqcount_write_begin(seqcount_t *s) /* preemption off */
{
	WRITE_ONCE(s->sequence, s->sequence + 1);
	smp_wmb();
}
static inline void seqcount_write_end(seqcount_t *s)
{
	smp_store_release(&s->sequence, s->sequence + 1);
}

typedef struct seqlock {
	seqcount_t seq;
	spinlock_t lock;
} seqlock_t;
#define SEQLOCK_INIT(name)                                                                         \
	{                                                                                          \
		.lock = SPINLOCK_INIT(name)                                                        \
	}
static inline void seqlock_write_lock(seqlock_t *s)
{
	spin_lock(&s->lock);
	seqcount_write_begin(&s->seq);
}
static inline void seqlock_write_unlock(seqlock_t *s)
{
	seqcount_write_end(&s->seq);
	spin_unlock(&s->lock);
}

#endif
