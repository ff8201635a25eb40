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

#include <kernel/lib/string.h>

rwlock_t process_tree_lock = RWLOCK_INIT("process_tree");
list_t all_processes = LIST_INIT(all_processes);
process_t *init_process;
u32 nr_threads;

static sighand_t kernel_sighand;
static pid_obj_t pid_zero; /* group and session of process 0, which the first program inherits */
process_t kernel_process;
thread_t init_thread;

static __init void pid_zero_init(void)
{
	pid_zero.refs = (refcount_t)REFCOUNT_INIT(1);
	pid_zero.thread = &init_thread;
	pid_zero.process = &kernel_process;
	for (u32 i = 0; i < PID_TYPES; i++)
		list_init(&pid_zero.members[i]);
	pid_zero.wait = (wait_queue_head_t)WAIT_QUEUE_INIT(pid_zero.wait);
}

static __init void kernel_process_init(void)
{
	process_t *p = &kernel_process;

	kernel_sighand.refs = (refcount_t)REFCOUNT_INIT(1);
	kernel_sighand.lock = (spinlock_t)SPINLOCK_INIT("sighand");
	kernel_sighand.signalfd_wait =
		(wait_queue_head_t)WAIT_QUEUE_INIT(kernel_sighand.signalfd_wait);
	p->refs = (refcount_t)REFCOUNT_INIT(1);
	p->pid_obj = p->group = p->session = &pid_zero;
	list_init(&p->group_link);
	list_init(&p->session_link);
	list_init(&p->all_link);
	p->parent = p;
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->threads);
	p->leader = &init_thread;
	p->thread_count = 1;
	p->kernel = true;
	p->unkillable = true;
	p->sighand = &kernel_sighand;
	list_init(&p->pending.entries);
	p->wait_children = (wait_queue_head_t)WAIT_QUEUE_INIT(kernel_process.wait_children);
	p->wait_exit = (wait_queue_head_t)WAIT_QUEUE_INIT(kernel_process.wait_exit);
	p->ns = &init_namespaces;
	for (u32 i = 0; i < RLIM_NLIMITS; i++)
		p->rlimits[i] = (struct rlimit64){ RLIM_INFINITY, RLIM_INFINITY };
}

/* Its canary is there already: fields are set one by one. */
static __init void init_thread_init(void)
{
	thread_t *t = &init_thread;

	t->refs = (refcount_t)REFCOUNT_INIT(1);
	t->process = &kernel_process;
	list_init(&t->process_link);
	list_init(&t->rcu_blocked);
	t->pid = &pid_zero;
	list_init(&t->traced);
	list_init(&t->traced_link);
	strscpy(t->name, "idle/0", sizeof(t->name));
	list_init(&t->pending.entries);
	t->blocked = ~0UL;
	t->cred = &init_cred;
}

__init void task_init(void)
{
	pid_zero_init();
	kernel_process_init();
	init_thread_init();
}

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
