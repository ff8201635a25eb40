/*
 * Many live processes at once.
 *
 *	load_processes N
 *
 * Starts N processes that all sleep, checks that each is there and answers a signal, and ends them.
 * Prints "load: N processes" and "load: ok".
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int fail(const char *what)
{
	printf("load: failed: %s: errno %d\n", what, errno);
	kill(0, SIGKILL);
	return 1;
}

static int processes_in_proc(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
	if (dir)
		closedir(dir);
	return count;
}

static volatile int *answers;

static void answer(int sig)
{
	(void)sig;
	__atomic_fetch_add(answers, 1, __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 4000;
	struct rlimit limit = { 100000, 100000 };
	pid_t *pids = calloc(n, sizeof(*pids));

	setvbuf(stdout, NULL, _IOLBF, 0);
	setsid();
	setrlimit(RLIMIT_NPROC, &limit);
	answers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGUSR1, answer);
	int before = processes_in_proc();
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return fail("fork");
		if (!pids[i])
			for (;;)
				pause();
	}
	int alive = processes_in_proc() - before;
	printf("load: %d processes\n", alive);
	if (alive != n)
		return fail("not all of them are in /proc");
	for (int i = 0; i < n; i++)
		if (kill(pids[i], SIGUSR1))
			return fail("kill");
	for (int turn = 0; *answers != n; turn++) {
		if (turn == 6000)
			return fail("not all of them answered");
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < n; i++) {
		int status;

		if (waitpid(pids[i], &status, 0) != pids[i] || !WIFSIGNALED(status))
			return fail("wait");
	}
	if (processes_in_proc() > before + 4)
		return fail("some are left");
	printf("load: ok\n");
	return 0;
}
