/*
 * Entry to and exit from interrupts, and softirqs: what an interrupt leaves to be done right after
 * it with interrupts on, on the same CPU.
 *
 * Softirqs run at the end of the outermost interrupt, or when local_bh_enable ends the last section
 * that held them off. What is raised while they run is taken up in another round; after some rounds
 * the rest waits for the next interrupt or for the idle loop, so that a storm cannot keep threads
 * from running. A thread that raises one with interrupts on runs it at once, as an interrupt could
 * have done at that place; with interrupts off it asks for an interrupt.
 */
#include "../sched/sched_internal.h"

#include <arch/entry.h>
#include <kernel/cfi.h>
#include <kernel/softirq.h>
#include <kernel/sync/rcu.h>

#define MAX_ROUNDS 8

typedef struct softirq_handler {
	void (*function)(void); /* checked against hash before each call */
	u64 hash;
} softirq_handler_t;

static softirq_handler_t handlers[SOFTIRQ_COUNT];
static DEFINE_PERCPU(u32, pending); /* bits; this CPU, single instructions */
static DEFINE_PERCPU(u64, counts[SOFTIRQ_COUNT]);
static DEFINE_PERCPU(u64, irq_start);
DEFINE_PERCPU(u64, irq_cycles);
DEFINE_PERCPU(u64, softirq_cycles);
DEFINE_PERCPU(bool, cpu_is_idle);

void softirq_register(softirq_type_t type, void (*handler)(void))
{
	handlers[type] = (softirq_handler_t){ handler, CODE_HASH(handler) };
}

bool softirq_pending(void)
{
	return this_cpu_read(pending) != 0;
}

u64 softirq_count(u32 cpu, softirq_type_t type)
{
	return READ_ONCE(per_cpu(counts, cpu)[type]);
}

void schedule_softirq(softirq_type_t type)
{
	const run_queue_t *rq;

	this_cpu_or(pending, 1u << type);
	if (in_interrupt())
		return; /* at its end */
	if (arch_irqs_enabled()) {
		do_softirq();
		return;
	}
	/*
	 * Interrupts off: this CPU stays. The boot has no local APIC at first, but ends in the idle
	 * loop.
	 */
	rq = this_rq();
	if (rq->idle && rq->current != rq->idle)
		smp_send_reschedule(rq->cpu);
}

void schedule_softirq_later(softirq_type_t type)
{
	this_cpu_or(pending, 1u << type);
}

static void run_pending(u32 set)
{
	for (; set; set &= set - 1) {
		u32 type = (u32)__builtin_ctz(set);
		const softirq_handler_t *h = &handlers[type];

		(*this_cpu_ptr(&counts))[type]++;
		code_check((const void *)h->function, h->hash);
		h->function();
	}
}

void do_softirq(void)
{
	unsigned long flags = arch_irq_save();
	u64 start, interrupts;

	if (in_interrupt()) {
		arch_irq_restore(flags);
		return;
	}
	start = arch_cycles();
	interrupts = this_cpu_read(irq_cycles);
	this_cpu_add(preempt_count, SOFTIRQ_ONE);
	for (u32 round = 0; round < MAX_ROUNDS && this_cpu_read(pending); round++) {
		u32 set = this_cpu_xchg(pending, 0);

		arch_irq_enable();
		run_pending(set);
		arch_irq_disable();
	}
	this_cpu_add(preempt_count, -SOFTIRQ_ONE);
	this_cpu_add(softirq_cycles,
		     arch_cycles() - start - (this_cpu_read(irq_cycles) - interrupts));
	arch_irq_restore(flags);
}

/* By twos: the lowest of the softirq bits tells running one from holding them off. */
void local_bh_disable(void)
{
	this_cpu_add(preempt_count, 2 * SOFTIRQ_ONE);
	compiler_barrier();
}

void local_bh_enable(void)
{
	compiler_barrier();
	this_cpu_add(preempt_count, -2 * SOFTIRQ_ONE);
	if (unlikely(this_cpu_read(pending)) && !in_interrupt() && arch_irqs_enabled())
		do_softirq();
	if (unlikely(this_cpu_read(need_resched)))
		preempt_schedule();
}

void irq_enter(void)
{
	if (this_cpu_read(cpu_is_idle)) {
		this_cpu_write(cpu_is_idle, false);
		rcu_idle_exit();
	}
	this_cpu_write(irq_start, arch_cycles());
	this_cpu_add(preempt_count, HARDIRQ_ONE);
}

/* Interrupts were on where this one came, and are off now. */
void irq_exit(void)
{
	this_cpu_add(preempt_count, -HARDIRQ_ONE);
	this_cpu_add(irq_cycles, arch_cycles() - this_cpu_read(irq_start));
	if (this_cpu_read(pending) && !in_interrupt())
		do_softirq();
	if (this_cpu_read(need_resched) && !this_cpu_read(preempt_count))
		preempt_from_interrupt();
}
