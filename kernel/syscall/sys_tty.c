/*
 * vhangup(2).
 */
#include <drivers/tty.h>
#include <kernel/cred.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

long sys_vhangup(void)
{
	tty_t *tty;

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty = tty_current();
	if (tty) {
		tty_hangup(tty);
		tty_put(tty);
	}
	return 0;
}
