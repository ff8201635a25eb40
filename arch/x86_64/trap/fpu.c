/*
 * Extended state of user threads (Intel SDM 1 chapter 13). The kernel itself uses none.
 *
 * Saved eagerly when a user thread leaves the CPU, loaded late: on its way to user mode. A CPU
 * remembers whose state its registers hold (fpu_owner), and the thread on which CPU (fpu_cpu);
 * while both agree, memory and registers are equal or the registers newer, so that a trip through a
 * kernel thread loads nothing.
 *
 *	TF_RESTORE_FPU set	memory is valid, registers are not (or not known to be)
 *	TF_RESTORE_FPU clear	the thread runs and its registers are valid; memory may be old
 *
 * One instruction saves and one loads, put in place at boot: XSAVES, XSAVEOPT, XSAVE or FXSAVE. The
 * first two skip what is in its initial state or unchanged since the last load from the same
 * address; memory may then hold old bytes behind a clear bit of xstate_bv, and nobody but the CPU
 * and xstate.c reads an area. An area is only ever saved to after the registers were loaded from
 * it, or from elsewhere, since something else wrote it: the CPU's idea of "unchanged" holds.
 *
 * XSAVES is for who says `xsaves` on the command line, since there is nothing to try it on: Bochs 2.7
 * has its components begin within the first 512 bytes of an area (XSAVEC too: at byte 160, or 416
 * behind SSE's) instead of at 576 (Intel SDM 1 13.4.3), which runs over the header. It is not used
 * there, as CPUID tells another size of the format than the manual's rules give.
 *
 * Signal frames are stored and loaded by XSAVE and XRSTOR themselves, interrupts off: a page that is
 * not there makes the instruction fail instead of sleep with registers that become another's.
 */
#include <arch/cpu.h>
#include <arch/uaccess.h>
#include <arch_x86/alternatives.h>
#include <arch_x86/extable.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <kernel/boot.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define CPUID_XSTATE 0xd
#define CPUID_XSTATE_ALIGNED BIT(1) /* ECX of a component's sub-leaf */
#define MXCSR_MASK_DEFAULT 0xffbf   /* where FXSAVE stores 0: Intel SDM 1 11.6.6 */
#define MSR_XSS 0xda0

xstate_layout_t fpu_layout __ro_after_init;

/* Nothing beyond its header is read: no bit of xstate_bv is set (Intel SDM 1 13.8.1). */
static fpu_area_t initial __ro_after_init;

static kmem_cache_t *fpu_cache;
static DEFINE_PERCPU(thread_t *, fpu_owner);

/* The instructions on (%rdi), four bytes each. */
#define FXSAVE64 "0x48, 0x0f, 0xae, 0x07"
#define XSAVE64 "0x48, 0x0f, 0xae, 0x27"
#define XSAVEOPT64 "0x48, 0x0f, 0xae, 0x37"
#define XSAVES64 "0x48, 0x0f, 0xc7, 0x2f"
#define FXRSTOR64 "0x48, 0x0f, 0xae, 0x0f"
#define XRSTOR64 "0x48, 0x0f, 0xae, 0x2f"
#define XRSTORS64 "0x48, 0x0f, 0xc7, 0x1f"
#define ALL_STATES "a"(UINT32_MAX), "d"(UINT32_MAX)

static inline void save(fpu_area_t *a)
{
	__asm__ volatile("1: .byte " FXSAVE64 "\n\t" ALT_RECORD("1b", ALT_XSAVE, 4, XSAVE64)
				 ALT_RECORD("1b", ALT_XSAVEOPT, 4, XSAVEOPT64)
					 ALT_RECORD("1b", ALT_XSAVES, 4, XSAVES64)::"D"(a),
			 ALL_STATES
			 : "memory");
}

static inline void restore(const fpu_area_t *a, u64 states)
{
	__asm__ volatile("1: .byte " FXRSTOR64 "\n\t" ALT_RECORD("1b", ALT_XSAVE, 4, XRSTOR64)
				 ALT_RECORD("1b", ALT_XSAVES, 4, XRSTORS64)::"D"(a),
			 "a"((u32)states), "d"((u32)(states >> 32))
			 : "memory");
}

static __init void init_control(void)
{
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT |
		  (cpu_has(CPU_XSAVE) ? CR4_OSXSAVE : 0));
	__asm__ volatile("fninit");
}

__init void fpu_init_cpu(void)
{
	init_control();
	if (cpu_has(CPU_XSAVE))
		xsetbv(0, fpu_layout.features);
	if (fpu_layout.compact)
		wrmsr(MSR_XSS, 0); /* no supervisor states: none is used */
}

/* Which components the CPU has that we know, and where each is. */
static __init void find_components(xstate_layout_t *l)
{
	const u64 known = XFEATURE_FP_SSE | XFEATURE_AVX | XFEATURE_AVX512;
	u32 a, b, c, d;

	cpuid(CPUID_XSTATE, 0, &a, &b, &c, &d);
	l->features = a & known;
	if ((l->features & XFEATURE_AVX512) != XFEATURE_AVX512 || !(l->features & XFEATURE_AVX))
		l->features &= ~XFEATURE_AVX512;
	for (u32 i = XSTATE_FIRST; i < XSTATE_COMPONENTS; i++) {
		xstate_component_t *component = &l->components[i];

		if (!(l->features & BIT(i)))
			continue;
		cpuid(CPUID_XSTATE, i, &component->size, &component->standard, &c, &d);
		component->aligned = c & CPUID_XSTATE_ALIGNED;
	}
}

__init void fpu_detect(void)
{
	fpu_area_t area = { .fx.mxcsr_mask = 0 };
	xstate_layout_t *l = &fpu_layout;
	u32 a, compact_size, c, d;

	init_control();
	initial.fx.cwd = FCW_INITIAL;
	initial.fx.mxcsr = MXCSR_INITIAL;
	__asm__ volatile("fxsave64 %0" : "=m"(area.fx));
	l->mxcsr_mask = area.fx.mxcsr_mask ? area.fx.mxcsr_mask : MXCSR_MASK_DEFAULT;
	l->features = XFEATURE_FP_SSE;
	l->size = l->area_size = sizeof(area.fx);
	if (!cpu_has(CPU_XSAVE))
		return;
	find_components(l);
	l->compact = cpu_has(CPU_XSAVES) && cmdline_get("xsaves");
	fpu_init_cpu();
	cpuid(CPUID_XSTATE, 0, &a, &l->size, &c, &d); /* for what XCR0 enables */
	xstate_lay_out(l);
	cpuid(CPUID_XSTATE, 1, &a, &compact_size, &c, &d);
	if (l->compact && l->area_size != compact_size) { /* it contradicts itself */
		l->compact = false;
		xstate_lay_out(l);
	}
	if (l->compact)
		initial.header.xcomp_bv = l->features | XCOMP_BV_COMPACT;
}

__init void fpu_init(void)
{
	fpu_cache = kmem_cache_create("fpu_area", fpu_layout.area_size, __alignof__(fpu_area_t), 0,
				      NULL);
	pr_info("FPU: states 0x%lx by %s, %u bytes a thread\n", fpu_layout.features,
		fpu_layout.compact	       ? "XSAVES"
		: cpu_has(CPU_XSAVEOPT)	       ? "XSAVEOPT"
		: xstate_extended(&fpu_layout) ? "XSAVE"
					       : "FXSAVE",
		fpu_layout.area_size);
}

static void set_initial(fpu_area_t *a)
{
	memcpy(a, &initial, MIN(fpu_layout.area_size, (u32)sizeof(initial)));
}

int fpu_alloc(struct thread *t)
{
	t->arch.fpu = kmem_cache_alloc(fpu_cache, GFP_KERNEL);
	if (!t->arch.fpu)
		return -ENOMEM;
	t->arch.fpu_cpu = FPU_NO_CPU;
	set_initial(t->arch.fpu);
	thread_set_flag(t, TF_RESTORE_FPU);
	return 0;
}

void fpu_free(struct thread *t)
{
	if (t->arch.fpu)
		kmem_cache_free(fpu_cache, t->arch.fpu);
	t->arch.fpu = NULL;
}

static bool registers_are(const thread_t *t)
{
	return this_cpu_read(fpu_owner) == t && t->arch.fpu_cpu == this_cpu();
}

void fpu_switch(struct thread *prev, struct thread *next)
{
	if (prev->arch.fpu && !thread_test_flag(prev, TF_RESTORE_FPU))
		save(prev->arch.fpu);
	if (!next->arch.fpu)
		return;
	if (!registers_are(next)) {
		if (!thread_test_flag(next, TF_RESTORE_FPU))
			thread_set_flag(next, TF_RESTORE_FPU);
	} else if (thread_test_flag(next, TF_RESTORE_FPU)) {
		thread_clear_flag(next, TF_RESTORE_FPU);
	}
}

static void now_in_registers(struct thread *t)
{
	this_cpu_write(fpu_owner, t);
	t->arch.fpu_cpu = this_cpu();
}

static void load_from(struct thread *t, const fpu_area_t *area)
{
	restore(area, UINT64_MAX);
	now_in_registers(t);
}

void fpu_load(struct thread *t)
{
	if (!registers_are(t))
		load_from(t, t->arch.fpu);
}

void fpu_set_initial(void)
{
	thread_t *t = current();
	unsigned long flags = arch_irq_save();

	load_from(t, &initial);
	thread_clear_flag(t, TF_RESTORE_FPU);
	arch_irq_restore(flags);
}

/* The registers are the running thread's from here on, interrupts off. */
static void need_registers(thread_t *t)
{
	if (thread_test_flag(t, TF_RESTORE_FPU)) {
		fpu_load(t);
		thread_clear_flag(t, TF_RESTORE_FPU);
	}
}

void fpu_copy_to(struct thread *child)
{
	unsigned long flags = arch_irq_save();

	need_registers(current());
	save(child->arch.fpu);
	arch_irq_restore(flags);
}

void fpu_sync_current(void)
{
	fpu_copy_to(current());
}

u32 fpu_conditions(bool x87)
{
	unsigned long flags = arch_irq_save();
	u16 status, control;
	u32 mxcsr;

	need_registers(current());
	__asm__ volatile("fnstsw %0; fnstcw %1; stmxcsr %2"
			 : "=m"(status), "=m"(control), "=m"(mxcsr));
	arch_irq_restore(flags);
	return x87 ? status & ~(u32)control : mxcsr & ~(mxcsr >> 7);
}

void fpu_forget_registers(struct thread *t)
{
	t->arch.fpu_cpu = FPU_NO_CPU;
	thread_set_flag(t, TF_RESTORE_FPU);
}

/* ---- signal frames ---- */

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
		need_registers(current());
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
	thread_t *t = current();
	unsigned long flags = arch_irq_save();
	bool loaded;

	if (size == sizeof(struct fpstate_fx) || states != fpu_layout.features)
		restore(&initial, UINT64_MAX);
	now_in_registers(t);
	thread_clear_flag(t, TF_RESTORE_FPU);
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
