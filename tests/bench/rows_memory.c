// SPDX-License-Identifier: GPL-2.0-only
/* Page faults and mappings, and how much memory a program can have. */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

static unsigned char *map(size_t size, int prot, int flags, int fd)
{
	void *at = mmap(NULL, size, prot, flags, fd, 0);

	need(at != MAP_FAILED, "mmap");
	return at;
}

/* First write to pages of anonymous memory, none of them huge: an operation is a page. */
static void run_fault(bench_t *b)
{
	unsigned char *at;
	size_t size = (size_t)b->ops * PAGE_BYTES;
	unsigned int i;

	while (batch_stopped(b)) {
		at = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		madvise(at, size, MADV_NOHUGEPAGE);
		batch_start(b);
		for (i = 0; i < b->ops; i++) {
			b->sum += at[i * PAGE_BYTES];
			at[i * PAGE_BYTES] = 1;
		}
		batch_end(b);
		for (i = 0; i < b->ops; i++)
			b->sum += at[i * PAGE_BYTES];
		munmap(at, size);
	}
}

/* First read of pages of a file that is in memory. */
static void run_fault_file(bench_t *b)
{
	int fd = open(BENCH_FILE, O_RDONLY);
	size_t size = (size_t)b->ops * PAGE_BYTES;
	unsigned char *at;
	unsigned int i;

	while (batch_stopped(b)) {
		at = map(size, PROT_READ, MAP_PRIVATE, fd);
		batch_start(b);
		for (i = 0; i < b->ops; i++)
			b->sum += at[i * PAGE_BYTES + 256];
		batch_end(b);
		munmap(at, size);
	}
}

/* Write to a page shared with a parent: a copy. */
static void run_fault_copy(bench_t *b)
{
	size_t size = (size_t)b->ops * PAGE_BYTES;
	unsigned char *at = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t *best =
		(void *)map(PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	unsigned int i;
	pid_t pid;

	madvise(at, size, MADV_NOHUGEPAGE);
	for (i = 0; i < b->ops; i++)
		at[i * PAGE_BYTES] = 1;
	while (batch_stopped(b)) {
		pid = fork();
		if (!pid) {
			uint64_t from = counter();

			for (i = 0; i < b->ops; i++)
				at[i * PAGE_BYTES] = 2;
			*best = counter() - from;
			_exit(0);
		}
		reap(pid);
		if (*best < b->best)
			b->best = *best;
		b->sum += at[0];
	}
}

#define MAP_BYTES (4u << 20)

static void run_mmap(bench_t *b)
{
	unsigned char *at;
	unsigned int i, j;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			at = map(MAP_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1);
			for (j = 0; j < MAP_BYTES; j += PAGE_BYTES) {
				at[j] = 3;
				b->sum += at[j + 1] + at[j];
			}
			need(!munmap(at, MAP_BYTES), "munmap");
		}
}

/* The same of memory that is shared: a file without a name. */
static void run_shared(bench_t *b)
{
	unsigned char *at;
	unsigned int i, j;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			at = map(MAP_BYTES, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1);
			for (j = 0; j < MAP_BYTES; j += PAGE_BYTES) {
				at[j] = 3;
				b->sum += at[j + 1] + at[j];
			}
			need(!munmap(at, MAP_BYTES), "munmap");
		}
}

static void *fresh_memory(bench_t *b)
{
	size_t size = (size_t)b->ops * PAGE_BYTES;
	unsigned char *at = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(at, size, MADV_NOHUGEPAGE);
	return at;
}

static void touch(bench_t *b, void *with)
{
	volatile unsigned char *at = with;
	unsigned int i;

	for (i = 0; i < b->ops; i++)
		at[i * PAGE_BYTES] = 1;
}

static void run_fault_both(bench_t *b)
{
	while (batch_stopped(b))
		batch_on_both(b, fresh_memory, touch);
}

#define CHUNK_BYTES (4u << 20)
#define KIB 1024u

/*
 * Memory of the machine that a program cannot have, in KiB: what QEMU gave the machine ("ram" in
 * MiB) less what the program touched until the kernel ended it. Printed as the row's figure.
 */
static void run_memory(bench_t *b)
{
	volatile uint64_t *touched =
		(void *)map(PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	const char *ram = getenv("ram");
	unsigned char *at;
	unsigned int i;
	int status;
	pid_t pid;

	need(ram, "ram= on the command line");
	pid = fork();
	if (!pid) {
		for (;;) {
			at = map(CHUNK_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
			for (i = 0; i < CHUNK_BYTES; i += PAGE_BYTES) {
				at[i] = 1;
				*touched += PAGE_BYTES / KIB;
			}
		}
	}
	need(waitpid(pid, &status, 0) == pid, "waitpid");
	b->sum = (uint64_t)WTERMSIG(status);
	b->figure = (double)((uint64_t)atoi(ram) * KIB - *touched);
}

const row_t rows_memory[] = {
	{ "fault-anon", run_fault, 1024, 1 },
	{ "fault-file", run_fault_file, BENCH_FILE_SIZE / PAGE_BYTES, 1 },
	{ "fault-copy", run_fault_copy, 1024, 1 },
	{ "mmap-4m", run_mmap, 2, 1 },
	{ "shared-4m", run_shared, 2, 1 },
	{ "fault-2cpu", run_fault_both, 2048, 2 },
	{ "memory", run_memory, 1, 0 },
	{ NULL, NULL, 0, 0 },
};
