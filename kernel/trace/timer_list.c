/*
 * /proc/timer_list: the timers of each CPU, by their times, in the format of Linux, whose clocks 0 and 4 hold what is run
 * by the interrupt itself and by its softirq.
 */
#include <fs/procfs.h>
#include <kernel/panic.h>
#include <kernel/sysrq.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

#define COPIED 32 /* at once */
#define CLOCKS 8
#define CLOCK_HARD 0
#define CLOCK_SOFT 4

static void show_timer(seq_file_t *m, u32 nr, const timer_t *t, nsec_t now)
{
	unsigned long offset;
	const char *name = symbol_lookup((unsigned long)t->function, &offset);

	seq_printf(m, " #%u: <%016lx>, %s, S:01\n", nr, proc_told_address(t->data),
		   name ? name : "?");
	seq_printf(m, " # expires at %ld-%ld nsecs [in %ld to %ld nsecs]\n", t->expires, t->expires,
		   t->expires - now, t->expires - now);
}

static void show_clock(seq_file_t *m, u32 cpu, bool hardirq, nsec_t now)
{
	timer_t timers[COPIED];
	u32 n, nr = 0;

	seq_printf(m,
		   " clock %u:\n  .index:      %u\n  .resolution: 1 nsecs\n"
		   "  .get_time:   clock_monotonic\n  .offset:     0 nsecs\nactive timers:\n",
		   hardirq ? CLOCK_HARD : CLOCK_SOFT, hardirq ? CLOCK_HARD : CLOCK_SOFT);
	while ((n = timers_on(cpu, hardirq, nr, timers, COPIED)) != 0)
		for (u32 i = 0; i < n; i++)
			show_timer(m, nr++, &timers[i], now);
}

static int show_timers(seq_file_t *m, void *arg)
{
	nsec_t now = clock_monotonic();

	seq_printf(m, "Timer List Version: v0.9\nHRTIMER_MAX_CLOCK_BASES: %u\nnow at %ld nsecs\n",
		   CLOCKS, now);
	for_each_cpu(cpu) {
		seq_printf(m, "\ncpu: %u\n", cpu);
		show_clock(m, cpu, true, now);
		show_clock(m, cpu, false, now);
	}
	return 0;
}

__init void timer_list_init(void)
{
	if (proc_create_single("timer_list", 0400, show_timers, NULL))
		panic("No memory for /proc/timer_list");
}
