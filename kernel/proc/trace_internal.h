/*
 * Tracing, inside kernel/proc: what fork, exec, exit, signals and wait have to do with it.
 */
#ifndef KERNEL_TRACE_INTERNAL_H
#define KERNEL_TRACE_INTERNAL_H

#include <uapi/ptrace.h>

#include "proc_internal.h"

/* ---- stops of the running thread (trace.c) ---- */
/*
 * Traps for the tracer, if there is one and no SIGKILL is pending, until it is resumed; the signal
 * that it is to go on with. why: CLD_TRAPPED or CLD_STOPPED. sig_lock held, dropped meanwhile.
 */
int trace_stop(thread_t *t, int code, int why, u64 message, siginfo_t *info);
/* A trap because of JOB_TRAP_MASK. sig_lock held; released. */
void trace_trap(thread_t *t) __releases(sig_lock);
/* A signal was taken for a traced thread: the one to act on, 0 for none. sig_lock held. */
int trace_signal(thread_t *t, int sig, siginfo_t *info);
/* The tracer hears of the event if it asked for it. No locks held. */
void trace_event(u32 event, u64 message);
bool trace_event_enabled(u32 event);
/* A SIGTRAP stop without event: a handler was entered while stepping. No locks held. */
void trace_report_step(void);

/* ---- who traces whom (trace.c); tree lock held for writing ---- */
void trace_link(thread_t *t, thread_t *tracer, u32 trace);
void trace_unlink(thread_t *t); /* and lets it run on */
/* A new thread is traced as its maker is. Its lock need not be held: nobody knows it yet. */
void trace_inherit(thread_t *t, thread_t *maker);
/* The tracer of t belongs to another process than t's parent. Tree lock held. */
static inline bool trace_is_foreign(const thread_t *t)
{
	return t->trace && t->tracer->process != t->process->parent;
}
/* Lets go of t; what nobody waits for afterwards goes to `ended`. */
void trace_detach(thread_t *t, ended_t *ended);
/* A tracer ends. */
void trace_exit(thread_t *tracer, ended_t *ended);

/* Sets trap bits unless t is about to die; true when they are set. sig_lock held. */
bool trace_set_job(thread_t *t, u32 bits);
/* Makes t look at its job_ctl; resume: also out of a trap. sig_lock held. */
void trace_wake(thread_t *t, bool resume);

#endif
