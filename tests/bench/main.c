// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the benchmark's rows and prints "row NAME NANOSECONDS CHECKSUM" for each.
 *
 * The program is the machine's first process (rdinit=/tests/bench), so that the time to its first
 * instruction is the time to boot and nothing else runs. From the kernel's command line, that is
 * from the environment: rows=a,b (all without it), batches=N. It ends by powering the machine off.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define DEFAULT_BATCHES 5
#define CALIBRATION_NS 50000000ll

static const row_t *const families[] = { rows_call,   rows_file,   rows_memory, rows_process,
					 rows_switch, rows_thread, rows_local,	rows_program };

uint64_t counter(void)
{
	return __rdtsc();
}

bool batch_stopped(bench_t *b)
{
	batch_end(b);
	return b->done++ < b->batches;
}

void batch_start(bench_t *b)
{
	b->started = counter();
}

bool batch(bench_t *b)
{
	if (!batch_stopped(b))
		return false;
	batch_start(b);
	return true;
}

void batch_end(bench_t *b)
{
	uint64_t took = counter() - b->started;

	if (b->started && took < b->best)
		b->best = took;
	b->started = 0;
}

uint64_t batch_again(bench_t *b)
{
	uint64_t best = b->best;

	b->best = UINT64_MAX;
	b->done = 0;
	return best;
}

void need(bool holds, const char *what)
{
	if (!holds) {
		printf("failed: %s: %s\n", what, strerror(errno));
		fflush(stdout);
		_exit(1);
	}
}

void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	need(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

void reap(int pid)
{
	int status;

	pid = waitpid(pid, &status, 0);
	need(pid > 0 && status == 0, "a child of the row");
}

void batch_on_both(bench_t *b, void *(*prepare)(bench_t *b), void (*work)(bench_t *b, void *with))
{
	static volatile uint64_t *took;
	unsigned int cpu;
	pid_t pid[2];
	int gate[2];
	char byte;

	if (!took)
		took = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(took != MAP_FAILED && !pipe(gate), "shared memory and a pipe");
	for (cpu = 0; cpu < 2; cpu++) {
		pid[cpu] = fork();
		if (!pid[cpu]) {
			void *with = prepare(b);
			uint64_t from;

			pin(cpu);
			close(gate[1]);
			need(read(gate[0], &byte, 1) == 0, "gate");
			from = counter();
			work(b, with);
			took[cpu] = counter() - from;
			_exit(0);
		}
	}
	close(gate[0]);
	usleep(1000); /* both are at the gate */
	close(gate[1]);
	reap(pid[0]);
	reap(pid[1]);
	b->sum += 2 * b->ops;
	for (cpu = 0; cpu < 2; cpu++)
		if (took[!cpu] <= took[cpu] && took[cpu] < b->best)
			b->best = took[cpu];
}

static int64_t now_ns(void)
{
	struct timespec now;

	need(!clock_gettime(CLOCK_MONOTONIC, &now), "clock_gettime");
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Counts of the time stamp counter in a second, by the kernel's clock. */
static double counts_per_second(void)
{
	int64_t from = now_ns();
	uint64_t counts = counter();
	int64_t to;

	do
		to = now_ns();
	while (to - from < CALIBRATION_NS);
	return (double)(counter() - counts) * NS_PER_S / (double)(to - from);
}

static bool wanted(const char *name)
{
	const char *list = getenv("rows");
	size_t length = strlen(name);

	if (!list)
		return true;
	while (strncmp(list, name, length) || (list[length] && list[length] != ',')) {
		list = strchr(list, ',');
		if (!list)
			return false;
		list++;
	}
	return true;
}

static unsigned int wanted_batches(void)
{
	const char *batches = getenv("batches");

	return batches ? (unsigned int)atoi(batches) : DEFAULT_BATCHES;
}

static void run_row(const row_t *row, double frequency)
{
	bench_t b = { .ops = row->ops, .best = UINT64_MAX };
	pid_t pid;
	int status;

	if (!wanted(row->name) || sysconf(_SC_NPROCESSORS_ONLN) < (long)row->cpus)
		return;
	b.batches = wanted_batches();
	pid = fork();
	need(pid >= 0, "fork");
	if (!pid) {
		if (row->cpus == 1)
			pin(0);
		row->run(&b);
		if (b.done)
			b.figure = ((double)b.best - (double)b.less) / b.ops * NS_PER_S / frequency;
		if (!b.absent)
			printf("row %s %.1f 0x%llx\n", row->name, b.figure,
			       (unsigned long long)b.sum);
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		printf("failed: row %s ended with %#x\n", row->name, status);
	fflush(stdout);
}

static void set_up_machine(void)
{
	static char block[1 << 16];
	unsigned int i;
	int fd;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL); /* may be mounted already */
	for (fd = 0; fd < 3; fd++)
		close(fd);
	for (fd = 0; fd < 3; fd++)
		open("/dev/console", O_RDWR);
	need(!mount("tmpfs", "/tmp", "tmpfs", 0, NULL), "mount /tmp");
	need(!mkdir(BENCH_DIR, 0755), BENCH_DIR);
	for (i = 0; i < sizeof(block); i++)
		block[i] = (char)(i >> 4);
	fd = open(BENCH_FILE, O_WRONLY | O_CREAT, 0644);
	for (i = 0; i < BENCH_FILE_SIZE / sizeof(block); i++)
		need(write(fd, block, sizeof(block)) == sizeof(block), BENCH_FILE);
	close(fd);
}

/* What the kernel says of its own protections, a line a file. */
static void print_protections(void)
{
	static const char *const names[] = {
		"meltdown", "spectre_v1", "spectre_v2", "spec_store_bypass", "retbleed",
		"mds",	    "l1tf",	  "srbds",	"mmio_stale_data"
	};
	char path[128], text[256];
	unsigned int i;
	FILE *file;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/vulnerabilities/%s",
			 names[i]);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(text, sizeof(text), file))
			printf("protection %s %s", names[i], text);
		fclose(file);
	}
}

int main(void)
{
	uint64_t booted = counter();
	const row_t *row;
	double frequency;
	unsigned int i;

	if (getpid() != 1)
		return 0; /* executed by a row */
	set_up_machine();
	frequency = counts_per_second();
	printf("\nfrequency %.0f\n", frequency);
	print_protections();
	if (wanted("boot"))
		printf("row boot %.1f 0x0\n", (double)booted * NS_PER_S / frequency);
	sleep(1); /* the kernel's own work after boot comes to its end */
	if (getenv("scale"))
		run_scale(wanted_batches(), frequency);
	for (i = 0; i < sizeof(families) / sizeof(families[0]) && !getenv("scale"); i++)
		for (row = families[i]; row->name; row++)
			run_row(row, frequency);
	printf("bench done\n");
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
