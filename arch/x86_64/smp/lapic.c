/*
 * The local APIC (Intel SDM 3A chapter 10). One register space, reached through memory or, in
 * x2APIC mode, through MSRs; only the interrupt command register differs in shape.
 */
#include <arch/io.h>
#include <arch/time.h>
#include <arch_x86/features.h>
#include <arch_x86/instructions.h>
#include <arch_x86/lapic.h>
#include <arch_x86/traps.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <mm/vmalloc.h>

#define APIC_BASE_X2 BIT(10)
#define APIC_BASE_ENABLE BIT(11)

/* Register offsets in memory; the MSR is MSR_X2APIC_BASE + offset / 16. */
#define REG_ID 0x20
#define REG_TPR 0x80
#define REG_EOI 0xb0
#define REG_SVR 0xf0
#define REG_ESR 0x280
#define REG_ICR_LOW 0x300
#define REG_ICR_HIGH 0x310
#define REG_LVT_TIMER 0x320
#define REG_LVT_LINT0 0x350
#define REG_LVT_LINT1 0x360
#define REG_LVT_ERROR 0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_COUNT 0x390
#define REG_TIMER_DIVIDE 0x3e0

#define SVR_ENABLE BIT(8)
#define LVT_MASKED BIT(16)
#define LVT_TIMER_DEADLINE BIT(18)
#define DELIVER_NMI (4u << 8)
#define DELIVER_INIT (5u << 8)
#define DELIVER_STARTUP (6u << 8)
#define ICR_BUSY BIT(12)
#define ICR_ASSERT BIT(14)
#define ICR_LEVEL BIT(15)
#define DIVIDE_BY_1 0xb
#define INIT_PULSE_NS 10000

u32 cpu_apic_id[NR_CPUS];

static u8 __iomem *registers; /* NULL in x2APIC mode */
static bool x2apic;

static u32 lapic_read(u32 reg)
{
	if (x2apic)
		return (u32)rdmsr(MSR_X2APIC_BASE + reg / 16);
	return mmio_read32(registers + reg);
}

static void lapic_write(u32 reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC_BASE + reg / 16, value);
	else
		mmio_write32(registers + reg, value);
}

bool lapic_is_x2apic(void)
{
	return x2apic;
}

u32 lapic_id(void)
{
	u32 id = lapic_read(REG_ID);

	return x2apic ? id : id >> 24;
}

void lapic_eoi(void)
{
	lapic_write(REG_EOI, 0);
}

void lapic_error(void)
{
	lapic_write(REG_ESR, 0); /* a write latches what has gathered: 10.5.3 */
	pr_ratelimited(KERN_WARNING "CPU %u: local APIC error %x\n", this_cpu(),
		       lapic_read(REG_ESR));
}

__init void lapic_init(phys_addr_t base)
{
	/*
	 * Firmware that switched x2APIC on may have done so for APIC ids beyond 255: there is no
	 * way back.
	 */
	x2apic = cpu_has(CPU_X2APIC) || (rdmsr(MSR_APIC_BASE) & APIC_BASE_X2);
	if (!x2apic) {
		registers = ioremap(base, 4096);
		if (!registers)
			panic("Cannot map the local APIC at %lx", base);
	}
	lapic_init_cpu();
	pr_info("APIC: %s mode, boot CPU has id %u\n", x2apic ? "x2APIC" : "xAPIC", lapic_id());
}

__init void lapic_init_cpu(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base); /* x2APIC only from enabled xAPIC: 10.12.5 */
	if (x2apic)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2);
	lapic_write(REG_TPR, 0);
	lapic_write(REG_LVT_TIMER, LVT_MASKED);
	lapic_write(REG_LVT_LINT0, LVT_MASKED); /* the PIC is not used */
	lapic_write(REG_LVT_LINT1, DELIVER_NMI);
	lapic_write(REG_LVT_ERROR, VECTOR_ERROR);
	lapic_write(REG_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	lapic_write(REG_ESR, 0);
	lapic_write(REG_EOI, 0); /* what the firmware may have left in service */
}

/* Writes of xAPIC's two halves belong together; NMIs that send happen in panics only. */
static void send(u32 apic_id, u32 command)
{
	unsigned long flags;

	if (x2apic) {
		/* WRMSR to x2APIC registers is not ordered after earlier stores: 10.12.3 */
		__asm__ volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC_BASE + REG_ICR_LOW / 16, (u64)apic_id << 32 | command);
		return;
	}
	flags = arch_irq_save();
	while (lapic_read(REG_ICR_LOW) & ICR_BUSY)
		cpu_relax();
	lapic_write(REG_ICR_HIGH, apic_id << 24);
	lapic_write(REG_ICR_LOW, command);
	arch_irq_restore(flags);
}

void lapic_send(u32 cpu, u8 vector)
{
	send(cpu_apic_id[cpu], ICR_ASSERT | vector);
}

void lapic_send_nmi(u32 cpu)
{
	send(cpu_apic_id[cpu], ICR_ASSERT | DELIVER_NMI);
}

__init void lapic_send_init(u32 apic_id)
{
	send(apic_id, DELIVER_INIT | ICR_LEVEL | ICR_ASSERT);
	arch_delay_ns(INIT_PULSE_NS);
	send(apic_id, DELIVER_INIT | ICR_LEVEL); /* de-assert: ignored by all but the oldest */
}

__init void lapic_send_startup(u32 apic_id, u8 page)
{
	send(apic_id, ICR_ASSERT | DELIVER_STARTUP | page);
}

void lapic_timer_setup(bool deadline)
{
	lapic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(REG_LVT_TIMER, VECTOR_TIMER | (deadline ? LVT_TIMER_DEADLINE : 0));
	/* The mode must have changed before the first deadline is written: 10.5.4.1 */
	__asm__ volatile("mfence" ::: "memory");
}

void lapic_timer_set(u32 count)
{
	lapic_write(REG_TIMER_INITIAL, count);
}

__init u32 lapic_timer_count(void)
{
	return lapic_read(REG_TIMER_COUNT);
}
