/*
 * Constants for the assembly, taken from the C headers so that they cannot disagree. Compiled with
 * -S only; the build turns each "->NAME $VALUE" line of the output into "%define NAME VALUE" in
 * gen/asm_offsets.inc.
 */
#include <arch/mmu.h>
#include <arch_x86/features.h>
#include <arch_x86/instructions.h>
#include <arch_x86/pti.h>
#include <arch_x86/segments.h>
#include <arch_x86/traps.h>
#include <kernel/syscall.h>
#include <kernel/thread.h>
#include <uapi/errno.h>

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"((long)(value)))
#define FRAME(name, field) DEFINE(FRAME_##name, offsetof(trap_frame_t, field))

void asm_offsets(void);
void asm_offsets(void)
{
	FRAME(R10, r10);
	FRAME(R9, r9);
	FRAME(R8, r8);
	FRAME(RAX, rax);
	FRAME(RDX, rdx);
	FRAME(RSI, rsi);
	FRAME(RDI, rdi);
	FRAME(RIP, rip);
	FRAME(CS, cs);
	FRAME(RFLAGS, rflags);
	FRAME(RSP, rsp);
	FRAME(SS, ss);
	DEFINE(FRAME_SIZE, sizeof(trap_frame_t));

	DEFINE(ENTRY_USER_SP, offsetof(entry_area_t, user_sp));
	DEFINE(ENTRY_USER_RAX, offsetof(entry_area_t, user_rax));
	DEFINE(ENTRY_USER_RDI, offsetof(entry_area_t, user_rdi));
	DEFINE(ENTRY_RSP0, offsetof(entry_area_t, tss.rsp[0]));
	DEFINE(PTI_USER_ROOT, PTI_USER_ROOT);
	DEFINE(PTI_USER_ROOT_BIT, PTI_USER_ROOT_BIT);
	DEFINE(PTI_USER_PCID, PTI_USER_PCID);

	DEFINE(THREAD_SP, offsetof(thread_t, arch.sp));
	DEFINE(THREAD_FLAGS, offsetof(thread_t, flags));
	DEFINE(TF_WORK_MASK, TF_WORK_MASK);
	DEFINE(TF_TRACE, TF_TRACE);
	DEFINE(TF_MEASURE, TF_MEASURE);
	DEFINE(TF_DISPATCH, TF_DISPATCH);

	DEFINE(SEL_USER_CS, SEL_USER_CS);
	DEFINE(SEL_USER_DS, SEL_USER_DS);
	DEFINE(SEL_CPU_NODE, SEL_CPU_NODE);
	DEFINE(MSR_GS_BASE, MSR_GS_BASE);
	DEFINE(SYSCALL_TABLE_SIZE, SYSCALL_TABLE_SIZE);
	DEFINE(ENOSYS, ENOSYS);
#ifdef CONFIG_DEBUG
	DEFINE(CONFIG_DEBUG, 1);
#endif
}
