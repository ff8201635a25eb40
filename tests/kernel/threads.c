/*
 * The scheduler: affinity and migration, parameters that change while threads run, shares, storms
 * of wake-ups.
 */
#include "kernel_tests.h"

#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>

static cpu_set_t one_cpu(u32 cpu)
{
	return (cpu_set_t){ { BIT(cpu) } };
}

static void bind(u32 cpu)
{
	cpu_set_t set = one_cpu(cpu);

	kt_check(sched_set_affinity(current(), &set) == 0);
	kt_check(this_cpu() == cpu);
}

static void migrate_thread(u32 i)
{
	while (!kt_stopping()) {
		bind((u32)(kt_random() % cpu_count));
		if (kt_random() % 4 == 0)
			msleep(1);
	}
}

void kt_migrate(void)
{
	cpu_set_t none = { { 0 } };

	kt_check(sched_set_affinity(current(), &none) == -EINVAL);
	kt_start("migrate", migrate_thread, KT_THREADS);
	kt_end(800);
}

#define VICTIMS 20

static thread_t *victims[VICTIMS]; /* referenced by whoever put it there */

static void victim(u32 i)
{
	thread_get(current());
	WRITE_ONCE(victims[i], current());
	while (!kt_stopping()) {
		u64 r = kt_random();

		if (r % 3 == 0)
			usleep(100);
		else if (r % 3 == 1)
			yield();
		else
			for (u32 n = 0; n < 10000; n++)
				cpu_relax();
	}
}

static void mover(u32 number)
{
	while (!kt_stopping()) {
		u64 r = kt_random();
		thread_t *t = READ_ONCE(victims[r % VICTIMS]);
		cpu_set_t set = { { (r >> 32) & (BIT(cpu_count) - 1) } };

		if (!t)
			continue;
		switch ((r >> 20) % 4) {
		case 0:
			kt_check(sched_set_nice(t, (int)((r >> 24) % 40) - 20) == 0);
			break;
		case 1:
			kt_check(sched_set_policy(t, r & BIT(30) ? SCHED_BATCH : SCHED_NORMAL, 0,
						  false) == 0);
			break;
		case 2:
			kt_check(sched_set_policy(t, SCHED_RR, 1 + (int)((r >> 24) % 99), false) ==
				 0);
			break;
		default:
			kt_check(sched_set_affinity(t, &set) == (set.bits[0] ? 0 : -EINVAL));
		}
		usleep(20);
	}
}

void kt_parameters(void)
{
	kt_start("victim", victim, VICTIMS);
	kt_start("mover", mover, 2);
	kt_end(1000);
	for (u32 i = 0; i < VICTIMS; i++) {
		thread_put(victims[i]);
		victims[i] = NULL;
	}
	kt_check(sched_set_nice(current(), NICE_MAX + 1) == -EINVAL);
	kt_check(sched_set_policy(current(), SCHED_FIFO, 0, false) == -EINVAL);
	kt_check(sched_set_policy(current(), SCHED_NORMAL, 1, false) == -EINVAL);
	kt_check(sched_set_policy(current(), 4, 0, false) == -EINVAL);
}

static nsec_t used[4];

static void hog(u32 i)
{
	bind(0);
	if (i == 2)
		sched_set_nice(current(), 10);
	if (i == 3)
		sched_set_policy(current(), SCHED_IDLE, 0, false);
	while (!kt_stopping())
		cpu_relax();
	used[i] = sched_thread_runtime(current());
}

/* Equal ones get the same, nicer ones less, and even the idle policy something. */
void kt_shares(void)
{
	kt_start("hog", hog, 4);
	kt_end(3000);
	kt_check(used[0] > used[1] / 2 && used[1] > used[0] / 2);
	kt_check(used[2] < used[0] / 2 && used[2] < used[1] / 2);
	kt_check(used[3] < used[2] && used[3] > 0);
}

static bool fifo_done;
static u64 others;

static void fifo_thread(u32 i)
{
	u64 before;

	bind(0);
	if (i) {
		while (!READ_ONCE(fifo_done))
			others++;
		return;
	}
	msleep(20);
	kt_check(sched_set_policy(current(), SCHED_FIFO, 50, false) == 0);
	before = READ_ONCE(others);
	for (nsec_t end = clock_monotonic() + 100 * NSEC_PER_MSEC; clock_monotonic() < end;)
		cpu_relax();
	kt_check(READ_ONCE(others) == before);
	WRITE_ONCE(fifo_done, true);
}

void kt_realtime(void)
{
	fifo_done = false;
	kt_start("fifo", fifo_thread, 3);
	kt_end(1);
}

static wait_queue_head_t storm = WAIT_QUEUE_INIT(storm);
static atomic_t tickets, taken;

static bool take_ticket(void)
{
	int n = atomic_read(&tickets);

	while (n > 0)
		if (atomic_cmpxchg(&tickets, &n, n - 1))
			return true;
	return false;
}

static void storm_sleeper(u32 i)
{
	while (!kt_stopping()) {
		if (kt_random() & 1)
			wait_event_interruptible_exclusive(&storm, take_ticket() || kt_stopping());
		else
			wait_event_deadline(&storm, take_ticket() || kt_stopping(),
					    THREAD_UNINTERRUPTIBLE,
					    clock_monotonic() + (nsec_t)(kt_random() % 1000000));
		atomic_inc(&taken);
	}
}

static void storm_waker(u32 i)
{
	while (!kt_stopping()) {
		atomic_inc(&tickets);
		if (kt_random() % 8)
			wake_up(&storm);
		else
			wake_up_all(&storm);
		if (kt_random() % 4 == 0)
			usleep(20);
	}
	wake_up_all(&storm);
}

void kt_wake_storm(void)
{
	kt_start("sleeper", storm_sleeper, 16);
	kt_start("waker", storm_waker, 4);
	kt_end(800);
	kt_check(atomic_read(&taken) > 100);
}
