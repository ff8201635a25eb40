/*
 * The line discipline, output side: OPOST processing, echo, and write(2).
 */
#include "tty_internal.h"

#include <kernel/panic.h>
#include <fs/poll.h>

#define CHUNK 512

/* Expands one byte by the output flags into out (at most 8 bytes) and follows the column. */
static u32 expand(tty_t *tty, u8 c, u8 out[8])
{
	u32 n = 0;

	if (!tty_oflag(tty, OPOST)) {
		out[0] = c;
		return 1;
	}
	switch (c) {
	case '\n':
		if (tty_oflag(tty, ONLRET))
			tty->column = 0;
		if (tty_oflag(tty, ONLCR)) {
			out[n++] = '\r';
			tty->column = 0;
		}
		break;
	case '\r':
		if (tty_oflag(tty, ONOCR) && tty->column == 0)
			return 0;
		if (tty_oflag(tty, OCRNL)) {
			c = '\n';
			if (tty_oflag(tty, ONLRET))
				tty->column = 0;
			break;
		}
		tty->column = 0;
		break;
	case '\t': {
		u32 spaces = 8 - (tty->column & 7);

		tty->column += spaces;
		if ((tty->termios.c_oflag & TABDLY) == XTABS) {
			while (n < spaces)
				out[n++] = ' ';
			return n;
		}
		break;
	}
	case '\b':
		if (tty->column)
			tty->column--;
		break;
	default:
		if (c < 0x20 || c == 0x7f)
			break;
		if (tty_oflag(tty, OLCUC) && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if (!(tty_iflag(tty, IUTF8) && (c & 0xc0) == 0x80))
			tty->column++;
	}
	out[n++] = c;
	return n;
}

/* Processes as much as the driver has room for; returns input bytes consumed. */
size_t discipline_process_output(tty_t *tty, const u8 *data, size_t len)
{
	size_t done = 0;

	if (!tty_oflag(tty, OPOST))
		return tty->ops->write(tty, data, len);
	while (done < len) {
		size_t room = tty->ops->write_room(tty), used = 0;
		u8 out[CHUNK];

		while (done < len && used + 8 <= MIN(room, sizeof(out)))
			used += expand(tty, data[done++], out + used);
		if (!used && done < len) {
			/*
			 * Bytes that expand to nothing need no room; otherwise the driver is full.
			 */
			break;
		}
		if (tty->ops->write(tty, out, used) != used)
			break; /* the pty's reader went away: the rest would be lost as well */
	}
	return done;
}

static void echo_queue(tty_t *tty, const u8 *data, u32 n)
{
	tty_ring_t *e = &tty->echo;

	for (u32 i = 0; i < n && e->head - e->tail < TTY_BUFFER; i++)
		e->data[e->head++ & (TTY_BUFFER - 1)] = data[i];
}

void discipline_echo(tty_t *tty, u8 c)
{
	u8 out[8];

	echo_queue(tty, out, expand(tty, c, out));
}

void discipline_echo_raw(tty_t *tty, u8 c)
{
	if (c == '\n') {
		discipline_echo(tty, c);
		return;
	}
	if (c == '\b')
		tty->column -= tty->column != 0;
	else if (c >= 0x20 && c != 0x7f)
		tty->column++;
	echo_queue(tty, &c, 1);
}

/* Hands queued echo to the driver as far as it has room; input_lock held. */
void discipline_flush_echo(tty_t *tty)
{
	tty_ring_t *e = &tty->echo;

	while (e->head != e->tail && !READ_ONCE(tty->flow_stopped)) {
		u32 at = e->tail & (TTY_BUFFER - 1);
		u32 n = MIN(e->head - e->tail, TTY_BUFFER - at);
		size_t sent = tty->ops->write(tty, e->data + at, n);

		if (!sent)
			break;
		e->tail += (u32)sent;
	}
}

static bool can_write(tty_t *tty, const file_t *f)
{
	return tty_file_ended(tty, f) ||
	       (!READ_ONCE(tty->flow_stopped) && tty->ops->write_room(tty) >= 8);
}

/* Sends one chunk, waiting for room. Bytes sent, or why none was. */
static ssize_t write_chunk(tty_t *tty, file_t *f, const u8 *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t n = 0;

		if (tty_file_ended(tty, f))
			return done ? (ssize_t)done : -EIO;
		if (!READ_ONCE(tty->flow_stopped)) {
			rwsem_read_lock(&tty->termios_lock);
			/* So that no echo takes the room between looking for it and writing. */
			mutex_lock(&tty->input_lock);
			discipline_flush_echo(tty);
			n = discipline_process_output(tty, data + done, len - done);
			mutex_unlock(&tty->input_lock);
			rwsem_read_unlock(&tty->termios_lock);
		}
		done += n;
		if (n || done == len)
			continue;
		if (f->flags & O_NONBLOCK)
			return done ? (ssize_t)done : -EAGAIN;
		if (wait_event_interruptible(&tty->write_wait, can_write(tty, f)))
			return done ? (ssize_t)done : -ERESTARTSYS;
	}
	return (ssize_t)done;
}

ssize_t discipline_write(tty_t *tty, file_t *f, iter_t *it)
{
	ssize_t total = 0, r = 0;

	if (tty_lflag(tty, TOSTOP)) {
		r = tty_check_job_control(tty, SIGTTOU);
		if (r)
			return r;
	}
	if (f->flags & O_NONBLOCK) {
		if (!mutex_trylock(&tty->output_lock))
			return -EAGAIN;
	} else if (mutex_lock_interruptible(&tty->output_lock)) {
		return -ERESTARTSYS;
	}
	while (it->count) {
		u8 chunk[CHUNK];
		size_t want = MIN(it->count, sizeof(chunk));
		size_t n = copy_from_iter(chunk, want, it);

		if (!n) {
			r = -EFAULT;
			break;
		}
		r = write_chunk(tty, f, chunk, n);
		if (r < 0)
			break;
		total += r;
		if ((size_t)r < n)
			break;
		if (signal_pending(current())) {
			r = -ERESTARTSYS;
			break;
		}
	}
	mutex_unlock(&tty->output_lock);
	return total ? total : r;
}
