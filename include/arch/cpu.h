/*
 * What every CPU can do: interrupt flag, pauses, identification, CPU sets and cross calls.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <arch/percpu.h>
#include <kernel/lib/bitmap.h>

/* Interrupt flag of this CPU. save returns the former state for restore. */
static inline void arch_irq_enable(void);
static inline void arch_irq_disable(void);
static inline unsigned long arch_irq_save(void);
static inline void arch_irq_restore(unsigned long flags);
static inline bool arch_irqs_enabled(void);
static inline bool arch_flags_enabled(unsigned long flags); /* of a saved state */
static inline void cpu_relax(void);
static inline u64 arch_cycles(void); /* cycle counter, unserialised */

#ifdef CONFIG_HOST
#include <fake/cpu.h>
#else
#include <arch_x86/cpu_inline.h>
#endif

/* Enables interrupts and waits for one, with no window in which one could be lost. */
void arch_idle(void);
void arch_halt_forever(void) __noreturn;
void arch_reboot(void) __noreturn;
void arch_poweroff(void) __noreturn; /* halts, with a line in the log, when the machine cannot */

typedef struct cpu_set {
	unsigned long bits[NR_CPUS / 64];
} cpu_set_t;

extern cpu_set_t cpu_possible, cpu_online; /* set at boot, bits only ever added */
extern u32 cpu_count;			   /* number of online CPUs; they are 0..cpu_count-1 */

#define for_each_cpu(cpu) for (u32 cpu = 0; cpu < cpu_count; cpu++)
static inline bool cpu_set_test(const cpu_set_t *s, u32 cpu)
{
	return (READ_ONCE(s->bits[cpu / 64]) >> (cpu % 64)) & 1;
}
static inline void cpu_set_add(cpu_set_t *s, u32 cpu) /* atomic */
{
	__atomic_fetch_or(&s->bits[cpu / 64], 1UL << (cpu % 64), __ATOMIC_SEQ_CST);
}
static inline void cpu_set_remove(cpu_set_t *s, u32 cpu) /* atomic */
{
	__atomic_fetch_and(&s->bits[cpu / 64], ~(1UL << (cpu % 64)), __ATOMIC_SEQ_CST);
}

u32 arch_apic_id(void);	    /* hardware id of the running CPU, before its controller is set up */
bool arch_random(u64 *out); /* the CPU's random number generator; false: none, or it had nothing */
bool arch_is_guest(void);   /* a hypervisor may take a CPU away for a while at any moment */
u32 cpu_node(u32 cpu);	    /* NUMA node of a CPU */
extern u32 node_count;	    /* nodes are 0..node_count-1 */
u8 node_distance(u32 a, u32 b); /* ACPI SLIT; 10 is local, 20 where there is no table */

/*
 * Starts the CPUs of the given hardware ids but the first, which runs; sets cpu_count and
 * cpu_online.
 */
void smp_bring_up(const u32 *apic_ids, u32 count);

/* Inter-processor requests (arch/x86_64/smp). */
void smp_send_reschedule(u32 cpu); /* makes `cpu` look at need_resched */
/*
 * Runs fn(arg) on each CPU of the set but this one, in interrupt context there, and waits for all.
 * Callable with interrupts on only, preemption may be on. smp_call_all includes this CPU.
 */
void smp_call(const cpu_set_t *cpus, void (*fn)(void *arg), void *arg);
void smp_call_all(void (*fn)(void *arg), void *arg);
void smp_stop_others(void);  /* panic: NMI to the others, which save their frame and halt */
void smp_print_others(void); /* panic: backtraces of the stopped CPUs */
void smp_print_all(void);    /* backtraces of all CPUs, which run on; any context but an NMI */

#endif
