/*
 * A fork bomb under RLIMIT_NPROC.
 *
 *	load_bomb LIMIT SECONDS
 *
 * A user without privilege forks in every process, as fast as it can, for so long; it never has
 * more than LIMIT processes, and root can go on all the time. Prints "load: at most N" and "load:
 * ok".
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BOMBER 31000
#define FORKS 3	     /* of root, at least */
#define PATIENCE 100 /* seconds */

static int processes_of(uid_t uid)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct stat st;
	char path[300];
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && !stat(path, &st) &&
		    st.st_uid == uid)
			count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

static void bomb(int limit)
{
	struct rlimit nproc = { limit, limit };

	setsid();
	setrlimit(RLIMIT_NPROC, &nproc);
	if (setgid(BOMBER) || setuid(BOMBER))
		_exit(1);
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		fork();
}

int main(int argc, char **argv)
{
	int limit = argc > 1 ? atoi(argv[1]) : 100, seconds = argc > 2 ? atoi(argv[2]) : 3;
	int most = 0, forks = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	pid_t first = fork();
	if (!first)
		bomb(limit);
	/* On a busy host root's few turns may take longer. */
	time_t end = time(NULL) + seconds, last = end + PATIENCE;
	while (time(NULL) < end || (forks < FORKS && time(NULL) < last)) {
		int now = processes_of(BOMBER);

		if (now > most)
			most = now;
		pid_t pid = fork();
		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
			printf("load: failed: root cannot fork: errno %d\n", errno);
			break;
		}
		forks++;
	}
	/* New ones appear while others die: until none is left. */
	for (int turn = 0; turn < 1000 && (kill(-first, SIGKILL) == 0 || errno != ESRCH); turn++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
	printf("load: at most %d, root forked %d times\n", most, forks);
	if (most > limit || most < limit / 2 || forks < FORKS || processes_of(BOMBER) > 0)
		printf("load: failed: limit %d, %d left\n", limit, processes_of(BOMBER));
	else
		printf("load: ok\n");
	return 0;
}
