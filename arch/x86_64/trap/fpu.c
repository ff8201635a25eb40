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
 * XSAVEOPT skips what is in its initial state or unchanged since the last XRSTOR; memory may then
 * hold old bytes behind a clear bit of xstate_bv. Where programs see the image, plain XSAVE writes
 * it whole. XSAVES would only save room for states that we do not enable, and needs a second layout
 * in frames.
 */
#include <arch/cpu.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <kernel/lib/string.h>
#include <kernel/panic.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/errno.h>

#define XFEATURE_AVX 0x4u
#define XFEATURE_AVX512 0xe0u
#define CPUID_XSTATE 0xd
#define MXCSR_INITIAL 0x1f80
#define MXCSR_MASK_DEFAULT 0xffbf /* where FXSAVE stores 0: Intel SDM 1 11.6.6 */
#define FCW_INITIAL 0x37f

u32 fpu_size;
u64 fpu_features;
u32 fpu_mxcsr_mask;

/* Nothing beyond its header is read: no bit of xstate_bv is set (Intel SDM 1 13.8.1). */
static const fpu_area_t initial = { .fx.cwd = FCW_INITIAL, .fx.mxcsr = MXCSR_INITIAL };

static kmem_cache_t *fpu_cache;
static bool use_xsave, use_xsaveopt;
static DEFINE_PERCPU(thread_t *, fpu_owner);

static void xsave_all(fpu_area_t *a)
{
	if (use_xsave)
		__asm__ volatile("xsave64 (%0)" ::"r"(a), "a"(UINT32_MAX), "d"(UINT32_MAX)
				 : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(a) : "memory");
}

static void save(fpu_area_t *a)
{
	if (use_xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" ::"r"(a), "a"(UINT32_MAX), "d"(UINT32_MAX)
				 : "memory");
	else
		xsave_all(a);
}

static void restore(const fpu_area_t *a)
{
	if (use_xsave)
		__asm__ volatile("xrstor64 (%0)" ::"r"(a), "a"(UINT32_MAX), "d"(UINT32_MAX)
				 : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" ::"r"(a) : "memory");
}

static __init void size_area(void)
{
	fpu_area_t area = { .fx.mxcsr_mask = 0 };
	u32 a, b, c, d;

	__asm__ volatile("fxsave64 %0" : "=m"(area.fx));
	fpu_mxcsr_mask = area.fx.mxcsr_mask ? area.fx.mxcsr_mask : MXCSR_MASK_DEFAULT;
	fpu_size = sizeof(struct fpstate_fx);
	fpu_features = XFEATURE_FP_SSE;
	use_xsave = cpu_has(CPU_XSAVE);
	if (!use_xsave)
		return;
	cpuid(CPUID_XSTATE, 0, &a, &b, &c, &d);
	fpu_features = a & (XFEATURE_FP_SSE | XFEATURE_AVX | XFEATURE_AVX512);
	if ((fpu_features & XFEATURE_AVX512) != XFEATURE_AVX512 || !(fpu_features & XFEATURE_AVX))
		fpu_features &= ~(u64)XFEATURE_AVX512;
	xsetbv(0, fpu_features);
	cpuid(CPUID_XSTATE, 0, &a, &b, &c, &d);
	fpu_size = b; /* for what XCR0 enables */
	use_xsaveopt = cpu_has(CPU_XSAVEOPT);
}

__init void fpu_init_cpu(void)
{
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT |
		  (cpu_has(CPU_XSAVE) ? CR4_OSXSAVE : 0));
	__asm__ volatile("fninit");
	if (!fpu_size)
		size_area();
	else if (use_xsave)
		xsetbv(0, fpu_features);
}

__init void fpu_init(void)
{
	fpu_cache = kmem_cache_create("fpu_area", fpu_size, __alignof__(fpu_area_t), 0, NULL);
}

int fpu_alloc(struct thread *t)
{
	t->arch.fpu = kmem_cache_alloc(fpu_cache, GFP_KERNEL);
	if (!t->arch.fpu)
		return -ENOMEM;
	t->arch.fpu_cpu = FPU_NO_CPU;
	memset(t->arch.fpu, 0, fpu_size); /* XSAVE leaves gaps as they are, and programs see them */
	t->arch.fpu->fx = initial.fx;
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

static void load_from(struct thread *t, const fpu_area_t *area)
{
	restore(area);
	this_cpu_write(fpu_owner, t);
	t->arch.fpu_cpu = this_cpu();
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

fpu_area_t *fpu_sync_current(void)
{
	thread_t *t = current();
	unsigned long flags = arch_irq_save();

	if (thread_test_flag(t, TF_RESTORE_FPU)) {
		fpu_load(t);
		thread_clear_flag(t, TF_RESTORE_FPU);
	}
	xsave_all(t->arch.fpu);
	arch_irq_restore(flags);
	return t->arch.fpu;
}

fpu_area_t *fpu_begin_write(void)
{
	thread_t *t = current();
	unsigned long flags = arch_irq_save();

	t->arch.fpu_cpu = FPU_NO_CPU;
	thread_set_flag(t, TF_RESTORE_FPU);
	arch_irq_restore(flags);
	return t->arch.fpu;
}

void fpu_forget_registers(struct thread *t)
{
	t->arch.fpu_cpu = FPU_NO_CPU;
	thread_set_flag(t, TF_RESTORE_FPU);
}

/* Intel SDM 1 13.8.1: what XRSTOR answers with #GP. */
bool fpu_image_valid(const fpu_area_t *image, bool extended)
{
	const struct xstate_header *h = &image->header;
	u64 bad = image->fx.mxcsr & ~fpu_mxcsr_mask;

	if (!extended)
		return !bad;
	bad |= (h->xstate_bv & ~fpu_features) | h->xcomp_bv;
	for (u32 i = 0; i < ARRAY_SIZE(h->reserved); i++)
		bad |= h->reserved[i];
	return !bad;
}

bool fpu_end_write(void)
{
	bool good = fpu_image_valid(current()->arch.fpu, use_xsave);

	if (!good)
		fpu_set_initial();
	return good;
}
