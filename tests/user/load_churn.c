/*
 * Many processes one after the other, and nothing of them stays.
 *
 *	load_churn N PROGRAM [ARG...]
 *
 * Runs PROGRAM N times, and then compares free memory, kernel objects and open files with what they
 * were after a few hundred runs, caches dropped both times. Prints what was counted and "load: ok".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP 500
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

static int run(int n, char **argv)
{
	for (int i = 0; i < n; i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			execv(argv[0], argv);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
			printf("load: failed: run %d: errno %d\n", i, errno);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (run(WARM_UP, argv + 2))
		return 1;
	struct counts before = count();
	if (run(atoi(argv[1]), argv + 2))
		return 1;
	struct counts after = count();
	if (before.free_kib - after.free_kib > SLACK_FREE_KIB ||
	    after.slab_kib - before.slab_kib > SLACK_SLAB_KIB ||
	    after.files - before.files > SLACK_FILES)
		printf("load: failed: not where it was\n");
	else
		printf("load: ok\n");
	return 0;
}
