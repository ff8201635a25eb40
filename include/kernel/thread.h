/*
 * thread_t: what the scheduler runs. A process has one or more; kernel threads belong to process 0.
 *
 *	     sched_start_thread          wake_up_thread
 *	  NEW ----------------> RUNNING <---------------- sleeping states, STOPPED, TRACED
 *	                          | prepare_to_wait+schedule ^
 *	                          +-----------------------------------+
 *	                          | exit_thread -> ZOMBIE -> (switched away, last reference) DEAD
 *
 * Field keys: (o) only the thread itself; (r) run-queue lock of its CPU; (s) process->sig_lock;
 * (p) process_tree_lock; (c) constant after creation; (a) atomic; (R) RCU.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <arch/thread.h>
#include <kernel/atomic.h>
#include <kernel/dispatch.h>
#include <kernel/lib/rbtree.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/sync/rcu.h>

struct process;
struct vm_space;
struct files;
struct fs_context;
struct cred;

/* States; a wake-up names the mask of states that it ends. */
#define THREAD_RUNNING 0u
#define THREAD_INTERRUPTIBLE 1u
#define THREAD_UNINTERRUPTIBLE 2u
#define THREAD_KILLABLE 4u /* only fatal signals end it */
#define THREAD_STOPPED 8u
#define THREAD_TRACED 16u
#define THREAD_ZOMBIE 32u /* exited, not yet switched away for good */
#define THREAD_DEAD 64u
#define THREAD_NEW 128u
#define THREAD_SLEEPING (THREAD_INTERRUPTIBLE | THREAD_UNINTERRUPTIBLE | THREAD_KILLABLE)

/* thread->flags, atomic: work before user mode. */
#define TF_SIGPENDING 0x1u    /* look at signals */
#define TF_NEED_RESCHED 0x2u  /* mirror of the per-CPU flag for the exit test */
#define TF_NOTIFY 0x4u	      /* deferred work of the thread itself (task work) */
#define TF_TRACE 0x8u	      /* system calls take the slow path: ptrace, seccomp, audit */
#define TF_RESTORE_FPU 0x10u  /* extended state must be loaded */
#define TF_FULL_RETURN 0x20u  /* the frame was rewritten: return by IRETQ */
#define TF_RESTORE_MASK 0x40u /* saved_mask is to be put back after delivery */
#define TF_MEASURE 0x80u      /* system calls take the slow path, which measures them */
#define TF_RSEQ 0x100u	      /* was off the CPU: kernel/rseq.h */
#define TF_DISPATCH 0x200u    /* system calls take the slow path: kernel/dispatch.h */
#define TF_WORK_MASK                                                                               \
	(TF_SIGPENDING | TF_NEED_RESCHED | TF_NOTIFY | TF_RESTORE_FPU | TF_FULL_RETURN |           \
	 TF_RESTORE_MASK | TF_RSEQ)

#define THREAD_NAME_LEN 16

/* thread->job_ctl */
#define JOB_STOP_PENDING 0x1u /* is to stop for the group stop under way */
#define JOB_STOP_COUNTED 0x2u /* and is counted in process->stop_count */
#define JOB_STOP_TAKEN 0x4u   /* took a stop signal off the queue; SIGCONT clears it */
#define JOB_STOPPED 0x8u      /* sleeps in THREAD_STOPPED */
#define JOB_STOP_MASK (JOB_STOP_PENDING | JOB_STOP_COUNTED | JOB_STOP_TAKEN | JOB_STOPPED)
#define JOB_TRAP_STOP 0x10u   /* is to trap for its tracer (kernel/proc/trace.c) */
#define JOB_TRAP_NOTIFY 0x20u /* its group stop or continued: the tracer is to be told */
#define JOB_LISTENING 0x40u   /* PTRACE_LISTEN: trapped, but not for the tracer to resume */
#define JOB_TRAPPING 0x80u    /* goes from stopped to trapped: PTRACE_ATTACH waits for it */
#define JOB_TRAP_MASK (JOB_TRAP_STOP | JOB_TRAP_NOTIFY)

/* thread->trace: PTRACE_O_* of uapi/ptrace.h, and */
#define TRACE_ATTACHED 0x80000000u /* has a tracer */
#define TRACE_SEIZED 0x40000000u   /* by PTRACE_SEIZE, which has its own rules */
#define TRACE_SYSCALLS 0x20000000u /* stops at system calls */
#define TRACE_EMULATE 0x10000000u  /* stops at their entry and does not make them */
#define TRACE_STEP 0x08000000u	   /* one instruction at a time */
#define TRACE_MODES (TRACE_SYSCALLS | TRACE_EMULATE | TRACE_STEP)

/*
 * Work that a thread does itself before it next goes to user mode, or at its exit, with no locks
 * held: the last put of a file, for one. In the order in which it was added.
 */
typedef struct thread_work {
	struct thread_work *next;
	void (*function)(struct thread_work *work);
	u64 hash; /* of function: kernel/cfi.h; thread_work_init */
} thread_work_t;

/* How an interrupted call goes on: function called by restart_syscall(2) with its saved state. */
typedef struct restart_block {
	long (*function)(struct restart_block *rb);
	u64 hash; /* of function: kernel/cfi.h; restart_set */
	u64 args[6];
	nsec_t deadline; /* absolute, of the clock in args */
} restart_block_t;

void restart_set(restart_block_t *rb, long (*function)(restart_block_t *rb));

typedef struct thread {
	/* first lines: switch and entry */
	arch_thread_t arch;
	void *stack;		       /* (c) lowest address of the kernel stack */
	u32 flags;		       /* (a) TF_* */
	u32 state;		       /* (a) THREAD_* */
	u32 saved_preempt_count;       /* (o) while off-CPU */
	u32 pagefault_disabled;	       /* (o) depth */
	struct vm_space *space;	       /* (o) NULL for kernel threads */
	struct rseq __user *rseq;      /* (o) rseq(2)'s area, or NULL */
	struct vm_area *found_area;    /* (o) in space; valid while found_seq is its seq */
	u64 found_seq;		       /* (o) */
	struct vm_space *active_space; /* (r) what the CPU has loaded while this runs */
	sched_entity_t sched;	       /* (r) */
	int rcu_nesting;	       /* (o) */
	list_t rcu_blocked;	       /* rcu's */
	void *rcu_node;		       /* rcu's; non-NULL when preempted inside a read section */

	refcount_t refs;
	rcu_head_t rcu;
	struct process *process;    /* (c) */
	list_t process_link;	    /* (s) process->threads */
	pid_t tid;		    /* (c) in the initial pid namespace */
	struct pid *pid;	    /* (c) own reference */
	char name[THREAD_NAME_LEN]; /* (o) written, read racily */
	char self_text[28];	    /* (o) what /proc/thread-self points to, once it looked */

	/* signals */
	sigset_t blocked;    /* (o) written under (s) */
	sigset_t saved_mask; /* (o) with TF_RESTORE_MASK */
	sigset_t
		awaited; /* (s) blocked but for rt_sigtimedwait under way: kept even when ignored */
	signal_queue_t pending;	   /* (s) */
	unsigned long altstack_sp; /* (o) */
	size_t altstack_size;
	u32 altstack_flags;
	u32 job_ctl;		 /* (s) stop and trap state of kernel/proc */
	int job_signal;		 /* (s) that began the last group stop */
	restart_block_t restart; /* (o) */
	bool exiting;		 /* (s) takes no more signals */
	bool exited;		 /* (p) only its number and usage are left */

	/* tracing (kernel/proc/trace.c); "both": changed under (p) and (s), read under either */
	struct thread *tracer; /* both; no reference: a tracer lets go at its end */
	u32 trace;	       /* both but for modes, which are (s): TRACE_*; 0: nobody traces it */
	list_t traced_link;    /* (p) tracer->traced */
	list_t traced;	       /* (p) the threads that this one traces */
	int stop_code; /* (s) of its trap, as wait reports it; the signal to go on with; its end */
	siginfo_t *stop_info; /* (s) while it is trapped: on its stack */
	u64 trace_message;    /* (s) what PTRACE_GETEVENTMSG tells */
	bool exit_claimed;    /* (a) a waiter takes its end */

	/* what it works with */
	struct cred *cred;	      /* (R) changed only by itself */
	struct files *files;	      /* (o) pointer; others take process->sig_lock to follow it */
	struct fs_context *fs;	      /* likewise */
	u32 alloc_context;	      /* (o) no-IO, no-FS sections */
	struct mem_policy *mempolicy; /* (o) own reference, or NULL: policy_replace_current */
	struct mem_policy *fault_policy;      /* (o) of the area that it faults in, whose it is */
	u64 fault_index;		      /* (o) with it: the page's place */
	u32 interleave_next;		      /* (o) */
	u64 timer_slack_ns, default_slack_ns; /* (a) prctl(2), PR_SET_TIMERSLACK */
	u16 ioprio;			      /* kernel/proc/ioprio.c; 0: as its nice value says */
	bool ioprio_chosen;		      /* likewise */
	struct io_share *io_share;	      /* likewise: of it and others, instead of ioprio */
	bool made_segments;		      /* (o) of shared memory: ipc/sysv/shm.c */
	struct sem_undo_list *sem_undo; /* (o) ipc/sysv; NULL: none yet; read racily by kcmp */

	/* libc */
	int __user *clear_child_tid; /* (o) */
	int __user *set_child_tid; /* (o) where a new thread stores its tid first of all; or NULL */
	void __user *robust_list;  /* (o) */
	size_t robust_list_size;
	u32 rseq_signature;	     /* (o) */
	syscall_dispatch_t dispatch; /* (o) with TF_DISPATCH */

	/* priority-inheriting futexes, by pi_lock of ipc/futex/pi.c */
	list_t pi_owned;		 /* those it holds that others wait for */
	struct futex_waiter *pi_waiting; /* as what it waits for one; on its stack */
	bool pi_closed;			 /* it ends: nobody waits for what it holds any more */

	/* vfork and kthread hand-over */
	struct completion *vfork_done; /* (s) set by the parent before start; on its stack */
	void (*kthread_fn)(void *);
	u64 kthread_hash; /* of kthread_fn: kernel/cfi.h */
	void *kthread_arg;

	/* accounting, written by the scheduler and by itself */
	nsec_t user_time, system_time, start_time;
	u64 voluntary_switches, involuntary_switches;
	u64 minor_faults, major_faults;
	nsec_t realtime_used; /* (o) CPU time since the latest sleep, under a real-time policy: RLIMIT_RTTIME */
	u64 realtime_sleeps;	    /* (o) voluntary_switches then */
	unsigned long wait_channel; /* (o) address that sleeps, for wchan */

	/* blocked on: for priority inheritance and the hung-task detector */
	struct mutex *blocked_on;
	nsec_t sleep_start;
	struct perf_context
		*perf; /* what measures it, or NULL: set once; kernel/trace/perf_count.c */
	u32 perf_cpu;  /* (o) where that last saw it */
	u32 mce_kill; /* (o) prctl(2), PR_MCE_KILL: 0 as the machine does, else 1 + what was asked for */
	/* task work: run by itself before user mode */
	struct thread_work *works; /* (a) */
	nsec_t waited_before;	   /* (a) what /proc/PID/sched no longer counts */
#if defined(CONFIG_DEBUG)
	struct {
		void *dep;
		unsigned long ip;
		u32 flags;
	} held_locks[32]; /* lock checker's */
	u32 held_count;
#endif
} thread_t;

DECLARE_PERCPU(thread_t *, current_thread);
static inline thread_t *current(void)
{
	return this_cpu_read_stable(current_thread);
}

static inline void thread_set_flag(thread_t *t, u32 f)
{
	__atomic_fetch_or(&t->flags, f, __ATOMIC_SEQ_CST);
}
static inline void thread_clear_flag(thread_t *t, u32 f)
{
	__atomic_fetch_and(&t->flags, ~f, __ATOMIC_SEQ_CST);
}
static inline bool thread_test_flag(const thread_t *t, u32 f)
{
	return READ_ONCE(t->flags) & f;
}

/*
 * False when the thread has already run its last work: the caller must do it otherwise. Any
 * context.
 */
bool thread_work_add(thread_t *t, thread_work_t *work);
void thread_work_init(thread_work_t *work, void (*function)(thread_work_t *work));
void thread_work_run(void); /* current's; may sleep */

void thread_get(thread_t *t);
void thread_put(thread_t *t);	  /* the last one frees stack and structure after a grace period */
bool signal_pending(thread_t *t); /* any deliverable signal */
bool fatal_signal_pending(thread_t *t);
/* True when a sleep in `state` must end because of a signal. */
bool signal_pending_state(u32 state, thread_t *t);

/*
 * A further CPU's idle thread, not started: for sched_init_cpu. Boot only; panics without memory.
 */
thread_t *thread_create_idle(u32 cpu);

extern thread_t init_thread; /* the boot CPU's first thread, later its idle thread */

#endif
