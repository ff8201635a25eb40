/*
 * What the rest of the kernel asks of and does to a register frame.
 */
#include <arch_x86/traps.h>
#include <kernel/thread.h>

#define SYSCALL_INSTRUCTION_SIZE 2

long arch_syscall_nr(const trap_frame_t *frame)
{
	return (int)frame->orig_rax;
}

long arch_syscall_result(const trap_frame_t *frame)
{
	return (long)frame->rax;
}

void arch_syscall_set_result(trap_frame_t *frame, long value)
{
	frame->rax = (u64)value;
}

/* The entry left RCX and R11 to the CPU; what the program sees there may not matter to it. */
void arch_syscall_restart_as(trap_frame_t *frame, long nr)
{
	frame->rax = (u64)nr;
	frame->rip -= SYSCALL_INSTRUCTION_SIZE;
	thread_set_flag(current(), TF_FULL_RETURN);
}

void arch_syscall_restart(trap_frame_t *frame)
{
	arch_syscall_restart_as(frame, (long)frame->orig_rax);
}

unsigned long arch_frame_ip(const trap_frame_t *frame)
{
	return frame->rip;
}

void arch_frame_set_ip(trap_frame_t *frame, unsigned long ip)
{
	frame->rip = ip;
	thread_set_flag(current(), TF_FULL_RETURN); /* a system call's return would not notice */
}

unsigned long arch_frame_fp(const trap_frame_t *frame)
{
	return frame->rbp;
}

unsigned long arch_frame_sp(const trap_frame_t *frame)
{
	return frame->rsp;
}

bool arch_frame_user(const trap_frame_t *frame)
{
	return frame->cs & 3;
}
