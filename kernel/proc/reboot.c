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
		if (init_process)
			send_signal_process(init_process, SIGINT, SEND_SIG_PRIV);
		return;
	}
	/* Not in the keyboard's interrupt. Pressed twice, it is the same request. */
	if (!work.function)
		work_init(&work, restart_now);
	schedule_work(&work);
}
