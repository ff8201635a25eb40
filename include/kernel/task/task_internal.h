/*
 * What kernel/task and kernel/proc share of the process tree.
 */
#ifndef KERNEL_TASK_INTERNAL_H
#define KERNEL_TASK_INTERNAL_H

#include <kernel/process.h>

/*
 * process_tree_lock held. Where p was the group's connection to its session, and that ends, stopped
 * members of the group get SIGHUP and SIGCONT (POSIX.1-2017 exit, "Consequences of Process
 * Termination"). former_parent NULL: p itself ends; else p has just lost former_parent.
 */
void pgrp_hangup_if_orphaned(process_t *p, process_t *former_parent);
/* As pgrp_is_orphaned, as if `ignored` had ended already. */
bool pgrp_would_be_orphaned(struct pid *pgrp, process_t *ignored);

/* The forms of send_signal_* for callers that hold sig_lock. */
int send_signal_locked(thread_t *t, int sig, const siginfo_t *info, bool to_process);
/*
 * Queues the caller's own entry, which is on no queue. False when the signal is ignored: it stays
 * the caller's.
 */
bool send_entry_locked(thread_t *t, signal_entry_t *e, bool to_process);
/* Clears bits of t->job_ctl; who waits for the end of JOB_TRAPPING is woken. sig_lock held. */
void job_clear(thread_t *t, u32 bits);
/* Every thread is to end with this wait status: the first call wins. sig_lock held. */
void process_kill_threads(process_t *p, int status);
/*
 * t is about to end: signals of its process that it would have taken are for others. sig_lock held.
 */
void signal_retarget_exiting(thread_t *t);
/* Drops the queued signals of the set. sig_lock held. */
void signal_discard(signal_queue_t *q, sigset_t set);

#define SIG_STOP_MASK (sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU))
#define SIG_IGNORED_MASK (sigmask(SIGCHLD) | sigmask(SIGCONT) | sigmask(SIGWINCH) | sigmask(SIGURG))
#define SIG_CORE_MASK                                                                              \
	(sigmask(SIGQUIT) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGABRT) |                \
	 sigmask(SIGFPE) | sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGSYS) |                  \
	 sigmask(SIGXCPU) | sigmask(SIGXFSZ))
#define SIG_FAULT_MASK                                                                             \
	(sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) |                 \
	 sigmask(SIGFPE) | sigmask(SIGSYS))

#endif
