/*
 * Signals inside the kernel: sets, queued information, actions, and sending.
 * Numbers and layouts are Linux's (uapi/signal.h). Delivery is kernel/proc's.
 */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include <kernel/lib/list.h>
#include <kernel/types.h>
#include <uapi/signal.h>

struct thread;
struct process;
struct pid;
struct user;

typedef u64 sigset_t;
#define sigmask(sig) (1UL << ((sig)-1))
#define SIG_KERNEL_ONLY_MASK (sigmask(SIGKILL) | sigmask(SIGSTOP))

typedef struct ksignal_info {
	siginfo_t info; /* as user space sees it, 128 bytes */
} ksignal_info_t;

/* One queued signal, from signal_entry_alloc, which counts them by user. */
typedef struct signal_entry {
	list_t link;
	siginfo_t info;
	struct user *user; /* whose RLIMIT_SIGPENDING it counts against */
	void *timer;	   /* the POSIX timer that it belongs to, or NULL: sig_lock */
} signal_entry_t;

typedef struct signal_queue {
	sigset_t set;
	list_t entries;
} signal_queue_t;

#define SIG_DFL_PTR ((void __user *)0)
#define SIG_IGN_PTR ((void __user *)1)

typedef struct k_sigaction {
	void __user *handler; /* SIG_DFL, SIG_IGN or address */
	u64 flags;
	void __user *restorer;
	sigset_t mask;
} k_sigaction_t;

/* info constants for senders inside the kernel */
#define SEND_SIG_NOINFO ((const siginfo_t *)0) /* SI_USER from current */
#define SEND_SIG_PRIV ((const siginfo_t *)1)   /* SI_KERNEL */

/*
 * Sending: 0, -EAGAIN (queue limit, real-time with information only), -ESRCH, -EINVAL. No
 * permission check; kill(2) checks first. Any context unless noted.
 */
int send_signal_thread(struct thread *t, int sig, const siginfo_t *info);
int send_signal_process(struct process *p, int sig, const siginfo_t *info);
int send_signal_group(struct pid *pgrp, int sig, const siginfo_t *info); /* -ESRCH when empty */
/* A fault of the running thread: cannot be blocked or ignored (then the action is reset). */
void force_signal(int sig, const siginfo_t *info);
void signal_recalc_pending(struct thread *t); /* sig_lock held */
/*
 * Takes the next signal that is not in `mask` out of the thread's, then the process's queue; 0 when
 * none.
 */
int signal_dequeue(struct thread *t, sigset_t mask, siginfo_t *info); /* sig_lock held */
void signal_set_blocked(sigset_t set);				      /* current */
void signal_queue_flush(signal_queue_t *q);
/*
 * Wakes the thread so that it looks at its signals; fatal: out of killable sleeps and stops too.
 * sig_lock held.
 */
void signal_wake_thread(struct thread *t, bool fatal);
/* The running thread's unblocked signals as of now; sig_lock held. */
bool signal_has_pending(const struct thread *t);

/* Entries of queues (kernel/proc/signal_entry.c). alloc charges the user of t's credentials; NULL when the limit
 * is reached (unless override) or memory is short. Any context. */
signal_entry_t *signal_entry_alloc(struct thread *t, bool override_limit);
void signal_entry_free(signal_entry_t *e);
/*
 * An entry has left its queue, for delivery (info: what is delivered) or dropped (NULL). sig_lock
 * held.
 */
void signal_entry_taken(signal_entry_t *e, siginfo_t *info);

void siginfo_init(siginfo_t *info, int sig, int code);

#endif
