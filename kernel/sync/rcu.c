/*
 * Preemptible read-copy-update (McKenney & Slingwine, "Read-Copy Update", PDCS 1998; preemptible
 * readers after McKenney & Sarma, "Towards Hard Realtime Response from the Linux Kernel on SMP
 * Hardware", LCA 2005).
 *
 * Concepts. A read section is a nesting count in the thread, which nobody else looks at. A grace
 * period g is over when every CPU has been quiescent since g began (switched threads, idled, or
 * took a tick outside of read sections), and no thread is left that was switched away inside a read
 * section that may have begun before g did. Such a thread is tagged as it leaves the CPU: with g if
 * its CPU still owes g a quiescent state, else with g + 1, and counted under its tag until its
 * section ends. Tags of one time are at most one apart, so two counters serve, by parity.
 *
 * Callbacks gather per CPU: fresh ones; a batch that waits for the first grace period to begin
 * after it was closed; due ones, which the softirq runs. The softirq closes a batch when the last
 * one is due.
 *
 * Idle CPUs are quiescent and are not woken. A period's start first makes every CPU owe, then
 * excuses those whose idle bit is set; a CPU sets its idle bit, then looks whether it owes; each
 * with a full barrier between, so one of them notices. An idle CPU that has callbacks keeps its
 * tick (rcu_cpu_needs_tick).
 *
 * Locking. rcu.lock, interrupts off, a leaf. The lists of a CPU: that CPU, interrupts off. The lock
 * is taken on a switch only when a tag or a quiescent state is to be noted: once a grace period and
 * CPU, and for preempted readers.
 */
#include <kernel/sync/rcu.h>

#include <kernel/cfi.h>
#include <kernel/softirq.h>
#include <kernel/sync/mutex.h>
#include <kernel/thread.h>

#define BATCH_MAX 1000 /* callbacks that a softirq round runs */

static struct {
	spinlock_t lock;
	u64 started, completed; /* lock: numbers of grace periods; equal: none in progress */
	u64 needed;		/* lock: highest that anyone waits for */
	u64 owing;		/* lock: bits of CPUs that have yet to be quiescent */
	u64 blocked[2];		/* lock: threads switched away inside, by parity of their tag */
	u64 cpus;		/* lock: CPUs that take part */
} rcu = { .lock = SPINLOCK_INIT("rcu") };
_Static_assert(NR_CPUS <= 64, "one bit of owing a CPU");

static u64 idle_cpus; /* atomic */

typedef struct rcu_list {
	rcu_head_t *first, **last; /* last is right only while first is set */
} rcu_list_t;

typedef struct rcu_cpu {
	rcu_list_t fresh, waiting, due;
	u64 wait_for; /* grace period that makes `waiting` due */
} rcu_cpu_t;
static DEFINE_PERCPU(rcu_cpu_t, rcu_cpu);
/* Mirror of this CPU's bit in rcu.owing: read without the lock, written under it. */
static DEFINE_PERCPU(bool, rcu_owes);

void rcu_read_lock(void)
{
	thread_t *t = current();

	WRITE_ONCE(t->rcu_nesting, t->rcu_nesting + 1);
	compiler_barrier();
}

static void owe(u32 cpu, bool owes)
{
	if (owes)
		rcu.owing |= BIT(cpu);
	else
		rcu.owing &= ~BIT(cpu);
	WRITE_ONCE(per_cpu(rcu_owes, cpu), owes);
}

static void start_period(void)
{
	rcu.started++;
	for (u64 set = rcu.cpus; set; set &= set - 1)
		owe((u32)__builtin_ctzl(set), true);
	smp_mb(); /* also: what the callbacks' owners unlinked, against CPUs that stop to idle */
	for (u64 set = READ_ONCE(idle_cpus) & rcu.cpus; set; set &= set - 1)
		owe((u32)__builtin_ctzl(set), false);
}

/* Ends the period if nothing holds it, and begins the next if one is needed. lock held. */
static void advance(void)
{
	for (;;) {
		if (rcu.started == rcu.completed) {
			if (rcu.needed <= rcu.started)
				return;
			start_period();
		}
		if (rcu.owing || rcu.blocked[rcu.started & 1])
			return;
		WRITE_ONCE(rcu.completed, rcu.started);
		if (this_cpu_ptr(&rcu_cpu)->waiting.first)
			schedule_softirq_later(SOFTIRQ_RCU); /* other CPUs see it at their tick */
	}
}

/* This CPU is outside of read sections, but for those that were tagged. lock held. */
static void report_quiescent(u32 cpu)
{
	if (!(rcu.owing & BIT(cpu)))
		return;
	owe(cpu, false);
	advance();
}

static __noinline void unlock_tagged(thread_t *t)
{
	unsigned long flags;

	spin_lock_irqsave(&rcu.lock, &flags);
	if (t->rcu_node) { /* else an interrupt's read section came first */
		rcu.blocked[(unsigned long)t->rcu_node & 1]--;
		t->rcu_node = NULL;
		advance();
	}
	spin_unlock_irqrestore(&rcu.lock, flags);
}

void rcu_read_unlock(void)
{
	thread_t *t = current();
	int nesting = t->rcu_nesting - 1;

	compiler_barrier();
	WRITE_ONCE(t->rcu_nesting, nesting);
	compiler_barrier();
	if (nesting == 0 && unlikely(READ_ONCE(t->rcu_node)))
		unlock_tagged(t);
}

/* rcu_node: the tag with bit 1 set, so that it is never NULL; only the parity is needed later. */
static void tag_reader(thread_t *t, u32 cpu)
{
	u64 tag = rcu.owing & BIT(cpu) ? rcu.started : rcu.started + 1;

	rcu.blocked[tag & 1]++;
	t->rcu_node = (void *)((tag & 1) | 2);
}

void rcu_note_switch(void)
{
	thread_t *t = current();
	bool tag = t->rcu_nesting && !t->rcu_node;

	if (likely(!tag && !this_cpu_read(rcu_owes)))
		return;
	spin_lock(&rcu.lock);
	if (tag)
		tag_reader(t, this_cpu());
	report_quiescent(this_cpu());
	spin_unlock(&rcu.lock);
}

void rcu_tick(void)
{
	const rcu_cpu_t *c = this_cpu_ptr(&rcu_cpu);

	if (this_cpu_read(rcu_owes) && current()->rcu_nesting == 0) {
		spin_lock(&rcu.lock);
		report_quiescent(this_cpu());
		spin_unlock(&rcu.lock);
	}
	if (c->due.first ||
	    (c->waiting.first ? READ_ONCE(rcu.completed) >= c->wait_for : c->fresh.first != NULL))
		schedule_softirq(SOFTIRQ_RCU);
}

bool rcu_cpu_needs_tick(void)
{
	const rcu_cpu_t *c = this_cpu_ptr(&rcu_cpu);

	return c->fresh.first || c->waiting.first || c->due.first;
}

void rcu_idle_enter(void)
{
	__atomic_fetch_or(&idle_cpus, BIT(this_cpu()), __ATOMIC_SEQ_CST);
	if (!this_cpu_read(rcu_owes))
		return;
	spin_lock(&rcu.lock);
	report_quiescent(this_cpu());
	spin_unlock(&rcu.lock);
}

void rcu_idle_exit(void)
{
	__atomic_fetch_and(&idle_cpus, ~BIT(this_cpu()), __ATOMIC_SEQ_CST);
}

static void list_append(rcu_list_t *l, rcu_head_t *head)
{
	head->next = NULL;
	if (l->first)
		*l->last = head;
	else
		l->first = head;
	l->last = &head->next;
}

/* Appends all of `from`, which becomes empty. */
static void list_take(rcu_list_t *to, rcu_list_t *from)
{
	if (!from->first)
		return;
	if (to->first)
		*to->last = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	from->first = NULL;
}

void call_rcu(rcu_head_t *head, void (*func)(rcu_head_t *head))
{
	unsigned long flags = arch_irq_save();
	rcu_cpu_t *c = this_cpu_ptr(&rcu_cpu);

	head->func = func;
	head->hash = CODE_HASH(func);
	list_append(&c->fresh, head);
	if (!c->waiting.first)
		schedule_softirq_later(SOFTIRQ_RCU);
	arch_irq_restore(flags);
}

/* Sorts this CPU's callbacks; what is due comes back, at most a batch. */
static rcu_head_t *take_due(void)
{
	unsigned long flags = arch_irq_save();
	rcu_cpu_t *c = this_cpu_ptr(&rcu_cpu);
	rcu_head_t *first, **link;
	u32 n = 0;

	spin_lock(&rcu.lock);
	if (c->waiting.first && rcu.completed >= c->wait_for)
		list_take(&c->due, &c->waiting);
	if (!c->waiting.first && c->fresh.first) {
		list_take(&c->waiting, &c->fresh);
		c->wait_for = rcu.started + 1;
		rcu.needed = MAX(rcu.needed, c->wait_for);
		advance();
	}
	spin_unlock(&rcu.lock);
	first = c->due.first;
	for (link = &c->due.first; *link && n < BATCH_MAX; link = &(*link)->next)
		n++;
	c->due.first = *link;
	*link = NULL;
	if (c->due.first)
		schedule_softirq_later(SOFTIRQ_RCU);
	arch_irq_restore(flags);
	return first;
}

static void rcu_softirq(void)
{
	rcu_head_t *head, *next;

	for (head = take_due(); head; head = next) {
		void (*func)(rcu_head_t * head) = READ_ONCE(head->func);

		next = head->next;
		CODE_CHECK(func, head->hash);
		func(head);
	}
}

typedef struct rcu_waiter {
	rcu_head_t head;
	completion_t done;
} rcu_waiter_t;

static void wake_waiter(rcu_head_t *head)
{
	complete(&container_of(head, rcu_waiter_t, head)->done);
}

void synchronize_rcu(void)
{
	rcu_waiter_t w;

	might_sleep();
	/* Alone, and sleeping is allowed here: no read section is under way but tagged ones. */
	preempt_disable();
	if (!(READ_ONCE(rcu.cpus) & ~BIT(this_cpu())) && !rcu.blocked[0] && !rcu.blocked[1]) {
		smp_mb();
		preempt_enable();
		return;
	}
	preempt_enable();
	init_completion(&w.done);
	call_rcu(&w.head, wake_waiter);
	wait_for_completion(&w.done);
}

/* rcu_barrier's, under its mutex. */
static struct {
	mutex_t mutex;
	atomic_t left;
	completion_t done;
} barrier = { .mutex = MUTEX_INIT(barrier.mutex) };
static rcu_head_t barrier_heads[NR_CPUS]; /* likewise */

static void barrier_passed(rcu_head_t *head)
{
	if (atomic_dec_and_test(&barrier.left))
		complete(&barrier.done);
}

static void barrier_queue(void *arg)
{
	call_rcu(&barrier_heads[this_cpu()], barrier_passed);
}

/* A CPU runs its callbacks in order: a marker behind all that are queued now. */
void rcu_barrier(void)
{
	mutex_lock(&barrier.mutex);
	init_completion(&barrier.done);
	atomic_set(&barrier.left, (int)cpu_count);
	smp_call_all(barrier_queue, NULL);
	wait_for_completion(&barrier.done);
	mutex_unlock(&barrier.mutex);
}

__init void rcu_init_cpu(void)
{
	unsigned long flags;

	spin_lock_irqsave(&rcu.lock, &flags);
	rcu.cpus |= BIT(this_cpu());
	spin_unlock_irqrestore(&rcu.lock, flags);
}

__init void rcu_init(void)
{
	softirq_register(SOFTIRQ_RCU, rcu_softirq);
}
