/*
 * The first serial port (COM1, 0x3f8) by polling, from the first line of C until the real driver's
 * console takes over. 115200 8N1; a port that is not there swallows nothing, since a loop-back test
 * finds it out.
 */
#include <arch_x86/instructions.h>
#include <drivers/serial_early.h>
#include <kernel/printk.h>

#define COM1 0x3f8
#define REG_DATA 0
#define REG_INTERRUPTS 1
#define REG_FIFO 2
#define REG_LINE 3
#define REG_MODEM 4
#define REG_STATUS 5
#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define FIFO_ENABLE_CLEAR 0x07
#define MODEM_READY 0x03
#define MODEM_LOOP 0x1e
#define STATUS_EMPTY 0x20
#define DIVISOR_115200 1
#define LOOP_BYTE 0xae
#define WAIT_LOOPS 100000 /* a character takes 87 us; a stuck port must not stop the boot */

static bool present;

static void put(char c)
{
	for (u32 i = 0; i < WAIT_LOOPS && !(inb(COM1 + REG_STATUS) & STATUS_EMPTY); i++)
		__asm__ volatile("pause");
	outb(COM1 + REG_DATA, (u8)c);
}

void serial_early_write(const char *s, size_t len)
{
	if (!present)
		return;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\n')
			put('\r');
		put(s[i]);
	}
}

static void console_write(struct console *con, const char *s, size_t len)
{
	serial_early_write(s, len);
}

static console_t console = { .name = "ttyS0", .early = true };

__init void serial_early_init(void)
{
	outb(COM1 + REG_INTERRUPTS, 0);
	outb(COM1 + REG_LINE, LINE_DIVISOR);
	outb(COM1 + REG_DATA, DIVISOR_115200);
	outb(COM1 + REG_INTERRUPTS, 0); /* divisor, high byte */
	outb(COM1 + REG_LINE, LINE_8N1);
	outb(COM1 + REG_FIFO, FIFO_ENABLE_CLEAR);
	outb(COM1 + REG_MODEM, MODEM_LOOP);
	outb(COM1 + REG_DATA, LOOP_BYTE);
	present = inb(COM1 + REG_DATA) == LOOP_BYTE;
	outb(COM1 + REG_MODEM, MODEM_READY);
	if (!present)
		return;
	console.write = console_write;
	register_console(&console);
}
