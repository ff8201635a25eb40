/*
 * The list of tests, and what they have in common.
 */
#include "kernel_tests.h"

#include <arch/cpu.h>
#include <kernel/boot.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/softirq.h>
#include <kernel/testing.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>

typedef struct kernel_test {
	const char *name;
	void (*run)(void);
	bool planted; /* a bug: not among "all" */
} kernel_test_t;

static const kernel_test_t tests[] = {
	{ "mutex", kt_mutex, false },
	{ "rwsem", kt_rwsem, false },
	{ "spinlock", kt_spinlock, false },
	{ "semaphore", kt_semaphore, false },
	{ "completion", kt_completion, false },
	{ "rcu", kt_rcu, false },
	{ "rcu_stalled_reader", kt_rcu_stalled_reader, false },
	{ "rcu_prodded_idlers", kt_rcu_prodded_idlers, false },
	{ "timers", kt_timers, false },
	{ "sleep", kt_sleep, false },
	{ "work", kt_work, false },
	{ "softirq", kt_softirq, false },
	{ "migrate", kt_migrate, false },
	{ "parameters", kt_parameters, false },
	{ "shares", kt_shares, false },
	{ "realtime", kt_realtime, false },
	{ "wake_storm", kt_wake_storm, false },
	{ "mappings", kt_mappings, false },
	{ "addresses", kt_addresses, false },
	{ "plant_order", plant_order, true },
	{ "plant_recursion", plant_recursion, true },
	{ "plant_sleep", plant_sleep, true },
	{ "plant_sleep_rcu", plant_sleep_rcu, true },
	{ "plant_interrupt", plant_interrupt, true },
	{ "plant_inversion", plant_inversion, true },
	{ "plant_release", plant_release, true },
	{ "plant_code_pointer", plant_code_pointer, true },
	{ "plant_spin", plant_spin, true },
	{ "plant_hung", plant_hung, true },
	{ "plant_null", plant_null, true },
	{ "plant_stack", plant_stack, true },
	{ "plant_smashed_frame", plant_smashed_frame, true },
	{ "plant_shift", plant_shift, true },
	{ "plant_write_text", plant_write_text, true },
	{ "plant_write_table", plant_write_table, true },
	{ "plant_write_alias", plant_write_alias, true },
	{ "plant_run_data", plant_run_data, true },
	{ "plant_run_heap", plant_run_heap, true },
	{ "plant_run_stack", plant_run_stack, true },
	{ "plant_run_alias", plant_run_alias, true },
	{ "plant_user_read", plant_user_read, true },
	{ "plant_user_write", plant_user_write, true },
	{ "plant_user_jump", plant_user_jump, true },
	{ "plant_rcu_callback", plant_rcu_callback, true },
	{ "plant_wait_callback", plant_wait_callback, true },
	{ "plant_work", plant_work, true },
};

static u32 failures;   /* atomic: checks that failed, of the running test */
static atomic_t alive; /* threads of the running test */
static bool stopping;

/* What a thread is started with. */
static struct {
	kt_thread_t fn;
	u64 seed;
} started[KT_THREADS];

bool kt_check_failed(const char *what, const char *file, int line)
{
	__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
	printk(KERN_ERR "ktest: failed: %s at %s:%d\n", what, file, line);
	return true;
}

bool kt_stopping(void)
{
	return READ_ONCE(stopping);
}

u64 kt_random(void)
{
	u64 *x = (u64 *)&current()->kthread_arg; /* nobody else's: the thread has read it */

	*x ^= *x << 13; /* Marsaglia, "Xorshift RNGs", 2003 */
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void thread_main(void *arg)
{
	u32 number = (u32)(unsigned long)arg;

	current()->kthread_arg = (void *)started[number].seed;
	started[number].fn(number);
	atomic_dec(&alive);
}

void kt_start(const char *name, kt_thread_t fn, u32 count)
{
	u32 first = (u32)atomic_read(&alive);

	for (u32 i = 0; i < count && first + i < KT_THREADS; i++) {
		thread_t *t;

		started[first + i].fn = fn;
		started[first + i].seed = (u64)clock_monotonic() * 2 + 1;
		atomic_inc(&alive);
		t = kthread_create(name, thread_main, (void *)(unsigned long)(first + i));
		if (IS_ERR(t))
			panic("ktest: no thread: %ld", PTR_ERR(t));
	}
}

void kt_end(u32 milliseconds)
{
	msleep(milliseconds);
	WRITE_ONCE(stopping, true);
	while (atomic_read(&alive))
		msleep(1);
	WRITE_ONCE(stopping, false);
}

static bool is_wanted(const char *list, const kernel_test_t *test)
{
	size_t n = strlen(test->name);

	if (!strcmp(list, "all"))
		return !test->planted;
	while (*list) {
		size_t length = strcspn(list, ",");

		if (length == n && !strncmp(list, test->name, n))
			return true;
		list += length + (list[length] == ',');
	}
	return false;
}

void kernel_tests_run(void)
{
	const char *wanted = cmdline_get("ktest");
	u32 passed = 0, failed = 0;

	if (!wanted)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(tests); i++) {
		nsec_t start = clock_monotonic();

		if (!is_wanted(wanted, &tests[i]))
			continue;
		failures = 0;
		tests[i].run();
		printk(KERN_ERR "ktest: %s %s (%ld ms)\n", failures ? "not ok" : "ok",
		       tests[i].name, (clock_monotonic() - start) / NSEC_PER_MSEC);
		failures ? failed++ : passed++;
	}
	printk(KERN_ERR "ktest: %u passed, %u failed\n", passed, failed);
	arch_poweroff();
}
