/*
 * What a process looks like, for the log.
 */
#include <kernel/printk.h>

#include "proc_internal.h"

/* Calls fn for every thread until one fails. */
static int for_each_thread(process_t *p, int (*fn)(thread_t *t, u64 arg), u64 arg)
{
	unsigned long flags;
	thread_t *t;
	int r = 0;

	if (!process_lock_sighand(p, &flags))
		return -ESRCH;
	list_for_each_entry(t, &p->threads, process_link) {
		r = fn(t, arg);
		if (r)
			break;
	}
	process_unlock_sighand(p, flags);
	return r;
}

static int dump_thread(thread_t *t, u64 unused)
{
	printk(KERN_INFO "  thread %d %s: state %x flags %x blocked %lx pending %lx\n", t->tid,
	       t->name, READ_ONCE(t->state), READ_ONCE(t->flags), t->blocked, t->pending.set);
	return 0;
}

void dump_process(process_t *proc)
{
	nsec_t user, system;

	process_cpu_times(proc, &user, &system);
	printk(KERN_INFO "process %d (%s): state %d parent %d group %d session %d threads %u\n",
	       proc->pid, proc->leader->name, (int)READ_ONCE(proc->state), proc->parent->pid,
	       proc->group->nr, proc->session->nr, proc->thread_count);
	printk(KERN_INFO "  user %ld ms, system %ld ms, pending %lx\n",
	       (long)(user / NSEC_PER_MSEC), (long)(system / NSEC_PER_MSEC), proc->pending.set);
	for_each_thread(proc, dump_thread, 0);
}
