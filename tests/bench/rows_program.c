// SPDX-License-Identifier: GPL-2.0-only
/* Debian's own programs, on the image of tests/bench/packages; no rows where they are not. */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_BATCHES 2 /* they take long */

static char *const environment[] = { "PATH=/usr/bin:/bin", "HOME=/tmp", "LC_ALL=C", NULL };

static pid_t start(char *const argv[])
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	execve(argv[0], argv, environment);
	_exit(127);
}

static bool have(bench_t *b, const char *program)
{
	b->absent = access(program, X_OK) != 0;
	if (b->batches > MOST_BATCHES)
		b->batches = MOST_BATCHES;
	return !b->absent;
}

/* An operation is one run of the program. */
static void repeat(bench_t *b, char *const argv[])
{
	unsigned int i;

	if (!have(b, argv[0]))
		return;
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			reap(start(argv));
			b->sum++;
		}
}

static void run_true(bench_t *b)
{
	char *const argv[] = { "/usr/bin/true", NULL };

	repeat(b, argv);
}

static void run_expr(bench_t *b)
{
	char *const argv[] = { "/usr/bin/dash", "-c",
			       "i=0; while [ $i -lt 200 ]; do i=`expr $i + 1`; done; [ $i = 200 ]",
			       NULL };

	repeat(b, argv);
}

static void run_python(bench_t *b)
{
	char *const argv[] = { "/usr/bin/python3", "-c", "pass", NULL };

	repeat(b, argv);
}

static void run_gcc(bench_t *b)
{
	static const char source[] = "#include <stdio.h>\n"
				     "int main(void) { puts(\"hello\"); return 0; }\n";
	char *const argv[] = { "/usr/bin/gcc", "-O2", "-o", "/tmp/hello", "/tmp/hello.c", NULL };
	int fd = open("/tmp/hello.c", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	need(write(fd, source, sizeof(source) - 1) == sizeof(source) - 1 && !close(fd), "hello.c");
	repeat(b, argv);
	if (!b->absent) {
		char *const hello[] = { "/tmp/hello", NULL };

		reap(start(hello));
	}
}

#define REDIS_SOCKET "/tmp/redis"
#define REDIS_REQUESTS 2000 /* of either kind */

static void await_redis(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = REDIS_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	need(fd >= 0, "socket");
	while (connect(fd, (struct sockaddr *)&at, sizeof(at)))
		usleep(10000);
	close(fd);
}

/* SET and GET requests of ten clients over the local socket: an operation is a request. */
static void run_redis(bench_t *b)
{
	char *const server[] = { "/usr/bin/redis-server",
				 "--port",
				 "0",
				 "--unixsocket",
				 REDIS_SOCKET,
				 "--save",
				 "",
				 "--loglevel",
				 "warning",
				 "--dir",
				 "/tmp",
				 NULL };
	char *const clients[] = { "/usr/bin/redis-benchmark",
				  "-s",
				  REDIS_SOCKET,
				  "-n",
				  "2000",
				  "-c",
				  "10",
				  "-t",
				  "set,get",
				  "-q",
				  NULL };
	pid_t pid;

	if (!have(b, server[0]))
		return;
	pid = start(server);
	await_redis();
	while (batch(b)) {
		reap(start(clients));
		b->sum += 2 * REDIS_REQUESTS;
	}
	kill(pid, SIGKILL);
	need(waitpid(pid, NULL, 0) == pid, "waitpid");
}

const row_t rows_program[] = {
	{ "exec-true", run_true, 10, 1 },
	{ "sh-200-expr", run_expr, 1, 1 },
	{ "python3", run_python, 2, 1 },
	{ "gcc-hello", run_gcc, 1, 1 },
	{ "redis", run_redis, 2 * REDIS_REQUESTS, 1 },
	{ NULL, NULL, 0, 0 },
};
