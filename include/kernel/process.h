/*
 * process_t: owner of resources. struct pid: a number that outlives nothing and is referenced by
 * what must remember a process, group or session after its end.
 *
 * Field keys: (t) process_tree_lock, an rwlock taken with interrupts off; (s) own sig_lock
 * (spinlock, interrupts off); (c) constant; (a) atomic; (R) RCU. Lock order: process_tree_lock >
 * sig_lock > run queue. files and fs locks never nest inside these.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include <kernel/cred.h>
#include <kernel/sync/mutex.h>
#include <kernel/sync/wait.h>
#include <kernel/thread.h>
#include <kernel/time/timer.h>
#include <uapi/resource.h>

typedef enum pid_type { PID_THREAD, PID_PROCESS, PID_GROUP, PID_SESSION, PID_TYPES } pid_type_t;

typedef struct pid {
	refcount_t refs;
	pid_t nr;		   /* (c) in the initial namespace */
	struct thread *thread;	   /* (R) the thread of this tid */
	struct process *process;   /* (R) the process of this pid */
	list_t members[PID_TYPES]; /* (t) group: process->group_link; session: session_link */
	wait_queue_head_t wait;	   /* pidfd polling */
	rcu_head_t rcu;
} pid_obj_t;

/* Shared action table (CLONE_SIGHAND). */
typedef struct sighand {
	refcount_t refs;
	spinlock_t lock; /* the process's sig_lock is this one's */
	k_sigaction_t action[64];
	wait_queue_head_t signalfd_wait; /* woken under `lock` */
	rcu_head_t rcu;
} sighand_t;

/* process->stop_flags */
#define STOP_STOPPED 0x1u	 /* every thread has stopped */
#define STOP_CONTINUED 0x2u	 /* continued since, for WCONTINUED */
#define STOP_NOTIFY_STOPPED 0x4u /* the parent is to be told, by the first thread that runs on */
#define STOP_NOTIFY_CONTINUED 0x8u

/* All namespaces of a process, through one proxy (architecture.md 9.9). */
struct mount_namespace;
struct uts_namespace;
struct pid_namespace;
struct ipc_namespace;
typedef struct namespaces {
	refcount_t refs;
	struct mount_namespace *mount;
	struct uts_namespace *uts;
	struct pid_namespace *pid;
	struct ipc_namespace *ipc;
} namespaces_t;
extern namespaces_t init_namespaces;

typedef enum process_state {
	PROCESS_RUNNING,
	PROCESS_STOPPED,
	PROCESS_ZOMBIE,
	PROCESS_DEAD,
} process_state_t;

/* process->dumpable: who may look into it, and whose its core file is (proc_sys_fs(5), suid_dumpable) */
#define DUMP_NONE 0u
#define DUMP_USER 1u
#define DUMP_ROOT 2u
extern int suid_dumpable; /* what it is after a change of credentials */

typedef struct process {
	refcount_t refs;
	rcu_head_t rcu;
	pid_t pid;			 /* (c) */
	char pid_text[12];		 /* (c) pid in digits: what /proc/self points to */
	struct pid *pid_obj;		 /* (c) */
	struct pid *group;		 /* (t) */
	struct pid *session;		 /* (t) */
	list_t group_link, session_link; /* (t) */
	list_t all_link;		 /* (t) written, RCU readable: all_processes */
	struct process *parent;		 /* (t)(R) who waits */
	list_t children, sibling;	 /* (t) */
	thread_t
		*parent_thread; /* (t) the parent's thread that counts as the maker; no reference */
	list_t threads;		/* (s) */
	thread_t *leader;	/* (c) until exec by another thread */
	u32 thread_count;	/* (s) living */
	process_state_t state;	/* (t) */
	int exit_signal;	/* (c) to the parent; 0 none */
	int exit_code;		/* (s) wait status */
	bool group_exit;	/* (s) all threads are to end with exit_code */
	thread_t *exec_thread;	/* (s) exec waits for the others to end */
	bool did_exec;		/* (t) setpgid's EACCES */
	mutex_t exec_guard;	/* held from looking at credentials and tracer to their change */
	bool is_subreaper, is_init, kernel;
	bool unkillable;	/* (s) init: signals without a handler do nothing to it */
	u8 dumpable;		/* DUMP_* */
	bool no_huge_pages;	/* prctl(2), PR_SET_THP_DISABLE */
	u32 core_filter;	/* CORE_* of uapi/core.h: one word */
	struct core_dump *core; /* (s) a core file is being written: kernel/proc/coredump.c */
	bool nproc_exceeded;	/* (o) a change of user went above RLIMIT_NPROC: execve refuses */
	u32 personality;	/* (o) personality(2) */
	u32 death_signal;	/* prctl PDEATHSIG */

	sighand_t *sighand;		 /* (c) but for exec */
	signal_queue_t pending;		 /* (s) shared queue */
	u32 stop_count;			 /* (s) threads yet to stop */
	int stop_signal;		 /* (s) why; 0 once waited for */
	u32 stop_flags;			 /* (s) report bits for wait: stopped, continued */
	wait_queue_head_t wait_children; /* threads in wait4 */
	wait_queue_head_t wait_exit;	 /* exec waits for siblings */

	struct vm_space *space; /* (s) pointer; the exit of the last thread drops it */
	namespaces_t *ns;	/* (s) */
	struct file *exe;	/* (s) executable, own reference */
	struct tty *tty;	/* (s) controlling terminal, own reference */
	/* (s) session leader's: the foreground group of its terminal that hung up; own reference */
	struct pid *hung_up_group;

	struct rlimit64 rlimits[RLIM_NLIMITS]; /* (s) written; read racily word by word */
	/* accounting of dead threads and waited-for children, (s) */
	nsec_t dead_user, dead_system, children_user, children_system;
	u64 dead_min_flt, dead_maj_flt, child_min_flt, child_maj_flt;
	u64 dead_nvcsw, dead_nivcsw, child_nvcsw, child_nivcsw;
	u64 max_rss, child_max_rss;
	u64 read_bytes, write_bytes, read_calls, write_calls; /* (a) relaxed */
	nsec_t start_time;
	int oom_score_adj, oom_score_adj_min; /* fs/procfs/pid_oom.c's mutex; read racily */
	bool oom_victim; /* the OOM killer chose it: its memory is on the way */
	/* interval timers: ITIMER_REAL by timer; VIRTUAL and PROF by accounting */
	timer_t real_timer;
	nsec_t real_interval;				  /* (s) */
	nsec_t cpu_timer_value[2], cpu_timer_interval[2]; /* (s) VIRTUAL, PROF: absolute CPU time */
	bool cpu_timers_armed;
	void *posix_timers; /* (s) list of kernel/proc/posix_timers.c */
	u32 membarriers;    /* (a) commands of membarrier(2) that were registered */
} process_t;

extern rwlock_t process_tree_lock;
extern list_t all_processes;	 /* (t), RCU readable */
extern process_t kernel_process; /* pid 0: owns kernel threads */
extern process_t *init_process;	 /* pid 1 */
extern u32 nr_threads;		 /* atomic: living threads */
void task_init(void);		 /* boot, first of all: fills kernel_process and init_thread */

/* spinlock that guards the process's (s) fields */
#define sig_lock(p) (&(p)->sighand->lock)
/* Locks sighand of a process that may be exiting: false when it is gone (nothing locked). */
bool process_lock_sighand(process_t *p, unsigned long *flags);
#define process_lock_sighand(p, flags)                                                             \
	__cond_lock((p)->sighand->lock, (process_lock_sighand)(p, flags))
void process_unlock_sighand(process_t *p, unsigned long flags) __releases(p->sighand->lock);

/*
 * Ids (kernel/task/pid.c). find_* need rcu_read_lock or process_tree_lock; the get forms take a
 * reference.
 */
process_t *find_process(pid_t pid);
thread_t *find_thread(pid_t tid);
process_t *process_get_by_pid(pid_t pid);
/*
 * The process of the lowest number at or above *nr, which is moved to it: referenced, or NULL past
 * the last.
 */
process_t *process_next(pid_t *nr);
thread_t *thread_next(pid_t *nr); /* likewise of threads, those of the kernel included */
thread_t *thread_get_by_tid(pid_t tid);
struct pid *pid_find_get(pid_t nr);
extern u64 last_pid;	  /* sysctl kernel.ns_last_pid */
pid_t pid_last(void);	  /* the number given out last */
int set_last_pid(u64 nr); /* numbers go on from there. 0, -EPERM, -EINVAL */
u64 pid_given(void);	  /* how many were, since boot */
struct pid *pid_get(struct pid *pid);
void pid_put(struct pid *pid);
void process_get(process_t *p);
void process_put(process_t *p);
static inline process_t *current_process(void)
{
	return current()->process;
}

/* API document (kernel/proc). create_process is the primitive under fork (true) and vfork/clone(CLONE_VM)
 * (false) for the running thread's process; the child's thread is started. pid or negative errno.
 * */
pid_t create_process(process_t *parent, bool copy_memory);
int terminate_process(process_t *proc, int exit_code); /* as by SIGKILL, with this wait status */
int wait_for_process(pid_t pid, int *status, int options);
void set_process_state(process_t *proc, process_state_t state);
int set_process_priority(process_t *proc, int priority); /* nice of all its threads */
int set_process_affinity(process_t *proc, uint64_t cpu_mask);
typedef struct resource_limit {
	u32 resource;
	struct rlimit64 value;
} resource_limit_t;
int set_process_limits(process_t *proc, resource_limit_t *limits);
void dump_process(process_t *proc);

u64 rlimit(u32 resource); /* soft limit of the running process */
/* status is the wait status: exit code << 8, or signal. */
void exit_group(int status) __noreturn;
void exit_thread(int status) __noreturn;

/* CPU time of all threads, dead ones included. */
void process_cpu_times(process_t *p, nsec_t *user, nsec_t *system);
/* The scheduler charged time to the running thread: looks after CPU timers. Any context. */
void proc_account_time(thread_t *t, nsec_t user, nsec_t system);
/* All threads are ending, and no other process shares the space, of which the caller is a user. */
bool process_memory_ends(process_t *p, const struct vm_space *s);
/* SIGALRM was taken off the process's queue: ITIMER_REAL goes on if it is periodic. sig_lock held. */
void process_alarm_taken(process_t *p);
/* After a change of cpu_timer_value or RLIMIT_CPU; sig_lock held. */
void process_update_cpu_timers(process_t *p);

/* Boot (kernel/proc/init.c): caches and ids; then process 1, which runs fn(arg) as a kernel thread until it
 * execs. Returns 0 or negative errno. */
void process_init(void);
int process_start_init(void (*fn)(void *), void *arg);
void vdso_init(void);		/* before the first program; after arch_init_late */
void process_sysctl_init(void); /* /proc/sys/kernel; after procfs_init */
/*
 * Replaces the running process's program. 0: go on with
 * arch_return_to_user(arch_user_frame(current())).
 */
int kernel_execve(const char *path, const char *const argv[], const char *const envp[]);

/* Sessions and groups (kernel/signal/session.c), used by terminals. */
bool pgrp_is_orphaned(struct pid *pgrp); /* process_tree_lock held */
void session_leader_hangup(
	process_t *leader); /* called at its exit; drivers/tty's via hook below */
extern void (*tty_describe_hook)(struct tty *tty, dev_t *dev,
				 pid_t *group);		 /* for /proc/PID/stat */
extern void (*tty_session_exit_hook)(process_t *leader); /* set once at boot by drivers/tty */

#endif
