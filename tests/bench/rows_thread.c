// SPDX-License-Identifier: GPL-2.0-only
/* Threads of one process, and the clock that needs no system call. */
#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STOP UINT32_MAX

static uint32_t turn; /* whose it is, or STOP */

static void give(uint32_t to)
{
	__atomic_store_n(&turn, to, __ATOMIC_RELEASE);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Sleeps until the word is no longer what it was; returns what it is. */
static uint32_t await_change(uint32_t from)
{
	uint32_t now;

	while ((now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) == from)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, from, NULL, NULL, 0);
	return now;
}

static void *answer(void *arg)
{
	pin(0);
	while (await_change(0) == 1)
		give(0);
	return arg;
}

/* A turn to another thread and back. */
static void run_futex(bench_t *b)
{
	pthread_t other;
	unsigned int i;

	need(!pthread_create(&other, NULL, answer, NULL), "pthread_create");
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			give(1);
			b->sum += await_change(1) + 1;
		}
	give(STOP);
	need(!pthread_join(other, NULL), "pthread_join");
}

static void *nothing(void *arg)
{
	return arg;
}

static void run_thread(bench_t *b)
{
	pthread_t other;
	unsigned int i;
	void *result;

	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			need(!pthread_create(&other, NULL, nothing, b), "pthread_create");
			need(!pthread_join(other, &result) && result == b, "pthread_join");
			b->sum++;
		}
}

static void caught(int number)
{
	(void)number;
	give(0);
}

static void *catch_signals(void *arg)
{
	sigset_t set;

	pin(0);
	sigemptyset(&set);
	give(0);
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != STOP)
		sigsuspend(&set); /* blocked outside of it: none is lost */
	return arg;
}

/* A signal to another thread, whose handler gives the turn back. */
static void run_thread_signal(bench_t *b)
{
	struct sigaction action = { .sa_handler = caught };
	pthread_t other;
	unsigned int i;
	sigset_t set;

	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	need(!sigaction(SIGUSR1, &action, NULL) && !pthread_sigmask(SIG_BLOCK, &set, NULL),
	     "sigaction");
	turn = 1;
	need(!pthread_create(&other, NULL, catch_signals, NULL), "pthread_create");
	await_change(1);
	while (batch(b))
		for (i = 0; i < b->ops; i++) {
			__atomic_store_n(&turn, 1, __ATOMIC_RELEASE);
			need(!pthread_kill(other, SIGUSR1), "pthread_kill");
			b->sum += await_change(1) + 1;
		}
}

static void run_clock(bench_t *b)
{
	struct timespec now, last = { 0, 0 };
	unsigned int i;

	while (batch(b)) {
		for (i = 0; i < b->ops; i++)
			b->sum += clock_gettime(CLOCK_MONOTONIC, &now) == 0;
		need(now.tv_sec > last.tv_sec || now.tv_nsec > last.tv_nsec, "the clock goes on");
		last = now;
	}
}

const row_t rows_thread[] = {
	{ "futex", run_futex, 500, 1 },
	{ "thread", run_thread, 50, 1 },
	{ "thread-signal", run_thread_signal, 200, 1 },
	{ "vdso-clock", run_clock, 1000, 1 },
	{ NULL, NULL, 0, 0 },
};
