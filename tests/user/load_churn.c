/*
 * Many processes one after the other, and nothing of them stays.
 *
 *	load_churn N PROGRAM [ARG...]
 *
 * Runs PROGRAM N times, and then compares free memory, kernel objects and open files with what they
 * were after a few hundred runs, caches dropped both times. Prints what was counted and "load: ok".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "resources.h"

#define WARM_UP 500
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
	printf(same_counts(&before, &after) ? "load: ok\n" : "load: failed: not where it was\n");
	return 0;
}
