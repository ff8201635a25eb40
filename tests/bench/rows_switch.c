// SPDX-License-Identifier: GPL-2.0-only
/* Pipes, and switching between processes. */
#include "bench.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void round_trips(bench_t *b, int out, int in, int peer_in, int peer_out)
{
	unsigned int i;
	char byte = 1;
	pid_t pid = fork();

	if (!pid) {
		close(out);
		while (read(peer_in, &byte, 1) == 1) {
			byte++;
			need(write(peer_out, &byte, 1) == 1, "write");
		}
		_exit(0);
	}
	close(peer_in);
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			byte = (char)i;
			need(write(out, &byte, 1) == 1, "write");
			need(read(in, &byte, 1) == 1, "read");
			b->sum += (unsigned char)byte;
		}
	close(out);
	reap(pid);
}

static void run_pipe(bench_t *b)
{
	int there[2], back[2];

	need(!pipe(there) && !pipe(back), "pipe");
	round_trips(b, there[1], back[0], there[0], back[1]);
}

#define BLOCK 65536

void read_blocks(bench_t *b, int from, int peer_to)
{
	static unsigned char block[BLOCK];
	unsigned int i, got;
	ssize_t n;
	pid_t pid = fork();

	if (!pid) {
		close(from);
		for (i = 0; i < BLOCK; i++)
			block[i] = (unsigned char)(i >> 8);
		while (write(peer_to, block, BLOCK) == BLOCK)
			;
		_exit(0);
	}
	close(peer_to);
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			for (got = 0; got < BLOCK; got += (unsigned int)n) {
				n = read(from, block + got, BLOCK - got);
				need(n > 0, "read");
			}
			b->sum += block[i << 8];
		}
	kill(pid, SIGKILL);
	need(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static void run_pipe_blocks(bench_t *b)
{
	int ends[2];

	need(!pipe(ends), "pipe");
	read_blocks(b, ends[0], ends[1]);
}

#define LINE 64 /* bytes of a cache line */

static uint64_t work(volatile unsigned char *set, unsigned int size)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < size; i += LINE)
		sum += ++set[i];
	return sum;
}

/* Passes a byte on: the working set, then the pipe. */
static void pass(int from, int to, volatile unsigned char *set, unsigned int size, uint64_t *sum)
{
	char byte;

	need(read(from, &byte, 1) == 1, "read");
	*sum += work(set, size) + 1;
	need(write(to, &byte, 1) == 1, "write");
}

#define MOST_PROCESSES 16
#define MOST_BYTES (1u << 20)

/*
 * A byte goes round a ring of processes, each of which touches its working set before it passes the
 * byte on. From the time of a hop is taken what the same pipe and set cost one process alone.
 */
static void ring(bench_t *b, unsigned int count, unsigned int size)
{
	unsigned char *set = mmap(NULL, MOST_BYTES, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int pipes[MOST_PROCESSES][2];
	unsigned int hops = b->ops, i;
	pid_t pids[MOST_PROCESSES];
	uint64_t whole;

	need(set != MAP_FAILED, "mmap");
	for (i = 0; i < count; i++)
		need(!pipe(pipes[i]), "pipe");
	need(write(pipes[0][1], "", 1) == 1, "write");
	while (batch(b))
		for (i = 0; i < hops; i++)
			pass(pipes[0][0], pipes[0][1], set, size, &b->sum);
	b->less = batch_again(b);
	for (i = 1; i < count; i++) {
		pids[i] = fork();
		if (!pids[i])
			for (;;)
				pass(pipes[i][0], pipes[(i + 1) % count][1], set, size, &b->sum);
	}
	pass(pipes[0][0], pipes[1][1], set, size, &b->sum);
	while (batch(b))
		for (i = 0; i < hops / count; i++)
			pass(pipes[0][0], pipes[1][1], set, size, &b->sum);
	for (i = 1; i < count; i++) {
		kill(pids[i], SIGKILL);
		need(waitpid(pids[i], NULL, 0) == pids[i], "waitpid");
	}
	whole = b->best;
	need(whole > b->less, "a hop costs more than its pipe");
}

static void run_ring_2(bench_t *b)
{
	ring(b, 2, 0);
}

static void run_ring_8(bench_t *b)
{
	ring(b, 8, 16384);
}

static void run_ring_16(bench_t *b)
{
	ring(b, 16, 65536);
}

static void run_ring_4(bench_t *b)
{
	ring(b, 4, MOST_BYTES);
}

const row_t rows_switch[] = {
	{ "pipe", run_pipe, 500, 1 },
	{ "pipe-64k", run_pipe_blocks, 64, 1 },
	{ "switch-2", run_ring_2, 480, 1 },
	{ "switch-8-16k", run_ring_8, 480, 1 },
	{ "switch-16-64k", run_ring_16, 480, 1 },
	{ "switch-4-1m", run_ring_4, 48, 1 },
	{ NULL, NULL, 0, 0 },
};
