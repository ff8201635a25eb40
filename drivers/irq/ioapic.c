/*
 * I/O APICs (Intel 82093AA data sheet): each takes a range of global system interrupts and turns an
 * input into a message to one CPU. Which there are, and where the ISA lines go, says the MADT (ACPI
 * 6.4, 5.2.12).
 */
#include <arch/io.h>
#include <drivers/acpi.h>
#include <kernel/printk.h>
#include <kernel/sync/spinlock.h>
#include <mm/vmalloc.h>

#include "irq_internal.h"

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define INDEX_VERSION 0x01 /* bits 16-23: highest input */
#define INDEX_ENTRY 0x10   /* two words an input: low, high */
#define ENTRY_LOW_ACTIVE BIT(13)
#define ENTRY_LEVEL BIT(15)
#define ENTRY_MASKED BIT(16)
#define ENTRY_DESTINATION_SHIFT 24
#define ISA_IRQS 16

/* MPS INTI flags of an override */
#define INTI_POLARITY_MASK 0x3
#define INTI_POLARITY_LOW 0x3
#define INTI_TRIGGER_MASK 0xc
#define INTI_TRIGGER_LEVEL 0xc

typedef struct ioapic {
	u8 __iomem *registers;
	u32 first_gsi, inputs;
} ioapic_t;

static ioapic_t ioapics[ACPI_MAX_IOAPICS];
static u32 ioapic_count;
static spinlock_t lock = SPINLOCK_INIT("ioapic"); /* index and window of all of them */

static u32 read(const ioapic_t *io, u32 index)
{
	mmio_write32(io->registers + REG_SELECT, index);
	return mmio_read32(io->registers + REG_WINDOW);
}

static void write(const ioapic_t *io, u32 index, u32 value)
{
	mmio_write32(io->registers + REG_SELECT, index);
	mmio_write32(io->registers + REG_WINDOW, value);
}

static const ioapic_t *find(u32 gsi)
{
	for (u32 i = 0; i < ioapic_count; i++)
		if (gsi - ioapics[i].first_gsi < ioapics[i].inputs)
			return &ioapics[i];
	return NULL;
}

__init bool ioapic_has(u32 gsi)
{
	return find(gsi) != NULL;
}

static __init void add(const acpi_ioapic_t *info)
{
	ioapic_t *io = &ioapics[ioapic_count];

	io->registers = ioremap(info->address, 32);
	if (!io->registers) {
		pr_err("Cannot map the I/O APIC at %lx\n", (unsigned long)info->address);
		return;
	}
	io->first_gsi = info->gsi_base;
	io->inputs = ((read(io, INDEX_VERSION) >> 16) & 0xff) + 1;
	for (u32 i = 0; i < io->inputs; i++)
		write(io, INDEX_ENTRY + 2 * i, ENTRY_MASKED);
	ioapic_count++;
	pr_info("I/O APIC: interrupts %u to %u\n", io->first_gsi, io->first_gsi + io->inputs - 1);
}

__init void ioapic_init(void)
{
	for (u32 i = 0; i < acpi_madt.ioapic_count; i++)
		add(&acpi_madt.ioapics[i]);
}

__init void ioapic_find(u32 irq, bool level_default, irq_route_t *route)
{
	*route = (irq_route_t){
		.gsi = irq,
		.level = irq >= ISA_IRQS || level_default,
		.low = irq >= ISA_IRQS || level_default,
	};
	for (u32 i = 0; i < acpi_madt.override_count; i++) {
		const acpi_override_t *o = &acpi_madt.overrides[i];

		if (o->irq != irq)
			continue;
		route->gsi = o->gsi;
		if (o->flags & INTI_POLARITY_MASK)
			route->low = (o->flags & INTI_POLARITY_MASK) == INTI_POLARITY_LOW;
		if (o->flags & INTI_TRIGGER_MASK)
			route->level = (o->flags & INTI_TRIGGER_MASK) == INTI_TRIGGER_LEVEL;
	}
}

__init void ioapic_connect(const irq_route_t *route, u8 vector, u32 apic_id)
{
	const ioapic_t *io = find(route->gsi);
	u32 entry = INDEX_ENTRY + 2 * (route->gsi - io->first_gsi);
	unsigned long flags;

	spin_lock_irqsave(&lock, &flags);
	write(io, entry, ENTRY_MASKED);
	write(io, entry + 1, apic_id << ENTRY_DESTINATION_SHIFT);
	write(io, entry,
	      ENTRY_MASKED | vector | (route->level ? ENTRY_LEVEL : 0) |
		      (route->low ? ENTRY_LOW_ACTIVE : 0));
	spin_unlock_irqrestore(&lock, flags);
}

void ioapic_redirect(u32 gsi, u32 apic_id)
{
	const ioapic_t *io = find(gsi);
	unsigned long flags;

	spin_lock_irqsave(&lock, &flags);
	write(io, INDEX_ENTRY + 2 * (gsi - io->first_gsi) + 1, apic_id << ENTRY_DESTINATION_SHIFT);
	spin_unlock_irqrestore(&lock, flags);
}

void ioapic_mask(u32 gsi, bool masked)
{
	const ioapic_t *io = find(gsi);
	u32 entry = INDEX_ENTRY + 2 * (gsi - io->first_gsi);
	unsigned long flags;

	spin_lock_irqsave(&lock, &flags);
	write(io, entry, (read(io, entry) & ~(u32)ENTRY_MASKED) | (masked ? ENTRY_MASKED : 0));
	spin_unlock_irqrestore(&lock, flags);
}
