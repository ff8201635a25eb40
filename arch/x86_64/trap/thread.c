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
#include <arch/uaccess.h>
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
#include <kernel/lib/string.h>
#include <kernel/panic.h>
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
static void save_segments(arch_thread_t *a)
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

/*
 * From the change of current_thread on nothing may ask for current() before the stack is next's,
 * nor may this function itself look at the canary.
 */
__no_stack_protector void segments_sync_current(void)
{
	unsigned long flags = arch_irq_save();

	save_segments(&current()->arch);
	arch_irq_restore(flags);
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

struct thread *arch_switch(struct thread *prev, struct thread *next)
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

int arch_thread_copy_user(struct thread *child, struct thread *parent, const trap_frame_t *frame,
			  unsigned long user_sp, bool set_tls, unsigned long tls)
{
	trap_frame_t *user = arch_user_frame(child);
	switch_frame_t *s = (switch_frame_t *)user - 1;
	unsigned long flags;
	int r;

	if (set_tls && tls >= USER_MAX)
		return -EPERM;
	flags = arch_irq_save();
	save_segments(&parent->arch);
	arch_irq_restore(flags);
	child->arch = parent->arch;
	child->arch.canary = canary_new(child);
	child->arch.fpu = NULL;
	child->arch.debug = NULL; /* a tracer's breakpoints are not inherited */
	child->arch.rare &= RARE_INHERITED;
	ports_inherit(child);
	child->arch.debug_status = DR6_RESET;
	child->arch.step_forced = false;
	r = fpu_alloc(child);
	if (r)
		return r;
	fpu_copy_to(child);
	*user = *frame;
	user->rax = 0;
	if (parent->arch.step_forced)
		user->rflags &= ~RFLAGS_TF;
	if (user_sp)
		user->rsp = user_sp;
	if (set_tls) {
		child->arch.fs = 0;
		child->arch.fs_base = tls;
	}
	*s = (switch_frame_t){ .rip = (u64)thread_entry_user };
	child->arch.sp = (u64)s;
	return 0;
}

void arch_thread_free(struct thread *t)
{
	fpu_free(t);
	debug_clear(t);
	ports_free(t);
}

void arch_start_user(trap_frame_t *frame, unsigned long entry, unsigned long sp)
{
	thread_t *t = current();
	unsigned long flags;

	if (!t->arch.fpu && fpu_alloc(t)) /* only the first program was a kernel thread before */
		panic("No memory for the extended state of the first program");
	fpu_set_initial();
	*frame = (trap_frame_t){
		.orig_rax = (u64)-1,
		.rip = entry,
		.cs = SEL_USER_CS,
		.rflags = RFLAGS_IF | BIT(1),
		.rsp = sp,
		.ss = SEL_USER_DS,
	};
	debug_clear(t);
	__atomic_fetch_and(&t->arch.rare, ~RARE_LDT, __ATOMIC_RELAXED); /* a new space has none */
	t->arch.debug_status = DR6_RESET;
	t->arch.step_forced = false;
	t->arch.trap_nr = t->arch.error_code = 0;
	t->arch.fault_address = 0;
	flags = arch_irq_save();
	save_segments(&t->arch);
	t->arch.ds = t->arch.es = t->arch.fs = t->arch.gs = 0;
	t->arch.fs_base = t->arch.gs_base = 0;
	load_segments(&t->arch);
	arch_irq_restore(flags);
	thread_set_flag(t, TF_FULL_RETURN);
}

/*
 * With base != NULL sets it first. The value in use now; for the running thread the registers' too.
 */
static u64 segment_base(thread_t *t, bool gs, const unsigned long *base)
{
	unsigned long flags = arch_irq_save();
	u64 *field = gs ? &t->arch.gs_base : &t->arch.fs_base;
	u64 value;

	if (t == current())
		save_segments(&t->arch);
	if (base) {
		*(gs ? &t->arch.gs : &t->arch.fs) = 0;
		*field = *base;
		if (t == current())
			load_segments(&t->arch);
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
