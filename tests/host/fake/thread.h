/*
 * Threads of the fake machine: nothing switches them.
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
