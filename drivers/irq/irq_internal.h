/*
 * Between the files of drivers/irq: the I/O APICs as irq.c uses them. Inputs are named by their
 * global system interrupt number (gsi).
 */
#ifndef IRQ_INTERNAL_H
#define IRQ_INTERNAL_H

#include <kernel/compiler.h>

typedef struct irq_route {
	u32 gsi;
	bool level, low; /* trigger mode and polarity */
} irq_route_t;

void pic_disable(void); /* remapped out of the way, every line masked */

void ioapic_init(void);
bool ioapic_has(u32 gsi);
/* Where an irq's line arrives, with the trigger that the MADT gives (ISA default: edge, high). */
void ioapic_find(u32 irq, bool level_default, irq_route_t *route);
void ioapic_connect(const irq_route_t *route, u8 vector, u32 apic_id); /* masked */
void ioapic_redirect(u32 gsi, u32 apic_id); /* of an input that is connected: one word of its two */
void ioapic_mask(u32 gsi, bool masked);

#endif
