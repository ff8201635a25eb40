/*
 * The line discipline, input side: what POSIX.1-2017 chapter 11 ("General Terminal Interface") and
 * termios(3) say happens to a received byte.
 *
 * Concepts. Bytes come from the raw ring through the input work item. In canonical mode they build
 * up a line behind canon_head, which ERASE, KILL and WERASE edit; the byte that ends the line moves
 * canon_head up and so hands the line to readers. In raw mode every byte is readable at once.
 *
 * Implementation. One ring with free-running indices: tail <= canon_head <= head. Two bitmaps
 * beside it say which bytes end a line and which of those are an end-of-file mark, whose byte
 * itself is never read. The column of the cursor is followed so that erasing a tab echoes the right
 * number of backspaces.
 *
 * Locking. All under input_lock, with termios_lock held shared. Readers take input_lock only to
 * move tail.
 */
#include "tty_internal.h"

#include <fs/poll.h>
#include <kernel/lib/bitmap.h>

#define MASK(i) ((i) & (TTY_BUFFER - 1))
/*
 * Above this the sender is told to stop (IXOFF, pty back-pressure), below the other it may go on.
 */
#define HIGH_WATER (TTY_BUFFER - 256)
#define LOW_WATER 128
#define DISABLED_CHAR 0 /* _POSIX_VDISABLE */

static bool is_char(const tty_t *tty, u8 c, int which)
{
	return c == tty->termios.c_cc[which] && c != DISABLED_CHAR;
}

size_t discipline_room(tty_t *tty)
{
	u32 used = tty->head - tty->tail;

	/* One byte is kept for the newline that ends an overlong line. */
	return used >= TTY_BUFFER - 1 ? 0 : TTY_BUFFER - 1 - used;
}

u32 discipline_queued(tty_t *tty)
{
	if (!tty_canonical(tty))
		return tty->head - tty->tail;
	u32 n = 0;

	for (u32 i = tty->tail; i != tty->canon_head; i++)
		n += !bitmap_test(tty->line_eof, MASK(i));
	return n;
}

bool discipline_readable(tty_t *tty, u32 min)
{
	if (tty_canonical(tty))
		return tty->canon_head != tty->tail;
	return tty->head - tty->tail >= MAX(min, 1u);
}

/* The caller has looked for room; the end of a line takes the byte that discipline_room keeps. */
static void put_byte(tty_t *tty, u8 c)
{
	u32 at = MASK(tty->head);

	tty->buffer[at] = c;
	bitmap_clear(tty->line_end, at);
	bitmap_clear(tty->line_eof, at);
	tty->head++;
}

static void wake_readers(tty_t *tty)
{
	wake_up_key(&tty->read_wait, 1, POLLIN | POLLRDNORM);
	fasync_signal(&tty->fasync, POLL_IN);
}

/* How wide the byte's echo was. */
static u32 echo_width(tty_t *tty, u8 c, u32 column)
{
	if (c == '\t')
		return 8 - (column & 7);
	if (c < 0x20 || c == 0x7f)
		return tty_lflag(tty, ECHOCTL) ? 2 : 0;
	if (tty_iflag(tty, IUTF8) && (c & 0xc0) == 0x80)
		return 0; /* continuation byte: drawn with its first */
	return 1;
}

static u32 column_of(tty_t *tty, u32 until)
{
	u32 column = tty->canon_column;

	for (u32 i = tty->canon_head; i != until; i++)
		column += echo_width(tty, tty->buffer[MASK(i)], column);
	return column;
}

static void echo_char(tty_t *tty, u8 c)
{
	if (tty_lflag(tty, ECHOCTL) && (c < 0x20 || c == 0x7f) && c != '\t' && c != '\n') {
		discipline_echo_raw(tty, '^');
		discipline_echo_raw(tty, c ^ 0x40);
		return;
	}
	discipline_echo(tty, c);
}

static void finish_erasing(tty_t *tty)
{
	if (!tty->erasing)
		return;
	discipline_echo_raw(tty, '/');
	tty->erasing = false;
}

/* Removes the last character (all bytes of it under IUTF8) and its echo. */
static void erase_char(tty_t *tty)
{
	u32 from = tty->head, before, after;

	do {
		from--;
	} while (tty_iflag(tty, IUTF8) && (tty->buffer[MASK(from)] & 0xc0) == 0x80 &&
		 from != tty->canon_head);
	if (!tty_lflag(tty, ECHO)) {
		tty->head = from;
		return;
	}
	if (tty_lflag(tty, ECHOPRT)) {
		if (!tty->erasing) {
			discipline_echo_raw(tty, '\\');
			tty->erasing = true;
		}
		for (u32 i = from; i != tty->head; i++)
			echo_char(tty, tty->buffer[MASK(i)]);
		tty->head = from;
		return;
	}
	if (!tty_lflag(tty, ECHOE)) {
		tty->head = from;
		echo_char(tty, tty->termios.c_cc[VERASE]);
		return;
	}
	after = column_of(tty, tty->head);
	before = column_of(tty, from);
	bool tab = tty->buffer[MASK(from)] == '\t';

	tty->head = from;
	for (; after > before; after--) {
		discipline_echo_raw(tty, '\b');
		if (tab)
			continue;
		discipline_echo_raw(tty, ' ');
		discipline_echo_raw(tty, '\b');
	}
}

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0x80;
}

static void erase_word(tty_t *tty)
{
	bool seen = false;

	while (tty->head != tty->canon_head) {
		bool word = is_word(tty->buffer[MASK(tty->head - 1)]);

		if (seen && !word)
			break;
		seen |= word;
		erase_char(tty);
	}
}

static void erase_line(tty_t *tty)
{
	if (!tty_lflag(tty, ECHO)) {
		tty->head = tty->canon_head;
		return;
	}
	if (tty_lflag(tty, ECHOK) && !(tty_lflag(tty, ECHOKE) && tty_lflag(tty, ECHOE))) {
		tty->head = tty->canon_head;
		finish_erasing(tty);
		echo_char(tty, tty->termios.c_cc[VKILL]);
		discipline_echo_raw(tty, '\n');
		return;
	}
	while (tty->head != tty->canon_head)
		erase_char(tty);
}

static void end_line(tty_t *tty, u8 c, bool eof)
{
	u32 at = MASK(tty->head);

	if (tty->head - tty->tail == TTY_BUFFER)
		return; /* full to the last byte with lines that no one reads */
	put_byte(tty, c);
	bitmap_set(tty->line_end, at);
	if (eof)
		bitmap_set(tty->line_eof, at);
	tty->canon_head = tty->head;
	wake_readers(tty);
}

static void reprint(tty_t *tty)
{
	finish_erasing(tty);
	echo_char(tty, tty->termios.c_cc[VREPRINT]);
	discipline_echo_raw(tty, '\n');
	for (u32 i = tty->canon_head; i != tty->head; i++)
		echo_char(tty, tty->buffer[MASK(i)]);
}

/* A character that makes a signal (ISIG): flushes unless NOFLSH, echoes, sends. */
static void signal_char(tty_t *tty, u8 c, int sig)
{
	if (!tty_lflag(tty, NOFLSH)) {
		tty->head = tty->tail = tty->canon_head = 0;
		discipline_check_unthrottle(tty);
		tty->echo.head = tty->echo.tail;
		if (tty->ops->flush_output)
			tty->ops->flush_output(tty);
		tty_packet_event(tty, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE, 0);
	}
	if (tty_iflag(tty, IXON))
		tty_flow(tty, false);
	if (tty_lflag(tty, ECHO)) {
		echo_char(tty, c);
		discipline_flush_echo(tty);
	}
	tty_signal_group(tty, sig);
	wake_up_key(&tty->read_wait, 1, 0);
}

/* True when the byte edited or ended the line (canonical mode, IEXTEN editing). */
static bool canonical_char(tty_t *tty, u8 c)
{
	bool extended = tty_lflag(tty, IEXTEN);

	if (is_char(tty, c, VERASE)) {
		if (tty->head != tty->canon_head)
			erase_char(tty);
	} else if (is_char(tty, c, VKILL)) {
		erase_line(tty);
	} else if (extended && is_char(tty, c, VWERASE)) {
		erase_word(tty);
	} else if (extended && is_char(tty, c, VLNEXT)) {
		tty->literal_next = true;
		if (tty_lflag(tty, ECHO) && tty_lflag(tty, ECHOCTL)) {
			finish_erasing(tty);
			discipline_echo_raw(tty, '^');
			discipline_echo_raw(tty, '\b');
		}
	} else if (extended && tty_lflag(tty, ECHO) && is_char(tty, c, VREPRINT)) {
		reprint(tty);
	} else if (c == '\n') {
		if (tty_lflag(tty, ECHO | ECHONL)) {
			finish_erasing(tty);
			discipline_echo(tty, '\n');
		}
		tty->canon_column = tty->column;
		end_line(tty, c, false);
	} else if (is_char(tty, c, VEOF)) {
		end_line(tty, DISABLED_CHAR, true);
	} else if (is_char(tty, c, VEOL) || (extended && is_char(tty, c, VEOL2))) {
		if (tty_lflag(tty, ECHO))
			echo_char(tty, c);
		tty->canon_column = tty->column;
		end_line(tty, c, false);
	} else {
		return false;
	}
	return true;
}

/* Puts a data byte into the buffer, with echo. */
static void data_char(tty_t *tty, u8 c, bool literal)
{
	bool marked = c == 0xff && tty_iflag(tty, PARMRK) && !tty_iflag(tty, ISTRIP);

	if (discipline_room(tty) < 1u + marked) {
		/* IMAXBEL: a full line rings; either way the byte is lost. */
		if (tty_iflag(tty, IMAXBEL) && tty_lflag(tty, ICANON))
			discipline_echo_raw(tty, '\a');
		return;
	}
	if (tty_lflag(tty, ECHO)) {
		finish_erasing(tty);
		if (tty->canon_head == tty->head)
			tty->canon_column = tty->column;
		if (literal || c != '\n')
			echo_char(tty, c);
		else
			discipline_echo(tty, c);
	}
	if (marked)
		put_byte(tty, c);
	put_byte(tty, c);
}

static void receive_byte(tty_t *tty, u8 c)
{
	if (tty_iflag(tty, ISTRIP))
		c &= 0x7f;
	if (tty_iflag(tty, IUCLC) && tty_lflag(tty, IEXTEN) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (tty->literal_next) {
		tty->literal_next = false;
		data_char(tty, c, true);
		return;
	}
	if (tty_iflag(tty, IXON)) {
		if (is_char(tty, c, VSTART)) {
			tty_flow(tty, false);
			return;
		}
		if (is_char(tty, c, VSTOP)) {
			tty_flow(tty, true);
			return;
		}
		if (tty->flow_stopped && tty_iflag(tty, IXANY))
			tty_flow(tty, false);
	}
	if (tty_lflag(tty, ISIG)) {
		int sig = is_char(tty, c, VINTR)   ? SIGINT
			  : is_char(tty, c, VQUIT) ? SIGQUIT
			  : is_char(tty, c, VSUSP) ? SIGTSTP
						   : 0;

		if (sig) {
			signal_char(tty, c, sig);
			return;
		}
	}
	if (c == '\r') {
		if (tty_iflag(tty, IGNCR))
			return;
		if (tty_iflag(tty, ICRNL))
			c = '\n';
	} else if (c == '\n' && tty_iflag(tty, INLCR)) {
		c = '\r';
	}
	if (tty_lflag(tty, ICANON) && canonical_char(tty, c))
		return;
	data_char(tty, c, false);
}

static void check_throttle(tty_t *tty)
{
	if (tty->throttled || tty->head - tty->tail < HIGH_WATER)
		return;
	tty->throttled = true;
	/* The writer to a pty's master is made to wait, not asked to. */
	if (tty_iflag(tty, IXOFF) && !tty->link) {
		u8 stop = tty->termios.c_cc[VSTOP];

		tty->ops->write(tty, &stop, 1);
	}
}

/* After a read made room: input_lock held. */
void discipline_check_unthrottle(tty_t *tty)
{
	if (!tty->throttled || tty->head - tty->tail > LOW_WATER)
		return;
	tty->throttled = false;
	if (tty_iflag(tty, IXOFF) && !tty->link) {
		u8 start = tty->termios.c_cc[VSTART];

		tty->ops->write(tty, &start, 1);
	}
}

/* EXTPROC: editing, echo and signals are the other side's; what changes bytes is not. */
static bool done_elsewhere(const tty_t *tty)
{
	return tty_lflag(tty, EXTPROC) && !tty_iflag(tty, ISTRIP) &&
	       !(tty_iflag(tty, IUCLC) && tty_lflag(tty, IEXTEN));
}

void discipline_receive(tty_t *tty, const u8 *data, size_t len)
{
	bool raw;

	rwsem_read_lock(&tty->termios_lock);
	mutex_lock(&tty->input_lock);
	if (done_elsewhere(tty)) {
		for (size_t i = 0; i < len && discipline_room(tty); i++)
			put_byte(tty, data[i]);
	} else {
		for (size_t i = 0; i < len; i++)
			receive_byte(tty, data[i]);
	}
	discipline_flush_echo(tty);
	raw = !tty_canonical(tty);
	if (raw)
		tty->canon_head = tty->head;
	check_throttle(tty);
	/* VMIN decides when a raw reader is woken for good; it looks itself. */
	if (raw && tty->head != tty->tail)
		wake_readers(tty);
	mutex_unlock(&tty->input_lock);
	rwsem_read_unlock(&tty->termios_lock);
}

void discipline_break(tty_t *tty)
{
	rwsem_read_lock(&tty->termios_lock);
	mutex_lock(&tty->input_lock);
	if (tty_iflag(tty, IGNBRK)) {
		/* nothing */
	} else if (tty_iflag(tty, BRKINT)) {
		signal_char(tty, 0, SIGINT);
	} else {
		if (tty_iflag(tty, PARMRK) && discipline_room(tty) >= 3) {
			put_byte(tty, 0xff);
			put_byte(tty, 0);
		}
		if (discipline_room(tty))
			put_byte(tty, 0);
		wake_readers(tty);
	}
	mutex_unlock(&tty->input_lock);
	rwsem_read_unlock(&tty->termios_lock);
}

void discipline_flush_input(tty_t *tty)
{
	unsigned long flags;

	spin_lock_irqsave(&tty->raw_lock, &flags);
	tty->raw_tail = tty->raw_head;
	spin_unlock_irqrestore(&tty->raw_lock, flags);
	mutex_lock(&tty->input_lock);
	tty->tail = tty->canon_head = tty->head;
	tty->erasing = tty->literal_next = false;
	discipline_check_unthrottle(tty);
	mutex_unlock(&tty->input_lock);
	if (tty->ops->unthrottle)
		tty->ops->unthrottle(tty);
}

/*
 * ICANON changed, termios_lock held exclusive. What was typed so far becomes readable when it goes
 * off; when it comes on, what is unread counts as one finished line.
 */
void discipline_termios_changed(tty_t *tty, u32 old_lflag)
{
	if (!((old_lflag ^ tty->termios.c_lflag) & (ICANON | EXTPROC)))
		return;
	mutex_lock(&tty->input_lock);
	bitmap_zero(tty->line_end, TTY_BUFFER);
	bitmap_zero(tty->line_eof, TTY_BUFFER);
	if (tty_lflag(tty, ICANON) && tty->head != tty->tail)
		bitmap_set(tty->line_end, MASK(tty->head - 1));
	tty->canon_head = tty->head;
	tty->erasing = tty->literal_next = false;
	mutex_unlock(&tty->input_lock);
	wake_readers(tty);
}
