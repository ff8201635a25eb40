/*
 * The 8254 timer: a stopwatch on channel 2 for calibration, and as the last resort a clock on
 * channel 0, whose turns an interrupt counts.
 */
#include <arch/cpu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/time.h>
#include <arch_x86/time_internal.h>
#include <drivers/irq.h>
#include <kernel/atomic.h>
#include <kernel/panic.h>

#define PORT_CHANNEL0 0x40
#define PORT_CHANNEL2 0x42
#define PORT_COMMAND 0x43
#define PORT_SPEAKER 0x61
#define SPEAKER_GATE2 BIT(0)
#define SPEAKER_ON BIT(1)
#define SPEAKER_OUT2 BIT(5)	    /* of mode 0: the count went through zero */
#define COMMAND_CHANNEL2_MODE0 0xb0 /* low then high byte, counts down once */
#define COMMAND_LATCH2 0x80
#define COMMAND_STATUS2 0xe8	    /* read back: the next byte is the status */
#define STATUS_OUT BIT(7)	    /* mode 0: the count went through zero */
#define COMMAND_CHANNEL0_MODE2 0x34 /* rate generator */
#define COMMAND_LATCH0 0x00
#define PIT_IRQ 0
#define PRESENT_READS 1000 /* each takes longer than a count of a real one */
#define TURN 23864u	   /* counts per interrupt: 50 a second */

__init void pit_stopwatch_start(void)
{
	u8 speaker = inb(PORT_SPEAKER) & ~(SPEAKER_ON | SPEAKER_GATE2);

	outb(PORT_SPEAKER, speaker);
	outb(PORT_COMMAND, COMMAND_CHANNEL2_MODE0);
	outb(PORT_CHANNEL2, UINT8_MAX);
	outb(PORT_CHANNEL2, UINT8_MAX);
	outb(PORT_SPEAKER, speaker | SPEAKER_GATE2);
}

u64 pit_stopwatch_read(void)
{
	u32 count;

	outb(PORT_COMMAND, COMMAND_LATCH2);
	count = inb(PORT_CHANNEL2);
	count |= (u32)inb(PORT_CHANNEL2) << 8;
	return UINT16_MAX - count;
}

__init bool pit_stopwatch_expired(void)
{
	outb(PORT_COMMAND, COMMAND_STATUS2);
	return inb(PORT_CHANNEL2) & STATUS_OUT;
}

__init bool pit_present(void)
{
	u64 first;

	pit_stopwatch_start();
	first = pit_stopwatch_read();
	for (u32 i = 0; i < PRESENT_READS; i++)
		if (pit_stopwatch_read() != first)
			return true;
	return false;
}

static u64 turns;   /* atomic: written by the interrupt */
static u64 last;    /* atomic: greatest value given out */
static u32 reading; /* atomic: lock of the latch, tried only: an NMI may find it taken */

static irq_result_t pit_interrupt(u32 irq, void *data)
{
	__atomic_fetch_add(&turns, 1, __ATOMIC_RELAXED);
	pit_clock_read(); /* at least one a turn, so that `last` tells a turn not yet counted */
	return IRQ_HANDLED;
}

__init void pit_start_clock(void)
{
	outb(PORT_COMMAND, COMMAND_CHANNEL0_MODE2);
	outb(PORT_CHANNEL0, TURN & 0xff);
	outb(PORT_CHANNEL0, (u8)(TURN >> 8));
	if (request_irq(PIT_IRQ, pit_interrupt, IRQF_NO_BALANCE, "timer", NULL))
		panic("No clock: neither TSC nor HPET, and the PIT has no interrupt");
}

u64 pit_clock_read(void)
{
	unsigned long flags = arch_irq_save();
	u64 now, seen;
	u32 count;

	if (__atomic_exchange_n(&reading, 1, __ATOMIC_ACQUIRE)) {
		arch_irq_restore(flags);
		return __atomic_load_n(&last, __ATOMIC_RELAXED);
	}
	outb(PORT_COMMAND, COMMAND_LATCH0);
	count = inb(PORT_CHANNEL0);
	count |= (u32)inb(PORT_CHANNEL0) << 8;
	seen = __atomic_load_n(&last, __ATOMIC_RELAXED);
	now = __atomic_load_n(&turns, __ATOMIC_RELAXED) * TURN + (TURN - count);
	if (now < seen) /* the counter has turned, its interrupt is still to come */
		now += TURN;
	if (now < seen)
		now = seen;
	__atomic_store_n(&last, now, __ATOMIC_RELAXED);
	__atomic_store_n(&reading, 0, __ATOMIC_RELEASE);
	arch_irq_restore(flags);
	return now;
}
