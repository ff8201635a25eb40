/*
 * The architecture's part of a thread: saved stack pointer, FS/GS bases, extended (FPU) state,
 * and the trap frame at the top of the kernel stack.
 */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include <kernel/compiler.h>

#ifdef CONFIG_HOST
#include <fake/thread.h>
#else
#include <arch_x86/thread_types.h> /* arch_thread_t, trap_frame_t */
#endif

#define KERNEL_STACK_ORDER_SIZE (KERNEL_STACK_PAGES * 4096UL)
#ifdef CONFIG_KASAN
#define KERNEL_STACK_PAGES 8
#else
#define KERNEL_STACK_PAGES 4
#endif

struct thread;
typedef struct trap_frame trap_frame_t;

/*
 * Switches stacks, current_thread and extended state; interrupts off. Returns in `next`, giving the
 * thread that ran before it.
 */
struct thread *arch_switch(struct thread *prev, struct thread *next);
/* A new thread whose first switch-in calls thread_start_hook(prev) and then fn(arg). */
void arch_thread_init_kernel(struct thread *t, void (*fn)(void *), void *arg);
/*
 * A new user thread that starts as a copy of parent's user frame with rax = 0, with the given stack
 * pointer (0: the parent's), and with set_tls that TLS base. Copies the extended state. 0, -ENOMEM,
 * or -EPERM for a base in the kernel's half.
 */
int arch_thread_copy_user(struct thread *child, struct thread *parent, const trap_frame_t *frame,
			  unsigned long user_sp, bool set_tls, unsigned long tls);
void arch_thread_free(struct thread *t);	 /* extended-state area */
trap_frame_t *arch_user_frame(struct thread *t); /* the user-mode registers of t's last entry */
/* execve: fresh registers and extended state for the running thread. */
void arch_start_user(trap_frame_t *frame, unsigned long entry, unsigned long sp);
/* Enters user mode for the first time from a kernel thread that became a process (/init). */
void arch_return_to_user(trap_frame_t *frame) __noreturn;
long arch_prctl(struct thread *t, int code, unsigned long addr);
/* Whether the running thread may read the cycle counter in user mode; a new thread may if its maker may. */
bool arch_may_read_cycles(void);
void arch_set_read_cycles(bool allow);

/* Signal frames (arch/x86_64/program/signal.c). */
struct ksignal_info;
struct k_sigaction;
/* Builds the frame on the user stack and points the registers at the handler: 0 or -EFAULT. */
int arch_signal_setup(trap_frame_t *frame, const struct ksignal_info *info,
		      const struct k_sigaction *act, u64 old_mask);
/* rt_sigreturn: restores all registers; *mask gets the saved mask. The call's value is rax. */
int arch_signal_return(trap_frame_t *frame, u64 *mask);
/* System call number and result of an entry, for restarts. nr is -1 when it was no system call. */
long arch_syscall_nr(const trap_frame_t *frame);
long arch_syscall_result(const trap_frame_t *frame);
void arch_syscall_set_result(trap_frame_t *frame, long value);
void arch_syscall_restart(trap_frame_t *frame);		    /* the same call again */
void arch_syscall_restart_as(trap_frame_t *frame, long nr); /* restart_syscall */
unsigned long arch_frame_ip(const trap_frame_t *frame);
void arch_frame_set_ip(trap_frame_t *frame, unsigned long ip); /* of user mode */
unsigned long arch_frame_sp(const trap_frame_t *frame);
unsigned long arch_frame_fp(const trap_frame_t *frame); /* frame pointer */
bool arch_frame_user(const trap_frame_t *frame);
/*
 * Registers for samples of performance events; mask numbers them as perf_event_open(2)'s sample_regs_user. Check: 0,
 * -EINVAL or -EOPNOTSUPP. The other gives those of a mask that was checked, in order: how many.
 */
#define ARCH_SAMPLE_REGISTERS 24
int arch_sample_registers_check(u64 mask);
size_t arch_sample_registers(const trap_frame_t *frame, u64 mask, u64 *out);

u32 arch_trap_error(const struct thread *t); /* error code of the last user-mode exception */
/* What execve tells programs: AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ; and AT_PLATFORM's text. */
unsigned long arch_hwcap(void);
unsigned long arch_hwcap2(void);
unsigned long arch_signal_stack_min(void);
#define ARCH_PLATFORM "x86_64"

/* Walks frame pointers of a sleeping or stopped thread; returns the number of addresses. */
int arch_backtrace(struct thread *t, unsigned long *out, int max);
/* The same from where a frame was taken. */
int arch_backtrace_frame(const trap_frame_t *frame, unsigned long *out, int max);
/* Prints the registers of a frame (panic, fatal user signals). */
void arch_print_frame(const trap_frame_t *frame);

#endif
