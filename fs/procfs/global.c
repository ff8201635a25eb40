/*
 * System-wide files of /proc: what the machine has and does. Formats are Linux's (proc(5)).
 */
#include "procfs.h"

#include <arch/cpuinfo.h>
#include <drivers/irq.h>
#include <kernel/boot.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/sched.h>
#include <kernel/softirq.h>
#include <kernel/time/clock.h>
#include <kernel/uts.h>
#include <mm/commit.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/vmalloc.h>
#include <uapi/errno.h>

#define USER_HZ 100
static u64 ticks(nsec_t t)
{
	return (u64)t / (NSEC_PER_SEC / USER_HZ);
}

static int meminfo(seq_file_t *m, void *arg)
{
	memory_statistics_t s;
	u64 file_cache;

	memory_stats(&s);
	file_cache = s.cached_pages - MIN(s.shmem_pages, s.cached_pages);
	const struct {
		const char *name;
		u64 pages;
	} lines[] = {
		{ "MemTotal:", s.total_pages },
		{ "MemFree:", s.free_pages },
		{ "MemAvailable:", s.free_pages + file_cache },
		{ "Buffers:", 0 },
		{ "Cached:", s.cached_pages },
		{ "SwapCached:", 0 },
		{ "Active:", s.anon_pages + s.cached_pages },
		{ "Inactive:", 0 },
		{ "Active(anon):", s.anon_pages + s.shmem_pages },
		{ "Inactive(anon):", 0 },
		{ "Active(file):", file_cache },
		{ "Inactive(file):", 0 },
		{ "Unevictable:", s.mlocked_pages },
		{ "Mlocked:", s.mlocked_pages },
		{ "SwapTotal:", 0 },
		{ "SwapFree:", 0 },
		{ "Dirty:", s.dirty_pages },
		{ "Writeback:", 0 },
		{ "AnonPages:", s.anon_pages },
		{ "Mapped:", s.mapped_pages },
		{ "Shmem:", s.shmem_pages },
		{ "KReclaimable:", 0 },
		{ "Slab:", s.slab_pages },
		{ "SReclaimable:", 0 },
		{ "SUnreclaim:", s.slab_pages },
		{ "KernelStack:", s.stack_pages },
		{ "PageTables:", s.table_pages },
		{ "SecPageTables:", 0 },
		{ "NFS_Unstable:", 0 },
		{ "Bounce:", 0 },
		{ "WritebackTmp:", 0 },
		{ "CommitLimit:", vm_commit_limit() },
		{ "Committed_AS:", vm_committed() },
		{ "VmallocTotal:", (vmalloc_end - vmalloc_start) >> PAGE_SHIFT },
		{ "VmallocUsed:", kmap_pages() },
		{ "VmallocChunk:", 0 }, /* not told by Linux any more */
		{ "Percpu:", arch_percpu_pages() },
	};
	u64 maps[PT_LEVELS - 1];
	static const char *const map_names[] = { "DirectMap4k:", "DirectMap2M:", "DirectMap1G:" };

	for (u32 i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(m, "%-15s %8lu kB\n", lines[i].name, lines[i].pages * 4);
	arch_direct_map(page_frames_end() << PAGE_SHIFT, maps);
	for (int i = 0; i < PT_LEVELS - 1; i++)
		if (i < PT_LEVELS - 2 || maps[i]) /* what the CPU has */
			seq_printf(m, "%-15s %8lu kB\n", map_names[i],
				   maps[i] << (PT_LEVEL_SHIFT(i) - 10));
	return 0;
}

static void show_times(seq_file_t *m, const cpu_times_t *t)
{
	seq_printf(m, " %lu %lu %lu %lu %lu %lu %lu %lu 0 0\n", ticks(t->user), ticks(t->nice),
		   ticks(t->system), ticks(t->idle), ticks(t->iowait), ticks(t->irq),
		   ticks(t->softirq), ticks(t->steal));
}

static void add_times(cpu_times_t *sum, const cpu_times_t *t)
{
	sum->user += t->user;
	sum->nice += t->nice;
	sum->system += t->system;
	sum->idle += t->idle;
	sum->iowait += t->iowait;
	sum->irq += t->irq;
	sum->softirq += t->softirq;
	sum->steal += t->steal;
}

static int stat(seq_file_t *m, void *arg)
{
	cpu_times_t sum = { 0 }, t;

	for_each_cpu(cpu) {
		sched_cpu_times(cpu, &t);
		add_times(&sum, &t);
	}
	seq_puts(m, "cpu ");
	show_times(m, &sum);
	for_each_cpu(cpu) {
		sched_cpu_times(cpu, &t);
		seq_printf(m, "cpu%u", cpu);
		show_times(m, &t);
	}
	seq_printf(
		m,
		"intr %lu\nctxt %lu\nbtime %ld\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
		irq_count_all(), sched_context_switches(),
		(clock_realtime() - clock_monotonic()) / NSEC_PER_SEC, pid_given(),
		sched_nr_running());
	seq_puts(m, "softirq 0\n");
	return 0;
}

static int uptime(seq_file_t *m, void *arg)
{
	nsec_t up = clock_monotonic(), idle = 0;
	cpu_times_t t;

	for_each_cpu(cpu) {
		sched_cpu_times(cpu, &t);
		idle += t.idle;
	}
	seq_printf(m, "%ld.%02ld %ld.%02ld\n", up / NSEC_PER_SEC, up % NSEC_PER_SEC / 10000000,
		   idle / NSEC_PER_SEC, idle % NSEC_PER_SEC / 10000000);
	return 0;
}

static int loadavg(seq_file_t *m, void *arg)
{
	u64 load[3];

	sched_loadavg(load);
	for (u32 i = 0; i < 3; i++) {
		u64 rounded = load[i] + (1 << 11) / 200;

		seq_printf(m, "%lu.%02lu ", rounded >> 11, ((rounded & 2047) * 100) >> 11);
	}
	seq_printf(m, "%u/%u %d\n", sched_nr_running(), READ_ONCE(nr_threads), pid_last());
	return 0;
}

static int version(seq_file_t *m, void *arg)
{
	seq_printf(m, "%s version %s (cloudos) %s\n", init_uts.name.sysname, init_uts.name.release,
		   init_uts.name.version);
	return 0;
}

static int cmdline(seq_file_t *m, void *arg)
{
	seq_printf(m, "%s\n", boot_info.command_line);
	return 0;
}

static int cpuinfo(seq_file_t *m, void *arg)
{
	for_each_cpu(cpu)
		arch_show_cpuinfo(m, cpu);
	return 0;
}

static int filesystems(seq_file_t *m, void *arg)
{
	for (unsigned i = 0; filesystem_name(i); i++)
		seq_printf(m, "nodev\t%s\n", filesystem_name(i));
	return 0;
}

static int interrupts(seq_file_t *m, void *arg)
{
	const char *tag, *text;

	seq_puts(m, "     ");
	for_each_cpu(cpu)
		seq_printf(m, "      CPU%-5u", cpu);
	seq_putc(m, '\n');
	for (u32 irq = 0; irq < NR_IRQS; irq++) {
		irq_info_t info;

		if (!irq_info(irq, &info))
			continue;
		seq_printf(m, "%4u:", irq);
		for_each_cpu(cpu)
			seq_printf(m, " %10lu", irq_count(irq, cpu));
		seq_printf(m, "   %s   %u-%s      %s\n", info.chip, irq,
			   info.level ? "level" : "edge", info.names);
	}
	for (u32 i = 0; irq_source(i, &tag, &text); i++) {
		seq_printf(m, "%4s:", tag);
		for_each_cpu(cpu)
			seq_printf(m, " %10lu", irq_source_count(i, cpu));
		seq_printf(m, "   %s\n", text);
	}
	return 0;
}

static int softirqs(seq_file_t *m, void *arg)
{
	static const char *const names[SOFTIRQ_COUNT] = { "TIMER",  "RCU",    "LOG",   "SCHED",
							  "NET_TX", "NET_RX", "BLOCK", "SCREEN" };

	seq_puts(m, "                    ");
	for_each_cpu(cpu)
		seq_printf(m, "CPU%-8u", cpu);
	seq_putc(m, '\n');
	for (u32 i = 0; i < SOFTIRQ_COUNT; i++) {
		seq_printf(m, "%12s:", names[i]);
		for_each_cpu(cpu)
			seq_printf(m, " %10lu", softirq_count(cpu, (softirq_type_t)i));
		seq_putc(m, '\n');
	}
	return 0;
}

static int slabinfo(seq_file_t *m, void *arg)
{
	slab_info_t s;

	seq_puts(m, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
		    "<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
		    "slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	for (u32 i = 0; slab_info(i, &s); i++)
		seq_printf(m,
			   "%-17s %6lu %6lu %6u %4u %4u : tunables    0    0    0 : slabdata "
			   "%6lu %6lu      0\n",
			   s.name, s.active_objs, s.total_objs, s.object_size, s.objects_per_slab,
			   s.pages_per_slab, s.slabs, s.slabs);
	return 0;
}

static int buddyinfo(seq_file_t *m, void *arg)
{
	zone_info_t z;

	for (u32 i = 0; zone_info(i, &z); i++) {
		if (!z.present)
			continue;
		seq_printf(m, "Node %u, zone %8s ", z.node, z.name);
		for (u32 o = 0; o <= MAX_ORDER; o++)
			seq_printf(m, "%6lu ", z.free_blocks[o]);
		seq_putc(m, '\n');
	}
	return 0;
}

static int zoneinfo(seq_file_t *m, void *arg)
{
	zone_info_t z;

	for (u32 i = 0; zone_info(i, &z); i++)
		if (z.present)
			seq_printf(
				m,
				"Node %u, zone %8s\n  pages free     %lu\n        min      %lu\n"
				"        low      %lu\n        high     %lu\n        spanned  %lu\n"
				"        present  %lu\n  start_pfn:           %lu\n",
				z.node, z.name, z.free, z.min, z.low, z.high, z.spanned, z.present,
				z.start_pfn);
	return 0;
}

static int vmstat(seq_file_t *m, void *arg)
{
	memory_statistics_t s;

	memory_stats(&s);
	const struct {
		const char *name;
		u64 value;
	} lines[] = {
		{ "nr_free_pages", s.free_pages },
		{ "nr_inactive_anon", 0 },
		{ "nr_active_anon", s.anon_pages + s.shmem_pages },
		{ "nr_inactive_file", 0 },
		{ "nr_active_file", s.cached_pages - MIN(s.shmem_pages, s.cached_pages) },
		{ "nr_unevictable", s.mlocked_pages },
		{ "nr_mlock", s.mlocked_pages },
		{ "nr_slab_reclaimable", 0 },
		{ "nr_slab_unreclaimable", s.slab_pages },
		{ "nr_anon_pages", s.anon_pages },
		{ "nr_mapped", s.mapped_pages },
		{ "nr_file_pages", s.cached_pages },
		{ "nr_dirty", s.dirty_pages },
		{ "nr_writeback", 0 },
		{ "nr_shmem", s.shmem_pages },
		{ "nr_kernel_stack", s.stack_pages * 4 },
		{ "nr_page_table_pages", s.table_pages },
		{ "pgpgin", 0 }, /* there is no disk, */
		{ "pgpgout", 0 },
		{ "pswpin", 0 }, /* so nothing to swap to */
		{ "pswpout", 0 },
		{ "pgfault", (u64)mm_counter(MM_FAULTS) },
		{ "pgmajfault", (u64)mm_counter(MM_MAJOR_FAULTS) },
	};

	for (u32 i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(m, "%s %lu\n", lines[i].name, lines[i].value);
	return 0;
}

static int swaps(seq_file_t *m, void *arg)
{
	seq_puts(m, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

/* Without a disk not even the heading. */
static int partitions(seq_file_t *m, void *arg)
{
	return 0;
}

static int locks(seq_file_t *m, void *arg)
{
	return locks_show(m);
}

/* There is no block layer yet: its part has no lines. */
static int devices(seq_file_t *m, void *arg)
{
	int r;

	r = chrdev_show(m);
	seq_puts(m, "\nBlock devices:\n");
	return r;
}

/* A line for each disk: there is no block device yet. */
static int diskstats(seq_file_t *m, void *arg)
{
	return 0;
}

/* Whose programs run: personality(2). */
static int execdomains(seq_file_t *m, void *arg)
{
	seq_puts(m, "0-0\tLinux           \t[kernel]\n");
	return 0;
}

/* Nothing can be loaded, and no device is of major number 10: no lines. */
static int none(seq_file_t *m, void *arg)
{
	return 0;
}

static int vmallocinfo(seq_file_t *m, void *arg)
{
	u32 *nodes = kmalloc(node_count * sizeof(*nodes), GFP_KERNEL);
	kmap_info_t area = { .node_pages = nodes };

	if (!nodes)
		return -ENOMEM;
	for (unsigned long at = vmalloc_start; kmap_next(at, &area); at = area.end) {
		seq_printf(m, "0x%016lx-0x%016lx %7lu", proc_told_address((void *)area.start),
			   proc_told_address((void *)area.end), area.end - area.start);
		if (area.pages)
			seq_printf(m, " pages=%u vmalloc", area.pages);
		else
			seq_printf(m, " phys=0x%016lx ioremap", area.phys);
		for (u32 i = 0; i < node_count; i++)
			if (nodes[i])
				seq_printf(m, " N%u=%u", i, nodes[i]);
		seq_putc(m, '\n');
	}
	kfree(nodes);
	return 0;
}

__init void proc_global_init(void)
{
	static const struct {
		const char *name;
		mode_t mode;
		int (*show)(seq_file_t *, void *);
	} files[] = {
		{ "meminfo", 0444, meminfo },
		{ "stat", 0444, stat },
		{ "uptime", 0444, uptime },
		{ "loadavg", 0444, loadavg },
		{ "version", 0444, version },
		{ "cmdline", 0444, cmdline },
		{ "cpuinfo", 0444, cpuinfo },
		{ "filesystems", 0444, filesystems },
		{ "interrupts", 0444, interrupts },
		{ "softirqs", 0444, softirqs },
		{ "slabinfo", 0400, slabinfo },
		{ "buddyinfo", 0444, buddyinfo },
		{ "zoneinfo", 0444, zoneinfo },
		{ "vmstat", 0444, vmstat },
		{ "locks", 0444, locks },
		{ "devices", 0444, devices },
		{ "swaps", 0444, swaps },
		{ "partitions", 0444, partitions },
		{ "diskstats", 0444, diskstats },
		{ "execdomains", 0444, execdomains },
		{ "modules", 0444, none },
		{ "misc", 0444, none },
		{ "vmallocinfo", 0400, vmallocinfo },
	};

	for (u32 i = 0; i < ARRAY_SIZE(files); i++)
		if (proc_create_single(files[i].name, files[i].mode, files[i].show, NULL))
			panic("No memory for /proc/%s", files[i].name);
	if (proc_symlink("mounts", "self/mounts"))
		panic("No memory for /proc/mounts");
}
