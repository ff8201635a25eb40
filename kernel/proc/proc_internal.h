/*
 * Inside kernel/proc: making, changing and ending threads and processes.
 */
#ifndef KERNEL_PROC_INTERNAL_H
#define KERNEL_PROC_INTERNAL_H

#include <arch/entry.h>
#include <kernel/process.h>
#include <kernel/proc.h>
#include <kernel/task/task_internal.h>
#include <mm/slab.h>

/* ---- kernel stacks (stack.c) ---- */
void *
kernel_stack_alloc(void); /* KERNEL_STACK_ORDER_SIZE bytes with guards; NULL when out of memory */
void kernel_stack_free(void *stack); /* any context */
void kernel_stack_init(void);

/* ---- threads (thread.c) ---- */
/* Zeroed, with a stack and the scheduler's reference; no process yet. NULL when out of memory. */
thread_t *thread_alloc(void);
void thread_free_unstarted(thread_t *t);
void thread_init_caches(void);
void thread_vanish(void) __noreturn; /* last of all: the CPU goes to another for good */
/* Scheduling parameters of one that inherits nothing: any CPU, normal policy. */
void thread_sched_fresh(thread_t *t);
void thread_work_close(void); /* runs what is left; nothing can be added any more */
/* Counts a thread against its user and the machine: 0 or -EAGAIN. Undone by thread_uncharge. */
int thread_charge(const cred_t *cred);
void thread_uncharge(const cred_t *cred);

/* The new thread has current's I/O priority, or shares it (ioprio.c): 0 or -ENOMEM. Undone by ioprio_leave. */
int ioprio_clone(thread_t *t, bool share);
void ioprio_leave(thread_t *t); /* of one that runs no more */

/* A new thread, published but not yet woken, has the descriptor table of its space (ldt.c). */
void ldt_inherit(thread_t *t);

/* ---- numbers (pid.c) ---- */
void pid_init(void);
/*
 * A new object with a free number (wanted != 0: that very one). The tree of numbers holds the one
 * reference.
 * ERR_PTR: -ENOMEM, -EAGAIN (all used), -EEXIST.
 */
struct pid *pid_alloc(pid_t wanted);
/* Gives the number back when nothing bears it any more; process_tree_lock held for writing. */
void pid_release_if_unused(struct pid *pid);

/* ---- processes (process.c) ---- */
process_t *process_alloc(void); /* zeroed, locks and lists set up, one reference */
void process_free_unpublished(process_t *p);
void process_init_caches(void);
sighand_t *sighand_alloc(void);
void sighand_put(sighand_t *s);
/* Into the tree of the parent, group and session; process_tree_lock held for writing. */
void process_link(process_t *p, process_t *parent, thread_t *parent_thread);
void process_set_group(process_t *p, struct pid *group);     /* tree lock held for writing */
void process_set_session(process_t *p, struct pid *session); /* likewise */
/*
 * Takes an ended process out of the tree and drops the tree's reference; state is DEAD, no locks
 * held.
 */
void process_release(process_t *p);
/*
 * Takes a thread off its process and its number, its times into the dead's; tree lock held for
 * writing.
 */
void thread_unlist(thread_t *t);
void thread_drop_listed(thread_t *t); /* afterwards, without locks: what its place stood for */

/* ---- exit and wait ---- */
/* What came to its end under the tree lock, and is to be freed without it (ended_release). */
typedef struct ended {
	list_t processes; /* by sibling */
	list_t threads;	  /* by traced_link */
} ended_t;
#define ENDED_INIT(name)                                                                           \
	{                                                                                          \
		LIST_INIT((name).processes), LIST_INIT((name).threads)                             \
	}
void ended_release(ended_t *ended);
int thread_exit_status(const thread_t *t); /* of an ended one, as wait reports it */
/*
 * Tells who waits for t, the last of its process or traced, that it ended: the tracer if it has one,
 * else the parent. True when a parent does not care: process_end is to follow. Tree lock held for
 * writing.
 */
bool notify_parent_exit(thread_t *t, int sig);
void process_end(process_t *p, ended_t *ended); /* nobody waits for it. Tree lock, writing */
/*
 * Takes an ended thread that is not the leader off its process, which may have been all that the
 * process waited for. Tree lock held for writing.
 */
void thread_release(thread_t *t, ended_t *ended);
/* The same for a stop (CLD_STOPPED) or continuation (CLD_CONTINUED); takes the tree lock. */
void notify_parent_stop(process_t *p, int code);
void notify_parent_stop_locked(process_t *p, int code); /* tree lock held */
/* The running thread leaves its memory: robust futexes, clear_child_tid, the vfork parent. */
void thread_leave_memory(thread_t *t);

/* ---- signals ---- */
void signal_entry_init(void);
void posix_timer_entry_taken(signal_entry_t *e, siginfo_t *info);
/*
 * Counts the running thread as stopped for the group stop under way: true when it was the last.
 * sig_lock held.
 */
bool group_stop_participate(thread_t *t);

/* ---- core files ---- */
/*
 * Writes one for the signal that ends the running thread's process, if it may. The process is ending
 * afterwards, with the status that says whether there is one; exit_group is still to be called.
 */
void core_dump(const siginfo_t *info);
/* A thread that ends waits here while one is written. sig_lock held; dropped meanwhile. */
void core_park(thread_t *t) __must_hold(sig_lock);
void core_sysctl_init(void);

/* ---- CPU timers ---- */
void cpu_timers_check(void); /* current's process; may send signals */
void process_init_timers(process_t *p);

/* ---- limits ---- */
void limits_init(process_t *p); /* those of the first process; the further ones inherit */

/* ---- credentials ---- */
void cred_init_caches(void);

/* ---- fork ---- */
/* A thread as the flags say, visible but not yet started (sched_start_thread). Or ERR_PTR. */
thread_t *copy_thread(const clone_args_t *args, trap_frame_t *frame);

/* ---- settings ---- */
extern int randomize_va_space;	   /* 0: programs are laid out at fixed addresses */
extern int show_unhandled_signals; /* log lines for fatal faults */

#endif
