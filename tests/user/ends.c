/*
 * The last things: what was sent before the end is read before it, and what ends while others are at it.
 *
 * Each of these is a race that is run many times; a turn waits for the other thread, never for a time.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "row.h"

#define TURNS 100

/* ---- a partner that does one thing a turn ---- */

static atomic_int asked, answered;
static void (*partner_does)(void);

static void *partner(void *arg)
{
	for (int turn = 1;; turn++) {
		while (atomic_load(&asked) < turn)
			sched_yield();
		partner_does();
		atomic_store(&answered, turn);
	}
	return arg;
}

static void start_partner(void (*does)(void))
{
	pthread_t t;

	partner_does = does;
	MUST(-pthread_create(&t, NULL, partner, NULL));
}

static void go(void)
{
	atomic_fetch_add(&asked, 1);
}

static void until_done(void)
{
	while (atomic_load(&answered) < atomic_load(&asked))
		sched_yield();
}

/* ---- the last bytes before the end ---- */

static int pair[2];

static void write_and_close(void)
{
	if (write(pair[1], "last", 4) != 4)
		_exit(3);
	close(pair[1]);
}

/* Reads until something comes: bytes, 0 at the end, or a negative errno. */
static long read_spinning(int fd, bool wait)
{
	char text[16];
	long r;

	do
		r = wait ? sys(SYS_recvfrom, fd, text, sizeof(text), 0, NULL, NULL)
			 : sys(SYS_read, fd, text, sizeof(text));
	while (r == -EAGAIN);
	return r;
}

static void last_of_socket(const char *name, int type, bool wait)
{
	int wrong = 0;

	for (int i = 0; i < TURNS && !wrong; i++) {
		MUST(socketpair(AF_UNIX, type | (wait ? 0 : SOCK_NONBLOCK), 0, pair));
		go();
		if (read_spinning(pair[0], wait) != 4)
			wrong++;
		until_done();
		close(pair[0]);
	}
	ROW(name, wrong, 0);
}

static void group_socket(void)
{
	start_partner(write_and_close);
	last_of_socket("stream", SOCK_STREAM, false);
	last_of_socket("stream_waiting", SOCK_STREAM, true);
	last_of_socket("packet_waiting", SOCK_SEQPACKET, true);
}

static void group_pipe(void)
{
	int wrong = 0;

	start_partner(write_and_close);
	for (int i = 0; i < TURNS && !wrong; i++) {
		MUST(pipe2(pair, O_NONBLOCK));
		go();
		if (read_spinning(pair[0], false) != 4)
			wrong++;
		until_done();
		close(pair[0]);
	}
	ROW("last_bytes", wrong, 0);
}

/* ---- an epoll instance and what it watches end at the same time ---- */

static int watched[2];

static void close_watched(void)
{
	close(watched[0]);
	close(watched[1]);
}

static void group_epoll(void)
{
	start_partner(close_watched);
	for (int i = 0; i < TURNS; i++) {
		struct epoll_event e = { .events = EPOLLIN };
		int ep;

		MUST(ep = epoll_create1(0));
		MUST(i % 2 ? pipe(watched) : socketpair(AF_UNIX, SOCK_STREAM, 0, watched));
		MUST(epoll_ctl(ep, EPOLL_CTL_ADD, watched[0], &e));
		MUST(epoll_ctl(ep, EPOLL_CTL_ADD, watched[1], &e));
		go();
		close(ep);
		until_done();
	}
	ROW("both_closed", 0, 0);
}

/* ---- a lock that two threads wait for through one file ---- */

static int waiting_fd;
static atomic_int got;

static void *wait_for_lock(void *arg)
{
	if (!flock(waiting_fd, LOCK_EX))
		atomic_fetch_add(&got, 1);
	return arg;
}

static bool thread_sleeps(int tid)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	return slurp(path, text, sizeof(text)) > 0 && strrchr(text, ')') &&
	       strrchr(text, ')')[2] == 'S';
}

static atomic_int waiting_tid[2];

static void *enter_lock(void *arg)
{
	atomic_store(&waiting_tid[(long)arg], (int)sys(SYS_gettid));
	return wait_for_lock(arg);
}

static void group_flock(void)
{
	pthread_t t[2];
	int holder;

	MUST(holder = open("f", O_RDWR | O_CREAT, 0600));
	MUST(waiting_fd = open("f", O_RDWR));
	MUST(flock(holder, LOCK_EX));
	for (long i = 0; i < 2; i++)
		MUST(-pthread_create(&t[i], NULL, enter_lock, (void *)i));
	for (int i = 0; i < 2; i++)
		ROW_TRUE("waits", EVENTUALLY(waiting_tid[i] && thread_sleeps(waiting_tid[i])));
	ROW("let_go", flock(holder, LOCK_UN), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ROW("both_got_it", got, 2);
	ROW("one_unlock", flock(waiting_fd, LOCK_UN), 0);
	ROW("is_free", sys(SYS_flock, holder, LOCK_EX | LOCK_NB), 0);
}

/* ---- what a packet's splice leaves is not lost ---- */

static void group_packet(void)
{
	int in[2], out[2], left = -1;
	char text[16];

	MUST(pipe2(in, O_DIRECT));
	MUST(pipe(out));
	MUST(write(in[1], "0123456789", 10));
	ROW("to_pipe", sys(SYS_splice, in[0], NULL, out[1], NULL, 4, 0), 4);
	ROW("rest_to_pipe", ioctl(in[0], FIONREAD, &left) ? -1 : left, 6);
	int f = open("f", O_RDWR | O_CREAT, 0600);

	ROW("to_file", sys(SYS_splice, in[0], NULL, f, NULL, 3, 0), 3);
	ROW("rest_to_file", ioctl(in[0], FIONREAD, &left) ? -1 : left, 3);
	ROW("read", sys(SYS_read, in[0], text, 2), 2);
	ROW("read_loses_the_rest", ioctl(in[0], FIONREAD, &left) ? -1 : left, 0);
}

/* ---- files of a process that starts another program meanwhile ---- */

static void group_exec(void)
{
	static const char *const names[] = { "maps", "smaps", "numa_maps", "environ" };
	int begin[2], fd[LENGTH(names)], in[2];
	char text[64], path[64];

	MUST(pipe(begin));
	MUST(pipe(in));
	pid_t pid = SPAWN(close(begin[1]); close(in[1]); dup2(in[0], 0);
			  while (read(begin[0], text, 1) < 0);
			  execl("/tests/user/exec_helper", "exec_helper", "wait", NULL); _exit(1));
	for (unsigned i = 0; i < LENGTH(names); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		MUST(fd[i] = open(path, O_RDONLY));
	}
	close(begin[0]);
	close(begin[1]);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	ROW_TRUE("started",
		 EVENTUALLY(slurp(path, text, sizeof(text)) > 0 && !strcmp(text, "exec_helper\n") &&
			    process_state(pid) == 'S'));
	/* The memory that they were opened for is gone. */
	for (unsigned i = 0; i < LENGTH(names); i++)
		ROW(names[i], sys(SYS_read, fd[i], text, sizeof(text)), 0);
	close(in[0]);
	close(in[1]);
	wait_status(pid);
}

static void group_rollup(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", getpid());
	ROW_OK("own", sys(SYS_open, path, O_RDONLY));
	ROW_AS(USER, "of_another", sys(SYS_open, path, O_RDONLY), -EACCES);
}

/* ---- a scoped walk while a directory moves out of the scope ---- */

#define RESOLVE_BENEATH_ 0x08
#define RESOLVE_IN_ROOT_ 0x10

struct how {
	uint64_t flags, mode, resolve;
};

static atomic_bool stop_moving;

static void *move_in_and_out(void *arg)
{
	while (!atomic_load(&stop_moving)) {
		rename("scope/a/b", "b");
		rename("b", "scope/a/b");
	}
	return arg;
}

static bool never_outside(int scope, uint64_t resolve)
{
	struct how how = { .flags = O_RDONLY, .resolve = resolve };
	bool inside = true;

	for (int i = 0; i < TURNS * 5 && inside; i++) {
		long fd = sys(SYS_openat2, scope, "a/b/c/../../../secret", &how, sizeof(how));

		inside = fd < 0;
		if (!inside)
			close((int)fd);
	}
	return inside;
}

static void group_scope(void)
{
	pthread_t t;
	int scope;

	MUST(mkdir("scope", 0755));
	MUST(mkdir("scope/a", 0755));
	MUST(mkdir("scope/a/b", 0755));
	MUST(mkdir("scope/a/b/c", 0755));
	make_file("secret", "outside");
	MUST(scope = open("scope", O_PATH | O_DIRECTORY));
	MUST(-pthread_create(&t, NULL, move_in_and_out, NULL));
	ROW_TRUE("beneath", never_outside(scope, RESOLVE_BENEATH_));
	ROW_TRUE("in_root", never_outside(scope, RESOLVE_IN_ROOT_));
	atomic_store(&stop_moving, true);
	pthread_join(t, NULL);
}

int main(int argc, char **argv)
{
	begin(argc, argv, "ends");
	GROUP(group_socket);
	GROUP(group_pipe);
	GROUP(group_epoll);
	GROUP(group_flock);
	GROUP(group_packet);
	GROUP(group_exec);
	GROUP(group_rollup);
	GROUP(group_scope);
	return finish();
}
