/*
 * Signals for what the running thread's own instruction did, with the line in the log that says so
 * when nobody handles them.
 */
#include <fs/vfs.h>
#include <kernel/lib/printf.h>
#include <kernel/printk.h>
#include <mm/space.h>

#include "proc_internal.h"

int show_unhandled_signals = 1;

static bool is_unhandled(const thread_t *t, int sig)
{
	const void __user *handler = t->process->sighand->action[sig - 1].handler;

	if (t->trace) /* its tracer is told */
		return false;
	return t->process->is_init || (t->blocked & sigmask(sig)) || handler == SIG_DFL_PTR ||
	       handler == SIG_IGN_PTR;
}

/* " in NAME[start+length]" of the mapping at ip, cut where it does not fit. */
static void describe_mapping(char *out, size_t size, unsigned long ip)
{
	vm_space_t *space = current()->space;
	vm_area_t *vma;

	out[0] = '\0';
	if (!space || !rwsem_read_trylock(&space->lock))
		return;
	vma = vm_find(space, ip);
	if (vma && vma->start <= ip && vma->file) {
		const dentry_t *d = vma->file->path.dentry;

		rcu_read_lock(); /* a name that is changed meanwhile is freed by RCU */
		snprintf(out, size, " in %s[%lx+%lx]", READ_ONCE(d->name), vma->start,
			 vma->end - vma->start);
		rcu_read_unlock();
	}
	rwsem_read_unlock(&space->lock);
}

static bool want_report(thread_t *t, int sig)
{
	static printk_ratelimit_t limit;

	return READ_ONCE(show_unhandled_signals) && is_unhandled(t, sig) &&
	       printk_ratelimit(&limit);
}

static const char *level_of(const thread_t *t)
{
	return t->process->is_init ? KERN_EMERG : KERN_INFO;
}

static void report_trap(trap_frame_t *frame, int sig)
{
	thread_t *t = current();
	char where[80];
	const char *what = sig == SIGFPE    ? "trap divide error"
			   : sig == SIGILL  ? "trap invalid opcode"
			   : sig == SIGTRAP ? "trap int3"
			   : sig == SIGBUS  ? "trap stack segment"
					    : "general protection fault";

	if (!want_report(t, sig))
		return;
	describe_mapping(where, sizeof(where), arch_frame_ip(frame));
	printk("%straps: %s[%d] %s ip:%lx sp:%lx error:%x%s\n", level_of(t), t->name, t->tid, what,
	       arch_frame_ip(frame), arch_frame_sp(frame), arch_trap_error(t), where);
}

static void report_segv(trap_frame_t *frame, unsigned long addr)
{
	thread_t *t = current();
	char where[80];

	if (!want_report(t, SIGSEGV))
		return;
	describe_mapping(where, sizeof(where), arch_frame_ip(frame));
	printk("%s%s[%d]: segfault at %lx ip %016lx sp %016lx error %x%s\n", level_of(t), t->name,
	       t->tid, addr, arch_frame_ip(frame), arch_frame_sp(frame), arch_trap_error(t), where);
}

static void send_fault(int sig, int code, unsigned long addr)
{
	siginfo_t info;

	siginfo_init(&info, sig, code);
	info.fault.addr = (void *)addr;
	force_signal(sig, &info);
}

void ksignal_trap(trap_frame_t *frame, int sig, int code, unsigned long addr)
{
	if (sig == SIGSEGV && (code == SEGV_MAPERR || code == SEGV_ACCERR))
		report_segv(frame, addr);
	else if (sig != SIGBUS || code != BUS_ADRERR)
		report_trap(frame, sig);
	send_fault(sig, code, addr);
}

void ksignal_segv(trap_frame_t *frame, int code, unsigned long addr)
{
	ksignal_trap(frame, SIGSEGV, code, addr);
}

void ksignal_fpe(trap_frame_t *frame, int code, unsigned long addr)
{
	ksignal_trap(frame, SIGFPE, code, addr);
}
