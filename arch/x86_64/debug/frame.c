/*
 * How call chains are followed and registers print.
 */
#include <arch/mmu.h>
#include <arch_x86/extable.h>
#include <arch_x86/instructions.h>
#include <arch_x86/traps.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

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
