/*
 * Extended state in signal frames: stored and loaded there by XSAVE and XRSTOR themselves, interrupts
 * off: a page that is not there makes the instruction fail instead of sleep with registers that
 * become another's.
 */
#include <arch/uaccess.h>
#include <arch_x86/alternatives.h>
#include <arch_x86/extable.h>
#include <arch_x86/fpu.h>
#include <arch_x86/fpu_instructions.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/errno.h>

static bool store_user(void __user *to)
{
	bool stored = false;

	user_access_begin();
	__asm__ volatile goto("1: .byte " FXSAVE64 "\n\t" ALT_RECORD("1b", ALT_XSAVE, 4, XSAVE64)
				      EXTABLE("1b", "%l[fault]")
			      :
			      : "D"(to), ALL_STATES
			      : "memory"
			      : fault);
	stored = true;
fault:
	user_access_end();
	return stored;
}

int fpu_store_user(void __user *to)
{
	unsigned long flags;
	bool stored;

	if (!access_ok(to, fpu_layout.size))
		return -EFAULT;
	for (;;) {
		flags = arch_irq_save();
		fpu_need_registers();
		stored = store_user(to);
		arch_irq_restore(flags);
		if (stored)
			return 0;
		if (fault_in_writeable(to, fpu_layout.size))
			return -EFAULT;
	}
}

/* XRSTOR or FXRSTOR of what may not be there, or be refused. */
static bool load_checked(const void *from, u64 states, size_t size)
{
	if (size > sizeof(struct fpstate_fx))
		__asm__ volatile goto("1: .byte " XRSTOR64 "\n\t" EXTABLE("1b", "%l[fault]")
				      :
				      : "D"(from), "a"((u32)states), "d"((u32)(states >> 32))
				      : "memory"
				      : fault);
	else
		__asm__ volatile goto("1: .byte " FXRSTOR64 "\n\t" EXTABLE("1b", "%l[fault]")
				      :
				      : "D"(from)
				      : "memory"
				      : fault);
	return true;
fault:
	return false;
}

static bool load_frame(const void *from, u64 states, size_t size, bool user)
{
	unsigned long flags = arch_irq_save();
	bool loaded;

	fpu_begin_load(size != sizeof(struct fpstate_fx) && states == fpu_layout.features);
	if (user)
		user_access_begin();
	loaded = load_checked(from, states, size);
	if (user)
		user_access_end();
	arch_irq_restore(flags);
	return loaded;
}

/* The CPU did not take it, because of a page that is not there or of what is in it: which? */
static int load_copy(const void __user *from, u64 states, size_t size)
{
	const size_t align = __alignof__(fpu_area_t);
	void *memory = kzalloc(fpu_layout.size + align, GFP_KERNEL);
	fpu_area_t *image = (fpu_area_t *)ALIGN_UP((unsigned long)memory, align);
	int r = -EINVAL;

	if (!memory)
		return -ENOMEM;
	if (copy_from_user(image, from, size))
		r = -EFAULT;
	/* A compacted image would be another size than is copied. */
	else if ((size == sizeof(image->fx) || !image->header.xcomp_bv) &&
		 load_frame(image, states, size, false)) {
		/* What is allocated next may be an area at this address: loaded last from elsewhere. */
		fpu_sync_current();
		fpu_forget_registers(current());
		r = 0;
	}
	kfree(memory);
	return r;
}

int fpu_load_user(const void __user *from, u64 states, size_t size)
{
	/* What XRSTOR and FXRSTOR want. */
	size_t align = size > sizeof(struct fpstate_fx) ? __alignof__(fpu_area_t) : 16;
	int r = -EINVAL;

	states &= fpu_layout.features;
	if (IS_ALIGNED((unsigned long)from, align)) {
		if (access_ok(from, size) &&
		    load_frame((__force const void *)from, states, size, true))
			return 0;
		r = load_copy(from, states, size);
	}
	if (r)
		fpu_set_initial();
	return r;
}
