/*
 * Starting the further CPUs, one after the other: INIT, STARTUP, and for real machines that missed
 * it a second STARTUP (Intel SDM 3A 8.4.4.1). A CPU that does not answer within a second is left
 * out, with a line in the log. One that answers late finds that it is not called any more.
 */
#include <arch_x86/bring_up.h>

#include <arch/entry.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <arch_x86/canary.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/lapic.h>
#include <arch_x86/percpu_setup.h>
#include <arch_x86/pti.h>
#include <arch_x86/time.h>
#include <arch_x86/traps.h>
#include <kernel/boot.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <mm/vmalloc.h>

typedef struct trampoline_parameters {
	u64 root, stack, entry, cpu;
} trampoline_parameters_t;

extern char trampoline_start[], trampoline_end[];
extern trampoline_parameters_t trampoline_parameters;

cpu_set_t cpu_possible, cpu_online;
u32 cpu_count = 1;

static thread_t *starting_idle; /* of the CPU that is being started */
static u32 called;		/* atomic: its number, until it answers or is given up */
static u32 started;		/* atomic: its number once it can be used */

__init void cpu_setup_entry_stacks(u32 cpu, unsigned long tops[IST_COUNT])
{
	for (u32 i = 0; i < IST_COUNT; i++) {
		char *stack = vmalloc_guarded(IST_STACK_SIZE, cpu_node(cpu));

		if (!stack)
			panic("No memory for the entry stacks of CPU %u", cpu);
		pti_share(stack, IST_STACK_SIZE, true);
		tops[i] = (unsigned long)stack + IST_STACK_SIZE;
	}
}

static unsigned long entry_stacks[IST_COUNT]; /* of the CPU that is being started */

/* By that CPU or for it: false if the other was first. */
static inline bool take_call(u32 cpu)
{
	return __atomic_exchange_n(&called, 0, __ATOMIC_ACQ_REL) == cpu;
}

static __noreturn __no_stack_protector void secondary_start(u32 cpu)
{
	if (!take_call(cpu)) /* an INIT is on its way */
		for (;;)
			__asm__ volatile("cli; hlt");
	percpu_load(cpu);
	arch_mmu_switch_kernel();
	cpu_init_control();
	this_cpu_write(preempt_count, 1);
	sched_init_cpu(starting_idle);
	this_cpu_write(kernel_stack_top,
		       (unsigned long)starting_idle->stack + KERNEL_STACK_ORDER_SIZE);
	gdt_init_cpu(cpu, entry_stacks);
	percpu_load(cpu); /* the segment loads cleared nothing, but GS base must be sure */
	tss_set_stack(this_cpu_read(kernel_stack_top));
	trap_init_cpu();
	fpu_init_cpu();
	lapic_init_cpu();
	time_arch_init_cpu();
	cpu_set_add(&cpu_online, cpu);
	__atomic_store_n(&started, cpu, __ATOMIC_RELEASE);
	kernel_main_secondary();
}

static bool wait_started(u32 cpu, u32 milliseconds)
{
	for (u32 i = 0; i < milliseconds * 10; i++) {
		if (__atomic_load_n(&started, __ATOMIC_ACQUIRE) == cpu)
			return true;
		arch_delay_ns(100 * NSEC_PER_USEC);
	}
	return false;
}

static u32 percpu_order(void)
{
	u32 order = 0;

	while (PAGE_SIZE << order < percpu_size())
		order++;
	return order;
}

static bool start_cpu(u32 cpu, u32 apic_id)
{
	char *page = phys_to_virt(boot_info.trampoline);
	trampoline_parameters_t *p;
	page_t *area = alloc_pages_node(cpu_node(cpu), GFP_KERNEL, percpu_order());

	if (!area)
		return false;
	percpu_setup(cpu, page_to_virt(area));
	tss_share(cpu);
	cpu_apic_id[cpu] = apic_id;
	if (page_init_cpu(cpu))
		return false;
	starting_idle = thread_create_idle(cpu);
	canary_start_cpu(cpu, starting_idle);
	cpu_setup_entry_stacks(cpu, entry_stacks);
	memcpy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	p = (trampoline_parameters_t *)(page + ((char *)&trampoline_parameters - trampoline_start));
	*p = (trampoline_parameters_t){
		.root = trampoline_root,
		.stack = (unsigned long)starting_idle->stack + KERNEL_STACK_ORDER_SIZE,
		.entry = (u64)secondary_start,
		.cpu = cpu,
	};
	__atomic_store_n(&called, cpu, __ATOMIC_RELEASE);
	lapic_send_init(apic_id);
	arch_delay_ns(10 * NSEC_PER_MSEC);
	for (u32 try = 0; try < 2; try++) {
		lapic_send_startup(apic_id, (u8)(boot_info.trampoline >> PAGE_SHIFT));
		if (wait_started(cpu, try ? 1000 : 20))
			return true;
	}
	if (!take_call(cpu)) { /* it runs and is only slow, with locks perhaps */
		while (!wait_started(cpu, 1000))
			;
		return true;
	}
	lapic_send_init(apic_id); /* it must not come late: what it would run is freed after boot */
	return false;
}

__init void smp_bring_up(const u32 *apic_ids, u32 count)
{
	u32 limit = (u32)cmdline_get_size("maxcpus", NR_CPUS);

	/*
	 * The trampoline's copy is the one place where memory is written and then run below the
	 * kernel half.
	 */
	for (u32 i = 1; i < count && cpu_count < MAX(limit, 1u); i++) {
		u32 cpu = cpu_count;

		if (!boot_info.trampoline) {
			pr_err("No page below 1 MiB for starting further CPUs\n");
			return;
		}
		if (start_cpu(cpu, apic_ids[i])) {
			cpu_count++;
			continue;
		}
		pr_err("CPU with APIC id %u does not start; it is left out\n", apic_ids[i]);
	}
	pr_info("%u CPUs\n", cpu_count);
}
