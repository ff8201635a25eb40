/* eventfd(2) and epoll(7). */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <stdatomic.h>
#include <pthread.h>

#include "row.h"

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static long add_value(int fd, uint64_t value)
{
	return sys(SYS_write, fd, &value, 8);
}

/* What a read gives, or its error. */
static long take_value(int fd)
{
	uint64_t value = 0;
	long r = sys(SYS_read, fd, &value, 8);

	return r == 8 ? (long)value : r;
}

static int poll_now(int fd)
{
	struct pollfd p = { .fd = fd,
			    .events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* ---- eventfd ---- */

static void group_eventfd(void)
{
	char big[32] = { 0 };
	struct stat st;
	int fd;

	ROW_OK("eventfd", fd = sys(SYS_eventfd, 3));
	ROW("value", take_value(fd), 3);
	ROW("flags", fcntl(fd, F_GETFL), O_RDWR);
	ROW("fd_flags", fcntl(fd, F_GETFD), 0);
	fstat(fd, &st);
	ROW("mode", st.st_mode, 0600);
	ROW("write", add_value(fd, 5), 8);
	ROW("write_more", add_value(fd, 7), 8);
	ROW("poll_both", poll_now(fd), POLLIN | POLLOUT);
	ROW("sum", take_value(fd), 12);
	ROW("poll_empty", poll_now(fd), POLLOUT);
	ROW("read_short", sys(SYS_read, fd, big, 7), -EINVAL);
	ROW("write_short", sys(SYS_write, fd, big, 7), -EINVAL);
	ROW("write_long", sys(SYS_write, fd, big, 16), 8);
	add_value(fd, 1);
	ROW("read_long", sys(SYS_read, fd, big, 32), 8);
	ROW("write_top", add_value(fd, ~0ull), -EINVAL);
	ROW("write_max", add_value(fd, ~0ull - 1), 8);
	ROW("poll_full", poll_now(fd), POLLIN);
	ROW("value_max", take_value(fd), ~0ull - 1);
	ROW("write_zero", add_value(fd, 0), 8);
	ROW("poll_zero", poll_now(fd), POLLOUT);
	ROW("seek", lseek(fd, 10, SEEK_SET), 0);
	ROWS_EFAULT("write", 8, sys(SYS_write, fd, p, 8));
	ROW("mmap", (long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == -1 ? -errno : 0,
	    -ENODEV);
	ROW("ftruncate", sys(SYS_ftruncate, fd, 0), -EINVAL);
	close(fd);
	ROW_OK("nonblock", fd = sys(SYS_eventfd2, 0, EFD_NONBLOCK | EFD_CLOEXEC));
	ROW("nonblock_flags", fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	ROW("cloexec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("again", take_value(fd), -EAGAIN);
	add_value(fd, ~0ull - 1);
	ROW("again_full", add_value(fd, 1), -EAGAIN);
	ROW("bad_flags", sys(SYS_eventfd2, 0, 2), -EINVAL);
	ROW("count_32_bits", take_value(sys(SYS_eventfd, 0xffffffffffffffffl)), 0xffffffffl);
}

static void group_semaphore(void)
{
	int fd = MUST(sys(SYS_eventfd2, 3, EFD_SEMAPHORE | EFD_NONBLOCK));

	ROW("first", take_value(fd), 1);
	ROW("second", take_value(fd), 1);
	ROW("third", take_value(fd), 1);
	ROW("none", take_value(fd), -EAGAIN);
	ROW("give", add_value(fd, 2), 8);
	ROW("fourth", take_value(fd), 1);
}

static void group_eventfd_block(void)
{
	int fd = MUST(sys(SYS_eventfd, 0));
	struct sigaction action = { .sa_handler = on_signal };

	pid_t pid = SPAWN(_exit((int)take_value(fd)));
	until_state(pid, 'S');
	add_value(fd, 42);
	ROW("reader", wait_status(pid), EXITED(42));
	add_value(fd, ~0ull - 1);
	pid = SPAWN(_exit((int)add_value(fd, 2)));
	until_state(pid, 'S');
	ROW("writer_waits", take_value(fd), ~0ull - 1);
	ROW("writer", wait_status(pid), EXITED(8));
	ROW("written", take_value(fd), 2);
	sigaction(SIGALRM, &action, NULL);
	pid = SPAWN(sigaction(SIGUSR1, &action, NULL); _exit(take_value(fd) == -EINTR));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("signal", wait_status(pid), EXITED(1));
	action.sa_flags = SA_RESTART;
	pid = SPAWN(sigaction(SIGUSR1, &action, NULL); _exit((int)take_value(fd)));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	sleep_ms(20);
	add_value(fd, 9);
	ROW("restart", wait_status(pid), EXITED(9));
}

/* ---- epoll: the calls ---- */

static int watch(int ep, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u64 = (uint64_t)fd };

	return (int)sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, &e);
}

static int rewatch(int ep, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u64 = (uint64_t)fd };

	return (int)sys(SYS_epoll_ctl, ep, EPOLL_CTL_MOD, fd, &e);
}

static struct epoll_event got[64];

static int ready(int ep)
{
	memset(got, 0xee, sizeof(got));
	return (int)sys(SYS_epoll_wait, ep, got, 64, 0);
}

static void group_epoll_create(void)
{
	int fd;

	ROW_OK("create", fd = sys(SYS_epoll_create, 1));
	ROW("flags", fcntl(fd, F_GETFL), O_RDWR);
	ROW("zero", sys(SYS_epoll_create, 0), -EINVAL);
	ROW("negative", sys(SYS_epoll_create, -1), -EINVAL);
	ROW_OK("create1", sys(SYS_epoll_create1, 0));
	ROW_OK("cloexec", fd = sys(SYS_epoll_create1, EPOLL_CLOEXEC));
	ROW("cloexec_set", fcntl(fd, F_GETFD), FD_CLOEXEC);
	ROW("bad_flag", sys(SYS_epoll_create1, O_NONBLOCK), -EINVAL);
	ROW("read", sys(SYS_read, fd, got, 8), -EINVAL);
	ROW("write", sys(SYS_write, fd, got, 8), -EINVAL);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 3, 3 });
	ROW("emfile", sys(SYS_epoll_create1, 0), -EMFILE);
}

static void group_epoll_ctl(void)
{
	int ep = MUST(epoll_create1(0)), fd = MUST(eventfd(0, 0));
	int plain = file_with("plain", "x", 1), dir = MUST(open(".", O_RDONLY));
	int path = MUST(open("plain", O_PATH));
	struct epoll_event e = { .events = EPOLLIN };

	ROWS_EFAULT("add", 12, sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, p));
	ROW("add", watch(ep, fd, EPOLLIN), 0);
	ROW("add_again", watch(ep, fd, EPOLLIN), -EEXIST);
	int twin = dup(fd);
	ROW("add_dup", watch(ep, twin, EPOLLIN), 0);
	ROW("mod", rewatch(ep, fd, EPOLLOUT), 0);
	ROW("mod_none", rewatch(ep, MUST(eventfd(0, 0)), EPOLLOUT), -ENOENT);
	ROW("del", sys(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, fd, NULL), 0);
	ROW("del_again", sys(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, fd, edge), -ENOENT);
	ROW("mod_gone", rewatch(ep, fd, EPOLLOUT), -ENOENT);
	ROW("bad_epfd", watch(99, fd, EPOLLIN), -EBADF);
	ROW("bad_fd", watch(ep, 99, EPOLLIN), -EBADF);
	ROW("path_fd", watch(ep, path, EPOLLIN), -EBADF);
	ROW("plain", watch(ep, plain, EPOLLIN), -EPERM);
	ROW("dir", watch(ep, dir, EPOLLIN), -EPERM);
	ROW("null", watch(ep, MUST(open("/dev/null", O_RDWR)), EPOLLIN), -EPERM);
	ROW("not_epoll", watch(twin, fd, EPOLLIN), -EINVAL);
	ROW("itself", watch(ep, ep, EPOLLIN), -EINVAL);
	ROW("bad_op", sys(SYS_epoll_ctl, ep, 9, fd, &e), -EINVAL);
	ROW("zero_op", sys(SYS_epoll_ctl, ep, 0, fd, &e), -EINVAL);
	ROW("efault_first", sys(SYS_epoll_ctl, 99, EPOLL_CTL_ADD, 98, edge), -EFAULT);
	ROW("eperm_first", watch(twin, plain, EPOLLIN), -EPERM);
	ROW("unknown_bits", watch(ep, fd, 0x0ff00000), 0);
}

static void group_epoll_wait(void)
{
	int ep = MUST(epoll_create1(0)), a = MUST(eventfd(0, 0)), b = MUST(eventfd(1, 0));
	struct epoll_event *out;

	ROW("nothing", ready(ep), 0);
	watch(ep, a, EPOLLIN);
	ROW("not_ready", ready(ep), 0);
	watch(ep, b, EPOLLIN | EPOLLOUT);
	ROW("one", ready(ep), 1);
	ROW("events", got[0].events, EPOLLIN | EPOLLOUT);
	ROW("data", got[0].data.u64, b);
	ROW("untouched", got[1].events, 0xeeeeeeee);
	add_value(a, 1);
	ROW("two", ready(ep), 2);
	ROW("max_one", sys(SYS_epoll_wait, ep, got, 1, 0), 1);
	int first = (int)got[0].data.u64;
	ROW("max_one_again", sys(SYS_epoll_wait, ep, got, 1, 0), 1);
	ROW_TRUE("takes_turns", (int)got[0].data.u64 != first);
	rewatch(ep, a, EPOLLOUT);
	ready(ep);
	ROW_TRUE("modified", (got[0].events | got[1].events) == (EPOLLIN | EPOLLOUT) &&
				     (got[0].events & got[1].events) == EPOLLOUT);
	rewatch(ep, a, 0);
	rewatch(ep, b, 0);
	ROW("no_interest", ready(ep), 0);
	rewatch(ep, a, EPOLLIN);
	ROW("interest", ready(ep), 1);
	ROW("max_zero", sys(SYS_epoll_wait, ep, got, 0, 0), -EINVAL);
	ROW("max_negative", sys(SYS_epoll_wait, ep, got, -1, 0), -EINVAL);
	ROW("max_huge", sys(SYS_epoll_wait, ep, got, 0x7fffffff, 0), -EINVAL);
	ROW("bad_fd", sys(SYS_epoll_wait, 99, got, 1, 0), -EBADF);
	ROW("not_epoll", sys(SYS_epoll_wait, a, got, 1, 0), -EINVAL);
	ROWS_EFAULT("wait", 12, sys(SYS_epoll_wait, ep, p, 1, 0));
	ROW("after_efault", ready(ep), 1);
	/* The first fits, the second does not. */
	rewatch(ep, b, EPOLLIN);
	out = (void *)(edge - 12);
	ROW("efault_second", sys(SYS_epoll_wait, ep, out, 2, 0), 1);
	ROW("both_still", ready(ep), 2);
	ROW("kernel_range_first", sys(SYS_epoll_wait, 99, KERNEL_POINTER, 1, 0), -EFAULT);
	int64_t before = now_ns(CLOCK_MONOTONIC);
	take_value(a);
	take_value(b);
	ROW("timeout", sys(SYS_epoll_wait, ep, got, 4, 30), 0);
	ROW_TRUE("waited", now_ns(CLOCK_MONOTONIC) - before >= 30000000);
}

static void group_epoll_modes(void)
{
	int ep = MUST(epoll_create1(0)), fd = MUST(eventfd(0, 0)), ends[2];
	char c[10];

	watch(ep, fd, EPOLLIN | EPOLLET);
	ROW("edge_nothing", ready(ep), 0);
	add_value(fd, 1);
	ROW("edge_first", ready(ep), 1);
	ROW("edge_reported", ready(ep), 0);
	add_value(fd, 1);
	ROW("edge_next", ready(ep), 1);
	rewatch(ep, fd, EPOLLIN | EPOLLET);
	ROW("edge_mod_rearms", ready(ep), 1);
	ROW("edge_mod_once", ready(ep), 0);
	rewatch(ep, fd, EPOLLIN | EPOLLONESHOT);
	ROW("oneshot", ready(ep), 1);
	ROW("oneshot_events", got[0].events, EPOLLIN);
	ROW("oneshot_off", ready(ep), 0);
	add_value(fd, 1);
	ROW("oneshot_still_off", ready(ep), 0);
	rewatch(ep, fd, EPOLLIN | EPOLLONESHOT);
	ROW("oneshot_rearmed", ready(ep), 1);
	ROW("wakeup_ignored", rewatch(ep, fd, EPOLLIN | EPOLLWAKEUP), 0);
	ROW("wakeup_level", ready(ep) + ready(ep), 2);
	MUST(pipe2(ends, O_NONBLOCK));
	watch(ep, ends[0], EPOLLIN | EPOLLET);
	take_value(fd);
	write(ends[1], "a", 1);
	ROW("pipe_edge", ready(ep), 1);
	ROW("pipe_edge_reported", ready(ep), 0);
	write(ends[1], "b", 1);
	ROW("pipe_edge_each_write", ready(ep), 1);
	read(ends[0], c, 1);
	ROW("pipe_read_no_edge", ready(ep), 0);
	watch(ep, ends[1], EPOLLOUT | EPOLLET);
	ROW("out_edge", ready(ep), 1);
	ROW("out_edge_reported", ready(ep), 0);
	/* One of several readers goes: the writer has nothing to hear. */
	close(MUST(open(named("/proc/self/fd/%d", ends[0]), O_RDONLY | O_NONBLOCK)));
	ROW("other_reader_no_edge", ready(ep), 0);
	while (write(ends[1], got, sizeof(got)) > 0)
		;
	ready(ep);
	for (int i = 0; i < 17; i++)
		read(ends[0], row_dir, 0);
	ROW("full", ready(ep), 0);
	static char sink[1 << 16];
	read(ends[0], sink, sizeof(sink));
	ROW("out_edge_room", ready(ep), 1);
	ROW("out_edge_events", got[0].events, EPOLLOUT);
	close(ends[1]);
	ROW("hup_unasked", ready(ep), 1);
	ROW_TRUE("hup_bit", got[0].events & EPOLLHUP);
	ROW("edge_rdhup_once", ready(ep), 0);
}

static void group_epoll_close(void)
{
	int ep = MUST(epoll_create1(0)), fd = MUST(eventfd(1, 0)), twin;

	watch(ep, fd, EPOLLIN);
	ROW("ready", ready(ep), 1);
	close(fd);
	ROW("closed", ready(ep), 0);
	fd = MUST(eventfd(1, 0));
	ROW("same_number", watch(ep, fd, EPOLLIN), 0);
	twin = dup(fd);
	close(fd);
	ROW("dup_keeps", ready(ep), 1);
	ROW("data_of_closed", got[0].data.u64, fd);
	ROW("del_by_dup", sys(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, twin, NULL), -ENOENT);
	close(twin);
	ROW("last_closed", ready(ep), 0);
	/* In another process, too. */
	fd = MUST(eventfd(1, 0));
	watch(ep, fd, EPOLLIN);
	pid_t pid = SPAWN(pause());
	close(fd);
	ROW("child_keeps", ready(ep), 1);
	kill(pid, SIGKILL);
	wait_status(pid);
	ROW("child_gone", ready(ep), 0);
	/* The instance first. */
	fd = MUST(eventfd(1, 0));
	watch(ep, fd, EPOLLIN);
	ROW("close_instance", close(ep), 0);
	ROW("still_works", add_value(fd, 1), 8);
	/* Both at once, in many processes. */
	ROW("race", CHILD(for (int i = 0; i < 300; i++) {
		    int e = epoll_create1(0), f = eventfd(1, 0);
		    watch(e, f, EPOLLIN);
		    pid_t c = SPAWN(close(e); close(f));
		    close(f);
		    close(e);
		    wait_status(c);
	    }),
	    0);
}

/* ---- epoll: waiting ---- */

static void group_epoll_block(void)
{
	int ep = MUST(epoll_create1(0)), fd = MUST(eventfd(0, 0));
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	sigset_t mask, all;

	watch(ep, fd, EPOLLIN);
	pid_t pid = SPAWN(_exit((int)sys(SYS_epoll_wait, ep, got, 4, -1)));
	until_state(pid, 'S');
	add_value(fd, 1);
	ROW("woken", wait_status(pid), EXITED(1));
	take_value(fd);
	/* A file that is added, and one whose interest changes, wake as well. */
	int other = MUST(eventfd(1, 0));
	pid = SPAWN(_exit((int)sys(SYS_epoll_wait, ep, got, 4, -1)));
	until_state(pid, 'S');
	watch(ep, other, EPOLLIN);
	ROW("woken_by_add", wait_status(pid), EXITED(1));
	rewatch(ep, other, 0);
	pid = SPAWN(_exit((int)sys(SYS_epoll_wait, ep, got, 4, -1)));
	until_state(pid, 'S');
	rewatch(ep, other, EPOLLIN);
	ROW("woken_by_mod", wait_status(pid), EXITED(1));
	close(other);
	pid = SPAWN(sigaction(SIGUSR1, &action, NULL);
		    _exit(sys(SYS_epoll_wait, ep, got, 4, -1) == -EINTR));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("never_restarted", wait_status(pid), EXITED(1));
	/* epoll_pwait */
	sigemptyset(&mask);
	sigfillset(&all);
	pid = SPAWN(
		sigaction(SIGUSR1, &action, NULL); sigprocmask(SIG_BLOCK, &all, NULL);
		long r = sys(SYS_epoll_pwait, ep, got, 4, -1, &mask, 8);
		sigprocmask(SIG_BLOCK, NULL, &mask);
		_exit((r == -EINTR) | (caught == SIGUSR1) << 1 | sigismember(&mask, SIGUSR1) << 2));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("pwait", wait_status(pid), EXITED(7));
	pid = SPAWN(sigaction(SIGUSR1, &action, NULL);
		    _exit((int)sys(SYS_epoll_pwait, ep, got, 4, 300, &all, 8) + 5));
	until_state(pid, 'S');
	kill(pid, SIGUSR1);
	ROW("pwait_blocks", wait_status(pid), EXITED(5));
	ROW("pwait_no_mask", sys(SYS_epoll_pwait, ep, got, 4, 0, NULL, 99), 0);
	ROW("pwait_size", sys(SYS_epoll_pwait, ep, got, 4, 0, &mask, 4), -EINVAL);
	ROWS_EFAULT("pwait", 8, sys(SYS_epoll_pwait, ep, got, 4, 0, p, 8));
	/* epoll_pwait2 */
	struct timespec ts = { .tv_nsec = 20000000 }, bad = { .tv_nsec = 1000000000 };
	int64_t before = now_ns(CLOCK_MONOTONIC);
	ROW("pwait2", sys(SYS_epoll_pwait2, ep, got, 4, &ts, NULL, 0), 0);
	ROW_TRUE("pwait2_waited", now_ns(CLOCK_MONOTONIC) - before >= 20000000);
	ROW("pwait2_bad_time", sys(SYS_epoll_pwait2, ep, got, 4, &bad, NULL, 0), -EINVAL);
	bad = (struct timespec){ .tv_sec = -1 };
	ROW("pwait2_negative", sys(SYS_epoll_pwait2, ep, got, 4, &bad, NULL, 0), -EINVAL);
	ts.tv_nsec = 0;
	ROWS_POINTER("pwait2_time", 16, sys(SYS_epoll_pwait2, ep, got, 4, p, NULL, 0), 0);
	add_value(fd, 1);
	ROW("pwait2_forever", sys(SYS_epoll_pwait2, ep, got, 4, NULL, &mask, 8), 1);
}

/* How many of these processes have ended, once so many have, and a moment later. */
static int ended_of(const pid_t *pids, int n, int wanted)
{
	int ended;

	EVENTUALLY(({
		ended = 0;
		for (int i = 0; i < n; i++)
			ended += process_state(pids[i]) == 'Z';
		ended >= wanted;
	}));
	sleep_ms(50);
	ended = 0;
	for (int i = 0; i < n; i++)
		ended += process_state(pids[i]) == 'Z';
	return ended;
}

static void group_epoll_many_waiters(void)
{
	int ep = MUST(epoll_create1(0)), fd = MUST(eventfd(0, 0));
	pid_t pids[4];

	watch(ep, fd, EPOLLIN | EPOLLET);
	for (int i = 0; i < 4; i++)
		pids[i] = SPAWN(_exit((int)sys(SYS_epoll_wait, ep, got, 4, -1)));
	for (int i = 0; i < 4; i++)
		until_state(pids[i], 'S');
	add_value(fd, 1);
	ROW("edge_wakes_one", ended_of(pids, 4, 1), 1);
	for (int i = 2; i <= 4; i++) {
		add_value(fd, 1);
		ended_of(pids, 4, i);
	}
	for (int i = 0; i < 4; i++)
		ROW("each_once", wait_status(pids[i]), EXITED(1));
	/* EPOLLEXCLUSIVE: one of several instances. */
	int sets[3];
	for (int i = 0; i < 3; i++) {
		sets[i] = MUST(epoll_create1(0));
		ROW("exclusive_add", watch(sets[i], fd, EPOLLIN | EPOLLEXCLUSIVE), 0);
	}
	take_value(fd);
	for (int i = 0; i < 3; i++) {
		pids[i] = SPAWN(_exit((int)sys(SYS_epoll_wait, sets[i], got, 4, -1)));
		until_state(pids[i], 'S');
	}
	add_value(fd, 1);
	ROW("exclusive_wakes_one", ended_of(pids, 3, 1), 1);
	add_value(fd, 1);
	add_value(fd, 1);
	for (int i = 0; i < 3; i++)
		ROW("exclusive_rest", wait_status(pids[i]), EXITED(1));
	ROW("exclusive_mod", rewatch(sets[0], fd, EPOLLIN), -EINVAL);
	int plain = MUST(eventfd(0, 0));
	watch(sets[0], plain, EPOLLIN);
	ROW("mod_to_exclusive", rewatch(sets[0], plain, EPOLLIN | EPOLLEXCLUSIVE), -EINVAL);
	int late = MUST(eventfd(0, 0));
	ROW("exclusive_oneshot", watch(sets[0], late, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT),
	    -EINVAL);
	ROW("exclusive_pri", watch(sets[0], late, EPOLLPRI | EPOLLEXCLUSIVE), -EINVAL);
	ROW("exclusive_nested", watch(sets[0], ep, EPOLLIN | EPOLLEXCLUSIVE), -EINVAL);
	ROW("exclusive_edge", watch(sets[0], late, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE), 0);
	ROW("exclusive_del", sys(SYS_epoll_ctl, sets[0], EPOLL_CTL_DEL, late, NULL), 0);
}

/* ---- nesting ---- */

static void group_epoll_nested(void)
{
	int outer = MUST(epoll_create1(0)), inner = MUST(epoll_create1(0)),
	    fd = MUST(eventfd(0, 0));
	int chain[8];

	ROW("add", watch(outer, inner, EPOLLIN), 0);
	watch(inner, fd, EPOLLIN);
	ROW("nothing", ready(outer), 0);
	ROW("poll_inner_no", poll_now(inner), 0);
	add_value(fd, 1);
	ROW("poll_inner", poll_now(inner), POLLIN | POLLRDNORM);
	ROW("outer", ready(outer), 1);
	ROW("outer_data", got[0].data.u64, inner);
	ROW("outer_events", got[0].events, EPOLLIN);
	ROW("inner", ready(inner), 1);
	take_value(fd);
	ROW("outer_gone", ready(outer), 0);
	pid_t pid = SPAWN(_exit((int)sys(SYS_epoll_wait, outer, got, 4, -1)));
	until_state(pid, 'S');
	add_value(fd, 1);
	ROW("wakes_through", wait_status(pid), EXITED(1));
	take_value(fd);
	pid = SPAWN(struct pollfd p = { .fd = outer, .events = POLLIN }; _exit(poll(&p, 1, -1)));
	until_state(pid, 'S');
	add_value(fd, 1);
	ROW("poll_wakes_through", wait_status(pid), EXITED(1));
	rewatch(outer, inner, EPOLLIN | EPOLLET);
	ready(outer);
	ROW("edge_outer_once", ready(outer), 0);
	ROW("loop_2", watch(inner, outer, EPOLLIN), -ELOOP);
	int third = MUST(epoll_create1(0));
	watch(inner, third, EPOLLIN);
	ROW("loop_3", watch(third, outer, EPOLLIN), -ELOOP);
	ROW("del", sys(SYS_epoll_ctl, outer, EPOLL_CTL_DEL, inner, NULL), 0);
	ROW("no_loop_now", watch(inner, outer, EPOLLIN), 0);
	/* Depth, built upwards and downwards. */
	for (int i = 0; i < 8; i++)
		chain[i] = MUST(epoll_create1(0));
	for (int i = 1; i < 5; i++)
		ROW(named("up_%d", i), watch(chain[i], chain[i - 1], EPOLLIN), 0);
	ROW("up_5", watch(chain[5], chain[4], EPOLLIN), -ELOOP);
	for (int i = 0; i < 8; i++) {
		close(chain[i]);
		chain[i] = MUST(epoll_create1(0));
	}
	for (int i = 1; i < 5; i++)
		ROW(named("down_%d", i), watch(chain[i - 1], chain[i], EPOLLIN), 0);
	ROW("down_5", watch(chain[4], chain[5], EPOLLIN), -ELOOP);
}

static void group_epoll_paths(void)
{
	int fd = MUST(eventfd(0, 0)), top = MUST(epoll_create1(0)), good = 0, r = 0;

	/* Any number of instances may watch one file; but not 501 that are watched themselves. */
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 2000, 2000 });
	for (int i = 0; i < 600 && !r; i++) {
		int mid = MUST(epoll_create1(0));

		r = watch(mid, fd, EPOLLIN);
		if (!r)
			r = watch(top, mid, EPOLLIN);
		good += !r;
	}
	ROW("limit", r, -EINVAL);
	ROW("good", good, 500);
	add_value(fd, 1);
	ROW("all_ready", sys(SYS_epoll_wait, top, got, 64, 0), 64);
}

/* ---- scale and threads ---- */

#define MANY 4000

static void group_epoll_many(void)
{
	static int fds[MANY];
	static struct epoll_event all[MANY];
	int ep = MUST(epoll_create1(0)), bad = 0, sum = 0, n;

	MUST(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ MANY + 1000, MANY + 1000 }));
	for (int i = 0; i < MANY; i++) {
		fds[i] = MUST(eventfd(0, 0));
		bad += watch(ep, fds[i], EPOLLIN) != 0;
	}
	ROW("added", bad, 0);
	for (int i = 0; i < MANY; i += 100)
		add_value(fds[i], 1);
	n = (int)sys(SYS_epoll_wait, ep, all, MANY, 0);
	ROW("ready", n, MANY / 100);
	for (int i = 0; i < MANY; i++)
		add_value(fds[i], 1);
	ROW("all_ready", sys(SYS_epoll_wait, ep, all, MANY, 0), MANY);
	for (int i = 0; i < MANY; i++)
		sum += (int)all[i].data.u64 - fds[i];
	ROW("each_once", sum, 0);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	ROW("all_closed", ready(ep), 0);
}

#define ROUNDS 2000
static int shared_ep, shared_fd;
static atomic_int seen;

static void *consumer(void *arg)
{
	struct epoll_event e;

	while (atomic_load(&seen) < ROUNDS) {
		uint64_t value;

		if (epoll_wait(shared_ep, &e, 1, 100) == 1 && read(shared_fd, &value, 8) == 8)
			atomic_fetch_add(&seen, (int)value);
	}
	return arg;
}

static void group_epoll_threads(void)
{
	pthread_t threads[4];
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };

	shared_ep = MUST(epoll_create1(0));
	shared_fd = MUST(eventfd(0, EFD_NONBLOCK));
	epoll_ctl(shared_ep, EPOLL_CTL_ADD, shared_fd, &e);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, consumer, NULL);
	for (int i = 0; i < ROUNDS; i++)
		add_value(shared_fd, 1);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ROW("all_events_seen", atomic_load(&seen), ROUNDS);
}

static void group_epoll_limit(void)
{
	int ep = MUST(epoll_create1(0)), made = 0;
	char text[32];
	pid_t pid;

	ROW_TRUE("sysctl", slurp("/proc/sys/fs/epoll/max_user_watches", text, sizeof(text)) > 1 &&
				   atol(text) > 10000);
	int fd = MUST(open("/proc/sys/fs/epoll/max_user_watches", O_WRONLY));
	pid = SPAWN(write(fd, "3", 1); become(OTHER); ep = epoll_create1(0);
		    while (watch(ep, eventfd(0, 0), EPOLLIN) == 0) made++;
		    ROW("enospc", watch(ep, eventfd(0, 0), EPOLLIN), -ENOSPC);
		    ROW("allowed", made, 3));
	wait_status(pid);
	ROW("restored", write(fd, text, strlen(text)), strlen(text));
}

int main(int argc, char **argv)
{
	begin(argc, argv, "events");
	GROUP(group_eventfd);
	GROUP(group_semaphore);
	GROUP(group_eventfd_block);
	GROUP(group_epoll_create);
	GROUP(group_epoll_ctl);
	GROUP(group_epoll_wait);
	GROUP(group_epoll_modes);
	GROUP(group_epoll_close);
	GROUP(group_epoll_block);
	GROUP(group_epoll_many_waiters);
	GROUP(group_epoll_nested);
	GROUP(group_epoll_paths);
	GROUP(group_epoll_many);
	GROUP(group_epoll_threads);
	GROUP_ALONE(group_epoll_limit);
	return finish();
}
