/*
 * Process objects: allocation, place in the tree, release, usage.
 *
 * References. The tree holds one from fork until process_release; each thread structure holds one
 * as long as it exists, so that t->process is valid wherever t is.
 */
#include <kernel/time/clock.h>
#include <kernel/uts.h>
#include <mm/space.h>

#include "trace_internal.h"

static kmem_cache_t *process_cache, *sighand_cache;

/* What is known of the pid namespace: there is one, whose numbers are everyone's. */
struct pid_namespace {
	process_t **reaper; /* who inherits orphans */
};
static struct pid_namespace init_pid_namespace = { .reaper = &init_process };

namespaces_t init_namespaces = {
	.refs = REFCOUNT_INIT(1),
	.uts = &init_uts,
	.pid = &init_pid_namespace,
};

uts_namespace_t *current_uts(void)
{
	return current_process()->ns->uts;
}

sighand_t *sighand_alloc(void)
{
	sighand_t *s = kmem_cache_alloc(sighand_cache, GFP_KERNEL | GFP_ZERO);

	if (!s)
		return NULL;
	refcount_set(&s->refs, 1);
	spinlock_init(&s->lock);
	init_waitqueue_head(&s->signalfd_wait);
	lockdep_init(&s->signalfd_wait.lock, "sighand->signalfd_wait.lock");
	return s;
}

static void sighand_free_rcu(rcu_head_t *head)
{
	kmem_cache_free(sighand_cache, container_of(head, sighand_t, rcu));
}

void sighand_put(sighand_t *s)
{
	if (!refcount_put(&s->refs))
		return;
	wake_up_key(&s->signalfd_wait, INT32_MAX, WAKE_QUEUE_ENDS);
	call_rcu(&s->rcu, sighand_free_rcu);
}

process_t *process_alloc(void)
{
	process_t *p = kmem_cache_alloc(process_cache, GFP_KERNEL | GFP_ZERO);

	if (!p)
		return NULL;
	refcount_set(&p->refs, 1);
	list_init(&p->group_link);
	list_init(&p->session_link);
	list_init(&p->all_link);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->threads);
	list_init(&p->pending.entries);
	init_waitqueue_head(&p->wait_children);
	init_waitqueue_head(&p->wait_exit);
	mutex_init(&p->exec_guard);
	p->start_time = clock_monotonic();
	return p;
}

static void process_free_rcu(rcu_head_t *head)
{
	process_t *p = container_of(head, process_t, rcu);

	if (p->group)
		pid_put(p->group);
	if (p->session)
		pid_put(p->session);
	if (p->pid_obj)
		pid_put(p->pid_obj);
	kmem_cache_free(process_cache, p);
}

void process_put(process_t *p)
{
	if (refcount_put(&p->refs))
		call_rcu(&p->rcu, process_free_rcu);
}

void process_free_unpublished(process_t *p)
{
	process_free_rcu(&p->rcu);
}

/* ---- the tree; process_tree_lock held for writing ---- */

void process_set_group(process_t *p, struct pid *group)
{
	struct pid *old = p->group;

	list_del(&p->group_link);
	list_add_tail(&p->group_link, &group->members[PID_GROUP]);
	rcu_assign_pointer(p->group, pid_get(group));
	if (old) {
		pid_release_if_unused(old);
		pid_put(old);
	}
}

void process_set_session(process_t *p, struct pid *session)
{
	struct pid *old = p->session;

	list_del(&p->session_link);
	list_add_tail(&p->session_link, &session->members[PID_SESSION]);
	rcu_assign_pointer(p->session, pid_get(session));
	if (old) {
		pid_release_if_unused(old);
		pid_put(old);
	}
}

void process_link(process_t *p, process_t *parent, thread_t *parent_thread)
{
	rcu_assign_pointer(p->parent, parent);
	p->parent_thread = parent_thread;
	list_add_tail(&p->sibling, &parent->children);
	list_add_tail_rcu(&p->all_link, &all_processes);
	rcu_assign_pointer(p->pid_obj->process, p);
}

/*
 * Numbers and lists forget it. The objects stay referenced by it until it is freed, for those who
 * still look.
 */
static void unlink_from_tree(process_t *p)
{
	struct pid *group = p->group, *session = p->session;

	list_del(&p->sibling);
	list_del_rcu(&p->all_link);
	list_del_init(&p->group_link);
	list_del_init(&p->session_link);
	rcu_assign_pointer(p->pid_obj->process, NULL);
	pid_release_if_unused(p->pid_obj);
	if (group != p->pid_obj)
		pid_release_if_unused(group);
	if (session != p->pid_obj && session != group)
		pid_release_if_unused(session);
}

/* ---- release ---- */

/* Tree lock held for writing, and sig_lock. */
static void unlist_thread(thread_t *t)
{
	process_t *p = t->process;
	nsec_t user, system;

	list_del_init(&t->process_link);
	sched_thread_times(t, &user, &system);
	p->dead_user += user;
	p->dead_system += system;
	p->dead_min_flt += t->minor_faults;
	p->dead_maj_flt += t->major_faults;
	p->dead_nvcsw += t->voluntary_switches;
	p->dead_nivcsw += t->involuntary_switches;
	signal_queue_flush(&t->pending);
	if (t->pid->thread == t)
		rcu_assign_pointer(t->pid->thread, NULL);
}

void thread_unlist(thread_t *t)
{
	process_t *p = t->process;

	spin_lock(sig_lock(p));
	unlist_thread(t);
	spin_unlock(sig_lock(p));
	pid_release_if_unused(t->pid);
}

void thread_drop_listed(thread_t *t)
{
	thread_uncharge(t->cred);
	thread_put(t);
}

void process_release(process_t *p)
{
	thread_t *leader = p->leader;
	sighand_t *sighand = p->sighand;

	write_lock_irq(&process_tree_lock);
	if (leader->trace)
		trace_unlink(leader);
	spin_lock(&sighand->lock);
	unlist_thread(leader);
	signal_queue_flush(&p->pending);
	rcu_assign_pointer(p->sighand, NULL);
	spin_unlock(&sighand->lock);
	unlink_from_tree(p);
	set_process_state(p, PROCESS_DEAD);
	write_unlock_irq(&process_tree_lock);
	sighand_put(sighand);
	thread_drop_listed(leader);
	process_put(p);
}

/*
 * More users than threads and the caller: somebody else has the memory. Users are counted first: a thread that leaves
 * meanwhile makes it look shared, never the other way round.
 */
bool process_memory_ends(process_t *p, const vm_space_t *s)
{
	u32 threads = 0, users = refcount_read(&s->users);
	unsigned long flags;
	thread_t *t;
	bool r;

	smp_rmb();
	if (!process_lock_sighand(p, &flags))
		return false;
	list_for_each_entry(t, &p->threads, process_link)
		threads += READ_ONCE(t->space) == s; /* not who ended and is still listed */
	r = p->group_exit && !p->core && users <= threads + 1;
	process_unlock_sighand(p, flags);
	return r;
}

/* ---- usage ---- */

static void add_times(struct timeval *to, nsec_t ns)
{
	ns += to->tv_sec * NSEC_PER_SEC + to->tv_usec * NSEC_PER_USEC;
	to->tv_sec = ns / NSEC_PER_SEC;
	to->tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC;
}

void thread_usage(thread_t *t, struct rusage *out)
{
	nsec_t user, system;

	*out = (struct rusage){ 0 };
	sched_thread_times(t, &user, &system);
	add_times(&out->ru_utime, user);
	add_times(&out->ru_stime, system);
	out->ru_minflt = (s64)t->minor_faults;
	out->ru_majflt = (s64)t->major_faults;
	out->ru_nvcsw = (s64)t->voluntary_switches;
	out->ru_nivcsw = (s64)t->involuntary_switches;
}

static void sum_times(process_t *p, nsec_t *user, nsec_t *system)
{
	thread_t *t;

	*user = p->dead_user;
	*system = p->dead_system;
	list_for_each_entry(t, &p->threads, process_link) {
		nsec_t u, s;

		sched_thread_times(t, &u, &s);
		*user += u;
		*system += s;
	}
}

void process_cpu_times(process_t *p, nsec_t *user, nsec_t *system)
{
	unsigned long flags;

	*user = p->dead_user;
	*system = p->dead_system;
	if (!process_lock_sighand(p, &flags))
		return;
	sum_times(p, user, system);
	process_unlock_sighand(p, flags);
}

static void usage_locked(process_t *p, struct rusage *self)
{
	nsec_t user, system;
	thread_t *t;

	sum_times(p, &user, &system);
	add_times(&self->ru_utime, user);
	add_times(&self->ru_stime, system);
	self->ru_minflt = (s64)p->dead_min_flt;
	self->ru_majflt = (s64)p->dead_maj_flt;
	self->ru_nvcsw = (s64)p->dead_nvcsw;
	self->ru_nivcsw = (s64)p->dead_nivcsw;
	list_for_each_entry(t, &p->threads, process_link) {
		self->ru_minflt += (s64)t->minor_faults;
		self->ru_majflt += (s64)t->major_faults;
		self->ru_nvcsw += (s64)t->voluntary_switches;
		self->ru_nivcsw += (s64)t->involuntary_switches;
	}
	self->ru_inblock = (s64)(READ_ONCE(p->read_bytes) >> 9);
	self->ru_oublock = (s64)(READ_ONCE(p->write_bytes) >> 9);
}

void process_usage(process_t *p, struct rusage *self, struct rusage *children)
{
	u64 pages = p->max_rss;
	unsigned long flags;

	*self = *children = (struct rusage){ 0 };
	if (!process_lock_sighand(p, &flags))
		return;
	usage_locked(p, self);
	if (p->space)
		pages = MAX(pages, MAX(READ_ONCE(p->space->max_resident), vm_resident(p->space)));
	add_times(&children->ru_utime, p->children_user);
	add_times(&children->ru_stime, p->children_system);
	children->ru_minflt = (s64)p->child_min_flt;
	children->ru_majflt = (s64)p->child_maj_flt;
	children->ru_nvcsw = (s64)p->child_nvcsw;
	children->ru_nivcsw = (s64)p->child_nivcsw;
	process_unlock_sighand(p, flags);
	self->ru_maxrss = (s64)(pages * (PAGE_SIZE / 1024));
	children->ru_maxrss = (s64)(p->child_max_rss * (PAGE_SIZE / 1024));
}

void __init process_init_caches(void)
{
	process_cache = kmem_cache_create("process", sizeof(process_t), 0, SLAB_CACHE_ALIGN, NULL);
	sighand_cache = kmem_cache_create("sighand", sizeof(sighand_t), 0, 0, NULL);
}

void wake_up_process(process_t *proc)
{
	unsigned long flags;
	thread_t *t;

	if (!process_lock_sighand(proc, &flags))
		return;
	list_for_each_entry(t, &proc->threads, process_link)
		wake_up_thread(t, THREAD_SLEEPING);
	process_unlock_sighand(proc, flags);
}
