/*
 * Spinlocks (fair: tickets; first come under hypervisors, see kernel/sync/spinlock.c) and spinning
 * reader-writer locks. Holding one disables preemption. A lock that an interrupt handler takes is
 * taken with _irqsave elsewhere; one that a softirq takes, with _bh.
 *
 *	static spinlock_t lock = SPINLOCK_INIT("uart");		or	spinlock_init(&obj->lock);
 *	unsigned long flags;
 *	spin_lock_irqsave(&lock, &flags); ... spin_unlock_irqrestore(&lock, flags);
 */
#ifndef KERNEL_SYNC_SPINLOCK_H
#define KERNEL_SYNC_SPINLOCK_H

#include <arch/cpu.h>
#include <kernel/panic.h>
#include <kernel/sync/lockdep.h>

typedef struct spinlock {
	union {
		u32 word;
		struct {
			u16 serving, next;
		};
	};
	LOCK_DEP_FIELD
} spinlock_t;

#define SPINLOCK_INIT(name)                                                                        \
	{                                                                                          \
		{ .word = 0 }, LOCK_DEP_INIT(name)                                                 \
	}
#define SPINLOCK_CLASS(text) text
#define spinlock_init(lock)                                                                        \
	do {                                                                                       \
		(lock)->word = 0;                                                                  \
		lockdep_init(lock, #lock);                                                         \
	} while (0)

void spinlock_boot_init(void); /* once the CPU is known */
void spin_lock(spinlock_t *lock) __acquires(lock);
bool spin_trylock(spinlock_t *lock);
#define spin_trylock(lock) __cond_lock(lock, (spin_trylock)(lock))
void spin_unlock(spinlock_t *lock) __releases(lock);
void spin_lock_nested(spinlock_t *lock) __acquires(lock); /* second of its class, order by caller */
/* Two of one class, in the order of their addresses; both may be the same one, which is locked once. */
void spin_lock_two(spinlock_t *a, spinlock_t *b) __acquires(a) __acquires(b);
void spin_unlock_two(spinlock_t *a, spinlock_t *b) __releases(a) __releases(b);
void spin_lock_irq(spinlock_t *lock) __acquires(lock);
void spin_unlock_irq(spinlock_t *lock) __releases(lock);
/*
 * spin_lock_irqsave(lock, &flags), and likewise for rwlocks: macros, so that the address of the
 * caller's variable is not taken, which would cost it a stack canary.
 */
unsigned long spin_lock_save(spinlock_t *lock) __acquires(lock);
#define spin_lock_irqsave(lock, flags) ((void)(*(flags) = spin_lock_save(lock)))
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags) __releases(lock);
void spin_lock_bh(spinlock_t *lock) __acquires(lock);
void spin_unlock_bh(spinlock_t *lock) __releases(lock);
static inline bool spin_is_locked(const spinlock_t *lock)
{
	u32 w = READ_ONCE(lock->word);

	return (w & 0xffff) != (w >> 16);
}

/* Readers exclude writers; writers are served before later readers. */
typedef struct rwlock {
	u32 word; /* bit 31 writer, bit 30 writer waits, low bits count readers */
	LOCK_DEP_FIELD
} rwlock_t;

#define RWLOCK_INIT(name)                                                                          \
	{                                                                                          \
		.word = 0, LOCK_DEP_INIT(name)                                                     \
	}
#define rwlock_init(lock)                                                                          \
	do {                                                                                       \
		(lock)->word = 0;                                                                  \
		lockdep_init(lock, #lock);                                                         \
	} while (0)
void read_lock(rwlock_t *lock);
void read_unlock(rwlock_t *lock);
void write_lock(rwlock_t *lock);
void write_unlock(rwlock_t *lock);
unsigned long read_lock_save(rwlock_t *lock);
#define read_lock_irqsave(lock, flags) ((void)(*(flags) = read_lock_save(lock)))
void read_unlock_irqrestore(rwlock_t *lock, unsigned long flags);
void write_lock_irq(rwlock_t *lock);
void write_unlock_irq(rwlock_t *lock);
unsigned long write_lock_save(rwlock_t *lock);
#define write_lock_irqsave(lock, flags) ((void)(*(flags) = write_lock_save(lock)))
void write_unlock_irqrestore(rwlock_t *lock, unsigned long flags);

#endif
