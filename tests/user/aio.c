/* Linux's asynchronous input and output: contexts, requests, events, polls, limits. */
#include <linux/aio_abi.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "row.h"

static aio_context_t ctx;
static struct iocb cb;
static struct iocb *list[64] = { &cb };
static struct io_event events[64];
static char buf[8192];

static long setup(unsigned n)
{
	ctx = 0;
	return sys(SYS_io_setup, n, &ctx);
}

static void fill(int op, int fd, void *data, size_t n, long long at)
{
	memset(&cb, 0, sizeof(cb));
	cb.aio_lio_opcode = op;
	cb.aio_fildes = fd;
	cb.aio_buf = (uintptr_t)data;
	cb.aio_nbytes = n;
	cb.aio_offset = at;
	cb.aio_data = 0x1234567890;
}

static long submit(void)
{
	return sys(SYS_io_submit, ctx, 1, list);
}

static long take(long min, long nr, long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	return sys(SYS_io_getevents, ctx, min, nr, events, ms < 0 ? NULL : &ts);
}

/* Submits it, and is the result that its event tells. */
static long done(void)
{
	long n = submit();

	if (n != 1)
		return n;
	n = take(1, 1, 10000);
	if (n != 1)
		return -9000 - n;
	return events[0].obj == (uintptr_t)&cb && events[0].data == 0x1234567890 && !events[0].res2
		       ? events[0].res
		       : -9999;
}

static void group_contexts(void)
{
	aio_context_t first, none = 0;

	ROW("setup", setup(4), 0);
	ROW_TRUE("number", ctx && !(ctx % PAGE));
	first = ctx;
	ROW("not_zero", sys(SYS_io_setup, 4, &first), -EINVAL);
	ROW("no_events", sys(SYS_io_setup, 0, &none), -EINVAL);
	ROW("too_many", sys(SYS_io_setup, 0x7fffffff, &none), -EINVAL);
	ROW("beyond_limit", sys(SYS_io_setup, 1000000, &none), -EAGAIN);
	ROWS_POINTER("number_at", 8, sys(SYS_io_setup, 4, p), 0);
	ROW("destroy_none", sys(SYS_io_destroy, 0), -EINVAL);
	ROW("destroy_other", sys(SYS_io_destroy, ctx + PAGE * 1000), -EINVAL);
	ROW("destroy_odd", sys(SYS_io_destroy, ctx + 1), -EINVAL);
	unsigned *ring = (unsigned *)ctx;
	ROW("ring_magic", ring[4], 0xa10a10a1);
	ROW("ring_header", ring[7], 32);
	ROW("ring_compat", ring[5], 1);
	ROW("ring_incompat", ring[6], 0);
	ROW_TRUE("ring_room", ring[1] >= 10 && ring[1] % 127 == 0);
	ROW("ring_empty", ring[2] == 0 && ring[3] == 0, 1);
	ROW("inherited", CHILD(_exit(sys(SYS_io_destroy, first) == -EINVAL)), EXITED(1));
	ROW("destroy", sys(SYS_io_destroy, ctx), 0);
	ROW("destroy_again", sys(SYS_io_destroy, ctx), -EINVAL);
	ROW("getevents_gone", take(0, 1, 0), -EINVAL);
	ROW("submit_gone", submit(), -EINVAL);
	ROW("unmapped", msync((void *)ctx, PAGE, MS_ASYNC) ? -errno : 0, -ENOMEM);
	setup(1);
	ROW_TRUE("least", ((unsigned *)ctx)[1] >= 10);
}

static void group_transfer(void)
{
	struct iovec vec[2] = { { buf, 3 }, { buf + 100, 100 } };
	int fd = file_with("f", "0123456789", 10), ends[2];

	setup(8);
	fill(IOCB_CMD_PREAD, fd, buf, 100, 2);
	ROW("pread", done(), 8);
	ROW_TRUE("data", !memcmp(buf, "23456789", 8));
	ROW("position", lseek(fd, 0, SEEK_CUR), 0);
	fill(IOCB_CMD_PREAD, fd, buf, 100, 50);
	ROW("end", done(), 0);
	fill(IOCB_CMD_PWRITE, fd, "AB", 2, 4);
	ROW("pwrite", done(), 2);
	fill(IOCB_CMD_PREADV, fd, vec, 2, 1);
	ROW("preadv", done(), 9);
	ROW_TRUE("scattered", !memcmp(buf, "123", 3) && !memcmp(buf + 100, "AB6789", 6));
	fill(IOCB_CMD_PWRITEV, fd, vec, 1, 10);
	ROW("pwritev", done(), 3);
	fill(IOCB_CMD_FSYNC, fd, NULL, 0, 0);
	ROW("fsync", done(), 0);
	fill(IOCB_CMD_FDSYNC, fd, NULL, 0, 0);
	ROW("fdsync", done(), 0);
	fill(IOCB_CMD_FSYNC, fd, buf, 0, 0);
	ROW("fsync_buffer", submit(), -EINVAL);
	fill(IOCB_CMD_FSYNC, fd, NULL, 1, 0);
	ROW("fsync_length", submit(), -EINVAL);
	fill(IOCB_CMD_PWRITE, fd, "end", 3, 0);
	cb.aio_rw_flags = RWF_APPEND;
	ROW("append", done(), 3);
	struct stat st;
	fstat(fd, &st);
	ROW("appended", st.st_size, 16);
	cb.aio_rw_flags = RWF_DSYNC | RWF_SYNC;
	ROW("sync_flags", done(), 3);
	cb.aio_rw_flags = 0x1000;
	ROW("unknown_flag", submit(), -EOPNOTSUPP);
	fill(IOCB_CMD_PREAD, fd, edge, 10, 0);
	ROW("efault", done(), -EFAULT);
	fill(IOCB_CMD_PREAD, fd, edge - 4, 10, 0);
	ROW("efault_part", done(), 4);
	fill(IOCB_CMD_PREAD, fd, KERNEL_POINTER, 10, 0);
	ROW("kernel_pointer", submit(), -EFAULT);
	fill(IOCB_CMD_PREADV, fd, edge, 2, 0);
	ROW("vector_efault", submit(), -EFAULT);
	fill(IOCB_CMD_PREADV, fd, vec, 1025, 0);
	ROW("vector_many", submit(), -EINVAL);
	fill(IOCB_CMD_PREAD, fd, buf, 10, -1);
	ROW("negative", submit(), -EINVAL);
	fill(IOCB_CMD_PREAD, fd, buf, -1, 0);
	ROW("length_negative", submit(), -EINVAL);
	fill(IOCB_CMD_PREAD, 99, buf, 1, 0);
	ROW("bad_fd", submit(), -EBADF);
	fill(IOCB_CMD_PREAD, MUST(open("f", O_WRONLY)), buf, 1, 0);
	ROW("read_wronly", submit(), -EBADF);
	fill(IOCB_CMD_PWRITE, MUST(open("f", O_RDONLY)), buf, 1, 0);
	ROW("write_rdonly", submit(), -EBADF);
	fill(IOCB_CMD_PREAD, MUST(open("f", O_PATH)), buf, 1, 0);
	ROW("o_path", submit(), -EBADF);
	fill(IOCB_CMD_PREAD, MUST(open(".", O_RDONLY)), buf, 1, 0);
	ROW("directory", submit(), -EINVAL);
	fill(9, fd, buf, 1, 0);
	ROW("unknown_command", submit(), -EINVAL);
	fill(6, fd, buf, 1, 0);
	ROW("noop", submit(), -EINVAL);
	fill(IOCB_CMD_PREAD, fd, buf, 1, 0);
	cb.aio_reserved2 = 1;
	ROW("reserved", submit(), -EINVAL);
	fill(IOCB_CMD_PREAD, fd, buf, 1, 0);
	cb.aio_flags = IOCB_FLAG_IOPRIO;
	ROW("priority_none", done(), 1);
	cb.aio_reqprio = 7;
	ROW("priority_bad", submit(), -EINVAL);
	cb.aio_reqprio = 2 << 13 | 4;
	ROW("priority_best_effort", done(), 1);
	cb.aio_reqprio = 5 << 13;
	ROW("priority_class", submit(), -EINVAL);
	/* Pipes. */
	MUST(pipe2(ends, O_NONBLOCK));
	fill(IOCB_CMD_PREAD, ends[0], buf, 10, 0);
	ROW("pipe_empty", done(), -EAGAIN);
	fill(IOCB_CMD_PWRITE, ends[1], "pipe", 4, 0);
	ROW("pipe_write", done(), 4);
	fill(IOCB_CMD_PREAD, ends[0], buf, 10, 0);
	ROW("pipe_read", done(), 4);
	ROW_TRUE("pipe_data", !memcmp(buf, "pipe", 4));
}

static void group_lists(void)
{
	static struct iocb cbs[40];
	int fd = file_with("f", "0123456789", 10), left = 0;

	setup(2);
	unsigned room = *((unsigned *)ctx + 1);
	for (int i = 0; i < 40; i++) {
		fill(IOCB_CMD_PREAD, fd, buf + i, 1, i % 10);
		cbs[i] = cb;
		cbs[i].aio_data = i;
		list[i] = &cbs[i];
	}
	ROW("many", sys(SYS_io_submit, ctx, 5, list), 5);
	ROW("nothing", sys(SYS_io_submit, ctx, 0, list), 0);
	ROW("negative", sys(SYS_io_submit, ctx, -1, list), -EINVAL);
	ROW("some", take(1, 3, 1000), 3);
	ROW("in_order", events[0].data == 0 && events[1].data == 1 && events[2].data == 2, 1);
	ROW("rest", take(1, 10, 1000), 2);
	ROW("none_left", take(0, 10, 0), 0);
	/* One that is wrong ends it. */
	cbs[2].aio_lio_opcode = 99;
	ROW("up_to_wrong", sys(SYS_io_submit, ctx, 5, list), 2);
	ROW("wrong_first", sys(SYS_io_submit, ctx, 1, list + 2), -EINVAL);
	cbs[2].aio_lio_opcode = IOCB_CMD_PREAD;
	take(2, 2, 1000);
	list[1] = (void *)edge;
	ROW("up_to_fault", sys(SYS_io_submit, ctx, 5, list), 1);
	ROW("fault_first", sys(SYS_io_submit, ctx, 1, list + 1), -EFAULT);
	take(1, 1, 1000);
	list[1] = &cbs[1];
	ROWS_EFAULT("list", 8, sys(SYS_io_submit, ctx, 1, p));
	/* A full ring. */
	for (unsigned i = 0; i < room * 2; i++)
		left += sys(SYS_io_submit, ctx, 1, list) == 1;
	/* Linux keeps a few free places with each CPU. */
	ROW_TRUE("full", left > 64 && left < (int)room);
	int full = left;
	ROW("no_room", sys(SYS_io_submit, ctx, 1, list), -EAGAIN);
	ROW("one_taken", take(1, 1, 0), 1);
	ROW("room_again", sys(SYS_io_submit, ctx, 1, list), 1);
	left = 0;
	for (long n; (n = take(0, 64, 0)) > 0;)
		left += (int)n;
	ROW("all_taken", left, full);
	/* The program may take events by itself. */
	volatile unsigned *ring = (unsigned *)ctx;
	sys(SYS_io_submit, ctx, 1, list);
	ROW("ring_one", (ring[3] + room - ring[2]) % room, 1);
	struct io_event *e = (struct io_event *)(ctx + 32) + ring[2];
	ROW("ring_event", e->res, 1);
	ring[2] = (ring[2] + 1) % room;
	ROW("ring_taken", take(0, 1, 0), 0);
	ring[2] = 0x7fffffff;
	ROW("ring_nonsense", take(0, 64, 0) >= 0, 1);
	list[0] = &cb;
}

static void group_getevents(void)
{
	int fd = file_with("f", "0123456789", 10), ends[2];
	struct timespec ts = { 0, 0 };

	setup(8);
	MUST(pipe(ends));
	ROW("min_above", take(2, 1, 0), -EINVAL);
	ROW("min_negative", take(-1, 1, 0), -EINVAL);
	ROW("nr_negative", take(0, -1, 0), -EINVAL);
	ROW("zero", take(0, 0, -1), 0);
	ROW("not_waiting", take(1, 1, 0), 0);
	int64_t start = now_ns(CLOCK_MONOTONIC);
	ROW("times_out", take(1, 1, 50), 0);
	ROW_TRUE("waited", now_ns(CLOCK_MONOTONIC) - start >= 49000000);
	fill(IOCB_CMD_PREAD, fd, buf, 1, 0);
	submit();
	ROWS_EFAULT("events", 32, sys(SYS_io_getevents, ctx, 1, 1, p, &ts));
	ROWS_EFAULT("timeout", 16, sys(SYS_io_getevents, ctx, 1, 1, events, p));
	ROW("still_there", take(1, 1, 0), 1);
	ROW("partial", (submit(), take(2, 2, 20)), 1);
	/* Interrupted. */
	pid_t pid = SPAWN({
		struct sigaction act = { .sa_handler = (void (*)(int))(void *)getpid };
		sigaction(SIGUSR1, &act, NULL);
		setup(1);
		_exit(take(1, 1, -1) == -EINTR);
	});
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("interrupted", wait_status(pid), EXITED(1));
	/* io_pgetevents. */
	struct {
		void *mask;
		size_t size;
	} sig = { NULL, 8 };
	uint64_t mask = ~0ul;
	submit();
	ROW("p", sys(SYS_io_pgetevents, ctx, 1, 1, events, &ts, NULL), 1);
	submit();
	ROW("p_no_mask", sys(SYS_io_pgetevents, ctx, 1, 1, events, &ts, &sig), 1);
	sig.mask = &mask;
	submit();
	ROW("p_mask", sys(SYS_io_pgetevents, ctx, 1, 1, events, &ts, &sig), 1);
	sig.size = 7;
	ROW("p_size", sys(SYS_io_pgetevents, ctx, 1, 1, events, &ts, &sig), -EINVAL);
	sig.size = 8;
	sig.mask = edge;
	ROW("p_mask_efault", sys(SYS_io_pgetevents, ctx, 1, 1, events, &ts, &sig), -EFAULT);
	ROWS_EFAULT("p_sig", 16, sys(SYS_io_pgetevents, ctx, 1, 1, events, &ts, p));
	sigset_t none;
	sigemptyset(&none);
	pid = SPAWN({
		struct sigaction act = { .sa_handler = (void (*)(int))(void *)getpid };
		sigset_t block;
		struct {
			void *mask;
			size_t size;
		} open = { &none, 8 };
		sigaction(SIGUSR1, &act, NULL);
		sigemptyset(&block);
		sigaddset(&block, SIGUSR1);
		sigprocmask(SIG_BLOCK, &block, NULL);
		setup(1);
		_exit(sys(SYS_io_pgetevents, ctx, 1, 1, events, NULL, &open) == -EINTR);
	});
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("p_interrupted", wait_status(pid), EXITED(1));
}

static void group_eventfd(void)
{
	int fd = file_with("f", "0123456789", 10), event = MUST(eventfd(0, EFD_NONBLOCK));
	uint64_t value = 0;

	setup(8);
	fill(IOCB_CMD_PREAD, fd, buf, 1, 0);
	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = event;
	ROW("done", done(), 1);
	ROW("read", read(event, &value, 8), 8);
	ROW("value", value, 1);
	submit();
	submit();
	read(event, &value, 8);
	ROW("two", value, 2);
	cb.aio_resfd = 99;
	ROW("bad_resfd", submit(), -EBADF);
	cb.aio_resfd = fd;
	ROW("no_eventfd", submit(), -EINVAL);
	cb.aio_resfd = event;
	cb.aio_lio_opcode = 99;
	ROW("refused", submit(), -EINVAL);
	ROW("refused_silent", read(event, &value, 8) < 0 ? -errno : 0, -EAGAIN);
}

static void group_poll(void)
{
	struct io_event result;
	int ends[2], fd = file_with("f", "x", 1), event = MUST(eventfd(0, 0));

	setup(8);
	MUST(pipe(ends));
	fill(IOCB_CMD_POLL, ends[0], (void *)POLLIN, 0, 0);
	ROW("waits", submit(), 1);
	ROW("not_yet", take(1, 1, 20), 0);
	write(ends[1], "x", 1);
	ROW("comes", take(1, 1, 10000), 1);
	ROW("mask", events[0].res & POLLIN, POLLIN);
	ROW("object", events[0].obj, (uintptr_t)&cb);
	ROW("at_once", done() & POLLIN, POLLIN);
	ROW("once", take(1, 1, 20), 0);
	read(ends[0], buf, 1);
	ROW("again", submit(), 1);
	write(ends[1], "x", 1);
	ROW("again_comes", take(1, 1, 10000), 1);
	read(ends[0], buf, 1);
	/* Hanging up is told unasked. */
	fill(IOCB_CMD_POLL, ends[0], (void *)0, 0, 0);
	ROW("no_events", submit(), 1);
	close(ends[1]);
	ROW("hangup", take(1, 1, 10000), 1);
	ROW("hangup_mask", events[0].res, POLLHUP);
	fill(IOCB_CMD_POLL, fd, (void *)(POLLIN | POLLOUT), 0, 0);
	ROW("regular", done(), POLLIN | POLLOUT);
	fill(IOCB_CMD_POLL, fd, (void *)POLLPRI, 0, 0);
	ROW("regular_never", submit(), -EINVAL);
	fill(IOCB_CMD_POLL, fd, (void *)0x10000, 0, 0);
	ROW("events_large", submit(), -EINVAL);
	fill(IOCB_CMD_POLL, fd, (void *)POLLIN, 1, 0);
	ROW("length", submit(), -EINVAL);
	fill(IOCB_CMD_POLL, fd, (void *)POLLIN, 0, 1);
	ROW("offset", submit(), -EINVAL);
	/* Cancelling. */
	fill(IOCB_CMD_POLL, event, (void *)POLLIN, 0, 0);
	ROW("cancel_none", sys(SYS_io_cancel, ctx, &cb, &result), -EINVAL);
	submit();
	ROW("cancel_efault", sys(SYS_io_cancel, ctx, edge - 8, &result), -EFAULT);
	ROW("cancel_context", sys(SYS_io_cancel, ctx + PAGE * 100, &cb, &result), -EINVAL);
	ROW("cancel", sys(SYS_io_cancel, ctx, &cb, &result), -EINPROGRESS);
	ROW("cancelled", take(1, 1, 10000), 1);
	ROW("cancelled_result", events[0].res, 0);
	ROW("cancel_again", sys(SYS_io_cancel, ctx, &cb, &result), -EINVAL);
	cb.aio_key = 5;
	ROW("cancel_key", sys(SYS_io_cancel, ctx, &cb, &result), -EINVAL);
	/* The file stays as long as it is polled. */
	fill(IOCB_CMD_POLL, event, (void *)POLLIN, 0, 0);
	submit();
	int copy = dup(event);
	close(event);
	uint64_t one = 1;
	write(copy, &one, 8);
	ROW("closed_fd", take(1, 1, 10000), 1);
	/* One that another process makes ready. */
	MUST(pipe(ends));
	fill(IOCB_CMD_POLL, ends[0], (void *)POLLIN, 0, 0);
	submit();
	pid_t pid = SPAWN(sleep_ms(50); write(ends[1], "x", 1));
	ROW("from_child", take(1, 1, 10000), 1);
	wait_status(pid);
	int timer = MUST(timerfd_create(CLOCK_MONOTONIC, 0));
	timerfd_settime(timer, 0, &(struct itimerspec){ .it_value = { 0, 20000000 } }, NULL);
	fill(IOCB_CMD_POLL, timer, (void *)POLLIN, 0, 0);
	ROW("timer", done(), POLLIN);
	/* Destroyed, and died, with polls open. */
	MUST(pipe(ends));
	fill(IOCB_CMD_POLL, ends[0], (void *)POLLIN, 0, 0);
	submit();
	ROW("destroy", sys(SYS_io_destroy, ctx), 0);
	ROW("died", CHILD(setup(4); submit(); submit()), 0);
	ROW("executed",
	    CHILD(setup(4); submit(); execl("/proc/self/exe", "aio", "--nothing", NULL); _exit(1)),
	    0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	/* What ended processes had open may be closed a moment later. */
	ROW_TRUE("all_closed", EVENTUALLY(sys(SYS_write, ends[1], "x", 1) == -EPIPE));
}

static void *destroyer(void *arg)
{
	(void)arg;
	sleep_ms(100);
	return (void *)sys(SYS_io_destroy, ctx);
}

static void *submitter(void *arg)
{
	int *ends = arg;
	static __thread struct iocb mine;
	struct iocb *one[1] = { &mine };
	long sum = 0;

	for (int i = 0; i < 500; i++) {
		memset(&mine, 0, sizeof(mine));
		mine.aio_lio_opcode = i % 2 ? IOCB_CMD_POLL : IOCB_CMD_PREAD;
		mine.aio_fildes = i % 2 ? ends[1] : ends[0];
		mine.aio_buf = i % 2 ? POLLOUT : (uintptr_t)&sum;
		while (sys(SYS_io_submit, ctx, 1, one) != 1)
			sched_yield();
	}
	return NULL;
}

static void group_threads(void)
{
	pthread_t threads[3];
	int ends[2], taken = 0;
	void *result;

	setup(16);
	pthread_create(&threads[0], NULL, destroyer, NULL);
	ROW("destroyed_while_waiting", take(1, 1, 10000), -EINVAL);
	pthread_join(threads[0], &result);
	ROW("destroyer", (long)result, 0);
	setup(16);
	MUST(pipe2(ends, O_NONBLOCK));
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, submitter, ends);
	while (taken < 1500) {
		long n = take(1, 64, 10000);

		if (n <= 0)
			break;
		taken += (int)n;
	}
	ROW("all_events", taken, 1500);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static long number_in(const char *path)
{
	char text[32];

	return slurp(path, text, sizeof(text)) > 0 ? atol(text) : -1;
}

static void group_limits(void)
{
	long before = number_in("/proc/sys/fs/aio-nr");

	ROW("max", number_in("/proc/sys/fs/aio-max-nr"), 65536);
	setup(100);
	ROW("counted", number_in("/proc/sys/fs/aio-nr") - before, 100);
	sys(SYS_io_destroy, ctx);
	ROW("given_back", number_in("/proc/sys/fs/aio-nr") - before, 0);
	CHILD(setup(50));
	ROW_TRUE("after_exit", EVENTUALLY(number_in("/proc/sys/fs/aio-nr") == before));
	ROW("too_many", setup(65536 - before + 1), -EAGAIN);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--nothing"))
		return 0;
	begin(argc, argv, "aio");
	GROUP(group_contexts);
	GROUP(group_transfer);
	GROUP(group_lists);
	GROUP(group_getevents);
	GROUP(group_eventfd);
	GROUP(group_poll);
	GROUP(group_threads);
	GROUP_ALONE(group_limits);
	return finish();
}
