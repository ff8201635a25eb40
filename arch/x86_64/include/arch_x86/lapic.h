/*
 * The local APIC of the running CPU (Intel SDM 3A chapter 10), through memory (xAPIC) or MSRs
 * (x2APIC).
 *
 * Boot CPU: lapic_init(physical base from the MADT) once ioremap works, which also calls
 * lapic_init_cpu; then ioapic_init() (drivers/irq); each further CPU: lapic_init_cpu(). The timer
 * is calibrated by time_arch_init (arch_x86/time.h).
 */
#ifndef ARCH_X86_LAPIC_H
#define ARCH_X86_LAPIC_H

#include <arch/cpu.h>

void lapic_init(phys_addr_t base);
void lapic_init_cpu(void);
u32 lapic_id(void); /* of the running CPU */
bool lapic_is_x2apic(void);
void lapic_eoi(void);
void lapic_error(void); /* reads and logs the error status register */

/* Inter-processor interrupts; interrupts may be on. */
void lapic_send(u32 cpu, u8 vector);
void lapic_send_nmi(u32 cpu);
/* Bring-up, by APIC id (Intel SDM 3A 8.4.4): INIT, then STARTUP at page << 12. */
void lapic_send_init(u32 apic_id);
void lapic_send_startup(u32 apic_id, u8 page);

/* One-shot count-down timer, divider 1. */
void lapic_timer_setup(bool deadline); /* each CPU */
void lapic_timer_set(u32 count);       /* 0 stops */
u32 lapic_timer_count(void);

/* APIC id of each CPU, filled by the boot code before its CPU comes online. */
extern u32 cpu_apic_id[NR_CPUS];

#endif
