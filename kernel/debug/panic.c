/*
 * The end, and reports that are not yet the end.
 */
#include "printk_internal.h"

#include <arch/cpu.h>
#include <arch/thread.h>
#include <arch/time.h>
#include <kernel/boot.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/sync/lockdep.h>
#include <kernel/thread.h>

#define BACKTRACE_MAX 24
#define LAST_LINES 12
#define MESSAGE_MAX 256
#define LOUD 16 /* console_loglevel that shows everything */

static u32 panic_cpu; /* atomic: number of the CPU that reports, plus 1 */
static u32 warnings;  /* atomic */
u64 taints;	      /* atomic */
int panic_timeout, panic_on_warn, warn_limit;

/*
 * `exact`: the first address is where something happened; all others are where calls return to,
 * which after a call that never returns is the next function already: the instruction before tells.
 */
static void print_backtrace(const char *level, const unsigned long *ips, int n, bool exact)
{
	printk("%sCall trace:\n", level);
	for (int i = 0; i < n; i++) {
		unsigned long back = exact && i == 0 ? 0 : 1, offset;
		const char *name = symbol_lookup(ips[i] - back, &offset);

		if (name)
			printk("%s  [%016lx] %s+0x%lx\n", level, ips[i], name, offset + back);
		else
			printk("%s  [%016lx]\n", level, ips[i]);
	}
}

/* Without the innermost `skip` functions, which are of this file. */
static void print_own_backtrace(const char *level, int skip)
{
	unsigned long ips[BACKTRACE_MAX];
	int n = arch_backtrace(current(), ips, BACKTRACE_MAX);

	skip = MIN(skip, n);
	print_backtrace(level, ips + skip, n - skip, false);
}

static void print_context(const char *level)
{
	const thread_t *t = current();

	printk("%sCPU: %u PID: %d (%s), preempt_count %x\n", level, this_cpu(), t->tid, t->name,
	       this_cpu_read(preempt_count));
}

void dump_stack(void)
{
	print_context(KERN_WARNING);
	print_own_backtrace(KERN_WARNING, 2);
}

void warn_report(const char *file, int line, const char *what)
{
	u32 count = __atomic_add_fetch(&warnings, 1, __ATOMIC_RELAXED);
	u32 limit = (u32)READ_ONCE(warn_limit);

	__atomic_fetch_or(&taints, TAINT_WARN, __ATOMIC_RELAXED);
	printk(KERN_WARNING "WARNING: %s at %s:%d\n", what, file, line);
	dump_stack();
	if (READ_ONCE(panic_on_warn))
		panic("panic_on_warn: %s at %s:%d", what, file, line);
	if (limit && count >= limit)
		panic("warned %u times: %s at %s:%d", count, what, file, line);
}

/* What the consoles did not show when it was logged (quiet) is often why. */
static void print_last_lines(u64 end)
{
	char text[LOG_LINE_MAX];
	u64 seq = end > LAST_LINES ? end - LAST_LINES : 0;
	log_record_t rec;

	printk(KERN_EMERG "Last lines of the log:\n");
	for (; seq < end; seq++) {
		if (log_read(&seq, &rec, text, sizeof(text) - 1) < 0)
			break;
		text[sizeof(text) - 1] = '\0';
		printk(KERN_EMERG "| %5ld.%06ld %s\n", rec.time / NSEC_PER_SEC,
		       rec.time % NSEC_PER_SEC / NSEC_PER_USEC, text);
	}
}

__init void panic_init(void)
{
	const char *value = cmdline_get("panic");
	bool negative = value && value[0] == '-';
	u64 seconds;

	panic_on_warn = cmdline_get("panic_on_warn") != NULL;
	if (value && !kstrtou64(value + negative, 10, &seconds) && seconds <= INT32_MAX)
		panic_timeout = negative ? -(int)seconds : (int)seconds;
}

/* panic=N: 0 or absent: halt; above: restart after N seconds; below: at once (Linux's meaning). */
static __noreturn void finish(void)
{
	int seconds = panic_timeout;

	if (seconds < 0)
		arch_reboot();
	if (!seconds) {
		printk(KERN_EMERG "---[ end of panic: halted ]---\n");
		arch_halt_forever();
	}
	printk(KERN_EMERG "---[ end of panic: restart in %d seconds ]---\n", seconds);
	while (seconds--)
		arch_delay_ns(NSEC_PER_SEC);
	arch_reboot();
}

/*
 * One CPU reports. A second one, or a fault inside the report, must not spoil what there is of it.
 */
static void become_reporter(void)
{
	u32 me = this_cpu() + 1, nobody = 0;

	if (__atomic_compare_exchange_n(&panic_cpu, &nobody, me, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return;
	if (nobody != me)
		arch_halt_forever();
	if (READ_ONCE(log_panicking)) {
		static bool again;

		if (!again) {
			again = true;
			printk(KERN_EMERG "Panic while reporting a panic\n");
		}
		finish();
	}
}

static __noreturn void report(trap_frame_t *frame, const char *format, va_list args)
{
	char message[MESSAGE_MAX];
	unsigned long ips[BACKTRACE_MAX];
	u64 before;

	arch_irq_disable();
	become_reporter();
	before = log_next_seq();
	WRITE_ONCE(log_panicking, true);
	smp_stop_others();
	console_take_over();
	console_loglevel = LOUD;
	vscnprintf(message, sizeof(message), format, args);
	printk(KERN_EMERG "Kernel panic: %s\n", message);
	print_context(KERN_EMERG);
	if (frame)
		arch_print_frame(frame);
	if (frame)
		print_backtrace(KERN_EMERG, ips, arch_backtrace_frame(frame, ips, BACKTRACE_MAX),
				true);
	else
		print_own_backtrace(KERN_EMERG, 3);
#ifdef CONFIG_DEBUG
	lockdep_print_held();
#endif
	smp_print_others();
	print_last_lines(before);
	finish();
}

bool panicking(void)
{
	return READ_ONCE(log_panicking);
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(NULL, format, args);
}

void panic_with_frame(trap_frame_t *frame, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(frame, format, args);
}
