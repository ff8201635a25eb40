/* Pipes, FIFOs, and waiting for many descriptors: poll, ppoll, select, pselect6. */
#include <sys/select.h>

#include "row.h"

static char buf[1 << 17];
static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void catch (int sig, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	caught = 0;
	sigaction(sig, &action, NULL);
}

static void group_pipe(void)
{
	int ends[2], n;
	struct stat st;

	ROWS_POINTER("pipe", 8, sys(SYS_pipe, p), 0);
	ROWS_POINTER("pipe2", 8, sys(SYS_pipe2, p, O_CLOEXEC), 0);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	ROW("pipe", sys(SYS_pipe, ends), 0);
	ROW_TRUE("descriptors", ends[0] == 3 && ends[1] == 4);
	ROW("read_flags", fcntl(3, F_GETFL), O_RDONLY);
	ROW("write_flags", fcntl(4, F_GETFL), O_WRONLY);
	fstat(3, &st);
	ROW("is_fifo", st.st_mode, S_IFIFO | 0600);
	ROW("write", write(4, "hello", 5), 5);
	ROW("fionread", ({
		    ioctl(3, FIONREAD, &n);
		    n;
	    }),
	    5);
	ROW("read_part", read(3, buf, 2), 2);
	ROW("read_rest", read(3, buf, 100), 3);
	ROW_TRUE("data", !memcmp(buf, "llo", 3));
	ROW("read_write_end", sys(SYS_read, 4, buf, 1), -EBADF);
	ROW("write_read_end", sys(SYS_write, 3, buf, 1), -EBADF);
	ROW("write_efault", sys(SYS_write, 4, edge, 10), -EFAULT);
	write(4, "abc", 3);
	ROW("read_efault", sys(SYS_read, 3, edge, 3), -EFAULT);
	ROW("read_after_efault", sys(SYS_read, 3, buf, 10), 3);
	ROW("zero_read", sys(SYS_read, 3, buf, 0), 0);
	ROW("zero_write", sys(SYS_write, 4, buf, 0), 0);
	close(4);
	ROW("eof", sys(SYS_read, 3, buf, 10), 0);
	close(3);
	ROW("pipe2_flags", sys(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK), 0);
	ROW("pipe2_cloexec", fcntl(3, F_GETFD), FD_CLOEXEC);
	ROW("pipe2_nonblock", fcntl(4, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	ROW("nonblock_empty", sys(SYS_read, 3, buf, 1), -EAGAIN);
	ROW("capacity", sys(SYS_write, 4, buf, sizeof(buf)), 65536);
	ROW("nonblock_full", sys(SYS_write, 4, buf, 1), -EAGAIN);
	ROW("pipe2_bad_flag", sys(SYS_pipe2, ends, O_APPEND), -EINVAL);
	/*
	 * A full pipe takes a small write only once a page is free: writes up to PIPE_BUF are never
	 * split.
	 */
	ROW("full_read_some", sys(SYS_read, 3, buf, 100), 100);
	ROW("atomic_refused", sys(SYS_write, 4, buf, 4096), -EAGAIN);
	ROW("full_read_page", sys(SYS_read, 3, buf, 3996), 3996);
	ROW("atomic_fits", sys(SYS_write, 4, buf, 4096), 4096);
	ROW("full_again", sys(SYS_write, 4, buf, 1), -EAGAIN);
}

static void group_pipe_size(void)
{
	int ends[2];

	MUST(pipe2(ends, O_NONBLOCK));
	ROW("get", sys(SYS_fcntl, ends[0], F_GETPIPE_SZ), 65536);
	ROW("set", sys(SYS_fcntl, ends[0], F_SETPIPE_SZ, 131072), 131072);
	ROW("set_get", sys(SYS_fcntl, ends[1], F_GETPIPE_SZ), 131072);
	ROW("set_takes", sys(SYS_write, ends[1], buf, sizeof(buf)), 131072);
	ROW("shrink_busy", sys(SYS_fcntl, ends[0], F_SETPIPE_SZ, 4096), -EBUSY);
	while (read(ends[0], buf, sizeof(buf)) > 0)
		;
	ROW("round_up", sys(SYS_fcntl, ends[0], F_SETPIPE_SZ, 5000), 8192);
	ROW("smallest", sys(SYS_fcntl, ends[0], F_SETPIPE_SZ, 1), 4096);
	ROW("small_capacity", sys(SYS_write, ends[1], buf, sizeof(buf)), 4096);
	ROW_AS(USER, "user_above_max", sys(SYS_fcntl, ends[0], F_SETPIPE_SZ, 1 << 21), -EPERM);
	ROW("root_above_max", sys(SYS_fcntl, ends[0], F_SETPIPE_SZ, 1 << 21), 1 << 21);
}

#define MANY_PIPES 4321 /* a user who has none yet */

static void limit(const char *name, unsigned long value)
{
	const char *text = named("%lu", value);
	int fd = (int)MUST(open(named("/proc/sys/fs/pipe-%s", name), O_WRONLY));

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

static long new_pipe(void)
{
	int ends[2];
	long r = sys(SYS_pipe2, ends, 0);

	return r < 0 ? r : sys(SYS_fcntl, ends[0], F_GETPIPE_SZ);
}

static void many_pipes(void)
{
	int first[2];

	become(MANY_PIPES);
	MUST(pipe(first));
	for (int i = 1; i < 4; i++)
		ROW(named("whole.%d", i), new_pipe(), 16 * PAGE);
	ROW("small", new_pipe(), 2 * PAGE);
	ROW("grow", sys(SYS_fcntl, first[0], F_SETPIPE_SZ, 32 * PAGE), -EPERM);
	ROW("same", sys(SYS_fcntl, first[0], F_SETPIPE_SZ, 16 * PAGE), 16 * PAGE);
	ROW("small_more", new_pipe(), 2 * PAGE);
	ROW("small_last", new_pipe(), 2 * PAGE);
	ROW("none", new_pipe(), -ENFILE);
	ROW("shrink", sys(SYS_fcntl, first[0], F_SETPIPE_SZ, PAGE), PAGE);
	ROW("room_again", new_pipe(), 2 * PAGE);
	close(first[0]);
	close(first[1]);
}

/* pipe(7), "/proc files". */
static void group_limits(void)
{
	char text[3][32];
	static const char *const names[] = { "user-pages-soft", "user-pages-hard", "max-size" };

	for (int i = 0; i < 3; i++)
		slurp(named("/proc/sys/fs/pipe-%s", names[i]), text[i], sizeof(text[i]));
	ROW("soft", atoi(text[0]), 16384);
	ROW("hard", atoi(text[1]), 0);
	ROW("max", atoi(text[2]), 1 << 20);
	limit(names[0], 64);
	limit(names[1], 71);
	CHILD(many_pipes());
	for (int i = 0; i < 6; i++)
		ROW(named("root.%d", i), new_pipe(), 16 * PAGE);
	limit(names[0], 16384);
	limit(names[1], 0);
	limit(names[2], 4 * PAGE);
	ROW_AS(MANY_PIPES, "max_user", new_pipe(), 4 * PAGE);
	ROW("max_root", new_pipe(), 16 * PAGE);
	limit(names[2], 1 << 20);
}

static void group_broken_pipe(void)
{
	int ends[2];

	pipe(ends);
	close(ends[0]);
	ROW("kills", CHILD(write(ends[1], "x", 1)), KILLED(SIGPIPE));
	signal(SIGPIPE, SIG_IGN);
	ROW("ignored", sys(SYS_write, ends[1], "x", 1), -EPIPE);
	catch (SIGPIPE, 0);
	ROW("caught", sys(SYS_write, ends[1], "x", 1), -EPIPE);
	ROW("handler_ran", caught, SIGPIPE);
	ROW("zero_write", sys(SYS_write, ends[1], "x", 0), 0);
	/* A writer that sleeps is told. */
	pipe(ends);
	pid_t pid = SPAWN(close(ends[0]); signal(SIGPIPE, SIG_IGN); memset(buf, 0, sizeof(buf));
			  long n = sys(SYS_write, ends[1], buf, sizeof(buf));
			  _exit(n == 65536 ? sys(SYS_write, ends[1], buf, 1) == -EPIPE : 9));
	until_state(pid, 'S');
	close(ends[0]);
	ROW("sleeping_writer", wait_status(pid), EXITED(1));
}

static void group_pipe_blocking(void)
{
	int ends[2];
	char c;

	pipe(ends);
	pid_t pid = SPAWN(close(ends[1]); _exit(read(ends[0], &c, 1) == 1 ? c : 1));
	ROW_TRUE("reader_sleeps", until_state(pid, 'S'));
	write(ends[1], "\x2a", 1);
	ROW("reader_wakes", wait_status(pid), EXITED(0x2a));
	pid = SPAWN(close(ends[1]); _exit(read(ends[0], &c, 1)));
	until_state(pid, 'S');
	close(ends[1]);
	ROW("reader_sees_eof", wait_status(pid), EXITED(0));
	close(ends[0]);
	pipe(ends);
	pid = SPAWN(close(ends[0]); _exit(write(ends[1], buf, sizeof(buf)) == sizeof(buf) ? 3 : 4));
	ROW_TRUE("writer_sleeps", until_state(pid, 'S'));
	long total = 0;
	close(ends[1]);
	for (long n; (n = read(ends[0], buf, 1000)) > 0;)
		total += n;
	ROW("writer_all", total, sizeof(buf));
	ROW("writer_ends", wait_status(pid), EXITED(3));
	close(ends[0]);
	/* Many writers of whole records: none is torn. */
	enum { WRITERS = 4, RECORDS = 100, SIZE = 512 };
	pipe(ends);
	for (int i = 0; i < WRITERS; i++)
		SPAWN(memset(buf, 'a' + i, SIZE);
		      for (int r = 0; r < RECORDS; r++) write(ends[1], buf, SIZE));
	close(ends[1]);
	int torn = 0, records = 0;
	for (;;) {
		long got = 0, n;

		while (got < SIZE && (n = read(ends[0], buf + got, SIZE - got)) > 0)
			got += n;
		if (got < SIZE)
			break;
		records++;
		for (int i = 1; i < SIZE; i++)
			torn += buf[i] != buf[0];
	}
	ROW("records", records, WRITERS * RECORDS);
	ROW("torn", torn, 0);
	while (wait(NULL) > 0)
		;
}

static void group_pipe_interrupted(void)
{
	int ends[2], ready[2];
	char c;

	pipe(ends);
	pipe(ready);
	pid_t pid = SPAWN(catch (SIGUSR1, 0); write(ready[1], "r", 1);
			  _exit(-sys(SYS_read, ends[0], &c, 1)));
	read(ready[0], &c, 1);
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("read_eintr", wait_status(pid), EXITED(EINTR));
	pid = SPAWN(catch (SIGUSR1, SA_RESTART); write(ready[1], "r", 1);
		    _exit(sys(SYS_read, ends[0], &c, 1) == 1 && caught ? 7 : 8));
	read(ready[0], &c, 1);
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	sleep_ms(20);
	until_state(pid, 'S');
	write(ends[1], "x", 1);
	ROW("read_restarts", wait_status(pid), EXITED(7));
	/* A write that has moved something returns that much. */
	pid = SPAWN(catch (SIGUSR1, 0); write(ready[1], "r", 1);
		    _exit(sys(SYS_write, ends[1], buf, sizeof(buf)) == 65536 ? 5 : 6));
	read(ready[0], &c, 1);
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("write_partial", wait_status(pid), EXITED(5));
}

static void group_fifo(void)
{
	int fd, out;
	char c;

	mkfifo("p", 0666);
	ROW("nonblock_write_no_reader", sys(SYS_open, "p", O_WRONLY | O_NONBLOCK), -ENXIO);
	fd = ROW_OK("nonblock_read_no_writer", sys(SYS_open, "p", O_RDONLY | O_NONBLOCK));
	ROW("read_no_writer", sys(SYS_read, fd, &c, 1), 0);
	out = ROW_OK("write_with_reader", sys(SYS_open, "p", O_WRONLY | O_NONBLOCK));
	ROW("read_empty", sys(SYS_read, fd, &c, 1), -EAGAIN);
	ROW("write", sys(SYS_write, out, "x", 1), 1);
	ROW("read", sys(SYS_read, fd, &c, 1), 1);
	close(out);
	ROW("read_eof", sys(SYS_read, fd, &c, 1), 0);
	close(fd);
	fd = ROW_OK("rdwr", sys(SYS_open, "p", O_RDWR));
	ROW("rdwr_write", sys(SYS_write, fd, "ab", 2), 2);
	ROW("rdwr_read", sys(SYS_read, fd, buf, 10), 2);
	close(fd);
	pid_t pid = SPAWN(int r = open("p", O_RDONLY); _exit(read(r, &c, 1) == 1 ? c : 1));
	ROW_TRUE("open_read_sleeps", until_state(pid, 'S'));
	out = ROW_OK("open_write_meets", sys(SYS_open, "p", O_WRONLY));
	write(out, "\x33", 1);
	ROW("met", wait_status(pid), EXITED(0x33));
	close(out);
	/* What was written and not read is gone with the last end. */
	fd = open("p", O_RDWR);
	write(fd, "old", 3);
	close(fd);
	fd = open("p", O_RDONLY | O_NONBLOCK);
	ROW("data_gone", sys(SYS_read, fd, buf, 10), 0);
	close(fd);
	ROW("lseek", sys(SYS_lseek, open("p", O_RDWR), 0, SEEK_SET), -ESPIPE);
	pid = SPAWN(signal(SIGUSR1, on_signal); catch (SIGUSR1, 0); mkfifo("q", 0600);
		    _exit(-sys(SYS_open, "q", O_RDONLY)));
	until_state(pid, 'S');
	EVENTUALLY(access("q", F_OK) == 0);
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("open_eintr", wait_status(pid), EXITED(EINTR));
	chmod("p", 0600);
	ROW_AS(USER, "no_permission", sys(SYS_open, "p", O_RDONLY | O_NONBLOCK), -EACCES);
}

static long poll_one(int fd, int events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	long ret = sys(SYS_poll, &pfd, 1, ms);

	return ret == 1 ? pfd.revents : ret;
}

/* A pipe of pipe(2) is opened again by its name in /proc, and like a FIFO then, but without waiting. */
static void group_reopen(void)
{
	int ends[2], again;
	char c;

	pipe(ends);
	again = ROW_OK("write", sys(SYS_open, named("/proc/self/fd/%d", ends[1]), O_WRONLY));
	ROW("write_byte", sys(SYS_write, again, "x", 1), 1);
	ROW("read_byte", sys(SYS_read, ends[0], &c, 1), 1);
	close(ends[1]);
	ROW("closed_again", sys(SYS_close, again), 0);
	ROW("end_of_file", sys(SYS_read, ends[0], &c, 1), 0);
	again = ROW_OK("read_no_writer",
		       sys(SYS_open, named("/proc/self/fd/%d", ends[0]), O_RDONLY));
	ROW("read_no_writer_end", sys(SYS_read, again, &c, 1), 0);
	close(ends[0]);
	ends[1] = ROW_OK("writer_by_reader",
			 sys(SYS_open, named("/proc/self/fd/%d", again), O_WRONLY));
	close(again);
	again = ROW_OK("write_no_reader",
		       sys(SYS_open, named("/proc/self/fd/%d", ends[1]), O_WRONLY | O_NONBLOCK));
	signal(SIGPIPE, SIG_IGN);
	ROW("write_no_reader_epipe", sys(SYS_write, again, "x", 1), -EPIPE);
}

static void group_poll(void)
{
	int ends[2], fd = file_with("f", "x", 1);
	struct pollfd many[3];

	pipe2(ends, O_NONBLOCK);
	ROWS_EFAULT("poll", sizeof(struct pollfd), sys(SYS_poll, p, 1, 0));
	ROW("empty_set", sys(SYS_poll, NULL, 0, 0), 0);
	ROW("too_many", sys(SYS_poll, buf, 1 << 30, 0), -EINVAL);
	ROW("pipe_empty", poll_one(ends[0], POLLIN, 0), 0);
	ROW("pipe_writable", poll_one(ends[1], POLLOUT | POLLIN, 0), POLLOUT);
	write(ends[1], "x", 1);
	ROW("pipe_readable", poll_one(ends[0], POLLIN | POLLRDNORM, 0), POLLIN | POLLRDNORM);
	while (write(ends[1], buf, 4096) > 0)
		;
	ROW("pipe_full", poll_one(ends[1], POLLOUT, 0), 0);
	ROW("regular", poll_one(fd, POLLIN | POLLOUT | POLLPRI, 0), POLLIN | POLLOUT);
	ROW("closed", poll_one(777, POLLIN, 0), POLLNVAL);
	ROW("negative_ignored", poll_one(-1, POLLIN, 0), 0);
	ROW("directory", poll_one(open(".", O_RDONLY), POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
	ROW("o_path", poll_one(open("f", O_PATH), POLLIN, 0), POLLNVAL);
	while (read(ends[0], buf, 4096) > 0)
		;
	int64_t start = now_ns(CLOCK_MONOTONIC);
	ROW("times_out", poll_one(ends[0], POLLIN, 60), 0);
	ROW_TRUE("waited", now_ns(CLOCK_MONOTONIC) - start >= 60000000);
	many[0] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	many[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	many[2] = (struct pollfd){ .fd = ends[1], .events = POLLOUT };
	ROW("counts_ready", sys(SYS_poll, many, 3, 1000), 2);
	ROW("not_ready_zero", many[0].revents, 0);
	struct pollfd *across = ACROSS(sizeof(many));
	memcpy(across, many, sizeof(many));
	ROW("across_pages", sys(SYS_poll, across, 3, 0), 2);
	pid_t pid = SPAWN(sleep_ms(30); write(ends[1], "x", 1));
	ROW("wakes", poll_one(ends[0], POLLIN, -1), POLLIN);
	wait_status(pid);
	read(ends[0], buf, 10);
	close(ends[1]);
	ROW("hang_up", poll_one(ends[0], POLLIN, 0), POLLHUP);
	ROW("hang_up_unasked", poll_one(ends[0], 0, 0), POLLHUP);
	pipe(ends);
	close(ends[0]);
	ROW("no_reader", poll_one(ends[1], POLLOUT, 0), POLLOUT | POLLERR);
	pipe(ends);
	pid = SPAWN(close(ends[1]); _exit(poll_one(ends[0], POLLIN, -1) == POLLHUP ? 3 : 4));
	until_state(pid, 'S');
	close(ends[1]);
	ROW("wakes_on_hang_up", wait_status(pid), EXITED(3));
	struct rlimit few = { 10, 10 };
	CHILD(setrlimit(RLIMIT_NOFILE, &few);
	      ROW("more_than_limit", sys(SYS_poll, buf, 11, 0), -EINVAL));
}

static void group_ppoll(void)
{
	struct timespec ts = { 0, 10000000 }, bad = { 0, 1000000000 }, negative = { -1, 0 };
	int ends[2];
	sigset_t mask, none;

	pipe(ends);
	struct pollfd pfd = { .fd = ends[0], .events = POLLIN };
	ROWS_EFAULT("timeout", sizeof(ts), sys(SYS_ppoll, &pfd, 1, p, NULL, 8));
	ROWS_EFAULT("mask", 8, sys(SYS_ppoll, &pfd, 1, &ts, p, 8));
	ROW("times_out", sys(SYS_ppoll, &pfd, 1, &ts, NULL, 8), 0);
	ROW("time_left_0", ts.tv_sec + ts.tv_nsec, 0);
	ROW("nsec", sys(SYS_ppoll, &pfd, 1, &bad, NULL, 8), -EINVAL);
	ROW("negative", sys(SYS_ppoll, &pfd, 1, &negative, NULL, 8), -EINVAL);
	sigemptyset(&none);
	ROW("mask_size", sys(SYS_ppoll, &pfd, 1, &ts, &none, 4), -EINVAL);
	catch (SIGUSR1, 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	raise(SIGUSR1);
	ROW("blocked", caught, 0);
	ts = (struct timespec){ 10, 0 };
	ROW("eintr", sys(SYS_ppoll, &pfd, 1, &ts, &none, 8), -EINTR);
	ROW("handler_ran", caught, SIGUSR1);
	ROW_TRUE("time_left", ts.tv_sec > 0 && ts.tv_sec < 10);
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	ROW_TRUE("mask_restored", sigismember(&now, SIGUSR1));
	caught = 0;
	raise(SIGUSR1);
	write(ends[1], "x", 1);
	ROW("ready_before_signal", sys(SYS_ppoll, &pfd, 1, NULL, &none, 8), 1);
}

static void group_select(void)
{
	fd_set in, out, except;
	int ends[2], fd = file_with("f", "x", 1);
	struct timeval tv = { 0, 20000 };

	pipe2(ends, O_NONBLOCK);
	ROWS_EFAULT("in", 8, sys(SYS_select, 10, p, NULL, NULL, &tv));
	ROWS_EFAULT("timeout", sizeof(tv), sys(SYS_select, 0, NULL, NULL, NULL, p));
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	tv = (struct timeval){ 0, 20000 }; /* whole again: each call took away what it lasted */
	int64_t start = now_ns(CLOCK_MONOTONIC);
	ROW("times_out", sys(SYS_select, 10, &in, NULL, NULL, &tv), 0);
	ROW_TRUE("waited", now_ns(CLOCK_MONOTONIC) - start >= 20000000);
	ROW("set_cleared", FD_ISSET(ends[0], &in), 0);
	ROW("time_left_0", tv.tv_sec + tv.tv_usec, 0);
	write(ends[1], "x", 1);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(ends[0], &in);
	FD_SET(fd, &in);
	FD_SET(ends[1], &out);
	FD_SET(fd, &out);
	FD_SET(fd, &except);
	tv = (struct timeval){ 5, 0 };
	ROW("counts_bits", sys(SYS_select, 10, &in, &out, &except, &tv), 4);
	ROW_TRUE("time_left", tv.tv_sec >= 4);
	ROW("except_cleared", FD_ISSET(fd, &except), 0);
	FD_ZERO(&in);
	FD_SET(300, &in);
	ROW("closed", sys(SYS_select, 301, &in, NULL, NULL, &tv), -EBADF);
	ROW("negative_n", sys(SYS_select, -1, NULL, NULL, NULL, &tv), -EINVAL);
	tv = (struct timeval){ -1, 0 };
	ROW("negative_time", sys(SYS_select, 0, NULL, NULL, NULL, &tv), -EINVAL);
	tv = (struct timeval){ 0, 1500000 };
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	ROW("usec_above_million", sys(SYS_select, 10, &in, NULL, NULL, &tv), 1);
	FD_ZERO(&in);
	FD_SET(9, &in);
	tv = (struct timeval){ 0, 0 };
	ROW("beyond_n_ignored", sys(SYS_select, 5, &in, NULL, NULL, &tv), 0);
	close(ends[1]);
	read(ends[0], buf, 10);
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	ROW("eof_readable", sys(SYS_select, 10, &in, NULL, NULL, NULL), 1);
	catch (SIGALRM, SA_RESTART);
	/* Again and again: the first may come before the wait, on a loaded host. */
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	setitimer(ITIMER_REAL, &soon, NULL);
	ROW("eintr_in_spite_of_restart", sys(SYS_select, 0, NULL, NULL, NULL, NULL), -EINTR);
}

static void group_pselect(void)
{
	struct timespec ts = { 0, 10000000 }, bad = { 0, -1 };
	sigset_t mask, none;
	struct {
		sigset_t *mask;
		size_t size;
	} arg = { &none, 8 };
	fd_set in;
	int ends[2];

	sigemptyset(&none);
	pipe(ends);
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	ROWS_EFAULT("mask_argument", sizeof(arg), sys(SYS_pselect6, 0, NULL, NULL, NULL, &ts, p));
	ROW("times_out", sys(SYS_pselect6, 10, &in, NULL, NULL, &ts, NULL), 0);
	ROW("nsec", sys(SYS_pselect6, 0, NULL, NULL, NULL, &bad, NULL), -EINVAL);
	arg.size = 5;
	ROW("mask_size", sys(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &arg), -EINVAL);
	arg.size = 8;
	catch (SIGUSR1, 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	raise(SIGUSR1);
	ts = (struct timespec){ 10, 0 };
	ROW("eintr", sys(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &arg), -EINTR);
	ROW("handler_ran", caught, SIGUSR1);
	write(ends[1], "x", 1);
	FD_SET(ends[0], &in);
	ROW("ready", sys(SYS_pselect6, 10, &in, NULL, NULL, NULL, &arg), 1);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "pipe");
	GROUP(group_pipe);
	GROUP(group_pipe_size);
	GROUP_ALONE(group_limits);
	GROUP(group_broken_pipe);
	GROUP(group_pipe_blocking);
	GROUP(group_pipe_interrupted);
	GROUP(group_fifo);
	GROUP(group_reopen);
	GROUP(group_poll);
	GROUP(group_ppoll);
	GROUP(group_select);
	GROUP(group_pselect);
	return finish();
}
