/*
 * The kernel log. printk may be called from any context, NMI included; a record goes to the ring
 * and, by level, to the registered consoles. A message begins with a KERN_* level or gets
 * KERN_DEFAULT. Levels are Linux's (syslog(2)).
 */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include <kernel/compiler.h>

#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_CONT KERN_SOH "c" /* continues this CPU's unfinished line */

int printk(const char *format, ...) __printf(1, 2);
int vprintk(const char *format, va_list args);
void printk_init(void); /* boot, once softirq_register works: loglevel=, quiet, waking of readers */

#define pr_err(...) printk(KERN_ERR __VA_ARGS__)
#define pr_warn(...) printk(KERN_WARNING __VA_ARGS__)
#define pr_info(...) printk(KERN_INFO __VA_ARGS__)
#define pr_debug(...) printk(KERN_DEBUG __VA_ARGS__)
/* At most so many lines a window of time from this call site: kernel.printk_ratelimit(_burst). */
#define pr_ratelimited(...)                                                                        \
	do {                                                                                       \
		static printk_ratelimit_t _rl;                                                     \
		if (printk_ratelimit(&_rl))                                                        \
			printk(__VA_ARGS__);                                                       \
	} while (0)

typedef struct printk_ratelimit {
	s64 window_start;
	u32 printed;
} printk_ratelimit_t;
bool printk_ratelimit(printk_ratelimit_t *rl);
bool printk_ratelimit_by(printk_ratelimit_t *rl, int seconds, int burst); /* 0 seconds: no limit */
extern int printk_window_seconds, printk_window_burst;
extern int printk_delay_ms; /* kernel.printk_delay: before each line */

/* A place where log lines appear at once. write must work with interrupts off, in NMI and panic. */
typedef struct console {
	const char *name; /* "ttyS0", "tty0" */
	void (*write)(struct console *con, const char *s, size_t len);
	bool early; /* dropped when the first full console registers */
	void (*drain)(
		struct console
			*con); /* sends what programs wrote there and is queued; NULL: nothing is */
	struct console *next;  /* printk's */
	u64 write_hash, drain_hash; /* printk's: kernel/cfi.h */
	u64 seq;		    /* printk's: next record to show */
} console_t;
void register_console(console_t *con);
void unregister_console(console_t *con);
static inline bool console_is_registered(const console_t *con)
{
	return con->write_hash != 0;
}
void console_drain(void); /* before power-off or reset: nothing that was written is lost */

/* The i-th console's name, the preferred one's first: false past the last. Any thread. */
bool console_name(u32 i, char *name, size_t size);

/* kernel.printk (proc_sys_kernel(5)). */
enum {
	PRINTK_CONSOLE, /* messages of a level below this reach the consoles */
	PRINTK_MESSAGE, /* level of what programs log without one */
	PRINTK_MINIMUM, /* syslog(2) does not set the first below this */
	PRINTK_DEFAULT, /* told to programs */
	PRINTK_LEVELS,
};
extern int printk_levels[PRINTK_LEVELS];
#define console_loglevel printk_levels[PRINTK_CONSOLE]
/* kernel.printk_devkmsg: what becomes of programs' lines; limited: ten of an opener's in five seconds. */
enum { DEVKMSG_ON, DEVKMSG_OFF, DEVKMSG_LIMITED, DEVKMSG_WORDS };
extern int printk_devkmsg;
extern int dmesg_restrict; /* kernel.dmesg_restrict: reading the log takes CAP_SYSLOG */

/*
 * syslog(2) and /dev/kmsg. seq counts records from 0. Returns the record's text length without
 * prefix and fills the fields, or -ENOENT when seq is not written yet, -EPIPE when overwritten
 * (then *seq is moved to the oldest). Otherwise *seq stays: the reader counts on. Text that does
 * not fit is cut.
 */
typedef struct log_record {
	u64 seq;
	nsec_t time; /* monotonic */
	u8 level;
	u8 facility;
} log_record_t;
int log_read(u64 *seq, log_record_t *rec, char *text, size_t size);
u64 log_first_seq(void);
u64 log_next_seq(void);
size_t log_buffer_size(void);
void log_store_user(int level, int facility, const char *text, size_t len); /* /dev/kmsg writes */
struct wait_queue_head;
extern struct wait_queue_head log_wait; /* woken (through softirq) on new records */
void syslog_init(void);			/* boot, after procfs: /proc/kmsg */

#endif
