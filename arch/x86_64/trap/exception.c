/*
 * Exceptions. From user mode each becomes the signal that Linux sends for it (sigaction(2)); from
 * kernel mode it is either expected (exception table) or the end. Page faults are in fault.c.
 */
#include <arch/entry.h>
#include <arch_x86/features.h>
#include <arch_x86/fpu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/ports.h>
#include <arch_x86/smp.h>
#include <arch_x86/trace.h>
#include <arch_x86/traps.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

#define MSR_MCG_CAP 0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MCG_CTL 0x17b
#define MSR_MC0_CTL 0x400
#define MSR_MC0_STATUS 0x401
#define MCG_CAP_BANKS 0xff
#define MCG_CAP_CTL BIT(8)
#define CPUID1_EDX_MCE BIT(7)
#define CPUID1_EDX_MCA BIT(14)
#define MC_STATUS_VALID (1UL << 63)
#define TRAP_HWBKPT 4

DEFINE_PERCPU(u32, trap_counts[TRAP_COUNTS]);

/* Exceptions whose signal carries nothing that must be computed. */
static const struct {
	u8 signal;
	u8 code;
	bool with_ip; /* si_addr is the instruction */
} user_signals[] = {
	[VECTOR_DE] = { SIGFPE, FPE_INTDIV, true },  [VECTOR_BP] = { SIGTRAP, SI_KERNEL, false },
	[VECTOR_OF] = { SIGSEGV, SI_KERNEL, false }, [VECTOR_BR] = { SIGSEGV, SI_KERNEL, false },
	[VECTOR_UD] = { SIGILL, ILL_ILLOPN, true },  [9] = { SIGFPE, SI_KERNEL, false },
	[VECTOR_TS] = { SIGSEGV, SI_KERNEL, false }, [VECTOR_NP] = { SIGBUS, SI_KERNEL, false },
	[VECTOR_SS] = { SIGBUS, SI_KERNEL, false },  [VECTOR_GP] = { SIGSEGV, SI_KERNEL, false },
	[VECTOR_AC] = { SIGBUS, BUS_ADRALN, false },
};

static const char *exception_name(u64 vector)
{
	static const char *const names[] = {
		[VECTOR_DE] = "divide error",
		[VECTOR_DB] = "debug exception",
		[VECTOR_BP] = "breakpoint",
		[VECTOR_UD] = "invalid opcode",
		[VECTOR_NM] = "device not available",
		[VECTOR_DF] = "double fault",
		[VECTOR_NP] = "segment not present",
		[VECTOR_SS] = "stack segment fault",
		[VECTOR_GP] = "general protection fault",
		[VECTOR_AC] = "alignment check",
		[VECTOR_MC] = "machine check",
	};

	return vector < ARRAY_SIZE(names) && names[vector] ? names[vector] : "exception";
}

/*
 * x87 and SSE number their conditions alike: flags that are set and not masked, most telling first.
 */
static int fpe_code(u32 conditions)
{
	if (conditions & 0x01)
		return FPE_FLTINV;
	if (conditions & 0x04)
		return FPE_FLTDIV;
	if (conditions & 0x08)
		return FPE_FLTOVF;
	if (conditions & 0x12) /* denormal, underflow */
		return FPE_FLTUND;
	if (conditions & 0x20)
		return FPE_FLTRES;
	return 0;
}

static void math_exception(trap_frame_t *frame, u64 vector)
{
	int code = fpe_code(fpu_conditions(vector == VECTOR_MF));

	if (code) /* else the flag went away before the exception was taken */
		ksignal_fpe(frame, code, frame->rip);
}

static void debug_exception(trap_frame_t *frame, u64 dr6)
{
	int code = dr6 & DR6_STEP ? TRAP_TRACE : dr6 & DR6_BREAKPOINTS ? TRAP_HWBKPT : TRAP_BRKPT;

	debug_note(current(), frame, dr6);
	ksignal_trap(frame, SIGTRAP, code, frame->rip);
}

/*
 * Intel SDM 3B 15.8: every error that the CPU can report. Bank 0 belongs to the firmware on old
 * models.
 */
__init void machine_check_init_cpu(void)
{
	const u32 both = CPUID1_EDX_MCE | CPUID1_EDX_MCA;
	u64 cap;

	if ((cpu_feature_words[0] & both) != both)
		return;
	cap = rdmsr(MSR_MCG_CAP);
	if (cap & MCG_CAP_CTL)
		wrmsr(MSR_MCG_CTL, ~0UL);
	for (u32 i = 1; i < (cap & MCG_CAP_BANKS); i++) {
		wrmsr(MSR_MC0_CTL + 4 * i, ~0UL);
		wrmsr(MSR_MC0_STATUS + 4 * i, 0);
	}
	write_cr4(read_cr4() | CR4_MCE);
}

/* Intel SDM 3B 15.3: says what the banks hold. The machine is not trusted any further. */
static void machine_check(trap_frame_t *frame)
{
	u32 banks = rdmsr(MSR_MCG_CAP) & MCG_CAP_BANKS;

	this_cpu_inc(trap_counts[COUNT_MACHINE_CHECK]);
	for (u32 i = 0; i < banks; i++) {
		u64 status = rdmsr(MSR_MC0_STATUS + 4 * i);

		if (status & MC_STATUS_VALID)
			printk(KERN_EMERG "machine check bank %u: status %lx\n", i, status);
	}
	panic_with_frame(frame, "machine check, status %lx", rdmsr(MSR_MCG_STATUS));
}

/* Nothing here may fault: an IRETQ would end the blocking of further NMIs. */
static void nmi(trap_frame_t *frame)
{
	this_cpu_add(preempt_count, NMI_ONE);
	this_cpu_inc(trap_counts[COUNT_NMI]);
	smp_stop_check(frame);
	this_cpu_add(preempt_count, -NMI_ONE);
}

static void kernel_exception(trap_frame_t *frame, u64 vector, u64 error_code)
{
	unsigned long fixup = extable_lookup(frame->rip);

	if (fixup) {
		frame->rip = fixup;
		return;
	}
	panic_with_frame(frame, "%s in kernel mode, error code %lx", exception_name(vector),
			 error_code);
}

static void user_exception(trap_frame_t *frame, u64 vector, u64 error_code, u64 dr6)
{
	thread_t *t = current();

	t->arch.trap_nr = (u32)vector;
	t->arch.error_code = (u32)error_code;
	arch_irq_enable();
	if (vector == VECTOR_GP && ports_pass_over(frame))
		return;
	if (vector == VECTOR_DB)
		debug_exception(frame, dr6);
	else if (vector == VECTOR_MF || vector == VECTOR_XM)
		math_exception(frame, vector);
	else if (vector < ARRAY_SIZE(user_signals) && user_signals[vector].signal)
		ksignal_trap(frame, user_signals[vector].signal, user_signals[vector].code,
			     user_signals[vector].with_ip ? frame->rip : 0);
	else
		panic_with_frame(frame, "unexpected exception %lu", vector);
}

static __noinline void other_exception(trap_frame_t *frame, u64 vector, u64 error_code)
{
	u64 dr6 = 0;

	switch (vector) {
	case VECTOR_NMI:
		nmi(frame);
		return;
	case VECTOR_DF:
		trap_check_stack_overflow(frame, read_cr2());
		panic_with_frame(frame, "double fault");
	case VECTOR_MC:
		machine_check(frame);
		return;
	case VECTOR_DB:
		__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
		__asm__ volatile("mov %0, %%dr6" ::"r"(DR6_RESET));
		if (!arch_frame_user(frame)) {
			frame->rflags &= ~RFLAGS_TF;
			return;
		}
		break;
	}
	if (arch_frame_user(frame))
		user_exception(frame, vector, error_code, dr6);
	else
		kernel_exception(frame, vector, error_code);
}

void trap_exception(trap_frame_t *frame, u64 vector, u64 error_code)
{
	if (likely(vector == VECTOR_PF))
		trap_page_fault(frame, error_code, read_cr2());
	else
		other_exception(frame, vector, error_code);
}
