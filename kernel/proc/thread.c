/*
 * Making and freeing threads, kernel threads, and the work that a thread does for others before
 * user mode.
 *
 * References. A thread is born with one that is the scheduler's, dropped after the last switch away
 * from it; one more stands for its place among the threads of its process and under its number. The
 * structure and the stack outlive the last by a grace period, since others look threads up under
 * RCU.
 */
#include <kernel/cfi.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/perf.h>
#include <kernel/softirq.h>
#include <kernel/time/clock.h>
#include <mm/policy.h>

#include "proc_internal.h"

static kmem_cache_t *thread_cache;
static thread_work_t works_closed; /* thread->works of one that takes no more */
u64 max_threads;

static void thread_destroy(thread_t *t)
{
	arch_thread_free(t);
	perf_free(t);
	kernel_stack_free(t->stack);
	policy_put(t->mempolicy);
	ioprio_leave(t);
	if (t->cred)
		cred_put(t->cred);
	if (t->pid)
		pid_put(t->pid);
	if (t->process && !t->process->kernel)
		process_put(t->process);
	kmem_cache_free(thread_cache, t);
}

static void thread_free_rcu(rcu_head_t *head)
{
	thread_destroy(container_of(head, thread_t, rcu));
}

void thread_put(thread_t *t)
{
	if (refcount_put(&t->refs))
		call_rcu(&t->rcu, thread_free_rcu);
}

void thread_free_unstarted(thread_t *t)
{
	thread_destroy(t);
}

thread_t *thread_alloc(void)
{
	thread_t *t = kmem_cache_alloc(thread_cache, GFP_KERNEL | GFP_ZERO);

	if (!t)
		return NULL;
	t->stack = kernel_stack_alloc();
	if (!t->stack) {
		kmem_cache_free(thread_cache, t);
		return NULL;
	}
	refcount_set(&t->refs, 1);
	t->state = THREAD_NEW;
	list_init(&t->process_link);
	list_init(&t->pending.entries);
	list_init(&t->rcu_blocked);
	list_init(&t->traced);
	list_init(&t->traced_link);
	list_init(&t->pi_owned);
	list_init(&t->sched.run_link);
	t->altstack_flags = SS_DISABLE;
	t->start_time = clock_monotonic();
	return t;
}

int thread_charge(const cred_t *cred)
{
	u64 limit = rlimit(RLIMIT_NPROC);
	int count = atomic_add_return(&cred->user->processes, 1);

	/* Root of the machine is never limited, whatever its capabilities. */
	if ((u64)count > limit && cred->user->uid != 0 && !cred_capable(cred, CAP_SYS_RESOURCE) &&
	    !cred_capable(cred, CAP_SYS_ADMIN))
		goto out_uncount;
	if (__atomic_add_fetch(&nr_threads, 1, __ATOMIC_RELAXED) > max_threads)
		goto out_total;
	return 0;
out_total:
	__atomic_sub_fetch(&nr_threads, 1, __ATOMIC_RELAXED);
out_uncount:
	atomic_dec(&cred->user->processes);
	return -EAGAIN;
}

void thread_uncharge(const cred_t *cred)
{
	atomic_dec(&cred->user->processes);
	__atomic_sub_fetch(&nr_threads, 1, __ATOMIC_RELAXED);
}

void thread_vanish(void)
{
	WRITE_ONCE(current()->state, THREAD_ZOMBIE);
	preempt_disable(); /* once it is DEAD, the next switch away is the last */
	sched_exit_thread();
}

/* ---- kernel threads ---- */

static void kthread_exit(thread_t *t)
{
	unsigned long flags;

	thread_work_close();
	write_lock_irqsave(&process_tree_lock, &flags);
	rcu_assign_pointer(t->pid->thread, NULL);
	pid_release_if_unused(t->pid);
	write_unlock_irqrestore(&process_tree_lock, flags);
	__atomic_sub_fetch(&nr_threads, 1, __ATOMIC_RELAXED);
	thread_put(t);
	thread_vanish();
}

static void kthread_main(void *arg)
{
	thread_t *t = arg;

	CODE_CHECK(t->kthread_fn, t->kthread_hash);
	t->kthread_fn(t->kthread_arg);
	kthread_exit(t);
}

void thread_sched_fresh(thread_t *t)
{
	static thread_t model; /* normal policy, nice 0 */

	model.sched.affinity = cpu_possible;
	sched_fork(t, &model);
}

thread_t *kthread_create(const char *name, void (*fn)(void *), void *arg)
{
	thread_t *t = thread_alloc();
	unsigned long flags;
	struct pid *pid;

	if (!t)
		return ERR_PTR(-ENOMEM);
	pid = pid_alloc(0);
	if (IS_ERR(pid)) {
		thread_free_unstarted(t);
		return (thread_t *)pid;
	}
	t->process = &kernel_process;
	t->cred = cred_get(&init_cred);
	t->pid = pid_get(pid);
	t->tid = pid->nr;
	t->blocked = ~0UL;
	t->kthread_fn = fn;
	t->kthread_hash = CODE_HASH(fn);
	t->kthread_arg = arg;
	strscpy(t->name, name, sizeof(t->name));
	arch_thread_init_kernel(t, kthread_main, t);
	thread_sched_fresh(t);
	thread_get(t); /* its number's */
	write_lock_irqsave(&process_tree_lock, &flags);
	rcu_assign_pointer(pid->thread, t);
	write_unlock_irqrestore(&process_tree_lock, flags);
	__atomic_add_fetch(&nr_threads, 1, __ATOMIC_RELAXED);
	sched_start_thread(t);
	return t;
}

__init thread_t *thread_create_idle(u32 cpu)
{
	thread_t *t = thread_alloc();

	if (!t)
		panic("No memory for the idle thread of CPU %u", cpu);
	t->process = &kernel_process;
	t->cred = cred_get(&init_cred);
	t->pid = pid_get(init_thread.pid);
	t->blocked = ~0UL;
	snprintf(t->name, sizeof(t->name), "idle/%u", cpu);
	return t;
}

/* ---- work before user mode ---- */

void restart_set(restart_block_t *rb, long (*function)(restart_block_t *rb))
{
	rb->function = function;
	rb->hash = CODE_HASH(function);
}

void thread_work_init(thread_work_t *work, void (*function)(thread_work_t *work))
{
	work->function = function;
	work->hash = CODE_HASH(function);
}

bool thread_work_add(thread_t *t, thread_work_t *work)
{
	thread_work_t *first = READ_ONCE(t->works);

	do {
		if (first == &works_closed)
			return false;
		work->next = first;
	} while (!__atomic_compare_exchange_n(&t->works, &first, work, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	thread_set_flag(t, TF_NOTIFY);
	if (t != current() && READ_ONCE(t->sched.on_cpu))
		smp_send_reschedule(READ_ONCE(t->sched.cpu));
	return true;
}

/* The list is last in, first out: turned round before it runs. */
static void run_list(thread_work_t *list)
{
	thread_work_t *ordered = NULL;

	while (list) {
		thread_work_t *next = list->next;

		list->next = ordered;
		ordered = list;
		list = next;
	}
	while (ordered) {
		thread_work_t *next = ordered->next;
		void (*function)(thread_work_t *) = READ_ONCE(ordered->function);

		CODE_CHECK(function, ordered->hash);
		function(ordered);
		ordered = next;
	}
}

void thread_work_run(void)
{
	run_list(__atomic_exchange_n(&current()->works, NULL, __ATOMIC_ACQUIRE));
}

void thread_work_close(void)
{
	thread_t *t = current();
	thread_work_t *none = NULL;

	while (!__atomic_compare_exchange_n(&t->works, &none, &works_closed, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		thread_work_run();
		none = NULL;
	}
}

void __init thread_init_caches(void)
{
	thread_cache = kmem_cache_create("thread", sizeof(thread_t), 0, SLAB_CACHE_ALIGN, NULL);
	/* At most an eighth of memory for stacks, as a stack is the largest part of a thread. */
	max_threads = total_page_count() / (8 * KERNEL_STACK_PAGES);
	max_threads = MAX(max_threads, 64UL);
}
