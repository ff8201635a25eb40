/*
 * Contents of the files of /proc/PID, in Linux's formats (proc(5)).
 */
#include "procfs.h"

#include <arch/cpuinfo.h>
#include <arch/thread.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/posix_timers.h>
#include <kernel/ptrace.h>
#include <kernel/sched.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/errno.h>

#define TICK (NSEC_PER_SEC / 100)
#define SCHED_LINE 67	    /* dashes below the heading of /proc/PID/sched */
#define PRIORITY_BASE 100   /* of normal threads there, below it real-time ones */
#define PF_FORKNOEXEC 0x40u /* proc(5) shows Linux's flags of a task; ps prints these */
#define PF_RANDOMIZE 0x400000u
#define PF_KTHREAD 0x200000u

static char state_letter(const process_t *p, const thread_t *t)
{
	u32 state = READ_ONCE(t->state);

	if (p->state == PROCESS_ZOMBIE || (state & (THREAD_ZOMBIE | THREAD_DEAD)))
		return 'Z';
	if (state & THREAD_STOPPED)
		return 'T';
	if (state & THREAD_TRACED)
		return 't';
	if (state & THREAD_INTERRUPTIBLE)
		return 'S';
	if (state & (THREAD_UNINTERRUPTIBLE | THREAD_KILLABLE))
		return 'D';
	return 'R';
}

static const char *state_name(char letter)
{
	switch (letter) {
	case 'Z':
		return "Z (zombie)";
	case 'T':
		return "T (stopped)";
	case 't':
		return "t (tracing stop)";
	case 'S':
		return "S (sleeping)";
	case 'D':
		return "D (disk sleep)";
	}
	return "R (running)";
}

typedef struct relations {
	pid_t parent, group, session, tty_group, tracer;
	dev_t tty;
	sigset_t pending, ignored, caught;
	u32 threads;
} relations_t;

static void read_relations(process_t *p, thread_t *t, relations_t *r)
{
	unsigned long flags;

	*r = (relations_t){ .tty_group = -1 };
	read_lock_irqsave(&process_tree_lock, &flags);
	r->parent = p->parent ? p->parent->pid : 0;
	r->group = p->group ? p->group->nr : 0;
	r->session = p->session ? p->session->nr : 0;
	r->tracer = t->tracer ? t->tracer->tid : 0;
	read_unlock_irqrestore(&process_tree_lock, flags);
	if (!process_lock_sighand(p, &flags))
		return;
	r->threads = p->thread_count;
	r->pending = p->pending.set;
	for (u32 i = 0; i < 64; i++) {
		const k_sigaction_t *a = &p->sighand->action[i];

		if (a->handler == (void __user *)SIG_IGN_PTR)
			r->ignored |= 1UL << i;
		else if (a->handler != (void __user *)SIG_DFL_PTR)
			r->caught |= 1UL << i;
	}
	if (p->tty && tty_describe_hook)
		tty_describe_hook(p->tty, &r->tty, &r->tty_group);
	process_unlock_sighand(p, flags);
}

/* Of the process, or of the one thread that the file is about. */
typedef struct consumption {
	u64 minor_faults, major_faults;
	nsec_t user, system;
} consumption_t;

static void read_consumption(const seq_file_t *m, process_t *p, thread_t *t, consumption_t *c)
{
	unsigned long flags;
	thread_t *other;

	*c = (consumption_t){ t->minor_faults, t->major_faults, 0, 0 };
	if (proc_shows_thread(m)) {
		sched_thread_times(t, &c->user, &c->system);
		return;
	}
	process_cpu_times(p, &c->user, &c->system);
	if (!process_lock_sighand(p, &flags))
		return;
	c->minor_faults = p->dead_min_flt;
	c->major_faults = p->dead_maj_flt;
	list_for_each_entry(other, &p->threads, process_link) {
		c->minor_faults += other->minor_faults;
		c->major_faults += other->major_faults;
	}
	process_unlock_sighand(p, flags);
}

int show_stat(seq_file_t *m, process_t *p, thread_t *t)
{
	bool permitted = !ptrace_may_access(t, PTRACE_ACCESS_FS);
	vm_space_t *s = vm_space_of(p), *seen = permitted ? s : NULL;
	u32 flags = (p->did_exec ? 0 : PF_FORKNOEXEC) | (s ? PF_RANDOMIZE : PF_KTHREAD);
	int nice = t->sched.nice;
	consumption_t used;
	relations_t r;

	read_relations(p, t, &r);
	read_consumption(m, p, t, &used);
	seq_printf(m, "%d (%s) %c %d %d %d %u %d %u %lu %lu %lu %lu ", t->tid, t->name,
		   state_letter(p, t), r.parent, r.group, r.session, (u32)r.tty, r.tty_group, flags,
		   used.minor_faults, p->child_min_flt, used.major_faults, p->child_maj_flt);
	seq_printf(m, "%ld %ld %ld %ld %d %d %u 0 %ld ", used.user / TICK, used.system / TICK,
		   p->children_user / TICK, p->children_system / TICK,
		   t->sched.effective_rt ? -1 - t->sched.effective_rt : 20 + nice, nice, r.threads,
		   p->start_time / TICK);
	/* Without permission the addresses are 1, 1 and 0. */
	seq_printf(m, "%lu %lu %lu %lu %lu %lu 0 0 ", s ? s->total_pages << PAGE_SHIFT : 0,
		   s ? vm_resident(s) : 0, p->rlimits[RLIMIT_RSS].rlim_cur,
		   s ? (seen ? s->code_start : 1) : 0, s ? (seen ? s->code_end : 1) : 0,
		   seen ? s->start_sp : 0);
	seq_printf(m, "%lu %lu %lu %lu %u 0 0 %d %u %u %u 0 0 0 ", t->pending.set & 0x7fffffff,
		   t->blocked & 0x7fffffff, r.ignored & 0x7fffffff, r.caught & 0x7fffffff,
		   permitted && state_letter(p, t) != 'R', p->exit_signal, t->sched.cpu,
		   t->sched.rt_priority, t->sched.policy);
	seq_printf(m, "%lu %lu %lu %lu %lu %lu %lu %d\n", seen ? s->data_start : 0,
		   seen ? s->data_end : 0, seen ? s->brk_start : 0, seen ? s->arg_start : 0,
		   seen ? s->arg_end : 0, seen ? s->env_start : 0, seen ? s->env_end : 0,
		   permitted ? p->exit_code : 0);
	if (s)
		vm_space_put(s);
	return 0;
}

int show_statm(seq_file_t *m, process_t *p, thread_t *t)
{
	vm_space_t *s = vm_space_of(p);

	if (!s) {
		seq_puts(m, "0 0 0 0 0 0 0\n");
		return 0;
	}
	seq_printf(m, "%lu %lu %lu %lu 0 %lu 0\n", s->total_pages, vm_resident(s),
		   (u64)(atomic64_read(&s->file_pages) + atomic64_read(&s->shmem_pages)),
		   (s->code_end - s->code_start + PAGE_SIZE - 1) >> PAGE_SHIFT,
		   s->data_pages + s->stack_pages);
	vm_space_put(s);
	return 0;
}

static void show_memory(seq_file_t *m, process_t *p)
{
	vm_space_t *s = vm_space_of(p);
	u64 resident, text, code;

	if (!s)
		return;
	resident = vm_resident(s);
	text = ALIGN_UP(s->code_end, PAGE_SIZE) - (s->code_start & PAGE_MASK);
	code = s->exec_pages << PAGE_SHIFT;
	text = MIN(text, code);
	const struct {
		const char *name;
		u64 kib;
	} lines[] = {
		{ "VmPeak", MAX(s->peak_pages, s->total_pages) * 4 },
		{ "VmSize", s->total_pages * 4 },
		{ "VmLck", s->locked_pages * 4 },
		{ "VmPin", 0 },
		{ "VmHWM", MAX(s->max_resident, resident) * 4 },
		{ "VmRSS", resident * 4 },
		{ "RssAnon", (u64)atomic64_read(&s->anon_pages) * 4 },
		{ "RssFile", (u64)atomic64_read(&s->file_pages) * 4 },
		{ "RssShmem", (u64)atomic64_read(&s->shmem_pages) * 4 },
		{ "VmData", s->data_pages * 4 },
		{ "VmStk", s->stack_pages * 4 },
		{ "VmExe", text / 1024 },
		{ "VmLib", (code - text) / 1024 },
		{ "VmPTE", (u64)atomic64_read(&s->table_pages) * 4 },
		{ "VmSwap", 0 },
		{ "HugetlbPages", 0 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(m, "%s:\t%8lu kB\n", lines[i].name, lines[i].kib);
	seq_puts(m, "CoreDumping:\t0\nTHP_enabled:\t0\n");
	vm_space_put(s);
}

static void show_signals(seq_file_t *m, const process_t *p, const thread_t *t, const cred_t *c,
			 const relations_t *r)
{
	seq_printf(m, "Threads:\t%u\nSigQ:\t%d/%lu\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n", r->threads,
		   atomic_read(&c->user->sigpending), p->rlimits[RLIMIT_SIGPENDING].rlim_cur,
		   t->pending.set, r->pending);
	seq_printf(m, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", t->blocked, r->ignored,
		   r->caught);
}

static void show_caps(seq_file_t *m, const cred_t *c)
{
	seq_printf(m, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n",
		   c->cap_inheritable, c->cap_permitted, c->cap_effective, c->cap_bounding);
	seq_printf(m, "CapAmb:\t%016lx\nNoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n",
		   c->cap_ambient, c->no_new_privs);
}

/* As the CPUs above it; nothing keeps a program from a node. */
static void show_memory_nodes(seq_file_t *m)
{
	seq_printf(m, "\nMems_allowed:\t%0*lx\nMems_allowed_list:\t", (int)(node_count + 3) / 4,
		   ~0UL >> (64 - node_count));
	seq_printf(m, node_count > 1 ? "0-%u" : "%u", node_count - 1);
}

/* A name with a newline takes one line all the same. */
static void show_name_line(seq_file_t *m, const char *name)
{
	seq_puts(m, "Name:\t");
	for (; *name; name++) {
		if (*name == '\n')
			seq_puts(m, "\\n");
		else if (*name == '\\')
			seq_puts(m, "\\\\");
		else
			seq_putc(m, *name);
	}
	seq_putc(m, '\n');
}

int show_status(seq_file_t *m, process_t *p, thread_t *t)
{
	fs_context_t *fs = thread_fs_get(t);
	files_t *files = thread_files_get(t);
	const cred_t *c;
	relations_t r;

	read_relations(p, t, &r);
	rcu_read_lock();
	c = rcu_dereference(t->cred);
	show_name_line(m, t->name);
	if (fs)
		seq_printf(m, "Umask:\t%04o\n", fs->umask);
	seq_printf(m, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n",
		   state_name(state_letter(p, t)), p->pid, t->tid, r.parent, r.tracer);
	seq_printf(m, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid,
		   c->fsuid, c->gid, c->egid, c->sgid, c->fsgid);
	seq_printf(m, "FDSize:\t%u\nGroups:\t", files ? files_size(files) : 0);
	for (u32 i = 0; c->groups && i < c->groups->count; i++)
		seq_printf(m, "%u ", c->groups->gids[i]);
	seq_printf(m, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", p->pid, t->tid,
		   r.group, r.session);
	rcu_read_unlock();
	show_memory(m, p);
	rcu_read_lock();
	c = rcu_dereference(t->cred);
	show_signals(m, p, t, c, &r);
	show_caps(m, c);
	rcu_read_unlock();
	/* No program can have more or less of either than all others. */
	seq_printf(m, "Speculation_Store_Bypass:\t%s\nSpeculationIndirectBranch:\talways enabled\n",
		   arch_vulnerable("spec_store_bypass") ? "vulnerable" : "not vulnerable");
	seq_puts(m, "Cpus_allowed:\t");
	seq_cpu_mask(m, &t->sched.affinity);
	seq_puts(m, "\nCpus_allowed_list:\t");
	seq_cpu_list(m, &t->sched.affinity);
	show_memory_nodes(m);
	seq_printf(m, "\nvoluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		   t->voluntary_switches, t->involuntary_switches);
	if (fs)
		fs_context_put(fs);
	if (files)
		files_put(files);
	return 0;
}

int show_limits(seq_file_t *m, process_t *p, thread_t *t)
{
	static const struct {
		const char *name, *unit;
	} rows[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = { "Max cpu time", "seconds" },
		[RLIMIT_FSIZE] = { "Max file size", "bytes" },
		[RLIMIT_DATA] = { "Max data size", "bytes" },
		[RLIMIT_STACK] = { "Max stack size", "bytes" },
		[RLIMIT_CORE] = { "Max core file size", "bytes" },
		[RLIMIT_RSS] = { "Max resident set", "bytes" },
		[RLIMIT_NPROC] = { "Max processes", "processes" },
		[RLIMIT_NOFILE] = { "Max open files", "files" },
		[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
		[RLIMIT_AS] = { "Max address space", "bytes" },
		[RLIMIT_LOCKS] = { "Max file locks", "locks" },
		[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
		[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
		[RLIMIT_NICE] = { "Max nice priority", NULL },
		[RLIMIT_RTPRIO] = { "Max realtime priority", NULL },
		[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
	};

	seq_printf(m, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (u32 i = 0; i < RLIM_NLIMITS; i++) {
		u64 values[2] = { p->rlimits[i].rlim_cur, p->rlimits[i].rlim_max };

		seq_printf(m, "%-25s ", rows[i].name);
		for (u32 k = 0; k < 2; k++) {
			if (values[k] == RLIM_INFINITY)
				seq_printf(m, "%-20s ", "unlimited");
			else
				seq_printf(m, "%-20lu ", values[k]);
		}
		seq_printf(m, rows[i].unit ? "%-10s\n" : "\n", rows[i].unit);
	}
	return 0;
}

int show_timers(seq_file_t *m, process_t *p, thread_t *t)
{
	posix_timers_show(m, p);
	return 0;
}

int show_comm(seq_file_t *m, process_t *p, thread_t *t)
{
	seq_printf(m, "%s\n", t->name);
	return 0;
}

/*
 * Threads of one process may name each other; nobody else may. As on Linux a newline belongs to the
 * name.
 */
int store_comm(process_t *p, thread_t *t, char *text)
{
	if (p != current_process())
		return -EINVAL;
	strscpy(t->name, text, sizeof(t->name));
	return 0;
}

void show_memory_range(seq_file_t *m, vm_space_t *s, unsigned long start, unsigned long end)
{
	end = MIN(end, start + (1UL << 20));
	while (start < end) {
		char chunk[256];
		size_t n = MIN(end - start, sizeof(chunk));

		if (vm_copy_in(s, chunk, start, n))
			break;
		seq_write(m, chunk, n);
		start += n;
	}
}

int show_cmdline(seq_file_t *m, process_t *p, thread_t *t)
{
	vm_space_t *s = vm_space_of(p);

	if (!s)
		return 0;
	show_memory_range(m, s, s->arg_start, s->arg_end);
	vm_space_put(s);
	return 0;
}

int show_mounts(seq_file_t *m, process_t *p, thread_t *t)
{
	return mount_show(m, MOUNT_LIST_MOUNTS);
}

int show_mountinfo(seq_file_t *m, process_t *p, thread_t *t)
{
	return mount_show(m, MOUNT_LIST_INFO);
}

int proc_number_line(char *text, u64 *value)
{
	text[strcspn(text, "\n")] = 0;
	return kstrtou64(text, 10, value);
}

int show_personality(seq_file_t *m, process_t *p, thread_t *t)
{
	seq_printf(m, "%08x\n", p->personality);
	return 0;
}

/* Another's slack is for who may change its priority. */
static bool may_slack(const process_t *p)
{
	return p == current_process() || capable(CAP_SYS_NICE);
}

int show_timer_slack(seq_file_t *m, process_t *p, thread_t *t)
{
	if (!may_slack(p))
		return -EPERM;
	seq_printf(m, "%lu\n", READ_ONCE(t->timer_slack_ns));
	return 0;
}

int store_timer_slack(process_t *p, thread_t *t, char *text)
{
	u64 value;
	int r = proc_number_line(text, &value);

	if (r)
		return r;
	if (!may_slack(p))
		return -EPERM;
	sched_set_slack(t, value);
	return 0;
}

int show_mountstats(seq_file_t *m, process_t *p, thread_t *t)
{
	return mount_show(m, MOUNT_LIST_STATS);
}

int show_wchan(seq_file_t *m, process_t *p, thread_t *t)
{
	unsigned long addr[8], offset;
	int n;

	if (!(READ_ONCE(t->state) & THREAD_SLEEPING) || t == current()) {
		seq_puts(m, "0");
		return 0;
	}
	n = arch_backtrace(t, addr, 8);
	/* Above the scheduler's own functions stands who sleeps. */
	for (int i = 0; i < n; i++) {
		const char *name = symbol_lookup(addr[i], &offset);

		if (name && !sched_text_contains(addr[i])) {
			seq_puts(m, name);
			return 0;
		}
	}
	seq_puts(m, "0");
	return 0;
}

/* How often it came to run: each time ended in a switch, but the one that lasts. */
static u64 times_run(const thread_t *t)
{
	return t->voluntary_switches + t->involuntary_switches + READ_ONCE(t->sched.on_cpu);
}

int show_schedstat(seq_file_t *m, process_t *p, thread_t *t)
{
	seq_printf(m, "%ld %ld %lu\n", sched_thread_runtime(t), sched_thread_waited(t),
		   times_run(t));
	return 0;
}

static void show_msec(seq_file_t *m, const char *name, nsec_t value)
{
	seq_printf(m, "%-45s:%14ld.%06ld\n", name, value / NSEC_PER_MSEC, value % NSEC_PER_MSEC);
}

/* What this scheduler knows of Linux's lines, by their names; times in milliseconds. */
int show_sched(seq_file_t *m, process_t *p, thread_t *t)
{
	int priority = t->sched.effective_rt ? -1 - t->sched.effective_rt : 20 + t->sched.nice;
	const struct {
		const char *name;
		u64 value;
	} lines[] = {
		{ "nr_switches", t->voluntary_switches + t->involuntary_switches },
		{ "nr_voluntary_switches", t->voluntary_switches },
		{ "nr_involuntary_switches", t->involuntary_switches },
		{ "se.nr_migrations", t->sched.stolen },
		{ "policy", t->sched.policy },
	};

	seq_printf(m, "%s (%d, #threads: %u)\n", t->name, t->tid, READ_ONCE(p->thread_count));
	for (u32 i = 0; i < SCHED_LINE; i++)
		seq_putc(m, '-');
	seq_putc(m, '\n');
	show_msec(m, "se.exec_start", t->sched.exec_start);
	show_msec(m, "se.sum_exec_runtime", sched_thread_runtime(t));
	show_msec(m, "wait_sum", sched_thread_waited(t) - READ_ONCE(t->waited_before));
	for (u32 i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(m, "%-45s:%21lu\n", lines[i].name, lines[i].value);
	seq_printf(m, "%-45s:%21d\n", "prio", PRIORITY_BASE + priority);
	return 0;
}

/* Whatever is written: what statistics can begin anew do so. */
int store_sched(process_t *p, thread_t *t, char *text)
{
	WRITE_ONCE(t->waited_before, sched_thread_waited(t));
	return 0;
}

int show_io(seq_file_t *m, process_t *p, thread_t *t)
{
	seq_printf(m,
		   "rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\nread_bytes: 0\nwrite_bytes: 0\n"
		   "cancelled_write_bytes: 0\n",
		   p->read_bytes, p->write_bytes, p->read_calls, p->write_calls);
	return 0;
}
