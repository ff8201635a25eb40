// SPDX-License-Identifier: GPL-2.0-only
/* System calls that move nothing: entry, one byte through a device, signals, select. */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_null(bench_t *b)
{
	unsigned int i;

	while (batch(b))
		for (i = 0; i < b->ops; i++)
			b->sum += (uint64_t)syscall(SYS_getppid);
}

static void run_read(bench_t *b)
{
	int fd = open("/dev/zero", O_RDONLY);
	unsigned int i;
	char byte;

	need(fd >= 0, "/dev/zero");
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			byte = 7;
			b->sum += (uint64_t)read(fd, &byte, 1) + (uint64_t)byte;
		}
}

static void run_write(bench_t *b)
{
	int fd = open("/dev/null", O_WRONLY);
	unsigned int i;
	char byte = 0;

	need(fd >= 0, "/dev/null");
	while (batch(b))
		for (i = 0; i < b->ops; i++)
			b->sum += (uint64_t)write(fd, &byte, 1);
}

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
	caught += number;
}

static void run_sig_install(bench_t *b)
{
	struct sigaction action = { .sa_handler = catch_signal };
	unsigned int i;

	sigemptyset(&action.sa_mask);
	while (batch(b))
		for (i = 0; i < b->ops; i++)
			b->sum += (uint64_t)sigaction(SIGUSR1, &action, NULL) + 1;
}

static void run_sig_catch(bench_t *b)
{
	struct sigaction action = { .sa_handler = catch_signal };
	pid_t self = getpid();
	unsigned int i;

	sigemptyset(&action.sa_mask);
	need(!sigaction(SIGUSR1, &action, NULL), "sigaction");
	while (batch(b)) {
		caught = 0;
		for (i = 0; i < b->ops; i++)
			need(!kill(self, SIGUSR1), "kill");
		b->sum += (uint64_t)caught;
	}
}

#define SELECT_COUNT 100

/* A hundred pipes, of which the last is ready. */
static void run_select(bench_t *b)
{
	int pipes[SELECT_COUNT][2], top = 0;
	fd_set all, set;
	unsigned int i;

	FD_ZERO(&all);
	for (i = 0; i < SELECT_COUNT; i++) {
		need(!pipe(pipes[i]), "pipe");
		FD_SET(pipes[i][0], &all);
		if (pipes[i][0] >= top)
			top = pipes[i][0] + 1;
	}
	need(write(pipes[SELECT_COUNT - 1][1], "", 1) == 1, "write");
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			struct timeval none = { 0, 0 };

			set = all;
			b->sum += (uint64_t)select(top, &set, NULL, NULL, &none);
			b->sum += FD_ISSET(pipes[SELECT_COUNT - 1][0], &set) ? 1 : 0;
		}
}

static void *nothing(bench_t *b)
{
	return b;
}

static void call(bench_t *b, void *with)
{
	unsigned int i;

	for (i = 0; i < b->ops; i++)
		b->sum += (uint64_t)syscall(SYS_getppid);
}

static void run_null_both(bench_t *b)
{
	while (batch_stopped(b))
		batch_on_both(b, nothing, call);
}

const row_t rows_call[] = {
	{ "null", run_null, 1000, 1 },
	{ "read", run_read, 1000, 1 },
	{ "write", run_write, 1000, 1 },
	{ "sig-install", run_sig_install, 1000, 1 },
	{ "sig-catch", run_sig_catch, 500, 1 },
	{ "select-100", run_select, 100, 1 },
	{ "null-2cpu", run_null_both, 20000, 2 },
	{ NULL, NULL, 0, 0 },
};
