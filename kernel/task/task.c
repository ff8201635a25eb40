/*
 * The process tree.
 *
 * Concepts. A process owns resources, a thread runs. A process is in the tree (parent, children,
 * group, session, the list of all) from fork until it is reaped. Numbers are struct pid objects:
 * one object may at the same time name a thread, its process, a group and a session, and its number
 * is free again when it names nothing any more; who must remember one across time holds a reference
 * to the object.
 *
 * Life of a process:
 *
 *	RUNNING <--> STOPPED			every thread has stopped; SIGCONT
 *	   |  last thread: exit_thread
 *	ZOMBIE					waits for the parent (wait4, or at once if it does not care)
 *	   |  process_release
 *	DEAD					out of the tree; freed with its last reference
 *
 * Locking. process_tree_lock: parent, children, group and session membership, ZOMBIE and DEAD.
 * sig_lock (the lock of the sighand table): threads, signals, limits, pointers that others follow.
 * A process keeps its sighand until it is released, so whoever holds the tree lock may use
 * sig_lock(p) of any process in the tree; others use process_lock_sighand. Both are taken with
 * interrupts off, since signals are sent from interrupts.
 */
#include <kernel/process.h>

rwlock_t process_tree_lock = RWLOCK_INIT("process_tree");
list_t all_processes = LIST_INIT(all_processes);
process_t *init_process;
u32 nr_threads;

static sighand_t kernel_sighand = {
	.refs = REFCOUNT_INIT(1),
	.lock = SPINLOCK_INIT("sighand"),
	.signalfd_wait = WAIT_QUEUE_INIT(kernel_sighand.signalfd_wait),
};

/* Group and session of process 0, which the first program inherits. */
static pid_obj_t pid_zero = {
	.refs = REFCOUNT_INIT(1),
	.thread = &init_thread,
	.process = &kernel_process,
	.members = {
		LIST_INIT(pid_zero.members[0]),
		LIST_INIT(pid_zero.members[1]),
		LIST_INIT(pid_zero.members[2]),
		LIST_INIT(pid_zero.members[3]),
	},
	.wait = WAIT_QUEUE_INIT(pid_zero.wait),
};

process_t kernel_process = {
	.refs = REFCOUNT_INIT(1),
	.pid_obj = &pid_zero,
	.group = &pid_zero,
	.session = &pid_zero,
	.group_link = LIST_INIT(kernel_process.group_link),
	.session_link = LIST_INIT(kernel_process.session_link),
	.all_link = LIST_INIT(kernel_process.all_link),
	.parent = &kernel_process,
	.children = LIST_INIT(kernel_process.children),
	.sibling = LIST_INIT(kernel_process.sibling),
	.threads = LIST_INIT(kernel_process.threads),
	.leader = &init_thread,
	.thread_count = 1,
	.kernel = true,
	.unkillable = true,
	.sighand = &kernel_sighand,
	.pending.entries = LIST_INIT(kernel_process.pending.entries),
	.wait_children = WAIT_QUEUE_INIT(kernel_process.wait_children),
	.wait_exit = WAIT_QUEUE_INIT(kernel_process.wait_exit),
	.ns = &init_namespaces,
	.rlimits = { [0 ... RLIM_NLIMITS - 1] = { RLIM_INFINITY, RLIM_INFINITY } },
};

thread_t init_thread = {
	.refs = REFCOUNT_INIT(1),
	.process = &kernel_process,
	.process_link = LIST_INIT(init_thread.process_link),
	.rcu_blocked = LIST_INIT(init_thread.rcu_blocked),
	.pid = &pid_zero,
	.traced = LIST_INIT(init_thread.traced),
	.traced_link = LIST_INIT(init_thread.traced_link),
	.name = "idle/0",
	.pending.entries = LIST_INIT(init_thread.pending.entries),
	.blocked = ~0UL,
	.cred = &init_cred,
};

bool(process_lock_sighand)(process_t *p, unsigned long *flags)
{
	sighand_t *s;

	rcu_read_lock();
	for (;;) {
		s = rcu_dereference(p->sighand);
		if (!s) {
			rcu_read_unlock();
			return false;
		}
		spin_lock_irqsave(&s->lock, flags);
		if (likely(s == READ_ONCE(p->sighand)))
			break;
		/* exec gave the process a table of its own in between */
		spin_unlock_irqrestore(&s->lock, *flags);
	}
	rcu_read_unlock();
	__release(s->lock); /* counted by the macro of this name */
	return true;
}

void process_unlock_sighand(process_t *p, unsigned long flags) __releases(p->sighand->lock)
{
	spin_unlock_irqrestore(&p->sighand->lock, flags);
}

void set_process_state(process_t *proc, process_state_t state)
{
	WRITE_ONCE(proc->state, state);
}

u64 rlimit(u32 resource)
{
	return READ_ONCE(current_process()->rlimits[resource].rlim_cur);
}
