/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark program: what a row is, and how it keeps time.
 *
 * A row sets up what it needs, then runs batches:
 *
 *	while (batch(b))			// starts the clock; false after the last batch
 *		for (...b->ops times...)
 *			b->sum += ...;		// of what the operation answered: equal on every kernel
 *
 * The cheapest batch counts. The clock is the time stamp counter, read without a system call; under
 * QEMU's -icount it counts instructions. Each row runs in a process of its own.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench {
	unsigned int ops;     /* operations in a batch */
	unsigned int batches; /* how many batches to run */
	unsigned int done;    /* batches begun */
	uint64_t started;     /* counter at the beginning of the batch; 0 = the clock stands */
	uint64_t best;	      /* counts of the cheapest batch */
	uint64_t less;	      /* counts taken off the result: work that is not the row's subject */
	uint64_t sum;	      /* checksum of the work */
	bool absent;	      /* the machine does not have what the row measures: no row */
	double figure;	      /* the result; a row without batches sets it */
} bench_t;

typedef struct row {
	const char *name;
	void (*run)(bench_t *b);
	unsigned int ops;
	unsigned int cpus; /* runs only on a machine with at least as many */
} row_t;

extern const row_t rows_call[], rows_file[], rows_memory[], rows_process[], rows_switch[];
extern const row_t rows_thread[], rows_local[], rows_program[];

#define NS_PER_S 1000000000ll
/* In place of all rows: what they cost while many objects live (scale.c). */
void run_scale(unsigned int batches, double frequency);

/* The program's own path, for rows that execute it, and a directory on tmpfs. */
#define BENCH_PROGRAM "/tests/bench"
#define BENCH_DIR "/tmp/bench"
#define BENCH_FILE BENCH_DIR "/data" /* BENCH_FILE_SIZE bytes */
#define BENCH_FILE_SIZE (4u << 20)

bool batch(bench_t *b);
/* For batches of which only a part is to be counted, from batch_start() to batch_end(). */
bool batch_stopped(bench_t *b);
void batch_start(bench_t *b);
void batch_end(bench_t *b);
/* Begins a second measurement: what was measured so far is returned. */
uint64_t batch_again(bench_t *b);

uint64_t counter(void);
/* Ends the row with a message if the condition does not hold. */
void need(bool holds, const char *what);
/* Runs this thread on one CPU only. */
void pin(unsigned int cpu);
/*
 * A batch on CPUs 0 and 1 at once, in a process each, which has set itself up before the gate opens:
 * prepare() returns what work() gets. The slower one's time of work() is the batch's.
 */
void batch_on_both(bench_t *b, void *(*prepare)(bench_t *b), void (*work)(bench_t *b, void *with));
/*
 * A byte to another process and back: written to `out`, read from `in`; the other process has
 * peer_in and peer_out. All four are of the caller, who need not close them.
 */
void round_trips(bench_t *b, int out, int in, int peer_in, int peer_out);
/* Another process writes blocks of 64 KiB to peer_to, this one reads them: an operation is a block. */
void read_blocks(bench_t *b, int from, int peer_to);
/* Rows that are also measured while many objects live. */
void run_fork(bench_t *b);
void run_exec(bench_t *b);
void run_open(bench_t *b);
/* Waits for a child (-1: any) and requires that it ended with status 0. */
void reap(int pid);

#endif
