/*
 * /proc/irq/N: to which CPUs a line's interrupts go, and a directory named after each handler (proc(5);
 * Linux, Documentation/core-api/irq/irq-affinity.rst). A line may be sent to several; here that is the first of them.
 */
#include <drivers/irq.h>

#include <fs/procfs.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/iter.h>
#include <uapi/errno.h>

#define LINE 1024 /* the longest list that makes sense */
#define PATH 96

/* A file's argument: the line, and which of its files it is. */
#define AS_LIST 0x10000u
#define EFFECTIVE 0x20000u
#define IRQ_MASK 0xffffu

static int show_cpus(seq_file_t *m, void *arg)
{
	u32 what = (u32)(unsigned long)arg, cpu;
	cpu_set_t set, one = { 0 };

	if (!irq_get_affinity(what & IRQ_MASK, &set, &cpu))
		return -EIO;
	cpu_set_add(&one, cpu);
	(what & AS_LIST ? seq_cpu_list : seq_cpu_mask)(m, what & EFFECTIVE ? &one : &set);
	seq_putc(m, '\n');
	return 0;
}

/* What a device would be near to, which none tells. */
static int show_node(seq_file_t *m, void *arg)
{
	seq_puts(m, "0\n");
	return 0;
}

static int open_cpus(vfs_node_t *node, file_t *f)
{
	return seq_open_single(f, show_cpus, proc_file_arg(f));
}

static ssize_t write_cpus(file_t *f, iter_t *it, off_t *pos)
{
	u32 what = (u32)(unsigned long)proc_file_arg(f);
	size_t n = it->count;
	char text[LINE];
	cpu_set_t set;
	int r;

	if (n >= sizeof(text))
		return -EINVAL;
	if (copy_from_iter(text, n, it) != n)
		return -EFAULT;
	text[n] = '\0';
	r = (what & AS_LIST ? cpu_list_parse : cpu_mask_parse)(text, &set);
	if (!r)
		r = irq_set_affinity(what & IRQ_MASK, &set);
	return r ? r : (ssize_t)n;
}

static const file_operations_t cpus_ops = {
	.open = open_cpus,
	.read_iter = seq_read_iter,
	.write_iter = write_cpus,
	.llseek = endless_llseek,
	.release = seq_release,
};

static __init int add_file(u32 irq, const char *name, u32 what)
{
	void *arg = (void *)(unsigned long)(irq | what);
	char path[PATH];

	snprintf(path, sizeof(path), "irq/%u/%s", irq, name);
	if (what & EFFECTIVE)
		return proc_create_single(path, 0444, show_cpus, arg);
	return proc_create(path, 0644, &cpus_ops, arg);
}

static __init int add_line(u32 irq, const irq_info_t *info)
{
	const char *name = info->names;
	char path[PATH];
	int r;

	r = add_file(irq, "smp_affinity", 0) ?: add_file(irq, "smp_affinity_list", AS_LIST);
	r = r ?: add_file(irq, "effective_affinity", EFFECTIVE);
	r = r ?: add_file(irq, "effective_affinity_list", EFFECTIVE | AS_LIST);
	snprintf(path, sizeof(path), "irq/%u/node", irq);
	r = r ?: proc_create_single(path, 0444, show_node, NULL);
	while (!r && *name) {
		size_t len = strcspn(name, ",");

		snprintf(path, sizeof(path), "irq/%u/%.*s", irq, (int)len, name);
		r = proc_mkdir(path);
		name += len;
		name += strspn(name, ", ");
	}
	return r;
}

__init void irq_show_init(void)
{
	irq_info_t info;

	for (u32 irq = 0; irq < NR_IRQS; irq++)
		if (irq_info(irq, &info) && add_line(irq, &info))
			panic("No memory for /proc/irq");
}
