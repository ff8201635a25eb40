/*
 * Entry from user mode, interrupts and exceptions into the kernel. The boot code calls, in this
 * order:
 *
 *	trap_init()		boot CPU, once: builds the IDT (before anything may fault)
 *	alternatives_apply()	boot CPU, once, before other CPUs run and boot code is dropped
 *	trap_init_cpu()		every CPU, GS base and TSS set: IDT, SYSCALL MSRs
 */
#ifndef ARCH_X86_TRAPS_H
#define ARCH_X86_TRAPS_H

#include <arch/percpu.h>
#include <arch/thread.h>

/* Exception vectors (Intel SDM 3A table 6-1). */
#define VECTOR_DE 0
#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_BP 3
#define VECTOR_OF 4
#define VECTOR_BR 5
#define VECTOR_UD 6
#define VECTOR_NM 7
#define VECTOR_DF 8
#define VECTOR_TS 10
#define VECTOR_NP 11
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_MF 16
#define VECTOR_AC 17
#define VECTOR_MC 18
#define VECTOR_XM 19

/* External vectors. The priority class (high nibble) orders them: cross calls above devices. */
#define VECTOR_PIC 0x20 /* 16 vectors where the masked PIC's spurious interrupts land */
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_LAST 0xef
#define VECTOR_TIMER 0xf0
#define VECTOR_RESCHEDULE 0xf1
#define VECTOR_CALL 0xf2
#define VECTOR_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff

void trap_init(void);
void trap_init_cpu(void);
void idt_share(void);		   /* with user page tables (arch_x86/pti.h) */
void machine_check_init_cpu(void); /* trap_init_cpu's */
void alternatives_apply(void);

/* Top of the running thread's kernel stack, loaded by the SYSCALL entry; TSS RSP0 holds the same.
 * A CPU's first value is set by the code that makes its first thread; arch_switch keeps it. */
DECLARE_PERCPU(unsigned long, kernel_stack_top);

/* Called by the assembly (arch/x86_64/trap/entry.asm). */
void trap_exception(trap_frame_t *frame, u64 vector, u64 error_code);
void trap_interrupt(trap_frame_t *frame, u64 vector);
bool trap_exit_work(trap_frame_t *frame);
bool trap_syscall_exit_work(trap_frame_t *frame);
long trap_syscall_traced(trap_frame_t *frame);
void trap_syscall_check(const trap_frame_t *frame,
			long result); /* debug builds: a call has ended */

/* Fixed-up kernel addresses: 0 when `ip` may not fault. */
unsigned long extable_lookup(unsigned long ip);

/* Page fault part of trap_exception. */
void trap_page_fault(trap_frame_t *frame, u64 error_code, unsigned long addr);
/* Recognises a hit of the guard page below a kernel stack; panics with that name. */
void trap_check_stack_overflow(trap_frame_t *frame, unsigned long addr);

/* Interrupt sources that are counted apart from devices, for /proc/interrupts. */
typedef enum trap_count {
	COUNT_NMI,
	COUNT_TIMER,
	COUNT_SPURIOUS,
	COUNT_RESCHEDULE,
	COUNT_CALL,
	COUNT_TLB,
	COUNT_ERROR,
	COUNT_MACHINE_CHECK,
	TRAP_COUNTS,
} trap_count_t;
DECLARE_PERCPU(u32, trap_counts[TRAP_COUNTS]);

#endif
