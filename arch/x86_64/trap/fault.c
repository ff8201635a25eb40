/*
 * Page faults, and the table of kernel instructions that may fault.
 */
#include <arch/entry.h>
#include <arch/mmu.h>
#include <arch_x86/instructions.h>
#include <arch_x86/traps.h>
#include <kernel/panic.h>
#include <kernel/thread.h>

#define PF_RESERVED BIT(3) /* a reserved bit is set in an entry: nobody but us writes page tables */

typedef struct extable_entry {
	s32 instruction, continuation; /* relative to their own addresses */
} extable_entry_t;

/* From the linker; in link order, so not sorted. */
extern const extable_entry_t extable_start[], extable_end[];

unsigned long extable_lookup(unsigned long ip)
{
	for (const extable_entry_t *e = extable_start; e < extable_end; e++)
		if ((unsigned long)&e->instruction + e->instruction == ip)
			return (unsigned long)&e->continuation + e->continuation;
	return 0;
}

void trap_check_stack_overflow(trap_frame_t *frame, unsigned long addr)
{
	const thread_t *t = current();
	unsigned long bottom = t ? (unsigned long)t->stack : 0;

	if (bottom && addr < bottom && addr >= bottom - PAGE_SIZE)
		panic_with_frame(frame, "kernel stack overflow of thread %d (%s), stack %lx",
				 t->tid, t->name, bottom);
}

static __cold __noreturn void kernel_fault(trap_frame_t *frame, u64 error_code, unsigned long addr)
{
	const char *how = error_code & FAULT_EXEC    ? "execution"
			  : error_code & FAULT_WRITE ? "write"
						     : "read";

	trap_check_stack_overflow(frame, addr);
	panic_with_frame(frame, "kernel page fault at %lx: %s of %s page, error code %lx", addr,
			 how,
			 !(error_code & FAULT_PRESENT) ? "an unmapped"
			 : addr < USER_MAX	       ? "a user's" /* SMAP, SMEP */
						       : "a protected",
			 error_code);
}

/* Faults that the interrupted code cannot wait for. */
static bool fault_is_atomic(const trap_frame_t *frame)
{
	return current()->pagefault_disabled || this_cpu_read(preempt_count) != 0 ||
	       !arch_flags_enabled(frame->rflags);
}

void trap_page_fault(trap_frame_t *frame, u64 error_code, unsigned long addr)
{
	const u32 known = FAULT_PRESENT | FAULT_WRITE | FAULT_USER | FAULT_EXEC;
	thread_t *t = current();
	unsigned long fixup;

	if (error_code & PF_RESERVED)
		panic_with_frame(frame, "damaged page table for %lx, error code %lx", addr,
				 error_code);
	if (arch_frame_user(frame)) {
		t->arch.trap_nr = VECTOR_PF;
		/*
		 * What the kernel half maps is nobody's business: every address there looks
		 * protected.
		 */
		t->arch.error_code = (u32)error_code | (addr >= USER_MAX ? FAULT_PRESENT : 0);
		t->arch.fault_address = addr;
		arch_irq_enable();
		/*
		 * The CPU's own accesses to the kernel for a program (descriptor tables) are not the
		 * program's; those to its stack (QEMU's far calls) are, if the page is all
		 * that is missing.
		 */
		if ((error_code & FAULT_USER) || (addr < USER_MAX && !(error_code & FAULT_PRESENT)))
			ksignal_pf(frame, addr, error_code & known);
		else
			ksignal_segv(frame, SEGV_ACCERR, addr);
		return;
	}
	fixup = extable_lookup(frame->rip);
	if (!fixup)
		kernel_fault(frame, error_code, addr);
	if (addr < USER_MAX && !fault_is_atomic(frame)) {
		arch_irq_enable();
		if (ksignal_pf(frame, addr, error_code & known) == 0)
			return;
	}
	frame->rip = fixup;
}
