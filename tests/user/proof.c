/*
 * What a machine is, proved from inside: "cpus" runs on each CPU in turn and names those it ran on;
 * "touch N" writes every page of N MiB and reads all back.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

static int run_on_each_cpu(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all)) {
		perror("sched_getaffinity");
		return 1;
	}
	printf("proof: ran-on");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one)) {
			perror("sched_setaffinity");
			return 1;
		}
		if (sched_getcpu() == cpu)
			printf(" %d", cpu);
	}
	printf("\n");
	return 0;
}

static int touch(unsigned long mib)
{
	size_t len = mib << 20;
	char *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (size_t at = 0; at < len; at += PAGE)
		*(uint64_t *)(mem + at) = at ^ 0x5aa5f00ful;
	for (size_t at = 0; at < len; at += PAGE) {
		if (*(uint64_t *)(mem + at) != (at ^ 0x5aa5f00ful)) {
			printf("proof: byte %zu changed by itself\n", at);
			return 1;
		}
	}
	printf("proof: touched %lu\n", mib);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "cpus"))
		return run_on_each_cpu();
	if (argc == 3 && !strcmp(argv[1], "touch"))
		return touch(strtoul(argv[2], NULL, 10));
	fprintf(stderr, "usage: proof cpus | proof touch MIB\n");
	return 2;
}
