/*
 * The scheduler's entry points: CORE's seven-level MLFQ with per-CPU queues (kernel/sched/ holds
 * the theory). wake_up_thread may be called anywhere; schedule only where sleeping is allowed.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <arch/cpu.h>
#include <kernel/lib/list.h>
#include <kernel/lib/latency.h>

struct thread;
struct process;

#define SCHED_LEVELS 7
#define NICE_MIN (-20)
#define NICE_MAX 19
#define RT_PRIO_MAX 99

/* Linux's numbers (uapi/sched.h); SCHED_IDLE is level 6, SCHED_BATCH level 5. */
#define SCHED_NORMAL 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5
#define SCHED_RESET_ON_FORK 0x40000000

/* Scheduling part of a thread; key: run-queue lock of thread's CPU unless noted. */
typedef struct sched_entity {
	list_t run_link;
	u8 level;      /* queue it stands in (effective) */
	u8 base_level; /* where nice and policy start it */
	u8 policy;     /* SCHED_* */
	s8 nice;
	u8 rt_priority;	 /* 1..99 for FIFO and RR */
	u8 inherited_rt; /* of those who wait for what it holds; 0: none (sched_set_inherited) */
	u8 effective_rt; /* the greater of both; changed only in sched_set_effective */
	bool queued;
	bool active; /* runnable for the run queue: running, queued, or on the way to another CPU */
	bool migrating; /* leaves this CPU for good when it is switched away */
	bool on_cpu;	/* atomic: runs, or is still on its old CPU's stack */
	bool reset_on_fork;
	u16 user_share; /* part of its time that the timer found it in user mode, of 256 */
	u32 cpu;	/* CPU whose queue it is on or last ran on */
	u32 last_cpu;	/* where it last ran */
	nsec_t slice_left;
	nsec_t exec_start; /* up to when its running time is charged */
	nsec_t runtime;	   /* total CPU time */
	nsec_t waited;	   /* total time in queues, runnable */
	nsec_t queued_since;
	u64 stolen;	   /* times that a CPU with less to do took it */
	nsec_t level_used; /* CPU time at this level since it got there or last slept that long */
	nsec_t reported_user, reported_system; /* (o) what CPU timers were told */
	u64 boost_epoch;
	cpu_set_t affinity;
} sched_entity_t;

void sched_init(void); /* boot CPU, after percpu_load; makes init_thread current */
void sched_init_cpu(struct thread *idle); /* a further CPU, on itself: its own idle thread */
void sched_idle_loop(void) __noreturn;	  /* the caller becomes its CPU's idle thread */
void sched_wait_boot_thread(void);	  /* sleeps until the boot thread has entered that loop */
void schedule(void);			  /* gives the CPU away according to current's state */
void yield(void);
void wake_up_process(struct process *proc);	   /* all sleeping threads of it */
bool wake_up_thread(struct thread *t, u32 states); /* false when it was in none of these states */
/* Waits until t has left its CPU in one of these states; false when it is not in one (any more). */
bool sched_wait_inactive(struct thread *t, u32 states);
void sched_start_thread(struct thread *t); /* a THREAD_NEW thread becomes runnable */
void sched_fork(struct thread *child, struct thread *parent); /* initial parameters */
void sched_exit_thread(void) __noreturn; /* current ends: ZOMBIE, switches away for good */
void sched_tick(void);			 /* what timer_arm_local waited for; interrupts off */

/* Policy and limits. Errors: -EINVAL for bad values; permissions are the caller's. */
int sched_set_policy(struct thread *t, int policy, int rt_priority, bool reset_on_fork);
int sched_set_nice(struct thread *t, int nice);
/* How late a timer of t's may be, in ns: 0 is what it began with; none for one with a real-time policy. */
void sched_set_slack(struct thread *t, u64 ns);
/*
 * Priority inheritance: t runs with at least this real-time priority, without slices unless its own
 * policy is SCHED_RR. 0: with its own alone. The caller orders calls for one thread.
 */
void sched_set_inherited(struct thread *t, u8 rt_priority);
int sched_set_affinity(struct thread *t, const cpu_set_t *set); /* -EINVAL: no online CPU in it */
nsec_t sched_rr_interval(struct thread *t);
/* sysctl kernel.sched_rt_*: of each period real-time threads have so much at most, -1: all. 0, -EINVAL. */
extern int sched_rt_period_us, sched_rt_runtime_us;
int sched_set_rt_period(u64 us);
int sched_set_rt_runtime(u64 us);

nsec_t sched_thread_waited(struct thread *t);	 /* runnable, for a CPU */
nsec_t sched_slept(struct thread *t, u32 state); /* how long it is in that state; 0: it is not */
nsec_t sched_thread_runtime(struct thread *t);	 /* up to now, also when running */
/* User and system time up to now, their sum being the precise runtime. */
void sched_thread_times(struct thread *t, nsec_t *user, nsec_t *system);
void sched_account_user(bool user); /* the timer interrupt sampled this mode */
void set_current_state(u32 state);  /* with a full barrier */
#ifdef CONFIG_DEBUG
void sched_provoke(
	void); /* preempts the running thread at the next occasion: the lock checker's fuzzer */
bool sched_is_running(void); /* threads have been switched */
#endif

/* System-wide figures. */
void sched_loadavg(u64 out[3]); /* fixed point, 1 << 11 as Linux's getloadavg files */
u64 sched_context_switches(void);
void sched_measure_switches(bool on);
void sched_switch_latency(latency_t *out); /* of what was measured, on all CPUs */
u32 sched_nr_running(void);
typedef struct cpu_times {
	nsec_t user, nice, system, idle, iowait, irq, softirq, steal;
} cpu_times_t;
void sched_cpu_times(u32 cpu, cpu_times_t *out);
/* Is the address in the scheduler or a primitive that sleeps for others? (linker.ld) */
bool sched_text_contains(unsigned long addr);
void sched_print_all(void); /* SysRq and panic: threads by CPU */

#endif
