// SPDX-License-Identifier: GPL-2.0-only
/* Processes: made, replaced, through a shell. */
#include "bench.h"

#include <unistd.h>

void run_fork(bench_t *b)
{
	unsigned int i;
	pid_t pid;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			pid = fork();
			if (!pid)
				_exit(0);
			reap(pid);
			b->sum++;
		}
}

static void fork_exec(bench_t *b, char *const argv[])
{
	static char *const envp[] = { NULL };
	unsigned int i;
	pid_t pid;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			pid = fork();
			if (!pid) {
				execve(argv[0], argv, envp);
				_exit(1);
			}
			reap(pid);
			b->sum++;
		}
}

void run_exec(bench_t *b)
{
	fork_exec(b, (char *const[]){ BENCH_PROGRAM, NULL });
}

static void run_shell(bench_t *b)
{
	fork_exec(b, (char *const[]){ "/bin/sh", "-c", BENCH_PROGRAM "; exit $?", NULL });
}

const row_t rows_process[] = {
	{ "fork-exit", run_fork, 20, 1 },
	{ "fork-exec", run_exec, 20, 1 },
	{ "fork-sh", run_shell, 10, 1 },
	{ NULL, NULL, 0, 0 },
};
