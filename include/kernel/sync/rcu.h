/*
 * Read-copy-update, preemptible: a reader may be preempted but not block. call_rcu's function runs
 * in softirq context after every reader that could hold the object has left.
 */
#ifndef KERNEL_SYNC_RCU_H
#define KERNEL_SYNC_RCU_H

#include <kernel/atomic.h>

typedef struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
	u64 hash; /* of func: kernel/cfi.h */
} rcu_head_t;

void rcu_read_lock(void);
void rcu_read_unlock(void);
void call_rcu(rcu_head_t *head, void (*func)(rcu_head_t *head)); /* any context */
void synchronize_rcu(void);					 /* may sleep */
void rcu_barrier(void); /* may sleep: until all callbacks queued before have run */

/*
 * Called by the scheduler, interrupts off: current leaves the CPU; the CPU begins and ends to idle;
 * a tick.
 */
void rcu_note_switch(void);
void rcu_idle_enter(void);
void rcu_idle_exit(void);
void rcu_tick(void);
bool rcu_cpu_needs_tick(void); /* this CPU has callbacks under way */
void rcu_init(void);	       /* boot */
void rcu_init_cpu(void);       /* each CPU, before it reads anything under RCU */

#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_CONSUME)
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)

#endif
