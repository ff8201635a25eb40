/* Bugs on purpose, one for each detector: a detector that was never seen to bite proves nothing. */
#include "kernel_tests.h"

#include <kernel/printk.h>
#include <kernel/softirq.h>
#include <kernel/sync/mutex.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

static spinlock_t first = SPINLOCK_INIT("planted_first"), second = SPINLOCK_INIT("planted_second");

static void both(spinlock_t *a, spinlock_t *b)
{
	spin_lock(a);
	spin_lock(b);
	spin_unlock(b);
	spin_unlock(a);
}

void plant_order(void)
{
	both(&first, &second);
	both(&second, &first);
}

void plant_recursion(void)
{
	mutex_t a, b;

	for (u32 i = 0; i < 2; i++)
		mutex_init(i ? &a : &b); /* one class */
	mutex_lock(&a);
	mutex_lock(&b);
}

void plant_sleep(void)
{
	spin_lock(&first);
	msleep(1);
	spin_unlock(&first);
}

void plant_sleep_rcu(void)
{
	rcu_read_lock();
	msleep(1);
	rcu_read_unlock();
}

static timer_t timer;

static void lock_first(timer_t *t, void *data)
{
	spin_lock(&first);
	spin_unlock(&first);
}

static void use_in_interrupt(void)
{
	timer_init_flags(&timer, lock_first, NULL, TIMER_HARDIRQ);
	mod_timer(&timer, (u64)clock_monotonic() + 1000000);
	msleep(20);
}

void plant_interrupt(void)
{
	use_in_interrupt();
	spin_lock(&first);
	spin_unlock(&first);
}

/* second is not used in interrupts, but held with interrupts on, and wanted under first. */
void plant_inversion(void)
{
	unsigned long flags;

	use_in_interrupt();
	spin_lock(&second);
	spin_unlock(&second);
	spin_lock_irqsave(&first, &flags);
	spin_lock(&second);
	spin_unlock(&second);
	spin_unlock_irqrestore(&first, flags);
}

void plant_release(void)
{
	spin_unlock(&first);
}

void plant_code_pointer(void)
{
	use_in_interrupt();
	timer.function = (timer_function_t)plant_release;
	mod_timer(&timer, (u64)clock_monotonic());
	msleep(20);
}

static void stay_busy(u32 i)
{
	while (!kt_stopping())
		cpu_relax();
}

/* Reported as a lock-up, then goes on. */
void plant_spin(void)
{
	for (u32 i = 0; i < cpu_count; i++)
		kt_start("other", stay_busy, 1);
	msleep(10);
	preempt_disable();
	for (nsec_t end = clock_monotonic() + 45 * NSEC_PER_SEC; clock_monotonic() < end;)
		cpu_relax();
	preempt_enable();
	kt_end(1);
}

void plant_hung(void)
{
	set_current_state(THREAD_UNINTERRUPTIBLE);
	schedule_deadline(clock_monotonic() + 280 * NSEC_PER_SEC);
}

void plant_null(void)
{
	volatile u32 *volatile nowhere = (volatile u32 *)16;

	*nowhere = 1;
}

static u64 deeper(u64 n)
{
	volatile u8 space[1024];

	space[n % sizeof(space)] = (u8)n;
	if (n == 0)
		return 0;
	return deeper(n + 1) + space[n % sizeof(space)];
}

void plant_stack(void)
{
	printk(KERN_INFO "%lu\n", deeper(1));
}

static __noinline void fill(u8 *from, size_t n)
{
	volatile u8 *to = from;

	for (size_t i = 0; i < n; i++)
		to[i] = 0x41;
}

/* Beyond the array, up to the canary and the saved frame pointer. */
static __noinline void smash(void)
{
	u8 room[16];
	volatile size_t n = sizeof(room) + 16;

	fill(room, n);
}

void plant_smashed_frame(void)
{
	smash();
}

void plant_shift(void)
{
	volatile u32 by = 33;

	printk(KERN_INFO "%u\n", 1u << by);
}
