/*
 * The line discipline, read(2): lines in canonical mode, VMIN and VTIME otherwise (termios(3)).
 */
#include "tty_internal.h"

#include <kernel/lib/bitmap.h>
#include <kernel/time/clock.h>

#define MASK(i) ((i) & (TTY_BUFFER - 1))
#define CHUNK 256

/*
 * Takes what one read may return of the first line into chunk; *done when the line's end was met.
 */
static size_t take_line(tty_t *tty, u8 *chunk, size_t want, bool *done)
{
	size_t n = 0;

	while (n < want && tty->tail != tty->canon_head) {
		u32 at = MASK(tty->tail);
		bool eof = bitmap_test(tty->line_eof, at);

		*done = bitmap_test(tty->line_end, at);
		tty->tail++;
		if (!eof)
			chunk[n++] = tty->buffer[at];
		if (*done)
			return n;
	}
	/* A read that ends just before an end-of-file mark takes the mark with it. */
	if (n == want && tty->tail != tty->canon_head &&
	    bitmap_test(tty->line_eof, MASK(tty->tail))) {
		tty->tail++;
		*done = true;
	}
	return n;
}

static size_t take_raw(tty_t *tty, u8 *chunk, size_t want)
{
	size_t n = 0;

	while (n < want && tty->tail != tty->head)
		chunk[n++] = tty->buffer[MASK(tty->tail++)];
	if ((s32)(tty->canon_head - tty->tail) < 0)
		tty->canon_head = tty->tail;
	return n;
}

/* Copies out until the iterator is full, the line ends (*ended) or nothing is left. Bytes or -EFAULT. */
static ssize_t copy_out(tty_t *tty, iter_t *it, bool *ended)
{
	bool canonical = tty_canonical(tty);
	u8 chunk[CHUNK];
	ssize_t total = 0;

	while (it->count && !*ended) {
		size_t n;

		mutex_lock(&tty->input_lock);
		n = canonical ? take_line(tty, chunk, MIN(it->count, sizeof(chunk)), ended)
			      : take_raw(tty, chunk, MIN(it->count, sizeof(chunk)));
		discipline_check_unthrottle(tty);
		mutex_unlock(&tty->input_lock);
		if (!n)
			break;
		if (copy_to_iter(chunk, n, it) != n)
			return total ? total : -EFAULT;
		total += (ssize_t)n;
	}
	if (tty->ops->unthrottle)
		tty->ops->unthrottle(tty);
	/* Raw input that found no room may go on now. */
	schedule_work(&tty->input_work);
	return total;
}

typedef struct read_plan {
	u32 min;	/* bytes that end the wait */
	nsec_t first;	/* timeout of the whole read, or NSEC_MAX */
	nsec_t between; /* timeout after each byte, or NSEC_MAX */
} read_plan_t;

static read_plan_t plan_read(tty_t *tty, size_t count)
{
	read_plan_t plan = { .min = 1, .first = NSEC_MAX, .between = NSEC_MAX };
	u32 vmin = tty->termios.c_cc[VMIN];
	nsec_t vtime = tty->termios.c_cc[VTIME] * (NSEC_PER_SEC / 10);

	if (tty_canonical(tty))
		return plan;
	if (vmin) {
		plan.min = (u32)MIN((size_t)vmin, count);
		if (vtime)
			plan.between = vtime;
	} else {
		plan.min = 0;
		plan.first = vtime;
	}
	return plan;
}

/*
 * Waits for what the plan asks. 0 to go on reading, -EAGAIN, -ERESTARTSYS; *timeout when time ran
 * out.
 */
static int wait_input(tty_t *tty, file_t *f, const read_plan_t *plan, bool *timeout)
{
	nsec_t start = clock_monotonic();
	u32 seen = tty->head - tty->tail;

	for (;;) {
		nsec_t deadline = NSEC_MAX;
		int r;

		if (discipline_readable(tty, MAX(plan->min, 1u)))
			return 0;
		if (tty_file_ended(tty, f))
			return 0;
		if (plan->min == 0 && !plan->first) {
			*timeout = true; /* even of a non-blocking read: nothing to wait for */
			return 0;
		}
		if (f->flags & O_NONBLOCK)
			return tty->head != tty->tail && !tty_canonical(tty) ? 0 : -EAGAIN;
		if (plan->min == 0)
			deadline = start + plan->first;
		else if (seen && plan->between != NSEC_MAX)
			deadline = clock_monotonic() + plan->between;
		if (plan->min == 0 && deadline <= clock_monotonic()) {
			*timeout = true;
			return 0;
		}
		r = wait_event_deadline(&tty->read_wait,
					discipline_readable(tty, MAX(plan->min, 1u)) ||
						tty_file_ended(tty, f) ||
						tty->head - tty->tail != seen,
					THREAD_INTERRUPTIBLE, deadline);
		if (r == -ETIMEDOUT) {
			*timeout = true;
			return 0;
		}
		if (r)
			return tty->head != tty->tail && !tty_canonical(tty) ? 0 : r;
		seen = tty->head - tty->tail;
	}
}

ssize_t discipline_read(tty_t *tty, file_t *f, iter_t *it)
{
	bool timeout = false, ended = false;
	ssize_t r;

	if (!it->count)
		return 0;
	r = tty_check_job_control(tty, SIGTTIN);
	if (r)
		return r;
	if (f->flags & O_NONBLOCK) {
		if (!mutex_trylock(&tty->read_lock))
			return -EAGAIN;
	} else if (mutex_lock_interruptible(&tty->read_lock)) {
		return -ERESTARTSYS;
	}
	rwsem_read_lock(&tty->termios_lock);
	for (;;) {
		read_plan_t plan = plan_read(tty, it->count);

		rwsem_read_unlock(&tty->termios_lock);
		r = wait_input(tty, f, &plan, &timeout);
		if (!r)
			r = tty_check_job_control(tty, SIGTTIN);
		rwsem_read_lock(&tty->termios_lock);
		if (r)
			break;
		if (timeout || discipline_readable(tty, 1)) {
			r = copy_out(tty, it, &ended);
			/* Nothing, and no end of file: the input was flushed meanwhile. */
			if (r || ended || timeout)
				break;
			continue;
		}
		/* The other end is gone: what is left was read before; pty masters get EIO. */
		if (tty_file_ended(tty, f)) {
			r = tty->other_closed ? -EIO : 0;
			break;
		}
		/* A non-blocking or interrupted raw read of less than VMIN. */
		r = copy_out(tty, it, &ended);
		if (r || ended)
			break;
	}
	rwsem_read_unlock(&tty->termios_lock);
	mutex_unlock(&tty->read_lock);
	return r;
}
