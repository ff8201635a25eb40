// sources: kernel/sync/wait.c kernel/time/sleep_on.c kernel/sync/spinlock.c
/*
 * Wait queues: which sleepers a wake-up reaches, against a list that models the queue; and, with
 * CPUs truly at once, that no wake-up is lost and no exclusive one is spent on two.
 */
#include <string.h>

#include <host.h>

#include <fake/fake.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <kernel/time/clock.h>

int sched_yield(void); /* <sched.h> and the kernel's names do not go together */

#define THREADS 12
static thread_t threads[THREADS];
static bool signalled[THREADS];

bool signal_pending_state(u32 state, thread_t *t)
{
	return (state & THREAD_INTERRUPTIBLE) && signalled[t - threads];
}

void set_current_state(u32 state)
{
	__atomic_store_n(&current()->state, state, __ATOMIC_SEQ_CST);
}

bool wake_up_thread(thread_t *t, u32 states)
{
	u32 was = READ_ONCE(t->state);

	while (was & states)
		if (__atomic_compare_exchange_n(&t->state, &was, THREAD_RUNNING, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	return false;
}

static nsec_t time_out_at = NSEC_MAX;

bool schedule_deadline(s64 deadline)
{
	while (READ_ONCE(current()->state) != THREAD_RUNNING) {
		if (deadline <= time_out_at && deadline != NSEC_MAX) {
			fake_time = deadline;
			current()->state = THREAD_RUNNING;
			return true;
		}
		sched_yield();
	}
	return false;
}

nsec_t clock_monotonic(void)
{
	return fake_time;
}

static void become(u32 thread)
{
	this_cpu_write(current_thread, &threads[thread]);
}

/* ---- one CPU, a model ---- */

static struct {
	wait_queue_entry_t entry;
	bool prepared, exclusive;
} sleepers[THREADS];
static int order[THREADS], queued; /* numbers of sleepers, in the order of the queue */

static void model_add(int t)
{
	int at = sleepers[t].exclusive ? queued : 0;

	memmove(order + at + 1, order + at, (size_t)(queued - at) * sizeof(int));
	order[at] = t;
	queued++;
}

static void model_remove(int t)
{
	for (int i = 0; i < queued; i++) {
		if (order[i] != t)
			continue;
		memmove(order + i, order + i + 1, (size_t)(queued - i - 1) * sizeof(int));
		queued--;
		return;
	}
}

static bool model_queued(int t)
{
	for (int i = 0; i < queued; i++)
		if (order[i] == t)
			return true;
	return false;
}

static void wake_and_compare(wait_queue_head_t *wq, int nr)
{
	bool woken[THREADS] = { 0 };
	int count = 0, left = nr, got;

	for (int i = 0; i < queued;) {
		int t = order[i];

		if (threads[t].state == THREAD_RUNNING) { /* woken otherwise, still queued */
			i++;
			continue;
		}
		woken[t] = true;
		count++;
		model_remove(t);
		if (sleepers[t].exclusive && --left == 0)
			break;
	}
	got = wake_up_key(wq, nr, 0);
	assert_int_equal(got, count);
	for (int t = 0; t < THREADS; t++)
		if (woken[t])
			assert_int_equal(threads[t].state, THREAD_RUNNING);
}

/* A sleeper that leaves with a wake-up to itself hands it to the next exclusive one. */
static void finish_and_compare(wait_queue_head_t *wq, int t)
{
	int heir = -1;

	for (int i = 0; i < queued && sleepers[t].exclusive && !model_queued(t); i++)
		if (sleepers[order[i]].exclusive && threads[order[i]].state != THREAD_RUNNING) {
			heir = order[i];
			break;
		}
	finish_wait(wq, &sleepers[t].entry);
	assert_int_equal(threads[t].state, THREAD_RUNNING);
	model_remove(t);
	sleepers[t].prepared = false;
	if (heir < 0)
		return;
	assert_int_equal(threads[heir].state, THREAD_RUNNING);
	model_remove(heir);
}

static void test_model(void **state)
{
	wait_queue_head_t wq;

	init_waitqueue_head(&wq);
	for (u32 step = 0; step < 1000000; step++) {
		int t = (int)test_random_below(THREADS);
		u32 how = test_random_below(2) ? THREAD_INTERRUPTIBLE : THREAD_UNINTERRUPTIBLE;
		int r;

		become((u32)t);
		switch (test_random_below(6)) {
		case 0:
		case 1:
			if (!sleepers[t].prepared) {
				sleepers[t].exclusive = test_random_below(2);
				init_wait_entry(&sleepers[t].entry,
						sleepers[t].exclusive ? WAIT_EXCLUSIVE : 0);
				sleepers[t].prepared = true;
			}
			signalled[t] = test_random_below(8) == 0;
			r = prepare_to_wait(&wq, &sleepers[t].entry, how);
			if (signalled[t] && how == THREAD_INTERRUPTIBLE) {
				/* Off the queue: a wake-up is not spent on who leaves. */
				assert_int_equal(r, -ERESTARTSYS);
				model_remove(t);
				break;
			}
			assert_int_equal(r, 0);
			assert_int_equal(threads[t].state, how);
			if (!model_queued(t))
				model_add(t);
			break;
		case 2:
			if (!sleepers[t].prepared)
				break;
			finish_and_compare(&wq, t);
			break;
		case 3: /* a signal or a timer wakes it past the queue */
			wake_up_thread(&threads[t], THREAD_SLEEPING);
			break;
		case 4:
			wake_and_compare(&wq, 1 + (int)test_random_below(3));
			break;
		default:
			if (test_random_below(10) == 0)
				wake_and_compare(&wq, INT32_MAX);
		}
		assert_int_equal(waitqueue_active(&wq), queued != 0);
	}
	for (u32 t = 0; t < THREADS; t++) {
		become(t);
		if (sleepers[t].prepared)
			finish_wait(&wq, &sleepers[t].entry);
		signalled[t] = false;
	}
	assert_false(waitqueue_active(&wq));
	become(0);
}

/* ---- callbacks and keys ---- */

static u64 seen_key;
static u32 calls;

static bool only_if_wanted(wait_queue_entry_t *entry, u64 key)
{
	calls++;
	seen_key = key;
	return key & (u64)(unsigned long)entry->data;
}

static void test_callbacks(void **state)
{
	wait_queue_entry_t readers, writers;
	wait_queue_head_t wq;

	init_wait_callback(&readers, only_if_wanted);
	init_wait_callback(&writers, only_if_wanted);
	readers.data = (void *)1;
	writers.data = (void *)2;
	readers.flags = writers.flags = WAIT_EXCLUSIVE;
	init_waitqueue_head(&wq);
	add_wait_queue(&wq, &readers);
	add_wait_queue(&wq, &writers);
	calls = 0;
	/* Who is not meant does not use the one exclusive wake-up up. */
	assert_int_equal(wake_up_key(&wq, 1, 2), 1);
	assert_int_equal(calls, 2);
	assert_int_equal(seen_key, 2);
	calls = 0;
	assert_int_equal(wake_up_key(&wq, 1, 3), 1);
	assert_int_equal(calls, 1);
	assert_int_equal(wake_up_key(&wq, INT32_MAX, 4), 0);
	remove_wait_queue(&wq, &readers);
	remove_wait_queue(&wq, &readers); /* again does no harm */
	remove_wait_queue(&wq, &writers);
	assert_false(waitqueue_active(&wq));
}

static void test_sleeping(void **state)
{
	wait_queue_head_t wq;
	bool yes = true;

	init_waitqueue_head(&wq);
	become(0);
	threads[0].state = THREAD_RUNNING;
	fake_time = 1000;
	wait_event(&wq, yes);
	assert_int_equal(wait_event_interruptible(&wq, yes), 0);
	signalled[0] = true;
	assert_int_equal(wait_event_interruptible(&wq, !yes), -ERESTARTSYS);
	assert_int_equal(sleep_on(&wq), -ERESTARTSYS);
	assert_int_equal(wait_event_interruptible(&wq, yes), 0); /* the condition counts more */
	signalled[0] = false;
	assert_int_equal(wait_event_deadline(&wq, !yes, THREAD_INTERRUPTIBLE, 5000), -ETIMEDOUT);
	assert_int_equal(fake_time, 5000);
	/* True at the last moment. */
	assert_int_equal(wait_event_deadline(&wq, fake_time == 6000, THREAD_INTERRUPTIBLE, 6000),
			 0);
	assert_int_equal(sleep_on_timeout(&wq, 100), -ETIMEDOUT);
	assert_int_equal(fake_time, 6100);
	assert_false(waitqueue_active(&wq));
}

/* ---- truly at once ---- */

#define ROUNDS 3000
static wait_queue_head_t ping, pong;
static u32 balls; /* atomic */

static void play(void *arg)
{
	u32 cpu = this_cpu();

	become(cpu);
	threads[cpu].state = THREAD_RUNNING;
	for (u32 i = 0; i < ROUNDS; i++) {
		if (cpu == 0) {
			__atomic_store_n(&balls, 1, __ATOMIC_RELAXED);
			wake_up(&ping);
			wait_event(&pong, __atomic_load_n(&balls, __ATOMIC_RELAXED) == 0);
		} else {
			wait_event(&ping, __atomic_load_n(&balls, __ATOMIC_RELAXED) == 1);
			__atomic_store_n(&balls, 0, __ATOMIC_RELAXED);
			wake_up(&pong);
		}
	}
}

/* A lost wake-up stands still for ever, and the runner's time limit ends it. */
static void test_ping_pong(void **state)
{
	init_waitqueue_head(&ping);
	init_waitqueue_head(&pong);
	fake_run_on_cpus(2, play, NULL);
	assert_int_equal(balls, 0);
}

#define TOKENS 5000
static u32 tokens, taken; /* atomic */

static bool take_token(void)
{
	u32 n = __atomic_load_n(&tokens, __ATOMIC_SEQ_CST);

	while (n)
		if (__atomic_compare_exchange_n(&tokens, &n, n - 1, false, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static void hand_out(void *arg)
{
	u32 cpu = this_cpu();

	become(cpu);
	threads[cpu].state = THREAD_RUNNING;
	if (cpu == 0) {
		for (u32 i = 0; i < TOKENS; i++) {
			__atomic_fetch_add(&tokens, 1, __ATOMIC_SEQ_CST);
			wake_up(&ping);
		}
		return;
	}
	for (;;) {
		bool got = false;

		if (__atomic_load_n(&taken, __ATOMIC_SEQ_CST) == TOKENS)
			return;
		wait_event_interruptible_exclusive(
			&ping, (got = take_token()) ||
				       __atomic_load_n(&taken, __ATOMIC_SEQ_CST) == TOKENS);
		if (got && __atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST) == TOKENS)
			wake_up_all(&ping);
	}
}

/* What two sleepers wait for comes, and comes again while the first, who has it, is leaving. */
static void test_leaving_with_a_wake_up(void **state)
{
	wait_queue_entry_t first, second;

	init_waitqueue_head(&ping);
	become(1);
	init_wait_entry(&second, WAIT_EXCLUSIVE);
	become(0);
	init_wait_entry(&first, WAIT_EXCLUSIVE);
	assert_int_equal(prepare_to_wait(&ping, &first, THREAD_INTERRUPTIBLE), 0);
	become(1);
	assert_int_equal(prepare_to_wait(&ping, &second, THREAD_INTERRUPTIBLE), 0);
	become(0);
	wake_up(&ping);
	assert_int_equal(threads[1].state, THREAD_INTERRUPTIBLE);
	finish_wait(&ping, &first);
	assert_int_equal(threads[1].state, THREAD_RUNNING);
	assert_false(waitqueue_active(&ping));
	become(1);
	finish_wait(&ping, &second);
	become(0);
}

static void test_exclusive_hand_out(void **state)
{
	init_waitqueue_head(&ping);
	fake_run_on_cpus(4, hand_out, NULL);
	assert_int_equal(taken, TOKENS);
	assert_int_equal(tokens, 0);
	assert_false(waitqueue_active(&ping));
}

static int setup(void **state)
{
	fake_cpus(4);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_sleeping),
		cmocka_unit_test(test_ping_pong),
		cmocka_unit_test(test_leaving_with_a_wake_up),
		cmocka_unit_test(test_exclusive_hand_out),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
