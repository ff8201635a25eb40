/*
 * The PC speaker: channel 2 of the 8254 timer drives it (Intel 8254 data sheet; port 0x61 opens the
 * gate).
 */
#include <drivers/input.h>

#include <arch/io.h>
#include <kernel/sync/spinlock.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

#define PIT_HZ 1193182u
#define PORT_CHANNEL2 0x42
#define PORT_COMMAND 0x43
#define COMMAND_CHANNEL2_SQUARE 0xb6 /* low then high byte, mode 3 */
#define PORT_GATE 0x61
#define GATE_AND_SPEAKER 0x03
#define LOWEST_HZ 20u
#define HIGHEST_HZ 32767u

static spinlock_t lock = SPINLOCK_INIT("speaker"); /* the registers; interrupts off */
static timer_t end_timer;

static void silence(timer_t *timer, void *data)
{
	speaker_tone(0, 0);
}

void speaker_tone(u32 hz, u32 msecs)
{
	unsigned long flags;
	u32 count;

	spin_lock_irqsave(&lock, &flags);
	if (hz >= LOWEST_HZ && hz <= HIGHEST_HZ) {
		count = PIT_HZ / hz;
		arch_out8(PORT_COMMAND, COMMAND_CHANNEL2_SQUARE);
		arch_out8(PORT_CHANNEL2, (u8)count);
		arch_out8(PORT_CHANNEL2, (u8)(count >> 8));
		arch_out8(PORT_GATE, arch_in8(PORT_GATE) | GATE_AND_SPEAKER);
	} else {
		arch_out8(PORT_GATE, arch_in8(PORT_GATE) & ~GATE_AND_SPEAKER);
	}
	spin_unlock_irqrestore(&lock, flags);
	if (hz && msecs)
		mod_timer(&end_timer, (u64)(clock_monotonic() + msecs * NSEC_PER_MSEC));
}

__init void speaker_init(void)
{
	timer_init(&end_timer, silence, NULL);
}
