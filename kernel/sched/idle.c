/*
 * CPUs without anything to do. The idle thread stands in no queue and runs with preemption off. It
 * sleeps in arch_idle with no tick; after each interrupt it asks the scheduler, which may also take
 * a thread from another CPU. While the CPU sleeps RCU counts it as quiescent; the first instruction
 * of an interrupt handler ends that (irq_enter).
 */
#include "sched_internal.h"

#include <arch/time.h>
#include <kernel/printk.h>
#include <kernel/softirq.h>
#include <kernel/sync/rcu.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

static void become_idle(run_queue_t *rq)
{
	preempt_disable();
	spin_lock_irq(&rq->lock);
	WRITE_ONCE(rq->idle, current());
	rq->current_level = SCHED_LEVELS;
	spin_unlock_irq(&rq->lock);
	load_init();
}

/* It is bound to the boot CPU, and may still wait there for its turn in code that boot is done with. */
void sched_wait_boot_thread(void)
{
	while (!READ_ONCE(cpu_rq(0)->idle))
		msleep(1);
}

/* Sleeps until an interrupt. Interrupts off; on afterwards. */
static void idle_once(run_queue_t *rq)
{
	cpu_set_add(&sched_idle_cpus, rq->cpu);
	/*
	 * Callbacks that wait for a grace period are looked after by the tick, which no other
	 * interrupt puts off: its time changes when it has come.
	 */
	timer_arm_local(rcu_cpu_needs_tick() ? rq->next_sample : NSEC_MAX);
	this_cpu_write(cpu_is_idle, true);
	rcu_idle_enter();
	if (!softirq_pending()) /* the end of a grace period may just have raised one */
		arch_idle();
	arch_irq_disable();
	if (this_cpu_read(cpu_is_idle)) { /* it was no interrupt that the kernel handles: an NMI */
		this_cpu_write(cpu_is_idle, false);
		rcu_idle_exit();
	}
	cpu_set_remove(&sched_idle_cpus, rq->cpu);
	arch_irq_enable();
}

void sched_idle_loop(void)
{
	run_queue_t *rq = this_rq();

	if (rq->idle != current())
		become_idle(rq);
	arch_irq_enable();
	for (;;) {
		schedule();
		arch_irq_disable();
		if (softirq_pending())
			do_softirq();
		if (this_cpu_read(need_resched))
			arch_irq_enable();
		else
			idle_once(rq);
	}
}
