/*
 * The beginning: caches, process 0, process 1, and what of this can be set under /proc/sys.
 */
#include <kernel/cfi.h>
#include <kernel/lib/printf.h>
#include <fs/procfs.h>
#include <kernel/lib/string.h>
#include <kernel/softirq.h>
#include <kernel/uts.h>

#include <uapi/core.h>

#include "proc_internal.h"

#define PID_MAX_MIN 301
#define PID_MAX_LIMIT (4UL << 20)
#define TIMER_SLACK_NS 50000

uts_namespace_t init_uts = {
	.lock = SPINLOCK_INIT("uts"),
	.name = {
		.sysname = "Linux",
		.nodename = "(none)",
		.release = "6.1.0-cloudos",
		.version = "#1 SMP PREEMPT CloudOS",
		.machine = "x86_64",
		.domainname = "(none)",
	},
};

void __init process_init(void)
{
	pid_init();
	kernel_stack_init();
	thread_init_caches();
	process_init_caches();
	cred_init_caches();
	signal_entry_init();
	init_namespaces.uts = &init_uts;
}

typedef struct start {
	void (*fn)(void *);
	u64 hash; /* of fn: kernel/cfi.h */
	void *arg;
} start_t;

static void run_init(void *data)
{
	start_t start = *(start_t *)data;

	kfree(data);
	CODE_CHECK(start.fn, start.hash);
	start.fn(start.arg);
	panic("The first process returned to nowhere");
}

/* Fills and publishes process 1 with the one thread t. */
static void publish_init(process_t *p, thread_t *t, struct pid *pid)
{
	write_lock_irq(&process_tree_lock);
	t->pid = pid_get(pid);
	t->tid = pid->nr;
	t->process = p;
	process_get(p); /* the thread's own */
	p->leader = t;
	p->pid = t->tid;
	snprintf(p->pid_text, sizeof(p->pid_text), "%d", p->pid);
	p->pid_obj = pid_get(pid);
	process_set_group(p, kernel_process.group);
	process_set_session(p, kernel_process.session);
	process_link(p, &kernel_process, &init_thread);
	thread_get(t); /* its place in the process */
	list_add_tail(&t->process_link, &p->threads);
	p->thread_count = 1;
	rcu_assign_pointer(pid->thread, t);
	init_process = p;
	write_unlock_irq(&process_tree_lock);
}

__init int process_start_init(void (*fn)(void *), void *arg)
{
	start_t *start = kmalloc(sizeof(*start), GFP_KERNEL);
	thread_t *t = thread_alloc();
	process_t *p = process_alloc();
	struct pid *pid = pid_alloc(1);

	if (!start || !t || !p || IS_ERR(pid))
		return -ENOMEM; /* the caller panics: nothing is worth undoing */
	p->sighand = sighand_alloc();
	if (!p->sighand)
		return -ENOMEM;
	*start = (start_t){ .fn = fn, .hash = CODE_HASH(fn), .arg = arg };
	refcount_get(&init_namespaces.refs);
	p->ns = &init_namespaces;
	p->is_init = p->unkillable = true;
	p->dumpable = DUMP_USER;
	p->core_filter = CORE_FILTER_DEFAULT;
	p->exit_signal = SIGCHLD;
	t->timer_slack_ns = t->default_slack_ns = TIMER_SLACK_NS;
	process_init_timers(p);
	limits_init(p);
	t->cred = cred_get(&init_cred);
	strscpy(t->name, "init", sizeof(t->name));
	if (thread_charge(t->cred))
		return -EAGAIN;
	arch_thread_init_kernel(t, run_init, start);
	thread_sched_fresh(t);
	publish_init(p, t, pid);
	sched_start_thread(t);
	return 0;
}

/* ---- /proc/sys/kernel ---- */

static int show_uts(seq_file_t *m, void *field)
{
	char text[UTS_LEN + 1];

	spin_lock(&init_uts.lock);
	memcpy(text, field, sizeof(text));
	spin_unlock(&init_uts.lock);
	seq_printf(m, "%s\n", text);
	return 0;
}

static int show_number(seq_file_t *m, void *value)
{
	seq_printf(m, "%ld\n", (long)value);
	return 0;
}

__init void process_sysctl_init(void)
{
	proc_sysctl_u64("kernel/pid_max", 0644, &pid_max, PID_MAX_MIN, PID_MAX_LIMIT);
	proc_sysctl_changed("kernel/ns_last_pid", 0666, &last_pid, INT32_MAX, set_last_pid);
	proc_sysctl_u64("kernel/threads-max", 0644, &max_threads, 20, PID_MAX_LIMIT);
	proc_sysctl_int("kernel/randomize_va_space", 0644, &randomize_va_space, 0, 2);
	proc_sysctl_int_changed("kernel/cad_pid", 0600, &cad_pid, INT32_MIN, INT32_MAX,
				set_cad_pid);
	proc_sysctl_int("kernel/ctrl-alt-del", 0644, &ctrl_alt_del_reboots, 0, 1);
	core_sysctl_init();
	proc_sysctl_int("debug/exception-trace", 0644, &show_unhandled_signals, 0, 1);
	proc_sysctl_string("kernel/hostname", 0644, init_uts.name.nodename, UTS_LEN + 1,
			   &init_uts.lock);
	proc_sysctl_string("kernel/domainname", 0644, init_uts.name.domainname, UTS_LEN + 1,
			   &init_uts.lock);
	proc_create_single("sys/kernel/ostype", 0444, show_uts, init_uts.name.sysname);
	proc_create_single("sys/kernel/osrelease", 0444, show_uts, init_uts.name.release);
	proc_create_single("sys/kernel/version", 0444, show_uts, init_uts.name.version);
	proc_create_single("sys/kernel/cap_last_cap", 0444, show_number, (void *)CAP_LAST_CAP);
	proc_create_single("sys/kernel/ngroups_max", 0444, show_number, (void *)65536);
}
