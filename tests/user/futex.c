/* Futexes: wait, wake, requeue, bitsets, timeouts, errors; robust lists. */
#include <linux/futex.h>

#include "row.h"

static uint32_t *words;

static long futex(void *word, int op, uint32_t value, const void *timeout, void *second,
		  uint32_t third)
{
	return sys(SYS_futex, word, op, value, timeout, second, third);
}

static pid_t waiter(int index, int op, uint32_t bits)
{
	pid_t pid = SPAWN(_exit(-futex(words + index, op, 0, NULL, NULL, bits)));

	until_state(pid, 'S');
	return pid;
}

static void group_errors(void)
{
	struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 };

	ROWS_EFAULT("wait", 1, futex(p, FUTEX_WAIT, 0, NULL, NULL, 0));
	ROWS_EFAULT("timeout", sizeof(bad), futex(words, FUTEX_WAIT, 0, p, NULL, 0));
	ROW("unaligned", futex((char *)words + 1, FUTEX_WAIT, 0, NULL, NULL, 0), -EINVAL);
	ROW("wake_unaligned", futex((char *)words + 2, FUTEX_WAKE, 1, NULL, NULL, 0), -EINVAL);
	ROW("value_differs", futex(words, FUTEX_WAIT, 5, NULL, NULL, 0), -EAGAIN);
	ROW("operation", futex(words, 99, 0, NULL, NULL, 0), -ENOSYS);
	ROW("timeout_nsec", futex(words, FUTEX_WAIT, 0, &bad, NULL, 0), -EINVAL);
	ROW("timeout_negative", futex(words, FUTEX_WAIT, 0, &negative, NULL, 0), -EINVAL);
	ROW("bitset_0_wait", futex(words, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), -EINVAL);
	ROW("bitset_0_wake", futex(words, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), -EINVAL);
	ROW("wake_nobody", futex(words, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	ROW("wake_unmapped_private", futex(edge, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0),
	    0);
	ROW("wake_unmapped_shared", futex(edge, FUTEX_WAKE, 1, NULL, NULL, 0), -EFAULT);
	/* Shared words of one's own: they must be ones that can change; read they need not be. */
	char *fixed = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *written = mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ROW("read_only", futex(fixed, FUTEX_WAIT, 1, NULL, NULL, 0), -EFAULT);
	ROW("read_only_private", futex(fixed, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0), -EAGAIN);
	ROW("wake_read_only", futex(fixed, FUTEX_WAKE, 1, NULL, NULL, 0), -EFAULT);
	ROW("write_only", futex(written, FUTEX_WAIT, 1, NULL, NULL, 0), -EAGAIN);
	ROW("wake_write_only", futex(written, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	ROW("requeue_second_unaligned",
	    futex(words, FUTEX_REQUEUE, 1, (void *)1, (char *)words + 2, 0), -EINVAL);
	ROW("cmp_requeue_differs", futex(words, FUTEX_CMP_REQUEUE, 1, (void *)1, words + 1, 5),
	    -EAGAIN);
}

static void group_timeouts(void)
{
	struct timespec ts = { 0, 30000000 }, at;

	int64_t start = now_ns(CLOCK_MONOTONIC);
	ROW("relative", futex(words, FUTEX_WAIT, 0, &ts, NULL, 0), -ETIMEDOUT);
	ROW_TRUE("relative_waited", now_ns(CLOCK_MONOTONIC) - start >= 30000000);
	clock_gettime(CLOCK_MONOTONIC, &at);
	ROW("absolute_past", futex(words, FUTEX_WAIT_BITSET, 0, &at, NULL, -1), -ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &at);
	ROW("absolute_realtime",
	    futex(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &at, NULL, -1), -ETIMEDOUT);
	ts = (struct timespec){ 0, 0 };
	ROW("zero", futex(words, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &ts, NULL, 0), -ETIMEDOUT);
}

static void group_wake(void)
{
	pid_t a = waiter(0, FUTEX_WAIT, 0), b = waiter(0, FUTEX_WAIT, 0),
	      c = waiter(1, FUTEX_WAIT, 0);

	ROW("one", futex(words, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	ROW("one_first_in_line", wait_status(a), EXITED(0));
	ROW("all", futex(words, FUTEX_WAKE, 100, NULL, NULL, 0), 1);
	ROW("second", wait_status(b), EXITED(0));
	ROW("other_word_sleeps", process_state(c), 'S');
	ROW("other_word", futex(words + 1, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	wait_status(c);
	a = waiter(0, FUTEX_WAIT_BITSET, 1);
	b = waiter(0, FUTEX_WAIT_BITSET, 6);
	ROW("bits_none", futex(words, FUTEX_WAKE_BITSET, 9, NULL, NULL, 8), 0);
	ROW("bits_second", futex(words, FUTEX_WAKE_BITSET, 9, NULL, NULL, 4), 1);
	ROW("bits_second_is", wait_status(b), EXITED(0));
	ROW("bits_first", futex(words, FUTEX_WAKE, 9, NULL, NULL, 0), 1);
	wait_status(a);
	a = waiter(0, FUTEX_WAIT, 0);
	b = waiter(0, FUTEX_WAIT, 0);
	c = waiter(0, FUTEX_WAIT, 0);
	ROW("requeue", futex(words, FUTEX_CMP_REQUEUE, 1, (void *)1, words + 1, 0), 2);
	ROW("requeue_woken", wait_status(a), EXITED(0));
	ROW("requeue_moved", futex(words + 1, FUTEX_WAKE, 9, NULL, NULL, 0), 1);
	ROW("requeue_moved_is", wait_status(b), EXITED(0));
	ROW("requeue_stayed", futex(words, FUTEX_WAKE, 9, NULL, NULL, 0), 1);
	wait_status(c);
	/* Wake one word and, where the other's old value compares, that one too. */
	a = waiter(0, FUTEX_WAIT, 0);
	b = waiter(1, FUTEX_WAIT, 0);
	ROW("wake_op",
	    futex(words, FUTEX_WAKE_OP, 1, (void *)1, words + 1,
		  FUTEX_OP(FUTEX_OP_ADD, 7, FUTEX_OP_CMP_EQ, 0)),
	    2);
	ROW("wake_op_stored", words[1], 7);
	wait_status(a);
	wait_status(b);
	words[1] = 0;
	/* The same page mapped by a file, elsewhere in another process: one futex. */
	int fd = file_with("f", "\0\0\0\0\0\0\0\0", 8);
	uint32_t *here = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	a = SPAWN(uint32_t *there = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		  _exit(-futex(there, FUTEX_WAIT, 0, NULL, NULL, 0)));
	until_state(a, 'S');
	ROW("file_shared", futex(here, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	ROW("file_shared_woken", wait_status(a), EXITED(0));
	/* A private anonymous word is each process's own. */
	static uint32_t own;
	a = SPAWN(_exit(-futex(&own, FUTEX_WAIT, 0, &(struct timespec){ 0, 100000000 }, NULL, 0)));
	until_state(a, 'S');
	ROW("private_not_woken", futex(&own, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	ROW("private_times_out", wait_status(a), EXITED(ETIMEDOUT));
}

/* A lock of three states, as libraries build it. */
static void take(uint32_t *lock)
{
	uint32_t old = 0;

	if (__atomic_compare_exchange_n(lock, &old, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE))
		futex(lock, FUTEX_WAIT, 2, NULL, NULL, 0);
}

static void give(uint32_t *lock)
{
	if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2)
		futex(lock, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void group_lock(void)
{
	enum { WORKERS = 8, TURNS = 3000 };
	pid_t pids[WORKERS];

	words[10] = words[11] = 0;
	for (int i = 0; i < WORKERS; i++)
		pids[i] = SPAWN(for (int turn = 0; turn < TURNS; turn++) {
			take(words + 10);
			uint32_t value = words[11];
			if (turn % 64 == 0)
				sched_yield();
			words[11] = value + 1;
			give(words + 10);
		});
	for (int i = 0; i < WORKERS; i++)
		wait_status(pids[i]);
	ROW("count", words[11], WORKERS * TURNS);
}

static char thread_stack[65536] __attribute__((aligned(16)));
static struct robust_list_head robust;
static struct {
	struct robust_list list;
	uint32_t word;
} held;

static int die_holding(void *arg)
{
	(void)arg;
	held.word = sys(SYS_gettid);
	held.list.next = &robust.list;
	robust.list.next = &held.list;
	robust.futex_offset = (char *)&held.word - (char *)&held.list;
	robust.list_op_pending = NULL;
	sys(SYS_set_robust_list, &robust, sizeof(robust));
	sys(SYS_exit, 0);
	return 0;
}

static void group_robust(void)
{
	void *head;
	size_t size;

	ROW("set_size", sys(SYS_set_robust_list, &robust, 5), -EINVAL);
	ROW("get", sys(SYS_get_robust_list, 0, &head, &size), 0);
	ROW("get_size", size, sizeof(robust));
	ROW("get_missing", sys(SYS_get_robust_list, 99999, &head, &size), -ESRCH);
	ROWS_EFAULT("get_head", 8, sys(SYS_get_robust_list, 0, p, &size));
	clone(die_holding, thread_stack + sizeof(thread_stack),
	      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
	      NULL);
	ROW_TRUE("owner_died",
		 EVENTUALLY(__atomic_load_n(&held.word, __ATOMIC_ACQUIRE) & FUTEX_OWNER_DIED));
}

/* ---- several at once ---- */

struct waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static long waitv(const void *vec, unsigned n, unsigned flags, const void *timeout, int clock)
{
	return sys(449, vec, n, flags, timeout, clock);
}

static void group_waitv(void)
{
	struct waitv vec[129];
	struct timespec past = { 1, 0 }, bad = { 0, 1000000000 }, at;

	memset(words, 0, PAGE);
	for (int i = 0; i < 129; i++)
		vec[i] = (struct waitv){ 0, (uint64_t)(words + i), 2, 0 };
	ROW("none", waitv(vec, 0, 0, NULL, 0), -EINVAL);
	ROW("too_many", waitv(vec, 129, 0, NULL, 0), -EINVAL);
	ROW("flags", waitv(vec, 1, 1, NULL, 0), -EINVAL);
	ROW("null", waitv(NULL, 1, 0, NULL, 0), -EINVAL);
	ROWS_EFAULT("vector", sizeof(vec[0]), waitv(p, 1, 0, NULL, 0));
	ROWS_EFAULT("timeout", sizeof(at), waitv(vec, 1, 0, p, CLOCK_MONOTONIC));
	ROW("clock", waitv(vec, 1, 0, &past, CLOCK_BOOTTIME), -EINVAL);
	ROW("clock_unused", waitv((vec[0].val = 3, vec), 1, 0, NULL, 99), -EAGAIN);
	vec[0].val = 0;
	ROW("timeout_nsec", waitv(vec, 1, 0, &bad, CLOCK_MONOTONIC), -EINVAL);
	ROW("past", waitv(vec, 128, 0, &past, CLOCK_MONOTONIC), -ETIMEDOUT);
	ROW("past_realtime", waitv(vec, 2, 0, &past, CLOCK_REALTIME), -ETIMEDOUT);
	int64_t until = now_ns(CLOCK_MONOTONIC) + 20000000;
	at = (struct timespec){ until / 1000000000, until % 1000000000 };
	ROW("timeout", waitv(vec, 2, 0, &at, CLOCK_MONOTONIC), -ETIMEDOUT);
	ROW_TRUE("timeout.waited", now_ns(CLOCK_MONOTONIC) >= until);
	vec[1].val = 5;
	ROW("value", waitv(vec, 2, 0, NULL, 0), -EAGAIN);
	vec[1].val = 1ull << 32;
	ROW("value_low_half", waitv(vec, 2, 0, &past, CLOCK_MONOTONIC), -ETIMEDOUT);
	vec[1].val = 0;
	vec[1].flags = 3;
	ROW("size_64", waitv(vec, 2, 0, &past, CLOCK_MONOTONIC), -EINVAL);
	vec[1].flags = 0;
	ROW("size_8", waitv(vec, 2, 0, &past, CLOCK_MONOTONIC), -EINVAL);
	vec[1].flags = 2 | 256;
	ROW("flag_unknown", waitv(vec, 2, 0, &past, CLOCK_MONOTONIC), -EINVAL);
	vec[1].flags = 2 | FUTEX_PRIVATE_FLAG;
	ROW("flag_private", waitv(vec, 2, 0, &past, CLOCK_MONOTONIC), -ETIMEDOUT);
	vec[1].flags = 2;
	vec[1].reserved = 1;
	ROW("reserved", waitv(vec, 2, 0, &past, CLOCK_MONOTONIC), -EINVAL);
	vec[1].reserved = 0;
	vec[1].uaddr++;
	ROW("unaligned", waitv(vec, 2, 0, &past, CLOCK_MONOTONIC), -EINVAL);
	vec[1].uaddr = (uint64_t)edge;
	ROW("word_bad", waitv(vec, 2, 0, &past, CLOCK_MONOTONIC), -EFAULT);
	vec[1].uaddr = (uint64_t)(words + 1);
	pid_t a = SPAWN(_exit((int)waitv(vec, 128, 0, NULL, 0)));
	/* It sleeps in between, too, when a word of many is queued: it may take more than one call. */
	ROW_TRUE("wake", EVENTUALLY(futex(words + 77, FUTEX_WAKE, 1, NULL, NULL, 0) == 1));
	ROW("index", wait_status(a), EXITED(77));
	ROW("others_left", futex(words + 76, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	a = SPAWN(_exit((int)waitv(vec, 2, 0, NULL, 0)));
	ROW_TRUE("requeue", EVENTUALLY(futex(words + 1, FUTEX_CMP_REQUEUE, 0, (void *)1,
					     words + 200, 0) == 1));
	ROW("requeued", futex(words + 200, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	ROW("requeued.index", wait_status(a), EXITED(1));
}

int main(int argc, char **argv)
{
	begin(argc, argv, "futex");
	words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	GROUP(group_errors);
	GROUP(group_timeouts);
	GROUP(group_wake);
	GROUP(group_lock);
	GROUP(group_robust);
	GROUP(group_waitv);
	return finish();
}
