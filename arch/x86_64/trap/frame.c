/*
 * What the rest of the kernel asks of and does to a register frame, and how registers and call
 * chains print.
 */
#include <arch/mmu.h>
#include <arch_x86/extable.h>
#include <arch_x86/instructions.h>
#include <arch_x86/traps.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
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

/*
 * A frame pointer chain: [rbp] = caller's rbp, [rbp + 8] = return address; ends where it leaves the
 * kernel.
 */
static int walk(unsigned long rbp, unsigned long *out, int n, int max)
{
	while (n < max && rbp > USER_MAX && IS_ALIGNED(rbp, 8UL)) {
		u64 next, ip;

		if (!peek_u64(rbp, &next) || !peek_u64(rbp + 8, &ip) || ip <= USER_MAX)
			break;
		out[n++] = ip;
		if (next <= rbp)
			break;
		rbp = next;
	}
	return n;
}

int arch_backtrace(struct thread *t, unsigned long *out, int max)
{
	u64 rbp;

	if (t == current())
		return walk((unsigned long)__builtin_frame_address(0), out, 0, max);
	/* Saved by switch_stack: r15 r14 r13 r12 rbx rbp, return address. */
	if (!peek_u64(t->arch.sp + 40, &rbp) || max < 1 || !peek_u64(t->arch.sp + 48, out))
		return 0;
	return walk(rbp, out, 1, max);
}

int arch_backtrace_frame(const trap_frame_t *frame, unsigned long *out, int max)
{
	if (max < 1)
		return 0;
	out[0] = frame->rip;
	return arch_frame_user(frame) ? 1 : walk(frame->rbp, out, 1, max);
}

__cold void arch_print_frame(const trap_frame_t *frame)
{
	unsigned long offset;
	const char *name = arch_frame_user(frame) ? NULL : symbol_lookup(frame->rip, &offset);

	if (name)
		printk(KERN_EMERG "RIP: %04lx:%016lx %s+0x%lx\n", frame->cs, frame->rip, name,
		       offset);
	else
		printk(KERN_EMERG "RIP: %04lx:%016lx\n", frame->cs, frame->rip);
	printk(KERN_EMERG "RSP: %04lx:%016lx RFLAGS: %08lx ORIG_RAX: %016lx\n", frame->ss,
	       frame->rsp, frame->rflags, frame->orig_rax);
	printk(KERN_EMERG "RAX: %016lx RBX: %016lx RCX: %016lx\n", frame->rax, frame->rbx,
	       frame->rcx);
	printk(KERN_EMERG "RDX: %016lx RSI: %016lx RDI: %016lx\n", frame->rdx, frame->rsi,
	       frame->rdi);
	printk(KERN_EMERG "RBP: %016lx R08: %016lx R09: %016lx\n", frame->rbp, frame->r8,
	       frame->r9);
	printk(KERN_EMERG "R10: %016lx R11: %016lx R12: %016lx\n", frame->r10, frame->r11,
	       frame->r12);
	printk(KERN_EMERG "R13: %016lx R14: %016lx R15: %016lx\n", frame->r13, frame->r14,
	       frame->r15);
	printk(KERN_EMERG "CR2: %016lx CR3: %016lx CR4: %08lx CPU: %u\n", read_cr2(), read_cr3(),
	       read_cr4(), this_cpu());
}
