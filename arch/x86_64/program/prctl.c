/*
 * arch_prctl(2): the bases of FS and GS, and what is asked about the CPU.
 */
#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <arch_x86/fpu.h>
#include <arch_x86/program.h>
#include <kernel/thread.h>
#include <uapi/errno.h>

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004
#define ARCH_GET_CPUID 0x1011
#define ARCH_SET_CPUID 0x1012
/* Extended state that needs permission, for its size; guests' is asked for apart. */
#define ARCH_GET_XCOMP_SUPP 0x1021
#define ARCH_GET_XCOMP_PERM 0x1022
#define ARCH_REQ_XCOMP_PERM 0x1023
#define ARCH_GET_XCOMP_GUEST_PERM 0x1024
#define ARCH_REQ_XCOMP_GUEST_PERM 0x1025
#define XCOMP_NUMBERS 19 /* components that Linux has numbers for */

/*
 * With base != NULL sets it first. The value in use now; for the running thread the registers' too.
 */
static u64 segment_base(thread_t *t, bool gs, const unsigned long *base)
{
	unsigned long flags = arch_irq_save();
	u64 *field = gs ? &t->arch.gs_base : &t->arch.fs_base;
	u64 value;

	if (t == current())
		segments_sync_current();
	if (base) {
		*(gs ? &t->arch.gs : &t->arch.fs) = 0;
		*field = *base;
		if (t == current())
			segments_load_current();
	}
	value = *field;
	arch_irq_restore(flags);
	return value;
}

long arch_prctl(struct thread *t, int code, unsigned long addr)
{
	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (addr >= USER_MAX)
			return -EPERM;
		segment_base(t, code == ARCH_SET_GS, &addr);
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		return put_user_u64(segment_base(t, code == ARCH_GET_GS, NULL), (u64 __user *)addr);
	case ARCH_GET_CPUID: /* CPUID never faults: it cannot be switched off */
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
	case ARCH_GET_XCOMP_GUEST_PERM: /* all that there is needs none */
		return put_user_u64(fpu_layout.features, (u64 __user *)addr);
	case ARCH_REQ_XCOMP_PERM:
	case ARCH_REQ_XCOMP_GUEST_PERM:
		return addr < XCOMP_NUMBERS ? -EOPNOTSUPP : -EINVAL;
	default:
		return -EINVAL;
	}
}
