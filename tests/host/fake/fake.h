/*
 * The fake machine, as tests handle it. Everything that fake/ defines for the kernel is weak: a
 * test that links the real thing gets the real thing.
 */
#ifndef FAKE_FAKE_H
#define FAKE_FAKE_H

#include <setjmp.h>

#include <kernel/types.h>

void fake_cpus(u32 count); /* CPUs 0..count-1 exist from now on; this is CPU 0 */
void fake_become_cpu(u32 cpu);
/*
 * Runs fn(arg) on CPUs 0..count-1 truly at once, and waits. Random numbers are not for use in it.
 */
void fake_run_on_cpus(u32 count, void (*fn)(void *arg), void *arg);

/*
 * Physical memory of `size` bytes from address 0, seen through the direct map; zeroed. Again:
 * starts anew.
 */
void fake_memory(u64 size);

extern s64 fake_time;	   /* arch_clock_read */
extern s64 fake_timer[64]; /* what arch_timer_arm was last told on each CPU, NSEC_MAX after stop */
extern bool fake_verbose;  /* printk goes to stderr (also by HOST_VERBOSE in the environment) */
extern char fake_last_line[512]; /* the last printk */

/* RCU of fake/locks.c: no reader is left anywhere, what call_rcu was told runs now. */
void fake_grace_period(void);
bool fake_rcu_reading(void);

/* Allocations (kmalloc and the like of fake/kmalloc.c) fail when this reaches 0; -1: never. */
extern long fake_allocations_left;
extern long fake_allocations; /* under way */

/* The statement must panic with a text that holds `text`. Locks that it took stay taken. */
extern jmp_buf *fake_panic_jump;
extern char fake_panic_text[512];
#define assert_panics(text, statement)                                                             \
	do {                                                                                       \
		jmp_buf _jump;                                                                     \
		if (setjmp(_jump) == 0) {                                                          \
			fake_panic_jump = &_jump;                                                  \
			statement;                                                                 \
			fake_panic_jump = NULL;                                                    \
			fail_msg("no panic: %s", #statement);                                      \
		}                                                                                  \
		fake_panic_jump = NULL;                                                            \
		if (!strstr(fake_panic_text, text))                                                \
			fail_msg("panic \"%s\"", fake_panic_text);                                 \
	} while (0)

#endif
