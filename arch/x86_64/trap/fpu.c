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
 */
#include <arch/cpu.h>
#include <arch_x86/alternatives.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/fpu_instructions.h>
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

void fpu_need_registers(void)
{
	thread_t *t = current();

	if (thread_test_flag(t, TF_RESTORE_FPU)) {
		fpu_load(t);
		thread_clear_flag(t, TF_RESTORE_FPU);
	}
}

void fpu_copy_to(struct thread *child)
{
	unsigned long flags = arch_irq_save();

	fpu_need_registers();
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

	fpu_need_registers();
	__asm__ volatile("fnstsw %0; fnstcw %1; stmxcsr %2"
			 : "=m"(status), "=m"(control), "=m"(mxcsr));
	arch_irq_restore(flags);
	return x87 ? status & ~(u32)control : mxcsr & ~(mxcsr >> 7);
}

void fpu_begin_load(bool all)
{
	thread_t *t = current();

	if (!all)
		restore(&initial, UINT64_MAX);
	now_in_registers(t);
	thread_clear_flag(t, TF_RESTORE_FPU);
}

void fpu_forget_registers(struct thread *t)
{
	t->arch.fpu_cpu = FPU_NO_CPU;
	thread_set_flag(t, TF_RESTORE_FPU);
}
