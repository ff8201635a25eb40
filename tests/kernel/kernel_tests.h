/*
 * Tests inside a booted debug kernel: `ktest=all`, or `ktest=NAME,NAME...`. Each is a function,
 * listed in runner.c. It starts threads with kt_start, which run until kt_stopping() and then
 * return, and ends them with kt_end. kt_check reports a failure and goes on, so it may stand in any
 * thread.
 */
#ifndef KERNEL_TESTS_H
#define KERNEL_TESTS_H

#include <kernel/compiler.h>

#define KT_THREADS 24 /* of one kt_start at most */

typedef void (*kt_thread_t)(u32 number);
void kt_start(const char *name, kt_thread_t fn, u32 count); /* numbers from 0 */
void kt_end(u32 milliseconds); /* lets them run so long, then waits for all to have returned */
bool kt_stopping(void);
u64 kt_random(void); /* of the running thread */
bool kt_check_failed(const char *what, const char *file, int line);
#define kt_check(cond) ((void)(likely(cond) || kt_check_failed(#cond, __FILE__, __LINE__)))

void kt_mutex(void), kt_rwsem(void), kt_spinlock(void), kt_semaphore(void), kt_completion(void);
void kt_rcu(void), kt_rcu_stalled_reader(void), kt_rcu_prodded_idlers(void);
void kt_timers(void), kt_sleep(void), kt_work(void), kt_softirq(void);
void kt_migrate(void), kt_parameters(void), kt_shares(void), kt_realtime(void), kt_wake_storm(void);

/* Bugs on purpose: each must end in the panic that the name says. */
void plant_order(void), plant_recursion(void), plant_sleep(void), plant_sleep_rcu(void);
void plant_interrupt(void), plant_inversion(void), plant_release(void), plant_code_pointer(void);
void plant_spin(void), plant_hung(void), plant_null(void), plant_stack(void), plant_shift(void);
void plant_smashed_frame(void);

/* Attacks: each must end in a panic. */
void plant_write_text(void), plant_write_table(void), plant_write_alias(void), plant_run_data(void),
	plant_run_heap(void), plant_run_stack(void), plant_run_alias(void), plant_user_read(void),
	plant_user_write(void), plant_user_jump(void), plant_rcu_callback(void),
	plant_wait_callback(void), plant_work(void);
void kt_mappings(void), kt_addresses(void);

#endif
