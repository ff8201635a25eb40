/*
 * The scheduler's core: giving the CPU from one thread to the next.
 *
 * Concepts. Each CPU has a run queue (queue.c: which thread is next) with its own lock. The running
 * thread stands in no list. A thread that wants to sleep sets its state, looks at its condition
 * once more and calls schedule, which takes it off under the lock of its queue unless a waker came
 * first. Preemption runs the same code but never takes the thread off, whatever its state: it stays
 * `active` and sets out to sleep when it gets to schedule itself.
 *
 * Who owns a thread. All of t->sched, and the end of a sleep, belong to the lock of the queue that
 * t->sched.cpu names. That lock is held from the moment a thread is taken off until the CPU has
 * left its stack: taken before the switch, released after it by the next thread (finish_switch). So
 * whoever holds it and finds the thread asleep may run it anywhere at once, and no thread is ever
 * on two CPUs. A waker makes the thread RUNNING under that lock, which settles races between
 * wakers; from there until it is queued only the waker holds it, and may change t->sched.cpu.
 *
 *	running --schedule--> asleep --wake_up_thread--> in the waker's hands --rq_activate--> queued --> running
 *	   |  ^------------------- preempted, slice over: queued ----------------------------------^
 *	   +---- its CPU is not allowed any more: `migrating`, in finish_switch's hands ----> queued
 *
 * Lost wake-ups: the sleeper stores its state, then reads the condition; the waker stores the
 * condition, then reads the state (wake_up_thread); both with a full barrier in between.
 *
 * Preemption. need_resched of a CPU (and its mirror TF_NEED_RESCHED in the current thread, which
 * the way to user mode tests) changes under that CPU's queue lock. It is looked at when
 * preempt_count falls to 0, at the end of interrupts and on the way to user mode; a CPU whose flag
 * is already set gets no second interrupt.
 *
 * Time. A switch reads the clock once. The local timer serves timers, the slice when somebody waits
 * for the CPU, and every 10 ms a sample (account.c); an idle CPU has neither of the last two.
 *
 * Locking. A queue lock is taken with interrupts off and is all but a leaf: under it only the timer
 * base, RCU's lock and mm's switch. A second queue's lock is only tried (steal_thread), else the
 * first is let go before (place_thread).
 */
#include "sched_internal.h"

#include <arch/entry.h>
#include <arch/time.h>
#include <kernel/perf.h>
#include <kernel/sync/rcu.h>
#include <kernel/time/timer.h>
#include <mm/space.h>

DEFINE_PERCPU(run_queue_t, run_queue);
DEFINE_PERCPU_INIT(thread_t *, current_thread) = &init_thread;
DEFINE_PERCPU(bool, need_resched);
cpu_set_t sched_cpus, sched_idle_cpus;

run_queue_t *thread_rq_lock(thread_t *t, unsigned long *flags) __acquires(rq)
{
	for (;;) {
		u32 cpu = READ_ONCE(t->sched.cpu);
		run_queue_t *rq = cpu_rq(cpu);

		spin_lock_irqsave(&rq->lock, flags);
		if (likely(READ_ONCE(t->sched.cpu) == cpu))
			return rq;
		spin_unlock_irqrestore(&rq->lock, *flags);
	}
}

void set_current_state(u32 state)
{
	__atomic_store_n(&current()->state, state, __ATOMIC_SEQ_CST);
}

void resched_current(run_queue_t *rq)
{
	assert_held(&rq->lock);
	if (READ_ONCE(per_cpu(need_resched, rq->cpu)))
		return;
	WRITE_ONCE(per_cpu(need_resched, rq->cpu), true);
	thread_set_flag(rq->current, TF_NEED_RESCHED);
	if (rq->cpu != this_cpu())
		smp_send_reschedule(rq->cpu);
}

static void advance_sample(run_queue_t *rq, nsec_t now)
{
	if (rq->next_sample <= now)
		rq->next_sample = now + SAMPLE_PERIOD;
}

void arm_tick(run_queue_t *rq, nsec_t now)
{
	const thread_t *t = rq->current;
	nsec_t when = NSEC_MAX;

	if (t != rq->idle) {
		advance_sample(rq, now);
		when = rq->next_sample;
		/*
		 * Not for a slice whose end has been told: what runs with preemption off would be
		 * interrupted again at once, for ever.
		 */
		if (rq->nr_queued && has_slice(t) && !this_cpu_read(need_resched))
			when = MIN(when, now + MAX(t->sched.slice_left, (nsec_t)0));
	}
	timer_arm_local(when);
}

/*
 * The current thread keeps its claim to the CPU: back into the queue, or on to where it is allowed.
 */
static void requeue(run_queue_t *rq, thread_t *prev, nsec_t now)
{
	bool behind = level_expire(prev) || rq->yielding;

	if (likely(cpu_set_test(&prev->sched.affinity, rq->cpu)))
		rq_enqueue(rq, prev, !behind, now);
	else
		prev->sched.migrating = true;
}

static void deactivate(run_queue_t *rq, thread_t *prev, nsec_t now)
{
	prev->sched.active = false;
	prev->sleep_start = now;
	if (prev->state & (THREAD_UNINTERRUPTIBLE | THREAD_KILLABLE))
		rq->uninterruptible++;
}

/*
 * Before the boot thread has become the idle thread there is none: it waits in its own place for
 * someone, itself included, to become runnable. It is bound to this CPU, so nobody else runs it
 * meanwhile.
 */
static __init thread_t *wait_for_thread(run_queue_t *rq)
{
	thread_t *next;

	preempt_disable();
	while (!(next = rq_pick(rq, arch_clock_read()))) {
		spin_unlock(&rq->lock);
		arch_idle();
		arch_irq_disable();
		spin_lock(&rq->lock);
	}
	preempt_enable_no_resched();
	return next;
}

static thread_t *pick_next(run_queue_t *rq, nsec_t now)
{
	thread_t *next = rq_pick(rq, now);

	if (next)
		return next;
	if (steal_thread(rq, 1, now))
		return rq_pick(rq, now);
	rq->current_level = SCHED_LEVELS;
	return likely(rq->idle) ? rq->idle : wait_for_thread(rq);
}

static bool measured; /* switches are timed */

void sched_measure_switches(bool on)
{
	WRITE_ONCE(measured, on);
}

/*
 * First thing after a switch, in the thread switched to: the queue's lock is held, interrupts are
 * off.
 */
static void finish_switch(thread_t *prev) __releases(rq)
{
	run_queue_t *rq = this_rq();
	bool dead = prev->state == THREAD_ZOMBIE && !prev->sched.active;

	lockdep_acquire(&rq->lock.dep, LOCK_TRY, (unsigned long)__builtin_return_address(0));
	if (unlikely(READ_ONCE(measured)))
		latency_add(&rq->switch_latency, (u64)(arch_clock_read() - rq->switch_start));
	__atomic_store_n(&prev->sched.on_cpu, false, __ATOMIC_RELEASE);
	if (unlikely(prev->sched.migrating)) {
		prev->sched.migrating = false;
		place_thread(rq, prev, rq->current->sched.exec_start);
	} else {
		if (unlikely(dead))
			WRITE_ONCE(prev->state, THREAD_DEAD);
		spin_unlock(&rq->lock);
		if (unlikely(dead))
			thread_put(prev);
	}
	if (perf_used())
		perf_enter(current());
}

void thread_start_hook(thread_t *prev) __releases(rq)
{
	finish_switch(prev);
	arch_irq_enable();
	if (this_cpu_read(need_resched))
		preempt_schedule();
}

static void switch_to(run_queue_t *rq, thread_t *prev, thread_t *next, nsec_t now) __releases(rq)
{
	rq->switches++;
	rq->switch_start = now;
	if (prev->rseq)
		thread_set_flag(prev, TF_RSEQ);
	rq->current = next;
	next->sched.exec_start = now;
	next->sched.last_cpu = rq->cpu;
	next->sched.on_cpu = true;
	arm_tick(rq, now);
	vm_space_switch(prev, next);
	lockdep_release(&rq->lock.dep, 0);
	prev->saved_preempt_count = this_cpu_read(preempt_count);
	this_cpu_write(preempt_count, next->saved_preempt_count);
	finish_switch(arch_switch(prev, next));
}

/* Interrupts off. preempted: current did not ask for it. */
static void switch_thread(bool preempted)
{
	thread_t *prev = current(), *next;
	run_queue_t *rq = this_rq();
	bool sleeps;
	nsec_t now;

	if (perf_used())
		perf_leave(prev);
	rcu_note_switch();
	spin_lock(&rq->lock);
	now = arch_clock_read();
	charge_current(rq, now);
	this_cpu_write(need_resched, false);
	if (thread_test_flag(prev, TF_NEED_RESCHED))
		thread_clear_flag(prev, TF_NEED_RESCHED);
	sleeps = !preempted && prev->state != THREAD_RUNNING;
	if (sleeps && unlikely(signal_pending_state(prev->state, prev))) {
		WRITE_ONCE(prev->state, THREAD_RUNNING);
		sleeps = false;
	}
	if (sleeps)
		deactivate(rq, prev, now);
	else if (prev != rq->idle)
		requeue(rq, prev, now);
	rq->yielding = false;
	next = pick_next(rq, now);
	if (next == prev) {
		arm_tick(rq, now);
		spin_unlock(&rq->lock);
		if (perf_used())
			perf_enter(prev);
		return;
	}
	if (sleeps)
		prev->voluntary_switches++;
	else
		prev->involuntary_switches++;
	switch_to(rq, prev, next, now);
}

static void check_may_schedule(void)
{
#ifdef CONFIG_DEBUG
	u32 allowed = current() == this_rq()->idle ? PREEMPT_ONE : 0;

	if (unlikely(this_cpu_read(preempt_count) != allowed || current()->rcu_nesting))
		panic("scheduling while atomic: preempt_count %x, rcu %d",
		      this_cpu_read(preempt_count), current()->rcu_nesting);
#endif
}

void schedule(void)
{
	unsigned long flags = arch_irq_save();

	check_may_schedule();
	do
		switch_thread(false);
	while (unlikely(this_cpu_read(need_resched)));
	arch_irq_restore(flags);
}

/*
 * The preemption fuzzer and wakers outside of queue locks may come here with interrupts off; then
 * the end of whatever keeps them off, or the next interrupt, is early enough.
 */
void preempt_schedule(void)
{
	if (this_cpu_read(preempt_count) || !arch_irqs_enabled())
		return;
	arch_irq_disable();
	preempt_from_interrupt();
	arch_irq_enable();
}

void preempt_from_interrupt(void)
{
	while (this_cpu_read(need_resched) && !this_cpu_read(preempt_count))
		switch_thread(true);
}

void yield(void)
{
	unsigned long flags = arch_irq_save();

	this_rq()->yielding = true; /* read by this CPU only, in switch_thread */
	check_may_schedule();
	switch_thread(false);
	arch_irq_restore(flags);
}

extern char sched_text_start[], sched_text_end[]; /* linker.ld */

bool sched_text_contains(unsigned long addr)
{
	return addr >= (unsigned long)sched_text_start && addr < (unsigned long)sched_text_end;
}

#ifdef CONFIG_DEBUG
/* The preemption fuzzer: another thread is to run here, if there is one. */
void sched_provoke(void)
{
	unsigned long flags = arch_irq_save();
	run_queue_t *rq = this_rq();

	if (rq->current != rq->idle && rq->switches) {
		rq->yielding = true;
		this_cpu_write(need_resched, true);
		thread_set_flag(rq->current, TF_NEED_RESCHED);
	}
	arch_irq_restore(flags);
}

bool sched_is_running(void)
{
	return READ_ONCE(cpu_rq(0)->switches) != 0;
}
#endif

void sched_exit_thread(void)
{
	arch_irq_disable();
	WRITE_ONCE(current()->state, THREAD_ZOMBIE);
	switch_thread(false);
	panic("thread %d ran on after its end", current()->tid);
}

/* The timer that arm_tick set: a slice is over, or a sample is due. Interrupts off. */
void sched_tick(void)
{
	run_queue_t *rq = this_rq();
	nsec_t now = arch_clock_read();
	thread_t *t;

	spin_lock(&rq->lock);
	t = rq->current;
	charge_current(rq, now);
	rq_boost(rq, now);
	if (t != rq->idle) {
		/*
		 * The slice counts from here even when nobody waits; FIFO yields to the limit only.
		 */
		if ((t->sched.slice_left <= 0 && has_slice(t)) ||
		    now - rq->normal_since >= READ_ONCE(realtime_limit)) {
			if (rq->nr_queued)
				resched_current(rq);
			else
				level_expire(t);
		}
		if (now >= rq->next_balance) {
			rq->next_balance = now + 8 * SAMPLE_PERIOD;
			if (steal_thread(rq, 2, now))
				resched_current(rq);
		}
		if (rq->nr_queued)
			kick_idle_cpu(rq);
	}
	watch_tick(rq, now);
	advance_sample(rq, now);
	arm_tick(rq, now);
	spin_unlock(&rq->lock);
	rcu_tick();
}

/* Fields of the first thread of a CPU, which runs already. */
static __init void adopt_current(run_queue_t *rq, thread_t *t)
{
	t->state = THREAD_RUNNING;
	t->sched.user_share = 0;
	t->sched.policy = SCHED_NORMAL;
	t->sched.cpu = t->sched.last_cpu = rq->cpu;
	t->sched.active = t->sched.on_cpu = true;
	t->sched.affinity = (cpu_set_t){ { 0 } };
	cpu_set_add(&t->sched.affinity, rq->cpu);
	t->sched.exec_start = arch_clock_read();
	sched_set_effective(t);
	rq->current = t;
	rq->current_level = t->sched.level;
	this_cpu_write(current_thread, t);
}

__init void sched_init(void)
{
	run_queue_t *rq = this_rq();

	spinlock_boot_init();
	rq_init(rq, this_cpu());
	adopt_current(rq, &init_thread);
	rcu_init();
	rcu_init_cpu();
	cpu_set_add(&sched_cpus, rq->cpu);
}

__init void sched_init_cpu(thread_t *idle)
{
	run_queue_t *rq = this_rq();

	rq_init(rq, this_cpu());
	adopt_current(rq, idle);
	this_cpu_write(preempt_count, PREEMPT_ONE); /* as an idle thread runs */
	rq->idle = idle;
	rq->current_level = SCHED_LEVELS;
	rcu_init_cpu();
	cpu_set_add(&sched_cpus, rq->cpu);
}
