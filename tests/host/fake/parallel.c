/* Several CPUs at once: a host thread plays each. */
#include <pthread.h>
#include <stdlib.h>

#include <fake/fake.h>

extern __thread u32 fake_cpu;

typedef struct job {
	pthread_t thread;
	void (*fn)(void *arg);
	void *arg;
	u32 cpu;
} job_t;

static void *run(void *arg)
{
	job_t *job = arg;

	fake_become_cpu(job->cpu);
	job->fn(job->arg);
	return NULL;
}

void fake_run_on_cpus(u32 count, void (*fn)(void *arg), void *arg)
{
	job_t jobs[64];

	for (u32 cpu = 0; cpu < count; cpu++) {
		jobs[cpu] = (job_t){ .fn = fn, .arg = arg, .cpu = cpu };
		if (pthread_create(&jobs[cpu].thread, NULL, run, &jobs[cpu]))
			abort();
	}
	for (u32 cpu = 0; cpu < count; cpu++)
		pthread_join(jobs[cpu].thread, NULL);
}
