/*
 * Looking at the other CPUs: an NMI reaches them whatever they do. For a panic each keeps the
 * registers it had, so that the panicking CPU can print where they were, and halts for good; for a
 * report on a running machine each notes where it is and goes on.
 */
#include <arch/time.h>
#include <arch_x86/lapic.h>
#include <arch_x86/smp.h>
#include <arch_x86/traps.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

#define STOP_WAIT_NS (100 * NSEC_PER_MSEC)
#define BACKTRACE_MAX 16

static u32 stopping;				     /* atomic: number of the stopping CPU + 1 */
static DEFINE_PERCPU(trap_frame_t *, stopped_frame); /* on the NMI stack, which stays as it is */

/* Where a CPU is: written by it in the NMI, read by the asker once `asked` is false again. */
typedef struct whereabouts {
	bool asked; /* atomic */
	bool user;
	int depth;
	pid_t tid;
	char name[THREAD_NAME_LEN];
	unsigned long ips[BACKTRACE_MAX];
} whereabouts_t;

static DEFINE_PERCPU(whereabouts_t, whereabouts);
static bool asking; /* atomic: one asker at a time */

static void answer(whereabouts_t *w, const trap_frame_t *frame)
{
	const thread_t *t = current();

	w->user = arch_frame_user(frame);
	w->depth = w->user ? 0 : arch_backtrace_frame(frame, w->ips, BACKTRACE_MAX);
	w->tid = t->tid;
	memcpy(w->name, t->name, sizeof(w->name));
	__atomic_store_n(&w->asked, false, __ATOMIC_RELEASE);
}

void smp_stop_check(trap_frame_t *frame)
{
	u32 by = __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
	whereabouts_t *w = this_cpu_ptr(&whereabouts);

	if (__atomic_load_n(&w->asked, __ATOMIC_ACQUIRE))
		answer(w, frame);
	if (!by || by == this_cpu() + 1)
		return;
	__atomic_store_n(this_cpu_ptr(&stopped_frame), frame, __ATOMIC_RELEASE);
	arch_halt_forever();
}

void smp_stop_others(void)
{
	u32 me = this_cpu(), nobody = 0;
	nsec_t end;

	if (!__atomic_compare_exchange_n(&stopping, &nobody, me + 1, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (nobody != me + 1)
			arch_halt_forever(); /* two panics at once: the first reports */
		return;
	}
	for_each_cpu(cpu)
		if (cpu != me)
			lapic_send_nmi(cpu);
	end = arch_clock_read() + STOP_WAIT_NS;
	for_each_cpu(cpu)
		while (cpu != me && !READ_ONCE(per_cpu(stopped_frame, cpu)) &&
		       arch_clock_read() < end)
			cpu_relax();
}

static void print_place(const char *level, u32 cpu, const char *name, pid_t tid, bool user,
			const unsigned long *ips, int n)
{
	unsigned long offset;

	printk("%sCPU %u ran %s (%d):%s\n", level, cpu, name, tid, user ? " in user mode" : "");
	for (int i = 0; i < n; i++) {
		const char *symbol = symbol_lookup(ips[i], &offset);

		printk("%s  [%016lx] %s+0x%lx\n", level, ips[i], symbol ? symbol : "?",
		       symbol ? offset : 0);
	}
}

void smp_print_others(void)
{
	for_each_cpu(cpu) {
		const trap_frame_t *frame = READ_ONCE(per_cpu(stopped_frame, cpu));
		const thread_t *t = per_cpu(current_thread, cpu);
		unsigned long ips[BACKTRACE_MAX];

		if (cpu == this_cpu())
			continue;
		if (frame)
			print_place(KERN_EMERG, cpu, t->name, t->tid, arch_frame_user(frame), ips,
				    arch_backtrace_frame(frame, ips, BACKTRACE_MAX));
		else
			printk(KERN_EMERG "CPU %u does not answer\n", cpu);
	}
}

void smp_print_all(void)
{
	unsigned long flags = arch_irq_save(), ips[BACKTRACE_MAX];
	const thread_t *t = current();
	u32 me = this_cpu();
	nsec_t end;

	if (__atomic_exchange_n(&asking, true, __ATOMIC_ACQUIRE))
		goto out;
	for_each_cpu(cpu) {
		if (cpu == me)
			continue;
		__atomic_store_n(&per_cpu(whereabouts, cpu).asked, true, __ATOMIC_RELEASE);
		lapic_send_nmi(cpu);
	}
	print_place(KERN_INFO, me, t->name, t->tid, false, ips,
		    arch_backtrace(current(), ips, BACKTRACE_MAX));
	end = arch_clock_read() + STOP_WAIT_NS;
	for_each_cpu(cpu) {
		whereabouts_t *w = &per_cpu(whereabouts, cpu);

		if (cpu == me)
			continue;
		while (__atomic_load_n(&w->asked, __ATOMIC_ACQUIRE) && arch_clock_read() < end)
			cpu_relax();
		if (__atomic_load_n(&w->asked, __ATOMIC_ACQUIRE))
			printk(KERN_INFO "CPU %u does not answer\n", cpu);
		else
			print_place(KERN_INFO, cpu, w->name, w->tid, w->user, w->ips, w->depth);
	}
	__atomic_store_n(&asking, false, __ATOMIC_RELEASE);
out:
	arch_irq_restore(flags);
}
