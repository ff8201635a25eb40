/*
 * What a machine has left, for programs that show that nothing stays behind them: count it after a while
 * of warming up, and again at the end.
 */
#ifndef RESOURCES_H
#define RESOURCES_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Per-CPU lists and magazines may hold a little more than before. */
#define SLACK_FREE_KIB 2048
#define SLACK_SLAB_KIB 1024
#define SLACK_FILES 128

struct counts {
	long free_kib; /* MemFree */
	long slab_kib; /* sum of active objects times their size in /proc/slabinfo */
	long files;    /* open files of the system, /proc/sys/fs/file-nr */
};

static struct counts count(void)
{
	struct counts counts = { 0 };
	char line[512];

	sync();
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (fd < 0 || write(fd, "3\n", 2) != 2)
		printf("load: failed: drop_caches: errno %d\n", errno);
	close(fd);
	/* What is freed after a grace period or by a worker. */
	nanosleep(&(struct timespec){ 1, 0 }, NULL);
	FILE *file = fopen("/proc/meminfo", "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "MemFree: %ld", &counts.free_kib);
	if (file)
		fclose(file);
	file = fopen("/proc/slabinfo", "r");
	long bytes = 0;
	while (file && fgets(line, sizeof(line), file)) {
		long active, total, size;

		if (sscanf(line, "%*s %ld %ld %ld", &active, &total, &size) == 3)
			bytes += active * size;
	}
	if (file)
		fclose(file);
	counts.slab_kib = bytes >> 10;
	file = fopen("/proc/sys/fs/file-nr", "r");
	if (!file || fscanf(file, "%ld", &counts.files) != 1)
		printf("load: failed: file-nr\n");
	if (file)
		fclose(file);
	printf("load: free %ld KiB, slab %ld KiB, files %ld\n", counts.free_kib, counts.slab_kib,
	       counts.files);
	return counts;
}

/* Tells whether the second differs from the first by no more than what per-CPU lists may hold. */
static bool same_counts(const struct counts *before, const struct counts *after)
{
	return before->free_kib - after->free_kib <= SLACK_FREE_KIB &&
	       after->slab_kib - before->slab_kib <= SLACK_SLAB_KIB &&
	       after->files - before->files <= SLACK_FILES;
}

#endif
