/*
 * Clocks. Monotonic time is the machine's counter; realtime adds an offset, which one atomic word
 * holds: there is no pair of values that a reader could see half of. The coarse clock is the
 * precise one, since the counter is as cheap to read as a stored value, which would go stale while
 * all CPUs idle without ticks.
 *
 * Monotonic time, and with it realtime, can be made to run faster or slower than the counter
 * (arch_clock_steer): CLOCK_MONOTONIC_RAW alone is not steered.
 *
 * Whoever sleeps until an absolute realtime waits on clock_set_wait until the monotonic time that
 * it corresponds to now, and computes anew when woken.
 */
#include <kernel/time/clock.h>

#include <arch/time.h>
#include <arch/vdso.h>
#include <kernel/printk.h>
#include <kernel/sync/wait.h>
#include <kernel/time/timer.h>

static s64 realtime_offset; /* atomic: realtime - monotonic */
static bool has_alarms __ro_after_init;
static s64 tai_offset; /* atomic: international atomic time - realtime */
wait_queue_head_t clock_set_wait = WAIT_QUEUE_INIT(clock_set_wait);

static spinlock_t share_lock = SPINLOCK_INIT("clock share");
static void *shared_page; /* share_lock: the vDSO's data, once there is one */

nsec_t clock_monotonic(void)
{
	return arch_clock_read();
}

nsec_t clock_monotonic_raw(void)
{
	return arch_clock_read_raw();
}

nsec_t clock_realtime_offset(void)
{
	return __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

nsec_t clock_realtime(void)
{
	return clock_monotonic() + clock_realtime_offset();
}

nsec_t clock_realtime_coarse(void)
{
	return clock_realtime();
}

/* Programs read what is told here last: whoever is behind in the lock tells the newest. */
static void tell_programs(void)
{
	unsigned long flags;

	spin_lock_irqsave(&share_lock, &flags);
	if (shared_page)
		arch_vdso_publish(shared_page, clock_realtime_offset());
	spin_unlock_irqrestore(&share_lock, flags);
}

__init void clock_share(void *page)
{
	unsigned long flags;

	spin_lock_irqsave(&share_lock, &flags);
	shared_page = page;
	spin_unlock_irqrestore(&share_lock, flags);
	tell_programs();
}

void clock_set_realtime(nsec_t t)
{
	__atomic_store_n(&realtime_offset, t - clock_monotonic(), __ATOMIC_SEQ_CST);
	tell_programs();
	wake_up_all(&clock_set_wait);
}

void clock_steer(s64 per_second, bool more)
{
	unsigned long flags;

	spin_lock_irqsave(&share_lock, &flags);
	if (shared_page)
		arch_vdso_withdraw(shared_page);
	arch_clock_steer(per_second, more);
	if (shared_page)
		arch_vdso_publish(shared_page, clock_realtime_offset());
	spin_unlock_irqrestore(&share_lock, flags);
}

nsec_t clock_tai_offset(void)
{
	return __atomic_load_n(&tai_offset, __ATOMIC_RELAXED);
}

void clock_set_tai_offset(nsec_t offset)
{
	__atomic_store_n(&tai_offset, offset, __ATOMIC_SEQ_CST);
	wake_up_all(&clock_set_wait);
}

uint64_t get_system_time(void)
{
	return (u64)clock_realtime();
}

uint64_t get_monotonic_time(void)
{
	return (u64)clock_monotonic();
}

bool clock_has_alarms(void)
{
	return has_alarms;
}

u64 jiffies(void)
{
	return (u64)clock_monotonic() / (NSEC_PER_SEC / HZ);
}

__init void time_init(void)
{
	s64 seconds = arch_rtc_read();

	has_alarms = seconds > 0;
	if (has_alarms)
		clock_set_realtime(seconds * NSEC_PER_SEC);
	else
		pr_warn("time: no clock of the day; starting at 1970\n");
	timer_boot_init();
}
