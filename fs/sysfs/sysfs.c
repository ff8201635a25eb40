/*
 * sysfs: the part that C libraries and BusyBox read: which CPUs and memory nodes there are.
 * A fixed tree made at mount time from what is known after boot; nodes are generated like procfs's.
 */
#include <fs/poll.h>
#include <fs/filesystems.h>

#include <arch/cpu.h>
#include <arch/cpuinfo.h>
#include <fs/seq_file.h>
#include <kernel/cfi.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/dirent.h>
#include <uapi/errno.h>

#define SYSFS_MAGIC 0x62656572

typedef struct sys_entry {
	struct sys_entry *parent, *children, *next; /* constant once the tree is made */
	mode_t mode;
	ino_t ino;
	int (*show)(seq_file_t *m, void *arg);
	u64 hash; /* of show: kernel/cfi.h */
	unsigned long arg;
	char name[24];
} sys_entry_t;

static sys_entry_t *root;
static ino_t next_ino = 1;

static sys_entry_t *add(sys_entry_t *parent, const char *name, int (*show)(seq_file_t *, void *),
			unsigned long arg)
{
	sys_entry_t *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		panic("No memory for sysfs");
	strscpy(e->name, name, sizeof(e->name));
	e->parent = parent;
	e->mode = show ? S_IFREG | 0444 : S_IFDIR | 0755;
	e->ino = next_ino++;
	e->show = show;
	e->hash = CODE_HASH(show);
	e->arg = arg;
	if (parent) {
		e->next = parent->children;
		parent->children = e;
	}
	return e;
}

/* ---- contents ---- */

static int show_cpu_range(seq_file_t *m, void *arg)
{
	if (cpu_count > 1)
		seq_printf(m, "0-%u\n", cpu_count - 1);
	else
		seq_puts(m, "0\n");
	return 0;
}

static int show_kernel_max(seq_file_t *m, void *arg)
{
	seq_printf(m, "%u\n", NR_CPUS - 1);
	return 0;
}

/* A list without members: no CPU is offline or isolated. */
static int show_no_cpu(seq_file_t *m, void *arg)
{
	seq_putc(m, '\n');
	return 0;
}

static int show_vulnerability(seq_file_t *m, void *arg)
{
	const char *state;

	if (arch_vulnerability((u32)(unsigned long)arg, &state))
		seq_printf(m, "%s\n", state);
	return 0;
}

static int show_one(seq_file_t *m, void *arg)
{
	seq_puts(m, "1\n");
	return 0;
}

static int show_node_range(seq_file_t *m, void *arg)
{
	if (node_count > 1)
		seq_printf(m, "0-%u\n", node_count - 1);
	else
		seq_puts(m, "0\n");
	return 0;
}

static int show_distance(seq_file_t *m, void *arg)
{
	u32 node = (u32)(unsigned long)arg;

	for (u32 i = 0; i < node_count; i++)
		seq_printf(m, "%s%u", i ? " " : "", node_distance(node, i));
	seq_putc(m, '\n');
	return 0;
}

static cpu_set_t cpus_of_node(u32 node)
{
	cpu_set_t set = { 0 };

	for_each_cpu(cpu)
		if (cpu_node(cpu) == node)
			cpu_set_add(&set, cpu);
	return set;
}

static int show_node_cpus(seq_file_t *m, void *arg)
{
	cpu_set_t set = cpus_of_node((u32)(unsigned long)arg);

	seq_cpu_list(m, &set);
	seq_putc(m, '\n');
	return 0;
}

static int show_node_cpu_map(seq_file_t *m, void *arg)
{
	cpu_set_t set = cpus_of_node((u32)(unsigned long)arg);

	seq_cpu_mask(m, &set);
	seq_putc(m, '\n');
	return 0;
}

static int show_node_meminfo(seq_file_t *m, void *arg)
{
	u32 node = (u32)(unsigned long)arg;
	u64 total = node_total_pages(node), free = node_free_pages(node);

	seq_printf(m,
		   "Node %u MemTotal:       %8lu kB\nNode %u MemFree:        %8lu kB\n"
		   "Node %u MemUsed:        %8lu kB\n",
		   node, total * 4, node, free * 4, node, (total - free) * 4);
	return 0;
}

/* ---- caches: the argument names a CPU, one of its caches, and what is asked about it ---- */

#define CACHE_ARG(cpu, index, what) ((unsigned long)(cpu) << 16 | (index) << 8 | (what))

typedef enum cache_fact {
	FACT_LEVEL,
	FACT_TYPE,
	FACT_SIZE,
	FACT_LINE,
	FACT_WAYS,
	FACT_SETS,
	FACT_PARTITIONS,
	FACT_CPUS,
	CACHE_FACTS,
} cache_fact_t;

static const char *const cache_facts[CACHE_FACTS] = {
	[FACT_LEVEL] = "level",
	[FACT_TYPE] = "type",
	[FACT_SIZE] = "size",
	[FACT_LINE] = "coherency_line_size",
	[FACT_WAYS] = "ways_of_associativity",
	[FACT_SETS] = "number_of_sets",
	[FACT_PARTITIONS] = "physical_line_partition",
	[FACT_CPUS] = "shared_cpu_list",
};

static int show_cache(seq_file_t *m, void *arg)
{
	static const char *const kinds[] = {
		[CACHE_DATA] = "Data", [CACHE_CODE] = "Instruction", [CACHE_UNIFIED] = "Unified"
	};
	unsigned long which = (unsigned long)arg;
	u32 cpu = (u32)(which >> 16), number;
	cpu_set_t set = { 0 };
	cpu_cache_t c;

	if (!arch_cpu_cache((which >> 8) & 0xff, &c))
		return -EIO;
	switch ((cache_fact_t)(which & 0xff)) {
	case FACT_TYPE:
		seq_printf(m, "%s\n", kinds[c.kind]);
		return 0;
	case FACT_SIZE:
		seq_printf(m, "%uK\n", c.size / 1024);
		return 0;
	case FACT_CPUS:
		for_each_cpu(other)
			if (arch_cache_shared(&c, cpu, other))
				cpu_set_add(&set, other);
		seq_cpu_list(m, &set);
		seq_putc(m, '\n');
		return 0;
	case FACT_LEVEL:
		number = c.level;
		break;
	case FACT_LINE:
		number = c.line;
		break;
	case FACT_WAYS:
		number = c.ways;
		break;
	case FACT_SETS:
		number = c.sets;
		break;
	default:
		number = c.partitions;
	}
	seq_printf(m, "%u\n", number);
	return 0;
}

static void add_caches(sys_entry_t *dir, u32 cpu)
{
	sys_entry_t *caches, *e;
	cpu_cache_t c;
	char name[24];

	if (!arch_cpu_cache(0, &c))
		return;
	caches = add(dir, "cache", NULL, 0);
	for (u32 i = 0; arch_cpu_cache(i, &c); i++) {
		snprintf(name, sizeof(name), "index%u", i);
		e = add(caches, name, NULL, 0);
		for (u32 what = 0; what < CACHE_FACTS; what++)
			add(e, cache_facts[what], show_cache, CACHE_ARG(cpu, i, what));
	}
}

/* ---- topology: the argument names a CPU and what is asked about it ---- */

#define TOPOLOGY_ARG(cpu, what) ((unsigned long)(cpu) << 8 | (what))
#define SECOND_LEVEL 2

typedef enum group_kind { GROUP_CORE, GROUP_CLUSTER, GROUP_PACKAGE } group_kind_t;

/* Sets of CPUs, each as a mask and, its name and "_list", as a list. There is one die in a package. */
static const struct {
	const char *name;
	group_kind_t kind;
} groups[] = {
	{ "thread_siblings", GROUP_CORE },  { "core_cpus", GROUP_CORE },
	{ "cluster_cpus", GROUP_CLUSTER },  { "die_cpus", GROUP_PACKAGE },
	{ "core_siblings", GROUP_PACKAGE }, { "package_cpus", GROUP_PACKAGE },
};

/* The cache of the second level; false: it is not known. */
static bool second_level(cpu_cache_t *c)
{
	for (u32 i = 0; arch_cpu_cache(i, c); i++)
		if (c->level == SECOND_LEVEL)
			return true;
	return false;
}

/* CPUs that share the second level are a cluster; where nothing is known of it, a core is one. */
static cpu_set_t group_of(u32 cpu, group_kind_t kind)
{
	cpu_topology_t t = arch_cpu_topology(cpu);
	cpu_set_t set = { 0 };
	cpu_cache_t c;

	if (kind == GROUP_PACKAGE)
		return t.package_cpus;
	if (kind == GROUP_CORE || !second_level(&c))
		return t.core_cpus;
	for_each_cpu(other)
		if (arch_cache_shared(&c, cpu, other))
			cpu_set_add(&set, other);
	return set;
}

static int show_cpu_group(seq_file_t *m, void *arg)
{
	unsigned long which = (unsigned long)arg;
	cpu_set_t set = group_of((u32)(which >> 8), groups[which & 0xff].kind);

	seq_cpu_mask(m, &set);
	seq_putc(m, '\n');
	return 0;
}

static int show_cpu_group_list(seq_file_t *m, void *arg)
{
	unsigned long which = (unsigned long)arg;
	cpu_set_t set = group_of((u32)(which >> 8), groups[which & 0xff].kind);

	seq_cpu_list(m, &set);
	seq_putc(m, '\n');
	return 0;
}

static int show_package_id(seq_file_t *m, void *arg)
{
	seq_printf(m, "%u\n", arch_cpu_topology((u32)(unsigned long)arg).package);
	return 0;
}

static int show_core_id(seq_file_t *m, void *arg)
{
	seq_printf(m, "%u\n", arch_cpu_topology((u32)(unsigned long)arg).core);
	return 0;
}

static int show_zero(seq_file_t *m, void *arg)
{
	seq_puts(m, "0\n");
	return 0;
}

static int show_cluster_id(seq_file_t *m, void *arg)
{
	u32 cpu = (u32)(unsigned long)arg;
	cpu_cache_t c;

	seq_printf(m, "%u\n",
		   second_level(&c) ? arch_cache_id(&c, cpu) : arch_cpu_topology(cpu).core);
	return 0;
}

static void add_topology(sys_entry_t *dir, u32 cpu)
{
	sys_entry_t *e = add(dir, "topology", NULL, 0);
	char name[24];

	add(e, "physical_package_id", show_package_id, cpu);
	add(e, "die_id", show_zero, 0);
	add(e, "cluster_id", show_cluster_id, cpu);
	add(e, "core_id", show_core_id, cpu);
	for (u32 i = 0; i < ARRAY_SIZE(groups); i++) {
		snprintf(name, sizeof(name), "%s_list", groups[i].name);
		add(e, groups[i].name, show_cpu_group, TOPOLOGY_ARG(cpu, i));
		add(e, name, show_cpu_group_list, TOPOLOGY_ARG(cpu, i));
	}
}

static void make_tree(void)
{
	sys_entry_t *system, *cpus, *nodes, *e;
	const char *weakness, *state;
	char name[24];

	root = add(NULL, "", NULL, 0);
	add(root, "block", NULL, 0);
	add(root, "bus", NULL, 0);
	add(root, "class", NULL, 0);
	add(root, "fs", NULL, 0);
	add(root, "kernel", NULL, 0);
	e = add(root, "devices", NULL, 0);
	system = add(e, "system", NULL, 0);
	cpus = add(system, "cpu", NULL, 0);
	add(cpus, "online", show_cpu_range, 0);
	add(cpus, "possible", show_cpu_range, 0);
	add(cpus, "present", show_cpu_range, 0);
	add(cpus, "offline", show_no_cpu, 0);
	add(cpus, "isolated", show_no_cpu, 0);
	add(cpus, "kernel_max", show_kernel_max, 0);
	e = add(cpus, "vulnerabilities", NULL, 0);
	for (u32 i = 0; (weakness = arch_vulnerability(i, &state)) != NULL; i++)
		add(e, weakness, show_vulnerability, i);
	for_each_cpu(cpu) {
		snprintf(name, sizeof(name), "cpu%u", cpu);
		e = add(cpus, name, NULL, 0);
		if (cpu)
			add(e, "online", show_one, 0);
		add_caches(e, cpu);
		add_topology(e, cpu);
	}
	nodes = add(system, "node", NULL, 0);
	add(nodes, "online", show_node_range, 0);
	add(nodes, "possible", show_node_range, 0);
	for (u32 i = 0; i < node_count; i++) {
		snprintf(name, sizeof(name), "node%u", i);
		e = add(nodes, name, NULL, 0);
		add(e, "distance", show_distance, i);
		add(e, "cpulist", show_node_cpus, i);
		add(e, "cpumap", show_node_cpu_map, i);
		add(e, "meminfo", show_node_meminfo, i);
	}
}

/* ---- nodes ---- */

static int open_file(vfs_node_t *node, file_t *f)
{
	sys_entry_t *e = node->private_data;

	CODE_CHECK(e->show, e->hash);
	return seq_open_single(f, e->show, (void *)e->arg);
}

/* What has not been read counts as news. */
static u32 poll_file(file_t *f, struct poll_table *pt)
{
	return always_poll(f, pt) | (f->pos ? 0 : POLLERR | POLLPRI);
}

static const file_operations_t file_ops = {
	.open = open_file,
	.read_iter = seq_read_iter,
	.llseek = generic_llseek,
	.poll = poll_file,
	.fsync = noop_fsync,
	.release = seq_release,
};

static int iterate(file_t *f, dir_context_t *ctx)
{
	sys_entry_t *dir = f->node->private_data, *e;
	off_t at = 2;

	if (ctx->pos == 0 && !ctx->emit(ctx, ".", 1, 1, dir->ino, DT_DIR))
		return 0;
	if (ctx->pos <= 1 &&
	    !ctx->emit(ctx, "..", 2, 2, dir->parent ? dir->parent->ino : dir->ino, DT_DIR)) {
		ctx->pos = 1;
		return 0;
	}
	ctx->pos = MAX(ctx->pos, (off_t)2);
	for (e = dir->children; e; e = e->next) {
		if (at++ < ctx->pos)
			continue;
		if (!ctx->emit(ctx, e->name, (u32)strlen(e->name), (u64)at, e->ino,
			       (e->mode & S_IFMT) >> 12))
			return 0;
		ctx->pos = at;
	}
	return 0;
}

static const file_operations_t dir_ops = { .iterate = iterate,
					   .llseek = generic_llseek,
					   .read_iter = directory_read_iter };
static const node_operations_t file_node_ops = { 0 };
static const node_operations_t dir_node_ops;

static vfs_node_t *make_node(super_block_t *sb, sys_entry_t *e)
{
	vfs_node_t *n = alloc_inode(sb);

	if (!n)
		return NULL;
	n->mode = e->mode;
	n->ino = e->ino;
	n->nlink = S_ISDIR(e->mode) ? 2 : 1;
	n->private_data = e;
	n->ops = S_ISDIR(e->mode) ? &dir_node_ops : &file_node_ops;
	n->fops = S_ISDIR(e->mode) ? &dir_ops : &file_ops;
	if (S_ISREG(e->mode))
		n->data->size = PAGE_SIZE; /* room for an attribute's text */
	return n;
}

static int lookup(vfs_node_t *dir, dentry_t *dentry)
{
	sys_entry_t *e = ((sys_entry_t *)dir->private_data)->children;
	vfs_node_t *n;

	while (e && strcmp(e->name, dentry->name))
		e = e->next;
	if (!e)
		return 0;
	n = make_node(dir->sb, e);
	if (!n)
		return -ENOMEM;
	dentry_attach(dentry, n);
	return 0;
}

static const node_operations_t dir_node_ops = { .lookup = lookup };

static int fill_super(super_block_t *sb, const char *source, const char *options)
{
	vfs_node_t *n;

	sb->magic = SYSFS_MAGIC;
	sb->block_size = 4096;
	if (!root)
		make_tree();
	n = make_node(sb, root);
	if (!n)
		return -ENOMEM;
	sb->root = dentry_make_root(n);
	return sb->root ? 0 : -ENOMEM;
}

static const fs_operations_t sysfs_operations = { .name = "sysfs",
						  .fill_super = fill_super,
						  .single = true };

__init void sysfs_init(void)
{
	if (register_filesystem("sysfs", &sysfs_operations))
		panic("sysfs cannot be registered");
}
