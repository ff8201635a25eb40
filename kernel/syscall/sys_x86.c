/*
 * What only this CPU has: modify_ldt(2), iopl(2), ioperm(2).
 */
#include <arch/ports.h>
#include <kernel/cred.h>
#include <kernel/proc.h>
#include <syscall_protos.h>
#include <uapi/errno.h>

#define LDT_READ 0
#define LDT_WRITE_OLD 1
#define LDT_READ_DEFAULT 2
#define LDT_WRITE 0x11
#define IOPL_MAX 3

static long modify(int func, void __user *ptr, unsigned long size)
{
	switch (func) {
	case LDT_READ:
		return ldt_read(ptr, size);
	case LDT_READ_DEFAULT:
		return ldt_read_default(ptr, size);
	case LDT_WRITE_OLD:
	case LDT_WRITE:
		return ldt_write(ptr, size, func == LDT_WRITE_OLD);
	}
	return -ENOSYS;
}

/* The result is an int that is not extended by its sign: Linux has always had it so. */
long sys_modify_ldt(int func, void __user *ptr, unsigned long size)
{
	return (long)(u32)modify(func, ptr, size);
}

long sys_iopl(u32 level)
{
	u32 old = arch_iopl();

	if (level > IOPL_MAX)
		return -EINVAL;
	if (level == old)
		return 0;
	if (level > old && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	arch_iopl_set(level);
	return 0;
}

long sys_ioperm(unsigned long from, unsigned long num, int on)
{
	if (from + num <= from || from + num > ARCH_IO_PORTS)
		return -EINVAL;
	if (on && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return arch_ports_set((u32)from, (u32)num, on);
}
