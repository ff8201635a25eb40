/*
 * Consoles: places where log records appear at once.
 *
 * Whoever finds the consoles free brings them up to date, with preemption off; others leave their
 * record and go on, since the one at work looks again after it has given the consoles back. Each
 * console knows the number of the next record that it is to show. A full console that takes over
 * from an early one of the same name goes on where that stopped; any other begins with the oldest
 * record.
 */
#include "printk_internal.h"

#include <arch/cpu.h>
#include <kernel/cfi.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <uapi/errno.h>

#define PREFIX_MAX 24

static console_t *consoles; /* busy held */
static console_t *dropped;  /* busy held: early ones, for where they stopped */
static bool busy;	    /* atomic: someone writes to the consoles, or changes their list */

static bool take(void)
{
	preempt_disable();
	if (!__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE))
		return true;
	preempt_enable();
	return false;
}

static void give(void)
{
	__atomic_store_n(&busy, false, __ATOMIC_SEQ_CST);
	preempt_enable();
}

/* Shows one record; false when there is none to show. busy held. */
static bool show_next(console_t *con)
{
	char line[PREFIX_MAX + LOG_LINE_MAX + 2];
	log_record_t rec;
	int prefix, n;

	n = log_read(&con->seq, &rec, line + PREFIX_MAX, LOG_LINE_MAX);
	if (n == -EPIPE)
		return true;
	if (n < 0)
		return false;
	con->seq++;
	if (rec.level >= READ_ONCE(console_loglevel))
		return true;
	n = MIN(n, LOG_LINE_MAX);
	prefix = scnprintf(line, PREFIX_MAX, "[%5ld.%06ld] ", rec.time / NSEC_PER_SEC,
			   rec.time % NSEC_PER_SEC / NSEC_PER_USEC);
	memmove(line + prefix, line + PREFIX_MAX, (size_t)n);
	line[prefix + n] = '\n';
	CODE_CHECK(con->write, con->write_hash);
	con->write(con, line, (size_t)(prefix + n + 1));
	return true;
}

static bool behind(void)
{
	for (const console_t *con = consoles; con; con = con->next)
		if (con->seq < log_next_seq())
			return true;
	return false;
}

void console_flush(void)
{
	/*
	 * A record stored after the last look and before the release is seen by its writer or by
	 * us.
	 */
	while (READ_ONCE(consoles) && behind() && take()) {
		for (console_t *con = consoles; con; con = con->next)
			while (show_next(con))
				;
		give();
	}
}

void console_take_over(void)
{
	__atomic_store_n(&busy, false, __ATOMIC_SEQ_CST);
}

static void take_wait(void)
{
	while (!take())
		cpu_relax();
}

static void unlink_console(console_t *con)
{
	for (console_t **link = &consoles; *link; link = &(*link)->next) {
		if (*link == con) {
			*link = con->next;
			return;
		}
	}
}

static void drop_early(void)
{
	console_t *con, *next;

	for (con = consoles; con; con = next) {
		next = con->next;
		if (!con->early)
			continue;
		unlink_console(con);
		con->next = dropped;
		dropped = con;
	}
}

__init void register_console(console_t *con)
{
	take_wait();
	con->seq = 0;
	if (!con->early) {
		drop_early();
		for (const console_t *old = dropped; old; old = old->next)
			if (!strcmp(old->name, con->name))
				con->seq = old->seq;
	}
	con->write_hash = CODE_HASH(con->write);
	con->drain_hash = CODE_HASH(con->drain);
	con->next = consoles;
	consoles = con;
	give();
	console_flush();
}

void unregister_console(console_t *con)
{
	take_wait();
	unlink_console(con);
	give();
}

bool console_name(u32 i, char *name, size_t size)
{
	const console_t *con;

	take_wait();
	con = consoles;
	while (con && i--)
		con = con->next;
	if (con)
		strscpy(name, con->name, size);
	give();
	return con;
}

void console_drain(void)
{
	take_wait();
	for (console_t *con = consoles; con; con = con->next)
		if (con->drain) {
			CODE_CHECK(con->drain, con->drain_hash);
			con->drain(con);
		}
	give();
}
