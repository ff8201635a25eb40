/*
 * The kernel log.
 *
 * Concepts. A record is one line of text with a number, a time and a level. Records live in a ring:
 * a table of descriptors by number, and a ring of text bytes; the oldest give way to the newest.
 * Readers (consoles, /dev/kmsg, syslog) each keep the number of the next record that they want.
 *
 * Any context. Text is formatted on the caller's stack, so nothing is shared until the finished
 * line is copied in under log_lock. Nothing under that lock can be interrupted but by an NMI, which
 * only tries it: when the lock is taken, the line waits in the CPU's emergency buffer until the
 * next printk of that CPU stores it. The lock is a plain flag, since the lock checker and the
 * ticket locks report their own troubles through here.
 *
 * Unfinished lines (no newline at the end) wait in the CPU's buffer for KERN_CONT pieces; any other
 * line of that CPU completes them as they are.
 *
 * Order: log_lock is a leaf. Consoles are written without it (console.c).
 */
#include "printk_internal.h"

#include <arch/cpu.h>
#include <arch/time.h>
#include <kernel/boot.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/softirq.h>
#include <kernel/sync/wait.h>

#define RECORDS 2048u /* powers of two */
#define TEXT_SIZE 131072u
#define DEFAULT_LEVEL 4 /* KERN_WARNING, as Linux's default_message_loglevel */
#define QUIET_LEVEL 4
#define PANIC_TRIES 1000000u
#define CONT_MAX 256u
#define NMI_MAX 512u
#define NMI_LEVEL 4

typedef struct log_descriptor {
	u64 position; /* of the first byte, counted since boot */
	nsec_t time;
	u16 length;
	u8 level, facility;
} log_descriptor_t;

/* All under log_lock. */
static log_descriptor_t descriptors[RECORDS];
static char text_ring[TEXT_SIZE];
static u64 first_seq, next_seq; /* records first_seq .. next_seq - 1 exist */
static u64 text_end;		/* position behind the newest byte */
static bool log_lock;

/* A CPU's unfinished line, and lines of its NMIs that found the log locked. */
typedef struct log_cpu {
	u32 cont_length;
	u8 cont_level;
	char cont[CONT_MAX];
	u32 nmi_length; /* atomic: grows in NMIs, emptied with log_lock held */
	char nmi[NMI_MAX];
} log_cpu_t;
static DEFINE_PERCPU(log_cpu_t, log_cpu);

int printk_levels[PRINTK_LEVELS] = { 7, 4, 1, 7 };
int dmesg_restrict = 1;
int printk_window_seconds = 5, printk_window_burst = 10, printk_delay_ms;
bool log_panicking;
wait_queue_head_t log_wait = WAIT_QUEUE_INIT(log_wait);
static bool softirqs_work;

static bool in_nmi(void)
{
	return this_cpu_read(preempt_count) & NMI_ONE;
}

/* Interrupts off. False: this is an NMI, or a panic, and the lock cannot be had. */
static bool log_acquire(void)
{
	for (u32 tries = 0; __atomic_exchange_n(&log_lock, true, __ATOMIC_ACQUIRE); tries++) {
		if (READ_ONCE(log_panicking) ? tries > PANIC_TRIES : in_nmi())
			return false;
		cpu_relax();
	}
	return true;
}

static void log_release(void)
{
	__atomic_store_n(&log_lock, false, __ATOMIC_RELEASE);
}

static void ring_write(u64 position, const char *text, u32 n)
{
	u32 at = (u32)(position % TEXT_SIZE), head = MIN(n, TEXT_SIZE - at);

	memcpy(text_ring + at, text, head);
	memcpy(text_ring, text + head, n - head);
}

static void ring_read(u64 position, char *out, u32 n)
{
	u32 at = (u32)(position % TEXT_SIZE), head = MIN(n, TEXT_SIZE - at);

	memcpy(out, text_ring + at, head);
	memcpy(out + head, text_ring, n - head);
}

/* log_lock held, as for all that store below. */
static void store_record(u8 level, u8 facility, const char *text, u32 length)
{
	while (first_seq < next_seq &&
	       (next_seq - first_seq == RECORDS ||
		text_end + length - descriptors[first_seq % RECORDS].position > TEXT_SIZE))
		first_seq++;
	ring_write(text_end, text, length);
	descriptors[next_seq % RECORDS] = (log_descriptor_t){
		.position = text_end,
		.time = arch_clock_read(),
		.length = (u16)length,
		.level = level,
		.facility = facility,
	};
	text_end += length;
	WRITE_ONCE(next_seq, next_seq + 1);
}

/* One record a line. */
static void store_lines(u8 level, u8 facility, const char *text, u32 length)
{
	while (length) {
		const char *end = memchr(text, '\n', length);
		u32 n = end ? (u32)(end - text) : length;

		store_record(level, facility, text, n);
		n += end ? 1 : 0;
		text += n;
		length -= n;
	}
}

static void complete_cont(log_cpu_t *c)
{
	if (c->cont_length)
		store_lines(c->cont_level, 0, c->cont, c->cont_length);
	c->cont_length = 0;
}

/* What NMIs of this CPU left. One that strikes meanwhile appends, which the exchange notices. */
static void store_nmi(log_cpu_t *c)
{
	u32 done = 0, length = __atomic_load_n(&c->nmi_length, __ATOMIC_ACQUIRE);

	while (length != done) {
		store_lines(NMI_LEVEL, 0, c->nmi + done, length - done);
		done = length;
		if (__atomic_compare_exchange_n(&c->nmi_length, &length, 0, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return;
	}
}

static void keep_for_later(log_cpu_t *c, const char *text, u32 length)
{
	u32 at = READ_ONCE(c->nmi_length);

	length = MIN(length, NMI_MAX - at);
	memcpy(c->nmi + at, text, length);
	__atomic_store_n(&c->nmi_length, at + length, __ATOMIC_RELEASE);
}

/* level < 0: goes on with the CPU's unfinished line. */
static void store_piece(log_cpu_t *c, int level, const char *text, u32 length)
{
	bool finished = length && text[length - 1] == '\n';

	if (level >= 0 || c->cont_length + length > CONT_MAX)
		complete_cont(c);
	if (level < 0)
		level = c->cont_length ? c->cont_level : DEFAULT_LEVEL;
	if (!c->cont_length && (finished || length > CONT_MAX)) {
		store_lines((u8)level, 0, text, length);
		return;
	}
	memcpy(c->cont + c->cont_length, text, length);
	c->cont_length += length;
	c->cont_level = (u8)level;
	if (finished)
		complete_cont(c);
}

static void store(int level, const char *text, u32 length)
{
	unsigned long flags = arch_irq_save();
	log_cpu_t *c = this_cpu_ptr(&log_cpu);

	if (!log_acquire()) {
		keep_for_later(c, text, length);
	} else {
		if (in_nmi()) { /* cont may be half written by what was interrupted */
			store_lines((u8)MAX(level, 0), 0, text, length);
		} else {
			store_nmi(c);
			store_piece(c, level, text, length);
		}
		log_release();
	}
	arch_irq_restore(flags);
}

/* New records are there: consoles at once, sleeping readers through a softirq. */
static void announce(void)
{
	if (READ_ONCE(log_panicking)) {
		console_flush();
	} else if (!in_nmi()) { /* else the next printk brings it out */
		console_flush();
		smp_mb(); /* a reader is on the queue before it looks for the record */
		if (READ_ONCE(softirqs_work) && waitqueue_active(&log_wait))
			schedule_softirq_later(SOFTIRQ_LOG);
	}
}

/* kernel.printk_delay: so that what runs by on a screen can be read. */
static void delay_line(void)
{
	int ms = READ_ONCE(printk_delay_ms);

	if (unlikely(ms))
		for (s64 end = arch_clock_read() + ms * NSEC_PER_MSEC; arch_clock_read() < end;)
			cpu_relax();
}

int vprintk(const char *format, va_list args)
{
	char text[LOG_LINE_MAX];
	const char *start = text;
	int level = DEFAULT_LEVEL;
	int n = vscnprintf(text, sizeof(text), format, args);

	if (n == (int)sizeof(text) - 1)
		text[n - 1] = '\n'; /* cut */
	while (start[0] == KERN_SOH[0] && start[1]) {
		level = start[1] == KERN_CONT[1] ? -1 : start[1] - '0';
		start += 2;
	}
	n -= (int)(start - text);
	delay_line();
	store(level, start, (u32)n);
	announce();
	return n;
}

int printk(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vprintk(format, args);
	va_end(args);
	return n;
}

void log_store_user(int level, int facility, const char *text, size_t len)
{
	unsigned long flags;

	delay_line();
	flags = arch_irq_save();
	if (log_acquire()) {
		store_lines((u8)level, (u8)facility, text, (u32)MIN(len, (size_t)UINT16_MAX));
		log_release();
	}
	arch_irq_restore(flags);
	announce();
}

bool printk_ratelimit_by(printk_ratelimit_t *rl, int seconds, int burst)
{
	s64 now = arch_clock_read(), start = READ_ONCE(rl->window_start);

	if (!seconds)
		return true;
	if (now - start >= seconds * NSEC_PER_SEC &&
	    __atomic_compare_exchange_n(&rl->window_start, &start, now, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		__atomic_store_n(&rl->printed, 0, __ATOMIC_RELAXED);
	return __atomic_fetch_add(&rl->printed, 1, __ATOMIC_RELAXED) < (u32)burst;
}

bool printk_ratelimit(printk_ratelimit_t *rl)
{
	return printk_ratelimit_by(rl, READ_ONCE(printk_window_seconds),
				   READ_ONCE(printk_window_burst));
}

static int read_locked(u64 *seq, log_record_t *rec, char *text, size_t size)
{
	const log_descriptor_t *d;
	u32 n;

	if (*seq >= next_seq)
		return -ENOENT;
	if (*seq < first_seq) {
		*seq = first_seq;
		return -EPIPE;
	}
	d = &descriptors[*seq % RECORDS];
	*rec = (log_record_t){ *seq, d->time, d->level, d->facility };
	n = (u32)MIN((size_t)d->length, size);
	ring_read(d->position, text, n);
	if (n < size)
		text[n] = '\0';
	return d->length;
}

int log_read(u64 *seq, log_record_t *rec, char *text, size_t size)
{
	unsigned long flags = arch_irq_save();
	int r = -ENOENT;

	if (log_acquire()) {
		r = read_locked(seq, rec, text, size);
		log_release();
	}
	arch_irq_restore(flags);
	return r;
}

u64 log_first_seq(void)
{
	return READ_ONCE(first_seq);
}

u64 log_next_seq(void)
{
	return READ_ONCE(next_seq);
}

size_t log_buffer_size(void)
{
	return TEXT_SIZE;
}

static void wake_readers(void)
{
	wake_up_all(&log_wait);
}

__init void printk_init(void)
{
	const char *level = cmdline_get("loglevel");
	u64 n;

	if (cmdline_get("quiet"))
		console_loglevel = QUIET_LEVEL;
	if (level && !kstrtou64(level, 10, &n) && n <= 15)
		console_loglevel = (int)n;
	softirq_register(SOFTIRQ_LOG, wake_readers);
	WRITE_ONCE(softirqs_work, true);
}
