/*
 * Contents of the files of /proc/PID, in Linux's formats (proc(5)).
 */
#include "procfs.h"

#include <arch/thread.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/time/clock.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/errno.h>

#define TICK (NSEC_PER_SEC / 100)

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

int show_stat(seq_file_t *m, process_t *p, thread_t *t)
{
	vm_space_t *s = vm_space_of(p);
	relations_t r;
	nsec_t user, system;
	int nice = t->sched.nice;

	read_relations(p, t, &r);
	process_cpu_times(p, &user, &system);
	seq_printf(m, "%d (%s) %c %d %d %d %u %d %u %lu %lu %lu %lu ", t->tid, t->name,
		   state_letter(p, t), r.parent, r.group, r.session, (u32)r.tty, r.tty_group, 0,
		   t->minor_faults, p->child_min_flt, t->major_faults, p->child_maj_flt);
	seq_printf(m, "%ld %ld %ld %ld %d %d %u 0 %ld ", user / TICK, system / TICK,
		   p->children_user / TICK, p->children_system / TICK,
		   t->sched.rt_priority ? -1 - t->sched.rt_priority : 20 + nice, nice, r.threads,
		   p->start_time / TICK);
	seq_printf(m, "%lu %lu %lu %lu %lu %lu 0 0 ", s ? s->total_pages << PAGE_SHIFT : 0,
		   s ? vm_resident(s) : 0, p->rlimits[RLIMIT_RSS].rlim_cur, s ? s->code_start : 0,
		   s ? s->code_end : 0, s ? s->stack_top : 0);
	seq_printf(m, "%lu %lu %lu %lu 0 0 0 %d %u %u %u 0 0 0 ", r.pending & 0x7fffffff,
		   t->blocked & 0x7fffffff, r.ignored & 0x7fffffff, r.caught & 0x7fffffff,
		   p->exit_signal, t->sched.cpu, t->sched.rt_priority, t->sched.policy);
	seq_printf(m, "%lu %lu %lu %lu %lu %lu %lu %d\n", s ? s->data_start : 0,
		   s ? s->data_end : 0, s ? s->brk_start : 0, s ? s->arg_start : 0,
		   s ? s->arg_end : 0, s ? s->env_start : 0, s ? s->env_end : 0, p->exit_code);
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
	u64 resident;

	if (!s)
		return;
	resident = vm_resident(s);
	seq_printf(m, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t%8u kB\n",
		   s->total_pages * 4, s->total_pages * 4, s->locked_pages * 4, 0);
	seq_printf(m,
		   "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nRssAnon:\t%8lu kB\nRssFile:\t%8lu kB\n"
		   "RssShmem:\t%8lu kB\n",
		   MAX(s->max_resident, resident) * 4, resident * 4,
		   (u64)atomic64_read(&s->anon_pages) * 4, (u64)atomic64_read(&s->file_pages) * 4,
		   (u64)atomic64_read(&s->shmem_pages) * 4);
	seq_printf(m,
		   "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t%8u kB\n"
		   "VmPTE:\t%8lu kB\nVmSwap:\t%8u kB\n",
		   s->data_pages * 4, s->stack_pages * 4, (s->code_end - s->code_start) / 1024, 0,
		   (u64)atomic64_read(&s->table_pages) * 4, 0);
	vm_space_put(s);
}

int show_status(seq_file_t *m, process_t *p, thread_t *t)
{
	fs_context_t *fs = thread_fs_get(t);
	files_t *files = thread_files_get(t);
	relations_t r;

	read_relations(p, t, &r);
	rcu_read_lock();
	const cred_t *c = rcu_dereference(t->cred);

	seq_printf(m, "Name:\t%s\n", t->name);
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
	seq_printf(
		m,
		"Threads:\t%u\nSigQ:\t%d/%lu\nSigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n"
		"SigIgn:\t%016lx\nSigCgt:\t%016lx\n",
		r.threads, atomic_read(&t->cred->user->sigpending),
		p->rlimits[RLIMIT_SIGPENDING].rlim_cur, t->pending.set, r.pending, t->blocked,
		r.ignored, r.caught);
	rcu_read_lock();
	c = rcu_dereference(t->cred);
	seq_printf(
		m,
		"CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n"
		"NoNewPrivs:\t%d\n",
		c->cap_inheritable, c->cap_permitted, c->cap_effective, c->cap_bounding,
		c->cap_ambient, c->no_new_privs);
	rcu_read_unlock();
	seq_printf(m, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t0-%u\n", t->sched.affinity.bits[0],
		   cpu_count - 1);
	seq_printf(m, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
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

static void show_area(seq_file_t *m, vm_area_t *v, vm_space_t *s)
{
	file_t *f = v->file;
	vfs_node_t *n = f ? f->node : NULL;

	seq_printf(m, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start, v->end,
		   v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-',
		   v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_SHARED ? 's' : 'p',
		   f ? v->page_offset << PAGE_SHIFT : 0, n ? dev_major(n->sb->dev) : 0,
		   n ? dev_minor(n->sb->dev) : 0, n ? n->ino : 0);
	if (f) {
		seq_puts(m, "                   ");
		seq_path(m, &f->path, "\n");
	} else if (v->ops && v->ops->name) {
		seq_printf(m, "                          %s", v->ops->name(v));
	} else if (v->start <= s->brk && v->end >= s->brk_start && s->brk > s->brk_start) {
		seq_puts(m, "                          [heap]");
	} else if (v->start <= s->stack_top && v->end >= s->stack_top) {
		seq_puts(m, "                          [stack]");
	}
	seq_putc(m, '\n');
}

int show_maps(seq_file_t *m, process_t *p, thread_t *t)
{
	vm_space_t *s = vm_space_of(p);

	if (!s)
		return 0;
	rwsem_read_lock(&s->lock);
	for (vm_area_t *v = vm_first(s); v; v = vm_next(v))
		show_area(m, v, s);
	rwsem_read_unlock(&s->lock);
	vm_space_put(s);
	return 0;
}

int show_comm(seq_file_t *m, process_t *p, thread_t *t)
{
	seq_printf(m, "%s\n", t->name);
	return 0;
}

/* Copies [start, end) of the process's memory into the file. */
static int show_range(seq_file_t *m, process_t *p, bool environment)
{
	vm_space_t *s = vm_space_of(p);
	unsigned long start, end;

	if (!s)
		return 0;
	start = environment ? s->env_start : s->arg_start;
	end = environment ? s->env_end : s->arg_end;
	end = MIN(end, start + (1UL << 20));
	while (start < end) {
		char chunk[256];
		size_t n = MIN(end - start, sizeof(chunk));

		if (vm_copy_in(s, chunk, start, n))
			break;
		seq_write(m, chunk, n);
		start += n;
	}
	vm_space_put(s);
	return 0;
}

int show_cmdline(seq_file_t *m, process_t *p, thread_t *t)
{
	return show_range(m, p, false);
}

int show_environ(seq_file_t *m, process_t *p, thread_t *t)
{
	return show_range(m, p, true);
}

int show_auxv(seq_file_t *m, process_t *p, thread_t *t)
{
	vm_space_t *s = vm_space_of(p);

	if (!s)
		return 0;
	seq_write(m, s->auxv, s->auxv_count * sizeof(u64));
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

int show_oom_score(seq_file_t *m, process_t *p, thread_t *t)
{
	vm_space_t *s = vm_space_of(p);
	s64 score = s ? (s64)(vm_resident(s) * 1000 / MAX(total_page_count(), 1UL)) : 0;

	if (s)
		vm_space_put(s);
	seq_printf(m, "%ld\n", MAX(score + p->oom_score_adj, 0L));
	return 0;
}

int show_oom_score_adj(seq_file_t *m, process_t *p, thread_t *t)
{
	seq_printf(m, "%d\n", p->oom_score_adj);
	return 0;
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
	/* Below the scheduler's own functions stands who sleeps. */
	for (int i = 0; i < n; i++) {
		const char *name = symbol_lookup(addr[i], &offset);

		if (name && strncmp(name, "schedule", 8)) {
			seq_puts(m, name);
			return 0;
		}
	}
	seq_puts(m, "0");
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
