/*
 * Threads of the fake machine: a ucontext each where a test switches threads (fake/switch.c), else
 * nothing.
 */
#ifndef FAKE_THREAD_H
#define FAKE_THREAD_H

#include <kernel/types.h>

typedef struct trap_frame {
	u64 ip, sp, number, result;
	bool user;
} trap_frame_t;

typedef struct arch_thread {
	void *context;
	void (*fn)(void *arg);
	void *arg;
} arch_thread_t;

#endif
