/*
 * Metrics as text: OpenMetrics 1.0 (its "ABNF" section): a family is a # TYPE line, a # HELP line and samples,
 * counters' samples end in _total, the file ends with # EOF. Units are seconds and bytes.
 */
#include <kernel/trace/metrics.h>

#include <drivers/irq.h>
#include <fs/procfs.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/softirq.h>
#include <kernel/sync/mutex.h>
#include <kernel/syscall.h>
#include <kernel/time/clock.h>
#include <mm/page.h>

static u64 measure_latency; /* sys.kernel.measure_latency; written under switch_lock */

static u64 syscalls_total(void)
{
	u64 sum = 0;

	for (u32 nr = 0; nr < SYSCALL_TABLE_SIZE; nr++)
		sum += syscall_count_total(nr);
	return sum;
}

static u64 average(const latency_t *l)
{
	u64 n = latency_count(l);

	return n ? l->time / n : 0;
}

void kernel_metrics(kernel_metrics_t *out)
{
	latency_t calls = {}, switches;

	for (u32 nr = 0; nr < SYSCALL_TABLE_SIZE; nr++) {
		latency_t l;

		syscall_latency(nr, &l);
		latency_merge(&calls, &l);
	}
	sched_switch_latency(&switches);
	*out = (kernel_metrics_t){
		.context_switches = sched_context_switches(),
		.syscalls_processed = syscalls_total(),
		.page_faults = (u64)mm_counter(MM_FAULTS),
		.interrupts_handled = irq_count_all(),
		.memory_allocations = (u64)mm_counter(MM_ALLOCATIONS),
		.average_syscall_latency_ns = average(&calls),
		.average_context_switch_latency_ns = average(&switches),
	};
}

static void family(seq_file_t *m, const char *name, const char *type, const char *help)
{
	seq_printf(m, "# TYPE cloudos_%s %s\n# HELP cloudos_%s %s\n", name, type, name, help);
}

static void counter(seq_file_t *m, const char *name, const char *help, u64 value)
{
	family(m, name, "counter", help);
	seq_printf(m, "cloudos_%s_total %lu\n", name, value);
}

static void gauge(seq_file_t *m, const char *name, const char *help, u64 value)
{
	family(m, name, "gauge", help);
	seq_printf(m, "cloudos_%s %lu\n", name, value);
}

static void seconds(seq_file_t *m, nsec_t t)
{
	seq_printf(m, "%ld.%09ld\n", t / NSEC_PER_SEC, t % NSEC_PER_SEC);
}

/* Buckets count what is below their ends, so each holds those before it too. */
static void histogram(seq_file_t *m, const char *name, const char *call, const latency_t *l)
{
	const char *before = call ? "call=\"" : "", *after = call ? "\"" : "";
	u64 n = 0;

	call = call ? call : "";
	for (u32 i = 0; i < LATENCY_BUCKETS; i++) {
		n += l->buckets[i];
		seq_printf(m, "cloudos_%s_bucket{%s%s%sle=\"", name, before, call,
			   *after ? "\"," : "");
		if (i < LATENCY_BUCKETS - 1)
			seq_printf(m, "%lu.%09lu", latency_end(i) / NSEC_PER_SEC,
				   latency_end(i) % NSEC_PER_SEC);
		else
			seq_puts(m, "+Inf");
		seq_printf(m, "\"} %lu\n", n);
	}
	seq_printf(m, "cloudos_%s_count{%s%s%s} %lu\n", name, before, call, after, n);
	seq_printf(m, "cloudos_%s_sum{%s%s%s} ", name, before, call, after);
	seconds(m, (nsec_t)l->time);
}

static void show_syscalls(seq_file_t *m)
{
	family(m, "syscalls", "counter", "System calls made.");
	for (u32 nr = 0; nr < SYSCALL_TABLE_SIZE; nr++) {
		u64 n = syscall_count_total(nr);

		if (n && syscall_names[nr])
			seq_printf(m, "cloudos_syscalls_total{call=\"%s\"} %lu\n",
				   syscall_names[nr], n);
	}
	family(m, "syscall_seconds", "histogram",
	       "Time in system calls, sleep included, while sys.kernel.measure_latency is 1.");
	for (u32 nr = 0; nr < SYSCALL_TABLE_SIZE; nr++) {
		latency_t l;

		syscall_latency(nr, &l);
		if (latency_count(&l) && syscall_names[nr])
			histogram(m, "syscall_seconds", syscall_names[nr], &l);
	}
}

static void show_cpus(seq_file_t *m)
{
	latency_t switches;

	family(m, "cpu_seconds", "counter", "CPU time by what it was spent on.");
	for_each_cpu(cpu) {
		cpu_times_t t;

		sched_cpu_times(cpu, &t);
		const struct {
			const char *mode;
			nsec_t time;
		} modes[] = {
			{ "user", t.user }, { "nice", t.nice }, { "system", t.system },
			{ "idle", t.idle }, { "irq", t.irq },	{ "softirq", t.softirq },
		};

		for (u32 i = 0; i < ARRAY_SIZE(modes); i++) {
			seq_printf(m, "cloudos_cpu_seconds_total{cpu=\"%u\",mode=\"%s\"} ", cpu,
				   modes[i].mode);
			seconds(m, modes[i].time);
		}
	}
	sched_switch_latency(&switches);
	counter(m, "context_switches", "Switches from one thread to another.",
		sched_context_switches());
	family(m, "context_switch_seconds", "histogram",
	       "Time of switches while sys.kernel.measure_latency is 1.");
	histogram(m, "context_switch_seconds", NULL, &switches);
}

static void show_interrupts(seq_file_t *m)
{
	const char *tag, *text;

	family(m, "interrupts", "counter", "Interrupts handled.");
	for (u32 irq = 0; irq < NR_IRQS; irq++) {
		irq_info_t info;
		u64 sum = 0;

		if (!irq_info(irq, &info))
			continue;
		for_each_cpu(cpu)
			sum += irq_count(irq, cpu);
		seq_printf(m, "cloudos_interrupts_total{source=\"%u\"} %lu\n", irq, sum);
	}
	for (u32 i = 0; irq_source(i, &tag, &text); i++) {
		u64 sum = 0;

		for_each_cpu(cpu)
			sum += irq_source_count(i, cpu);
		seq_printf(m, "cloudos_interrupts_total{source=\"%s\"} %lu\n", tag, sum);
	}
}

static void show_memory(seq_file_t *m)
{
	memory_statistics_t s;

	memory_stats(&s);
	const struct {
		const char *kind;
		u64 pages;
	} kinds[] = {
		{ "total", s.total_pages },   { "free", s.free_pages },
		{ "cached", s.cached_pages }, { "anon", s.anon_pages },
		{ "shmem", s.shmem_pages },   { "slab", s.slab_pages },
		{ "tables", s.table_pages },  { "stacks", s.stack_pages },
		{ "mapped", s.mapped_pages },
	};

	family(m, "memory_bytes", "gauge", "Memory by what it is used for.");
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		seq_printf(m, "cloudos_memory_bytes{kind=\"%s\"} %lu\n", kinds[i].kind,
			   kinds[i].pages << PAGE_SHIFT);
	counter(m, "page_faults", "Page faults of programs.", (u64)mm_counter(MM_FAULTS));
	counter(m, "page_allocations", "Blocks of pages handed out.",
		(u64)mm_counter(MM_ALLOCATIONS));
	counter(m, "page_frees", "Blocks of pages given back.", (u64)mm_counter(MM_FREES));
}

static int show_metrics(seq_file_t *m, void *arg)
{
	show_syscalls(m);
	show_cpus(m);
	show_interrupts(m);
	show_memory(m);
	counter(m, "processes", "Process and thread numbers given out.", pid_given());
	gauge(m, "threads", "Living threads.", READ_ONCE(nr_threads));
	gauge(m, "runnable_threads", "Threads that run or wait for a CPU.", sched_nr_running());
	family(m, "uptime_seconds", "gauge", "Time since boot.");
	seq_puts(m, "cloudos_uptime_seconds ");
	seconds(m, clock_monotonic());
	seq_puts(m, "# EOF\n");
	return 0;
}

static mutex_t switch_lock = MUTEX_INIT(switch_lock); /* outermost: one change at a time */

/* Threads made from now on start as their makers are; those that live are told here. */
static int switch_latency(u64 on)
{
	process_t *p;
	thread_t *t;
	int r;

	mutex_lock(&switch_lock);
	r = on ? syscall_latency_init() : 0;
	if (r)
		goto out;
	sched_measure_switches(on);
	write_lock_irq(&process_tree_lock);
	list_for_each_entry(p, &all_processes, all_link) {
		spin_lock(sig_lock(p));
		list_for_each_entry(t, &p->threads, process_link) {
			if (on)
				thread_set_flag(t, TF_MEASURE);
			else
				thread_clear_flag(t, TF_MEASURE);
		}
		spin_unlock(sig_lock(p));
	}
	write_unlock_irq(&process_tree_lock);
	WRITE_ONCE(measure_latency, on);
out:
	mutex_unlock(&switch_lock);
	return r;
}

__init void metrics_init(void)
{
	if (proc_create_single("metrics", 0444, show_metrics, NULL) ||
	    proc_sysctl_changed("kernel/measure_latency", 0644, &measure_latency, 1,
				switch_latency))
		panic("No memory for /proc/metrics");
}
