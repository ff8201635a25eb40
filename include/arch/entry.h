/*
 * What the architecture calls above itself. Each is implemented by the folder named behind it.
 */
#ifndef ARCH_ENTRY_H
#define ARCH_ENTRY_H

#include <arch/thread.h>

struct boot_info;

void kernel_main(struct boot_info *info)
	__noreturn;			     /* kernel/init: boot CPU, own stack, paging on */
void kernel_main_secondary(void) __noreturn; /* kernel/init: each further CPU */
/* mm: a page fault. Returns when the access can be retried or a signal is pending for user mode;
 * for kernel-mode faults on user addresses 0 = retry, negative = use the exception table. */
#define FAULT_PRESENT BIT(0)
#define FAULT_WRITE BIT(1)
#define FAULT_USER BIT(2) /* the access was made in user mode */
#define FAULT_EXEC BIT(4)
int ksignal_pf(trap_frame_t *frame, unsigned long addr, u32 access);
/*
 * kernel/proc: a synchronous signal for the running thread (ksignal_fpe, ksignal_segv of MEMORY).
 */
void ksignal_fpe(trap_frame_t *frame, int code, unsigned long addr);
void ksignal_segv(trap_frame_t *frame, int code, unsigned long addr);
void ksignal_trap(trap_frame_t *frame, int sig, int code, unsigned long addr);
void ksignal_clock(trap_frame_t *frame); /* kernel/time: the local timer fired */
/* kernel/proc: work before returning to user mode (signals, reschedule, stop); interrupts on. */
void exit_to_user_work(trap_frame_t *frame);
/*
 * kernel/proc: a thread with TF_TRACE enters a system call: the number to call, which the tracer
 * may have changed, or -1 for none; and leaves it, with the result in the frame. Interrupts on.
 */
long trace_syscall_enter(trap_frame_t *frame);
void trace_syscall_exit(trap_frame_t *frame);
/*
 * kernel/proc: a thread with TF_DISPATCH enters a system call. True: it is not made, a signal tells
 * the program. Interrupts on.
 */
bool syscall_dispatch(trap_frame_t *frame);
/* drivers/irq: a device vector. */
void irq_dispatch(u32 vector, trap_frame_t *frame);
/* kernel/sched: end of an interrupt. */
void irq_enter(void);
void irq_exit(void); /* runs softirqs; preempts the kernel if asked */
/* kernel/sched: first code of a new thread, with the lock of the switch still held. */
void thread_start_hook(struct thread *prev);

#endif
