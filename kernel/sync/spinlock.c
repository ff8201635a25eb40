/*
 * Ticket spinlocks and spinning reader-writer locks (Mellor-Crummey & Scott, "Algorithms for
 * Scalable Synchronization on Shared-Memory Multiprocessors", 1991, 2.2): who comes first is served
 * first.
 *
 * Under a hypervisor the next in turn may be a CPU that does not run at the moment: then all wait
 * until it does, and waste what it needs. So there a free lock goes to whoever comes first: the
 * same words, but a ticket is drawn only when it is served at once.
 *
 * An unlock that also turns interrupts on does so before it ends the preemption section: what
 * became runnable meanwhile then gets the CPU at once.
 */
#include <kernel/sync/spinlock.h>

#include <arch/time.h>
#include <kernel/softirq.h>

#define LOCKUP_TIME (30 * NSEC_PER_SEC)
#define TICKET (1u << 16)
#define CALLER ((unsigned long)__builtin_return_address(0))

static bool unfair __ro_after_init;

__init void spinlock_boot_init(void)
{
	unfair = arch_is_guest();
}

static __always_inline bool ticket_trylock(spinlock_t *lock)
{
	u32 was = READ_ONCE(lock->word);

	return likely((u16)was == (u16)(was >> 16)) &&
	       __atomic_compare_exchange_n(&lock->word, &was, was + TICKET, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Debug builds: a lock that is not released for so long never will be. */
static void check_lockup(const spinlock_t *lock, nsec_t *start)
{
#ifdef CONFIG_DEBUG
	nsec_t now = arch_clock_read();

	if (!*start)
		*start = now;
	else if (unlikely(now - *start > LOCKUP_TIME))
		panic("spinlock %p is not released: serves %u of %u", (const void *)lock,
		      lock->serving, lock->next);
#endif
}

static __noinline void ticket_wait(spinlock_t *lock)
{
	nsec_t start = 0;
	u16 mine;

	if (unfair) {
		while (!ticket_trylock(lock)) {
			check_lockup(lock, &start);
			cpu_relax();
		}
		return;
	}
	mine = (u16)(__atomic_fetch_add(&lock->word, TICKET, __ATOMIC_ACQUIRE) >> 16);
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != mine) {
		check_lockup(lock, &start);
		cpu_relax();
	}
}

static __always_inline void ticket_lock(spinlock_t *lock)
{
	if (!ticket_trylock(lock))
		ticket_wait(lock);
}

static __always_inline void ticket_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->serving, (u16)(lock->serving + 1), __ATOMIC_RELEASE);
}

static __always_inline void lock_plain(spinlock_t *lock)
{
	preempt_disable();
	lockdep_acquire(&lock->dep, 0, CALLER);
	ticket_lock(lock);
}

void spin_lock(spinlock_t *lock)
{
	lock_plain(lock);
}

void spin_lock_nested(spinlock_t *lock)
{
	preempt_disable();
	lockdep_acquire(&lock->dep, LOCK_NESTED, CALLER);
	ticket_lock(lock);
}

bool(spin_trylock)(spinlock_t *lock)
{
	preempt_disable();
	if (ticket_trylock(lock)) {
		lockdep_acquire(&lock->dep, LOCK_TRY, CALLER);
		return true;
	}
	preempt_enable();
	return false;
}

void spin_unlock(spinlock_t *lock)
{
	lockdep_release(&lock->dep, CALLER);
	ticket_unlock(lock);
	preempt_enable();
}

void spin_lock_two(spinlock_t *a, spinlock_t *b)
{
	if (a > b) {
		spinlock_t *c = a;

		a = b;
		b = c;
	}
	spin_lock(a);
	if (a != b)
		spin_lock_nested(b);
}

void spin_unlock_two(spinlock_t *a, spinlock_t *b)
{
	spin_unlock(a);
	if (a != b)
		spin_unlock(b);
}

void spin_lock_irq(spinlock_t *lock)
{
	arch_irq_disable();
	spin_lock(lock);
}

void spin_unlock_irq(spinlock_t *lock)
{
	lockdep_release(&lock->dep, CALLER);
	ticket_unlock(lock);
	arch_irq_enable();
	preempt_enable();
}

unsigned long spin_lock_save(spinlock_t *lock)
{
	unsigned long flags = arch_irq_save();

	lock_plain(lock);
	return flags;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	lockdep_release(&lock->dep, CALLER);
	ticket_unlock(lock);
	arch_irq_restore(flags);
	preempt_enable();
}

void spin_lock_bh(spinlock_t *lock)
{
	local_bh_disable();
	spin_lock(lock);
}

void spin_unlock_bh(spinlock_t *lock)
{
	spin_unlock(lock);
	local_bh_enable();
}

/* ---- reader-writer: a waiting writer keeps new readers out ---- */

#define WRITER (1u << 31)
#define WAITING (1u << 30)

void read_lock(rwlock_t *lock)
{
	preempt_disable();
	lockdep_acquire(&lock->dep, LOCK_READ, CALLER);
	for (;;) {
		u32 w = READ_ONCE(lock->word);

		/* A reader in an interrupt may stand on top of one that the writer waits for. */
		if (!(w & WRITER) && (!(w & WAITING) || in_interrupt()) &&
		    __atomic_compare_exchange_n(&lock->word, &w, w + 1, true, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		cpu_relax();
	}
}

void read_unlock(rwlock_t *lock)
{
	lockdep_release(&lock->dep, CALLER);
	__atomic_fetch_sub(&lock->word, 1, __ATOMIC_RELEASE);
	preempt_enable();
}

void write_lock(rwlock_t *lock)
{
	preempt_disable();
	lockdep_acquire(&lock->dep, 0, CALLER);
	for (;;) {
		u32 w = READ_ONCE(lock->word);

		if (!(w & ~WAITING)) {
			if (__atomic_compare_exchange_n(&lock->word, &w, WRITER, true,
							__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return;
			continue;
		}
		if (!(w & WAITING))
			__atomic_fetch_or(&lock->word, WAITING, __ATOMIC_RELAXED);
		cpu_relax();
	}
}

void write_unlock(rwlock_t *lock)
{
	lockdep_release(&lock->dep, CALLER);
	__atomic_fetch_and(&lock->word, ~WRITER, __ATOMIC_RELEASE);
	preempt_enable();
}

unsigned long read_lock_save(rwlock_t *lock)
{
	unsigned long flags = arch_irq_save();

	read_lock(lock);
	return flags;
}

void read_unlock_irqrestore(rwlock_t *lock, unsigned long flags)
{
	lockdep_release(&lock->dep, CALLER);
	__atomic_fetch_sub(&lock->word, 1, __ATOMIC_RELEASE);
	arch_irq_restore(flags);
	preempt_enable();
}

void write_lock_irq(rwlock_t *lock)
{
	arch_irq_disable();
	write_lock(lock);
}

void write_unlock_irq(rwlock_t *lock)
{
	lockdep_release(&lock->dep, CALLER);
	__atomic_fetch_and(&lock->word, ~WRITER, __ATOMIC_RELEASE);
	arch_irq_enable();
	preempt_enable();
}

unsigned long write_lock_save(rwlock_t *lock)
{
	unsigned long flags = arch_irq_save();

	write_lock(lock);
	return flags;
}

void write_unlock_irqrestore(rwlock_t *lock, unsigned long flags)
{
	lockdep_release(&lock->dep, CALLER);
	__atomic_fetch_and(&lock->word, ~WRITER, __ATOMIC_RELEASE);
	arch_irq_restore(flags);
	preempt_enable();
}
