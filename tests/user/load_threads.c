/*
 * Many threads in one process, and mutexes, conditions and barriers under pressure.
 *
 *	load_threads THREADS SECONDS
 *
 * First THREADS threads live at the same time and all wake up by one broadcast. Then, for SECONDS, three gangs work:
 * one counts under a mutex, one hands numbers through a small ring by two conditions (some waits have a
 * time limit), one meets at a barrier. Main looks on: a gang that makes no progress for a minute has lost
 * a wake-up. In the end all counts must agree. Prints "load: ok".
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK (64 << 10)
#define GANG 8
#define RING 4
#define STUCK_SECONDS 60

static pthread_attr_t small;
static atomic_bool stop;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list args;

	printf("load: failed: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	exit(1);
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	int r = pthread_create(&t, &small, fn, arg);

	if (r)
		fail("pthread_create: %s", strerror(r));
	return t;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* ---- many at once ---- */

static pthread_mutex_t crowd_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t crowd_came = PTHREAD_COND_INITIALIZER, crowd_goes = PTHREAD_COND_INITIALIZER;
static int present, total;
static bool go;

static void *stand(void *arg)
{
	pthread_mutex_lock(&crowd_lock);
	if (++present == total)
		pthread_cond_signal(&crowd_came);
	while (!go)
		pthread_cond_wait(&crowd_goes, &crowd_lock);
	present--;
	pthread_mutex_unlock(&crowd_lock);
	return arg;
}

static int threads_of_status(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	int n = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Threads: %d", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static void crowd(int n)
{
	pthread_t *threads = calloc((size_t)n, sizeof(*threads));
	double began = now();
	void *value;
	int shown;

	total = n;
	for (long i = 0; i < n; i++)
		threads[i] = start(stand, (void *)i);
	pthread_mutex_lock(&crowd_lock);
	while (present < n)
		pthread_cond_wait(&crowd_came, &crowd_lock);
	shown = threads_of_status();
	go = true;
	pthread_cond_broadcast(&crowd_goes);
	pthread_mutex_unlock(&crowd_lock);
	for (long i = 0; i < n; i++)
		if (pthread_join(threads[i], &value) || value != (void *)i)
			fail("thread %ld came back as another", i);
	if (present || (shown >= 0 && shown != n + 1))
		fail("%d threads are left, %d were shown", present, shown);
	free(threads);
	printf("load: %d threads in %.1f s\n", n, now() - began);
}

/* ---- a mutex ---- */

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t counted; /* count_lock */
static uint64_t counted_by[GANG];

static void *counter(void *arg)
{
	uint64_t *mine = arg, n = 0;

	while (!atomic_load(&stop)) {
		pthread_mutex_lock(&count_lock);
		uint64_t seen = counted;
		for (volatile unsigned i = 0; i < ((uint32_t)n * 2654435761u >> 24); i++)
			;
		counted = seen + 1;
		pthread_mutex_unlock(&count_lock);
		__atomic_store_n(mine, ++n, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* ---- two conditions ---- */

static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ring_more = PTHREAD_COND_INITIALIZER, ring_less = PTHREAD_COND_INITIALIZER;
static uint64_t ring[RING], ring_in, ring_out; /* ring_lock */
static uint64_t sent_sum, received_sum;	       /* atomic */

static void wait_for(pthread_cond_t *c, bool limited)
{
	struct timespec ts;

	if (!limited) {
		pthread_cond_wait(c, &ring_lock);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 3000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	pthread_cond_timedwait(c, &ring_lock, &ts);
}

static void put(uint64_t value, bool limited)
{
	pthread_mutex_lock(&ring_lock);
	while (ring_in - ring_out == RING)
		wait_for(&ring_less, limited);
	ring[ring_in++ % RING] = value;
	pthread_cond_signal(&ring_more);
	pthread_mutex_unlock(&ring_lock);
}

static uint64_t get(bool limited)
{
	uint64_t value;

	pthread_mutex_lock(&ring_lock);
	while (ring_in == ring_out)
		wait_for(&ring_more, limited);
	value = ring[ring_out++ % RING];
	pthread_cond_signal(&ring_less);
	pthread_mutex_unlock(&ring_lock);
	return value;
}

static void *producer(void *arg)
{
	uint64_t n = 1;

	while (!atomic_load(&stop)) {
		put(n, arg && n % 16 == 0);
		__atomic_fetch_add(&sent_sum, n++, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *consumer(void *arg)
{
	uint64_t n, turn = 0;

	while ((n = get(arg && ++turn % 16 == 0)) != 0) /* 0: the end */
		__atomic_fetch_add(&received_sum, n, __ATOMIC_RELAXED);
	return NULL;
}

/* ---- a barrier ---- */

static pthread_barrier_t barrier;
static uint64_t round_of[GANG]; /* each its own, between two meetings */
static atomic_bool last_round;	/* written by one between two meetings */
static uint64_t rounds;		/* likewise; read racily by main */

static void *meet(void *arg)
{
	uint64_t *mine = arg;

	while (!atomic_load(&last_round)) {
		__atomic_store_n(mine, *mine + 1, __ATOMIC_RELAXED);
		int r = pthread_barrier_wait(&barrier);
		for (int i = 0; i < GANG; i++)
			if (__atomic_load_n(&round_of[i], __ATOMIC_RELAXED) != *mine)
				fail("one is in round %lu, another in %lu", *mine, round_of[i]);
		if (r == PTHREAD_BARRIER_SERIAL_THREAD) {
			__atomic_store_n(&rounds, rounds + 1, __ATOMIC_RELAXED);
			atomic_store(&last_round, atomic_load(&stop));
		}
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

/* ---- looking on ---- */

static void progress(uint64_t *out)
{
	out[0] = __atomic_load_n(&counted, __ATOMIC_RELAXED);
	out[1] = __atomic_load_n(&received_sum, __ATOMIC_RELAXED);
	out[2] = __atomic_load_n(&rounds, __ATOMIC_RELAXED);
}

static void watch(double seconds)
{
	static const char *const names[3] = { "mutex", "condition", "barrier" };
	uint64_t seen[3] = { 0 }, next[3];
	double began = now(), moved[3] = { began, began, began }, t;

	while ((t = now()) - began < seconds) {
		usleep(100000);
		progress(next);
		for (int i = 0; i < 3; i++) {
			if (next[i] != seen[i])
				moved[i] = t;
			else if (t - moved[i] > STUCK_SECONDS)
				fail("nothing moves at the %s: a wake-up was lost", names[i]);
			seen[i] = next[i];
		}
	}
}

static void join_all(pthread_t *threads, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static void torture(double seconds)
{
	pthread_t counters[GANG], producers[GANG], consumers[GANG], meeters[GANG];
	uint64_t sum = 0;

	pthread_barrier_init(&barrier, NULL, GANG);
	for (long i = 0; i < GANG; i++) {
		counters[i] = start(counter, &counted_by[i]);
		producers[i] = start(producer, (void *)(i & 1));
		consumers[i] = start(consumer, (void *)(i & 1));
		meeters[i] = start(meet, &round_of[i]);
	}
	watch(seconds);
	alarm(STUCK_SECONDS * 2); /* who does not end by then sleeps for ever */
	atomic_store(&stop, true);
	join_all(counters, GANG);
	join_all(producers, GANG);
	for (int i = 0; i < GANG; i++)
		put(0, false);
	join_all(consumers, GANG);
	join_all(meeters, GANG);
	for (int i = 0; i < GANG; i++)
		sum += counted_by[i];
	if (sum != counted)
		fail("%lu were counted, %lu times", counted, sum);
	if (sent_sum != received_sum)
		fail("%lu were sent, %lu received", sent_sum, received_sum);
	printf("load: %lu counted, %lu handed over, %lu rounds\n", counted, ring_out, rounds);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK);
	crowd(atoi(argv[1]));
	torture(atoi(argv[2]));
	printf("load: ok\n");
	return 0;
}
