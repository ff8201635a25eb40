/*
 * 16550 serial ports (National Semiconductor PC16550D data sheet) as terminals and as the kernel's
 * console.
 *
 * Output goes through a ring that the transmitter interrupt empties; the console (kernel log)
 * writes by polling, under the same port lock, so that lines of the log and of programs do not mix
 * within a byte. Input goes from the receive interrupt to tty_receive; when the terminal's buffer
 * is full the receive interrupt is masked until it has room (the FIFO then holds back the sender
 * through RTS where it honours it).
 */
#include "tty_internal.h"

#include <arch/io.h>
#include <drivers/irq.h>
#include <drivers/serial.h>
#include <kernel/lib/printf.h>
#include <kernel/printk.h>
#include <kernel/sysrq.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>

#define REG_DATA 0 /* DLAB: divisor low */
#define REG_IER 1  /* DLAB: divisor high */
#define REG_IIR 2  /* read */
#define REG_FCR 2  /* write */
#define REG_LCR 3
#define REG_MCR 4
#define REG_LSR 5
#define REG_MSR 6
#define REG_SCRATCH 7

#define IER_RX 0x01
#define IER_TX 0x02
#define IER_LINE 0x04
#define IIR_NONE 0x01
#define FCR_ENABLE 0x07 /* enable and clear both FIFOs */
#define FCR_TRIGGER_8 0x80
#define LCR_8N1 0x03
#define LCR_STOP2 0x04
#define LCR_PARITY 0x08
#define LCR_EVEN 0x10
#define LCR_BREAK 0x40
#define LCR_DLAB 0x80
#define MCR_DTR 0x01
#define MCR_RTS 0x02
#define MCR_OUT2 0x08 /* interrupt line enabled on PCs */
#define LSR_DATA 0x01
#define LSR_BREAK 0x10
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define FIFO_SIZE 16
#define UART_CLOCK 115200 /* divisor 1 */
#define TX_RING 4096
#define CONSOLE_TRIES 1000000	      /* for a lock that may never be released */
#define SYSRQ_WAIT (5 * NSEC_PER_SEC) /* from a break to the key that it announces */

typedef struct serial_port {
	u16 base;
	u32 irq;
	tty_t *tty;
	spinlock_t lock; /* all below and the registers; interrupts off */
	u32 tx_head, tx_tail;
	u8 tx[TX_RING];
	u8 ier;
	u8 seen; /* LSR_BREAK, which reading the register takes away */
	bool present, throttled, stopped;
	nsec_t sysrq_until; /* a byte up to then is for the kernel */
	console_t console;
} serial_port_t;

#define PORTS 4
static serial_port_t ports[PORTS];

static u8 reg_read(serial_port_t *p, u32 reg)
{
	return arch_in8((u16)(p->base + reg));
}

static void reg_write(serial_port_t *p, u32 reg, u8 value)
{
	arch_out8((u16)(p->base + reg), value);
}

static void set_ier(serial_port_t *p, u8 ier)
{
	if (p->ier == ier)
		return;
	p->ier = ier;
	reg_write(p, REG_IER, ier);
}

/* The line's status. Who looks for something else keeps a break for receive. Lock held. */
static u8 line_status(serial_port_t *p)
{
	u8 lsr = reg_read(p, REG_LSR);

	p->seen |= lsr & LSR_BREAK;
	return lsr;
}

/* Fills the transmit FIFO; keeps the transmitter interrupt on while there is more. Lock held. */
static void transmit(serial_port_t *p)
{
	if (!p->stopped && (line_status(p) & LSR_THRE))
		for (u32 i = 0; i < FIFO_SIZE && p->tx_tail != p->tx_head; i++)
			reg_write(p, REG_DATA, p->tx[p->tx_tail++ % TX_RING]);
	set_ier(p, p->tx_tail != p->tx_head && !p->stopped ? p->ier | IER_TX : p->ier & ~IER_TX);
}

/* What an interrupt has still to do once the port is unlocked. */
typedef struct received {
	bool got_break;
	bool got_key;
	char key;
} received_t;

static void receive(serial_port_t *p, received_t *got)
{
	u8 lsr;

	while ((lsr = line_status(p) | p->seen) & (LSR_DATA | LSR_BREAK)) {
		u8 c;

		if (tty_receive_room(p->tty) == 0) {
			p->throttled = true;
			set_ier(p, p->ier & ~(IER_RX | IER_LINE));
			return;
		}
		c = reg_read(p, REG_DATA);
		p->seen = 0;
		if (lsr & LSR_BREAK) {
			/* On a line to somebody else it is only a break. */
			if (console_is_registered(&p->console))
				p->sysrq_until = clock_monotonic() + SYSRQ_WAIT;
			got->got_break = true;
			continue;
		}
		if (unlikely(p->sysrq_until)) {
			got->got_key = clock_monotonic() < p->sysrq_until;
			p->sysrq_until = 0;
			got->key = (char)c;
			if (got->got_key)
				continue;
		}
		tty_receive(p->tty, &c, 1);
	}
}

static irq_result_t serial_interrupt(u32 irq, void *data)
{
	serial_port_t *p = data;
	received_t got = { 0 };
	bool mine = false, room;
	unsigned long flags;

	spin_lock_irqsave(&p->lock, &flags);
	/* Edge-triggered lines need the request to fall: until the port asks for nothing. */
	while (!(reg_read(p, REG_IIR) & IIR_NONE)) {
		mine = true;
		if (!p->throttled)
			receive(p, &got);
		reg_read(p, REG_MSR);
		transmit(p);
	}
	room = p->tx_head - p->tx_tail <= TX_RING / 2;
	spin_unlock_irqrestore(&p->lock, flags);
	if (got.got_break)
		tty_receive_break(p->tty);
	if (got.got_key)
		sysrq_handle(got.key);
	if (mine && room)
		tty_write_wakeup(p->tty);
	return mine ? IRQ_HANDLED : IRQ_NONE;
}

static size_t serial_write(tty_t *tty, const u8 *data, size_t len)
{
	serial_port_t *p = tty->driver_data;
	unsigned long flags;
	size_t n = 0;

	spin_lock_irqsave(&p->lock, &flags);
	while (n < len && p->tx_head - p->tx_tail < TX_RING)
		p->tx[p->tx_head++ % TX_RING] = data[n++];
	transmit(p);
	spin_unlock_irqrestore(&p->lock, flags);
	return n;
}

static size_t serial_write_room(tty_t *tty)
{
	serial_port_t *p = tty->driver_data;

	return TX_RING - (READ_ONCE(p->tx_head) - READ_ONCE(p->tx_tail));
}

static size_t serial_chars_queued(tty_t *tty)
{
	return TX_RING - serial_write_room(tty);
}

static void serial_flush_output(tty_t *tty)
{
	serial_port_t *p = tty->driver_data;
	unsigned long flags;

	spin_lock_irqsave(&p->lock, &flags);
	p->tx_tail = p->tx_head;
	transmit(p);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_set_stopped(tty_t *tty, bool stopped)
{
	serial_port_t *p = tty->driver_data;
	unsigned long flags;

	spin_lock_irqsave(&p->lock, &flags);
	p->stopped = stopped;
	transmit(p);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_stop(tty_t *tty)
{
	serial_set_stopped(tty, true);
}

static void serial_start(tty_t *tty)
{
	serial_set_stopped(tty, false);
}

static void serial_unthrottle(tty_t *tty)
{
	serial_port_t *p = tty->driver_data;
	unsigned long flags;

	if (!READ_ONCE(p->throttled) || tty_receive_room(tty) < TTY_RAW_BUFFER / 2)
		return;
	spin_lock_irqsave(&p->lock, &flags);
	p->throttled = false;
	set_ier(p, p->ier | IER_RX | IER_LINE);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_set_termios(tty_t *tty)
{
	serial_port_t *p = tty->driver_data;
	u32 speed = tty->termios.c_ospeed, cflag = tty->termios.c_cflag;
	u32 divisor = speed ? MAX(UART_CLOCK / speed, 1u) : 0;
	u8 lcr = (u8)((cflag & CSIZE) >> 4);
	unsigned long flags;

	if (cflag & CSTOPB)
		lcr |= LCR_STOP2;
	if (cflag & PARENB)
		lcr |= LCR_PARITY | LCR_EVEN;
	spin_lock_irqsave(&p->lock, &flags);
	if (divisor) {
		reg_write(p, REG_LCR, lcr | LCR_DLAB);
		reg_write(p, REG_DATA, (u8)divisor);
		reg_write(p, REG_IER, (u8)(divisor >> 8));
	}
	reg_write(p, REG_LCR, lcr);
	/* B0 hangs up: the modem lines fall. */
	reg_write(p, REG_MCR, MCR_OUT2 | (divisor ? MCR_DTR | MCR_RTS : 0));
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_send_break(tty_t *tty, bool on)
{
	serial_port_t *p = tty->driver_data;
	unsigned long flags;
	u8 lcr;

	spin_lock_irqsave(&p->lock, &flags);
	lcr = reg_read(p, REG_LCR);
	reg_write(p, REG_LCR, on ? lcr | LCR_BREAK : lcr & ~LCR_BREAK);
	spin_unlock_irqrestore(&p->lock, flags);
}

static int serial_modem_get(tty_t *tty)
{
	serial_port_t *p = tty->driver_data;
	u8 mcr = reg_read(p, REG_MCR), msr = reg_read(p, REG_MSR);

	return (mcr & MCR_DTR ? TIOCM_DTR : 0) | (mcr & MCR_RTS ? TIOCM_RTS : 0) |
	       (msr & 0x10 ? TIOCM_CTS : 0) | (msr & 0x20 ? TIOCM_DSR : 0) |
	       (msr & 0x80 ? TIOCM_CAR : 0);
}

static int serial_modem_set(tty_t *tty, u32 set, u32 clear)
{
	serial_port_t *p = tty->driver_data;
	u8 on = (set & TIOCM_DTR ? MCR_DTR : 0) | (set & TIOCM_RTS ? MCR_RTS : 0);
	u8 off = (clear & TIOCM_DTR ? MCR_DTR : 0) | (clear & TIOCM_RTS ? MCR_RTS : 0);
	unsigned long flags;

	spin_lock_irqsave(&p->lock, &flags);
	reg_write(p, REG_MCR, (reg_read(p, REG_MCR) & ~off) | on);
	spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

static const tty_operations_t serial_operations = {
	.write = serial_write,
	.write_room = serial_write_room,
	.chars_queued = serial_chars_queued,
	.flush_output = serial_flush_output,
	.set_termios = serial_set_termios,
	.stop = serial_stop,
	.start = serial_start,
	.send_break = serial_send_break,
	.modem_get = serial_modem_get,
	.modem_set = serial_modem_set,
	.unthrottle = serial_unthrottle,
};

/* ---- kernel console ---- */

static void poll_byte(serial_port_t *p, u8 c)
{
	for (u32 spins = 0; !(line_status(p) & LSR_THRE) && spins < 100000; spins++)
		cpu_relax();
	reg_write(p, REG_DATA, c);
}

static void poll_text(serial_port_t *p, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\n')
			poll_byte(p, '\r');
		poll_byte(p, (u8)s[i]);
	}
}

/* Works in panic too: a lock held by a stopped CPU is given up on after a while. */
static void console_write(console_t *con, const char *s, size_t len)
{
	serial_port_t *p = container_of(con, serial_port_t, console);
	unsigned long flags = arch_irq_save();

	for (u32 tries = 0; tries < CONSOLE_TRIES; tries++) {
		if (spin_trylock(&p->lock)) {
			/* What programs wrote before goes out first. */
			while (p->tx_tail != p->tx_head && !p->stopped)
				poll_byte(p, p->tx[p->tx_tail++ % TX_RING]);
			poll_text(p, s, len);
			spin_unlock(&p->lock);
			arch_irq_restore(flags);
			return;
		}
		cpu_relax();
	}
	poll_text(p, s, len);
	arch_irq_restore(flags);
}

static void console_drain_port(console_t *con)
{
	serial_port_t *p = container_of(con, serial_port_t, console);

	console_write(con, "", 0);
	/* The last byte has left when the transmitter is empty, not only its holding register. */
	for (u32 spins = 0; !(line_status(p) & LSR_TEMT) && spins < 100000; spins++)
		cpu_relax();
}

static bool probe(serial_port_t *p)
{
	reg_write(p, REG_SCRATCH, 0x5a);
	if (reg_read(p, REG_SCRATCH) != 0x5a)
		return false;
	reg_write(p, REG_SCRATCH, 0xa5);
	return reg_read(p, REG_SCRATCH) == 0xa5;
}

static int start_port(serial_port_t *p, u32 index)
{
	char name[16];
	int r;

	snprintf(name, sizeof(name), "ttyS%u", index);
	p->tty = tty_create(&serial_operations, p, name, makedev(TTY_MAJOR, 64 + index));
	if (!p->tty)
		return -ENOMEM;
	p->tty->termios.c_cflag = (p->tty->termios.c_cflag & ~CBAUD) | B115200 | CLOCAL;
	p->tty->termios.c_ospeed = p->tty->termios.c_ispeed = UART_CLOCK;
	p->tty->initial = p->tty->termios;
	reg_write(p, REG_FCR, FCR_ENABLE | FCR_TRIGGER_8);
	serial_set_termios(p->tty);
	r = request_irq(p->irq, serial_interrupt, IRQF_SHARED, p->tty->name, p);
	if (r)
		return r;
	reg_read(p, REG_DATA);
	set_ier(p, IER_RX | IER_LINE);
	return tty_register(p->tty);
}

__init tty_t *serial_tty(u32 index)
{
	return index < PORTS ? ports[index].tty : NULL;
}

__init console_t *serial_console(u32 index)
{
	return index < PORTS && ports[index].present ? &ports[index].console : NULL;
}

__init void serial_init(void)
{
	static const char *const names[PORTS] = { "ttyS0", "ttyS1", "ttyS2", "ttyS3" };
	/* Where PCs have them. */
	static const u16 bases[PORTS] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	static const u8 irqs[PORTS] = { 4, 3, 4, 3 };

	for (u32 i = 0; i < PORTS; i++) {
		serial_port_t *p = &ports[i];
		int r;

		p->base = bases[i];
		p->irq = irqs[i];
		spinlock_init(&p->lock);
		p->present = probe(p);
		if (!p->present)
			continue;
		p->console.name = names[i];
		p->console.write = console_write;
		p->console.drain = console_drain_port;
		r = start_port(p, i);
		if (r)
			pr_err("serial: %s cannot be started: error %d\n", names[i], -r);
		else
			pr_info("serial: %s is a 16550 at port 0x%x, irq %u\n", names[i], p->base,
				p->irq);
	}
}
