/*
 * Threads as the CPU sees them: the switch, what a new one starts with, FS and GS bases.
 *
 * User bases live in the thread while it is off-CPU. With FSGSBASE programs change them without
 * telling, so the registers are read at the switch and written where the next thread's differ.
 * Without it only arch_prctl and selector loads change them: they are read where a selector is not 0, and
 * written unless both the last and the next are 0. Kernel threads neither save nor
 * load any of this.
 */
#include <arch/mmu.h>
#include <arch_x86/canary.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/ldt.h>
#include <arch_x86/ports.h>
#include <arch_x86/program.h>
#include <arch_x86/segments.h>
#include <arch_x86/tlb.h>
#include <arch_x86/trace.h>
#include <arch_x86/traps.h>
#include <kernel/cfi.h>
#include <kernel/thread.h>

/* What switch_stack pops. */
typedef struct switch_frame {
	u64 r15, r14, r13, r12, rbx, rbp;
	u64 rip;
} switch_frame_t;

struct thread *switch_stack(struct thread *prev, struct thread *next);
extern char thread_entry_kernel[], thread_entry_user[];

DEFINE_PERCPU(unsigned long, kernel_stack_top);
/*
 * What the registers hold; with FSGSBASE that of GS is exact from save_segments on, FS is read
 * instead.
 */
static DEFINE_PERCPU(u64, loaded_fs_base);
static DEFINE_PERCPU(u64, loaded_gs_base);
#define UNKNOWN_BASE (~0UL) /* is to be written in any case */

static unsigned long stack_top(const thread_t *t)
{
	return (unsigned long)t->stack + KERNEL_STACK_ORDER_SIZE;
}

static bool is_user(const thread_t *t)
{
	return t->arch.fpu != NULL;
}

/* A selector load of GS changes the base in use, which is the kernel's. */
static __cold void load_selectors(const arch_thread_t *a)
{
	u64 kernel_base = rdmsr(MSR_GS_BASE);

	__asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%fs; mov %3, %%gs" ::"r"(
				 (u32)ldt_selector(a->ds)),
			 "r"((u32)ldt_selector(a->es)), "r"((u32)ldt_selector(a->fs)),
			 "r"((u32)ldt_selector(a->gs)));
	wrmsr(MSR_GS_BASE, kernel_base);
	this_cpu_write(loaded_fs_base, UNKNOWN_BASE);
}

/* User mode's GS base is in the MSR that SWAPGS exchanges while the kernel runs. Interrupts off. */
static inline void save_segments(arch_thread_t *a)
{
	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
			 : "=m"(a->ds), "=m"(a->es), "=m"(a->fs), "=m"(a->gs));
	if (cpu_has(CPU_FSGSBASE)) {
		a->fs_base = rdfsbase();
		a->gs_base = rdmsr(MSR_KERNEL_GS_BASE);
		this_cpu_write(loaded_gs_base, a->gs_base);
		return;
	}
	if (unlikely(a->fs)) { /* the load of a selector changed it */
		a->fs_base = rdmsr(MSR_FS_BASE);
		this_cpu_write(loaded_fs_base, a->fs_base);
	}
	if (unlikely(a->gs)) {
		a->gs_base = rdmsr(MSR_KERNEL_GS_BASE);
		this_cpu_write(loaded_gs_base, a->gs_base);
	}
}

static void load_segments(const arch_thread_t *a)
{
	u64 gs = this_cpu_read(loaded_gs_base);
	u16 ds_now, es_now, fs_now, gs_now;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
			 : "=m"(ds_now), "=m"(es_now), "=m"(fs_now), "=m"(gs_now));
	if (unlikely((ds_now ^ a->ds) | (es_now ^ a->es) | (fs_now ^ a->fs) | (gs_now ^ a->gs)))
		load_selectors(a);
	if (cpu_has(CPU_FSGSBASE)) {
		if (rdfsbase() != a->fs_base)
			wrfsbase(a->fs_base);
		if (gs == a->gs_base)
			return;
	} else {
		if (this_cpu_read(loaded_fs_base) | a->fs_base)
			wrmsr(MSR_FS_BASE, a->fs_base);
		this_cpu_write(loaded_fs_base, a->fs_base);
		if (!(gs | a->gs_base))
			return;
	}
	wrmsr(MSR_KERNEL_GS_BASE, a->gs_base);
	this_cpu_write(loaded_gs_base, a->gs_base);
}

void segments_sync_current(void)
{
	unsigned long flags = arch_irq_save();

	save_segments(&current()->arch);
	arch_irq_restore(flags);
}

void segments_load_current(void)
{
	load_segments(&current()->arch);
}

static __cold void rare_switch(struct thread *prev, struct thread *next)
{
	u32 rare = prev->arch.rare | next->arch.rare;

	if (rare & RARE_DEBUG)
		debug_switch(prev, next);
	if (rare & RARE_LDT)
		ldt_switch(next);
	if (rare & RARE_PORTS)
		ports_switch(next);
	if (rare & RARE_NO_TSC)
		tsc_switch(next);
}

/*
 * From the change of current_thread on nothing may ask for current() before the stack is next's,
 * nor may this function itself look at the canary.
 */
__no_stack_protector struct thread *arch_switch(struct thread *prev, struct thread *next)
{
	unsigned long top = stack_top(next);

	fpu_switch(prev, next);
	if (is_user(prev))
		save_segments(&prev->arch);
	if (unlikely(READ_ONCE(prev->arch.rare) | READ_ONCE(next->arch.rare)))
		rare_switch(prev, next);
	if (is_user(next))
		load_segments(&next->arch);
	tlb_thread_switch(next);
	this_cpu_write(current_thread, next);
	this_cpu_write(stack_canary, next->arch.canary);
	this_cpu_write(kernel_stack_top, top);
	if (!mmu_two_roots)
		tss_set_stack(top);
	return switch_stack(prev, next);
}

trap_frame_t *arch_user_frame(struct thread *t)
{
	return (trap_frame_t *)stack_top(t) - 1;
}

void thread_enter_user(struct thread *t)
{
	switch_frame_t *s = (switch_frame_t *)arch_user_frame(t) - 1;

	*s = (switch_frame_t){ .rip = (u64)thread_entry_user };
	t->arch.sp = (u64)s;
}

void arch_thread_init_kernel(struct thread *t, void (*fn)(void *), void *arg)
{
	trap_frame_t *user = arch_user_frame(t);
	/* The function is entered with the stack aligned: the frame's size is odd in 16 bytes. */
	switch_frame_t *s = (switch_frame_t *)((unsigned long)user - 8) - 1;

	*user = (trap_frame_t){ .orig_rax = (u64)-1 };
	*s = (switch_frame_t){
		.rbx = (u64)fn,
		.r12 = (u64)arg,
		.r13 = CODE_HASH(fn),
		.rip = (u64)thread_entry_kernel,
	};
	t->arch = (arch_thread_t){
		.sp = (u64)s,
		.canary = canary_new(t),
		.fpu_cpu = FPU_NO_CPU,
	};
}

void arch_thread_free(struct thread *t)
{
	fpu_free(t);
	debug_clear(t);
	ports_free(t);
}
