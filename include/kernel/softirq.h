/*
 * Deferred work. Softirqs: fixed kinds, run on the CPU that raised them after the interrupt,
 * interrupts on. Work items run in a worker thread and may sleep.
 */
#ifndef KERNEL_SOFTIRQ_H
#define KERNEL_SOFTIRQ_H

#include <kernel/compiler.h>
#include <kernel/lib/list.h>

typedef enum softirq_type {
	SOFTIRQ_TIMER,
	SOFTIRQ_RCU,
	SOFTIRQ_LOG,
	SOFTIRQ_SCHED,
	SOFTIRQ_NET_TX,
	SOFTIRQ_NET_RX,
	SOFTIRQ_BLOCK,
	SOFTIRQ_SCREEN,
	SOFTIRQ_COUNT,
} softirq_type_t;

void softirq_register(softirq_type_t type, void (*handler)(void)); /* boot only */
void schedule_softirq(softirq_type_t type);			   /* any context */
/* Likewise, but it has time: until the end of the next interrupt, which is a tick away at most. */
void schedule_softirq_later(softirq_type_t type);
void local_bh_disable(void);
void local_bh_enable(void); /* runs what is pending */
void do_softirq(void);
bool softirq_pending(void);
u64 softirq_count(u32 cpu, softirq_type_t type); /* how often it ran */

struct work;
typedef void (*work_function_t)(struct work *work);
typedef struct work {
	list_t link;		  /* queue's lock */
	work_function_t function; /* see kernel/cfi.h */
	u64 hash;
	bool pending; /* atomic */
} work_t;
void work_init(work_t *work, work_function_t function);
bool schedule_work(work_t *work); /* false when already pending; any context */
void flush_work(work_t *work);	  /* waits until it is neither pending nor running; may sleep */
void workqueue_init(void);

/* A kernel thread; starts at once. fn may end by returning. */
struct thread;
struct thread *kthread_create(const char *name, void (*fn)(void *), void *arg); /* or ERR_PTR */

#endif
