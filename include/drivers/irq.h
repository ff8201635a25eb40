/*
 * Device interrupts. An irq is a line's number: 0..15 the ISA lines (rerouted as the MADT says),
 * 16 and up the I/O APIC inputs (global system interrupts) of the same number.
 *
 *	static irq_result_t uart_interrupt(u32 irq, void *data) { ... return IRQ_HANDLED; }
 *	request_irq(4, uart_interrupt, 0, "ttyS0", uart);
 *
 * Handlers run with interrupts off on the CPU the line is routed to, and may not sleep. On a shared
 * line each handler is asked in turn; data tells them apart, so it must not be NULL there.
 */
#ifndef DRIVERS_IRQ_H
#define DRIVERS_IRQ_H

#include <arch/cpu.h>
#include <arch/thread.h>

#define NR_IRQS 192

typedef enum irq_result {
	IRQ_NONE, /* not from this device */
	IRQ_HANDLED,
} irq_result_t;

typedef irq_result_t (*irq_handler_t)(u32 irq, void *data);
typedef trap_frame_t interrupt_context_t; /* registers of what was interrupted */

#define IRQF_SHARED 0x1u
#define IRQF_LEVEL 0x2u	     /* level, active low (PCI) where the firmware says nothing */
#define IRQF_NO_BALANCE 0x4u /* stays on the boot CPU (the PIT as a clock) */

/* Both may sleep. 0, -EINVAL (no such line, no handler, shared without data), -EBUSY (line taken and
 * not shared by both), -ENOMEM, -ENOSPC (no vector left). The line is enabled on success. */
int request_irq(u32 irq, irq_handler_t handler, u32 flags, const char *name, void *data);
/* Returns when no CPU runs the handler any more. */
void free_irq(u32 irq, void *data);

/* Nest; any context. disable_irq does not wait for a running handler. */
void enable_irq(u32 irq);
void disable_irq(u32 irq);

/* Runs the handlers of a line; called by irq_dispatch, interrupts off. */
void handle_interrupt(u32 irq_num, interrupt_context_t *ctx);

/* For /proc/interrupts and /proc/stat. names: handlers' names joined by ", ". */
typedef struct irq_info {
	char names[64];
	const char *chip; /* "IO-APIC" */
	bool level;
} irq_info_t;
bool irq_info(u32 irq, irq_info_t *out); /* false when the line has no handler */
/*
 * CPUs that a line's interrupts may go to, and the one that they do go to: false when it has no handler. They go to the
 * first of a set: 0, -EINVAL (no CPU of it can be named by an I/O APIC), -EIO (the line stays where it is). May sleep.
 */
bool irq_get_affinity(u32 irq, cpu_set_t *set, u32 *cpu);
int irq_set_affinity(u32 irq, const cpu_set_t *set);
void irq_show_init(void); /* boot, after the drivers: /proc/irq */
u64 irq_count(u32 irq, u32 cpu);
u64 irq_count_all(void); /* devices and the sources below, all CPUs */
/* The other sources ("NMI", "LOC", ...): false past the last. */
bool irq_source(u32 index, const char **tag, const char **text);
u64 irq_source_count(u32 index, u32 cpu);

/* Boot: masks the PIC, reads the MADT, routes nothing yet. */
void irq_init(void);

#endif
