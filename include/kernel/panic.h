/*
 * Fatal ends. panic stops the other CPUs by NMI, prints registers, symbolised backtraces and the
 * last log lines, then halts or resets by `panic=`. Callable from any context.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <kernel/compiler.h>

struct trap_frame;

void panic(const char *format, ...) __printf(1, 2) __noreturn __cold;
/* As panic, with the registers of the trap that led there (NULL: the caller's own). */
void panic_with_frame(struct trap_frame *frame, const char *format, ...)
	__printf(2, 3) __noreturn __cold;
extern int
	panic_timeout; /* sysctl kernel.panic: 0: halt; above: restart after so many seconds; below: at once */
extern int
	panic_on_warn; /* sysctl kernel.panic_on_warn, and of the command line: WARN_ON panics, */
extern int warn_limit; /* sysctl kernel.warn_limit: or so many of them do; 0: none does */
extern u64
	taints; /* sysctl kernel.tainted: TAINT_WARN once something was warned of, and what root adds */
#define TAINT_WARN 512
void panic_init(void); /* boot: panic= of the command line */
bool panicking(void);  /* the report has begun: other CPUs are stopped, locks may never be free */
void dump_stack(void);
void warn_report(const char *file, int line, const char *what) __cold;

/* Counted and printed with a backtrace, but goes on, unless panic_on_warn or warn_limit say else. */
#define WARN_ON(cond)                                                                              \
	({                                                                                         \
		bool _w = (cond);                                                                  \
		if (unlikely(_w))                                                                  \
			warn_report(__FILE__, __LINE__, #cond);                                    \
		_w;                                                                                \
	})

#define BUG_ON(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			panic("Assertion failed: !(%s) at %s:%d", #cond, __FILE__, __LINE__);      \
	} while (0)

#ifdef CONFIG_DEBUG
#define ASSERT(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			panic("Assertion failed: %s at %s:%d", #cond, __FILE__, __LINE__);         \
	} while (0)
#else
#define ASSERT(cond) ((void)sizeof(cond))
#endif

/* Symbol lookup in the image's own table: returns the name and the offset, or NULL. */
const char *symbol_lookup(unsigned long addr, unsigned long *offset);
/* The function of that index, by rising address; 0 behind the last. */
unsigned long symbol_at(u32 index, const char **name);

#endif
