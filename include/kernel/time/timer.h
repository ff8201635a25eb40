/*
 * Timers: a function called once at an absolute monotonic time, on the CPU where it was armed, from
 * the local timer's softirq (TIMER_HARDIRQ: from the interrupt itself). Ordered in a per-CPU tree:
 * arming costs O(log n). The timer may re-arm itself; del_timer waits for a running function on
 * another CPU.
 */
#ifndef KERNEL_TIME_TIMER_H
#define KERNEL_TIME_TIMER_H

#include <kernel/compiler.h>
#include <kernel/lib/rbtree.h>

struct timer;
typedef void (*timer_function_t)(struct timer *timer, void *data);

typedef struct timer {
	rb_node_t node;		   /* base lock of `cpu` */
	nsec_t expires;		   /* absolute monotonic */
	timer_function_t function; /* checked against `hash` before each call */
	u64 hash;
	void *data;
	u32 cpu;
	u32 flags;
	bool queued; /* base lock */
} timer_t;
#define TIMER_HARDIRQ 1

void timer_init(timer_t *timer, timer_function_t function, void *data);
void timer_init_flags(timer_t *timer, timer_function_t function, void *data, u32 flags);
int add_timer(timer_t *timer, uint64_t expires); /* 0, or -EBUSY when pending */
int del_timer(timer_t *timer);	   /* 1 if it was pending, 0 if not; never runs afterwards */
int try_del_timer(timer_t *timer); /* does not wait: -EAGAIN when the function is running */
int mod_timer(timer_t *timer,
	      uint64_t expires); /* arms whether pending or not; 1 if it was pending */
/*
 * Copies of pending timers of a CPU, by their times, without the first `from`: how many. data is where each is, not its
 * own; others come and go between two calls.
 */
u32 timers_on(u32 cpu, bool hardirq, u32 from, timer_t *out, u32 max);
bool timer_pending(const timer_t *timer);
/*
 * The scheduler's next tick on this CPU (NSEC_MAX: none): sched_tick is called then. Interrupts
 * off.
 */
void timer_arm_local(nsec_t when);
void timer_boot_init(void); /* time_init's */

#endif
