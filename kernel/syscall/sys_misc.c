/*
 * What concerns the whole machine: names, figures, random numbers, the log, its end.
 */
#include <arch/cpu.h>
#include <arch/uaccess.h>
#include <drivers/random.h>
#include <kernel/lib/string.h>
#include <kernel/printk.h>
#include <kernel/proc.h>
#include <kernel/time/clock.h>
#include <kernel/uts.h>
#include <mm/page.h>
#include <syscall_protos.h>
#include <uapi/errno.h>
#include <uapi/reboot.h>
#include <uapi/sysinfo.h>
#include <uapi/utsname.h>

#define LOAD_SHIFT 11 /* of sched_loadavg */
#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u

/* ---- names ---- */

long sys_uname(struct utsname __user *buf)
{
	uts_namespace_t *uts = current_uts();
	struct utsname name;

	spin_lock(&uts->lock);
	name = uts->name;
	spin_unlock(&uts->lock);
	return copy_to_user(buf, &name, sizeof(name)) ? -EFAULT : 0;
}

static long set_name(const char __user *from, int len, size_t field)
{
	uts_namespace_t *uts = current_uts();
	char name[UTS_LEN + 1] = { 0 };

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > UTS_LEN)
		return -EINVAL;
	if (copy_from_user(name, from, (size_t)len))
		return -EFAULT;
	spin_lock(&uts->lock);
	memcpy((char *)&uts->name + field, name, sizeof(name));
	spin_unlock(&uts->lock);
	return 0;
}

long sys_sethostname(const char __user *name, int len)
{
	return set_name(name, len, offsetof(struct utsname, nodename));
}

long sys_setdomainname(const char __user *name, int len)
{
	return set_name(name, len, offsetof(struct utsname, domainname));
}

/* ---- figures ---- */

long sys_sysinfo(struct sysinfo __user *uinfo)
{
	struct sysinfo info = { .mem_unit = 1 };
	memory_statistics_t mem;
	nsec_t up = clock_monotonic();
	u64 load[3];

	memory_stats(&mem);
	sched_loadavg(load);
	info.uptime = up / NSEC_PER_SEC + (up % NSEC_PER_SEC != 0);
	for (u32 i = 0; i < 3; i++)
		info.loads[i] = load[i] << (SI_LOAD_SHIFT - LOAD_SHIFT);
	info.totalram = mem.total_pages * PAGE_SIZE;
	info.freeram = mem.free_pages * PAGE_SIZE;
	info.sharedram = mem.shmem_pages * PAGE_SIZE;
	info.procs = (u16)READ_ONCE(nr_threads);
	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : 0;
}

long sys_getrandom(char __user *buf, size_t count, u32 flags)
{
	iter_t it;
	int r;

	if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	r = iter_user(&it, true, buf, MIN(count, (size_t)INT32_MAX));
	return r ? r : random_fill_iter(&it);
}

/* ---- the end ---- */

long sys_reboot(int magic1, int magic2, u32 cmd, void __user *arg)
{
	char command[256];
	ssize_t len;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((u32)magic1 != LINUX_REBOOT_MAGIC1 ||
	    ((u32)magic2 != LINUX_REBOOT_MAGIC2 && (u32)magic2 != LINUX_REBOOT_MAGIC2A &&
	     (u32)magic2 != LINUX_REBOOT_MAGIC2B && (u32)magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_RESTART:
		pr_info("Restarting system.\n");
		console_drain();
		arch_reboot();
	case LINUX_REBOOT_CMD_RESTART2:
		len = strncpy_from_user(command, arg, sizeof(command) - 1);
		if (len < 0)
			return -EFAULT;
		command[len] = '\0';
		pr_info("Restarting system with command '%s'.\n", command);
		console_drain();
		arch_reboot();
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		WRITE_ONCE(ctrl_alt_del_reboots, cmd == LINUX_REBOOT_CMD_CAD_ON);
		return 0;
	case LINUX_REBOOT_CMD_HALT:
		pr_info("System halted.\n");
		console_drain();
		smp_stop_others();
		arch_halt_forever();
	case LINUX_REBOOT_CMD_POWER_OFF:
		pr_info("Power down.\n");
		console_drain();
		arch_poweroff();
	}
	return -EINVAL;
}
