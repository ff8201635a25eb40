/*
 * sysfuzz: random system calls that know what their arguments are.
 *
 *	sysfuzz [seed=N] [calls=N] [jobs=N] [first=N] [batches=N] [trace] [verbose]
 *
 * jobs workers run batches beside each other. A batch is a process in a world of its own (world.c) that
 * makes BATCH_CALLS calls, half of the batches as root, half of them with a thread or a process beside it
 * that shares its files or memory. What a batch tries depends on the seed and on its number alone; the
 * one that failed is repeated by
 *
 *	sysfuzz seed=N first=BATCH batches=1 verbose
 *
 * which prints each call before it is made, its result, and the buffers that it changed; the same words
 * on two kernels give logs to compare. "trace" prints the batches' numbers alone. The worker ends what
 * waits for too long, and all that a batch leaves behind. At the end there is a line for each call, a summary, and "sysfuzz: ok" if enough
 * calls succeeded, each was reached, and memory, kernel objects and files are back where they were.
 * The same program runs on Linux.
 */
#include <dirent.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../user/resources.h"
#include "sysfuzz.h"

#define BATCH_CALLS 400
#define BATCH_SECONDS 30
#define TICK_NS 20000000
#define TICKS_TO_NUDGE 4
#define TICKS_TO_KILL 25
/* Seconds for a batch to die, and between looks at who is left: each costs much, before all that is to die. */
#define DEATH_SECONDS 240
#define KILL_SECONDS 1
#define MIN_SUCCESS 30 /* percent */
#define WARM_UP_BATCHES 40

struct shared *shared;
int worker;
bool verbose;
static bool trace;
static uint64_t seed = 1;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* ---- a batch ---- */

static void company(void *arg)
{
	fuzz_and_exit(arg, BATCH_CALLS / 2);
}

static _Noreturn void batch(uint64_t index)
{
	static struct fuzz self, beside;
	static const uint64_t thread[MAX_ARGS] = { CLONE_VM | CLONE_FS | CLONE_FILES |
						   CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM };
	uint64_t args[MAX_ARGS] = { SIGCHLD };

	self.random = seed * 0x9e3779b97f4a7c15ul ^ index * 0xd1342543de82ef95ul;
	bool as_root = chance(&self, 50);
	uint64_t kind = random_below(&self, 4);
	world_enter(&self, as_root);
	if (kind >= 2) {
		fuzz_fork(&beside, &self, BUFFERS_MAX - 1);
		beside.random = random_next(&self);
		if (kind == 2) {
			memcpy(args, thread, sizeof(args));
			args[1] = (uint64_t)beside.stacks + 9 * STACK_SIZE;
		}
		clone_and_call(SYS_clone, args, company, &beside);
	}
	if (chance(&self, 50))
		tracee_start(&self);
	for (int i = 0; i < BATCH_CALLS; i++)
		fuzz_one(&self);
	RAW(SYS_exit_group, 0);
	__builtin_unreachable();
}

/* ---- the worker ---- */

/* The processes whose parent we are, or have become as their parents ended. */
static void kill_children(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300], text[300];

	while (proc && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name), parent = 0;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (pid <= 0 || !(file = fopen(path, "r")))
			continue;
		/* Not by lines: a name may hold any byte. */
		text[fread(text, 1, sizeof(text) - 1, file)] = 0;
		char *end = strrchr(text, ')');

		if (end && sscanf(end, ") %*c %d", &parent) == 1 && parent == getpid())
			kill(pid, SIGKILL);
		fclose(file);
	}
	if (proc)
		closedir(proc);
}

static void write_all(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		perror("sysfuzz: write");
}

static void wait_for_child(void)
{
	static const struct timespec tick = { .tv_nsec = TICK_NS };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &tick);
}

static void reap_all(pid_t pid, uint64_t index)
{
	int64_t begin = now_ns(), next = begin + KILL_SECONDS * 1000000000ll / 10;

	kill(-pid, SIGKILL);
	for (;;) {
		pid_t one = waitpid(-1, NULL, WNOHANG | __WALL);

		if (one > 0)
			continue;
		if (one < 0 && errno == ECHILD)
			return;
		if (now_ns() >= next) {
			kill_children();
			next = now_ns() + KILL_SECONDS * 1000000000ll;
		}
		wait_for_child();
		if (now_ns() - begin > DEATH_SECONDS * 1000000000ll) {
			printf("sysfuzz: failed: what batch %lu left does not die\n", index);
			shared->bad_slots++;
			/* Where it hangs, to the log. */
			int trigger = open("/proc/sysrq-trigger", O_WRONLY);
			write_all(trigger, "t");
			write_all(trigger, "d");
			close(trigger);
			return;
		}
	}
}

static void run_batch(uint64_t index)
{
	uint64_t progress = 0;
	int idle = 0, status = -1;
	int64_t begin = now_ns();
	bool killed = false;

	if (trace || verbose)
		printf("sysfuzz: batch %lu\n", index);
	pid_t pid = fork();
	if (!pid)
		batch(index);
	if (pid < 0) {
		printf("sysfuzz: failed: fork: errno %d\n", errno);
		exit(1);
	}
	for (;;) {
		pid_t one = waitpid(-1, &status, WNOHANG | __WALL);

		if (one == pid)
			break;
		if (one > 0)
			continue;
		wait_for_child();
		uint64_t reached = __atomic_load_n(&shared->progress[worker], __ATOMIC_RELAXED);
		idle = reached == progress ? idle + 1 : 0;
		progress = reached;
		if (idle && idle % TICKS_TO_NUDGE == 0) {
			kill(pid, SIGCONT);
			kill(pid, SIGALRM);
		}
		if (idle >= TICKS_TO_KILL || now_ns() - begin > BATCH_SECONDS * 1000000000ll) {
			kill(pid, SIGKILL);
			killed = true;
			idle = 0;
		}
	}
	if (killed || status)
		__atomic_add_fetch(&shared->ended_early, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shared->batches, 1, __ATOMIC_RELAXED);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 4) {
		printf("sysfuzz: failed: batch %lu could not be set up\n", index);
		shared->bad_slots++;
	}
	reap_all(pid, index);
	world_leave();
}

static uint64_t calls_made(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < ncalls; i++)
		sum += __atomic_load_n(&shared->counts[calls[i].nr].made, __ATOMIC_RELAXED);
	return sum;
}

/* Batches first + number, first + number + jobs, ... until so many calls are made or batches run. */
static void work(int number, int jobs, uint64_t first, uint64_t batches, uint64_t target)
{
	struct sched_param top = { .sched_priority = 90 };
	sigset_t set;

	worker = number;
	/* Before all that the batches may make of themselves: who oversees must get the CPU. */
	sched_setscheduler(0, SCHED_FIFO, &top);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	world_prepare();
	for (uint64_t i = (uint64_t)number; i < batches && calls_made() < target;
	     i += (uint64_t)jobs)
		run_batch(first + i);
	rmdir(world_dir);
}

/* Returns the number of the first batch that was not begun. */
static uint64_t run(int jobs, uint64_t first, uint64_t batches, uint64_t target)
{
	for (int i = 0; i < jobs; i++) {
		if (!fork()) {
			work(i, jobs, first, batches, target);
			exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return first + shared->batches;
}

/* ---- the figures ---- */

static bool report(void)
{
	uint64_t made = 0, ok = 0;
	int reached = 0, successful = 0;

	for (int i = 0; i < ncalls; i++) {
		const struct counter *counter = &shared->counts[calls[i].nr];

		printf("sysfuzz: %-24s made %7u ok %7u\n", calls[i].name, counter->made,
		       counter->ok);
		made += counter->made;
		ok += counter->ok;
		reached += counter->made > 0;
		successful += counter->ok > 0;
	}
	uint64_t percent = made ? 100 * ok / made : 0;
	printf("sysfuzz: seed %lu: %lu calls in %u batches (%u ended early), %lu %% succeeded\n",
	       seed, made, shared->batches, shared->ended_early, percent);
	printf("sysfuzz: %d of %d handlers reached, %d with success\n", reached, ncalls,
	       successful);
	if (reached < ncalls || percent < MIN_SUCCESS) {
		printf("sysfuzz: failed: too few\n");
		return false;
	}
	return !shared->bad_slots;
}

static uint64_t number_after(const char *word, const char *key, uint64_t otherwise)
{
	size_t n = strlen(key);

	return strncmp(word, key, n) ? otherwise : strtoull(word + n, NULL, 0);
}

int main(int argc, char **argv)
{
	uint64_t target = 100000, first = 0, batches = ~0ul, jobs = 4;

	/* When a batch executes its own program, that is all that happens. */
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "exit"))
			return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		seed = number_after(argv[i], "seed=", seed);
		target = number_after(argv[i], "calls=", target);
		jobs = number_after(argv[i], "jobs=", jobs);
		first = number_after(argv[i], "first=", first);
		batches = number_after(argv[i], "batches=", batches);
		verbose |= !strcmp(argv[i], "verbose");
		trace |= !strcmp(argv[i], "trace");
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || jobs < 1 || jobs > LENGTH(shared->progress) ||
	    (verbose && dup2(1, LOG_FD) < 0))
		return 2;
	calls_prepare();
	if (verbose || batches != ~0ul) {
		run((int)jobs, first, batches, target);
		report();
		return 0;
	}
	uint64_t next = run((int)jobs, first, WARM_UP_BATCHES, target);
	struct counts before = count();
	run((int)jobs, next, ~0ul, target);
	bool good = report();
	struct counts after = count();
	if (!same_counts(&before, &after)) {
		printf("sysfuzz: failed: resources are not where they were\n");
		good = false;
	}
	if (good)
		printf("sysfuzz: ok\n");
	return !good;
}
