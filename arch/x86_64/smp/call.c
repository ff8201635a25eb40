/*
 * Calls on other CPUs.
 *
 * Each CPU has one request slot, which it fills, and one word of request bits, in which every
 * caller has the bit of its number. A caller publishes its slot by setting its bit in each target's
 * word, sends an interrupt where the word was empty, and waits with interrupts on until all have
 * run the function: so two CPUs that call each other serve each other meanwhile. A caller that
 * softirqs could interrupt in mid-call would find its slot taken, hence they are held off; hard
 * interrupt handlers may not call at all.
 */
#include <arch_x86/lapic.h>
#include <arch_x86/smp.h>
#include <arch_x86/traps.h>
#include <kernel/atomic.h>
#include <kernel/cfi.h>
#include <kernel/panic.h>
#include <kernel/softirq.h>

typedef struct call_request {
	void (*fn)(void *arg);
	u64 hash; /* of fn */
	void *arg;
	u32 pending; /* atomic: targets that have not finished */
} call_request_t;

static DEFINE_PERCPU(call_request_t, call_request);
static DEFINE_PERCPU(u64, call_from); /* atomic: bit n: CPU n asks this CPU */
_Static_assert(NR_CPUS <= 64, "one bit of call_from a CPU");

void smp_call_interrupt(void)
{
	u64 callers = __atomic_exchange_n(this_cpu_ptr(&call_from), 0, __ATOMIC_ACQUIRE);

	while (callers) {
		call_request_t *r = per_cpu_ptr(&call_request, (u32)__builtin_ctzl(callers));

		void (*fn)(void *arg) = READ_ONCE(r->fn);

		CODE_CHECK(fn, r->hash);
		fn(r->arg);
		__atomic_fetch_sub(&r->pending, 1, __ATOMIC_RELEASE);
		callers &= callers - 1;
	}
}

/* Softirqs off: asks the CPUs of the set but this one. */
static call_request_t *call_start(u64 cpus, void (*fn)(void *arg), void *arg)
{
	call_request_t *r = this_cpu_ptr(&call_request);
	u64 me = BIT(this_cpu());

	cpus &= cpu_online.bits[0] & ~me;
	r->fn = fn;
	r->hash = CODE_HASH(fn);
	r->arg = arg;
	r->pending = 0;
	for (u64 left = cpus; left; left &= left - 1)
		r->pending++;
	for (; cpus; cpus &= cpus - 1) {
		u32 cpu = (u32)__builtin_ctzl(cpus);

		if (!__atomic_fetch_or(per_cpu_ptr(&call_from, cpu), me, __ATOMIC_SEQ_CST))
			lapic_send(cpu, VECTOR_CALL);
	}
	return r;
}

static void call_wait(const call_request_t *r)
{
	while (__atomic_load_n(&r->pending, __ATOMIC_ACQUIRE))
		cpu_relax();
}

void smp_call(const cpu_set_t *cpus, void (*fn)(void *arg), void *arg)
{
	ASSERT(arch_irqs_enabled() && !in_hardirq());
	local_bh_disable();
	call_wait(call_start(READ_ONCE(cpus->bits[0]), fn, arg));
	local_bh_enable();
}

void smp_call_all(void (*fn)(void *arg), void *arg)
{
	call_request_t *r;

	ASSERT(arch_irqs_enabled() && !in_hardirq());
	local_bh_disable();
	r = call_start(~0UL, fn, arg);
	arch_irq_disable(); /* as on the others */
	fn(arg);
	arch_irq_enable();
	call_wait(r);
	local_bh_enable();
}

void smp_send_reschedule(u32 cpu)
{
	lapic_send(cpu, VECTOR_RESCHEDULE);
}
