/*
 * Terminal requests: ioctl_tty(2).
 */
#include "tty_internal.h"

#include <arch/uaccess.h>
#include <kernel/lib/string.h>
#include <kernel/time/clock.h>

#define CTRL_Q 021
#define CTRL_S 023

void tty_packet_event(tty_t *tty, u8 set, u8 clear)
{
	tty_t *master = tty->link;
	unsigned long flags;
	bool packet;

	if (!master || !READ_ONCE(master->packet))
		return;
	spin_lock_irqsave(&master->control_lock, &flags);
	packet = master->packet;
	if (packet)
		master->packet_status = (master->packet_status & ~clear) | set;
	spin_unlock_irqrestore(&master->control_lock, flags);
	if (packet)
		wake_up_all(&master->read_wait);
}

/* Stops or restarts output (^S, ^Q). */
void tty_flow(tty_t *tty, bool stop)
{
	unsigned long flags;
	bool changed;

	spin_lock_irqsave(&tty->control_lock, &flags);
	changed = tty->flow_stopped != stop && (stop || !tty->flow_held);
	if (changed)
		tty->flow_stopped = stop;
	spin_unlock_irqrestore(&tty->control_lock, flags);
	if (!changed)
		return;
	tty_packet_event(tty, stop ? TIOCPKT_STOP : TIOCPKT_START,
			 stop ? TIOCPKT_START : TIOCPKT_STOP);
	if (stop && tty->ops->stop)
		tty->ops->stop(tty);
	if (!stop) {
		if (tty->ops->start)
			tty->ops->start(tty);
		tty_write_wakeup(tty);
	}
}

void tty_hold_flow(tty_t *tty, bool hold)
{
	unsigned long flags;
	bool changed;

	spin_lock_irqsave(&tty->control_lock, &flags);
	changed = tty->flow_held != hold;
	tty->flow_held = hold;
	spin_unlock_irqrestore(&tty->control_lock, flags);
	if (changed)
		tty_flow(tty, hold);
}

static size_t chars_queued(tty_t *tty)
{
	return tty->ops->chars_queued ? tty->ops->chars_queued(tty) : 0;
}

int tty_drain_output(tty_t *tty)
{
	u32 hangups = READ_ONCE(tty->hangups);

	return wait_event_interruptible(
		&tty->write_wait, chars_queued(tty) == 0 || READ_ONCE(tty->hangups) != hangups);
}

/* which: one of the tty's own. */
static long get_termios(tty_t *tty, const struct termios2 *which, void __user *out, size_t size)
{
	struct termios2 t;

	rwsem_read_lock(&tty->termios_lock);
	t = *which;
	rwsem_read_unlock(&tty->termios_lock);
	return copy_to_user(out, &t, size) ? -EFAULT : 0;
}

static u32 baud_rate(u32 cflag, u32 given)
{
	static const u32 low[] = { 0,	50,   75,   110,  134,	150,  200,   300,
				   600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
	static const u32 high[] = { 0,	     57600,   115200,  230400,	460800,	 500000,
				    576000,  921600,  1000000, 1152000, 1500000, 2000000,
				    2500000, 3000000, 3500000, 4000000 };
	u32 code = cflag & CBAUD;

	if (code == BOTHER)
		return given;
	return code & CBAUDEX ? high[code & 15] : low[code & 15];
}

/* Whether output stops and starts by the usual keys: what TIOCPKT_DOSTOP and NOSTOP tell. */
static bool usual_flow(const struct termios2 *t)
{
	return (t->c_iflag & IXON) && t->c_cc[VSTOP] == CTRL_S && t->c_cc[VSTART] == CTRL_Q;
}

/* ioctl_tty(2), TIOCPKT. */
static void tell_termios(tty_t *tty, const struct termios2 *was, const struct termios2 *now)
{
	bool flow = usual_flow(now);

	if ((was->c_lflag | now->c_lflag) & EXTPROC)
		tty_packet_event(tty, TIOCPKT_IOCTL, 0);
	if (flow != usual_flow(was))
		tty_packet_event(tty, flow ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP,
				 flow ? TIOCPKT_NOSTOP : TIOCPKT_DOSTOP);
}

/* ioctl_tty(2), "Locking the termios structure". termios_lock held for writing. */
static void keep_fixed(const tty_t *tty, struct termios2 *t)
{
	const struct termios2 *was = &tty->termios, *fixed = &tty->fixed;

	t->c_iflag ^= (t->c_iflag ^ was->c_iflag) & fixed->c_iflag;
	t->c_oflag ^= (t->c_oflag ^ was->c_oflag) & fixed->c_oflag;
	t->c_cflag ^= (t->c_cflag ^ was->c_cflag) & fixed->c_cflag;
	t->c_lflag ^= (t->c_lflag ^ was->c_lflag) & fixed->c_lflag;
	for (u32 i = 0; i < ARRAY_SIZE(t->c_cc); i++)
		if (fixed->c_cc[i])
			t->c_cc[i] = was->c_cc[i];
}

static long set_fixed(tty_t *tty, const void __user *in)
{
	struct termios2 t = { 0 };

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&t, in, TERMIOS_SIZE))
		return -EFAULT;
	rwsem_write_lock(&tty->termios_lock);
	tty->fixed = t;
	rwsem_write_unlock(&tty->termios_lock);
	return 0;
}

#define WAIT_OUTPUT 1
#define FLUSH_INPUT 2

static long apply_termios(tty_t *tty, struct termios2 *t, u32 how)
{
	struct termios2 was;
	int r = tty_check_job_control(tty, SIGTTOU);

	if (r)
		return r;
	if (how & WAIT_OUTPUT) {
		r = tty_drain_output(tty);
		if (r)
			return r;
	}
	if (how & FLUSH_INPUT) {
		discipline_flush_input(tty);
		tty_packet_event(tty, TIOCPKT_FLUSHREAD, 0);
	}
	if (tty->link) /* there is no line whose bytes could be of another size */
		t->c_cflag = (t->c_cflag & ~(u32)(CSIZE | PARENB)) | CS8 | CREAD;
	t->c_ospeed = baud_rate(t->c_cflag, t->c_ospeed);
	if ((t->c_cflag >> IBSHIFT) & CBAUD)
		t->c_ispeed = baud_rate(t->c_cflag >> IBSHIFT, t->c_ispeed);
	else
		t->c_ispeed = t->c_ospeed;
	rwsem_write_lock(&tty->termios_lock);
	was = tty->termios;
	keep_fixed(tty, t);
	tty->termios = *t;
	tty->termios.c_line = N_TTY;
	discipline_termios_changed(tty, was.c_lflag);
	if (tty->ops->set_termios)
		tty->ops->set_termios(tty);
	rwsem_write_unlock(&tty->termios_lock);
	if (!(t->c_iflag & IXON) && (was.c_iflag & IXON))
		tty_flow(tty, false);
	tell_termios(tty, &was, t);
	return 0;
}

static long set_termios(tty_t *tty, const void __user *in, size_t size, u32 how)
{
	struct termios2 t;

	rwsem_read_lock(&tty->termios_lock);
	t = tty->termios;
	rwsem_read_unlock(&tty->termios_lock);
	if (copy_from_user(&t, in, size))
		return -EFAULT;
	return apply_termios(tty, &t, how);
}

static long get_termio(tty_t *tty, void __user *out)
{
	struct termios2 t;
	struct termio o = { 0 };

	rwsem_read_lock(&tty->termios_lock);
	t = tty->termios;
	rwsem_read_unlock(&tty->termios_lock);
	o.c_iflag = (u16)t.c_iflag;
	o.c_oflag = (u16)t.c_oflag;
	o.c_cflag = (u16)t.c_cflag;
	o.c_lflag = (u16)t.c_lflag;
	o.c_line = t.c_line;
	memcpy(o.c_cc, t.c_cc, sizeof(o.c_cc));
	return copy_to_user(out, &o, sizeof(o)) ? -EFAULT : 0;
}

static long set_termio(tty_t *tty, const void __user *in, u32 how)
{
	struct termios2 t;
	struct termio o;

	if (copy_from_user(&o, in, sizeof(o)))
		return -EFAULT;
	rwsem_read_lock(&tty->termios_lock);
	t = tty->termios;
	rwsem_read_unlock(&tty->termios_lock);
	t.c_iflag = (t.c_iflag & 0xffff0000u) | o.c_iflag;
	t.c_oflag = (t.c_oflag & 0xffff0000u) | o.c_oflag;
	t.c_cflag = (t.c_cflag & 0xffff0000u) | o.c_cflag;
	t.c_lflag = (t.c_lflag & 0xffff0000u) | o.c_lflag;
	memcpy(t.c_cc, o.c_cc, sizeof(o.c_cc));
	return apply_termios(tty, &t, how);
}

static long termios_ioctl(tty_t *tty, u32 cmd, void __user *arg)
{
	switch (cmd) {
	case TCGETS:
		return get_termios(tty, &tty->termios, arg, TERMIOS_SIZE);
	case TCSETS:
		return set_termios(tty, arg, TERMIOS_SIZE, 0);
	case TCSETSW:
		return set_termios(tty, arg, TERMIOS_SIZE, WAIT_OUTPUT);
	case TCSETSF:
		return set_termios(tty, arg, TERMIOS_SIZE, WAIT_OUTPUT | FLUSH_INPUT);
	case TCGETS2:
		return get_termios(tty, &tty->termios, arg, sizeof(struct termios2));
	case TCSETS2:
		return set_termios(tty, arg, sizeof(struct termios2), 0);
	case TCSETSW2:
		return set_termios(tty, arg, sizeof(struct termios2), WAIT_OUTPUT);
	case TCSETSF2:
		return set_termios(tty, arg, sizeof(struct termios2), WAIT_OUTPUT | FLUSH_INPUT);
	case TCGETA:
		return get_termio(tty, arg);
	case TCSETA:
		return set_termio(tty, arg, 0);
	case TCSETAW:
		return set_termio(tty, arg, WAIT_OUTPUT);
	case TCSETAF:
		return set_termio(tty, arg, WAIT_OUTPUT | FLUSH_INPUT);
	case TIOCGLCKTRMIOS:
		return get_termios(tty, &tty->fixed, arg, TERMIOS_SIZE);
	case TIOCSLCKTRMIOS:
		return set_fixed(tty, arg);
	}
	return -ENOIOCTLCMD;
}

static void flush_output(tty_t *tty)
{
	mutex_lock(&tty->input_lock);
	tty->echo.head = tty->echo.tail;
	mutex_unlock(&tty->input_lock);
	if (tty->ops->flush_output)
		tty->ops->flush_output(tty);
	tty_write_wakeup(tty);
}

static long flush_ioctl(tty_t *tty, unsigned long which)
{
	int r = tty_check_job_control(tty, SIGTTOU);

	if (r)
		return r;
	if (which > TCIOFLUSH)
		return -EINVAL;
	if (which != TCOFLUSH) {
		discipline_flush_input(tty);
		tty_packet_event(tty, TIOCPKT_FLUSHREAD, 0);
	}
	if (which != TCIFLUSH) {
		flush_output(tty);
		tty_packet_event(tty, TIOCPKT_FLUSHWRITE, 0);
	}
	return 0;
}

static long flow_ioctl(tty_t *tty, unsigned long which)
{
	int r = tty_check_job_control(tty, SIGTTOU);
	u8 c;

	if (r)
		return r;
	switch (which) {
	case TCOOFF:
	case TCOON:
		tty_hold_flow(tty, which == TCOOFF);
		return 0;
	case TCIOFF:
	case TCION:
		c = tty->termios.c_cc[which == TCIOFF ? VSTOP : VSTART];
		mutex_lock(&tty->input_lock); /* between the writes of others: discipline_out.c */
		if (c)
			tty->ops->write(tty, &c, 1);
		mutex_unlock(&tty->input_lock);
		return 0;
	}
	return -EINVAL;
}

static long break_ioctl(tty_t *tty, u32 deciseconds)
{
	int r = tty_check_job_control(tty, SIGTTOU);

	if (!r)
		r = tty_drain_output(tty);
	if (r || !deciseconds)
		return r;
	if (tty->ops->send_break) {
		tty->ops->send_break(tty, true);
		msleep(deciseconds * 100);
		tty->ops->send_break(tty, false);
	}
	return 0;
}

static long modem_ioctl(tty_t *tty, u32 cmd, u32 __user *arg)
{
	u32 bits;
	int now;

	if (!tty->ops->modem_get)
		return -ENOTTY;
	if (cmd == TIOCMGET) {
		now = tty->ops->modem_get(tty);
		return now < 0 ? now : put_user_u32((u32)now, arg);
	}
	if (get_user_u32(&bits, arg))
		return -EFAULT;
	bits &= TIOCM_DTR | TIOCM_RTS;
	switch (cmd) {
	case TIOCMBIS:
		return tty->ops->modem_set(tty, bits, 0);
	case TIOCMBIC:
		return tty->ops->modem_set(tty, 0, bits);
	default:
		return tty->ops->modem_set(tty, bits, ~bits & (TIOCM_DTR | TIOCM_RTS));
	}
}

/* TIOCSTI: as if typed; allowed to the superuser and on one's own controlling terminal. */
static long simulate_input(tty_t *tty, const u8 __user *arg)
{
	u8 c;

	if (READ_ONCE(current_process()->tty) != tty && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user_u8(&c, arg))
		return -EFAULT;
	discipline_receive(tty, &c, 1);
	return 0;
}

static void set_exclusive(tty_t *tty, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&tty->control_lock, &flags);
	tty->exclusive = on;
	spin_unlock_irqrestore(&tty->control_lock, flags);
}

static long set_discipline(const u32 __user *arg)
{
	u32 which;

	if (get_user_u32(&which, arg))
		return -EFAULT;
	return which == N_TTY ? 0 : -EINVAL;
}

long tty_ioctl_on(tty_t *tty, file_t *f, u32 cmd, unsigned long arg)
{
	u32 __user *word = (u32 __user *)arg;
	long r;

	if (tty->ops->ioctl) {
		r = tty->ops->ioctl(tty, f, cmd, arg);
		if (r != -ENOIOCTLCMD)
			return r;
	}
	/* A pty master's terminal settings are the slave's. */
	tty_t *real = tty->link && tty->dev == makedev(TTYAUX_MAJOR, 2) ? tty->link : tty;

	r = termios_ioctl(real, cmd, (void __user *)arg);
	if (r == -ENOIOCTLCMD)
		r = tty_control_ioctl(tty, f, cmd, arg);
	if (r != -ENOIOCTLCMD)
		return r;
	switch (cmd) {
	case FIONREAD:
		mutex_lock(&tty->input_lock);
		u32 queued = discipline_queued(tty);
		mutex_unlock(&tty->input_lock);
		return put_user_u32(queued, word);
	case TIOCOUTQ:
		return put_user_u32((u32)chars_queued(tty), word);
	case TCFLSH:
		return flush_ioctl(tty, arg);
	case TCXONC:
		return flow_ioctl(real, arg);
	case TCSBRK:
		return break_ioctl(tty, arg ? 0 : 3);
	case TCSBRKP:
		return break_ioctl(tty, arg ? (u32)MIN(arg, 600UL) : 3);
	case TIOCSBRK:
	case TIOCCBRK:
		if (tty->ops->send_break)
			tty->ops->send_break(tty, cmd == TIOCSBRK);
		return 0;
	case TIOCMGET:
	case TIOCMSET:
	case TIOCMBIS:
	case TIOCMBIC:
		return modem_ioctl(tty, cmd, word);
	case TIOCSTI:
		return simulate_input(tty, (const u8 __user *)arg);
	case TIOCEXCL:
	case TIOCNXCL:
		set_exclusive(tty, cmd == TIOCEXCL);
		return 0;
	case TIOCGEXCL:
		return put_user_u32(tty->exclusive, word);
	case TIOCGETD:
		return put_user_u32(N_TTY, word);
	case TIOCSETD:
		return set_discipline(word);
	case TIOCGDEV:
		return put_user_u32((u32)tty->dev, word);
	case TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(tty);
		return 0;
	}
	return -ENOTTY;
}

long tty_ioctl(file_t *f, u32 cmd, unsigned long arg)
{
	tty_t *tty = tty_of_file(f);

	return tty ? tty_ioctl_on(tty, f, cmd, arg) : -EIO;
}
