/*
 * Ending the machine: reboot(2) and Ctrl-Alt-Del.
 */
#include <arch/cpu.h>
#include <fs/vfs.h>
#include <kernel/printk.h>
#include <kernel/proc.h>
#include <kernel/softirq.h>

#include "proc_internal.h"

int ctrl_alt_del_reboots = 1;
int cad_pid = 1;
static struct pid
	*cad_target; /* RCU, own reference: of that number; NULL: nobody chose, it is init */

int set_cad_pid(u64 nr)
{
	struct pid *pid = pid_find_get((pid_t)nr), *old;

	if (!pid)
		return -ESRCH;
	WRITE_ONCE(cad_pid, pid->nr);
	old = __atomic_exchange_n(&cad_target, pid, __ATOMIC_ACQ_REL);
	if (old)
		pid_put(old); /* frees after a grace period */
	return 0;
}

static void interrupt_target(void)
{
	struct pid *pid;
	process_t *p;

	rcu_read_lock();
	pid = rcu_dereference(cad_target);
	p = pid ? rcu_dereference(pid->process) : init_process;
	if (p)
		send_signal_process(p, SIGINT, SEND_SIG_PRIV);
	rcu_read_unlock();
}

static void restart_now(work_t *work)
{
	pr_info("Restarting system.\n");
	console_drain();
	arch_reboot();
}

void ctrl_alt_del(void)
{
	static work_t work;

	if (!READ_ONCE(ctrl_alt_del_reboots)) {
		interrupt_target();
		return;
	}
	/* Not in the keyboard's interrupt. Pressed twice, it is the same request. */
	if (!work.function)
		work_init(&work, restart_now);
	schedule_work(&work);
}
