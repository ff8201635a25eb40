/*
 * Power off and reset: the ACPI registers, then what PCs had before.
 */
#include <drivers/acpi.h>

#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/time.h>
#include <kernel/printk.h>
#include <mm/vmalloc.h>

#define SLP_TYP_SHIFT 10
#define SLP_EN BIT(13)
#define REDUCED_SLP_TYP_SHIFT 2 /* hardware-reduced sleep control register, 4.8.3.7 */
#define REDUCED_SLP_EN BIT(5)
#define SCI_EN BIT(0)

static u8 __iomem *reset_memory, *sleep_memory; /* where the registers are in memory */

__init void acpi_map_registers(void)
{
	if (acpi_fadt.reset.address && acpi_fadt.reset.space == 0)
		reset_memory = ioremap(acpi_fadt.reset.address, 1);
	if (acpi_fadt.sleep_control.address && acpi_fadt.sleep_control.space == 0)
		sleep_memory = ioremap(acpi_fadt.sleep_control.address, 1);
}

static void write_register(const acpi_register_t *r, u32 value, u32 bytes)
{
	if (!r->address)
		return;
	if (r->space == 1) {
		if (bytes == 1)
			arch_out8((u16)r->address, (u8)value);
		else
			arch_out16((u16)r->address, (u16)value);
	} else if (r->space == 0) {
		volatile u8 __iomem *p = r == &acpi_fadt.reset ? reset_memory : sleep_memory;

		/* Registers of hardware-reduced machines are a byte wide. */
		if (p && bytes == 1)
			*(volatile u8 __force *)p = (u8)value;
	}
}

/* Legacy firmware owns the registers until it is told to hand them over (4.8.2.5). */
static void enable_acpi(void)
{
	if (acpi_fadt.pm1a_control.space != 1 || !acpi_fadt.smi_command || !acpi_fadt.acpi_enable)
		return;
	if (arch_in16((u16)acpi_fadt.pm1a_control.address) & SCI_EN)
		return;
	arch_out8((u16)acpi_fadt.smi_command, acpi_fadt.acpi_enable);
	for (u32 i = 0; i < 300; i++) {
		if (arch_in16((u16)acpi_fadt.pm1a_control.address) & SCI_EN)
			return;
		arch_delay_ns(10 * NSEC_PER_MSEC);
	}
}

void arch_poweroff(void)
{
	if (acpi_fadt.hardware_reduced && acpi_fadt.sleep_control.address) {
		u8 type = acpi_fadt.has_s5 ? acpi_fadt.sleep_type_a : 5;

		write_register(&acpi_fadt.sleep_control,
			       (u32)(type << REDUCED_SLP_TYP_SHIFT | REDUCED_SLP_EN), 1);
	} else if (acpi_fadt.has_s5) {
		enable_acpi();
		write_register(&acpi_fadt.pm1a_control,
			       (u32)(acpi_fadt.sleep_type_a << SLP_TYP_SHIFT | SLP_EN), 2);
		write_register(&acpi_fadt.pm1b_control,
			       (u32)(acpi_fadt.sleep_type_b << SLP_TYP_SHIFT | SLP_EN), 2);
	}
	arch_delay_ns(NSEC_PER_SEC);
	printk(KERN_EMERG "This machine cannot switch itself off; it is safe to do so now.\n");
	arch_halt_forever();
}

void arch_reboot(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed no_idt = { 0, 0 };

	if (acpi_fadt.reset_supported) {
		write_register(&acpi_fadt.reset, acpi_fadt.reset_value, 1);
		arch_delay_ns(50 * NSEC_PER_MSEC);
	}
	/* The keyboard controller's reset line (8042 command 0xFE). */
	for (u32 i = 0; i < 10000 && (arch_in8(0x64) & 2); i++)
		cpu_relax();
	arch_out8(0x64, 0xfe);
	arch_delay_ns(50 * NSEC_PER_MSEC);
	arch_out8(0xcf9, 0x06); /* the chipset's reset control register */
	arch_delay_ns(50 * NSEC_PER_MSEC);
	/* A fault without an IDT resets the processor (triple fault). */
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt));
	arch_halt_forever();
}
