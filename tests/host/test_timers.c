// sources: kernel/time/timer.c kernel/lib/rbtree.c
/*
 * Timers on four CPUs against a flat table: each fires once, not before its time, in order, on the
 * CPU where it was armed; a deleted one never; and the hardware is always armed early enough.
 */
#include <host.h>

#include <arch/entry.h>
#include <fake/fake.h>
#include <kernel/sched.h>
#include <kernel/softirq.h>
#include <kernel/sync/spinlock.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <uapi/errno.h>

#define CPUS 4
#define TIMERS 200
#define STEPS 1000000

static timer_t timers[TIMERS];
static struct {
	bool armed;
	nsec_t expires;
	u32 cpu, fired;
	nsec_t again; /* its function arms it once more, so much later */
} model[TIMERS];
static nsec_t last_fired[CPUS][2];
static bool softirq_raised[CPUS], in_hardirq_now;
static void (*timer_softirq)(void);
static nsec_t tick[CPUS];
static u32 ticks;

nsec_t clock_monotonic(void)
{
	return fake_time;
}

u64 code_hash(const void *function)
{
	return (u64)function ^ 0x5aa5;
}

void code_check(const void *function, u64 hash)
{
	assert_int_equal(code_hash(function), hash);
}

void softirq_register(softirq_type_t type, void (*handler)(void))
{
	assert_int_equal(type, SOFTIRQ_TIMER);
	timer_softirq = handler;
}

void schedule_softirq(softirq_type_t type)
{
	softirq_raised[fake_cpu] = true;
}

void sched_account_user(bool user)
{
}

void sched_tick(void)
{
	assert_true(tick[fake_cpu] && tick[fake_cpu] <= fake_time);
	tick[fake_cpu] = 0;
	ticks++;
}

bool arch_frame_user(const trap_frame_t *frame)
{
	return false;
}

void spin_lock(spinlock_t *lock)
{
	assert_int_equal(lock->word, 0);
	lock->word = 1;
}

void spin_unlock(spinlock_t *lock)
{
	assert_int_equal(lock->word, 1);
	lock->word = 0;
}

unsigned long spin_lock_save(spinlock_t *lock)
{
	unsigned long flags = arch_irq_save();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	arch_irq_restore(flags);
}

static void fired(timer_t *timer, void *data)
{
	u32 i = (u32)(unsigned long)data, hard = timer->flags & TIMER_HARDIRQ;

	assert_ptr_equal(timer, &timers[i]);
	assert_true(model[i].armed);
	assert_true(model[i].expires <= fake_time);
	assert_int_equal(model[i].cpu, fake_cpu);
	assert_int_equal(hard != 0, in_hardirq_now);
	assert_false(timer_pending(timer));
	assert_int_equal(try_del_timer(timer), -EAGAIN); /* runs */
	assert_true(model[i].expires >= last_fired[fake_cpu][hard]);
	last_fired[fake_cpu][hard] = model[i].expires;
	model[i].armed = false;
	model[i].fired++;
	if (model[i].again) {
		model[i].expires = fake_time + model[i].again;
		model[i].again = 0;
		model[i].armed = true;
		assert_int_equal(mod_timer(timer, (u64)model[i].expires), 0);
	}
}

static void run_cpu(u32 cpu)
{
	fake_become_cpu(cpu);
	while (fake_timer[cpu] <= fake_time) {
		fake_timer[cpu] = NSEC_MAX;
		last_fired[cpu][0] = last_fired[cpu][1] = 0;
		arch_irq_disable();
		in_hardirq_now = true;
		ksignal_clock(NULL);
		in_hardirq_now = false;
		arch_irq_enable();
		if (softirq_raised[cpu]) {
			softirq_raised[cpu] = false;
			timer_softirq();
		}
	}
}

/* Everything due has fired, and what is not due has the hardware armed for it. */
static void check_all(void)
{
	for (u32 i = 0; i < TIMERS; i++) {
		assert_int_equal(timer_pending(&timers[i]), model[i].armed);
		if (model[i].armed) {
			assert_true(model[i].expires > fake_time);
			assert_true(fake_timer[model[i].cpu] <= model[i].expires);
		}
	}
	for (u32 cpu = 0; cpu < CPUS; cpu++)
		if (tick[cpu])
			assert_true(fake_timer[cpu] <= tick[cpu]);
}

static void test_random_operations(void **state)
{
	u64 total = 0;

	for (u32 i = 0; i < TIMERS; i++)
		timer_init_flags(&timers[i], fired, (void *)(unsigned long)i,
				 i % 3 ? 0 : TIMER_HARDIRQ);
	for (u64 step = 0; step < STEPS; step++) {
		u32 i = (u32)test_random_below(TIMERS), cpu = (u32)test_random_below(CPUS);
		nsec_t when = fake_time + 1 + (nsec_t)(test_random_sized() >> 34);

		fake_become_cpu(cpu);
		switch (test_random_below(6)) {
		case 0:
			assert_int_equal(add_timer(&timers[i], (u64)when),
					 model[i].armed ? -EBUSY : 0);
			if (!model[i].armed) {
				model[i].armed = true;
				model[i].expires = when;
				model[i].cpu = cpu;
			}
			break;
		case 1:
			assert_int_equal(mod_timer(&timers[i], (u64)when), model[i].armed);
			model[i].armed = true;
			model[i].expires = when;
			model[i].cpu = cpu;
			break;
		case 2:
			assert_int_equal(del_timer(&timers[i]), model[i].armed);
			model[i].armed = false;
			break;
		case 3:
			model[i].again = (nsec_t)test_random_below(1000);
			break;
		case 4:
			arch_irq_disable();
			tick[cpu] = test_random_below(2) ? when : 0;
			timer_arm_local(tick[cpu] ? tick[cpu] : NSEC_MAX);
			arch_irq_enable();
			break;
		case 5:
			fake_time += (nsec_t)test_random_below(100000000);
			for (cpu = 0; cpu < CPUS; cpu++)
				run_cpu(cpu);
			check_all();
			break;
		}
	}
	for (u32 i = 0; i < TIMERS; i++)
		total += model[i].fired;
	assert_true(total > STEPS / 20 && ticks > 1000);
}

static void test_far_future(void **state)
{
	timer_t t;

	fake_become_cpu(0);
	timer_init(&t, fired, NULL);
	assert_int_equal(add_timer(&t, UINT64_MAX), 0);
	assert_true(t.expires == NSEC_MAX);
	assert_int_equal(add_timer(&t, 5), -EBUSY);
	assert_int_equal(try_del_timer(&t), 1);
	assert_int_equal(try_del_timer(&t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_far_future),
	};

	fake_cpus(CPUS);
	timer_boot_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
