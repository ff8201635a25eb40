/*
 * Futexes with priority inheritance: lock, trylock, unlock, owners that end, deadlocks, requeueing,
 * and the inheritance itself among real-time threads on one CPU.
 */
#include "row.h"

#include <linux/futex.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

static uint32_t *words;
/* What processes tell each other. */
static volatile uint32_t *notes;

static long futex(void *word, int op, uint32_t value, const void *timeout, void *second,
		  uint32_t third)
{
	return sys(SYS_futex, word, op, value, timeout, second, third);
}

static uint32_t tid(void)
{
	return (uint32_t)sys(SYS_gettid);
}

static long lock_pi(uint32_t *word)
{
	uint32_t free_word = 0;

	if (__atomic_compare_exchange_n(word, &free_word, tid(), false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return 0;
	return futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
}

static long unlock_pi(uint32_t *word)
{
	uint32_t mine = tid();

	if (__atomic_compare_exchange_n(word, &mine, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return 0;
	return futex(word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

/* A child that owns the word until it is killed. */
static pid_t holder(uint32_t *word)
{
	pid_t pid = SPAWN(MUST(lock_pi(word)); for (;;) pause());

	EVENTUALLY((__atomic_load_n(word, __ATOMIC_ACQUIRE) & FUTEX_TID_MASK) == (uint32_t)pid);
	return pid;
}

/* A child that waits for the word, owns it, and ends with 0 if all was well. */
static pid_t waiter(uint32_t *word)
{
	pid_t pid =
		SPAWN(long r = futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
		      if (r) _exit(-r & 0xff); if ((*word & FUTEX_TID_MASK) != tid()) _exit(101);
		      _exit(unlock_pi(word) ? 102 : 0));

	until_state(pid, 'S');
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	wait_status(pid);
}

static struct timespec in_ns(clockid_t clock, int64_t ns)
{
	int64_t at = now_ns(clock) + ns;

	return (struct timespec){ at / 1000000000, at % 1000000000 };
}

/* ---- errors ---- */

static void group_errors(void)
{
	struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 };

	words[0] = 0;
	ROWS_EFAULT("lock", 1, futex(p, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	ROWS_EFAULT("trylock", 1, futex(p, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	ROWS_EFAULT("unlock", 1, futex(p, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	ROWS_EFAULT("lock_private", 1, futex(p, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	ROWS_EFAULT("timeout", 16, futex(words, FUTEX_LOCK_PI, 0, p, NULL, 0));
	ROW("timeout_nsec", futex(words, FUTEX_LOCK_PI, 0, &bad, NULL, 0), -EINVAL);
	ROW("timeout_negative", futex(words, FUTEX_LOCK_PI2, 0, &negative, NULL, 0), -EINVAL);
	ROW("unaligned", futex((char *)words + 2, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -EINVAL);
	ROW("unlock_unaligned", futex((char *)words + 2, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0),
	    -EPERM);
	ROW("lock_realtime", futex(words, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0),
	    -ENOSYS);
	ROW("trylock_realtime",
	    futex(words, FUTEX_TRYLOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0), -ENOSYS);
	ROW("unlock_realtime",
	    futex(words, FUTEX_UNLOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0), -ENOSYS);
	ROW("unlock_free", futex(words, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), -EPERM);
	words[0] = tid();
	ROW("lock_own", futex(words, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -EDEADLK);
	ROW("trylock_own", futex(words, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), -EDEADLK);
	words[0] = 4000000;
	ROW("lock_nobody", futex(words, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -ESRCH);
	ROW("lock_nobody.word", words[0], 4000000 | FUTEX_WAITERS);
	ROW("trylock_nobody", futex(words, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), -ESRCH);
	ROW("unlock_other", futex(words, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), -EPERM);
	char *read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ROW("read_only", futex(read_only, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -EFAULT);
	char *written = mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ROW("write_only", futex(written, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("unlock_write_only", futex(written, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
}

/* ---- one owner, some waiters ---- */

static void group_lock(void)
{
	words[0] = 0;
	ROW("free", futex(words, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("free.word", words[0], tid());
	ROW("unlock", futex(words, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("unlock.word", words[0], 0);
	ROW("trylock", futex(words, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("trylock.word", words[0], tid());
	ROW("unlock_private", futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
	words[0] = FUTEX_OWNER_DIED;
	ROW("died", futex(words, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("died.word", words[0], tid() | FUTEX_OWNER_DIED);
	ROW("died.unlock", futex(words, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("died.unlock.word", words[0], 0);
	words[0] = FUTEX_WAITERS;
	ROW("waiters_bit", futex(words, FUTEX_LOCK_PI2, 0, NULL, NULL, 0), 0);
	ROW("waiters_bit.word", words[0], tid());

	pid_t a = waiter(words);
	ROW("waited.word", words[0], tid() | FUTEX_WAITERS);
	pid_t b = waiter(words);
	CHILD(ROW("trylock_held", futex(words, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), -EAGAIN));
	CHILD(ROW("unlock_stranger", futex(words, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), -EPERM));
	ROW("wake", futex(words, FUTEX_WAKE, 1, NULL, NULL, 0), -EINVAL);
	ROW("requeue", futex(words, FUTEX_REQUEUE, 1, (void *)1, words + 1, 0), -EINVAL);
	ROW("wake_op", futex(words, FUTEX_WAKE_OP, 1, (void *)1, words + 1, 0), -EINVAL);
	ROW("hand_over", futex(words, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("first", wait_status(a), EXITED(0));
	ROW("second", wait_status(b), EXITED(0));
	ROW("free_again", words[0], 0);

	/* Nobody waits, though the bit says so. */
	words[0] = tid() | FUTEX_WAITERS;
	ROW("nobody_waits", futex(words, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("nobody_waits.word", words[0], 0);

	/* Plain waiters and owners do not mix. */
	words[1] = 0;
	a = SPAWN(_exit(-futex(words + 1, FUTEX_WAIT, 0, NULL, NULL, 0)));
	until_state(a, 'S');
	ROW("plain_waiter.lock", futex(words + 1, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -EINVAL);
	words[1] = tid();
	ROW("plain_waiter.unlock", futex(words + 1, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), -EINVAL);
	ROW("plain_waiter.wake", futex(words + 1, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	ROW("plain_waiter.ends", wait_status(a), EXITED(0));

	/* A word that names another than the one waited for. */
	words[2] = 0;
	a = holder(words + 2);
	b = waiter(words + 2);
	words[2] = tid() | FUTEX_WAITERS;
	CHILD(ROW("word_forged.lock", futex(words + 2, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -EINVAL));
	ROW("word_forged.unlock", futex(words + 2, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), -EINVAL);
	words[2] = FUTEX_WAITERS;
	CHILD(ROW("word_empty.trylock", futex(words + 2, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0),
		  -EINVAL));
	/* As it is between an owner's robust list and its end. */
	words[2] = FUTEX_WAITERS | FUTEX_OWNER_DIED;
	CHILD(ROW("word_dying.trylock", futex(words + 2, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0),
		  -EAGAIN));
	words[2] = (uint32_t)a | FUTEX_WAITERS;
	end(b);
	end(a);
}

static void group_timeouts(void)
{
	struct timespec past = { 1, 0 }, at;

	words[0] = 0;
	pid_t a = holder(words);
	ROW("past", futex(words, FUTEX_LOCK_PI, 0, &past, NULL, 0), -ETIMEDOUT);
	ROW("past.word", words[0], (uint32_t)a | FUTEX_WAITERS);
	ROW("past2", futex(words, FUTEX_LOCK_PI2, 0, &past, NULL, 0), -ETIMEDOUT);
	ROW("past2_realtime",
	    futex(words, FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME, 0, &past, NULL, 0), -ETIMEDOUT);
	at = in_ns(CLOCK_REALTIME, 30000000);
	ROW("realtime", futex(words, FUTEX_LOCK_PI, 0, &at, NULL, 0), -ETIMEDOUT);
	ROW_TRUE("realtime.waited",
		 now_ns(CLOCK_REALTIME) >= at.tv_sec * 1000000000ll + at.tv_nsec);
	at = in_ns(CLOCK_MONOTONIC, 30000000);
	ROW("monotonic", futex(words, FUTEX_LOCK_PI2, 0, &at, NULL, 0), -ETIMEDOUT);
	ROW_TRUE("monotonic.waited",
		 now_ns(CLOCK_MONOTONIC) >= at.tv_sec * 1000000000ll + at.tv_nsec);
	at = in_ns(CLOCK_REALTIME, 30000000);
	ROW("realtime2", futex(words, FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME, 0, &at, NULL, 0),
	    -ETIMEDOUT);
	/* One that gives up in the middle of the line. */
	pid_t b = waiter(words), c = SPAWN(at = in_ns(CLOCK_REALTIME, 50000000);
					   _exit(-futex(words, FUTEX_LOCK_PI, 0, &at, NULL, 0)));
	until_state(c, 'S');
	pid_t d = waiter(words);
	ROW("middle", wait_status(c), EXITED(ETIMEDOUT));
	end(a);
	ROW("before", wait_status(b), EXITED(0));
	ROW("after", wait_status(d), EXITED(0));
}

static volatile int handled;

static void on_alarm(int sig)
{
	handled = sig;
	notes[0] = 1;
}

/* A signal runs its handler and the wait goes on. */
static void group_signal(void)
{
	words[0] = 0;
	notes[0] = 0;
	pid_t a = holder(words);
	pid_t b = SPAWN(signal(SIGUSR1, on_alarm);
			long r = futex(words, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
			_exit(r			   ? -r
			      : handled == SIGUSR1 ? 0
						   : 100));
	until_state(b, 'S');
	kill(b, SIGUSR1);
	ROW_TRUE("handled", EVENTUALLY(notes[0]));
	ROW_TRUE("waits_on", until_state(b, 'S'));
	end(a);
	ROW("owner_at_last", wait_status(b), EXITED(0));
}

/* ---- owners that end ---- */

static struct {
	struct robust_list list;
	uint32_t pad, word;
} * held;

static void hold_robustly(bool pi)
{
	static struct robust_list_head head;
	struct robust_list *entry = (struct robust_list *)((uintptr_t)&held->list | (pi ? 1 : 0));

	head.list.next = entry;
	held->list.next = &head.list;
	head.futex_offset = (char *)&held->word - (char *)&held->list;
	MUST(sys(SYS_set_robust_list, &head, sizeof(head)));
	held->word = tid();
}

static void group_owner_died(void)
{
	words[0] = 0;
	pid_t a = holder(words);
	pid_t b = SPAWN(long r = futex(words, FUTEX_LOCK_PI, 0, NULL, NULL, 0); notes[0] = words[0];
			notes[1] = tid() | FUTEX_OWNER_DIED | FUTEX_WAITERS; if (r) _exit(-r);
			_exit(-futex(words, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0)));
	until_state(b, 'S');
	pid_t c = waiter(words);
	end(a);
	ROW("first", wait_status(b), EXITED(0));
	ROW("first.word", notes[0], notes[1]);
	ROW("next", wait_status(c), EXITED(0));
	ROW("free", words[0], 0);

	/* Nobody waits: the number stays. */
	a = holder(words);
	end(a);
	ROW("unwaited.word", words[0], a);
	ROW("unwaited", futex(words, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -ESRCH);

	/* By a robust list, with and without a waiter. */
	held->word = 0;
	a = SPAWN(hold_robustly(true); for (;;) pause());
	ROW_TRUE("robust.held", EVENTUALLY(held->word == (uint32_t)a));
	end(a);
	ROW("robust.word", held->word, FUTEX_OWNER_DIED);
	ROW("robust.lock", futex(&held->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
	ROW("robust.lock.word", held->word, tid() | FUTEX_OWNER_DIED);
	held->word = 0;
	a = SPAWN(hold_robustly(true); for (;;) pause());
	EVENTUALLY(held->word == (uint32_t)a);
	b = SPAWN(long r = futex(&held->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
		  notes[0] = held->word; notes[1] = tid() | FUTEX_OWNER_DIED | FUTEX_WAITERS;
		  _exit(-r));
	until_state(b, 'S');
	end(a);
	ROW("robust.waiter", wait_status(b), EXITED(0));
	ROW("robust.waiter.word", notes[0], notes[1]);

	/* exec ends an owner as well. */
	words[3] = 0;
	a = SPAWN(MUST(lock_pi(words + 3)); until_state(getppid(), 'S');
		  while (!notes[5]) sleep_ms(1); execl("/bin/busybox", "busybox", "true", NULL);
		  _exit(9));
	EVENTUALLY(words[3] & FUTEX_TID_MASK);
	b = SPAWN(_exit(-futex(words + 3, FUTEX_LOCK_PI, 0, NULL, NULL, 0)));
	until_state(b, 'S');
	notes[5] = 1;
	ROW("exec.waiter", wait_status(b), EXITED(0));
	wait_status(a);
}

/* ---- deadlocks ---- */

static void group_deadlock(void)
{
	words[0] = words[1] = words[2] = 0;
	MUST(lock_pi(words));
	pid_t a = SPAWN(MUST(lock_pi(words + 1));
			_exit(-futex(words, FUTEX_LOCK_PI, 0, NULL, NULL, 0)));
	ROW_TRUE("two.waits", EVENTUALLY(words[0] & FUTEX_WAITERS));
	until_state(a, 'S');
	ROW("two", futex(words + 1, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -EDEADLK);
	pid_t b = SPAWN(MUST(lock_pi(words + 2));
			_exit(-futex(words + 1, FUTEX_LOCK_PI, 0, NULL, NULL, 0)));
	EVENTUALLY(words[2]);
	until_state(b, 'S');
	ROW("three", futex(words + 2, FUTEX_LOCK_PI, 0, NULL, NULL, 0), -EDEADLK);
	ROW("goes_on", unlock_pi(words), 0);
	ROW("first", wait_status(a), EXITED(0));
	ROW("second", wait_status(b), EXITED(0));
}

/* ---- inheritance: real-time threads on one CPU ---- */

static void be_fifo(int priority)
{
	struct sched_param param = { .sched_priority = priority };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	MUST(sys(SYS_sched_setaffinity, 0, sizeof(one), &one));
	MUST(sys(SYS_sched_setscheduler, 0, priority ? SCHED_FIFO : SCHED_OTHER, &param));
}

/* Field 18 of stat: -1 - priority for real-time ones, with what is inherited. */
static long shown_priority(pid_t pid)
{
	char path[32], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (slurp(path, text, sizeof(text)) <= 0)
		return 0;
	char *at = strrchr(text, ')') + 1;
	for (int field = 2; field < 17; field++)
		at = strchr(at + 1, ' ');
	return strtol(at, NULL, 10);
}

enum { LOW_READY, GO, HOG_RUNS, HIGH_DONE, HOG_SAW };
#define HOG_NS 4000000000ll

/* Keeps the CPU until the high one is through, or for so long that it cannot be. */
static void hog(int priority)
{
	be_fifo(priority);
	notes[HOG_RUNS] = 1;
	int64_t until = now_ns(CLOCK_MONOTONIC) + HOG_NS;
	while (!notes[HIGH_DONE] && now_ns(CLOCK_MONOTONIC) < until)
		;
	notes[HOG_SAW] = notes[HIGH_DONE];
	_exit(0);
}

/*
 * The low one owns word 0 and wants to go on; the high one waits for it, in a chain of so many
 * others; one in the middle keeps the CPU.
 */
static void inversion(const char *name, int low_priority, int links, bool wait_first)
{
	pid_t low, high, middle, link[3];

	memset((void *)notes, 0, 64);
	memset(words, 0, 64);
	be_fifo(90);
	low = SPAWN(be_fifo(low_priority); MUST(lock_pi(words)); notes[LOW_READY] = 1;
		    while (!notes[GO]) sched_yield();
		    /* Some work: it must get the CPU for it. */
		    for (volatile int i = 0; i < 100000; i++); _exit(unlock_pi(words) != 0));
	ROW_TRUE(named("%s.low_owns", name), EVENTUALLY(notes[LOW_READY]));
	for (int i = 0; i < links; i++) {
		link[i] = SPAWN(be_fifo(low_priority + 1 + i); MUST(lock_pi(words + i + 1));
				MUST(lock_pi(words + i));
				_exit(unlock_pi(words + i) || unlock_pi(words + i + 1)));
		EVENTUALLY(words[i] & FUTEX_WAITERS);
		until_state(link[i], 'S');
	}
	high = SPAWN(be_fifo(60); if (!wait_first) while (!notes[HOG_RUNS]) sleep_ms(1);
		     MUST(lock_pi(words + links)); notes[HIGH_DONE] = 1;
		     _exit(unlock_pi(words + links) != 0));
	if (wait_first) {
		ROW_TRUE(named("%s.high_waits", name), EVENTUALLY(words[links] & FUTEX_WAITERS));
		until_state(high, 'S');
		ROW(named("%s.inherited", name), shown_priority(low), -61);
	}
	middle = SPAWN(hog(40));
	notes[GO] = 1;
	ROW(named("%s.high", name), wait_status(high), EXITED(0));
	wait_status(middle);
	ROW(named("%s.not_starved", name), notes[HOG_SAW], 1);
	ROW(named("%s.low", name), wait_status(low), EXITED(0));
	for (int i = 0; i < links; i++)
		ROW(named("%s.link", name), wait_status(link[i]), EXITED(0));
}

static void group_inheritance(void)
{
	inversion("direct", 10, 0, true);
	inversion("while_waiting", 10, 0, false);
	inversion("normal", 0, 0, true);
	inversion("chain", 10, 3, true);
}

static void group_priority(void)
{
	struct sched_param param = { .sched_priority = 50 };

	memset(words, 0, 64);
	be_fifo(90);
	pid_t low = SPAWN(be_fifo(10); MUST(lock_pi(words)); for (;;) pause());
	EVENTUALLY(words[0]);
	until_state(low, 'S');
	pid_t high = SPAWN(be_fifo(30); _exit(-lock_pi(words)));
	until_state(high, 'S');
	ROW("inherited", shown_priority(low), -31);
	/* A change of the waiter's own priority reaches the owner. */
	ROW("raise", sys(SYS_sched_setparam, high, &param), 0);
	ROW("raised", shown_priority(low), -51);
	param.sched_priority = 5;
	ROW("lower", sys(SYS_sched_setparam, high, &param), 0);
	ROW("lowered", shown_priority(low), -11);
	param.sched_priority = 50;
	sys(SYS_sched_setparam, high, &param);
	ROW("param_own", (sys(SYS_sched_getparam, low, &param), param.sched_priority), 10);
	end(high);
	ROW("waiter_gone", shown_priority(low), -11);
	/* The most urgent waits in front. */
	pid_t a = SPAWN(be_fifo(20); long r = lock_pi(words); notes[8] = ++notes[10];
			_exit(r || unlock_pi(words)));
	until_state(a, 'S');
	pid_t b = SPAWN(be_fifo(25); long r = lock_pi(words); notes[9] = ++notes[10];
			_exit(r || unlock_pi(words)));
	until_state(b, 'S');
	notes[10] = 0;
	end(low);
	wait_status(a);
	wait_status(b);
	ROW("order.urgent", notes[9], 1);
	ROW("order.other", notes[8], 2);

	/* Plain waiters are woken in that order, too. */
	words[4] = 0;
	a = SPAWN(be_fifo(20); _exit(-futex(words + 4, FUTEX_WAIT, 0, NULL, NULL, 0)));
	until_state(a, 'S');
	b = SPAWN(be_fifo(25); _exit(-futex(words + 4, FUTEX_WAIT, 0, NULL, NULL, 0)));
	until_state(b, 'S');
	ROW("plain.wake", futex(words + 4, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	ROW("plain.urgent", wait_status(b), EXITED(0));
	ROW("plain.other", process_state(a), 'S');
	end(a);
}

/* ---- requeueing ---- */

static long wait_requeue(uint32_t *cond, uint32_t value, const void *timeout, uint32_t *mutex)
{
	return futex(cond, FUTEX_WAIT_REQUEUE_PI, value, timeout, mutex, 0);
}

static long requeue_pi(uint32_t *cond, uint32_t wake, long requeue, uint32_t *mutex, uint32_t value)
{
	return futex(cond, FUTEX_CMP_REQUEUE_PI, wake, (void *)requeue, mutex, value);
}

static pid_t requeue_waiter(uint32_t *cond, uint32_t *mutex)
{
	pid_t pid = SPAWN(long r = wait_requeue(cond, 0, NULL, mutex); if (r) _exit(-r);
			  _exit((*mutex & FUTEX_TID_MASK) == tid() ? -unlock_pi(mutex) : 111));

	until_state(pid, 'S');
	return pid;
}

static void group_requeue(void)
{
	uint32_t *cond = words, *mutex = words + 1;
	struct timespec past = { 1, 0 }, at;

	memset(words, 0, 64);
	ROW("wait.same", wait_requeue(cond, 0, NULL, cond), -EINVAL);
	ROW("wait.value", wait_requeue(cond, 7, NULL, mutex), -EAGAIN);
	ROW("wait.past", wait_requeue(cond, 0, &past, mutex), -ETIMEDOUT);
	ROW("requeue.nobody", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, mutex, 0), 0);
	ROW("requeue.nobody_unmapped",
	    futex(cond, FUTEX_CMP_REQUEUE_PI | FUTEX_PRIVATE_FLAG, 1, (void *)1, edge, 0), -EFAULT);
	ROW("wait.unaligned", wait_requeue(cond, 0, NULL, (uint32_t *)((char *)mutex + 1)),
	    -EINVAL);
	ROWS_EFAULT("wait.cond", 1, wait_requeue(p, 0, NULL, mutex));
	ROWS_EFAULT("wait.timeout", 16, wait_requeue(cond, 0, p, mutex));
	at = in_ns(CLOCK_REALTIME, 20000000);
	ROW("wait.realtime",
	    futex(cond, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, &at, mutex, 0),
	    -ETIMEDOUT);
	ROW("same", requeue_pi(cond, 1, 1, cond, 0), -EINVAL);
	ROW("wake_0", requeue_pi(cond, 0, 1, mutex, 0), -EINVAL);
	ROW("wake_2", requeue_pi(cond, 2, 1, mutex, 0), -EINVAL);
	ROW("requeue_negative", requeue_pi(cond, 1, -1, mutex, 0), -EINVAL);
	ROW("value", requeue_pi(cond, 1, 1, mutex, 9), -EAGAIN);
	ROW("nobody", requeue_pi(cond, 1, 1, mutex, 0), 0);

	/* The first takes the free mutex, the others wait for it. */
	pid_t a = requeue_waiter(cond, mutex), b = requeue_waiter(cond, mutex),
	      c = requeue_waiter(cond, mutex);
	ROW("plain_wake", futex(cond, FUTEX_WAKE, 1, NULL, NULL, 0), -EINVAL);
	ROW("plain_requeue", futex(cond, FUTEX_REQUEUE, 1, (void *)1, words + 5, 0), -EINVAL);
	ROW("other_goal", requeue_pi(cond, 1, 1, words + 6, 0), -EINVAL);
	ROW("all", requeue_pi(cond, 1, INT32_MAX, mutex, 0), 3);
	ROW("first", wait_status(a), EXITED(0));
	ROW("second", wait_status(b), EXITED(0));
	ROW("third", wait_status(c), EXITED(0));
	ROW("mutex", *mutex, 0);

	/* One at a time, with the mutex held. */
	a = requeue_waiter(cond, mutex);
	b = requeue_waiter(cond, mutex);
	MUST(lock_pi(mutex));
	ROW("one", requeue_pi(cond, 1, 0, mutex, 0), 1);
	ROW("one.word", *mutex, tid() | FUTEX_WAITERS);
	ROW("one.waits", process_state(a), 'S');
	ROW("one.unlock", unlock_pi(mutex), 0);
	ROW("one.owner", wait_status(a), EXITED(0));
	ROW("one.other", process_state(b), 'S');
	/* A free mutex, only one: no mark of waiters. */
	ROW("last", requeue_pi(cond, 1, 0, mutex, 0), 1);
	ROW("last.owner", wait_status(b), EXITED(0));

	/* Plain waiters are not for it. */
	a = SPAWN(_exit(-futex(cond, FUTEX_WAIT, 0, NULL, NULL, 0)));
	until_state(a, 'S');
	ROW("plain_waiter", requeue_pi(cond, 1, 1, mutex, 0), -EINVAL);
	futex(cond, FUTEX_WAKE, 1, NULL, NULL, 0);
	wait_status(a);

	/* A timeout after the move, and before. */
	*mutex = 0;
	MUST(lock_pi(mutex));
	a = SPAWN(at = in_ns(CLOCK_MONOTONIC, 3000000000);
		  _exit(-wait_requeue(cond, 0, &at, mutex)));
	until_state(a, 'S');
	ROW("moved", requeue_pi(cond, 1, 0, mutex, 0), 1);
	ROW("moved.timeout", wait_status(a), EXITED(ETIMEDOUT));
	ROW("moved.unlock", unlock_pi(mutex), 0);

	/* A signal after the move: libc goes on by itself. */
	MUST(lock_pi(mutex));
	a = SPAWN(signal(SIGUSR1, on_alarm); _exit(-wait_requeue(cond, 0, NULL, mutex)));
	until_state(a, 'S');
	ROW("signal.moved", requeue_pi(cond, 1, 0, mutex, 0), 1);
	kill(a, SIGUSR1);
	ROW("signal", wait_status(a), EXITED(EAGAIN));
	unlock_pi(mutex);
}

/* Many take it in turns, some with a priority, some that are killed. */
static void group_torture(void)
{
	enum { WORKERS = 6, TURNS = 150 };
	pid_t pids[WORKERS];

	memset(words, 0, 64);
	for (int i = 0; i < WORKERS; i++)
		pids[i] = SPAWN(for (int turn = 0; turn < TURNS; turn++) {
			MUST(lock_pi(words));
			uint32_t value = words[1];
			if (turn % 16 == i)
				sched_yield();
			words[1] = value + 1;
			MUST(unlock_pi(words));
		});
	for (int i = 0; i < WORKERS; i++)
		ROW("worker", wait_status(pids[i]), EXITED(0));
	ROW("count", words[1], WORKERS * TURNS);
	ROW("free", words[0], 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "futex_pi");
	words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	notes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	held = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	GROUP(group_errors);
	GROUP(group_lock);
	GROUP(group_timeouts);
	GROUP(group_signal);
	GROUP(group_owner_died);
	GROUP(group_deadlock);
	GROUP(group_inheritance);
	GROUP(group_priority);
	GROUP(group_requeue);
	GROUP(group_torture);
	return finish();
}
