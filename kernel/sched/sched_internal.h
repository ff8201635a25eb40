/*
 * Run queues, shared by the files of kernel/sched.
 */
#ifndef KERNEL_SCHED_INTERNAL_H
#define KERNEL_SCHED_INTERNAL_H

#include <kernel/sync/spinlock.h>
#include <kernel/thread.h>

#define LEVEL_REALTIME 0
#define LEVEL_HIGH 1
#define LEVEL_NORMAL 2
#define LEVEL_LOW 4
#define LEVEL_BATCH 5
#define LEVEL_IDLE 6

/* A power of two, so that an epoch's number is a shift: 537 ms. */
#define BOOST_SHIFT 29
/* Level 1 keeps those below waiting at most so long, real-time threads keep all others. */
#define HIGH_LIMIT (50 * NSEC_PER_MSEC)
extern nsec_t realtime_limit, realtime_pause; /* sysctl kernel.sched_rt_*; queue.c */
/* A busy CPU samples this often: user or system mode, RCU, balance, CPU timers. */
#define SAMPLE_PERIOD (10 * NSEC_PER_MSEC)

typedef struct run_queue {
	spinlock_t lock; /* interrupts off */
	/* all by lock, read racily by placement and figures */
	u32 cpu;
	u32 nr_queued;
	u32 levels;		    /* bit: that level's list has threads */
	u32 current_level;	    /* what a waking thread must beat to preempt */
	list_t level[SCHED_LEVELS]; /* [0]: by real-time priority, highest first */
	u64 epoch;		    /* of the last boost */
	nsec_t low_since;	    /* levels below 1 wait since then, if they do */
	nsec_t normal_since;	    /* levels below 0, likewise */
	nsec_t normal_until;	    /* they go before level 0, which has had its time */
	thread_t *current, *idle;   /* idle NULL: not yet, the boot thread runs */
	bool yielding;		    /* current goes behind its like */
	nsec_t next_sample, next_balance;
	s32 uninterruptible; /* sleeping so here less woken here: only the sum of all means something */
	u64 switches;
	nsec_t switch_start;
	latency_t switch_latency; /* while sched_measure_switches is on */
	cpu_times_t times;
	u64 irq_seen, softirq_seen; /* interrupt cycles that are accounted */
	nsec_t asked_since; /* lock-up detector: need_resched seen set by ticks since then */
} __cacheline_aligned run_queue_t;

DECLARE_PERCPU(run_queue_t, run_queue);
static inline run_queue_t *cpu_rq(u32 cpu)
{
	return per_cpu_ptr(&run_queue, cpu);
}
static inline run_queue_t *this_rq(void)
{
	return this_cpu_ptr(&run_queue);
}

extern cpu_set_t sched_cpus;	  /* atomic: CPUs that have a working run queue */
extern cpu_set_t sched_idle_cpus; /* atomic: of these, the ones with nothing to do */

/* queue.c: the queues of one CPU; rq->lock held, no other state touched */
void rq_init(run_queue_t *rq, u32 cpu);
void rq_enqueue(run_queue_t *rq, thread_t *t, bool head, nsec_t now);
void rq_dequeue(run_queue_t *rq, thread_t *t);
thread_t *rq_pick(run_queue_t *rq, nsec_t now); /* dequeued, or NULL */
void rq_boost(run_queue_t *rq, nsec_t now);	/* when a new epoch began */
bool rq_preempts(const run_queue_t *rq, const thread_t *t);
void level_charge(thread_t *t, nsec_t used); /* ran */
bool level_expire(thread_t *t); /* true: its slice was over, it has sunk or has a new one */
void level_woken(thread_t *t, nsec_t slept); /* rises when it slept enough */
nsec_t level_slice(const thread_t *t);	     /* at its level */
/* False: it runs until it sleeps. An inherited priority is as SCHED_FIFO's. */
static inline bool has_slice(const thread_t *t)
{
	return t->sched.policy != SCHED_FIFO &&
	       (t->sched.policy == SCHED_RR || !t->sched.effective_rt);
}
/* The one place where policy, nice and inheritance become a level; not while queued. */
void sched_set_effective(thread_t *t);

/* core.c */
run_queue_t *thread_rq_lock(thread_t *t, unsigned long *flags) __acquires(rq);
void resched_current(run_queue_t *rq);	    /* lock held */
void preempt_from_interrupt(void);	    /* interrupts off */
void arm_tick(run_queue_t *rq, nsec_t now); /* this CPU; lock held */

/* wake.c */
u32 select_cpu(const thread_t *t);
void rq_activate(run_queue_t *rq, thread_t *t,
		 nsec_t now); /* lock held: a thread becomes runnable here */
/*
 * Puts a runnable thread that is on no queue where it belongs. Enters with the lock of t's queue,
 * leaves without.
 */
void place_thread(run_queue_t *rq, thread_t *t, nsec_t now) __releases(rq);

/* balance.c */
bool steal_thread(run_queue_t *rq, u32 excess,
		  nsec_t now);	     /* lock held: queues one from a longer queue */
void kick_idle_cpu(run_queue_t *rq); /* lock held: threads wait here while others idle */

/* account.c: rq->lock held */
void charge_current(run_queue_t *rq, nsec_t now);

/* softirq.c */
DECLARE_PERCPU(u64, irq_cycles);
DECLARE_PERCPU(u64, softirq_cycles);
DECLARE_PERCPU(bool, cpu_is_idle); /* RCU counts this CPU as quiescent */

void load_init(void); /* load.c */

#ifdef CONFIG_DEBUG
void watch_tick(run_queue_t *rq, nsec_t now); /* watch.c: lock held */
#else
static inline void watch_tick(run_queue_t *rq, nsec_t now)
{
}
#endif

#endif
