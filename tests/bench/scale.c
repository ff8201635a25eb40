// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growth: what operations cost while many objects live. With scale=1 on the command line these rows run
 * in place of the others: "OPERATION/OBJECTS@COUNT".
 *
 * A population is made once for each count, in a process of its own, and every operation of it is measured.
 */
#include "bench.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define SPARE_FILES 100 /* descriptors beyond the population */
#define STACK_BYTES 16384

static unsigned int count; /* of the population */

static void *map(size_t size, int flags)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	need(at != MAP_FAILED, "mmap");
	return at;
}

/* ---- a ring of sleepers, each on a word of its own; word 0 is the measuring thread's ---- */

static uint32_t *words;
static bool among_threads;

static void wake(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, among_threads ? FUTEX_WAKE_PRIVATE : FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void await(uint32_t *word)
{
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, word, among_threads ? FUTEX_WAIT_PRIVATE : FUTEX_WAIT, 0, NULL,
			NULL, 0);
	__atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

static void __attribute__((noreturn)) be_member(unsigned int i)
{
	for (;;) {
		await(&words[i]);
		wake(&words[(i + 1) % (count + 1)]);
	}
}

/* Round the ring: an operation is a hop. Counts of members and hops differ: the figure is for one. */
static void run_hops(bench_t *b)
{
	unsigned int rounds = b->ops > count ? b->ops / count : 1, i;

	b->ops = rounds * (count + 1);
	while (batch(b))
		for (i = 0; i < rounds; i++) {
			wake(&words[1]);
			await(&words[0]);
			b->sum++;
		}
}

/* ---- processes ---- */

static pid_t *pids;

static void make_processes(void)
{
	unsigned int i;

	words = map((count + 1) * sizeof(*words), MAP_SHARED);
	pids = map((count + 1) * sizeof(*pids), MAP_PRIVATE);
	for (i = 1; i <= count; i++) {
		pids[i] = fork();
		need(pids[i] >= 0, "fork");
		if (!pids[i])
			be_member(i);
	}
	wake(&words[1]); /* each has run once */
	await(&words[0]);
}

static void end_processes(void)
{
	unsigned int i;

	for (i = 1; i <= count; i++)
		kill(pids[i], SIGKILL);
	for (i = 1; i <= count; i++)
		need(waitpid(pids[i], NULL, 0) == pids[i], "waitpid");
}

/* ---- threads ---- */

static void *be_thread(void *arg)
{
	be_member((unsigned int)(uintptr_t)arg);
}

static void start_thread(pthread_t *id, void *(*run)(void *arg), void *arg)
{
	pthread_attr_t attr;

	need(!pthread_attr_init(&attr) && !pthread_attr_setstacksize(&attr, STACK_BYTES) &&
		     !pthread_create(id, &attr, run, arg),
	     "pthread_create");
}

static void make_threads(void)
{
	pthread_t id;
	unsigned int i;

	among_threads = true;
	words = map((count + 1) * sizeof(*words), MAP_PRIVATE);
	for (i = 1; i <= count; i++)
		start_thread(&id, be_thread, (void *)(uintptr_t)i);
	wake(&words[1]);
	await(&words[0]);
}

static void *nothing(void *arg)
{
	return arg;
}

static void run_thread(bench_t *b)
{
	pthread_t id;
	unsigned int i;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			start_thread(&id, nothing, NULL);
			need(!pthread_join(id, NULL), "pthread_join");
			b->sum++;
		}
}

/* ---- waiters on one futex ---- */

static uint32_t crowd;

static void *be_waiter(void *arg)
{
	for (;;) {
		syscall(SYS_futex, &crowd, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
		wake(&words[0]);
	}
	return arg;
}

static void make_waiters(void)
{
	pthread_t id;
	unsigned int i;

	among_threads = true;
	words = map(sizeof(*words), MAP_PRIVATE);
	for (i = 0; i < count; i++)
		start_thread(&id, be_waiter, NULL);
	usleep(100000); /* all wait: nobody else is on this CPU */
}

static void run_wake_one(bench_t *b)
{
	unsigned int i;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			b->sum += (uint64_t)syscall(SYS_futex, &crowd, FUTEX_WAKE_PRIVATE, 1, NULL,
						    NULL, 0);
			await(&words[0]);
		}
}

/* ---- descriptors ---- */

static void make_descriptors(void)
{
	struct rlimit limit = { count + SPARE_FILES, count + SPARE_FILES };
	unsigned int i;

	need(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
	for (i = 0; i < count; i++)
		need(open("/dev/null", O_RDONLY) >= 0, "open");
}

/* ---- mappings ---- */

static void make_mappings(void)
{
	unsigned int i;

	/* Neighbours differ in what they allow, so that they stay apart. */
	for (i = 0; i < count; i++)
		need(mmap(NULL, PAGE_BYTES, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED,
		     "mmap");
}

static void run_mmap(bench_t *b)
{
	unsigned int i;
	char *at;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			at = map(PAGE_BYTES, MAP_PRIVATE);
			at[0] = 1;
			b->sum += (uint64_t)at[0];
			need(!munmap(at, PAGE_BYTES), "munmap");
		}
}

static void run_fault(bench_t *b)
{
	size_t size = (size_t)b->ops * PAGE_BYTES;
	unsigned int i;
	char *at;

	while (batch_stopped(b)) {
		at = map(size, MAP_PRIVATE);
		madvise(at, size, MADV_NOHUGEPAGE);
		batch_start(b);
		for (i = 0; i < b->ops; i++)
			at[i * PAGE_BYTES] = 1;
		batch_end(b);
		b->sum += (uint64_t)at[size - PAGE_BYTES];
		munmap(at, size);
	}
}

/* ---- files of a directory ---- */

#define SCALE_DIR "/tmp/scale"
#define STEP 7919 /* coprime to every count: the names are visited out of order */

static const char *name_of(unsigned int i)
{
	static char name[64];

	snprintf(name, sizeof(name), SCALE_DIR "/file%u", i);
	return name;
}

static void make_files(void)
{
	unsigned int i;

	mkdir(SCALE_DIR, 0755);
	for (i = 0; i < count; i++)
		need(!close(open(name_of(i), O_WRONLY | O_CREAT, 0644)), "create");
}

static void run_open_named(bench_t *b)
{
	unsigned int i;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			int fd =
				open(name_of((unsigned int)((uint64_t)i * STEP % count)), O_RDONLY);

			b->sum += (uint64_t)fd;
			need(!close(fd), "close");
		}
}

static void run_create(bench_t *b)
{
	unsigned int i;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			const char *name = name_of(count + i);
			int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

			b->sum += (uint64_t)fd;
			need(!close(fd) && !unlink(name), "unlink");
		}
}

/* ---- the table ---- */

#define MOST_OPERATIONS 4

static const struct population {
	const char *objects;
	void (*make)(void);
	void (*end)(void); /* NULL: the process's end does it */
	row_t operations[MOST_OPERATIONS];
} populations[] = {
	{ "processes",
	  make_processes,
	  end_processes,
	  { { "fork", run_fork, 20, 1 },
	    { "exec", run_exec, 10, 1 },
	    { "switch", run_hops, 1000, 1 } } },
	{ "threads",
	  make_threads,
	  NULL,
	  { { "thread", run_thread, 20, 1 }, { "wake-up", run_hops, 1000, 1 } } },
	{ "waiters", make_waiters, NULL, { { "wake-up", run_wake_one, 200, 1 } } },
	{ "descriptors", make_descriptors, NULL, { { "open", run_open, 200, 1 } } },
	{ "mappings",
	  make_mappings,
	  NULL,
	  { { "mmap", run_mmap, 200, 1 }, { "page-fault", run_fault, 256, 1 } } },
	{ "files",
	  make_files,
	  NULL,
	  { { "open", run_open_named, 200, 1 }, { "create-delete", run_create, 100, 1 } } },
};

static void run_population(const struct population *p, unsigned int batches, double frequency)
{
	unsigned int i;

	pin(0);
	p->make();
	for (i = 0; i < MOST_OPERATIONS && p->operations[i].name; i++) {
		const row_t *row = &p->operations[i];
		bench_t b = { .ops = row->ops, .batches = batches, .best = UINT64_MAX };

		row->run(&b);
		printf("row %s/%s@%u %.1f 0x%llx\n", row->name, p->objects, count,
		       (double)b.best / b.ops * NS_PER_S / frequency, (unsigned long long)b.sum);
		fflush(stdout);
	}
	if (p->end)
		p->end();
	_exit(0);
}

void run_scale(unsigned int batches, double frequency)
{
	static const unsigned int counts[] = { 10, 100, 1000, 10000 };
	const char *wanted = getenv("objects");
	const struct population *p;
	unsigned int i, j;
	int status;
	pid_t pid;

	for (i = 0; i < sizeof(populations) / sizeof(populations[0]); i++) {
		p = &populations[i];
		if (wanted && strcmp(wanted, p->objects))
			continue;
		for (j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
			count = counts[j];
			pid = fork();
			if (!pid)
				run_population(p, batches, frequency);
			need(pid > 0 && waitpid(pid, &status, 0) == pid, "a population");
			if (status)
				printf("failed: %s@%u ended with %#x\n", p->objects, count, status);
		}
	}
}
