// SPDX-License-Identifier: GPL-2.0-only
/* Files by name and by number, on tmpfs. */
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void run_stat(bench_t *b)
{
	struct stat st;
	unsigned int i;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			need(!stat(BENCH_FILE, &st), "stat");
			b->sum += (uint64_t)st.st_size;
		}
}

static void run_fstat(bench_t *b)
{
	int fd = open(BENCH_FILE, O_RDONLY);
	struct stat st;
	unsigned int i;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			need(!fstat(fd, &st), "fstat");
			b->sum += (uint64_t)st.st_size;
		}
}

void run_open(bench_t *b)
{
	unsigned int i;
	int fd;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			fd = open(BENCH_FILE, O_RDONLY);
			b->sum += (uint64_t)fd;
			need(!close(fd), "close");
		}
}

static void run_create(bench_t *b)
{
	char name[64];
	unsigned int i;
	int fd;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			snprintf(name, sizeof(name), BENCH_DIR "/new%u", i);
			fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
			b->sum += (uint64_t)fd;
			need(!close(fd) && !unlink(name), "unlink");
		}
}

#define BLOCK 65536

/* An operation is one block of 64 KiB. */
static void run_read_file(bench_t *b)
{
	static unsigned char block[BLOCK];
	int fd = open(BENCH_FILE, O_RDONLY);
	unsigned int i;

	while (batch(b)) {
		need(lseek(fd, 0, SEEK_SET) == 0, "lseek");
		for (i = 0; i < b->ops; i++) {
			b->sum += (uint64_t)read(fd, block, BLOCK);
			b->sum += block[i * 16];
		}
	}
}

const row_t rows_file[] = {
	{ "stat", run_stat, 500, 1 },
	{ "fstat", run_fstat, 500, 1 },
	{ "open-close", run_open, 500, 1 },
	{ "create-delete", run_create, 200, 1 },
	{ "file-read-64k", run_read_file, BENCH_FILE_SIZE / BLOCK, 1 },
	{ NULL, NULL, 0, 0 },
};
