/*
 * Magic SysRq: reports and last resorts that work when nothing else does any more.
 *
 * A request is carried out where it arrives, mostly in an interrupt: it must not need that a thread
 * gets to run. Only what has to sleep (writing back, ACPI's power-off) is handed to the work queue.
 * Reports are log lines; for their time the console shows lines of every level.
 *
 * Threads are found by number with a reference each, so no lock is held while their lines are printed,
 * which takes long on a serial line. What a running thread's stack or locks look like changes
 * meanwhile: these are told by the CPU itself ('l').
 */
#include <arch/cpu.h>
#include <arch/thread.h>
#include <fs/procfs.h>
#include <fs/vfs.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <kernel/softirq.h>
#include <kernel/sync/lockdep.h>
#include <kernel/sysrq.h>
#include <mm/iter.h>
#include <mm/page.h>
#include <uapi/errno.h>

#define BACKTRACE_MAX 20
#define LOUD 8 /* console_loglevel that shows every line */

/* /proc/sys/kernel/sysrq: 0 nothing, 1 everything, otherwise these bits. */
#define ALLOW_ALL 1
#define ALLOW_LOG_LEVEL 0x2
#define ALLOW_REPORTS 0x8
#define ALLOW_SYNC 0x10
#define ALLOW_SIGNALS 0x40
#define ALLOW_REBOOT 0x80
#define ALLOW_MASK 0x1ff

typedef struct sysrq_key {
	char key;
	int allow;
	const char *help;
	void (*run)(char key);
} sysrq_key_t;

static int allowed = ALLOW_ALL;
static work_t sync_work, power_off_work;

/* ---- reports ---- */

static char state_letter(const thread_t *t)
{
	u32 state = READ_ONCE(t->state);

	return state == THREAD_RUNNING	      ? 'R'
	       : state & THREAD_INTERRUPTIBLE ? 'S'
	       : state & THREAD_SLEEPING      ? 'D'
	       : state & THREAD_STOPPED	      ? 'T'
	       : state & THREAD_TRACED	      ? 't'
					      : 'Z';
}

void sysrq_print_thread(thread_t *t)
{
	unsigned long ips[BACKTRACE_MAX], offset;
	int n = 0;

	printk(KERN_INFO "%-16s %c tid %d pid %d cpu %u cpu-time %lu us\n", t->name,
	       state_letter(t), t->tid, t->process->pid, READ_ONCE(t->sched.cpu),
	       READ_ONCE(t->sched.runtime) / NSEC_PER_USEC);
	if (t == current() || !READ_ONCE(t->sched.on_cpu))
		n = arch_backtrace(t, ips, BACKTRACE_MAX);
	for (int i = 0; i < n; i++) {
		const char *name = symbol_lookup(ips[i], &offset);

		printk(KERN_INFO "  [%016lx] %s+0x%lx\n", ips[i], name ? name : "?",
		       name ? offset : 0);
	}
}

/* 'w': only those that wait for something that must come. */
static void show_tasks(char key)
{
	pid_t nr = 1;
	thread_t *t;

	for (; (t = thread_next(&nr)); nr++) {
		if (key == 't' || READ_ONCE(t->state) & (THREAD_UNINTERRUPTIBLE | THREAD_KILLABLE))
			sysrq_print_thread(t);
		thread_put(t);
	}
}

static void show_locks(char key)
{
#ifdef CONFIG_DEBUG
	bool any = false;
	pid_t nr = 1;
	thread_t *t;

	for (; (t = thread_next(&nr)); nr++) {
		any |= lockdep_print_thread(t);
		thread_put(t);
	}
	if (!any)
		printk(KERN_INFO "no thread that waits holds a lock\n");
#else
	printk(KERN_INFO "locks are recorded in debug builds only\n");
#endif
}

static void show_memory(char key)
{
	dump_memory_stats();
}

static void show_cpus(char key)
{
	smp_print_all();
}

/* ---- actions ---- */

static void set_log_level(char key)
{
	WRITE_ONCE(console_loglevel, key - '0');
}

static void sync_now(work_t *work)
{
	sync_all();
	printk(KERN_ALERT "sysrq: all is written back\n");
}

static void power_off_now(work_t *work)
{
	console_drain();
	arch_poweroff();
}

static void request_sync(char key)
{
	schedule_work(&sync_work);
}

static void request_power_off(char key)
{
	schedule_work(&power_off_work);
}

static void restart(char key)
{
	console_drain();
	arch_reboot();
}

static void crash(char key)
{
	panic("sysrq: a crash was asked for");
}

/* All processes but the first and the kernel's own. */
static void signal_all(char key)
{
	int sig = key == 'e' ? SIGTERM : SIGKILL;
	process_t *p;
	pid_t nr = 2;

	for (; (p = process_next(&nr)); nr++) {
		send_signal_process(p, sig, SEND_SIG_PRIV);
		process_put(p);
	}
}

static void show_help(char key);

static const sysrq_key_t keys[] = {
	{ '0', ALLOW_LOG_LEVEL, "0-9 log level of the console", set_log_level },
	{ 'b', ALLOW_REBOOT, "b restart at once", restart },
	{ 'c', ALLOW_REPORTS, "c crash", crash },
	{ 'd', ALLOW_REPORTS, "d locks held", show_locks },
	{ 'e', ALLOW_SIGNALS, "e end all programs", signal_all },
	{ 'h', ALLOW_MASK, "h this help", show_help },
	{ 'i', ALLOW_SIGNALS, "i kill all programs", signal_all },
	{ 'l', ALLOW_REPORTS, "l backtraces of the CPUs", show_cpus },
	{ 'm', ALLOW_REPORTS, "m memory", show_memory },
	{ 'o', ALLOW_REBOOT, "o power off", request_power_off },
	{ 's', ALLOW_SYNC, "s write back", request_sync },
	{ 't', ALLOW_REPORTS, "t threads", show_tasks },
	{ 'w', ALLOW_REPORTS, "w threads that cannot be interrupted", show_tasks },
};

static void show_help(char key)
{
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		printk(KERN_INFO "  %s\n", keys[i].help);
}

static void carry_out(char key, int allow)
{
	char wanted = key >= '0' && key <= '9' ? '0' : key;
	int level = READ_ONCE(console_loglevel);
	const sysrq_key_t *k = NULL;

	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].key == wanted)
			k = &keys[i];
	WRITE_ONCE(console_loglevel, LOUD);
	if (!k) {
		printk(KERN_INFO "sysrq: no such request; there are:\n");
		show_help(key);
	} else if (allow != ALLOW_ALL && !(allow & k->allow)) {
		printk(KERN_INFO "sysrq: not allowed by kernel.sysrq\n");
	} else {
		printk(KERN_INFO "sysrq: %s\n", k->help);
		k->run(key);
	}
	/* Unless that is what was asked for. */
	if (!k || k->run != set_log_level)
		WRITE_ONCE(console_loglevel, level);
}

void sysrq_handle(char key)
{
	carry_out(key, READ_ONCE(allowed));
}

/* ---- /proc ---- */

/* Only the first character counts, as in Linux; root may ask for everything here. */
static ssize_t trigger_write(file_t *f, iter_t *it, off_t *pos)
{
	size_t n = it->count;
	char key;

	if (!n)
		return 0;
	if (copy_from_iter(&key, 1, it) != 1)
		return -EFAULT;
	carry_out(key, ALLOW_ALL);
	return (ssize_t)n;
}

static const file_operations_t trigger_operations = { .write_iter = trigger_write };

__init void sysrq_init(void)
{
	work_init(&sync_work, sync_now);
	work_init(&power_off_work, power_off_now);
	if (proc_create("sysrq-trigger", 0200, &trigger_operations, NULL) ||
	    proc_sysctl_int("kernel/sysrq", 0644, &allowed, 0, ALLOW_MASK))
		pr_err("sysrq: no memory for its files\n");
}
