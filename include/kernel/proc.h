/*
 * What the system calls of processes rest on (kernel/proc/). All act for the running thread and may
 * sleep; errors are negative errno, -ERESTART* included.
 */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

#include <kernel/process.h>

/* clone(2). The new thread's number. */
typedef struct clone_args_kernel {
	u64 flags; /* CLONE_* without CSIGNAL */
	int exit_signal;
	unsigned long stack; /* highest address; 0: the parent's */
	unsigned long tls;
	int __user *pidfd; /* where CLONE_PIDFD stores the descriptor */
	int __user *parent_tid;
	int __user *child_tid;
	pid_t set_tid; /* 0: any */
	bool traced;   /* result: the maker's tracer traces it, too */
} clone_args_t;
long clone_and_start(clone_args_t *args);

/* execve(2). Strings come from user or kernel memory. 0: the registers are the new program's. */
typedef struct exec_strings {
	const char *const *kernel;
	const char __user *const __user *user; /* where kernel is NULL; both NULL: none */
} exec_strings_t;
long do_execve(int dfd, const char *path, int flags, exec_strings_t argv, exec_strings_t envp);

/* wait4(2), waitid(2). */
typedef struct wait_request {
	int which; /* P_ALL, P_PID, P_PGID, P_PIDFD */
	pid_t id;
	struct pid *pid; /* for P_PIDFD; the caller's reference */
	int options;	 /* W*, __W* */
	/* results */
	int status; /* wait status */
	int code;   /* CLD_* */
	uid_t uid;
	struct rusage usage;
} wait_request_t;
/* The child's pid, 0 with WNOHANG, or negative errno. */
pid_t wait_for_child(wait_request_t *req);

/* Signals. old may be NULL. */
int signal_set_action(int sig, const k_sigaction_t *action, k_sigaction_t *old);
int signal_alternate_stack(const stack_t *ss, stack_t *old, unsigned long sp);
/* Waits for one of the set until the absolute deadline: its number, -EAGAIN, -EINTR. */
int signal_wait(sigset_t set, siginfo_t *info, nsec_t deadline);
/* What the kernel looks at of a user's siginfo_t. 0, -EFAULT, -E2BIG (unknown kind, longer). */
int siginfo_from_user(siginfo_t *to, const siginfo_t __user *from);
/* May the running thread send sig to p? 0, -EPERM, or -ESRCH: it is released. */
int signal_permission(process_t *p, int sig);
int signal_permission_locked(process_t *p, int sig); /* process_tree_lock held */

/* ptrace(2); tracing as such is kernel/proc/trace.c. */
long ptrace_request(long request, pid_t tid, unsigned long addr, unsigned long data);

/* Sessions and groups. */
int process_setpgid(pid_t pid, pid_t pgid);
pid_t process_setsid(void);

/* Limits: old and value may be NULL. */
int process_limit(process_t *p, u32 resource, const struct rlimit64 *value, struct rlimit64 *old);
void process_usage(process_t *p, struct rusage *self, struct rusage *children);
void thread_usage(thread_t *t, struct rusage *out);

/* Power. */
extern int
	ctrl_alt_del_reboots; /* atomic: Ctrl-Alt-Del restarts at once (LINUX_REBOOT_CMD_CAD_ON) */
void ctrl_alt_del(void);      /* any context: restarts, or SIGINT for whom cad_pid names */
extern int cad_pid;	      /* sysctl kernel.cad_pid */
int set_cad_pid(u64 nr);      /* 0, -ESRCH */

extern u64 pid_max, max_threads; /* sysctl kernel.pid_max, kernel.threads-max */

/* ioprio_get(2), ioprio_set(2) of any thread (kernel/proc/ioprio.c); any context. */
u16 thread_ioprio(thread_t *t);
void thread_set_ioprio(thread_t *t, u16 ioprio);

/* modify_ldt(2) (kernel/proc/ldt.c): bytes, 0, or negative errno, user pointers checked. */
long ldt_write(const void __user *from, size_t size, bool old_style);
long ldt_read(void __user *to, size_t size);
long ldt_read_default(void __user *to, size_t size);

#endif
