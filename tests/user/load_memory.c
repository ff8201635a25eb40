/*
 * Programs that eat all memory, while others go on.
 *
 *	load_memory EATERS
 *
 * Each eater maps and writes memory until it is killed. All the time a worker does what workers do:
 * it forks, writes files and talks through a pipe. Prints "load: N eaters killed" and "load: ok".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (4ul << 20)
#define PAGE 4096

static void eat(void)
{
	for (;;) {
		char *mem = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);

		if (mem == MAP_FAILED) {
			/* Refused is as good as killed, once there is nothing left. */
			nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
			continue;
		}
		for (size_t at = 0; at < CHUNK; at += PAGE)
			mem[at] = 1;
	}
}

static volatile int *turns;

static void work(void)
{
	char data[4096];
	int ends[2];

	memset(data, 'w', sizeof(data));
	for (;;) {
		int fd = open("/tmp/worker", O_RDWR | O_CREAT | O_TRUNC, 0600);

		if (fd < 0 || write(fd, data, sizeof(data)) != sizeof(data) || pipe(ends))
			_exit(10);
		close(fd);
		pid_t pid = fork();
		if (pid < 0)
			_exit(11);
		if (!pid)
			_exit(write(ends[1], "x", 1) != 1);
		char c;
		int status;
		if (read(ends[0], &c, 1) != 1 || waitpid(pid, &status, 0) != pid || status)
			_exit(12);
		close(ends[0]);
		close(ends[1]);
		++*turns;
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
}

static long free_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long free = 0;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "MemFree: %ld", &free);
	if (file)
		fclose(file);
	return free;
}

int main(int argc, char **argv)
{
	int eaters = argc > 1 ? atoi(argv[1]) : 3, status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	turns = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long before = free_kib();
	pid_t worker = fork();
	if (!worker)
		work();
	for (int i = 0; i < eaters; i++)
		if (!fork())
			eat();
	for (int killed = 0; killed < eaters;) {
		pid_t pid = wait(&status);

		if (pid == worker) {
			printf("load: failed: the worker ended with status %#x\n", status);
			kill(0, SIGKILL);
		}
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
			printf("load: failed: an eater ended with status %#x\n", status);
			kill(0, SIGKILL);
		}
		killed++;
	}
	int done = *turns;
	printf("load: %d eaters killed, the worker turned %d times\n", eaters, done);
	nanosleep(&(struct timespec){ 1, 0 }, NULL);
	if (*turns == done) {
		printf("load: failed: the worker stands still\n");
	} else if (before - free_kib() > 8192) {
		printf("load: failed: %ld KiB free before, %ld after\n", before, free_kib());
	} else {
		printf("load: ok\n");
	}
	kill(worker, SIGKILL);
	wait(NULL);
	return 0;
}
