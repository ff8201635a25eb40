/*
 * Performance events: perf_event_open(2) and the places that feed it (kernel/trace/perf_*.c, where the
 * theory is). Nothing but a test of perf_in_use where nobody measures.
 */
#ifndef KERNEL_PERF_H
#define KERNEL_PERF_H

#include <arch/thread.h>
#include <kernel/compiler.h>

struct file;
struct perf_event_attr;
struct thread;

/* A file that counts or samples, or ERR_PTR as perf_event_open(2) says. attr: checked here. */
struct file *perf_event_create(const struct perf_event_attr *attr, pid_t pid, int cpu, int group,
			       u32 flags);
/* Events that the running thread made, whomever they are about. May sleep. */
void perf_enable_own(bool on);
void perf_init(void);	  /* boot, after procfs_init */
void kallsyms_init(void); /* likewise: /proc/kallsyms */

#ifdef CONFIG_HOST
#define perf_used() false
#else
extern u32 perf_in_use; /* events that are open */
#define perf_used() unlikely(READ_ONCE(perf_in_use))
#endif

/* The scheduler, interrupts off, no queue lock: a thread leaves this CPU; one has come. */
void perf_leave(struct thread *prev);
void perf_enter(struct thread *next);
/* The local timer's interrupt: what it interrupted, for its length; then NULL. */
void perf_set_frame(const trap_frame_t *frame);
/* The running thread: a page fault is served; a file is mapped; its name is new. */
void perf_fault(unsigned long address, bool major);
void perf_mmap(unsigned long addr, size_t len, int prot, int map_flags, struct file *file,
	       u64 offset);
void perf_comm(struct thread *t, bool exec);
void perf_exec(struct thread *t); /* it runs another program: its name, and what is mapped */
/*
 * A new thread of the running one: before it can be found or runs, it is linked to what is inherited; and it is
 * told of. A thread ends, itself.
 */
void perf_fork(struct thread *child);
void perf_forked(struct thread *child);
void perf_exit(struct thread *t);
void perf_free(struct thread *t); /* its last reference went */

#endif
